"""What belongs to the interpreter: `sys`, builtins, modules, hooks, logging, context variables."""

from __future__ import annotations

import builtins
import contextvars
import gc
import linecache
import logging
import sys
import threading
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, TypeAlias

from .asked import MODULE

Restore: TypeAlias = Callable[[], object]

_MISSING: Any = object()
_LAST = ("last_type", "last_value", "last_traceback", "last_exc", "tracebacklimit")


def bindings(space: MutableMapping[str, Any], *, only: Callable[[str], bool] = lambda name: True) -> Restore:
    """Return what binds the names of a namespace as they are now; of new ones it drops those of `only`."""
    before = dict(space)

    def restore() -> None:
        for name in [name for name in space if name not in before and only(name)]:
            space.pop(name, None)
        for name, value in before.items():
            if space.get(name, _MISSING) is not value:
                space[name] = value

    return restore


def _sys() -> Restore:
    lists: list[tuple[Any, list[Any]]] = [
        (value, list(value)) for value in (sys.path, sys.path_hooks, sys.argv)
    ]
    back = bindings(vars(sys), only=lambda name: name in _LAST)

    def restore() -> None:
        back()
        for original, items in lists:
            if original != items:
                original[:] = items

    return restore


def _finders() -> Restore:
    original, before, known = sys.meta_path, list(sys.meta_path), set(sys.modules)

    def is_kept(finder: object) -> bool:
        """Whether it came with something that was imported, which needs it."""
        module = getattr(type(finder) if not isinstance(finder, type) else finder, "__module__", "")
        return module not in known and module in sys.modules and not module.startswith("_pytest.")

    def restore() -> None:
        new = [finder for finder in sys.meta_path if finder not in before and is_kept(finder)]
        sys.meta_path = original
        if sys.meta_path != [*before, *new]:
            sys.meta_path[:] = [*before, *new]

    return restore


def _modules() -> Restore:
    modules, before = sys.modules, dict(sys.modules)

    def is_of_tests(name: str) -> bool:
        return name == MODULE or name.rpartition(".")[2] == "conftest"

    def restore() -> None:
        for name in [name for name in modules if name not in before and is_of_tests(name)]:
            del modules[name]
        for name, module in before.items():
            if modules.get(name, _MISSING) is not module:
                modules[name] = module
                parent, _, child = name.rpartition(".")
                if parent in before and getattr(before[parent], child, _MISSING) is not module:
                    setattr(before[parent], child, module)

    return restore


def _interpreter() -> Restore:
    limits = sys.getrecursionlimit(), sys.getswitchinterval(), sys.get_int_max_str_digits()
    hooks = sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile()
    collects, threshold, except_hook = gc.isenabled(), gc.get_threshold(), threading.excepthook

    def restore() -> None:
        if sys.getrecursionlimit() != limits[0]:
            sys.setrecursionlimit(limits[0])
        if sys.getswitchinterval() != limits[1]:
            sys.setswitchinterval(limits[1])
        sys.set_int_max_str_digits(limits[2])
        if (sys.gettrace(), sys.getprofile()) != hooks[:2]:
            sys.settrace(hooks[0])
            sys.setprofile(hooks[1])
        if (threading.gettrace(), threading.getprofile()) != hooks[2:]:
            threading.settrace(hooks[2])
            threading.setprofile(hooks[3])
        threading.excepthook = except_hook
        gc.set_threshold(*threshold)
        (gc.enable if collects else gc.disable)()

    return restore


def _logging() -> Restore:
    known = [
        logging.root,
        *(each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)),
    ]
    before = [
        (each, list(each.handlers), list(each.filters), each.level, each.propagate, each.disabled)
        for each in known
    ]
    disabled, kind = logging.root.manager.disable, logging.getLoggerClass()

    def restore() -> None:
        logging.disable(disabled)
        logging.setLoggerClass(kind)
        for each, handlers, filters, level, propagate, is_off in before:
            if (each.handlers, each.filters) != (handlers, filters):
                each.handlers[:], each.filters[:] = handlers, filters
            each.propagate, each.disabled = propagate, is_off
            if each.level != level:
                each.setLevel(level)

    return restore


def _lines() -> Restore:
    cache, before = linecache.cache, dict(linecache.cache)

    def restore() -> None:
        for name in [name for name in cache if name not in before and not Path(name).is_absolute()]:
            if not name.startswith("<ipython"):
                del cache[name]
        for name, entry in before.items():
            if cache.get(name) is not entry and entry[1:2] == (None,):
                cache[name] = entry

    return restore


def _context() -> Restore:
    """Keep the context's variables: numpy's `errstate` is among them."""
    before = contextvars.copy_context()

    def restore() -> None:
        for variable, value in before.items():
            if variable.get(_MISSING) is not value:
                variable.set(value)

    return restore


#: In the order in which they are looked at.
KEPT: Mapping[str, Callable[[], Restore]] = {
    "interpreter": _interpreter,
    "builtins": lambda: bindings(vars(builtins)),
    "sys": _sys,
    "sys.meta_path": _finders,
    "sys.modules": _modules,
    "context": _context,
    "logging": _logging,
    "linecache": _lines,
}
