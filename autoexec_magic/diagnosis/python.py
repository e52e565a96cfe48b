"""Why Python code failed: from an exception object, or from what Python and IPython print of one.

The type is looked up first and the message only afterwards, by the row that
was found, so that the time does not grow with the tables; nothing is written
before somebody wants to read it. `certain` is kept for exceptions whose type
is exactly the row's: a subclass, or a type that only shares the last part of
its name with a row, is `likely` at best.

Words that the user wrote in a `raise` say what the user thinks
happened: a row that goes by the words is `likely` then.

The root of explicit causes is what is explained, but for what a library raised
from something of its own: it put that into words for whoever called it. What was only being handled
when something else was raised is taken for the cause where the later
exception repeats it or says nothing of its own, and then it is `likely`.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import TypeAlias

from autoexec_magic.values import Confidence, Diagnosis

from . import exceptions
from .around import NOTHING, Around
from .plain import Reading, compose, last_line, one_line
from .rows import LONGEST_MESSAGE, UNKNOWN, Entry, Row, Said, Seen, nobody, own_line
from .tables import ANY, ROWS
from .tracebacks import Traceback, cause_of, find_last, glance, handled_by, is_library, members_of_group, raiser_of

Found: TypeAlias = tuple[str, str, str, Confidence]
# What says little: a cause says more, whoever raised it.
_GENERIC = frozenset(("error", "wrong-value", "wrong-type", "os-error", "import-failed", "database-failed"))
_UNCAUGHT = (None, 1, -2, 130)  # how Python ends after a traceback; 130 is -2 as a shell says it
_ROWS: dict[str, Entry] = dict(ROWS)
_BY_CLASS: dict[int, Entry] = {id(getattr(builtins, name)): row for name, row in ROWS.items() if "." not in name}
_BY_LAST_PART: dict[str, Entry] = {name.rpartition(".")[2]: row for name, row in reversed(ROWS.items())}
_REPEATED = 4  # characters of a message that another one may hold by chance
_SHOWN = 3  # exceptions of a chain or a group that are named as evidence
_USAGE_LINES = 40  # lines of a usage message
_MOST = 20  # links of a chain of exceptions that were being handled


def code_of(error: BaseException) -> str:
    """Return the code of an exception object, and write nothing; what is around it may refine it.

    Examples
    --------
    >>> code_of(ZeroDivisionError("division by zero"))
    'division-by-zero'
    """
    if exceptions.has_no_cause(error):
        row, is_sure = row_of(error)
        if is_sure and row.confidence == "certain":
            return row.code
    return chain_of(error)[1].code


def chain_of(error: BaseException) -> tuple[list[BaseException], Row, bool]:
    """Return `error` and its causes, the root last, the root's row, and whether only the row may be sure.

    The last part is False where the row's type is not exactly the root's, or
    the root is not an explicit cause.
    """
    chain, row, is_sure = _explicit(exceptions.causes(error))
    while not is_sure or row.confidence != "certain":
        inner = exceptions.context_of(chain[-1])
        if inner is None or len(chain) > _MOST or any(inner is known for known in chain):
            break
        if not _repeats(chain[-1], row, inner):
            break
        chain += [cause for cause in exceptions.causes(inner) if not any(cause is known for known in chain)]
        row, is_sure = row_of(chain[-1])[0], False
    return chain, row, is_sure


def row_of(error: BaseException) -> tuple[Row, bool]:
    """Return the row of one exception object, and whether its type is exactly the row's."""
    message = exceptions.message_of(error)
    own = type(error)

    def raiser() -> tuple[str, str]:
        return exceptions.raiser_of(error)

    if entry := _BY_CLASS.get(id(own)):
        row = entry.pick(message, raiser)
        return (row, True) if row is not UNKNOWN else (ANY.pick(message, raiser), False)
    for cls in exceptions.classes_of(error):
        entry = _BY_CLASS.get(id(cls)) or _by_name(cls)
        if not entry and cls is own:
            entry = _BY_LAST_PART.get(exceptions.name_of(cls))
        if entry and (row := entry.pick(message, raiser)) is not UNKNOWN:
            return row, cls is own and _is_itself(cls)
    return ANY.pick(message, raiser), False


