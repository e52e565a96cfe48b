"""What the verb `ledger` calls and says: what is on record for good, and whether it is as it was written."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from .. import api
from ..api import Caller
from ..errors import UsageError
from ..history import short_id
from ..redact import one_line
from ..values import Result, Verdict
from .spoken import Spoken

if TYPE_CHECKING:
    from ..chain import Row
    from .verbs import Call

WORDS = ("show", "verify")
BEGUN = "-begun"


def ledger(call: Call, caller: Caller) -> Spoken:
    """Do what the word says."""
    words = call.options.words
    if len(words) != 1 or words[0] not in _DOES:
        said = f"cannot read ledger {' '.join(words)}" if words else "ledger does nothing alone"
        raise UsageError(said, fix=f"%autoexec ledger {' | '.join(WORDS)}")
    return _DOES[words[0]](call, caller)


def described(row: Row) -> str:
    """Return what a row says as people read it: its line, and a line for each thing it is about."""
    head = f"{row.id:>4}  {_clock(row.at)}  {row.kind}"
    head += f"  run {short_id(row.run_id)}" if row.run_id else ""
    lines = []
    for key, mark in _MARKS.items():
        items = row.body.get(key, ())
        lines += [f"        {mark} {_named(item)}" for item in items if isinstance(item, dict)]
    lines += _built(row.body) if row.kind == "build" else []
    lines += _deployed(row.body) if row.kind == "deploy" else []
    for key in ("undoes", "why"):
        lines += [f"        {key} {row.body[key]}"] if row.body.get(key) else []
    place = row.body.get("environment")
    lines += [f"        in {place.get('prefix', '')}"] if isinstance(place, dict) else []
    return "\n".join(map(_indented, [head, *lines]))


def _show(call: Call, caller: Caller) -> Spoken:
    """List the newest rows."""
    if call.options.limit < 1:
        raise UsageError(f"-n {call.options.limit} cannot be", fix="1 or more")
    started = time.monotonic()
    found = api.ledger_rows(call.options.kind, call.options.limit)
    ended = {row.run_id for row in found if row.run_id and not row.kind.endswith(BEGUN)}
    text = "\n".join(map(described, (row for row in found if not _is_told(row, ended)))) or _nothing(call)
    return Spoken(
        result=_result(started, rows=len(found)), value=found, text=text, records=tuple(map(_record, found))
    )


def _verify(call: Call, caller: Caller) -> Spoken:
    """Say whether every row is as it was written, and which is the first that is not."""
    started = time.monotonic()
    found = api.ledger_verify()
    lines = [
        f"✗ {misfit.what}" + (f"\n  because: {misfit.why}" if misfit.why else "") for misfit in found.misfits
    ]
    if found.fits:
        lines = [
            f"✓ {found.rows} rows, and all of them fit" if found.rows else "– nothing is on the ledger yet"
        ]
    if found.unread:
        lines.append(f"{found.unread} of them are of a newer version: only their place was looked at")
    verdict = Verdict.PASSED if found.fits else Verdict.FAILED
    records = tuple(
        {"kind": "Misfit", "row": misfit.row, "what": misfit.what, "why": misfit.why}
        for misfit in found.misfits
    )
    head = str(found.head) if found.head else ""
    result = _result(started, verdict, rows=found.rows, head=head, unread=found.unread)
    return Spoken(result=result, value=found, text="\n".join(lines), records=records)


def _is_told(row: Row, ended: Collection[str]) -> bool:
    """Whether a row says that something begins whose end, among those shown, says the same and more."""
    return row.kind.endswith(BEGUN) and row.run_id in ended


def _nothing(call: Call) -> str:
    kind = call.options.kind
    if not kind or not (seen := sorted({row.kind for row in api.ledger_rows(limit=None)})):
        return "nothing is on the ledger yet"
    return f"no row of the kind {kind} is on the ledger; there are {', '.join(seen)}"


_DOES: Mapping[str, Callable[[Call, Caller], Spoken]] = {"show": _show, "verify": _verify}
_MARKS = {"added": "+", "replaced": "- instead of", "removed": "-", "restored": "+"}


def _deployed(body: Mapping[str, Any]) -> list[str]:
    """Return what a row of a deploy is about: how it began, a step, or its end."""
    place, what = f"{body.get('service')} on {body.get('target')}", body.get("what")
    release = body.get("release")
    if what == "begun" and isinstance(release, dict):
        return [f"        {place}: release {short_id(str(release.get('release_id')))} begins"]
    if what == "step":
        return [f"        {place}: {body.get('step')} {'done' if body.get('done') else 'intended'}"]
    if what == "found":
        before = body.get("before")
        known = short_id(str(before.get("release_id"))) if isinstance(before, dict) else "nothing"
        return [f"        {place}: to go back to: {known}"]
    return [f"        {place}: {body.get('code', what)}"]


def _built(body: Mapping[str, Any]) -> list[str]:
    """Return what a row of a build is about: what it is called, where it went, and how to know it again."""
    said = {key: str(body.get(key, "")) for key in ("artifact", "name", "version", "reference", "digest")}
    lines = [f"        → {said['artifact']} {said['name']} {said['version']}"]
    lines += [f"        {said['reference']}"] if said["reference"] else []
    is_there = not said["digest"] or said["digest"] in said["reference"]
    return lines + ([] if is_there else [f"        {said['digest']}"])


def _named(item: Mapping[str, Any]) -> str:
    proof = f" (sha256 {item['sha256'][:12]}…)" if item.get("sha256") else ""
    origin = f" from {item['index']}" if item.get("index") else ""
    why = f": {'; '.join(map(str, item['evidence']))}" if item.get("evidence") else ""
    return f"{item.get('name', '')} {item.get('version', '')}{proof}{origin}{why}"


def _record(row: Row) -> dict[str, object]:
    """Return a row as JSON has it; its kind is the field `row`, because `kind` says what a record is."""
    return {
        "kind": "Row",
        "row": row.kind,
        "id": row.id,
        "at": row.at,
        "run_id": row.run_id,
        "body": dict(row.body),
        "before": row.before,
        "hash": row.hash,
        "format": row.format,
    }


def _indented(text: str) -> str:
    """Return `text` as one harmless line that begins where it began."""
    return text[: len(text) - len(text.lstrip(" "))] + one_line(text)


def _clock(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds / 1000))


def _result(started: float, verdict: Verdict = Verdict.PASSED, /, **added: object) -> Result:
    return Result(verb="ledger", verdict=verdict, seconds=time.monotonic() - started, added=added)
