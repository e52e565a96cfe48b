"""Why uv could not install."""

from __future__ import annotations

import pytest
from anytext import FAILURES

from autoexec_magic.diagnosis import diagnose_text


def captured(name):
    return diagnose_text((FAILURES / "packages" / f"{name}.txt").read_text(encoding="utf-8"), language="sh")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("version-conflict.uv", "beta wants gamma>=2, but alpha wants gamma<2"),
        ("version-conflict.uv-chain", "alpha wants gamma<2, but beta wants gamma>=2"),
        ("version-conflict.uv-lock", "beta wants gamma>=2, but alpha wants gamma<2"),
    ],
)
def test_a_derivation_is_reduced_to_its_pair(name, why):
    """Of all its sentences the two that cannot both hold; the whole is evidence."""
    seen = captured(name)
    assert (seen.why, seen.confidence) == (why, "certain")
    assert any("Because" in line for line in seen.evidence)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("version-not-found.uv", "no version of gamma==9"),
        ("package-not-found.uv", "frobnosuch was not found"),
        ("python-unsupported.uv", "requires Python >=3.99"),
        ("platform-unsupported.uv", "matching platform tag"),
        ("hash-mismatch.uv", "Hash mismatch"),
        ("certificate-invalid.uv", "invalid peer certificate"),
        ("connection-refused.uv", "Connection refused"),
        ("host-not-found.uv", "failed to lookup address"),
        ("build-failed.uv", "RuntimeError: no libfoo on this machine"),
        ("header-not-found.uv", "hdf5.h"),
        ("lockfile-outdated.uv", "needs to be updated"),
    ],
)
def test_a_captured_failure_is_explained(name, why):
    """The deepest cause is the reason."""
    assert why in captured(name).why


def test_what_you_asked_for_yourself_is_one_side_of_the_pair():
    """A person's own requirement has no package that wants it."""
    seen = diagnose_text(
        "  × No solution found when resolving dependencies:\n"
        "  ╰─▶ Because all versions of alpha depend on gamma<2 and you require gamma>=2, we can conclude\n"
        "      that your requirements are unsatisfiable.\n"
    )
    assert seen.why == "alpha wants gamma<2, but you want gamma>=2"
