"""Why Node failed: the place of the user's own code, the cause below, the code Node gives."""

from __future__ import annotations

import pytest
from anytext import FAILURES, outcome

from autoexec_magic.diagnosis import diagnose_log, diagnose_outcome, diagnose_text


def text(name):
    return (FAILURES / "node" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "where", "why", "fix"),
    [
        ("syntax.token", "/tmp/x/script.js:2", "Unexpected identifier 'a'", "that line"),
        ("syntax.end", "/tmp/x/script.js:3", "end of input", "bracket"),
        ("module-not-found.bare", "/tmp/x/script.js:1", "frob-nosuch", "npm install"),
        ("path-not-exported.cjs", "/tmp/x/script.js:1", "./lib/x.js", '"exports"'),
        ("require-of-module.cjs", "/tmp/x/script.js:1", "ES Module", "await import"),
        ("import-outside-module.cjs", "/tmp/x/script.js:1", "outside a module", '"type": "module"'),
        ("promise-rejected.string", "", '"boom"', "await that promise"),
        ("address-in-use.node", "/tmp/x/script.js:1", ":::18490", "port"),
        ("host-not-found.fetch", "", "nosuch.invalid", "name"),
        ("invalid-json.cause", "/tmp/x/script.js:1", "JSON at position 1", "no JSON"),
        ("undefined-value.read", "/tmp/x/script.js:1", "(reading 'name')", "?."),
        ("command-not-found.spawn", "", "spawn frobnicate", "install that program"),
        ("out-of-memory.node", "", "heap out of memory", "--max-old-space-size"),
        ("require-not-defined.esm", "/tmp/x/script.mjs:1", "require is not defined", ".cjs"),
        ("unknown-option.cli", "", "--frobnicate", "node --help"),
    ],
)
def test_a_captured_failure_is_explained(name, where, why, fix):
    """What Node really wrote names the user's place, not Node's own."""
    seen = diagnose_text(text(name), language="node")
    assert (seen.where, seen.confidence) == (where, "certain")
    assert why in seen.why
    assert fix in seen.fix


def test_the_cause_below_is_the_root():
    """`fetch failed` says nothing; what it stands for does."""
    seen = diagnose_text(text("host-not-found.fetch"))
    assert "it ended as TypeError: fetch failed" in seen.evidence
    assert seen.why.startswith("Error: getaddrinfo ENOTFOUND")


def test_the_values_of_an_assertion_are_evidence():
    """What was expected and what was there is what a person looks for."""
    assert "1 !== 2" in diagnose_text(text("assertion-failed.node")).evidence


def test_the_line_of_code_is_evidence():
    """Node shows it above the error."""
    assert "line: console.log(totl)" in diagnose_text(text("name-not-defined.node")).evidence


def test_an_error_like_pythons_is_nodes_only_with_its_frame():
    """The same words stand in Python's tracebacks."""
    assert diagnose_log("TypeError: x is not a function") == ()
    (seen,) = diagnose_log("TypeError: x is not a function\n    at f (/a/b.js:3:4)\n    at g (/a/b.js:9:1)\n")
    assert (seen.code, seen.where, seen.confidence) == ("not-callable", "/a/b.js:3", "likely")


def test_frames_of_packages_are_not_the_users():
    """The place to look at is one's own."""
    frames = (
        "    at f (/a/node_modules/p/i.js:1:1)\n    at node:internal/x:1:1\n    at file:///a/mine.mjs:7:2\n"
    )
    (seen,) = diagnose_log(f"TypeError: x is not iterable\n{frames}")
    assert seen.where == "/a/mine.mjs:7"


def test_an_unknown_code_is_still_nodes():
    """All `ERR_*` are a family."""
    (seen,) = diagnose_log("Error [ERR_FROB_NOT_THERE]: no frob\n    at f (/a.js:1:1)\n")
    assert seen.code == "node-error"
    assert "code ERR_FROB_NOT_THERE" in seen.evidence


def test_a_heap_that_is_full_explains_the_abort():
    """The signal is how V8 gives up, not why."""
    seen = diagnose_outcome(outcome(-6, text("out-of-memory.node")), language="node")
    assert (seen.code, seen.confidence) == ("out-of-memory", "certain")
    assert diagnose_outcome(outcome(-6, text("aborted.node")), language="node").code == "aborted"


def test_an_error_of_ones_own_stays_unknown():
    """Its words are the user's; only the place is known."""
    seen = diagnose_text(text("error.thrown"), language="node")
    assert (seen.code, seen.confidence, seen.where) == ("error", "unknown", "/tmp/x/script.js:1")


def test_an_error_behind_a_programs_own_words_is_told():
    """As it was logged, with its frames below; without them a line is nobody's."""
    said = "TypeError: Cannot read properties of undefined (reading 'x')"
    line = f"[2026-11-28T22:03:51.637Z] ERROR webhook failed: {said}\n"
    frames = "    at route (/tmp/x/server.js:5:33)\n    at node:events:524:28\n"
    (found,) = diagnose_log(line + frames)
    assert (found.code, found.where) == ("undefined-value", "/tmp/x/server.js:5")
    assert diagnose_log(line) == ()
