"""The benign twins that the cage `workspace` does not let pass as they are: why, and what cures it.

The tests run all of them: one that passes after all, or that its cure does not
cure, is a fault of this table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why some twins do not pass."""

    why: str
    ids: tuple[str, ...]
    cure: dict[str, Any] = field(default_factory=dict)  #: options of the cage with which they pass
    only_with_mounts: bool = False  #: without, what they change is compared, and voided


REASONS = (
    Reason(
        why="ed writes to /tmp, whatever TMPDIR says: --write /tmp",
        ids=("pg-ed-bang", "pg-ed-open-bang", "pg-ed-w", "pg-ed-w-pipe"),
        cure={"write": ["/tmp"]},
    ),
    Reason(
        why="script(1) opens a terminal of its own; what it runs can be run with --pty instead",
        ids=(
            *("pos-script-file", "wrap-script-c", "env-pager-git", "env-git-pager-export", "pg-man-P"),
            *("pg-git-p-log", "pg-git-pager-cmd", "pg-man-config"),
        ),
    ),
    Reason(
        why="tracing: who may trace may look into every process of the user",
        ids=("pos-strace-o", "wrap-strace-cmd"),
    ),
    Reason(
        why="personality(2) switches protections of the memory off",
        ids=("wrap-setarch",),
    ),
    Reason(
        why="who is killed first for want of memory is not a run's to say",
        ids=("wrap-choom",),
    ),
    Reason(
        why="System V queues reach every process of the machine; fakeroot talks over them",
        ids=("wrap-fakeroot",),
    ),
    Reason(
        why="netlink sockets change the machine's network where root opens them",
        ids=("oth-packet", "oth-iptables", "oth-ip-netns-route"),
    ),
    Reason(
        why="limits and priority can be set of oneself, not of a number that may be anybody's",
        ids=("kill-prlimit-cpu", "kill-stop-hup"),
    ),
    Reason(
        why=".git/config governs what git runs: it is written outside of a cage",
        ids=(
            *("gc-fsmonitor-stored", "tcp-git-push-remote", "per-gitconfig-global"),
            "hook-git-attributes-stored",
        ),
        only_with_mounts=True,
    ),
)


def expected(*, has_mounts: bool) -> dict[str, Reason]:
    """Return the reason for each twin that does not pass."""
    reasons = [reason for reason in REASONS if has_mounts or not reason.only_with_mounts]
    return {name: reason for reason in reasons for name in reason.ids}
