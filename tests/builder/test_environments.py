"""Environments of builds: made once, whole or not at all, and shared by builds at the same time."""

from __future__ import annotations

import os
import subprocess
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import benches
import pytest

from autoexec_magic.builder import environments, scratch
from autoexec_magic.errors import BuildError, MissingTool


@pytest.fixture
def bench(tmp_path):
    """Return a bench that asks no index."""
    return replace(benches.bench(tmp_path, level="open"), sources={"UV_OFFLINE": "1", "UV_NO_INDEX": "1"})


def test_an_environment_is_made_once(bench):
    """The same requirements in another order are the same; its python runs."""
    first = environments.environment_for([], bench, what="nothing")
    inode = first.stat().st_ino
    assert environments.environment_for([], bench, what="nothing") == first
    assert first.stat().st_ino == inode
    said = subprocess.run(
        [environments.python_of(first), "-c", "import sys; print(sys.prefix)"], capture_output=True
    )
    assert said.stdout.decode().strip() == str(first)
    assert environments.packages_of(first) == ()


def test_two_builds_at_once_share_one(bench, tmp_path):
    """Neither takes the other's away; each is a run of its own."""
    others = [benches.bench(tmp_path, level="open") for _ in range(4)]
    found, faults = [], []

    def make(own):
        try:
            found.append(environments.environment_for([], own, what="nothing"))
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=make, args=(each,)) for each in others]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert faults == []
    assert len(set(found)) == 1
    assert [each.name for each in found[0].parent.iterdir()] == [found[0].name]
    assert subprocess.run([environments.python_of(found[0]), "-c", ""], check=False).returncode == 0


def test_who_is_slower_takes_the_others(bench, tmp_path, monkeypatch):
    """The faster build is at work with its own: that one must not be moved away from under it."""
    faster = benches.bench(tmp_path, level="open")
    made = []
    furnished = environments.furnished

    def overtaken(*words, **more):
        if not made:
            made.append(None)
            made[0] = environments.environment_for([], faster, what="nothing").stat().st_ino
        return furnished(*words, **more)

    monkeypatch.setattr(environments, "furnished", overtaken)
    assert environments.environment_for([], bench, what="nothing").stat().st_ino == made[0]


def test_what_is_not_to_be_had_leaves_nothing(bench):
    """The requirement is named, with uv's reason."""
    with pytest.raises(BuildError, match=r"the backend \(pears-nowhere\) is not to be had") as failed:
        environments.environment_for(["pears-nowhere"], bench, what="the backend")
    assert "pears-nowhere" in failed.value.why
    assert list((bench.cache / environments.FOLDER).iterdir()) == []


def test_an_old_one_is_made_anew_and_kept_where_that_fails(bench, monkeypatch):
    """A fault of a backend is not kept for ever; without an index the old one still does."""
    place = environments.environment_for([], bench, what="nothing")
    old = time.time() - 30 * 86_400
    os.utime(place / ".autoexec-made", (old, old))
    inode = place.stat().st_ino
    environments.environment_for([], bench, what="nothing")
    assert place.stat().st_ino != inode
    os.utime(place / ".autoexec-made", (old, old))
    inode = place.stat().st_ino

    def down(*_, **__):
        raise BuildError("no index")

    monkeypatch.setattr(environments, "furnished", down)
    assert environments.environment_for([], bench, what="nothing").stat().st_ino == inode


def test_what_was_left_half_made_and_what_nobody_uses_goes(bench, monkeypatch):
    """But not what another build is making just now, nor what was used yesterday."""
    parent = bench.cache / environments.FOLDER
    for name, days in (("c", 90), ("d", 1)):
        (parent / name).mkdir(parents=True)
        (parent / name / ".autoexec-used").touch()
        when = time.time() - days * 86_400
        os.utime(parent / name / ".autoexec-used", (when, when))
    (parent / "new.left.part").mkdir()
    monkeypatch.setattr(scratch, "_FRESH_SECONDS", -1.0)
    with scratch.folder(parent, prefix="new.", suffix=".part") as others:
        (parent / "new.left.part").mkdir(exist_ok=True)
        place = environments.environment_for([], bench, what="nothing")
        assert sorted(each.name for each in parent.iterdir()) == sorted(["d", others.name, place.name])


def test_without_uv_it_says_what_to_install(bench):
    """And nothing else is tried."""
    with pytest.raises(MissingTool) as failed:
        environments.environment_for([], replace(bench, uv=None), what="nothing")
    assert failed.value.fix


def wheel_of(folder, name, members):
    """Write a wheel of one version, and return it."""
    own = f"{name}-1.dist-info"
    files = {
        **members,
        f"{own}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{own}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{own}/RECORD"))
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, f"{own}/RECORD": record}.items():
            wheel.writestr(path, text)
    return folder / f"{name}-1-py3-none-any.whl"


@pytest.fixture
def hostile(tmp_path):
    """Return a bench whose index has a package that runs at every start, and what it would leave."""
    proof = tmp_path / "proof"
    code = f"import os; open({str(proof)!r}, 'a').write(str(sorted(os.environ.items())))\n"
    wheel_of(tmp_path / "links", "evil", {"evil.py": "X = 1\n", "evil.pth": code})
    wheel_of(tmp_path / "links", "pear", {"pear.py": "X = 1\n"})
    heard = []
    bench = benches.bench(tmp_path)

    def start(argv, **more):
        heard.append((tuple(argv), more))
        return bench.start(argv, **more)

    sources = {
        "UV_FIND_LINKS": str(tmp_path / "links"),
        "UV_OFFLINE": "1",
        "UV_DEFAULT_INDEX": "https://me:hunter22@127.0.0.1:9/simple",
    }
    return replace(bench, sources=sources, start=start), proof, heard


def test_what_runs_at_every_start_runs_in_the_cage_only(hostile, tmp_path):
    """A `.pth` of a package that a project asks for: neither when it is installed nor when it is compiled."""
    bench, proof, heard = hostile
    made = environments.environment_for(["evil"], bench, what="the backend")
    assert environments.packages_of(made) == ("evil==1",)
    assert list(made.glob("lib/*/site-packages/__pycache__/evil.*.pyc"))
    assert not proof.exists()
    for argv, more in heard:
        own = Path(argv[0])
        is_foreign = more.get("is_foreign", True)
        assert is_foreign or own == bench.uv
        assert "hunter22" not in str(argv)
        is_told = "hunter22" in str(more.get("env"))
        assert not is_told or argv[1:3] == ("pip", "install")
    assert len([argv for argv, _ in heard if argv[1:3] == ("pip", "install")]) == 1


def test_a_requirement_that_is_code_is_refused_before_anything_starts(hostile):
    """An option, or a second line, in what a backend's hook answers."""
    bench, _, heard = hostile
    for line in ("-e .", "pear\n-e .", "pear @ file:///x/pear-1-py3-none-any.whl"):
        with pytest.raises(BuildError, match="no requirement that a build may have"):
            environments.environment_for([line], bench, what="the backend")
    assert heard == []


def test_our_own_wheel_is_the_one_file(hostile, tmp_path):
    """It comes with what else is asked for, in one go; its folder's name may hold any sign."""
    bench, _, _ = hostile
    own = environments.Own(wheel=wheel_of(tmp_path / "a b$HOME#c", "plum", {"plum.py": ""}), name="plum")
    made = environments.furnished(tmp_path / "made", ["pear"], bench, BuildError("no"), own=own)
    assert environments.packages_of(made) == ("pear==1", "plum==1")
