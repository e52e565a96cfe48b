"""The frames of a traceback as text: file, line and function, the line of code, and whose they are.

Python writes `File "a.py", line 3, in f`, IPython `File ~/a.py:3, in f(x)` and
`Cell In[3], line 2`. They are searched for from the end, and no line is looked
at twice.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from autoexec_magic.values import Frame

from .plain import lines

_MADE = ("<frozen ", "<__array_function__", "<decorator-gen", " generated ")
_ACCESSES = ("get_loc", "get_item")
_DEEPEST = 8  # columns a frame may stand in
_LONGEST_NUMBER = 10  # digits of a line's number


def is_library(filename: str) -> bool:
    """Return whether a file, or the line of a frame, is the standard library's or a package's.

    Cython names its sources relative to where they were built; a dataclass
    and others make the code of their methods.
    """
    if "/lib" in filename and ("/lib/python3." in filename or "/lib64/python3." in filename):
        return True
    if "-packages/" in filename and ("/site-packages/" in filename or "/dist-packages/" in filename):
        return True
    if ".p" in filename and (".pyx" in filename or ".pxi" in filename or ".pxd" in filename):
        return True
    return ("<" in filename and any(made in filename for made in _MADE)) or _is_generated(filename)


def is_package(filename: str) -> bool:
    """Return whether a file is an installed package's, and not the standard library's."""
    return "/site-packages/" in filename or "/dist-packages/" in filename


def is_working(filename: str, function: str) -> bool:
    """Return whether a place is within an installed package, and no access that its caller wrote as such.

    What `__getattr__` and `__getitem__` say is not there, the caller asked for.
    """
    is_theirs = is_package(filename) or filename.endswith((".pyx", ".pxi", ".pxd"))
    return is_theirs and not function.startswith("__get") and function not in _ACCESSES


def place_of(line: str) -> tuple[str, int, str] | None:
    """Return file, line and function of a frame's first line, or None.

    >>> place_of('File "a.py", line 3, in f'), place_of("File ~/a.py:3, in f(x)")
    (('a.py', 3, 'f'), ('~/a.py', 3, 'f'))
    >>> place_of("Cell In[2], line 1")
    ('In[2]', 1, '')
    """
    if line.startswith('File "'):
        name, _, rest = line[6:].rpartition('", line ')
    elif line.startswith("Cell "):
        name, _, rest = line[5:].partition(", line ")
    else:
        name, _, rest = line[5:].partition(", in ")[0].rpartition(":")
    number = rest.partition(",")[0].strip()
    if not (number.isascii() and number.isdecimal() and len(number) < _LONGEST_NUMBER):
        return None
    function = line.rpartition(", in ")[2].partition("(")[0].strip() if ", in " in line else ""
    return name, int(number), "" if function.startswith("<module") else function


def raiser_of(line: str) -> tuple[str, str]:
    """Return file and function of a frame's first line, or two empty strings."""
    if line.startswith('File "'):  # the common one, and quickly
        file, found, rest = line[6:].rpartition('", line ')
        function = rest.partition(", in ")[2]
        return (file, "" if function.startswith("<module") else function) if found else ("", "")
    place = place_of(line)
    return (place[0], place[2]) if place else ("", "")


def line_at(plain: str, start: int) -> str:
    """Return the line that begins at `start`, without its indentation."""
    end = plain.find("\n", start)
    return plain[start : end if end >= 0 else len(plain)].lstrip()


def user_frame(plain: str, top: int, bottom: int, prefix: str) -> tuple[Frame, int] | None:
    """Return the user's last frame and its offset."""
    return last_frame(plain, top, bottom, prefix, is_library)


def last_frame(
    plain: str, top: int, bottom: int, prefix: str, is_skipped: Callable[[str], bool]
) -> tuple[Frame, int] | None:
    """Return the last frame that is not skipped, and its offset."""
    file, cell = plain.rfind("File ", top, bottom), plain.rfind("Cell In[", top, bottom)
    below, deepest = bottom, len(prefix) + _DEEPEST
    while (at := max(file, cell)) >= 0:
        start = plain.rfind("\n", max(0, at - deepest - 1), at) + 1
        if at - start <= deepest:  # else the middle of a line, whose end is not looked for
            end = plain.find("\n", at, bottom)
            line = plain[at:end]
            if is_skipped(line):
                below = at
            elif (place := place_of(line)) and not plain[start:at].removeprefix(prefix).strip():
                return _frame(place, _source(plain, end + 1, below, prefix)), start
        else:  # nor is anything else of that line
            start = max(plain.rfind("\n", top, at), top)
            file, cell = plain.rfind("File ", top, start), plain.rfind("Cell In[", top, start)
            continue
        if at == file:
            file = plain.rfind("File ", top, at)
        else:
            cell = plain.rfind("Cell In[", top, at)
    return None


def first_frame(plain: str, top: int, bottom: int, prefix: str) -> Frame | None:
    """Return the first frame, if it is right below the header."""
    for start, end in islice(lines(plain, top, bottom), 2):
        line = plain[start:end].removeprefix(prefix).lstrip()
        if line.startswith(("File ", "Cell In[")) and (place := place_of(line)):
            after = (plain.find(mark, end, bottom) for mark in ("File ", "Cell In["))
            below = min((at for at in after if at >= 0), default=bottom)
            return _frame(place, _source(plain, end + 1, below, prefix))
    return None


def is_at_start(plain: str, at: int, prefix: str) -> bool:
    """Return whether only blanks, and the prefix, stand before `at` on its line."""
    start = plain.rfind("\n", max(0, at - len(prefix) - _DEEPEST - 1), at) + 1
    return at - start <= len(prefix) + _DEEPEST and not plain[start:at].removeprefix(prefix).strip()


def anybodys(line: str) -> bool:
    """Return that no frame is skipped."""
    return False


def is_raise(source: str) -> bool:
    """Return whether a line of code is a `raise`."""
    return source == "raise" or source.startswith("raise ")


def _frame(place: tuple[str, int, str], source: str) -> Frame:
    file, line, function = place
    cell = file[3:-1] if file.startswith("In[") else ""
    return Frame(file=file, line=line, function=function, source=source, cell=cell)


def _source(plain: str, start: int, stop: int, prefix: str) -> str:
    """Return the line of code that a frame shows between `start` and `stop`."""
    first = ""
    for line_start, line_end in lines(plain, start, stop):
        line = plain[line_start:line_end].removeprefix(prefix).strip()
        if line.startswith("--") and "> " in line:  # IPython's arrow marks the line that ran
            return line.partition("> ")[2].lstrip("0123456789").strip()
        first = first or line
    return first


def _is_generated(line: str) -> bool:
    return '"<string>", line ' in line and ", in __" in line
