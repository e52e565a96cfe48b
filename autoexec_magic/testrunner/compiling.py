"""What Python could not compile: a file that it was to import, or a text that a program gave it.

A `SyntaxError` names its own place, and that is no place that the program went
through. Where the program imports, it is a file that has to be mended. Where it
calls `exec`, `compile` or `ast.parse`, the name is whatever the caller chose,
and the place to look at is the call.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..diagnosis.frames import is_raise
from .shown import Place

SYNTAX = ("SyntaxError", "IndentationError", "TabError")

# Behind the place of what it could not compile Python writes no `, in NAME`; the type is not far below.
_NAMED = re.compile(
    r'^[E |]*+File "(?P<file>[^"\n]+)", line (?P<line>\d{1,9})\n(?P<source>(?:[^\n]*\n){0,3}?)'
    r"[E |]*+(?:\w++\.)*(?:SyntaxError|IndentationError|TabError)\b",
    re.MULTILINE,
)
_LINK = re.compile(r"(?:following exception|another exception occurred):$", re.MULTILINE)
_SUFFIX = re.compile(r"\((?P<file>[^\n()]+), line (?P<line>\d{1,9})\)\Z")  # of the file only its last part
_IMPORTS = re.compile(
    r"(?:import|from)\b|.*\b(?:import_module|importorskip|__import__|reload|exec_module|load_module"
    r"|run_path|run_module)\("
)
_IMPORTERS = re.compile(
    r"(?:\A|/)(?:importlib|_pytest)/|(?:\A|/)(?:runpy|pkgutil|zipimport)\.py\Z"
    r"|<frozen (?:importlib|runpy|zipimport)"
)
_NOWHERE = Place("")


class Compiled(NamedTuple):
    """What a `SyntaxError` says of places.

    `places` lead from the test to where it was raised: to the file that cannot
    be compiled, else to the call that was given a text. `unread` is that
    file's place, without a file where there is none; `is_imported` says that
    the program was importing it.
    """

    places: tuple[Place, ...]
    unread: Place = _NOWHERE
    is_imported: bool = False


def compiled(
    places: Sequence[Place],
    message: str,
    text: str,
    *,
    whose: Callable[[str], str],
    is_file: Callable[[str], bool],
    is_collected: bool = False,
) -> Compiled:
    """Return what could not be compiled.

    Parameters
    ----------
    places : sequence of Place
        The places of the text, the error's own among them or not.
    message, text : str
        The error's own words, and all that was said; "" where its words alone are to be believed.
    whose : callable
        Says of a path whose code it is, as `Project.whose`.
    is_file : callable
        Whether a path that the program chose is one of a file of the project's, by its looks.
    is_collected : bool
        Whether it was raised while tests were collected, where pytest itself reads a file.

    Examples
    --------
    >>> call = Place("test_a.py", 2, "compile('1 +', 'cfg', 'exec')")
    >>> found = compiled(
    ...     [call, Place("cfg", 1, "1 +")],
    ...     "invalid syntax (cfg, line 1)",
    ...     "",
    ...     whose=lambda path: "test",
    ...     is_file=lambda path: path.endswith(".py"),
    ... )
    >>> found.places == (call,), found.unread.file
    (True, '')
    """
    named = _named(places, message, text)
    if named is None:
        return Compiled(tuple(places))
    frames = tuple(place for place in places if place[:2] != named[:2])
    at = next((at for at in range(len(frames) - 1, -1, -1) if whose(frames[at].file) != "library"), -1)
    ways = frames[max(at, 0) :]
    is_imported = any(map(_is_import, ways)) if at >= 0 else is_collected
    is_told = bool(ways) and is_raise(ways[-1].source)  # a parser of the program's own says so
    is_unread = is_imported or (is_file(named.file) and whose(named.file) != "library")
    if named.file.startswith("<") or is_told or not is_unread:
        return Compiled(frames or tuple(places))
    return Compiled((*frames, named), named, is_imported)


def _named(places: Sequence[Place], message: str, text: str) -> Place | None:
    """Return the place that the error names, with its line of code where that is shown; None without one."""
    found = list(_NAMED.finditer(text, max((link.end() for link in _LINK.finditer(text)), default=0)))
    shown = [
        Place(each["file"], int(each["line"]), each["source"].partition("\n")[0].strip("E |"))
        for each in found[-1:]
    ]
    message = message.rstrip()
    for each in (*shown, *reversed(places)):
        if each.file and message.endswith(f"({posixpath.basename(each.file)}, line {each.line})"):
            return each
    said = _SUFFIX.search(message)
    if said is not None:
        return Place(said["file"], int(said["line"]))
    return shown[0] if shown else None


def _is_import(place: Place) -> bool:
    return bool(_IMPORTS.match(place.source) or _IMPORTERS.search(place.file))
