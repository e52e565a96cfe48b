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
from math import floor

from ..values import Candidate, Decision, ModuleClass, Resolution
from .known import Known
from .query import Found

PYTHON_LINE = "import sys; sys.path.insert(0, "  # how the evidence of a local module ends
_IF_KNOWN = "%autoexec install DISTRIBUTION, if you know its name"
CHECK_INDEX = "check the index: %autoexec config"
CHECK_NETWORK = "go online, or check the index: %autoexec config"
_WHY_NOT_BUILT = "only a source archive is there, and building it runs its code"


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
        "local": _python_line(evidence),
        "alias": evidence.partition("`")[2].rstrip("`"),
    }
    return Resolution(
        module=module, cls=cls, decision="nothing", evidence=(evidence,), fix=fixes.get(cls, "")
    )


def decide(
    module: str,
    known: Known | None,
    found: Found | None,
    ages: Ages,
    now: datetime,
    *,
    submodule: str = "",
) -> Resolution:
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
    submodule : str, optional
        What is imported, where it is deeper than the `module` that is proved.
        A wheel that holds the module and not that is a question.
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
    if submodule and found.sha256 and submodule not in found.held:
        doubts.insert(0, f"{distribution} {found.version} holds {module}, and not {submodule}")
    if doubts:
        fix = _fix_of_fault(found)
        return _resolution(module, candidate, "ask", [*doubts, *_statements(found)], fix)
    return _resolution(module, candidate, "install", [why, *_statements(found)])


def named(found: Found, ages: Ages, now: datetime) -> Resolution:
    """Return what follows for a distribution that a person named.

    Naming it is the evidence that it is the one meant; that its wheel is sound
    and not fresh still counts.
    """
    candidate = Candidate(
        distribution=found.distribution,
        version=found.version,
        known=True,
        proved=not found.pth and not found.faults if found.sha256 else None,
        sha256=found.sha256,
        index=found.index,
        why="named by a person",
    )
    faults = _faults(found, "", found.distribution)
    if faults:
        return _resolution(found.distribution, candidate, "refuse", faults, _fix_of_named(found))
    is_judged = found.released or found.overwrites or found.claims or not found.sha256
    doubts = _doubts(found, found.distribution, ages, now, must_tell=False) if is_judged else []
    evidence = doubts or _statements(found)
    return _resolution(
        found.distribution, candidate, "ask" if doubts else "install", evidence, _fix_of_named(found)
    )


def _resolution(
    module: str, candidate: Candidate, decision: Decision, evidence: Sequence[str], fix: str = ""
) -> Resolution:
    exists = candidate.proved is not None or candidate.version or decision == "install"
    return Resolution(
        module=module,
        cls="third-party",
        decision=decision,
        distribution=candidate.distribution,
        proved=candidate.proved,
        candidates=(candidate,),
        evidence=tuple(evidence),
        fix=fix or (_fix(candidate, decision) if exists else _IF_KNOWN),
    )


def _fix(candidate: Candidate, decision: Decision) -> str:
    if decision == "refuse":
        return _IF_KNOWN
    if candidate.version and candidate.proved is None:
        return f"%pip install {candidate.distribution}, if you trust it: {_WHY_NOT_BUILT}"
    return f"%autoexec install {candidate.distribution}"


def _fix_of_named(found: Found) -> str:
    """Return what to type after `install NAME`: never that same line again, unless with a yes."""
    if found.sha256:
        is_fault = found.pth or found.faults
        return f"%autoexec install {found.distribution}==VERSION, one without it" if is_fault else ""
    if found.only_sdist:
        return f"%pip install {found.distribution}, if you trust it: {_WHY_NOT_BUILT}"
    if found.is_down:
        return _fix_of_fault(found)
    return "check the name; %autoexec resolve --online MODULE says where a module comes from"


def _fix_of_fault(found: Found) -> str:
    if found.is_unreachable:
        return CHECK_NETWORK
    return CHECK_INDEX if found.is_down else ""


def _python_line(evidence: str) -> str:
    start = evidence.rfind(PYTHON_LINE)
    return evidence[start:] if start >= 0 else ""


def _faults(found: Found, module: str, distribution: str) -> list[str]:
    """Return what rules the wheel out, whoever says yes."""
    if found.refusal:
        return [found.refusal]
    if not found.sha256:
        return []
    wheel = f"{distribution} {found.version}"
    faults = [f"unproved: the wheel of {wheel} {fault.removeprefix('it ')}" for fault in found.faults]
    if found.pth:
        faults.append(
            f"unproved: the wheel of {wheel} has {found.pth[0]}, which runs at every start of Python"
        )
    if module and not _is_proved(found, module):
        holds = ", ".join(found.tops[:4]) or "no module"
        faults.append(f"unproved: the wheel of {wheel} does not hold {module} (it holds {holds})")
    return faults


def _doubts(
    found: Found, distribution: str, ages: Ages, now: datetime, *, must_tell: bool = True
) -> list[str]:
    """Return what a person should look at before saying yes."""
    if found.error:
        return [found.error]
    if not found.exists:
        return [f"no distribution called {distribution} fits this Python on the index"]
    if found.only_sdist:
        return [f"{distribution} {found.version} has no wheel for this Python, only a source archive"]
    doubts = [f"it would replace {file}" for file in found.overwrites]
    doubts += [f"{distribution} {found.version}: {claim}" for claim in found.claims]
    if found.is_newest_known or not (found.released or must_tell):
        return doubts
    if not found.released:
        return [*doubts, f"the index does not say when {distribution} {found.version} was uploaded"]
    for what, text, least in (
        (f"{distribution} {found.version} was released", found.released, ages.release),
        (f"the project {distribution} was first released", found.first_released, ages.project),
    ):
        days = _days(text, now)
        if days < least:
            # Rounded down: what is just below the limit must not read as the limit.
            doubts.append(f"{what} {floor(days * 10) / 10:g} days ago; less than {least:g} days is fresh")
    return doubts


def _statements(found: Found) -> list[str]:
    statements = [found.notice] if found.notice else []
    if found.sha256:
        held = [module for module in found.held if not module.endswith(".__init__")]
        statements.append(f"the wheel {found.filename} holds {', '.join(held or found.tops[:4])}")
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
