"""What a thread does to itself to be in a cage, in the order it has to be done."""

from __future__ import annotations

import os
import threading

from . import capabilities, kernel, landlock, mounts, scratch, seccomp
from .request import CageRequest
from .rules import SHARED_MEMORY, Rule
from .supervisor import Supervisor

DNS_PORT = 53


class Walls:
    """The walls of the level `workspace`: made once, entered by any number of threads."""

    def __init__(self, request: CageRequest, rules: tuple[Rule, ...]) -> None:
        self.has_mounts = request.mounts and mounts.can_be_had()
        self.mechanism = "landlock+seccomp" + "+mounts" * self.has_mounts
        self._rules = rules
        self._ports = ports(request)
        self._keep = capabilities.needed(request.workspace)
        self._filter = filter_for(request, is_supervised=not self.has_mounts)
        self._supervisor = None if self.has_mounts else Supervisor(rules)
        self._view = mounts.View((), (), ())
        if self.has_mounts:
            writable = [rule.path for rule in rules if rule.access == "write" and rule.path != SHARED_MEMORY]
            self._view = mounts.view(request.workspace.resolve(), request.protected, writable)
        self._namespace = -1
        self._ruleset = -1
        self._shared = -1  # the folder of shared memory in the view
        self._first = threading.Lock()
        if not self.has_mounts:
            self._ruleset = landlock.create(rules, self._ports)

    def prepare(self) -> None:
        """Do what has to be done before a thread goes inside, on one that stays outside."""
        if self._supervisor is not None:
            self._supervisor.start()

    def enter(self) -> None:
        """Put the calling thread inside, for ever."""
        if self.has_mounts:
            self._enter_view()
        capabilities.drop(self._keep)
        kernel.allow_no_new_privileges()
        landlock.restrict(self._ruleset)
        if self._supervisor is None:
            seccomp.restrict(self._filter)
        else:
            self._supervisor.attend(seccomp.restrict(self._filter, listens=True))

    def close(self) -> None:
        """Release the descriptors; a second time does nothing."""
        if self._supervisor is not None:
            self._supervisor.close()
        for descriptor in (self._ruleset, self._namespace, self._shared):
            if descriptor >= 0:
                os.close(descriptor)
        self._ruleset = self._namespace = self._shared = -1

    def empty(self) -> None:
        """Remove what a run left in the view's own memory; OSError if something stays."""
        if self._shared >= 0:
            scratch.empty_shared(self._shared)

    def _enter_view(self) -> None:
        """Make the mounts, or enter those that an earlier thread made."""
        with self._first:
            if self._namespace >= 0:
                mounts.enter(self._namespace)
                return
            namespace = mounts.enter_new(self._view)
            try:
                # Here, not before: a rule means the file that is seen, and /proc is another one now.
                self._ruleset = landlock.create(self._rules, self._ports)
                if os.path.isdir(SHARED_MEMORY) and not os.path.islink(SHARED_MEMORY):
                    self._shared = os.open(SHARED_MEMORY, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except BaseException:
                os.close(namespace)
                raise
            self._namespace = namespace


def filter_for(request: CageRequest, *, is_supervised: bool = False) -> bytes:
    """Return the seccomp filter that fits a request."""
    has_net = request.net == "all" or (request.net != "none" and bool(request.net))
    return seccomp.program(
        has_net=has_net,
        has_datagrams=request.net == "all",
        has_unix=request.unix,
        is_supervised=is_supervised,
    )


def ports(request: CageRequest) -> tuple[int, ...] | None:
    """Return the TCP ports that may be connected to, None for all."""
    if request.net == "all":
        return None
    if request.net == "none":
        return ()
    return tuple(dict.fromkeys((*request.net, DNS_PORT))) if request.net else ()
