"""Make notebooks and projects importable: one plan, one install, then what was needed written down.

In this order, so that what goes wrong leaves all as it was: read every file
and see that it may be written; find, prove, ask and install in one go; make
the locks; write. A file that somebody changed meanwhile is not written. What
nobody may install (local, platform, alias, invented) is said with its cure.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .. import installer
from ..config import workspace
from ..errors import (
    AutoexecError,
    Cancelled,
    InstallError,
    NeedsPerson,
    PhaseError,
    PolicyRefused,
    UsageError,
)
from ..events import Event, Installed, Resolved
from ..installer import (
    Context,
    Needed,
    files,
    inline,
    locking,
    manifests,
    needs,
    notebook,
    notebook_lock,
    restore,
)
from ..installer.classify import classify
from ..installer.known import normal
from ..installer.notebook_lock import Lock, Locked
from ..installer.tool import Toolbox
from ..values import Choice, Question, Reply, Resolution
from . import languages
from .plan import Fix, Fixed

_TEST_PARTS = frozenset({"doc", "docs", "examples", "test", "tests"})
RELOAD = "where it is open: File → Reload Notebook from Disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What `fix` and `sync` leave for the report of their phase."""

    fixed: Fixed
    resolutions: tuple[Resolution, ...] = ()
    installed: tuple[Installed, ...] = ()
    error: AutoexecError | None = None


def fix(step: Fix, context: Context) -> Done:
    """Make what `step` names importable here, and write down what that takes.

    Returns
    -------
    Done
        With an error, where something that is needed still cannot be imported.

    Raises
    ------
    UsageError, PhaseError
        A file cannot be read, or may not be written; nothing is changed.
    InstallError, RunTimeout, Cancelled
        As `installer.heal` raises them.
    """
    targets = _targets(step.paths, context.cache / "scans")
    needed = [need for target in targets for source in target.sources for need in source.needs]
    context = replace(context, folders=_folders(step.paths, context.folders))
    names, stdlib, present = _counts(needed, context.folders)
    fixed = Fixed(names=names, stdlib=stdlib, present=present, notes=tuple(_faults(targets)))
    if step.check:
        found = installer.resolve(installer.missing(needed, context.folders), context, online=False)
        for item in found:
            context.emit(Resolved(resolution=item))
        done = _judged(Done(fixed=fixed, resolutions=tuple(found)), needed, step)
        return _others(_undeclared(done, targets, step, context.folders), step, context)
    for target in targets:
        target.check()
    done = _healed(fixed, needed, context, step)
    if done.error is None:
        done = _written(done, targets, step, context)
    return _others(_judged(done, needed, step), step, context)


