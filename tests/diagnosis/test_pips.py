"""Why pip could not install."""

from __future__ import annotations

import pytest
from anytext import FAILURES

from autoexec_magic.diagnosis import diagnose_log, diagnose_text


def captured(name):
    return diagnose_text((FAILURES / "packages" / f"{name}.txt").read_text(encoding="utf-8"), language="bash")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("version-conflict.pip", "alpha 1.0 wants gamma<2, but beta 1.0 wants gamma>=2"),
        ("version-conflict.pip-chain", "beta 1.0 wants gamma>=2, but alpha 1.0 wants gamma<2"),
        ("version-conflict.pip-direct", "you want gamma>=2, but alpha 1.0 wants gamma<2"),
        ("version-conflict.pip-check", "alpha 1.0 wants gamma<2, but here is gamma 2.0"),
    ],
)
def test_a_conflict_is_reduced_to_its_pair(name, why):
    """Who wants what, both requirements named; the chain is evidence."""
    seen = captured(name)
    assert (seen.why, seen.confidence) == (why, "certain")
    assert seen.evidence or name.endswith("check")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("version-not-found.pip", "there are 1.0, 2.0"),
        ("python-unsupported.pip", "not in '>=3.99'"),
        ("connection-refused.pip", "NewConnectionError: Failed to establish a new connection: [Errno 111]"),
        ("host-not-found.pip", "Name or service not known"),
        ("certificate-self-signed.pip", "ssl certificate"),
        ("proxy-failed.pip", "ProxyError"),
        ("header-not-found.pip", "libpq-fe.h"),
        ("compiler-not-found.pip", "/nosuch/gcc"),
        ("build-failed.pip-setup", "no libfoo on this machine"),
        ("externally-managed.pip", "externally-managed-environment"),
        ("package-not-found.pip", "no index has frobnosuch"),
    ],
)
def test_what_is_behind_pips_last_line_is_told(name, why):
    """`No matching distribution` hides a network, a Python, a machine; a failed build hides its compiler."""
    assert why in captured(name).why


def test_no_name_of_a_text_is_suggested_to_be_installed():
    """Whatever a log calls a package, it does not become a command."""
    for path in (FAILURES / "packages").glob("*.txt"):
        seen = diagnose_text(path.read_text(encoding="utf-8"))
        fix = "" if seen.code in ("command-not-found", "module-not-found") else seen.fix
        assert "frob" not in fix
        assert "gamma" not in fix
        assert "pip install " not in fix


def test_pythons_that_do_not_fit_are_told_by_pip_itself():
    """Newer versions of pip say what they left out."""
    text = (
        "ERROR: Ignored the following versions that require a different python version: "
        "2.0 Requires-Python >=3.99\n"
        "ERROR: Could not find a version that satisfies the requirement oldpy (from versions: none)\n"
        "ERROR: No matching distribution found for oldpy\n"
    )
    (seen,) = diagnose_log(text)
    assert (seen.code, seen.confidence) == ("python-unsupported", "certain")
    assert seen.bytes[1] == len(text) - 1


def test_a_conflict_without_its_reasons_is_still_one():
    """The log may be cut right below it."""
    seen = diagnose_text(
        "ERROR: Cannot install a==1 and b==1 because these package versions have conflicting"
    )
    assert seen.code == "version-conflict"
    assert "a==1 and b==1" in seen.why
