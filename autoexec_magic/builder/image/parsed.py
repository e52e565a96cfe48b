"""What a Dockerfile says that somebody has to know before it is built; it is read, never run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

_DIRECTIVE = re.compile(r"\A#\s*(syntax|escape|check)\s*=\s*(\S.*?)\s*\Z", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)([A-Za-z_]\w*)\1")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::([-+])([^}]*))?\})")
_RUN_FLAG = re.compile(r"\A--(mount|network|security)\b")
_COPY_NEEDS = frozenset({"link", "parents", "exclude", "chmod", "checksum", "keep-git-dir"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A COPY or ADD out of the context: where it stands, and what it takes."""

    line: int
    sources: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Said:
    """What a Dockerfile says.

    `bases` are images that are not its own stages, in the order they are named;
    `needs_buildkit` is the line that the classic builder cannot read, or "".
    `port` is the first that the last stage exposes, 0 where there is none.
    """

    bases: list[str] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    needs_buildkit: str = ""
    port: int = 0
    user: str = ""


def read(text: str) -> Said:
    """Return what the text of a Dockerfile says.

    Examples
    --------
    >>> said = read("FROM scratch" + chr(10) + "RUN --mount=type=cache,target=/x make")
    >>> said.needs_buildkit
    'line 2: RUN --mount'
    """
    said = Said()
    variables: dict[str, str] = {}
    for number, line, is_syntax in instructions(text):
        if is_syntax:
            said.needs_buildkit = said.needs_buildkit or f"line {number}: # syntax={line}"
            continue
        word, _, rest = line.partition(" ")
        word, rest = word.upper(), rest.strip()
        if word == "ARG" and not said.stages:
            name, _, value = rest.partition("=")
            variables[name.strip()] = value.strip().strip("\"'")
        _take(said, number, word, rest, variables)
    return said


def _take(said: Said, number: int, word: str, rest: str, variables: dict[str, str]) -> None:
    if word == "FROM":
        _from(said, rest, variables)
    elif word in ("COPY", "ADD"):
        _copy(said, number, word, rest)
    elif word == "RUN" and (flag := _RUN_FLAG.match(rest)):
        said.needs_buildkit = said.needs_buildkit or f"line {number}: RUN --{flag[1]}"
    elif word == "EXPOSE" and not said.port:
        first = _filled(rest, variables).split("/")[0].split()
        said.port = int(first[0]) if first and first[0].isdecimal() and int(first[0]) < 65536 else 0
    elif word == "USER":
        said.user = rest
    if word in ("RUN", "COPY", "ADD") and _HEREDOC.search(rest) and not rest.startswith("["):
        said.needs_buildkit = said.needs_buildkit or f"line {number}: {word} <<"


def _from(said: Said, rest: str, variables: dict[str, str]) -> None:
    words = [each for each in rest.split() if not each.startswith("--")]
    base = _filled(words[0], variables) if words else ""
    if base and base != "scratch" and base.lower() not in said.stages and base not in said.bases:
        said.bases.append(base)
    named = words[2].lower() if len(words) > 2 and words[1].upper() == "AS" else f"#{len(said.stages)}"
    said.stages.append(named)
    said.port, said.user = 0, ""


def _copy(said: Said, number: int, word: str, rest: str) -> None:
    flags, rest = _flags(rest)
    for flag in flags:
        name, _, value = flag.removeprefix("--").partition("=")
        if name in _COPY_NEEDS:
            said.needs_buildkit = said.needs_buildkit or f"line {number}: {word} --{name}"
        if name == "from":
            is_own = value.lower() in said.stages or value.isdecimal()
            if not is_own and value not in said.bases:
                said.bases.append(value)
            return
    sources = [each for each in _words(rest)[:-1] if not each.startswith("<<")]
    said.copies.append(Copy(line=number, sources=tuple(sources)))


def _flags(rest: str) -> tuple[list[str], str]:
    flags = []
    while rest.startswith("--"):
        flag, _, rest = rest.partition(" ")
        flags.append(flag)
        rest = rest.lstrip()
    return flags, rest


def _words(rest: str) -> list[str]:
    try:
        if rest.startswith("["):
            found = json.loads(rest)
            return [str(each) for each in found] if isinstance(found, list) else []
        return shlex.split(rest)
    except ValueError:
        return rest.split()


def _filled(text: str, variables: dict[str, str]) -> str:
    """Return a text with the values of ARGs before the first FROM in it."""

    def value(match: re.Match[str]) -> str:
        name, how, other = match[1] or match[2], match[3], match[4] or ""
        found = variables.get(name, "")
        if how == "+":
            return other if found else ""
        return found or (other if how == "-" else "")

    return _VARIABLE.sub(value, text)


def instructions(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield each instruction with its first line's number; the value of `# syntax=`, and that it is one."""
    escape, at, lines = "\\", 0, text.removeprefix("\ufeff").splitlines()
    while at < len(lines) and (directive := _DIRECTIVE.match(lines[at].strip())):
        at += 1
        if directive[1].lower() == "syntax":
            yield at, directive[2], True
        elif directive[1].lower() == "escape":
            escape = directive[2]
    while at < len(lines):
        number, line = at + 1, lines[at].strip()
        at += 1
        if not line or line.startswith("#"):
            continue
        line, at = _continued(line, lines, at, escape)
        yield number, line, False
        for _, end in _HEREDOC.findall(line) if line.upper().startswith(("RUN", "COPY", "ADD")) else ():
            at = next((place for place in range(at, len(lines)) if lines[place].strip() == end), at) + 1


def _continued(line: str, lines: list[str], at: int, escape: str) -> tuple[str, int]:
    """Return an instruction with the lines that go on with it, and where the next one begins."""
    while line.endswith(escape) and at < len(lines):
        following = lines[at].strip()
        at += 1
        if following and not following.startswith("#"):  # neither a comment nor an empty line ends it
            line = f"{line[:-1].rstrip()} {following}"
    return line.removesuffix(escape).strip(), at
