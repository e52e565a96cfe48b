"""Each row of the shell's tables, over what shells and programs really wrote."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from autoexec_magic.diagnosis import diagnose_outcome, diagnose_text, shell
from autoexec_magic.diagnosis.sureness import earned
from autoexec_magic.values import Outcome

FAILURES = Path(__file__).parents[1] / "data" / "failures" / "shell"

# Name of the captured text (its code up to the first dot), exit code, place, why, fix, confidence.
ROWS = [
    (
        "command-not-found",
        127,
        "script.sh:1",
        "frobnicate: command not found",
        "install frobnicate",
        "certain",
    ),
    ("command-not-found.dash", 127, "script.sh:1", "frobnicate: not found", "install frobnicate", "certain"),
    ("not-executable", 126, "script.sh:2", "./tool: Permission denied", "chmod +x", "certain"),
    ("not-executable.directory", 126, "script.sh:2", "./tool: Is a directory", "chmod +x", "certain"),
    ("interpreter-not-found", 127, "script.sh:3", "required file not found", "(#!)", "certain"),
    ("file-not-found", 1, "script.sh:1", "nosuch.txt: No such file", "the path nosuch.txt:", "likely"),
    (
        "file-not-found.command",
        127,
        "script.sh:1",
        "./nosuch.sh: No such",
        "the path ./nosuch.sh:",
        "certain",
    ),
    ("file-not-found.program", 1, "", "cat: nosuch.txt: No such file", "the path nosuch.txt:", "likely"),
    ("file-not-found.ls", 2, "", "cannot access 'nosuch.txt'", "the path nosuch.txt:", "likely"),
    ("permission-denied", 1, "", "cat: /etc/shadow: Permission", "the rights of /etc/shadow", "likely"),
    ("permission-denied.redirect", 1, "script.sh:1", "/etc/x: Permission", "the rights of /etc/x", "likely"),
    ("is-a-directory", 1, "script.sh:1", "/tmp: Is a directory", "a file inside /tmp", "likely"),
    (
        "not-a-directory",
        1,
        "script.sh:1",
        "/etc/passwd/x: Not a directory",
        "correct /etc/passwd/x",
        "likely",
    ),
    ("file-exists", 1, "", "cannot create directory", "remove /tmp first", "likely"),
    ("disk-full", 1, "script.sh:1", "No space left on device", "free some space", "likely"),
    ("connection-refused", 1, "script.sh:1", "Connection refused", "start the server", "likely"),
    ("syntax", 2, "script.sh:3", "near unexpected token `done'", "close what is open", "certain"),
    ("syntax.end", 2, "script.sh:3", "unexpected end of file", "close what is open", "certain"),
    ("syntax.quote", 2, "script.sh:1", "looking for matching", "close what is open", "certain"),
    ("syntax.dash", 2, "script.sh:3", '"done" unexpected (expecting "fi")', "close what is open", "certain"),
    ("unset-variable", 1, "script.sh:2", "NOSUCH: unbound variable", "${NOSUCH:-}", "likely"),
    ("unset-variable.dash", 2, "script.sh:2", "NOSUCH: parameter not set", "${NOSUCH:-}", "likely"),
    ("killed", 137, "script.sh:1", "(SIGKILL)", "memory limit", "certain"),
    ("segmentation-fault", 139, "script.sh:1", "(SIGSEGV)", "-X faulthandler", "certain"),
    ("aborted", 134, "script.sh:1", "(SIGABRT)", "the check that failed", "likely"),
    ("terminated", 143, "", "(SIGTERM)", "who ended it", "certain"),
    ("nonzero-exit", 3, "", "exit code 3; last line: step 2 of 3: checksum", "the lines above", "unknown"),
    ("nonzero-exit.silent", 1, "", "exit code 1, and nothing was written", "let it say why", "unknown"),
    ("too-many-arguments.test", 2, "script.sh:2", "too many arguments", "quote the variables on", "likely"),
    ("wrong-type.test", 2, "script.sh:2", "integer expression expected", "look at that value: -e", "likely"),
    ("syntax.substitution", 1, "script.sh:1", "bad substitution", "correct that ${...}, o", "likely"),
    ("syntax.redirect", 1, "script.sh:2", "ambiguous redirect", "quote the file's name ", "likely"),
    ("syntax.identifier", 1, "script.sh:1", "not a valid identifier", "begin the name with a ", "likely"),
    ("read-only-variable.bash", 1, "script.sh:2", "readonly variable", "take another name: X i", "likely"),
    (
        "division-by-zero.bash",
        1,
        "script.sh:1",
        "division by 0 (error token is ",
        "check the divisor firs",
        "likely",
    ),
    (
        "argument-list-too-long.bash",
        126,
        "script.sh:1",
        "Argument list too long",
        "hand the names on in p",
        "certain",
    ),
    ("wrong-architecture.bash", 126, "script.sh:1", "Exec format error", "take a build for this ", "certain"),
    ("too-many-open-files.cat", 1, "script.sh:3", "Too many open files", "open fewer at once, or", "likely"),
    ("operation-not-permitted.chown", 1, "", "Operation not permitted", "ask whose /proc/1 is: ", "likely"),
    ("folder-not-empty.rmdir", 1, "", "Directory not empty", "empty d first, or rm -", "likely"),
    ("too-many-links.cat", 1, "", "Too many levels of symbolic li", "look at where that lin", "likely"),
    ("name-too-long", 1, "", "cannot touch 'xxxxxxxxxxxxxxxx", "take a shorter name", "likely"),
    ("file-in-use.bash", 1, "script.sh:3", "Text file busy", "end the program first:", "likely"),
    ("command-not-found.env", 127, "", "No such file or directory", "install frobnicate, or", "likely"),
    ("interpreter-not-found.crlf", 127, "", "No such file or directory", "correct the first line", "certain"),
    ("file-exists.noclobber", 1, "script.sh:2", "cannot overwrite existing", "take another name", "likely"),
    ("wrong-type.return", 2, "script.sh:1", "numeric argument required", "look at that value", "likely"),
    ("index-out-of-range.array", 1, "script.sh:2", "bad array subscript", "look at the index", "likely"),
    ("syntax.arithmetic", 1, "script.sh:1", "operand expected", "close what is open", "likely"),
    ("cannot-convert.octal", 1, "script.sh:1", "value too great for base", "without its leading 0", "likely"),
    ("no-such-process.builtin", 1, "script.sh:1", "No such process", "check that the process", "likely"),
    ("command-not-found.xargs", 127, "", "No such file or directory", "install frobnicate, or", "certain"),
    ("command-not-found.nohup", 127, "", "No such file or directory", "install frobnicate, or", "certain"),
    ("command-not-found.timeout", 127, "", "No such file or directory", "install frobnicate, or", "certain"),
    ("process-limit.setpriv", 126, "", "Resource temporarily unavailab", "start fewer processes ", "likely"),
    ("file-not-found.cd", 1, "script.sh:1", "No such file or directory", "check the path /nosuch", "likely"),
    (
        "file-not-found.source",
        1,
        "script.sh:1",
        "No such file or directory",
        "check the path ./nosuc",
        "likely",
    ),
    ("not-a-directory.cd", 1, "script.sh:1", "Not a directory", "correct /etc/passwd: a", "likely"),
    ("unset-variable.array", 1, "script.sh:3", "unbound variable", "set a[3] before that l", "likely"),
    ("read-only.mkdir", 1, "", "’: Read-only file system", "write somewhere else: ", "likely"),
    ("file-too-large.dd", 1, "", "tmp/x/x': File too large", "write a smaller file, ", "likely"),
    ("file-in-use.rmdir", 1, "", " Device or resource busy", "end what uses it (lsof", "likely"),
    ("io-error.cat", 1, "", "/mem: Input/output error", "check the disk or the ", "likely"),
    ("other-file-system.ln", 1, "", "nvalid cross-device link", "copy it, then remove", "likely"),
    ("invalid-argument.rmdir", 1, "", "ve '.': Invalid argument", "look at the values on", "likely"),
    ("no-such-process.kill", 1, "", "999999): No such process", "check that the process", "likely"),
    ("file-closed.bash", 1, "script.sh:1", "9: Bad file descriptor", "open that descriptor b", "likely"),
    ("broken-pipe.echo", 1, "script.sh:1", "write error: Broken pipe", "look at why the reader", "likely"),
    ("address-in-use.perl", 98, "", ": Address already in use", "stop what uses that po", "likely"),
    ("address-not-available.perl", 99, "", "assign requested address", "use an address of this", "likely"),
    ("connection-lost.cat", 1, "", "Connection reset by peer", "look at why the other ", "likely"),
    ("host-not-found.getaddr", 255, "", "ame or service not known", "check the host's name,", "likely"),
    ("host-unreachable.net", 101, "", ": Network is unreachable", "check the network and ", "likely"),
    ("host-unreachable.v6", 1, "script.sh:1", "8::1/9: No route to host", "check the network and ", "likely"),
    ("operation-timed-out.timeout", 124, "", " TERM to command ‘sleep’", "give timeout more time", "certain"),
    ("operation-timed-out.silent", 124, "", "line: running migrations", "give timeout more time", "likely"),
    ("memory-corrupted.shell", 134, "", "ree detected in tcache 2", "build it with -fsaniti", "certain"),
    ("out-of-memory.perl", 12, "", ": Cannot allocate memory", "free some memory, or d", "likely"),
    ("name-not-defined.python", 1, "/tmp/x/script.py:1", "name 'frobnicate'", "define frobnicate", "certain"),
]


def captured(name):
    return (FAILURES / f"{name}.txt").read_text(encoding="utf-8")


def outcome(returncode, stderr="", **more):
    return Outcome(
        argv=("bash", "script.sh"), returncode=returncode, ended="exited", seconds=1.0, stderr=stderr, **more
    )


@pytest.mark.parametrize(
    ("name", "returncode", "where", "why", "fix", "confidence"),
    [pytest.param(*row, id=row[0]) for row in ROWS],
)
def test_a_captured_failure_is_explained(name, returncode, where, why, fix, confidence):
    """What was really written, with the exit code it came with, has its row's answer."""
    seen = diagnose_outcome(outcome(returncode, captured(name)), language="bash")
    assert seen.code == name.partition(".")[0]
    assert seen.where == where
    assert why in seen.why
    assert fix in seen.fix
    assert seen.confidence == earned(seen.code, confidence)
    assert seen.bytes is None


