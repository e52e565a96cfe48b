"""What an expression may have run is told by looking at what its names are."""

from __future__ import annotations

import ast
import collections
import dataclasses
import enum
import functools
import io
import pathlib
import types

import pytest

from autoexec_magic.installer.effects import may_have_effects
from autoexec_magic.installer.operands import Names, is_heap_builtin

READ = frozenset({"read_excel", "to_excel", "style"})
library = types.ModuleType("library")
exec("class Frame:\n    style = 1\ndef read_excel(*a, **k): pass\ndef late(p): pass", vars(library))
library.read_html = library.late


class Own:
    """A class of the user's, with code wherever Python calls it unasked."""

    def __init__(self) -> None:
        self.path = "a.xlsx"

    @property
    def made(self):
        """Run code."""
        return "a.xlsx"


@dataclasses.dataclass
class Settings:
    """A plain record of the user's."""

    path: str = "a.xlsx"
    own: object = None


class Kind(enum.Enum):
    """An enumeration of the user's."""

    ONE = 1


class Loud(dict):
    """A dict of the user's."""

    def __getitem__(self, key):
        """Run code."""
        return key


Pair = collections.namedtuple("Pair", "path other")
NAMES = {
    "pd": library,
    "df": library.Frame(),
    "q": Own(),
    "settings": Settings(),
    "pair": Pair("a", "b"),
    "Kind": Kind,
    "Settings": Settings,
    "loud": Loud(a=1),
    "folder": pathlib.Path("data"),
    "Path": pathlib.Path,
    "pathlib": pathlib,
    "config": {"path": "a", "n": 1, "own": Own(), "deep": {"path": "b"}},
    "names": ["a", "b"],
    "owns": [Own()],
    "name": "a",
    "n": 3,
    "gen": iter([1]),
    "file": io.StringIO(""),
    "read_excel": library.read_excel,
}


def reason(code: str, names: dict[str, object] = NAMES) -> str:
    """Return why `code`, whose call of `read_excel` (or `style`) failed, may not run again."""
    statement = ast.parse(code).body[0]
    found = next(
        node
        for node in ast.walk(statement)
        if (isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("read_excel", "read_html")))
        or (isinstance(node, ast.Attribute) and node.attr == "style")
    )
    place = (found.lineno, found.end_lineno, found.col_offset, found.end_col_offset)
    own = Names(names, lambda kind: any(each.__module__ == __name__ for each in kind.__mro__))
    return may_have_effects(statement, place, READ | {"read_html"}, own)


@pytest.mark.parametrize(
    "code",
    [
        "pd.read_excel('a')",
        "x = read_excel(name, sheet_name=n)",
        "pd.read_excel(folder / name)",
        "pd.read_excel(folder / f'{name}-{n:02}.xlsx')",
        "pd.read_excel(str(folder), len(names), list(names))",
        "pd.read_excel(Path('a') / name, pathlib.Path(name))",
        "pd.read_excel(config['path'])",
        "pd.read_excel(config['deep']['path'])",
        "pd.read_excel(names[0], usecols=['a', 'b'], dtype={'a': 'b'})",
        "pd.read_excel(names[1:], n + 1, -n, n == 1, not n)",
        "pd.read_excel(settings.path)",
        "pd.read_excel(pair.path + name)",
        "pd.read_excel(q.path)",
        "df.style",
        "x = df.style.format(q)",
        "df[['a']].style",
        "n and pd.read_excel(name)",
        "pd.read_excel(name) if n else 0",
        "x = [n, q, pd.read_excel(name)]",
    ],
)
def test_plain_values_have_run_nothing(code):
    """What people write every day is run again without a question."""
    assert reason(code) == ""


@pytest.mark.parametrize(
    "code",
    [
        "pd.read_excel(q)",
        "pd.read_excel(q.made)",
        "pd.read_excel(q.missing)",
        "pd.read_excel(q[0])",
        "pd.read_excel(q + 1)",
        "pd.read_excel(n / q)",
        "pd.read_excel(-q)",
        "pd.read_excel(not q)",
        "pd.read_excel(q == 1)",
        "pd.read_excel(f'{q}')",
        "pd.read_excel(f'{owns}')",
        "pd.read_excel(len(q))",
        "pd.read_excel(str(q))",
        "pd.read_excel(str(owns))",
        "pd.read_excel(str(config['own']))",
        "pd.read_excel(dict(q))",
        "pd.read_excel(list(gen))",
        "pd.read_excel(gen)",
        "pd.read_excel(file)",
        "pd.read_excel({q: 1})",
        "pd.read_excel(loud['a'])",
        "pd.read_excel(list(map(n, names)))",
        "q and pd.read_excel(name)",
        "n and q and pd.read_excel(name)",
        "pd.read_excel(name) if q else 0",
        "n < q < pd.read_excel(name)",
        "q[0].read_excel(name)",
        "q.style",
        "pd.read_html(name)",
        "pd.read_excel(gone)",
    ],
)
def test_what_is_the_users_own_may_have_run(code):
    """Without a call in sight: properties, operators, formats, truth, and what can be read once."""
    assert reason(code)


@pytest.mark.parametrize("word", ["str", "Path", "len"])
def test_a_name_counts_for_what_it_is(word):
    """`str` may be a function of the user's."""
    assert (
        reason(f"pd.read_excel({word}(name))", NAMES | {word: lambda value: value})
        == f"{word}() has run before"
    )
    assert reason(f"pd.read_excel(q.{word}(name))")


def test_a_partial_is_something_else():
    """It was put in the place of the library's function."""
    changed = types.ModuleType("library")
    changed.read_excel = functools.partial(library.late, "a")
    changed.late = library.late
    changed.read_html = library.late
    assert reason("pd.read_html('a')", {"pd": changed}) == "read_html() is something else by that name"


def test_a_class_without_a_module_is_known():
    """One made by `exec` in an empty namespace says that it is Python's own."""
    names: dict[str, object] = {}
    exec("class Made: pass", {"__builtins__": __builtins__}, names)
    assert is_heap_builtin(names["Made"])
    assert not is_heap_builtin(dict)
