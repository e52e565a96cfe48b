"""The project that a notebook becomes, as values: which files with which bytes, and what is said of them.

Nothing is written and nothing is run here. `autoexec-app.json` is what the
builder of images, and whoever deploys it by hand, goes by.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import BuildError
from ..artifacts import Input, Source, digest_of_all
from ..inputs import files_below, read_input, usual
from ..secretfiles import refuse_secrets
from . import cellmaps, demos, entries, named, refusals, running, states
from .cells import Chosen, Unparsed, choose
from .composed import Composed, composed
from .entries import Entry
from .needs import Needs, needs_of
from .notebook import Notebook
from .serving import Starts, is_only_shown
from .shapes import Names, Shape, shape_of

APP = "autoexec-app.json"
REQUIREMENTS = "requirements.txt"
FORMAT = 1
_HEALTH = ("/health", "/healthz", "/livez", "/readyz", "/ready", "/ping", "/status", "/-/healthy")
_NAMED = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.\w{1,10}")
_BESIDE_FLASK = ("templates/", "static/")
_WARNED = ("%cd", "%env", "%set_env", "%run", "%load", "%pylab", "%store")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """All that `build app` writes: `made` by their bytes, `copied` from beside the notebook.

    `module` is the package's name, `lock` the requirements with their hashes or
    "". `copied` are (path in the project, file, as it was read).
    """

    name: str
    version: str
    module: str
    shape: Shape
    entry: Entry
    notebook: Notebook
    composed: Composed
    lock: str
    made: dict[str, bytes] = field(repr=False)
    copied: tuple[tuple[str, Path, Input], ...] = ()
    inputs: tuple[Input, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def lock_digest(self) -> str:
        """The digest of the requirements, "" where there are none."""
        return f"sha256:{hashlib.sha256(self.lock.encode()).hexdigest()}" if self.lock else ""


def project_of(
    source: Source,
    notebook: Notebook,
    lock: str,
    version: str,
    before: Callable[[Sequence[tuple[str, Path]]], object] = len,
) -> Project:
    """Return the project that a notebook becomes.

    Parameters
    ----------
    source : Source
        Its settings and its folder.
    notebook : Notebook
        The file.
    lock : str
        Its lock as requirements with hashes; "" where it has none.
    version : str
        What the settings or the project say; "" where nobody does.
    before : callable, optional
        Called with the files beside the notebook before they are read.

    Raises
    ------
    BuildError, UsageError
        It cannot become one, and why.
    """
    chosen = _chosen(notebook)
    whole = ast.Module(body=[each for kept in chosen.kept for each in kept.tree.body], type_ignores=[])
    shape = shape_of(whole)
    made, warnings = _composed(notebook, chosen, shape, whole)
    tree = ast.parse(made.text)
    refusals.relative(notebook, made, tree)
    needs = needs_of(tree, source.folder, source.out)
    refusals.unlocked(notebook, made, needs, lock)
    module = named.module_of(named.name_of(source, notebook), needs, lock)
    name = named.name_of(source, notebook)
    port = named.port_of(source)
    entry = (
        running.entry_for(notebook, chosen, shape, module, lock)
        if shape.kind == "notebook"
        else entries.entry_for(shape, module, lock, port, notebook.path)
    )
    files = [*needs.files, *_included(source, needs)]
    before(files)
    refuse_secrets(files, f"the app {name}", "take it out of [tool.autoexec.build] include, or from there")
    inputs = (
        Input(
            path=notebook.name,
            digest=notebook.digest,
            bytes=len(notebook.data),
            is_executable=bool(notebook.path.stat().st_mode & stat.S_IXUSR),
        ),
        *(read_input(path, file) for path, file in files),
    )
    found = Project(
        name=name,
        version=version,
        module=module,
        shape=shape,
        entry=entry,
        notebook=notebook,
        composed=made,
        lock=lock,
        made={},
        copied=tuple(_copies(files, inputs[1:], module, shape)),
        inputs=inputs,
        warnings=(*entry.warnings, *warnings, *_unpacked(made, tree, source.folder, dict(files))),
    )
    found.made.update(_files(found, chosen, source, tree))
    refusals.secrets(notebook, chosen, found.made, (f"{module}/__init__.py", f"{module}/{running.FILE}"))
    return found


def said_version(source: Source) -> str:
    """Return the version that the settings or the project say, or ""."""
    from ..image import tables

    said = source.setting("version")
    project = tables.below(tables.read_toml(source.folder / "pyproject.toml"), "project")
    return said or tables.text(project, "version")


def _chosen(notebook: Notebook) -> Chosen:
    try:
        chosen = choose(notebook.code)
    except Unparsed as error:
        number = error.cell.number
        where = f"{notebook.name} cell {number}" + (f" line {error.line}" if error.line else "")
        fix = f"mend it, or tag cell {number} `skip`"
        raise BuildError(f"{where} is no Python", why=error.why, fix=fix) from error
    if not any(kept.tree.body for kept in chosen.kept):
        why = "no cell of code is kept" if notebook.code else "it has no cells of code"
        if chosen.left_out and not chosen.left_out[0].line:
            why = f"cell {chosen.left_out[0].cell}: {chosen.left_out[0].why}"
        raise BuildError(f"nothing of {notebook.name} is an app", why=why, fix="tag a cell of code `app`")
    return chosen


def _composed(
    notebook: Notebook, chosen: Chosen, shape: Shape, whole: ast.Module
) -> tuple[Composed, list[str]]:
    starts = Starts(shape, Names.of(whole))

    def why(statement: ast.stmt, is_last: bool) -> str:
        if is_last and is_only_shown(statement):
            return "it is only shown"
        return "the entry of the app does it" if starts.has(statement) else ""

    said = re.sub(r"[^\w .()-]", "?", notebook.name)
    head = f"Made of {said}: change the notebook and build it again, not this file."
    if shape.kind == "notebook":  # it is run as it is: what is shown is wanted
        made = composed(chosen.kept, lambda statement, is_last: "", head)
        warnings = states.check(notebook, chosen, made, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    else:
        made = composed(chosen.kept, why, head)
        warnings = states.check(notebook, chosen, made) + demos.warnings_of(chosen, made, shape)
    warnings += [
        f"cell {left.cell} line {left.line} is left out: {left.text}"
        for left in chosen.left_out
        if left.why in _WARNED and left.line
    ]
    return made, warnings


def _included(source: Source, needs: Needs) -> list[tuple[str, Path]]:
    """Return the files beside the notebook that the settings name."""
    from ..image import ignored

    include, exclude = (source.settings.get(key) for key in ("include", "exclude"))
    if not isinstance(include, list) or not include:
        return []
    rules = ignored.of_patterns(
        [str(each) for each in include], [str(each) for each in exclude] if isinstance(exclude, list) else []
    )
    there = {path for path, _ in needs.files}
    out = source.out.relative_to(source.folder).as_posix() if source.out.is_relative_to(source.folder) else ""

    def is_left_out(path: str) -> bool:
        bare = path.rstrip("/")
        if usual(bare) or (out and bare == out):
            return True
        return rules.prunes(bare) if path.endswith("/") else rules.leaves_out(bare)

    found = files_below(source.folder, is_left_out)
    return [(path, file) for path, file in found if path not in there and file != source.path]


def _copies(
    files: Sequence[tuple[str, Path]], inputs: Sequence[Input], module: str, shape: Shape
) -> list[tuple[str, Path, Input]]:
    """Return what is copied to where; Flask looks for templates beside the module of the app."""
    rows = [(path, file, read) for (path, file), read in zip(files, inputs, strict=True)]
    if shape.is_flask:
        rows += [
            (f"{module}/{path}", file, read) for path, file, read in rows if path.startswith(_BESIDE_FLASK)
        ]
    reserved = (APP, REQUIREMENTS, cellmaps.FILE)
    for path, _, _ in rows:
        if path in reserved or path.startswith(f"{module}/__"):
            raise BuildError(
                f"{path} beside the notebook would hide a file of the app", fix="give it another name"
            )
    return sorted(rows, key=lambda row: row[0])


def _files(project: Project, chosen: Chosen, source: Source, tree: ast.Module) -> dict[str, bytes]:
    module, notebook = project.module, project.notebook
    try:
        text = project.composed.text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BuildError(
            f"{notebook.name} holds half a character", why=str(error), fix="save it again"
        ) from error
    files = {f"{module}/__main__.py": project.entry.text.encode()}
    if project.shape.kind == "notebook":
        files[f"{module}/__init__.py"] = b'"""A notebook that is run: see __main__."""\n'
        files[f"{module}/{running.FILE}"] = running.notebook_of(notebook, chosen)
    else:
        files[f"{module}/__init__.py"] = text
        files[cellmaps.FILE] = cellmaps.written(notebook, project.composed, f"{module}/__init__.py")
    if project.lock:
        files[REQUIREMENTS] = project.lock.encode()
    files[APP] = _about(project, chosen, source, tree)
    return files


def _about(project: Project, chosen: Chosen, source: Source, tree: ast.Module) -> bytes:
    shape, entry, notebook = project.shape, project.entry, project.notebook
    path = notebook.path
    is_within = path.is_relative_to(source.workspace)
    left_out = sorted((*chosen.left_out, *project.composed.left_out), key=lambda each: (each.cell, each.line))
    whole = {
        "format": FORMAT,
        "name": project.name,
        "version": project.version,
        "shape": shape.kind,
        "module": project.module,
        "object": f"{project.module}:{shape.object}" if shape.object else "",
        "handler": f"{project.module}.{shape.object}" if shape.kind == "handler" else "",
        "command": list(entry.command),
        "server": entry.server,
        "port": entry.port,
        "health": source.setting("health") or (_health(tree) if entry.port else ""),
        "python": notebook.python,
        "notebook": path.relative_to(source.workspace).as_posix() if is_within else path.name,
        "notebook_digest": f"sha256:{notebook.digest}",
        "requirements": REQUIREMENTS if project.lock else "",
        "lock": REQUIREMENTS if project.lock else "",
        "lock_digest": project.lock_digest,
        "inputs_digest": digest_of_all(project.inputs),
        "cells": [kept.cell.number for kept in chosen.kept],
        "left_out": [{"cell": each.cell, "line": each.line, "why": each.why} for each in left_out],
    }
    return (json.dumps(whole, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def _health(tree: ast.Module) -> str:
    """Return the path by which an app is usually asked whether it is well, if its code names one."""
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return next((path for path in _HEALTH if path in texts), "")


def _unpacked(made: Composed, tree: ast.Module, folder: Path, files: dict[str, Path]) -> list[str]:
    """Return what to know of files that the code names and the app does not get."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200):
            continue
        path = node.value.removeprefix("./")
        if _NAMED.fullmatch(path) and path not in files and path not in found and (folder / path).is_file():
            cell, line = made.place(node.lineno)
            found[path] = (
                f"cell {cell} line {line} names {path}, which is beside the notebook and not in the app: "
                f'include = ["{path}"] in [tool.autoexec.build]'
            )
    return list(found.values())
