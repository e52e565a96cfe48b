"""A value that is not what the notebook says: who bound the name last, and what should have come after."""

from __future__ import annotations

import pytest
from playbook import Play

LOAD = "df = {'a': 1}"


def case(name: str, cells: list[str], order: list, want: str) -> object:
    """Return a row: cells, the order they run in, and `code confidence action values…`."""
    return pytest.param(cells, order, want.split(), id=name)


@pytest.mark.parametrize(
    ("cells", "order", "want"),
    [
        # a cell that changes the value has not run, or failed
        case("key-not-set", [LOAD, "df['b'] = 2", "df['b']"], [1, 3], "cell-not-run certain c2"),
        case(
            "key-not-set-and-its-needs",
            [LOAD, "two = 2", "df['b'] = two", "df['b']"],
            [1, 4],
            "cell-not-run certain c2 c3",
        ),
        case("key-set-otherwise", [LOAD, "df.update(b=2)", "df['b']"], [1, 3], "cell-not-run likely c2"),
        case("key-in-a-remaking", [LOAD, "df = df | {'b': 2}", "df['b']"], [1, 3], "cell-not-run likely c2"),
        case(
            "two-cells-set-it",
            [LOAD, "df['b'] = 2", "df['b'] = 3", "df['b']"],
            [1, 4],
            "cell-not-run likely c3",
        ),
        case(
            "key-elsewhere",
            ["df = {'x': {}}", "df['x']['b'] = 2", "df['b']"],
            [1, 3],
            "cell-not-run likely c2",
        ),
        case("another-key", [LOAD, "df['c'] = 2", "df['b']"], [1, 3], "key-not-found"),
        case("unrelated-skipped-cell", [LOAD, "other = 2", "df['b']"], [1, 3], "key-not-found"),
        case("set-below", [LOAD, "df['b']", "df['b'] = 2"], [1, 2], "key-not-found"),
        case(
            "attribute", ["class A: pass\na = A()", "a.size = 2", "a.size"], [1, 3], "cell-not-run likely c2"
        ),
        case(
            "method",
            [
                "class M:\n  def fit(self): self.done = 1\nm = M()",
                "m.fit()",
                "if not hasattr(m, 'done'): raise RuntimeError('call fit first')\nm",
            ],
            [1, 3],
            "error",
        ),
        case(
            "cell-that-sets-it-failed", [LOAD, "df['b'] = 1 / 0", "df['b']"], [1, 2, 3], "cell-failed likely"
        ),
        case("half-way", ["df = {'a': 1}\n1 / 0\ndf['b'] = 2", "df['b']"], [1, 2], "cell-failed likely"),
        case("half-way-otherwise", ["df = {'a': 1}\n1 / 0\ndf['c'] = 2", "df['b']"], [1, 2], "key-not-found"),
        case("same-fault-before", [LOAD, "df['b'].sum()", "df['b']"], [1, 2, 3], "key-not-found"),
        case("same-fault-in-a-setter", [LOAD, "df['c'] = df['b']", "df['b']"], [1, 2, 3], "key-not-found"),
        case("anew-failed", [LOAD, "df = {'b': 1 / 0}", "df['b']"], [1, 2, 3], "cell-failed likely"),
        # a part that is made of itself, by a cell that ran before
        case(
            "part-made-twice",
            ["df = {'b': '1'}", "df['b'] = int(df['b'].strip())", "len(df)"],
            [1, 2, 3, 2],
            "run-twice likely c1",
        ),
        case(
            "part-made-twice-over-lines",
            ["df = {'b': '1'}", "df['b'] = (\n  int(\n    df['b'].strip()\n  )\n)"],
            [1, 2, 2],
            "run-twice likely c1",
        ),
        case(
            "part-of-another-name-made",
            ["df = {'b': '1'}\nother = {}", "other['b'] = 1", "df['b'].size"],
            [1, 2, 2, 3],
            "attribute-not-found certain",
        ),
        case(
            "changed-twice-by-another-cell",
            ["xs = ['1']", "xs[0] = xs[0] * 2", "xs[0].size"],
            [1, 2, 2, 3],
            "attribute-not-found likely",
        ),
        case(
            "changed-in-another-order",
            ["xs = ['1', '2']", "xs[0] = 1", "xs[1] = 2", "xs[0].size"],
            [1, 3, 2, 4],
            "attribute-not-found likely",
        ),
        # order
        case("bound-below", ["xs = [1]", "xs.append(2)", "xs = 3"], [1, 3, 2], "out-of-order likely c1"),
        case("only-bound-below", ["xs.append(2)", "xs = 3"], [2, 1], "attribute-not-found"),
        case("in-order", ["xs = 3", "xs.append(2)"], [1, 2], "attribute-not-found"),
        case(
            "import-and-from-import",
            ["import datetime", "datetime.datetime.now()", "from datetime import datetime"],
            [1, 3, 2],
            "out-of-order likely c1",
        ),
        case("twice", ["words = 'a b'", "words = words.split()"], [1, 2, 2], "run-twice likely c1"),
        case(
            "twice-made-anew",
            ["words = 'a b'", "words = words.split()"],
            [1, 2, 1, 2, 2],
            "run-twice likely c1",
        ),
        case("twice-taken-away", [LOAD, "del df['a']"], [1, 2, 2], "run-twice likely c1"),
        case("twice-popped", [LOAD, "df.pop('a')"], [1, 2, 2], "run-twice likely c1"),
        case("twice-by-itself", ["xs = 1\nxs = xs + 'a'"], [1, 1], "unsupported-operand"),
        # followed to what it was made of
        case("made-of-it", [LOAD, "df['b'] = 2", "half = df\nhalf['b']"], [1, 3], "cell-not-run likely c2"),
        case(
            "through-a-function",
            ["def get(d):\n    return d['b']", LOAD, "df['b'] = 2", "get(df)"],
            [1, 2, 4],
            "cell-not-run likely c3",
        ),
        case("in-a-timed-cell", [LOAD, "df['b'] = 2", "%%time\ndf['b']"], [1, 3], "cell-not-run certain c2"),
        # hidden builtins
        case("list", ["list = [1, 2]", "list((1, 2))"], [1, 2], "shadowed-builtin certain"),
        case(
            "sum-in-a-loop",
            ["for sum in [1]:\n    pass", "print(sum([1]))"],
            [1, 2],
            "shadowed-builtin certain",
        ),
        case("in-the-same-cell", ["str = 'a'\nstr(1)"], [1], "shadowed-builtin certain"),
        case(
            "in-a-function-of-another",
            ["def f():\n    return max(1, 2)", "max = 3", "f()"],
            [1, 2, 3],
            "shadowed-builtin certain",
        ),
        case("as-a-callback", ["len = 3", "list(map(len, ['a']))"], [1, 2], "shadowed-builtin likely"),
        case("not-hidden", ["rows = [1]", "list(rows)()"], [1, 2], "not-callable"),
        case("local-name", ["def f(list):\n    return list(1)", "f([2])"], [1, 2], "not-callable"),
        case("own-name", ["rows = [1]", "rows(1)"], [1, 2], "not-callable"),
        case("hidden-elsewhere", ["max = 3", "rows = [1]", "rows(max)"], [1, 2, 3], "not-callable"),
        # what no order explains
        case("interrupted", ["xs = 1", "xs = 2", "raise KeyboardInterrupt(xs)"], [1, 3], "interrupted"),
        case("builtin-names-only", ["xs = 1", "int('a')"], [1, 2], "cannot-convert"),
    ],
)
def test_why_a_value_is_wrong(cells, order, want):
    """As really running the cells in that order shows it."""
    found = Play(*cells).run(*order).why()
    code, *rest = want
    assert found.code == code, str(found)
    if rest:
        assert found.confidence == rest[0], str(found)
        assert list(found.action.values if found.action else ()) == rest[1:], str(found)


