"""The rule files: what they say, checked and compiled once.

One TOML file holds a family of programs. A table is a program, its name one or
several names for the same rule; `[git.sub.push]` is what git does when told to
push, and knows the options above it too.

==========  ==================================================================
`options`   the options, e.g. ``-v --lines= -o=write --arg==read --color? -exec;``: a
            flag, one with a value, with a value of a kind (`kinds`), with two values of
            which the second counts, with a value only when attached, with a command up
            to ``;``. ``-I~read`` may have its value glued to a name of any length; of
            ``-c~=`` the glued part belongs to the name and the value is the next word.
            ``-#`` is a number such as ``-20``. After one with ``!`` all words belong to
            what runs. ``@name`` stands for a string of the file's table `sets`.
`asks`      options that need a question: reason = options; `refuses` likewise
`operands`  kinds of the other words in their order, each ``kind``, ``kind?`` or
            ``kind*``, as in ``read* write``
`with`      other operands when one of these options is given, and after a ``+`` one of
            those too; the first match counts
`answer`    the answer for every call (`ask`, `refuse`), with `why`
`style`     `gnu` (long options may be shortened), `exact` (not so), `single` (long
            options with one dash), `none` (no options at all)
`ordered`   options end at the first operand
`needs`     why it is a question with fewer than `least` operands (1), unless an option of
            `enough` is given
`default`   the operand that is meant when there is none
`reading`   the options with which what would be changed is only read
`bundled`   the first word may hold short options without a dash
`apart`     its subcommands do not know its options
`writes`    what it writes without being told, unless an option of `elsewhere` is given
`when`      `writes` holds only with one of these options
`trees`     the options with which it reads all that is below its operands; ``*`` is always
`code`      it runs code of the project
==========  ==================================================================

`allow`, `ask` and `refuse` are examples: command lines and the answer they get.
An unknown key is an error.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import UsageError
from ...values import Answer
from .kinds import KINDS, LAST

FOLDER = Path(__file__).with_name("programs")
ANSWERS: tuple[Answer, ...] = ("allow", "ask", "refuse")
_KEYS: dict[str, type] = {
    **dict.fromkeys(
        (
            "options",
            "operands",
            "answer",
            "why",
            "style",
            "needs",
            "enough",
            "default",
            "reading",
            "trees",
            "elsewhere",
            "when",
        ),
        str,
    ),
    **dict.fromkeys(("asks", "refuses", "with", "sub"), dict),
    "least": int,
    **dict.fromkeys(("ordered", "code", "bundled", "apart"), bool),
    **dict.fromkeys(("writes", *ANSWERS), list),
}
_STYLES = ("gnu", "exact", "single", "none")
_ENOUGH = "--help --version -h -V -help -version --usage"
_HEADER = re.compile(r'^\[(?:"([^"]+)"|([\w-]+))\]', re.MULTILINE)
_OPTION = re.compile(r"(?P<name>[^=?~;]+)(?:(?P<takes>==|~=|[=?~;])(?P<kind>[a-z-]*)(?P<ends>!?))?")
_OPERAND = re.compile(r"(?P<kind>[a-z-]+)(?P<count>[?*]?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: what it takes (`=`, `?`, `~`, `;` or nothing), and its own answer."""

    name: str
    takes: str
    kind: str
    ends: bool
    answer: Answer
    why: str
    line: int


Operands = tuple[tuple[str, str], ...]  #: (kind, "" or "?" or "*") in their order


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one program, or one of its subcommands, does with its words."""

    name: str
    line: int
    style: str
    ordered: bool
    options: Mapping[str, Option]
    glued: tuple[Option, ...]  # longest name first
    operands: Operands
    cases: tuple[tuple[tuple[frozenset[str], ...], Operands], ...]
    subs: Mapping[str, Rule]
    answer: Answer
    why: str
    needs: str
    least: int
    enough: frozenset[str]
    default: str
    reading: frozenset[str]
    bundled: bool
    apart: bool
    writes: tuple[str, ...]
    elsewhere: frozenset[str]
    when: frozenset[str]
    trees: frozenset[str]
    code: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A command line that a rule file answers itself."""

    file: str
    line: int
    program: str
    text: str
    want: Answer


