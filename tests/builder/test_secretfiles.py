"""Which files are secrets, and which are ordinary: the one is never packed, the other always."""

from __future__ import annotations

import base64
import errno
import gzip
import io
import json
import random
import tarfile
import zipfile

import pytest

from autoexec_magic.builder import inputs, secretfiles
from autoexec_magic.errors import BuildError
from autoexec_magic.secretshapes import SHAPES

LINES = [base64.b64encode(bytes(range(at, at + 48))).decode() for at in range(9)]
BEGIN, END = "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END RSA " + "PRIVATE KEY-----"
KEY = "\n".join([BEGIN, *LINES, END, ""])
SHORT = (
    b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + b"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB\n" * 3
)
HEX, MIXED = "0a1b2c3d4e5f" * 8, "a1B2c3D4e5F6g7H8" * 8


def zipped(**files: str) -> bytes:
    """Return a ZIP file."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return written.getvalue()


def tarred(form: int = tarfile.PAX_FORMAT, **files: str) -> bytes:
    """Return a gzipped tar."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz", format=form) as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return written.getvalue()


@pytest.mark.parametrize(
    "path",
    [
        *(
            ".env",
            ".ENV",
            ".env~",
            ".env.local",
            ".env.production.bak",
            "prod.env",
            "conf/PROD.Env",
            ".Netrc",
        ),
        *(
            "id_rsa",
            "id_rsa.bak",
            "id_ed25519.old",
            "ID_RSA",
            "server.KEY",
            "x/server.pem~",
            "a.p12",
            ".pgpass",
        ),
        *(".docker/config.json", "home/.kube/config", "app/.streamlit/secrets.toml", ".ssh/deploy", ".npmrc"),
        *("credentials", "Credentials.json", "service-account-x.json", "terraform.tfstate.backup"),
    ],
)
def test_a_name_says_enough(path):
    """Also in capitals, and of a copy that an editor left."""
    assert secretfiles.secret_in(path, b"") == "its name is that of a file of secrets"
    assert secretfiles.secret_in(path, None)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("notes.txt", KEY),
        ("service.json", json.dumps({"private_key": KEY})),
        ("twice.json", json.dumps(json.dumps({"private_key": KEY}))),
        ("a.py", "K = (" + "\n".join(f'    "{line}\\n"' for line in KEY.splitlines()) + ")"),
        ("a.js", "\n".join(f"'{line}\\n' +" for line in KEY.splitlines())),
        *(
            ("a.py", "".join(f"{sign}{line}\n" for line in KEY.splitlines()))
            for sign in ("# ", "#", "// ", "//", " * ", "; ", "-- ", "> ")
        ),
        ("windows.txt", KEY.replace("\n", "\r\n")),
        (
            "old.txt",
            KEY.replace(BEGIN, f"{BEGIN}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{HEX[:32]}\n"),
        ),
        ("values.yaml", "tls.key: " + base64.b64encode(KEY.encode()).decode()),
        (".env.example", KEY),
        ("a.py", "sk-" + "proj-" + MIXED[:60]),
        ("a.py", "sk-" + "ant-" + "api03-" + MIXED[:90]),
        ("a.py", "'sk-" + MIXED[:48] + "'"),
        ("a.py", "hf" + "_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH"),
        ("a.yml", "glpat" + "-" + "a1B2c3D4e5F6g7H8i9J0"),
        ("a.yml", "dckr_" + "pat_" + "a1B2c3D4e5F6g7H8i9J0abc"),
        ("a.yml", "sk_" + "live_" + MIXED[:24]),
        ("a.yml", "xox" + "b-123456789012-" + MIXED[:24]),
        ("a.ini", "aws_secret_access" + "_key = " + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzz1234ab"),
        ("a.json", '"SecretAccess' + 'Key": "' + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzz1234ab" + '"'),
        ("a.py", "postgres" + "://me:hunter2hunter2@db.acme.io/x"),
        ("a.py", "mongodb" + "+srv://me:h4nter2hunter2@c1.acme.net/x"),
        (".envrc", "export API_" + "TOKEN=hunter2hunter2\n"),
        ("pip.conf", "[global]\nindex-url = https" + "://me:x@index.acme.io/simple"),
        (".yarnrc.yml", "npmAuth" + 'Token: "hunter2hunter2"\n'),
    ],
)
def test_what_a_file_holds_says_enough(tmp_path, path, text):
    """A key as a program or JSON has it, the tokens of each vendor, logins; anywhere in the file."""
    assert secretfiles.secret_in(path, text.encode())
    file = tmp_path / "file"
    file.write_text(text)
    assert secretfiles.secret_of(path, file)
    if not path.startswith((".envrc", "pip", ".yarn")):
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            for wide in (text.encode(encoding), b" " * (2**20 - 31) + text.encode(encoding)):
                file.write_bytes(wide)
                assert secretfiles.secret_of("wide.txt", file), encoding
        for before in (3 << 20, secretfiles.PIECE_BYTES - 30):  # and across two pieces
            file.write_bytes(b" " * before + text.encode())
            assert secretfiles.secret_of("big.bin", file), before


