"""What belongs to the process: its directory, environment, descriptors, signals."""

from __future__ import annotations

import contextlib
import faulthandler
import locale
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

Restore: TypeAlias = Callable[[], object]


def _cwd() -> Restore:
    before = Path.cwd()

    def restore() -> None:
        with contextlib.suppress(FileNotFoundError):
            if Path.cwd() == before:
                return
        os.chdir(before)

    return restore


def _environ() -> Restore:
    original, before = os.environ, dict(os.environ)

    def restore() -> None:
        os.environ = original  # noqa: B003 - back to the mapping that everybody holds
        is_other_zone = original.get("TZ") != before.get("TZ")
        if dict(original) != before:
            for name in set(original) - set(before):
                del original[name]
            original.update(before)
        if is_other_zone and hasattr(time, "tzset"):
            time.tzset()

    return restore


def _process() -> Restore:
    mask = os.umask(0o077)
    os.umask(mask)
    place = locale.setlocale(locale.LC_ALL)
    dumps = faulthandler.is_enabled()

    def restore() -> None:
        os.umask(mask)
        if locale.setlocale(locale.LC_ALL) != place:
            locale.setlocale(locale.LC_ALL, place)
        if dumps != faulthandler.is_enabled():
            faulthandler.enable(sys.__stderr__ or sys.stderr) if dumps else faulthandler.disable()

    return restore


def _descriptors() -> Restore:
    """Keep what 1 and 2 (and 0) stand for: a test may close them, and pytest puts files in their place."""
    kept = {}
    for number in (0, 1, 2):
        with contextlib.suppress(OSError):
            kept[number] = os.dup(number)

    def restore() -> None:
        for number, copy in kept.items():
            with contextlib.suppress(OSError):  # a test has closed the copy
                if not _is_same(number, copy):
                    os.dup2(copy, number)
                os.close(copy)

    return restore


def _is_same(one: int, other: int) -> bool:
    try:
        return os.path.samestat(os.fstat(one), os.fstat(other))
    except OSError:
        return False


def _signals() -> Restore:
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    timers = [
        getattr(signal, name)
        for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF")
        if hasattr(signal, name)
    ]
    running = {timer for timer in timers if signal.getitimer(timer)[0]}
    wakes = _wakes()

    def restore() -> None:
        for timer in timers:
            if timer not in running and signal.getitimer(timer)[0]:
                signal.setitimer(timer, 0)
        if _wakes() != wakes:
            signal.set_wakeup_fd(wakes)
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)

    return restore


def _wakes() -> int:
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor)
    return descriptor


#: In the order in which they are looked at.
KEPT: Mapping[str, Callable[[], Restore]] = {
    "signals": _signals,
    "descriptors": _descriptors,
    "environment": _environ,
    "locale, umask and faulthandler": _process,
    "working directory": _cwd,
}
