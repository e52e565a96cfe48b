"""However a run ends, at whatever level: no process, zombie, descriptor, folder or control group is left."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import family
import pytest
from skips import requires

from autoexec_magic import executor
from autoexec_magic.errors import AutoexecError, CageError
from autoexec_magic.events import Event, Output
from autoexec_magic.executor import cage, identity, process
from autoexec_magic.executor.cage import cgroup
from autoexec_magic.history import Store
from autoexec_magic.values import Verdict

LEVELS = ["open", "workspace", "sealed"]
ENDS = ["exits", "times-out", "cancelled", "interrupted", "sink-raises", "sink-interrupted"]
LIMIT_SECONDS = 3.0  # a family of ten must be up before it
SETTLE_SECONDS = 1.0
DISK_BYTES = 256 * 1024
RULES = executor.policy.exactly(sys.executable)

pytestmark = pytest.mark.skipif(not identity.HAS_PROC, reason="there is no /proc | provide: Linux")


class BrokenSinkError(Exception):
    """What a broken sink raises."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The workspace; whoever has it on the command line is gone afterwards."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    yield workspace
    family.kill_all(workspace)


def nowhere(_event: Event) -> None:
    """Take an event and do nothing."""


def when_ready(act: Callable[[], None]) -> Callable[[Event], None]:
    """Return a sink that calls `act` when the family is complete."""

    def emit(event: Event) -> None:
        if isinstance(event, Output) and "ready" in event.text:
            act()

    return emit


# Leaves its group, parent and environment as fast as can be: sooner than anybody can look at it.
RACER = r"""
#include <unistd.h>
int main(int count, char **words) {
    char *none[] = {0}, *argv[] = {words[1], words[2], words[3], 0};
    if (fork() == 0) {
        setsid();
        if (fork() == 0) { execve(words[1], argv, none); _exit(1); }
        _exit(0);
    }
    _exit(0);
}
"""


def interrupt() -> None:
    """Do what Control-C does."""
    main = threading.main_thread().ident
    threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGINT)).start()


def fail(error: BaseException) -> Callable[[], None]:
    """Return what raises `error`."""

    def act() -> None:
        raise error

    return act


def run_to(end: str, argv: list[str], folder: Path, level: str) -> str:
    """Start a family, bring it to its end, and return how that was told."""
    cancel = executor.Cancel()
    acts = {
        "cancelled": cancel.set,
        "interrupted": interrupt,
        "sink-raises": fail(BrokenSinkError()),
        "sink-interrupted": fail(KeyboardInterrupt()),
    }
    emit = when_ready(acts[end]) if end in acts else nowhere
    timeout = LIMIT_SECONDS if end == "times-out" else None
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, in a shell's background
    try:
        return executor.run(
            argv,
            emit=emit,
            cwd=folder,
            policy=RULES,
            level=level,
            cancel=cancel,
            timeout=timeout,
            grace=0.2,
        ).ended
    except (BrokenSinkError, KeyboardInterrupt) as error:
        return type(error).__name__
    finally:
        signal.signal(signal.SIGINT, before)
        cancel.close()


def caged(level: str, folder: Path) -> None:
    """Skip where a level cannot be had; what is made once for all is made."""
    cage.close_kept()  # of the tests before
    try:
        cage.build(cage.CageRequest(level=level, workspace=folder)).close()
    except CageError as error:
        requires(False, error.why, error.fix)


def zombies() -> bool:
    """Whether this process has a child that ended and was not waited for."""
    with contextlib.suppress(ChildProcessError):
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return False


