"""Why a command or a shell script failed: signals, exit codes, the shell's words.

The last part of a message (`script.sh: line 3: tool: command not found`) is
looked up; programs of the system speak the same way (`cat: x: No such file or
directory`). A shell goes on after a failed command, so its words are `likely`
only, unless the exit code says the same.
"""

from __future__ import annotations

import signal
from types import MappingProxyType
from typing import TYPE_CHECKING

from .around import NOTHING, Around
from .plain import Reading, compose, last_line, lines_back, program_of

if TYPE_CHECKING:
    from autoexec_magic.values import Confidence, Diagnosis

_LINES = 20  # how far from the end a message may stand; later output is not the shell's
_LONGEST_LINE = 2000  # characters of a line that are looked at

#: Last part of a message -> code, fix; `{name}` is the part before it.
SAYINGS: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {
        "command not found": ("command-not-found", "install {name}, or correct its name"),
        "not found": ("command-not-found", "install {name}, or correct its name"),
        "required file not found": (
            "interpreter-not-found",
            "correct the first line (#!) of the script: the program it names is not there",
        ),
        "No such file or directory": (
            "file-not-found",
            "check the path {name}: it is looked up from the working directory",
        ),
        "Permission denied": ("permission-denied", "take a path you may use, or change the rights of {name}"),
        "Is a directory": ("is-a-directory", "name a file inside {name}"),
        "Not a directory": ("not-a-directory", "correct {name}: a part of it is a file"),
        "File exists": ("file-exists", "take another name, or remove {name} first"),
        "No space left on device": ("disk-full", "free some space on that disk, or write somewhere else"),
        "Connection refused": ("connection-refused", "start the server, or correct the address and port"),
        "cannot overwrite existing file": (
            "file-exists",
            "write >| to overwrite {name}, or take another name",
        ),
        "numeric argument required": ("wrong-type", "look at that value: a whole number is wanted"),
        "bad array subscript": ("index-out-of-range", "look at the index: it lies before the array's first"),
        "too many arguments": ("too-many-arguments", 'quote the variables on that line: "$name"'),
        "integer expression expected": (
            "wrong-type",
            "look at that value: -eq, -lt and -gt compare whole numbers only",
        ),
        "bad substitution": ("syntax", "correct that ${...}, or run it with bash instead of sh"),
        "ambiguous redirect": ("syntax", "quote the file's name behind the redirection"),
        "not a valid identifier": ("syntax", "begin the name with a letter, and put no spaces around ="),
        "readonly variable": ("read-only-variable", "take another name: {name} is read-only"),
        "Argument list too long": (
            "argument-list-too-long",
            "hand the names on in portions: find ... -exec ... +, or xargs",
        ),
        "Exec format error": (
            "wrong-architecture",
            "take a build for this machine (file NAME says whose it is), or give it a first line (#!)",
        ),
        "Too many open files": ("too-many-open-files", "open fewer at once, or raise the limit (ulimit -n)"),
        "Operation not permitted": (
            "operation-not-permitted",
            "ask whose {name} is: only its owner, or root, may do that",
        ),
        "Directory not empty": ("folder-not-empty", "empty {name} first, or rm -r it if all of it may go"),
        "Too many levels of symbolic links": (
            "too-many-links",
            "look at where that link leads (readlink): it goes round in a circle",
        ),
        "File name too long": ("name-too-long", "take a shorter name"),
        "Read-only file system": ("read-only", "write somewhere else: {name} is on a read-only file system"),
        "Cannot allocate memory": ("out-of-memory", "free some memory, or do less at once"),
        "Disk quota exceeded": ("disk-full", "free some of your space, or write somewhere else"),
        "File too large": ("file-too-large", "write a smaller file, or raise the limit (ulimit -f)"),
        "Device or resource busy": ("file-in-use", "end what uses it (lsof, fuser), then run it again"),
        "Input/output error": ("io-error", "check the disk or the mount that {name} is on"),
        "Invalid cross-device link": ("other-file-system", "copy it, then remove the old one"),
        "Invalid argument": ("invalid-argument", "look at the values on that line"),
        "No such process": ("no-such-process", "check that the process still runs before that line"),
        "Bad file descriptor": ("file-closed", "open that descriptor before it is used"),
        "Address already in use": ("address-in-use", "stop what uses that port, or take another"),
        "Cannot assign requested address": (
            "address-not-available",
            "use an address of this machine, such as 127.0.0.1",
        ),
        "Connection timed out": ("operation-timed-out", "check the network and the address"),
        "Connection reset by peer": ("connection-lost", "look at why the other side closed the connection"),
        "Broken pipe": ("broken-pipe", "look at why the reader ended first"),
        "No route to host": ("host-unreachable", "check the network and the address"),
        "Network is unreachable": ("host-unreachable", "check the network and the address"),
        "Name or service not known": ("host-not-found", "check the host's name, and the network"),
        "Temporary failure in name resolution": (
            "host-not-found",
            "check the host's name, and whether this machine has a network",
        ),
        "Text file busy": ("file-in-use", "end the program first: it runs from that very file"),
        "Resource temporarily unavailable": (
            "process-limit",
            "start fewer processes at once, or raise the limit (ulimit -u)",
        ),
        "unbound variable": ("unset-variable", "set {name} before that line, or write ${{name}:-}"),
        "parameter not set": ("unset-variable", "set {name} before that line, or write ${{name}:-}"),
    }
)
_SYNTAX = ("syntax error", "Syntax error", "unexpected EOF while looking for matching")

