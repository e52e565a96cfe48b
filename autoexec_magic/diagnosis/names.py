"""Which global names the source of a cell binds, needs, changes and deletes.

Read off the syntax tree: nothing is run or imported. What cannot be told from
the source is said to be so: a name that is bound in one branch only is bound
`maybe`, one that a function binds by `global` when it is `called`, one that an
`except` clause binds is gone at its end, and a star import, `exec` or a magic
`may_bind` anything. A source that does not parse is read line by line, and
nothing about it is sure.
"""

from __future__ import annotations

import ast
import builtins
import functools
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from .ipython import as_python
from .plain import one_line

How: TypeAlias = Literal["sure", "maybe", "called", "except"]

BUILTINS = frozenset(dir(builtins))
#: What a notebook has without binding it.
GIVEN = BUILTINS.union(
    ("get_ipython", "display", "In", "Out", "exit", "quit", "_", "__", "___"),
    ("_i", "_ii", "_iii", "_ih", "_oh", "_dh"),
)
EVERYTHING = "*"  #: the name in a `Deleted` that stands for all of them
_LONGEST = 100_000  # characters of a source that is looked at
_LONGEST_LINE = 60  # characters of a line of code that is repeated
_KEPT = 500  # sources whose names are remembered
_BOUND = re.compile(
    r"(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)|(\w+)[ \t]*(?::[^=\n]*)?=(?!=)"
    r"|import[ \t]+(?:\w+[ \t]+as[ \t]+)?(\w+)"
    r"|from[ \t]+[\w.]+[ \t]+import[ \t]+(?:\w+[ \t]+as[ \t]+)?(\w+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A place that binds a global name.

    `line` to `last_line` is its statement, counted from 1, and `text` that
    statement's first line. `needs` are the names that the statement reads,
    `words` the names and short texts in it; `function` binds it when called.
    """

    name: str
    line: int
    last_line: int
    how: How = "sure"
    text: str = ""
    needs: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    function: str = ""

    @property
    def is_remade(self) -> bool:
        """Whether it is made of its own former value."""
        return self.name in self.needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A place that changes what a name stands for, such as `df["b"] = …`.

    `words` are the keys, attributes and methods in it; `takes_away` says that
    doing it twice cannot work, as of `del df["b"]`; `is_remade` that the part is
    made of its own former value, as of `df["b"] = df["b"].str.strip()`.
    """

    name: str
    line: int
    text: str
    words: frozenset[str] = frozenset()
    is_stored: bool = False
    takes_away: bool = False
    is_remade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A place that deletes a global name, or `EVERYTHING`."""

    name: str
    line: int
    text: str
    is_sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a source does with global names, each in the order of the lines.

    `needs` are those that have to be there before it runs, `uses` what a
    function or class of it needs when it is called. `may_bind` is the line by
    which it may bind any name, or "".
    """

    bound: tuple[Bound, ...] = ()
    changed: tuple[Changed, ...] = ()
    deleted: tuple[Deleted, ...] = ()
    needs: frozenset[str] = frozenset()
    uses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    may_bind: str = ""
    is_parsed: bool = True

    def bindings(self, name: str) -> list[Bound]:
        """Return the places that bind `name`."""
        return [bound for bound in self.bound if bound.name == name]


@functools.lru_cache(maxsize=_KEPT)
def names_of(source: str) -> Names:
    r"""Return what `source` does with global names; never raises.

    Parameters
    ----------
    source : str
        A cell as it stands in the notebook, or as IPython transformed it.

    Examples
    --------
    >>> found = names_of("%matplotlib inline\nimport numpy as np\nif np.e > 2:\n    total = np.sum(xs)")
    >>> [(bound.name, bound.line, bound.how) for bound in found.bound], sorted(found.needs)
    ([('np', 2, 'sure'), ('total', 4, 'maybe')], ['xs'])
    """
    from .walk import walk

    tree, text = parsed(source)
    if tree is None:
        return _read_by_line(source)
    try:
        return walk(tree, text)
    except RecursionError:
        return _read_by_line(source)


@functools.lru_cache(maxsize=_KEPT)
def parsed(source: str) -> tuple[ast.Module | None, str]:
    """Return the tree of a cell and the Python it is of; None where it does not parse."""
    if len(source) > _LONGEST:
        return None, source
    if not source.lstrip().startswith("%"):
        tree = _tree(source)
        if tree is not None:
            return tree, source
    source = as_python(source)
    return _tree(source), source


def line_of(source: str, line: int) -> str:
    """Return a line of `source`, counted from 1, short and without its indentation; "" if it has none."""
    lines = source.split("\n", line) if line > 0 else []
    return shortened(lines[line - 1]) if len(lines) >= line > 0 else ""


def shortened(line: str) -> str:
    """Return a line of code as it is repeated: without its indentation, and short."""
    return one_line(line.strip(), limit=_LONGEST_LINE)


def is_short(text: str) -> bool:
    """Whether a text of the source is short enough to be a key."""
    return len(text) <= _LONGEST_LINE


def _tree(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _read_by_line(source: str) -> Names:
    """Return the names that lines seem to bind which are not indented."""
    found = []
    for number, line in enumerate(source[:_LONGEST].split("\n"), 1):
        match = _BOUND.match(line)
        name = next(filter(None, match.groups()), "") if match else ""
        if name:
            found.append(Bound(name=name, line=number, last_line=number, how="maybe", text=shortened(line)))
    return Names(bound=tuple(found), is_parsed=False)
