"""What is in a tarball, and what rules it out."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest
from npm_registry import entry, tarball

from autoexec_magic.installer.node import tarball as module
from autoexec_magic.installer.node.tarball import TarballFault, look, strangers


def made(tmp_path, content):
    """Write a tarball; return its path."""
    (tmp_path / "x.tgz").write_bytes(content)
    return tmp_path / "x.tgz"


def package(raw=None, **manifest):
    """Return a tarball of `x` 1.0.0."""
    own = {"name": "x", "version": "1.0.0", **manifest}
    return tarball({"package.json": json.dumps(own), "index.js": ""}, raw)


def test_a_sound_one_has_no_faults(tmp_path):
    """The benign twin of all that follows."""
    inside = look(made(tmp_path, package(bin="cli.js")), "x", "1.0.0")
    assert (inside.faults, inside.scripts, inside.programs) == ((), (), ("x",))
    assert inside.held(["", "gone"]) == ("",)


def test_another_folder_s_name_is_as_good(tmp_path):
    """npm takes the first folder off, whatever it is called."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        content = json.dumps({"name": "x", "version": "1.0.0"}).encode()
        for name in ("node-x/package.json", "node-x/index.js"):
            item = tarfile.TarInfo(name)
            item.size = len(content)
            archive.addfile(item, io.BytesIO(content))
    assert look(made(tmp_path, written.getvalue()), "x", "1.0.0").faults == ()


@pytest.mark.parametrize(
    ("manifest", "want"),
    [
        ({"scripts": {"postinstall": "x", "test": "y"}}, ("postinstall",)),
        ({"scripts": {"preinstall": "x", "install": "y"}}, ("preinstall", "install")),
        ({"scripts": {"install": ""}}, ()),
        ({"scripts": "x"}, ()),
    ],
)
def test_what_would_run_at_an_install_is_named(tmp_path, manifest, want):
    """Three names, and no others."""
    assert look(made(tmp_path, package(**manifest)), "x", "1.0.0").scripts == want


def test_a_build_file_is_a_script(tmp_path):
    """npm builds what has a binding.gyp, though nothing in package.json says so."""
    inside = look(made(tmp_path, package([entry("package/binding.gyp")])), "x", "1.0.0")
    assert inside.scripts == ("binding.gyp",)


def test_what_stands_behind_the_end_is_a_fault(tmp_path):
    """One reader stops at the first empty block, another one at two."""
    plain = gzip.decompress(package())
    end = plain.rstrip(b"\0")
    padded = end + b"\0" * (-len(end) % 512)
    more = gzip.decompress(tarball({"evil.js": "x"}))
    hidden = gzip.compress(padded + b"\0" * 512 + more)
    assert any("behind its end" in fault for fault in look(made(tmp_path, hidden), "x", "1.0.0").faults)
    with pytest.raises(TarballFault):
        look(made(tmp_path, package() + gzip.compress(more)), "x", "1.0.0")


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    """A few bytes that would become many."""
    monkeypatch.setattr(module, "MOST_BYTES", 10_000)
    with pytest.raises(TarballFault, match="unpack to more"):
        look(made(tmp_path, gzip.compress(b"\0" * 10_000_000)), "x", "1.0.0")


def test_too_many_entries_are_not_read(tmp_path, monkeypatch):
    """As many small files."""
    monkeypatch.setattr(module, "MOST_ENTRIES", 3)
    many = [entry(f"package/{number}.js") for number in range(9)]
    with pytest.raises(TarballFault, match="entries"):
        look(made(tmp_path, package(many)), "x", "1.0.0")


@pytest.mark.parametrize("content", [b"", b"not gzip", gzip.compress(b"not a tar" * 100)])
def test_what_is_none_says_so(tmp_path, content):
    """A clear fault, and no error of ours."""
    with pytest.raises(TarballFault):
        look(made(tmp_path, content), "x", "1.0.0")


def test_an_empty_one_has_no_manifest(tmp_path):
    """A tar with nothing in it."""
    assert look(made(tmp_path, tarball({})), "x", "1.0.0").faults == ("has no package.json",)


def test_a_program_of_everybody_s_name_is_a_fault(tmp_path):
    """A package that puts `node` or `npm` into node_modules/.bin would be run by every script."""
    inside = look(made(tmp_path, package(bin={"npm": "x.js"})), "x", "1.0.0")
    assert any("a program npm" in fault for fault in inside.faults)


@pytest.mark.parametrize(
    ("spec", "is_strange"),
    [
        *(("^1.0.0", False), ("*", False), ("latest", False), ("npm:y@^1", False), ("1.x || 2.x", False)),
        *(("git+ssh://h/x", True), ("https://h/x.tgz", True), ("file:../x", True), ("a/b", True)),
        *(("github:a/b", True), ("link:../x", True), ("a/b#semver:^1", True)),
    ],
)
def test_what_does_not_come_from_the_registry(spec, is_strange):
    """A repository, an address or a path among the dependencies."""
    assert bool(strangers({"dependencies": {"y": spec}})) is is_strange
