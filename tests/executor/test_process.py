"""What is started, with what it is started, and how its end is told."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from skips import requires

from autoexec_magic import executor
from autoexec_magic.errors import AutoexecError, CageError, MissingTool, PolicyRefused, UsageError
from autoexec_magic.events import Event, Output
from autoexec_magic.executor import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from autoexec_magic.values import Outcome

HANG_SECONDS = 10.0
SHORT_GRACE = 0.2
PROGRAMS = Path(__file__).with_name("programs")
DESCRIBE = str(PROGRAMS / "describe.py")
LEAN = ("-I", "-S")  # neither the user's nor the site's modules: starts twice as fast
MEGABYTE = 1_000_000
FAST_END = signal.SIGKILL


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


def start(argv: object, *, emit: Callable[[Event], None] = nowhere, **options: object) -> Outcome:
    """Run `argv` where only Python may run; callers bound the time."""
    options.setdefault("policy", executor.policy.exactly(sys.executable))
    options.setdefault("grace", SHORT_GRACE)
    return executor.run(argv, emit=emit, **options)


def run(*arguments: str, emit: Callable[[Event], None] = nowhere, **options: object) -> Outcome:
    """Run Python with `arguments`."""
    with at_most():
        return start([sys.executable, *arguments], emit=emit, **options)


def code(text: str, **options: object) -> Outcome:
    """Run a line of Python."""
    return run(*LEAN, "-c", text, **options)


def described(*arguments: str, **options: object) -> dict[str, object]:
    """Run `describe.py` and return what it saw."""
    outcome = run("-I", DESCRIBE, *arguments, **options)
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout)


def in_thread(call: Callable[[], object]) -> object:
    """Return what `call` returns, or raise what it raises, called in another thread."""
    results: list[object] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(HANG_SECONDS)
    assert not thread.is_alive(), f"not done after {HANG_SECONDS} s"
    if errors:
        raise errors[0]
    return results[0]


def open_files() -> int:
    """Count the open files of this process."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def zombies() -> list[int]:
    """Return the children of this process that ended and were not waited for."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = place.read_text().rpartition(")")[2].split()[:2]
            if state == "Z" and int(parent) == os.getpid():
                found.append(int(place.parent.name))
    return found


# -- how a run ends by itself


def test_a_good_run_is_told_in_full():
    """The outcome holds the argv, exit code 0, both texts and a time."""
    argv = [sys.executable, *LEAN, "-c", "import sys; print('out'); print('err', file=sys.stderr)"]
    with at_most():
        outcome = start(argv)
    assert outcome.argv == tuple(argv)
    assert (outcome.returncode, outcome.ended, outcome.passed) == (0, "exited", True)
    assert (outcome.stdout, outcome.stderr, outcome.dropped_bytes) == ("out\n", "err\n", 0)
    assert 0 < outcome.seconds < HANG_SECONDS


@pytest.mark.parametrize("number", [0, 1, 2, 3, 42, 126, 127, 128, 130, 137, 255])
def test_an_exit_code_is_a_value(number):
    """No exit code raises, and each is told as it was."""
    outcome = code(f"import os; os._exit({number})")
    assert (outcome.returncode, outcome.ended) == (number, "exited")
    assert outcome.passed is (number == 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGUSR1])
def test_a_death_by_signal_is_a_negative_number(number):
    """A child that a signal ended is told by minus that signal, and exited by itself."""
    usual = "" if number == signal.SIGKILL else f"signal.signal({int(number)}, signal.SIG_DFL); "  # nohup's
    outcome = code(f"import os, signal; {usual}os.kill(os.getpid(), {int(number)})")
    assert (outcome.returncode, outcome.ended, outcome.passed) == (-number, "exited", False)


def test_a_traceback_is_not_our_exception():
    """A child that raises ends with exit code 1 and its traceback on stderr."""
    outcome = code("1 / 0")
    assert outcome.returncode == 1
    assert outcome.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_the_time_is_the_childs():
    """The seconds are at least those that the child took."""
    slept = 0.2
    outcome = code(f"import time; time.sleep({slept})")
    assert slept <= outcome.seconds < HANG_SECONDS


def test_a_silent_child_emits_nothing(tmp_path):
    """A child that writes nothing gives no event."""
    events: list[Event] = []
    outcome = code("pass", emit=events.append)
    assert events == []
    assert (outcome.stdout, outcome.stderr) == ("", "")


# -- what cannot be started


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(f"{sys.executable} -c pass", id="a-string"),
        pytest.param([], id="an-empty-list"),
        pytest.param((), id="an-empty-tuple"),
        pytest.param([sys.executable, "-c", "pass", "a\0b"], id="nul-in-an-argument"),
        pytest.param([sys.executable + "\0", "-c", "pass"], id="nul-in-the-program"),
    ],
)
def test_an_argv_that_cannot_be_is_refused(argv):
    """A string, nothing at all and a NUL are mistakes of the caller."""
    with at_most(), pytest.raises(UsageError):
        start(argv)


def test_a_string_is_refused_even_if_it_names_a_program():
    """A string is refused whatever it says, since one day it would hold a space."""
    with at_most(), pytest.raises(UsageError):
        start(sys.executable)


def test_a_program_that_is_not_there_is_named():
    """A program that is nowhere on PATH is a missing tool with a name."""
    name = "no-such-program-anywhere"
    with at_most(), pytest.raises(MissingTool, match=name):
        start([name, "--version"], policy=executor.policy.exactly(name))


def test_a_missing_path_is_named(tmp_path):
    """A path with no program at its end is named in the error."""
    path = str(tmp_path / "no-such-program")
    with at_most(), pytest.raises(AutoexecError, match="no-such-program"):
        start([path], policy=executor.policy.exactly(path))


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        pytest.param("#!/bin/sh\nexit 0\n", 0o600, id="no-execute-bit"),
        pytest.param("\x01\x02 not a program", 0o700, id="no-known-format"),
        pytest.param("#!/no/such/interpreter\n", 0o700, id="no-interpreter"),
    ],
)
def test_a_file_that_cannot_be_executed_is_named(tmp_path, content, mode):
    """A file that the kernel will not execute gives a clear error, not an OSError."""
    path = tmp_path / "broken-program"
    path.write_text(content)
    path.chmod(mode)
    with at_most(), pytest.raises(AutoexecError, match="broken-program"):
        start([str(path)], policy=executor.policy.exactly(str(path)))


def test_a_folder_is_no_program(tmp_path):
    """A folder as program gives a clear error that names it."""
    with at_most(), pytest.raises(AutoexecError, match=tmp_path.name):
        start([str(tmp_path)], policy=executor.policy.exactly(str(tmp_path)))


def test_what_the_policy_does_not_know_is_not_started(tmp_path):
    """A policy for one program keeps every other from starting."""
    mark = tmp_path / "mark"
    with at_most(), pytest.raises(PolicyRefused):
        start(["/bin/sh", "-c", f": > {mark}"])
    assert not mark.exists()


def test_a_cage_that_is_not_to_be_had_starts_nothing(tmp_path, monkeypatch):
    """It is an error, never a weaker cage."""
    monkeypatch.setattr(executor.cage.landlock, "abi", lambda: 0)
    mark = tmp_path / "mark"
    with at_most(), pytest.raises(CageError):
        start([sys.executable, *LEAN, "-c", f"open({str(mark)!r}, 'w')"], level="workspace", cwd=tmp_path)
    assert not mark.exists()


def test_a_caged_command_writes_its_workspace_only(tmp_path):
    """The cage is around what was started, not only built."""
    workspace, mark = tmp_path / "project", tmp_path / "mark"
    workspace.mkdir()
    with at_most():
        outcome = start(
            [sys.executable, *LEAN, "-c", f"open('inside', 'w'); open({str(mark)!r}, 'w')"],
            level="workspace",
            cwd=workspace,
        )
    assert outcome.returncode == 1
    assert (workspace / "inside").exists()
    assert not mark.exists()


@pytest.mark.parametrize(
    ("level", "line", "is_held"),
    [
        ("workspace", "echo hi > inside", False),
        ("workspace", "echo hi > {outside}/new", True),
        ("workspace", "echo hi >> {outside}/old", True),
        ("workspace", "echo hi > link", True),
        ("workspace", "cat < {outside}/old", True),
        ("workspace", "ls nosuch 2> {outside}/new", True),
        ("workspace", "echo hi > /dev/null", False),
        ("sealed", "echo hi > inside", True),
        ("sealed", "cat < there", False),
        ("sealed", "cat < {outside}/old", True),
    ],
)
def test_a_file_in_the_place_of_a_stream_is_held_to_the_cage(level, line, is_held):
    """We open it for the child, which could not have."""
    with contextlib.ExitStack() as stack:
        # Not where the system's temporary files are: the policy allows them.
        outside = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        (outside / "old").write_text("old")
        (workspace / "there").write_text("there")
        (workspace / "link").symlink_to(outside / "linked")
        options = {"emit": lambda event: None, "workspace": workspace, "cwd": workspace}
        try:
            executor.run_line("true", level=level, **options)
        except CageError as error:
            requires(False, error.why, error.fix)
        with pytest.raises(CageError) if is_held else contextlib.nullcontext():
            executor.run_line(line.format(outside=outside), level=level, **options)
        assert {path.name for path in outside.iterdir()} == {"old"}
        assert (outside / "old").read_text() == "old"


OPEN_FILES = "import resource, sys; sys.stdin.read(); print(resource.getrlimit(resource.RLIMIT_NOFILE))"


@pytest.mark.parametrize("level", ["open", "workspace"])
def test_each_stage_of_a_pipeline_has_the_limits(tmp_path, emit, level):
    """Who is second must not do what the first may not."""
    limits = executor.cage.Limits(open_files=77)
    try:
        with at_most():
            executor.run_line(
                f"sleep 0.2 | {shlex.join([sys.executable, '-I', '-S', '-c', OPEN_FILES])}",
                emit=emit,
                workspace=tmp_path,
                cwd=tmp_path,
                level=level,
                limits=limits,
                ask=lambda question: True,
            )
    except CageError as error:
        requires(False, error.why, error.fix)
    assert emit.text() == "(77, 77)\n"


def test_the_level_open_runs():
    """The level that asks for no cage can be named."""
    assert code("pass", level="open").passed


# -- where and with what it runs


def test_arguments_arrive_as_they_are():
    """No shell looks at an argument."""
    odd = ["$HOME", "`id`", "a b", "*", "'", '"', "\\", "", "; exit 3", "ü€𝄞", "line\nline", "--", "%s"]
    assert described(*odd)["arguments"] == odd


def test_the_interpreter_is_not_resolved():
    """A virtual environment's Python runs as itself, not as what its link points to."""
    seen = described()
    assert (seen["executable"], seen["prefix"]) == (sys.executable, sys.prefix)


