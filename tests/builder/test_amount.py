"""How much is read is asked about before it is: a sparse file of terabytes takes no room, and hours."""

from __future__ import annotations

import dataclasses
import os
import shutil

import benches
import pytest
from skips import requires

from autoexec_magic import builder
from autoexec_magic.builder import amount
from autoexec_magic.errors import PolicyRefused

from .test_no_waiting import FILES, ended


@pytest.mark.parametrize("kind", ["wheel", "npm", "image", "app"])
def test_a_sparse_file_is_asked_about_before_it_is_read(tmp_path, kind):
    """By each kind, with its name and its size; a no ends it at once."""
    requires(kind != "npm" or shutil.which("npm"), "npm is not installed", "apt-get install npm")
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    (folder / "autoexec.toml").write_text("[build]\ninclude = ['**']\n")
    with (folder / "data.bin").open("wb") as file:
        file.truncate(3 * 10**12)
    asked = []

    def no(question):
        asked.append(question)
        return False

    bench = dataclasses.replace(benches.bench(tmp_path), ask=no)
    path = folder / "note.ipynb" if kind == "app" else folder
    with pytest.raises(PolicyRefused, match=f"the {kind} was not built"):
        builder.builder_of(kind).plan(builder.source_of(path, folder), bench)
    (question,) = asked
    assert question.text == f"read 3,000.0 GB to build the {kind} ?"
    assert question.evidence == ("data.bin: 3,000.0 GB, of which the disk holds 0.0 GB",)
    assert question.fix == f"%autoexec build {kind} --yes"


def test_what_is_ordinary_is_not_asked_about(tmp_path):
    """Nor what is no file, or is gone."""
    (tmp_path / "a").write_bytes(b"1" * 1000)
    (tmp_path / "b").symlink_to("none")
    (tmp_path / "c").mkdir()
    bench = dataclasses.replace(benches.bench(tmp_path), ask=lambda question: pytest.fail("asked"))
    amount.ask_first([(name, tmp_path / name) for name in "abc"], "wheel", bench)


def test_a_yes_is_one(tmp_path):
    """And nothing was opened: a pipe in the place of what was asked about is waited for by nobody."""
    with (tmp_path / "a").open("wb") as file:
        file.truncate(amount.MUCH_BYTES + 1)
    os.mkfifo(tmp_path / "b")

    def yes(question):
        os.replace(tmp_path / "b", tmp_path / "a")
        return True

    bench = dataclasses.replace(benches.bench(tmp_path), ask=yes)
    files = [(name, tmp_path / name) for name in "ab"]
    assert ended(lambda: amount.ask_first(files, "wheel", bench)) is None
    assert (tmp_path / "a").is_fifo()
