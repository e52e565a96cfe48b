"""From evidence to a decision, without a compiler."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autoexec_magic.installer.rust.crate import Crate
from autoexec_magic.installer.rust.decide import Case, decide, settled
from autoexec_magic.installer.rust.source import Source

HERE = Source(kind="directory", folder=Path("/crates"))
CRATE = Crate(name="itoa", version="1.0.0", folder=Path("/crates/itoa-1.0.0"), library="itoa", digest="d")
GOOD = Case(module="itoa", crates=(CRATE,), reason="in the hand-kept table", is_aged=True, is_checked=True)


def with_crate(**fields):
    """Return the good case with another crate."""
    return replace(GOOD, crates=(replace(CRATE, **fields),))


@pytest.mark.parametrize(
    ("case", "source", "decision", "said"),
    [
        (GOOD, HERE, "install", "in the hand-kept table"),
        (replace(GOOD, is_checked=False), HERE, "install", "in the hand-kept table"),
        (replace(GOOD, reason=""), HERE, "ask", "only the same name"),
        (replace(GOOD, is_aged=False), HERE, "ask", "does not say when"),
        (with_crate(runs=("build.rs",)), HERE, "ask", "runs code when it is built: build.rs"),
        (with_crate(faults=("lacks x",)), HERE, "refuse", "unproved: itoa 1.0.0 lacks x"),
        (replace(GOOD, locked="other"), HERE, "ask", "the project's lock has another digest"),
        (replace(GOOD, locked="d"), replace(HERE, is_own=False), "install", "hand-kept"),
        (GOOD, replace(HERE, is_own=False), "ask", "only the project's own .cargo/config.toml"),
        (GOOD, Source(kind="registry"), "ask", "is not looked into"),
        (GOOD, Source(kind="local-registry", folder=Path("/l")), "ask", "is not looked into"),
        (replace(GOOD, crates=()), HERE, "nothing", "has no crate whose library is called itoa"),
    ],
)
def test_decide(case, source, decision, said):
    """One row for each rule; what a person reads names it."""
    found = decide(case, source)
    assert found.decision == decision
    assert said in " ".join(found.evidence)


def test_unchecked_is_not_proved():
    """Offline `proved` is None."""
    assert decide(replace(GOOD, is_checked=False), HERE).proved is None
    assert decide(GOOD, HERE).proved is True


def test_what_needs_no_search_says_what_to_do():
    """The line to write, or the command."""
    assert settled("x", "local", "your own src/x.rs; declare it: mod x;").fix == "mod x;"
    assert settled("x", "removed", "no longer there; use serde").fix == "use serde"
