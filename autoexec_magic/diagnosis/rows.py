"""What the rows of Python's table are made of.

A row is a function of an exception's message and of the line of code that
raised it (or ""), and returns code, why, fix and confidence. What stands in a
message never becomes a command, but for one: the module in
`%autoexec resolve MODULE`, and only if it is a plain dotted name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from autoexec_magic.values import Confidence

Found: TypeAlias = tuple[str, str, str, Confidence]
Row: TypeAlias = Callable[[str, str], Found]

_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+(?:\.[A-Za-z_][A-Za-z0-9_]*+)*+", re.ASCII)
_LONGEST_NAME = 100  # characters of a name that a fix may repeat


def says(code: str, fix: str, confidence: Confidence = "certain", *, silent: str = "") -> Row:
    """Return a row whose `why` is the message itself.

    Parameters
    ----------
    code : str
        The code of the diagnosis.
    fix : str
        The fix; `{name}` in it becomes the first quoted name of the message,
        `{path}` what stands after its last colon.
    confidence : Confidence, default "certain"
        How sure the type alone makes the code and the fix.
    silent : str, default ""
        The `why` of an exception that has no message.
    """
    named, pathed = "{name}" in fix, "{path}" in fix

    def row(message: str, source: str) -> Found:
        why = message.partition("] ")[2] if message[:7] == "[Errno " else message
        remedy = fix
        if named:
            remedy = fix.replace("{name}", quoted(message) or "it")
        elif pathed:
            remedy = fix.replace("{path}", why.rpartition(": ")[2] if ": " in why else "it")
        return code, why or silent, remedy, confidence

    return row


def by_message(*sayings: tuple[str, Row], otherwise: Row) -> Row:
    """Return a row that leaves the message to the first saying found in it."""

    def row(message: str, source: str) -> Found:
        for saying, said in sayings:
            if saying in message:
                return said(message, source)
        return otherwise(message, source)

    return row


def hinted(row: Row) -> Row:
    """Return `row` with Python's own suggestion as the fix, where it made one."""

    def with_hint(message: str, source: str) -> Found:
        told, found, hint = message.partition(". Did you ")
        if not found:
            return row(message, source)
        code, why, fix, confidence = row(told, source)
        suggested = quoted(hint)
        if suggested and hint.startswith("forget to import "):
            fix = f"add the line: import {suggested}"
        elif suggested:
            wrong = quoted(told.partition(" has no attribute ")[2]) or quoted(told) or "it"
            fix = f"write {suggested} instead of {wrong}"
        return code, why, fix, confidence

    return with_hint


def with_source(row: Row, fix: str) -> Row:
    """Return `row` with the line of code in the fix (`{source}`), where it is known."""

    def at_source(message: str, source: str) -> Found:
        code, why, _, confidence = found = row(message, source)
        return (code, why, fix.replace("{source}", source), confidence) if source else found

    return at_source


def unknown(type_name: str, message: str) -> Found:
    """Return what can be said of any exception: its own last line."""
    return "error", own_line(type_name, message), "read the lines above that message", "unknown"


def own_line(type_name: str, message: str) -> str:
    """Return the line that Python ends a traceback with."""
    return f"{type_name}: {message}" if message else type_name


def no_module(message: str, source: str) -> Found:
    """Explain `No module named 'x'`."""
    module = message.partition(";")[0].partition("'")[2].rpartition("'")[0]
    plain = len(module) <= _LONGEST_NAME and _MODULE.fullmatch(module)
    if plain and message.endswith("is not a package"):
        parent = module.partition(".")[0]
        fix = f"rename {parent}.py if it is yours (it hides the package), or correct the import"
        return "module-not-found", message, fix, "likely"
    fix = f"%autoexec resolve {module}" if plain else "correct the module's name in the import"
    return "module-not-found", message, fix, "certain"


def no_name(message: str, source: str) -> Found:
    """Explain `cannot import name 'x' from 'y' (place)`."""
    module = quoted(message.partition(" from ")[2]) or "the module"
    fix = f"look in dir({module}) for the name that was meant, or install a version that has it"
    return "cannot-import-name", message, fix, "certain"


def no_library(message: str, source: str) -> Found:
    """Explain `libx.so.1: cannot open shared object file: ...`."""
    library = message.partition(": ")[0]
    return "shared-library-missing", message, f"install the system library {library}", "certain"


def no_attribute(message: str, source: str) -> Found:
    """Explain `'T' object has no attribute 'x'`."""
    owner, attribute = quoted(message), quoted(message.partition(" has no attribute ")[2])
    fix = f"look in dir({owner}) for the name that was meant" if owner else "look in dir() of that object"
    if owner == "NoneType":
        fix = f"check for None before .{attribute or 'it'}: what stands before it gave no result"
    return "attribute-not-found", message, fix, "certain"


def no_key(message: str, source: str) -> Found:
    """Explain a KeyError, whose message is the key's `repr`."""
    if not message:
        return "key-not-found", "a key is not there", "look at the keys that are there", "certain"
    fix = f"look at the keys that are there, or use .get({message})"
    return "key-not-found", f"the key {message} is not there", fix, "certain"


def no_file(message: str, source: str) -> Found:
    """Explain `[Errno 2] No such file or directory: 'path'`."""
    why = message.partition("] ")[2] if message.startswith("[Errno ") else message
    path = why.partition(": ")[2]
    fix = f"check that {path} exists and how it is spelled"
    if not path:
        fix = "check that the path exists and how it is spelled"
    elif path[1:2] != "/":
        fix = f"check the path {path}: it is looked up from the working directory"
    return "file-not-found", why, fix, "certain"


def exited(message: str, source: str) -> Found:
    """Explain a SystemExit, whose message is the exit code or the last words."""
    why = f"the code ended itself with {message}" if message else "the code ended itself"
    return "system-exit", why, "take the call of exit out, or catch SystemExit", "certain"


def quoted(message: str) -> str:
    """Return the first quoted name of `message`, or "" if it is no plain name."""
    name = message.partition("'")[2].partition("'")[0]
    return name if len(name) <= _LONGEST_NAME and name.replace(".", "_").isidentifier() else ""
