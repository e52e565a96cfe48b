"""Whether it was the cage that denied something, and which option would allow it.

"Permission denied" alone says nothing: the file may be somebody else's. So the
path is taken from the message and held against the rules that the kernel was
given. Denials have their own errors: EACCES from Landlock (EXDEV for a link or
rename), EROFS from mounts, EPERM from seccomp, and in bubblewrap a place that
is not allowed is not there.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from ...values import Denial, Door
from . import named
from .network import explain_network
from .request import Net
from .rules import Rule, is_below, secret_in

Answer: TypeAlias = Literal["cage", "protected", "ordinary"]

_DENIED = r"(?:[Pp]ermission denied|EACCES|Read-only file system|EROFS|cross-device|EXDEV|os error (?:13|30))"
_ABSENT = r"(?:No such file or directory|ENOENT)"
_NOT_THERE = re.compile(rf"{_ABSENT}|FileNotFound|os error 2\b|[nN]ot found|[nN]ot exist|[nN]on-existent")
_QUOTED = re.compile(r"""['"‘`]([^'"’`\n]{1,4096})['"’`]""")
_BARE = re.compile(r"(?:^|[\s:(])((?:/|\.{0,2}/|[\w.-]+/)[^\s:'\"]+|[\w-]+\.[\w.-]+)(?=[:\s),]|$)")
_WRITES = re.compile(
    r"[Rr]ead-only|EROFS|cross-device|EXDEV|[cC]annot (?:save|create|touch|remove|move|overwrite|make)"
    r"|lock|mkdir|unlink|rename|[wW]rit|copyfile"
)
_WRITES_IN_CODE = re.compile(
    r"\bwrite|\bcreate|(?:^|[\s\d&])>{1,2}\s*[\w/.~$'\"]|\bcp\b|\bmv\b|\bmkdir|\btouch\b|\btee\b"
)
_OF_SHELL = re.compile(r"^\S{1,4096}: line \d{1,9}: ")
_UNIX = re.compile(
    r"AF_UNIX|multiprocessing/(?:managers|forkserver|connection|resource_sharer)|unix socket"
    r"|/[^\s'\"]*\.sock\b"
)
_UNSAID = "the network"
_TAIL_CHARS = 8192  # what is said last; and the expressions above look ahead
_TERMINAL = re.compile(r"out of pty devices|/dev/ptmx|openpty|forkpty")


def explain(path: Path, *, write: bool, rules: Sequence[Rule], shut: Sequence[str]) -> Answer:
    """Return who would deny this: the cage, its protection of what governs a run, or an ordinary mode.

    Parameters
    ----------
    path : Path
        Absolute.
    write : bool
        Whether to write or to read.
    rules : sequence of Rule
        The cage's; without any, it denies nothing.
    shut : sequence of str
        The protected paths.
    """
    if not rules:
        return "ordinary"
    resolved = os.path.realpath(path)
    if write and any(is_below(resolved, root) for root in shut):
        return "protected"
    wanted = ("write", "device") if write else ("read", "write", "device")
    allowed = any(rule.access in wanted and is_below(resolved, rule.path) for rule in rules)
    return "ordinary" if allowed else "cage"


def explain_failure(
    text: str,
    *,
    folder: Path,
    rules: Sequence[Rule],
    shut: Sequence[str],
    net: Net = "none",
    has_unix: bool = False,
    home: Path | None = None,
    source: str = "",
) -> Denial | None:
    """Return the denial that the end of `text`, what a child wrote, tells of; None if it was none of ours.

    Parameters
    ----------
    text : str
        The standard error output.
    folder : Path
        Where relative paths begin.
    rules, shut : sequence
        As in `explain`.
    net : "none", "all" or tuple of int
        What was let through of the network.
    has_unix : bool
        Whether unix sockets could be opened.
    home : Path, optional
        The folder that the child had for a home.
    source : str, optional
        The code that it ran: where no message names a path or an address, what
        stands in the line that failed is looked at.
    """
    if not rules:
        return None
    text = text[-_TAIL_CHARS:]
    for line in reversed(text.splitlines()):
        if home and (found := _of_home(line, str(home), rules)):
            return found
        if found := _of_path(line, folder, rules, shut):
            return found
    part = named.part_of(source, text)
    door = _of_door(text, net=net, has_unix=has_unix, source=part)
    if door and door.thing == _UNSAID and part != source:  # the line that made a socket says no address
        door = _of_door(text, net=net, has_unix=has_unix, source=source) or door
    return door or _of_source(text, part, folder, rules, shut)


def _of_source(
    text: str, source: str, folder: Path, rules: Sequence[Rule], shut: Sequence[str]
) -> Denial | None:
    """Return what a script names in its own line, where its message says only that it was denied."""
    if not re.search(_DENIED, text):
        return None
    writes = bool(_WRITES.search(text) or _WRITES_IN_CODE.search(source))
    for word in named.paths_in(source):
        path = Path(os.path.normpath(folder / word))
        if explain(path, write=writes, rules=rules, shut=shut) == "protected":
            return _protected(path)
        is_there = os.path.lexists(path) or (writes and path.parent.is_dir())
        if is_there and explain(path, write=writes, rules=rules, shut=shut) == "cage":
            return _outside(path, writes=writes)
    return None


def _of_home(line: str, home: str, rules: Sequence[Rule]) -> Denial | None:
    """Return what is there below the person's home, and was looked for below the child's."""
    if not _NOT_THERE.search(line):
        return None
    for word in _named(line):
        path = os.path.normpath(word)
        if not is_below(path, home) or os.path.lexists(path):
            continue
        own = Path(os.path.expanduser("~"), os.path.relpath(path, home))
        if not os.path.lexists(own):
            continue  # it is not there outside either
        kind: Door = "write" if _says_write(line, word) else "read"
        if explain(own, write=kind == "write", rules=rules, shut=()) == "ordinary":
            why = f"in the cage ~ is an empty folder of its own; {own} is let through, if opened by that path"
            return Denial(door=kind, thing=str(own), option="", why=why)
        why = f"in the cage ~ is an empty folder of its own; {own} is not let through"
        return _denial(kind, own, own, f"{why}, and has to be opened by that path")
    return None


def _says_write(line: str, named: str) -> bool:
    """Whether a message is about writing; a path in it may hold any word."""
    return bool(_WRITES.search(line.replace(named, "")))


def _named(line: str) -> list[str]:
    """Return what may be a path in a line of text."""
    return [*_QUOTED.findall(line), *_BARE.findall(line)]


def _of_path(line: str, folder: Path, rules: Sequence[Rule], shut: Sequence[str]) -> Denial | None:
    line = _OF_SHELL.sub("", line)  # its own file, which it may read
    denied = re.search(_DENIED, line)
    if not denied and not re.search(_ABSENT, line):
        return None
    for word in _named(line):
        path = Path(os.path.normpath(folder / word))
        if not denied and not os.path.lexists(path):
            continue  # it is not there outside either
        # What is not there is denied to nobody but who would make it: a reader hears that it is not there.
        is_new = path.parent.is_dir() and not os.path.lexists(path)
        writes = is_new or _says_write(line, word)
        answer = explain(path, write=writes, rules=rules, shut=shut)
        if answer == "ordinary" and not writes and denied:
            writes, answer = True, explain(path, write=True, rules=rules, shut=shut)
        if answer == "protected":
            return _protected(path)
        if answer == "cage":
            return _outside(path, writes=writes)
    return None


def _protected(path: Path) -> Denial:
    why = f"{path} governs what runs here, so nothing that runs may write it"
    return Denial(door="write", thing=str(path), option="", why=why)


def _outside(path: Path, *, writes: bool) -> Denial:
    place = path
    while writes and not place.exists():  # a rule is about something that is there
        place = place.parent
    kind: Door = "write" if writes else "read"
    return _denial(kind, path, place, f"the cage does not let a run {kind} {path}")


def _denial(kind: Door, path: Path, place: Path, why: str) -> Denial:
    """Return the denial of `path`, with the option that lets `place` through, if any can."""
    option = f"--{kind} {shlex.quote(str(place))}"
    if secret_in(os.path.realpath(place)):
        option = ""
        why += f"; no cage lets all of {place} through, as keys are kept there: name a file or folder in it"
    return Denial(door=kind, thing=str(path), option=option, why=why)


def _of_door(text: str, *, net: Net, has_unix: bool, source: str) -> Denial | None:
    if _TERMINAL.search(text):
        why = "the cage does not let a run open a terminal of its own"
        return Denial(door="terminal", thing="a pseudo-terminal", option="--pty", why=why)
    if not has_unix and _UNIX.search(text) and re.search(r"Errno 1\]|EPERM|not permitted|EOFError", text):
        why = "the cage does not let a run open unix sockets"
        return Denial(door="unix", thing="a unix socket", option="--unix", why=why)
    return explain_network(text, net, source=source)
