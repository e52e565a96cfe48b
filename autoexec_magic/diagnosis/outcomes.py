"""Why a process failed, as far as how it ended and what it wrote last tell."""

from __future__ import annotations

import signal

from autoexec_magic.values import Diagnosis, Outcome

from . import limits, shell, strerrors
from .around import NOTHING, Around
from .plain import Reading, compose, last_line, make_plain
from .several import at_most_likely
from .sureness import WRAPPERS
from .texts import read


def diagnose_outcome(
    outcome: Outcome, *, language: str = "python", around: Around = NOTHING
) -> Diagnosis | None:
    """Return why a process failed, or None where it passed.

    Parameters
    ----------
    outcome : Outcome
        How it ended. Its standard error is read first, then its standard
        output; `bytes` of the answer is None, because there are two texts.
    language : str, default "python"
        What ran: "python", "bash", "sh" or "shell". Of any other only exit
        codes, signals and the system's own messages are known.
    around : Around, optional
        What is known beside it.
    """
    if outcome.passed:
        return None
    texts = tuple(make_plain(text).text for text in (outcome.stderr, outcome.stdout))
    if outcome.limit is not None:
        # Of one that was ended, what it said before is no reason, and no place either.
        said = read(texts[0], language, outcome.returncode, around) if outcome.ended == "exited" else None
        return limits.explain_limit(
            outcome.limit, last_words=_last_words(texts), at=said.diagnosis if said else None
        )
    if outcome.ended == "timed-out":
        fix = "find out what it waited for, or raise the time limit"
        return compose(
            "timeout", f"it still ran after {outcome.seconds:.1f} s{_last_words(texts)}", fix, "certain"
        )
    if outcome.ended == "cancelled":
        why = f"a person stopped it after {outcome.seconds:.1f} s"
        return compose("cancelled", why, "run it again", "certain")
    found = _read_both(texts, language, outcome.returncode, around)
    if outcome.returncode < 0:
        start, end = last_line(texts[0])
        ended = shell.explain_signal(shell.signal_name(-outcome.returncode), texts[0][start:end])
        return found.diagnosis if found and _explains(found.diagnosis, ended, outcome.returncode) else ended
    if found:
        return found.diagnosis
    if quoted := next((said for text in texts if (said := strerrors.read(text))), None):
        return quoted.diagnosis
    why = f"exit code {outcome.returncode}{_last_words(texts)}"
    fix = (
        "read the lines above the last one"
        if any(map(str.strip, texts))
        else "let it say why (bash -x shows each command), then run it again"
    )
    return compose("nonzero-exit", why, fix, "unknown")


def _read_both(texts: tuple[str, ...], language: str, returncode: int, around: Around) -> Reading | None:
    """Return what the first text says that says why; it is a judgement where the other says another thing."""
    found: Reading | None = None
    for text in texts:
        said = read(text, language, returncode, around)
        if said is None:
            continue
        if found is None or (_says_little(found.diagnosis) and not _says_little(said.diagnosis)):
            found = said
        elif found.diagnosis.confidence == "certain" and text.strip():
            other = read(text, language, None, around)  # by its words alone, without the exit code
            if other and not _says_little(other.diagnosis) and other.diagnosis.code != found.diagnosis.code:
                found = found._replace(diagnosis=at_most_likely(found.diagnosis))
    return found


def _says_little(said: Diagnosis) -> bool:
    """Whether it only says that something failed: then the other text may say why."""
    return said.confidence == "unknown" or said.code in WRAPPERS


def _explains(said: Diagnosis, ended: Diagnosis, returncode: int) -> bool:
    """Whether what a process wrote says more than the signal that ended it.

    Python writes a traceback when it is interrupted, and that one knows the
    place; native code that gives up says why before it aborts.
    """
    gave_up = returncode == -signal.SIGABRT and said.code != "assertion-failed"
    is_sure = said.confidence == "certain" or said.code == "uncaught-exception"
    return said.code == ended.code or (is_sure and (gave_up or said.code == "out-of-memory"))


def _last_words(texts: tuple[str, ...]) -> str:
    """Return "; last line: ..." of the first text that is not blank, or ""."""
    for text in texts:
        start, end = last_line(text)
        if end:
            return f"; last line: {text[start:end]}"
    return ", and nothing was written"
