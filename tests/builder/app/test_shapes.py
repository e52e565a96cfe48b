"""What code is as an app, read off what it binds and imports."""

from __future__ import annotations

import ast

import pytest

from autoexec_magic.builder.app.shapes import shape_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("from fastapi import FastAPI\napp = FastAPI(title='x')", "asgi"),
        ("import fastapi as f\napp = f.FastAPI()", "asgi"),
        ("from fastapi import *\napp = FastAPI()", "asgi"),
        ("from starlette.applications import Starlette as S\napp: S = S()", "asgi"),
        ("from quart import Quart\napp = Quart(__name__)", "asgi"),
        ("from flask import Flask\napp = Flask(__name__)", "wsgi"),
        (
            "import flask\ndef create_app():\n    made = flask.Flask('x')\n    return made\napp = create_app()",
            "wsgi",
        ),
        ("from django.core.wsgi import get_wsgi_application as g\napp = g()", "wsgi"),
        ("from django.core.asgi import get_asgi_application\napp = get_asgi_application()", "asgi"),
        ("from fastapi import FastAPI\nfrom w import Wrap\napp = FastAPI()\napp = Wrap(app, 1)", "asgi"),
        (
            "from flask import Flask\nfrom w import Fix\napp = Flask('x')\napp.wsgi_app = Fix(app.wsgi_app)",
            "wsgi",
        ),
        ("from fastapi import FastAPI\nclass Mine(FastAPI):\n    pass\napp = Mine()", "asgi"),
        ("def app(environ, start_response):\n    return []", "wsgi"),
        ("def app(env, begin):\n    return []", "wsgi"),
        ("async def app(scope, receive, send):\n    pass", "asgi"),
        ("class App:\n    async def __call__(self, s, r, d):\n        pass\napp = App()", "asgi"),
        ("class App:\n    def __call__(self, environ, start):\n        pass\napp = App()", "wsgi"),
        (
            "class app:\n    def __init__(self, environ, start):\n        pass\n    def __iter__(self):\n        pass",
            "wsgi",
        ),
        (
            "import os\nfrom flask import Flask\nif os.name:\n    app = Flask('x')\nelse:\n    app = None",
            "notebook",
        ),
        ("try:\n    from flask import Flask\n    app = Flask('x')\nexcept ImportError:\n    raise", "wsgi"),
        ("from flask import Flask\nserver = Flask('x')\napp = server", "wsgi"),
        ("from pyramid.config import Configurator\napp = Configurator().make_wsgi_app()", "wsgi"),
        ("def handler(event, context):\n    return event", "handler"),
        ("def lambda_handler(event, context=None):\n    return event", "handler"),
        ("handler = lambda event, context: event", "handler"),
        ("async def handler(event, context):\n    return event", "handler"),
        ("def handler(event):\n    return event", "notebook"),
        ("def main():\n    pass", "main"),
        ("def main(argv=None):\n    pass", "main"),
        ("def main(argv):\n    pass", "main"),
        ("def main(path):\n    pass", "notebook"),
        ("import click\n@click.command()\ndef main(path):\n    pass", "main"),
        (
            "from flask import Flask\napp = Flask('x')\ndef main():\n    pass\ndef handler(e, c):\n    pass",
            "wsgi",
        ),
        ("app = {'name': 1}", "notebook"),
        ("app = app", "notebook"),
        ("a = b\nb = a\napp = a", "notebook"),
        ("x = 1", "notebook"),
    ],
)
def test_a_shape_is_read_off_what_is_bound(text, kind):
    """A name is followed to what it is made of; what goes in circles is none."""
    assert shape_of(ast.parse(text)).kind == kind


def test_dash_is_served_by_its_server():
    """Its own object is none."""
    found = shape_of(ast.parse("import dash\napp = dash.Dash(__name__)"))
    assert (found.kind, found.object) == ("wsgi", "app.server")


def test_what_looked_like_a_shape_is_told():
    """So that a person knows why it is none."""
    assert "neither ASGI nor WSGI" in shape_of(ast.parse("app = 1")).doubt
    assert "(event, context)" in shape_of(ast.parse("def handler(a):\n    pass")).doubt
    assert "nobody gives" in shape_of(ast.parse("def main(a):\n    pass")).doubt


def test_async_functions_and_words_are_told():
    """The entry has to know."""
    found = shape_of(ast.parse("async def main(args):\n    pass"))
    assert (found.is_async, found.takes_words) == (True, True)
