"""A stream that writes more than is kept: head, a cut that is told, tail; no secret at an edge."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexec_magic.executor.channel import TAIL_CHARS, Channel
from autoexec_magic.executor.ring import RING_BYTES

SECRET = "tr0ub4dor&3-correct"
KEY = "-----BEGIN KEY-----\nfirst-line-of-it\nsecond-line-of-it\n-----END KEY-----"


def passed(
    data: bytes, keep_bytes: int, *, secrets: tuple[str, ...] = (), is_raw: bool = False, step: int = 4096
) -> tuple[str, Channel, str]:
    """Send `data` through a channel; return the head, the channel and what came at the end."""
    reader, writer = os.pipe()
    channel = Channel("stdout", reader, keep_bytes=keep_bytes, secrets=secrets, is_raw=is_raw)
    shown = []
    try:
        for at in range(0, len(data), step):
            os.write(writer, data[at : at + step])
            shown.append(channel.read())
        os.close(writer)
        assert channel.read() is None
    finally:
        os.close(reader)
    return "".join(shown), channel, "".join(channel.rest())


@settings(deadline=None)
@given(
    lines=st.lists(st.text("aü€𝄞 ", max_size=30), max_size=60),
    keep_bytes=st.integers(0, 1500),
    step=st.integers(1, 300),
)
def test_what_is_shown_and_what_is_missing_is_all_of_it(lines, keep_bytes, step):
    """Head, then as many bytes as are told, then tail: whatever the pieces and the limit."""
    data = "\n".join(lines).encode()
    head, channel, tail = passed(data, keep_bytes, step=step)
    if channel.cut is None:
        assert (head + tail).encode() == data
        return
    after, dropped = channel.cut.after, channel.cut.dropped
    assert (head.encode(), tail.encode()) == (data[:after], data[after + dropped :])
    assert len(head.encode()) + len(tail.encode()) <= keep_bytes
    assert dropped > 0


def test_the_tail_has_at_most_half_of_what_is_kept():
    """And never more than the ring."""
    data = b"0123456\n" * 4096
    head, channel, tail = passed(data, 1000)
    assert channel.cut is not None
    assert 480 <= len(head) <= 500
    assert 480 <= len(tail) <= 500
    head, channel, tail = passed(data * 512, 5 * RING_BYTES // 2, step=65_536)
    assert RING_BYTES - RING_BYTES // 4 <= len(tail) <= RING_BYTES


def test_what_fits_is_not_cut():
    """Output of exactly the limit is whole, its last part shown at the end."""
    data = b"x" * 999 + b"\n"
    head, channel, tail = passed(data, len(data))
    assert channel.cut is None
    assert head + tail == data.decode()
    assert len(head) == len(data) // 2


@pytest.mark.parametrize("secret", [SECRET, KEY], ids=["a-word", "of-several-lines"])
def test_a_secret_cut_by_an_edge_does_not_leak(secret):
    """Wherever head and tail are cut, no part of the secret is shown (four characters are one)."""
    keep = 400
    parts = {secret[at : at + 8] for at in range(len(secret) - 7)}
    for before in range(0, 400, 3):
        data = f"{'x' * before}{secret} and more\n".encode() + b"line\n" * 100
        data += f"{'y' * before}{secret} and more\n".encode() + b"line\n" * 30
        head, channel, tail = passed(data, keep, secrets=(secret,))
        assert channel.cut is not None
        found = [part for part in parts if part in head or part in tail or part in channel.tail()]
        assert found == []


def test_a_secret_cut_by_the_edge_of_a_line_without_end_does_not_leak():
    """Where no line begins in the tail, as much is left out as a secret can be long."""
    data = (SECRET * 2000).encode()
    for extra in range(len(SECRET)):
        head, channel, tail = passed(data + b"z" * extra, 20_000, secrets=(SECRET,), step=65_536)
        assert channel.cut is not None
        assert set(tail) <= set("*z")
        assert SECRET[:8] not in head


def test_a_token_cut_by_the_edge_does_not_leak():
    """Neither does one that is known by its shape alone: the rest of it has none."""
    token = "ghp_" + "a1B2" * 300
    _, channel, tail = passed(b"x" * 3000 + f" {token}\nend\n".encode(), 1200)
    assert channel.cut is not None
    assert tail == "end\n"


def test_an_escape_cut_by_the_edge_does_no_harm():
    """What is left of a clipboard write is at most text: nothing follows that a terminal would obey."""
    data = b"x" * 3000 + b"\x1b]52;c;" + b"QUJD" * 250 + b"\x07after\n" + b"tail\n"
    for keep in range(100, 2200, 7):
        head, channel, tail = passed(data, keep)
        assert channel.cut is not None
        assert not set("\x1b\x07\x9b\x9d") & set(head + tail + channel.tail())


def test_the_outcome_has_the_last_characters():
    """Decoded and masked, however much came."""
    text = "start\n" + f"ü {SECRET}\n" * 200_000
    _, channel, _ = passed(text.encode(), 1000, secrets=(SECRET,), step=65_536)
    assert channel.tail() == ("ü ***\n" * 200_000)[-TAIL_CHARS:]


def test_the_output_of_our_own_tools_is_as_it_is():
    """Masking would break what a program is to read."""
    data = f"{SECRET} \x1b]0;t\x07\n".encode()
    head, channel, tail = passed(data, 1000, secrets=(SECRET,), is_raw=True)
    assert head + tail == channel.tail() == data.decode()


def test_what_passes_by_is_told_by_its_last_line():
    """Masked, short, harmless; and nothing where a line may be a part of a secret."""
    line = f"\x1b]0;t\x07step 7 {SECRET} {'z' * 500}\n".encode()
    data = b"x\n" * 500 + line + b"half a li"
    _, channel, _ = passed(data, 100, secrets=(SECRET,))
    assert channel.last_line().startswith("step 7 *** zzz")
    assert len(channel.last_line()) == 200
    assert channel.has_flown()
    assert not channel.has_flown()
    _, channel, _ = passed(data, 100, secrets=(KEY,))
    assert channel.last_line() == ""


def test_the_outcome_has_a_bar_once_and_what_it_pushed_out():
    """An error that a bar of a megabyte came after is still there."""
    bar = "".join(f"\r{number:6} of 100000" for number in range(60_000))
    _, channel, _ = passed(f"error: no such file\n{bar}\nend\n".encode(), 1000, step=65_536)
    assert channel.tail() == "error: no such file\n 59999 of 100000\nend\n"


BYTES = st.lists(
    st.sampled_from(
        [
            *(b"\x1b", b"[", b"]", b"P", b"_", b"\x9b", b"\x9d", b"\xc2\x9b", b"\xc2\x9d", b"\xc2", b"\xff"),
            *(b"6n", b"c", b"31m", b"2K", b"3J", b"52;c;eA==", b"8;;javascript:x", b"\x07", b"\x9c", b"\\"),
            *(
                b"\n",
                b"\r",
                b"\b",
                b"\0",
                b"\x1b[6n",
                b"\x1b]0;t\x07",
                b"\x1bP$qm\x1b\\",
                b"text",
                b"\xe2\x82",
            ),
        ]
    ),
    max_size=80,
).map(b"".join)
DRAWN = re.compile(r"[^\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]|\x1b\[(?:[0-9:;]*[ABCDEFGHKdfm]|[0-2]?J)")


@settings(max_examples=300, deadline=None)
@given(data=BYTES, keep_bytes=st.integers(0, 200), step=st.integers(1, 30))
def test_nothing_that_acts_comes_out_anywhere(data, keep_bytes, step):
    """Whatever bytes a program writes and wherever they are cut, what is shown colours and draws."""
    head, channel, tail = passed(data, keep_bytes, step=step)
    for text in (head, tail, head + tail, channel.tail(), channel.last_line()):
        assert DRAWN.sub("", text) == ""
    if channel.cut is None:
        assert head + tail == passed(data, 10_000)[0] + passed(data, 10_000)[2]
