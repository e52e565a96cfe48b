"""Which limit a run came up against, from how it ended.

Certain is what the kernel or a clock of ours says: a counter of the run's
control group, a signal that nothing but a limit sends, processor time that was
used, bytes that were read. Where a limit only makes a call fail, the program
decides what becomes of that: then its own words are looked at, and only for a
limit that was set. That is likely, and never certain: a program may say
anything.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping

from ..values import LimitHit, LimitKind, Outcome
from .cage import Limits

_TAIL_CHARS = 8192  # what is said last
_TICKS_SECONDS = 0.05  # the kernel counts in hundredths
_XCPU = getattr(signal, "SIGXCPU", 24)
_XFSZ = getattr(signal, "SIGXFSZ", 25)
_KILL = getattr(signal, "SIGKILL", 9)
_OF_SHELL = 128  # a shell's exit code for a child that a signal ended: this plus the signal

_NO_MEMORY = re.compile(
    r"^(?:[\w.]+\.)?_?(?:Array)?MemoryError\b|std::bad_alloc|[cC]annot allocate memory|\bENOMEM\b"
    r"|memory allocation of \d+ bytes failed|JavaScript heap out of memory|Fatal process OOM"
    r"|Fatal process out of memory|Array buffer allocation failed|ERR_MEMORY_ALLOCATION_FAILED"
    r"|[oO]ut of memory|memory exhausted|os error 12\b",
    re.MULTILINE,
)
# "Resource temporarily unavailable" alone may be a socket that would block.
_NO_PROCESS = re.compile(
    r"can't start new thread|Thread creation failed|uv_thread_create|pthread_create\w*[^\n]{0,80}failed"
    r"|(?:fork|clone|spawn|[tT]hread|process)[^\n]{0,200}"
    r"(?:Resource temporarily unavailable|EAGAIN|os error 11\b)"
    r"|(?:EAGAIN|os error 11\b|WouldBlock)[^\n]{0,80}(?:fork|spawn|thread)"
    r"|(?:\bfork\w*\(|_fork_exec|posix_spawn)[^\x00]{0,800}\[Errno 11\]"
)
_LATER = re.compile(r"Resource temporarily unavailable|\bEAGAIN\b|Errno 11\]|os error 11\b|WouldBlock")
_STARTS = re.compile(
    r"fork\(|spawn|subprocess|Popen|[tT]hread|multiprocessing|Executor|child_process|&\s*$", re.M
)
_CODE_CHARS = 100_000
_TOO_LARGE = re.compile(r"File too large|\bEFBIG\b|Errno 27\]|os error 27\b|[fF]ile size limit exceeded")
_TOO_MANY_FILES = re.compile(r"Too many open files|\bE[MN]FILE\b|Errno 24\]|os error 24\b")
_NO_TIME = re.compile(r"CPU time limit exceeded")


def limit_hit(
    outcome: Outcome,
    limits: Limits,
    *,
    refused: Mapping[str, int],
    timeout: float | None,
    code: str = "",
) -> LimitHit | None:
    """Return the limit that a run came up against, or None.

    Parameters
    ----------
    outcome : Outcome
        How it ended.
    limits : Limits
        What it might use.
    refused : mapping of str to int
        What its control group refused, per controller (`cage.Cage.refused`);
        of one that is not in it, each process was limited by itself.
    timeout : float, optional
        Seconds that it might take.
    code : str, optional
        What it ran, if that is known: "try again" may be said of a socket, too,
        unless this starts processes.

    Returns
    -------
    LimitHit or None
        Of a run that passed, only what the kernel counted.
    """
    if outcome.ended == "cancelled":
        return None
    if outcome.ended == "timed-out":
        seen = f"it still ran after {outcome.seconds:.1f} s"
        return LimitHit(kind="timeout", most=timeout or outcome.seconds, seen=seen, confidence="certain")
    if outcome.ended == "limited" and limits.output_bytes:
        seen = f"it had written {outcome.output_bytes:,} bytes"
        return LimitHit(kind="output", most=limits.output_bytes, seen=seen, confidence="certain")
    text = f"{outcome.stdout[-_TAIL_CHARS:]}\n{outcome.stderr[-_TAIL_CHARS:]}"
    found = _of_group(outcome, limits, refused, text)
    if outcome.passed or found:
        return found
    found = _of_signal(outcome, limits) or _of_words(outcome, limits, refused, text)
    return found or _of_code(limits, refused, text, code)


def _of_group(outcome: Outcome, limits: Limits, refused: Mapping[str, int], text: str) -> LimitHit | None:
    """Return what the run's control group counted; of two, first what it certainly ended by."""
    found = []
    if limits.memory_bytes and (killed := refused.get("memory", 0)):
        # Where one of several was killed, the others may have failed for another reason.
        is_it = outcome.passed or outcome.returncode in (-_KILL, _OF_SHELL + _KILL)
        many = "a process" if killed == 1 else f"{killed} processes"
        found.append(
            LimitHit(
                kind="memory",
                most=limits.memory_bytes,
                seen=f"the kernel killed {many} of it for its memory",
                confidence="certain" if is_it else "likely",
            )
        )
    if limits.processes and (count := refused.get("pids", 0)):
        is_it = outcome.passed or bool(_NO_PROCESS.search(text) or _LATER.search(text))
        found.append(
            LimitHit(
                kind="processes",
                most=limits.processes,
                seen=f"the kernel refused to start {'one' if count == 1 else f'{count:,}'} more",
                confidence="certain" if is_it else "likely",
            )
        )
    certain = [hit for hit in found if hit.confidence == "certain"]
    return next(iter([*certain, *found]), None)


