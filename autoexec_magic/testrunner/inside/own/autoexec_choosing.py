"""Which tests run: these alone in this order, or one part of all, so that many machines run each test once.

Runs in the project's own Python, as the plugin beside it, and imports no more than that does.
"""

from __future__ import annotations

import random
import sys
from typing import Any

import pytest


class Choosing:
    """Which tests run, in which order, and from which random state.

    Parameters
    ----------
    settings : dict
        Any of `order` (ids: these alone, in this order), `seed` (an integer for
        `random`, and for NumPy where it is loaded, before each test) and `shard`:
        `index` from 1, `count`, and `seconds` that tests took, by their ids.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._order: list[str] | None = settings.get("order")
        self._seed: int | None = settings.get("seed")
        self._shard: dict[str, Any] | None = settings.get("shard")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Take out what is not to run, and put the rest in order."""
        kept = list(items)
        if self._order is not None:
            places = {nodeid: at for at, nodeid in enumerate(self._order)}
            kept = sorted(
                (item for item in items if item.nodeid in places), key=lambda item: places[item.nodeid]
            )
        if self._shard is not None:
            own = set(shard([item.nodeid for item in kept], **self._shard))
            kept = [item for item in kept if item.nodeid in own]
        left = set(map(id, kept))
        out = [item for item in items if id(item) not in left]
        if out:
            config.hook.pytest_deselected(items=out)
        items[:] = kept

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin each test from the same random state."""
        if self._seed is not None:
            random.seed(self._seed)
            numpy = sys.modules.get("numpy")
            if numpy is not None:
                numpy.random.seed(self._seed % 2**32)


def shard(ids: list[str], *, index: int, count: int, seconds: dict[str, float]) -> list[str]:
    """Return the tests of one of `count` shards: each test is in exactly one, whichever machine asks.

    Files stay together, as their fixtures do, unless one alone takes more than
    a shard's share. The longest goes first to the shard that has least
    (Graham, 1969: at most 4/3 of the best there is); a test that was not timed counts as the mean.

    Examples
    --------
    >>> ids = ["a.py::t1", "a.py::t2", "b.py::t1", "c.py::t1"]
    >>> shard(ids, index=1, count=2, seconds={"a.py::t1": 3.0, "a.py::t2": 1.0})
    ['a.py::t1', 'a.py::t2']
    >>> shard(ids, index=2, count=2, seconds={"a.py::t1": 3.0, "a.py::t2": 1.0})
    ['b.py::t1', 'c.py::t1']
    """
    every = sorted(set(ids))  # in whichever order they come, and how often
    known = [seconds[nodeid] for nodeid in every if nodeid in seconds]
    mean = sum(known) / len(known) if known else 1.0
    cost = {nodeid: max(float(seconds.get(nodeid, mean)), 1e-6) for nodeid in every}
    files: dict[str, list[str]] = {}
    for nodeid in every:
        files.setdefault(nodeid.partition("::")[0], []).append(nodeid)
    share = sum(cost.values()) / count
    units = [
        unit
        for together in files.values()
        for unit in (
            [together] if sum(map(cost.__getitem__, together)) <= share else [[one] for one in together]
        )
    ]
    units.sort(key=lambda unit: (-sum(map(cost.__getitem__, unit)), unit[0]))
    loads, own = [0.0] * count, set()
    for unit in units:
        least = loads.index(min(loads))
        loads[least] += sum(map(cost.__getitem__, unit))
        if least == index - 1:
            own.update(unit)
    return [nodeid for nodeid in ids if nodeid in own]
