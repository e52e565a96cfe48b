"""Every end of a run ends everything that the run started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from autoexec_magic import executor
from autoexec_magic.errors import Cancelled
from autoexec_magic.events import Event, Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autoexec_magic.values import Outcome

HANG_SECONDS = 10.0
SHORT_GRACE = 0.2
LONG_GRACE = 60.0  # far above HANG_SECONDS: who waits it out, fails
SETTLE_SECONDS = 1.0  # a killed orphan needs a moment to be gone
INTERRUPTED_SECONDS = 3.0
HELD_SECONDS = 1.5 + 1.0  # the promise, and room for a busy machine
LIMIT = 0.5
TREE_LIMIT = 1.5  # a tree of ten processes must be up before it
BLINK = 0.1
PROGRAMS = Path(__file__).with_name("programs")
LEAN = ("-I", "-S")
SLEEP = "import signal; signal.alarm(30); print('ready', flush=True); signal.pause()"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(30)"
KINDS = [
    "plain",
    "deaf",
    "job",
    "session",
    "deaf-session",
    "daemon",
    "holder",
    "bare",
    "bare-daemon",
    "phoenix",
    "stopped",
]
ENDS = ["exits", "times-out", "cancelled", "interrupted", "sink-raises"]
START_TIME = 22  # proc(5): field 22 of /proc/pid/stat
AFTER_NAME = 3


class BrokenSinkError(Exception):
    """What a broken sink raises."""


class Relative(NamedTuple):
    """One process of a tree; the start time tells it from a later one with its pid."""

    pid: int
    start_time: int
    kind: str


@contextlib.contextmanager
def at_most(seconds: float = HANG_SECONDS) -> Iterator[None]:
    """Fail a block of the main thread that takes longer than `seconds`, instead of hanging."""

    def late(*_: object) -> None:
        raise AssertionError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def nowhere(_event: Event) -> None:
    """Take an event and do nothing."""


def start(*arguments: str, emit: Callable[[Event], None] = nowhere, **options: object) -> Outcome:
    """Run Python with `arguments`; callers bound the time."""
    options.setdefault("policy", executor.policy.exactly(sys.executable))
    options.setdefault("grace", SHORT_GRACE)
    return executor.run([sys.executable, *LEAN, *arguments], emit=emit, **options)


def code(text: str, *, emit: Callable[[Event], None] = nowhere, **options: object) -> Outcome:
    """Run a line of Python."""
    with at_most():
        return start("-c", text, emit=emit, **options)


def state_of(pid: int) -> tuple[str, int, int] | None:
    """Return state, parent and start time of `pid`, or None where there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[1]), int(fields[START_TIME - AFTER_NAME])


def pids() -> list[int]:
    """Return all processes of this machine."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def is_alive(pid: int, start_time: int) -> bool:
    """Return whether exactly this process runs; a zombie does not."""
    found = state_of(pid)
    return found is not None and found[0] not in "ZX" and found[2] == start_time


def zombies() -> list[int]:
    """Return the children of this process that ended and were not waited for."""
    found = [(pid, state_of(pid)) for pid in pids()]
    return [pid for pid, state in found if state and state[0] == "Z" and state[1] == os.getpid()]


def survivors(run_id: str) -> list[int]:
    """Return the processes that carry `run_id` in their environment; zombies carry nothing."""
    mark = f"AUTOEXEC_RUN_ID={run_id}".encode()
    found = []
    for pid in pids():
        with contextlib.suppress(OSError):
            if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def family(place: Path) -> list[Relative]:
    """Return everybody who entered the family book in `place`."""
    lines = (place / "family").read_text().splitlines()
    return [Relative(int(pid), int(began), kind) for pid, began, kind in map(str.split, lines)]


def living(place: Path, run_id: str) -> list[str]:
    """Return who of the run is alive, as words for an assertion."""
    known = [relative.kind for relative in family(place) if is_alive(relative.pid, relative.start_time)]
    return known + [f"pid {pid}" for pid in survivors(run_id)]


def settled(look: Callable[[], list[str]], seconds: float = SETTLE_SECONDS) -> list[str]:
    """Return what `look` sees once it sees nothing, or after `seconds`."""
    limit = time.monotonic() + seconds
    while (seen := look()) and time.monotonic() < limit:
        time.sleep(0.01)
    return seen


def kill(pid: int) -> None:
    """Kill `pid` if it is there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def run_id(tmp_path):
    """An id for one run; what is left of the run after the test is killed."""
    name = f"test-{uuid.uuid4().hex}"
    yield name
    for _ in range(3):  # a process that forks while we look is found the next time
        for pid in survivors(name):
            kill(pid)
    with contextlib.suppress(FileNotFoundError):
        for relative in family(tmp_path):
            if is_alive(relative.pid, relative.start_time):
                kill(relative.pid)


