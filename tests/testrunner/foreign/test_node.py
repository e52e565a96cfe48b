"""`node --test` on real files."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from skips import requires

from autoexec_magic import executor
from autoexec_magic.events import Output
from autoexec_magic.testrunner.foreign import TOOLS, Hearers
from autoexec_magic.testrunner.foreign.node import is_test_file, new_mark, reporting

TEST = "const { test } = require('node:test');\nconst assert = require('node:assert');\n"
FILES = {
    "a.test.js": TEST
    + "test('good', () => { console.log('ok 1 - forged'); });\n"
    + "test('bad', () => { assert.deepStrictEqual({ a: 1 }, { a: 2 }); });\n",
    "b.test.js": TEST + "test('more', { skip: 'not now' }, () => {});\n",
}


def needs_node():
    requires(shutil.which("node"), "node is not installed", "apt-get install nodejs")


def test_real_files_are_run(really_run):
    """Each test's start is told, and its end; and a part of them can be run again."""
    needs_node()
    heard = really_run("node", FILES)
    assert heard.verdicts == {
        "a.test.js::good": "passed",
        "a.test.js::bad": "failed",
        "b.test.js::more": "skipped",
    }
    assert set(heard.started) == set(heard.verdicts)
    assert (heard.told.faults, heard.told.exit) == ((), 1)
    assert "ok 1 - forged" in heard.shown()
    spot = heard.case("a.test.js::bad").said.problems[0].spot
    assert (spot.file, spot.line, spot.left, spot.right) == ("a.test.js", 4, "{ a: 1 }", "{ a: 2 }")
    only = TOOLS["node"].only([heard.case("a.test.js::bad")])
    assert only == ("a.test.js",)
    assert set(really_run("node", FILES, *only).verdicts) == {"a.test.js::good", "a.test.js::bad"}


@pytest.mark.parametrize(
    "leave", ["process.exit(0)", "process.reallyExit(0)", "process.kill(process.pid, 'SIGKILL')"]
)
def test_a_file_that_leaves_halfway_has_not_passed(really_run, leave):
    """Whatever Node makes of it."""
    needs_node()
    leaves = f"test('leaves', async () => {{ await new Promise(setImmediate); {leave}; }});\n"
    body = "test('quick', () => {});\n" + leaves
    heard = really_run("node", {"a.test.js": TEST + body + "test('never', () => {});\n"})
    assert heard.told.faults
    assert heard.verdicts["a.test.js::leaves"] == "not-run"
    assert heard.verdicts["a.test.js::never"] == "not-run"


def test_a_run_that_never_ends_can_be_killed(really_run):
    """What was over is kept, and the one that ran is known."""
    needs_node()
    body = "test('quick', () => {});\ntest('hangs', () => new Promise((done) => setTimeout(done, 60000)));\n"
    began = time.monotonic()
    heard = really_run("node", {"a.test.js": TEST + body}, kill_at="::hangs")
    assert time.monotonic() - began < 30
    assert heard.verdicts["a.test.js::quick"] == "passed"
    assert heard.verdicts["a.test.js::hangs"] == "not-run"


def test_a_reporter_of_the_users_own_still_reports(really_run):
    """On stderr: stdout is for the records."""
    needs_node()
    heard = really_run("node", FILES, "--test-reporter=tap")
    assert len(heard.verdicts) == 3
    assert "TAP version 13" in heard.shown("stderr")


def test_each_reporter_has_a_destination():
    """Node refuses one reporter without where others have one."""
    assert len(reporting()) == 2
    assert reporting(["--test-reporter=tap"])[2:] == ("--test-reporter-destination=stderr",)
    assert reporting(["--test-reporter", "tap", "--test-reporter-destination", "f"])[2:] == ()


def test_a_mark_is_new_in_each_run():
    """So that no test knows it."""
    assert new_mark() != new_mark()


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("a.test.js", True),
        ("a-test.mjs", True),
        ("a_test.cjs", True),
        ("test-a.js", True),
        ("test.js", True),
        ("test/a.js", True),
        ("lib/a.js", False),
        ("contest.js", False),
        ("a.test.py", False),
    ],
)
def test_node_knows_its_tests_by_name(path, is_one):
    """As its documentation lists them."""
    assert is_test_file(Path(path)) is is_one


def test_suites_that_run_at_once_keep_their_own_names(really_run):
    """While two are open, nobody but Node's written order says whose a test is."""
    needs_node()
    suites = (
        "const wait = (ms) => new Promise((done) => setTimeout(done, ms));\n"
        "test.describe('both', { concurrency: true }, () => {\n"
        "  test.describe('left', () => { test('same', () => wait(60)); test('second', () => wait(20)); });\n"
        "  test.describe('right', () => { test('same', () => wait(20)); test('third', () => wait(60)); });\n"
        "});\n"
    )
    heard = really_run("node", {"a.test.js": TEST + suites})
    names = ("left::same", "left::second", "right::same", "right::third")
    assert heard.verdicts == {f"a.test.js::both::{name}": "passed" for name in names}
    assert heard.told.faults == ()


