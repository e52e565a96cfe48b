"""A live tail in the notebook: the last lines, the time, the verdict.

At most ten updates a second, whatever the program writes, each of at most
`LINES` lines of escaped text. When the run is over the widget is replaced by
plain HTML and text, which a saved notebook shows without any kernel. A failure
that was diagnosed has its card there, and the error below says no more than
what failed.
"""

from __future__ import annotations

import dataclasses
import html
import re
import threading
import time
from pathlib import PurePosixPath
from types import TracebackType
from typing import Any

from ..errors import PhaseError
from ..events import ChildFinished, Diagnosed, Event, Flowing, Output, Truncated
from ..history import short_id
from ..screen import Screen
from ..values import Diagnosis, Frame, Stream
from . import card, casetree, text
from .children import Labelled, Table

UPDATES_PER_SECOND = 10
LINES = 200
CHARS = 40_000
LINE_CHARS = 4096
_COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_FONT = "font-size:var(--jp-code-font-size,13px);line-height:var(--jp-code-line-height,1.3)"
# Laid out from below, a box that scrolls rests at its end: no script has to take it there.
_BOX = f"display:flex;flex-direction:column-reverse;max-height:24em;overflow:auto;{_FONT}"
_TEXT = f"flex:none;margin:0;overflow:visible;white-space:pre-wrap;{_FONT}"


class Tail:
    """Shows one run in the cell that started it; use it as a context.

    Parameters
    ----------
    ids : list of str
        Holds the run's id as soon as it has one.
    folder : str, optional
        The notebook's, for links to files.
    cell_id : str, optional
        The notebook's own id of the cell whose body runs as a script.
    """

    def __init__(self, ids: list[str], folder: str = "", cell_id: str = "") -> None:
        self._ids = ids
        self._folder = folder
        self._cell_id = cell_id
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._screen = Screen(lines=LINES, columns=LINE_CHARS)
        self._flowing: dict[tuple[str, Stream], Flowing] = {}
        self._notes: list[str] = []
        self._in_table: set[str] = set()  # of the notes: the table says them, too
        self._ours = text.Lines(self._ids, has_table=False)
        self._labelled, self._table = Labelled(), Table()
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._tick, name="autoexec-tail", daemon=True)
        self._widget: Any = None
        self._handle: Any = None
        self._drawn = ""
        self._found: Diagnosis | None = None

    def __enter__(self) -> Tail:
        """Show the widget, with text beside it for front ends that have none."""
        import ipywidgets
        from IPython.display import display

        self._widget = ipywidgets.HTML(self._html())
        bundle = self._widget._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        data = {**data, "text/plain": "autoexec: running …"}
        self._handle = display(data, raw=True, display_id=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        data = {"text/html": self._html(), "text/plain": self._plain()}
        if self._found is not None and isinstance(error, PhaseError):
            said = next((line for line in reversed(self._lines()) if line.strip()), "")
            found = self._in_cell(self._found)
            data["text/html"] += card.html_of(found, said=said, folder=self._folder)
            data["text/plain"] += f"\n{card.text_of(found, said=said)}"
            error.is_explained = True
        self._handle.update(data, raw=True)
        for part in (self._widget.layout, self._widget.style, self._widget):
            part.close()

    def emit(self, event: Event) -> None:
        """Take note of an event; drawing is the ticking thread's."""
        if isinstance(event, Output) and event.phase == "install":
            return
        with self._lock:
            for _, words in self._labelled.of(event):
                self._screen.feed(words)
            if isinstance(event, Flowing):
                self._flowing[event.child, event.stream] = event
            elif isinstance(event, Truncated):
                self._flowing.pop((event.child, event.stream), None)
                ends = "" if self._screen.lines[-1] == "" else "\n"
                self._screen.feed(f"{ends}{text.cut_line(event)}\n")
            elif isinstance(event, Diagnosed):
                self._found = event.diagnosis
            elif not isinstance(event, Output):
                self._note(event)

    def _note(self, event: Event) -> None:
        self._table.feed(event)
        if isinstance(event, ChildFinished):
            for key in [key for key in self._flowing if key[0] == event.child]:
                del self._flowing[key]
        self._ours.letters(event)
        lines = self._ours.of(event)
        self._notes += lines
        self._in_table.update(lines if isinstance(event, ChildFinished) else ())
        del self._notes[: -text.NOTES]

    def _in_cell(self, found: Diagnosis) -> Diagnosis:
        """Return a diagnosis whose place in the script is one in the cell: its lines are the cell's own."""
        line = found.frame.line if found.frame else _line_of(found.where)
        if not self._cell_id or not line:
            return found
        return dataclasses.replace(found, frame=Frame(cell_id=self._cell_id, line=line))

    def _tick(self) -> None:
        while not self._over.wait(1 / UPDATES_PER_SECOND):
            drawn = self._html()
            if drawn != self._drawn:
                self._drawn = drawn
                self._widget.value = drawn

    def _lines(self) -> list[str]:
        """Return the last lines as a terminal would show them, without colours."""
        shown = "\n".join(self._screen.lines)[-CHARS:].split("\n")
        cut = self._screen.cut + len(self._screen.lines) - len(shown)
        shown = [_COLOUR.sub("", line) for line in shown]
        if shown and not shown[-1]:
            shown.pop()
        if not cut:
            return shown
        name = short_id(self._ids[-1]) if self._ids else "ID"
        return [f"… {cut:,} earlier lines: %autoexec runs show {name}", *shown]

    def _last_notes(self) -> list[str]:
        """Return what there is to say below the table, once that is there."""
        return [note for note in self._notes if note not in self._in_table]

    def _plain(self) -> str:
        with self._lock:
            table = self._table.lines() if self._table else []
            table += self._ours.cases.lines() if self._ours.cases else []
            return "\n".join([*self._lines(), *table, *self._last_notes()])

    def _html(self) -> str:
        with self._lock:
            lines = html.escape("\n".join(self._lines()))
            notes = self._last_notes() if self._over.is_set() else list(self._notes)
            table = self._table.html() if self._table and self._over.is_set() else ""
            cases = self._ours.cases
            if cases:
                table += casetree.tree(cases) if self._over.is_set() or cases.bad else ""
            standing = f", {self._table.standing()}" if self._table else ""
        if not self._over.is_set():
            notes += [_passing(event) for event in self._flowing.values()]
            notes.append(f"… running{standing}, {time.monotonic() - self._started:.0f} s")
        foot = "<br>".join(html.escape(note) for note in notes)
        if cases and not self._over.is_set():
            foot = f"{casetree.bar(cases)}<br>{foot}"
        body = f'<div style="{_BOX}"><pre style="{_TEXT}">{lines}</pre></div>' if lines else ""
        return f'{body}{table}<div style="color:var(--jp-ui-font-color2)" role="status">{foot}</div>'


def _line_of(where: str) -> int:
    """Return the line of a place in a script, 0 for any other."""
    name, _, line = where.rpartition(":")
    return int(line) if PurePosixPath(name).stem == "script" and re.fullmatch(r"[0-9]{1,7}", line) else 0


def _passing(event: Flowing) -> str:
    last = f": {_COLOUR.sub('', event.last_line)}" if event.last_line else ""
    whose = f" of {event.child}" if event.child else ""
    return f"… {event.passed_bytes / 2**20:,.0f} MiB more on {event.stream}{whose}, not shown{last}"
