"""What an exception object of the kernel says, read without running anything of the user's.

An exception may be of any class, and any method of it may be the user's own:
`__str__`, `__repr__`, `__getattribute__`, a property instead of `__cause__`, a
metaclass that decides what two classes are to each other. So what an object
holds is read through the descriptors of Python's own classes, types are
compared by identity, and only a message whose parts are plain values, or that
a library writes, is put together.
"""

from __future__ import annotations

import linecache
from opcode import opmap
from types import FunctionType, MethodDescriptorType, ModuleType, WrapperDescriptorType
from typing import TYPE_CHECKING, Any

from autoexec_magic.values import Frame

from .frames import is_library, is_package, is_working
from .rows import LONGEST_MESSAGE
from .tracebacks import Traceback, find_traceback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

_CAUSE = BaseException.__dict__["__cause__"].__get__
_CONTEXT = BaseException.__dict__["__context__"].__get__
_SUPPRESSED = BaseException.__dict__["__suppress_context__"].__get__
_TRACEBACK = BaseException.__dict__["__traceback__"].__get__
_ARGS = BaseException.__dict__["args"].__get__
_SAID = BaseException.__str__
_SYNTAX = {name: SyntaxError.__dict__[name].__get__ for name in ("msg", "filename", "lineno", "text")}
_FILENAMES = tuple(OSError.__dict__[name].__get__ for name in ("filename", "filename2"))
_MEMBERS = BaseExceptionGroup.__dict__["exceptions"].__get__
_DICT = BaseException.__dict__["__dict__"].__get__
_RAISE = opmap["RAISE_VARARGS"]
_GROUP_MESSAGE = BaseExceptionGroup.__dict__["message"].__get__
_MRO = type.__dict__["__mro__"].__get__
_QUALNAME = type.__dict__["__qualname__"].__get__
_MODULE_DICT = vars(ModuleType)["__dict__"].__get__
_CLASS_DICT = type.__dict__["__dict__"].__get__
# By identity: a metaclass may be the user's, and decide what its classes are equal to.
_PLAIN = frozenset(map(id, (str, int, float, complex, bool, bytes, type(None), type)))
_HOLDERS = frozenset(map(id, (list, tuple, set, frozenset)))
_SENT, _SENT_WITHIN = "Traceback (most recent call last)", 1000  # how a text begins that holds one
_FEW = 5  # parts of a message that are written, where Python itself may not write it
_MANY = 100  # items of a container that are looked at
_NO_CAUSES = ("CancelledError", "_RemoteTraceback", "RemoteTraceback")
_FAR = 100  # causes that are followed; a longer chain is no chain of causes


def causes(error: BaseException) -> list[BaseException]:
    """Return `error` and its explicit causes (`raise ... from`), the root last.

    A cancellation is no cause: it is how a time limit is carried out. Nor is
    the text that a process of a pool sends of its own traceback. A chain that
    bites its own tail ends there.
    """
    chain = [error]
    while (cause := _CAUSE(chain[-1])) is not None and len(chain) < _FAR:
        if name_of(type(cause)) in _NO_CAUSES or any(cause is known for known in chain):
            break
        chain.append(cause)
    return chain


def has_no_cause(error: BaseException) -> bool:
    """Return whether nothing was handled, and nothing named as the cause, when it was raised."""
    return _CAUSE(error) is None and _CONTEXT(error) is None


def context_of(error: BaseException) -> BaseException | None:
    """Return what was being handled when `error` was raised, unless that was hidden on purpose."""
    return None if _SUPPRESSED(error) else _CONTEXT(error)


def classes_of(error: BaseException) -> tuple[type, ...]:
    """Return the classes of `error`, its own first, whatever it says of itself."""
    return _MRO(type(error))  # type: ignore[no-any-return]


def name_of(cls: type) -> str:
    """Return the last part of a class's name."""
    return _QUALNAME(cls).rpartition(".")[2]  # type: ignore[no-any-return]


def qualname_of(cls: type) -> str:
    """Return the name of a class within its module."""
    return _QUALNAME(cls)  # type: ignore[no-any-return]


def held_by_module(module: object, name: str) -> object:
    """Return what a loaded module holds under `name`, or None."""
    return _MODULE_DICT(module).get(name) if type(module) is ModuleType else None


def full_name_of(cls: type) -> str:
    """Return the name of a class as a traceback prints it."""
    module, name = _CLASS_DICT(cls).get("__module__"), _QUALNAME(cls)
    if type(module) is not str or module in ("__main__", "builtins"):
        return name  # type: ignore[no-any-return]
    return f"{module}.{name}"


def message_of(error: BaseException) -> str:
    """Return the first line of what `error` says.

    A method of the user's that would say it is not called: then it is what
    `Exception` itself would say. A part that is no plain value is written as
    its type.
    """
    cls = type(error)
    said = cls.__str__ if type(cls) is type else _of_class(cls, "__str__")
    if said is _SAID:
        args = _ARGS(error)
        if len(args) == 1 and type(args[0]) is str:
            text = args[0]
            return text if len(text) <= LONGEST_MESSAGE and "\n" not in text else first_line(text)
    return first_line(_text_of(error, said))


