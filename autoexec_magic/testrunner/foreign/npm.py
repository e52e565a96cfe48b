"""A project's own `npm test`, whatever its script runs.

Where that is a tool that takes a reporter (Node's runner, Jest, Mocha, Vitest),
it is given ours; AVA and node-tap are asked for TAP. Of anything else that
writes TAP each point is a case. And where nothing tells of any test, the script
itself is one case, and its exit code is the verdict.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...values import Stream
from ..cases import Case, Problem, Said
from ..told import Told
from .gathering import Gathering, ending
from .inside import EXITS, EXITS_VARIABLE, JEST, MOCHA, VARIABLE, VITEST
from .node import new_mark, reporting
from .records import Records
from .scripts import Program, last_program, runs_node_tests, test_script
from .tap import Tap
from .tool import Hearers, Launch, Tool, program

NODEID = "package.json::test"
_ASKED: Mapping[Program, tuple[str, ...]] = {
    "jest": (f"--reporters={JEST}", "--colors=false", "--watchAll=false"),
    "mocha": ("--reporter", str(MOCHA), "--no-color"),
    "vitest": ("--run", f"--reporter={VITEST}"),
    "ava": ("--tap",),
    "tap": ("--reporter=tap",),
}


class Script:
    """Reads one run of a script by what it turns out to write."""

    def __init__(self, hearers: Hearers, mark: str, teller: str) -> None:
        self._hearers, self._teller = hearers, teller
        self._tap = Tap(replace(hearers, on_text=lambda stream, text: None), "npm test")
        self._records = Records(replace(hearers, on_text=self._text), mark, teller or "npm test")
        self._tails: dict[str, str] = {"stdout": "", "stderr": ""}

    def feed(self, stream: Stream, text: str) -> None:
        """Take a piece."""
        self._records.feed(stream, text)

    def end(self, returncode: int) -> Told:
        """Return what the run came to."""
        told = self._records.end(returncode)
        if self._records.has_begun:
            return told
        if self._tap.has_begun:
            return self._tap.end(returncode)
        return self._by_its_code(returncode)

    def _text(self, stream: Stream, text: str) -> None:
        self._hearers.on_text(stream, text)
        self._tails[stream] = ending(self._tails[stream] + text)
        if stream == "stdout" and not self._records.has_begun and self._teller not in _ASKED_RECORDS:
            self._tap.feed(stream, text)

    def _by_its_code(self, returncode: int) -> Told:
        gathered = Gathering(self._hearers)
        gathered.ended = True
        out, err = self._tails["stdout"], self._tails["stderr"]
        problems: tuple[Problem, ...] = ()
        if returncode:
            text = "\n".join(filter(None, (out, err)))
            problems = (Problem(kind="failure", message=f"npm test ended with {returncode}", text=text),)
        said = Said(
            file="package.json",
            reason="its script tells of no test; this is its exit code",
            problems=problems,
            stdout=out,
            stderr=err,
            nodeid=NODEID,
        )
        gathered.add(Case("test", "package.json", "failed" if returncode else "passed", said=said))
        if self._teller and not returncode:
            gathered.fault(f"{self._teller} was to tell of its tests, and told of none")
        return gathered.told("npm test", returncode)


_ASKED_RECORDS = frozenset({"node", "jest", "mocha", "vitest"})


def _found(folder: Path) -> str:
    return "package.json" if test_script(folder) else ""


def _launch(folder: Path, arguments: Sequence[str]) -> Launch:
    npm = program("npm", fix="install Node with npm")
    script = test_script(folder)
    teller = last_program(script)
    environment = {VARIABLE: (mark := new_mark())}
    asked = _ASKED.get(teller, ())
    if runs_node_tests(script):
        teller = teller or "node"
        environment[EXITS_VARIABLE] = new_mark()
        environment["NODE_OPTIONS"] = " ".join(map(_quoted, (f"--require={EXITS}", *reporting())))
    if any(word.split("=", 1)[0] in ("--reporter", "--reporters") for word in arguments):
        asked, teller = (), ""  # the user's own choice
    words = (*asked, *arguments)
    return Launch(
        argv=(npm, "test", "--silent", *(("--", *words) if words else ())),
        environment=environment,
        reader=functools.partial(Script, mark=mark, teller=teller),
    )


def _quoted(word: str) -> str:
    """Return a word as NODE_OPTIONS takes it, where a blank ends one."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if " " in word else word


ENTRY = Tool(name="npm", found=_found, launch=_launch)
