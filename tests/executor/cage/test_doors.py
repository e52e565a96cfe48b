"""What a person lets through a cage, as typed and as meant."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.executor import cage
from autoexec_magic.executor.cage.doors import SHUT, Doors, doors_of


def test_nothing_is_let_through_by_default(tmp_path):
    """No option opens nothing."""
    assert doors_of(cwd=tmp_path) == SHUT
    assert SHUT.options() == ()


@pytest.mark.parametrize(
    ("text", "net"),
    [
        ("", "none"),
        ("none", "none"),
        ("all", "all"),
        ("443", (443,)),
        ("443, 80,443", (443, 80)),
        ("65535", (65535,)),
    ],
)
def test_ports_are_numbers_or_all(text, net, tmp_path):
    """Each port once, in the order given."""
    assert doors_of(net=text, cwd=tmp_path).net == net


@pytest.mark.parametrize("text", ["http", "0", "65536", "80,", "-1", "8 0", "٣", "all,80"])
def test_what_is_no_port_is_said_to_be_none(text, tmp_path):
    """A name, an empty word, a number that no port has, a digit of another script."""
    with pytest.raises(UsageError, match="--net"):
        doors_of(net=text, cwd=tmp_path)


def test_places_are_found_from_the_working_directory_and_the_home(tmp_path, monkeypatch):
    """Links are followed: the kernel's rules are about what is there."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "data").mkdir(parents=True)
    (tmp_path / "link").symlink_to("home")
    doors = doors_of(read=["link", "~/data"], write=["home"], cwd=tmp_path)
    home = (tmp_path / "home").resolve()
    assert (doors.read, doors.write) == ((home, home / "data"), (home,))
    assert doors.options() == (f"--read {home}", f"--read {home / 'data'}", f"--write {home}")


def test_a_place_that_is_not_there_cannot_be_let_through(tmp_path):
    """A rule would be about nothing, and the run would fail later without a word."""
    with pytest.raises(UsageError, match="--read absent"):
        doors_of(read=["absent"], cwd=tmp_path)


def test_the_options_and_the_request_tell_the_same(tmp_path):
    """What is typed arrives at the cage."""
    doors = Doors(net=(80, 443), unix=True, read=(tmp_path,), write=(tmp_path,))
    assert doors.options() == ("--net 80,443", "--unix", f"--read {tmp_path}", f"--write {tmp_path}")
    request = doors.request("workspace", tmp_path)
    assert request == cage.CageRequest(
        level="workspace",
        workspace=tmp_path,
        net=(80, 443),
        unix=True,
        read=(tmp_path,),
        write=(tmp_path,),
    )
    assert Doors(net="all").options() == ("--net all",)
