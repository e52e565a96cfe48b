"""`npm test`, captured and real."""

from __future__ import annotations

import json
import shutil

import pytest
from skips import requires

from autoexec_magic.testrunner.foreign import TOOLS, Hearers
from autoexec_magic.testrunner.foreign.npm import NODEID, Script

TEST = """import { test } from 'node:test';
test('good', () => { console.log('@0 {"n":1,"k":"end"}'); });
test('bad', () => { throw new Error('no'); });
"""


def package(script):
    return json.dumps({"name": "x", "type": "module", "scripts": {"test": script}})


def needs_npm():
    requires(shutil.which("npm"), "npm is not installed", "apt-get install npm")


@pytest.fixture
def launch(tmp_path, monkeypatch):
    """Return a function that says what would be started for a script."""
    program = tmp_path / "npm"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    def launched(script, *arguments):
        (tmp_path / "package.json").write_text(package(script))
        return TOOLS["npm"].launch(tmp_path, arguments)

    return launched


@pytest.mark.parametrize(
    ("script", "asked"),
    [
        ("jest --ci", "jest.cjs"),
        ("mocha test", "mocha.cjs"),
        ("vitest", "vitest.mjs"),
        ("ava", "--tap"),
        ("tap", "--reporter=tap"),
    ],
)
def test_a_tool_is_asked_to_tell_us(launch, script, asked):
    """By arguments at the end, with the user's own behind them."""
    argv = launch(script, "-t", "x").argv
    assert argv[1:4] == ("test", "--silent", "--")
    assert any(word.endswith(asked) for word in argv)
    assert argv[-2:] == ("-t", "x")


def test_nodes_runner_is_asked_by_a_variable(launch):
    """Behind its files Node would take an option for one more of them."""
    asked = launch("eslint . && node --test test/")
    assert asked.argv[1:] == ("test", "--silent")
    assert "node.mjs" in asked.environment["NODE_OPTIONS"]
    assert "--require=" in asked.environment["NODE_OPTIONS"]
    assert "NODE_OPTIONS" not in launch("node --test --test-reporter=tap").environment
    assert "NODE_OPTIONS" not in launch("make check").environment


def test_a_script_that_ends_in_something_else_is_left_as_it_is(launch):
    """The arguments would go to the linter."""
    assert launch("jest && eslint .").argv[1:] == ("test", "--silent")


def test_a_reporter_of_the_users_own_is_kept(launch):
    """Then the exit code is all that is known."""
    assert not any("jest.cjs" in word for word in launch("jest", "--reporters=x").argv)


def test_a_script_that_tells_of_no_test_is_one_case(captured):
    """Named after the script, with its exit code for a verdict."""
    heard = captured("npm-exit3")
    assert heard.verdicts == {NODEID: "failed"}
    case = heard.told.cases[0]
    assert (case.said.file, case.message, case.said.stdout) == (
        "package.json",
        "npm test ended with 3",
        "hi\n",
    )
    assert heard.told.faults == ()


def test_a_tool_that_was_to_tell_and_did_not_is_a_fault():
    """It ended with 0, and no test was told."""
    taken = Script(Hearers(), "@m", "jest")
    taken.feed("stdout", "No tests found, exiting with code 0\n")
    told = taken.end(0)
    assert told.faults == ("jest was to tell of its tests, and told of none",)


def test_a_real_script_is_run(really_run):
    """Node's runner behind another command; what a test prints is shown, and no record."""
    needs_npm()
    files = {"package.json": package("echo first && node --test"), "a.test.js": TEST}
    heard = really_run("npm", files)
    assert heard.verdicts == {"a.test.js::good": "passed", "a.test.js::bad": "failed"}
    assert (heard.told.faults, heard.returncode) == ((), 1)
    assert "first" in heard.shown()
    assert '@0 {"n":1,"k":"end"}' in heard.shown()


def test_a_real_script_of_tap_is_run(really_run):
    """Whatever program wrote it."""
    needs_npm()
    script = "printf '1..2\\nok 1 - a\\nnot ok 2 - b\\n'; exit 1"
    heard = really_run("npm", {"package.json": package(script)})
    assert heard.verdicts == {"a": "passed", "b": "failed"}
    assert heard.told.faults == ()


def test_a_file_that_ends_at_once_under_npm_has_not_passed(really_run):
    """What looks at it comes by a variable there, which the tests do not see."""
    needs_npm()
    head = "import { test } from 'node:test'; import assert from 'node:assert';\n"
    test = head + "test('ok', () => { assert.ok(!`${process.env.NODE_OPTIONS}`.includes('exits')); });\n"
    good = {"package.json": package("node --test"), "a.test.js": test}
    assert really_run("npm", good).verdicts == {"a.test.js::ok": "passed"}
    heard = really_run("npm", {"a.test.js": test + "test('exit', () => process.exit(0));"})
    assert heard.verdicts == {"a.test.js::ok": "not-run", "a.test.js::exit": "not-run"}
    assert heard.told.faults
