"""Why a step of an image failed: what its log shows as the cause, and not whatever it wrote last."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...diagnosis import deciding_in_log, diagnose_log
from ...errors import AutoexecError

MOST_LINES = 400  #: of a step's log; a compiler's error stands far above the last line
_SHOWN = 8
_FIX = "mend what the step says, then %autoexec build image: the steps before it are kept"


def explain(failed: AutoexecError, lines: Sequence[str]) -> None:
    """Say in an error why a step failed, and show the lines around it.

    Parameters
    ----------
    failed : AutoexecError
        The error, whose `why`, `fix` and `evidence` are set.
    lines : sequence of str
        The end of what the step wrote.
    """
    last = [line.rstrip() for line in lines if line.strip()][-MOST_LINES:]
    text = "\n".join(last)
    found = deciding_in_log(text)
    failed.why, failed.fix = (last[-1].strip() if last else "it wrote nothing"), _FIX
    shown = last[-_SHOWN:]
    if found:
        others = [each for each in diagnose_log(text) if each.bytes != found.bytes]
        failed.why = f"{found.where}: {found.why}" if found.where else found.why
        shown = [f"{each.where}: {each.why}" if each.where else each.why for each in others[-3:]]
        shown += last[-_SHOWN:]
        if found.fix and "%autoexec" not in found.fix:  # ours are for this machine, and not for an image
            failed.fix = f"{found.fix}; then %autoexec build image: the steps before it are kept"
    failed.evidence = tuple(dict.fromkeys(line for line in shown if line.strip() != failed.why))


def of_progress(text: str) -> list[str]:
    r"""Return what the failed step wrote, of BuildKit's plain progress: without its own words around it.

    Examples
    --------
    >>> of_progress("#5 [2/2] RUN make\n#5 0.312 x.c:3: error: no\n#5 ERROR: process\n")
    ['x.c:3: error: no']
    """
    wrote: dict[str, list[str]] = {}
    failed = ""
    for line in text.splitlines():
        found = re.match(r"#(\d+) (.*)", line)
        if not found:
            continue
        if found[2].startswith("ERROR: "):
            failed = found[1]
        elif re.match(r"\d+\.\d+ ", found[2]):
            wrote.setdefault(found[1], []).append(found[2].partition(" ")[2])
    return wrote.get(failed, [])