def descriptors() -> list[str]:
    """Return what this process has open; what only waits to be collected is not."""
    gc.collect()
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the listing's own
            found.append(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
    return sorted(found)


def groups() -> list[Path]:
    """Return the control groups of this process."""
    parents = {parent for controller in ("pids", "memory") for parent, _ in cgroup._parents(controller)}
    return [path for parent in parents for path in parent.glob(f"autoexec-{identity.owner_name()}-*")]


TOLD = {
    "exits": "exited",
    "times-out": "timed-out",
    "cancelled": "cancelled",
    "interrupted": "cancelled",
    "sink-raises": "BrokenSinkError",
    "sink-interrupted": "KeyboardInterrupt",
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("end", ENDS)
def test_no_end_at_any_level_leaves_anything(folder, level, end):
    """Of a family of jobs, sessions, daemons, and what is deaf, stopped, or known by its mark alone."""
    caged(level, folder)
    place = Path("/tmp") if level == "sealed" else None  # which is the scratch folder there
    argv = family.tree(folder, *family.KINDS, place=place, leader="exits" if end == "exits" else "deaf")
    assert run_to(end, argv, folder, level) == TOLD[end]
    assert family.until_gone(lambda: family.living(folder), SETTLE_SECONDS) == []
    assert not zombies()
    cage.close_kept()  # the next run's, and empty: what a run leaves in it is ended and removed
    assert os.listdir(tempfile.gettempdir()) == []
    assert groups() == []


@pytest.mark.parametrize("kind", ["plain", "session", "bare-daemon"])
@pytest.mark.parametrize("end", ["times-out", "cancelled"])
def test_no_end_of_a_pipeline_leaves_anybody(folder, kind, end):
    """Each stage is ended with all that it started; the mark is on all of them, not on the first alone."""
    stage = shlex.join(family.tree(folder, kind))
    cancel = executor.Cancel()
    timeout = LIMIT_SECONDS if end == "times-out" else None
    outcome = executor.run_line(
        f"{stage} | {stage} | {stage}",
        emit=when_ready(cancel.set) if end == "cancelled" else nowhere,
        workspace=folder,
        cwd=folder,
        ask=lambda _: True,
        timeout=timeout,
        cancel=cancel,
        grace=0.2,
    )
    cancel.close()
    assert outcome.ended == end.replace("times-out", "timed-out")
    assert family.until_gone(lambda: family.living(folder), SETTLE_SECONDS) == []
    assert not zombies()


@pytest.mark.parametrize("level", LEVELS)
def test_fifty_runs_leave_no_descriptor(folder, level):
    """Also those that could not be started, whose sink raised, or whose time was up."""
    caged(level, folder)
    print_x = [sys.executable, "-I", "-S", "-c", "print('x')"]
    broken = folder / "broken"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)

    def each(number: int) -> None:
        with contextlib.suppress(AutoexecError, BrokenSinkError):
            if number % 5 == 0:
                rules = executor.policy.exactly(str(broken))
                executor.run([str(broken)], emit=nowhere, cwd=folder, policy=rules, level=level)
            elif number % 5 == 1:
                emit = fail(BrokenSinkError())
                executor.run(print_x, emit=lambda _: emit(), cwd=folder, policy=RULES, level=level)
            elif number % 5 == 2:
                executor.run(print_x, emit=nowhere, cwd=folder, policy=RULES, level=level, timeout=0.001)
            elif number % 5 == 3:
                executor.run_line(
                    "cat missing | cat > out", emit=nowhere, workspace=folder, cwd=folder, level=level
                )
            else:
                executor.run(print_x, emit=nowhere, cwd=folder, policy=RULES, level=level)

    executor.run(
        [*print_x[:-1], "import time; time.sleep(0.1)"], emit=nowhere, policy=RULES
    )  # the keeper is up
    each(4)
    cage.close_kept()
    before = descriptors()
    for number in range(50):
        each(number)
    cage.close_kept()
    assert descriptors() == before
    assert not zombies()
    assert os.listdir(tempfile.gettempdir()) == []
    assert groups() == []


FULL = """
import sys
from autoexec_magic import api
from autoexec_magic.errors import AutoexecError
try:
    report = api.sh(sys.argv[1:], yes=True, caller=api.Caller(emit=lambda event: None))
    print("passed")
except AutoexecError as error:
    print(error.code)
"""
TALK = """
import os, sys
if os.fork() == 0:
    os.setsid()
    os.environ.clear()
    os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)", *sys.argv], {})
for _ in range(100):
    print("x" * 10_000)
"""


def on_a_full_disk(folder: Path, data: Path, limit: Callable[[], None] | None = None) -> Store:
    """Run what writes more than there is room for; return the store."""
    argv = [sys.executable, "-c", FULL, sys.executable, "-c", TALK, str(folder)]
    env = {**os.environ, "AUTOEXEC_DATA_DIR": str(data)}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, preexec_fn=limit, timeout=60)
    assert done.stdout == "passed\n", done.stderr
    assert family.until_gone(lambda: family.living(folder), SETTLE_SECONDS) == []
    return Store(data, lambda pid, start: False)