#: Signal -> code, what it means, fix.
SIGNALS: MappingProxyType[str, tuple[str, str, str]] = MappingProxyType(
    {
        "SIGHUP": ("hung-up", "its terminal or session was closed", "start it again"),
        "SIGINT": ("interrupted", "it was interrupted from the keyboard", "run it again"),
        "SIGQUIT": ("quit", "it was told to quit", "run it again"),
        "SIGILL": (
            "illegal-instruction",
            "native code is not made for this processor",
            "install another build",
        ),
        "SIGABRT": ("aborted", "native code gave up", "read its last lines for the check that failed"),
        "SIGBUS": ("bus-error", "native code read a file or memory that is gone", "check for a full disk"),
        "SIGFPE": ("arithmetic-fault", "native code divided by zero or overflowed", "check the divisor"),
        "SIGKILL": (
            "killed",
            "it was killed, likely for its memory or at a limit",
            "work in smaller pieces, or raise the memory limit",
        ),
        "SIGSEGV": (
            "segmentation-fault",
            "native code touched memory that is not its own",
            "if it is Python, run it with -X faulthandler to see the line; update that package",
        ),
        "SIGPIPE": ("broken-pipe", "what read its output had ended", "look at why the reader ended first"),
        "SIGALRM": ("alarm", "its own alarm went off", "allow more time where it sets the alarm"),
        "SIGTERM": ("terminated", "it was asked to end", "find out who ended it, then run it again"),
        "SIGXCPU": ("cpu-limit", "it used all the processor time it may use", "raise the limit, or do less"),
        "SIGXFSZ": (
            "file-size-limit",
            "it wrote a larger file than it may",
            "raise the limit, or write less",
        ),
        "SIGSYS": (
            "call-refused",
            "it made a system call that it may not make",
            "run it at a wider cage level",
        ),
    }
)
#: How a shell reports on a program that a signal ended.
_SIGNAL_WORDS = {
    "Killed": "SIGKILL",
    "Aborted": "SIGABRT",
    "Terminated": "SIGTERM",
    "Segmentation fault": "SIGSEGV",
    "Bus error": "SIGBUS",
    "Floating point exception": "SIGFPE",
    "Illegal instruction": "SIGILL",
    "CPU time limit exceeded": "SIGXCPU",
    "File size limit exceeded": "SIGXFSZ",
}
_NO_INTERPRETER = ("bad interpreter", "\\r’", "\\r'", "\r")  # what a script's first line leads to
_TIMED_OUT = 124  # how timeout ends when the time was up
_SENDS = "timeout: sending signal "
_OUT_OF_TIME = "give timeout more time, or find out what the command waited for"
_RUNNERS = frozenset(
    ("env", "xargs", "nohup", "timeout", "nice", "sudo", "time", "setsid", "stdbuf", "chroot")
)
_NOT_RUN = {
    126: ("not-executable", "make the file executable (chmod +x), or name the program that reads it"),
    127: ("command-not-found", "install the command, or correct its name"),
}
_USAGE = 129  # also 128 + SIGHUP
_LONGEST_NAME = 100  # characters of a name that a fix may repeat


