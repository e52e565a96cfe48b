"""`%autoexec on` and `off`: every cell healed and diagnosed, and the notebook's own shell lines guarded."""

from __future__ import annotations

import argparse
import fnmatch
import os
from typing import Any

from ..errors import UsageError
from ..executor import cage
from ..values import Result, Verdict
from .cell import Cells
from .guard import NOT_GUARDED, Guard
from .speak import doors
from .spoken import Spoken
from .typed import Terms
from .verbs import Call


class Switch:
    """What is on in one shell."""

    def __init__(self, shell: Any, cells: Cells) -> None:
        self._cells = cells
        self._variables = dict(os.environ)
        self._guard = Guard(shell)

    def turn(self, call: Call) -> Spoken:
        """Do what `%autoexec on` or `%autoexec off` says; doing it twice changes nothing more."""
        return self._on(call.options) if call.verb == "on" else self._off()

    def off(self) -> tuple[str, ...]:
        """Put everything back; return the names of what somebody else has replaced since."""
        self._cells.always = None
        return self._guard.take_off()

    def _on(self, options: argparse.Namespace) -> Spoken:
        for name in options.env:
            if "=" in name or not fnmatch.filter(os.environ, name):
                raise UsageError(f"there is no variable {name}", fix=f"set it first: %env {name}=…")
        level = cage.choose(options.cage) if options.cage else None
        left = self.off()
        guarded: tuple[str, ...] = ()
        if options.only != "guard":
            self._cells.always = argparse.Namespace(
                timeout=options.timeout, no_install=options.no_install, yes=options.yes
            )
        if options.only != "heal":
            guarded = self._guard.put_on(
                Terms(
                    raises=not options.no_raise,
                    timeout=options.timeout,
                    level=level,
                    doors=doors(options),
                    env=tuple(options.env),
                    yes=options.yes,
                    variables=self._variables,
                )
            )
        is_healed = self._cells.always is not None
        added: dict[str, object] = {"heals": is_healed, "guarded": guarded, "left": left}
        result = Result(verb="on", verdict=Verdict.PASSED, added=added)
        return Spoken(result=result, text=_said(guarded, is_healed=is_healed, raises=not options.no_raise))

    def _off(self) -> Spoken:
        left = self.off()
        text = "off: the notebook is as it was"
        if left:
            names = " ".join(left)
            text = f"off; left as it is: {names}, which something else has replaced since"
        result = Result(verb="off", verdict=Verdict.PASSED, added={"left": left})
        return Spoken(result=result, text=text)


def _said(guarded: tuple[str, ...], *, is_healed: bool, raises: bool) -> str:
    """Return the one line that says what is on, and what it does not guard."""
    parts = ["every cell is healed and diagnosed"] if is_healed else []
    if guarded:
        ends = ", and a failure ends the cell" if raises else ""
        parts.append(f"under the policy{ends}: {' '.join(guarded)}; not guarded: {NOT_GUARDED}")
    return f"on: {'; '.join(parts)}"
