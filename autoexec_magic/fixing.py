"""The verb `fix` as Python functions; `api` is the door they are called through."""

from __future__ import annotations

from pathlib import Path

from . import config as settings
from . import installer
from .errors import UsageError
from .onrecord import PYTHON, Caller, carry_out
from .orchestrator import Fix, Report


def fix(
    *paths: str | Path,
    check: bool = False,
    sync: bool = False,
    cell: bool = False,
    yes: bool = False,
    caller: Caller = PYTHON,
) -> Report:
    """Make notebooks and projects importable here, and write down what that takes.

    Parameters
    ----------
    *paths : str or Path
        Notebooks, Python files, and folders, each a project; by default this
        notebook, where it is known, else the workspace.
    check : bool, default False
        Only say what is missing: nothing is installed or written, and the
        network is not asked.
    sync : bool, default False
        Install what the notebooks' locks name, by version and hash.
    cell : bool, default False
        Give a notebook the PEP 723 block as its first cell, too.
    yes : bool, default False
        Answer what is proved with yes.
    caller : Caller, optional
        Who watches and answers.

    Raises
    ------
    PhaseError, InstallError, NeedsPerson, UsageError
        As the verdict says; `report` of the error has all that was found, and
        done. `Cancelled` when it was stopped.
    """
    if check and (sync or cell):
        raise UsageError("--check does nothing else", fix="%autoexec fix --check PATH …")
    start = (caller.cwd or Path.cwd()).absolute()
    own = Path(caller.notebook) if caller.notebook.endswith(".ipynb") else None
    usual = own if own is not None and own.is_file() else settings.workspace(start)
    found = tuple(start / path for path in paths) or (usual,)
    step = Fix(paths=found, check=check, sync=sync, cell=cell)
    title = " ".join(map(str, paths)) or usual.name
    return carry_out("fix", title, (step,), yes=yes, caller=caller)


def locked(path: str | Path, form: str = "script", caller: Caller = PYTHON) -> str:
    """Return a notebook's lock as text that uv and pip read; change nothing.

    Parameters
    ----------
    path : str or Path
        The notebook.
    form : str, default "script"
        `script`, a PEP 723 block for `uv run --script`, or `requirements`,
        lines with hashes for `pip install --require-hashes -r`.
    caller : Caller, optional
        Where `path` starts.

    Raises
    ------
    UsageError
        It is no notebook, or has no lock that can be used.
    """
    found = (caller.cwd or Path.cwd()).absolute() / path
    if found.suffix != ".ipynb":
        raise UsageError(f"{found.name} is no notebook", fix="%autoexec fix --export script NOTEBOOK")
    return installer.exported(found, form)