def diagnose(
    error: BaseException, is_user_frame: Callable[[str], bool], around: Around = NOTHING
) -> Diagnosis:
    """Return why `error` was raised; see `raised.diagnose_exception`."""
    chain, row, is_sure = chain_of(error)
    frame, at = exceptions.user_frame(chain, is_user_frame)
    frame = exceptions.remote_frame(chain[-1], is_user_frame) or frame
    root = chain[-1]
    seen = Seen(
        type_name=exceptions.qualname_of(type(root)),
        message=exceptions.message_of(root),
        source=frame.source if frame else "",
        frame=frame,
        error=root,
        at=at,
    )
    said = _say(row, seen, around, is_sure=is_sure)
    if exceptions.is_own_raise(root, is_user_frame) and _by_words(seen.type_name, row):
        said = _at_most_likely(said)
    if members := exceptions.members_of(root):
        lines = [_line_of(member) for member in members[:_SHOWN]]
        said = said._replace(why=f"{said.why}; the first is {lines[0]}", evidence=tuple(lines))
    wrappers = [f"it ended as {_line_of(wrapper)}" for wrapper in chain[:-1][:_SHOWN]]
    return _diagnosis(said._replace(evidence=(*said.evidence, *wrappers)), seen)


def read(plain: str, returncode: int | None = None, around: Around = NOTHING) -> Reading | None:
    """Return what Python's or IPython's own words in `plain` explain, or None.

    Parameters
    ----------
    plain : str
        Text without escape sequences.
    returncode : int, optional
        How the process ended. After any other code than Python's for an
        uncaught exception, the traceback may only have been logged.
    around : Around, optional
        What is known beside it.
    """
    found = find_last(plain)
    if found is None or found.type_name == "SystemExit":
        said_so = _interpreter_says(plain)
        if said_so or found is None:
            return said_so
    found, row, is_sure = _root_of_text(found)
    frame = found.frame
    seen = Seen(
        type_name=found.type_name,
        message=exceptions.first_line(found.message),
        source=frame.source if frame else "",
        frame=frame,
    )
    is_whole = is_sure and found.whole and returncode in _UNCAUGHT
    said = _say(row, seen, around, is_sure=is_sure)
    if not is_whole or (found.is_own_raise() and _by_words(found.type_name, row)):
        said = _at_most_likely(said)
    if said.code == "exception-group" and (members := members_of_group(plain, found.end, _SHOWN)):
        said = said._replace(why=f"{said.why}; the first is {members[0]}", evidence=tuple(members))
    wrappers, outer = [], found.caused
    while outer is not None and len(wrappers) < _SHOWN:
        wrappers.append(f"it ended as {own_line(outer.type_name, outer.message)}")
        outer = outer.caused
    return Reading(
        _diagnosis(said._replace(evidence=(*said.evidence, *wrappers)), seen), found.start, found.end
    )


def code_of_text(plain: str) -> str:
    """Return the code of the failure that `plain` ends with, or "", and write nothing.

    Examples
    --------
    >>> code_of_text("NameError: name 'totl' is not defined")
    'name-not-defined'
    """
    if glanced := glance(plain):
        name, message, frame = glanced
        return _row_by_name(name, message[:LONGEST_MESSAGE], lambda: raiser_of(frame))[0].code
    last = find_last(plain)
    return _root_of_text(last)[1].code if last else ""


def explain(type_name: str, message: str, source: str = "") -> Found:
    """Return code, why, fix and confidence for an exception as Python prints it.

    Parameters
    ----------
    type_name : str
        The type, with its module where Python prints one.
    message : str
        What stands after the colon.
    source : str, default ""
        The line of code that raised it.

    Examples
    --------
    >>> explain("ZeroDivisionError", "division by zero", "a / b")[:3]
    ('division-by-zero', 'division by zero', 'make sure the divisor is not 0 in: a / b')
    """
    row, is_sure = _row_by_name(type_name, message, nobody)
    said = _say(row, Seen(type_name=type_name, message=message, source=source), NOTHING, is_sure=is_sure)
    return said[:4]


def explain_error(error: BaseException) -> Found:
    """Return code, why, fix and confidence for an exception object, wherever it was raised."""
    seen = diagnose(error, lambda name: False)
    return seen.code, seen.why, seen.fix, seen.confidence


def _explicit(chain: list[BaseException]) -> tuple[list[BaseException], Row, bool]:
    """Return a chain of causes up to the first one that a library put into words, and its row."""
    for count, error in enumerate(chain, 1):
        row, is_sure = row_of(error)
        if count < len(chain) and is_sure and row.code not in _GENERIC and is_library(exceptions.raiser_of(error)[0]):
            break
    return chain[:count], row, is_sure