def test_the_words_of_a_hidden_builtin():
    """Where it was bound, and how to have it back."""
    found = Play("list = [1]", "list('ab')").run(1, 2).why()
    assert found.why == "list is a list here, not the builtin: cell [1] bound it, `list = [1]`"
    assert found.fix == "del list gives the builtin back; give the variable in cell [1] another name"


def test_the_words_of_a_cell_that_ran_twice():
    """What makes the name anew comes first."""
    found = Play("words = 'a b'", "words = words.split()").run(1, 2, 2).why()
    assert (
        found.why == "this cell ran before, as cell [2], and changes words each time: `words = words.split()`"
    )
    assert found.fix == "run cell [1], then this one"


def test_what_bound_it_was_edited_since():
    """The function that ran is not the one that stands there."""
    play = (
        Play("def load(path): return path", "load()").run(1).edit(1, "def load(path='a'): return path").run(2)
    )
    found = play.why()
    assert (found.code, found.confidence, found.action.values) == ("cell-edited", "likely", ("c1",))


def test_an_edit_of_something_else_in_that_cell_is_no_reason():
    """The statement that binds the name is the same."""
    play = Play("xs = 3\nys = 1", "xs.append(2)").run(1).edit(1, "xs = 3\nys = 2").run(2)
    assert play.why().code == "attribute-not-found"


def test_what_bound_it_was_removed():
    """A cell of the notebook makes the name as well, and was not what made it."""
    play = Play("xs = [1]", "xs = 3", "xs.append(2)").run(1, 2).remove(2).run(3)
    found = play.why()
    assert (found.code, found.action.values) == ("hidden-state", ("c1",))


def test_without_a_document_order_is_not_known():
    """Cells that ran in some order ran in the order they stand in, as far as anybody knows."""
    play = Play("xs = [1]", "xs.append(2)", "xs = 3", has_document=False).run(1, 3, 2)
    assert play.why().code == "attribute-not-found"


def test_the_users_values_are_not_touched():
    """Nothing of theirs is called, whatever it would do."""
    hostile = (
        "class Hostile:\n"
        "    def __getattribute__(self, name): raise SystemExit\n"
        "    def __repr__(self): raise SystemExit\n"
        "    __str__ = __hash__ = __eq__ = __bool__ = __dir__ = __repr__\n"
        "list = Hostile()"
    )
    found = Play(hostile, "list(1)").run(1, 2).why()
    assert (found.code, found.confidence) == ("shadowed-builtin", "certain")


def test_what_bound_it_was_removed_and_nothing_else_binds_it():
    """A run from the top would not have the name at all."""
    found = Play("rate = '0.1'", "1 + rate").run(1).remove(1).run(2).why()
    assert (found.code, found.confidence) == ("hidden-state", "likely")


def test_a_plain_error_is_doubted_where_the_name_was_bound_twice_otherwise():
    """Two cells bound it: that the operand is wrong is true, and may not be why."""
    once = Play("rate = '0.1'", "other = 2", "1 + rate").run(1, 2, 3).why()
    twice = Play("rate = 0.1", "rate = '0.1'", "1 + rate").run(1, 2, 3).why()
    assert (once.code, once.confidence) == ("unsupported-operand", "certain")
    assert (twice.code, twice.confidence) == ("unsupported-operand", "likely")
