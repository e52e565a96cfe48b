"""Whether everything that a cell imports is here: asked before every cell, so it has to cost nothing.

Only a yes is remembered, with the file that it rests on: what is not here may
come at any moment, and what was here may go.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from .scan import Needed

_Where = tuple[tuple[object, ...], tuple[object, ...]]
_seen: dict[str, tuple[_Where, str]] = {}
_MOST = 4096  # modules; then it begins anew


def is_here(need: Needed) -> bool:
    """Whether the top of `need` is a part of Python, or a package of one place that can be imported.

    False where only a longer look can say: a namespace package, or a module
    that no file holds. True is what `missing` would say.
    """
    top = need.module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return True
    if top in sys.modules:
        spec = getattr(sys.modules[top], "__spec__", None)
        return spec is not None and spec.origin is not None
    where = (tuple(sys.path), tuple(sys.meta_path))
    known = _seen.get(top)
    if known is not None and known[0] == where and os.path.exists(known[1]):  # noqa: PTH110 - a third of it
        return True
    return _look(top, where)


def _look(top: str, where: _Where) -> bool:
    """Look for a module and remember the file that holds it."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return False
    if spec is None or spec.origin is None or not spec.has_location or not Path(spec.origin).exists():
        return False
    if len(_seen) >= _MOST:
        _seen.clear()
    _seen[top] = (where, spec.origin)
    return True
