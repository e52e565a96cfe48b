"""What cargo says on its own stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner.foreign.rustc import Cargo, crate_of


def read(text):
    targets, unread = [], []
    cargo = Cargo(targets.append, unread.append)
    for line in text.split("\n"):
        cargo.line(line)
    cargo.end()
    return targets, unread


def test_programs_are_known_by_file_and_crate():
    """Unit tests, a file of tests, documentation."""
    targets, unread = read(
        "     Running unittests src/main.rs (target/debug/deps/my_app-0123456789abcdef)\n"
        "     Running tests/a b.rs (target\\debug\\deps\\whole-0123456789abcdef.exe)\n"
        "   Doc-tests demo\n"
        "error: test failed, to rerun pass `--lib`\n"
        "error: 2 targets failed:\n    `--lib`\n    `--doc`\n"
    )
    assert [(target.crate, target.file) for target in targets] == [
        ("my_app", "src/main.rs"),
        ("whole", "tests/a b.rs"),
        ("demo", ""),
    ]
    assert unread == []


def test_warnings_are_no_errors():
    """Though they come in between."""
    _, (case,) = read(
        "warning: unused variable: `x`\n --> src/lib.rs:9:9\n\n"
        "error[E0425]: cannot find value `y`\n --> src/lib.rs:3:9\n  |\n\n"
        "warning: unused import\n --> src/lib.rs:1:1\n\n"
        "error: could not compile `demo` (lib test) due to 1 previous error; 2 warnings emitted\n"
    )
    (problem,) = case.said.problems
    assert (case.name, problem.type, problem.spot.line) == ("demo (lib test)", "E0425", 3)
    assert "unused" not in problem.text


@pytest.mark.parametrize(
    "line",
    [
        "error: could not find `Cargo.toml` in `/tmp/x` or any parent directory",
        "error: failed to parse manifest at `/tmp/x/Cargo.toml`",
        "error: failed to get `serde` as a dependency of package `x v0.1.0`",
    ],
)
def test_what_is_no_crates_is_cargos(line):
    """The manifest, the registry, the arguments."""
    _, (case,) = read(line + "\n\nCaused by:\n  no such thing\n")
    assert (case.name, case.message) == ("cargo test", line.removeprefix("error: "))
    assert "no such thing" in case.said.problems[0].text


def test_a_linker_that_fails_is_said():
    """A crate that was not compiled, without an error of its own."""
    _, (case,) = read("error: could not compile `demo` (lib test)\n")
    assert case.message == "could not compile `demo` (lib test)"


@given(st.text())
def test_any_text_is_taken(text):
    """Nothing raises."""
    read(text)
    read("error: " + text)
    crate_of(text)
