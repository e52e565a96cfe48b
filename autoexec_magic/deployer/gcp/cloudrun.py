"""One service of Cloud Run: what is live, staging, the switch, and looks at it.

A service's first revision gets its traffic as it is made: Cloud Run has no
service without any. Until the switch nothing counts as live, and the service says
so of itself (`first`), and without `public` only the invited are let in.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeAlias

from autoexec_magic.deployer.gcp import image, logs, previewing, reading, secretstore, tidying
from autoexec_magic.deployer.gcp.asking import Asking, Message, library
from autoexec_magic.deployer.gcp.changing import (
    FENCE,
    FIRST,
    LEFT,
    check_fence,
    check_whose,
    set_entrance,
    set_traffic,
    state_of,
    written,
)
from autoexec_magic.deployer.gcp.condition import unready
from autoexec_magic.deployer.gcp.look import Looking
from autoexec_magic.deployer.gcp.place import Place, check_spec, place_of, revision_of, tag_of
from autoexec_magic.deployer.gcp.refusals import Absent, Conflict
from autoexec_magic.deployer.gcp.settling import carried_out, service_of, settled
from autoexec_magic.deployer.gcp.settling import revision_of as revision_named
from autoexec_magic.deployer.gcp.template import RELEASE, template_from, template_of
from autoexec_magic.deployer.gcp.traffic import Part, all_to, beside, parts_of, shares_of, some_to
from autoexec_magic.deployer.secretrefs import matching
from autoexec_magic.deployer.target import Change, Live, Unanswered, Unwell
from autoexec_magic.errors import DeployError
from autoexec_magic.events import Emit, Progress
from autoexec_magic.history import short_id
from autoexec_magic.releasefacts import Release, TargetKind

_EVIDENCE = 8  #: lines of its log
_WORDS_SECONDS = 2.0
_TRIES = 6
#: Takes the traffic as it is, and returns it as it should be.
Moved: TypeAlias = Callable[[Sequence[Part]], Sequence[Part]]


@dataclass(slots=True, kw_only=True)
class CloudRun:
    """One service of Cloud Run.

    Parameters
    ----------
    service : str
        Its name, at most 37 characters.
    options : mapping of str to str
        The settings' own table for `gcp` (`place.OPTIONS`).
    values : mapping of str to str
        The secrets' values, by name, of the versions of the release that is deployed.
    variables : mapping of str to str, optional
        The environment, which may name project and region.

    Raises
    ------
    UsageError
        An option is unknown or cannot be.
    """

    kind: ClassVar[TargetKind] = "gcp"
    service: str
    options: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    versions: Mapping[str, str] | None = None
    variables: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    place: Place = field(init=False)
    asking: Asking = field(init=False, repr=False)
    looking: Looking = field(init=False, repr=False)
    _said: dict[str, tuple[float, tuple[str, ...]]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.place = place_of(self.service, self.options, self.variables)
        self.asking = Asking(place=self.place)
        self.looking = Looking(asking=self.asking)

    def live(self) -> Live | None:
        """Return what is live: which revisions get traffic, as Cloud Run itself says it."""
        service = settled(self.asking)
        if service is None:
            return None
        shares = shares_of(parts_of(service.traffic_statuses))
        if not shares or list(shares) == [service.annotations.get(FIRST)]:
            return None
        short = next(iter(shares))
        revision = revision_named(self.asking, short)
        if revision is None:
            return Live(release_id="", digest="", changed=f"{short} has its traffic, and is not there")
        is_ours = reading.is_ours(revision, self.service)
        release = reading.release_on(revision, self.service)
        return Live(
            release_id=str(revision.annotations[RELEASE]) if is_ours else "",
            digest=reading.digest_of(revision),
            fields=reading.fields_of(revision, service, release),
            release=replace(release, place=short) if release else None,
            shares=tuple((self._id_of(one, short, revision), float(many)) for one, many in shares.items()),
            changed=_changed(service, revision, is_ours=is_ours),
        )

    def stage(self, release: Release, emit: Emit) -> Release:
        """Make a release's revision, with a tag and without traffic; one that is there is found again."""
        check_spec(release.spec)
        short = revision_of(release)
        found = revision_named(self.asking, short)
        if found is None:
            self._make(release, emit)
        elif found.annotations.get(RELEASE) != release.release_id:
            raise DeployError(
                f"there is a revision {short} already, of something else",
                why=f"{found.creator or 'somebody'} made it",
                fix=f"deploy it anew: %autoexec deploy {self.service}",
            )
        else:
            self._tag(short, found)
        return replace(release, place=short)

    def switch(self, release: Release | None, emit: Emit, *, fence: int) -> None:
        """Give all traffic to a staged release by its revision's name; with None delete the service."""
        if release is None:
            self._delete(fence)
            return
        short = revision_of(release)
        self._move(release, lambda parts: all_to(parts, short), fence)
        self._check_shares({short: 100})

    def split(self, release: Release, percent: float, emit: Emit, *, fence: int) -> None:
        """Give a staged release some of the traffic, in whole percents."""
        short = revision_of(release)
        service = settled(self.asking)
        if service is None or FIRST in service.annotations:
            raise DeployError(
                f"nothing of {self.service} is live yet to share traffic with", fix="leave --canary out"
            )
        wanted = some_to(parts_of(service.traffic_statuses), short, percent)
        self._move(release, lambda parts: some_to(parts, short, percent), fence)
        self._check_shares(shares_of(wanted))

    def unwell(self, release: Release) -> Unwell | None:
        """Return why it is not well: by its revision's condition, then by its URL."""
        return self._unwell(release, is_aside=False)

    def unwell_aside(self, release: Release) -> Unwell | None:
        """Return why it is not well at the URL of its tag."""
        return self._unwell(release, is_aside=True)

    def preview(self, release: Release) -> Sequence[Change]:
        """Return what a deploy would change, as Cloud Run says; nothing is pushed, put or written."""
        check_spec(release.spec)
        live = self.live()
        return previewing.changes(
            release, live, self.asking, lambda made: lambda service: self._staged(service, release, made)
        )

    def tidy(self, live: Release | None, keep: Sequence[Release], emit: Emit) -> None:
        """Take tags from what is not live, and delete the revisions that are not to be kept."""
        if live is None:
            service = settled(self.asking)
            if service is not None and FIRST in service.annotations:
                self._delete(int(service.annotations.get(FENCE, "0") or 0))
            return
        tidying.tidied(self.asking, revision_of(live), [revision_of(each) for each in keep])

    def logs(self, release: Release, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of its log, and then those that come."""
        short = revision_of(release)
        if follow:
            yield from logs.followed(self.asking, short, lines=lines)
        else:
            yield from logs.last_lines(self.asking, short, lines=lines)

    def address(self) -> str:
        """Return the service's URL, "" where there is none."""
        service = service_of(self.asking)
        return str(service.uri) if service is not None else ""

    def close(self) -> None:
        """Close the connections."""
        self.asking.close()

    def _make(self, release: Release, emit: Emit) -> None:
        """Make the revision: Cloud Run is asked first whether it would, and then told to."""
        short = revision_of(release)

        def say(text: str) -> None:
            emit(Progress(phase="deploy", text=text))

        at = image.at_registry(release, self.asking, say)
        secrets = secretstore.stored(
            release, matching(release.spec.secrets, self.values, self.versions), self.asking
        )
        made = template_of(release, at, secrets)

        def change(service: Message | None) -> Message | None:
            return self._staged(service, release, made)

        what = f"Cloud Run does not take release {short_id(release.release_id)} of {self.service}"
        written(self.asking, change, what, validate_only=True)
        operation = written(self.asking, change, f"{short} was not made")
        carried_out(
            self.asking,
            operation,
            f"{short} was not made",
            is_enough=lambda: revision_named(self.asking, short) is not None,
        )

    def _staged(self, service: Message | None, release: Release, made: Message) -> Message:
        """Return the service with a new template, its traffic as it is, and a tag for the new revision."""
        short = revision_of(release)
        if service is None:
            service = library().Service(annotations={FIRST: short}, labels={"managed-by": "autoexec-magic"})
            set_entrance(service, release.spec)
            parts: tuple[Part, ...] = (Part(revision=short, percent=100, tag=tag_of(short)),)
        else:
            check_whose(service)
            parts = beside(parts_of(service.traffic_statuses), short)
            if not shares_of(parts):  # it never served: as if it were new
                service.annotations[FIRST] = short
                parts = (Part(revision=short, percent=100, tag=tag_of(short)),)
        service.template = made
        set_traffic(service, parts)
        return service

    def _tag(self, short: str, revision: Message) -> None:
        """Let a revision that is there be reached by its tag, and be the service's template."""
        template = template_from(revision)

        def change(service: Message | None, *, returns: bool = True) -> Message | None:
            if service is None:
                raise DeployError(
                    f"{self.service} was taken away meanwhile", fix=f"%autoexec deploy {self.service}"
                )
            parts = parts_of(service.traffic_statuses)
            wanted = beside(parts, short)
            is_tagged = wanted == tuple(replace(each, uri="") for each in parts)
            if not shares_of(wanted) or (is_tagged and service.template.revision == short):
                return None
            set_traffic(service, wanted)
            if returns:
                service.template = template
            return service

        what = f"{short} was not given its tag"
        try:
            operation = written(self.asking, change, what)
        except Conflict:  # its template may not be sent again: only its tag, then
            operation = written(self.asking, lambda service: change(service, returns=False), what)
        if operation is not None:
            carried_out(self.asking, operation, what)

    def _move(self, release: Release, moved: Moved, fence: int) -> None:
        """Move traffic by one write, which also says whose turn it was."""

        def change(service: Message | None) -> Message | None:
            if service is None:
                raise DeployError(
                    f"{self.service} is not there", why="it was taken away meanwhile", fix="deploy it again"
                )
            check_fence(service, fence)
            before = state_of(service), dict(service.annotations)
            set_traffic(service, moved(parts_of(service.traffic_statuses)))
            set_entrance(service, release.spec)
            service.annotations[FENCE] = str(fence)
            service.annotations.pop(FIRST, None)
            is_same = (state_of(service), dict(service.annotations)) == before
            return None if is_same else service

        what = f"the traffic of {self.service} did not move to {revision_of(release)}"
        operation = written(self.asking, change, what)
        if operation is not None:
            carried_out(self.asking, operation, what)

    def _check_shares(self, wanted: Mapping[str, int]) -> None:
        """Raise where Cloud Run does not do what it was told: what it says that it does is read back."""
        service = settled(self.asking)
        found = shares_of(parts_of(service.traffic_statuses)) if service is not None else {}
        if found != wanted:
            shown = ", ".join(f"{many} % {one}" for one, many in found.items()) or "nobody"
            raise DeployError(
                f"the traffic of {self.service} did not move",
                why=f"Cloud Run says that it goes to {shown}",
                fix=f"%autoexec status {self.service}",
            )

    def _delete(self, fence: int) -> None:
        for attempt in range(_TRIES):
            service = settled(self.asking)
            if service is None:
                return
            check_whose(service)
            check_fence(service, fence)
            what = f"{self.service} was not taken away"
            request = library().DeleteServiceRequest(name=self.place.name, etag=service.etag)
            try:
                operation = self.asking.run("Services.delete_service", request, what)
                carried_out(self.asking, operation, what, is_enough=lambda: service_of(self.asking) is None)
            except Absent:
                return
            except Conflict:
                if attempt == _TRIES - 1:
                    raise
        raise Unanswered(f"{self.service} is still there", fix=f"%autoexec status {self.service}")

    def _unwell(self, release: Release, *, is_aside: bool) -> Unwell | None:
        short = revision_of(release)
        found = unready(revision_named(self.asking, short))
        if found is not None:
            return replace(found, evidence=self._words(short, is_new=found.is_final))
        service = service_of(self.asking)
        parts = parts_of(service.traffic_statuses) if service is not None else ()
        url = next((each.uri for each in parts if each.revision == short and each.tag and each.uri), "")
        if service is not None and not is_aside and shares_of(parts) == {short: 100}:
            url = str(service.uri)
        if not url or service is None:
            return Unwell(why="it has no URL yet")
        gate = release.spec.gate
        why = self.looking.at(url, gate.path, gate.answer_seconds, audience=str(service.uri))
        return Unwell(why=why, evidence=self._words(short)) if why else None

    def _words(self, short: str, *, is_new: bool = False) -> tuple[str, ...]:
        """Return its last words; Cloud Logging is read 60 times a minute at most, and so not at each look."""
        at, words = self._said.get(short, (0.0, ()))
        pause = _WORDS_SECONDS if words else _WORDS_SECONDS / 2
        if is_new or not at or time.monotonic() - at > pause:
            words = logs.evidence(self.asking, short, lines=_EVIDENCE)
            self._said[short] = (time.monotonic(), words)
        return words

    def _id_of(self, short: str, first: str, revision: Message) -> str:
        """Return the release of a revision that gets traffic, else the revision's own name."""
        found = revision if short == first else revision_named(self.asking, short)
        if found is None or not reading.is_ours(found, self.service):
            return short
        return str(found.annotations[RELEASE])


def _changed(service: Message, revision: Message, *, is_ours: bool) -> str:
    """Return who changed a service by another way, and what, "" where nobody did."""
    who = str(service.last_modifier) or "somebody"
    short = str(revision.name).rpartition("/")[2]
    if not is_ours:
        return f"{str(revision.creator) or who} made {short}, which is none of ours"
    if LEFT in service.annotations and service.annotations[LEFT] == state_of(service):
        return ""
    return f"{who} changed the traffic, the template or who is let in, since our last deploy"
