"""What libraries keep for the whole process is put back."""

from __future__ import annotations

import decimal
import random

import matplotlib as mpl
import numpy as np
import pytest

from autoexec_magic.testrunner.incell.libraries import KEPT


@pytest.mark.parametrize(
    ("row", "spoil", "look"),
    [
        ("random", lambda: random.seed(1), random.getstate),
        ("numpy.random", lambda: np.random.seed(1), lambda: repr(np.random.get_state())),
        ("decimal", lambda: setattr(decimal.getcontext(), "prec", 3), lambda: decimal.getcontext().prec),
        ("matplotlib", lambda: mpl.rcParams.update({"lines.linewidth": 77}), lambda: dict(mpl.rcParams)),
    ],
)
def test_each_row_puts_back(row, spoil, look):
    """What it is there for."""
    before = look()
    restore = KEPT[row]()
    spoil()
    assert look() != before
    restore()
    assert look() == before


def test_figures_that_tests_left_open_are_closed_and_others_are_not():
    """A notebook would show them below the cell."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    mine = plt.figure().number
    restore = KEPT["matplotlib"]()
    plt.figure()
    restore()
    assert plt.get_fignums() == [mine]
    plt.close("all")