def test_the_working_directory_is_the_one_asked_for(tmp_path):
    """The child runs in `cwd`, and without one in ours."""
    assert described(cwd=tmp_path)["cwd"] == str(tmp_path.resolve())
    assert described()["cwd"] == str(Path.cwd())


@pytest.mark.parametrize("is_file", [False, True], ids=["nothing-there", "a-file"])
def test_a_working_directory_that_is_not_there_is_named(tmp_path, is_file):
    """A `cwd` that is no directory is the caller's mistake, not a missing program."""
    place = tmp_path / "not-a-directory"
    if is_file:
        place.touch()
    with at_most(), pytest.raises(UsageError, match="not-a-directory"):
        start([sys.executable, "-c", "pass"], cwd=place)


def test_the_environment_is_built_not_inherited(monkeypatch):
    """What is not on the list stays here, above all what steers programs or opens accounts."""
    private = ["AWS_SECRET_ACCESS_KEY", "FOO_BAR", "LD_PRELOAD", "PYTHONSTARTUP", "GIT_SSH_COMMAND", "PAGER"]
    for name in private:
        monkeypatch.setenv(name, "stays-here")
    environment = described()["environment"]
    assert [name for name in private if name in environment] == []
    assert "stays-here" not in environment.values()


def test_the_environment_holds_what_programs_need(monkeypatch, tmp_path):
    """PATH, HOME and LANG are passed on; more may stand before our PATH."""
    needed = {"HOME": str(tmp_path), "LANG": "C.UTF-8"}
    path = f"{tmp_path}:{os.environ['PATH']}"
    for name, value in {**needed, "PATH": path}.items():
        monkeypatch.setenv(name, value)
    environment = described()["environment"]
    assert {name: environment.get(name) for name in needed} == needed
    assert f":{environment['PATH']}".endswith(f":{path}")


