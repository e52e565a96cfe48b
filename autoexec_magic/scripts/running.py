"""Run one script: check it, write it down, start it in its cage, and take what it left."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

from .. import executor
from ..errors import ScriptError, UsageError
from ..events import Emit, Event, Progress
from ..values import Outcome
from . import compiled, handing, made, naming, rooms
from .inside import FIGURES
from .job import Done, Fault, Job
from .language import Handover
from .rooms import Room

_SCRIPT, _GIVEN, _TAKEN, _SHOWN, _PROGRAM = "script", "given", "values", "figures", "program"
_FIGURES = {"MPLBACKEND": "module://autoexec_figures"}
_versions: dict[tuple[object, ...], str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a job runs: its room, its script's file, and what stays the same for each of its processes.

    `is_shut` says that the run can do nothing that would not be seen in the workspace.
    """

    room: Room
    path: Path
    bounds: executor.Bounds
    is_shut: bool

    @property
    def shown(self) -> Path:
        """The folder of figures."""
        return self.room.out / _SHOWN


def check(job: Job, *, is_run_next: bool, emit: Emit, **bounds: Unpack[executor.Bounds]) -> Fault | None:
    """Return what is wrong with a script's syntax, or None; none of it is run.

    Where a language has no way to do that in this process, its own parser is
    asked, in the run's cage; not if the script `is_run_next` by a program that
    reads all of it before it runs any: to ask would be to start it twice.

    Raises
    ------
    UsageError, MissingTool
        As `perform`.
    """
    content(job)
    naming.options_of(job.source, job.language)
    text = job.language.parse(job.source if job.file else _written(job), job.name)
    if text:
        return Fault(text=text)
    if is_run_next and job.language.reads_whole:
        return None
    if not job.language.parse_options and job.language.compile is None:
        return None
    with _placed(job, bounds) as place:
        if job.language.compile is not None:
            _, failed = _program(job, place, emit)
            return None if failed is None else Fault(text="", path=str(place.path), outcome=failed)
        argv = (*job.language.start(), *job.language.parse_options, str(place.path))
        said: list[Event] = []
        outcome = _run(argv, job, place, said.append)
    if outcome.passed:
        return None
    for event in said:
        emit(event)
    return Fault(text="", path=str(place.path), outcome=outcome)


def perform(job: Job, *, emit: Emit, **bounds: Unpack[executor.Bounds]) -> Done:
    """Run a script to its end, and return how it ended and what it left.

    Its syntax is `check`'s. The options of a first line such as
    `#!/bin/bash -e` hold.

    Parameters
    ----------
    job : Job
        The script.
    emit : callable
        Gets the output.
    **bounds
        As in `executor.run`.

    Raises
    ------
    UsageError
        The script is empty, is no text, or has a first line that cannot hold.
    MissingTool
        The language's program is not there.
    """
    language = job.language
    content(job)
    options = naming.options_of(job.source, language)
    with _placed(job, bounds) as place:
        if language.compile is not None:
            start, failed = _program(job, place, emit)
            if failed is not None:
                return Done(outcome=failed, path=str(place.path), is_compiled=False, has_written=False)
            argv = [str(start), *job.arguments]
            read = (*place.bounds["doors"].read, Path(start).parent)
            bounds_of = place.bounds | {"doors": replace(place.bounds["doors"], read=read)}
            place = replace(place, bounds=bounds_of)
        else:
            argv = [*language.start(), *options]
        return _started(argv, job, place, emit)


def content(job: Job) -> bytes:
    """Return what is written to a cell's file.

    Raises
    ------
    UsageError
        The script is empty, or is no text.
    """
    if not job.source.strip():
        raise UsageError("the script is empty", fix="write the code below the line `%%autoexec script`")
    try:
        return _written(job).encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError("the script is no text", why=str(error), fix="write the character anew") from error


def _written(job: Job) -> str:
    """Return a script with its lines where they stand in the cell, without what only notebooks read."""
    source, before = job.source, "\n" * (job.first_line - 1)
    first = naming.first_line(source).line
    is_foreign = first.startswith("#!") and (before or source[:2] != "#!") and job.language.comment != "#"
    if first.startswith("%%") or is_foreign:
        at = source.index(first)
        return f"{before}{source[:at]}{job.language.comment} {source[at + 2 :]}"
    return before + source


def _started(argv: list[str], job: Job, place: _Place, emit: Emit) -> Done:
    language, variables = job.language, dict(_FIGURES)
    # A copy of a file finds what the file does: what lies beside it, then what does in the working directory.
    is_copy = job.file is not None and job.is_patched and job.file.parent != job.cwd
    folders = (job.file.parent, job.cwd) if job.file is not None and is_copy else (job.cwd,)
    variables |= {"AUTOEXEC_FIGURES": str(place.shown), **language.environment(*folders)}
    if job.given or job.names:
        options, more = _handed(job, place.room, variables)
        argv, variables = [*argv, *options], {**variables, **more}
    elif job.file is None or place.path != job.file:
        argv = [*argv, *language.options(place.path, folders[0])]
    if language.compile is None:
        argv = [*argv, str(place.path), *job.arguments]
    since = made.mark(place.path if place.path.parent == place.room.path else _stamp(place.room))
    outcome = _run(argv, job, place, emit, variables)
    found = made.find(job.cwd, since, place.shown)
    values, error = _taken(job, place.room, outcome)
    return Done(
        outcome=outcome,
        path=str(place.path),
        values=values,
        made=found.made,
        has_more=not found.is_all,
        has_written=not place.is_shut
        or (not outcome.passed and made.has_written(job.workspace or job.cwd, since)),
        error=error,
    )


