"""A cage is what was asked for, or an error; never less without a word."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from caged import run
from skips import requires

from autoexec_magic.errors import CageError, UsageError
from autoexec_magic.executor import cage
from autoexec_magic.executor.cage import bubblewrap, kernel, landlock, levels


def request(workspace: Path, level: str = "workspace", **more: object) -> cage.CageRequest:
    """Return a request of a workspace."""
    return cage.CageRequest(level=level, workspace=workspace, **more)


def test_open_is_limits_only(tmp_path):
    """It changes neither command nor environment, and calls `start` where it stands."""
    with cage.build(request(tmp_path, "open")) as built:
        assert (built.level, built.mechanism, built.scratch) == ("open", "limits", None)
        assert built.argv(["a", "b"]) == ("a", "b")
        assert built.environment({"HOME": "/h"}) == {"HOME": "/h"}
        assert built.spawn(lambda: "started") == "started"
        assert built.pass_fds == ()
        assert built.explain(Path("/etc/shadow"), write=True) == "ordinary"
        assert built.explain_failure("cat: /etc/shadow: Permission denied") is None


def test_a_name_alone_is_a_cage_of_the_current_folder(workdir):
    """What `doctor` asks for."""
    with cage.build("workspace") as built:
        assert built.request.workspace == workdir


@pytest.mark.parametrize("level", ["", "Open", "none", "OPEN ", None])
def test_an_unknown_level_is_a_usage_error(level):
    """A misspelt level is no cage; the ones there are, are named."""
    with pytest.raises(UsageError, match="no cage level") as caught:
        cage.build(level)
    assert all(name in caught.value.fix for name in cage.LEVELS)


@pytest.mark.parametrize(
    ("found", "said"), [(0, "no Landlock"), (3, "Landlock ABI 3"), (5, "ABI 6 is needed")]
)
def test_a_kernel_that_cannot_is_an_error(monkeypatch, tmp_path, found, said):
    """Not a weaker cage: what is missing, and what to do."""
    monkeypatch.setattr(landlock, "abi", lambda: found)
    with pytest.raises(CageError, match="workspace") as caught:
        cage.build(request(tmp_path))
    assert said in caught.value.why
    assert "6.12" in caught.value.fix


@pytest.mark.parametrize("level", ["workspace", "sealed"])
def test_elsewhere_there_is_only_open(monkeypatch, tmp_path, level):
    """Another system, or another processor."""
    monkeypatch.setattr(kernel, "column", lambda: None)
    monkeypatch.setattr(bubblewrap, "find", lambda: Path("/usr/bin/bwrap"))
    with pytest.raises(CageError, match=level) as caught:
        cage.build(request(tmp_path, level))
    assert "Linux" in caught.value.why
    assert "--cage open" in caught.value.fix
    assert cage.build(request(tmp_path, "best")).level == "open"


def test_best_takes_the_strongest_there_is(monkeypatch, tmp_path):
    """And says which."""

    def absent() -> Path:
        raise CageError("the cage 'sealed' cannot be had")

    monkeypatch.setattr(bubblewrap, "find", absent)
    with cage.build(request(tmp_path, "best")) as built:
        assert built.level == "workspace"
        assert built.mechanism.startswith("landlock+seccomp")
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    assert cage.build(request(tmp_path, "best")).level == "open"


def test_a_bubblewrap_that_does_not_work_is_no_cage(tmp_path):
    """It is installed, and user namespaces are forbidden: what it said is the reason."""
    with pytest.raises(CageError, match="sealed") as caught:
        levels._require_bubblewrap(Path("/bin/false"))
    assert "ended with 1" in caught.value.why
    assert "namespaces" in caught.value.fix


def test_sealed_has_no_network_to_give(tmp_path):
    """Asking for both is a mistake, not a compromise."""
    with pytest.raises(CageError, match="no network") as caught:
        cage.build(request(tmp_path, "sealed", net=(443,)))
    assert "workspace" in caught.value.fix


def test_no_scratch_is_left(tmp_path, monkeypatch):
    """Neither of a cage that was closed, nor of one that could not be made."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    workspace = tmp_path / "project"
    workspace.mkdir()
    cage.build(request(workspace)).close()
    with pytest.raises(CageError):
        cage.build(request(workspace, read=(tmp_path / "absent",)))
    assert os.listdir(tmp_path) == ["project"]