def first_line(text: str) -> str:
    """Return the first line of `text` that is not blank, of a length that is looked at."""
    return text[: 2 * LONGEST_MESSAGE].strip().partition("\n")[0].strip()[:LONGEST_MESSAGE]


def members_of(error: BaseException) -> tuple[BaseException, ...]:
    """Return the exceptions that a group holds, none of anything else."""
    return _MEMBERS(error) if is_a(error, BaseExceptionGroup) else ()


def is_a(error: BaseException, cls: type) -> bool:
    """Return whether `error` is a `cls`, by its real type and not by what it says it is."""
    return any(base is cls for base in _MRO(type(error)))


def arguments_of(error: BaseException) -> tuple[object, ...]:
    """Return what `error` was made of."""
    return _ARGS(error)  # type: ignore[no-any-return]


def entries(error: BaseException) -> Iterator[TracebackType]:
    """Yield the entries of its traceback, the outermost first."""
    at = _TRACEBACK(error)
    while at is not None:
        yield at
        at = at.tb_next


def raiser_of(error: BaseException) -> tuple[str, str]:
    """Return file and function of the innermost frame, or two empty strings."""
    last = _innermost(error)
    return (last.tb_frame.f_code.co_filename, last.tb_frame.f_code.co_name) if last else ("", "")


def raising_line(error: BaseException) -> str:
    """Return the line of code of the innermost frame, or what could not be read as code, or ""."""
    if is_a(error, SyntaxError):
        text = _SYNTAX["text"](error)
        return first_line(text) if type(text) is str else ""
    last = _innermost(error)
    return source_line(last.tb_frame.f_code.co_filename, last.tb_lineno or 0) if last else ""


def is_raised_for(outer: BaseException, inner: BaseException) -> bool:
    """Return whether `outer` comes from a `raise` in the very frame that caught `inner`."""
    last = _innermost(outer)
    caught = _TRACEBACK(inner)
    if last is None or caught is None or last.tb_frame.f_code is not caught.tb_frame.f_code:
        return False
    return _is_raise(last)


def caught_line(outer: BaseException, inner: BaseException) -> str:
    """Return the line at which the frame that raised `outer` was left by `inner`, or ""."""
    last, caught = _innermost(outer), _TRACEBACK(inner)
    if last is None or caught is None or last.tb_frame.f_code is not caught.tb_frame.f_code:
        return ""
    return source_line(caught.tb_frame.f_code.co_filename, caught.tb_lineno or 0)


def is_own_raise(error: BaseException, is_user_frame: Callable[[str], bool]) -> bool:
    """Return whether `error` comes from a `raise` of the user's: the words are the user's own, too."""
    last = _innermost(error)
    return last is not None and _is_raise(last) and is_user_frame(last.tb_frame.f_code.co_filename)


def is_package_raise(error: BaseException) -> bool:
    """Return whether `error` comes from a `raise` of an installed package: the words are its own."""
    last = _innermost(error)
    return last is not None and _is_raise(last) and is_package(last.tb_frame.f_code.co_filename)


def is_within_package(error: BaseException) -> bool:
    """Return whether `error` comes from the code of an installed package, and from no `raise` in it."""
    last = _innermost(error)
    if last is None or _is_raise(last):
        return False
    return is_working(last.tb_frame.f_code.co_filename, last.tb_frame.f_code.co_name)


def remote_frame(error: BaseException, is_user_frame: Callable[[str], bool]) -> Frame | None:
    """Return the user's last frame in the other process that `error` comes from, or None."""
    found = _carried(error)
    frame = found.frame if found else None
    return frame if frame and is_user_frame(frame.file) else None


def _carried(error: BaseException) -> Traceback | None:
    """Return the traceback that a process of a pool, or a worker of torch's, sent along as text."""
    cause, args = _CAUSE(error), _ARGS(error)
    said = None
    if cause is not None and name_of(type(cause)) in ("_RemoteTraceback", "RemoteTraceback"):
        said = getattr_of(cause, "tb")
    elif len(args) == 1 and any(base is str for base in _MRO(type(args[0]))):
        said = str.__str__(args[0])
    if type(said) is not str or _SENT not in said[:_SENT_WITHIN]:
        return None
    return find_traceback(said)


def getattr_of(error: BaseException, name: str) -> object:
    """Return what an exception itself holds under `name`, past any property, or None."""
    held = _DICT(error)
    return held.get(name) if type(held) is dict else None


def user_place(chain: Sequence[BaseException], is_user_frame: Callable[[str], bool]) -> str:
    """Return `file:line` of the user's last frame, or ""; see `user_frame`."""
    frame, _ = user_frame(chain, is_user_frame)
    return f"{frame.file}:{frame.line}" if frame else ""


