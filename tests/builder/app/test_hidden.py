"""Names that a module reads and nothing of it binds, by Python's own scopes."""

from __future__ import annotations

import ast

import pytest

from autoexec_magic.builder.app.hidden import unbound_in


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    return g()\ndef g():\n    return 1",
        "rows = [a * b for a in range(3) for b in range(a)]",
        "class A:\n    x = 1\n    y = x + 1\n    def m(self):\n        return later\nlater = 1",
        "for i in range(3):\n    if i:\n        print(before)\n    before = i",
        "try:\n    cfg\nexcept NameError:\n    cfg = {}\nprint(cfg)",
        "def start():\n    global state\n    state = 1\nstart()\nprint(state)",
        "match 1:\n    case int(v):\n        pass\nprint(v)",
        "if (n := 3) > 2:\n    print(n)",
        "print([y := 1, y ** 2], [last := i for i in range(3)], last)",
        "if 'df' not in globals():\n    df = 1\nprint(df)",
        "globals()['made'] = 1\ndef f():\n    return made",
        "def outer():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n    return inner",
        "import os.path as p, json\nprint(p, json, __name__, __file__)",
        "with open('x') as f, open('y') as g:\n    f.read(g)",
        "try:\n    pass\nexcept ValueError as error:\n    print(error)",
        "x: int = 1\ndef f(a: 'Later') -> 'Later':\n    b: Nowhere = a\n    return b",
        "from __future__ import annotations\ndef f(a: Later):\n    return a",
        "del_me = 1\ndel del_me\ndel_me = 2\nprint(del_me)",
        "(lambda a, *b, c=1, **d: (a, b, c, d))(1)",
        "import functools\n@functools.cache\ndef f(n):\n    return f(n - 1)",
        "def gen():\n    yield from (x for x in gen())",
        "a = b = 1\na, *rest = [b]\nprint(rest)",
        "if False:\n    print(nowhere)",
        "try:\n    import fast\nexcept ImportError:\n    fast = None\nprint(fast)",
        "class A:\n    def m(self):\n        return __class__, super().m()",
    ],
)
def test_what_is_python_is_no_finding(text):
    """Each of these runs, or fails for another reason."""
    assert unbound_in(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1\nprint(x, y)", [("y", 2, False)]),
        ("print(x)\nx = 1", [("x", 1, True)]),
        ("x = x + 1", [("x", 1, True)]),
        ("def f():\n    return nowhere", [("nowhere", 2, False)]),
        ("f = lambda: nowhere", [("nowhere", 1, False)]),
        ("print([a for a in (1,) if nowhere])", [("nowhere", 1, False)]),
        ("class A(Base):\n    x = nowhere", [("Base", 1, False), ("nowhere", 2, False)]),
        ("class A:\n    def m(self, a=nowhere):\n        return a", [("nowhere", 2, False)]),
        ("k = 1\ndel k\nprint(k)", [("k", 3, True)]),
        ("del nowhere", [("nowhere", 1, False)]),
        (
            "@deco\ndef f(a=given) -> note:\n    pass",
            [("deco", 1, False), ("given", 2, False), ("note", 2, False)],
        ),
        ("try:\n    1\nexcept Exception as e:\n    pass\nprint(e)", [("e", 5, True)]),
        ("try:\n    pass\nexcept nowhere:\n    pass", [("nowhere", 3, False)]),
        ("nowhere += 1", [("nowhere", 1, True)]),
        ("nowhere['a'] = 1\nnowhere.b = 2", [("nowhere", 1, False)]),
        ("def f():\n    class B:\n        y = nowhere\n    return B", [("nowhere", 3, False)]),
        ("print(f'{nowhere!r:>{width}}')", [("nowhere", 1, False), ("width", 1, False)]),
        ("def f():\n    def g():\n        return nowhere\n    return g", [("nowhere", 3, False)]),
        (
            "print(get_ipython(), display, _)",
            [("get_ipython", 1, False), ("display", 1, False), ("_", 1, False)],
        ),
        ("async def f():\n    async with nowhere as a:\n        yield a", [("nowhere", 2, False)]),
    ],
)
def test_a_name_that_is_bound_nowhere_or_too_late_is_found(text, found):
    """With its line, and whether it is bound below."""
    assert [(each.name, each.line, each.is_later) for each in unbound_in(text)] == found


def test_a_cell_may_wait_at_its_top_level_and_a_module_may_not():
    """As in IPython."""
    text = "x = await nowhere()"
    with pytest.raises(SyntaxError):
        unbound_in(text)
    (found,) = unbound_in(text, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert found.name == "nowhere"


def test_the_library_has_no_hidden_state():
    """Two hundred modules that run are a measure of false alarms."""
    import warnings
    from pathlib import Path

    folder = Path(ast.__file__).parent
    alarms = []
    for file in sorted(folder.glob("*.py")):
        text = file.read_text("utf-8", "replace")
        if any(word in text for word in ("import *", "globals()", "._convert_(")):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            alarms += [f"{file.name}:{each.line} {each.name}" for each in unbound_in(text)]
    assert alarms == []
