"""One replica: started, started again, and ended with all that it started."""

from __future__ import annotations

import json
import os
import signal

import pytest
import serviced
from serviced import until
from skips import requires

from autoexec_magic import executor
from autoexec_magic.deployer.serving.logfile import LogFile
from autoexec_magic.deployer.serving.replica import Pauses, Ports, Replica

FAST = Pauses(first=0.01, longest=0.05, well=1000.0)
SHOWS = "import os, json; print(json.dumps(dict(os.environ)), os.getcwd(), flush=True)\n"
WAITS = "import signal; signal.pause()\n"


@pytest.fixture
def keep(tmp_path):
    """Start a replica of a program, and end it with the test."""
    kept = []

    def start(text, *, pauses=FAST, **options):
        log = LogFile(tmp_path / "web.log")
        replica = Replica(
            serviced.instance(tmp_path, "web", text, **options), 1, ports=Ports(), log=log, pauses=pauses
        )
        kept.append(replica)
        replica.begin()
        return replica

    yield start
    for replica in kept:
        replica.ask_to_end()
        assert replica.wait(serviced.PATIENCE)


def log_with(folder, word):
    """Return the log once `word` is in it."""
    path = folder / "web.log"
    assert until(lambda: path.exists() and word in path.read_text()), path.read_text()
    return path.read_text()


def test_pauses_double_up_to_a_longest_and_begin_again_after_a_good_run():
    pauses, found = Pauses(), [0.0]
    for _ in range(10):
        found.append(pauses.after(found[-1], ran=1.0))
    assert found[1:] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]
    assert pauses.after(30.0, ran=10.0) == 0.2


def test_it_is_told_its_port_its_address_and_its_release(tmp_path, keep):
    replica = keep(SHOWS + WAITS, environment={"OWN": "1", "PORT": "not this"})
    told = json.loads(log_with(tmp_path, "AUTOEXEC_RELEASE").split(" 1 ", 2)[2].rpartition("}")[0] + "}")
    assert (told["HOST"], told["AUTOEXEC_RELEASE"], told["OWN"]) == ("127.0.0.1", "web", "1")
    assert int(told["PORT"]) == replica.state.port
    assert executor.is_alive(executor.ProcessId(replica.state.pid, replica.state.start_time))


def test_what_ends_is_started_again_and_counted(tmp_path, keep):
    replica = keep("print('going down', flush=True)\nraise SystemExit(3)\n")
    assert until(lambda: replica.state.restarts >= 3)
    assert (replica.state.last_end, replica.state.last_line) == ("exit 3", "going down")
    assert "[ended: exit 3]" in log_with(tmp_path, "going down")


def test_what_is_killed_is_started_again(keep):
    replica = keep(WAITS)
    assert until(lambda: replica.state.pid)
    first = replica.state.pid
    os.kill(first, signal.SIGKILL)
    assert until(lambda: replica.state.pid not in (0, first))
    assert (replica.state.last_end, replica.state.restarts) == ("SIGKILL", 1)


def test_what_cannot_be_started_says_why_and_is_tried_again(tmp_path, keep):
    gone = tmp_path / "web"
    replica = keep(WAITS)
    assert until(lambda: replica.state.pid)
    gone.rename(tmp_path / "away")
    os.kill(replica.state.pid, signal.SIGKILL)
    assert until(lambda: "there is no" in replica.state.last_end), replica.state
    (tmp_path / "away").rename(gone)
    assert until(lambda: replica.state.pid)


def test_the_end_takes_all_of_it(tmp_path, keep):
    """Also what it started, and what takes no notice of being asked."""
    code = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pid = os.fork()
if pid == 0:
    os.setsid()
    print("child", os.getpid(), flush=True)
signal.pause()
"""
    replica = keep(code, grace_seconds=0.2)
    child = int(log_with(tmp_path, "child").split("child ")[1].split()[0])
    pid = replica.state.pid
    replica.ask_to_end()
    assert replica.wait(serviced.PATIENCE)
    left = [executor.identify(each) for each in (pid, child)]
    assert not any(each and executor.is_alive(each) for each in left)
    assert replica.state.port == 0


def test_it_is_asked_before_it_is_killed(tmp_path, keep):
    code = """
import signal, sys
def end(*told):
    print("in order", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
signal.pause()
"""
    replica = keep(code, grace_seconds=serviced.PATIENCE)
    log_with(tmp_path, "ready")
    replica.ask_to_end()
    assert replica.wait(serviced.PATIENCE)
    log_with(tmp_path, "in order")


def test_the_end_does_not_wait_for_a_pause(keep):
    replica = keep("raise SystemExit(1)", pauses=Pauses(first=1000.0, longest=1000.0))
    assert until(lambda: replica.state.last_end)
    replica.ask_to_end()
    assert replica.wait(serviced.PATIENCE)
    assert replica.state.restarts == 0


def test_secrets_reach_it_and_are_masked_whatever_they_are_called(tmp_path, keep):
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"HARMLESS": "hunter2-hunter2", "ALSO": "swordfish-1"}))
    path.chmod(0o600)
    code = """
import os
print(os.environ["HARMLESS"] == "hunter2-" + "hunter2", os.environ["HARMLESS"], flush=True)
print("it is", os.environ["ALSO"], flush=True)
"""
    keep(code + WAITS, secrets_file=str(path))
    log = log_with(tmp_path, "it is")
    assert "True ***" in log
    assert "hunter2" not in log
    assert "swordfish" not in log


def test_secrets_are_read_at_each_start(tmp_path, keep):
    path = tmp_path / "secrets.json"
    path.write_text('{"LENGTH": "1"}')
    path.chmod(0o600)
    replica = keep(
        "import os; print('length', os.environ['LENGTH'], flush=True)\n" + WAITS, secrets_file=str(path)
    )
    log_with(tmp_path, "length 1")
    path.write_text('{"LENGTH": "2"}')
    os.kill(replica.state.pid, signal.SIGKILL)
    log_with(tmp_path, "length 2")


def test_output_is_never_cut(tmp_path, keep):
    """More than the executor keeps by default: a service talks for months."""
    keep("line = 'x' * 999\nfor _ in range(80_000): print(line)\nprint('last of all', flush=True)\n" + WAITS)
    log_with(tmp_path, "last of all")
    text = (tmp_path / "web.log").read_text() + (tmp_path / "web.log.1").read_text()
    assert text.count("x" * 999) > 9000


def test_a_caged_replica_listens_and_writes_into_its_folder(tmp_path, keep):
    requires(executor.cage.can_be_had("workspace", tmp_path), "no cage here", "a kernel with Landlock")
    code = """
open('own', 'w').write('x')
try:
    open('../outside', 'w')
except OSError:
    print('caged', flush=True)
"""
    replica = keep(code + serviced.APP, level="workspace")
    log_with(tmp_path, "listens")
    assert "caged" in log_with(tmp_path, "caged")
    assert until(lambda: replica.state.port and serviced.is_listening(replica.state.port))
    assert serviced.asked(replica.state.port).endswith(b"web")
    assert (tmp_path / "web" / "own").exists()


def test_ports_are_given_once():
    ports = Ports()
    found = [ports.take() for _ in range(200)]
    assert len(set(found)) == 200
    for port in found:
        ports.give_back(port)
    assert ports.take()
