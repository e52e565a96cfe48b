"""What the cage denied is named, whatever the language: by its message, else by the script's own line."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skips import requires

from autoexec_magic import executor
from autoexec_magic.executor import cage
from autoexec_magic.executor.cage import named
from autoexec_magic.values import Denial

#: code, what was denied, the option that would allow it; {out} is a folder outside of the workspace
PYTHON = {
    "read": ("open('{out}/secret.txt').read()", "{out}/secret.txt", "--read {out}/secret.txt"),
    "write": (
        "from pathlib import Path\nPath('{out}/secret.txt').write_text('y')",
        "{out}/secret.txt",
        "--write",
    ),
    "make": ("import os\nos.mkdir('{out}/new')", "{out}/new", ""),
    "list": ("import os\nos.listdir('{out}')", "{out}", ""),
    "move": ("import os\nopen('a', 'w').close()\nos.rename('a', '{out}/b')", "{out}/b", ""),
    "child": (
        "import subprocess\nsubprocess.run(['cat', '{out}/secret.txt'], check=True)",
        "{out}/secret.txt",
        "--read",
    ),
    "connect": ("import socket\nsocket.create_connection(('10.0.0.5', 5432))", "10.0.0.5:5432", "--net 5432"),
    "socket": (
        "import socket\ns = socket.socket()\ns.connect(('10.0.0.5', 5432))",
        "10.0.0.5:5432",
        "--net 5432",
    ),
    "url": (
        "import urllib.request\nurllib.request.urlopen('https://api.example.com/v1')",
        "api.example.com:443",
        "--net 443",
    ),
    "bind": ("import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 8899))", "port 8899", "--net all"),
    "datagram": (
        "import socket\ns = socket.socket(type=socket.SOCK_DGRAM)\ns.sendto(b'x', ('10.0.0.5', 53))",
        "10.0.0.5:53",
        "--net all",
    ),
    "unix": (
        "import socket\nsocket.socket(socket.AF_UNIX).connect('/run/x.sock')",
        "a unix socket",
        "--unix",
    ),
}
NODE = {
    "read": ("require('fs').readFileSync('{out}/secret.txt')", "{out}/secret.txt", "--read {out}/secret.txt"),
    "write": ("require('fs').writeFileSync('{out}/secret.txt', 'x')", "{out}/secret.txt", "--write"),
    "connect": ("require('net').connect(5432, '10.0.0.5')", "10.0.0.5:5432", "--net 5432"),
    "fetch": ("fetch('https://api.example.com/v1')", "api.example.com:443", "--net 443"),
    "fetch-port": ("fetch('http://10.0.0.5:8080/v1')", "10.0.0.5:8080", "--net 8080"),
    "listen": ("require('http').createServer().listen(8899)", "port 8899", "--net all"),
    "unix": ("require('net').connect('/run/x.sock')", "a unix socket", "--unix"),
}
BASH = {
    "read": ("cat {out}/secret.txt", "{out}/secret.txt", "--read {out}/secret.txt"),
    "write": ("echo x > {out}/secret.txt", "{out}/secret.txt", "--write"),
    "make": ("mkdir {out}/new", "{out}/new", ""),
    "elsewhere": ("cd {out} && ls", "{out}", ""),
    "connect": ("exec 3<>/dev/tcp/10.0.0.5/5432", "10.0.0.5:5432", "--net 5432"),
    "curl": ("curl -sS http://10.0.0.5:8080/x", "10.0.0.5:8080", "--net 8080"),
    "curl-name": ("curl -sS https://api.example.com/x", "api.example.com:443", "--net 443"),
    "git": ("git clone https://git.example.com/a/b", "git.example.com:443", "--net 443"),
}
RUST = {
    "read": ('std::fs::read("{out}/secret.txt").unwrap();', "{out}/secret.txt", "--read {out}/secret.txt"),
    "write": ('std::fs::write("{out}/secret.txt", "x").unwrap();', "{out}/secret.txt", "--write"),
    "connect": ('std::net::TcpStream::connect("10.0.0.5:5432").unwrap();', "10.0.0.5:5432", "--net 5432"),
    "name": (
        'std::net::TcpStream::connect("api.example.com:443").unwrap();',
        "api.example.com:443",
        "--net 443",
    ),
    "listen": ('std::net::TcpListener::bind("127.0.0.1:8899").unwrap();', "port 8899", "--net all"),
}
REAL = [
    pytest.param(language, *row, id=f"{language}-{name}")
    for language, rows in (("python", PYTHON), ("node", NODE), ("bash", BASH), ("rust", RUST))
    for name, row in rows.items()
]
ENDINGS = {"python": "py", "node": "js", "bash": "sh", "rust": "rs"}


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that no rule names, with a file in it."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret.txt").write_text("x")
    return folder


def denied(language: str, code: str, workspace: Path) -> Denial | None:
    """Run code in the cage and return what it was denied."""
    program = {"python": sys.executable, "rust": shutil.which("rustc")}.get(language) or shutil.which(
        language
    )
    requires(program, f"there is no {language}", f"install {language}")
    code = f"fn main() {{\n    {code}\n}}\n" if language == "rust" else code
    script = workspace / f"script.{ENDINGS[language]}"
    script.write_text(code)
    argv = [program, str(script)]
    quiet = {"emit": lambda event: None, "cwd": workspace, "timeout": 60.0}
    if language == "rust":
        argv = [str(workspace / "made")]
        rules = executor.policy.exactly(program)
        executor.run([program, "-o", argv[0], str(script)], policy=rules, level="open", **quiet)
    rules = executor.policy.exactly(argv[0])
    outcome = executor.run(argv, policy=rules, level="workspace", code=code, **quiet)
    assert not outcome.passed, outcome
    return outcome.denial


@pytest.mark.parametrize(("language", "code", "thing", "option"), REAL)
def test_what_was_denied_is_named(tmp_path, outside, language, code, thing, option):
    """Each was really denied, and says itself what it can."""
    (tmp_path / "pyproject.toml").touch()
    found = denied(language, code.replace("{out}", str(outside)), tmp_path)
    assert found is not None
    assert found.thing == thing.replace("{out}", str(outside))
    wanted = option.replace("{out}", str(outside))
    assert found.option.startswith(wanted) if wanted else True
    assert found.thing.removeprefix("port ") in found.why or found.door == "unix"


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "open('absent.txt')"),
        ("python", "import os\nos.kill(1, 0)"),
        ("rust", 'std::fs::read("absent.txt").unwrap();'),
        ("rust", 'let p = "/usr/bin/env"; std::fs::read("absent.txt").expect(p);'),
        ("bash", "cat absent.txt"),
        ("bash", "mkdir d; chmod 0 script.sh; exit 3"),
    ],
)
def test_what_fails_by_itself_is_not_the_cages(tmp_path, language, code):
    """A path in the source is no denial: the message has to say that something was denied."""
    (tmp_path / "pyproject.toml").touch()
    assert denied(language, code, tmp_path) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Error: connect EPERM 10.0.0.5:8080 - Local (undefined:0)", "10.0.0.5:8080"),
        ("OSError: [Errno 1] Connect call failed ('127.0.0.1', 5432)", "127.0.0.1:5432"),
        ("Error: getaddrinfo EAI_AGAIN api.example.com", "api.example.com"),
        ("HTTPSConnectionPool(host='pypi.org', port=443): Max retries", "pypi.org:443"),
        ("fatal: unable to access 'https://git.example.com/a/b/': Could not", "git.example.com:443"),
        ("see http://[::1]:8080/", "[::1]:8080"),
        ("postgres: wss://u:p@db.example.com/x", "db.example.com:443"),
        ("a https://one.example.com/ then\nb https://two.example.com/", "two.example.com:443"),
        ("http://h.example.com:99999/", "h.example.com"),
        ("KeyError: ('a', 5)", None),
        ("note: version 1.2.3", None),
    ],
)
def test_an_address_is_found(text, address):
    """The last one that a text names, with its port where it says one."""
    found = named.address_in(text)
    assert (str(found) if found else None) == address


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_is_read(source, text):
    """It is somebody else's, and may be anything."""
    named.address_in(text)
    named.listening_port(text)
    named.paths_in(named.part_of(source, text))


def test_a_long_text_takes_no_time():
    """Only so much of a source is looked through, and no expression goes back and forth."""
    for piece in ("http://", "connect(" * 3, "'a.b', ", "/dev/tcp/", "script.py:1 ", '"/a', "listen bind "):
        text = piece * 3000
        named.address_in(text)
        named.listening_port(text)
        named.paths_in(named.part_of(text, text))


def test_without_walls_nothing_is_denied(tmp_path):
    """At level open a permission is an ordinary one."""
    with cage.build("open") as built:
        assert built.explain_failure("Permission denied", source='read("/etc/shadow")') is None
