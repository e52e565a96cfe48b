"""What is kept of builds that passed: by all that they depend on, and not too many."""

from __future__ import annotations

import dataclasses
import os
import time

from autoexec_magic.builder import scratch
from autoexec_magic.builder.wheels import keeping


def test_what_a_result_depends_on_is_in_its_key(bed):
    """Tests or none, the commit's time: each is another result."""
    bed.own()
    bed.build(tests=False)
    assert keeping.kept(bed.plan(tests=False), keeping_python(), bed.bench) is not None
    assert keeping.kept(bed.plan(tests=True), keeping_python(), bed.bench) is None
    other = bed.plan(tests=False)
    other.data["epoch"] = 1
    assert keeping.kept(other, keeping_python(), bed.bench) is None
    elsewhere = dataclasses.replace(bed.bench, setting="with --env FLAVOUR")
    assert keeping.kept(bed.plan(tests=False), keeping_python(), elsewhere) is None


def keeping_python():
    """Return the interpreter that builds here."""
    import sys
    from pathlib import Path

    return Path(sys.executable)


def test_old_ones_are_not_taken_and_too_many_go(bed, monkeypatch):
    """A week, and so many."""
    bed.own()
    bed.build(tests=False)
    [record] = (bed.bench.cache / keeping.KEPT).glob("*/record.json")
    old = time.time() - 8 * 86_400
    os.utime(record, (old, old))
    assert keeping.kept(bed.plan(tests=False), keeping_python(), bed.bench) is None
    monkeypatch.setattr(keeping, "MOST_KEPT", 2)
    for number in range(4):
        bed.write("pear/__init__.py", f"VALUE = {number}\n")
        bed.build(tests=False)
    assert len(list((bed.bench.cache / keeping.KEPT).iterdir())) == 2


def test_what_a_killed_build_left_there_goes_with_the_next(bed, monkeypatch):
    """It would count as one that is kept, and push one out."""
    monkeypatch.setattr(scratch, "_FRESH_SECONDS", -1.0)
    left = bed.bench.cache / keeping.KEPT / "new.left"
    left.mkdir(parents=True)
    bed.own()
    bed.build(tests=False)
    [place] = (bed.bench.cache / keeping.KEPT).iterdir()
    assert sorted(each.name for each in place.iterdir()) == [
        *("pear-1.0-py3-none-any.whl", "pear-1.0.tar.gz", "record.json")
    ]
