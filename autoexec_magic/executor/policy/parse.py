"""Layer 1: from a line to steps of pipelines of words, with no shell in between.

Two readers must agree: tree-sitter's grammar of bash says how the line is
built, `words` reads each word. What needs a shell (substitution, control flow,
here-documents, jobs) is a `Shell` with the reason, for somebody to be asked
about; what has an error, a control character, or could be read in two ways is
refused. A limit that is reached refuses, too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, cast

from ...errors import PolicyRefused, UsageError
from . import glimpse
from .tree import Command, Line, Operator, Pipeline, Redirect, Shell, Step, Text, Word
from .words import Disagreement, NeedsShell, word, words

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MOST_CHARS = 65_536
MOST_NODES = 4_096
_PLAIN = re.compile(r"[\w@%+:,./ -][\w@%+=:,./ -]*", re.ASCII)
_ASSIGNED = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)
_TEST_WORD = re.compile(r"""(?:[^\s'"\\|&;<>()`$]|'[^']*'|"[^"\\`]*"|\$\w+|\$\{\w+\}|\\.)+""")
_TEST = re.compile(rf"(?:\s*{_TEST_WORD.pattern})+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# What takes no room or turns the direction of writing (Unicode Cf): a person reads another line than runs.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)
_OF_THE_SHELL = frozenset(
    (
        *(
            ".",
            ":",
            "alias",
            "bg",
            "builtin",
            "command",
            "declare",
            "eval",
            "exec",
            "exit",
            "fg",
            "hash",
            "history",
        ),
        *("jobs", "let", "local", "popd", "pushd", "read", "readonly", "set", "shift", "shopt", "source"),
        *(
            "trap",
            "type",
            "typeset",
            "ulimit",
            "umask",
            "unalias",
            "unset",
            "wait",
            "return",
            "break",
            "continue",
        ),
    )
)
_RESERVED = frozenset(
    (
        *(
            "export",
            "if",
            "then",
            "elif",
            "else",
            "fi",
            "for",
            "while",
            "until",
            "do",
            "done",
            "case",
            "esac",
        ),
        *("in", "select", "function", "coproc", "!", "["),
    )
)
_NO_PROGRAMS = _OF_THE_SHELL | _RESERVED
_IN_WORDS = {
    "subshell": "a subshell",
    "compound_statement": "a group",
    "for_statement": "a loop",
    "c_style_for_statement": "a loop",
    "while_statement": "a loop",
    "if_statement": "a condition",
    "case_statement": "a condition",
    "test_command": "a condition",
    "function_definition": "a function",
    "declaration_command": "a declaration",
    "unset_command": "a declaration",
    "heredoc_redirect": "a here-document",
    "herestring_redirect": "a here-string",
    "process_substitution": "a process substitution",
    "command_substitution": "a command substitution",
}
_DIRECTIONS = {"<": "<", ">": ">", ">|": ">", ">>": ">>", "&>": ">", "&>>": ">>"}


# What is no ASCII means nothing to a shell, and the grammar's scanner asks C's tables of characters
# about it, far behind their end: `{` and a rare letter killed the whole process. So it is shown the
# line with a plain sign for each such byte, and the words are read from the line itself.
_PLAIN_SIGNS = bytes((*range(128), *b"/" * 128))


def parse(line: str) -> Line | Shell:
    r"""Return what `line` means.

    Raises
    ------
    UsageError
        The line is empty.
    PolicyRefused
        It has an error, a control character or one that is not seen, an open
        quote, or more than can be judged; or it could be read in two ways.

    Examples
    --------
    >>> print(parse("grep -c x *.txt | sort>out  && ls"))
    grep -c x *.txt | sort > out && ls
    >>> parse("echo $(date)").why
    'a command substitution'
    """
    text = line.strip()
    if not text:
        raise UsageError("there is no command", fix="%autoexec sh COMMAND [ARGUMENT …]")
    if _PLAIN.fullmatch(text) and len(text) <= MOST_CHARS and not _ASSIGNED.match(text):
        split = text.split()
        if split[0] not in _NO_PROGRAMS and split[0][0] != "-":
            command = Command(words=tuple(Word((Text(one),)) for one in split))
            return Line(steps=(Step(pipeline=Pipeline(commands=(command,))),))
    _check(text)
    source = text.encode("utf-8", "surrogatepass")
    root = _parser().parse(source.translate(_PLAIN_SIGNS)).root_node
    if root.has_error:
        _refuse(text, "it is no line of a shell: a quote or a bracket that does not close, or a stray sign")
    if root.descendant_count > MOST_NODES:
        _refuse(text, f"it has more than {MOST_NODES} parts")
    try:
        return _Reader(source).line(root)
    except NeedsShell as found:
        return Shell(
            text=text,
            why=str(found),
            pipelines=glimpse.pipelines(root, source),
            files=glimpse.files(root, source),
        )
    except Disagreement as found:
        _refuse(text, f"it can be read in two ways: {found}")
    except UnicodeDecodeError:
        _refuse(text, "it can be read in two ways: a character is cut in two")


def _check(text: str) -> None:
    if len(text) > MOST_CHARS:
        _refuse(text[:80] + "…", f"it is longer than {MOST_CHARS:,} characters")
    if _CONTROL.search(text):
        _refuse(repr(text), "it has a control character")
    if _UNSEEN.search(text) or any("\ud800" <= one <= "\udfff" for one in text):
        _refuse(ascii(text), "it has characters that are not seen: what runs is not what is read")


def _refuse(text: str, why: str) -> NoReturn:
    raise PolicyRefused(f"refused: {text}", why=f"{why} (layer 1)", fix="write it anew, in simpler words")


@functools.cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


class _Reader:
    """Reads tree-sitter's tree of one source."""

    def __init__(self, source: bytes) -> None:
        self._source = source

    def line(self, root: Node) -> Line:
        """Return the steps of a whole line."""
        steps: list[Step] = []
        for child in self._opened(root):
            if not child.is_named:
                sign = self._text(child)
                if sign == "&":
                    raise NeedsShell("a background job")
                if sign.strip(" \t\n") not in ("", ";"):
                    raise NeedsShell(f"`{sign}`, which is the shell's own")
                continue
            if child.type != "comment":
                steps += self._steps(child, ";" if steps else "")
        if not steps:
            raise NeedsShell("nothing but a comment")
        return Line(steps=tuple(steps))

    def _opened(self, root: Node) -> list[Node]:
        """Return the children of a line; of one that is a subshell and nothing else, those in it.

        What a subshell changes ends with it, and so does the line.
        """
        named = [child for child in root.children if child.is_named]
        if len(named) != 1 or named[0].type != "subshell" or len(root.children) != 1:
            return list(root.children)
        return list(named[0].children[1:-1])

    def _steps(self, node: Node, operator: Operator) -> list[Step]:
        """Return the steps of a list, which nests to the left."""
        if node.type == "redirected_statement" and self._body(node).type == "list":
            *before, end = self._steps(self._body(node), operator)
            found = _redirected(end.pipeline, self._redirects(node))
            return [*before, Step(pipeline=found, operator=end.operator)]
        later: list[Step] = []
        while node.type == "list":
            first, sign, last = self._three(node)
            later = [*self._steps(last, sign), *later]
            node = first
        if later and node.type == "redirected_statement":  # of a list that goes on
            return [*self._steps(node, operator), *later]
        if node.type == "pipeline" and node.children[-1].type == "list":
            return [*self._continued(node, operator), *later]
        return [Step(pipeline=self._pipeline(node), operator=operator), *later]

    def _continued(self, node: Node, operator: Operator) -> list[Step]:
        """Return the steps of `a | b | c || d`, which the grammar takes for a pipe into a list."""
        *before, last = node.children
        first, *later = self._steps(last, operator)
        if first.pipeline.is_negated:
            raise NeedsShell("a negation of another kind")
        head = self._piped(before)
        commands = (*head.commands, *first.pipeline.commands)
        return [
            Step(pipeline=Pipeline(commands=commands, is_negated=head.is_negated), operator=operator),
            *later,
        ]

    def _three(self, node: Node) -> tuple[Node, Operator, Node]:
        children = [child for child in node.children if child.type != "comment"]
        if len(children) != 3 or self._text(children[1]) not in ("&&", "||"):
            raise NeedsShell("a list of another kind")
        return children[0], cast("Operator", self._text(children[1])), children[2]

    def _pipeline(self, node: Node) -> Pipeline:
        if node.type == "negated_command":
            if not self._text(node)[1:2].isspace():
                raise NeedsShell("a negation of another kind")
            inner = [child for child in node.children if child.is_named]
            if len(inner) != 1 or inner[0].type == "negated_command":
                raise NeedsShell("a negation of another kind")
            return Pipeline(commands=self._pipeline(inner[0]).commands, is_negated=True)
        if node.type == "redirected_statement" and self._body(node).type in ("pipeline", "negated_command"):
            return _redirected(self._pipeline(self._body(node)), self._redirects(node))
        if node.type != "pipeline":
            return Pipeline(commands=(self._command(node),))
        return self._piped(node.children)

    def _piped(self, children: Sequence[Node]) -> Pipeline:
        commands: list[Command] = []
        is_negated = False
        for child in children:
            if child.type == "negated_command" and not commands:  # it stands for the whole pipeline
                commands, is_negated = list(self._pipeline(child).commands), True
            elif child.is_named:
                commands.append(self._command(child))
            elif self._text(child) != "|":
                raise NeedsShell("a pipe of another kind")
        return Pipeline(commands=tuple(commands), is_negated=is_negated)

    def _body(self, node: Node) -> Node:
        body = node.child_by_field_name("body")
        if body is None:
            raise NeedsShell("a redirection without a command")
        return body

    def _redirects(self, node: Node) -> tuple[Redirect, ...]:
        found: tuple[Redirect, ...] = ()
        for child in node.children:
            if child.type == "file_redirect":
                found += self._redirect(child)
            elif child != self._body(node):
                raise NeedsShell(_IN_WORDS.get(child.type, "a redirection of another kind"))
        return found

    def _command(self, node: Node) -> Command:
        if node.type == "redirected_statement":
            return _with(self._command(self._body(node)), self._redirects(node))
        if node.type == "declaration_command":
            return self._export(node)
        if node.type in ("variable_assignment", "variable_assignments"):
            each = [node] if node.type == "variable_assignment" else node.children
            return Command(assignments=tuple(map(self._assignment, each)))
        if node.type == "test_command":
            return self._test(node)
        if node.type != "command":
            raise NeedsShell(_IN_WORDS.get(node.type, f"a {node.type.replace('_', ' ')}"))
        return self._simple(node)

    def _simple(self, node: Node) -> Command:
        spans: list[tuple[int, int]] = []
        assignments: list[tuple[str, Word]] = []
        redirects: tuple[Redirect, ...] = ()
        end = node.start_byte
        for child in node.children:
            self._must_be_space(end, child.start_byte)
            if child.type == "variable_assignment" and not spans:
                assignments.append(self._assignment(child))
            elif child.type == "file_redirect":
                redirects += self._redirect(child)
            elif child.type in _IN_WORDS:
                raise NeedsShell(_IN_WORDS[child.type])
            elif spans and self._is_one_word(spans[-1][1], child.start_byte):
                spans[-1] = (spans[-1][0], child.end_byte)
            else:
                spans.append((child.start_byte, child.end_byte))
            end = child.end_byte
        found = tuple(each for span in spans for each in words(self._between(*span)))
        name = (found[0].literal or str(found[0])) if found else ""
        if found and found[0].is_pattern:
            raise NeedsShell("a pattern in the place of a program")
        if name.startswith("-"):
            raise NeedsShell("a program that is named like an option")
        if name in _NO_PROGRAMS or _ASSIGNED.match(name):
            raise NeedsShell(f"`{name}`, which is the shell's own")
        return Command(words=found, assignments=tuple(assignments), redirects=redirects)

    def _test(self, node: Node) -> Command:
        """Return `[ … ]`, which is a program; `[[ … ]]` is the shell's own."""
        text = self._text(node)
        if not text.startswith(("[ ", "[\t")) or _TEST.fullmatch(text) is None:
            raise NeedsShell("a condition")
        return Command(words=tuple(each for one in _TEST_WORD.findall(text) for each in words(one)))

    def _export(self, node: Node) -> Command:
        first, *rest = node.children
        if self._text(first) != "export" or not rest:
            raise NeedsShell("a declaration")
        if any(child.type != "variable_assignment" for child in rest):
            raise NeedsShell("a declaration")
        return Command(assignments=tuple(map(self._assignment, rest)), is_exported=True)

    def _assignment(self, node: Node) -> tuple[str, Word]:
        name, sign, value = self._text(node).partition("=")
        if not sign or not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) or value.startswith("("):
            raise NeedsShell("an assignment of another kind")
        return name, word(value) if value else Word((Text("", is_quoted=True),))

    def _redirect(self, node: Node) -> tuple[Redirect, ...]:
        number, sign, target = None, "", None
        for child in node.children:
            if child.type == "file_descriptor":
                number = self._text(child)
            elif not child.is_named:
                sign = self._text(child)
            elif target is None:
                target = self._text(child)
            else:
                raise NeedsShell("a redirection of another kind")
        if target is None or number not in (None, "0", "1", "2"):
            raise NeedsShell("a redirection of another kind")
        stream = int(number) if number else 0 if sign == "<" else 1
        if sign == ">&" and target in ("1", "2") and stream in (1, 2):
            return (Redirect(stream=stream, same_as=int(target)),)  # type: ignore[arg-type]
        if sign not in _DIRECTIONS or (sign == "<") != (stream == 0):
            raise NeedsShell("a redirection of another kind")
        direction = _DIRECTIONS[sign]
        found = Redirect(stream=stream, direction=direction, target=word(target))  # type: ignore[arg-type]
        return (found, Redirect(stream=2, same_as=1)) if sign.startswith("&") else (found,)

    def _is_one_word(self, start: int, end: int) -> bool:
        """Whether nothing stands between but lines that go on."""
        return not self._source[start:end].replace(b"\\\n", b"")

    def _must_be_space(self, start: int, end: int) -> None:
        between = self._source[start:end].replace(b"\\\n", b"").strip(b" \t")
        if between:
            raise Disagreement(f"`{between.decode(errors='replace')}` belongs to no word")

    def _text(self, node: Node) -> str:
        return self._between(node.start_byte, node.end_byte)

    def _between(self, start: int, end: int) -> str:
        return self._source[start:end].decode("utf-8", "surrogatepass")


def _with(command: Command, redirects: tuple[Redirect, ...]) -> Command:
    return Command(
        words=command.words,
        assignments=command.assignments,
        redirects=(*command.redirects, *redirects),
        is_exported=command.is_exported,
    )


def _redirected(pipeline: Pipeline, redirects: tuple[Redirect, ...]) -> Pipeline:
    """Return the pipeline with the files for its last command, to which bash gives them."""
    last = _with(pipeline.commands[-1], redirects)
    return Pipeline(commands=(*pipeline.commands[:-1], last), is_negated=pipeline.is_negated)