def test_variables_asked_for_are_passed(monkeypatch):
    """Names given in `env` reach the child, stand above ours, and leave ours alone."""
    monkeypatch.setenv("FOO_BAR", "ours")
    before = dict(os.environ)
    given = {"FOO_BAR": "given", "AUTOEXEC_TEST_GIVEN": "ü = €", "LANG": "C", "EMPTY": ""}
    environment = described(env=given)["environment"]
    assert {name: environment.get(name) for name in given} == given
    assert dict(os.environ) == before


def test_a_secret_asked_for_is_passed():
    """A secret named in `env` arrives whole."""
    check = "import os; os._exit(os.environ['AWS_SECRET_ACCESS_KEY'] != 'given-on-purpose')"
    assert code(check, env={"AWS_SECRET_ACCESS_KEY": "given-on-purpose"}).returncode == 0


def test_the_run_is_named_in_the_environment():
    """The child carries the run's id, by which what it starts is found again."""
    assert described(run_id="run-of-this-test")["environment"]["AUTOEXEC_RUN_ID"] == "run-of-this-test"


def test_a_run_without_a_name_gets_one_of_its_own():
    """Two runs without an id carry two ids."""
    first, second = (described()["environment"]["AUTOEXEC_RUN_ID"] for _ in range(2))
    assert first
    assert second
    assert first != second


