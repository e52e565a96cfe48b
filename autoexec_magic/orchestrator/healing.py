"""What one run heals while it runs: each missing module is tried once, on the run's own record.

An import that fails in place, a library that names a missing extra and a
process that could not import something all come here. What was tried before is
not tried again: a run that heals without end is worse than one that fails.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from .. import installer
from ..errors import AutoexecError, Cancelled, InstallError, NeedsPerson
from ..events import Emit
from ..installer import Needed
from ..values import Ask, Question, Reply, Resolution
from .plan import Heal, Install, PhaseReport, Plan
from .questions import recorded
from .run import context_of, run_phase
from .surroundings import Surroundings

Drifted: TypeAlias = Callable[[str, str], str]  #: module, name → `DISTRIBUTION<VERSION` that had it, or ""


class Healing:
    """The heals of one run.

    Parameters
    ----------
    plan, emit, here
        The run that is healed, as `run_phase` takes them.
    person : Ask
        Who answers what no option may answer beforehand.
    drifted : callable, optional
        Which version of what is installed had a name; by default the installer's table.
    """

    def __init__(
        self, plan: Plan, emit: Emit, here: Surroundings, *, person: Ask, drifted: Drifted | None = None
    ) -> None:
        self._plan, self._emit, self._here = plan, emit, here
        self._person = person
        self._drifted = drifted or _in_table
        self._tried: dict[tuple[str, tuple[str, ...]], PhaseReport] = {}

    def heal(self, needs: Sequence[Needed]) -> PhaseReport | None:
        """Install what of `needs` has not been tried yet, by proof; None where all has been.

        What kept it from being done is the report's `error`; nothing is raised.
        """
        fresh = tuple(need for need in needs if not self._is_tried(need))
        if not fresh:
            return None
        report = run_phase(Heal(needs=fresh), self._plan, self._emit, self._here)
        self._tried |= {(need.module, need.names): report for need in fresh}
        return report

    def install(self, requirement: str) -> PhaseReport | None:
        """Install `DISTRIBUTION<VERSION`, which had what is missing now; None if that was tried."""
        if (requirement, ()) in self._tried:
            return None
        report = run_phase(Install(names=(requirement,)), self._plan, self._emit, self._here)
        self._tried[requirement, ()] = report
        return report

    def heals(self, module: str) -> bool:
        """Install the distribution of one module; whether it is worth running again (`values.Healer`).

        Raises
        ------
        AutoexecError, Cancelled
            It was tried before, or what kept it from being done.
        """
        report = self.heal((Needed(1, module),))
        error = report.error or _unreached(report, module) if report is not None else self.fault(module)
        if error is not None:
            raise error
        return bool(report is not None and (report.installed or report.there))

    def tidy(self) -> None:
        """Clear away what a killed install has left half done; where that fails, the next install tries."""
        with contextlib.suppress(AutoexecError):
            installer.tidy(context_of(self._emit, self._here))

    def ask(self, question: Question) -> Reply:
        """Put a question to a person, on the record.

        Raises
        ------
        NeedsPerson
            There is none.
        """
        reply = recorded(replace(self._here, ask=self._person), self._emit)(question)
        return Reply.YES if reply else Reply.NO

    def drifted(self, module: str, name: str) -> str:
        """Return `DISTRIBUTION<VERSION` where `module` still had `name`, or ""."""
        return self._drifted(module, name)

    def moved(self, module: str, name: str = "") -> Resolution | None:
        """Return what is known of a `module`, or a name in it, that went from its project, or None."""
        try:
            found = self._offline([Needed(1, module, (name,) if name else ())])
        except AutoexecError:  # asked while a failure is being told: that must not fail
            return None
        return next((item for item in found if item.cls == "drift"), None)

    def alias(self, name: str) -> Resolution | None:
        """Return what is known of a name that many write for a module, or None."""
        found = self._offline([Needed(1, name)]) if name.isidentifier() else []
        return next((item for item in found if item.cls == "alias"), None)

    def distributions(self, modules: Sequence[str]) -> str:
        """Return what to type after `install` for these modules, from the tables of this machine."""
        found = self._offline([Needed(1, module) for module in modules])
        return " ".join(dict.fromkeys(item.distribution or item.module for item in found))

    def resolution(self, module: str) -> Resolution | None:
        """Return what was found out about a module that was not installed, and what to type for it.

        None where no index answered.
        """
        for report in self._tried.values():
            for item in report.resolutions:
                if item.fix == installer.CHECK_NETWORK or not _is_about(item.module, module):
                    continue
                if item.decision != "install":
                    is_asked = isinstance(report.error, NeedsPerson) and len(report.resolutions) == 1
                    return replace(item, fix=report.error.fix) if is_asked and report.error else item
        return None

    def fault(self, module: str) -> AutoexecError | Cancelled | None:
        """Return why a module that was tried is missing all the same, or None."""
        for (tried, names), report in self._tried.items():
            if not (_is_about(tried, module) or module in {f"{tried}.{name}" for name in names}):
                continue
            error = report.error or _unreached(report, module)
            if error is not None:
                return error
            if _has_brought(report, module):
                added = ", ".join(f"{item.distribution} {item.version}" for item in report.installed)
                return InstallError(
                    f"{module} is still missing",
                    why=f"tried in this run: installed {added}",
                    fix=f"restart the kernel; or see what {module} is: %autoexec resolve --online {module}",
                )
        return None

    def _is_tried(self, need: Needed) -> bool:
        names = need.names or ("",)
        return all(
            any(module == need.module and (not name or name in seen) for module, seen in self._tried)
            for name in names
        )

    def _offline(self, needs: Sequence[Needed]) -> list[Resolution]:
        return installer.resolve(needs, context_of(self._emit, self._here), online=False)


def _in_table(module: str, name: str) -> str:
    return installer.version_with(f"{module}.{name}")


def _has_brought(report: PhaseReport, module: str) -> bool:
    """Whether a heal installed the distribution that was to bring the module."""
    added = {item.distribution for item in report.installed}
    return any(item.distribution in added for item in report.resolutions if _is_about(item.module, module))


def _unreached(report: PhaseReport, module: str) -> InstallError | None:
    """Return why a module could not even be looked for, or None."""
    for item in report.resolutions:
        if item.fix == installer.CHECK_NETWORK and _is_about(item.module, module):
            what = f"cannot look for {item.distribution}"
            return InstallError(what, why=item.evidence[0], fix=item.fix)
    return None


def _is_about(tried: str, module: str) -> bool:
    return tried == module or tried.startswith(f"{module}.")