def _of_signal(outcome: Outcome, limits: Limits) -> LimitHit | None:
    """Return what a signal says that nothing but a limit sends, or a KILL when the time was used."""
    code = outcome.returncode
    if most := limits.cpu_seconds:
        if code == -_XCPU:
            return LimitHit(kind="cpu", most=most, seen="the kernel sent SIGXCPU", confidence="certain")
        if code == _OF_SHELL + _XCPU:
            seen = f"exit code {code} stands for SIGXCPU"
            return LimitHit(kind="cpu", most=most, seen=seen, confidence="likely")
        # It caught or ignored that one; its children's time may be in it, and each may use as much.
        if outcome.cpu_seconds >= most - _TICKS_SECONDS:
            seen = f"it used {outcome.cpu_seconds:.1f} s of a processor"
            return LimitHit(kind="cpu", most=most, seen=seen, confidence="likely")
    if most := limits.file_bytes:
        if code == -_XFSZ:
            return LimitHit(kind="file-size", most=most, seen="the kernel sent SIGXFSZ", confidence="certain")
        if code == _OF_SHELL + _XFSZ:
            seen = f"exit code {code} stands for SIGXFSZ"
            return LimitHit(kind="file-size", most=most, seen=seen, confidence="likely")
    return None


def _of_words(outcome: Outcome, limits: Limits, refused: Mapping[str, int], text: str) -> LimitHit | None:
    """Return what the program itself says of a limit that was set and that only makes a call fail."""
    kinds: tuple[tuple[LimitKind, float | None, re.Pattern[str]], ...] = (
        ("memory", None if "memory" in refused else limits.memory_bytes, _NO_MEMORY),
        ("cpu", limits.cpu_seconds, _NO_TIME),
        ("file-size", limits.file_bytes, _TOO_LARGE),
        ("open-files", limits.open_files, _TOO_MANY_FILES),
        ("processes", None if "pids" in refused else limits.processes, _NO_PROCESS),
    )
    for kind, most, words in kinds:
        said = words.search(text) if most else None
        if most and said:
            line = text[text.rfind("\n", 0, said.start()) + 1 :].partition("\n")[0].strip()
            return LimitHit(kind=kind, most=most, seen=f"it says: {line[:200]}", confidence="likely")
    return None


def _of_code(limits: Limits, refused: Mapping[str, int], text: str, code: str) -> LimitHit | None:
    """Return the limit on processes where something has to try again later, and the code starts some."""
    said = _LATER.search(text)
    if limits.processes is None or "pids" in refused or not said or not _STARTS.search(code[:_CODE_CHARS]):
        return None
    seen = f"it says: {said[0]}, and it starts processes or threads"
    return LimitHit(kind="processes", most=limits.processes, seen=seen, confidence="likely")
