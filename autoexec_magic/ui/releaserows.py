"""Releases, what a deploy changes, and how a service stands, as people and as machines read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..events import Released
from ..history import now_ms, short_id
from ..redact import one_line
from ..releasefacts import Deployed
from ..releases import Listed, Standing

if TYPE_CHECKING:
    from ..deployer import Change

_AGES = ((86_400, "d"), (3600, "h"), (60, "min"))


def release_record(listed: Listed) -> dict[str, object]:
    """Return a release as machines read it."""
    deployed = listed.deployed
    release = deployed.release
    return {
        "kind": "Release",
        "service": release.service,
        "target": release.target,
        "release_id": release.release_id,
        "digest": release.digest,
        "verdict": deployed.code,
        "good": deployed.is_good,
        "why": deployed.why,
        "live": listed.is_live,
        "started": release.started,
        "ended": deployed.at,
        "notebook": release.notebook,
        "by": listed.by,
        "run_id": deployed.run_id,
    }


def change_record(change: Change) -> dict[str, object]:
    """Return one field that a deploy changes as machines read it."""
    return {"kind": "Change", "name": change.name, "now": change.now, "new": change.new}


def change_lines(changes: Sequence[Change]) -> list[str]:
    """Return what a deploy changes as people read it: a field a line, what is live first."""
    if not changes:
        return ["nothing would change"]
    width = max(len(each.name) for each in changes)
    lines = [f"{len(changes)} field{'s' if len(changes) > 1 else ''} would change:"]
    for each in changes:
        now, new = one_line(each.now) or "(none)", one_line(each.new) or "(none)"
        lines.append(f"  {each.name:{width}}  {now} → {new}")
    return lines


def listed_lines(found: Sequence[Listed]) -> list[str]:
    """Return releases as people read them, the newest first: id, age, digest, how it fared, and why."""
    lines = []
    for each in found:
        deployed = each.deployed
        mark = "→" if each.is_live else " "
        good = "passed its gate" if deployed.is_good else deployed.code
        why = f" · {one_line(deployed.why)}" if deployed.why else ""
        live = " · live" if each.is_live else ""
        by = f" · {one_line(each.by)}" if each.by else ""
        lines.append(
            f"{mark} {short_id(deployed.release.release_id)}  {age(deployed.at):>8}  "
            f"{deployed.release.digest[7:19]}  {good}{live}{by}{why}"
        )
    return lines


def standing_lines(found: Standing) -> list[str]:
    """Return how a service stands as people read it."""
    if found.live is None:
        lines = [f"{found.service} on {found.target}: nothing is live"]
    else:
        state = f"not well: {one_line(found.unwell)}" if found.unwell else "well"
        where = f" at {found.address}" if found.address else ""
        lines = [
            f"{found.service} on {found.target}: release {_id(found)} is live{where}, {state}",
            f"  digest: {found.live.digest}",
        ]
        if found.deployed is not None:
            at, run = found.deployed.at, short_id(found.deployed.run_id)
            lines.append(f"  deployed: {_stamp(at)} ({age(at)}), run {run}")
        if len(found.live.shares) > 1:
            parts = ", ".join(f"{short_id(name)} {percent:g} %" for name, percent in found.live.shares)
            lines.append(f"  traffic: {parts}")
        lines += [f"  ! changed by somebody else: {one_line(each)}" for each in found.drift]
    if found.unread:
        lines.append(f"  ! {one_line(found.unread)}")
    if found.left is not None:
        left = found.left
        lines.append(
            f"  ! a deploy of release {short_id(left.release.release_id)} was left at {left.at_step}:"
            f" %autoexec deploy {found.service} --resume, or --abort"
        )
    return lines


def released_lines(event: Released) -> list[str]:
    """Return what there is to say of a deploy that came to its end."""
    deployed: Deployed = event.deployed
    release = deployed.release
    where = f" at {event.address}" if event.address else ""
    if deployed.code == "withdrawn":
        return [f"→ {release.service} is taken away from {release.target}"]
    if deployed.code != "deployed":
        return [f"→ {release.service} on {release.target}: {deployed.code}{where}"]
    which = f"release {short_id(release.release_id)} · {release.digest[:19]}…"
    return [f"→ {release.service} is live on {release.target}{where} · {which}"]


def age(at: int) -> str:
    """Return how long ago a time was, in words: `3 min`; at is UTC, milliseconds since 1970."""
    seconds = max(0, now_ms() - at) // 1000
    for scale, unit in _AGES:
        if seconds >= scale:
            return f"{seconds // scale} {unit}"
    return f"{seconds} s"


def _stamp(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _id(found: Standing) -> str:
    return (short_id(found.live.release_id) if found.live else "") or "(not ours)"