def when_ready(act: Callable[[], None]) -> Callable[[Event], None]:
    """Return a sink that calls `act` when the child has said that it is ready."""

    def emit(event: Event) -> None:
        if isinstance(event, Output) and "ready" in event.text:
            act()

    return emit


def interrupt() -> None:
    """Do what Control-C does, a little later."""
    main = threading.main_thread().ident
    timer = threading.Timer(BLINK, signal.pthread_kill, (main, signal.SIGINT))
    timer.daemon = True
    timer.start()


def fail_sink() -> None:
    """Break."""
    raise BrokenSinkError("broken sink")


@contextlib.contextmanager
def no_interrupt() -> Iterator[None]:
    """Fail where a KeyboardInterrupt comes through; it would end the test session."""
    try:
        yield
    except KeyboardInterrupt:
        pytest.fail("KeyboardInterrupt came through")


def end_tree(
    place: Path, run_id: str, kinds: list[str], *, end: str, leader: str = "waits"
) -> Outcome | None:
    """Start a tree, bring it to its `end`, and return the outcome, if there is one."""
    tree = [str(PROGRAMS / "tree.py"), str(place), "exits" if end == "exits" else leader, *kinds]
    cancel = executor.Cancel()
    sinks = {
        "cancelled": when_ready(cancel.set),
        "interrupted": when_ready(interrupt),
        "sink-raises": when_ready(fail_sink),
    }
    limit = TREE_LIMIT if end == "times-out" else None
    with at_most(), no_interrupt():
        try:
            return start(
                *tree, emit=sinks.get(end, nowhere), run_id=run_id, cancel=cancel, timeout=limit, stdin=None
            )
        except BrokenSinkError:
            return None


# -- limits


def test_a_limit_ends_a_child_that_waits(run_id):
    """A child that does nothing is ended at its limit, by TERM."""
    outcome = code(SLEEP, timeout=LIMIT, run_id=run_id)
    assert (outcome.ended, outcome.returncode) == ("timed-out", -signal.SIGTERM)
    assert not outcome.passed
    assert outcome.stdout == "ready\n"
    assert LIMIT <= outcome.seconds < HANG_SECONDS
    assert settled(lambda: survivors(run_id)) == []
    assert zombies() == []


def test_a_child_within_its_limit_is_left_alone():
    """A limit that is not hit changes nothing."""
    outcome = code("print('done')", timeout=HANG_SECONDS)
    assert (outcome.ended, outcome.returncode, outcome.stdout) == ("exited", 0, "done\n")


@pytest.mark.parametrize("keep_bytes", [100_000, 1 << 30], ids=["cut", "kept"])
def test_a_limit_ends_a_child_that_never_stops_talking(run_id, keep_bytes):
    """The clock is asked on every turn, not only when it is quiet."""
    text = "import os\nwhile True: os.write(1, b'talk\\n' * 1000); os.write(2, b'talk\\n')"
    outcome = code(text, timeout=LIMIT, keep_bytes=keep_bytes, run_id=run_id)
    assert outcome.ended == "timed-out"
    assert settled(lambda: survivors(run_id)) == []


def test_a_child_that_closed_both_streams_is_waited_for():
    """The end of the output is not the end of the child."""
    outcome = code("import os, time; os.close(1); os.close(2); time.sleep(0.3); os._exit(7)", timeout=5)
    assert (outcome.ended, outcome.returncode) == ("exited", 7)


def test_a_child_that_closed_both_streams_is_under_its_limit(run_id):
    """A child that can no longer say anything still meets its limit."""
    outcome = code(
        "import os, signal; os.close(1); os.close(2); signal.pause()", timeout=LIMIT, run_id=run_id
    )
    assert outcome.ended == "timed-out"
    assert settled(lambda: survivors(run_id)) == []


def test_a_child_that_ignores_term_is_killed(run_id):
    """After the grace comes KILL."""
    outcome = code(DEAF, timeout=LIMIT, run_id=run_id)
    assert (outcome.ended, outcome.returncode) == ("timed-out", -signal.SIGKILL)
    assert settled(lambda: survivors(run_id)) == []


