"""What the verb `diagnose` calls and says: every failure of a log from anywhere, each with its bytes.

A log is read in bounded memory: of one that is longer than both ends, the
middle is left out, and said to be.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .. import api
from ..api import Caller
from ..errors import UsageError
from ..redact import one_line
from ..values import Diagnosis, Result, Verdict, as_record
from .spoken import Spoken

if TYPE_CHECKING:
    from .verbs import Call

HEAD_BYTES = 2_000_000  #: of a log's beginning that are read
TAIL_BYTES = 6_000_000  #: of its end; what is between is left out
_CHUNK = 1 << 20
_NO_TEXT = re.compile("[\udc80-\udcff]")  # a byte that is no UTF-8, as `surrogateescape` has it
_MOST_REASONS = 6  # lines of evidence that are shown
_STDIN = "-"
_ENDLESS = frozenset(("zero", "full", "random", "urandom", "mem", "kmsg"))  # devices that never say the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log as it was read: `parts` are (place of the first byte, bytes); `size` counts all bytes."""

    path: str
    size: int
    parts: tuple[tuple[int, bytes], ...]

    @property
    def left_out(self) -> int:
        """How many bytes of the middle were not read."""
        return self.size - sum(len(part) for _, part in self.parts)


def diagnose(call: Call, caller: Caller) -> Spoken:
    """Say what went wrong in each log; without a file in the cell, else on standard input."""
    started = time.monotonic()
    options = call.options
    pairs = [(log, _failures(log, options.lang, caller.cwd)) for log in _logs(call, caller)]
    count = sum(len(found) for _, found in pairs)
    added: dict[str, object] = {"failures": count, "left_out": sum(log.left_out for log, _ in pairs)}
    result = Result(
        verb="diagnose",
        verdict=Verdict.PASSED if count else Verdict.SKIPPED,
        seconds=time.monotonic() - started,
        added=added,
    )
    return Spoken(
        result=result,
        value=[each for _, found in pairs for each in found],
        text="\n\n".join(_text(log, found, is_named=len(pairs) > 1) for log, found in pairs),
        records=tuple(record for log, found in pairs for record in _records(log, found)),
    )


def read_ends(stream: IO[bytes], path: str) -> Log:
    """Return both ends of a stream, whose length nobody knows, in bounded memory."""
    head, tail, size = bytearray(), bytearray(), 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        room = HEAD_BYTES - len(head)
        head += chunk[: max(0, room)]
        tail += chunk[max(0, room) :]
        if len(tail) > TAIL_BYTES + _CHUNK:
            del tail[: len(tail) - TAIL_BYTES]
    del tail[: max(0, len(tail) - TAIL_BYTES)]
    if len(head) + len(tail) == size:
        return Log(path=path, size=size, parts=((0, bytes(head + tail)),))
    end = head.rfind(b"\n") + 1 or len(head)
    start = tail.find(b"\n") + 1
    first = size - len(tail) + start
    return Log(path=path, size=size, parts=((0, bytes(head[:end])), (first, bytes(tail[start:]))))


def _logs(call: Call, caller: Caller) -> list[Log]:
    names = call.options.files
    if call.cell is not None:
        if names:
            raise UsageError("a cell and a file?", fix="%autoexec diagnose FILE, or the cell alone")
        data = call.cell.encode("utf-8", "replace")
        return [Log(path="", size=len(data), parts=((0, data),))]
    return [_read(name, caller) for name in names or [_STDIN]]


def _read(name: str, caller: Caller) -> Log:
    """Return the log of a file, or of standard input.

    Raises
    ------
    UsageError
        It cannot be read, or there is nothing to read from.
    """
    if name == _STDIN:
        stream = getattr(sys.stdin, "buffer", None)
        if caller.kernel or stream is None or stream.isatty():
            fix = "%autoexec diagnose FILE, a cell %%autoexec diagnose, or jupyter autoexec diagnose < LOG"
            raise UsageError("which log?", fix=fix)
        return read_ends(stream, "")
    path = (caller.cwd or Path.cwd()) / name
    try:
        if path.is_block_device() or (path.is_char_device() and path.resolve().name in _ENDLESS):
            raise UsageError(f"cannot read {name}", why="a device has no end", fix="check the path")
        with path.open("rb") as file:
            return read_ends(file, name)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {name}", why=str(error), fix="check the path") from error


def _failures(log: Log, language: str, near: Path | None) -> tuple[Diagnosis, ...]:
    """Return the failures of a log; their bytes are places in the whole of it."""
    found: list[Diagnosis] = []
    for place, part in log.parts:
        text = _NO_TEXT.sub("?", part.decode("utf-8", "surrogateescape"))  # a byte for a byte
        for each in api.diagnose(text, lang=language, near=near):
            start, end = each.bytes or (0, 0)
            found.append(dataclasses.replace(each, bytes=(place + start, place + end)))
    return tuple(found)


def _records(log: Log, found: Iterable[Diagnosis]) -> list[dict[str, object]]:
    told = {"kind": "Log", "path": log.path, "bytes": log.size, "left_out": log.left_out}
    return [told, *map(as_record, found)]


def _text(log: Log, found: tuple[Diagnosis, ...], *, is_named: bool) -> str:
    blocks = ["\n".join(_block(each)) for each in found]
    if not blocks:
        blocks = ["nothing in it looks like a failure" if log.size else "the log is empty"]
    if is_named:
        blocks[0] = f"── {one_line(log.path) or 'standard input'}\n{blocks[0]}"
    if log.left_out:
        start, end = len(log.parts[0][1]), log.parts[1][0]
        blocks.append(f"left out: bytes {start}–{end}, {log.left_out:,} of {log.size:,}: it is too long")
    return "\n\n".join(blocks)


def _block(found: Diagnosis) -> list[str]:
    place = f" at {found.where}" if found.where else ""
    start, end = found.bytes or (0, 0)
    sure = "" if found.confidence == "certain" else f" · {found.confidence}"
    lines = [f"{found.code}{place} · bytes {start}–{end}{sure}: {found.why}"]
    lines += [f"  because: {line}" for line in found.evidence[:_MOST_REASONS]]
    lines += [f"  fix: {found.fix}"] if found.fix else []
    return lines
