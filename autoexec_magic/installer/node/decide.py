"""What to do about a missing package: pure, from evidence to a decision.

The rule is Python's (`installer.decide`): without a question only what is
known, proved and not fresh. That its install scripts do not run is said, not
asked: no script is ever run here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor

from ...values import Candidate, Decision, ModuleClass, Resolution
from ..decide import Ages
from ..spelling import alike
from .known import table
from .names import split
from .project import Keeper
from .query import Found
from .semver import satisfies

_ADD = {"npm": "npm install --ignore-scripts", "pnpm": "pnpm add", "yarn": "yarn add", "bun": "bun add"}
_CHECK = "check the registry: npm config get registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of a package before the registry is asked.

    `reason` is why it is known, or ""; `doubts` are what a person should look
    at whatever the registry says, `faults` what rules it out. `integrity` is
    the digest that the project's lock has of `version`, or "". `node` is the
    version of Node here, or "".
    """

    module: str
    name: str
    reason: str = ""
    doubts: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    keeper: Keeper = "npm"
    version: str = ""
    integrity: str = ""
    node: str = ""


def settled(module: str, cls: ModuleClass, evidence: str) -> Resolution:
    """Return the resolution of a specifier that nobody needs to look for."""
    fixes = {
        "platform": "leave that import out here",
        "removed": evidence.partition("use ")[2] and f"use {evidence.partition('use ')[2]}",
        "invented": "check the name",
        "drift": f"npm view {split(module)[0]} versions, and install one that has it",
        "local": "npm install" if "workspace" in evidence else "",
    }
    return Resolution(
        module=module, cls=cls, decision="nothing", evidence=(evidence,), fix=fixes.get(cls, "")
    )


def unconfirmed(module: str, evidence: str) -> Resolution:
    """Return the refusal of a name that only a message says, and none of the user's own files."""
    return Resolution(
        module=module,
        cls="third-party",
        decision="refuse",
        evidence=(evidence,),
        fix="npm install --ignore-scripts NAME, if you know what it is",
    )


def decide(case: Case, found: Found | None, ages: Ages, now: datetime) -> Resolution:
    """Return what follows for a package.

    Parameters
    ----------
    case : Case
        What is known of it before.
    found : Found or None
        What the registry has. None: nobody asked; the decision is then what
        would follow if the proof succeeded.
    ages : Ages
        Limits of the evidence rule.
    now : datetime
        Aware, UTC.
    """
    why = case.reason or "the same name, which is no evidence"
    if case.faults:
        return _resolution(case, Candidate(distribution=case.name, why=why), "refuse", case.faults)
    if found is None:
        decision: Decision = "install" if case.reason and not case.doubts else "ask"
        candidate = Candidate(distribution=case.name, known=bool(case.reason), why=why)
        return _resolution(case, candidate, decision, (why, *case.doubts))
    if not found.exists and not found.error:
        return _absent(case, found)
    candidate = Candidate(
        distribution=case.name,
        version=found.version,
        known=bool(case.reason),
        proved=bool(found.held) and not found.faults if found.sha256 else None,
        sha256=found.sha256,
        index=found.registry,
        why=why,
    )
    faults = _faults(case, found)
    if faults:
        return _resolution(case, candidate, "refuse", faults)
    doubts = [*case.doubts, *_doubts(case, found, ages, now)]
    if not case.reason:
        doubts += _unknown(case.name, why)
    if doubts:
        return _resolution(
            case, candidate, "ask", [*doubts, *_statements(found)], _CHECK if found.is_down else ""
        )
    return _resolution(case, candidate, "install", [why, *_statements(found)])


def command(keeper: Keeper, name: str, version: str) -> str:
    """Return what a person types to add exactly this version.

    Examples
    --------
    >>> command("pnpm", "koa", "2.16.0"), command("npm", "koa", "")
    ('pnpm add koa@2.16.0', 'npm install --ignore-scripts koa')
    """
    return f"{_ADD[keeper]} {name}{f'@{version}' if version else ''}"


def _absent(case: Case, found: Found) -> Resolution:
    near = alike(case.name, table()[0])
    hint = (f"{near} is spelt nearly so, and is known",) if near else ()
    return Resolution(
        module=case.module,
        cls="invented",
        decision="nothing",
        distribution=case.name,
        evidence=(f"{found.registry} has no package called {case.name}", *hint),
        fix="check the name",
    )


def _resolution(
    case: Case, candidate: Candidate, decision: Decision, evidence: Sequence[str], fix: str = ""
) -> Resolution:
    if not fix and decision != "refuse":
        fix = command(case.keeper, case.name, candidate.version)
    return Resolution(
        module=case.module,
        cls="third-party",
        decision=decision,
        distribution=candidate.distribution,
        proved=candidate.proved,
        candidates=(candidate,),
        evidence=tuple(evidence),
        fix=fix or f"{_ADD[case.keeper]} NAME@VERSION, one without it",
    )


def _faults(case: Case, found: Found) -> list[str]:
    """Return what rules the package out, whoever says yes."""
    what = f"{case.name} {found.version}"
    faults = [f"unproved: {what} {fault}" for fault in found.faults]
    if found.sha256 and not found.held and not faults:
        asked = split(case.module)[1]
        faults.append(f"unproved: {what} has no {asked or 'entry that can be imported'}")
    is_locked = case.integrity and found.integrity and case.version == found.version
    if is_locked and case.integrity != found.integrity:
        faults.append(f"unproved: the project's lock has another digest of {what} than the registry")
    return faults


def _doubts(case: Case, found: Found, ages: Ages, now: datetime) -> list[str]:
    """Return what a person should look at before saying yes."""
    if found.error:
        return [found.error]
    what = f"{case.name} {found.version}"
    doubts = list(found.doubts)
    if found.deprecated:
        doubts.append(f"{what} is deprecated: {found.deprecated}")
    if case.node and found.node and not satisfies(case.node, found.node):
        doubts.append(f"{what} asks for Node {found.node}, and here is {case.node}")
    if not found.released:
        return [*doubts, f"the registry does not say when {what} was published"]
    for text, then, least in (
        (f"{what} was published", found.released, ages.release),
        (f"the package {case.name} was first published", found.first_released, ages.project),
    ):
        days = (now - datetime.fromisoformat(then).astimezone(UTC)).total_seconds() / 86_400
        if days < least:
            # Rounded down: what is just below the limit must not read as the limit.
            doubts.append(f"{text} {floor(days * 10) / 10:g} days ago; less than {least:g} days is fresh")
    return doubts


def _unknown(name: str, why: str) -> list[str]:
    near = alike(name, table()[0])
    doubts = [f"{near} is spelt nearly so, and is known"] if near else []
    return [*doubts, f"{name} is only {why}"]


def _statements(found: Found) -> list[str]:
    statements = []
    if found.sha256:
        statements.append(f"the tarball {found.filename} has what is imported")
    if found.scripts:
        statements.append(f"its install scripts ({', '.join(found.scripts)}) do not run; it may need them")
    if found.programs:
        statements.append(f"it brings the programs {', '.join(found.programs[:4])}")
    if found.released:
        statements.append(f"published {found.released[:10]}, first {found.first_released[:10]}")
    return statements
