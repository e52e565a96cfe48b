"""Each kind of statement, and what it does to global names."""

from __future__ import annotations

import ast

import pytest

from autoexec_magic.diagnosis.names import names_of
from autoexec_magic.diagnosis.walk import free_names


@pytest.mark.parametrize(
    ("source", "bound", "needs"),
    [
        ("a = b = c", "a b", "c"),
        ("a, (b, *c) = d", "a b c", "d"),
        ("a.x = b[c] = 1", "", "a b c"),
        ("a: int = b", "a", "b"),
        ("a: int", "", ""),
        ("a += b", "a", "a b"),
        ("import os.path, sys as s", "os s", ""),
        ("from a import b as c, d", "c d", ""),
        ("def f(a, b=c, *d, e=g):\n    return a + h", "f", "c g"),
        ("@deco\ndef f(): pass", "f", "deco"),
        ("class A(B, metaclass=C):\n    x = y\n    z = x\n    def m(self): return w", "A", "B C y"),
        ("def f(): return a\nf()", "f", "a"),
        ("a = 1\ndef f(): return a\nf()", "a f", ""),
        ("for a in b:\n    c = a\nelse:\n    d = 1", "a? c? d", "b"),
        ("while a:\n    b = 1", "b?", "a"),
        ("if a:\n    b = 1\n    c = 1\nelse:\n    b = 2", "b c? b", "a"),
        ("if a:\n    b = 1\nelse:\n    raise c", "b", "a c"),
        ("with a as b, c() as (d, e):\n    f = 1", "b d e f", "a c"),
        ("with suppress(E):\n    a = 1", "a?", "suppress E"),
        ("try:\n    a = 1\nexcept E as e:\n    a = 2\nfinally:\n    b = 1", "a e! a b", "E"),
        ("try:\n    a = 1\nexcept E:\n    raise", "a", "E"),
        ("try:\n    a = 1\nexcept E:\n    pass", "a?", "E"),
        (
            "match a:\n    case {'k': b, **c}:\n        d = 1\n    case [e, *f] | g:\n        pass",
            "b? c? d? e? f? g?",
            "a",
        ),
        ("[a for a in b if c]", "", "b c"),
        ("{a: d for a, e in b for d in e}", "", "b"),
        ("[(a := b) for b in c]", "a?", "c"),
        ("f = lambda a: a + b", "f", "b"),
        ("async def f():\n    await a", "f", ""),
        ("async for a in b:\n    pass", "a?", "b"),
        ("a = 1\ndel a\nb = a", "a b", "a"),
        ("print(len(a))", "", "a"),
        ("def f():\n    global a, b\n    a = 1\n    return b", "f a()", ""),
        ("if 1:\n    a = 1", "a", ""),
        ("globals()['a'] = b", "a?", "b"),
    ],
)
def test_what_a_statement_binds_and_needs(source, bound, needs):
    """`?` is bound maybe, `!` gone again, `()` bound by a call."""
    signs = {"sure": "", "maybe": "?", "except": "!", "called": "()"}
    found = names_of(source)
    assert " ".join(f"{each.name}{signs[each.how]}" for each in found.bound) == bound
    assert found.needs == set(needs.split())


@pytest.mark.parametrize(
    ("source", "name", "words", "takes_away"),
    [
        ("df['b'] = 1", "df", {"b"}, False),
        ("df.size = 1", "df", {"size"}, False),
        ("df.loc[0, 'b'] += 1", "df", {"loc", "0", "b"}, False),
        ("del df['b']", "df", {"b"}, True),
        ("df.drop(columns=['b'], inplace=True)", "df", {"drop", "columns", "b", "inplace"}, True),
        ("df.pop('b')", "df", {"pop", "b"}, True),
        ("model.fit(xs)", "model", {"fit"}, False),
        ("await a.load('b')", "a", {"load", "b"}, False),
    ],
)
def test_what_a_statement_changes(source, name, words, takes_away):
    """The name whose value is another one afterwards, and what the change is about."""
    changed = names_of(source).changed[-1]
    assert (changed.name, changed.takes_away) == (name, takes_away)
    assert words <= changed.words | {"inplace"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("del a, b.c, d[0]", ["a"]),
        ("if x:\n    del a", ["a?"]),
        ("%reset -f", ["*"]),
        ("%xdel a", ["a"]),
        ("%reset_selective -f a", ["*?"]),
    ],
)
def test_what_a_statement_deletes(source, found):
    """`?` is deleted maybe, `*` is everything."""
    deleted = names_of(source).deleted
    assert [f"{each.name}{'' if each.is_sure else '?'}" for each in deleted] == found


@pytest.mark.parametrize(
    ("source", "is_open"),
    [
        ("from a import *", True),
        ("exec(code)", True),
        ("globals().update(a)", True),
        ("%run a.py", True),
        ("%pylab inline", True),
        ("%store -r a", True),
        ("%%conjure\na", True),
        ("get_ipython().push({'a': 1})", True),
        ("get_ipython().run_line_magic(name, '')", True),
        ("%matplotlib inline", False),
        ("!ls", False),
        ("a = !ls", False),
        ("%pip install a", False),
        ("%%bash\nls", False),
        ("def f():\n    exec(code)", False),
    ],
)
def test_what_may_bind_any_name(source, is_open):
    """Nobody can tell from the source what it binds."""
    assert bool(names_of(source).may_bind) == is_open


def test_the_free_names_of_a_function():
    """What it reads and binds nowhere itself."""
    source = """
def f(a, *b, c=1, **d):
    import e
    for g in h: i = g
    def j(): return k
    return l + i
"""
    assert free_names(ast.parse(source).body[0]) == {"h", "k", "l"}


def test_a_name_that_a_cell_makes_of_itself():
    """It has to be there before."""
    remade, fresh = names_of("df = df.dropna()\nxs = 1").bound
    assert (remade.is_remade, fresh.is_remade) == (True, False)
