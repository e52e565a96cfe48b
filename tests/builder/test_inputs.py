"""What a build reads: every file by its digest, and no secret among them."""

from __future__ import annotations

import pytest

from autoexec_magic.builder import artifacts, inputs
from autoexec_magic.errors import BuildError

KEY = b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + b"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB\n" * 3


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (".env", b""),
        ("app/.env.production", b""),
        (".netrc", b""),
        (".npmrc", b""),
        ("deploy/id_ed25519", b""),
        ("tls/server.key", b""),
        ("tls/server.pem", b"-----BEGIN PRIVATE KEY-----\n"),
        ("credentials.json", b"{}"),
        ("notes.txt", KEY),
        ("settings.py", b'KEY = "AKIA' + b"QWERTYUIOPASDFGH" + b'"'),
        ("ci.sh", b"export T=ghp_" + b"a1B2" * 9),
        ("a.txt", b"pypi-AgE" + b"IcHlwaS5vcmc" * 6),
        ("a.txt", b"npm_" + b"a1B2" * 9),
    ],
)
def test_a_secret_is_known_by_its_name_or_what_it_holds(path, content):
    """Its kind is said; what it holds is not."""
    said = inputs.secret_in(path, content)
    assert said
    assert b"a1B2" not in said.encode()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (".env.example", b"KEY="),
        ("env.py", b""),
        ("tls/ca.pem", b"-----BEGIN CERTIFICATE-----\nMIIB"),
        ("keys.py", b"PRIVATE = '-----BEGIN PRIVATE KEY-----'"),
        ("keyboard.txt", b"key"),
        ("a.py", b"AKIA" + b"Q" * 30),
        ("credentials.py", b""),
    ],
)
def test_what_only_looks_like_one_is_none(path, content):
    """A certificate, an example, a program that speaks of keys."""
    assert inputs.secret_in(path, content) == ""


def test_a_refusal_names_the_file_and_hides_the_secret(tmp_path):
    """And says how many more there are."""
    (tmp_path / "notes.txt").write_bytes(KEY)
    (tmp_path / ".env").write_bytes(b"A=hunter2hunter2")
    with pytest.raises(BuildError) as refused:
        inputs.refuse_secrets(list(inputs.files_below(tmp_path)), "the image", "name it in .dockerignore")
    assert ".env (and 1 more) would go into the image" in str(refused.value)
    assert "notes.txt: it holds a private key" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_inputs_are_files_links_and_modes(tmp_path):
    """A changed byte, name, mode or link's target is another input; a time is not."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.py").write_text("1")
    (tmp_path / "l").symlink_to("a/x.py")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "big").write_text("no")
    before = inputs.inputs_of(tmp_path)
    assert [each.path for each in before] == ["a/x.py", "l"]
    (tmp_path / "a" / "x.py").touch()
    assert inputs.inputs_of(tmp_path) == before
    (tmp_path / "a" / "x.py").chmod(0o755)
    assert inputs.inputs_of(tmp_path) != before
    (tmp_path / "a" / "x.py").chmod(0o644)
    (tmp_path / "l").unlink()
    (tmp_path / "l").symlink_to("a/y.py")
    assert inputs.inputs_of(tmp_path)[1] != before[1]


def test_a_link_is_no_file_of_the_same_bytes(tmp_path):
    """Whatever it says: a build of the one must not be handed out for one of the other."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one/l").symlink_to("a")
    (tmp_path / "two/l").write_bytes(b"a")
    assert _digest(tmp_path / "one") != _digest(tmp_path / "two")
    (tmp_path / "two/l").write_bytes(b"link\0a")
    assert _digest(tmp_path / "one") != _digest(tmp_path / "two")
    (tmp_path / "two/l").chmod(0o755)
    assert _digest(tmp_path / "one") != _digest(tmp_path / "two")


def _digest(folder):
    return artifacts.digest_of_all(inputs.inputs_of(folder))
