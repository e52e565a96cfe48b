"""The verbs about imports as Python functions; `api` is the door they are called through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import config as settings
from . import installer
from .errors import Cancelled, UsageError
from .installer import Kind, Needed, Scanned, index
from .installer.index import Coverage
from .installer.known import Entry, candidates
from .installer.language import resolve_in
from .onrecord import PYTHON, Caller, carry_out, nobody, surroundings
from .orchestrator import Fix, Install, Report, Undo
from .values import Resolution


def install(*names: str, yes: bool = False, caller: Caller = PYTHON) -> Report:
    """Install distributions into this interpreter's environment, by proof.

    Parameters
    ----------
    *names : str, at least 1
        Each `NAME` or `NAME==VERSION`.
    yes : bool, default False
        Answer what is proved with yes.
    caller : Caller, optional
        Who watches and answers.

    Raises
    ------
    InstallError, NeedsPerson, UsageError
        As the verdict says; `Cancelled` when it was stopped.
    """
    if not names:
        raise UsageError("nothing is named", fix="%autoexec install NAME …")
    return carry_out("install", " ".join(names), (Install(names=names),), yes=yes, caller=caller)


def undo_install(*, yes: bool = False, caller: Caller = PYTHON) -> Report:
    """Take the last change of this interpreter's environment back.

    Parameters
    ----------
    yes : bool, default False
        Do it without a question.
    caller : Caller, optional
        Who watches and answers.

    Returns
    -------
    Report
        Its verdict is `skipped` where there is nothing to take back.

    Raises
    ------
    InstallError, LedgerError, NeedsPerson, PolicyRefused
        As the verdict says; `Cancelled` when it was stopped.
    """
    return carry_out("install", "--undo", (Undo(),), yes=yes, caller=caller)


def resolve(
    *modules: str, online: bool = False, lang: str = "python", caller: Caller = PYTHON
) -> list[Resolution]:
    """Say what modules are and what would follow; install nothing.

    Parameters
    ----------
    *modules : str, at least 1
        Module names as they are imported.
    online : bool, default False
        Ask the index and look into wheels. Without, `proved` is None.
    lang : str, default "python"
        Whose names they are: `python`, `node` or `rust`.
    caller : Caller, optional
        Who watches and answers.

    Raises
    ------
    UsageError
        A name is not a module's, or there is no such language.
    """
    if not modules:
        raise UsageError("nothing is named", fix="%autoexec resolve MODULE …")
    for module in modules if lang == "python" else ():
        _module_name(module)
    loaded, here = surroundings(caller)
    context = installer.Context(
        config=loaded.config,
        folders=(here.cwd, here.workspace),
        cache=here.cache,
        emit=lambda event: None,
        ask=nobody,
        cancel=caller.cancel,
    )
    if lang != "python":
        return resolve_in(lang, modules, context, online=online)
    return installer.resolve([Needed(1, module) for module in modules], context, online=online)


def scan(
    path: str | Path = ".",
    *,
    is_fresh: bool = False,
    tell: Callable[[int], None] = lambda files: None,
    caller: Caller = PYTHON,
) -> Scanned:
    """Say what a file, a notebook, a folder or a project imports; run and install nothing.

    Parameters
    ----------
    path : str or Path, default "."
        From the caller's working directory.
    is_fresh : bool, default False
        Read every file, also what an earlier scan has read and has not changed.
    tell : callable, optional
        Told the number of files so far, at most once a second.
    caller : Caller, optional
        Who may stop it.

    Raises
    ------
    UsageError
        There is nothing there, or it is in no language that is read.
    MissingTool
        It is one file, and what reads its language is not installed.
    Cancelled
        It was stopped.
    """
    where = (caller.cwd or Path.cwd()) / path
    cache = None if is_fresh else settings.data_dir() / "cache" / "scans"
    stop = caller.cancel.is_set if caller.cancel is not None else bool
    found = installer.scan_tree(
        where, remembered=cache, progress=installer.when_slow(tell), is_cancelled=stop
    )
    if stop():
        raise Cancelled(f"the scan of {where} was stopped", fix=f"%autoexec scan {path}")
    return found


def kinds(path: str | Path = ".", caller: Caller = PYTHON) -> tuple[Kind, ...]:
    """Return what kinds of project a folder holds, and where, from its files alone."""
    return installer.kinds((caller.cwd or Path.cwd()) / path)


def index_coverage() -> list[Coverage]:
    """Return what each index of module names on this machine covers, in the order they are asked."""
    return index.coverage()


def index_candidates(module: str) -> tuple[Entry, ...]:
    """Return what the indexes on this machine know to hold a module, best first.

    Raises
    ------
    UsageError
        The name is not a module's.
    """
    _module_name(module)
    return candidates(module)


def index_build(*files: str | Path, to: str | Path = "") -> Coverage:
    """Build an index of an organisation's own from lists of files.

    Parameters
    ----------
    *files : str or Path, at least 1
        Debian's `Contents` and `Packages` files, or lists of
        `module<TAB>distribution`; plain or compressed.
    to : str or Path, optional
        The file to write; in the data directory by default, where its names
        are looked up before all others and are never looked for elsewhere.

    Raises
    ------
    UsageError
        A list cannot be read, or the index cannot be written.
    """
    if not files:
        raise UsageError("no lists are named", fix="%autoexec index build --from FILE …")
    from .installer.index import building  # what reads lists is needed for that alone

    path = Path(to) if to else index.own_path()
    building.build([Path(file) for file in files], path)
    return index.described(path)


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


def needs_of(source: str, caller: Caller) -> tuple[Needed, ...]:
    """Return what `source` imports and cannot be imported here.

    Source that does not parse needs nothing: it says so itself when it runs.
    """
    if "import" not in source:
        return ()
    found = installer.quick(source)
    if found is not None and all(map(installer.is_here, found)):
        return ()
    try:
        needs = installer.scan(source)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    if not needs:
        return ()
    folder = (caller.cwd or Path.cwd()).absolute()
    return tuple(installer.missing(needs, (folder, settings.workspace(folder))))


def _module_name(module: str) -> None:
    if not all(part.isidentifier() for part in module.split(".")):
        raise UsageError(f"{module!r} is not the name of a module", fix="as it stands after `import`")
