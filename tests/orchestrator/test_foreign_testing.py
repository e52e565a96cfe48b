"""Tests of Node's and Rust's: run by their own tool in the cage, and believed only as far as they tell."""

from __future__ import annotations

import os
import shutil
import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from skips import requires

from autoexec_magic import api, executor
from autoexec_magic.config import Config
from autoexec_magic.errors import AutoexecError, UsageError
from autoexec_magic.orchestrator import Surroundings, Test
from autoexec_magic.orchestrator.foreign_testing import tool_of
from autoexec_magic.testrunner import junit
from autoexec_magic.ui.records import json_lines
from autoexec_magic.ui.speak import of_error, of_report
from autoexec_magic.values import Verdict

HEAD = "const test = require('node:test'); const assert = require('node:assert');\n"
GOOD = f"{HEAD}test('good', () => {{}}); test('also good', () => {{}});"
BAD = f"{HEAD}test('good', () => {{}}); test('bad', () => assert.strictEqual(1, 2));"
CARGO = '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n'
CRATE = "#[cfg(test)]\nmod tests {{\n#[test]\nfn good() {{}}\n#[test]\nfn other() {{ {} }}\n}}\n"


@pytest.fixture
def node(tmp_path):
    """Return a folder for tests of Node's."""
    requires(shutil.which("node"), "node is not installed", "apt-get install nodejs")
    requires(executor.cage.can_be_had("workspace", tmp_path), "no cage here", "a kernel with Landlock")
    return tmp_path


@pytest.fixture
def crate(tmp_path):
    """Return a crate."""
    requires(shutil.which("cargo"), "cargo is not installed", "curl https://sh.rustup.rs | sh")
    requires(executor.cage.can_be_had("workspace", tmp_path), "no cage here", "a kernel with Landlock")
    (tmp_path / "Cargo.toml").write_text(CARGO)
    (tmp_path / "src").mkdir()
    return tmp_path


def run(folder, *arguments, emit=None, **more):
    """Run the tests of a folder; return the report, whatever it says."""
    try:
        return api.test(
            *arguments, level="workspace", caller=api.Caller(cwd=folder, emit=emit), timeout=60.0, **more
        )
    except AutoexecError as error:
        return error.report


def verdicts(report):
    """Return how each test ended, by its name."""
    return {case.name.rpartition("::")[2]: case.verdict for case in report.cases}


def test_nodes_tests_are_told_while_they_run(node, emit):
    """One passes, one fails: for the same reasons and in the same events as pytest's."""
    (node / "a.test.js").write_text(GOOD)
    assert run(node).verdict == Verdict.PASSED
    (node / "a.test.js").write_text(BAD)
    report = run(node, emit=emit)
    assert (report.verdict, report.error.why) == (Verdict.FAILED, "1 failed, 1 passed")
    assert verdicts(report) == {"good": "passed", "bad": "failed"}
    assert report.error.fix.startswith("%autoexec test --tool node a.test.js")
    kinds = Counter(emit.kinds())
    assert (kinds["CaseStarted"], kinds["CaseFinished"], kinds["CausesFound"]) == (2, 2, 1)
    (failed,) = (event for event in emit if type(event).__name__ == "CaseFinished" and event.failure)
    assert (failed.failure.cls, failed.line) == ("product", 2)
    assert set(report.classes.values()) == {"product"}


def test_a_crate_is_built_and_its_tests_run_in_the_cage(crate):
    """Good and bad; what failed runs again by its exact name."""
    source = crate / "src" / "lib.rs"
    source.write_text(CRATE.format(""))
    assert verdicts(run(crate)) == {"good": "passed", "other": "passed"}
    source.write_text(CRATE.format("assert_eq!(1, 2);"))
    report = run(crate)
    assert (report.verdict, report.error.what) == (Verdict.FAILED, "some tests failed")
    assert verdicts(report) == {"good": "passed", "other": "failed"}
    assert "-- --exact tests::other" in report.error.fix
    source.write_text(CRATE.format('std::fs::write("/etc/autoexec-was-here", "x").unwrap();'))
    assert verdicts(run(crate))["other"] == "failed"
    assert not os.path.exists("/etc/autoexec-was-here")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"{HEAD}test('a', async () => {{ await new Promise(setImmediate); process.exit(0); }});",
            id="exits-with-0",
        ),
        pytest.param(
            f"{HEAD}test('bad', () => {{ console.log('ok 1 - bad\\n# pass 1'); assert.ok(false); }});",
            id="writes-tap",
        ),
        pytest.param(
            f"{HEAD}test('bad', () => {{ require('fs').writeSync(1, '@00000000 {{\"k\":\"end\"}}\\n');"
            " assert.ok(false); });",
            id="writes-records",
        ),
        pytest.param(f"{HEAD}test('never', () => new Promise(() => {{}}));", id="never-ends"),
        pytest.param("throw new Error('x')", id="does-not-load"),
    ],
)
def test_what_node_is_made_to_say_passes_nothing(node, text):
    """A suite that ends early, or writes what looks like results."""
    (node / "a.test.js").write_text(text)
    report = run(node)
    assert report.verdict == Verdict.FAILED
    assert [case for case in report.cases if case.verdict != "passed"]


