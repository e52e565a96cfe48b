"""What the libraries say that read a program's arguments."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import diagnose_log, diagnose_text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Usage: a [OPTIONS]\n\nError: No such option '--cuont'.\n", "unknown-option"),
        ("Usage: a COMMAND\n\nError: No such command 'migrat'.\n", "unknown-command"),
        ("Usage: a [OPTIONS] NAME\n\nError: Missing argument 'NAME'.\n", "missing-argument"),
        ("error: unexpected argument '--nmae' found\n\nUsage: a [OPTIONS]\n", "unknown-option"),
        ("Error: unknown flag: --nmae\nUsage:\n  a run [flags]\n", "unknown-option"),
        ("flag provided but not defined: -nmae\nUsage of a:\n  -name string\n", "unknown-option"),
    ],
)
def test_each_library_says_it_beside_the_usage(text, code):
    """click, clap, cobra and Go's flag."""
    assert diagnose_text(text, language="bash").code == code


def test_the_words_alone_are_anybodys():
    """Without a usage near by nobody knows who speaks."""
    assert diagnose_log("Error: Missing argument of faith\n") == ()
