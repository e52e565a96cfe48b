"""What only tries the app runs whenever it is imported: a person is told, with the cell."""

from __future__ import annotations

import pytest

HANDLER = "def handler(event, context):\n    return event"
FLASK = "from flask import Flask\napp = Flask(__name__)"
ASGI = "async def app(scope, receive, send):\n    pass"
WSGI = "def app(environ, start_response):\n    return []"

WRAP = "class Wrap:\n    def __init__(self, a):\n        pass\n    def __call__(self, environ, start_response):\n        pass"


def told(project, *cells):
    """Return what is said of trying the app."""
    lock = "flask==3 --hash=sha256:00\nuvicorn==1 --hash=sha256:00\n"
    return [each for each in project(*cells, lock=lock).warnings if "whenever the app is imported" in each]


@pytest.mark.parametrize(
    ("cells", "where"),
    [
        ((HANDLER, "handler({'x': 3}, None)"), "cell 2 line 1 tries handler"),
        ((HANDLER, "x = 1", "print(handler({}, None))"), "cell 3 line 1 tries handler"),
        ((HANDLER, "assert handler({}, None) == {}"), "cell 2 line 1 tries handler"),
        ((FLASK, "app.test_client().get('/x').json"), "cell 2 line 1 tries app"),
        ((FLASK, "with app.test_client() as client:\n    client.get('/')"), "cell 2 line 1 tries app"),
        ((ASGI, "from starlette.testclient import TestClient\nTestClient(app).get('/')"), "cell 2 line 2"),
        ((WSGI, "list(app({}, print))"), "cell 2 line 1 tries app"),
    ],
)
def test_a_cell_that_tries_the_app_is_named(project, cells, where):
    """And the tag that leaves it out."""
    (said,) = told(project, *cells)
    assert said.startswith(where)
    number = where.split()[1]
    assert f"tag cell {number} `skip`" in said


def test_what_a_trial_binds_is_part_of_it(project):
    """A client that is made in one cell and asked in another."""
    said = told(project, FLASK, "client = app.test_client()", "y = 2", "client.get('/').json")
    assert [each.split(" tries")[0] for each in said] == ["cell 2 line 1", "cell 4 line 1"]


def test_a_trial_among_other_things_is_to_be_moved(project):
    """To leave out its cell would leave out what the app needs."""
    (said,) = told(project, HANDLER + "\nhandler({}, None)")
    assert "a cell of its own" in said


@pytest.mark.parametrize(
    "cells",
    [
        (HANDLER, ("handler({}, None)", "skip")),
        (HANDLER, "if __name__ == '__main__':\n    handler({}, None)"),
        (HANDLER, "def again():\n    return handler({}, None)"),
        (HANDLER, "handlers = [handler]"),
        (FLASK, "app.run(port=5000)"),
        (WSGI, WRAP, "app = Wrap(app)"),
        ("def main():\n    return 0", "main()"),
    ],
)
def test_what_does_not_run_or_does_not_try_is_not_told(project, cells):
    """No noise for what an app consists of."""
    assert told(project, *cells) == []