def read(plain: str, returncode: int | None = None, around: Around = NOTHING) -> Reading | None:
    """Return what the shell's words in `plain` and the exit code explain, or None.

    Parameters
    ----------
    plain : str
        Text without escape sequences.
    returncode : int, optional
        The exit code, 0 to 255; 128 + n stands for signal n.
    """
    if returncode == _TIMED_OUT and "exited with status 255" not in plain:  # xargs ends so, too
        return _timed_out(plain)
    seen = 0
    for start, end in lines_back(plain, 0, len(plain)):
        line = plain[start:end][:_LONGEST_LINE].strip()
        seen += bool(line)
        if seen > _LINES:
            break
        if line and (diagnosis := _explain_line(line, returncode, is_all=returncode is None and seen == 1)):
            return Reading(diagnosis, start, end)
    if returncode == _USAGE and plain.lstrip().startswith(("usage: ", "error: ")):
        return None  # how git ends after its usage, and no signal
    start, end = last_line(plain)
    if returncode in _NOT_RUN:
        code, fix = _NOT_RUN[returncode]
        return Reading(compose(code, f"exit code {returncode}", fix, "likely"), start, end)
    if returncode is not None and (name := signal_name(returncode - 128)) in SIGNALS:
        return Reading(explain_signal(name, plain[start:end], sure=False), start, end)
    return None


def _timed_out(plain: str) -> Reading:
    """Return that `timeout` ended it: certain where it says so, whatever else was written."""
    start, end = last_line(plain)
    said = plain[start:end]
    sure = said.startswith(_SENDS)
    words = (
        said
        if sure
        else f"exit code {_TIMED_OUT}, with which timeout ends{'; last line: ' if end else ''}{said}"
    )
    return Reading(compose("operation-timed-out", words, _OUT_OF_TIME, _sureness(sure)), start, end)


