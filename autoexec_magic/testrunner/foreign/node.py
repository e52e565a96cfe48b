"""Node's own test runner, `node --test`: read through a reporter of ours.

The reporter runs in the runner's own process, and each test file in one of its
own, whose output the runner takes: no test writes to the stream that we read.
Needs Node 18.15, where reporters began.
"""

from __future__ import annotations

import functools
import itertools
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from ..cases import Case
from .inside import EXITS, EXITS_VARIABLE, NODE, VARIABLE
from .records import Records
from .tool import Launch, Tool, program

_ENDINGS = (".js", ".mjs", ".cjs")
_FOLDERS_READ = 2000
_LEFT_OUT = frozenset({"node_modules", ".git", "dist", "build", "coverage", "target"})
_REPORTER, _DESTINATION = "--test-reporter", "--test-reporter-destination"


def new_mark() -> str:
    """Return what the records of one run begin with."""
    return f"@{secrets.token_hex(8)}"


def reporting(arguments: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the options that make Node tell us; a reporter of the user's own writes to stderr."""
    options = [f"{_REPORTER}={NODE}", f"{_DESTINATION}=stdout"]
    theirs = sum(_is_option(word, _REPORTER) for word in arguments)
    placed = sum(_is_option(word, _DESTINATION) for word in arguments)
    return (*options, *[f"{_DESTINATION}=stderr"] * max(theirs - placed, 0))


def is_test_file(path: Path) -> bool:
    """Whether Node takes this file for a test by its name alone.

    https://nodejs.org/api/test.html#running-tests-from-the-command-line
    """
    stem, is_script = path.stem, path.suffix in _ENDINGS
    by_name = stem == "test" or stem.startswith("test-") or stem.endswith((".test", "-test", "_test"))
    return is_script and (by_name or "test" in path.parent.parts)


def _is_option(word: str, option: str) -> bool:
    return word == option or word.startswith(f"{option}=")


def _found(folder: Path) -> str:
    for place, folders, files in itertools.islice(os.walk(folder), _FOLDERS_READ):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("."))
        for name in sorted(files):
            path = (Path(place) / name).relative_to(folder)
            if is_test_file(path):
                return path.as_posix()
    return ""


def _launch(folder: Path, arguments: Sequence[str]) -> Launch:
    node = program("node", fix="install Node 20 or newer")
    mark = new_mark()
    return Launch(
        argv=(node, f"--require={EXITS}", "--test", *reporting(arguments), *arguments),
        environment={VARIABLE: mark, EXITS_VARIABLE: new_mark()},
        reader=functools.partial(Records, mark=mark, tool="node"),
    )


def _only(cases: Sequence[Case]) -> tuple[str, ...]:
    """Whole files: a name's pattern means another thing in each of Node's versions."""
    return tuple(dict.fromkeys(case.said.file for case in cases if case.said.file))


ENTRY = Tool(name="node", found=_found, launch=_launch, only=_only)
