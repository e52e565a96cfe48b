"""A deploy in a real kernel: the notebook that shows it, an interrupt, and a kernel that is killed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from deployer.notebooks import note
from deployer.traffic import asking, said

from autoexec_magic.deployer.serving.client import Serving

if TYPE_CHECKING:
    from harness import Kernel

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_first_deploy.ipynb"
DEPLOY = "%autoexec deploy colors.ipynb --bake 0.2"


def away(data: Path) -> None:
    """End what was deployed."""
    for each in (data / "local").glob("*/serving"):
        Serving(each).end()


@pytest.fixture
def kernel(new_kernel: Callable[..., Kernel]) -> Iterator[Kernel]:
    """Return a kernel whose folder is a project with a notebook that can be deployed."""
    import harness

    made = new_kernel()
    (made.cwd / "pyproject.toml").touch()
    note(made.cwd)
    made.execute(harness.LOAD).must_pass()
    yield made
    away(made.data)


def address(kernel: Kernel) -> str:
    """Return where the service is, as `status` says."""
    return (
        kernel.execute("%autoexec status colors")
        .must_pass()
        .text()
        .partition("live at ")[2]
        .partition(",")[0]
    )


@pytest.mark.limit(180)
def test_the_first_deploy_notebook_runs_from_top_to_bottom(tmp_path, monkeypatch):
    """Deployed, updated, broken, back, and away; the client that asks all the time saw no failure."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOK.parents[1]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(NOTEBOOK, folder)
    found = nbformat.read(folder / NOTEBOOK.name, as_version=4)
    client = NotebookClient(
        found, timeout=150, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    try:
        client.execute()
    finally:
        away(tmp_path / "data")
    shown = [json.dumps(cell.get("outputs")) for cell in found.cells]
    assert sum("'red'" in text and "answers, 0 failures" in text for text in shown) == 2
    assert any("rolled-back: the new release of colors is not live" in text for text in shown)
    assert "colors is taken away from local" in "".join(shown)


@pytest.mark.limit(180)
def test_an_interrupt_begins_the_undo_at_once(kernel):
    """What was live is live again, read back and on the ledger; one line says so."""
    kernel.execute(DEPLOY).must_pass()
    url = address(kernel)
    with asking(url) as seen:
        cell = kernel.start("%autoexec deploy colors.ipynb --bake 600 --set COLOR=blue").until_text("switch")
        kernel.interrupt()
        cell.finish()
    assert cell.error.startswith("cancelled: the deploy of colors was stopped")
    assert "is live again" in cell.error
    assert "%autoexec status colors" in cell.error
    assert said(url)["version"] == "green"
    assert seen.failures == []
    assert "cancelled" in kernel.execute("%autoexec releases colors").must_pass().text()


@pytest.mark.limit(180)
def test_what_is_live_outlives_its_kernel_and_is_finished_from_another(kernel, new_kernel):
    """Killed while it waits for the gate: the service goes on, and the next kernel aborts what was left."""
    kernel.execute(DEPLOY).must_pass()
    url = address(kernel)
    with asking(url) as seen:
        kernel.start("%autoexec deploy colors.ipynb --bake 600 --set COLOR=blue").until_text("switch")
        kernel.kill()
        kernel.restart()
        kernel.execute("%load_ext autoexec_magic").must_pass()
        told = kernel.execute("%autoexec status colors").text()
        assert "--resume, or --abort" in told
        kernel.execute("%autoexec deploy colors.ipynb --abort").must_pass()
    assert said(url)["version"] == "green"
    assert seen.failures == []