def user_frame(
    chain: Sequence[BaseException], is_user_frame: Callable[[str], bool]
) -> tuple[Frame | None, TracebackType | None]:
    """Return the user's last frame, and its entry in a traceback.

    Parameters
    ----------
    chain : sequence of BaseException
        From the exception that was seen to its root. The root's own frames
        come first; where none is the user's, those of the exception it caused.
    is_user_frame : callable
        Whether a file name is the user's.
    """
    for error in reversed(chain):
        if is_a(error, SyntaxError) and (read := _place_read(error, is_user_frame)):
            return read, None
        last = None
        for at in entries(error):
            if is_user_frame(at.tb_frame.f_code.co_filename):
                last = at
        if last is not None:
            code = last.tb_frame.f_code
            function = "" if code.co_name == "<module>" else code.co_name
            line = last.tb_lineno or 0
            source = source_line(code.co_filename, line)
            return Frame(file=code.co_filename, line=line, function=function, source=source), last
    return None, None


def source_line(filename: str, line: int) -> str:
    """Return a line of code, without its indentation, if it is in memory already."""
    lines = source_lines(filename)
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""


def source_lines(filename: str) -> list[str]:
    """Return the lines of a file that Python or IPython have read before; no disk is looked at."""
    known = linecache.cache.get(filename)
    return known[2] if known and len(known) == 4 else []


def _innermost(error: BaseException) -> TracebackType | None:
    at = _TRACEBACK(error)
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at  # type: ignore[no-any-return]


def _is_raise(at: TracebackType) -> bool:
    code = at.tb_frame.f_code.co_code
    return 0 <= at.tb_lasti < len(code) and code[at.tb_lasti] == _RAISE


def _place_read(error: BaseException, is_user_frame: Callable[[str], bool]) -> Frame | None:
    """Return where a syntax error was read, if that is the user's."""
    filename, line, text = (_SYNTAX[name](error) for name in ("filename", "lineno", "text"))
    if type(filename) is not str or not is_user_frame(filename):
        return None
    return Frame(
        file=filename,
        line=line if type(line) is int and line > 0 else 1,
        source=first_line(text) if type(text) is str else "",
    )


def _text_of(error: BaseException, said: object) -> str:
    """Return all that `error` says, as far as it can be had without the user's code."""
    if said is SyntaxError.__str__:
        message = _SYNTAX["msg"](error)
        return message if type(message) is str else ""  # str(error) would repeat the place
    if said is BaseExceptionGroup.__str__:
        message, count = _GROUP_MESSAGE(error), len(_MEMBERS(error))
        many = "" if count == 1 else "s"
        return f"{_plainly(message, one=True)} ({count} sub-exception{many})"
    args = _ARGS(error)
    if len(args) == 1 and type(args[0]) is not str and (sent := _carried(error)):
        return sent.message
    if _is_trusted(said) and all(map(_is_plain, args)) and all(map(_is_plain, _names_of_files(error))):
        try:
            text = said(error)  # type: ignore[operator]
        except BaseException:  # noqa: BLE001 - a library's __str__ may raise anything; we never do
            text = ""
        if type(text) is str:
            return text
    return ", ".join(_plainly(arg, one=len(args) == 1) for arg in args[:_FEW])


def _is_trusted(function: object) -> bool:
    """Return whether a method is Python's or a library's, and calls nothing that it wraps."""
    if type(function) is FunctionType:
        return is_library(function.__code__.co_filename) and not function.__dict__
    return type(function) in (WrapperDescriptorType, MethodDescriptorType)


def _names_of_files(error: BaseException) -> tuple[object, ...]:
    return tuple(get(error) for get in _FILENAMES) if is_a(error, OSError) else ()


def _is_plain(value: Any, depth: int = 3) -> bool:
    """Return whether `value` can be written without running anything of the user's."""
    cls = type(value)
    if id(cls) in _PLAIN:
        return True
    if not depth:
        return False
    if id(cls) in _HOLDERS:
        return len(value) <= _MANY and all(_is_plain(item, depth - 1) for item in value)
    if cls is dict:
        return len(value) <= _MANY and all(
            _is_plain(key, depth - 1) and _is_plain(item, depth - 1) for key, item in value.items()
        )
    if not all(_is_trusted(_of_class(cls, name)) for name in ("__repr__", "__str__", "__getattribute__")):
        return False
    bases = _MRO(cls)
    if any(base is BaseException for base in bases):
        return all(_is_plain(arg, depth - 1) for arg in _ARGS(value))
    if any(base is tuple for base in bases):
        return all(_is_plain(item, depth - 1) for item in tuple.__iter__(value))
    return not any(id(base) in _HOLDERS or base is dict for base in bases)


def _plainly(value: object, *, one: bool) -> str:
    if id(type(value)) in _PLAIN:
        try:
            return str(value) if one else repr(value)
        except ValueError:  # an integer of more digits than Python writes
            pass
    return f"<{name_of(type(value))}>"


def _of_class(cls: type, name: str) -> object:
    for base in _MRO(cls):
        if name in _CLASS_DICT(base):
            return _CLASS_DICT(base)[name]
    return None