def test_only_three_files_are_open_in_the_child(tmp_path):
    """An inheritable file of ours does not reach the child."""
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        assert described()["open"] == [0, 1, 2]


@pytest.mark.parametrize("stdin", [None, "text"])
def test_the_child_has_no_terminal(stdin):
    """Stdin, stdout and stderr are pipes or the null device, never files of ours."""
    assert set(described(stdin=stdin)["stdio"]) <= {"pipe", "null"}


def test_the_child_leads_a_session_of_its_own():
    """The child is the leader of a new session and group."""
    seen = described()
    assert seen["session"] == seen["group"] == seen["pid"]
    assert seen["session"] != os.getsid(0)


# -- who it is


def test_the_leader_is_made_known_before_it_speaks():
    """The pid and start time are the child's own and are told once, before any output, by our thread."""
    told: list[object] = []
    order: list[str] = []
    threads: set[int] = set()

    def on_spawn(leader: object) -> None:
        told.append(leader)
        order.append("spawned")
        threads.add(threading.get_ident())

    seen = described(on_spawn=on_spawn, emit=lambda _event: order.append("output"))
    (leader,) = told
    assert (leader.pid, int(leader.start_time)) == (seen["pid"], seen["start_time"])
    assert order[0] == "spawned"
    assert order.count("spawned") == 1
    assert threads == {threading.get_ident()}


def test_the_leader_runs_when_it_is_made_known():
    """A signal sent from `on_spawn` reaches the child."""
    outcome = code(
        "import signal; signal.pause()", on_spawn=lambda leader: os.kill(leader.pid, FAST_END), timeout=5
    )
    assert (outcome.returncode, outcome.ended) == (-FAST_END, "exited")


def test_what_on_spawn_refuses_is_told_nothing(tmp_path):
    """A child that waits for its input gets none of it, and is gone, where `on_spawn` raises."""
    read, leaders = tmp_path / "read", []

    def refuse(leader: object) -> None:
        leaders.append(leader)
        time.sleep(0.3)  # it has long been waiting by now
        raise LookupError("not today")

    program = f"import sys; data = sys.stdin.read(1); open({str(read)!r}, 'w').write(data)"
    with pytest.raises(LookupError, match="not today"):
        code(program, stdin="install this", on_spawn=refuse)
    assert not read.exists()
    assert not executor.is_alive(leaders[0])


@pytest.mark.parametrize("phase", ["install", "run", "test", "build", "deploy", "monitor"])
def test_output_carries_its_phase(phase):
    """Each event names the phase that the caller is in."""
    events: list[Event] = []
    code("print('text')", emit=events.append, phase=phase)
    assert events == [Output(phase=phase, stream="stdout", text="text\n")]


# -- what it reads


def test_without_input_the_child_reads_the_end_at_once():
    """A child that reads where nobody writes does not wait for ever."""
    assert code("import sys; print(sys.stdin.buffer.read())").stdout == "b''\n"


@pytest.mark.parametrize(
    ("given", "arrives"),
    [
        ("", b""),
        (b"", b""),
        ("ü€𝄞\r\n", "ü€𝄞\r\n".encode()),
        (bytes(range(256)), bytes(range(256))),
    ],
    ids=["empty-text", "empty-bytes", "text-as-utf-8", "every-byte"],
)
def test_input_arrives_unchanged(given, arrives):
    """Text is sent as UTF-8, bytes as they are, and then comes the end."""
    outcome = code("import sys; print(sys.stdin.buffer.read().hex())", stdin=given)
    assert bytes.fromhex(outcome.stdout) == arrives


