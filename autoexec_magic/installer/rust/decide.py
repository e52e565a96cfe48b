"""What to do about a missing crate: pure, from evidence to a decision.

The rule is Python's (`installer.decide`): without a question only what is
known, proved and not fresh. What runs code when it is built is always a
question: a crate's build script and its procedural macros run unasked at the
next `cargo build`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...values import Candidate, Decision, ModuleClass, Resolution
from .crate import Crate
from .source import Source

UNCONFIRMED = "cargo add NAME, if you know what it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of a missing name.

    `crates` are those of the source whose library is called so, best first and
    the first one checked; `reason` is why that one is known, or "", `near` a
    known name that is spelt nearly so.
    """

    module: str
    crates: tuple[Crate, ...]
    reason: str = ""
    is_aged: bool = False
    is_checked: bool = False
    near: str = ""
    locked: str = ""


def settled(module: str, cls: ModuleClass, evidence: str) -> Resolution:
    """Return the resolution of a name that nobody needs to look for."""
    fixes = {
        "platform": "leave that import out here",
        "removed": evidence.partition("use ")[2] and f"use {evidence.partition('use ')[2]}",
        "invented": "check the name",
        "local": evidence.partition("; ")[2].removeprefix("declare it: "),
    }
    return Resolution(
        module=module, cls=cls, decision="nothing", evidence=(evidence,), fix=fixes.get(cls, "")
    )


def unconfirmed(module: str) -> Resolution:
    """Return the refusal of a name that only a message says, and none of the user's own files."""
    evidence = (f"none of your own files asks for {module}",)
    return Resolution(module=module, cls="third-party", decision="refuse", evidence=evidence, fix=UNCONFIRMED)


def decide(case: Case, source: Source) -> Resolution:
    """Return what follows for a name."""
    if source.kind != "directory":
        return _unasked(case, source)
    if not case.crates:
        hint = (f"{case.near} is spelt nearly so, and is known",) if case.near else ()
        return Resolution(
            module=case.module,
            cls="invented",
            decision="nothing",
            evidence=(f"{source.shown} has no crate whose library is called {case.module}", *hint),
            fix="check the name",
        )
    crate = case.crates[0]
    candidates = tuple(_candidate(each, case, source) for each in case.crates)
    why = case.reason or "the same name, which is no evidence"
    if crate.faults:
        what = f"{crate.name} {crate.version}"
        return _resolution(
            case, candidates, "refuse", [f"unproved: {what} {fault}" for fault in crate.faults]
        )
    doubts = _doubts(case, crate, source)
    if not case.is_checked:
        decision: Decision = "ask" if doubts else "install"
        return _resolution(case, candidates, decision, [why, *doubts])
    statements = [
        f"{crate.folder.name} in {source.shown} is what was published, and its library is {case.module}"
    ]
    if doubts:
        return _resolution(case, candidates, "ask", [*doubts, *statements])
    return _resolution(case, candidates, "install", [why, *statements])


def _unasked(case: Case, source: Source) -> Resolution:
    """Return what follows where the crates are not on this machine: cargo would have to be asked for them."""
    name = case.module
    evidence = [f"{source.shown} is not looked into: only a directory of crates on this machine is"]
    if case.near:
        evidence.insert(0, f"{case.near} is spelt nearly so, and is known")
    candidate = Candidate(distribution=name, known=bool(case.reason), why=case.reason or "the same name")
    return Resolution(
        module=name,
        cls="third-party",
        decision="ask",
        distribution=name,
        candidates=(candidate,),
        evidence=tuple(evidence),
        fix=f"cargo add {name}, if you trust it; or make it a directory's, by cargo vendor",
    )


def _candidate(crate: Crate, case: Case, source: Source) -> Candidate:
    is_first = crate is case.crates[0]
    why = case.reason if is_first and case.reason else f"its library is called {case.module}"
    return Candidate(
        distribution=crate.name,
        version=crate.version,
        known=bool(case.reason) and is_first,
        proved=not crate.faults if is_first and case.is_checked else None,
        sha256=crate.digest if is_first else "",
        index=source.shown,
        why=why,
    )


def _doubts(case: Case, crate: Crate, source: Source) -> list[str]:
    """Return what a person should look at before saying yes."""
    what = f"{crate.name} {crate.version}"
    doubts = [f"{what} runs code when it is built: {', '.join(crate.runs)}"] if crate.runs else []
    if len(case.crates) > 1:
        others = ", ".join(each.name for each in case.crates[1:4])
        doubts.append(f"the library of {others} is called {case.module}, too")
    if not source.is_own and not (case.locked and case.locked == crate.digest):
        doubts.append(f"only the project's own .cargo/config.toml says that crates come from {source.shown}")
    if case.locked and crate.digest and case.locked != crate.digest:
        doubts.append(f"the project's lock has another digest of {what}")
    if not case.reason:
        doubts += [f"{case.near} is spelt nearly so, and is known"] if case.near else []
        doubts.append(f"{crate.name} is only the same name, which is no evidence")
    elif not case.is_aged:
        doubts.append(f"{source.shown} does not say when {what} was published")
    if case.is_checked and not crate.names_files and not case.is_aged:
        doubts.append(f"{what} names no digests of its files")
    return doubts


def _resolution(
    case: Case, candidates: tuple[Candidate, ...], decision: Decision, evidence: Sequence[str]
) -> Resolution:
    first = candidates[0]
    fix = f"cargo add {first.distribution}@{first.version}"
    return Resolution(
        module=case.module,
        cls="third-party",
        decision=decision,
        distribution=first.distribution,
        proved=first.proved,
        candidates=candidates,
        evidence=tuple(evidence),
        fix=fix if decision != "refuse" else "cargo add NAME@VERSION, one without it",
    )
