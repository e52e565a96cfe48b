"""What to do about a missing module: pure, from evidence to a decision.

Installed without a question only on evidence: the table knows the module, the
wheel was looked into and holds it, and neither the project nor the release is
fresh. A wheel that does not hold the module, or that would run code at every
start of Python, is refused. Everything else is a question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..values import Candidate, Decision, ModuleClass, Resolution
from .finder import Found
from .known import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """How old a project and a release must be, in days."""

    project: float
    release: float


def settled(module: str, cls: ModuleClass, evidence: str) -> Resolution:
    """Return the resolution of a module that nobody needs to look for."""
    fixes = {
        "platform": "leave that import out here",
        "removed": evidence.partition("use ")[2] and f"use {evidence.partition('use ')[2]}",
        "local": evidence.partition(": ")[2],
        "alias": evidence.partition("`")[2].rstrip("`"),
    }
    return Resolution(
        module=module, cls=cls, decision="nothing", evidence=(evidence,), fix=fixes.get(cls, "")
    )


def decide(module: str, known: Known | None, found: Found | None, ages: Ages, now: datetime) -> Resolution:
    """Return what `module` is and what follows.

    Parameters
    ----------
    module : str
        A missing module, third party.
    known : Known or None
        The table's row for it.
    found : Found or None
        What the index has under the candidate's name. None: nobody asked;
        the decision is then what would follow if the proof succeeded.
    ages : Ages
        Limits of the evidence rule.
    now : datetime
        Aware, UTC.
    """
    distribution = known.distribution if known else module.partition(".")[0].replace("_", "-")
    why = "in the hand-kept table" if known else "the same name, which is no evidence"
    if found is None:
        decision: Decision = "install" if known else "ask"
        return _resolution(
            module, Candidate(distribution=distribution, known=bool(known), why=why), decision, [why]
        )
    candidate = Candidate(
        distribution=distribution,
        version=found.version,
        known=bool(known),
        proved=_is_proved(found, module) if found.sha256 else None,
        sha256=found.sha256,
        index=found.index,
        why=why,
    )
    faults = _faults(found, module, distribution)
    if faults:
        return _resolution(module, candidate, "refuse", faults)
    doubts = _doubts(found, distribution, ages, now) + ([] if known else [f"{distribution} is only {why}"])
    evidence = [why, *_statements(found)]
    if doubts:
        return _resolution(module, candidate, "ask", [*doubts, *_statements(found)])
    return _resolution(module, candidate, "install", evidence)


def named(found: Found, ages: Ages, now: datetime) -> Resolution:
    """Return what follows for a distribution that a person named.

    Naming it is the evidence that it is the one meant; that its wheel is sound
    and not fresh still counts.
    """
    candidate = Candidate(
        distribution=found.distribution,
        version=found.version,
        known=True,
        proved=bool(found.sha256) and not found.pth and not found.faults,
        sha256=found.sha256,
        index=found.index,
        why="named by a person",
    )
    faults = _faults(found, "", found.distribution)
    if faults:
        return _resolution(found.distribution, candidate, "refuse", faults)
    doubts = _doubts(found, found.distribution, ages, now) if found.released or not found.sha256 else []
    return _resolution(
        found.distribution, candidate, "ask" if doubts else "install", doubts or _statements(found)
    )


def _resolution(module: str, candidate: Candidate, decision: Decision, evidence: Sequence[str]) -> Resolution:
    exists = candidate.proved is not None or candidate.version
    return Resolution(
        module=module,
        cls="third-party",
        decision=decision,
        distribution=candidate.distribution,
        proved=candidate.proved,
        candidates=(candidate,),
        evidence=tuple(evidence),
        fix=_fix(candidate, decision)
        if exists or decision == "install"
        else "%autoexec install DISTRIBUTION, if you know its name",
    )


def _fix(candidate: Candidate, decision: Decision) -> str:
    if decision == "refuse":
        return "%autoexec install DISTRIBUTION, if you know its name"
    if candidate.version and candidate.proved is None:
        why = "only a source archive is there, and building it runs its code"
        return f"%pip install {candidate.distribution}, if you trust it: {why}"
    return f"%autoexec install {candidate.distribution}"


def _faults(found: Found, module: str, distribution: str) -> list[str]:
    """Return what rules the wheel out, whoever says yes."""
    if not found.sha256:
        return []
    wheel = f"{distribution} {found.version}"
    faults = [f"unproved: the wheel of {wheel} {fault}" for fault in found.faults]
    if found.pth:
        faults.append(
            f"unproved: the wheel of {wheel} has {found.pth[0]}, which runs at every start of Python"
        )
    if module and not _is_proved(found, module):
        holds = ", ".join(found.tops[:4]) or "no module"
        faults.append(f"unproved: the wheel of {wheel} does not hold {module} (it holds {holds})")
    return faults


def _doubts(found: Found, distribution: str, ages: Ages, now: datetime) -> list[str]:
    """Return what a person should look at before saying yes."""
    if found.error:
        return [found.error]
    if not found.exists:
        return [f"no distribution called {distribution} fits this Python on the index"]
    if found.only_sdist:
        return [f"{distribution} {found.version} has no wheel for this Python, only a source archive"]
    if found.is_newest_known:
        return []
    if not found.released:
        return [f"the index does not say when {distribution} {found.version} was uploaded"]
    doubts = []
    for what, text, least in (
        (f"{distribution} {found.version} was released", found.released, ages.release),
        (f"the project {distribution} was first released", found.first_released, ages.project),
    ):
        days = _days(text, now)
        if days < least:
            doubts.append(f"{what} {days:.0f} days ago; less than {least:.0f} days is fresh")
    return doubts


def _statements(found: Found) -> list[str]:
    statements = []
    if found.sha256:
        statements.append(f"the wheel {found.filename} holds {', '.join(found.held or found.tops[:4])}")
    if found.released:
        statements.append(f"released {found.released[:10]}, first release {found.first_released[:10]}")
    if found.is_newest_known:
        statements.append("the index tells no upload times; this is the newest release that the table knows")
    return statements


def _is_proved(found: Found, module: str) -> bool:
    return module in found.held


def _days(text: str, now: datetime) -> float:
    then = datetime.fromisoformat(text)
    return (now - then.replace(tzinfo=then.tzinfo or UTC)).total_seconds() / 86_400
