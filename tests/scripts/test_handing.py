"""Variables that may go go, and what comes back from a hostile process is data, or refused."""

from __future__ import annotations

import json
import os

import pytest

from autoexec_magic import scripts
from autoexec_magic.errors import ScriptError, UsageError
from autoexec_magic.scripts import handing
from autoexec_magic.scripts.inside import carried

PYTHON, NODE, BASH, RUST = (scripts.LANGUAGES[name] for name in ("python", "node", "bash", "rust"))


@pytest.mark.parametrize(
    ("language", "name"),
    [
        *((PYTHON, name) for name in ("", "a b", "class", "__builtins__", "1a", "a.b", "../x")),
        *((BASH, name) for name in ("PATH", "LD_PRELOAD", "BASH_ENV", "IFS", "PS4", "é", "PYTHONPATH")),
        *((NODE, name) for name in ("process", "require", "globalThis")),
    ],
)
def test_a_name_that_is_no_variables_is_refused(language, name):
    """It would be a folder's, or decide what runs."""
    with pytest.raises(UsageError, match="cannot be"):
        handing.check_names([name], language, "--in")


def test_a_language_without_variables_says_what_there_is():
    """Rust has its input and its arguments."""
    with pytest.raises(UsageError, match="not for rust") as caught:
        handing.check_names(["x"], RUST, "--in")
    assert "--stdin" in caught.value.fix
    handing.check_names([], RUST, "--in")


@pytest.mark.parametrize(
    ("value", "text"),
    [("a b\n'", "a b\n'"), (3, "3"), (True, "true"), (None, "null"), ([1, "x"], '[1, "x"]')],
)
def test_a_shell_gets_texts(value, text):
    """A text as it is, everything else as JSON."""
    assert handing.given({"x": value}, BASH)[0].text == text


@pytest.mark.parametrize(
    "value", ["a\0b", "x" * 200_000, (1,), {1: 2}, float("nan")], ids=lambda v: str(v)[:5]
)
def test_what_a_shell_cannot_hold_is_refused_by_name(value):
    """With what to do instead."""
    with pytest.raises(UsageError, match="params cannot be handed over") as caught:
        handing.given({"params": value}, BASH)
    assert caught.value.why
    assert caught.value.fix


def put(tmp_path, name: str, data: bytes, file: str = "value.json") -> None:
    """Write what a script says of a variable."""
    (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / name / file).write_bytes(data)


def test_values_come_back(tmp_path):
    """Python's and Node's as they are; a shell's as texts, lists and pairs of texts."""
    for file, data in carried.pack({"a": (1, b"x")}).items():
        put(tmp_path, "python", data, file)
    put(tmp_path, "text", "a\nä\0".encode(), "text")
    put(tmp_path, "list", b"a\0\0b c\0", "list")
    put(tmp_path, "none", b"", "list")
    put(tmp_path, "pairs", b"k\0v\0", "pairs")
    assert handing.taken(tmp_path, ["python", "text", "list", "none", "pairs"]) == {
        "python": {"a": (1, b"x")},
        "text": "a\nä",
        "list": ["a", "", "b c"],
        "none": [],
        "pairs": {"k": "v"},
    }


def link(path) -> None:
    path.symlink_to("/etc/passwd")


def pipe(path) -> None:
    os.mkfifo(path)


def folder(path) -> None:
    path.mkdir()


def hard_link(path) -> None:
    (path.parent.parent / "other").write_text("1")
    os.link(path.parent.parent / "other", path)


def huge(path) -> None:
    with path.open("wb") as file:
        file.truncate(carried.MOST_BYTES + 1)


def no_text(path) -> None:
    path.write_bytes(b"\xff\0")


@pytest.mark.parametrize("make", [link, pipe, folder, hard_link, huge, no_text])
@pytest.mark.parametrize("file", ["value.json", "refused.json", "text", "list", "pairs"])
def test_what_is_no_file_of_its_own_is_not_read(tmp_path, make, file):
    """A link to what only the kernel may read, a pipe that never ends, a disk full of nothing."""
    (tmp_path / "result").mkdir()
    make(tmp_path / "result" / file)
    with pytest.raises(ScriptError, match="result was not handed back") as caught:
        handing.taken(tmp_path, ["result"])
    assert "root:" not in str(caught.value)


def test_a_link_in_the_place_of_a_folder_is_not_followed(tmp_path):
    """Neither of a variable's nor of all of them."""
    (tmp_path / "elsewhere" / "x").mkdir(parents=True)
    put(tmp_path / "elsewhere", "x", b"1")
    (tmp_path / "values").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ScriptError):
        handing.taken(tmp_path / "values", ["x"])
    (tmp_path / "x").symlink_to(tmp_path / "elsewhere" / "x")
    with pytest.raises(ScriptError):
        handing.taken(tmp_path, ["x"])


def test_all_files_together_are_bounded(tmp_path, monkeypatch):
    """Many files are no way round the size of one."""
    monkeypatch.setattr(carried, "MOST_BYTES", 3000)
    tree = {"$": "tuple", "v": [{"$": "array", "file": f"{number}.npy"} for number in range(1, 4)]}
    put(tmp_path, "x", json.dumps(tree).encode())
    for number in range(1, 4):
        put(tmp_path, "x", carried.pack(__import__("numpy").zeros(150))["0.npy"], f"{number}.npy")
    with pytest.raises(ScriptError, match="not handed back"):
        handing.taken(tmp_path, ["x"])


def test_what_the_script_refused_is_said(tmp_path):
    """In one line, harmless, whatever it wrote there."""
    put(tmp_path, "x", json.dumps({"why": "it is\x1b[2J a\nfunction", "fix": "no"}).encode(), "refused.json")
    with pytest.raises(ScriptError) as caught:
        handing.taken(tmp_path, ["x"])
    assert caught.value.why == "it is a function"
    put(tmp_path, "x", b"[]", "refused.json")
    with pytest.raises(ScriptError, match="not handed back"):
        handing.taken(tmp_path, ["x"])


def test_what_is_not_there_is_said(tmp_path):
    """With where to set it."""
    with pytest.raises(ScriptError, match="x was not handed back") as caught:
        handing.taken(tmp_path, ["x"])
    assert "top level" in caught.value.fix


def test_a_list_of_nothing_but_ends_is_held_to_the_size_of_texts(tmp_path, monkeypatch):
    """A gigabyte of them would be eight of empty texts."""
    monkeypatch.setattr(carried, "MOST_JSON_BYTES", 100)
    put(tmp_path, "x", b"\0" * 101, "list")
    with pytest.raises(ScriptError, match="handed back") as caught:
        handing.taken(tmp_path, ["x"])
    assert "at most 100" in caught.value.why