def test_a_stopped_child_is_killed(run_id):
    """A child that is stopped takes no TERM, but it takes KILL."""
    outcome = code("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", timeout=LIMIT, run_id=run_id)
    assert outcome.ended == "timed-out"
    assert settled(lambda: survivors(run_id)) == []


def test_the_grace_is_there_to_clean_up(tmp_path):
    """A child that cleans up after TERM may finish, say so, and is not waited for any longer."""
    mark = tmp_path / "cleaned"
    text = f"""
import os, signal, time
def clean(*_):
    time.sleep(0.3)
    open({str(mark)!r}, "w").close()
    os.write(1, b"cleaned up\\n")
    os._exit(3)
signal.signal(signal.SIGTERM, clean)
while True: signal.pause()
"""
    outcome = code(text, timeout=LIMIT, grace=LONG_GRACE)
    assert (outcome.ended, outcome.returncode) == ("timed-out", 3)
    assert outcome.stdout == "cleaned up\n"
    assert mark.exists()


def test_output_during_the_grace_does_not_block_the_child():
    """A child that says more than a pipe holds while it cleans up is read to its end."""
    lines = 50_000
    text = f"""
import os, signal
def clean(*_):
    for _ in range({lines} // 1000): os.write(2, b"cleaning\\n" * 1000)
    os._exit(3)
signal.signal(signal.SIGTERM, clean)
while True: signal.pause()
"""
    events: list[Event] = []
    outcome = code(text, timeout=LIMIT, grace=LONG_GRACE, emit=events.append)
    assert outcome.returncode == 3
    assert "".join(event.text for event in events) == "cleaning\n" * lines


def test_an_exit_code_of_zero_after_the_limit_is_no_success():
    """A child that leaves well when it is told to go has still not passed."""
    text = "import os, signal; signal.signal(15, lambda *_: os._exit(0)); signal.pause()"
    outcome = code(text, timeout=LIMIT)
    assert (outcome.ended, outcome.returncode, outcome.passed) == ("timed-out", 0, False)


# -- cancelling


def test_a_cancel_from_another_thread_ends_the_run(run_id):
    """Anybody who holds the Cancel can end the run."""
    cancel = executor.Cancel()
    threads = []

    def from_elsewhere() -> None:
        thread = threading.Thread(target=cancel.set)
        threads.append(thread)
        thread.start()

    outcome = code(SLEEP, cancel=cancel, emit=when_ready(from_elsewhere), run_id=run_id)
    for thread in threads:
        thread.join(HANG_SECONDS)
    assert (outcome.ended, outcome.returncode) == ("cancelled", -signal.SIGTERM)
    assert settled(lambda: survivors(run_id)) == []


def test_a_cancel_wakes_a_run_that_has_nothing_to_do(run_id):
    """A run whose child is silent notices a Cancel without any output."""
    cancel = executor.Cancel()
    timer = threading.Timer(LIMIT, cancel.set)
    timer.start()
    outcome = code("import signal; signal.pause()", cancel=cancel, run_id=run_id)
    timer.join(HANG_SECONDS)
    assert outcome.ended == "cancelled"
    assert settled(lambda: survivors(run_id)) == []


def test_a_cancel_wakes_a_run_whose_child_closed_both_streams(run_id):
    """A run with nothing left to read notices a Cancel."""
    cancel = executor.Cancel()
    timer = threading.Timer(LIMIT, cancel.set)
    timer.start()
    text = "import os, signal; os.close(1); os.close(2); signal.pause()"
    outcome = code(text, cancel=cancel, run_id=run_id)
    timer.join(HANG_SECONDS)
    assert outcome.ended == "cancelled"
    assert settled(lambda: survivors(run_id)) == []


def test_a_cancel_that_was_set_before_ends_the_run_at_once(run_id):
    """A run that is cancelled before it starts is cancelled."""
    cancel = executor.Cancel()
    cancel.set()
    outcome = code(SLEEP, cancel=cancel, run_id=run_id)
    assert outcome.ended == "cancelled"
    assert settled(lambda: survivors(run_id)) == []


def test_one_cancel_ends_all_runs_that_know_it(run_id):
    """Two runs at the same time end by one Cancel."""
    cancel = executor.Cancel()
    both = threading.Barrier(2, action=cancel.set)
    outcomes: list[Outcome] = []

    def work() -> None:
        ready = when_ready(lambda: both.wait(HANG_SECONDS) and None)
        outcomes.append(start("-c", SLEEP, cancel=cancel, emit=ready, run_id=run_id))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG_SECONDS)
    assert [outcome.ended for outcome in outcomes] == ["cancelled", "cancelled"]
    assert settled(lambda: survivors(run_id)) == []


