"""The process of a service, started by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import serviced
from serviced import until

from autoexec_magic.deployer.serving import daemon, place

SERVE = (sys.executable, "-m", "autoexec_magic.deployer.serving")


@pytest.fixture
def by_hand(tmp_path):
    """Start it as a person may, and end it with the test."""
    started = []

    def start(*more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen([*SERVE, str(tmp_path), *more], stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_serves_in_the_folder_that_is_given(tmp_path, by_hand):
    port = serviced.nobody()
    process = by_hand("--port", str(port))
    assert until(lambda: place.read(tmp_path))
    assert serviced.asked(port).startswith(b"HTTP/1.1 503 ")
    assert serviced.serving(tmp_path).state().pid == process.pid
    process.send_signal(signal.SIGTERM)
    assert process.wait(serviced.PATIENCE) == 0


def test_a_folder_is_served_once(tmp_path, by_hand):
    by_hand()
    assert until(lambda: place.read(tmp_path))
    second = by_hand()
    assert second.wait(serviced.PATIENCE) == 1
    assert "another process" in second.stderr.read()


def test_a_record_that_cannot_be_read_is_told(tmp_path, by_hand):
    (tmp_path / "state.json").write_text("{")
    process = by_hand()
    assert process.wait(serviced.PATIENCE) == 1
    assert "state.json cannot be read" in process.stderr.read()


def test_it_imports_little_before_it_is_there(tmp_path):
    """The executor alone takes as long as all the rest, and requests need not wait for it."""
    code = "import sys, autoexec_magic.deployer.serving.daemon; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    heavy = {
        "autoexec_magic.executor",
        "autoexec_magic.events",
        "autoexec_magic.redact",
        "IPython",
        "jupyter_core",
    }
    assert heavy & set(done.stdout.split()) == set()


def test_it_knows_when_it_was_started():
    from autoexec_magic import executor

    assert daemon._start_time() == executor.identify(os.getpid()).start_time
    assert time.monotonic() > 0
