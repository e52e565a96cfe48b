"""The verbs `deploy`, `rollback`, `releases`, `status` and `logs` as Python functions."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .errors import LedgerError, UsageError
from .onrecord import PYTHON, Caller, carry_out, surroundings
from .orchestrator import Deploy, Plan, Report
from .redact import cleaned, secrets_in
from .releasefacts import Deployed, Release

if TYPE_CHECKING:
    from .deployer import Journal, Live, Open, Service, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a service stands: what its platform says is live, and what the record says.

    `deployed` is how that release fared when it was deployed, None where no
    record has it. `unwell` is why it is not well just now, "" where it is. `drift` are
    fields that are not as they were deployed, with who changed them where that
    is known. `left` is what a deploy that died, or waits, has left. `unread` is why
    the record could not be read, "" where it was: then the platform's word is all there is.
    """

    service: str
    target: str
    live: Live | None = None
    deployed: Deployed | None = None
    unwell: str = ""
    drift: tuple[str, ...] = ()
    address: str = ""
    left: Open | None = None
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A release as the record has it, and who deployed it, "" where that is not known.

    `is_live` is what its platform says, None where it was not asked.
    """

    deployed: Deployed
    is_live: bool | None = None
    by: str = ""


def deploy(
    what: str = "",
    *,
    given: Mapping[str, object] | None = None,
    dry_run: bool = False,
    resume: bool = False,
    abort: bool = False,
    break_lock: str = "",
    timeout: float | None = None,
    yes: bool = False,
    caller: Caller = PYTHON,
) -> Report:
    """Make a service live, gated by its health; what was live before is put back where it is not well.

    Parameters
    ----------
    what : str, optional
        A service of `[tool.autoexec.deploy]`, a notebook or a folder; by default
        the only service there is, or the project itself.
    given : mapping, optional
        Settings for this time, by the names of `deployer.services.KNOWN`.
    dry_run : bool, default False
        Only say what would change: `Report.changes`.
    resume, abort : bool, default False
        Finish, or take back, what a deploy that died has left.
    break_lock : str, optional
        Why the lock of another deploy is broken.
    timeout : float, optional
        Seconds for each process of its build.
    yes : bool, default False
        Answer what is asked with yes.
    caller : Caller, optional
        Who watches and answers.

    Returns
    -------
    Report
        Its `deployed` is the release that is live.

    Raises
    ------
    RolledBack, RollbackFailed, RollbackUnverified, DeployUnknown, DeployError
        As the verdict says; `Cancelled` when it was stopped.
    """
    if resume and abort:
        raise UsageError("a deploy is resumed or aborted, not both", fix="leave one of them out")
    if dry_run and (resume or abort or break_lock):
        raise UsageError(
            "a dry run changes nothing, and --resume, --abort and --break-lock do",
            fix=f"%autoexec status {what}".rstrip(),
        )
    action = "resume" if resume else "abort" if abort else "deploy"
    step = Deploy(
        service=_service(what, given, caller),
        action=action,
        dry_run=dry_run,
        break_lock=break_lock,
        notebook=caller.notebook,
    )
    return _carried(step, what, timeout=timeout, yes=yes, caller=caller)


def rollback(
    what: str = "",
    *,
    to: str = "",
    given: Mapping[str, object] | None = None,
    yes: bool = False,
    caller: Caller = PYTHON,
) -> Report:
    """Make an older release live, by the same steps and the same gate as a deploy.

    Parameters
    ----------
    what : str, optional
        The service.
    to : str, optional
        The release, by its id or the end of it; by default the last one that
        passed its gate and is not live. "nothing" takes the service away.
    given, yes, caller : optional
        As for `deploy`, as is what is raised.
    """
    step = Deploy(service=_service(what, given, caller), action="rollback", to=to, notebook=caller.notebook)
    return _carried(step, what, timeout=None, yes=yes, caller=caller)


def releases(
    what: str = "", *, given: Mapping[str, object] | None = None, caller: Caller = PYTHON
) -> list[Listed]:
    """Return the releases of a service, the newest first, each once, as it fared last."""
    _, target, journal = _known(what, given, caller)
    live, authors = target.live(), journal.authors()
    good = {each.release_id for each in journal.good()}
    found: dict[str, Listed] = {}
    for each in journal.ended():
        release_id = each.release.release_id
        if release_id not in found:
            is_live = live is not None and live.release_id == release_id
            by = authors.get(release_id, "")
            one = replace(each, is_good=release_id in good)  # once is enough, however it fared since
            found[release_id] = Listed(deployed=one, is_live=is_live, by=by)
    return list(found.values())


def status(what: str = "", *, given: Mapping[str, object] | None = None, caller: Caller = PYTHON) -> Standing:
    """Return how a service stands, as its platform says."""
    from . import deployer
    from .orchestrator.releasing import address_of

    service, target, journal = _known(what, given, caller)
    live = target.live()
    ended, left, unread = _read(journal)
    address, why = address_of(target)
    record = next((each for each in ended if live and each.release.release_id == live.release_id), None)
    release = (record.release if record else None) or (live.release if live else None)
    found = target.unwell(release) if live and release else None
    drift: list[str] = [live.changed] if live and live.changed else []
    if live and release:
        wanted = deployer.fields_of(release.spec)
        drift += [
            f"{each.name} is {each.now or 'not there'}, and was deployed as {each.new or 'none'}"
            for each in deployer.changes_of(live.fields, wanted)
            if each.name in live.fields and each.name in wanted
        ]
    return Standing(
        service=service.name,
        target=service.target,
        live=live,
        deployed=record,
        unwell=found.why if found else "",
        drift=tuple(drift),
        address=address,
        left=left,
        unread=unread or why,
    )


def _read(journal: Journal) -> tuple[list[Deployed], Open | None, str]:
    """Return how releases fared, what is left, and why neither is known where the record cannot be read."""
    try:
        return journal.ended(), journal.left(), ""
    except LedgerError as error:
        return [], None, f"{error.what}: {error.why}; {error.fix}"


def logs(
    what: str = "",
    *,
    release: str = "",
    lines: int = 40,
    follow: bool = False,
    given: Mapping[str, object] | None = None,
    caller: Caller = PYTHON,
) -> Iterator[str]:
    """Yield the last lines that a release wrote, masked; with `follow` also those that come.

    Parameters
    ----------
    release : str, optional
        Which one, by its id or the end of it; by default what is live, else the newest.
    """
    from . import deployer

    service, target, journal = _known(what, given, caller)
    if not isinstance(target, deployer.Tells):
        raise UsageError(f"{service.target} has no logs here", fix="look at the platform's own")
    wanted = _chosen(release, service.name, target, journal)
    _, here = surroundings(caller)
    values = deployer.still_there(wanted.spec.secrets, service.folder, here.cache.parent).values()
    secrets = (*secrets_in(os.environ), *values)
    found = target.logs(wanted, lines=lines, follow=follow)
    return (cleaned(line, secrets) for line in found)


def _chosen(release: str, service: str, target: Target, journal: Journal) -> Release:
    from .orchestrator.releasing import older

    if release:
        return older(release, journal, target)
    live = target.live()
    known = [each.release for each in journal.ended()]
    found = next((each for each in known if live and each.release_id == live.release_id), None)
    found = found or (live.release if live else None) or next(iter(known), None)
    if found is None:
        raise UsageError(f"{service} was never deployed", fix=f"%autoexec deploy {service}")
    return found


def _service(what: str, given: Mapping[str, object] | None, caller: Caller) -> Service:
    from .deployer import service_of, targets_of
    from .ledger import ledger_in
    from .orchestrator.releasing import project_of

    loaded, here = surroundings(caller)
    ledger, project = ledger_in(loaded.data), project_of(loaded.workspace)
    return service_of(what, here.cwd, loaded.workspace, given, lambda name: targets_of(name, project, ledger))


def _carried(step: Deploy, what: str, *, timeout: float | None, yes: bool, caller: Caller) -> Report:
    title = shlex.join((step.service.name, f"--target={step.service.target}"))
    return carry_out(
        "rollback" if step.action == "rollback" else "deploy",
        title,
        (step,),
        timeout=timeout,
        yes=yes,
        caller=caller,
    )


def _known(what: str, given: Mapping[str, object] | None, caller: Caller) -> tuple[Service, Target, Journal]:
    """Return a service, where it is, and its record; nothing is begun."""
    from .orchestrator.releasing import journal_of
    from .orchestrator.targets import NOBODY, target_of

    service = _service(what, given, caller)
    _, here = surroundings(caller)
    plan = Plan(verb="status", title=service.name, phases=())
    return (
        service,
        target_of(service, plan, lambda event: None, here, NOBODY),
        journal_of(service.name, service.target, here),
    )
