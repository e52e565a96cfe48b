"""The cage in force is witnessed, and one that does not hold is an error."""

from __future__ import annotations

import dataclasses

import pytest
from skips import requires

from autoexec_magic.errors import CageError, UsageError
from autoexec_magic.executor import cage
from autoexec_magic.executor.cage import force, mounts
from autoexec_magic.executor.cage.doors import Doors


def seen(level: str = "workspace", mechanism: str = "landlock+seccomp+mounts", **more: tuple[str, ...]):
    """Return a witness's words."""
    told = {"held": ("write: file",), "open": (), "not_testable": ()} | more
    return cage.Witness(level=level, mechanism=mechanism, **told)


def level_here(level: str) -> cage.InForce:
    """Return what is in force, or skip where it cannot be had."""
    try:
        return cage.in_force(level)
    except CageError as error:
        requires(False, error.why, error.fix)
        raise


def test_open_is_limits_and_nothing_is_tried():
    """It shuts nothing, so there is nothing to see."""
    assert cage.in_force("open") == cage.InForce(level="open", mechanism="limits")


@pytest.mark.parametrize("level", ["workspace", "sealed"])
def test_a_cage_says_how_many_doors_were_seen_to_be_shut(level):
    """Most of them, and what is open is named."""
    found = level_here(level)
    assert found.level == level
    assert 40 <= found.held <= found.tried
    if level == "sealed" or mounts.can_be_had():
        assert found.open == ()


def test_best_is_the_strongest_that_can_be_had(monkeypatch):
    """And the next one where that cannot be had."""

    def absent(level: str) -> None:
        if level in missing:
            raise CageError(f"no {level}")

    monkeypatch.setattr(force, "available", absent)
    missing: set[str] = set()
    assert cage.choose("best") == "sealed"
    missing.add("sealed")
    assert cage.choose("best") == "workspace"
    missing.add("workspace")
    assert cage.choose("best") == "open"
    assert cage.choose("workspace") == "workspace"  # what is asked for is not exchanged


def test_a_level_that_nobody_knows_is_said_to_be_none():
    """With those there are."""
    with pytest.raises(UsageError, match="cosy") as caught:
        cage.in_force("cosy")
    assert "best" in caught.value.fix


def test_a_door_that_is_open_and_should_not_be_is_an_error(monkeypatch):
    """Never a weaker cage than was asked for."""
    monkeypatch.setattr(force, "_witnessed", lambda level: seen(open=("net: tcp",)))
    with pytest.raises(CageError, match="does not hold") as caught:
        cage.in_force("workspace")
    assert "net: tcp" in caught.value.why


def test_what_only_mounts_keep_is_open_without_them_and_said_so(monkeypatch):
    """Protected files are compared instead; with mounts the same door is an error."""
    doors = ("write: change mode", "protected: change")
    bare = seen(mechanism="landlock+seccomp", open=doors)
    monkeypatch.setattr(force, "_witnessed", lambda level: bare)
    assert cage.in_force("workspace").open == doors
    monkeypatch.setattr(
        force, "_witnessed", lambda level: dataclasses.replace(bare, mechanism="landlock+seccomp+mounts")
    )
    with pytest.raises(CageError):
        cage.in_force("workspace")


def test_doors_that_a_person_opens_stand_there_too(monkeypatch, tmp_path):
    """Else the record would claim more than is kept."""
    monkeypatch.setattr(force, "_witnessed", lambda level: seen())
    doors = Doors(net=(443,), unix=True, read=(tmp_path,))
    assert cage.in_force("workspace", doors).open == ("--net 443", "--unix", f"--read {tmp_path}")


def test_a_door_without_a_wall_is_a_mistake():
    """Who types it thinks of a cage that is not there."""
    with pytest.raises(UsageError, match="--net 443 needs a cage") as caught:
        cage.in_force("open", Doors(net=(443,)))
    assert caught.value.fix == "--cage workspace --net 443"


def test_the_sealed_cage_has_no_network_to_open(monkeypatch):
    """It is refused before anything is tried."""
    monkeypatch.setattr(force, "_witnessed", lambda level: seen(level="sealed"))
    with pytest.raises(CageError, match="no network"):
        cage.in_force("sealed", Doors(net="all"))