def signal_name(number: int) -> str:
    """Return the name of signal `number`, or "signal N" where it has none.

    >>> signal_name(9), signal_name(-1)
    ('SIGKILL', 'signal -1')
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def explain_signal(name: str, last_words: str = "", *, sure: bool = True) -> Diagnosis:
    """Return the diagnosis of a process that signal `name` ended.

    `last_words` is the last line it wrote; native code that gives up says why
    in it. Without `sure` the signal is only what the exit code stands for.
    """
    code, meaning, fix = SIGNALS.get(name, ("signal", "a signal ended it", "find out who sent the signal"))
    why = f"{meaning} ({name})"
    if name == "SIGABRT" and last_words:
        why = f"{why}; last line: {last_words}"
    return compose(code, why, fix, "certain" if sure else "likely")


def _explain_line(line: str, returncode: int | None, *, is_all: bool = False) -> Diagnosis | None:
    """Return the diagnosis of one message, or None where it is none.

    `is_all` says that it is the last thing written and that nothing is known
    of the exit code: then the shell's own form with its place is certain.
    """
    where, parts = _anatomy(line)
    if told := _said_otherwise(where, parts, returncode):
        return told
    saying, name = parts[-1], _name(parts)
    if line.startswith(_SENDS):
        return compose("operation-timed-out", line, _OUT_OF_TIME, "likely")
    if where and saying.startswith("division by 0"):
        return compose("division-by-zero", ": ".join(parts), "check the divisor first", "likely", where)
    if (
        returncode in (None, 127)
        and not where
        and saying == "No such file or directory"
        and _runs_others(parts)
    ):
        fix = SAYINGS["command not found"][1].replace("{name}", program_of(name))
        is_sure = returncode == 127 and parts[0].rpartition("/")[2] != "env"  # a first line (#!) may call it
        return compose("command-not-found", ": ".join(parts), fix, _sureness(is_sure))
    # "not found" is the shell's own word only where it says on which line.
    if found := SAYINGS.get(saying) if name and (where or saying != "not found") else None:
        code, fix = found
        name = program_of(name) if code == "command-not-found" else name
        if where and returncode == 126 and code in ("permission-denied", "is-a-directory"):
            code, fix = _NOT_RUN[126]
        sure = bool(where) and (returncode in _NOT_RUN or is_all)
        return compose(code, ": ".join(parts), fix.replace("{name}", name), _sureness(sure), where)
    if where and any(part.startswith(_SYNTAX) for part in parts[:2]):
        fix = "close what is open, or take out what is too much, on that line or before it"
        return compose("syntax", ": ".join(parts), fix, _sureness(returncode == 2 or is_all), where)
    return _signalled(where, parts[0], returncode) if where or len(parts) == 1 else None


def _said_otherwise(where: str, parts: list[str], returncode: int | None) -> Diagnosis | None:
    """Explain a message whose last part alone does not say it."""
    before, said = parts[-2] if len(parts) > 1 else "", ": ".join(parts)
    if parts[-1] == "No such file or directory" and any(each in before for each in _NO_INTERPRETER):
        fix = "correct the first line (#!) of the script: the program it names is not there"
        return compose("interpreter-not-found", said, fix, _sureness(returncode in (None, 126, 127)), where)
    if any(part.startswith("value too great for base") for part in parts[1:]):
        fix = "write the number without its leading 0, or 10#$number"
        return compose("cannot-convert", said, fix, "likely", where)
    if parts[-1].endswith(" - No such process"):
        return compose("no-such-process", said, SAYINGS["No such process"][1], "likely", where)
    return None


def _runs_others(parts: list[str]) -> bool:
    """Whether what speaks is a program that runs another, and says that this one is not there.

    >>> _runs_others(["xargs", "tool", "No such file"]), _runs_others(["cat", "a.txt", "No such file"])
    (True, False)
    """
    program = parts[0].rpartition("/")[2]
    said = parts[1] if len(parts) > 2 else ""
    is_name = said[:1] in "'\"‘`" or said.startswith("failed to run command") or program == "xargs"
    return program in _RUNNERS and is_name and "/" not in said


def _anatomy(line: str) -> tuple[str, list[str]]:
    """Split a message into `file:line` (or "") and its parts; at least one.

    >>> _anatomy("a.sh: line 3: tool: command not found"), _anatomy("a.sh: 3: tool: not found")
    (('a.sh:3', ['tool', 'command not found']), ('a.sh:3', ['tool', 'not found']))
    """
    parts = line.split(": ")
    number = parts[1].removeprefix("line ") if len(parts) > 2 else ""
    return (f"{parts[0]}:{number}", parts[2:]) if number.isdecimal() else ("", parts)


def _name(parts: list[str]) -> str:
    """Return what the last part is said of: a path, a command, a variable."""
    if len(parts) < 2:
        return ""
    name = parts[-2].rpartition(" ")[2].strip("'\"`‘’")
    return name if 0 < len(name) <= _LONGEST_NAME else "it"


def _signalled(where: str, report: str, returncode: int | None) -> Diagnosis | None:
    """Explain `1234 Killed   command`, or the bare word."""
    words = report.lstrip("0123456789 ") if where else report
    for word, name in _SIGNAL_WORDS.items():
        if words == word or (where and words.startswith(word + " ")):
            sure = returncode is not None and signal_name(returncode - 128) == name
            diagnosis = explain_signal(name, sure=sure)
            return compose(diagnosis.code, diagnosis.why, diagnosis.fix, diagnosis.confidence, where)
    return None


def _sureness(sure: bool) -> Confidence:
    return "certain" if sure else "likely"
