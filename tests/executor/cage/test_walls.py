"""What a request becomes on the thread."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.cage import CageRequest
from autoexec_magic.executor.cage.walls import Walls, ports


@pytest.mark.parametrize(
    ("net", "wanted"),
    [("none", ()), ((), ()), ("all", None), ((443, 443), (443, 53)), ((53,), (53,))],
)
def test_names_can_be_asked_for_wherever_a_port_is_open(tmp_path, net, wanted):
    """Port 53 comes with any other."""
    assert ports(CageRequest(level="workspace", workspace=tmp_path, net=net)) == wanted


def test_closing_twice_does_no_harm(tmp_path):
    """The descriptors are released once."""
    walls = Walls(CageRequest(level="workspace", workspace=tmp_path, mounts=False), ())
    assert walls.mechanism == "landlock+seccomp"
    walls.close()
    walls.close()