@pytest.mark.parametrize(
    ("path", "text"),
    [
        *((name, "KEY=") for name in (".env.example", ".env.sample", "example.env", ".env.test.template")),
        ("env.py", ""),
        ("tls/ca.pem", "# Issuer: x\n-----BEGIN CERTIFICATE-----\nMIIB"),
        ("tls/ca.crt", "-----BEGIN CERTIFICATE-----\nMIIB"),
        ("talk.key", zipped(x="slides").decode("latin-1")),
        (".ssh/known_hosts", "x"),
        (".ssh/id.pub", "ssh-ed25519 AAAA"),
        ("config.json", "{}"),
        (".envrc", "use flake\nexport TOKEN=$(pass show x)\nexport PYTHONPATH=src/long/enough\n"),
        (".envrc", 'export TOKEN="$OTHER_TOKEN"\nlayout python\n'),
        (".yarnrc.yml", "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.0.0.cjs\n"),
        (".yarnrc.yml", "npmAuth" + 'Token: "${NPM_TOKEN}"\n'),
        ("pip.conf", "[global]\nindex-url = https://index.acme.io/simple\n"),
        (
            "a.py",
            f"if text.startswith('{BEGIN}'):\n    raise ValueError('this is a private key, and no other')",
        ),
        ("a.py", "url = 'https://user:password@example.com'; 'postgres://postgres:postgres@localhost/x'"),
        ("a.py", "f'https://{user}:{password}@{host}/x' 'https://me:hunter2hunter2@index.example/x'"),
        (
            "a.html",
            "<div id='sk-estimator-id-1-checkbox-and-a-long-label'> sk-learn-something-1234567890123456",
        ),
        (
            "README.md",
            "export OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx glpat-" + "x" * 20,
        ),
        (
            "README.md",
            "AKIA" + "IOSFODNN7EXAMPLE aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
        ("a.py", "npm_config_something_that_is_long_enough_1 hf_hub_download_and_a_name_that_is_long_enough"),
        ("digests.txt", f"sha256:{HEX[:64]} secret_key_digest={HEX[:40]}"),
    ],
)
def test_an_ordinary_file_is_none(path, text):
    """A certificate, an example, settings without a login, a program that speaks of keys."""
    assert secretfiles.secret_in(path, text.encode("latin-1")) == ""


def test_a_key_in_a_zip_file_is_found(tmp_path):
    """A small one is looked into; the file in it is named, also where its name is odd."""
    file = tmp_path / "a.zip"
    file.write_bytes(zipped(**{"x": "1", "in/\u202ekey\n.txt": KEY}))
    assert secretfiles.secret_of("a.zip", file) == r"it holds a private key, in 'in/\u202ekey\n.txt'"
    file.write_bytes(zipped(**{".env": "A=1"}))
    assert secretfiles.secret_of("a.zip", file)
    file.write_bytes(zipped(x="1"))
    assert secretfiles.secret_of("a.zip", file) == ""
    file.write_bytes(zipped(x="1")[:60])
    assert secretfiles.secret_of("a.zip", file) == ""


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_a_key_in_a_gzipped_file_is_found(tmp_path, form):
    """In a tar of any kind, behind a file of any size, by name or by what it holds; or in a file alone."""
    file = tmp_path / "a.tgz"
    large = random.Random(1).randbytes(1 << 20).hex()
    for size in (0, 1, 511, 512, 1 << 20, 2 << 20):
        file.write_bytes(tarred(form, first=large[:size], **{"in/a.txt": KEY}))
        assert secretfiles.secret_of("a.tgz", file) == "it holds a private key, in 'in/a.txt'"
    file.write_bytes(tarred(form, **{"a/id_rsa": "x"}))
    assert secretfiles.secret_of("a.tgz", file)
    file.write_bytes(gzip.compress(KEY.encode()))
    assert secretfiles.secret_of("x/a.log.GZ", file) == "it holds a private key, in 'x/a.log'"
    file.write_bytes(gzip.compress(b"A=1"))
    assert secretfiles.secret_of("prod.env.gz", file)
    for plain in (
        tarred(form, x="1"),
        tarred(form),
        gzip.compress(b"x"),
        tarred(x=KEY)[:30],
        b"\x1f\x8b\x08",
    ):
        file.write_bytes(plain)
        assert secretfiles.secret_of("a.tgz", file) == ""


def test_a_stream_is_read_to_its_end_for_who_asks():
    """A secret in the first piece keeps nobody from its digest."""
    data = KEY.encode() + bytes(3 << 20)
    taken: list[bytes] = []
    assert secretfiles.secret_in_stream("a", io.BytesIO(data), taken.append)
    assert b"".join(taken) == data
    assert secretfiles.secret_in_stream("a/id_rsa", io.BytesIO())


def test_a_link_is_not_followed(tmp_path):
    """What it leads to is none of the project's, or comes with its own name."""
    (tmp_path / "real").write_text(KEY)
    (tmp_path / "linked").symlink_to("real")
    assert secretfiles.secret_of("linked", tmp_path / "linked") == ""
    (tmp_path / ".env").symlink_to("real")
    assert secretfiles.secret_of(".env", tmp_path / ".env")


@pytest.mark.parametrize(
    "text",
    [
        *(shape.prefix * 200_000 for shape in SHAPES if shape.prefix in ("sk-", "glpat-", "hf_", "gho_")),
        *(BEGIN + "a:b,," * 200_000, "://a:b1" * 150_000, "://" + "a:" * 500_000, BEGIN + "\\n" * 400_000),
        *("SecretAccessKey=" + "a/" * 500_000, "LS0tLS1CRUdJTi" * 70_000, "-----BEGIN " + "A " * 500_000),
    ],
    ids=lambda text: text[:12],
)
def test_no_file_is_looked_at_for_long(text):
    """A mebibyte that was written against the search takes seconds, not hours: it ends."""
    for name in ("x", ".envrc", "pip.conf"):
        secretfiles.secret_in(name, text.encode())


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
        ("notes.txt", SHORT),
        ("settings.py", b'KEY = "AKIA' + b"QWERTYUIOPASDFGH" + b'"'),
        ("ci.sh", b"export T=ghp_" + b"a1B2" * 9),
        ("a.txt", b"pypi-AgE" + b"IcHlwaS5vcmc" * 6),
        ("a.txt", b"npm_" + b"a1B2" * 9),
    ],
)
def test_a_secret_is_known_by_its_name_or_what_it_holds(path, content):
    """Its kind is said; what it holds is not."""
    said = secretfiles.secret_in(path, content)
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
    assert secretfiles.secret_in(path, content) == ""


def test_a_refusal_names_the_file_and_hides_the_secret(tmp_path):
    """And says how many more there are."""
    (tmp_path / "notes.txt").write_bytes(SHORT)
    (tmp_path / ".env").write_bytes(b"A=hunter2hunter2")
    with pytest.raises(BuildError) as refused:
        secretfiles.refuse_secrets(
            list(inputs.files_below(tmp_path)), "the image", "name it in .dockerignore"
        )
    assert ".env (and 1 more) would go into the image" in str(refused.value)
    assert "notes.txt: it holds a private key" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_full_disk_lets_no_secret_pass(tmp_path, monkeypatch):
    """An archive that cannot be kept to be looked into is no archive without a secret."""
    (tmp_path / "a.zip").write_bytes(zipped(id=KEY))
    monkeypatch.setattr(secretfiles, "_MOST_IN_MEMORY", 1)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    assert secretfiles.secret_of("a.zip", tmp_path / "a.zip")
    monkeypatch.setattr(secretfiles.tempfile, "TemporaryFile", full)
    with pytest.raises(BuildError, match="cannot be looked into") as refused:
        secretfiles.refuse_secrets([("a.zip", tmp_path / "a.zip")], "the image", "name it in .dockerignore")
    assert "make room" in refused.value.fix
