"""What evaluating an expression may have run: names are looked up, and nothing is evaluated.

An operand of the user's own making runs the user's code where it is only added,
compared, shown or asked for an attribute; an iterator that was read once has
less to give the second time. Whatever cannot be told by looking counts as that.
"""

from __future__ import annotations

import ast
import builtins
import collections
import pathlib
import sys
from collections.abc import Callable, Mapping
from types import MemberDescriptorType, ModuleType
from typing import TypeAlias

MOST_ITEMS = 1000  # of a container that is looked through
_OTHER = object()  # a value that is not known, which a library or Python itself has made
_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class that a `class` statement has made
_SEQUENCES = (list, tuple, set, frozenset, dict, str, bytes, range)
_SCALARS = (bool, int, float, str, bytes, complex, type(None))
_TAKERS = (list, tuple, set, frozenset, dict)
_READERS = (str, int, float, bool, len)
_PATHS = (pathlib.Path, pathlib.PurePath, pathlib.PosixPath, pathlib.PurePosixPath)
_GETTER = type(vars(collections.namedtuple("_Pair", "a"))["a"])

IsOwn: TypeAlias = Callable[[type], bool]  #: whether a class is the user's


class Runs(Exception):
    """Evaluating this may have run something; the text says what, in a few words."""


class Names:
    """The values that names have where a statement stands.

    Parameters
    ----------
    names : mapping
        The statement's global names.
    is_own : callable
        Whether a class is the user's.
    """

    def __init__(self, names: Mapping[str, object], is_own: IsOwn) -> None:
        self._names = names
        self._is_own = is_own

    def value(self, node: ast.expr) -> object:
        """Return what an expression is, as far as looking tells.

        Raises
        ------
        Runs
            To evaluate it runs more than Python and libraries, or nobody can tell.
        """
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._named(node.id)
        if isinstance(node, ast.Attribute):
            return self._attribute(self.value(node.value), node)
        if isinstance(node, ast.Subscript):
            return self._item(self.value(node.value), self.plain(node.slice), node)
        if isinstance(node, ast.Call):
            return self._called(node)
        if isinstance(node, ast.List | ast.Tuple):
            return [self.value(item) for item in node.elts]
        for child in ast.iter_child_nodes(node):  # an operator, a format, keys: each asks its operands
            if isinstance(child, ast.expr):
                self.plain(child)
        return _OTHER

    def plain(self, node: ast.expr) -> object:
        """Return what an operand is; raise `Runs` if to do something with it runs the user's code."""
        value = self.value(node)
        if self._runs(value):
            raise Runs(f"{ast.unparse(node)[:40]} runs code of its own when it is used")
        return value

    def _named(self, name: str) -> object:
        if name not in self._names and not hasattr(builtins, name):
            raise Runs(f"what {name} was is not known")
        return self._names.get(name, getattr(builtins, name, _OTHER))

    def _runs(self, value: object) -> bool:
        """Whether to use a value runs the user's code, or uses it up."""
        if type(value) in _SCALARS or value is _OTHER:
            return False
        if isinstance(value, type | ModuleType):
            return self._is_own(type(value))
        if type(value) in (list, tuple, set, frozenset, dict):
            items = [*value, *value.values()] if type(value) is dict else list(value)  # type: ignore[call-overload]
            return len(items) > MOST_ITEMS or any(map(self._is_odd, items))
        return self._is_odd(value)

    def _is_odd(self, value: object) -> bool:
        kind = type(value)
        return hasattr(kind, "__next__") or self._is_own(kind)

    def _attribute(self, holder: object, node: ast.Attribute) -> object:
        shown = ast.unparse(node)[:40]
        if isinstance(holder, ModuleType):
            return vars(holder).get(node.attr, _OTHER)
        kind = holder if isinstance(holder, type) else type(holder)
        if holder is _OTHER or not self._is_own(kind):
            return _OTHER
        if isinstance(holder, type) and self._is_own(type(holder)):
            raise Runs(f"{shown} may run code of its own")
        made = [vars(each) for each in kind.__mro__ if each is not object]
        if not any("__getattribute__" in vars(each) and each.__flags__ & _HEAP for each in kind.__mro__):
            found = next((each[node.attr] for each in made if node.attr in each), None)
            own = getattr(holder, "__dict__", {}) if not isinstance(holder, type) else {}
            if isinstance(found, MemberDescriptorType | _GETTER):
                return _OTHER
            if found is None and node.attr in own:
                return own[node.attr]
            if found is not None and not hasattr(type(found), "__get__"):
                return own.get(node.attr, found)
        raise Runs(f"{shown} may run code of its own")

    def _item(self, holder: object, key: object, node: ast.Subscript) -> object:
        if type(holder) in (list, tuple, dict, str) and type(key) in (int, str):
            try:
                return holder[key]  # type: ignore[index]
            except (LookupError, TypeError):
                return _OTHER
        if self._runs(holder):
            raise Runs(f"{ast.unparse(node)[:40]} may run code of its own")
        return _OTHER

    def _called(self, node: ast.Call) -> object:
        """Return what is known of a call that has run before: only Python's own plain ones may have."""
        name = ast.unparse(node.func)[:40]
        called = self.value(node.func)
        given = [self.plain(item) for item in (*node.args, *(word.value for word in node.keywords))]
        if any(called is each for each in (*_READERS, *_PATHS)):
            return _OTHER
        if any(called is each for each in _TAKERS) and all(type(item) in _SEQUENCES for item in given):
            return _OTHER
        raise Runs(f"{name}() has run before")


def is_heap_builtin(kind: type) -> bool:
    """Whether a class says that it is Python's own, and is not: one made in a namespace without a name."""
    return kind.__module__ == "builtins" and bool(kind.__flags__ & _HEAP)


def file_of(kind: type) -> str | None:
    """Return the file of the module that a class was made in, or None."""
    file = getattr(sys.modules.get(str(kind.__module__)), "__file__", None)
    return file if isinstance(file, str) else None
