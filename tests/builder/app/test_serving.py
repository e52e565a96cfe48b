"""What only shows, and what starts a server, is left out; what may be what the cell is for stays."""

from __future__ import annotations

import ast

import pytest

from autoexec_magic.builder.app.serving import Starts, is_only_shown
from autoexec_magic.builder.app.shapes import Names, shape_of


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        ("df", True),
        ("df.head()", True),
        ("df['a'].value_counts().head(3)", True),
        ("df.shape, len(df)", True),
        ("app", True),
        ("1 + 1", True),
        ("f'{x}'", True),
        ("[x for x in rows]", True),
        ("display(df)", True),
        ("model.fit(x, y)", False),
        ("app.include_router(router)", False),
        ("rows.append(1)", False),
        ("print(df)", False),
        ("await f()", False),
        ("(n := 5)", False),
        ("df.pop('a')", False),
        ("x = 1", False),
        ("connect().execute('x').count()", False),
    ],
)
def test_only_what_can_do_nothing_else_is_shown(text, is_shown):
    """A call that nobody knows stays."""
    assert is_only_shown(ast.parse(text).body[0]) is is_shown


WSGI = "def app(environ, start_response):\n    return []\n"
FAST = "from fastapi import FastAPI\nimport uvicorn, threading, asyncio\napp = FastAPI()\n"


@pytest.mark.parametrize(
    ("before", "text", "stays"),
    [
        (FAST, "uvicorn.run(app)", []),
        (FAST, "threading.Thread(target=lambda: uvicorn.run(app)).start()", []),
        (FAST, "server = uvicorn.Server(uvicorn.Config(app))\nawait_me = server.serve()\nx = 1", ["x = 1"]),
        (
            FAST,
            "def run():\n    uvicorn.run(app)\nthread = threading.Thread(target=run)\nthread.start()",
            ["def"],
        ),
        (
            WSGI,
            "from wsgiref.simple_server import make_server\nwith make_server('', 1, app) as s:\n    s.x()",
            ["from"],
        ),
        (WSGI, "app.run(debug=True)\nother.run()", ["other.run()"]),
        (WSGI, "app.config = 1\napp = wrap(app)", ["app.config = 1", "app = wrap(app)"]),
        (WSGI, "if __name__ == '__main__':\n    app.run()", ["if"]),
        ("def main():\n    pass\n", "main()", []),
        ("def main():\n    pass\n", "sys.exit(main())\nother()", ["other()"]),
        (
            "def handler(event, context):\n    pass\n",
            "handler({}, None)\nx.run()",
            ["handler({}, None)", "x.run()"],
        ),
        ("x = 1\n", "uvicorn.run(y)", ["uvicorn.run(y)"]),
    ],
)
def test_what_starts_a_server_is_the_entrys(before, text, stays):
    """And with it what uses what it binds."""
    whole = ast.parse(before + text)
    starts = Starts(shape_of(whole), Names.of(whole))
    own = ast.parse(text).body
    kept = [statement for statement in own if not starts.has(statement)]
    assert [ast.unparse(each).startswith(wanted) for each, wanted in zip(kept, stays, strict=True)] == [
        True for _ in stays
    ]
