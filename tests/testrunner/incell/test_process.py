"""What belongs to the process is put back."""

from __future__ import annotations

import os
import signal
import time

import pytest

from autoexec_magic.testrunner.incell.process import KEPT

TIMER = signal.ITIMER_VIRTUAL  # the other one is in use: it ends a test that hangs


def umask():
    """Return the umask."""
    os.umask(mask := os.umask(0))
    return mask


@pytest.mark.parametrize(
    ("row", "spoil", "look"),
    [
        ("working directory", lambda: os.chdir("/"), os.getcwd),
        ("environment", lambda: os.environ.update(AUTOEXEC_SPOILT="1"), lambda: dict(os.environ)),
        ("environment", os.environ.clear, lambda: dict(os.environ)),
        ("environment", lambda: setattr(os, "environ", {}), lambda: os.environ),
        ("locale, umask and faulthandler", lambda: os.umask(0o77), umask),
        ("signals", lambda: signal.signal(signal.SIGTERM, print), lambda: signal.getsignal(signal.SIGTERM)),
        ("signals", lambda: signal.setitimer(TIMER, 100), lambda: signal.getitimer(TIMER)[0]),
    ],
)
def test_each_row_puts_back(row, spoil, look, tmp_path, monkeypatch):
    """What it is there for."""
    monkeypatch.chdir(tmp_path)
    before = look()
    restore = KEPT[row]()
    spoil()
    assert look() != before
    restore()
    assert look() == before


def test_the_time_zone_follows_the_environment():
    """It is asked for when somebody says so."""
    before = time.tzname
    restore = KEPT["environment"]()
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    assert time.tzname == ("JST", "JST")
    restore()
    assert time.tzname == before


def test_a_directory_that_is_gone_is_no_harm(tmp_path, monkeypatch):
    """A test may remove the one it is in."""
    monkeypatch.chdir(tmp_path)
    restore = KEPT["working directory"]()
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    restore()
    assert os.getcwd() == str(tmp_path)


def test_descriptors_stand_for_what_they_did():
    """Closed or replaced; and the copies are closed again."""
    with open(os.devnull) as null:
        before = os.fstat(0)
        restore = KEPT["descriptors"]()
        os.dup2(null.fileno(), 0)
        restore()
        assert os.path.samestat(os.fstat(0), before)
