"""The traceback of a marked cell, folded to the frames that the user wrote.

IPython renders it, as it is set (`%xmode`, colours, a long cell's few lines):
its formatter is told to mark each frame it renders, and from what it returns
the library's frames are taken, a line in their place. So nothing is rendered
twice, and the whole is at hand for the card. The exception and its traceback
are not touched: `%tb`, `%debug` and `sys.last_*` have all of it.

Where somebody else shows tracebacks (rich, a subclass, a function of the
user's), theirs stays as it is. IPython has no way to show an exception group:
it prints Python's own text, and no front end is told that there was an error.
Here the same text is shown as any other error's.
"""

from __future__ import annotations

import functools
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any

from ..diagnosis.frames import is_library
from ..redact import harmless

_ROOT = __name__.partition(".")[0]
_KNOWN = ("IPython", "ipykernel", _ROOT)  # whose way to show a traceback is IPython's, or lets it
_OURS = str(Path(__file__).parents[1])
_NAMES = 3  # libraries that a line names
_FIRST, _LAST = 4, 8  # of a long stack: how it was begun tells less than where it failed
_SHARED = ("site-packages", "dist-packages")
_COMPILED = (".pyx", ".pxi", ".pxd")  # Cython's frames have the name of the source, relative to nothing


class Folded:
    """Shows the failure of one cell.

    Parameters
    ----------
    shell
        IPython's.
    cells : mapping of str to str
        The file names that the shell gave to cells, and what people call them; may grow.
    """

    def __init__(self, shell: Any, cells: Mapping[str, str]) -> None:
        self._shell = shell
        self._cells = cells
        self.whole = ""  #: the whole traceback, "" where nothing of it was left out

    def show(self, show: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        """Let `show`, the shell's own way, show what ended the cell, folded.

        What is no failure of the cell itself (`%tb`, `%run`) is shown as ever.
        """
        self.whole = ""
        formatter = self._shell.InteractiveTB
        if not kwargs.get("running_compiled_code") or not self._is_known(show, formatter):
            show(*args, **kwargs)
            return
        given: Any = args[0] if args and args[0] else sys.exc_info()
        if _holds_group(given[1]) and not hasattr(given[1], "_render_traceback_"):
            self._show_group(formatter, given)
            return
        told = printable(given[1])
        if told is not given[1]:
            args = ((type(told), told, given[2]), *args[1:])

        def folded(*args: Any, **kwargs: Any) -> list[str]:
            vars(formatter).pop("structured_traceback", None)  # once: a debugger may follow
            with self._marking(formatter):
                lines = formatter.structured_traceback(*args, **kwargs)
            return self._without_libraries(formatter, lines)

        formatter.structured_traceback = folded
        try:
            show(*args, **kwargs)
        finally:
            vars(formatter).pop("structured_traceback", None)

    def _is_known(self, show: Callable[..., None], formatter: Any) -> bool:
        """Whether it is IPython that shows and formats here."""
        ways = (show, self._shell._showtraceback, type(formatter))
        if not all(str(getattr(way, "__module__", "")).partition(".")[0] in _KNOWN for way in ways):
            return False
        return not {"structured_traceback", "format_record", "_format_list"}.intersection(vars(formatter))

    @contextmanager
    def _marking(self, formatter: Any) -> Iterator[None]:
        """Let the formatter mark the frames it renders; one that has no such steps marks none."""
        record: Any = getattr(formatter, "format_record", None)
        entries: Any = getattr(formatter, "_format_list", None)

        def format_record(info: Any) -> str:
            return _Rendered(record(info), *self._origin_of(info))

        def format_list(frames: Any) -> list[str]:
            texts = entries(frames)
            if len(texts) != len(frames):
                return list(texts)
            return [
                _Rendered(text, self._library(str(frame[0]), None))
                for text, frame in zip(texts, frames, strict=True)
            ]

        if record is not None:
            formatter.format_record = format_record
        if entries is not None:
            formatter._format_list = format_list
        try:
            yield
        finally:
            vars(formatter).pop("format_record", None)
            vars(formatter).pop("_format_list", None)

    def _origin_of(self, info: Any) -> tuple[str, int]:
        """Return whose the frame of a record is, and how many frames the record stands for."""
        repeated = getattr(info, "_sd", None)
        keys = getattr(repeated, "frame_keys", None)
        if keys:  # the same few frames many times over
            return self._library(keys[0][0].co_filename, None), len(keys)
        return self._library(str(info.filename), info.frame), 1

    def _library(self, file: str, frame: FrameType | None) -> str:
        """Return the library that a file belongs to, "" for what the user wrote."""
        if file in self._cells:
            return ""
        if file.startswith("<") and not file.startswith("<frozen "):
            if frame is None or frame.f_globals is self._shell.user_ns:
                return ""
            name = frame.f_globals.get("__name__")
            return name.partition(".")[0] if type(name) is str and name != "__main__" else ""
        if file.startswith(_OURS):
            return _ROOT
        is_compiled = file.endswith(_COMPILED) and not Path(file).is_absolute()
        is_standard = file.startswith(_standard())
        return _name_of(file) if is_compiled or is_standard or is_library(file) else ""

    def _without_libraries(self, formatter: Any, lines: list[str]) -> list[str]:
        """Return the traceback with a line for each run of a library's frames, and for the middle of many."""
        lines = [line if isinstance(line, _Rendered) else harmless(line) for line in lines]
        is_any_own = any(isinstance(line, _Rendered) and not line.library for line in lines)
        shown: list[str] = []
        hint = "; %tb shows all"
        for is_stack, run in groupby(lines, lambda line: isinstance(line, _Rendered)):
            part = list(run)
            stack = [line for line in part if isinstance(line, _Rendered)]
            if not is_stack or not is_any_own:  # of a library's frames alone nothing would be left
                shown += map(str, stack or part)
                continue
            for text in _shortened(_folded(stack)):
                more = f"    … {text}{hint}\n" if isinstance(text, _Gap) else str(text)
                hint = "" if isinstance(text, _Gap) else hint
                shown.append(more)
        whole = [str(line) for line in lines]
        self.whole = formatter.stb2text(whole) if shown != whole else ""
        return shown

    def _show_group(self, formatter: Any, given: Any) -> None:
        """Show an exception group, or what came of one, in Python's own words."""
        shell = self._shell
        kind, value, trace = shell._get_exc_info(given)  # which keeps it for %tb and %debug
        found = traceback.TracebackException(kind, value, trace)
        for each in _parts(found):
            each.stack = _Stack.of(each.stack, lambda file: self._library(file, None), self._cells)
        if formatter.mode == "Minimal":
            text = "".join(found.format_exception_only())
        else:
            whole = "".join(found.format())
            for each in _parts(found):
                each.stack.is_folded = True
            text = "".join(found.format())
            if text != whole:
                self.whole = whole
        shell._showtraceback(kind, value, [harmless(text).rstrip("\n")])
        if shell.call_pdb:
            shell.debugger(force=True)


def printable(error: BaseException) -> BaseException:
    """Return `error`, or what can be shown in its place where its own text cannot be had.

    IPython and ipykernel ask for it unguarded: the cell would fail with another
    error, or have no end.
    """
    try:
        str(error)
    except Exception:  # noqa: BLE001 - the user's code, which may raise anything
        name = type(error).__name__
        told: Exception = type(name, (Exception,), {})(f"<unprintable {name} object>")
        told.__cause__, told.__context__ = error.__cause__, error.__context__
        told.__suppress_context__ = error.__suppress_context__
        return told.with_traceback(error.__traceback__)
    return error


class _Rendered(str):
    """A frame as it was rendered, and the library it is of; "" is the user's own."""

    __slots__ = ("library", "stands_for")
    library: str
    stands_for: int  # frames

    def __new__(cls, text: str, library: str, stands_for: int = 1) -> _Rendered:
        self = super().__new__(cls, text)
        self.library, self.stands_for = library, stands_for
        return self


@dataclass(frozen=True, slots=True)
class _Gap:
    """What stands for so many frames."""

    frames: int
    libraries: tuple[str, ...] = ()

    def __str__(self) -> str:
        count = f"{self.frames} {'frame' if self.frames == 1 else 'frames'}"
        names = [*self.libraries[:_NAMES], *(["…"] if len(self.libraries) > _NAMES else [])]
        return f"{count} in {', '.join(names)}" if names else count


class _Stack(traceback.StackSummary):
    """The frames of one exception of a group, in Python's words, folded once that is asked for."""

    is_folded = False
    libraries: list[str]

    @classmethod
    def of(cls, frames: Any, library: Callable[[str], str], cells: Mapping[str, str]) -> _Stack:
        """Return `frames`, without those of IPython that ran the cell."""
        made = cls()
        found = list(frames)
        while found and library(found[0].filename) in ("IPython", _ROOT):
            del found[0]
        made.libraries = [library(frame.filename) for frame in found]
        for frame in found:
            frame.filename = cells.get(frame.filename, frame.filename)
        made.extend(found)
        return made

    def format(self, **options: Any) -> list[str]:
        texts = super().format(**options)
        if not self.is_folded or len(texts) != len(self.libraries):  # Python folds repeated ones itself
            return texts
        frames = [_Rendered(text, library) for text, library in zip(texts, self.libraries, strict=True)]
        return [f"  … {item}\n" if isinstance(item, _Gap) else item for item in _shortened(_folded(frames))]


def _folded(frames: list[_Rendered]) -> list[_Rendered | _Gap]:
    """Return a stack with a gap for each run of a library's frames."""
    found: list[_Rendered | _Gap] = []
    for is_library_s, run in groupby(frames, lambda frame: bool(frame.library)):
        part = list(run)
        if is_library_s:
            libraries = tuple(dict.fromkeys(frame.library for frame in part))
            found.append(_Gap(sum(frame.stands_for for frame in part), libraries))
        else:
            found += part
    return found


def _shortened(stack: list[_Rendered | _Gap]) -> list[_Rendered | _Gap]:
    """Return a stack with a gap for its middle, where it is long: a recursion's says nothing."""
    if len(stack) <= _FIRST + _LAST:
        return stack
    middle = stack[_FIRST:-_LAST]
    count = sum(item.frames if isinstance(item, _Gap) else item.stands_for for item in middle)
    return [*stack[:_FIRST], _Gap(count), *stack[-_LAST:]]


def _parts(found: Any) -> Iterator[Any]:
    """Yield an exception, what a group holds, and what caused any of them."""
    waiting = [found]
    while waiting:
        each = waiting.pop()
        yield each
        parts = [each.__cause__, each.__context__, *(each.exceptions or ())]
        waiting += [part for part in parts if part is not None]


def _holds_group(error: BaseException | None) -> bool:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, BaseExceptionGroup):
            return True
        seen.add(id(error))
        error = error.__context__
    return False


@functools.cache
def _standard() -> tuple[str, ...]:
    """Return where the standard library and what is installed lie."""
    paths = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    return tuple(f"{path}/" for path in paths if path)


def _name_of(file: str) -> str:
    """Return the library that a path names.

    Examples
    --------
    >>> _name_of("/usr/lib/python3.11/site-packages/pandas/core/frame.py")
    'pandas'
    >>> _name_of("/usr/lib/python3.11/json/decoder.py"), _name_of("<frozen importlib._bootstrap>")
    ('json', 'importlib')
    >>> _name_of("pandas/_libs/index.pyx"), _name_of("/usr/lib/python3/dist-packages/six.py")
    ('pandas', 'six')
    """
    if file.startswith("<frozen "):
        return file.removeprefix("<frozen ").rstrip(">").partition(".")[0]
    parts = file.strip("/").split("/")
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] in _SHARED or parts[index].startswith("python3."):
            return parts[index + 1].partition(".")[0]
    return parts[0].partition(".")[0]
