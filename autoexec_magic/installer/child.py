"""Start a child that looks at a registry, and read what it answers: a line of JSON for each question.

In a child, because the libraries it needs have no place in the user's kernel, a
hanging registry can be ended, and logins stay off every command line: the
request goes to its standard input. What it answers is other people's text,
which whoever asked makes fit to be shown.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import executor
from ..errors import Cancelled, InstallError, RunTimeout
from ..events import Event, Output
from ..values import Outcome
from .patience import Tell, nobody_told
from .query import TOLD

SECONDS = 300.0
# `-m` would import the module before it runs it; and the folders come last, so that nothing in
# them (a folder of the user's, perhaps) stands before the standard library, as PYTHONPATH would.
_CODE = """
import importlib, sys
sys.path += sys.argv[2:]
sys.exit(importlib.import_module(sys.argv[1]).serve())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What is run: `serve()` of the module `name`, which sees this package and `libraries`.

    `clean` makes a text of it fit to be shown, `fix` is the next thing to type
    where it takes too long, `tell` hears what it waits for.
    """

    name: str
    libraries: Sequence[str]
    clean: Callable[[str], str]
    fix: str
    env: Mapping[str, str] = field(default_factory=dict)
    pass_on: Sequence[str] = ()
    tell: Tell = nobody_told
    run_id: str = ""
    cancel: executor.Cancel | None = None


def answers_of(child: Child, request: object, *, count: int) -> list[dict[str, Any]]:
    """Return what the child says to `request`, which holds `count` questions.

    Raises
    ------
    InstallError, RunTimeout, Cancelled
        It did not answer; nothing was installed.
    """
    lines, outcome = _run(child, json.dumps(request))
    if outcome.ended == "cancelled":
        raise Cancelled("the search for packages was stopped", why="nothing was installed")
    if outcome.ended == "timed-out":
        raise RunTimeout(
            f"the search for packages took longer than {SECONDS:g} s",
            why="nothing was installed",
            fix=child.fix,
        )
    answers = [_read(line, child) for line in lines]
    if not outcome.passed or outcome.dropped_bytes or len(answers) != count:
        said = (outcome.stderr.strip() or f"it {outcome.ended}").splitlines()[-1]
        raise _failed(said, child)
    return answers


def _run(child: Child, request: str) -> tuple[list[str], Outcome]:
    """Run the child; return the lines that are answers, and how it ended."""
    lines, rest = [], ""

    def collect(event: Event) -> None:
        nonlocal rest
        if not isinstance(event, Output) or event.stream != "stdout":
            return
        *whole, rest = (rest + event.text).split("\n")
        for line in whole:
            if line.startswith(f'{{"{TOLD}":'):
                child.tell(child.clean(str(json.loads(line)[TOLD])))
            else:
                lines.append(line)

    outcome = executor.run(
        [sys.executable, "-P", "-c", _CODE, child.name, *_folders(child.libraries)],
        emit=collect,
        phase="install",
        env=child.env,
        pass_on=tuple(child.pass_on),
        stdin=request,
        timeout=SECONDS,
        cancel=child.cancel,
        policy=executor.policy.exactly(sys.executable),
        run_id=child.run_id,
        raw=True,
    )
    return [*lines, *filter(None, [rest])], outcome


def _folders(libraries: Sequence[str]) -> list[str]:
    """Return where this package and the libraries are, wherever this process has them from."""
    found = [str(Path(__file__).parents[2])]
    for name in libraries:
        spec = importlib.util.find_spec(name)
        if spec and spec.origin:
            found.append(str(Path(spec.origin).absolute().parents[1]))
    return list(dict.fromkeys(found))


def _read(line: str, child: Child) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise _failed(line, child) from error
    if not isinstance(answer, dict):
        raise _failed(line, child)
    return answer


def _failed(said: str, child: Child) -> InstallError:
    return InstallError("the search for packages failed", why=child.clean(said), fix="%autoexec doctor")
