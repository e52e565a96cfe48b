"""Why a global name is not there: which cell should have bound it, and what came in between.

`certain` only where one place binds the name, at the top level and in any
case, and how that cell stands (not run, failed before that line, edited, the
name deleted) leaves no other reason. Of a name that nothing binds nothing is
said here: it may be misspelt, or a module's.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import islice

from autoexec_magic.values import Action, Diagnosis

from .around import Cell
from .failure import Failure
from .known import (
    Definition,
    Happening,
    Known,
    binding_in,
    label,
    listed,
    names_in,
    value_of,
)
from .names import EVERYTHING, Bound, names_of
from .noted import noted

_SHORT = 2  # characters of a name that any cell may use for anything
_ALIKE = 0.8  # how alike two names are that may be one misspelt; difflib's ratio
_MOST_ALIKE = 2_000  # names that are compared
_RERUN = ("KeyboardInterrupt", "CancelledError")  # how a person ends a cell that has no fault


def explain(failure: Failure, known: Known) -> Diagnosis | None:
    """Return why the name of a NameError is not there, or None."""
    name = failure.name
    told = f"name {name!r} is not defined"
    if failure.type_name != "NameError" or not failure.is_own or not name:
        return None
    if not failure.message.startswith(told):
        return None  # a free variable, or somebody's own words
    if name in known.notebook.names:
        return None  # there it is: somebody else's names, or another thread
    happened = known.happened(name)
    definitions = known.definitions(name)
    nearest = _nearest(definitions, known)
    last = happened[-1] if happened else None
    if nearest is not None and nearest.cell.ran == "not-run":
        is_above = nearest.cell.position < known.here
        if is_above or last is None:
            return _not_run(name, nearest, definitions, known)
    if last is not None:
        return _happened(name, last, happened, definitions, known)
    found = _edited(name, nearest, definitions, known) if nearest is not None else None
    return found or _later_here(name, known) or _opened(name, known)


def fix_for(known: Known, cells: Sequence[Cell]) -> tuple[str, Action | None]:
    """Return what to type so that `cells` have run, in that order, and the same as an action.

    Where one of them failed by a fault of its own there is no action: it would
    fail again.
    """
    if not cells:
        return "run this cell again", None
    faulty = next((cell for cell in cells if _is_faulty(cell, known, cells)), None)
    if faulty is not None:
        then = f"then run {listed(cells)}" if len(cells) > 1 else "and run it"
        return f"correct {label(faulty)}, which failed with {faulty.error or 'an error'}, {then}", None
    action = Action(kind="run-cells", values=tuple(map(value_of, cells)))
    if len(cells) == 1:
        return f"run {label(cells[0])} first", action
    return f"run {listed(cells)} first, in this order", action


def _nearest(definitions: Sequence[Definition], known: Known) -> Definition | None:
    """Return the definition that a run from the top would have met last, or would meet first."""
    lasting = [each for each in definitions if each.cell.position and not each.bound.is_remade]
    above = [each for each in lasting if each.cell.position < known.here]
    if above:
        return max(above, key=lambda each: each.cell.position)
    return min(lasting, key=lambda each: each.cell.position) if lasting else None


def _not_run(name: str, nearest: Definition, definitions: Sequence[Definition], known: Known) -> Diagnosis:
    cell, bound = nearest.cell, nearest.bound
    is_later = cell.position > known.here
    where = f"{label(cell)}, below this one" if is_later else label(cell)
    sure = _is_only(definitions, bound, known) and not (is_later and _may_be_misspelt(name, known))
    code = "defined-later" if is_later else "cell-not-run"
    return _cured(code, name, f"{name} is defined in {where}, which has not run", sure, nearest, known)


def _cured(
    code: str, name: str, why: str, sure: bool, found: Definition, known: Known, *evidence: str
) -> Diagnosis:
    """Return a diagnosis whose fix is to run what is missing, `found` among it."""
    needs = names_in(known.own_cell).needs if known.own_cell is not None else frozenset()
    is_made = name in known.notebook.names_since
    cells = known.plan(needs | {name}, also=None if is_made else found.cell)
    fix, action = fix_for(known, cells)
    if _is_undone(cells, found.cell, name):  # then to run them may not bring it back
        sure, action = False, None
    if is_made:
        evidence = (*evidence, f"{name} has been defined since")
    if len(cells) == 1 and action is not None:
        fix = f"{fix}: `{found.bound.text}`"
    shown = [_evidence(each, name if each is found.cell else "") for each in cells]
    if _is_fresh(known):
        evidence = (*evidence, "nothing else has run in this kernel: it is new, or was restarted")
    return noted(code, why, fix, sure=sure, evidence=(*shown, *evidence), action=action)


def _is_undone(cells: Sequence[Cell], maker: Cell, name: str) -> bool:
    """Whether one of `cells` deletes what one before it makes: the name, or with `%reset` all of them."""
    is_made = False
    for place, cell in enumerate(cells):
        names = names_in(cell)
        gone = {deleted.name for deleted in names.deleted}
        gone |= {bound.name for bound in names.bound if bound.how == "except"}
        if (place and EVERYTHING in gone) or (is_made and name in gone):
            return True
        is_made |= cell is maker
    return False


def _evidence(cell: Cell, name: str) -> str:
    bound = binding_in(cell.source, name) if name else None
    text = bound.text if bound else (names_in(cell).bound or (None,))[-1]
    line = text if isinstance(text, str) else text.text if text else ""
    state = {"not-run": "has not run", "failed": f"failed with {cell.error or 'an error'}"}.get(
        cell.ran, "ran"
    )
    place = f", line {bound.line}" if bound and bound.line > 1 else ""
    return f"{label(cell)} {state}{place}: `{line}`" if line else f"{label(cell)} {state}"


def _happened(
    name: str,
    last: Happening,
    happened: Sequence[Happening],
    definitions: Sequence[Definition],
    known: Known,
) -> Diagnosis | None:
    """Explain a name that a run bound, deleted or failed to bind."""
    cell = known.cell_of(last.run)
    bindings = [each for each in happened if each.kind in ("bound", "maybe", "attempt")]
    runs = {each.run.number for each in bindings}
    if not definitions and bindings and all(each.run.is_removed for each in bindings):
        return _hidden(name, bindings[-1], known)
    if last.kind == "attempt":
        return _failed(name, last, cell, definitions, known)
    if last.kind == "except":
        return _except_name(name, last)
    if last.kind == "deleted":
        return _deleted(name, last, bindings, definitions, known)
    edited = next((each for each in definitions if each.cell.has_changed), None)
    if edited is not None and binding_in(edited.cell.ran_source, name) is None:
        return _edited(name, edited, definitions, known)
    if last.bound is not None and last.kind == "maybe":
        return _not_reached(name, last, known)
    if last.run.ran == "unseen":
        return _failed(name, last, cell, definitions, known)
    if runs and last.kind == "bound":
        why = f"{name} is gone: {label(last.run)} had defined it, and something deleted it since"
        return _again("name-deleted", name, why, False, last, definitions, known)
    return None


def _failed(
    name: str, last: Happening, cell: Cell | None, definitions: Sequence[Definition], known: Known
) -> Diagnosis:
    run, bound = last.run, last.bound
    stopped = run.failed_line
    if run.ran == "unseen":
        why = f"{label(run)} defines {name}, but ran before the extension was loaded and seems to have failed"
    elif bound is not None and bound.line <= stopped <= bound.last_line:
        why = f"{label(run)} failed on the very statement that defines {name} (`{last.text}`)"
    elif stopped:
        why = f"{label(run)} failed on line {stopped}, before it defines {name} on line {last.line}"
    else:
        why = f"{label(run)} failed before it defined {name}"
    others = [each for each in definitions if each.cell is not cell and not each.bound.is_remade]
    sure = not others and bound is not None and bound.how == "sure" and run.ran == "failed"
    evidence = (f"{label(run)}: {run.error}",) if run.error else ()
    found = next((each for each in definitions if each.cell is cell), None)
    if found is None:
        fix = f"correct {label(run)}, which failed with {run.error or 'an error'}, and run it"
        return noted("cell-failed", why, fix, sure=sure, evidence=evidence)
    return _cured("cell-failed", name, why, sure, found, known, *evidence)


def _deleted(
    name: str,
    last: Happening,
    bindings: Sequence[Happening],
    definitions: Sequence[Definition],
    known: Known,
) -> Diagnosis:
    where = "this cell" if last.run is known.current else label(last.run)
    why = f"{where} deleted {name}: `{last.text}`"
    made = bindings[-1] if bindings else last
    sure = made.kind == "bound"
    return _again("name-deleted", name, why, sure, made, definitions, known)


def _again(
    code: str,
    name: str,
    why: str,
    sure: bool,
    made: Happening,
    definitions: Sequence[Definition],
    known: Known,
) -> Diagnosis:
    """Return a diagnosis of a name that is gone; the cell that makes it runs again."""
    cell = known.cell_of(made.run)
    found = next((each for each in definitions if each.cell is cell), None)
    found = found or _nearest(definitions, known)
    evidence = f"{label(made.run)} had defined it: `{made.text}`"
    if found is None:
        fix = f"define {name} again before that line, or delete it later"
        return noted(code, why, fix, sure=sure, evidence=(evidence,))
    return _cured(code, name, why, sure, found, known, evidence)


def _except_name(name: str, last: Happening) -> Diagnosis:
    why = f"Python deletes {name} at the end of the except block that binds it: `{last.text}`"
    fix = f"keep it under another name inside that block, such as: error = {name}"
    return noted("name-deleted", why, fix, sure=True, evidence=(f"{label(last.run)}, line {last.line}",))


def _not_reached(name: str, last: Happening, known: Known) -> Diagnosis:
    bound = last.bound
    where = "this cell" if last.run is known.current else label(last.run)
    if bound is not None and bound.function:
        why = f"{name} is bound by {bound.function}() in {where}, which was not called, or did not get there"
        fix = f"call {bound.function}() first"
    else:
        why = f"{where} defines {name} only in a part that was not reached: `{last.text}`"
        fix = f"look at what line {last.line} of {where} depends on, or give {name} a value before it"
    return noted("definition-not-reached", why, fix, evidence=(f"{where}, line {last.line}",))


def _hidden(name: str, last: Happening, known: Known) -> Diagnosis:
    why = f"no cell of the notebook defines {name} any more: {label(last.run)}, which did, was removed"
    fix = f"put `{last.text}` back into a cell and run it"
    sure = known.is_document_sure and last.bound is not None and last.bound.how == "sure"
    return noted("hidden-state", why, fix, sure=sure, evidence=(f"{label(last.run)}: `{last.text}`",))


def _edited(
    name: str, found: Definition, definitions: Sequence[Definition], known: Known
) -> Diagnosis | None:
    cell = found.cell
    if not cell.has_changed:
        return None
    why = f"{label(cell)} defines {name} now, but was edited since it ran: `{found.bound.text}`"
    sure = _is_only(definitions, found.bound, known)
    return _cured("cell-edited", name, why, sure, found, known)


def _later_here(name: str, known: Known) -> Diagnosis | None:
    """Explain a name that the failed cell itself binds further down."""
    if known.current is None or not known.line:
        return None
    found = [bound for bound in names_of(known.current.source).bindings(name) if bound.line >= known.line]
    found = [bound for bound in found if not bound.is_remade and bound.how in ("sure", "maybe")]
    if not found or found[0].line == known.line:
        return None
    why = f"{name} is defined on line {found[0].line} of this cell, after line {known.line} uses it"
    fix = f"move `{found[0].text}` above line {known.line}"
    sure = found[0].how == "sure" and not _may_be_misspelt(name, known)
    return noted("defined-later", why, fix, sure=sure)


def _opened(name: str, known: Known) -> Diagnosis | None:
    """Explain a name that only a star import, `exec` or a magic of another cell may bind."""
    if _may_be_misspelt(name, known):
        return None
    for cell in reversed(known.notebook.cells):
        is_above = not cell.position or cell.position < known.here
        if cell is known.own_cell or cell.ran not in ("not-run", "failed") or not is_above:
            continue
        if text := names_in(cell).may_bind:
            failed = cell.ran == "failed"
            state = f"failed with {cell.error or 'an error'}" if failed else "has not run"
            why = f"nothing defines {name} by name; {label(cell)}, which may (`{text}`), {state}"
            fix, action = fix_for(known, known.plan((), also=cell))
            return noted("cell-failed" if failed else "cell-not-run", why, fix, action=action)
    return None


def _is_only(definitions: Sequence[Definition], bound: Bound, known: Known) -> bool:
    """Whether one place alone binds the name, in any case, and the document can be relied on."""
    lasting = [each for each in definitions if not each.bound.is_remade]
    return len(lasting) == 1 and bound.how == "sure" and known.is_document_sure


def _is_faulty(cell: Cell, known: Known, cells: Sequence[Cell]) -> bool:
    """Whether a cell that failed would fail again after `cells` before it have run."""
    if cell.ran not in ("failed", "unseen"):
        return False
    kind, _, message = cell.error.partition(": ")
    if kind in _RERUN:
        return False
    if cell.ran == "unseen" or cell.has_changed:
        return False
    missing = message.removeprefix("name '").partition("' is not defined")[0]
    if kind != "NameError" or missing == message:
        return True
    makers = [each for each in cells if each is not cell and binding_in(each.source, missing)]
    return not makers and missing not in known.notebook.names


def _may_be_misspelt(name: str, known: Known) -> bool:
    """Whether the name may be another one, misspelt, or any cell's own passing name."""
    if len(name) <= _SHORT:
        return True
    near = (each for each in known.notebook.names if isinstance(each, str) and abs(len(each) - len(name)) < 3)
    return bool(difflib.get_close_matches(name, islice(near, _MOST_ALIKE), n=1, cutoff=_ALIKE))


def _is_fresh(known: Known) -> bool:
    return bool(known.notebook.current) and len(known.runs) == 1 and known.notebook.is_document_known
