"""What may outlive its run is started by `start_service`, and by nothing else."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import family
import pytest

from autoexec_magic import executor
from autoexec_magic.errors import AutoexecError, MissingTool, PolicyRefused, UsageError
from autoexec_magic.executor import identity

RULES = executor.policy.exactly(sys.executable)
SERVE = "import os, signal; signal.alarm(60); print('serving', flush=True); signal.pause()"
LEAN = (sys.executable, "-I", "-S", "-c")
OWNER = """
import json, sys
from pathlib import Path
from autoexec_magic import executor
rules = executor.policy.exactly(sys.executable)
folder = Path(sys.argv[1])
service = executor.start_service(json.loads(sys.argv[2]), log=folder / "log", policy=rules)
print(json.dumps([service.service_id, service.pid, service.start_time]), flush=True)
executor.run(json.loads(sys.argv[3]), emit=lambda event: print(event.text, flush=True), policy=rules)
"""

pytestmark = pytest.mark.skipif(not identity.HAS_PROC, reason="there is no /proc | provide: Linux")


@pytest.fixture
def folder(tmp_path):
    """The test's folder; who has it on the command line is gone afterwards."""
    yield tmp_path
    family.kill_all(tmp_path)


def start(folder: Path, code: str = SERVE, **options: object) -> executor.Service:
    """Start Python as a service."""
    return executor.start_service([*LEAN, code, str(folder)], log=folder / "log", policy=RULES, **options)


def said(folder: Path) -> str:
    """Return what the service wrote, once it wrote something."""
    family.until((folder / "log").read_text)
    return (folder / "log").read_text()


def test_a_service_serves_until_it_is_stopped(folder):
    """It writes into its log, which only this user can read."""
    service = start(folder, name="web")
    assert said(folder) == "serving\n"
    assert stat.S_IMODE((folder / "log").stat().st_mode) == 0o600
    assert (service.name, service.log) == ("web", folder / "log")
    assert executor.is_service_alive(service)
    assert executor.stop_service(service)
    assert not executor.is_service_alive(service)
    assert not executor.stop_service(service)


def test_a_service_is_apart(folder, monkeypatch):
    """A session of its own, no child, no input, no variable of a run, no secret, no descriptor of ours."""
    monkeypatch.setenv("AUTOEXEC_RUN_ID", "the-run-around")
    monkeypatch.setenv("API_TOKEN", "hunter2-hunter2")
    code = """
import json, os, signal, sys
fields = open("/proc/self/stat").read().rpartition(")")[2].split()
print(json.dumps({
    "pid": os.getpid(), "parent": os.getppid(), "session": os.getsid(0), "group": os.getpgrp(),
    "terminal": int(fields[4]), "input": os.readlink("/proc/self/fd/0"),
    "fds": len(os.listdir("/proc/self/fd")), "environ": dict(os.environ), "cwd": os.getcwd(),
}), flush=True)
signal.alarm(60)
signal.pause()
"""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    service = start(folder, code, cwd=folder, env={"PORT": "1"})
    os.close(reader)
    os.close(writer)
    seen = json.loads(said(folder))
    assert seen["pid"] == seen["session"] == seen["group"] == service.pid
    assert seen["parent"] != os.getpid()
    assert (seen["terminal"], seen["input"], seen["fds"]) == (0, os.devnull, 4)  # 3, and the listing's own
    assert seen["cwd"] == str(folder)
    assert seen["environ"]["AUTOEXEC_RUN_ID"] == service.service_id
    assert seen["environ"]["PORT"] == "1"
    assert not {"AUTOEXEC_OUTER_RUNS", "API_TOKEN"} & set(seen["environ"])
    executor.stop_service(service)


