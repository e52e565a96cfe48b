"""The grammars that JavaScript, TypeScript and Rust are read with: tree-sitter's wheels, loaded when used.

They are the extra `languages`; without them Python is scanned as ever, and a
file in another language is an error that says what to install.
"""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..errors import MissingTool

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query

Name: TypeAlias = Literal["javascript", "typescript", "tsx", "rust"]

# The distribution, and the function of its module that gives the grammar.
_WHERE: dict[str, tuple[str, str]] = {
    "javascript": ("tree-sitter-javascript", "language"),
    "typescript": ("tree-sitter-typescript", "language_typescript"),
    "tsx": ("tree-sitter-typescript", "language_tsx"),
    "rust": ("tree-sitter-rust", "language"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A syntax tree; `fault` is the line (from 1) of its first error, or 0."""

    root: Node
    fault: int


def parse(source: str, name: Name) -> Parsed:
    """Return the tree of `source`; what does not parse is an error node in it.

    Raises
    ------
    MissingTool
        The grammar is not installed.
    """
    import tree_sitter

    root = tree_sitter.Parser(_language(name)).parse(source.encode("utf-8", "replace")).root_node
    return Parsed(root=root, fault=_first_error(root) if root.has_error else 0)


def captures(root: Node, name: Name, query: str) -> dict[str, list[Node]]:
    """Return the nodes below `root` that `query` names, by their names."""
    import tree_sitter

    return tree_sitter.QueryCursor(_query(name, query)).captures(root)


def text_of(node: Node) -> str:
    """Return what stands in the source where `node` is."""
    return (node.text or b"").decode("utf-8", "replace")


def line_of(node: Node) -> int:
    """Return the line in which `node` begins, from 1."""
    return node.start_point.row + 1


def _first_error(root: Node) -> int:
    node = root
    while not node.is_error and not node.is_missing:
        deeper = next((child for child in node.children if child.has_error or child.is_missing), None)
        if deeper is None:
            break
        node = deeper
    return line_of(node)


@functools.cache
def _language(name: Name) -> Language:
    distribution, function = _WHERE[name]
    try:
        import tree_sitter

        module = importlib.import_module(distribution.replace("-", "_"))
    except ImportError as error:
        raise MissingTool(
            f"cannot read {name} without {distribution}",
            why=str(error),
            fix="%pip install 'autoexec-magic[languages]'",
        ) from error
    return tree_sitter.Language(getattr(module, function)())


@functools.cache
def _query(name: Name, query: str) -> Query:
    import tree_sitter

    return tree_sitter.Query(_language(name), query)
