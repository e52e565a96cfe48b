"""A log as its programs wrote it: without escapes, and without what others put before each line.

Times, levels of a CI, the names of containers and pods stand before a line
that a program wrote; lines of several sources are mixed. A strand is what one
source wrote, in order, with the place of each of its characters in the log.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?"
_BEFORE = re.compile(
    r"(?:"
    rf"\[?{_TIME}\]?[ \t]?"  # 2026-01-01T00:00:00.000Z, [2026-01-01 00:00:00]
    r"|\[\d\d:\d\d:\d\d(?:[.,]\d{1,6})?\] ?"  # [12:00:00]
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d [\w.-]{1,64} "  # syslog
    r"|##\[(?:error|warning|debug|command|group|endgroup|section)\]"  # GitHub Actions, Azure
    r"|::error[^:\n]{0,200}::"
    r"|#\d{1,4} \d{1,5}\.\d{1,3} "  # docker build: #7 0.412
    r"|\d\d:\d\d:\d\d(?:[.,]\d{1,6})? "  # Jenkins' 12:00:00
    r"|(?:stdout|stderr) [FP] "  # a container's log as the kubelet keeps it
    r"|(?<=[\] ])[A-Za-z][\w-]{0,40}\.sh: (?!line \d)"  # a script that names itself behind the time
    r")"
)
# Who wrote the line: concurrently ([api] , and no level of a log), compose (web-1  | ),
# kubectl logs --prefix ([pod/a/b] ), syslog (prog[12]: ).
_SOURCE = re.compile(
    r"(?:([A-Za-z0-9][\w.-]{0,63}[ \t]{1,40}\| ?)"
    r"|(\[pod/[\w./-]{1,160}\] ?)"
    r"|(\[(?!error\]|warn|info\]|debug\]|notice\]|fatal\]|trace\])(?:[a-z][\w.-]{0,30}|\d)\] )"
    r"|((?!g?make\[)[A-Za-z][\w./-]{0,40}\[\d{1,10}\]: )"
    r"|([^\t\n]{1,80}\t[^\t\n]{1,80}\t(?=\d{4}-\d\d-)))"  # gh run view --log: job, step
)
_NAME = re.compile(r"[ \t]{0,16}([A-Za-z][\w.-]{0,40}): ")
_TAIL = 64_000  # characters at the end of a text in which names are looked for
_FEW_LINES = 3  # that begin with the same name: fewer may be words
_TEXT = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)("|$)')  # a string of JSON, or one that does not end
_ESCAPE = re.compile(
    r"\\u001[bB]\[[0-9;]*[A-Za-z]"  # a colour
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[^u]"
)
_KEPT = "\n\t"  # of the signs that move a terminal
_STARTS = frozenset("0123456789[JFMASOND#:s")  # what a match of _BEFORE begins with
_LONGEST_SOURCE = 40  # characters
_MOST_SOURCES = 64  # more are no sources, but words of the text


@dataclass(slots=True)
class Strand:
    """What one source wrote.

    `starts` are places in the strand, `origins` the same in the log, ascending;
    `marked` are the beginnings of lines that were marked in the log.
    """

    pieces: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    origins: list[int] = field(default_factory=list)
    size: int = 0
    text: str = ""
    marked: dict[int, set[int]] = field(default_factory=dict)

    def add(self, piece: str, origin: int) -> None:
        """Add a line, with its line feed, whose first character stands at `origin` of the log."""
        self.pieces.append(piece)
        self.starts.append(self.size)
        self.origins.append(origin)
        self.size += len(piece)

    def place(self, at: int) -> int:
        """Return the place in the log of a place in the strand."""
        line = max(0, bisect_right(self.starts, at) - 1)
        return self.origins[line] + at - self.starts[line]


def strands(text: str, marked: Mapping[int, set[int]]) -> list[Strand]:
    """Return the strands of a log, in the order in which they begin.

    Parameters
    ----------
    text : str
        Without escape sequences, its lines ended by line feeds.
    marked : mapping of int
        What is known of lines, by the places where they begin; it is handed on.

    A log without anything before its lines is one strand, and nothing is copied.
    """
    by_source: dict[str, Strand] = {}
    at = 0
    is_touched = False
    for line in text.removesuffix("\n").split("\n"):
        length = len(line) + 1
        cut, source = (
            _before(line) if line[:1] in _STARTS or "|" in line or "]: " in line or "\t" in line else (0, "")
        )
        if source not in by_source and len(by_source) >= _MOST_SOURCES:
            cut, source = 0, ""
        is_touched |= cut > 0
        strand = by_source.get(source)
        if strand is None:
            strand = by_source[source] = Strand()
        if at in marked:
            strand.marked[strand.size] = marked[at]
        strand.add(line[cut:] + "\n" if cut else line + "\n", at + cut)
        at += length
    if not is_touched:
        return [Strand(starts=[0], origins=[0], size=len(text), text=text, marked=dict(marked))]
    for strand in by_source.values():
        strand.text = "".join(strand.pieces)
        strand.pieces.clear()
    return list(by_source.values())


def named(text: str) -> Strand | None:
    """Return what was said behind the name that begins most lines (`deploy: `), None where none begins a few.

    A script often puts the name of a command before what the command says. Of
    a long text its end is looked at.
    """
    at = text.find("\n", len(text) - _TAIL) + 1 if len(text) > _TAIL else 0
    lines = text[at:].removesuffix("\n").split("\n")
    names = Counter(match[1] for line in lines if (match := _NAME.match(line)))
    name, count = names.most_common(1)[0] if names else ("", 0)
    if count < _FEW_LINES:
        return None
    strand = Strand()
    for line in lines:
        match = _NAME.match(line)
        if match and match[1] == name:
            strand.add(line[match.end() :] + "\n", at + match.end())
        at += len(line) + 1
    strand.text = "".join(strand.pieces)
    return strand


def structured(text: str) -> Strand | None:
    """Return what the records of a log of JSON hold that runs over several lines, such as a traceback.

    None where no line is such a record. Each character keeps its place in the log.
    """
    strand, at = Strand(), 0
    for line in text.split("\n") if "\\n" in text else ():
        if line[:1] == "{" and line.rstrip()[-1:] == "}" and "\\n" in line:
            for match in _TEXT.finditer(line):
                if match[2] and "\\n" in match[1]:
                    _unfold(match[1], at + match.start(1), strand)
        at += len(line) + 1
    strand.text = "".join(strand.pieces)
    return strand if strand.text else None


def _unfold(text: str, origin: int, strand: Strand) -> None:
    """Add a JSON string to a strand, its escapes undone."""
    done = 0
    for match in _ESCAPE.finditer(text):
        if match.start() > done:
            strand.add(text[done : match.start()], origin + done)
        plain = _sign(match[0])
        strand.add(plain, origin + match.start())
        done = match.end()
    strand.add(text[done:] + "\n", origin + done)


def _sign(escape: str) -> str:
    r"""Return the sign that an escape of JSON stands for; nothing for one that moves a terminal.

    >>> _sign("\\n"), _sign("\\u00e9"), _sign("\\u001b[31m"), _sign("\\ud83d\\ude00")
    ('\n', 'é', '', '😀')
    """
    try:
        sign = json.loads(f'"{escape}"')
    except ValueError:
        return escape[1:]
    if len(sign) > 1 or (sign not in _KEPT and unicodedata.category(sign) == "Cc"):
        return ""
    return "\ufffd" if unicodedata.category(sign) == "Cs" else str(sign)


def _before(line: str) -> tuple[int, str]:
    """Return how much of a line others put before it, and the name of its source.

    >>> _before("2026-01-01T00:00:00Z ##[error]boom"), _before("web-1  | boom"), _before("boom")
    ((30, ''), (9, 'web-1'), (0, ''))
    """
    at, source = 0, ""
    has_source = "|" in line or "]: " in line or "[pod/" in line or "\t" in line
    has_source = has_source or (line[:1] == "[" and "] " in line[:_LONGEST_SOURCE])
    names_itself = ".sh: " in line
    for _ in range(4):
        may_match = line[at : at + 1] in _STARTS or (at and names_itself)
        match = _BEFORE.match(line, at) if may_match else None
        if match is None and has_source and not source and (match := _SOURCE.match(line, at)):
            name = match[0].strip(" \t|:[]")
            if match[1] and name.isdecimal():  # a line number of a compiler: 3 | code
                return at, source
            source = name
        if match is None:
            return at, source
        at = match.end()
    return at, source
