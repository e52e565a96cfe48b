"""What must not be in a wheel or an sdist, each archive made byte by byte."""

from __future__ import annotations

import base64
import hashlib
import io
import tracemalloc
import zipfile

import pytest

from autoexec_magic.builder.wheels import content, members
from autoexec_magic.errors import BuildError

OWN = "pear-1.0.dist-info"
FILES = {
    "pear/__init__.py": b"",
    f"{OWN}/METADATA": b"Metadata-Version: 2.1\nName: pear\nVersion: 1.0\n",
    f"{OWN}/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
}


def row(name, data):
    """Return a line of RECORD."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f'"{name}",sha256={digest},{len(data)}\n'


def wheel_of(tmp_path, files, record=None, infos=()):
    """Write a wheel; its RECORD is right unless it is given."""
    path = tmp_path / "pear-1.0-py3-none-any.whl"
    text = "".join(row(*each) for each in files.items()) + f"{OWN}/RECORD,,\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        for info, data in infos:
            archive.writestr(info, data)
        archive.writestr(f"{OWN}/RECORD", text if record is None else record)
    return path


def test_a_wheel_says_what_can_be_imported(tmp_path):
    """Packages, modules, compiled ones, those of a namespace, and what `NAME.data` puts beside them."""
    files = {
        **FILES,
        "pear/inner.py": b"",
        "stalk.py": b"",
        "core.cpython-311-x86_64-linux-gnu.so": b"",
        "space/one/__init__.py": b"",
        "pear-1.0.data/purelib/leaf.py": b"",
        "pear-1.0.data/scripts/tool.py": b"",
    }
    found = content.look_into_wheel(wheel_of(tmp_path, files))
    assert found.modules == ("core", "leaf", "pear", "space.one", "stalk")


def test_entry_points_are_told_apart(tmp_path):
    """Programs, plug-ins, and those that need an extra, which are not tried."""
    points = (
        b"[console_scripts]\npear = pear:main\nmore = pear:more [extra]\n[pytest11]\npears = pear.plugin\n"
    )
    files = {**FILES, "pear/plugin.py": b"", f"{OWN}/entry_points.txt": points}
    found = content.look_into_wheel(wheel_of(tmp_path, files))
    assert (found.scripts, found.plugins) == (("pear:main",), ("pear.plugin",))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "absolute"),
        ("C:/pear.py", "absolute"),
        ("pear/../../x.py", "leads out"),
        ("../x.py", "leads out"),
        ("pear\\x.py", "backslash"),
        ("pear/\nx.py", "control character"),
        ("pear/.env", "secret"),
        ("pear/id_ed25519", "secret"),
    ],
)
def test_a_bad_member_is_named(tmp_path, name, why):
    """What would be unpacked elsewhere, and what is a secret."""
    with pytest.raises(BuildError) as refused:
        content.look_into_wheel(wheel_of(tmp_path, {**FILES, name: b"x"}))
    assert why in str(refused.value)


def test_a_token_in_a_module_is_a_secret(tmp_path):
    """Its kind is said, it itself is not."""
    token = b"ghp_" + b"a1B2" * 9
    with pytest.raises(BuildError, match=r"pear/settings\.py") as refused:
        content.look_into_wheel(wheel_of(tmp_path, {**FILES, "pear/settings.py": b"T = '" + token + b"'"}))
    assert "GitHub token" in refused.value.why
    assert token.decode() not in str(refused.value)


def test_a_link_and_a_name_twice_are_refused(tmp_path):
    """Installers differ in what they make of either."""
    link = zipfile.ZipInfo("pear/link")
    link.external_attr = 0o120777 << 16
    with pytest.raises(BuildError, match="link"):
        content.look_into_wheel(wheel_of(tmp_path, FILES, infos=[(link, "x")]))
    with pytest.warns(UserWarning, match="Duplicate"):
        path = wheel_of(tmp_path, FILES, infos=[("pear/__init__.py", b"other")])
    with pytest.raises(BuildError) as refused:
        content.look_into_wheel(path)
    assert "twice" in refused.value.why


@pytest.mark.parametrize("how", ["missing", "changed", "weak", "more"])
def test_record_must_be_true(tmp_path, how):
    """Each file is named with a strong hash, and none that is not there."""
    rows = {name: row(name, data) for name, data in FILES.items()}
    name = "pear/__init__.py"
    if how == "missing":
        del rows[name]
    elif how == "changed":
        rows[name] = row(name, b"other")
    elif how == "weak":
        rows[name] = f"{name},md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n"
    else:
        rows["pear/gone.py"] = row("pear/gone.py", b"")
    with pytest.raises(BuildError, match=r"RECORD|must not be in") as refused:
        content.look_into_wheel(wheel_of(tmp_path, FILES, record="".join(rows.values())))
    assert "RECORD" in refused.value.why


@pytest.mark.parametrize("name", ["METADATA", "WHEEL"])
def test_what_a_wheel_cannot_lack(tmp_path, name):
    """PEP 427 names it."""
    files = {key: value for key, value in FILES.items() if not key.endswith(name)}
    with pytest.raises(BuildError, match=f"no {name}"):
        content.look_into_wheel(wheel_of(tmp_path, files))


def test_what_is_no_archive_is_said(tmp_path):
    """Half a file."""
    path = wheel_of(tmp_path, FILES)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BuildError, match="no wheel"):
        content.look_into_wheel(path)


def test_what_is_odd_is_a_warning(tmp_path):
    """No module at all, a top-level `tests`, a file that runs at every start."""
    empty = {key: value for key, value in FILES.items() if not key.startswith("pear/")}
    assert "no module" in content.look_into_wheel(wheel_of(tmp_path, empty)).warnings[0]
    files = {**FILES, "tests/__init__.py": b"", "x.pth": b"import x"}
    said = content.look_into_wheel(wheel_of(tmp_path, files)).warnings
    assert len(said) == 2
    assert "'tests'" in said[0]


def test_a_wheel_that_unpacks_to_more_than_is_looked_at_is_refused(tmp_path, monkeypatch):
    """By what it says of itself, before any of it is read."""
    monkeypatch.setattr(members, "MOST_BYTES", 2**20)
    path = wheel_of(tmp_path, {**FILES, "pear/zeros.bin": b"0" * 2**20})
    with pytest.raises(BuildError, match="is not looked at"):
        content.look_into_wheel(path)
    monkeypatch.setattr(members, "MOST_MEMBERS", 2)
    with pytest.raises(BuildError, match="is not looked at"):
        content.look_into_wheel(wheel_of(tmp_path, FILES))


@pytest.mark.parametrize("name", [f"{OWN}/METADATA", f"{OWN}/entry_points.txt"])
def test_what_is_read_whole_has_a_limit(tmp_path, monkeypatch, name):
    """METADATA of gigabytes would be in memory."""
    monkeypatch.setattr(members, "MOST_TOLD_BYTES", 2**16)
    with pytest.raises(BuildError, match="no wheel") as refused:
        content.look_into_wheel(wheel_of(tmp_path, {**FILES, name: b"A: 1\n" * 2**14}))
    assert name in refused.value.why


def test_a_large_wheel_is_read_a_piece_at_a_time(tmp_path):
    """What is in it may be of any size that an index takes."""
    path = tmp_path / "pear-1.0-py3-none-any.whl"
    zeros = b"0" * (64 * 2**20)
    text = "".join(row(*each) for each in {**FILES, "pear/zeros.bin": zeros}.items())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**FILES, "pear/zeros.bin": zeros, f"{OWN}/RECORD": text.encode()}.items():
            archive.writestr(name, data)
    tracemalloc.start()
    try:
        content.look_into_wheel(path)
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


def deep(kind):
    """Return what holds a secret far behind its beginning, or packed; with what is said of it."""
    lines = [base64.b64encode(bytes(range(at, at + 48))).decode() for at in range(9)]
    key = "\n".join(["-----BEGIN RSA " + "PRIVATE KEY-----", *lines]).encode()
    if kind == "key":
        return b"x = 1\n" * 66_667 + key
    if kind == "token":
        return b"x = 1\n" * 533_333 + b"T = 'ghp" + b"_" + b"a1B2" * 9 + b"'\n"
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/id_rsa", key * 9)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["key", "token", "zip"])
def test_a_secret_far_behind_or_packed_is_refused(tmp_path, kind):
    """A key at 400 kB of what was generated, a token at 3.2 MB, and a deflated archive."""
    with pytest.raises(BuildError, match=r"pear/made\.dat in pear-1\.0.* is a secret"):
        content.look_into_wheel(wheel_of(tmp_path, {**FILES, "pear/made.dat": deep(kind)}))
