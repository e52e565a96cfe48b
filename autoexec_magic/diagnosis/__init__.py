"""Why something failed, and the next thing to type.

Pure: an outcome, a text or an exception in, a `values.Diagnosis` out. Nothing
is started, looked up or executed; no text, however odd, makes it raise; the
time is linear in the text's size. There is one table per language
(`python.ROWS`, `shell.SAYINGS` and `shell.SIGNALS`) with one row per entry,
and every code is public.

A language says which reader comes first. The other one is asked as well: a
shell script runs Python, and Python runs commands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from autoexec_magic.values import Diagnosis, Outcome

from . import python, shell
from .exceptions import causes, user_place
from .plain import Reading, compose, last_line, make_plain

__all__ = ["diagnose_exception", "diagnose_outcome", "diagnose_text"]

_Reader: TypeAlias = Callable[[str, int | None], Reading | None]
_SHELL_FIRST: tuple[_Reader, ...] = (shell.read, python.read)
_READERS: MappingProxyType[str, tuple[_Reader, ...]] = MappingProxyType(
    {
        "python": (python.read, shell.read),
        "bash": _SHELL_FIRST,
        "sh": _SHELL_FIRST,
        "shell": _SHELL_FIRST,
    }
)
_OTHER: tuple[_Reader, ...] = (shell.read,)  # every program can be missing, or be killed


def diagnose_outcome(outcome: Outcome, *, language: str = "python") -> Diagnosis | None:
    """Return why a process failed, or None where it passed.

    Parameters
    ----------
    outcome : Outcome
        How it ended. Its standard error is read first, then its standard
        output; `bytes` of the answer is None, because there are two texts.
    language : str, default "python"
        What ran: "python", "bash", "sh" or "shell". Of any other only exit
        codes, signals and the system's own messages are known.
    """
    if outcome.passed:
        return None
    texts = tuple(make_plain(text).text for text in (outcome.stderr, outcome.stdout))
    if outcome.ended == "timed-out":
        fix = "find out what it waited for, or raise the time limit"
        return compose(
            "timeout", f"it still ran after {outcome.seconds:.1f} s{_last_words(texts)}", fix, "certain"
        )
    if outcome.ended == "cancelled":
        why = f"a person stopped it after {outcome.seconds:.1f} s"
        return compose("cancelled", why, "run it again", "certain")
    found = None
    for text in texts:
        found = found or _read(text, language, outcome.returncode)
    if outcome.returncode < 0:
        start, end = last_line(texts[0])
        ended = shell.explain_signal(shell.signal_name(-outcome.returncode), texts[0][start:end])
        # Python writes a traceback when it is interrupted: that one knows the place.
        return found.diagnosis if found and found.diagnosis.code == ended.code else ended
    if found:
        return found.diagnosis
    why = f"exit code {outcome.returncode}{_last_words(texts)}"
    fix = (
        "read the lines above the last one"
        if any(map(str.strip, texts))
        else "let it say why, then run it again"
    )
    return compose("nonzero-exit", why, fix, "unknown")


def diagnose_text(text: str, *, language: str = "python") -> Diagnosis:
    """Return what a traceback or a log says went wrong.

    Parameters
    ----------
    text : str
        Any text, with or without colours. The failure nearest its end counts;
        of a chain of direct causes, the first.
    language : str, default "python"
        What wrote it, as for `diagnose_outcome`.

    Returns
    -------
    Diagnosis
        `bytes` is the explained range of the text in UTF-8. A text that
        nothing is known of has code "error" and its last line as `why`.

    Examples
    --------
    >>> diagnose_text("NameError: name 'totl' is not defined").code
    'name-not-defined'
    """
    plain = make_plain(text)
    found = _read(plain.text, language, None)
    if found is None:
        start, end = last_line(plain.text)
        if start == end:
            return compose("error", "the text is empty", "give the output of what failed", "unknown")
        unknown = compose("error", plain.text[start:end], "read the lines above that message", "unknown")
        found = Reading(unknown, start, end)
    return replace(found.diagnosis, bytes=plain.byte_range(found.start, found.end))


def diagnose_exception(error: BaseException, *, is_user_frame: Callable[[str], bool]) -> Diagnosis:
    """Return why `error` was raised: its explicit root cause, where it has one.

    Parameters
    ----------
    error : BaseException
        An exception of the kernel, with its traceback if it was raised.
    is_user_frame : callable
        Takes the file name of a frame, and returns whether the user wrote it.
        `where` is the last such frame.
    """
    chain = causes(error)
    code, why, fix, confidence = python.explain_error(chain[-1])
    return compose(code, why, fix, confidence, user_place(chain, is_user_frame))


def _read(plain: str, language: str, returncode: int | None) -> Reading | None:
    for reader in _READERS.get(language, _OTHER):
        if found := reader(plain, returncode):
            return found
    return None


def _last_words(texts: tuple[str, ...]) -> str:
    """Return "; last line: ..." of the first text that is not blank, or ""."""
    for text in texts:
        start, end = last_line(text)
        if end:
            return f"; last line: {text[start:end]}"
    return ", and nothing was written"