def test_a_given_scratch_stays(tmp_path):
    """Who makes it, removes it."""
    scratch, workspace = tmp_path / "scratch", tmp_path / "project"
    scratch.mkdir()
    workspace.mkdir()
    with cage.build(request(workspace, scratch=scratch)) as built:
        assert run(built, ["sh", "-c", "echo x > ~/kept"], cwd=workspace).returncode == 0
    assert (scratch / "home/kept").read_text() == "x\n"


def test_no_descriptor_is_left(tmp_path):
    """Of rulesets, namespaces and filters."""
    before = sorted(os.listdir("/proc/self/fd"))
    for level in ("workspace", "workspace", "best"):
        with cage.build(request(tmp_path, level)) as built:
            run(built, ["true"], cwd=tmp_path)
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_the_process_itself_stays_free(tmp_path):
    """The cage belongs to a thread that has ended."""
    with cage.build(request(tmp_path)) as built:
        run(built, ["true"], cwd=tmp_path)
    outside = tmp_path.parent / f"{tmp_path.name}-free"
    outside.write_text("still writable")
    outside.unlink()
    status = Path("/proc/self/status").read_text()
    assert "NoNewPrivs:\t0" in status
    assert "Seccomp:\t0" in status or "Seccomp:\t2" in status  # whoever runs the tests may be filtered
    assert os.getcwd() == os.path.realpath(os.getcwd())


def test_a_program_that_is_not_there_is_reported_as_ever(tmp_path):
    """What `start` raises on the thread is raised where it was asked."""
    with cage.build(request(tmp_path)) as built, pytest.raises(FileNotFoundError):
        run(built, ["/usr/bin/there-is-no-such-program"], cwd=tmp_path)


@pytest.mark.parametrize("level", ["workspace", "sealed"])
def test_what_is_in_the_persons_home_is_told_from_what_is_missing(level, tmp_path, monkeypatch):
    """A caged `~` is another folder; with the option the file is opened by its own path."""
    home, workspace = tmp_path / "ada", tmp_path / "w"
    for folder in (home, workspace):
        folder.mkdir()
    (home / "x").write_text("found")
    monkeypatch.setenv("HOME", str(home))
    source = "import os, sys; print(open(os.path.expanduser(sys.argv[1])).read())"
    with sealed(workspace) if level == "sealed" else cage.build(request(workspace)) as built:
        for argv in ([sys.executable, "-c", source, "~/x"], ["sh", "-c", "cat ~/x"]):
            ended = run(built, argv, cwd=workspace)
            assert str(built.scratch) in ended.stderr
            assert built.explain_failure(ended.stderr).option == f"--read {home / 'x'}"
        ended = run(built, [sys.executable, "-c", source, "~/y"], cwd=workspace)
        assert built.explain_failure(ended.stderr) is None
    with cage.build(request(workspace, level, read=(home / "x",))) as built:
        ended = run(built, [sys.executable, "-c", source, home / "x"], cwd=workspace)
        assert ended.stdout == "found\n"


def test_ports_are_the_ones_named(tmp_path):
    """Connecting to another one is denied, listening, too; the option is named."""
    import socket

    source = (
        "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5); print('connected')"
    )
    with socket.socket() as named, socket.socket() as other:
        for end in (named, other):
            end.bind(("127.0.0.1", 0))
            end.listen()
        port, closed = named.getsockname()[1], other.getsockname()[1]
        with cage.build(request(tmp_path, net=(port,))) as built:
            (tmp_path / "a.py").write_text(source)
            yes = run(built, [sys.executable, "a.py", port], cwd=tmp_path)
            no = run(built, [sys.executable, "a.py", closed], cwd=tmp_path)
            (tmp_path / "b.py").write_text("import socket\nsocket.socket().listen()")
            listens = run(built, [sys.executable, "b.py"], cwd=tmp_path)
            assert built.explain_failure(no.stderr).option == "--net PORTS"
            assert built.explain_failure(listens.stderr).option == "--net all"
    assert "connected" in yes.stdout
    assert "PermissionError" in no.stderr
    assert "PermissionError" in listens.stderr


