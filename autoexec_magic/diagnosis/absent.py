"""What a cell that has not run would have made beside names: magics, modules, files.

The cell is found by what it says: `%load_ext`, `pip install`, a path that it
writes. That is evidence, so that it is likely and no more, but for a name that
a loaded module lacks and its file has.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from autoexec_magic.values import Action, Diagnosis

from .around import Around, Cell
from .failure import Failure
from .known import Known, binding_in, label
from .names import line_of
from .noted import noted
from .unbound import fix_for

_MAGIC = re.compile(r"(?:Line|Cell) magic (?:function )?`?(%%?)(\w+)`? not found")
#: The extension that has a magic, where its name is not the magic's own: each project's own documentation.
_EXTENSIONS = MappingProxyType(
    {
        "R": "rpy2.ipython",
        "bigquery": "google.cloud.bigquery",
        "cython": "Cython",
        "lprun": "line_profiler",
        "memit": "memory_profiler",
        "mprun": "memory_profiler",
        "pyinstrument": "pyinstrument",
        "tensorboard": "tensorboard",
    }
)
_OWN_NAMED = frozenset({"autoreload", "sql", "watermark", "snakeviz", "scalene", "wandb"})
_LOADS = re.compile(r"(?m)^[ \t]*%(?:re)?load_ext[ \t]+([\w.]+)")
_INSTALLS = re.compile(r"(?m)^[ \t]*[%!][^\n]*\binstall\b[^\n]*")
_PATHS = re.compile(r"\bsys\.path\b|\bos\.chdir\b|(?m:^[ \t]*%cd\b)|\bsite\.addsitedir\b")
_WRITES = re.compile(
    r"\bto_\w+\(|['\"][wax]b?\+?['\"]|\bwget\b|\bcurl\b|\burlretrieve\b|\bsave\w*\(|\bdump\(|\bwrite\w*\("
    r"|\bextract\w*\(|\bmkdir|\bmakedirs|\bcopy\w*\(|\bunpack_archive\b|\bdownload\w*\(|%%(?:writefile|file)\b"
    r"|\bgit clone\b|\bunzip\b|\btar\b|\btouch\b|>"
)
_QUOTED = re.compile(r"'([^'\n]{1,300})'|\"([^\"\n]{1,300})\"")


def explain(failure: Failure, known: Known, around: Around) -> Diagnosis | None:
    """Return which cell that has not run would have made what is absent, or None."""
    if failure.type_name == "UsageError":
        return _no_magic(failure, known)
    if failure.type_name == "TypeError" and " argument" in failure.message:
        return _edited_function(failure, known)
    if failure.type_name in ("ImportError", "AttributeError", "ModuleNotFoundError"):
        found = _edited_module(failure, known)
        if found is not None or failure.type_name != "ModuleNotFoundError":
            return found
        return _no_module(failure, known, around)
    return _no_file(failure, known) if failure.type_name == "FileNotFoundError" else None


def _no_magic(failure: Failure, known: Known) -> Diagnosis | None:
    match = _MAGIC.search(failure.message)
    if match is None:
        return None
    mark, name = match[1], match[2]
    extension = _EXTENSIONS.get(name, name if name in _OWN_NAMED else "")
    loads = [(cell, found) for cell in _left_out(known) for found in _LOADS.findall(cell.source)]
    own = [cell for cell, found in loads if extension and found == extension]
    cells = own or [cell for cell, _ in loads]
    why = f"the magic {mark}{name} is not there: its extension was not loaded"
    if cells:
        cell = cells[-1]
        why = f"{why}, {label(cell)} does that and has not run"
        fix, action = fix_for(known, known.plan((), also=cell))
        sure = bool(own) and known.is_document_sure
        return noted("magic-not-loaded", why, fix, sure=sure, action=action)
    if not extension:
        return None
    return noted("magic-not-loaded", why, f"%load_ext {extension}")


def _edited_module(failure: Failure, known: Known) -> Diagnosis | None:
    """Explain what a module of the user's own lacks that its file, edited since, may have."""
    edited = known.notebook.edited_modules
    if not edited:
        return None
    said = [each for pair in _QUOTED.findall(failure.message) for each in pair if each]
    module = next((each for each in said if each in edited), "")
    wanted = next((each for each in said if each != module and each.isidentifier()), failure.name)
    if not module:
        return None
    line = binding_in(edited[module], wanted) if wanted else None
    why = f"{module} was edited since this kernel loaded it"
    evidence = (f"its file has {wanted} by now: `{line.text}`",) if line is not None else ()
    fix = f"restart the kernel, or: import importlib, {module}; importlib.reload({module})"
    sure = line is not None and line.how == "sure"
    return noted("module-edited", why, fix, sure=sure, evidence=evidence, action=Action(kind="restart"))


