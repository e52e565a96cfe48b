"""Carry out what a diagnosis offers: one function for each kind of action.

Each takes what failed and returns what to run next, or raises `Left` where it
is a person's to do. The words of an action come out of a failure's text, so
none is trusted: a module is a name that the installer then proves, a folder
must lie in the workspace, a limit is raised by a bounded step, a patch is
judged, and what opens a cage is always a question to a person.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ... import sizes
from ...errors import UsageError
from ...executor.cage import doors_of
from ...values import Action, ActionKind, Question
from .attempt import Attempt, Change, Failure, Hands, Left
from .doubts import doubts
from .patch import BadPatch, diff, has_unseen, replaced
from .sent import in_source

MOST_TIMES = 4.0  #: a limit is raised at most so many times in one round
MOST_MEMORY = 0.8  #: of the machine's memory, whatever is asked for
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,6})?")
_MODULE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_SIZES = ("--memory", "--file-size", "--output-limit")  # limits in bytes; the others are seconds, or a number
_OPENS = {"--net": "net", "--read": "read", "--write": "write"}  # options with a value; `--unix` has none


def carry_out(failure: Failure, attempt: Attempt, hands: Hands) -> Change:
    """Return what to run next by the action of a failure's diagnosis.

    Raises
    ------
    Left
        It has none, or it is a person's to do; the text says why.
    """
    action = failure.diagnosis.action
    if action is None:
        raise Left("nothing can be done about it without a person")
    if any(has_unseen(word) for word in action.values):
        raise Left("its action has characters that cannot be seen")
    return _ACTIONS[action.kind](action, failure, attempt, hands)


def install(action: Action, failure: Failure, attempt: Attempt, hands: Hands) -> Change:
    """Make modules importable: by proof, as `%autoexec install` does."""
    for module in action.values:
        if not _MODULE.fullmatch(module):
            raise Left("that is no name of a module")
    if not action.values or hands.install is None:
        raise Left("nothing is installed here")
    added = hands.install(action.values)
    what = f"installed {', '.join(added)}" if added else f"looked for {', '.join(action.values)}"
    return Change(
        attempt=replace(attempt, environment=(*attempt.environment, *added)), by="install", what=what
    )


def run_cells(action: Action, failure: Failure, attempt: Attempt, hands: Hands) -> Change:
    """Run the cells that what failed depends on."""
    if hands.run_cells is None or not action.values:
        raise Left("there are no cells here that could be run")
    if all(number in attempt.cells for number in action.values):
        raise Left(f"{_cells(action.values)} has been run for it already")
    hands.run_cells(action.values)
    return Change(
        attempt=replace(attempt, cells=(*attempt.cells, *action.values)),
        by="run-cells",
        what=f"ran {_cells(action.values)}",
    )


def _cells(values: Sequence[str]) -> str:
    """Return the cells of an action as people say them: an id is nothing that a person sees.

    Examples
    --------
    >>> _cells(("3",)), _cells(("#2", "3")), _cells(("0b1c-9f", "3"))
    ('cell [3]', 'code cell 2, cell [3]', 'the 2 cells that it depends on')
    """
    if all(value.removeprefix("#").isdecimal() for value in values):
        return ", ".join(f"code cell {one[1:]}" if one[:1] == "#" else f"cell [{one}]" for one in values)
    many = "cell" if len(values) == 1 else f"{len(values)} cells"
    return f"the {many} that it depends on"


def limit(action: Action, failure: Failure, attempt: Attempt, hands: Hands) -> Change:
    """Raise a limit to what is asked for, by a bounded step."""
    option, asked = (*action.values, "", "")[:2]
    present = dict(attempt.limits).get(option, 0.0)
    wanted = _amount(option, asked)
    if not present or wanted is None:
        raise Left("that is no limit" if wanted is None else f"{option} is no limit that is in force here")
    value = min(wanted, present * MOST_TIMES)
    if option == "--memory":
        if not hands.memory_bytes:
            raise Left("nobody can say how much memory this machine has")
        value = min(value, hands.memory_bytes * MOST_MEMORY)
    if value <= present:
        raise Left(f"{option} cannot be raised above {spelled(option, present)}")
    limits = tuple((name, value if name == option else old) for name, old in attempt.limits)
    what = f"raised {option} from {spelled(option, present)} to {spelled(option, value)}"
    return Change(attempt=replace(attempt, limits=limits), by="limit", what=what)


def folder(action: Action, failure: Failure, attempt: Attempt, hands: Hands) -> Change:
    """Run in another folder of the workspace."""
    try:
        given = Path(*action.values[:1]).expanduser()
    except RuntimeError:  # a home of nobody
        raise Left("there is no such folder") from None
    wanted = attempt.folder / given
    if not action.values or not wanted.is_dir():
        raise Left("there is no such folder")
    real, root = Path(os.path.realpath(wanted)), Path(os.path.realpath(hands.root))
    if real != root and root not in real.parents:
        raise Left(f"{given} is not in the workspace; change to it yourself")
    return Change(attempt=replace(attempt, folder=real), by="folder", what=f"ran it in {given}")


def allow(action: Action, failure: Failure, attempt: Attempt, hands: Hands) -> Change:
    """Open a cage, if a person says so: no option answers that."""
    words = " ".join(action.values)
    options = _opened(action.values)
    try:
        wanted = doors_of(
            net=",".join(options["net"]),
            unix="--unix" in action.values,
            read=options["read"],
            write=options["write"],
            cwd=attempt.folder,
        )
    except UsageError as error:
        raise Left(str(error.why or error.what)) from error
    question = Question(
        text=f"let it through its cage with {words} ?",
        evidence=(failure.diagnosis.why,),
        fix=f"add {words} to the line, if what runs may have that",
        needs_person=True,
    )
    if not hands.person(question):
        raise Left(f"a person did not allow {words}")
    had = attempt.doors
    ports = had.net if wanted.net == "none" else wanted.net
    if isinstance(had.net, tuple) and isinstance(wanted.net, tuple):
        ports = tuple(dict.fromkeys((*had.net, *wanted.net)))
    elif "all" in (had.net, wanted.net):
        ports = "all"
    doors = replace(
        had,
        net=ports,
        unix=had.unix or wanted.unix,
        read=tuple(dict.fromkeys((*had.read, *wanted.read))),
        write=tuple(dict.fromkeys((*had.write, *wanted.write))),
    )
    return Change(attempt=replace(attempt, doors=doors), by="allow", what=f"allowed {words}")


def restart(action: Action, failure: Failure, attempt: Attempt, hands: Hands) -> Change:
    """Say that the kernel has to begin anew; all that is in it would be lost."""
    raise Left("restart the kernel, then run the cells again: nobody else does that")


def replace_(action: Action, failure: Failure, attempt: Attempt, hands: Hands) -> Change:
    """Write something else in the line that failed: a patch, shown like any other."""
    if len(action.values) != 2:
        raise Left("it does not say what to write in the place of what")
    old, new = action.values
    frame = failure.diagnosis.frame
    line, text = (frame.line, frame.source) if frame else (0, "")
    try:
        source = replaced(attempt.source, line, old, new, failed=text)
    except BadPatch as error:
        raise Left(str(error)) from error
    return patched(source, failure, attempt, hands, by="replace", what=f"wrote {new} for {old}")


def patched(
    source: str,
    failure: Failure,
    attempt: Attempt,
    hands: Hands,
    *,
    by: str,
    what: str,
    on_trial: bool = False,
) -> Change:
    """Return the change to a patched source, if a person, or `--auto` in a cage, applies it.

    Raises
    ------
    Left
        Nobody applied it, or what comes of it is no program.
    """
    made = in_source(diff(attempt.source, source, attempt.name), hands.shorten)
    if not made:
        return Change(attempt=attempt, by=by, what=what)
    try:
        before, after = hands.plain(attempt.source), hands.plain(source)
        found = doubts(before, after, language=attempt.language, failed=failure.failed_line)
    except BadPatch as error:
        raise Left(str(error)) from error
    found = tuple(map(hands.shorten, found))
    if found or not hands.may_patch:
        question = Question(
            text=f"run {attempt.name} with this change?",
            evidence=(*made.split("\n"), *(f"look: it {item}" for item in found)),
            fix="make the change yourself, or answer where a person is asked",
            needs_person=bool(found) or by == "model",
        )
        answer = hands.person if question.needs_person else hands.ask
        if not answer(question):
            raise Left(f"a person did not apply it: {what}")
    return Change(
        attempt=replace(attempt, source=source),
        by=by,
        what=what,
        patch=made,
        doubts=found,
        is_on_trial=on_trial,
    )


def spelled(option: str, value: float) -> str:
    """Return a limit as it is typed.

    Examples
    --------
    >>> spelled("--memory", 2.5 * 2**30), spelled("--timeout", 20.0)
    ('2560M', '20')
    """
    if option not in _SIZES:
        return f"{value:g}"
    size = int(value)
    return sizes.spelled(size - size % 2**20 if size > 2**20 else size)  # by whole megabytes


def _amount(option: str, asked: str) -> float | None:
    """Return the limit that a word means for an option, None where it is no number."""
    try:
        if option in _SIZES:
            return float(sizes.size_of(asked))
        return float(asked) if _NUMBER.fullmatch(asked) else None
    except ValueError:
        return None


def machine_memory() -> int:
    """Return the bytes of memory that this process may hope for; 0 where nobody can say."""
    found = []
    try:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError, AttributeError):
        return 0
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            found.append(int(Path(path).read_text()))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return min(found)


def _opened(words: tuple[str, ...]) -> dict[str, list[str]]:
    """Return what each option of an `allow` opens; only what opens a door is one."""
    found: dict[str, list[str]] = {name: [] for name in _OPENS.values()}
    rest = list(words)
    while rest:
        option, _, value = rest.pop(0).partition("=")
        if option == "--unix" and not value:
            continue
        if option not in _OPENS or not (value or rest):
            raise Left("that opens no door of a cage")
        found[_OPENS[option]].append(value or rest.pop(0))
    if not words:
        raise Left("that opens no door of a cage")
    return found


_ACTIONS: Mapping[ActionKind, Callable[[Action, Failure, Attempt, Hands], Change]] = {
    "install": install,
    "run-cells": run_cells,
    "limit": limit,
    "folder": folder,
    "allow": allow,
    "restart": restart,
    "replace": replace_,
}