def test_all_of_the_network_is_tcp_and_udp(tmp_path):
    """And nothing below it."""
    source = (
        "import socket\nfor kind in (1, 2): socket.socket(2, kind).close(); socket.socket(10, kind).close()\n"
        "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print('listens')\n"
        "socket.socket(socket.AF_NETLINK, 3)"
    )
    with cage.build(request(tmp_path, net="all")) as built:
        ended = run(built, [sys.executable, "-c", source], cwd=tmp_path)
    assert "listens" in ended.stdout
    assert "PermissionError" in ended.stderr


def test_what_mounts_cannot_keep_is_noticed(tmp_path):
    """Without mounts a protected file can be written; nobody may trust it afterwards."""
    (tmp_path / ".git/hooks").mkdir(parents=True)
    with cage.build(request(tmp_path, mounts=False)) as built:
        before = built.watch()
        run(
            built,
            ["sh", "-c", "echo ok > ordinary; echo x > .git/hooks/pre-commit; echo > autoexec.toml"],
            cwd=tmp_path,
        )
        changed = {path.name for path in built.voided(before)}
    assert changed == {"hooks", "pre-commit", "autoexec.toml"}


def test_mounts_keep_what_is_there(tmp_path):
    """And what was not there yet is noticed."""
    (tmp_path / ".git/hooks").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("")
    with cage.build(request(tmp_path)) as built:
        requires("mounts" in built.mechanism, "there are no mounts", "run as root")
        before = built.watch()
        ended = run(
            built,
            ["sh", "-c", "echo > .git/hooks/x; echo > pyproject.toml; echo > autoexec.toml"],
            cwd=tmp_path,
        )
        assert ended.stderr.count("Read-only file system") == 2
        assert [path.name for path in built.voided(before)] == ["autoexec.toml"]
        assert built.explain(tmp_path / "pyproject.toml", write=True) == "protected"
        assert built.explain_failure(ended.stderr).option == ""


def test_sealed_writes_scratch_only(tmp_path):
    """The workspace can be read."""
    (tmp_path / "a").write_text("text")
    with sealed(tmp_path) as built:
        ended = run(
            built,
            ["sh", "-c", "cat a; echo x > ~/b && cat ~/b; echo y > /tmp/c && cat /tmp/c; echo > d"],
            cwd=tmp_path,
        )
    assert ended.stdout == "textx\ny\n"
    assert "Read-only file system" in ended.stderr
    assert os.listdir(tmp_path) == ["a"]


def test_sealed_hides_the_environment_of_whoever_started_it(tmp_path, monkeypatch):
    """The first process inside has an environment that the child can read: the child's own."""
    monkeypatch.setenv("CLOUD_KEY", "do-not-show")
    with sealed(tmp_path) as built:
        ended = run(built, ["sh", "-c", "cat /proc/*/environ; env"], cwd=tmp_path)
    assert "HOME=" in ended.stdout
    assert "do-not-show" not in ended.stdout


def test_sealed_can_be_started_again(tmp_path):
    """A filter is read once; each start has its own."""
    with sealed(tmp_path) as built:
        for _ in range(3):
            ended = run(built, [sys.executable, "-c", "import socket; socket.socket(1)"], cwd=tmp_path)
            assert "Operation not permitted" in ended.stderr


def sealed(workspace: Path) -> cage.Cage:
    """Return a cage of the level `sealed`, or skip."""
    try:
        return cage.build(request(workspace, "sealed"))
    except CageError as error:
        requires(False, error.why, "apt-get install bubblewrap")
        raise