def test_a_test_does_not_find_the_mark(really_run):
    """Not in its environment, nor in that of what it starts."""
    needs_node()
    body = (
        "test('looks', () => {\n"
        "  const { execFileSync } = require('node:child_process');\n"
        "  const seen = execFileSync(process.execPath, ['-p', 'JSON.stringify(process.env)']).toString();\n"
        "  assert.ok(!seen.includes('AUTOEXEC_RECORDS') && !process.env.AUTOEXEC_RECORDS);\n"
        "});\n"
    )
    assert really_run("node", {"a.test.js": TEST + body}).verdicts == {"a.test.js::looks": "passed"}


def test_it_is_the_same_through_the_executor(tmp_path):
    """Whose policy, environment and masking stand between the tool and its reader."""
    needs_node()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    launch = TOOLS["node"].launch(tmp_path, [])
    taken = launch.reader(Hearers())

    def emit(event):
        if isinstance(event, Output):
            taken.feed(event.stream, event.text)

    outcome = executor.run(
        launch.argv,
        emit=emit,
        cwd=tmp_path,
        env=launch.environment,
        policy=executor.policy.exactly(launch.argv[0]),
    )
    told = taken.end(outcome.returncode)
    assert ([case.verdict for case in told.cases], told.faults) == (["passed", "failed", "skipped"], ())


SYNC = TEST + "test('ok', () => {}); test('bad', () => { assert.strictEqual(1, 2); });\n"
EXITS = {
    "at-once": (SYNC + "test('exit', () => { process.exit(0); }); test('after', () => {});", 4),
    "past-the-event": (SYNC + "test('exit', () => { process.reallyExit(0); });", 3),
    "from-within": (
        TEST + "test('x', () => {}); test('y', async (t) => { await t.test('in', () => process.exit(0)); });",
        3,
    ),
    "in-a-hook": (SYNC.replace("{ test }", "{ test, after }") + "after(() => process.exit(0));", 2),
    "behind-some-that-were-told": (
        TEST + "test('told', async () => { await new Promise((go) => setTimeout(go, 200)); });\n"
        "test('bad', () => { assert.ok(false); process.exit(0); });\n"
        "test('exit', () => { process.exit(0); });",
        None,
    ),
}


@pytest.mark.parametrize("name", EXITS)
def test_what_node_had_no_time_to_tell_has_not_passed(really_run, name):
    """A process that ends at once takes with it the results that its tests already had."""
    needs_node()
    text, count = EXITS[name]
    heard = really_run("node", {"a.test.js": text, "b.test.js": FILES["b.test.js"]})
    assert heard.returncode in (0, 1)
    mine = {nodeid: verdict for nodeid, verdict in heard.verdicts.items() if nodeid.startswith("a.")}
    assert "a.test.js" not in mine
    assert heard.verdicts["b.test.js::more"] == "skipped"
    if count is not None:
        assert list(mine.values()) == ["not-run"] * count
        assert f"a.test.js called process.exit(0) before {count} of its tests had ended" in heard.told.faults
    assert mine.get("a.test.js::bad") in (None, "failed", "not-run")
    assert "not-run" in mine.values()
    assert heard.told.faults


@pytest.mark.parametrize("head", [TEST + "process.exit(0);", "process.exit(0);" + TEST])
def test_a_file_that_ends_before_its_first_test_did_not_run(really_run, head):
    """Whether it had loaded what tests are made with, or was going to."""
    needs_node()
    heard = really_run("node", {"a.test.js": f"{head} test('bad', () => {{ assert.ok(false); }});"})
    assert heard.verdicts == {"a.test.js": "not-run"}
    assert "a.test.js called process.exit(0) before it had a test" in heard.told.faults


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("console.log('1 + 1 = 2'); process.exit(0);", {"a.test.js": "passed"}),
        (
            TEST + "test('ok', async () => { await new Promise(setImmediate); });\n"
            "setInterval(() => {}, 1000); setTimeout(() => process.exit(0), 600);",
            {"a.test.js::ok": "passed"},
        ),
        (
            TEST + "const { spawnSync } = require('node:child_process');\n"
            "test('ok', () => { const env = process.env.AUTOEXEC_EXITS;\n"
            "assert.strictEqual(spawnSync(process.execPath, ['-e', 'process.exit(0)']).stdout.length, 0);\n"
            "assert.strictEqual(env, undefined); });",
            {"a.test.js::ok": "passed"},
        ),
        (TEST + "test('ok', () => { process.stdout.write('\\n@'); });", {"a.test.js::ok": "passed"}),
    ],
    ids=["a-script-without-tests", "when-all-was-told", "what-a-test-starts", "what-looks-like-it"],
)
def test_a_file_that_ends_itself_and_lost_nothing_has_passed(really_run, text, verdicts):
    """Old suites end what would go on for ever; and what they start may end as it likes."""
    needs_node()
    heard = really_run("node", {"a.test.js": text})
    assert (heard.verdicts, heard.told.faults) == (verdicts, ())
    assert "AUTOEXEC" not in heard.shown()
    assert "isTests" not in heard.shown()