def test_a_run_ends_clean_on_a_full_disk(folder, tmp_path):
    """Its events are lost, counted and readable; its processes are gone."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "tmpfs", str(disk)]
    is_mounted = (
        bool(os.access("/bin/mount", os.X_OK)) and not subprocess.run(mount, capture_output=True).returncode
    )
    requires(is_mounted, "no file system may be mounted", "be root, with CAP_SYS_ADMIN")
    try:
        store = on_a_full_disk(folder, disk)
        (found,) = store.runs()
        assert found.verdict in (Verdict.PASSED, Verdict.LOST)  # the last event may find no room either
        assert [envelope.seq for envelope in store.read(found.run_id)] != []
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_run_ends_clean_where_files_may_not_grow(folder, tmp_path):
    """As on a full disk, but for anybody: a limit on the size of files."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (DISK_BYTES, DISK_BYTES))

    store = on_a_full_disk(folder, tmp_path / "data", limit)
    (found,) = store.runs()
    assert found.verdict in (Verdict.PASSED, Verdict.LOST)
    assert [envelope.seq for envelope in store.read(found.run_id)] != []


def test_the_store_is_readable_after_the_owner_was_killed(folder, tmp_path):
    """The run is lost, and what it wrote is there."""
    code = "import sys; from autoexec_magic import api; api.sh(sys.argv[1:], yes=True)"
    argv = [sys.executable, "-c", code, *family.tree(folder, "session", "bare-daemon")]
    data = tmp_path / "data"
    with subprocess.Popen(argv, env={**os.environ, "AUTOEXEC_DATA_DIR": str(data)}) as owner:
        store = Store(data, lambda pid, start: identity.is_alive(identity.ProcessId(pid, start)))

        def is_ready() -> bool:
            events = [item.event for run_id in store.ids() for item in store.read(run_id)]
            return any(isinstance(event, Output) and "ready" in event.text for event in events)

        assert family.until(is_ready)
        assert [run.verdict for run in store.runs()] == [Verdict.RUNNING]
        owner.kill()
        owner.wait()
    assert [run.verdict for run in store.runs()] == [Verdict.LOST]
    assert family.until_gone(lambda: family.living(folder)) == []
    assert is_ready()


@pytest.mark.parametrize("level", ["open", "workspace"])
def test_a_daemon_that_is_faster_than_any_look_at_it_is_ended(level, folder):
    """Its mark is there before its first instruction."""
    compiler = shutil.which("cc")
    requires(compiler is not None, "there is no C compiler", "apt-get install gcc")
    (folder / "racer.c").write_text(RACER)
    subprocess.run([compiler, "-o", folder / "racer", folder / "racer.c"], check=True)
    argv = [str(folder / "racer"), "/bin/sh", "-c", f"sleep 20; : {folder}"]
    rules = executor.policy.exactly(argv[0])
    caged(level, folder)
    for _ in range(20):
        executor.run(argv, emit=nowhere, cwd=folder, policy=rules, level=level)
    assert family.until_gone(lambda: family.living(folder)) == []


def test_a_stage_that_cannot_be_started_ends_what_the_one_before_has_started(folder, monkeypatch):
    """Also what left its session meanwhile: nothing of half a pipeline goes on."""
    start = process._start

    def fail_later(stage, streams, request, before, *rest):
        if before:
            family.until(lambda: len(family.living(folder)) >= 3)
            raise AutoexecError("cannot start the second")
        return start(stage, streams, request, before, *rest)

    monkeypatch.setattr(process, "_start", fail_later)
    stage = shlex.join(family.tree(folder, "session", "bare-daemon"))
    with pytest.raises(AutoexecError, match="the second"):
        executor.run_line(f"{stage} | cat", emit=nowhere, workspace=folder, cwd=folder, ask=lambda _: True)
    assert family.until_gone(lambda: family.living(folder), SETTLE_SECONDS) == []
    assert not zombies()


def test_a_run_that_cannot_be_attended_is_ended(folder, monkeypatch):
    """There are no descriptors left to wait with, say, when it runs already."""

    def refuse(*args: object, **options: object) -> None:
        family.until(lambda: len(family.living(folder)) >= 3)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    argv = family.tree(folder, "session", "bare-daemon")
    before = len(descriptors())
    monkeypatch.setattr(process, "Pump", refuse)
    with pytest.raises(OSError, match="Too many"):
        executor.run(argv, emit=nowhere, cwd=folder, policy=RULES)
    assert family.until_gone(lambda: family.living(folder), SETTLE_SECONDS) == []
    assert not zombies()
    assert len(descriptors()) <= before + 2  # the keeper's, if this was the first run
