"""Heal a cell while it runs: an import in place, else the failed statement once more, in the same cell run.

`shell.run_code` runs one top-level statement. Where that failed because a
library lacks an extra, or because a version has lost a name, what is missing is
installed and the same statement runs again *before* its failure is recorded:
the front end, nbclient and the history see one cell that succeeded. A failure
that nothing is known to heal is shown at once, exactly as ever.

A statement that may have done something already runs again only if a person
says so (`effects`); `--yes` does not: it was said before anybody knew.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..errors import AutoexecError, Cancelled, NeedsPerson, PhaseError
from ..installer import Needed
from ..installer.effects import may_have_effects
from ..installer.extras import named
from ..installer.hook import Hook
from ..installer.importing import Written
from ..installer.operands import Names
from ..orchestrator import Healing, PhaseReport
from ..values import Question, Resolution
from .statements import Failed, failed

_NO_NAME = re.compile(r"cannot import name '(\w+)' from ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """What a failure is known to lack: `modules` of a `library`, or a version that `requirement` names."""

    library: str
    modules: tuple[str, ...] = ()
    requirement: str = ""
    calls: frozenset[str] = frozenset()

    @property
    def shown(self) -> str:
        """What is missing, in words."""
        return self.requirement or ", ".join(self.modules)


class Resuming:
    """What heals one cell, from its first statement to its end.

    Parameters
    ----------
    shell
        IPython's.
    healing : Healing
        Installs, each thing once.
    written : Written
        Knows the user's code.
    tell : callable
        Takes a line for the cell.
    """

    def __init__(self, shell: Any, healing: Healing, written: Written, tell: Callable[[str], object]) -> None:
        self._shell = shell
        self._healing = healing
        self._written = written
        self._tell = tell
        self._hook = Hook(self._install, written)
        self._reason: tuple[BaseException, AutoexecError | Cancelled] | None = None
        self._loaded = 0

    def put_on(self) -> None:
        """Heal imports in place from now on."""
        self._hook.put_on()

    def take_off(self) -> None:
        """Heal no more."""
        self._hook.take_off()

    async def run(self, run_code: Callable[..., Any], code: CodeType, result: Any, *, async_: bool) -> bool:
        """Run a statement as `run_code` does, and once more where its failure could be healed."""
        while True:
            self._loaded = len(sys.modules)
            with self._held(result) as held:
                has_failed = bool(await run_code(code, result, async_=async_))
            if not held:
                return has_failed
            error = held[-1]
            stopped = self._mended(error, code)
            if stopped is not None:
                result.error_in_exec = stopped
                trace = stopped.__traceback__ if stopped is error else None
                self._shell.showtraceback((type(stopped), stopped, trace), running_compiled_code=True)
                return True
            result.error_in_exec = None

    def reason(self, error: BaseException) -> AutoexecError | Cancelled | None:
        """Return what kept `error` from being healed, or None."""
        if self._reason is not None and self._reason[0] is error:
            return self._reason[1]
        name = error.name if isinstance(error, ModuleNotFoundError) else None
        if not name or self._healing.resolution(name) is not None:
            return None
        return self._healing.fault(name)

    def resolution(self, error: BaseException) -> Resolution | None:
        """Return what is known about the module, or the name in one, whose absence `error` is."""
        if isinstance(error, ModuleNotFoundError):
            found = self._healing.resolution(error.name) if error.name else None
            is_part = "." in (error.name or "")  # of a package that is here, or it would be missed itself
            return found or (self._healing.moved(error.name or "") if is_part else None)
        if isinstance(error, NameError):
            return self._healing.alias(error.name or "")
        module, name = _lost(error)
        return self._healing.moved(module, name) if name else None

    @contextlib.contextmanager
    def _held(self, result: Any) -> Iterator[list[BaseException]]:
        """Hold the statement's own traceback back, if something is known to heal it."""
        shell = self._shell
        show = shell.showtraceback
        held: list[BaseException] = []

        def hold(*args: Any, **kwargs: Any) -> None:
            error: BaseException | None = result.error_in_exec
            # A cell or a file run within this one shows its own failures, which end nothing.
            if error is None or sys.exc_info()[1] is not error or not self._is_known(error):
                show(*args, **kwargs)
            else:
                held.append(error)

        shell.showtraceback = hold
        try:
            yield held
        finally:
            if shell.showtraceback is hold:  # else the statement took the extension out, or put its own there
                shell.showtraceback = show

    def _is_known(self, error: BaseException) -> bool:
        return not isinstance(error, self._shell.custom_exceptions) and self._lack(error) is not None

    def _lack(self, error: BaseException) -> Lack | None:
        extra = named(error)
        if extra is not None:
            return Lack(library=extra.library, modules=extra.modules, calls=extra.calls)
        module, name = _lost(error)
        requirement = self._healing.drifted(module, name) if name else ""
        if not requirement:
            return None
        return Lack(library=module.partition(".")[0], requirement=requirement, calls=frozenset({name}))

    def _mended(self, error: BaseException, code: CodeType) -> BaseException | None:
        """Install what a failed statement lacks; return what ends the cell, None if it may run again."""
        lack = self._lack(error)
        if lack is None:
            return error
        what = failed(code, error, self._written.holds)
        try:
            if not self._is_agreed(lack, what):
                said_no = PhaseError(
                    f"{lack.library} lacks {lack.shown}", why="a person said no", fix=self._by_hand(lack)
                )
                self._reason = (error, said_no)
                return error
        except NeedsPerson as nobody:
            self._reason = (error, nobody)
            return error
        except KeyboardInterrupt:
            return Cancelled(
                "the cell was stopped", why=f"nobody said whether line {what.line} may run again"
            )
        report = self._installed(lack)
        stopped = self._not_done(lack, report)
        if isinstance(stopped, Cancelled):
            return stopped
        if stopped is not None:
            self._reason = (error, stopped)
            return error
        line = f"line {what.line}" if what.line else "it"
        self._tell(f"↻ {line} runs again: {lack.library} lacked {lack.shown}")
        return None

    def _is_agreed(self, lack: Lack, what: Failed) -> bool:
        """Whether the statement may run again; a person is asked where it may have done something."""
        known = Names(what.names, self._written.made)
        reason = may_have_effects(what.statement, what.place, lack.calls, known)
        if what.own and not reason:
            reason = f"it runs your own {what.own}"
        if not reason:
            return True
        names = lack.requirement or self._healing.distributions(lack.modules)
        return bool(
            self._healing.ask(
                Question(
                    text=f"install {names} and run line {what.line} again ?",
                    evidence=(
                        f"{lack.library} lacks {lack.shown}",
                        f"line {what.line} may have done something already: {reason}",
                    ),
                    fix=self._by_hand(lack),
                    needs_person=True,
                )
            )
        )

    def _by_hand(self, lack: Lack) -> str:
        names = lack.requirement or self._healing.distributions(lack.modules)
        return f"%autoexec install {names}, and run what is left of the cell again"

    def _installed(self, lack: Lack) -> PhaseReport | None:
        if not lack.requirement:
            return self._healing.heal([Needed(1, module) for module in lack.modules])
        # Before the plan is made: what is forgotten is not in use, and nothing need be restarted for it.
        apart = self._forgotten(lack.library)
        report = None
        try:
            report = self._healing.install(lack.requirement)
        finally:
            if report is None or report.error is not None or not report.installed:
                sys.modules.update(apart)
        return report

    def _not_done(self, lack: Lack, report: PhaseReport | None) -> AutoexecError | Cancelled | None:
        """Return why the statement would only fail again, or None."""
        if report is not None and report.error is not None:
            return report.error
        if report is None or not (report.installed or report.there):
            faults = (self._healing.fault(name) for name in lack.modules or (lack.requirement,))
            found = next((fault for fault in faults if fault is not None), None)
            return found or PhaseError(
                f"{lack.library} still lacks {lack.shown}",
                why=f"{lack.shown} is installed, and {lack.library} does not see it",
                fix="restart the kernel, and run the cell again",
            )
        stale = {name for item in report.installed for name in item.changed}
        if lack.requirement and (stale or lack.library in sys.modules):
            loaded = ", ".join(sorted(stale or {lack.library}))
            return PhaseError(
                f"{lack.requirement} is installed, and this kernel has another version loaded",
                why=f"imported before: {loaded}",
                fix="restart the kernel, and run the cell again",
            )
        return None

    def _forgotten(self, library: str) -> dict[str, ModuleType]:
        """Forget what the failed statement itself has loaded of a library, if that is all; return it."""
        names = list(sys.modules)
        fresh = names[self._loaded :]
        mine = {name: sys.modules[name] for name in names if name.partition(".")[0] == library}
        others = [sys.modules[name] for name in fresh if name not in mine]
        files = (getattr(module, "__file__", None) or "x.py" for module in mine.values())
        if not mine.keys() <= set(fresh) or not all(file.endswith(".py") for file in files):
            return {}
        if any(_uses(module, mine) for module in others):
            return {}
        for name in mine:
            del sys.modules[name]
        return mine

    def _install(self, need: Needed) -> bool:
        """Install what an import needs, in place; whether it is there now."""
        report = self._healing.heal((need,))
        if report is not None and isinstance(report.error, Cancelled):
            raise report.error
        return report is not None and bool(report.installed or report.there)


def _uses(module: ModuleType, library: dict[str, ModuleType]) -> bool:
    """Whether a module has something of a library among its names: it would keep the old one."""
    held = list(getattr(module, "__dict__", {}).values())
    return any(
        any(value is part for part in library.values())
        or (isinstance(value, type | FunctionType) and value.__module__ in library)
        for value in held
    )


def _lost(error: BaseException) -> tuple[str, str]:
    """Return the module and the name that a version of it does not have, or two empty texts."""
    if isinstance(error, ImportError) and not isinstance(error, ModuleNotFoundError):
        found = _NO_NAME.match(error.msg or "")
        return (error.name or "", found[1]) if found and error.name else ("", "")
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        return error.obj.__name__, error.name or ""
    return "", ""
