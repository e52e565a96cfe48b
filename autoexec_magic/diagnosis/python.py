"""Why Python code failed: from an exception object, or from what Python and IPython print of one.

The row of a failure is found first, and nothing is written before somebody
wants to read it. `certain` is kept for exceptions whose type is exactly the
row's: a subclass, or a type that only shares the last part of its name with a
row, is `likely` at best. Words that the user wrote in a `raise` say what the
user thinks happened: a row that goes by the words is `likely` then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from autoexec_magic.values import Confidence, Diagnosis

from . import exceptions, tables
from .around import NOTHING, Around
from .chains import chain_of, is_by_words, root_of_text, row_by_name, row_of
from .frames import is_package
from .plain import Reading, compose, last_line, make_plain, one_line
from .rows import LONGEST_MESSAGE, UNKNOWN, Row, Said, Seen, nobody, own_line, quoted
from .tables.language import INTERPRETERS
from .tracebacks import Glanced, find_last, glance, members_of_group

ROWS = tables.ROWS  #: the name of a type, as a traceback prints it -> what picks its row
Found: TypeAlias = tuple[str, str, str, Confidence]
_UNCAUGHT = (None, 1, -2, 130)  # how Python ends after a traceback; 130 is -2 as a shell says it
_WORKINGS = ("AttributeError", "IndexError", "KeyError", "StopIteration", "RecursionError", "AssertionError")
_SHOWN = 3  # exceptions of a chain or a group that are named as evidence
_USAGE_LINES = 40  # lines of a usage message


def code_of(error: BaseException) -> str:
    """Return the code of an exception object, and write nothing; what is around it may refine it.

    Examples
    --------
    >>> code_of(ZeroDivisionError("division by zero"))
    'division-by-zero'
    """
    if exceptions.has_no_cause(error):
        code = row_of(error)[0].code
        if code != "exception-group":
            return code
    return chain_of(error)[1].code


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
    is_theirs = (
        (id(row) in INTERPRETERS and exceptions.is_package_raise(root))
        or (_is_of_working(seen.type_name, row) and exceptions.is_within_package(root))
        or _is_own_part(seen, exceptions.raiser_of(root)[0])
    )
    if is_theirs or (exceptions.is_own_raise(root, is_user_frame) and is_by_words(seen.type_name, row)):
        said = _at_most_likely(said)
    if members := exceptions.members_of(root):
        lines = [_line_of(member) for member in members[:_SHOWN]]
        said = said._replace(why=f"{said.why}; the first is {lines[0]}", evidence=tuple(lines))
    said_by_root = _line_of(root)
    outer = [line for line in map(_line_of, chain[:-1]) if line != said_by_root]
    wrappers = [f"it ended as {line}" for line in outer[:_SHOWN]]
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
    whole, (found, row, is_sure) = found, root_of_text(found)
    frame = found.frame
    seen = Seen(
        type_name=found.type_name,
        message=exceptions.first_line(found.message),
        source=frame.source if frame else "",
        frame=frame,
    )
    is_whole = is_sure and found.whole and returncode in _UNCAUGHT
    said = _say(row, seen, around, is_sure=is_sure)
    is_theirs = (
        (id(row) in INTERPRETERS and found.is_package_raise())
        or (_is_of_working(found.type_name, row) and found.is_within_package())
        or _is_own_part(seen, found.raiser()[0])
    )
    if not is_whole or is_theirs or (found.is_own_raise() and is_by_words(found.type_name, row)):
        said = _at_most_likely(said)
    if said.code == "exception-group" and (members := members_of_group(found.plain, found.end, _SHOWN)):
        said = said._replace(why=f"{said.why}; the first is {members[0]}", evidence=tuple(members))
    outer = found.caused
    said_by_root = own_line(found.type_name, found.message)
    wrappers: list[str] = []
    while outer is not None and len(wrappers) < _SHOWN:
        if (line := own_line(outer.type_name, outer.message)) != said_by_root:
            wrappers.append(f"it ended as {line}")
        outer = outer.caused
    shown = found if found.plain is plain else whole  # what a group holds is read in a text of its own
    return Reading(
        _diagnosis(said._replace(evidence=(*said.evidence, *wrappers)), seen), shown.start, shown.end
    )


def code_of_text(text: str) -> str:
    """Return the code of the failure that `text` ends with, or "", and write nothing.

    Examples
    --------
    >>> code_of_text("NameError: name 'totl' is not defined")
    'name-not-defined'
    """
    plain = make_plain(text).text if "\x1b" in text else text
    if glanced := glance(plain):
        name, message, frame = glanced
        return row_by_name(name, message[:LONGEST_MESSAGE], Glanced(plain, frame))[0].code
    last = find_last(plain)
    return root_of_text(last)[1].code if last else ""


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
    row, is_sure = row_by_name(type_name, message, nobody)
    said = _say(row, Seen(type_name=type_name, message=message, source=source), NOTHING, is_sure=is_sure)
    return said[:4]


def explain_error(error: BaseException) -> Found:
    """Return code, why, fix and confidence for an exception object, wherever it was raised."""
    seen = diagnose(error, lambda name: False)
    return seen.code, seen.why, seen.fix, seen.confidence


def _say(row: Row, seen: Seen, around: Around, *, is_sure: bool) -> Said:
    said = row.say(seen, around)
    if row is UNKNOWN:
        return said._replace(why=own_line(seen.type_name, seen.message))
    if is_sure:
        return said
    return _at_most_likely(said._replace(why=own_line(seen.type_name, seen.message)))


def _is_of_working(type_name: str, row: Row) -> bool:
    """Return whether any code's working may fail so: within a package that says nothing of the call."""
    return id(row) in INTERPRETERS or type_name in _WORKINGS


def _is_own_part(seen: Seen, file: str) -> bool:
    """Return whether a package misses a part of itself: it is broken, and its name is right."""
    top, dot, _ = quoted(seen.message).partition(".")
    return seen.type_name == "ModuleNotFoundError" and bool(dot) and is_package(file) and f"/{top}/" in file


def _at_most_likely(said: Said) -> Said:
    return said._replace(confidence="likely") if said.confidence == "certain" else said


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
    code, fix = "wrong-usage", "pass what the usage line asks for; in a notebook: parse_args([...])"
    said = plain[at + 9 : end]
    if said.startswith("unrecognized arguments: -"):
        code, fix = "unknown-option", "correct the option: the usage line lists them"
    elif said.startswith("argument ") and "invalid choice: " in said and said[9:10] != "-":
        is_command = "{" in said.partition(":")[0] or " ..." in plain[usage:at]
        code, fix = (
            ("unknown-command", "correct the command: the usage line lists them")
            if is_command
            else (code, fix)
        )
    return Reading(compose(code, said, fix, "likely"), usage, end)
