"""Why a value is not what the notebook says: who bound the name last, and what should have come after.

Looks at the names that were read by what failed, the innermost first. A name
that the failed cell itself made is followed to those it was made of. Except
for a builtin that is seen to be hidden, and a key that one cell alone sets,
nothing here is certain: the order of the cells is evidence, not proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from autoexec_magic.values import Action, Diagnosis

from .around import Cell, CellRun
from .failure import Failure
from .known import Happening, Known, binding_in, label, names_in
from .names import BUILTINS, Bound, Changed, names_of
from .noted import noted
from .rows import own_line
from .unbound import fix_for

_DEEPEST = 4  # how often a name is followed to what it was made of
_MOST_NAMES = 12
_WORD = re.compile(r"\w+")
# What is about a value's parts says which part; anything else may be about all of the value.
_ABOUT_A_PART = frozenset({"KeyError", "AttributeError", "IndexError", "UnboundLocalError"})
# What no stale value explains.
_NOT_VALUES = frozenset(
    (
        *("KeyboardInterrupt", "SystemExit", "MemoryError", "RecursionError", "SyntaxError", "NameError"),
        *("IndentationError", "TabError", "ImportError", "ModuleNotFoundError", "TimeoutError", "EOFError"),
        *("NotImplementedError", "CancelledError", "FileNotFoundError", "PermissionError", "OSError"),
        *(
            "ConnectionError",
            "ConnectionRefusedError",
            "ConnectionResetError",
            "BrokenPipeError",
        ),
    )
)


def explain(failure: Failure, known: Known) -> Diagnosis | None:
    """Return which name's value is not what the notebook says, and why, or None."""
    if failure.type_name in _NOT_VALUES or known.current is None or not failure.spots:
        return None
    if hidden := _hidden_builtin(failure, known):
        return hidden
    for name in _followed(failure, known):
        last = known.last_bound(name)
        if last is None:
            continue
        for cause in (_run_twice, _half_made, _left_out, _edited, _out_of_order, _removed):
            if found := cause(name, last, failure, known):
                return found
    return None


def _hidden_builtin(failure: Failure, known: Known) -> Diagnosis | None:
    """Explain `'list' object is not callable` where a cell bound the name `list`."""
    if failure.type_name != "TypeError" or not failure.message.endswith("' object is not callable"):
        return None
    said = failure.message.split("'")[1]
    spot = failure.spots[0]
    hidden = [name for name in spot.names if name in BUILTINS and failure.types.get(name) == said]
    name = spot.called if spot.called in hidden else (hidden or [""])[0]
    if not name:
        return None
    bindings = [each for each in known.happened(name) if each.bound is not None and each.kind != "attempt"]
    if not bindings:
        return None
    last = bindings[-1]
    where = "this cell" if last.run is known.current else label(last.run)
    why = f"{name} is a {said} here, not the builtin: {where} bound it, `{last.text}`"
    fix = f"del {name} gives the builtin back; give the variable in {where} another name"
    sure = failure.is_own and spot.called == name
    return noted(
        "shadowed-builtin", why, fix, sure=sure, evidence=(f"{where}, line {last.line}: `{last.text}`",)
    )


def _followed(failure: Failure, known: Known) -> Iterator[str]:
    """Yield the names that may hold the wrong value, the innermost first, each once."""
    seen: set[str] = set()
    waiting = [(name, 0) for name in failure.names[:_MOST_NAMES]]
    while waiting:
        name, depth = waiting.pop(0)
        if name in seen or name in BUILTINS:
            continue
        seen.add(name)
        own = _own_binding(name, known)
        if own is None or own.is_remade:
            yield name
        if own is not None and depth < _DEEPEST:
            waiting = [(each, depth + 1) for each in sorted(own.needs - seen)] + waiting


