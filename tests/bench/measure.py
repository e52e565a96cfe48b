"""What the benchmarks share: methods interleaved in one run, medians beside a bar, a real kernel.

A machine drifts: what is measured first is measured on another machine than
what is measured last. So each round calls every method once, each round begins
with another one, and what is compared are the medians of one run. A bar that
is not met is printed and is no failure: what a shared machine measures must
not decide whether anything builds.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import math
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

# Set, it makes every child compile what it imports again; a person's Python keeps its bytecode.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

SECTION_SECONDS = 150
KERNEL_SECONDS = 60.0
PATIENCE_SECONDS = 30.0
GIB = 2**30

Note = Callable[[str, float], None]
Method = Callable[[Note], None]
Samples = dict[str, list[float]]

_UNITS = {"µs": 1e6, "ms": 1e3, "s": 1.0}


def now_ns() -> int:
    """Return the time of a clock that all processes of this machine share."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def seconds_since(start_ns: int) -> float:
    """Return the seconds since `start_ns`."""
    return (now_ns() - start_ns) / 1e9


def interleaved(methods: Sequence[Method], rounds: int, *, warm_ups: int = 2) -> Samples:
    """Call every method once a round and return what they noted, in seconds.

    Parameters
    ----------
    methods : sequence of callable
        Each gets `note(name, seconds)`, which it calls once or more.
    rounds : int
        At least 1; each begins with another method.
    warm_ups : int, default 2
        Rounds before these, which are not noted.
    """
    samples: Samples = {}

    def note(name: str, seconds: float) -> None:
        samples.setdefault(name, []).append(seconds)

    for number in range(warm_ups + rounds):
        if number == warm_ups:
            samples = {name: [] for name in samples}  # the names stay, in the order of the methods
        first = number % len(methods)
        for method in (*methods[first:], *methods[:first]):
            method(note)
    return samples


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` (0 to 1) of `values` do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def table(
    title: str,
    samples: Samples,
    *,
    names: Sequence[str] = (),
    unit: str = "ms",
    floor: str = "",
    bars: Mapping[str, float] | None = None,
    extra: Mapping[str, Callable[[float], str]] | None = None,
) -> None:
    """Print a row per method: how often, p50, p95, the ratio of medians, the bar.

    Parameters
    ----------
    title : str
        What was measured.
    samples : dict of str to list of float
        Seconds by method.
    names : sequence of str, optional
        The rows in their order; by default all, as they came.
    unit : str, default "ms"
        Or "µs", "s".
    floor : str, optional
        The method whose median is 1.00.
    bars : mapping of str to float, optional
        What was asked for, in seconds, by method; the median is held against it.
    extra : mapping of str to callable, optional
        More columns: what to print for a median in seconds.
    """
    bars, extra, scale = bars or {}, extra or {}, _UNITS[unit]
    head = ["", "n", f"p50 {unit}", f"p95 {unit}"]
    head += ["ratio"] * bool(floor) + list(extra) + ["bar", ""] * bool(bars)
    rows = [head]
    for name in names or samples:
        values = samples.get(name)
        if not values:
            rows.append([name, "0", *["–"] * (len(head) - 2)])
            continue
        median, high = statistics.median(values), percentile(values, 0.95)
        row = [name, str(len(values)), _number(median * scale), _number(high * scale)]
        if floor:
            row.append(_number(median / statistics.median(samples[floor])))
        row += [show(median) for show in extra.values()]
        if bars:
            row += _against(bars.get(name), median, high, unit)
        rows.append(row)
    print(f"\n{title}" + (f" (ratio of medians to: {floor})" if floor else ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print(("  " + "  ".join(cells)).rstrip())
    sys.stdout.flush()


def _against(bar: float | None, median: float, high: float, unit: str) -> list[str]:
    if bar is None:
        return ["", ""]
    verdict = "not met" if median >= bar else "met" if high < bar else "met (p95 not)"
    return [f"< {bar * _UNITS[unit]:,g}", verdict]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value >= 100 else f"{value:.2f}"


def main(
    question: str, sections: Sequence[Callable[[argparse.Namespace], None]], limit: int = SECTION_SECONDS
) -> None:
    """Answer `question`: print where it is answered, then run the sections; always exits with 0.

    A section that raises is printed as not measured, its traceback goes to
    stderr, and the next one runs.
    """
    parser = argparse.ArgumentParser(description=question)
    parser.add_argument("--quick", action="store_true", help="a short run: is it still the same magnitude?")
    options = parser.parse_args()
    print(question)
    print(_here(options))
    sys.stdout.flush()

    def expire(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"still running after {limit} s")

    signal.signal(signal.SIGALRM, expire)
    for section in sections:
        signal.alarm(limit)
        try:
            section(options)
        except Exception as error:
            print(f"\n{section.__name__}: not measured ({type(error).__name__}, see stderr)", flush=True)
            traceback.print_exc()
        finally:
            signal.alarm(0)


def _here(options: argparse.Namespace) -> str:
    def version(name: str) -> str:
        try:
            return f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            return f"no {name}"

    parts = [
        f"Python {platform.python_version()}",
        version("ipython"),
        version("ipykernel"),
        f"{platform.system()} {platform.release()}",
        f"{os.cpu_count()} cores",
        f"load {os.getloadavg()[0]:.1f}",
    ]
    return " · ".join(parts + ["quick"] * options.quick)


def available_bytes() -> int:
    """Return the memory that may still be taken; 0 where the machine does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
    except OSError:
        return 0
    return int(fields["MemAvailable"].split()[0]) * 1024


def resident_bytes() -> int:
    """Return what this process holds in memory; 0 where the machine does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


@contextlib.contextmanager
def own_folder(parent: Path | None = None) -> Iterator[Path]:
    """Yield a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="autoexec-bench-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class Stamps:
    """The time between `T<nanoseconds>` being written and being seen, line by line."""

    seconds: list[float] = field(default_factory=list)
    _rest: str = ""

    def feed(self, text: str, seen_ns: int) -> None:
        """Take a piece of text that was seen at `seen_ns`; a line counts when it is whole."""
        *lines, self._rest = re.split(r"\r*\n", self._rest + text)
        for line in lines:
            if re.fullmatch(r"T\d+", line):
                self.seconds.append((seen_ns - int(line[1:])) / 1e9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a client heard of one execution: (nanoseconds, text) per stream message, and the reply."""

    sent_ns: int
    replied_ns: int
    texts: tuple[tuple[int, str], ...]

    @property
    def first_seconds(self) -> float:
        """Seconds from the request to the first stream message."""
        return (self.texts[0][0] - self.sent_ns) / 1e9

    @property
    def reply_seconds(self) -> float:
        """Seconds from the request to the reply."""
        return (self.replied_ns - self.sent_ns) / 1e9

    def latencies(self) -> list[float]:
        """Return the seconds that each stamped line took to the client."""
        stamps = Stamps()
        for seen_ns, text in self.texts:
            stamps.feed(text, seen_ns)
        return stamps.seconds


class Kernel:
    """A client on the channels of a kernel; it polls, it never sleeps."""

    def __init__(self, client: Any) -> None:
        import zmq

        self._client = client
        self._channels = (client.iopub_channel, client.shell_channel)
        self._poller = zmq.Poller()
        for channel in self._channels:
            self._poller.register(channel.socket, zmq.POLLIN)

    def run(self, code: str) -> Heard:
        """Execute `code` and return what was heard until the reply and idle had both come.

        Raises
        ------
        RuntimeError
            The code failed.
        TimeoutError
            Nothing was heard for `PATIENCE_SECONDS`.
        """
        texts: list[tuple[int, str]] = []
        replied_ns, is_idle = 0, False
        sent_ns = now_ns()
        request = self._client.execute(code, allow_stdin=False)
        while not (replied_ns and is_idle):
            for seen_ns, message in self._next():
                if message["parent_header"].get("msg_id") != request:
                    continue
                kind, content = message["header"]["msg_type"], message["content"]
                if kind == "stream":
                    texts.append((seen_ns, content["text"]))
                elif kind == "execute_reply":
                    replied_ns = seen_ns
                    if content["status"] != "ok":
                        raise RuntimeError(f"{content.get('ename')}: {content.get('evalue')}")
                elif kind == "status":
                    is_idle = content["execution_state"] == "idle"
        return Heard(sent_ns=sent_ns, replied_ns=replied_ns, texts=tuple(texts))

    def _next(self) -> Iterator[tuple[int, dict[str, Any]]]:
        ready = dict(self._poller.poll(int(PATIENCE_SECONDS * 1000)))
        if not ready:
            raise TimeoutError("the kernel says nothing")
        for channel in self._channels:
            if channel.socket in ready:
                message = channel.get_msg(timeout=PATIENCE_SECONDS)
                yield now_ns(), message


@contextlib.contextmanager
def kernel(folder: Path) -> Iterator[Kernel]:
    """Yield a real ipykernel with the magics loaded; all that it keeps is below `folder`."""
    from jupyter_client import BlockingKernelClient
    from jupyter_client.connect import write_connection_file

    folder.mkdir(exist_ok=True)
    connection, _ = write_connection_file(str(folder / "kernel.json"))
    with open(folder / "kernel.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ipykernel_launcher", "-f", connection],
            cwd=folder,
            env=_kernel_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    client = BlockingKernelClient(connection_file=connection)
    try:
        client.load_connection_file()
        client.start_channels()
        _await(client, process)
        there = Kernel(client)
        there.run("%load_ext autoexec_magic")
        yield there
    finally:
        client.stop_channels()
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(client: Any, process: subprocess.Popen[bytes]) -> None:
    """Return when the kernel answers."""
    until = time.monotonic() + KERNEL_SECONDS
    while True:
        try:
            client.wait_for_ready(timeout=until - time.monotonic())
            return
        except RuntimeError:  # also what it says of one that takes a second to start
            if process.poll() is not None or time.monotonic() > until:
                raise


def data_of(folder: Path) -> Path:
    """Return the data folder of the kernel that lives in `folder`."""
    return folder / "autoexec"


def _kernel_environment(folder: Path) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("AUTOEXEC_", "JPY_"))}
    return mine | {
        "AUTOEXEC_DATA_DIR": str(data_of(folder)),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JPY_PARENT_PID": str(os.getpid()),  # it ends with us, however we end
    }
