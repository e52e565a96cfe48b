"""What the plugin tells of a cell, under the cell's own name."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.testrunner.incell.sink import Sink


class Lines:
    """Takes what a fold would."""

    def __init__(self):
        self.records = []

    def feed(self, line):
        self.records.append(json.loads(line))


@pytest.fixture
def sink():
    """Return a sink for a cell that pytest calls `sub/cell`."""
    made = Sink(Lines(), "cell")
    made.node, made.files = "sub/cell", frozenset(("<cell>", "sub/cell"))
    return made


def told(sink, *records):
    """Give records to a sink, in one piece, and return what the fold gets."""
    sink.write(b"".join(json.dumps({"n": 0, **record}).encode() + b"\n" for record in records))
    return sink._fold.records


def test_ids_and_files_are_the_cells(sink):
    """Those of others stay."""
    start, items = told(
        sink,
        {"k": "start", "id": "sub/cell::test_a[sub/cell::x]", "file": "sub/cell"},
        {"k": "items", "ids": ["sub/cell::test_a", "sub/cellar::test_b"]},
    )
    assert (start["id"], start["file"]) == ("cell::test_a[sub/cell::x]", "cell")
    assert items["ids"] == ["cell::test_a", "sub/cellar::test_b"]


def test_a_place_is_put_into_the_failure_it_is_of(sink):
    """Once, and into no other."""
    sink.place("sub/cell::test_a", "call", {"file": "<cell>", "line": 7})
    failed = {"k": "phase", "id": "sub/cell::test_a", "when": "call", "failure": {"file": "x", "line": 1}}
    first, second = told(sink, failed, failed)
    assert (first["failure"]["file"], first["failure"]["line"]) == ("cell", 7)
    assert (second["failure"]["file"], second["failure"]["line"]) == ("x", 1)


def test_it_knows_whether_anything_began(sink):
    """`--help` begins nothing."""
    told(sink, {"k": "end"})
    assert not sink.has_begun
    told(sink, {"k": "begin"})
    assert sink.has_begun


def test_what_was_cut_is_masked_before_anybody_cuts_it_again(monkeypatch):
    """In all that was said; names stay what they are, or a test would begin that was never found."""
    secret = "Zq7Xw9Vk3Jp5Bn2Hd8"
    monkeypatch.setenv("MY_TOKEN", secret)
    made = Sink(Lines(), "cell")
    failure = {"message": f"it was {secret[:9]}…", "text": f"a\n…\n{secret[7:]} was it", "left": secret}
    record = {"k": "phase", "id": f"x[{secret}]", "out": f"…{secret[9:]}\n", "reason": "no"}
    (found,) = told(made, {**record, "failure": failure})
    assert found["failure"] == {"message": "it was ***…", "text": "a\n…\n*** was it", "left": "***"}
    assert (found["id"], found["out"], found["reason"]) == (f"x[{secret}]", "…***\n", "no")