def index(files: Iterable[Path]) -> dict[str, Path]:
    """Return the file of each program, from the files' headers alone.

    Raises
    ------
    UsageError
        Two tables are for the same program.
    """
    found: dict[str, Path] = {}
    for file in files:
        for match in _HEADER.finditer(file.read_text(encoding="utf-8")):
            for name in (match[1] or match[2]).split():
                if name == "sets":
                    continue
                if name in found:
                    raise UsageError(f"{file.name} and {found[name].name} both have rules for {name}")
                found[name] = file
    return found


@functools.cache
def builtin() -> Mapping[str, Path]:
    """Return the file of each program that has a rule."""
    return index(sorted(FOLDER.glob("*.toml")))


@functools.cache
def load(file: Path) -> Mapping[str, Rule]:
    """Return the compiled rules of a file, by program name.

    Raises
    ------
    UsageError
        It cannot be read as rules: no TOML, an unknown key, style, kind or answer.
    """
    return _Compiler(file).rules()


def examples(file: Path) -> list[Example]:
    """Return a file's own examples, in the order of its tables."""
    text = file.read_text(encoding="utf-8")
    rows = text.splitlines()
    found = []
    for names, table in _parsed(file, text).items():
        start = _headers(rows).get((names,), 1)
        for owner in (table, *_nested(table)):
            for want in ANSWERS:
                for example in owner.get(want, []):
                    row = next((n for n, row in enumerate(rows[start - 1 :], start) if example in row), start)
                    program = names.split()[0]
                    found.append(Example(file=file.name, line=row, program=program, text=example, want=want))
    return [example for example in found if example.program != "sets"]


