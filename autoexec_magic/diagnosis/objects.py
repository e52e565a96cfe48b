"""What names and keys an object has, and which object a failed line was about; nothing of the user's runs.

A line of code is read, not run: of `orders["prise"]` the name `orders` is
looked up in the frame that failed, and what it holds is read from the
dictionaries of its type and of itself, with the descriptors of Python's own
classes. So no `__dir__`, `__getattr__`, property or `__repr__` is called.
pandas, NumPy and torch are read by their own types only, never by a class
derived from them.
"""

from __future__ import annotations

import ast
import sys
from itertools import islice
from types import (
    BuiltinFunctionType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import TYPE_CHECKING, Any

from .exceptions import name_of, source_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

_MRO = type.__dict__["__mro__"].__get__
_CLASS_DICT = type.__dict__["__dict__"].__get__
_MOST = 3000  # names or keys that are looked at
_DEEPEST = 8  # links of a chain such as a.b["c"].d
_LONGEST = 2000  # characters of code that are parsed
_MISSING = object()

_VIEWS = ("loc", "iloc", "at", "iat")  # what pandas calls the ways into one and the same object


def _a_view() -> object:
    return sys._getframe().f_locals


# From 3.13 on the names of a function are a view of it; a class body may have a mapping of its own.
_VIEW = type(_a_view())


def names_of(value: object) -> list[str]:
    """Return the names of the attributes of `value`: its own, those of its classes, columns of a frame."""
    found: dict[str, None] = {}
    for names in (_own_dict(value), *map(_CLASS_DICT, _MRO(type(value)))):
        found.update(dict.fromkeys(_strings(names)))
    if issubclass(type(value), type):
        for base in _MRO(value):
            found.update(dict.fromkeys(_strings(_CLASS_DICT(base))))
    found.update(dict.fromkeys(name for name in labels_of(value, 1) if name.isidentifier()))
    return list(found)


def keys_of(value: object) -> list[str]:
    """Return those keys of a container that are texts, as far as they can be read."""
    cls = type(value)
    if _derives(cls, dict):
        return _strings(value)
    if labels := labels_of(value, 1) or labels_of(value, 0):
        return labels
    if _derives(cls, type):
        return _strings(_CLASS_DICT(value).get("_member_map_", ()))  # an Enum
    fields = getattr(_dtype_of(value), "names", None)
    if fields:
        return [name for name in fields if type(name) is str]
    data = _own_dict(value).get("data", ())  # a UserDict's
    return _strings(data) if type(data) is dict else []


def labels_of(value: object, axis: int) -> list[str]:
    """Return the labels of a pandas object that are texts: axis 0 its rows, 1 its columns."""
    if not _is_pandas(value):
        return []
    try:
        axes = _own_dict(value)["_mgr"].axes  # columns, rows; of a Series its rows only
        index = axes[0] if axis else axes[-1]
        if axis and len(axes) < 2:
            return []
        return [label for label in index[:_MOST].tolist() if type(label) is str]
    except Exception:  # noqa: BLE001 - another version of pandas is built otherwise
        return []


def size_of(value: object) -> int | None:
    """Return how many items a list, a tuple, a text or a dictionary has; None of anything else."""
    cls = type(value)
    is_sized = any(cls is one for one in (list, tuple, str, bytes, dict))
    return len(value) if is_sized else None  # type: ignore[arg-type]


def describe(value: object) -> str:
    """Return the type of `value`, with its shape and dtype if it is an array, a tensor or a frame."""
    name = name_of(type(value))
    try:
        if _is_exactly(value, "numpy", "ndarray") or _is_exactly(value, "torch", "Tensor"):
            made: Any = value
            return f"{name} {made.dtype}, shape {tuple(made.shape)}"
        if _is_pandas(value):
            axes = _own_dict(value)["_mgr"].axes
            return f"{name}, shape {tuple(len(axis) for axis in reversed(axes))}"
    except Exception:  # noqa: BLE001 - another version is built otherwise
        return name
    size = size_of(value)
    return f"{name} of {size}" if size is not None else name


def kind_of(value: object) -> str:
    """Return "function", "class" or "module" for what is one, else ""."""
    cls = type(value)
    if _derives(cls, type):
        return "class"
    if cls is FunctionType or cls is BuiltinFunctionType or cls is MethodType:
        return "function"
    return "module" if _derives(cls, ModuleType) else ""


def own_value(value: object, name: str) -> object:
    """Return what the instance itself holds under `name`, past any property, or None."""
    return _own_dict(value).get(name)


def subscripted(at: TracebackType) -> tuple[object, str] | None:
    """Return the object whose item, attribute or method the failed expression asks for, and its name.

    None where the line is not known, or the expression is no plain name or
    chain of attributes and constant keys.
    """
    node = _failed(at)
    if isinstance(node, ast.Await):
        node = node.value
    if isinstance(node, ast.Call):
        node = node.func
    if not isinstance(node, ast.Subscript | ast.Attribute):
        return None
    target = node.value
    if isinstance(target, ast.Attribute) and target.attr in _VIEWS:
        target = target.value
    value = _look_up(target, at)
    return None if value is _MISSING else (value, ast.unparse(target))


def called(at: TracebackType) -> object:
    """Return what the failed expression calls, or None."""
    node = _failed(at)
    value = _look_up(node.func, at) if isinstance(node, ast.Call) else _MISSING
    return None if value is _MISSING else value


def named_in(at: TracebackType) -> Iterator[tuple[str, object]]:
    """Yield the plain names in the failed expression, and what they hold."""
    node, seen = _failed(at), set()
    for part in ast.walk(node) if node else ():
        if isinstance(part, ast.Name) and part.id not in seen:
            seen.add(part.id)
            value = _look_up(part, at)
            if value is not _MISSING:
                yield part.id, value


def names_at(at: TracebackType) -> list[str]:
    """Return the names that the failed line could see: its own first, then global and built-in ones."""
    found: dict[str, None] = {}
    for names in _scopes(at):
        found.update(dict.fromkeys(_strings(names)))
    return list(found)


def _failed(at: TracebackType) -> ast.expr | None:
    """Return the expression that was at work when this frame failed."""
    code = at.tb_frame.f_code
    place = next(islice(code.co_positions(), at.tb_lasti // 2, None), None) if at.tb_lasti >= 0 else None
    if place is None or None in place:
        return None
    first, last, begin, end = place
    lines = source_lines(code.co_filename)[first - 1 : last]  # type: ignore[operator]
    if not lines or len(lines) != last - first + 1:  # type: ignore[operator]
        return None
    data = "".join(lines).encode()
    tail = len(lines[-1].encode()) - end  # type: ignore[operator]
    text = data[begin : len(data) - tail].decode("utf-8", "replace")
    if len(text) > _LONGEST:
        return None
    try:
        return ast.parse(f"({text})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _look_up(node: ast.expr, at: TracebackType, depth: int = _DEEPEST) -> object:
    """Return what a name or a chain stands for, by looking into dictionaries only."""
    if not depth:
        return _MISSING
    if isinstance(node, ast.Name):
        for names in _scopes(at):
            value = _item(names, node.id)
            if value is not _MISSING:
                return value
        return _MISSING
    if not isinstance(node, ast.Attribute | ast.Subscript):
        return _MISSING
    value = _look_up(node.value, at, depth - 1)
    if value is _MISSING:
        return _MISSING
    if isinstance(node, ast.Attribute):
        return _attribute(value, node.attr)
    return _item(value, node.slice.value) if isinstance(node.slice, ast.Constant) else _MISSING


def _attribute(value: object, name: str) -> object:
    found = _item(_own_dict(value), name)
    if found is _MISSING and type(value) is type:
        found = _item(dict(_CLASS_DICT(value)), name)
    return found


def _item(value: Any, key: object) -> object:
    """Return an item of an exact dictionary, list or tuple; no key's own `__eq__` is asked."""
    if type(value) is dict and type(key) is str:
        if len(value) > _MOST:
            return _MISSING
        return next((item for own, item in value.items() if type(own) is str and own == key), _MISSING)
    cls = type(value)
    if (cls is list or cls is tuple) and type(key) is int and -len(value) <= key < len(value):
        return value[key]
    return _MISSING


def _scopes(at: TracebackType) -> tuple[dict[str, object], ...]:
    frame = at.tb_frame
    scopes = (frame.f_locals, frame.f_globals, frame.f_builtins)
    return tuple(dict(names) if type(names) is _VIEW else names for names in scopes)


def _own_dict(value: object) -> dict[str, Any]:
    """Return the dictionary of an instance, past any property of that name."""
    for base in _MRO(type(value)):
        own = _CLASS_DICT(base).get("__dict__")
        if type(own) in (GetSetDescriptorType, MemberDescriptorType):
            try:
                names = own.__get__(value)
            except (AttributeError, TypeError):
                return {}
            return names if type(names) is dict else {}
    return {}


def _strings(names: Any) -> list[str]:
    cls = type(names)
    if cls is not MappingProxyType and not _derives(cls, dict):
        return []
    keys: Iterable[object] = names if cls is MappingProxyType else dict.keys(names)
    return [name for name in islice(keys, _MOST) if type(name) is str]


def _derives(cls: type, base: type) -> bool:
    return any(one is base for one in _MRO(cls))


def _is_exactly(value: object, module: str, name: str) -> bool:
    """Return whether `value` is of a library's own class, if that is loaded, and of none derived from it."""
    loaded = sys.modules.get(module)
    return type(loaded) is ModuleType and type(value) is _own_dict(loaded).get(name)


def _is_pandas(value: object) -> bool:
    return _is_exactly(value, "pandas", "DataFrame") or _is_exactly(value, "pandas", "Series")


def _dtype_of(value: object) -> object:
    for name in ("ndarray", "void", "recarray"):
        if _is_exactly(value, "numpy", name):
            return value.dtype  # type: ignore[attr-defined]
    return None