def _root_of_text(found: Traceback) -> tuple[Traceback, Row, bool]:
    """Return what explains `found`, as `chain_of` does it for objects."""
    row, is_sure = _row_of_text(found)
    count = 0
    while cause := cause_of(found):
        is_same = (cause.type_name, cause.message) == (found.type_name, found.message)
        if not is_same and is_sure and row.code not in _GENERIC and is_library(found.raiser()[0]):
            break
        found = cause
        row, is_sure = _row_of_text(found)
    while (not is_sure or row.confidence != "certain") and count < _MOST:
        inner = handled_by(found)
        if inner is None:
            break
        first = inner.caused_first(found)
        is_wrapped = _is_repeated(found.message, first.message) or (
            row is UNKNOWN and found.is_raise_at(first.handler())
        )
        if not is_wrapped:
            break
        found, count = inner, count + 1
        row, is_sure = _row_of_text(found)[0], False
    return found, row, is_sure


def _row_of_text(found: Traceback) -> tuple[Row, bool]:
    return _row_by_name(found.type_name, exceptions.first_line(found.message), found.raiser)


def _row_by_name(
    type_name: str, message: str, raiser: Callable[[], tuple[str, str]]
) -> tuple[Row, bool]:
    entry = _ROWS.get(type_name)
    is_exact = entry is not None
    if entry is None:
        entry = _BY_LAST_PART.get(type_name.rpartition(".")[2], UNKNOWN)
    row = entry.pick(message, raiser)
    return (row, is_exact) if row is not UNKNOWN else (ANY.pick(message, raiser), False)


def _repeats(outer: BaseException, row: Row, inner: BaseException) -> bool:
    """Return whether `outer` only passes on what `inner` said, or was raised in its place."""
    if _is_repeated(exceptions.message_of(outer), exceptions.message_of(inner)):
        return True
    return row is UNKNOWN and exceptions.is_raised_for(outer, inner)


def _is_repeated(message: str, inner: str) -> bool:
    return len(inner) >= _REPEATED and inner in message


def _by_name(cls: type) -> Entry | None:
    name = exceptions.full_name_of(cls)
    return ROWS.get(name) if "." in name else None  # a built-in type is known by itself


def _is_itself(cls: type) -> bool:
    """Return whether a class is what its name says: anybody can give a class any name."""
    module, _, name = exceptions.full_name_of(cls).rpartition(".")
    return exceptions.held_by_module(sys.modules.get(module), name) is cls


def _say(row: Row, seen: Seen, around: Around, *, is_sure: bool) -> Said:
    said = row.say(seen, around)
    if row is UNKNOWN:
        return said._replace(why=own_line(seen.type_name, seen.message))
    if is_sure:
        return said
    return _at_most_likely(said._replace(why=own_line(seen.type_name, seen.message)))


def _at_most_likely(said: Said) -> Said:
    return said._replace(confidence="likely") if said.confidence == "certain" else said


def _by_words(type_name: str, row: Row) -> bool:
    """Return whether the row was picked by the words of the message, and not by the type alone."""
    entry = _ROWS.get(type_name)
    return entry is None or entry.pick("", nobody) is not row


def _line_of(error: BaseException) -> str:
    return own_line(exceptions.qualname_of(type(error)), exceptions.message_of(error))


def _diagnosis(said: Said, seen: Seen) -> Diagnosis:
    frame = seen.frame
    where = f"{frame.file}:{frame.line}" if frame else ""
    made = compose(said.code, said.why, said.fix, said.confidence, where)
    evidence = tuple(line for line in map(one_line, said.evidence) if line)
    return Diagnosis(
        code=made.code,
        why=made.why,
        fix=made.fix,
        confidence=made.confidence,
        where=made.where,
        evidence=evidence,
        frame=frame,
        action=said.action,
    )


def _interpreter_says(plain: str) -> Reading | None:
    """Explain what Python says when it cannot even begin, and what argparse says of the arguments."""
    start, end = last_line(plain)
    line = plain[start:end]
    program, found, module = line.rpartition(": No module named ")
    if found and "python" in program:
        code, why, fix, _ = explain("ModuleNotFoundError", f"No module named '{module}'")
        return Reading(compose(code, why, fix, "likely"), start, end)
    program, found, path = line.partition(": can't open file ")
    if found and "python" in program:
        fix = "check the path: it is looked up from the working directory"
        return Reading(compose("file-not-found", f"can't open file {path}", fix, "likely"), start, end)
    return _usage(plain)


def _usage(plain: str) -> Reading | None:
    """Explain what argparse writes before it ends the program."""
    at = plain.rfind(": error: ")
    usage = plain.rfind("usage: ", 0, at) if at >= 0 else -1
    if usage < 0 or plain[usage - 1 : usage] not in ("", "\n") or plain.count("\n", usage, at) > _USAGE_LINES:
        return None
    end = plain.find("\n", at)
    end = len(plain) if end < 0 else end
    fix = "pass what the usage line asks for; in a notebook: parse_args([...])"
    return Reading(compose("wrong-arguments", plain[at + 9 : end], fix, "likely"), usage, end)

