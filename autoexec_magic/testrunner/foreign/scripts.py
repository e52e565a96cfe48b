"""What a script of `package.json` starts in the end, so that it can be asked to tell us more."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Literal, TypeAlias

Program: TypeAlias = Literal["node", "jest", "mocha", "vitest", "ava", "tap", "tape", ""]

_PROGRAMS: dict[str, Program] = {
    "jest": "jest",
    "mocha": "mocha",
    "_mocha": "mocha",
    "vitest": "vitest",
    "ava": "ava",
    "tap": "tap",
    "tape": "tape",
}
_BREAKS = re.compile(r"[;&|\n]+")
_MOST_BYTES = 2**20
_NONE = "no test specified"  # what `npm init` writes


def test_script(folder: Path) -> str:
    """Return the script `test` of a folder's package; "" where there is none, or npm's own stand-in."""
    try:
        with (folder / "package.json").open("rb") as file:
            package = json.loads(file.read(_MOST_BYTES))
        script = package["scripts"]["test"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return script if isinstance(script, str) and script.strip() and _NONE not in script else ""


def last_program(script: str) -> Program:
    """Return which test tool gets the arguments that npm adds at the end of a script.

    Examples
    --------
    >>> last_program("eslint . && cross-env CI=1 npx jest --ci")
    'jest'
    >>> last_program("jest && eslint .")
    ''
    >>> last_program("node --experimental-vm-modules node_modules/jest/bin/jest.js")
    'jest'
    """
    words = _commands(script)[-1:] or [[]]
    if any(word.startswith((">", "<", "#")) or word == "npm" for word in words[0]):
        return ""
    if words[0][:2] in (["yarn", "run"], ["pnpm", "run"]):
        return ""  # another script
    for word in words[0]:
        name = re.sub(r"\.(?:c|m)?js$", "", word.rsplit("/", 1)[-1])
        if name in _PROGRAMS and (name == word or "/" in word):
            return _PROGRAMS[name]
    return ""


def runs_node_tests(script: str) -> bool:
    """Whether any of its commands is Node's own runner, without a reporter of the project's choice."""
    if "--test-reporter" in script:
        return False
    return any("--test" in words or "--test-only" in words for words in _commands(script))


def _commands(script: str) -> list[list[str]]:
    """Return the words of each command; of a script that no shell would take nothing."""
    try:
        words = list(shlex.shlex(script, posix=True, punctuation_chars=True))
    except ValueError:
        return []
    commands: list[list[str]] = [[]]
    lexer = shlex.shlex(script, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    for word in words:
        if _BREAKS.fullmatch(word):
            commands.append([])
        else:
            commands[-1].append(word)
    return [command for command in commands if command]
