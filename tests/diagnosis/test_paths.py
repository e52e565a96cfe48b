"""Files that are not there, and where they may be."""

from __future__ import annotations

import pytest
from anytext import ANY_TEXT, is_shown_on_one_line
from hypothesis import given

from autoexec_magic.diagnosis import Around, diagnose_exception, python

TREE = {
    "/": ["home"],
    "/home": ["shop"],
    "/home/shop": ["data", "notebooks", "README.md", "pyproject.toml"],
    "/home/shop/data": ["sales.csv", "Orders.csv"],
    "/home/shop/notebooks": ["first.ipynb", "data2"],
}
AROUND = Around(folder="/home/shop/notebooks", root="/home/shop", list_folder=lambda path: TREE.get(path, ()))


def told(path, around=AROUND):
    error = FileNotFoundError(2, "No such file or directory", path)
    return diagnose_exception(error, is_user_frame=bool, around=around)


def test_the_same_path_from_another_folder():
    """The most common reason: the notebook runs in its own folder."""
    seen = told("data/sales.csv")
    assert (seen.code, seen.confidence) == ("file-not-found", "certain")
    assert seen.fix == "run it in .., or write '../data/sales.csv'"
    assert (seen.action.kind, seen.action.values) == ("folder", ("/home/shop",))


@pytest.mark.parametrize(
    ("path", "fix", "action"),
    [
        pytest.param("../data/orders.csv", "write '../data/Orders.csv'", "replace", id="case"),
        pytest.param("../data/salse.csv", "write '../data/sales.csv'", "replace", id="spelling"),
        pytest.param("/home/shop/dat/sales.csv", "write '/home/shop/data/sales.csv'", "replace", id="folder"),
        pytest.param(
            "../tables/sales.csv", "write '../data/sales.csv', if that is meant", None, id="elsewhere"
        ),
        pytest.param("../out/report.txt", "make the folder '../out' first", None, id="no-folder"),
        pytest.param("../data/frobnicate.bin", "or fetch it", None, id="nothing-near"),
        pytest.param("~/sales.csv", "os.path.expanduser", None, id="home"),
        pytest.param("sales.csv", "run it in ../data", "folder", id="beside"),
    ],
)
def test_what_is_nearest(path, fix, action):
    """Another case, another spelling, another folder, or nothing."""
    seen = told(path)
    assert fix in seen.fix
    assert (seen.action and seen.action.kind) == action


def test_without_the_folder_nothing_is_looked_for():
    """Then the old sentence remains."""
    assert "from the working directory" in told("data/sales.csv", Around()).fix
    assert told("data/sales.csv", Around()).action is None


def test_who_lists_may_fail():
    """A folder that may not be read, or names that are none."""

    def fails(path):
        raise PermissionError(path)

    for listing in (fails, lambda path: None, lambda path: [None, 3], lambda path: ["a"] * 10**6):
        is_shown_on_one_line(told("data/sales.csv", Around(folder="/home/shop", list_folder=listing)))


def test_few_folders_are_asked():
    """A disk may be large, and far."""
    asked = []

    def listing(path):
        asked.append(path)
        return [f"folder{n}" for n in range(500)]

    told("a/b/c/d.csv", Around(folder="/home/shop/notebooks", root="/home/shop", list_folder=listing))
    assert len(asked) < 500


def test_the_text_says_the_same():
    """A traceback is told like the exception."""
    text = (
        'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    open("data/sales.csv")\n'
        "FileNotFoundError: [Errno 2] No such file or directory: 'data/sales.csv'\n"
    )
    seen = python.read(text, None, AROUND).diagnosis
    assert (seen.fix, seen.action) == (told("data/sales.csv").fix, told("data/sales.csv").action)


@given(ANY_TEXT)
def test_any_path_is_answered(path):
    """Whatever it is made of."""
    is_shown_on_one_line(told(path))
