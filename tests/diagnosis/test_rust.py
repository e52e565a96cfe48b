"""Why Rust failed: the compiler's code with its line, a panic's place, cargo's own words."""

from __future__ import annotations

import pytest
from anytext import FAILURES, outcome

from autoexec_magic.diagnosis import diagnose_outcome, diagnose_text
from autoexec_magic.diagnosis.sureness import earned


def text(name):
    return (FAILURES / "rust" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "where", "why", "fix"),
    [
        ("use-after-move.own", "main.rs:1", "E0382: borrow of moved value", "borrow it there (&s)"),
        ("borrowed-twice.mutable", "main.rs:1", "E0499", "end the first borrow"),
        ("borrowed-twice.shared", "main.rs:1", "E0502", "end the first borrow"),
        ("type-mismatch.cargo", "src/main.rs:1", "E0308", "convert it"),
        ("lifetime-missing.rs", "main.rs:1", "E0106", "lifetime"),
        ("closure-outlives.rs", "main.rs:1", "E0373", "move"),
        ("syntax.brace", "main.rs:1", "unclosed delimiter", "close the bracket"),
        ("index-out-of-range.panic", "main.rs:1", "the len is 1 but the index is 5", ".len()"),
        ("unwrap-on-none.panic", "main.rs:1", "on a `None` value", "unwrap_or"),
        ("arithmetic-overflow.panic", "main.rs:1", "attempt to add", "checked_"),
        ("build-script-failed.cargo", "build.rs:1", "no openssl here", "build script"),
        ("linker-not-found.rs", "", "/nosuch/cc", "build-essential"),
        ("library-not-found.rs", "", "-lfrobnosuch", "that has that library"),
        ("manifest-not-found.cargo", "", "Cargo.toml", "cargo init"),
        ("feature-not-found.cargo-dependency", "", "feature `nosuch`", "feature"),
        ("lockfile-outdated.cargo", "", "--locked", "Cargo.lock"),
    ],
)
def test_a_captured_failure_is_explained(name, where, why, fix):
    """The code in plain words, at its line, with the next step."""
    seen = diagnose_text(text(name), language="rust")
    assert (seen.where, seen.confidence) == (where, earned(seen.code, "certain"))
    assert why in seen.why
    assert fix in seen.fix


def test_a_conflict_is_reduced_to_its_pair():
    """Who wants what, and what there is."""
    seen = diagnose_text(text("version-conflict.cargo-path"))
    assert seen.why == '`a v0.1.0 (/tmp/x/a)` wants b = "^2"; there is only 1.0.0'
    assert any("candidate versions found" in line for line in seen.evidence)


def test_two_sides_of_a_conflict_are_named():
    """cargo's own words for two that select the same package differently."""
    seen = diagnose_text(
        "error: failed to select a version for `openssl-sys`.\n"
        "    ... required by package `a v0.1.0`\n"
        "versions that meet the requirements `^0.9` are: 0.9.1\n\n"
        "the package `openssl-sys` links to the native library `openssl`\n"
        "previously selected package `openssl-sys v0.8.0`\n"
        '    ... which satisfies dependency `openssl-sys = "^0.8"` of package `b v0.1.0`\n'
    )
    assert seen.code == "version-conflict"
    assert "`a v0.1.0` wants openssl-sys" in seen.why
    assert "openssl-sys v0.8.0" in seen.why


def test_a_code_without_a_row_is_explained_by_rustc():
    """`rustc --explain` knows all of them."""
    seen = diagnose_text("error[E0999]: frob\n --> src/main.rs:3:4\n")
    assert (seen.code, seen.fix, seen.where) == ("rust-error", "rustc --explain E0999", "src/main.rs:3")


def test_a_panic_of_old_is_read_too():
    """Before 1.73 the message stood before the place."""
    seen = diagnose_text("thread 'main' panicked at 'index out of bounds: the len is 1', src/main.rs:4:5\n")
    assert (seen.code, seen.where) == ("index-out-of-range", "src/main.rs:4")


def test_the_panic_of_another_thread_is_the_root():
    """`join().unwrap()` only passes on what the worker said."""
    seen = diagnose_text(text("panic.thread"))
    assert seen.why == "in worker"


def test_the_sides_of_an_assertion_are_evidence():
    """Left and right are what a person compares."""
    assert diagnose_text(text("assertion-failed.panic")).evidence == ("left: 1", "right: 2")


@pytest.mark.parametrize("words", ["error[E12]: x", "error[Exxxx]: y", "error[E0382] z"])
def test_what_is_no_code_is_not_rustcs(words):
    """The literal alone is not enough."""
    assert diagnose_text(words).code == "error"


def test_a_panic_explains_its_exit_code():
    """Rust ends with 101 after a panic."""
    seen = diagnose_outcome(outcome(101, text("unwrap-on-none.panic")), language="rust")
    assert (seen.code, seen.confidence) == ("unwrap-on-none", "certain")
    overflow = diagnose_outcome(outcome(-6, text("recursion-limit.rs")), language="rust")
    assert overflow.code == "recursion-limit"
