"""A denial is told apart from an ordinary error, with what would allow it."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.executor.cage.explain import Denial, explain, explain_failure
from autoexec_magic.executor.cage.rules import Rule

RULES = (Rule("/usr", "read"), Rule("/w", "write"), Rule("/dev/null", "device"))
SHUT = ("/w/.git/hooks",)


def told(text: str, **more: bool) -> Denial | None:
    """Return what is made of a message."""
    options = {"has_net": False, "has_unix": False, **more}
    return explain_failure(text, folder=Path("/w"), rules=RULES, shut=SHUT, **options)


@pytest.mark.parametrize(
    ("path", "write", "answer"),
    [
        ("/usr/bin/x", False, "ordinary"),
        ("/usr/bin/x", True, "cage"),
        ("/etc/absent", False, "cage"),
        ("/w/a", True, "ordinary"),
        ("/w/../etc/absent", False, "cage"),
        ("/w/.git/hooks/a", True, "protected"),
        ("/w/.git/hooks/a", False, "ordinary"),
        ("/dev/null", True, "ordinary"),
    ],
)
def test_explain(path, write, answer):
    """The rules that the kernel was given decide."""
    assert explain(Path(path), write=write, rules=RULES, shut=SHUT) == answer


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("PermissionError: [Errno 13] Permission denied: '/data/a.csv'", "--read /data/a.csv"),
        ("cat: /data/a.csv: Permission denied", "--read /data/a.csv"),
        ("sh: 1: cannot create /data/b: Permission denied", "--write /"),
        ("touch: cannot touch '/usr/b': Permission denied", "--write /usr"),
        ("mkdir: cannot create directory ‘/usr/b’: Permission denied", "--write /usr"),
        ("OSError: [Errno 30] Read-only file system: '/usr/b'", "--write /usr"),
        ("Error: EACCES: permission denied, open '/data/a'", "--read /data/a"),
        ("Error: EROFS: read-only file system, open '/usr/b'", "--write /usr"),
        ("OSError: [Errno 18] Invalid cross-device link: '/w/a' -> '/usr/a'", "--write /usr"),
        ("OSError: out of pty devices", "--pty"),
        ("curl: (6) Could not resolve host: example.org", "--net PORTS"),
        ("curl: (7) Couldn't connect to server", "--net PORTS"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "--net PORTS"),
        ("Error: connect EACCES 10.0.0.1:80", "--net PORTS"),
        (
            '  File "multiprocessing/managers.py", line 566, in start\n    reader.recv()\nEOFError',
            "--unix",
        ),
    ],
)
def test_a_denial_names_its_option(text, option):
    """As programs say it."""
    assert told(text).option == option


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cat: /w/private: Permission denied is what I expected of /w/a\nbut no",
        "ValueError: not a number",
        "cat: /usr/no-such-file: No such file or directory",
        "cat: /data/no-such-file: No such file or directory",
    ],
)
def test_an_ordinary_error_is_none_of_ours(text):
    """No option would help."""
    found = told(text)
    assert found is None or found.door == "write"


def test_what_governs_a_run_has_no_option():
    """A person edits it."""
    found = told("sh: 1: cannot create /w/.git/hooks/a: Read-only file system")
    assert (found.door, found.option) == ("write", "")
    assert "governs" in found.why


def test_an_open_door_denied_nothing():
    """Then the network itself is at fault."""
    assert told("curl: (6) Could not resolve host: example.org", has_net=True) is None


def test_without_rules_nothing_was_denied():
    """`open` has none."""
    assert explain(Path("/etc/shadow"), write=True, rules=(), shut=()) == "ordinary"
