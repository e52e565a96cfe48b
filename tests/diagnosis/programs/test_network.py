"""What curl, wget, ssh and scp say."""

from __future__ import annotations

import pytest
from anytext import FAILURES, outcome

from autoexec_magic.diagnosis import diagnose_log, diagnose_outcome, diagnose_text
from autoexec_magic.diagnosis.programs.network import CURL
from autoexec_magic.diagnosis.sureness import earned


@pytest.mark.parametrize(
    ("name", "returncode"),
    [
        ("invalid-url.curl", 3),
        ("host-not-found.curl-proxy", 5),
        ("host-not-found.curl", 6),
        ("connection-refused.curl", 7),
        ("transfer-cut.curl", 18),
        ("http-not-found.curl", 22),
        ("file-not-found.curl", 26),
        ("operation-timed-out.curl", 28),
        ("too-many-redirects.curl", 47),
        ("empty-reply.curl", 52),
        ("connection-lost.curl", 56),
        ("certificate-self-signed.curl", 60),
        ("http-not-found.wget", 8),
        ("certificate-invalid.wget", 5),
        ("authentication-failed.wget", 6),
        ("operation-timed-out.wget", 4),
        ("host-not-found.ssh", 255),
        ("connection-refused.ssh", 255),
    ],
)
def test_a_captured_failure_is_certain_with_its_exit_code(name, returncode):
    """The number in the message, and how the program ended, say the same."""
    text = (FAILURES / "programs" / f"{name}.txt").read_text(encoding="utf-8")
    seen = diagnose_outcome(outcome(returncode, text), language="bash")
    assert (seen.code, seen.confidence) == (name.partition(".")[0], earned(seen.code, "certain"))


@pytest.mark.parametrize("number", CURL)
def test_every_number_of_curl_has_a_code_and_a_fix(number):
    """From its manual's list of exit codes."""
    seen = diagnose_text(f"curl: ({number}) said so")
    assert seen.code == CURL[number][0]
    assert seen.fix


def test_a_number_without_a_row_is_looked_up_in_the_manual():
    """curl has a hundred of them."""
    assert diagnose_text("curl: (94) said so").code == "command-failed"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("me@host: Permission denied (publickey,password).", "authentication-failed"),
        ("@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @", "host-key-changed"),
        ("kex_exchange_identification: Connection closed by remote host", "connection-lost"),
        ("Connection closed by 10.0.0.1 port 22", "connection-lost"),
    ],
)
def test_ssh_s_other_words_are_read(line, code):
    """These need a host of others."""
    assert diagnose_text(line).code == code


@pytest.mark.parametrize(
    "line",
    [
        "curl: a tool",
        "curl: (x) y",
        "the certificate is not trusted by many",
        "cat: x: Permission denied (os error 13)",
        "ERROR 404 of 500 files",
    ],
)
def test_words_that_only_sound_alike_are_left_alone(line):
    """Only in the program's own form, or below its own lines."""
    assert [each.code for each in diagnose_log(line)] in ([], ["permission-denied"])


@pytest.mark.parametrize(("name", "returncode"), [("write-failed.curl", 23), ("tls-failed.curl", 35)])
def test_a_number_that_causes_share_is_likely(name, returncode):
    """curl gives one number to several causes; only its words may tell them apart."""
    text = (FAILURES / "programs" / f"{name}.txt").read_text(encoding="utf-8")
    seen = diagnose_outcome(outcome(returncode, text), language="bash")
    assert (seen.code, seen.confidence) == (name.partition(".")[0], "likely")


def test_what_follows_from_a_warning_of_ssh_is_not_the_cause():
    """The last line is the same for a key that changed and for one that nobody knows."""
    changed = "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.\n"
    assert diagnose_outcome(outcome(255, changed), language="bash").code == "host-key-changed"
    open_key = "@ WARNING: UNPROTECTED PRIVATE KEY FILE! @\nroot@a: Permission denied (publickey).\n"
    assert diagnose_outcome(outcome(255, open_key), language="bash").code == "unsafe-key-file"