def _stamp(room: Room) -> Path:
    file = room.path / "started"
    file.touch(mode=0o600)
    return file


@contextlib.contextmanager
def _placed(job: Job, bounds: executor.Bounds) -> Iterator[_Place]:
    """Give a room with the script in it, or the script where it is, and the bounds with what it reads."""
    with rooms.lend() as room:
        path = room.path / (job.file.name if job.file else f"{_SCRIPT}{job.ending}")
        if job.file is not None and not job.is_patched and _is_readable(job.file, job):
            path = job.file
        else:
            path.write_bytes(content(job))
        doors = bounds.get("doors", executor.cage.SHUT)
        is_caged = bounds.get("level", "open") != "open"
        # What gets out of the cage may have been done, whatever is left of it in the workspace.
        is_shut = is_caged and doors.net in ("none", ()) and not doors.unix and not doors.write
        if is_caged:
            read = (*doors.read, *job.language.places(job.cwd), room.path, FIGURES.parent)
            read = (*read, path) if path == job.file else read
            doors = replace(doors, read=read, write=(*doors.write, room.out))
        yield _Place(room=room, path=path, bounds=bounds | {"doors": doors}, is_shut=is_shut)


def _is_readable(file: Path, job: Job) -> bool:
    """Whether a script's own file can be read by a run, being in the project: then it is run where it is."""
    root = job.workspace or job.cwd
    return file.resolve().is_relative_to(root.resolve())


def _run(
    argv: Sequence[str],
    job: Job,
    place: _Place,
    emit: Emit,
    variables: Mapping[str, str] | None = None,
) -> Outcome:
    return executor.run(
        argv,
        emit=emit,
        cwd=job.cwd,
        env=variables,
        stdin=job.stdin if variables is not None else None,
        policy=executor.policy.exactly(argv[0]),
        project=job.workspace,
        **place.bounds,
    )


def _handed(job: Job, room: Room, present: Mapping[str, str]) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Write down what a script gets, and return what makes it find that."""
    given, taken = room.path / _GIVEN, room.out / _TAKEN
    given.mkdir(mode=0o700)
    taken.mkdir(mode=0o700)
    for value in job.given:
        for name, data in value.files.items():
            (given / value.name).mkdir(mode=0o700, exist_ok=True)
            (given / value.name / name).write_bytes(data)
    assert job.language.hand_over is not None
    texts = {value.name: value.text for value in job.given}
    return job.language.hand_over(
        Handover(given=given, taken=taken, names=job.names, texts=texts, present=present)
    )


def _taken(job: Job, room: Room, outcome: Outcome) -> tuple[dict[str, object], ScriptError | None]:
    """Return what a script gave back, one by one where it failed; and what kept one from coming back."""
    found: dict[str, object] = {}
    for name in job.names:
        try:
            found |= handing.taken(room.out / _TAKEN, [name])
        except ScriptError as error:
            if outcome.passed:
                return found, error
    return found, None


def _program(job: Job, place: _Place, emit: Emit) -> tuple[Path | str, Outcome | None]:
    """Return the program that a script is compiled to, or how its compiler failed."""
    language = job.language
    assert language.compile is not None
    source = place.path.read_bytes()
    compiler = language.start()
    to = place.room.out / _PROGRAM
    options = language.compile(Path("SOURCE"), Path("PROGRAM"))
    key = ""
    if job.cache is not None:
        key = compiled.key_of(source, _version(compiler[0], job, place), (language.name, *options))
        if found := compiled.found(job.cache, key):
            return found, None
    emit(Progress(phase="run", text=f"compiling {job.name}"))
    outcome = _run((*compiler, *language.compile(place.path, to)), job, place, emit)
    if not outcome.passed:
        return "", outcome
    if job.cache is None or compiled.holds_variables(to):
        return to, None
    return compiled.keep(job.cache, key, to, place.path, job.cwd), None


def _version(compiler: str, job: Job, place: _Place) -> str:
    """Return what tells this compiler from others: asked once, as long as nothing that chooses it changes."""
    state = _chosen_by(compiler, job.cwd)
    if state not in _versions:
        outcome = _run((compiler, "-vV"), job, place, lambda event: None)
        if not outcome.passed:
            why = (outcome.stderr.strip().splitlines() or [""])[-1]
            raise ScriptError(f"{compiler} cannot say its version", why=why, fix=f"try {compiler} -vV")
        _versions[state] = outcome.stdout
    return f"{compiler}\n{_versions[state]}"


def _chosen_by(compiler: str, cwd: Path) -> tuple[object, ...]:
    """Return the state of all that decides which compiler a name is: the file, and rustup's settings."""
    home = Path(os.environ.get("RUSTUP_HOME") or "~/.rustup").expanduser()
    names = [Path(compiler), Path(compiler).resolve(), home / "settings.toml"]
    for folder in (cwd, *cwd.parents):
        names += [folder / "rust-toolchain", folder / "rust-toolchain.toml"]
    states: list[object] = [compiler, os.environ.get("RUSTUP_TOOLCHAIN")]
    for path in names:
        with contextlib.suppress(OSError):
            at = path.stat()
            states.append((str(path), at.st_ino, at.st_size, at.st_mtime_ns))
    return tuple(states)
