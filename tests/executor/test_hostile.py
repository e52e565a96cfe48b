"""Children that mean harm: whoever called stays awake, its memory bounded, and nothing is left of them."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from skips import requires

from autoexec_magic import executor
from autoexec_magic.errors import CageError
from autoexec_magic.events import Flowing, Output, Truncated
from autoexec_magic.executor.cage import CageRequest, build, cgroup
from autoexec_magic.executor.cage.limits import Limits
from autoexec_magic.executor.identity import HAS_PROC, ProcessId, members
from autoexec_magic.executor.process import Request, Stage, stream
from autoexec_magic.history import Meta, Owner, Store, host, new_id, now_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autoexec_magic.values import Outcome

pytestmark = pytest.mark.skipif(not HAS_PROC, reason="what is left is found in /proc | provide: Linux")

BEAT_SECONDS = 0.01
SILENCE_SECONDS = 2.0  # a beat may be late on a busy machine; a thread that is shut out is late for good
MEGABYTE = 1_000_000
MOST_BYTES = 24 * MEGABYTE  # promised are 16; what the allocator keeps is its own affair
BOTH = pytest.mark.parametrize("pty", [False, True], ids=["pipes", "terminal"])
DRAWN = re.compile(r"[^\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]|\x1b\[(?:[0-9:;]*[ABCDEFGHKdfm]|[0-2]?J)")
WRITE = """
import os, sys
block = (b"0123456789abcdef" * 8)[:99] + b"\\n"
block *= 600
for _ in range(int(sys.argv[1]) // len(block)):
    left = memoryview(block)
    while left:
        left = left[os.write(1, left):]
print("the end")
"""
BOMB = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(0.3)
told = False
while True:
    try:
        os.fork()
    except OSError:
        if not told:
            os.write(1, b"no more\\n")
        told = True
        time.sleep(0.02)
"""


@contextlib.contextmanager
def heartbeat() -> Iterator[list[float]]:
    """Yield a list that holds, at the end, the longest silence of another thread."""
    over, found = threading.Event(), [0.0]

    def beat() -> None:
        last = time.monotonic()
        while not over.wait(BEAT_SECONDS):
            now = time.monotonic()
            found[0] = max(found[0], now - last)
            last = now

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def little_memory() -> Iterator[None]:
    """Fail a block that takes more than `MOST_BYTES` at its most (proc(5): VmHWM, counted anew)."""

    def figure(name: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))

    Path("/proc/self/clear_refs").write_text("5")
    before = figure("VmRSS")
    yield
    assert figure("VmHWM") - before < MOST_BYTES


@contextlib.contextmanager
def nothing_left(run_id: str) -> Iterator[None]:
    """Fail if a process of the run lives after the block, a zombie of ours is there, or a descriptor open."""
    sleep = ["/bin/sleep", "0.1"]  # the first run of a process starts its keeper, which stays
    executor.run(sleep, emit=lambda event: None, policy=executor.policy.exactly(sleep[0]))
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    yield
    gc.collect()
    assert members(ProcessId(1, 0), run_id) == []
    assert zombies() == []
    assert len(os.listdir("/proc/self/fd")) <= before


