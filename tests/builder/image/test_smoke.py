"""An image is tried as strictly as one can be (test_image.py tries whole ones)."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import subprocess
import sys
import threading
import time

import benches
import pytest

from autoexec_magic import dockerengine as engine_module
from autoexec_magic.builder.image import leftovers, smoke
from autoexec_magic.builder.image.watched import Watch
from autoexec_magic.errors import BuildError, Cancelled, RunTimeout


def trial(client, name="tiny:1", **words):
    """Return a trial of an image."""
    usual = {"image": client.inspect_image(name)["Id"], "name": name, "port": 0, "ask": "/", "labels": {}}
    return smoke.Trial(**{**usual, **words})


@pytest.fixture
def client(engine):
    """Return a client of an engine with a small image that sleeps."""
    engine.load("tiny:1")
    with contextlib.closing(engine.client()) as client:
        yield client


def image(client, command, **words):
    """Make an image that runs a command, and return its name."""
    job = client.create_container("tiny:1", command, **words)["Id"]
    client.commit(job, "trial", "1")
    client.remove_container(job)
    return "trial:1"


def test_other_labels_are_another_image(client, tmp_path):
    """Read from where it runs."""
    name = image(client, ["sleep", "100"], labels={"a": "2"})
    before = client.containers(all=True)
    with pytest.raises(BuildError) as other:
        smoke.tried(trial(client, name, labels={"a": "1"}), client, benches.bench(tmp_path))
    assert "its label a is '2'" in other.value.why
    assert client.containers(all=True) == before


def test_it_cannot_write_but_to_its_own_tmp(client, tmp_path):
    """Nor gain what it was not given."""
    name = image(client, ["sh", "-c", "echo 1 > /tmp/x && echo 2 > /x"])
    with pytest.raises(BuildError) as unwell:
        smoke.tried(trial(client, name), client, benches.bench(tmp_path))
    assert "Read-only file system" in " ".join(unwell.value.evidence)


CONFINED = """
while read name value; do case $name in CapEff:|CapBnd:|NoNewPrivs:) echo "$name $value";; esac
done < /proc/self/status
for file in /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max; do [ -e $file ] && cat $file; done
exit 1
"""


def test_it_can_do_nothing_and_gain_nothing_and_start_few(client, tmp_path, monkeypatch):
    """Seen from inside, and as the engine has it: none of it is the engine's own default."""
    seen = []
    await_ = smoke._await

    def looked(trial, container, client, watch):
        seen.append(client.inspect_container(container)["HostConfig"])
        return await_(trial, container, client, watch)

    monkeypatch.setattr(smoke, "_await", looked)
    with pytest.raises(BuildError) as unwell:
        smoke.tried(trial(client, image(client, ["sh", "-c", CONFINED])), client, benches.bench(tmp_path))
    said = " ".join(unwell.value.evidence)
    for line in ("CapEff: 0000000000000000", "CapBnd: 0000000000000000", "NoNewPrivs: 1"):
        assert line in said
    assert (seen[0]["CapDrop"], seen[0]["SecurityOpt"]) == (["ALL"], ["no-new-privileges"])
    assert seen[0]["PidsLimit"] == smoke._PROCESSES
    assert seen[0]["Memory"] == smoke._MEMORY_BYTES
    assert seen[0]["ReadonlyRootfs"]


def test_a_limit_ends_it_and_it_is_gone(client, tmp_path):
    """One that is never well."""
    from dataclasses import replace

    name = image(client, ["sleep", "100"], ports=[80])
    before = client.containers(all=True)
    bench = replace(benches.bench(tmp_path), timeout=1.0)
    with pytest.raises(RunTimeout):
        smoke.tried(trial(client, name, port=80), client, bench)
    assert client.containers(all=True) == before


def test_a_trial_that_was_killed_goes_with_the_next_build(client, tmp_path):
    """Its name is on disk before the container is there."""
    name = image(client, ["sleep", "1000"], ports=[80])
    code = (
        "import sys, pathlib, benches\n"
        "from autoexec_magic import dockerengine as engine\nfrom autoexec_magic.builder.image import smoke\n"
        "with engine.connected() as client:\n"
        "    trial = smoke.Trial(image=sys.argv[1], name='x', port=80, ask='/', labels={})\n"
        "    smoke.tried(trial, client, benches.bench(pathlib.Path(sys.argv[2])))\n"
    )
    before = {each["Id"] for each in client.containers(all=True)}
    env = os.environ | {"PYTHONPATH": os.path.dirname(benches.__file__)}
    process = subprocess.Popen([sys.executable, "-c", code, name, tmp_path], env=env)
    until = time.monotonic() + 20
    while not (new := {each["Id"] for each in client.containers()} - before) and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert new
    leftovers.sweep(client, benches.bench(tmp_path).cache, engine_module.identity(client))
    assert {each["Id"] for each in client.containers(all=True)} == before


@contextlib.contextmanager
def saying(first, piece):
    """Yield the port of a server that never ends its answer."""
    server, is_over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve():
        with contextlib.suppress(OSError):
            line, _ = server.accept()
            with line:
                line.sendall(first)
                while not is_over.wait(0.02):
                    line.sendall(piece)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        is_over.set()
        server.close()
        thread.join(5)


ENDLESS = [
    pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="continue"),
    pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"a", id="header"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", b"a", id="body"),
]


@pytest.mark.parametrize(("first", "piece"), ENDLESS)
def test_an_answer_without_an_end_comes_to_one(tmp_path, monkeypatch, first, piece):
    """Each of its bytes is in time; the whole of it is not."""
    monkeypatch.setattr(smoke, "_ASK_SECONDS", 0.5)
    watch = Watch.of(benches.bench(tmp_path), "the trial")
    with saying(first, piece) as port:
        asking = smoke._Asking(host="127.0.0.1", port=port, path="/")
        if piece == b"a" and b"Length" in first:
            monkeypatch.setattr(smoke, "_SHOWN_BYTES", 9999)
        assert asking.asked(watch) == (0, "no whole answer within 0 s")
    assert not any(each.name == "autoexec-trial" for each in threading.enumerate())


def test_a_stop_is_heard_while_an_answer_comes(tmp_path):
    """A person waits for nobody."""
    bench = dataclasses.replace(benches.bench(tmp_path), is_cancelled=lambda: True)
    with saying(b"", b"HTTP/1.1 100 Continue\r\n\r\n") as port, pytest.raises(Cancelled):
        smoke._Asking(host="127.0.0.1", port=port, path="/").asked(Watch.of(bench, "the trial"))