def _edited_function(failure: Failure, known: Known) -> Diagnosis | None:
    """Explain a function of an edited module that does not take these arguments."""
    name = failure.message.partition("(")[0].rpartition(".")[2]
    for module, text in known.notebook.edited_modules.items():
        bound = binding_in(text, name) if name.isidentifier() else None
        if bound is None:
            continue
        why = f"{module}, which has {name}, was edited since this kernel loaded it"
        fix = f"restart the kernel, or: import importlib, {module}; importlib.reload({module})"
        evidence = (f"its file has by now: `{bound.text}`",)
        return noted("module-edited", why, fix, evidence=evidence, action=Action(kind="restart"))
    return None


def _no_module(failure: Failure, known: Known, around: Around) -> Diagnosis | None:
    module = failure.name or failure.message.partition("'")[2].partition("'")[0]
    top = module.partition(".")[0]
    if not top:
        return None
    for cell in _left_out(known):
        for match in _INSTALLS.finditer(cell.source):
            words = re.findall(r"[\w.-]+", match[0].partition("install")[2])
            if any(word.lower().replace("-", "_") == top.lower() for word in words):
                return _made_by(cell, f"{top} is installed by {label(cell)}", match[0].strip(), known)
    resolution = around.resolve(top)
    if resolution is None or resolution.cls != "local":
        return None
    for cell in _left_out(known):
        if said := _PATHS.search(cell.source):
            text = line_of(cell.source, cell.source.count("\n", 0, said.start()) + 1)
            return _made_by(cell, f"{label(cell)} says where your own modules are", text, known)
    return None


def _no_file(failure: Failure, known: Known) -> Diagnosis | None:
    path = failure.message.rpartition(": ")[2].strip("'\"")
    if not path or "\n" in path:
        return None
    named = path.rstrip("/").rpartition("/")[2]
    if len(named) < 3:
        return None
    for cell in _left_out(known):
        at = cell.source.find(named)
        if at < 0:
            continue
        text = line_of(cell.source, cell.source.count("\n", 0, at) + 1)
        if _WRITES.search(text) or cell.source.lstrip().startswith("%%writefile"):
            return _made_by(cell, f"{label(cell)} makes {named}", text, known)
    return None


def _made_by(cell: Cell, why: str, text: str, known: Known) -> Diagnosis:
    fix, action = fix_for(known, known.plan((), also=cell))
    failed = cell.ran == "failed"
    state = f"failed with {cell.error or 'an error'}" if failed else "has not run"
    evidence = (f"{label(cell)} {state}: `{text}`",)
    code = "cell-failed" if failed else "cell-not-run"
    return noted(code, f"{why}, and that {state}", fix, evidence=evidence, action=action)


def _left_out(known: Known) -> list[Cell]:
    """Return the cells above the failed one that have not run, or failed."""
    return [
        cell
        for cell in known.notebook.cells
        if cell is not known.own_cell and cell.ran in ("not-run", "failed") and 0 < cell.position < known.here
    ]
