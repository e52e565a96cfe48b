"""What an entry in the table of test tools says, and what reads its words."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from ...errors import MissingTool
from ...values import Stream
from ..cases import Case
from ..told import OnCase, Told
from .inside import FOLDER

OnStart: TypeAlias = Callable[[str], object]
OnText: TypeAlias = Callable[[Stream, str], object]


class Reader(Protocol):
    """Takes what a tool writes while it runs, and says at the end what the run came to."""

    def feed(self, stream: Stream, text: str) -> None:
        """Take a piece, which may begin and end anywhere in a line; nothing in it raises."""

    def end(self, returncode: int) -> Told:
        """Return what the run came to; `returncode` is the tool's own, negative for a signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearers:
    """Who is told while a run goes on.

    Parameters
    ----------
    on_start : callable
        Takes the nodeid of a test that begins, where the tool says so.
    on_case : callable
        Takes each case that is over, once, with all that is known of it.
    on_text : callable
        Takes stream and text of what is to be shown as it is: what tests and
        tool wrote, without the lines that are for us.
    """

    on_start: OnStart = lambda nodeid: None
    on_case: OnCase = lambda case: None
    on_text: OnText = lambda stream, text: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One run of a tool: what to start, and who reads it.

    `environment` is set on top of what the process has. `reader` is of this
    run alone: the tool's lines carry a mark that was made for it. `places` have
    to be read in a cage, beside the tool and the project.
    """

    argv: tuple[str, ...]
    reader: Callable[[Hearers], Reader]
    environment: Mapping[str, str]
    places: tuple[Path, ...] = (FOLDER,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One test tool of another language.

    Parameters
    ----------
    name : str
        As a user says it: "node", "npm", "cargo".
    found : callable
        Takes a folder, returns what in it says that the tool runs its tests (a
        file's name), or "". It reads files there and starts nothing.
    launch : callable
        Takes the folder and the user's further arguments, and returns the
        `Launch`; raises `MissingTool` where the tool is not on this machine.
    only : callable
        Takes cases of an earlier run; returns the arguments with which `launch`
        runs those again, and as few others as the tool can. Empty means all.
    """

    name: str
    found: Callable[[Path], str]
    launch: Callable[[Path, Sequence[str]], Launch]
    only: Callable[[Sequence[Case]], tuple[str, ...]] = lambda cases: ()


def program(name: str, *, fix: str) -> str:
    """Return this program as an absolute path.

    Raises
    ------
    MissingTool
        `PATH` has none.
    """
    # A relative entry of PATH means the workspace's own files, which run only by policy.
    folders = [folder for folder in os.get_exec_path() if Path(folder).is_absolute()]
    if found := shutil.which(name, path=os.pathsep.join(folders)):
        return found
    raise MissingTool(f"there is no {name} on this machine", fix=fix)
