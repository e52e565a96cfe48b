"""What is found while a cell is gone through, and what becomes of IPython's own lines in it."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Sequence
from itertools import pairwise

from .ipython import APART, BINDS_NOTHING, PYTHON_MAGICS
from .names import EVERYTHING, GIVEN, Bound, Changed, Deleted, How, Names, names_of, shortened


class Gathered:
    """What was found so far; `lines`, `reads` and `words` are those of the present statement.

    Parameters
    ----------
    text : str
        What is gone through.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._source = text.split("\n")
        self.bound: list[Bound] = []
        self.changed: list[Changed] = []
        self.deleted: list[Deleted] = []
        self.needs: set[str] = set()
        self.known: set[str] = set()
        self.uses: dict[str, frozenset[str]] = {}
        self.may_bind = ""
        self.is_parsed = True
        self.depth = 0
        self.hidden: list[frozenset[str]] = []
        self.reads: set[str] = set()  # of the statement that is being looked at
        self.words: set[str] = set()
        self.all_reads: set[str] = set()
        self.lines: tuple[int, int] = (0, 0)

    def result(self) -> Names:
        """Return what was found."""
        called = self.all_reads & self.uses.keys()
        late = {name for each in called for name in self.uses[each]} - self.known
        return Names(
            bound=tuple(self.bound),
            changed=tuple(self.changed),
            deleted=tuple(self.deleted),
            needs=frozenset((self.needs | late) - GIVEN),
            uses=self.uses,
            may_bind=self.may_bind,
            is_parsed=self.is_parsed,
        )

    # -- what was found

    @property
    def line(self) -> str:
        """The first line of the present statement, short."""
        return shortened(self._source[self.lines[0] - 1]) if self.lines[0] else ""

    def read(self, name: str) -> None:
        """Note that a name is read; one that was not bound before has to be there."""
        if any(name in hidden for hidden in self.hidden):
            return
        self.reads.add(name)
        if name not in self.known:
            self.needs.add(name)

    def bind(self, name: str, how: How = "sure", function: str = "") -> None:
        """Note that the present statement binds a name, or that `function` does when it is called."""
        if any(name in hidden for hidden in self.hidden):
            return
        line, last_line = self.lines
        self.bound.append(
            Bound(
                name=name,
                line=line,
                last_line=last_line,
                how=how,
                text=self.line,
                needs=frozenset(self.reads),
                words=frozenset(self.words),
                function=function,
            )
        )
        if not function:
            self.known.add(name)

    def bind_any(self) -> None:
        """Note that the present statement may bind any name."""
        self.may_bind = self.may_bind or self.line

    # -- IPython's own

    def magic(self, method: str, arguments: Sequence[ast.expr]) -> None:
        """Look at a call of `get_ipython()`; what is not known may bind anything."""
        texts = [each.value if isinstance(each, ast.Constant) else None for each in arguments]
        words = [text for text in texts if isinstance(text, str)]
        if len(words) != len(texts):
            self.bind_any()
        elif method == "run_line_magic" and len(words) == 2:
            self._line_magic(*words)
        elif method == "run_cell_magic" and len(words) == 3:
            self._cell_magic(*words)
        elif method not in ("system", "getoutput", "run_line_magic", "run_cell_magic"):
            self.bind_any()

    def _line_magic(self, name: str, rest: str) -> None:
        if name == "time":
            self._take_in(rest, 0)
        elif name in ("reset", "reset_selective"):
            is_sure = name == "reset" and not self.depth
            self.deleted.append(Deleted(name=EVERYTHING, line=self.lines[0], text=self.line, is_sure=is_sure))
            self.known.clear()
        elif name == "xdel" and rest.split():
            gone = rest.rsplit(maxsplit=1)[-1]
            self.deleted.append(Deleted(name=gone, line=self.lines[0], text=self.line))
        elif name not in BINDS_NOTHING:
            self.bind_any()

    def _cell_magic(self, name: str, line: str, body: str) -> None:
        options = line.split()
        if name == "capture":
            for option in options:
                if option.isidentifier():
                    self.bind(option)
        elif name in APART:
            for option, value in pairwise(options):
                if option in ("--out", "--err") and value.isidentifier():
                    self.bind(value)
        is_marked = name == "autoexec" and (not options or options[0].startswith("-"))
        if name in PYTHON_MAGICS or is_marked:
            self._take_in(body, self.lines[0], binds=name != "timeit")
        elif name not in APART:
            self.bind_any()

    def _take_in(self, source: str, offset: int, *, binds: bool = True) -> None:
        """Take in what a magic runs among the notebook's names, `offset` lines further down."""
        inner = names_of(source)
        for bound in inner.bound if binds else ():
            line, last = bound.line + offset, bound.last_line + offset
            if not offset:
                line, last = self.lines
            self.bound.append(dataclasses.replace(bound, line=line, last_line=last))
            self.known.add(bound.name)
        for changed in inner.changed:
            self.changed.append(dataclasses.replace(changed, line=changed.line + offset))
        for deleted in inner.deleted:
            self.deleted.append(dataclasses.replace(deleted, line=deleted.line + offset))
        for name in inner.needs:
            self.read(name)
        self.uses.update(inner.uses)
        self.may_bind = self.may_bind or inner.may_bind
        self.is_parsed &= inner.is_parsed
