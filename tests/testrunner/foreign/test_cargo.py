"""`cargo test`, captured and real."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skips import requires

from autoexec_magic.testrunner.foreign import TOOLS, Hearers
from autoexec_magic.testrunner.foreign.cargo import Cargotest

DATA = Path(__file__).parents[2] / "data" / "foreign_tests"
MARK = "@0123456789abcdef"
FORGED = ("cargo-all", "cargo-backtrace", "cargo-unmarked", "cargo-unclear")
UNIT = "demo:src/lib.rs::tests::"
NAMES = [path.name.removesuffix(".stdout.txt") for path in sorted(DATA.glob("cargo-*.stdout.txt"))]
ORDERS = [("stderr", "stdout"), ("stdout", "stderr")]

MANIFEST = '[package]\nname = "demo"\nversion = "0.1.0"\nedition = "2021"\n'
LIBRARY = """
#[test] fn adds() { assert_eq!(1 + 1, 2); }
#[test] fn differs() { assert_eq!(1 + 1, 3); }
#[test] #[ignore = "slow"] fn waits() {}
"""


def needs_cargo():
    requires(shutil.which("cargo"), "cargo is not installed", "apt-get install cargo")


def test_verdicts_are_cargos_own(captured):
    """Unit tests, a program without a harness, another file, documentation."""
    heard = captured("cargo-all")
    assert heard.verdicts == {
        **{UNIT + name: "passed" for name in ("adds", "never", "panics")},
        **{
            UNIT + name: "failed"
            for name in (
                "asserts", "compares", "differs", "does_not_panic",
                "forges", "panics_otherwise", "returns", "unwraps",
            )
        },
        UNIT + "ignored": "skipped",
        UNIT + "ignored_with_reason": "skipped",
        "custom:tests/custom.rs": "passed",
        "whole:tests/whole.rs::adds": "passed",
        "whole:tests/whole.rs::inner::deep": "passed",
        "src/lib.rs - add (line 5)": "passed",
        "src/lib.rs - add (line 9)": "failed",
        "src/lib.rs - add (line 13)": "passed",
        "src/lib.rs - add (line 17)": "skipped",
        "src/lib.rs - add (line 21)": "passed",
    }  # fmt: skip
    assert heard.case(UNIT + "ignored_with_reason").said.reason == "needs the network"


def test_a_forged_line_is_a_fault(captured):
    """A test wrote `test tests::never ... ok` past the capture: there is one more than the program counts."""
    assert captured("cargo-all").told.faults == (
        "demo:src/lib.rs counted 2 passed tests, and 3 were told",
        "demo:src/lib.rs was to run 12 tests, and 13 were told",
    )


@pytest.mark.parametrize("name", ["cargo-all", "cargo-backtrace", "cargo-unmarked", "cargo-nocapture"])
def test_what_was_compared_is_known(captured, name):
    """With and without a backtrace, and where the panic went to the other stream."""
    problem = captured(name).case(UNIT + "compares").said.problems[0]
    spot = problem.spot
    assert problem.type == "panic"
    assert problem.message.startswith("assertion `left == right` failed: with a message")
    assert (spot.file, spot.line, spot.op, spot.left, spot.right) == ("src/lib.rs", 42, "==", "2", "3")


@pytest.mark.parametrize(
    ("name", "type_", "message", "line"),
    [
        ("asserts", "panic", "assertion failed: add(1, 1) > 5", 52),
        ("returns", "Err", '"no luck"', 0),
        ("does_not_panic", "should_panic", "test did not panic as expected at src/lib.rs:74:8", 74),
        ("panics_otherwise", "should_panic", "panic did not contain expected string", 69),
        ("unwraps", "panic", "called `Option::unwrap()` on a `None` value", 87),
    ],
)
def test_each_kind_of_failure_says_what_it_is(captured, name, type_, message, line):
    """Panics, a returned error, and panics that were expected."""
    case = captured("cargo-backtrace").case(UNIT + name)
    problem = case.said.problems[0]
    assert (problem.type, case.message, problem.spot.line) == (type_, message, line)


def test_a_documentation_test_is_where_it_is_written(captured):
    """Not in the file that rustdoc made of it."""
    said = captured("cargo-all").case("src/lib.rs - add (line 9)").said
    assert (said.file, said.line, said.problems[0].spot.left) == ("src/lib.rs", 9, "3")


@pytest.mark.parametrize("name", NAMES)
def test_how_the_streams_come_changes_nothing(captured, name):
    """Either stream first, and in small pieces: the headers of one belong to the results of the other."""
    want = captured(name)
    for order in ORDERS:
        for size in (10**9, 11):
            seen = captured(name, order=order, size=size)
            if "nocapture" not in name:
                assert seen.told == want.told
            assert seen.verdicts == want.verdicts


@pytest.mark.parametrize(
    "name",
    [name for name in NAMES if name not in FORGED],
)
def test_the_counts_are_those_of_the_summaries(captured, name):
    """Where no test forged a line, all summaries together count what was read of those programs."""
    text = (DATA / f"{name}.stdout.txt").read_text()
    said = [
        sum(map(int, re.findall(rf"^test result: .*?(\d+) {word}", text, re.M)))
        for word in ("passed", "failed", "ignored")
    ]
    verdicts = list(captured(name).verdicts.values())
    read = [verdicts.count(word) for word in ("passed", "failed", "skipped")]
    extra = {"cargo-crash": 2, "cargo-exits": 1, "cargo-killed": 1}.get(name, 0)  # told before the end
    assert read == [said[0] + extra, said[1], said[2]]


def test_programs_that_end_before_their_summary_are_faults(captured):
    """One aborted and one exited with 0: what they told is kept, and what they did not is missing."""
    told = captured("cargo-crash").told
    assert [case.verdict for case in told.cases] == ["passed"] * 3
    assert told.missing == 3
    assert "aborts:tests/aborts.rs did not say that it had ended, and ended by signal 6" in told.faults
    assert "exits:tests/exits.rs did not say that it had ended, and ended with 0" in told.faults


def test_an_exit_with_0_does_not_pass(captured):
    """cargo itself ends with 0; the test that ran is not-run, and one more is missing."""
    heard = captured("cargo-exits", size=1)
    assert heard.returncode == 0
    assert heard.verdicts == {
        "exits:tests/exits.rs::a_passes": "passed",
        "exits:tests/exits.rs::b_exits": "not-run",
    }
    assert heard.started[-1] == "exits:tests/exits.rs::b_exits"
    assert heard.told.missing == 1
    assert heard.told.faults


def test_a_killed_run_keeps_what_it_told(captured):
    """The test that ran is not-run, and the run is not believed."""
    heard = captured("cargo-killed")
    assert heard.verdicts == {"slow:src/lib.rs::a_quick": "passed", "slow:src/lib.rs::b_hangs": "not-run"}
    assert (heard.told.exit, heard.told.missing) == (None, 1)
    assert "cargo test was ended by signal 9" in heard.told.faults


def test_what_does_not_compile_is_one_case(captured):
    """With each of the compiler's errors."""
    (case,) = captured("cargo-broken").told.unread
    assert (case.name, case.verdict, case.said.file, case.said.line) == (
        "broken (lib test)",
        "error",
        "src/lib.rs",
        3,
    )
    assert sorted(problem.type for problem in case.said.problems) == ["E0308", "E0425"]
    assert 'let x: u32 = "a"' in case.said.problems[0].text
    assert case.said.problems[0].spot.phase == "collect"


