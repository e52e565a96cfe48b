"""At which port a Node program listens, by its code, which is read and not run."""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...errors import BuildError
from .. import reading

_MOST_FILES = 40
_MOST_BYTES = 1 << 20  #: of a file; a bundle is larger, and is not read
_ENDINGS = ("", ".js", ".mjs", ".cjs", ".ts", ".mts", "/index.js", "/index.ts")
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'\\/])//[^\n]*", re.DOTALL)
_LISTEN = re.compile(r"\.listen\s*\(")
_NEAR = re.compile(r"(?:\brequire\s*\(|\bfrom\b|\bimport\b\s*\(?)\s*[\"'](\.[^\"'\n]+)[\"']")
_FROM_OUTSIDE = re.compile(r"\benv(?:\.PORT\b|\[[\"']PORT[\"']\])")
_DEFAULT = re.compile(r"(?:\|\||\?\?|:)\s*[\"']?(\d{2,5})\b")
_NUMBER = re.compile(r"[\"']?(\d{1,5})[\"']?\Z")
_WRAPPED = re.compile(
    r"(?:(?:Number(?:\.parseInt)?|parseInt)\s*\((.*?)(?:,\s*10\s*)?\)|\+\s*(.+))\Z", re.DOTALL
)
_TAKEN = re.compile(r"\{[^{}]*\bPORT\b(?:\s*:\s*\w+)?(?:\s*=\s*(\d{1,5})\b)?[^{}]*\}\s*=\s*process\.env\b")
_PROGRAM = re.compile(r"(?:^|\s)(?:node|nodemon|tsx|ts-node|bun)\s+(?:-\S+\s+)*([^\s&|;]+)")
_BUILT = ("dist/", "build/", "lib/", "out/")
_MOST_STEPS = 4  #: from a name to what it was set to


def port_of(folder: Path, command: Sequence[str], package: Mapping[str, object], usual: int) -> int:
    """Return the port at which a program listens, 0 where its code does not say.

    Parameters
    ----------
    folder : Path
        The project's.
    command : sequence of str
        What is run.
    package : mapping
        Its package.json.
    usual : int
        What it listens at if it takes its port from `PORT`, and names no other.
    """
    for text in _texts(folder, _entry(command, package)):
        bare = _COMMENT.sub(" ", text)
        for found in _LISTEN.finditer(bare):
            if port := _port(_first_argument(bare[found.end() :]), bare, usual, _MOST_STEPS):
                return port
    return 0


def _entry(command: Sequence[str], package: Mapping[str, object]) -> str:
    """Return the path of the file that a command starts."""
    scripts = package.get("scripts")
    start = scripts.get("start") if isinstance(scripts, Mapping) else ""
    for line in (" ".join(command), start if isinstance(start, str) else ""):
        if found := _PROGRAM.search(line):
            return found[1].strip("'\"")
    main = package.get("main")
    return main if isinstance(main, str) else "index.js"


def _texts(folder: Path, entry: str) -> Iterator[str]:
    """Yield the program's files, from the first on along what they import of the project's."""
    todo, done = [entry], set[str]()
    todo += [f"src/{entry.removeprefix(each)}" for each in _BUILT if entry.startswith(each)]
    while todo and len(done) < _MOST_FILES:
        path = posixpath.normpath(todo.pop(0))
        if path in done or path.startswith(("/", "..")):
            continue
        done.add(path)
        for file in _spellings(path):
            with contextlib.suppress(BuildError, OSError), reading.below(folder, file) as stream:
                text = reading.whole(stream, file, _MOST_BYTES).decode("utf-8", "replace")
                yield text
                todo += [posixpath.join(posixpath.dirname(file), near) for near in _NEAR.findall(text)]
                break


def _spellings(path: str) -> list[str]:
    """Return the files that a module's path may mean; TypeScript writes `.js` for what is `.ts` yet."""
    typed = re.sub(r"\.([mc]?)js\Z", r".\1ts", path)
    return [*(f"{path}{ending}" for ending in _ENDINGS), *([typed] if typed != path else [])]


def _first_argument(text: str) -> str:
    """Return what stands before the first comma or the end of a call, at its own depth."""
    depth = 0
    for place, sign in enumerate(text):
        if depth == 0 and sign in ",)":
            return text[:place].strip()
        depth += (sign in "([{") - (sign in ")]}")
    return ""


def _port(said: str, text: str, usual: int, left: int) -> int:
    """Return the port that an expression means, 0 where it cannot be told."""
    if number := _NUMBER.match(said):
        return int(number[1]) if int(number[1]) < 65536 else 0
    if said.startswith("{"):
        named = re.search(r"\bport\s*:\s*([^,}]+)", said)
        return _port(named[1].strip() if named else "port", text, usual, left - 1) if left else 0
    if _FROM_OUTSIDE.search(said):
        other = _DEFAULT.search(said)
        return int(other[1]) if other and int(other[1]) < 65536 else usual
    if not left:
        return 0
    if wrapped := _WRAPPED.match(said):
        return _port((wrapped[1] or wrapped[2]).strip(), text, usual, left - 1)
    if "||" in said or "??" in said:
        either = [_port(each.strip(), text, usual, left - 1) for each in re.split(r"\|\||\?\?", said)]
        return next((each for each in reversed(either) if each), 0)
    if re.fullmatch(r"[A-Za-z_$][\w$]*", said):
        return _port_of_name(re.escape(said), text, usual, left - 1)
    return 0


def _port_of_name(name: str, text: str, usual: int, left: int) -> int:
    for taken in _TAKEN.finditer(text):
        if re.search(rf"\b{name}\b", taken[0]):
            return int(taken[1] or usual)
    made = re.search(rf"\b(?:const|let|var)\s+{name}\b\s*(?::[^=\n]+)?=\s*([^;\n]+)", text)
    return _port(made[1].strip().rstrip(","), text, usual, left) if made else 0
