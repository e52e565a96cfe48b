"""A backend for matplotlib that shows a figure by saving it where the notebook finds it.

`plt.show()` in a script saves each open figure as a PNG into the folder that
`AUTOEXEC_FIGURES` names, and closes it, as closing its window would. Without
that folder it does what Agg does: nothing.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

_FOLDER = "AUTOEXEC_FIGURES"


class FigureManager(FigureManagerBase):
    """Shows its figure by saving it."""

    def show(self) -> None:
        """Save the figure."""
        _save(self)


class FigureCanvas(FigureCanvasAgg):  # type: ignore[misc]
    """Agg's, with that manager."""

    manager_class = FigureManager


def new_figure_manager(num: int, *args: Any, FigureClass: Any = None, **kwargs: Any) -> FigureManager:  # noqa: N803 - the name that matplotlib passes
    """Return the manager of a new figure."""
    from matplotlib.figure import Figure

    return new_figure_manager_given_figure(num, (FigureClass or Figure)(*args, **kwargs))


def new_figure_manager_given_figure(num: int, figure: Any) -> FigureManager:
    """Return the manager of a figure."""
    return FigureManager(FigureCanvas(figure), num)


def draw_if_interactive() -> None:
    """Do nothing: a script draws when it shows."""


def show(*args: Any, **kwargs: Any) -> None:
    """Save every open figure, and close them all."""
    from matplotlib._pylab_helpers import Gcf

    for manager in Gcf.get_all_fig_managers():
        _save(manager)
    Gcf.destroy_all()


def _save(manager: Any) -> None:
    folder = os.environ.get(_FOLDER, "")
    if not folder:
        return
    # By the time in its name it comes after those before, also of another process.
    path = os.path.join(folder, f"{time.time_ns()}-{os.getpid()}-figure-{manager.num}.png")
    try:
        os.makedirs(folder, exist_ok=True)
        manager.canvas.print_figure(path, format="png")
    except OSError as error:  # the disk is full, say; a window that does not open ends no script either
        sys.stderr.write(f"autoexec: figure {manager.num} cannot be shown: {error}\n")
