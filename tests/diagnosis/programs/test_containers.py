"""What docker and kubectl say, and what a list of pods shows."""

from __future__ import annotations

import pytest
from anytext import FAILURES

from autoexec_magic.diagnosis import diagnose_log, diagnose_text
from autoexec_magic.diagnosis.sureness import earned


def captured(name):
    return diagnose_text((FAILURES / "programs" / f"{name}.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "why", "fix"),
    [
        ("daemon-not-running.docker", "docker.sock", "systemctl start docker"),
        ("permission-denied.docker-socket", "permission denied", "group docker"),
        ("file-not-found.docker-build", "Dockerfile", "-f"),
        ("connection-refused.kubectl", "localhost:8080", "current-context"),
        ("resource-not-found.kubectl", 'pods "nosuch"', "-n"),
        ("forbidden.kubectl", "secrets is forbidden", "auth can-i"),
        ("context-not-found.kubectl", "nosuch", "get-contexts"),
        ("container-crashes.kubectl-crashloopbackoff", "CrashLoopBackOff", "--previous"),
        ("image-not-pulled.kubectl-imagepullbackoff", "ImagePullBackOff", "describe pod"),
        ("out-of-memory.kubectl-oomkilled", "OOMKilled", "limits.memory"),
    ],
)
def test_a_captured_failure_is_explained(name, why, fix):
    """The program's own words, and the next command."""
    seen = captured(name)
    assert seen.confidence == earned(seen.code, "certain")
    assert why in seen.why
    assert fix in seen.fix


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("docker: Error response from daemon: pull access denied for frob, repository does not exist", "image-not-found"),
        ("Error response from daemon: manifest for frob:1 not found: manifest unknown: manifest unknown", "image-not-found"),
        ("docker: Error response from daemon: driver failed: Bind for 0.0.0.0:80 failed: port is already allocated.", "address-in-use"),
        ('docker: Error response from daemon: Conflict. The container name "/a" is already in use by container "b".', "name-in-use"),
        ("Error: No such container: frob", "container-not-found"),
        ("Error response from daemon: write /x: no space left on device", "disk-full"),
        ("The command '/bin/sh -c make' returned a non-zero code: 137", "killed"),
        ("The command '/bin/sh -c make' returned a non-zero code: 2", "command-failed"),
        ("error: timed out waiting for the condition on deployments/web", "operation-timed-out"),
        ("    Reason:       OOMKilled", ""),
    ],
)  # fmt: skip
def test_what_needs_a_daemon_is_read_by_its_words(line, code):
    """No daemon runs where the tests run; these are its documented words."""
    found = [each.code for each in diagnose_log(line)]
    assert found == ([code] if code else [])


def test_a_state_of_a_pod_in_a_sentence_is_no_state():
    """A person who writes of CrashLoopBackOff has no crashing pod."""
    assert diagnose_log("we saw CrashLoopBackOff last week") == ()


def test_a_pod_that_runs_is_no_failure():
    """Its neighbour in the list is."""
    rows = "web-1   1/1   Running            0   5m\nweb-2   0/1   CrashLoopBackOff   7   5m\n"
    (seen,) = diagnose_log(rows)
    assert seen.why.startswith("web-2")


def test_an_error_of_another_program_is_not_kubectls():
    """`error: ` and `Error: ` are nobody's own."""
    assert diagnose_log("error: the path was long\nError: unknown flag: --x\n") == ()