def _own_binding(name: str, known: Known) -> Bound | None:
    """Return where the failed cell itself bound `name`, before the line that failed."""
    if known.current is None or not known.line:
        return None
    bound = names_of(known.current.source).bindings(name)
    return next((each for each in reversed(bound) if each.last_line < known.line), None)


def _run_twice(name: str, last: Happening, failure: Failure, known: Known) -> Diagnosis | None:
    """Explain a cell that makes the name of itself, and has done so before."""
    current = known.current
    before = _earlier_pass(known)
    if current is None or before is None:
        return None
    names = names_of(current.source)
    is_own = last.run is before and any(bound.is_remade for bound in names.bindings(name))
    if is_own and name not in names.needs:
        return None
    taken = next((each for each in names.changed if each.name == name and each.takes_away), None)
    is_after = known.runs.index(before) > known.runs.index(last.run)
    if taken is None or taken.line != known.line:
        taken = _remade_at(name, known)
    if not is_own and (taken is None or not is_after):
        return None
    text = last.text if is_own else taken.text if taken is not None else ""
    why = f"this cell ran before, as {label(before)}, and changes {name} each time: `{text}`"
    return _remade("run-twice", name, why, known, f"{label(before)} ran the same code and passed")


def _remade_at(name: str, known: Known) -> Changed | None:
    """Return the change on the line that failed which makes a part of `name` of that very part."""
    names = names_of(known.current.source) if known.current is not None else None
    if names is None:
        return None
    begun = [*(each.line for each in names.changed), *(each.line for each in names.bound)]
    at = max((line for line in begun if line <= known.line), default=0)
    parts = (each for each in names.changed if each.line == at and each.name == name)
    return next((each for each in parts if each.is_remade), None)


def _earlier_pass(known: Known) -> CellRun | None:
    """Return the last run before this one of the same code, if it passed."""
    current = known.current
    for run in reversed(known.runs):
        if run is not current and current is not None and run.source == current.source:
            return run if run.ran in ("passed", "unseen") else None
    return None


def _half_made(name: str, last: Happening, failure: Failure, known: Known) -> Diagnosis | None:
    """Explain a later run that was to bind or change the name, and failed before it did."""
    at, said = known.runs.index(last.run), own_line(failure.type_name, failure.message)
    for run in reversed(known.runs[at:]):
        if run is known.current or run.ran != "failed" or name not in run.source:
            continue
        if run.error == said:  # it failed of the same fault, and is not the reason of it
            continue
        names = names_of(run.source)
        stopped = run.failed_line
        late: list[Bound | Changed] = [
            *(each for each in names.bindings(name) if not stopped or each.last_line >= stopped),
            *(
                each
                for each in names.changed
                if each.name == name and stopped and each.line >= stopped and _is_about(each, failure)
            ),
        ]
        if late and _is_superseded(run, known):
            return None
        if late:
            why = f"{name} is not what {label(run)} makes it: that cell failed before `{late[0].text}`"
            fix, action = _fix_of(run, known)
            evidence = (f"{label(run)}: {run.error}", f"{name} is from {label(last.run)}: `{last.text}`")
            return noted("cell-failed", why, fix, evidence=evidence, action=action)
    return None


def _is_superseded(run: CellRun, known: Known) -> bool:
    """Whether the same cell has passed after `run`."""
    later = known.runs[known.runs.index(run) + 1 :]
    return any(
        each.ran == "passed" and ((run.cell_id and each.cell_id == run.cell_id) or each.source == run.source)
        for each in later
    )