def test_input_is_written_while_output_is_read():
    """A child that sends back megabytes as it reads them does not block us, nor we it."""
    given = b"0123456789abcde\n" * (5 * MEGABYTE // 16)
    events: list[Event] = []
    copy = "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"
    outcome = code(copy, stdin=given, emit=events.append)
    assert outcome.passed
    back = "".join(event.text for event in events).encode()
    assert hashlib.sha256(back).digest() == hashlib.sha256(given).digest()


def test_much_input_to_a_child_that_never_reads():
    """A child that ends without reading its ten megabytes has simply ended."""
    outcome = code("import time; time.sleep(0.2)", stdin=b"x" * (10 * MEGABYTE))
    assert (outcome.returncode, outcome.ended) == (0, "exited")


def test_input_that_nobody_reads_does_not_outlast_the_limit():
    """Writing to a child that never reads is under the limit too."""
    outcome = code("import signal; signal.pause()", stdin=b"x" * (10 * MEGABYTE), timeout=0.4)
    assert outcome.ended == "timed-out"


def test_a_child_that_ends_while_we_write():
    """A child that leaves in the middle of its input is told by its exit code."""
    outcome = code("import os; os.read(0, 10); os._exit(3)", stdin=b"x" * (10 * MEGABYTE))
    assert (outcome.returncode, outcome.ended) == (3, "exited")


def test_a_child_that_shuts_its_input_and_lives_on():
    """A closed stdin is not the end of the run."""
    text = "import os, time; os.close(0); time.sleep(0.2); os.write(1, b'lived on'); os._exit(4)"
    outcome = code(text, stdin="x" * MEGABYTE)
    assert (outcome.returncode, outcome.stdout) == (4, "lived on")


# -- what is left of it in this process


def test_runs_leave_no_file_thread_or_zombie():
    """After fifty runs this process has as many files and threads as before, and no dead child."""
    code("pass")
    files, threads = open_files(), threading.active_count()
    for number in range(50):
        code("import os; os.write(1, b'text')", stdin="input" if number % 2 else None)
    assert (open_files(), threading.active_count(), zombies()) == (files, threads, [])


def test_bad_ends_leave_no_file_thread_or_zombie():
    """Runs that fail, time out, are cancelled or meet a broken sink leave nothing open either."""

    def broken(_event: Event) -> None:
        raise RuntimeError("broken sink")

    code("pass")
    files, threads = open_files(), threading.active_count()
    cancel = executor.Cancel()
    cancel.set()
    for _ in range(3):
        with at_most(), pytest.raises(MissingTool):
            start(["no-such-program-anywhere"], policy=executor.policy.exactly("no-such-program-anywhere"))
        with at_most(), pytest.raises(UsageError):
            start([sys.executable, "-c", "pass"], cwd=Path("/no/such/place"))
        with pytest.raises(RuntimeError, match="broken sink"):
            code("print('text')", emit=broken)
        code("import signal; signal.pause()", timeout=0.1)
        code("import signal; signal.pause()", cancel=cancel)
        code("pass", stdin=b"x" * MEGABYTE)
    del cancel
    assert (open_files(), threading.active_count(), zombies()) == (files, threads, [])


def test_children_of_others_are_left_to_them():
    """A child that somebody else in this process started keeps its exit code."""
    expected = 7
    with subprocess.Popen([sys.executable, *LEAN, "-c", f"raise SystemExit({expected})"]) as other:
        for _ in range(5):
            code("import time; time.sleep(0.02)")
        assert other.wait(HANG_SECONDS) == expected


def test_the_signal_set_up_is_as_before():
    """A run leaves the handlers and the wake-up file of this process as they were."""
    watched = [signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM, signal.SIGPIPE]
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer)
    try:
        handlers = [signal.getsignal(number) for number in watched]
        code("pass")
        assert [signal.getsignal(number) for number in watched] == handlers
        assert signal.set_wakeup_fd(before) == writer
    finally:
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)


# -- threads


