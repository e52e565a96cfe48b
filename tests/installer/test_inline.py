"""A notebook whose code cell says what it needs, as juv has it, goes on saying the truth."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest
from index import wheel
from skips import requires

from autoexec_magic.installer import inline, notebook
from autoexec_magic.installer.notebook_lock import Locked, locked
from autoexec_magic.installer.sources import Sources
from autoexec_magic.installer.tool import Toolbox

BLOCK = "# /// script\n# dependencies = [\n#   'six',  # keep\n# ]\n#\n# [tool.mine]\n# a = 1\n# ///\n"


@pytest.fixture
def tools(emit):
    """Return what an edit needs: nobody is asked."""
    return Toolbox(sources=Sources(indexes=()), emit=emit, ask=lambda question: False)


def read(path, *sources, minor=5):
    """Write and read a notebook with these code cells."""
    made = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{number}",
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources)
    ]
    content = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}
    path.write_text(json.dumps(content, indent=1) + "\n")
    return notebook.read(path)


def lock(*names, direct=None):
    """Return a lock of these distributions."""
    return locked(
        "3.11", [Locked(name=name, version="1.0", hashes=("0" * 64,)) for name in names], direct or names, []
    )


def test_without_a_block_nothing_is_added_unasked(tmp_path, tools):
    """Where a person did not ask for a cell there is none."""
    before = read(tmp_path / "x.ipynb", "import six")
    assert inline.with_block(before, lock("six"), tools, add=False) is before


@pytest.mark.parametrize("minor", [4, 5])
def test_a_cell_is_added_once(tmp_path, tools, minor):
    """It is hidden, has an id where the format has ids, and is not added a second time."""
    before = read(tmp_path / "x.ipynb", "import six", minor=minor)
    after = inline.with_block(before, lock("six"), tools, add=True)
    first = after.content["cells"][0]
    assert first["source"][0] == "# /// script\n"
    assert first["metadata"]["jupyter"]["source_hidden"] is True
    assert ("id" in first) == (minor == 5)
    assert after.content["cells"][1:] == before.content["cells"]
    assert inline.with_block(after, lock("six"), tools, add=True) is after


@pytest.mark.parametrize("as_lines", [True, False])
def test_a_block_that_is_there_gets_what_it_lacks(tmp_path, tools, as_lines):
    """uv adds it; comments, other tables, the code around it and all other cells stay."""
    source = f"#!x\n{BLOCK}import six, é"
    before = read(tmp_path / "x.ipynb", "1", source.splitlines(keepends=True) if as_lines else source)
    after = inline.with_block(
        before, lock("six", "pyyaml", "inner", direct=["six", "pyyaml"]), tools, add=True
    )
    text = after.cells[1][1]
    assert text.startswith("#!x\n# /// script\n")
    assert text.endswith("# ///\nimport six, é")
    assert "pyyaml==1.0" in text
    assert "inner" not in text
    assert "# keep" in text
    assert "# [tool.mine]" in text
    assert after.content["cells"][0] == before.content["cells"][0]
    assert isinstance(after.content["cells"][1]["source"], list) == as_lines
    assert inline.with_block(after, lock("six", "pyyaml"), tools, add=True) is after


def test_juv_reads_the_cell(tmp_path, tools, index):
    """The real juv exports what the notebook needs from the cell that was added."""
    program = shutil.which("juv")
    requires(program, "juv is not installed", "uv tool install juv")
    index.add("frob-top", wheel("frob-top", "1.0"), wheel("frob-top", "2.0"))
    before = read(tmp_path / "x.ipynb", "import frob_top")
    after = inline.with_block(before, lock("frob-top"), tools, add=True)
    (tmp_path / "x.ipynb").write_bytes(after.data)
    variables = {
        **os.environ,
        "UV_DEFAULT_INDEX": index.url,
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "UV_NO_CONFIG": "1",
    }
    done = subprocess.run(
        [program, "export", tmp_path / "x.ipynb"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "frob-top==1.0" in done.stdout, done.stderr
