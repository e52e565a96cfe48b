"""Run, test, install, build, deploy and watch code without leaving the notebook.

Importing this package loads nothing but the standard library: neither IPython
nor any SDK. `%load_ext autoexec_magic` in a notebook, `jupyter autoexec` in a
terminal and `from autoexec_magic import api` in Python are the three doors to
the same verbs.
"""

from __future__ import annotations

__version__ = "0.1.0"


def load_ipython_extension(shell: object) -> None:
    """Set up the magics: `%load_ext autoexec_magic`.

    Raises
    ------
    UsageError
        On Windows, where runs cannot be ended as a whole.
    """
    import sys

    if sys.platform == "win32":
        from .errors import UsageError

        raise UsageError(
            "autoexec_magic does not run on Windows",
            why="process groups, on which the end of a run rests, are not to be had",
            fix="use it in WSL",
        )
    from .ui.magics import load

    load(shell)


def unload_ipython_extension(shell: object) -> None:
    """Take everything out again: `%unload_ext autoexec_magic`."""
    from .ui.magics import unload

    unload(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Say where the panel is, for `jupyter-builder develop`."""
    return [{"src": "labextension", "dest": "autoexec-magic"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Say which module a Jupyter server loads."""
    return [{"module": "autoexec_magic"}]


def _load_jupyter_server_extension(app: object) -> None:
    """Add the panel's routes to a Jupyter server."""
    from .ui.server import load

    load(app)
