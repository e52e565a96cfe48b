"""A notebook that is played out of order: cells really run, in names of their own, as a kernel runs them.

What is known of it comes together as in a kernel (`ui.situation.joined`), so
that a diagnosis gets what it would get there.
"""

from __future__ import annotations

import contextlib
import io
import linecache
from typing import Any

from autoexec_magic.diagnosis import Around, Notebook, diagnose_exception
from autoexec_magic.diagnosis.failure import cell_line
from autoexec_magic.diagnosis.ipython import as_python
from autoexec_magic.ui.document import Document
from autoexec_magic.ui.executed import OneRun, last_line_of
from autoexec_magic.ui.situation import joined
from autoexec_magic.values import Diagnosis


class Shell:
    """The little of IPython that cells call: `%%time` runs its body, `%reset` forgets."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names

    def run_cell_magic(self, name: str, line: str, body: str) -> None:
        if name in ("time", "capture"):
            exec(compile(body, "<timed exec>", "exec"), self._names)

    def run_line_magic(self, name: str, rest: str) -> object:
        if name == "reset":
            for key in [key for key in self._names if key not in ("get_ipython", "__builtins__")]:
                del self._names[key]
        elif name == "time":
            exec(compile(rest, "<timed exec>", "exec"), self._names)
        return None

    def getoutput(self, command: str) -> list[str]:
        return [command]

    def system(self, command: str) -> None:
        return None


class Play:
    """A notebook with the given code cells, of which none has run.

    `edit`, `remove` and `unsaved` change it; time passes by one with each step.
    """

    def __init__(self, *sources: str, has_document: bool = True, has_ids: bool = True) -> None:
        self.cells = {f"c{at}": source for at, source in enumerate(sources, 1)}
        self.names: dict[str, Any] = {}
        shell = Shell(self.names)
        self.names["get_ipython"] = lambda: shell
        self.runs: list[OneRun] = []
        self.files: dict[str, int] = {}
        self.error: BaseException | None = None
        self.has_document, self.has_ids = has_document, has_ids
        self.now, self.saved_at = 1.0, 1.0
        self._at_failure: frozenset[str] = frozenset()
        self.modules: dict[str, str] = {}

    def run(self, *places: int | str) -> Play:
        """Run cells by their place, from 1, or code that is in no cell of the document."""
        for place in places:
            cell_id = f"c{place}" if isinstance(place, int) else ""
            source = self.cells[cell_id] if cell_id else str(place)
            self._run(source, cell_id)
        return self

    def edit(self, place: int, source: str) -> Play:
        """Write something else into a cell, and save."""
        self.cells[f"c{place}"] = source
        return self._save()

    def remove(self, place: int) -> Play:
        """Take a cell out, and save."""
        del self.cells[f"c{place}"]
        return self._save()

    def _save(self) -> Play:
        self.now += 1
        self.saved_at = self.now
        return self

    def _run(self, source: str, cell_id: str) -> None:
        self.now += 1
        number = len(self.runs) + 1
        file = f"<ipython-input-{number}>"
        self.files[file] = number
        self.error = None
        line = 0
        try:
            text = as_python(source) if any(sign in source for sign in "%!?") else source
            linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
            code = compile(text, file, "exec")
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, self.names)
        except BaseException as error:
            self.error = error
            self._at_failure = frozenset(self.names)
            line = cell_line(error, file)
        self.runs.append(
            OneRun(
                number=number,
                cell_id=cell_id if self.has_ids else "",
                source=source,
                ran="failed" if self.error else "passed",
                at=self.now,
                error=last_line_of(self.error) if self.error else "",
                line=line,
            )
        )

    def notebook(self) -> Notebook:
        """Return what is known of it after the last run, which failed."""
        cells = tuple((cell_id if self.has_ids else "", source) for cell_id, source in self.cells.items())
        document = Document(cells=cells, saved_at=self.saved_at) if self.has_document else None
        found = joined(self.runs, document)
        return Notebook(
            cells=found.cells,
            current=self.runs[-1].number,
            names=self._at_failure,
            is_document_known=self.has_document,
            is_document_stale=found.is_stale,
            runs=found.runs,
            files=self.files,
            edited_modules=self.modules,
        )

    def why(self, **around: Any) -> Diagnosis:
        """Return the diagnosis of the last run."""
        assert self.error is not None, "the last cell passed"
        return diagnose_exception(
            self.error,
            is_user_frame=self.files.__contains__,
            around=Around(notebook=self.notebook(), **around),
        )
