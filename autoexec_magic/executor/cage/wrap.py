"""The cage `sealed` for one run: bubblewrap's arguments and its filter's descriptors."""

from __future__ import annotations

import os
from pathlib import Path

from . import bubblewrap, mounts
from .request import CageRequest
from .rules import Rule
from .walls import filter_for


class Wrap:
    """What goes before each command; bwrap reads a filter once, so each start has its own."""

    def __init__(
        self, program: Path, request: CageRequest, rules: tuple[Rule, ...], *, temporary: Path
    ) -> None:
        self.descriptors: tuple[int, ...] = ()
        self._program = program
        self._rules = rules
        self._temporary = temporary
        self._filter = filter_for(request)
        self._view = mounts.view(request.workspace.resolve(), request.protected, ())
        self._open: list[int] = []

    def prefix(self) -> tuple[str, ...]:
        """Return bwrap and its arguments for one start."""
        descriptor = bubblewrap.filter_file(self._filter)
        self._open.append(descriptor)
        self.descriptors = (descriptor,)
        return bubblewrap.prefix(
            self._program,
            self._rules,
            temporary=self._temporary,
            shut=self._view.shut,
            filter_descriptor=descriptor,
        )

    def close(self) -> None:
        """Release the descriptors; a second time does nothing."""
        while self._open:
            os.close(self._open.pop())
        self.descriptors = ()
