"""Why npm, yarn or pnpm could not do it."""

from __future__ import annotations

import pytest
from anytext import FAILURES

from autoexec_magic.diagnosis import diagnose_log, diagnose_text, npm


def text(name):
    return (FAILURES / "packages" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("version-conflict.npm", "react-dom@17.0.2 wants peer react@17.0.2, but the root project wants react@^18.0.0 (found react@18.3.1)"),
        ("script-not-found.npm", 'Missing script: "nosuch"'),
        ("package-not-found.npm", "frob-nosuch-thing-xyz"),
        ("version-not-found.npm", "react@999.0.0"),
        ("engine-unsupported.npm", '{"node":">=99"}'),
        ("platform-unsupported.npm", "win32"),
        ("hash-mismatch.npm", "Integrity checksum failed"),
        ("lockfile-outdated.npm", "left-pad@1.3.0"),
        ("lockfile-missing.npm", "existing package-lock.json"),
        ("manifest-not-found.npm", "package.json"),
        ("host-not-found.npm", "nosuch.invalid"),
        ("connection-refused.npm", "127.0.0.1:9"),
        ("permission-denied.npm", "permission denied"),
    ],
)  # fmt: skip
def test_a_captured_failure_is_explained(name, why):
    """A message of twenty lines is one failure, and its telling line is the reason."""
    seen = diagnose_text(text(name), language="bash")
    assert seen.confidence == "certain"
    assert why in seen.why


def test_a_message_is_one_failure_from_its_first_line_to_its_last():
    """All lines with npm's name before them are explained."""
    data = f"before\n{text('version-conflict.npm')}after\n"
    (seen,) = diagnose_log(data)
    assert data.encode()[slice(*seen.bytes)].decode().startswith("npm error code ERESOLVE")
    assert data.encode()[seen.bytes[1] :].strip() == b"after"


def test_npm_of_old_speaks_alike():
    """Before version 10 it was `npm ERR!`."""
    old = text("version-conflict.npm").replace("npm error", "npm ERR!")
    assert diagnose_text(old).why == diagnose_text(text("version-conflict.npm")).why


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('error Command "frob" not found.', "script-not-found"),
        ("error Couldn't find package \"frob\" on the \"npm\" registry.", "package-not-found"),
        (" ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with \"frozen-lockfile\"", "lockfile-outdated"),
        ("npm error code EFROB\nnpm error nobody knows", "npm-failed"),
    ],
)  # fmt: skip
def test_what_was_not_captured_is_at_most_likely(line, code):
    """yarn's and pnpm's rows follow their manuals."""
    seen = diagnose_text(line)
    assert seen.code == code
    assert seen.confidence == "likely" or code == "npm-failed"


def test_every_row_has_a_code_and_a_fix():
    """A row that says nothing is none."""
    assert all(code and fix for code, fix in npm.CODES.values())


def test_a_native_module_that_could_not_be_built_is_the_compilers_failure():
    """npm puts its own name before the compiler's words; they are the root all the same."""
    (seen,) = diagnose_log(
        "npm error code 1\nnpm error path /tmp/x/node_modules/frob\nnpm error command failed\n"
        "npm error command sh -c node-gyp rebuild\n"
        "npm error ../src/frob.cc:3:10: fatal error: libpq-fe.h: No such file or directory\n"
        "npm error compilation terminated.\nnpm error gyp ERR! build error\n"
    )
    assert (seen.code, seen.where) == ("header-not-found", "../src/frob.cc:3")
    assert "libpq-dev" in seen.fix
    assert seen.bytes[0] == 0
