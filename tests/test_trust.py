"""What a person agreed to for good counts for exactly that, there, and nowhere else."""

from __future__ import annotations

import json
import os
import stat
import threading

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.trust import Trust, digest


@pytest.fixture
def trust(tmp_path) -> Trust:
    """Return the answers of a project."""
    (tmp_path / "project").mkdir()
    return Trust(data=tmp_path / "data", workspace=tmp_path / "project")


def test_what_is_kept_is_known_and_nothing_else(trust):
    """A word more, another kind, another order: each is another thing."""
    trust.keep("command", ["a", "b"], text="a b")
    assert trust.has("command", ["a", "b"])
    for other in (
        ("command", ["a"]),
        ("command", ["b", "a"]),
        ("policy", ["a", "b"]),
        ("command", "a b"),
        (),
    ):
        assert not trust.has(*other)


def test_another_project_has_its_own_answers(trust, tmp_path):
    """A project is its folder, by whatever link it is reached."""
    trust.keep("x", text="x")
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to("project")
    assert not Trust(data=trust.data, workspace=tmp_path / "other").has("x")
    assert Trust(data=trust.data, workspace=tmp_path / "link").has("x")


def test_answers_are_the_persons_alone(trust):
    """Nobody else may read them, let alone add one."""
    trust.keep("x", text="x")
    (path,) = trust.folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(trust.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(trust.folder.parent.stat().st_mode) == 0o700


def test_answers_are_listed_in_their_order_and_can_be_forgotten(trust):
    """By the beginning of their name."""
    for text in ("first", "second"):
        trust.keep(text, text=text)
    assert {kept.text for kept in trust.all()} == {"first", "second"}
    assert [kept.at for kept in trust.all()] == sorted(kept.at for kept in trust.all())
    first = next(kept for kept in trust.all() if kept.text == "first")
    assert trust.forget(first.short) == first
    assert not trust.has("first")
    assert trust.has("second")


@pytest.mark.parametrize("name", ["", "zz", "../../runs"])
def test_what_is_not_there_cannot_be_forgotten(trust, name):
    """A name is compared, never opened."""
    trust.keep("x", text="x")
    with pytest.raises(UsageError, match="no answer"):
        trust.forget(name)
    assert trust.has("x")


def test_a_name_that_means_two_is_an_error(trust):
    """Forgetting the wrong one would be noticed too late."""
    for number in range(40):  # more than there are digits
        trust.keep(number, text=str(number))
    letters = [kept.name[0] for kept in trust.all()]
    often = max(set(letters), key=letters.count)
    with pytest.raises(UsageError, match="answers"):
        trust.forget(often)
    assert len(list(trust.all())) == 40


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b"\xff", b'{"text": "x"}', b'{"text": 1, "at": "x"}']
)
def test_a_file_that_is_torn_is_left_out(trust, content):
    """The others are still listed."""
    trust.keep("x", text="x")
    (trust.folder / digest("torn")).write_bytes(content)
    assert [kept.text for kept in trust.all()] == ["x"]


def test_where_there_are_none_there_are_none(trust):
    """Reading makes no folder."""
    assert list(trust.all()) == []
    assert not trust.has("x")
    assert not trust.data.exists()


def test_what_cannot_be_written_is_said(trust):
    """And nothing half written is left."""
    trust.data.write_text("a file, not a folder")
    with pytest.raises(UsageError, match="cannot be kept"):
        trust.keep("x", text="x")
    assert not trust.has("x")


def test_two_kernels_lose_nothing_of_each_other(trust):
    """Each answer is a file of its own, renamed into its place."""
    threads = [
        threading.Thread(target=trust.keep, args=(number,), kwargs={"text": "x"}) for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(trust.has(number) for number in range(20))
    assert not [name for name in os.listdir(trust.folder) if "." in name]


def test_odd_text_is_kept(trust):
    """Names of files can hold what is no text."""
    trust.keep("\udcff", text="\udcff ü")
    assert trust.has("\udcff")
    (path,) = trust.folder.iterdir()
    assert json.loads(path.read_bytes())["text"] == "\udcff ü"