def zombies() -> list[str]:
    """Return the children of ours that ended and whose exit status nobody took."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            found += [folder.name] if state == "Z" and parent == str(os.getpid()) else []
    return found


def run(code: str, *arguments: str, emit: object = lambda event: None, **options: object) -> Outcome:
    """Run Python code; it is watched all the time."""
    run_id = new_id()
    options = {"timeout": 60.0, "grace": 0.2, **options}
    with nothing_left(run_id), little_memory(), heartbeat() as silence:
        outcome = executor.run(
            [sys.executable, "-I", "-S", "-c", code, *arguments],
            emit=emit,
            run_id=run_id,
            policy=executor.policy.exactly(sys.executable),
            **options,
        )
    assert silence[0] < SILENCE_SECONDS
    return outcome


def text_of(events: list[object]) -> str:
    """Return what was shown."""
    return "".join(event.text for event in events if isinstance(event, Output))


@pytest.mark.parametrize("level", ["open", "workspace"])
def test_a_fork_bomb_stays_within_its_limit(tmp_path, level):
    """Dozens of processes that ignore TERM and start others: all are gone, and nobody was shut out."""
    limits = Limits(processes=48)
    group = cgroup.make(limits)
    has_pids = group is not None and "pids" in group.controllers
    if group is not None:
        group.close()
    requires(has_pids or os.geteuid() != 0, "nothing limits root's processes", "a cgroup with pids")
    seen: list[str] = []
    run_id = new_id()
    try:
        built = build(CageRequest(level=level, workspace=tmp_path, limits=limits))
    except CageError as error:
        pytest.skip(f"no cage {level} here: {error.why} | provide: {error.fix}")
    env = {"PATH": os.defpath, "AUTOEXEC_RUN_ID": run_id}
    stage = Stage(argv=(sys.executable, "-I", "-S", "-c", BOMB), env=env)
    request = Request(stages=(stage,), cwd=tmp_path, run_id=run_id, cage=built, timeout=1.5, grace=0.2)
    with built, heartbeat() as silence:
        outcome = stream(
            request,
            on_text=lambda name, text: seen.append(text),
            on_cut=lambda name, cut: None,
            on_spawn=built.limit,
        )
    assert outcome.ended == "timed-out"
    assert "no more\n" in "".join(seen)
    assert members(ProcessId(1, 0), run_id) == []
    assert silence[0] < SILENCE_SECONDS


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(200 * MEGABYTE, id="200-MB"),
        pytest.param(10_000 * MEGABYTE, id="10-GB", marks=[pytest.mark.slow, pytest.mark.limit(600)]),
    ],
)
def test_much_output_is_cut_and_costs_no_memory(tmp_path, size):
    """On the record; head, cut and tail are there, and they add up."""
    events: list[object] = []
    owner = Owner(pid=os.getpid(), start_time=0, host=host())
    meta = Meta(run_id=new_id(), verb="sh", title="", started=now_ms(), cage="open", owner=owner)
    store = Store(tmp_path, lambda pid, start: True)
    recorder = store.create(meta)
    try:
        outcome = run(WRITE, str(size), emit=recorder.emit, keep_bytes=8 * 2**20, timeout=500.0)
    finally:
        recorder.close()
    events = [envelope.event for envelope in store.read(meta.run_id)]
    kinds = [type(event) for event in events if not isinstance(event, Flowing)]
    assert kinds.count(Truncated) == 1
    assert kinds[0] is Output
    assert kinds[-1] is Output
    cut = next(event for event in events if isinstance(event, Truncated))
    total = size // 60_000 * 60_000 + len("the end\n")
    assert cut.dropped_bytes == outcome.dropped_bytes == total - len(text_of(events))
    assert 7 * 2**20 < len(text_of(events)) <= 8 * 2**20
    assert text_of(events).endswith("0123456789abcdef012\nthe end\n")
    assert outcome.stdout.endswith("0123456789abcdef012\nthe end\n")


def test_what_passes_by_is_told_meanwhile():
    """Once a second: how much, and the last line of it."""
    events: list[object] = []
    code = "import os, time\nfor n in range(24): os.write(1, b'%d\\n' % n * 5000); time.sleep(0.1)"
    run(code, emit=events.append, keep_bytes=2000)
    told = [event for event in events if isinstance(event, Flowing)]
    assert 1 <= len(told) <= 3
    assert all(event.last_line.isdigit() and event.passed_bytes > 2000 for event in told)
    assert events.index(told[-1]) < events.index(next(e for e in events if isinstance(e, Truncated)))


def test_what_passed_by_is_told_also_of_one_that_then_says_nothing():
    """A burst, and a long silence after it."""
    events: list[object] = []
    run(
        "import os, time; os.write(1, b'line\\n' * 9000); time.sleep(2.5)",
        emit=events.append,
        keep_bytes=2000,
    )
    (told,) = [event for event in events if isinstance(event, Flowing)]
    assert (told.passed_bytes, told.last_line) == (44_000, "line")


@BOTH
def test_a_line_of_a_million_characters_is_one(pty):
    """With no line's end, with secrets to be looked for, in full."""
    events: list[object] = []
    outcome = run("print('x' * 1_000_000, end='')", emit=events.append, pty=pty)
    assert text_of(events) == "x" * 1_000_000
    assert outcome.stdout == "x" * 65_536


