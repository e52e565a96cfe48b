"""The Test Anything Protocol, versions 12 to 14, as cases.

https://testanything.org/tap-version-14-specification.html. Tests write to the
same stream, so results are believed only where their numbers have no gap and
the plan counts as many.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ...values import Stream
from ..cases import Case, CaseVerdict, Problem, Said, Spot
from ..told import Told
from .gathering import TEXT_CHARS, Gathering, beginning, shortened
from .lines import Lines
from .tool import Hearers

_VERSION = re.compile(r"^TAP version \d{1,3}$")
_PLAN = re.compile(r"^1\.\.(?P<count>\d{1,9})(?:\s+#\s*(?P<reason>.*))?$")
_POINT = re.compile(r"^(?P<word>ok|not ok)\b(?: +(?P<number>\d{1,9}))?(?: +(?:- ?)?(?P<rest>.*))?$")
_DIRECTIVE = re.compile(r"(?:^|\s)#\s*(?P<word>skip|todo)\S*(?:\s+(?P<reason>.*))?$", re.I)
_TIME = re.compile(r"\s*#\s*time=(?P<number>[\d.]{1,15})(?P<unit>m?s)$")
_SUBTEST = re.compile(r"^# Subtest: ?(?P<name>.*)$")
_COMMENT = re.compile(r"^# ?(?P<name>.*)$")
_SUMMARY = re.compile(r"^(?:tests|pass|fail|ok|suites|cancelled|skipped|skip|todo|duration_ms|time|not ok)\b")
_BAIL = re.compile(r"^Bail out!\s*(?P<reason>.*)$")
_FIELD = re.compile(r"^(?P<key>[\w-]{1,40}): ?(?P<value>.*)$")
_PLACE = re.compile(r"^(?P<file>.*?):(?P<line>\d{1,9})(?::\d{1,9})?$")
_DEEPEST = 64
_MESSAGES = ("message", "error", "details", "operator", "assertion")
_OPERATORS = {"equal": "==", "strictEqual": "==", "notEqual": "!=", "notStrictEqual": "!="}


@dataclass(slots=True)
class _Level:
    """The document, or a subtest in it."""

    name: str = ""
    next: int = 1
    plan: int | None = None
    read: int = 0
    bad: int = 0
    cases: int = 0
    group: str = ""


@dataclass(slots=True)
class _Point:
    """A test point that may still be followed by its diagnostics."""

    is_ok: bool
    name: str
    depth: int
    around: tuple[str, ...]
    directive: str = ""
    reason: str = ""
    seconds: float | None = None
    base: int = -1  # the indentation of the fields, which some write deeper than the marks around them
    fields: dict[str, str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)


class Tap:
    """Reads one stream of TAP; what else is written is let through."""

    def __init__(self, hearers: Hearers, tool: str = "the tests") -> None:
        self._gathered, self._hearers, self._tool = Gathering(hearers), hearers, tool
        self._lines = Lines(self._line)
        self._levels = [_Level()]
        self._coming = ""  # the name of a subtest that begins
        self._point: _Point | None = None
        self._yaml: int | None = None  # the indentation of the diagnostics that are being read
        self._key = ""
        self._length = 0
        self._has_subtests = False  # then a comment is what a test printed, and no heading
        self.has_begun = False  #: whether any of it was TAP

    def feed(self, stream: Stream, text: str) -> None:
        """Take a piece."""
        self._hearers.on_text(stream, text)
        if stream == "stdout":
            self._lines.feed(text)

    def end(self, returncode: int) -> Told:
        """Return what the run came to."""
        self._lines.flush()
        self._close()
        self._gathered.ended = self.has_begun
        return self._gathered.told(self._tool, returncode)

    def _close(self) -> None:
        self._flush()
        while len(self._levels) > 1:
            self._leave()
        self._check(self._levels[0])

    def _line(self, line: str) -> None:
        bare = line.lstrip(" ")
        indent = len(line) - len(bare)
        if self._yaml is not None:
            self._diagnostics(bare, indent)
            return
        if self._point is not None and bare == "---" and indent == 4 * self._point.depth + 2:
            self._yaml, self._key, self._length = indent, "", 0
            return
        depth = indent // 4
        if indent % 4 or depth > min(_DEEPEST, len(self._levels)):
            return
        self._at(depth, bare)

    def _at(self, depth: int, bare: str) -> None:
        if match := _POINT.match(bare):
            self._enter(depth)
            self._take(depth, match)
        elif match := _PLAN.match(bare):
            self._enter(depth)
            self._levels[depth].plan = int(match["count"])
            self.has_begun = True
        elif match := _SUBTEST.match(bare):
            self._enter(depth)
            self._coming, self._levels[0].group, self._has_subtests = match["name"], "", True
            self._hearers.on_start("::".join((*self._around(depth), match["name"])))
        elif depth == 0 and _VERSION.match(bare):
            if self.has_begun:
                self._close()
            self._levels, self.has_begun = [_Level()], True
        elif match := _BAIL.match(bare):
            self._gathered.fault(f"{self._tool} gave up: {match['reason']}".rstrip(": "))
        elif (
            depth == 0
            and not self._has_subtests
            and (match := _COMMENT.match(bare))
            and not _SUMMARY.match(match["name"])
        ):
            self._levels[0].group = match["name"].strip()

    def _enter(self, depth: int) -> None:
        """Be at this depth: subtests that are deeper are over, one that is just below begins."""
        self._flush()
        while len(self._levels) > depth + 2:
            self._leave()
        if depth == len(self._levels):
            self._levels.append(_Level(name=self._coming))
        self._coming = ""

    def _leave(self) -> _Level:
        level = self._levels.pop()
        self._check(level)
        self._levels[-1].bad += level.bad
        self._levels[-1].cases += level.cases
        return level

    def _check(self, level: _Level) -> None:
        if not self.has_begun:
            return
        where = f" of {level.name}" if level.name else ""
        if level.plan is None and level.read:
            self._gathered.fault(f"the plan{where} is missing")
        elif level.plan is not None and level.plan != level.read:
            self._gathered.fault(f"the plan{where} has {level.plan} tests, and {level.read} were told")
            self._gathered.missing += max(level.plan - level.read, 0)

    def _around(self, depth: int) -> tuple[str, ...]:
        names = [level.name for level in self._levels[1 : depth + 1]]
        return tuple(filter(None, (self._levels[0].group, *names)))

    def _take(self, depth: int, match: re.Match[str]) -> None:
        self.has_begun = True
        inner = self._leave() if len(self._levels) > depth + 1 else None
        level = self._levels[depth]
        number = int(match["number"] or level.next)
        if number != level.next:
            self._gathered.fault(f"test {level.next} is missing from the stream")
        level.next = number + 1
        level.read += 1
        is_ok = match["word"] == "ok"
        if inner is not None and inner.cases and (is_ok or inner.bad):
            return  # a group, and what is to be said of it its tests said
        level.cases += 1
        self._point = _point(is_ok, match["rest"] or f"test {number}", depth, self._around(depth))
        if not is_ok and not self._point.directive:
            level.bad += 1

    def _diagnostics(self, bare: str, indent: int) -> None:
        point = self._point
        if point is None or (bare == "..." and indent == self._yaml):
            self._yaml = None
            return
        if self._length > TEXT_CHARS:
            return
        self._length += indent + len(bare) + 1
        if point.base < 0:
            point.base = indent
        deeper = indent - point.base
        point.text.append(" " * max(deeper, 0) + bare)
        match = _FIELD.match(bare) if deeper == 0 else None
        if match:
            self._key = match["key"]
            value = match["value"].strip()
            point.fields[self._key] = "" if value in ("|-", "|", ">-", ">", "|+") else _unquoted(value)
        elif self._key:
            before = point.fields.get(self._key, "")
            point.fields[self._key] = f"{before}\n{bare}" if before else bare

    def _flush(self) -> None:
        point, self._point, self._yaml = self._point, None, None
        if point is None or point.fields.get("type") == "suite":
            return
        nodeid = self._gathered.new_id("::".join((*point.around, point.name)))
        self._gathered.add(_case(point, nodeid))


def _point(is_ok: bool, rest: str, depth: int, around: tuple[str, ...]) -> _Point:
    seconds = None
    if match := _TIME.search(rest):
        rest = rest[: match.start()]
        try:
            seconds = float(match["number"]) / (1000 if match["unit"] == "ms" else 1)
        except ValueError:
            seconds = None
    directive = reason = ""
    if match := _DIRECTIVE.search(rest):
        directive, reason = match["word"].lower(), (match["reason"] or "").strip()
        rest = rest[: match.start()]
    name = rest.rstrip(" {").replace("\\#", "#").replace("\\\\", "\\").strip()
    return _Point(is_ok, name or "(no name)", depth, around, directive, reason, seconds)


def _case(point: _Point, nodeid: str) -> Case:
    verdict: CaseVerdict = "passed" if point.is_ok else "failed"
    if point.directive == "skip":
        verdict = "skipped" if point.is_ok else "failed"
    elif point.directive == "todo":
        verdict = "xpassed" if point.is_ok else "xfailed"
    fields = point.fields
    file, line = _place(fields)
    problems: tuple[Problem, ...] = ()
    if not point.is_ok:
        message = next((fields[word] for word in _MESSAGES if fields.get(word)), "")
        operator = fields.get("operator", "")
        spot = Spot(
            phase="call",
            file=file,
            line=line,
            op=_OPERATORS.get(operator, operator),
            left=beginning(fields.get("actual", "")),
            right=beginning(fields.get("expected", "")),
        )
        type_ = fields.get("name") or fields.get("failureType", "")
        problems = (
            Problem(
                kind="failure",
                type=type_,
                message=shortened(message),
                text=shortened("\n".join(point.text)),
                spot=spot,
            ),
        )
    seconds = point.seconds
    if seconds is None and re.fullmatch(r"\d{1,12}(?:\.\d{1,12})?", fields.get("duration_ms", "")):
        seconds = float(fields["duration_ms"]) / 1000
    said = Said(file=file, line=line, reason=point.reason, problems=problems, nodeid=nodeid)
    return Case(point.name, "::".join(point.around), verdict, (), seconds, said)


def _place(fields: dict[str, str]) -> tuple[str, int]:
    """Return where a test is, as tape (`at: name (file:1:2)`) and Node (`location: 'file:1:2'`) say it."""
    for line in (fields.get("location") or fields.get("at", "")).splitlines():
        inner = line.rpartition("(")[2].rstrip(")") if line.endswith(")") else line.strip()
        match = _PLACE.match(inner)
        if match and "/node_modules/" not in line:  # the tool's own
            return match["file"].removeprefix("file://"), int(match["line"])
    return "", 0


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1].replace("''", "'")
    return value
