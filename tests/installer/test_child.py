"""A child that looks at a registry: asked on its standard input, read line by line, believed in nothing."""

from __future__ import annotations

import pytest

from autoexec_magic import executor
from autoexec_magic.errors import Cancelled, InstallError, RunTimeout
from autoexec_magic.installer import child
from autoexec_magic.installer.child import Child, answers_of


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Return a function that asks a child made of code, the body of its `serve`."""

    def asked(body, request="frob", *, count=1, **how):
        package = tmp_path / "frobchild"
        package.mkdir()
        (package / "__init__.py").write_text("")
        code = "".join(f"    {line}\n" for line in body.splitlines())
        (package / "asked.py").write_text(f"import json, sys, time\ndef serve():\n{code}")
        monkeypatch.syspath_prepend(tmp_path)
        it = Child(name="frobchild.asked", libraries=("frobchild",), clean=str.upper, fix="look", **how)
        return answers_of(it, request, count=count)

    return asked


def test_the_request_is_read_and_each_line_is_an_answer(ask):
    """What it says besides is for a person, is cleaned, and is no answer."""
    told = []
    body = (
        'print(json.dumps({"told": "waiting"}), flush=True)\n'
        'print(json.dumps({"name": json.load(sys.stdin)}))\nprint(json.dumps({"name": "two"}))'
    )
    assert ask(body, count=2, tell=told.append) == [{"name": "frob"}, {"name": "two"}]
    assert told == ["WAITING"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("print('no json')", "NO JSON"),
        ("print('[1]')", "[1]"),
        ("pass", "EXITED"),
        ("print('{}')\nprint('{}')", "EXITED"),
        ("sys.exit('it broke')", "IT BROKE"),
        ('sys.stdout.write("{\\"name\\": ")', '{"NAME":'),
    ],
    ids=["no-json", "no-object", "nothing", "too-many", "failed", "torn"],
)
def test_what_is_no_answer_is_a_clear_fault(ask, body, why):
    """Nothing was installed, and what it said is shown as whoever asked cleans it."""
    with pytest.raises(InstallError, match="the search for packages failed") as raised:
        ask(body)
    assert why in raised.value.why


def test_it_is_ended_when_its_time_is_up(ask, monkeypatch):
    """The limit is named, and the next thing to type."""
    monkeypatch.setattr(child, "SECONDS", 0.3)
    with pytest.raises(RunTimeout, match=r"longer than 0\.3 s") as raised:
        ask("time.sleep(60)")
    assert raised.value.fix == "look"


def test_it_is_ended_when_somebody_stops_it(ask):
    """Nothing was installed."""
    cancel = executor.Cancel()
    cancel.set()
    with pytest.raises(Cancelled):
        ask("time.sleep(60)", cancel=cancel)