def _left_out(name: str, last: Happening, failure: Failure, known: Known) -> Diagnosis | None:
    """Explain a cell between the maker of the name and this one that changes it and has not run."""
    start = last.run.position
    if not known.notebook.is_document_known or not start or start >= known.here:
        return None
    between = [
        cell
        for cell in known.notebook.cells
        if start < cell.position < known.here and cell.ran == "not-run" and name in cell.source
    ]
    setters = [cell for cell in between if _sets_key(cell, name, failure)]
    for cell in reversed(between):
        change = _change_in(cell, name, failure)
        if change is None:
            continue
        why = f"{label(cell)}, which changes {name} (`{change.text}`), has not run"
        sure = len(setters) == 1 and setters[0] is cell and known.is_document_sure and _is_read(name, failure)
        fix, action = fix_for(known, known.plan(names_in(cell).needs - {name}, also=cell))
        evidence = (f"{name} is from {label(last.run)}: `{last.text}`",)
        return noted("cell-not-run", why, fix, sure=sure, evidence=evidence, action=action)
    return None


def _change_in(cell: Cell, name: str, failure: Failure) -> Bound | Changed | None:
    names = names_in(cell)
    changes: list[Bound | Changed] = [each for each in names.changed if each.name == name]
    changes += [each for each in names.bindings(name) if each.how != "except"]
    about = [each for each in changes if _is_about(each, failure)]
    if about:
        return about[0]
    whole = failure.type_name not in _ABOUT_A_PART
    return next((each for each in changes if isinstance(each, Bound)), None) if whole else None


def _sets_key(cell: Cell, name: str, failure: Failure) -> bool:
    """Whether the cell sets exactly the key that was missing."""
    if failure.type_name != "KeyError":
        return False
    changed = names_in(cell).changed
    return any(
        each.name == name and each.is_stored and not each.takes_away and each.words == {failure.name}
        for each in changed
    )


def _is_read(name: str, failure: Failure) -> bool:
    """Whether the place that failed reads this name alone."""
    return bool(failure.spots) and set(failure.spots[0].names) == {name}


def _is_about(change: Bound | Changed, failure: Failure) -> bool:
    """Whether what the error says is missing is in a change."""
    missing = {failure.name} if failure.name else set(_WORD.findall(failure.message))
    return bool(missing & change.words)


def _edited(name: str, last: Happening, failure: Failure, known: Known) -> Diagnosis | None:
    """Explain that what bound the name reads otherwise by now."""
    cell = known.cell_of(last.run)
    if cell is None or not cell.has_changed or cell.ran_source != last.run.source or cell is known.own_cell:
        return None
    now = binding_in(cell.source, name)
    if now is None or _statement(cell.source, now) == _statement(cell.ran_source, last.bound):
        return None
    why = f"{name} is from {label(cell)}, which was edited since it ran: `{now.text}`"
    fix, action = fix_for(known, known.plan((), also=cell))
    return noted("cell-edited", why, fix, evidence=(f"{label(cell)} ran as: `{last.text}`",), action=action)


def _statement(source: str, bound: Bound | None) -> str:
    return "\n".join(source.split("\n")[bound.line - 1 : bound.last_line]) if bound is not None else ""


def _out_of_order(name: str, last: Happening, failure: Failure, known: Known) -> Diagnosis | None:
    """Explain that what bound the name last stands below this cell, and another one above it."""
    if last.run.position <= known.here or not known.notebook.is_document_known:
        return None
    found = known.nearest(name, known.here)
    if found is None or not 0 < found.cell.position < known.here:
        return None
    why = f"{name} is from {label(last.run)}, below this cell, not from {label(found.cell)}"
    return _remade("out-of-order", name, why, known, f"{label(last.run)} bound it last: `{last.text}`")


def _removed(name: str, last: Happening, failure: Failure, known: Known) -> Diagnosis | None:
    """Explain that what bound the name last is in the notebook no more."""
    if not last.run.is_removed:
        return None
    found = known.nearest(name, known.here)
    if found is None:
        why = f"{name} is from {label(last.run)}, which is in the notebook no more; no other cell binds it"
        fix = f"put `{last.text}` back into a cell, as it should be, or bind {name} anew"
        return noted("hidden-state", why, fix, evidence=(f"{label(last.run)} ran: `{last.text}`",))
    why = f"{name} is from {label(last.run)}, which is in the notebook no more, not from {label(found.cell)}"
    return _remade("hidden-state", name, why, known, f"{label(last.run)} ran: `{last.text}`")


