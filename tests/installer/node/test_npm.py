"""How npm is started, and how its words are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic import executor
from autoexec_magic.errors import InstallError, MissingTool, RunTimeout
from autoexec_magic.installer.node import npm
from autoexec_magic.installer.node.npm import Toolbox
from autoexec_magic.installer.node.search import Search
from autoexec_magic.installer.node.settings import settings

FAKE = """#!/bin/sh
printf '%s\\n' "$@" > "$PWD/argv"
env > "$PWD/env"
{body}
"""


@pytest.fixture
def fake(project, tmp_path, monkeypatch):
    """Return a function that puts a program in npm's place and returns a toolbox for it."""

    def put(body, **fields):
        program = tmp_path / "bin" / "npm"
        program.parent.mkdir(exist_ok=True)
        program.write_text(FAKE.format(body=body))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        # The cage lets programs of the system run; this one stands in a test's folder.
        monkeypatch.setattr(npm, "LEVEL", "open")
        given = settings(project.folder)
        return Toolbox(
            root=project.folder,
            cwd=project.folder,
            settings=given,
            search=Search(settings=given, cache=tmp_path, release_age_days=3),
            cache=tmp_path / "cache",
            emit=project.emit.append,
            ask=project.ask,
            **fields,
        )

    return put


def argv(tools):
    """Return what the program was started with."""
    return (tools.root / "argv").read_text().splitlines()


def test_scripts_are_off_whatever_it_is_started_for(fake):
    """Also for the dry run; and it is one, though the project may say otherwise."""
    tools = fake('echo \'{"add": [], "change": [], "remove": []}\'')
    assert npm.plan(["x@1.0.0"], tools).added == ()
    assert {"--ignore-scripts", "--dry-run", "--no-global", "--location=project"} <= set(argv(tools))
    assert "--no-dry-run" not in argv(tools)
    npm.apply(["x@1.0.0"], tools, executor.Cancel(), is_exact=False)
    assert {"--ignore-scripts", "--no-dry-run", "--save"} <= set(argv(tools))
    assert "--save-exact" not in argv(tools)


def test_a_secret_of_this_process_does_not_come_along(fake, monkeypatch):
    """npm gets an environment of its own; a variable only where the person's .npmrc asks for it."""
    monkeypatch.setenv("CLOUD_SECRET", "hidden-1")
    tools = fake("echo '{}'")
    npm.apply([], tools, executor.Cancel(), is_exact=False)
    assert "hidden-1" not in (tools.root / "env").read_text()


def test_words_before_the_table_are_passed_over(fake, tmp_path):
    """npm 11 says each change in a line of its own first."""
    place = tmp_path / "project" / "node_modules" / "x"
    entry = f'{{"name": "x", "version": "1.0.0", "path": "{place}"}}'
    tools = fake(f'echo \'add x 1.0.0\'; echo \'{{"add": [{entry}], "change": [], "remove": []}}\'')
    [change] = npm.plan(["x"], tools).added
    assert (change.name, change.version, change.place) == ("x", "1.0.0", Path(place))


@pytest.mark.parametrize(
    "body",
    [
        "echo nothing",
        "echo '[]'",
        "echo '{}'",
        'echo \'{"add": [{"name": "x", "version": "1", "path": "/etc/x"}], "change": [], "remove": []}\'',
    ],
)
def test_a_plan_that_cannot_be_is_an_error(fake, body):
    """Also one that would change something outside of the project."""
    with pytest.raises(InstallError, match="did not say"):
        npm.plan(["x"], fake(body))


def test_a_failure_says_npm_s_own_reason(fake):
    """From its JSON, without what a terminal would obey."""
    body = 'printf \'{\\n  "error": {"code": "E404", "summary": "not \\\\u001b[31mfound"}}\'; exit 1'
    with pytest.raises(InstallError) as caught:
        npm.plan(["x"], fake(body))
    assert caught.value.why == "E404; not found"


def test_npm_has_a_time_limit(fake):
    """Nobody waits for ever."""
    with pytest.raises(RunTimeout) as caught:
        npm.plan(["x"], fake("sleep 60", timeout=0.5))
    assert caught.value.what == "npm took longer than 0.5 s"


def test_without_npm_it_says_what_brings_it(fake, monkeypatch):
    """A missing tool, and no stack."""
    tools = fake("true")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingTool):
        npm.plan(["x"], tools)
