"""A tarball is data: what may not be in it, and how two differ."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile

import pytest
from packages import tarball

from autoexec_magic.builder.npm import contents
from autoexec_magic.builder.npm.manifest import Manifest
from autoexec_magic.errors import BuildError

OWN = {"package.json": json.dumps({"name": "pear", "version": "1.0.0"}), "index.js": "1"}
ZIPPED = gzip.compress(b"x" * 3000)
PEAR = Manifest(name="pear", version="1.0.0", data={"name": "pear", "version": "1.0.0"})


def entry(name: str, **fields: object) -> tarfile.TarInfo:
    """Return an entry of a tar with a name as it is given."""
    made = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(made, key, value)
    return made


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        pytest.param(entry("/etc/x"), "outside", id="absolute"),
        pytest.param(entry("package/../../x"), "outside", id="above"),
        pytest.param(entry("package\\x"), "outside", id="backslash"),
        pytest.param(entry("other/x"), "outside", id="beside"),
        pytest.param(entry("package/l", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a link", id="link"),
        pytest.param(entry("package/l", type=tarfile.LNKTYPE, linkname="x"), "a link", id="hard-link"),
        pytest.param(entry("package/p", type=tarfile.FIFOTYPE), "neither a file", id="pipe"),
        pytest.param(entry("package/index.js", size=3), "twice", id="twice"),
        pytest.param(entry("package/INDEX.js", size=3), "capitals", id="one-file-elsewhere"),
    ],
)
def test_what_would_land_elsewhere_is_refused(tmp_path, raw, match):
    """Or as something else than it seems."""
    found = contents.read(tarball(tmp_path / "x.tgz", OWN, [raw]))
    with pytest.raises(BuildError, match="is not what it says") as caught:
        contents.check(found, PEAR)
    assert match in caught.value.why


def test_a_secret_is_refused_and_not_shown(tmp_path):
    """By its name or by what it holds; a template of one is none."""
    token = "npm_" + "a1B2" * 9
    files = OWN | {"dist/a.js": f"const t = '{token}'", ".env.example": "A=", "conf/id_ed25519": "x"}
    with pytest.raises(
        BuildError, match=r"conf/id_ed25519 \(and 1 more\)|dist/a\.js \(and 1 more\)"
    ) as caught:
        contents.check(contents.read(tarball(tmp_path / "x.tgz", files)), PEAR)
    assert token not in str(caught.value)
    assert (
        contents.check(contents.read(tarball(tmp_path / "y.tgz", OWN | {".env.example": "A="})), PEAR) == ()
    )


def test_a_script_that_renames_the_package_is_seen(tmp_path):
    """What was asked about is what is handed out."""
    other = OWN | {"package.json": json.dumps({"name": "plum", "version": "1.0.0"})}
    with pytest.raises(BuildError) as caught:
        contents.check(contents.read(tarball(tmp_path / "x.tgz", other)), PEAR)
    assert "plum 1.0.0" in caught.value.why
    with pytest.raises(BuildError) as caught:
        contents.check(contents.read(tarball(tmp_path / "y.tgz", {"index.js": "1"})), PEAR)
    assert "no package.json" in caught.value.why


@pytest.mark.parametrize(
    "content", [b"", b"no tarball", gzip.compress(b"x" * 3000), gzip.compress(b"x" * 3000)[:20]]
)
def test_what_is_no_tarball_is_said(tmp_path, content):
    """Cut short, empty, or something else."""
    (tmp_path / "x.tgz").write_bytes(content)
    with pytest.raises(BuildError, match=r"x\.tgz is no tarball|is not what it says"):
        contents.check(contents.read(tmp_path / "x.tgz"), PEAR)


def test_the_folder_that_it_was_built_in_is_a_warning(tmp_path):
    """It is nobody else's, and makes every build another one."""
    place = tmp_path / "autoexec-build-1"
    found = contents.read(
        tarball(tmp_path / "x.tgz", OWN | {"a.js.map": f'["{place}/a.ts"]'}), folders=(place,)
    )
    assert found.placed == ("a.js.map",)
    assert "a.js.map" in contents.check(found, PEAR)[0]


def test_how_two_differ_is_named(tmp_path):
    """File by file; else it is the order or the dates."""
    one = contents.read(tarball(tmp_path / "1.tgz", OWN | {"only.js": "1", "b.js": "1"}))
    other = contents.read(tarball(tmp_path / "2.tgz", OWN | {"b.js": "2"}))
    assert contents.differing(one, other) == ["b.js has another content", "only.js is in one only"]
    assert contents.differing(one, one) == []
    turned = contents.read(tarball(tmp_path / "3.tgz", dict(reversed(OWN.items()))))
    assert contents.differing(turned, contents.read(tarball(tmp_path / "4.tgz", OWN))) == [
        "the order or the dates of its files"
    ]


@pytest.mark.parametrize("before", [0, 2**20 - 10, 3 * 2**20])
def test_a_token_is_found_wherever_it_stands(tmp_path, before):
    """Also across two pieces that are read, and far behind the beginning."""
    text = " " * before + "npm_" + "a1B2" * 9 + " " * 2**20
    file = tarball(tmp_path / "x.tgz", {"package.json": "{}", "a.js": text})
    assert [path for path, _ in contents.read(file).secrets] == ["a.js"]


def test_a_key_in_an_archive_is_found(tmp_path):
    """Packed, it shows nothing of itself; the file that holds it is named."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/id_rsa", "x" * 1000)
    file = tmp_path / "x.tgz"
    with tarfile.open(file, "w:gz") as archive:
        for name, data in {"package.json": b"{}", "a.zip": packed.getvalue()}.items():
            archive.addfile(entry(f"package/{name}", size=len(data)), io.BytesIO(data))
    ((path, why),) = contents.read(file).secrets
    assert path == "a.zip"
    assert "'a/id_rsa'" in why