def test_a_service_outlives_its_killed_owner_and_the_keepers_sweep(folder):
    """Whose run is ended at the same time."""
    other = folder / "run"
    other.mkdir()
    run = family.tree(other, "bare-daemon", "session", leader="waits")
    serve = [*LEAN, SERVE, str(folder / "service")]
    argv = [sys.executable, "-c", OWNER, str(folder), json.dumps(serve), json.dumps(run)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as owner:
        service_id, pid, start_time = json.loads(owner.stdout.readline())
        assert owner.stdout.readline() == "ready\n"
        owner.kill()
        owner.wait()
    assert family.until_gone(lambda: family.living(other)) == []
    service = executor.Service(
        service_id=service_id, name="", pid=pid, start_time=start_time, log=folder / "log"
    )
    assert executor.is_service_alive(service)
    assert executor.stop_service(service)
    assert family.living(folder) == []


def test_a_service_outlives_a_run_and_its_end(folder):
    """What ends a run does not look at services."""
    service = start(folder)
    assert executor.run([*LEAN, "pass"], emit=lambda event: None, policy=RULES).passed
    assert executor.is_service_alive(service)
    executor.stop_service(service)


@pytest.mark.parametrize("leader", ["waits", "deaf", "exits"])
def test_stopping_ends_all_that_a_service_started(folder, leader):
    """Also what ignores TERM, left the session, or was left by a service that ended."""
    argv = family.tree(folder, *family.KINDS, leader=leader)
    service = executor.start_service(argv, log=folder / "log", policy=RULES)
    assert said(folder) == "ready\n"
    assert family.until(lambda: len(family.living(folder)) >= len(family.KINDS))
    assert executor.stop_service(service, grace=0.2)
    assert family.until_gone(lambda: family.living(folder)) == []


def test_a_service_may_clean_up_when_it_is_stopped(folder):
    """TERM comes first."""
    code = """
import signal, sys, time
def clean(*_):
    time.sleep(0.2)
    print("cleaned", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, clean)
print("up", flush=True)
while True:
    signal.pause()
"""
    service = start(folder, code)
    assert said(folder) == "up\n"
    executor.stop_service(service, grace=30.0)
    assert (folder / "log").read_text() == "up\ncleaned\n"


def test_somebody_with_the_services_number_is_left_alone(folder):
    """A pid is reused; a pid with its start time is not."""
    service = start(folder)
    stale = replace(service, service_id="another", start_time=service.start_time - 1)
    assert not executor.is_service_alive(stale)
    assert not executor.stop_service(stale)
    assert executor.is_service_alive(service)
    executor.stop_service(service)


def test_a_log_goes_on_and_is_closed_to_others(folder):
    """What was there stays."""
    log = folder / "log"
    log.write_text("before\n")
    log.chmod(0o644)
    service = start(folder)
    assert family.until(lambda: log.read_text() == "before\nserving\n")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    executor.stop_service(service)


def test_a_log_that_is_a_link_or_no_file_is_refused(folder):
    """It would be written to wherever it leads."""
    (folder / "target").touch()
    (folder / "log").symlink_to(folder / "target")
    with pytest.raises(UsageError, match="the log"):
        start(folder)
    (folder / "log").unlink()
    os.mkfifo(folder / "log")
    with pytest.raises(UsageError, match="the log"):
        start(folder)
    assert (folder / "target").read_bytes() == b""
    assert family.living(folder) == []


def test_a_service_is_judged_like_any_command(folder):
    """The policy knows no other door."""
    with pytest.raises(PolicyRefused):
        executor.start_service(["sudo", "true"], log=folder / "log")
    with pytest.raises(MissingTool):
        executor.start_service(["no-such-program-here"], log=folder / "log", ask=lambda _: True)
    with pytest.raises(UsageError):
        executor.start_service([], log=folder / "log")
    assert not (folder / "log").exists()


def test_what_cannot_be_executed_says_so(folder):
    """The system's word for it, and no process."""
    program = folder / "broken"
    program.write_bytes(b"\x7fELF")
    program.chmod(0o755)
    rules = executor.policy.exactly(str(program))
    with pytest.raises(AutoexecError, match="cannot start broken") as raised:
        executor.start_service([str(program)], log=folder / "log", policy=rules)
    assert "format" in raised.value.why.lower()
    assert family.living(folder) == []


def test_nothing_in_a_run_starts_what_outlives_it(folder):
    """The mark of the run stays on what comes from it, so it is refused, not ended unexpectedly."""
    code = f"""
from pathlib import Path
from autoexec_magic import executor
from autoexec_magic.errors import AutoexecError
rules, log = executor.policy.exactly({sys.executable!r}), Path({str(folder / "log")!r})
try:
    executor.start_service([{sys.executable!r}, "-c", "pass"], log=log, policy=rules)
except AutoexecError as error:
    print(error.why)
"""
    outcome = executor.run([sys.executable, "-c", code], emit=lambda event: None, policy=RULES)
    assert outcome.stdout.startswith("this process is part of a run"), outcome


def test_an_interrupt_while_it_starts_leaves_no_service(folder):
    """Nobody would know of it."""
    interrupts = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, in a shell's background
    limit = signal.setitimer(signal.ITIMER_REAL, 0)
    alarms = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, 0.005)
    try:
        with pytest.raises(KeyboardInterrupt):
            start(folder)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGALRM, alarms)
        signal.signal(signal.SIGINT, interrupts)
        signal.setitimer(signal.ITIMER_REAL, *limit)
    assert family.living(folder) == []
