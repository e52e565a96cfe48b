"""What earns a diagnosis the word `certain`: structure that leaves no other cause.

A wrong `certain` is worse than none, so it has to be earned. It is, where one
of these says what went wrong, and where the code of the diagnosis says no more
than that:

- the exact type of an exception, where the type stands for one cause
  (`ModuleNotFoundError`, `RecursionError`), or a number that stands for one:
  an errno, `E0382`, `ERR_*`, a status of HTTP, an exit code of curl's, a signal;
- the fixed words of who raised it, with that one's frame, prefix or place
  around them: the interpreter's own `TypeError`, `file:line: error:` of a
  compiler, `curl: (6)`. The same words from anybody else are `likely`: a
  user's `raise`, a library that puts Python's words into its own mouth.

It is not earned, however plain the words are,

- by a code that only names a family (`COARSE`): that a value is wrong, that a
  tool failed. The cause is nearer than that, and somebody else may name it;
- by a code beside which a nearer one stands (`GENERAL`): that a certificate is
  not accepted, where it may have expired or be for another host; that nothing
  came, where somebody else failed to send it;
- by a choice among several failures of one output (`several`);
- by a wrapper: what was raised, or printed, because of something else;
- by what happened inside a library, of which nobody but the library knows
  whether it is a failure or how it looks something up;
- by one number, type or line that two causes share, as long as nothing else
  in the text tells them apart (a missing program, its missing interpreter and
  a missing working directory are all ENOENT).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autoexec_magic.values import Confidence

#: Codes that say that something failed, and leave to others why: what was said before says more.
WRAPPERS = frozenset(
    (
        *("aborted", "build-failed", "build-script-failed", "command-failed", "git-failed", "link-failed"),
        *("make-failed", "nonzero-exit", "npm-failed", "package-script-failed", "script-failed"),
    )
)
#: Codes that name a family of causes, and are never certain.
COARSE = WRAPPERS | frozenset(
    (
        *("cmake-failed", "compile-error", "compile-failed", "connection-failed", "database-error"),
        *("dependency-failed", "download-failed", "error", "error-group", "error-not-handled"),
        *("exception-group", "gpu-failed", "http-client-error", "http-error", "import-failed"),
        *("installer-crashed", "invalid-argument", "invalid-config", "io-error", "kubectl-failed"),
        *("main-returned-error", "node-error", "os-error", "panic", "rust-error", "test-failed"),
        *("type-error",),
        *("uncaught-exception", "unwrap-on-error", "wrong-setting", "wrong-type", "wrong-usage"),
        *("wrong-value", "wrong-state"),
    )
)

#: Codes beside which a nearer one stands that the words seldom exclude: certain is only the nearer one.
GENERAL = frozenset(
    (
        # one of many reasons, each with a code of its own
        *("certificate-invalid", "tls-failed", "connection-lost", "unexpected-answer", "proxy-failed"),
        *("dtype-mismatch", "unknown-dtype", "ragged-array", "wrong-accessor", "cannot-convert"),
        *("damaged-file", "not-an-archive", "archive-damaged", "invalid-manifest", "invalid-name"),
        *("cannot-import-name", "native-module-failed", "wrong-architecture", "packages-broken"),
        *("type-mismatch", "version-too-old", "file-in-use", "jvm-not-started"),
        # somebody waited, or came too late: what happened before is why
        *("queue-empty", "queue-full", "worker-died", "task-cancelled", "result-not-ready", "pool-closed"),
        *("operation-timed-out", "would-block", "broken-pipe", "lock-poisoned", "event-loop-closed"),
        *("transaction-aborted", "container-crashes", "container-not-running", "image-not-pulled"),
        *("rollout-stuck", "not-scheduled"),
    )
)


def earned(code: str, confidence: Confidence) -> Confidence:
    """Return the confidence that a diagnosis with this code may have at most.

    >>> earned("wrong-value", "certain"), earned("key-not-found", "certain"), earned("error", "unknown")
    ('likely', 'certain', 'unknown')
    """
    return "likely" if confidence == "certain" and (code in COARSE or code in GENERAL) else confidence
