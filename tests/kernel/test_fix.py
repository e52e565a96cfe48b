"""`%autoexec fix` in a kernel: this notebook is the usual one, and what is left is said in the cell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import harness

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Kernel


def test_this_notebook_is_looked_at(new_kernel: Callable[..., Kernel], tmp_path):
    """The front end's own name for it is enough; nothing of it changes, and the session goes on."""
    cell = {"cell_type": "code", "source": ["import np, json"], "metadata": {}, "outputs": []}
    path = tmp_path / "mine.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    before = path.read_bytes()
    kernel = new_kernel(JPY_SESSION_NAME=str(path))
    kernel.execute(harness.LOAD).must_pass()
    shown = kernel.execute("%autoexec fix --check")
    assert "2 modules: 1 part of Python, 0 here, 1 missing" in shown.stdout
    assert "import numpy as np" in shown.stdout
    assert "phase-failed: missing: np" in shown.stdout
    assert path.read_bytes() == before
    kernel.execute("1").must_pass()
