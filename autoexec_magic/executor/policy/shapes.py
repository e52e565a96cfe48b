"""Layer 4, the whole pipeline: what no command of it shows alone.

What is downloaded and run in one go was read by nobody: that is refused,
whatever stands in between. What an interpreter reads from any other command is
code that was not there when it was judged: that is asked about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .paths import ALLOWED, Ruled

_DOWNLOADERS = frozenset(("curl", "wget", "fetch", "aria2c", "lynx", "http", "https", "nc", "ncat", "socat"))
_INTERPRETERS = re.compile(
    r"(?:ba|da|z|k|c|tc|fi)?sh|python[0-9.]*|pypy[0-9.]*|perl|ruby|node|nodejs|deno|bun|php|lua|Rscript|osascript"
)
_SEEN_THROUGH = frozenset(
    ("env", "nice", "nohup", "timeout", "time", "stdbuf", "setsid", "xargs", "sudo", "tee", "busybox")
)


def judge_shape(commands: Sequence[Sequence[str]]) -> Ruled:
    """Return what is said of a pipeline.

    Parameters
    ----------
    commands : sequence of sequences of str
        The words of each command, in the order of the pipe.
    """
    is_download = False
    for number, argv in enumerate(commands):
        names = [word.rpartition("/")[2] for word in argv]
        runs = number > 0 and _reads_code(names)
        if runs and is_download:
            return Ruled("refuse", "download-and-run", "what is downloaded would run, and nobody has read it")
        if runs:
            why = f"{names[0]} would run what the command before it writes, and nobody has read that"
            return Ruled("ask", "piped-code", why)
        is_download = is_download or any(name in _DOWNLOADERS for name in names[:4])
    return ALLOWED


def _reads_code(names: Sequence[str]) -> bool:
    """Whether a command takes its code from its input: an interpreter that is given no file and no code."""
    for number, name in enumerate(names):
        if _INTERPRETERS.fullmatch(name):
            given = names[number + 1 :]
            rest = [word for word in given if word not in ("-", "--", "stdin")]
            is_bare = all(word.startswith("-") and not _gives_code(word) for word in rest)
            return "-s" in given or is_bare
        if name not in _SEEN_THROUGH and not name.startswith("-") and "=" not in name and number == 0:
            return False
    return False


def _gives_code(option: str) -> bool:
    """Whether an option brings code or a module of its own, as `-c`, `-m` and `-e` do."""
    return bool(re.fullmatch(r"-[A-Za-z]*[cemEp]", option)) or option.startswith(("--eval", "--print"))