def _nested(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    subs = list(table.get("sub", {}).values())
    return [*subs, *(deeper for sub in subs for deeper in _nested(sub))]


def _parsed(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file.name} is no TOML", why=str(error), fix="correct the file") from error


def _headers(rows: Iterable[str]) -> dict[tuple[str, ...], int]:
    """Return the line number of each table, by the names in its header."""
    found = {}
    for number, row in enumerate(rows, 1):
        if row.startswith("[") and row.rstrip().endswith("]"):
            names = [quoted or bare for quoted, bare in re.findall(r'"([^"]+)"|([^\s.\[\]"]+)', row)]
            found[tuple(names)] = number
    return found


class _Compiler:
    """Turns one file's tables into rules."""

    def __init__(self, file: Path) -> None:
        self.file = file
        text = file.read_text(encoding="utf-8")
        self.rows = text.splitlines()
        self.headers = _headers(self.rows)
        self.tables = _parsed(file, text)
        self.sets: dict[str, str] = self.tables.pop("sets", {})

    def rules(self) -> dict[str, Rule]:
        return {
            name: self.rule(table, (names,), name, None)
            for names, table in self.tables.items()
            for name in names.split()
        }

    def rule(self, table: Mapping[str, Any], path: tuple[str, ...], name: str, parent: Rule | None) -> Rule:
        """Compile the table at `path`; a subcommand starts from its parent's options and style."""
        self.check(table, path)
        line = self.headers.get(path, parent.line if parent else 1)
        style = table.get("style", parent.style if parent else "gnu")
        known = parent.options if parent and not parent.apart else self.common(style)
        options = {**known, **self.options(table, line)}
        rule = Rule(
            name=name,
            line=line,
            style=style,
            ordered=table.get("ordered", False),
            options=options,
            glued=tuple(
                sorted((o for o in options.values() if o.takes[:1] == "~"), key=lambda o: -len(o.name))
            ),
            operands=self.operands(table.get("operands", "")),
            cases=self.cases(table.get("with", {})),
            subs={},
            answer=table.get("answer", "allow"),
            why=table.get("why", ""),
            needs=table.get("needs", ""),
            least=table.get("least", 1),
            enough=frozenset(f"{_ENOUGH} {table.get('enough', '')}".split()),
            default=table.get("default", ""),
            reading=frozenset(table.get("reading", "").split()),
            bundled=table.get("bundled", False),
            apart=table.get("apart", False),
            writes=tuple(table.get("writes", ())),
            elsewhere=frozenset(table.get("elsewhere", "").split()),
            when=frozenset(table.get("when", "").split()),
            trees=frozenset(table.get("trees", "").split()),
            code=table.get("code", False),
        )
        subs = {
            word: self.rule(sub, (*path, "sub", words), f"{name} {word}", rule)
            for words, sub in table.get("sub", {}).items()
            for word in words.split()
        }
        return _with_subs(rule, subs)

    def check(self, table: object, path: tuple[str, ...]) -> None:
        if not isinstance(table, dict):
            raise self.fault(path, "is no table")
        for key, value in table.items():
            if key not in _KEYS:
                raise self.fault(path, f"has an unknown key {key}")
            if not isinstance(value, _KEYS[key]):
                raise self.fault(path, f"has a {key} that is no {_KEYS[key].__name__}")
        if table.get("answer", "allow") not in ANSWERS or table.get("style", "gnu") not in _STYLES:
            raise self.fault(path, "has an unknown answer or style")

    def fault(self, path: tuple[str, ...], what: str) -> UsageError:
        fix = f"known are {', '.join(_KEYS)}"
        return UsageError(f"{self.file.name}: [{'.'.join(path)}] {what}", fix=fix)

    def common(self, style: str) -> dict[str, Option]:
        names = {"none": "", "single": "-help -version"}.get(style, "--help --version")
        return self.parsed(names, "allow", "", 0)

    def options(self, table: Mapping[str, Any], line: int) -> dict[str, Option]:
        found = self.parsed(table.get("options", ""), "allow", "", line)
        stricter: tuple[tuple[str, Answer], ...] = (("asks", "ask"), ("refuses", "refuse"))
        for key, answer in stricter:
            for why, text in table.get(key, {}).items():
                rows = enumerate(self.rows[line - 1 :], line)
                row = next((number for number, row in rows if row.startswith(f'"{why}"')), line)
                found |= self.parsed(text, answer, why, row)
        return found

    def parsed(self, text: str, answer: Answer, why: str, line: int) -> dict[str, Option]:
        """Return the options of a string, by name."""
        found: dict[str, Option] = {}
        for token in text.split():
            if token.startswith("@"):
                if token[1:] not in self.sets:
                    raise UsageError(f"{self.file.name}: there is no set {token}")
                found |= self.parsed(self.sets[token[1:]], answer, why, line)
                continue
            match = _OPTION.fullmatch(token)
            kind = match["kind"] or "text" if match else ""
            if match is None or (kind not in KINDS and kind not in LAST):
                raise UsageError(f"{self.file.name}: {token} is no option with a known kind")
            found[match["name"]] = Option(
                name=match["name"],
                takes=match["takes"] or "",
                kind=kind,
                ends=bool(match["ends"]),
                answer=answer,
                why=why,
                line=line,
            )
        return found

    def cases(self, table: Mapping[str, str]) -> tuple[tuple[tuple[frozenset[str], ...], Operands], ...]:
        return tuple(
            (tuple(frozenset(group.split()) for group in names.split(" + ")), self.operands(text))
            for names, text in table.items()
        )

    def operands(self, text: str) -> Operands:
        found = []
        for token in text.split():
            match = _OPERAND.fullmatch(token)
            if match is None or (match["kind"] not in KINDS and match["kind"] not in LAST):
                raise UsageError(f"{self.file.name}: {token} is no known kind of operand")
            found.append((match["kind"], match["count"]))
        return tuple(found)


def _with_subs(rule: Rule, subs: Mapping[str, Rule]) -> Rule:
    values = {name: getattr(rule, name) for name in Rule.__slots__}
    return Rule(**{**values, "subs": subs}) if subs else rule
