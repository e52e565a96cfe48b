"""What can be seen of a line that only a shell can run: its simple commands, as far as their words are plain.

Never enough to allow it, but enough to refuse: a loop around `sudo` is `sudo`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .tree import Variable, Word
from .words import Disagreement, NeedsShell, words

if TYPE_CHECKING:
    from tree_sitter import Node

_KNOWN = frozenset(("HOME", "USER", "PWD"))  # variables that hardly a line sets
_NO_WORDS = frozenset(("variable_assignment", "file_redirect", "herestring_redirect", "heredoc_redirect"))
Seen = tuple[Word | None, ...]  #: the words of a command, None where one is not plain


def pipelines(root: Node, source: bytes) -> tuple[tuple[Seen, ...], ...]:
    """Return each pipeline and each command of a line, wherever it stands."""
    found: list[tuple[Seen, ...]] = []
    for node in _all(root):
        if node.type == "command":
            found.append((_command(node, source),))
        elif node.type == "pipeline":
            commands = [_bare(child) for child in node.children if child.is_named]
            found.append(
                tuple(_command(one, source) if one.type == "command" else (None,) for one in commands)
            )
    return tuple(found)


def files(root: Node, source: bytes) -> tuple[tuple[Word, bool], ...]:
    """Return the files in the place of streams, and whether each is written."""
    found = []
    for node in _all(root):
        if node.type == "file_redirect":
            signs = [child.type for child in node.children if not child.is_named]
            targets = [child for child in node.children if child.is_named and child.type != "file_descriptor"]
            for word in (one for target in targets for one in _words(target, source)):
                if word is not None:
                    found.append((word, "<" not in signs))
    return tuple(found)


def _all(root: Node) -> Iterator[Node]:
    left = [root]
    while left:
        node = left.pop()
        yield node
        left += reversed(node.children)


def _bare(node: Node) -> Node:
    """Return a command without its redirections and its `!`."""
    while node.type in ("redirected_statement", "negated_command"):
        inner = [child for child in node.children if child.is_named and child.type != "file_redirect"]
        if not inner:
            break
        node = inner[0]
    return node


def _command(node: Node, source: bytes) -> Seen:
    parts = [child for child in node.children if child.type not in _NO_WORDS]
    return tuple(word for part in parts for word in _words(part, source))


def _words(node: Node, source: bytes) -> Seen:
    try:
        found = words(source[node.start_byte : node.end_byte].decode("utf-8", "surrogatepass"))
    except (NeedsShell, Disagreement):
        return (None,)
    return tuple(word if _is_plain(word) else None for word in found)


def _is_plain(word: Word) -> bool:
    return all(not isinstance(part, Variable) or part.name in _KNOWN for part in word.parts)