@BOTH
def test_a_line_that_is_rewritten_a_million_times_is_one(pty):
    """The outcome has its last state, and what came before."""
    code = "import sys\nprint('before')\nfor n in range(1_000_000): sys.stdout.write(f'\\r{n}')\nprint()"
    outcome = run(code, pty=pty, keep_bytes=MEGABYTE)
    assert outcome.stdout.split("\n")[-2:] == ["999999", ""]


ACTS = [
    *("\x1b]52;c;cm0gLXJm\x07", "\x1b]0;title\x1b\\", "\x1b]8;;javascript:alert(1)\x07here\x1b]8;;\x07"),
    *(
        "\x1b[6n",
        "\x1b[c",
        "\x1b[>c",
        "\x1bP$qm\x1b\\",
        "\x1b_Gi=1;AAAA\x1b\\",
        "\x1b^x\x1b\\",
        "\x1bc",
        "\x1b[3J",
    ),
    *(
        "\x9b6n",
        "\x9d52;c;eA==\x9c",
        "\x90$qm\x9c",
        "\x9fx\x9c",
        "\x1b[?1049h",
        "\x1b[8;1;1t",
        "\x1b(0",
        "\x05",
    ),
]


@BOTH
def test_escapes_that_act_are_gone_wherever_they_are_cut(tmp_path, pty):
    """Written whole, byte by byte, and over the limit of what is kept; markup is text."""
    program = tmp_path / "acts.py"
    data = "".join(f"<b onclick=x>{act}</b>\n" for act in ACTS).encode()
    program.write_text(
        f"import os, time\ndata = {data!r}\nos.write(1, data)\n"
        "for at in range(len(data)):\n os.write(1, data[at:at + 1])\n time.sleep(0.0005)\n"
        "os.write(1, data * 200)\n"
    )
    events: list[object] = []
    code = f"exec(open({str(program)!r}).read())"
    outcome = run(code, emit=events.append, pty=pty, keep_bytes=20_000)
    shown = text_of(events) + outcome.stdout + outcome.stderr
    assert DRAWN.sub("", shown) == ""
    assert "<b onclick=x>here</b>\n" in shown
    assert not [word for word in ("52;c", "javascript", "title", "Gi=1") if word in shown]


@BOTH
@pytest.mark.parametrize("ends", [True, False], ids=["ends", "stays"])
def test_one_that_closes_all_it_has_is_waited_for_and_ended(pty, ends):
    """Without a stream left, its exit code or its limit is what counts."""
    code = f"import os, time, sys\nos.closerange(0, 256)\ntime.sleep({0.3 if ends else 60})\nos._exit(5)"
    outcome = run(code, pty=pty, timeout=5.0 if ends else 0.5)
    assert (outcome.ended, outcome.returncode) == (("exited", 5) if ends else ("timed-out", -signal.SIGTERM))


@BOTH
@pytest.mark.parametrize("leave", ["", "os.setsid()", "os.fork() and os._exit(0); os.setsid()"])
def test_one_that_ignores_what_is_said_and_leaves_is_ended(pty, leave):
    """A child of it that ignores TERM and HUP, in a session of its own, twice removed."""
    code = f"""
import os, signal, time
for number in (1, 2, 15):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    {leave or "pass"}
    print("away", flush=True)
    time.sleep(60)
time.sleep(60)
"""
    outcome = run(code, pty=pty, timeout=1.0)
    assert (outcome.ended, outcome.stdout) == ("timed-out", "away\n")


def test_one_that_writes_without_end_to_both_is_ended():
    """A limit is kept while as much comes as we can take."""
    code = "import os, threading\ndef say(n):\n while True: os.write(n, b'x' * 65536)\n"
    code += "threading.Thread(target=say, args=(2,)).start()\nsay(1)"
    outcome = run(code, timeout=1.0, keep_bytes=MEGABYTE)
    assert outcome.ended == "timed-out"
    assert set(outcome.cut) == {"stdout", "stderr"}


def test_one_that_reads_slowly_what_it_is_given_holds_nobody_up():
    """Fifty megabytes on its input, of which it reads a few."""
    outcome = run("import os; print(len(os.read(0, 10)))", stdin=b"x" * 50 * MEGABYTE)
    assert outcome.stdout == "10\n"
