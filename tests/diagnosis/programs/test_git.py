"""What git says when it fails."""

from __future__ import annotations

import pytest
from anytext import FAILURES, outcome

from autoexec_magic.diagnosis import diagnose_log, diagnose_outcome, diagnose_text


def text(name):
    return (FAILURES / "programs" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "returncode", "why", "fix"),
    [
        ("not-a-repository.git", 128, "not a git repository", "git init"),
        ("merge-conflict.pull", 1, "Merge conflict in f", "unmerged"),
        ("push-rejected.git", 1, "fetch first", "git pull --rebase"),
        ("push-rejected.hook", 1, "hook declined", "remote said above"),
        ("unknown-revision.git", 1, "nosuchbranch", "git branch -a"),
        ("uncommitted-changes.checkout", 1, "overwritten by checkout", "stash"),
        ("lock-held.git", 128, "index.lock", "lock file"),
        ("detached-head.push", 128, "not currently on a branch", "git switch"),
        ("no-upstream.git", 128, "no upstream branch", "--set-upstream"),
        ("unsafe-repository.git", 128, "dubious ownership", "safe.directory"),
        ("host-not-found.git", 128, "nosuch.invalid", "name"),
        ("connection-refused.git-ssh", 128, "Connection refused", "sshd"),
        ("unknown-option.git", 129, "frobnicate", "-h"),
    ],
)
def test_a_captured_failure_is_explained(name, returncode, why, fix):
    """With the exit code that git gave, its own words are certain."""
    seen = diagnose_outcome(outcome(returncode, text(name)), language="bash")
    assert seen.code == name.partition(".")[0]
    assert seen.confidence == "certain"
    assert why in seen.why
    assert fix in seen.fix


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("fatal: Authentication failed for 'https://a.example/b.git/'", "authentication-failed"),
        ("fatal: could not read Username for 'https://a.example': terminal prompts disabled", "authentication-failed"),
        ("git@a.example: Permission denied (publickey).", "authentication-failed"),
        ("Host key verification failed.", "host-key-unknown"),
        ("ERROR: Repository not found.", "remote-not-found"),
        ("remote: error: File a.bin is 120.00 MB; this exceeds GitHub's file size limit of 100.00 MB", "file-too-large"),
    ],
)  # fmt: skip
def test_what_needs_a_server_elsewhere_is_read_by_its_words(line, code):
    """These could not be captured here: a server of others says them."""
    assert diagnose_text(line).code == code


def test_a_fatal_that_nobody_knows_is_likely():
    """It is git's, and more is not known."""
    seen = diagnose_text("fatal: something new")
    assert (seen.code, seen.confidence) == ("git-failed", "likely")


@pytest.mark.parametrize(
    "line",
    [
        "error: unknown option `x'",
        "error: 'a' does not exist",
        "nothing of interest added",
        "error: no space",
        "A branch named x is a good idea",
    ],
)
def test_what_others_say_as_well_is_not_gits(line):
    """`error: ` stands before words of ten programs."""
    assert diagnose_log(line) == ()
