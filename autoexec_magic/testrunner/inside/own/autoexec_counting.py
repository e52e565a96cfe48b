"""Which tests were found, and are neither run nor left out by somebody who says so.

pytest asks whoever takes tests out to tell it by `pytest_deselected`. A
`conftest.py` that just empties the list lets a suite pass of which nothing ran.

Runs in the project's own Python, as the plugin beside it, and imports no more than that does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

MOST = 500  #: ids that are told


class Counting:
    """Holds what was found against what is left; a worker of pytest-xdist tells its controller."""

    def __init__(self) -> None:
        self._found: list[pytest.Item] = []
        self._left_out: list[pytest.Item] = []
        self._gone: dict[str, None] = {}

    def record(self) -> tuple[str, dict[str, Any]]:
        """Return what is to be told in the end."""
        return "gone", {"ids": list(self._gone)[:MOST]}

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Note what was found."""
        self._found.append(item)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Note what was left out by somebody who says so."""
        self._left_out.extend(items)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)  # of which pluggy before 1.2 knows this kind alone
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> Any:
        """Let installed plugins take tests out: of some shards nobody is told."""
        before = list(items)
        yield
        if len(items) < len(before) and _are_all_installed(config):
            kept = set(map(id, items))
            self._left_out.extend(item for item in before if id(item) not in kept)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> Any:
        """Find out of what nothing is known any more, once everybody has had the list."""
        yield
        gone = gone_of(self._found, [*session.items, *self._left_out])
        self._gone.update(dict.fromkeys(gone))
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["autoexec_gone"] = list(self._gone)[:MOST]
        self._found.clear()
        self._left_out.clear()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take over what a worker has found out."""
        self._gone.update(dict.fromkeys(getattr(node, "workeroutput", {}).get("autoexec_gone", ())))


def gone_of(found: Sequence[pytest.Item], accounted: Sequence[pytest.Item]) -> list[str]:
    """Return the ids of what was found and is not accounted for; a plugin may give a test a new id."""
    objects, ids = set(map(id, accounted)), {item.nodeid for item in accounted}
    return [item.nodeid for item in found if id(item) not in objects and item.nodeid not in ids]


def _are_all_installed(config: pytest.Config) -> bool:
    """Whether all who have had the list are plugins that were installed."""
    installed = [plugin for plugin, _ in config.pluginmanager.list_plugin_distinfo()]
    others = [
        impl.plugin
        for impl in config.hook.pytest_collection_modifyitems.get_hookimpls()
        if not _is_own(impl.plugin)
    ]
    return all(any(other is plugin for plugin in installed) for other in others)


def _is_own(plugin: object) -> bool:
    """Whether it is pytest's, or beside this file."""
    name = getattr(plugin, "__name__", "") or type(plugin).__module__
    return str(name).partition(".")[0] in ("_pytest", "autoexec_choosing", "autoexec_counting")
