"""What to do about a missing module: pure, from evidence to a decision.

Installed without a question only on evidence: exactly one distribution is
known for the module (by hand, by Debian, by an organisation's own index, or
because something installed depends on it), nobody blocked it, its wheel was
looked into and holds the module, and neither the project nor the release is
fresh. A wheel that does not hold the module, or that would run code at every
start of Python, is refused. Everything else is a question.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import floor

from ..values import Candidate, Decision, ModuleClass, Resolution
from .known import Entry, Known, normal, plain, table
from .query import Found
from .spelling import alike

PYTHON_LINE = "import sys; sys.path.insert(0, "  # how the evidence of a local module ends
_IF_KNOWN = "%autoexec install DISTRIBUTION, if you know its name"
CHECK_INDEX = "check the index: %autoexec config"
MAKE_ROOM = "make room there, or set AUTOEXEC_DATA_DIR to another folder"
CHECK_NETWORK = "go online, or check the index: %autoexec config"
_WHY_NOT_BUILT = "only a source archive is there, and building it runs its code"


# A name in Debian that fewer projects than this depend on there is a candidate, and no evidence.
FEWEST_USES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """What is known of where a module comes from, before any index is asked.

    `entries` are the candidates, best first. `users` are, by the normal name
    of a candidate, the installed distributions that depend on it; `blocked`
    are normal names that a person never wants installed. `public` is the public
    index, where it is not the only one.
    """

    entries: tuple[Entry, ...] = ()
    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    blocked: frozenset[str] = frozenset()
    public: str = ""

    @property
    def sure(self) -> Entry | None:
        """The one candidate that evidence speaks for, or None where it speaks for none or several."""
        needed = [entry for entry in self.entries if self.users.get(normal(entry.distribution))]
        mains = [entry for entry in self.entries if not entry.is_rival]
        if len(mains) == 1 and _is_evidence(mains[0]):
            return mains[0]
        return needed[0] if len(needed) == 1 and all(entry in needed for entry in mains) else None

    def why(self, entry: Entry) -> str:
        """Return who says that a candidate holds the module."""
        users = self.users.get(normal(entry.distribution), ())
        if users:
            return f"{', '.join(users[:2])} (installed here) depends on it"
        if entry.module in plain() and entry.source in ("debian", "kept") and not _is_evidence(entry):
            return f"a project that has the name, too; {entry.module} is what people call files of their own"
        if entry.source == "debian":
            kind = "made for Debian itself" if entry.is_apart else "packaged by Debian"
            many = "project there depends" if entry.uses == 1 else "projects there depend"
            return f"{kind}; {entry.uses} {many} on it"
        if entry.source == "kept":
            return (
                "may hold it, by its name or beside another one"
                if entry.is_rival
                else "in the hand-kept table"
            )
        return {
            "own": "in your organisation's own index",
            "pigar": "published with that name in it, which is no evidence",
            "name": "the same name, which is no evidence",
        }[entry.source]


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
        "local": _python_line(evidence) or evidence.partition("run its cells here: ")[2],
        "alias": evidence.partition("`")[2].rstrip("`"),
        "drift": evidence.partition("; use ")[2] and f"use {evidence.partition('; use ')[2]}",
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
    entry: Entry | None = None,
    why: str = "",
) -> Resolution:
    """Return what `module` is and what follows, for one candidate.

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
    entry : Entry, optional
        The candidate, where it is not the table's row or the module's own name.
    why : str, optional
        Who says that the candidate holds the module.
    """
    distribution = entry.distribution if entry else known.distribution if known else own_name(module)
    why = why or ("in the hand-kept table" if known else "the same name, which is no evidence")
    if found is None:
        decision: Decision = "install" if known else "ask"
        return _resolution(
            module, Candidate(distribution=distribution, known=bool(known), why=why), decision, [why]
        )
    faults = _faults(found, module, distribution)
    proved = _is_proved(found, module) if found.sha256 else None
    candidate = _as_found(distribution, found, faults, known=bool(known), proved=proved, why=why)
    if faults:
        return _resolution(module, candidate, "refuse", faults)
    doubts = _doubts(found, distribution, ages, now) + ([] if known else [_only(distribution, why)])
    if submodule and found.sha256 and submodule not in found.held:
        doubts.insert(0, f"{distribution} {found.version} holds {module}, and not {submodule}")
    if doubts:
        fix = _fix_of_fault(found)
        return _resolution(module, candidate, "ask", [*doubts, *_statements(found)], fix)
    return _resolution(module, candidate, "install", [why, *_statements(found)])


def weigh(
    module: str,
    choice: Origins,
    answers: Mapping[str, Found] | None,
    ages: Ages,
    now: datetime,
    *,
    submodule: str = "",
) -> Resolution:
    """Return what follows for `module`, with every candidate and what speaks for it.

    Parameters
    ----------
    module : str
        A missing module, third party.
    choice : Origins
        Where it may come from; at least one entry.
    answers : mapping of str to Found, or None
        What the index has, by the name of a candidate. None: nobody asked.
    ages : Ages
        Limits of the evidence rule.
    now : datetime
        Aware, UTC.
    submodule : str, optional
        As for `decide`.
    """
    sure = choice.sure
    lead = sure or _likeliest(choice, answers, module)
    known = Known(lead.module, lead.distribution, lead.proved) if sure else None
    found = answers.get(lead.distribution) if answers is not None else None
    first = decide(module, known, found, ages, now, submodule=submodule, entry=lead, why=choice.why(lead))
    if lead.source == "own" and found and found.index and found.index == choice.public:
        # Whoever published a private name there would else be taken for its owner.
        doubt = f"your organisation's own index names {lead.distribution}, and only the public one serves it"
        first = (
            replace(first, decision="ask", evidence=(doubt, *first.evidence))
            if first.decision == "install"
            else first
        )
    candidates = [first.candidates[0]] + [
        _candidate(entry, answers, module, choice.why(entry)) for entry in choice.entries if entry != lead
    ]
    if normal(lead.distribution) in choice.blocked:
        return _barred(replace(first, candidates=tuple(candidates)), choice.blocked)
    evidence = first.evidence
    is_known = found and (found.exists or found.error)
    if not is_known and not sure and all(entry.source == "name" for entry in choice.entries):
        return _invented(first, module, tuple(candidates))
    several = [entry.distribution for entry in choice.entries if not entry.is_rival]
    if not sure and len(several) > 1:
        evidence = (f"several distributions hold {lead.module}: {', '.join(several)}", *evidence)
    return replace(first, candidates=tuple(candidates), evidence=evidence)


def _invented(first: Resolution, module: str, candidates: tuple[Candidate, ...]) -> Resolution:
    """Return the resolution of a name that no project is known by; a known one spelt nearly so is told."""
    meant = alike(module, table())
    guess = (f"perhaps {meant} is meant",) if meant else ()
    doubts = [line for line in first.evidence if "the same name, which is no evidence" not in line]
    return replace(
        first,
        cls="invented",
        candidates=candidates,
        evidence=(*guess, *doubts, f"invented, or very new: no known project holds {module}"),
        fix=f"import {meant}, if that is meant; else {_IF_KNOWN}" if meant else first.fix,
    )


def _barred(resolution: Resolution, blocked: Collection[str]) -> Resolution:
    """Return the resolution, or a refusal where its distribution is on the person's block list.

    `blocked` are names in any spelling (PEP 503 makes them one).
    """
    if normal(resolution.distribution) not in {normal(name) for name in blocked}:
        return resolution
    return replace(
        resolution,
        decision="refuse",
        evidence=(f"{resolution.distribution} is on your block list (setting `blocked`)",),
        fix="%autoexec config shows the list",
    )


def named(found: Found, ages: Ages, now: datetime) -> Resolution:
    """Return what follows for a distribution that a person named.

    Naming it is the evidence that it is the one meant; that its wheel is sound
    and not fresh still counts.
    """
    faults = _faults(found, "", found.distribution)
    proved = not found.pth and not found.faults if found.sha256 else None
    candidate = _as_found(
        found.distribution, found, faults, known=True, proved=proved, why="named by a person"
    )
    if faults:
        return _resolution(found.distribution, candidate, "refuse", faults, _fix_of_named(found))
    is_judged = found.released or found.overwrites or found.claims or found.is_yanked or not found.sha256
    doubts = _doubts(found, found.distribution, ages, now, must_tell=False) if is_judged else []
    evidence = doubts or _statements(found)
    return _resolution(
        found.distribution, candidate, "ask" if doubts else "install", evidence, _fix_of_named(found)
    )


def own_name(module: str) -> str:
    """Return the distribution that would be called like a module.

    Examples
    --------
    >>> own_name("my_module.deeper")
    'my-module'
    """
    return module.partition(".")[0].replace("_", "-")


def _is_evidence(entry: Entry) -> bool:
    """Whether who says it is somebody who looks at projects before naming them."""
    if entry.source == "own":
        return True
    if entry.source == "debian":
        return entry.uses >= FEWEST_USES and not entry.is_apart and entry.module not in plain()
    is_its_own = normal(entry.distribution) == normal(entry.module)
    return entry.source == "kept" and (is_its_own or entry.module not in plain())


def _likeliest(choice: Origins, answers: Mapping[str, Found] | None, module: str) -> Entry:
    """Return the first candidate, or the first whose wheel holds the module where its does not."""
    first = choice.entries[0]
    if answers is None or _is_sound(answers.get(first.distribution), module):
        return first
    sound = (entry for entry in choice.entries if _is_sound(answers.get(entry.distribution), module))
    return next(sound, first)


def _is_sound(found: Found | None, module: str) -> bool:
    return bool(found and found.sha256 and _is_proved(found, module) and not found.pth and not found.faults)


def _candidate(entry: Entry, answers: Mapping[str, Found] | None, module: str, why: str) -> Candidate:
    found = answers.get(entry.distribution) if answers is not None else None
    known = not entry.is_rival and _is_evidence(entry)
    if found is None:
        return Candidate(distribution=entry.distribution, known=known, why=why)
    proved = _is_proved(found, module) if found.sha256 else None
    why = why if found.exists else f"{why}; not on the index"
    faults = _faults(found, module, entry.distribution)
    return _as_found(entry.distribution, found, faults, known=known, proved=proved, why=why)


def _as_found(
    distribution: str, found: Found, faults: Sequence[str], *, known: bool, proved: bool | None, why: str
) -> Candidate:
    """Return a candidate with all that was found out about it."""
    return Candidate(
        distribution=distribution,
        version=found.version,
        known=known,
        proved=proved,
        sha256=found.sha256,
        index=found.index,
        summary=found.summary,
        released=found.released,
        first_released=found.first_released,
        releases=found.releases,
        why=why,
        faults=tuple(faults),
    )


def _only(distribution: str, why: str) -> str:
    return f"{distribution} is only {why}" if why.startswith("the same name") else f"{distribution}: {why}"


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
    if "has no version" in found.error:  # the sentence names the newest one
        return f"%autoexec install {found.distribution}==VERSION, one that is there"
    return "check the name; %autoexec resolve --online MODULE says where a module comes from"


def _fix_of_fault(found: Found) -> str:
    if found.is_unreachable:
        return CHECK_NETWORK
    if found.is_full:
        return MAKE_ROOM
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
    doubts = [f"{distribution} {found.version} was withdrawn by its project"] if found.is_yanked else []
    doubts += [f"it would replace {file}" for file in found.overwrites]
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