def test_a_run_works_in_any_thread():
    """A run that is called from another thread than the main one emits in that thread."""
    threads: set[int] = set()

    def emit(_event: Event) -> None:
        threads.add(threading.get_ident())

    def call() -> tuple[int, Outcome]:
        argv = [sys.executable, *LEAN, "-c", "import sys; print(1); print(2, file=sys.stderr)"]
        return threading.get_ident(), start(argv, emit=emit, timeout=HANG_SECONDS)

    caller, outcome = in_thread(call)
    assert (outcome.stdout, outcome.stderr) == ("1\n", "2\n")
    assert threads == {caller}
    assert caller != threading.get_ident()


def test_events_come_in_the_thread_of_the_call():
    """No reader thread ever calls a sink."""
    threads: set[int] = set()
    text = "import os\nfor n in range(200):\n os.write(1, b'out\\n'); os.write(2, b'err\\n')"
    code(text, emit=lambda _event: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


def test_runs_at_the_same_time_do_not_hold_each_others_pipes():
    """Eight children that read to the end of their input all see that end, each with its own text."""
    together = 8
    barrier = threading.Barrier(together)
    argv = [sys.executable, *LEAN, "-c", "import sys; print(sys.stdin.read())"]
    outcomes: dict[int, Outcome] = {}

    def work(number: int) -> None:
        barrier.wait(HANG_SECONDS)
        outcomes[number] = start(argv, stdin=f"text {number}", timeout=HANG_SECONDS)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(together)]
    for thread in threads:
        thread.start()
    limit = time.monotonic() + HANG_SECONDS
    for thread in threads:
        thread.join(max(0, limit - time.monotonic()))
    assert {number: outcome.stdout for number, outcome in outcomes.items()} == {
        number: f"text {number}\n" for number in range(together)
    }
    assert all(outcome.passed for outcome in outcomes.values())


# -- what is started apart


def test_what_is_started_apart_is_no_child_of_this_process(tmp_path):
    """Its starter says what it has to say, and is waited for."""
    code = "import os, time\nif pid := os.fork(): os.write(1, b'%d' % pid)\nelse: os.close(1); time.sleep(30)"
    argv = [sys.executable, *LEAN, "-c", code]
    pid = int(process.start_apart(argv, cwd=tmp_path, env={}))
    try:
        parent, _, session = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1:4]
        assert int(parent) != os.getpid()
        assert int(session) != os.getsid(0)
    finally:
        os.kill(pid, signal.SIGKILL)


def test_a_starter_that_does_not_come_back_is_ended(tmp_path, monkeypatch):
    """Nobody waits for it for ever, and it is no zombie."""
    monkeypatch.setattr(process, "LAUNCH_SECONDS", 0.1)
    argv = [sys.executable, *LEAN, "-c", "import time; time.sleep(60)"]
    with at_most(), pytest.raises(OSError, match="did not come back"):
        process.start_apart(argv, cwd=tmp_path, env={})
    with contextlib.suppress(ChildProcessError):
        assert os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


TELL = "import os; tell = int(os.environ['TOLD']); "


def told(code: str, folder: Path, **options: object) -> tuple[Outcome, bytes, list[Event]]:
    """Run Python that may tell something; return how it ended, what it told and what it wrote."""
    pieces: list[bytes] = []
    seen: list[Event] = []
    options = {"records": executor.Records(variable="TOLD", take=pieces.append)} | options
    outcome = executor.run(
        [sys.executable, *LEAN, "-c", code],
        emit=seen.append,
        cwd=folder,
        policy=executor.policy.exactly(sys.executable),
        **options,
    )
    return outcome, b"".join(pieces), seen


@pytest.mark.parametrize("level", ["open", "workspace", "sealed"])
def test_records_are_bytes_as_they_were_written(tmp_path, level):
    """Neither decoded nor counted as output nor cut; in every cage."""
    code = TELL + "os.write(tell, bytes(range(256)) * 4); print('shown')"
    try:
        outcome, records, seen = told(code, tmp_path, level=level, keep_bytes=10)
    except CageError as error:
        requires(False, error.why, error.fix)
    assert records == bytes(range(256)) * 4
    assert (outcome.passed, outcome.stdout, outcome.output_bytes) == (True, "shown\n", 6)
    assert "".join(event.text for event in seen if isinstance(event, Output)) == "shown\n"


def test_records_are_not_masked(tmp_path, monkeypatch):
    """They are data for a program; what of them is shown is masked where it is shown."""
    monkeypatch.setenv("API_TOKEN", "t0ps3cr3t-value")
    _, records, _ = told(TELL + "os.write(tell, b't0ps3cr3t-value')", tmp_path)
    assert records == b"t0ps3cr3t-value"


