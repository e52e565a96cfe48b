"""What libraries keep for the whole process: random numbers, matplotlib's backend, decimal's context.

Nothing is imported for it. A library that comes with the tests is put into the
state in which it is when it is imported fresh.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Mapping
from typing import Any


def _random() -> Callable[[], object]:
    state = random.getstate()
    return lambda: random.setstate(state)


def _numpy() -> Callable[[], object]:
    module: Any = sys.modules.get("numpy.random")
    state = module.get_state(legacy=False) if module is not None else None

    def restore() -> None:
        module: Any = sys.modules.get("numpy.random")
        if state is not None:
            module.set_state(state)
        elif module is not None:
            module.seed()  # as it is imported: unforeseeable

    return restore


def _decimal() -> Callable[[], object]:
    module: Any = sys.modules.get("decimal")
    context = module.getcontext() if module is not None else None
    before = context.copy() if context is not None else None

    def restore() -> None:
        module: Any = sys.modules.get("decimal")
        if context is None:
            if module is not None:
                module.setcontext(module.DefaultContext.copy())
            return
        for name in ("prec", "rounding", "Emin", "Emax", "capitals", "clamp", "flags", "traps"):
            setattr(context, name, getattr(before, name))  # in place: others hold it
        module.setcontext(context)

    return restore


def _matplotlib() -> Callable[[], object]:
    settings = _settings()
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    backend = getattr(pyplot, "_backend_mod", None)
    figures = _figures()

    def restore() -> None:
        if "matplotlib" not in sys.modules:
            return
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        for number in set(_figures()) - set(figures):
            pyplot.close(number)
        found = settings if settings is not None else _fresh()
        if _settings() != found:
            dict.update(_rc(), found)
        if hasattr(pyplot, "_backend_mod"):  # by the name of a backend it would be made anew
            pyplot._backend_mod = backend

    return restore


def _rc() -> Any:
    return sys.modules["matplotlib"].rcParams


def _settings() -> dict[str, Any] | None:
    """Return matplotlib's settings as they stand: to ask for the backend would choose one."""
    if "matplotlib" not in sys.modules:
        return None
    rc = _rc()
    return {name: dict.__getitem__(rc, name) for name in dict.keys(rc)}


def _fresh() -> dict[str, Any]:
    original: Any = sys.modules["matplotlib"].rcParamsOrig
    settings = {name: dict.__getitem__(original, name) for name in dict.keys(original)}
    if os.environ.get("MPLBACKEND"):
        settings["backend"] = os.environ["MPLBACKEND"]
    return settings


def _figures() -> list[int]:
    module: Any = sys.modules.get("matplotlib._pylab_helpers")
    return list(module.Gcf.figs) if module is not None else []


KEPT: Mapping[str, Callable[[], Callable[[], object]]] = {
    "decimal": _decimal,
    "random": _random,
    "numpy.random": _numpy,
    "matplotlib": _matplotlib,
}