def test_what_cargo_itself_refuses_is_said(captured):
    """A target that is not there."""
    (case,) = captured("cargo-notarget").told.unread
    assert case.message == "no test target named `nope` in default-run packages"


def test_crates_of_a_workspace_are_told_apart(captured):
    """Each has a test `same` in its `src/lib.rs`."""
    verdicts = captured("cargo-workspace").verdicts
    assert (verdicts["a:src/lib.rs::same"], verdicts["b:src/lib.rs::same"]) == ("passed", "failed")


def test_programs_that_cannot_be_told_apart_are_a_fault(captured):
    """A runner of the project's own, and a program that tells of no test: whose results are these?"""
    assert any("nobody can say which" in fault for fault in captured("cargo-unclear").told.faults)
    assert not any("nobody" in fault for fault in captured("cargo-unmarked").told.faults)


def test_a_list_is_no_run(captured):
    """`-- --list` runs nothing, so nothing passed."""
    assert captured("cargo-list").verdicts == {}


@pytest.mark.parametrize("cut", range(0, 2200, 97))
def test_a_run_that_is_cut_anywhere_is_not_believed(captured, cut):
    """What was told before is kept, and never is there more than in the whole run."""
    whole = captured("cargo-workspace")
    size = len((DATA / "cargo-workspace.stdout.txt").read_text())
    if cut >= size - 40:
        return
    heard = captured("cargo-workspace", cut=cut)
    assert heard.told.faults or heard.told.cases == whole.told.cases
    assert {nodeid for nodeid, verdict in heard.verdicts.items() if verdict == "passed"} <= {
        nodeid for nodeid, verdict in whole.verdicts.items() if verdict == "passed"
    }