def sync(step: Fix, context: Context) -> Done:
    """Install what the locks of notebooks name.

    Raises
    ------
    UsageError
        One is no notebook, or has no lock that can be used.
    InstallError, NeedsPerson, PolicyRefused, RunTimeout, Cancelled
        As `restore.restore` raises them; nothing of that lock was installed.
    """
    locks = [(path, _lock_of(path)) for path in step.paths]
    resolutions: list[Resolution] = []
    installed: list[Installed] = []
    notes = []
    for path, found in locks:
        tools = installer.toolbox(context)
        restored = restore.restore(found, path.name, context.search, context.ages, tools)
        resolutions += restored.resolutions
        installed += restored.installed
        notes.append(f"{path.name}: {restored.present} of {len(found.packages)} distributions were here")
    return Done(
        fixed=Fixed(names=0, notes=tuple(notes)), resolutions=tuple(resolutions), installed=tuple(installed)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A notebook, or a manifest, with the files whose needs belong there."""

    sources: tuple[needs.Source, ...]
    notebook: notebook.Notebook | None = None
    manifest: manifests.Manifest | None = None

    def check(self) -> None:
        """Raise where it may not be written."""
        if self.notebook is not None:
            files.check_writable(self.notebook.path)
            if not isinstance(self.notebook.value(notebook_lock.KEY[0]) or {}, dict):
                raise UsageError(
                    f"the metadata of {self.notebook.path.name} hold another {notebook_lock.KEY[0]!r}"
                )
        if self.manifest is not None and any(source.needs for source in self.sources):
            manifests.check(self.manifest)

    def needs(self, *, with_tests: bool = True) -> list[Needed]:
        """Return what its files import; without tests, what those of the project itself do."""
        return [
            need
            for source in self.sources
            if with_tests or not self._is_test(source.path)
            for need in source.needs
        ]

    def _is_test(self, path: Path) -> bool:
        top = self.manifest.path.parent if self.manifest else path.parent
        inside = path.relative_to(top) if path.is_relative_to(top) else path
        return bool(_TEST_PARTS & set(inside.parts[:-1]))


def _targets(paths: Sequence[Path], remembered: Path) -> list[_Target]:
    targets = []
    grouped: dict[manifests.Manifest, list[needs.Source]] = {}
    for path in dict.fromkeys(path.absolute() for path in paths):
        if path.suffix == ".ipynb" and path.is_file():
            read = notebook.read(path)
            if (language := read.language) not in needs.PYTHON:
                raise UsageError(f"{path.name} is no Python notebook", why=f"its language is {language}")
            targets.append(_Target(sources=(needs.of_notebook(read),), notebook=read))
            continue
        root = path if path.is_dir() else workspace(path.parent)
        for source in needs.of_path(path, remembered):
            where = manifests.of_file(source.path, root)
            if path.is_file() and not where.path.exists():  # a script that belongs to no project
                where = manifests.Manifest(path=path, kind="script")
            grouped.setdefault(where, []).append(source)
    return [
        *targets,
        *(_Target(sources=tuple(found), manifest=where) for where, found in grouped.items()),
    ]


def _folders(paths: Iterable[Path], others: Sequence[Path]) -> tuple[Path, ...]:
    own = [path if path.is_dir() else path.parent for path in (path.absolute() for path in paths)]
    return tuple(dict.fromkeys([*own, *(workspace(folder) for folder in own), *others]))


def _counts(needed: Sequence[Needed], folders: Sequence[Path]) -> tuple[int, int, int]:
    first = {need.module: need for need in reversed(needed)}
    classes = [classify(need, folders)[0] for need in first.values()]
    return len(classes), classes.count("stdlib"), classes.count("installed")


def _faults(targets: Sequence[_Target]) -> list[str]:
    sources = [source for target in targets for source in target.sources]
    return [
        f"{source.path.name} is left out, in part or whole: {source.fault}"
        for source in sources
        if source.fault
    ]


def _healed(fixed: Fixed, needed: Sequence[Needed], context: Context, step: Fix) -> Done:
    """Install what may be; what stopped that is part of the report, as all that was found out before."""
    seen: list[Resolution] = []

    def emit(event: Event) -> None:
        if isinstance(event, Resolved):
            seen.append(event.resolution)
        context.emit(event)

    def ask(question: Question) -> bool | Reply | Choice:
        if len(question.choices) > 1:  # no yes chooses between several
            return context.ask(question)
        yes = f"%autoexec fix --yes {_typed(step)}"
        only = tuple(replace(choice, fix=yes) for choice in question.choices)
        return context.ask(replace(question, fix=yes, choices=only))

    try:
        resolutions, installed = installer.heal(needed, replace(context, emit=emit, ask=ask))
    except (InstallError, NeedsPerson, PolicyRefused) as error:
        return Done(fixed=fixed, resolutions=tuple(seen), error=error)
    return Done(fixed=fixed, resolutions=tuple(resolutions), installed=tuple(installed))


def _written(done: Done, targets: Sequence[_Target], step: Fix, context: Context) -> Done:
    """Write down what is needed; where that fails, what was installed and written before is still told."""
    written: list[Path] = []
    notes = list(done.fixed.notes)
    proved = {normal(item.distribution): item.sha256 for item in done.installed}
    tools = installer.toolbox(context)
    error: AutoexecError | None = None
    try:
        for target in targets:
            if target.notebook is not None:
                changed, said = _write_lock(target, step, tools, proved, context.folders)
            else:
                changed, said = _write_manifest(target, tools, proved, context.folders)
            written += changed
            notes += said
    except AutoexecError as fault:
        error = fault
    except Cancelled as stopped:
        stopped.why = "; ".join(filter(None, [stopped.why, _told(done.installed)]))
        raise
    fixed = replace(done.fixed, written=tuple(written), notes=tuple(notes))
    return replace(done, fixed=fixed, error=error)


def _write_lock(
    target: _Target, step: Fix, tools: Toolbox, proved: dict[str, str], folders: Sequence[Path]
) -> tuple[list[Path], list[str]]:
    read = target.notebook
    assert read is not None
    old = _old_lock(read)
    direct = _direct(target.needs(), folders)
    if not direct and old is None:
        return [], []
    made = locking.make(direct, tools, old, proved)
    new = notebook.parsed(
        read.path, notebook.spliced(read, ("metadata", *notebook_lock.KEY), notebook_lock.as_value(made.lock))
    )
    new = inline.with_block(new, made.lock, tools, add=step.cell)
    said = list(made.left_out)
    if new.data == read.data:
        return [], said
    files.replace(read.path, read.data, new.data)
    count = len(made.lock.packages)
    return [read.path], [f"wrote {read.path.name}: {count} {_noun(count)} locked; {RELOAD}", *said]


def _write_manifest(
    target: _Target, tools: Toolbox, proved: dict[str, str], folders: Sequence[Path]
) -> tuple[list[Path], list[str]]:
    where = target.manifest
    assert where is not None
    there = manifests.declared(where)
    wanted = sorted(_direct(target.needs(with_tests=False), folders) - there)
    only_tests = sorted(_direct(target.needs(), folders) - there - set(wanted))
    said = [f"{name} is not written: only tests or documents import it" for name in only_tests]
    in_place = [name for name in wanted if locking.is_in_place(name)]
    said += [f"{name} is not written: it was not installed from an index" for name in in_place]
    wanted = [name for name in wanted if name not in in_place]
    if manifests.has_hashes(where):
        made = locking.make(wanted, tools, None, proved)
        rows: Sequence[Locked] = made.lock.packages
        said += made.left_out
    else:
        versions = locking.closure(wanted)
        rows = [Locked(name=name, version=version, hashes=()) for name, version in versions.items()]
    direct = sorted((row for row in rows if row.name in wanted), key=lambda row: row.name)
    others = [row for row in rows if row.name not in wanted]
    sentence = manifests.add(where, direct, others, tools)
    changed = [where.path] if sentence and where.kind != "told" else []
    return changed, [*([sentence] if sentence else []), *said]


def _undeclared(done: Done, targets: Sequence[_Target], step: Fix, folders: Sequence[Path]) -> Done:
    """Add what is installed here and named by no manifest that is there: elsewhere it would be missing."""
    lacks = {}
    for target in targets:
        where = target.manifest
        if where is None or not where.path.exists():
            continue
        if where.kind == "script" and not manifests.has_block(where.path):
            continue
        used = _direct(target.needs(with_tests=False), folders) - manifests.declared(where)
        if names := sorted(name for name in used if not locking.is_in_place(name)):
            lacks[where.path.name] = ", ".join(names)
    if not lacks:
        return done
    said = [f"{file} does not name {names}" for file, names in lacks.items()]
    if done.error is not None:
        return replace(done, fixed=replace(done.fixed, notes=(*done.fixed.notes, *said)))
    error = PhaseError(
        "; ".join(said),
        why="installed here, it would be missing elsewhere",
        fix=f"%autoexec fix {_typed(step)}",
    )
    return replace(done, error=error)


def _direct(needed: Iterable[Needed], folders: Sequence[Path]) -> set[str]:
    """Return the installed distributions that some imports come from, by normal name."""
    modules = []
    for need in needed:
        if classify(need, folders)[0] == "installed":
            deeper = [f"{need.module}.{name}" for name in need.names if name != "*"]
            modules += deeper or [need.module]
    found = locking.owners(modules)
    return {name for names in found.values() for name in names}


def _old_lock(read: notebook.Notebook) -> Lock | None:
    """Return the lock that is there, or None: what cannot be used is written anew."""
    try:
        return notebook_lock.of_value(read.value(*notebook_lock.KEY), read.path.name)
    except UsageError:
        return None


def _lock_of(path: Path) -> Lock:
    if path.is_dir() or path.suffix != ".ipynb":
        own = (
            f"uv sync --script {path.name}"
            if path.suffix == ".py"
            else "uv sync, or pip install -r requirements.txt"
        )
        raise UsageError(f"{path.name} has no lock of ours", why="--sync is for notebooks", fix=own)
    read = notebook.read(path.absolute())
    return notebook_lock.of_value(read.value(*notebook_lock.KEY), path.name)


def _judged(done: Done, needed: Sequence[Needed], step: Fix) -> Done:
    """Add what is left, and the error that something is."""
    here = {normal(item.distribution) for item in done.installed}
    left = [
        item
        for item in done.resolutions
        if normal(item.distribution or "-") not in here
        and (installer.is_required(item, needed) or item.decision == "install")
    ]
    done = replace(done, fixed=replace(done.fixed, left=tuple(item.module for item in left)))
    if not left or done.error is not None:
        return done
    names = ", ".join(item.module for item in left)
    paths = " ".join(path.name for path in step.paths)
    is_open = step.check and any(item.decision in ("install", "ask") for item in left)
    can = f"%autoexec fix {_typed(step)}" if is_open else next((item.fix for item in left if item.fix), "")
    error = PhaseError(
        f"missing: {names}" if step.check else f"{paths} cannot import {names} yet",
        why="; ".join(f"{item.module} is {_class(item)}" for item in left),
        fix=can,
    )
    return replace(done, error=error)


def _others(done: Done, step: Fix, context: Context) -> Done:
    """Add what became of the Node and Rust projects in the folders; the first error is the run's."""
    for folder in (path for path in step.paths if path.is_dir()):
        for language, root in languages.projects(folder):
            found = languages.heal(language, root, context, check=step.check)
            names = ", ".join(item.distribution for item in found.installed)
            notes = [f"wrote {os.path.relpath(found.manifest, folder)}: {names}"] if names else []
            missing = PhaseError(
                f"{os.path.relpath(found.manifest, folder)} lacks {', '.join(found.left)}",
                fix=f"%autoexec fix {_typed(step)}"
                if step.check
                else next((item.fix for item in found.resolutions if item.fix), ""),
            )
            error = done.error or found.error or (missing if found.left else None)
            fixed = replace(
                done.fixed,
                left=(*done.fixed.left, *found.left),
                written=(*done.fixed.written, *([found.manifest] if names else [])),
                notes=(*done.fixed.notes, *notes),
            )
            done = Done(
                fixed=fixed,
                resolutions=(*done.resolutions, *found.resolutions),
                installed=(*done.installed, *found.installed),
                error=error,
            )
    return done


def _typed(step: Fix) -> str:
    """Return the paths as they can be typed here."""
    return " ".join(shlex.quote(os.path.relpath(path)) for path in step.paths)


def _noun(count: int) -> str:
    return "distribution" if count == 1 else "distributions"


def _class(item: Resolution) -> str:
    if item.cls != "third-party" or item.proved:
        return item.cls
    return "not installed" if item.decision == "install" else "not proved"


def _told(installed: Sequence[Installed]) -> str:
    names = ", ".join(f"{item.distribution} {item.version}" for item in installed)
    return f"installed before that: {names}" if names else ""
