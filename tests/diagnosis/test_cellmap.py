"""A place in an app's module is told as notebook and cell, and only where the map is of that very build."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import Around, diagnose_log
from autoexec_magic.diagnosis.cellmap import CellMap, in_cells
from autoexec_magic.values import Diagnosis, Frame

MAP = CellMap(
    file="model/__init__.py",
    notebook="model.ipynb",
    lines={12: (4, 2)},
    ids={4: "abc"},
    texts={12: "return rates[key]"},
)
LOG = """Traceback (most recent call last):
  File "/app/model/__main__.py", line 40, in <module>
    print(handler(event))
          ^^^^^^^^^^^^^^
  File "/app/model/__init__.py", line 12, in handler
    return rates[key]
           ~~~~~^^^^^
KeyError: 'b'
"""


def test_a_log_is_told_by_cell():
    """With the id, and where it is in the app as evidence."""
    (found,) = diagnose_log(LOG, around=Around(apps=(MAP,)))
    assert found.where == "model.ipynb cell 4 line 2"
    assert found.frame == Frame(
        file="model.ipynb", line=2, cell_id="abc", source="return rates[key]", function="handler"
    )
    assert "in the app it is model/__init__.py line 12" in found.evidence
    (plain,) = diagnose_log(LOG)
    assert plain.where == "/app/model/__init__.py:12"
    assert (found.code, found.why, found.fix, found.bytes) == (plain.code, plain.why, plain.fix, plain.bytes)


@pytest.mark.parametrize(
    "frame",
    [
        Frame(file="/app/model/__init__.py", line=12, source="return rates[other]"),
        Frame(file="/app/model/__init__.py", line=13),
        Frame(file="/app/remodel/__init__.py", line=12),
        Frame(file="/app/model/__init__.py.bak", line=12),
        None,
    ],
)
def test_another_file_or_build_stays_as_it_is(frame):
    """A wrong cell would be worse than none."""
    found = Diagnosis(code="x", why="y", where="z:1", frame=frame)
    assert in_cells(found, [MAP]) == found


def test_paths_of_other_systems_and_frames_without_their_line_are_known():
    """Optimized code, or a container without sources, shows none."""
    for file in ("model/__init__.py", "C:\\app\\model\\__init__.py"):
        found = in_cells(Diagnosis(code="x", why="y", frame=Frame(file=file, line=12)), [MAP])
        assert found.where == "model.ipynb cell 4 line 2"
