"""Takes what the plugin tells, in this process, and gives it to the fold under the cell's own name."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Mapping
from typing import Any

from ...redact import cleaned, secrets_in
from ..told import Fold

# It stands in a folder for the Python of projects, which is no package of this one.
_plugin: Any = importlib.import_module("..inside.own.autoexec_plugin", __package__)

_SAID = ("failure", "out", "err", "reason", "sub")


class Sink:
    """Stands where the pipe is in a process of its own.

    pytest knows the cell by the path that it would have, which is no file;
    people know it by its `title`. `files` and `node` are what pytest says for it.
    What was cut is masked here, before anybody cuts it again.
    """

    def __init__(self, fold: Fold, title: str) -> None:
        self._fold, self._title = fold, title
        self._places: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._secrets = secrets_in(os.environ)  # before a test changes it
        records: Any = _plugin.Records(self.write)
        at_once = records.passed  # for a pipe it may wait for the next line
        records.passed = lambda nodeid, seconds, **more: at_once(nodeid, seconds, **more | {"is_held": False})
        self.telling: Any = _plugin.Telling(records)
        self.has_begun = False
        self.node = ""
        self.files: frozenset[str] = frozenset()

    def write(self, lines: bytes) -> None:
        """Give whole lines to the fold, as they would come through a pipe."""
        for line in lines.splitlines():
            record = json.loads(line)
            self.has_begun |= record["k"] == "begin"
            self._fold.feed(json.dumps(self._masked(self._named(record))).encode("ascii") + b"\n")

    def place(self, nodeid: str, phase: str, found: Mapping[str, Any]) -> None:
        """Say of the next failure of a test, in this phase, what only the cell's own collector knows."""
        self._places[nodeid, phase] = found

    def named(self, nodeid: str) -> str:
        """Return the id of a test as people have it."""
        is_own = self.node and (nodeid == self.node or nodeid.startswith(f"{self.node}::"))
        return self._title + nodeid[len(self.node) :] if is_own else nodeid

    def _named(self, record: dict[str, Any]) -> dict[str, Any]:
        if "failure" in record:
            found = self._places.pop((record.get("id", ""), record.get("when", "collect")), {})
            failure = self._files_of({**record["failure"], **found})
            record = {**record, "failure": failure}
        if "ids" in record:
            record["ids"] = [self.named(nodeid) for nodeid in record["ids"]]
        if "id" in record:
            record["id"] = self.named(record["id"])
        return self._files_of(record)

    def _masked(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record with secrets masked in what was said; names have to stay what they are."""
        said = {name: cleaned(record[name], self._secrets) for name in _SAID if name in record}
        return {**record, **said} if said else record

    def _files_of(self, fields: dict[str, Any]) -> dict[str, Any]:
        own = {name: self._title for name in ("file", "origin") if fields.get(name) in self.files}
        return {**fields, **own}