def test_a_file_that_ends_before_node_told_of_a_test_is_named_for_what_it_is(node):
    """Node passes it as a script without tests; here none of its tests did run, and nothing has passed."""
    (node / "a.test.js").write_text(f"{HEAD}test('a', () => process.exit(0));")
    report = run(node)
    assert verdicts(report) == {"a": "not-run"}
    assert report.verdict == Verdict.FAILED
    assert report.error.why == "a.test.js called process.exit(0) before 1 of its tests had ended"


def test_a_program_that_forges_results_passes_nothing(crate):
    """One that prints libtest's words from its own tests, and one that ends with 0 in the middle."""
    source = crate / "src" / "lib.rs"
    source.write_text(
        CRATE.format('println!("test tests::other ... ok"); eprintln!("test result: ok. 2"); panic!();')
    )
    assert verdicts(run(crate))["other"] == "failed"
    source.write_text(CRATE.format("std::process::exit(0);"))
    report = run(crate, "--", "--test-threads=1")
    assert report.verdict == Verdict.FAILED
    assert verdicts(report).get("other") != "passed"


def test_a_runner_that_leaves_a_program_out_passes_nothing(crate):
    """A project may name what runs its programs of tests; cargo believes it, and ends with 0."""
    (crate / "src" / "lib.rs").write_text(CRATE.format(""))
    (crate / "tests").mkdir()
    (crate / "tests" / "left.rs").write_text("#[test]\nfn left_out() { assert!(false); }\n")
    (crate / ".cargo").mkdir()
    (crate / ".cargo" / "config.toml").write_text(
        "[target.'cfg(all())']\n"
        """runner = ["sh", "-c", 'case "$0" in *left-*) exit 0;; esac; exec "$0" "$@"']\n"""
    )
    report = run(crate)
    assert report.outcome.returncode == 0
    assert (report.verdict, report.error.what) == (
        Verdict.FAILED,
        "what was told of the tests cannot be believed",
    )


def test_a_folder_without_a_test_fails(node):
    """That is what pytest says, too."""
    (node / "package.json").write_text('{"scripts": {}}')
    (node / "a.test.js").write_text("")
    report = run(node, "nosuch.test.js", tool="node")
    assert report.verdict == Verdict.FAILED


def test_the_report_is_written_for_them_too(node):
    """`--junitxml` is ours to do, whoever runs the tests."""
    (node / "a.test.js").write_text(BAD)
    report = run(node, "--junitxml=out/report.xml")
    assert [case.verdict for case in junit.read(node / "out/report.xml").cases] == ["passed", "failed"]
    assert len(ET.parse(node / "out/report.xml").getroot().findall(".//testcase")) == len(report.cases) == 2
    assert {case.name for case in report.to_junitparser() for case in case} == {"good", "bad"}


def test_no_cut_leaves_a_part_of_a_secret(node, emit, monkeypatch):
    """In what Node's reporter shortens, in what is kept of a file's output, and where that is cut again."""
    secret = "Zq7Xw9Vk3Jp5Bn2Hd8Fs4Gt6Mc1Ly0"
    monkeypatch.setenv("MY_SETTING", secret)
    (node / "a.test.js").write_text(
        f"{HEAD}const s = process.env.MY_SETTING;\n"
        "for (const n of [485, 985, 1985, 3985, 9985, 9990]) {\n"
        "  test(`a ${n}`, () => { throw new Error('A'.repeat(n) + s + 'B'.repeat(90000)); });\n"
        "  test(`b ${n}`, () => { throw new Error('A'.repeat(90000) + s + 'B'.repeat(n - 100)); });\n"
        "  test(`c ${n}`, () => { assert.strictEqual('A'.repeat(n) + s + 'B'.repeat(3000), 'x'); });\n"
        "}\n"
    )
    (node / "b.test.js").write_text(
        "const s = process.env.MY_SETTING; const fs = require('node:fs');\n"
        "fs.writeSync(2, 'A'.repeat(500) + s + 'B'.repeat(4070)); process.exitCode = 3;\n"
    )
    report = run(node, "--junitxml=o.xml", env=["MY_SETTING"], emit=emit)
    assert len(report.cases) == 19
    texts = {
        "events": repr(list(emit)),
        "cases": repr(report.cases),
        "xml": (node / "o.xml").read_text(),
        "error": repr(report.error.args) + report.error.why,
    }
    parts = [secret[at : at + 4] for at in range(len(secret) - 3)]
    left = {name: [part for part in parts if part in text] for name, text in texts.items()}
    assert left == {name: [] for name in texts}


