"""The verb `script` as a Python function; `api` is the door it is called through."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from . import config as settings
from . import scripts
from .errors import UsageError
from .executor.cage import SHUT, Doors, Limits, Wanted
from .imports import needs_of
from .onrecord import PYTHON, Caller, carry_out
from .orchestrator import (
    NO_LIMITS,
    NO_MATRIX,
    Check,
    Fixing,
    Heal,
    Report,
    Script,
    Step,
    Sweep,
    Value,
    sweep_of,
)
from .scripts import handing

MOST_FILE_BYTES = 16 * 2**20  #: of a script


def script(
    source: str = "",
    *arguments: str,
    files: Sequence[str | Path] = (),
    lang: str = "",
    stdin: str | Path | None = None,
    cwd: str | Path | None = None,
    inputs: Mapping[str, object] | None = None,
    outputs: Sequence[str] = (),
    first_line: int = 1,
    timeout: float | None = None,
    level: Wanted | None = None,
    doors: Doors = SHUT,
    limits: Limits = NO_LIMITS,
    matrix: Mapping[str, Sequence[Value]] = NO_MATRIX,
    repeat: int = 1,
    jobs: int | None = None,
    fail_fast: bool = False,
    env: Sequence[str] = (),
    heal: bool = True,
    yes: bool = False,
    fixing: Fixing | None = None,
    caller: Caller = PYTHON,
) -> Report:
    """Run `source`, or files, each as a process of its own; what fails is diagnosed.

    Its syntax is checked before any of it runs; of several scripts, that of all
    before the first runs. The first that fails is the last that runs.

    Parameters
    ----------
    source : str
        The code; empty where there are files.
    *arguments : str
        What the script finds after its own name.
    files : sequence of str or Path, optional
        Scripts, from the caller's working directory.
    lang : str, optional
        A language's name; by default that of the first line, else that of the
        file's ending, else Python.
    stdin : str or Path, optional
        What it reads: a text, or a file.
    cwd : str or Path, optional
        Its working directory, in what the run may read.
    inputs : mapping of str to object, optional
        Variables that it finds, by their names.
    outputs : sequence of str, optional
        Variables that it gives back: `report.values`.
    first_line : int, default 1
        The line of the cell that the source begins with: lines are counted from there.
    timeout : float, optional
        Seconds, for each script.
    level : Level or "best", optional
        The cage; by default the setting `cage`, which is `workspace` unless a
        person said otherwise: nobody may have read it.
    doors : Doors, optional
        What is let through the cage (`executor.cage.doors_of`).
    limits : Limits, optional
        What it may use, and each of many runs; what is not said here the
        settings say.
    matrix : mapping of str to sequence, optional
        Run it once for each combination of these values (numbers, texts, true,
        false, None). It finds them as its variables, as `inputs`, as
        `AUTOEXEC_MATRIX_NAME` in its environment and as `{NAME}` in its
        arguments. What it gives back is then a dict, by the runs' names.
    repeat : int, default 1
        Run each combination so many times.
    jobs : int, optional
        How many at once; by default one for each core that may be used.
    fail_fast : bool, default False
        End all at the first that does not pass. By default all are run: what
        fails in a sweep is a result, too.
    env : sequence of str, optional
        Names of environment variables to pass on.
    heal : bool, default True
        Install what a Python script imports and is missing, by proof.
    yes : bool, default False
        Answer what is proved with yes.
    fixing : Fixing, optional
        Carry out what a diagnosis offers, and run it again, within bounds.
    caller : Caller, optional
        Who watches and answers.

    Returns
    -------
    Report
        Its `values` are the variables given back, its `made` the figures shown
        and the files written, its `children` the runs of a sweep.

    Raises
    ------
    ScriptError, SweepFailed, RunTimeout, NeedsPerson, UsageError
        As the verdict says; `Cancelled` when it was stopped.
    """
    start = _here(caller)
    base = Script(
        source=source,
        language=lang,
        arguments=arguments,
        first_line=first_line,
        stdin=_input(stdin, start),
        folder=_folder(cwd, start, doors, level) if cwd is not None else None,
        names=tuple(outputs),
        heal=heal,
    )
    steps = [_of_file(base, path, start) for path in files] if files else [base]
    if files and source.strip():
        raise UsageError("a script is a cell or a file, not both", fix="leave the files out, or the cell")
    if not all(step.source.strip() for step in steps):
        raise UsageError("the script is empty", fix="write the code below the line `%%autoexec script`")
    steps = [_with_values(step, inputs or {}, len(steps)) for step in steps]
    plan: list[Step] = []
    whole: Sequence[Step] = steps
    if matrix or repeat != 1:
        whole = [_swept(steps, sweep_of(steps[0], matrix, repeat=repeat, jobs=jobs, fail_fast=fail_fast))]
    elif len(steps) > 1:
        plan.append(Check(scripts=tuple(steps)))
        whole = [replace(step, is_checked=True) for step in steps]
    if fixing is not None and any(isinstance(step, Sweep) for step in whole):
        why = "what one run of many lacks is not tried for each of them"
        raise UsageError("--fix does not go with --matrix and --repeat", why=why, fix="fix one run, then all")
    needs = tuple(
        need for step in steps if heal and _is_python(step) for need in needs_of(step.source, caller)
    )
    if needs:
        plan.append(Heal(needs=tuple(dict.fromkeys(needs))))
    return carry_out(
        "script",
        _title(steps),
        (*plan, *whole),
        timeout=timeout,
        level=level,
        doors=doors,
        limits=limits,
        env=env,
        yes=yes,
        fixing=fixing,
        caller=caller,
    )


def _here(caller: Caller) -> Path:
    try:
        return (caller.cwd or Path.cwd()).absolute()
    except FileNotFoundError as error:
        raise UsageError("the working directory is gone", fix="%cd to one that is there") from error


def _of_file(base: Script, path: str | Path, start: Path) -> Script:
    file = start / path
    try:
        state = file.stat()
        if not stat.S_ISREG(state.st_mode):  # a pipe would be waited for, a device has no end
            raise UsageError(f"cannot read {path}", why="it is no regular file", fix="check the path")
        if state.st_size > MOST_FILE_BYTES:
            raise UsageError(f"cannot read {path}", why=f"it has more than {MOST_FILE_BYTES:,} bytes")
        source = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"cannot read {path}", why=str(error), fix="check the path") from error
    if not source.strip():
        raise UsageError(f"{path} is empty", fix="check the path")
    return replace(base, source=source, file=file, first_line=1)


def _with_values(step: Script, inputs: Mapping[str, object], count: int) -> Script:
    """Return a step with the values that its script gets.

    Raises
    ------
    UsageError
        Its language, or one of the values, is none for that.
    """
    if not inputs and not step.names:
        return step
    if count > 1 and step.names:
        raise UsageError("--out is for one script", why=f"there are {count}", fix="run them one by one")
    language = _language(step)
    handing.check_names(tuple(inputs), language, "--in")
    handing.check_names(step.names, language, "--out")
    if language.name == "python":
        _check_options(step)
    return replace(step, given=handing.given(inputs, language))


def _check_options(step: Script) -> None:
    """Refuse options with which Python would not find the values."""
    for word in scripts.naming.options_of(step.source, _language(step)):
        if not word.startswith("--") and any(letter in word for letter in "EIS"):
            raise UsageError(
                f"values do not go with python {word}",
                why="with that, Python reads nothing before the script",
                fix=f"leave {word} out of its first line",
            )


def _swept(steps: Sequence[Script], sweep: Sweep) -> Sweep:
    """Return a sweep that can be: of one script, which finds the values as its variables where it has any.

    Raises
    ------
    UsageError
        There are several scripts, or its language cannot have a variable of that name.
    """
    if len(steps) > 1:
        raise UsageError("--matrix and --repeat are for one script", why=f"there are {len(steps)}")
    step, names = steps[0], tuple(name for name, _ in sweep.children[0].values)
    language = _language(step)
    if names and language.hand_over is not None:
        handing.check_names(names, language, "--matrix")
        if language.name == "python":
            _check_options(step)
    return sweep


def _language(step: Script) -> scripts.Language:
    ending = step.file.suffix if step.file is not None else ""
    return scripts.language_of(step.source, step.language, ending)


def _is_python(step: Script) -> bool:
    try:
        return _language(step).name == "python"
    except UsageError:  # which the run says, on the record
        return False


def _input(stdin: str | Path | None, start: Path) -> str | Path | None:
    if not isinstance(stdin, Path):
        return stdin
    path = start / stdin
    if not path.is_file():
        raise UsageError(f"--stdin {stdin} cannot be", why=f"there is no file {path}", fix="check the path")
    return path


def _folder(cwd: str | Path, start: Path, doors: Doors, level: Wanted | None) -> Path:
    """Return the working directory that is asked for.

    Raises
    ------
    UsageError
        It is not there, or the run could not read it.
    """
    folder = start / Path(cwd).expanduser()
    if not folder.is_dir():
        raise UsageError(f"--cwd {cwd} cannot be", why=f"there is no folder {folder}", fix="check the path")
    allowed: Iterable[Path] = (settings.workspace(start), *doors.read, *doors.write)
    real = folder.resolve()
    if level != "open" and not any(real.is_relative_to(place.resolve()) for place in allowed):
        raise UsageError(
            f"--cwd {cwd} cannot be",
            why="it lies outside of the workspace, where the cage lets nothing be read",
            fix=f"--read {cwd} --cwd {cwd}",
        )
    return folder


def _title(steps: Sequence[Script]) -> str:
    names = [step.file.name for step in steps if step.file is not None]
    if names:
        return " ".join(names)
    return next(line.strip() for line in steps[0].source.splitlines() if line.strip())
