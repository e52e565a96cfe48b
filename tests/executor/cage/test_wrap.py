"""Each start has a filter of its own; all are released."""

from __future__ import annotations

import os
from pathlib import Path

from autoexec_magic.executor.cage import CageRequest
from autoexec_magic.executor.cage.wrap import Wrap


def test_each_start_has_its_own_filter(tmp_path):
    """bwrap reads it to its end."""
    before = len(os.listdir("/proc/self/fd"))
    wrap = Wrap(
        Path("/usr/bin/bwrap"), CageRequest(level="sealed", workspace=tmp_path), (), temporary=tmp_path
    )
    first, one = wrap.prefix(), wrap.descriptors
    second, other = wrap.prefix(), wrap.descriptors
    assert one != other
    assert first[first.index("--seccomp") + 1] == str(one[0])
    assert len(os.read(other[0], 65_536)) % 8 == 0
    assert second[0] == "/usr/bin/bwrap"
    wrap.close()
    wrap.close()
    assert len(os.listdir("/proc/self/fd")) == before