@pytest.mark.parametrize(
    "secret", ["plain-value-4711", 'with"quote-4711', "with\\back-4711", "zwei\nzeilen-4711"]
)
def test_what_is_passed_on_by_its_name_is_masked(node, emit, monkeypatch, secret):
    """In events, the report, its XML and the records; also where JSON writes it otherwise."""
    monkeypatch.setenv("MY_SETTING", secret)
    (node / "a.test.js").write_text(
        f"{HEAD}const s = process.env.MY_SETTING;\n"
        "test('good', () => { console.log(s); console.error(s); });\n"
        "test('bad', () => { assert.strictEqual(s, 'x'); });\n"
        "test(`named ${s}`, () => { throw new Error(s); });\n"
    )
    report = run(node, "--junitxml=o.xml", env=["MY_SETTING"], emit=emit)
    assert len(report.cases) == 3
    told = [repr(event) for event in emit]
    texts = {
        "events": "\n".join(told),
        "cases": repr(report.cases),
        "xml": (node / "o.xml").read_text(),
        "records": json_lines(of_error("test", report.error)) + json_lines(of_report(report)),
        "error": repr(report.error.args) + report.error.why + report.error.fix,
    }
    assert [name for name, text in texts.items() if "4711" in text] == []


def test_pytest_wins_where_both_are_there(tmp_path):
    """Also where Python's tests lie deep; another tool where only that one finds any, or a person says so."""

    def chosen(*files, arguments=(), tool=""):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name, text in [("Cargo.toml", CARGO), *files]:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        here = Surroundings(
            config=Config(), cwd=folder, workspace=folder, cache=folder, ask=api.nobody, run_id="x"
        )
        found = tool_of(Test(arguments=arguments, tool=tool), here)
        return found.name if found else "pytest"

    assert chosen() == "cargo"
    assert chosen(("package.json", '{"scripts": {"test": "x"}}')) == "cargo"
    assert chosen(("node_modules/gyp/test_gyp.py", "")) == "cargo"
    assert chosen(("pyproject.toml", "[project]\n")) == "cargo"
    assert chosen(("test_a.py", "")) == chosen(("tests/b_test.py", "")) == "pytest"
    assert chosen(("python/tests/unit/test_a.py", "")) == "pytest"
    assert chosen(("pyproject.toml", "[tool.pytest.ini_options]\n")) == "pytest"
    assert chosen(("conftest.py", "")) == chosen(("pytest.ini", "")) == "pytest"
    assert chosen(arguments=("checks/a.py::test",)) == "pytest"
    assert chosen(tool="pytest") == "pytest"
    assert chosen(("test_a.py", ""), tool="cargo") == "cargo"


@pytest.mark.parametrize("name", ["nonsense", "Cargo", "../cargo", " "])
def test_a_tool_that_is_none_is_an_error_that_names_them(tmp_path, name):
    """Before anything is started."""
    with pytest.raises(UsageError) as caught:
        api.test(tool=name, caller=api.Caller(cwd=tmp_path))
    assert caught.value.fix == "one of pytest, cargo, npm, node"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("shard", (1, 2)),
        ("changed", ""),
        ("changed", "HEAD"),
        ("parallel", True),
        ("flaky", 2),
        ("cover", []),
        ("python", "python3"),
    ],
)
def test_an_option_that_only_pytests_tests_have_is_an_error(tmp_path, option, value):
    """Left out without a word, each machine would run all tests for `--shard`, say."""
    (tmp_path / "Cargo.toml").write_text(CARGO)
    with pytest.raises(UsageError, match="is for tests of pytest's") as caught:
        api.test(caller=api.Caller(cwd=tmp_path), **{option: value})
    assert "--tool pytest" in caught.value.fix
