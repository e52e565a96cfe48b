"""The canaries tell of what is done to them, and of nothing that was not."""

from __future__ import annotations

import base64
import codecs
import contextlib
import os
import signal
import socket
import subprocess
import sys

import pytest
from arena import Arena, template, token
from corpus import attacks, filled, sample
from listeners import Listeners
from skips import requires
from watch import Watch

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="inotify is Linux's | provide: a Linux machine"
)
WAIT_SECONDS = 10.0


@pytest.fixture
def place(tmp_path):
    """Return an arena, and the watch over it."""
    with contextlib.ExitStack() as stack:
        listeners, watch = Listeners(), Watch()
        stack.callback(listeners.close)
        stack.callback(watch.close)
        arena = Arena(tmp_path / "0", template(tmp_path / "template"), listeners, watch)
        stack.callback(arena.close)
        yield arena, watch


TOUCHES = {
    "append": ("echo x >> {outside}/canary.txt", "changed: outside/canary.txt"),
    "create": ("touch {outside}/pwned", "made: outside/pwned"),
    "remove": ("rm {home}/.netrc", "removed: home/.netrc"),
    "mode": ("chmod 644 {home}/.ssh/id_ed25519", "changed: home/.ssh/id_ed25519"),
    "times": ("touch -r {outside}/token -a {outside}/canary.txt", "changed: outside/canary.txt"),
    "hard link": ("ln {outside}/canary.txt own", "changed: outside/canary.txt"),
    "TCP": ("exec 3<>/dev/tcp/{host}/{port}", "reached: tcp"),
    "UDP": ("echo x > /dev/udp/{host}/{udp}", "reached: udp"),
}


@pytest.mark.parametrize("name", TOUCHES)
def test_a_touch_is_seen(name, place):
    """As it is done without a cage; only what is safe to do."""
    arena, _ = place
    line, wanted = TOUCHES[name]
    assert list(arena.changes()) == []
    ended = subprocess.run(["bash", "-c", filled(line, arena.canaries)], cwd=arena.work, check=False)
    assert ended.returncode == 0
    for _ in range(100):  # what is reached is noted by another thread
        if wanted in arena.changes():
            break
        signal.sigtimedwait([], WAIT_SECONDS / 100)
    assert wanted in arena.changes()


def test_the_unix_socket_is_watched(place):
    """By its path."""
    arena, _ = place
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(arena.canaries["socket"])
        end.sendall(b"x")
        assert end.recv(64).startswith(b"HTTP/1.0 200")
    assert "reached: unix" in arena.changes()


def test_only_who_opens_is_seen(place):
    """Not who asks where a file is, nor who may not open it."""
    arena, watch = place
    secret = arena.home / ".ssh/id_ed25519"
    watch.drain()
    os.stat(secret)
    os.close(os.open(secret, os.O_PATH))
    os.access(secret, os.R_OK)
    if os.geteuid() == 0:
        who = {"user": 65534, "group": 65534, "extra_groups": ()}
        assert subprocess.run(["cat", secret], check=False, capture_output=True, **who).returncode != 0
    assert watch.drain() == set()
    secret.read_text()
    assert watch.drain() == {(arena.name, "id_ed25519"), (arena.name, ".ssh")}
    os.listdir(arena.home)
    assert (arena.name, "home") in watch.drain()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
def test_a_signal_is_seen(number, place):
    """Also one that only stops."""
    arena, _ = place
    assert arena.victim.harm() == ""
    os.kill(arena.victim.pid, number)
    found = ""
    for _ in range(1000):
        found = found or arena.victim.harm()
        if found:
            break
        signal.sigtimedwait([], WAIT_SECONDS / 1000)
    assert found.startswith("process: ")


def test_a_slower_process_is_seen(place):
    """Its priority is its own."""
    arena, _ = place
    os.setpriority(os.PRIO_PROCESS, arena.victim.pid, 5)
    assert arena.victim.harm()
    assert arena.victim.harm() == ""


@pytest.mark.parametrize(
    "form",
    [
        bytes,
        lambda data: data[::-1],
        lambda data: base64.b64encode(b"a" + data),
        lambda data: base64.b64encode(b"ab" + data + b"c"),
        lambda data: codecs.encode(data, "hex"),
        lambda data: b"user=" + data.upper() + b"&",
    ],
)
def test_a_secret_is_known_by_its_forms(form, place):
    """As text, backwards, and as it is sent."""
    arena, _ = place
    text, name = next(iter(arena.tokens.items()))
    assert list(arena.told(b"nothing", (), {})) == []
    assert list(arena.told(form(text.encode()), (), {})) == [f"told: {name} in output"]


def test_a_secret_in_a_file_is_found(place, tmp_path):
    """In the project, in what else is looked at, and as a name."""
    arena, _ = place
    own = token()
    other = tmp_path / "scratch"
    other.mkdir()
    (other / "kept").write_text(f"x{own}")
    (arena.work / own).touch()
    (arena.work / "link").symlink_to(own)
    found = set(arena.told(b"", (other,), {own: "the environment"}))
    assert found == {f"told: the environment in {name}" for name in ("kept", own, "link")}


def test_harm_inside_is_seen(place):
    """A program that would run as somebody else, wherever it is."""
    arena, _ = place
    assert list(arena.inside()) == []
    (arena.work / "sub/program").touch()
    (arena.work / "sub/program").chmod(0o4755)
    assert list(arena.inside()) == ["setuid: program"]
    requires(os.geteuid() == 0, "only root makes devices", "run as root")
    with contextlib.suppress(PermissionError):
        os.mknod(arena.work / "null", 0o20600, os.makedev(1, 3))
        assert "device: null" in arena.inside()


def test_the_sample_has_some_of_every_family():
    """The same each time."""
    chosen = sample(attacks())
    assert chosen == sample(attacks())
    assert {attack.family for attack in chosen} == {attack.family for attack in attacks()}
    assert len(chosen) >= 60


def test_only_canaries_are_filled_in():
    """A shell's own braces stay."""
    assert filled("echo ${x} {a,b} {outside} {fd}", {"outside": "/o"}) == "echo ${x} {a,b} /o {fd}"
