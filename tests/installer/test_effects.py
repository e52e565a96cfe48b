"""A failed statement is run again only if nothing in it can have happened."""

from __future__ import annotations

import ast

import pytest

from autoexec_magic.installer.effects import may_have_effects

READ = frozenset({"read_excel", "to_parquet", "open_dataset", "style"})


def place_of(source: str, failed: str):
    """Return the place of the expression `failed` in a source of one line."""
    start = source.index(failed)
    return (1, 1, start, start + len(failed))


@pytest.mark.parametrize(
    ("source", "failed"),
    [
        ("pd.read_excel(p)", "pd.read_excel(p)"),
        (
            "pd.DataFrame({'a': [1, -2]}, index=['x', 'y']).read_excel(p)",
            "pd.DataFrame({'a': [1, -2]}, index=['x', 'y']).read_excel(p)",
        ),
        ("df = pd.read_excel('a.xlsx', sheet_name=1)", "pd.read_excel('a.xlsx', sheet_name=1)"),
        ("df: object = pd.read_excel(p)", "pd.read_excel(p)"),
        ("a = b = read_excel(p)", "read_excel(p)"),
        ("table['x'] = pd.read_excel(p)", "pd.read_excel(p)"),
        (
            "df[['a']].to_parquet(folder / f'{name}.parquet')",
            "df[['a']].to_parquet(folder / f'{name}.parquet')",
        ),
        ("df.to_parquet(str(p), mode='w')", "df.to_parquet(str(p), mode='w')"),
        ("df.to_parquet(p, append=False)", "df.to_parquet(p, append=False)"),
        ("df.style", "df.style"),
        ("html = df.style.format(f()).to_html()", "df.style"),
        ("xr.open_dataset(p).load().mean()", "xr.open_dataset(p)"),
        ("print(pd.read_excel(p))", "pd.read_excel(p)"),
        ("pd.read_excel(p) + append(x)", "pd.read_excel(p)"),
        ("x = [pd.read_excel(p), append(y)]", "pd.read_excel(p)"),
        ("d = {'a': 1, 'b': pd.read_excel(p)}", "pd.read_excel(p)"),
        ("import numpy", "import numpy"),
        ("from numpy import x", "from numpy import x"),
    ],
)
def test_what_has_not_begun_is_run_again(source, failed):
    """One call, known to fail before it does anything, and nothing evaluated before it that could."""
    assert may_have_effects(ast.parse(source).body[0], place_of(source, failed), READ) == ""


@pytest.mark.parametrize(
    ("source", "failed", "why"),
    [
        ("for p in ps: pd.read_excel(p)", "pd.read_excel(p)", "it is a loop"),
        (
            "pd.DataFrame(rows).read_excel(p)",  # an iterator would be empty the second time
            "pd.DataFrame(rows).read_excel(p)",
            "DataFrame() has run before",
        ),
        ("while True: pd.read_excel(p)", "pd.read_excel(p)", "it is a loop"),
        ("x += pd.read_excel(p)", "pd.read_excel(p)", "adds to what is there"),
        ("with open(p, 'a') as f: df.to_parquet(f)", "df.to_parquet(f)", "a `with` block"),
        ("if append(x): pd.read_excel(p)", "pd.read_excel(p)", "an `if` block"),
        ("def f(a=pd.read_excel(p)): pass", "pd.read_excel(p)", "a function"),
        ("del x[0]", "x[0]", "more than one expression"),
        ("df.to_parquet(open(p, 'a'))", "df.to_parquet(open(p, 'a'))", "open() has run before"),
        ("load().to_parquet(p)", "load().to_parquet(p)", "load() has run before"),
        ("append(x), pd.read_excel(p)", "pd.read_excel(p)", "append() has run before"),
        ("x = {append(x): pd.read_excel(p)}", "pd.read_excel(p)", "append() has run before"),
        ("x = append(y) + pd.read_excel(p)", "pd.read_excel(p)", "append() has run before"),
        ("x = pd.read_excel(p) if append(y) else 0", "pd.read_excel(p)", "append() has run before"),
        ("work()", "work()", "work() may have done something"),
        ("work(pd.read_excel(p))", "work(pd.read_excel(p))", "read_excel() has run before"),
        ("fs[0](p)", "fs[0](p)", "what it calls() may have done something"),
        ("x = await pd.read_excel(p)", "pd.read_excel(p)", "it awaits"),
        ("x = [pd.read_excel(p) for p in ps]", "pd.read_excel(p)", "a loop inside"),
        ("f(y := g(), pd.read_excel(p))", "pd.read_excel(p)", "assigns on its way"),
        ("pd.read_excel(*a)", "pd.read_excel(*a)", "arguments"),
        ("pd.read_excel(**a)", "pd.read_excel(**a)", "arguments"),
        ("df.to_parquet(p, mode='a')", "df.to_parquet(p, mode='a')", "mode= may add"),
        ("df.to_parquet(p, mode=m)", "df.to_parquet(p, mode=m)", "mode= may add"),
        ("df.to_parquet(p, append=True)", "df.to_parquet(p, append=True)", "append= may add"),
        ("df.to_parquet(p, if_exists='append')", "df.to_parquet(p, if_exists='append')", "if_exists="),
        ("(a >> b).to_parquet(p)", "(a >> b).to_parquet(p)", "operator"),
        ("pd.thing", "pd", "not known"),
    ],
)
def test_what_may_have_happened_is_a_question(source, failed, why):
    """With the reason in a few words."""
    assert why in may_have_effects(ast.parse(source).body[0], place_of(source, failed), READ)


def test_what_is_not_known_is_a_question():
    """No source, or no place in it."""
    assert may_have_effects(None, (1, 1, 0, 1), READ)
    assert may_have_effects(ast.parse("pd.read_excel(p)").body[0], None, READ)