PIECES = st.sampled_from(
    [
        "running 2 tests\n",
        "test a ... ok\n",
        "test a ... ",
        "ok\n",
        "FAILED\n",
        "test b ... FAILED\n",
        "\nfailures:\n",
        "---- b stdout ----\n",
        "thread 'b' panicked at src/lib.rs:1:2:\n",
        "assertion `left == right` failed\n",
        "  left: 1\n right: 2\n",
        "    b\n",
        "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out",
        f"{MARK} begin /x/deps/a-0123456789abcdef\n",
        f"{MARK} end 0\n",
        f"{MARK} end x\n",
        "\n",
        "     Running unittests src/lib.rs (target/debug/deps/a-0123456789abcdef)\n",
        "   Doc-tests a\n",
        "error[E0308]: mismatched types\n",
        " --> src/lib.rs:3:23\n",
        "error: could not compile `a` (lib test) due to 1\n",
    ]
)
WRITTEN = st.lists(
    st.tuples(st.sampled_from(["stdout", "stderr"]), PIECES | st.text(max_size=9)), max_size=40
)


@given(WRITTEN, st.integers(-9, 101))
@settings(max_examples=300)
def test_anything_is_taken(pieces, returncode):
    """Nothing raises, each case is told once, and what failed is never a run to be believed with 0."""
    cases = []
    taken = Cargotest(Hearers(on_case=cases.append), MARK)
    for stream, text in pieces:
        taken.feed(stream, text)
    told = taken.end(returncode)
    assert len(cases) == len(told.cases) + len(told.unread)
    assert told.faults or (returncode == 0) == (not any(case.is_bad for case in cases))


def test_arguments_that_would_hide_names_are_left_out(tmp_path, monkeypatch):
    """Quiet prints dots, and colours stand between words; the rest goes where it belongs."""
    program = tmp_path / "cargo"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    argv = (
        TOOLS["cargo"]
        .launch(tmp_path, ["-q", "--lib", "--color", "always", "--", "--color=always", "name"])
        .argv
    )
    assert argv[:4] == (str(program), "test", "--no-fail-fast", "--color=never")
    assert argv[-4:] == ("--lib", "--", "--color=never", "name")


def test_a_runner_of_the_projects_own_is_left_alone(tmp_path, monkeypatch):
    """Two for one platform would be an error to cargo."""
    program = tmp_path / "cargo"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert any(".runner=" in word for word in TOOLS["cargo"].launch(tmp_path, []).argv)
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo" / "config.toml").write_text("[target.'cfg(unix)']\nrunner = 'qemu'\n")
    assert not any(".runner=" in word for word in TOOLS["cargo"].launch(tmp_path, []).argv)


def test_only_what_failed_runs_again(captured):
    """By its exact name; a documentation test has none that stands alone."""
    only = TOOLS["cargo"].only
    heard = captured("cargo-all")
    assert only([heard.case(UNIT + "compares"), heard.case("whole:tests/whole.rs::inner::deep")]) == (
        "--", "--exact", "tests::compares", "inner::deep",
    )  # fmt: skip
    assert only([heard.case("src/lib.rs - add (line 9)")]) == ()


def test_a_real_project_is_run(really_run):
    """Streamed, and read to its verdicts; then only what failed."""
    needs_cargo()
    files = {"Cargo.toml": MANIFEST, "src/lib.rs": LIBRARY}
    heard = really_run("cargo", files)
    ids = {
        f"demo:src/lib.rs::{name}": verdict
        for name, verdict in (("adds", "passed"), ("differs", "failed"), ("waits", "skipped"))
    }
    assert heard.verdicts == ids
    assert (heard.told.faults, heard.told.exit) == ((), 101)
    assert MARK[0] not in heard.shown()
    again = really_run("cargo", files, *TOOLS["cargo"].only([heard.case("demo:src/lib.rs::differs")]))
    assert again.verdicts == {"demo:src/lib.rs::differs": "failed"}


def test_a_real_run_that_is_killed_keeps_its_cases(really_run):
    """Of a test that never ends, one by one."""
    needs_cargo()
    library = "#[test] fn a() {}\n#[test] fn b() { loop { std::thread::yield_now() } }\n"
    heard = really_run(
        "cargo", {"Cargo.toml": MANIFEST, "src/lib.rs": library}, "--", "--test-threads=1", kill_at="::b"
    )
    assert heard.verdicts == {"demo:src/lib.rs::a": "passed", "demo:src/lib.rs::b": "not-run"}
    assert heard.told.faults


def test_documentation_tests_run_in_processes_of_their_own(really_run):
    """A runner keeps rustdoc from telling them where they are, and then one that exits would end all."""
    needs_cargo()
    documents = "/// ```\n/// std::process::exit(0);\n/// ```\n///\n/// ```\n/// assert_eq!(1, 2);\n/// ```\n"
    library = documents + "pub fn f() {}\n"
    files = {"Cargo.toml": MANIFEST.replace("2021", "2024"), "src/lib.rs": library}
    heard = really_run("cargo", files, "--doc")
    assert set(heard.verdicts.values()) == {"passed", "failed"}
    assert heard.told.faults == ()
