"""A namespace of a cluster as a target: what `deploy` asks, told to what does it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from ...events import Emit
from ...releasefacts import Release, TargetKind
from ..target import Change, Live, Unwell
from . import looking, names, reading, spare, staging, telling, tidying, traffic
from .connecting import connected
from .place import Place, named, say
from .settings import options_of


@dataclass(slots=True, kw_only=True)
class Kubernetes:
    """One service in a namespace; nothing is connected to before it is asked.

    Parameters
    ----------
    service : str
        Its name.
    options : mapping of str to str, optional
        The table of the settings; its keys are `settings.KNOWN`.
    values, versions : mapping of str to str, optional
        The values of its secrets by name, and the version of each.
    variables : mapping, optional
        The environment: KUBECONFIG.

    Raises
    ------
    UsageError
        An option is unknown, or cannot be.
    """

    kind: ClassVar[TargetKind] = "kubernetes"
    service: str
    options: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    versions: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    _ended: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _turn: spare.Turn | None = field(default=None, init=False, repr=False)
    _place: Place | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        options_of(self.options)

    def live(self) -> Live | None:
        """Return what the Service leads to, read from the cluster."""
        return reading.live(self._there())

    def stage(self, release: Release, emit: Emit) -> Release:
        """Apply the release's own objects, which nothing leads to yet."""
        return staging.stage(self._telling(emit), release, emit)

    def switch(self, release: Release | None, emit: Emit, *, fence: int) -> None:
        """Let the Service lead to a release whose pods are ready; with None take it away."""
        self._turn = None
        traffic.switch(self._telling(emit), release, emit, fence=fence, ended=self._ended)
        if release is not None:
            self._turn = spare.Turn(tail=names.tail_of(release.release_id), fence=fence)

    def unwell(self, release: Release) -> Unwell | None:
        """Look once at the pods of a release; where none is ready any more, the earlier one answers again."""
        place = self._there()
        found = looking.found_in(place, release, self._ended)
        if found is None:
            return None
        older = spare.given_back(place, release, self._turn)  # first of all: people wait
        unwell = looking.told(place, release, found)
        if older is None:
            return unwell
        return replace(unwell, why=f"{unwell.why}; {named(older)} answers again", is_final=True)

    def unwell_aside(self, release: Release) -> Unwell | None:
        """Look once at the pods of a release that has no traffic: they are the same."""
        return looking.look(self._there(), release, self._ended)

    def split(self, release: Release, percent: float, emit: Emit, *, fence: int) -> None:
        """Let the Service lead to both releases; the part is that of the pods, and is told."""
        traffic.split(self._telling(emit), release, percent, emit, fence=fence, ended=self._ended)

    def check_split(self, release: Release) -> None:
        """Refuse a canary of what an autoscaler would give other pods than its part needs."""
        traffic.check_split(self._there(), release)

    def tidy(self, live: Release | None, keep: Sequence[Release], emit: Emit) -> None:
        """Run the live release alone, and remove what is not kept."""
        tidying.tidy(self._telling(emit), live, keep, emit)

    def preview(self, release: Release) -> Sequence[Change]:
        """Return what would change, after a dry run on the cluster."""
        return reading.preview(self._there(), release)

    def logs(self, release: Release, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of the release's pods, and those that come."""
        return telling.logs(self._there(), release, lines=lines, follow=follow)

    def address(self) -> str:
        """Return a node's URL, or the service's name in the cluster."""
        return reading.address(self._there())

    def _there(self) -> Place:
        if self._place is None:
            options = options_of(self.options)
            cluster = connected(
                context=options.context,
                namespace=options.namespace,
                secrets=tuple(self.values.values()),
                variables=self.variables,
            )
            self._place = Place(
                cluster=cluster,
                service=self.service,
                options=options,
                values=self.values,
                versions=self.versions,
            )
        return self._place

    def _telling(self, emit: Emit) -> Place:
        """Return the place, with the cluster's warnings told to whoever watches."""
        place = self._there()
        place.cluster.warned = lambda text: say(emit, f"! {text}")
        return place
