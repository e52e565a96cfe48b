"""The system's words in lines of programs that nobody knows."""

from __future__ import annotations

import pytest
from anytext import outcome

from autoexec_magic.diagnosis import diagnose_outcome


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "pubtool: error: broker 127.0.0.1:18191 unavailable ([Errno 111] Connection refused)",
            "connection-refused",
        ),
        ("E: run.go:72] failed: lstat /x: no such file or directory\n >", "file-not-found"),
        ("dial tcp: lookup db on 10.0.0.2:53: no such host", "host-not-found"),
        ("could not save: No space left on device (os error 28)", "disk-full"),
    ],
)
def test_they_are_the_likeliest_reason(text, code):
    """In brackets, in the middle, in small letters; never certain."""
    found = diagnose_outcome(outcome(3, text), language="shell")
    assert (found.code, found.confidence) == (code, "likely")


@pytest.mark.parametrize(
    "text",
    [
        "all is well\n",
        "Connection refused\none\ntwo\nthree\nfour\n",
        "no-connection refused-at-all",
    ],
)
def test_what_is_far_from_the_end_and_what_only_looks_so_is_none(text):
    """A program that went on has said why it ended later."""
    assert diagnose_outcome(outcome(3, text), language="shell").code == "nonzero-exit"