def is_doubtful(failure: Failure, known: Known) -> bool:
    """Return whether a name at the place that failed may not hold what the notebook says.

    Its cell was edited, ran more than once, stands below, is in the notebook no
    more, or nobody knows whether it is; or a function of another file does not
    take these arguments. What the error says is true then, and may still not be why.
    """
    if failure.type_name in _NOT_VALUES or known.current is None or not failure.spots:
        return False
    if (
        failure.type_name == "TypeError"
        and " argument" in failure.message
        and _calls_imported(failure, known)
    ):
        return True
    return any(_is_in_doubt(name, known) for name in _followed(failure, known))


def _calls_imported(failure: Failure, known: Known) -> bool:
    """Whether what was called comes from an import: its file may have other parameters by now."""
    last = known.last_bound(failure.spots[0].called or next(iter(failure.spots[0].names), ""))
    return last is not None and last.text.lstrip().startswith(("from ", "import "))


def _is_in_doubt(name: str, known: Known) -> bool:
    last = known.last_bound(name)
    if last is None:
        return False
    cell, run = known.cell_of(last.run), last.run
    if run.is_removed or run.position > known.here:
        return True
    if cell is not None and cell is not known.own_cell and cell.has_changed:
        return True
    if known.notebook.is_document_known and not run.position and run is not known.current:
        return True  # of a cell that the document, as it was saved, does not have
    if _is_reordered(name, known):
        return True
    texts = {each.run.source for each in known.happened(name) if each.kind in ("bound", "maybe")}
    return len(texts) > 1


def _is_reordered(name: str, known: Known) -> bool:
    """Whether cells that change `name`, or make it of itself, ran twice or out of order."""
    last = 0
    seen: set[str] = set()
    for run in known.runs:
        if name not in run.source:
            continue
        names, stopped = names_of(run.source), run.failed_line if run.ran == "failed" else 0
        if run is known.current:
            stopped = known.line
        changed = (each for each in names.changed if each.name == name)
        parts = [each.line for each in changed if each.is_stored or each.takes_away]
        parts += [each.line for each in names.bindings(name) if each.is_remade]
        did = any(not stopped or line < stopped for line in parts)
        if did or (parts and run is known.current):
            if run.source in seen or 0 < run.position < last:
                return True
            seen.add(run.source)
            last = max(last, run.position)
        elif names.bindings(name) and run is not known.current:  # made anew
            last = run.position
            seen.clear()
    return False


def _remade(code: str, name: str, why: str, known: Known, evidence: str) -> Diagnosis:
    """Return a diagnosis whose fix is to make the name again, as a run from the top would."""
    cells = _makers(name, known)
    if not cells:
        fix = f"make {name} anew before this cell runs again"
        return noted(code, why, fix, evidence=(evidence,))
    fix, action = fix_for(known, cells)
    if action is not None:
        fix = fix.replace(" first", ", then this one", 1) if len(cells) == 1 else f"{fix}; then this one"
    return noted(code, why, fix, evidence=(evidence,), action=action)


def _makers(name: str, known: Known) -> list[Cell]:
    """Return the cells above this one that make the name: the first of it, and what remakes it since."""
    above = [
        each
        for each in known.definitions(name)
        if (0 < each.cell.position < known.here) or (not each.cell.position and each.cell.number)
    ]
    start = max((n for n, each in enumerate(above) if not each.bound.is_remade), default=None)
    return [each.cell for each in above[start:]] if start is not None else []


def _fix_of(run: CellRun, known: Known) -> tuple[str, Action | None]:
    cell = known.cell_of(run)
    if cell is not None:
        return fix_for(known, known.plan((), also=cell))
    return f"correct {label(run)}, which failed with {run.error or 'an error'}, and run it", None
