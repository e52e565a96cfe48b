"""A log from anywhere: nothing that is said of it holds a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic import api
from autoexec_magic.logged import hidden

TOKEN = "ghp_" + "a1B2" * 9
PASSWORD = "hunter2-hünter2"


@pytest.mark.parametrize(
    "line",
    [
        f"fatal: unable to access 'https://me:{TOKEN}@a.example/x.git/': Could not resolve host: a.example",
        f"fatal: Authentication failed for 'https://me:{PASSWORD}@a.example/x.git/'",
        f"curl: (6) Could not resolve host: {TOKEN}",
        f"ERROR: Invalid requirement: '{TOKEN}'",
        f"npm error code E401\nnpm error Unable to authenticate, your token {TOKEN} is too old",
        f"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    x\nKeyError: '{TOKEN}'",
        f"error[E0382]: borrow of moved value: `{TOKEN}`\n --> {TOKEN}.rs:1:1\n",
        f"curl: (3) {'x' * 190}{TOKEN}",
    ],
)
def test_no_field_holds_a_secret(line, monkeypatch):
    """A secret is masked before anything is read, so that a cut one is never half shown."""
    monkeypatch.setenv("MY_TOKEN", PASSWORD)
    (found,) = api.diagnose(line)
    said = repr(found)
    assert TOKEN not in said
    assert TOKEN[:12] not in said
    assert PASSWORD[:8] not in said
    assert "****" not in said


def test_bytes_are_those_of_the_text_as_it_was_given(monkeypatch):
    """A masked secret takes the room it took."""
    monkeypatch.setenv("MY_TOKEN", PASSWORD)
    before = f"token {PASSWORD} and {TOKEN}\n"
    line = "curl: (6) Could not resolve host: a.example"
    (found,) = api.diagnose(before + line)
    assert (before + line).encode()[slice(*found.bytes)].decode() == line


@given(st.text(), st.text(min_size=1))
def test_hiding_keeps_every_byte_s_place(text, secret):
    """Only the secret changes, and it stays as long."""
    whole = f"{text}{secret}{text}"
    masked = hidden(whole, [secret])
    size = len(whole.encode("utf-8", "surrogatepass"))
    assert len(masked.encode("utf-8", "surrogatepass")) == size
    assert secret not in masked or not secret.strip("*")


def test_a_text_without_secrets_is_not_copied():
    """Most logs have none."""
    text = "nothing to hide\n"
    assert hidden(text, ()) is text