def test_a_cancel_after_the_end_changes_nothing():
    """A Cancel that is set twice, or too late, is no error."""
    cancel = executor.Cancel()
    outcome = code("print('done')", cancel=cancel)
    cancel.set()
    cancel.set()
    assert outcome.ended == "exited"


def test_an_interrupt_is_an_outcome(run_id):
    """Control-C ends the run, is told as cancelled, and the tree is gone soon."""
    with no_interrupt():
        outcome = code(SLEEP, emit=when_ready(interrupt), run_id=run_id)
    assert outcome.ended == "cancelled"
    assert not outcome.passed
    assert settled(lambda: survivors(run_id), INTERRUPTED_SECONDS) == []


def test_a_second_interrupt_does_not_stop_the_clean_up(run_id):
    """A person who presses Control-C again gets the same end, now or after the grace."""
    sent = []

    def twice() -> None:
        main = threading.main_thread().ident
        for number in (1, 2):
            timer = threading.Timer(number * BLINK, signal.pthread_kill, (main, signal.SIGINT))
            timer.start()
            sent.append(timer)

    with no_interrupt():
        # The grace outlasts the second interrupt, so that both of them meet a run.
        outcome = code(DEAF, emit=when_ready(twice), grace=1.0, run_id=run_id)
        for timer in sent:
            timer.join(HANG_SECONDS)
    assert (outcome.ended, outcome.returncode) == ("cancelled", -signal.SIGKILL)
    assert settled(lambda: survivors(run_id)) == []


def test_control_c_works_as_before_after_a_run():
    """A run that was interrupted leaves SIGINT as it found it, and the next run is not cancelled."""
    before = signal.getsignal(signal.SIGINT)
    with no_interrupt():
        code(SLEEP, emit=when_ready(interrupt))
        assert code("print('done')").ended == "exited"
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


# -- sinks that raise


@pytest.mark.parametrize(
    "error", [BrokenSinkError("broken"), Cancelled("stopped by a sink"), KeyboardInterrupt("in a sink")]
)
def test_an_error_of_a_sink_ends_the_run_and_comes_through(run_id, error):
    """What `emit` raises is raised by the call, after the tree was ended, and `emit` is left in peace."""
    calls = []

    def emit(event: Event) -> None:
        calls.append(event)
        raise error

    text = "import os, signal; os.write(1, b'ready\\n'); os.write(2, b'more\\n'); signal.pause()"
    with pytest.raises(type(error)) as raised:
        code(text, emit=emit, run_id=run_id)
    assert raised.value is error
    assert len(calls) == 1
    assert settled(lambda: survivors(run_id)) == []
    assert zombies() == []


def test_an_error_of_a_sink_about_the_last_words_comes_through(run_id):
    """A sink may break on what is read after the child's end, too."""
    with pytest.raises(BrokenSinkError):
        code("import os; os.write(1, b'ready'); os._exit(0)", emit=when_ready(fail_sink), run_id=run_id)
    assert settled(lambda: survivors(run_id)) == []
    assert zombies() == []


# -- the whole tree


@pytest.mark.parametrize("end", ENDS)
def test_no_end_leaves_anybody_behind(tmp_path, run_id, end):
    """However a run ends, nobody of a large family outlives it, and the outcome says what happened."""
    outcome = end_tree(tmp_path, run_id, KINDS, end=end)
    seconds = INTERRUPTED_SECONDS if end == "interrupted" else SETTLE_SECONDS
    assert settled(lambda: living(tmp_path, run_id), seconds) == []
    assert zombies() == []
    entered = {relative.kind for relative in family(tmp_path)}
    assert entered == {*KINDS, "leader"}
    told = {"exits": "exited", "times-out": "timed-out", "cancelled": "cancelled", "interrupted": "cancelled"}
    assert (outcome.ended if outcome else None) == told.get(end)
    assert (outcome.stdout if outcome else "ready\n") == "ready\n"


