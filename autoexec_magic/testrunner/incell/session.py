"""pytest in this process: the options it is given, and what it came to."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ...errors import Cancelled, UsageError
from ..running import TIMED_OUT
from ..told import Broke, Fold, Told
from .asked import Asked, Voice
from .hooks import InCell
from .sink import Sink
from .voices import Voices

_PLAIN = re.compile(r"\w[\w.]*")  # a name in which pytest finds no option, and nothing to split
_ANSI = re.compile(r"\x1b\[[0-9;]*m")  # a kernel sets FORCE_COLOR
_USAGE, _HELP = 4, "%autoexec sh python -m pytest --help"


def told(asked: Asked, memory: Path) -> Told:
    """Run the cell's tests and return what they came to.

    Raises
    ------
    UsageError, Cancelled
        As `run` says.
    """
    heard: list[str] = []

    def hear(voice: Voice, text: str) -> None:
        if voice == "pytest":
            heard.append(text)
            del heard[:-100]
        asked.on_text(voice, text)

    voices = Voices(hear)
    fold = Fold(*(_outside(voices, call) for call in (asked.on_start, asked.on_case, asked.on_count)))
    plugin = InCell(asked, Sink(fold, asked.title), voices)
    code, fault = _run(plugin, _words(asked, memory), voices)
    voices.hand_on()
    if code == _USAGE and not plugin.is_stopped:
        raise _misused("".join(heard))
    if code == 0 and not plugin.sink.has_begun:  # `--help` and the like run nothing
        return Told(cases=(), exit=0, pytest=pytest.__version__)
    late = asked.late()
    broke = Broke(kind=TIMED_OUT, how=late, is_from_outside=True) if late else None
    result = fold.end(code, broke)
    faults = (*filter(None, (fault, plugin.fault)), *result.faults)
    result = dataclasses.replace(result, faults=faults)
    if plugin.is_stopped:
        stopped = Cancelled("the tests were stopped", why="interrupted; teardown is done")
        stopped.report = result
        raise stopped
    return result


def _run(plugin: InCell, words: list[str], voices: Voices) -> tuple[int, str]:
    """Return pytest's exit code, and why it cannot be believed or ""."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST"):
        os.environ.pop(name, None)  # as `addopts`: meant for whole projects
    sys.dont_write_bytecode = True  # nothing is left in the workspace
    sys.stdout, sys.stderr = voices.tests
    code, fault = int(pytest.ExitCode.INTERNAL_ERROR), ""
    try:
        code = int(pytest.main(words, plugins=[plugin, plugin.sink.telling]))
    except KeyboardInterrupt:  # a second one, into the teardown after the first
        plugin.is_stopped, code = True, int(pytest.ExitCode.INTERRUPTED)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - what a plugin raises is anything
        voices.mend()
        fault = f"pytest itself failed: {type(error).__name__}: {error}"
    finally:
        voices.mend()
    plugin.end_if_child()
    return code, fault


def _words(asked: Asked, memory: Path) -> list[str]:
    """Return pytest's arguments: its configuration here counts, but for what is meant for whole projects.

    `addopts` is left out: `-n auto`, `--cov`, `--junitxml` of a project are not a cell's.
    """
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(memory / "hypothesis"))
    settings = ("addopts=", "log_file=", f"cache_dir={memory / 'pytest'}")
    ours = [word for setting in settings for word in ("-o", setting)]
    # pytest would point faulthandler, which the kernel has on, somewhere else for good.
    return [_anchor(), *ours, "-p", "no:faulthandler", "--color=no", *asked.arguments]


def _anchor() -> str:
    """Return a file of this folder, so that its conftest.py counts and those of `test*` below do not."""
    with os.scandir() as entries:
        names = [entry.name for entry in entries if _PLAIN.fullmatch(entry.name) and entry.is_file()]
    return "conftest.py" if "conftest.py" in names else min(names, default=".")


def _outside(voices: Voices, call: Callable[[Any], object]) -> Callable[[Any], object]:
    def called(value: Any) -> None:
        voices.hand_on()
        with voices.outside():
            call(value)

    return called


def _misused(said: str) -> UsageError:
    """Return what pytest said of its options, its configuration or a conftest.py."""
    lines = [line.strip() for line in _ANSI.sub("", said).splitlines() if line.strip()]
    errors = [line.partition("error: ")[2] for line in lines if ": error: " in line]
    errors += [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    what = next((line for line in errors if not line.startswith("usage:")), "".join(lines[:1]))
    why = next((line[1:].strip() for line in reversed(lines) if line.startswith("E  ")), "")
    fix = "mend it, or leave it out with --noconftest" if "conftest" in what else _HELP
    return UsageError(what.rstrip(".:") or "pytest was called wrongly", why=why or "pytest says so", fix=fix)