def test_every_captured_text_is_a_row_here():
    """A captured text that no test reads proves nothing."""
    assert {name for name, *_ in ROWS} == {path.stem for path in FAILURES.glob("*.txt")}


def test_every_saying_was_captured():
    """A saying that no real output holds is a guess."""
    endings = {line.rpartition(": ")[2] for name, *_ in ROWS for line in captured(name).splitlines()}
    # What no machine can be made to say in a test: the words are the C library's.
    of_the_library = {os.strerror(errno.EDQUOT), os.strerror(errno.ETIMEDOUT)}
    assert set(shell.SAYINGS) <= endings | of_the_library | {"Temporary failure in name resolution"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SIGHUP", "hung-up"),
        ("SIGINT", "interrupted"),
        ("SIGQUIT", "quit"),
        ("SIGILL", "illegal-instruction"),
        ("SIGABRT", "aborted"),
        ("SIGBUS", "bus-error"),
        ("SIGFPE", "arithmetic-fault"),
        ("SIGKILL", "killed"),
        ("SIGSEGV", "segmentation-fault"),
        ("SIGPIPE", "broken-pipe"),
        ("SIGALRM", "alarm"),
        ("SIGTERM", "terminated"),
        ("SIGXCPU", "cpu-limit"),
        ("SIGXFSZ", "file-size-limit"),
        ("SIGSYS", "call-refused"),
    ],
)
def test_a_signal_is_said_by_name(name, code):
    """A process that a signal ended has that signal's row, whatever it wrote before."""
    import signal

    number = signal.Signals[name]
    ended = diagnose_outcome(outcome(-number, "tool: tool: Permission denied\n"))
    assert (ended.code, ended.confidence) == (code, earned(code, "certain"))
    assert f"({name})" in ended.why
    assert ("last line: tool" in ended.why) == (name == "SIGABRT")
    assert ended.fix
    assert "last line" not in diagnose_outcome(outcome(-number)).why
    reported = diagnose_outcome(outcome(128 + number))
    assert (reported.code, reported.confidence) == (code, "likely")


