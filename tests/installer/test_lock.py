"""One install at a time: a dead owner holds nobody up, a living one is named."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from autoexec_magic import executor
from autoexec_magic.errors import Cancelled, InstallError
from autoexec_magic.installer import lock

SOON_SECONDS = 5.0


def hold(folder, told=None, **how):
    """Return the lock of `folder`."""
    tell = (told if told is not None else []).append
    return lock.held(folder=folder, tell=tell, **{"hold_seconds": 60.0, "wait_seconds": SOON_SECONDS, **how})


def owned_by(folder, **who):
    """Write a lock of somebody."""
    me = executor.identify(os.getpid())
    owner = {"host": socket.gethostname(), "pid": me.pid, "start_time": me.start_time}
    owner |= {"until": time.time() + 60, **who}
    (folder / lock.NAME).write_text(json.dumps(owner))


def test_it_is_there_while_it_is_held(tmp_path):
    """It names its owner, and goes with the block, also where that fails."""
    with contextlib.suppress(ZeroDivisionError), hold(tmp_path) as waited:
        assert not waited
        assert json.loads((tmp_path / lock.NAME).read_text())["pid"] == os.getpid()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def gone():
    """Return the id of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.mark.parametrize(
    "who",
    [
        pytest.param(lambda: {"pid": gone()}, id="dead"),
        pytest.param(lambda: {"start_time": 1}, id="its-number-is-anothers"),
        pytest.param(lambda: {"host": "elsewhere", "until": time.time() - 1}, id="another-host-too-long"),
        pytest.param(lambda: {"pid": "x"}, id="unreadable"),
    ],
)
def test_an_owner_that_is_gone_is_replaced_at_once(tmp_path, who):
    """Nobody waits for whoever cannot end any more."""
    owned_by(tmp_path, **who())
    told = []
    start = time.monotonic()
    with hold(tmp_path, told):
        assert json.loads((tmp_path / lock.NAME).read_text())["pid"] == os.getpid()
    assert told == []
    assert time.monotonic() - start < SOON_SECONDS


@pytest.mark.parametrize("who", [{}, {"host": "elsewhere"}])
def test_a_living_owner_is_named_and_not_waited_for_for_ever(tmp_path, who):
    """The person is told for whom, once, and then what to do."""
    owned_by(tmp_path, **who)
    told = []
    with (
        pytest.raises(InstallError, match="has been installing") as raised,
        hold(tmp_path, told, wait_seconds=0.2),
    ):
        pass
    assert len(told) == 1
    assert str(os.getpid()) in told[0]
    assert raised.value.fix.endswith(str(tmp_path / lock.NAME))
    assert (tmp_path / lock.NAME).exists()


def test_whoever_waits_can_be_stopped(tmp_path):
    """The wait is over, and the lock is still the other's."""
    owned_by(tmp_path)
    cancel = executor.Cancel()
    cancel.set()
    with pytest.raises(Cancelled), hold(tmp_path, cancel=cancel):
        pass


def test_what_was_taken_over_is_left(tmp_path):
    """Whoever comes back after his time does not take the next one's lock away."""
    with hold(tmp_path):
        owned_by(tmp_path, host="elsewhere")
    assert json.loads((tmp_path / lock.NAME).read_text())["host"] == "elsewhere"


def test_two_at_once_come_one_after_the_other(tmp_path):
    """Twelve of them, over the lock of a dead one: never two inside."""
    owned_by(tmp_path, pid=gone())
    inside, most = [], []

    def work():
        with hold(tmp_path):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.005)
            inside.pop()

    workers = [threading.Thread(target=work) for _ in range(12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(SOON_SECONDS)
    assert most == [1] * 12


def test_an_environment_that_cannot_be_written_says_so(tmp_path):
    """The sentence has the command that helps."""
    with pytest.raises(InstallError, match="cannot be locked") as raised, hold(tmp_path / "not-there"):
        pass
    assert "venv" in raised.value.fix


def test_who_takes_over_from_the_dead_is_told(tmp_path):
    """With the lock held, so that what was left half done can be cleared away; once."""
    owned_by(tmp_path, pid=gone())
    told = []
    assert lock.is_left(tmp_path)
    with hold(tmp_path, over=lambda: told.append((tmp_path / lock.NAME).exists())):
        assert not lock.is_left(tmp_path)
    with hold(tmp_path, over=lambda: told.append("again")):
        pass
    assert told == [True]
    assert not lock.is_left(tmp_path)


def _linked(path):
    path.symlink_to(path.with_name("nowhere"))


def _endless(path):
    path.symlink_to("/dev/zero")


def _of_numbers(path):
    path.write_text('{"host": "e", "pid": 1e400, "start_time": 1, "until": 1e400}')


@pytest.mark.parametrize("plant", [_linked, os.mkfifo, _endless, _of_numbers])
def test_what_is_no_lock_holds_nobody_up(tmp_path, plant):
    """A cloned project can bring anything under the lock's name: it is no owner, and is not waited for."""
    plant(tmp_path / lock.NAME)
    began = time.monotonic()
    with hold(tmp_path):
        assert json.loads((tmp_path / lock.NAME).read_text())["pid"] == os.getpid()
    assert time.monotonic() - began < SOON_SECONDS
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_its_place_is_said(tmp_path):
    """What cannot be taken away is named, within the limit."""
    (tmp_path / lock.NAME).mkdir()
    with pytest.raises(InstallError, match="something that is no lock"), hold(tmp_path, wait_seconds=0.2):
        pass


def test_an_owner_cannot_draw(tmp_path):
    """The host's name is somebody else's text: no escape of it reaches the screen."""
    owned_by(tmp_path, host="far\x1b[2J\x07")
    told = []
    with pytest.raises(InstallError) as raised, hold(tmp_path, told, wait_seconds=0.2):
        pass
    assert all(text.replace("\n", "").isprintable() for text in (str(raised.value), *told))