def test_a_child_without_records_has_no_descriptor_for_them(tmp_path):
    """Nor the variable."""
    outcome, records, _ = told("import os; print(os.environ.get('TOLD'), len(os.listdir('/proc/self/fd')))",
                               tmp_path, records=None)  # fmt: skip
    assert (outcome.stdout, records) == ("None 4\n", b"")


def test_many_records_are_all_taken(tmp_path):
    """More than a pipe holds, to the last byte before the end, while it writes much as well."""
    code = TELL + "[(os.write(tell, b'r' * 60_000), os.write(1, b'o' * 60_000)) for _ in range(200)]"
    with at_most(30):
        outcome, records, _ = told(code, tmp_path, keep_bytes=1000)
    assert outcome.passed
    assert len(records) == 200 * 60_000


def test_records_do_not_use_up_what_may_be_written(tmp_path):
    """The limit is on what is shown."""
    code = TELL + "os.write(tell, b'r' * 50_000); print('x')"
    outcome, records, _ = told(code, tmp_path, limits=executor.cage.Limits(output_bytes=1000))
    assert (outcome.ended, outcome.limit, len(records)) == ("exited", None, 50_000)


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.close(tell)"])
def test_what_was_told_last_is_taken(tmp_path, end):
    """However it ends."""
    _, records, _ = told(TELL + f"os.write(tell, b'last'); {end}", tmp_path)
    assert records == b"last"


def test_what_is_told_at_the_very_end_of_a_run_that_is_ended_is_taken(tmp_path):
    """A pipe full of it, while nobody looks."""
    code = TELL + (
        "import signal, time\n"
        "def last(*_):\n    os.write(tell, b'r' * 60_000)\n    os._exit(0)\n"
        "signal.signal(signal.SIGTERM, last)\n"
        "print('up', flush=True)\n"
        "time.sleep(60)"
    )
    for _ in range(3):
        outcome, records, _ = told(code, tmp_path, timeout=0.4, grace=5.0)
        assert (outcome.ended, outcome.stdout, len(records)) == ("timed-out", "up\n", 60_000)


def test_a_grandchild_that_holds_the_records_does_not_hold_up_the_run(tmp_path):
    """It is ended with the run; what it told before is there."""
    code = TELL + (
        "os.set_inheritable(tell, True)\n"
        "if os.fork() == 0:\n"
        "    os.setsid(); os.write(tell, b'child'); os.close(1); os.close(2)\n"
        "    import time; time.sleep(60)\n"
        "import time; time.sleep(0.2)"
    )
    with at_most():
        outcome, records, _ = told(code, tmp_path)
    assert (outcome.ended, records) == ("exited", b"child")


def test_records_come_while_it_runs_and_in_their_order_with_the_text(tmp_path):
    """What was written before a record is shown before it is taken."""
    order: list[object] = []
    code = TELL + "[(os.write(1, b'%d ' % n), os.write(tell, b'%d ' % n), time.sleep(.05)) for n in range(5)]"
    outcome = executor.run(
        [sys.executable, *LEAN, "-c", "import time; " + code],
        emit=lambda event: order.append(event.text),
        cwd=tmp_path,
        policy=executor.policy.exactly(sys.executable),
        records=executor.Records(variable="TOLD", take=order.append),
    )
    assert outcome.passed
    shown = ""
    for each in order:
        if isinstance(each, bytes):
            assert each.decode().split()[-1] in shown.split()
        else:
            shown += each
    assert (order[0], order[1], shown) == ("0 ", b"0 ", "0 1 2 3 4 ")


def test_who_takes_records_may_raise(tmp_path):
    """The run is ended, and what it started; the error goes on."""

    def no(data: bytes) -> None:
        raise ZeroDivisionError

    before = len(os.listdir("/proc/self/fd"))
    with at_most(), pytest.raises(ZeroDivisionError):
        told(TELL + "os.write(tell, b'x'); import time; time.sleep(60)", tmp_path,
             records=executor.Records(variable="TOLD", take=no))  # fmt: skip
    assert len(os.listdir("/proc/self/fd")) <= before


def test_records_go_beside_a_terminal_too(tmp_path):
    """Where what is shown is typed."""
    outcome, records, _ = told(TELL + "os.write(tell, b'x'); print(os.isatty(1))", tmp_path, pty=True)
    assert (outcome.stdout.strip(), records) == ("True", b"x")