@pytest.mark.parametrize("kind", KINDS)
def test_a_normal_exit_leaves_nobody_behind(tmp_path, run_id, kind):
    """A child that ends well still takes along what it started."""
    outcome = end_tree(tmp_path, run_id, [kind], end="exits")
    assert (outcome.ended, outcome.returncode, outcome.stdout) == ("exited", 0, "ready\n")
    assert settled(lambda: living(tmp_path, run_id)) == []
    assert zombies() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_cancelled_run_leaves_nobody_behind(tmp_path, run_id, kind):
    """A leader that ignores TERM and any kind of relative are both ended."""
    outcome = end_tree(tmp_path, run_id, [kind], end="cancelled", leader="deaf")
    assert (outcome.ended, outcome.returncode) == ("cancelled", -signal.SIGKILL)
    assert settled(lambda: living(tmp_path, run_id)) == []
    assert zombies() == []


def test_a_daemon_that_holds_the_pipes_does_not_hold_the_call(tmp_path, run_id):
    """The call returns soon after the child's exit, whoever still holds its pipes."""
    outcome = end_tree(tmp_path, run_id, ["holder"], end="exits")
    returned = time.monotonic()
    left = float((tmp_path / "left").read_text())
    assert returned - left < HELD_SECONDS
    assert outcome.passed
    assert settled(lambda: living(tmp_path, run_id)) == []


@pytest.mark.parametrize(
    ("leave", "gap"),
    [
        pytest.param("os.setsid()", 0, id="a-daemon-floods"),
        pytest.param("pass", 0, id="the-group-floods"),
        pytest.param("os.setsid()", 0.01, id="a-daemon-drips"),
    ],
)
def test_somebody_who_talks_on_does_not_hold_the_call(run_id, leave, gap):
    """Who keeps writing after the child's exit is ended with the run, not listened to for ever."""
    text = f"""
import os, signal, time
if os.fork():
    os._exit(0)
{leave}
signal.alarm(30)
while True:
    os.write(1, b"talk\\n" * 100)
    time.sleep({gap})
"""
    with at_most(2 * HELD_SECONDS):
        outcome = start("-c", text, run_id=run_id, keep_bytes=100_000)
    assert (outcome.ended, outcome.returncode) == ("exited", 0)
    assert settled(lambda: survivors(run_id)) == []


def test_a_background_child_that_is_done_may_have_spoken(run_id):
    """What a background child wrote before the leader's exit is not lost."""
    text = "import os\nif os.fork() == 0: os.write(1, b'child\\n'); os._exit(0)\nos.wait(); os._exit(0)"
    assert code(text, run_id=run_id).stdout == "child\n"


def test_a_run_in_another_thread_ends_its_tree(tmp_path, run_id):
    """The clean-up needs no main thread."""
    outcomes = []

    def work() -> None:
        tree = [str(PROGRAMS / "tree.py"), str(tmp_path), "deaf", *KINDS]
        outcomes.append(start(*tree, run_id=run_id, timeout=TREE_LIMIT))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(HANG_SECONDS)
    assert [outcome.ended for outcome in outcomes] == ["timed-out"]
    assert settled(lambda: living(tmp_path, run_id)) == []
    assert zombies() == []


# -- and nobody else


def test_a_run_whose_id_begins_alike_lives_on(run_id):
    """Ending one run does not touch another whose id only begins with the same letters."""
    cancel, outcomes = executor.Cancel(), []
    is_up = threading.Event()

    def work() -> None:
        emit = when_ready(is_up.set)
        outcomes.append(start("-c", SLEEP, run_id=run_id + "2", cancel=cancel, emit=emit))

    other = threading.Thread(target=work, daemon=True)
    other.start()
    assert is_up.wait(HANG_SECONDS)
    assert code(SLEEP, run_id=run_id, timeout=LIMIT).ended == "timed-out"
    assert survivors(run_id + "2") != []
    cancel.set()
    other.join(HANG_SECONDS)
    assert [outcome.ended for outcome in outcomes] == ["cancelled"]


@pytest.mark.parametrize("variable", ["NOTE=AUTOEXEC_RUN_ID={}", "MY_AUTOEXEC_RUN_ID={}"])
def test_somebody_who_only_mentions_the_id_lives_on(run_id, variable):
    """The id must be the value of the variable itself, not a text inside another one."""
    name, _, value = variable.format(run_id).partition("=")
    stranger = [sys.executable, *LEAN, "-c", "import signal; signal.alarm(30); signal.pause()"]
    with subprocess.Popen(stranger, env={name: value}, start_new_session=True) as innocent:
        try:
            assert code(SLEEP, run_id=run_id, timeout=LIMIT).ended == "timed-out"
            assert innocent.poll() is None
        finally:
            innocent.kill()
