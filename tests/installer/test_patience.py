"""What takes long says so: soon, and then ever more rarely."""

from __future__ import annotations

import pytest

from autoexec_magic.installer import patience
from autoexec_magic.installer.patience import Patience, downloading, watched


@pytest.fixture
def clock(monkeypatch):
    """Return a function that lets seconds pass."""
    now = [100.0]
    monkeypatch.setattr(patience.time, "monotonic", lambda: now[0])

    def pass_(seconds):
        now[0] += seconds

    return pass_


def test_the_waits_become_longer_up_to_a_limit(clock):
    """After 1, 2, 4, 8 and then 10 seconds each: a line that moves too often is noise."""
    waiting, waits = Patience(), []
    for _ in range(6):
        waits.append(waiting.seconds)
        clock(waiting.seconds - 0.1)
        assert not waiting.is_over()
        clock(0.1)
        assert waiting.is_over()
    assert waits == [1, 2, 4, 8, 10, 10]


def test_a_short_download_says_nothing_and_a_long_one_how_far_it_is(clock):
    """All bytes come through, in their order."""
    told = []
    assert b"".join(watched([b"a", b"b"], "frob.whl", 0, told.append)) == b"ab"
    assert told == []

    def slow():
        for _ in range(4):
            clock(1.0)
            yield b"x" * 1_000_000

    assert len(b"".join(watched(slow(), "frob.whl", 4_000_000, told.append))) == 4_000_000
    assert told == ["downloading frob.whl: 1 of 4 MB", "downloading frob.whl: 3 of 4 MB"]


def test_of_unknown_size_only_what_came_is_told():
    """No share of nothing."""
    assert downloading("frob.whl", 2_000_000, 0) == "downloading frob.whl: 2 MB"