def test_every_signal_of_the_table_is_tested():
    """The rows above are all the rows there are."""
    (mark,) = (mark for mark in test_a_signal_is_said_by_name.pytestmark if mark.name == "parametrize")
    assert {name for name, _ in mark.args[1]} == set(shell.SIGNALS)


def test_a_signal_without_a_row_is_still_a_signal():
    """A real-time signal has no name and no row, but it did end the process."""
    seen = diagnose_outcome(outcome(-40))
    assert (seen.code, seen.confidence) == ("signal", "certain")
    assert "signal 40" in seen.why
    assert seen.fix == "find out who sent the signal"


def test_native_code_that_gives_up_says_why():
    """The line before an abort is the check that failed."""
    seen = diagnose_outcome(outcome(-6, "tool: main.c:3: main: Assertion `n > 0' failed.\n"))
    assert seen.code == "aborted"
    assert seen.why.endswith("last line: tool: main.c:3: main: Assertion `n > 0' failed.")


@pytest.mark.parametrize(
    ("returncode", "code"), [(126, "not-executable"), (127, "command-not-found"), (200, "nonzero-exit")]
)
def test_an_exit_code_speaks_where_nothing_was_written(returncode, code):
    """126 and 127 are the shell's own; an exit code past the signals is the program's."""
    assert diagnose_outcome(outcome(returncode), language="bash").code == code


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("GET /users/3: 404: not found", id="a-word-of-the-program"),
        pytest.param("the user: not found", id="a-word-of-any-program"),
        pytest.param("Killed the process", id="a-sentence"),
        pytest.param("No such file or directory", id="said-of-nothing"),
        pytest.param("a: b: Killed", id="no-line-number"),
        pytest.param("a: 3", id="only-a-place"),
        pytest.param("script.sh: line 1: Killedprocess", id="longer-word"),
    ],
)
def test_words_that_only_sound_alike_are_not_the_shells(line):
    """Without the shell's form the words may mean anything."""
    assert shell.read(line) is None


def test_only_the_end_of_the_output_is_read():
    """A shell goes on after a failure; what it said long before is not why it ended."""
    said = captured("command-not-found")
    assert shell.read(said + "ok\n" * 19).diagnosis.code == "command-not-found"
    assert shell.read(said + "ok\n" * 20) is None


def test_a_name_too_long_for_a_fix_is_left_out():
    """The reason keeps the name, cut; the fix stays a sentence."""
    seen = diagnose_text(f"bash: {'x' * 101}: command not found\n", language="sh")
    assert seen.fix == "install it, or correct its name"


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("g++-12", "install g++-12, or correct its name"),
        ("http://host.example|sh", "install that command, or correct its name"),
        ("$(id)", "install that command, or correct its name"),
    ],
)
def test_what_is_no_programs_name_is_not_to_be_installed(name, fix):
    """Whoever reads a fix may type it."""
    found = shell.read(f"a.sh: line 3: {name}: command not found", 127)
    assert (found.diagnosis.code, found.diagnosis.fix) == ("command-not-found", fix)
