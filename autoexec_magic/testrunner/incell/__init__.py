"""Tests written in a notebook's cell: run by pytest in this process, against the kernel's own objects.

pytest is given a collector that reads the cell instead of a file, and its own
words, options, fixtures and plugins are what they are elsewhere. The cell is a
module of its own, whose globals begin as a copy of the kernel's names: a test
sees the kernel's objects, and what it defines or rebinds stays in the module.
What a run changes in the process is put back (`kept`); the tests of a cell
need no file, and leave none.

Nothing here is imported before it is needed: pytest is not loaded with this package.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType

from ...errors import MissingTool, UsageError
from ..told import OnCase, Told
from . import kept
from .asked import Asked, OnText, Voice

LEAST_PYTEST = (8, 2)  #: `pytest.Directory` and hooks of the new collection: pyproject's own bound

__all__ = ["LEAST_PYTEST", "OnText", "Voice", "run"]


def _nothing(*_: object) -> None:
    pass


def run(
    source: str,
    names: Mapping[str, object],
    *,
    arguments: Sequence[str] = (),
    title: str = "cell",
    first_line: int = 1,
    doctests: Sequence[str] | None = None,
    memory: Path | None = None,
    instead: Mapping[str, object] = MappingProxyType({}),
    on_count: Callable[[Sequence[str]], object] = _nothing,
    on_start: Callable[[str], object] = _nothing,
    on_case: OnCase = _nothing,
    on_text: OnText = _nothing,
    late: Callable[[], str] = str,
) -> Told:
    """Run the tests of a cell and return what they came to; all is then as it was before.

    Parameters
    ----------
    source : str
        The cell, as Python.
    names : mapping of str to object
        What the tests see as globals. Where it can be changed, a name that
        was bound anew meanwhile, by a function of the kernel say, is bound as before.
    arguments : sequence of str, optional
        pytest's own options, and ids of the cell's tests (`cell::test_a`).
    title : str, default "cell"
        What stands for the file in ids and tracebacks.
    first_line : int, default 1
        The number of the source's first line, where people see it.
    doctests : sequence of str, optional
        Names of objects whose doctests are run; with none, or (), those of what
        the cell defines. None runs no doctests.
    memory : Path, optional
        A folder for what pytest remembers from run to run (`--lf`, `--ff`,
        `--sw`); by default nothing is remembered.
    instead : mapping of str to object, optional
        What tests see under these names, whatever the kernel has there: its `exit` would end it.
    on_count, on_start, on_case : callable, optional
        As in `told.Fold`; called while the tests run, in this thread.
    on_text : callable, optional
        Takes "pytest", "stdout" or "stderr", and what it wrote; in this thread.
        What tests write comes only where pytest captures nothing (`-s`).
    late : callable, optional
        Says what time limit an interrupt came from, in words about the test that ran, or "".

    Raises
    ------
    MissingTool
        There is no pytest, or an older one than `LEAST_PYTEST`.
    UsageError
        pytest did not understand an option, or its configuration here is wrong.
    Cancelled
        It was interrupted. Teardown is done, and `report` is what was `Told` so far.
    """
    _check_pytest()
    _check_folder()
    asked = Asked(
        source="\n" * (first_line - 1) + source,
        names=names,
        instead=instead,
        arguments=tuple(arguments),
        title=title,
        doctests=None if doctests is None else tuple(doctests),
        on_count=on_count,
        on_start=on_start,
        on_case=on_case,
        on_text=on_text,
        late=late,
    )
    forgotten = tempfile.TemporaryDirectory(prefix="autoexec-tests-", ignore_cleanup_errors=True)
    with forgotten as folder, kept.as_found(names):
        from .session import told  # which imports pytest: what that changes is put back, too

        return told(asked, memory or Path(folder))


def _check_folder() -> None:
    """Refuse a working directory that is gone: pytest, and most tests, need one."""
    try:
        Path.cwd()
    except FileNotFoundError:
        raise UsageError("the kernel's working directory is gone", fix="%cd ~") from None


def _check_pytest() -> None:
    try:
        found = version("pytest")
    except PackageNotFoundError:
        raise MissingTool(
            "pytest is not installed in this kernel's Python",
            why="the tests of a cell are run by pytest",
            fix="%autoexec install pytest",
        ) from None
    numbers = tuple(int(part) for part in found.split(".")[:2] if part.isdecimal())
    if numbers < LEAST_PYTEST:
        least = ".".join(map(str, LEAST_PYTEST))
        raise MissingTool(
            f"pytest {found} cannot run the tests of a cell",
            why=f"pytest {least} or newer is needed",
            fix=f"%autoexec install 'pytest>={least}', and restart the kernel",
        )
