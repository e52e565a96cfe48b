"""Why a run came up against a limit, and the option that would let it go on.

What was noticed comes as a value (`values.LimitHit`): the kernel's counters and
clocks are asked by whoever ran it. Here it only gets its words, its code and
the action that raises it.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from autoexec_magic.sizes import more_than, spelled
from autoexec_magic.values import Action

from .plain import compose, one_line

if TYPE_CHECKING:
    from autoexec_magic.values import Diagnosis, LimitHit, LimitKind


class _Words(NamedTuple):
    """What is said of a limit: its code, its option, what was wanted, and what to do besides raising it."""

    code: str
    option: str
    wanted: str
    instead: str


_WORDS: MappingProxyType[LimitKind, _Words] = MappingProxyType(
    {
        "timeout": _Words("timeout", "--timeout", "", "find out what it waited for"),
        "memory": _Words(
            "memory-limit",
            "--memory",
            "it wanted more than the {most} of memory it may have",
            "work in smaller pieces",
        ),
        "cpu": _Words(
            "cpu-limit", "--cpu", "it used the {most} s of processor time it may have", "do less at once"
        ),
        "output": _Words(
            "output-limit", "--output-limit", "it wrote more than {most} of output", "write less"
        ),
        "processes": _Words(
            "process-limit",
            "--processes",
            "it wanted more than the {most} processes and threads it may have",
            "start fewer at once, and wait for those that have ended",
        ),
        "file-size": _Words(
            "file-size-limit",
            "--file-size",
            "it wrote a file larger than the {most} it may be",
            "write less to one file",
        ),
        "open-files": _Words(
            "open-files-limit",
            "--open-files",
            "it wanted more than the {most} open files it may have",
            "close what is done with",
        ),
    }
)
_SIZES: frozenset[LimitKind] = frozenset({"memory", "output", "file-size"})


def explain_limit(hit: LimitHit, *, last_words: str = "", at: Diagnosis | None = None) -> Diagnosis:
    """Return the diagnosis of a run that came up against a limit.

    Parameters
    ----------
    hit : LimitHit
        Which one, and what says so.
    last_words : str, optional
        "; last line: …", for what still ran when its time was up.
    at : Diagnosis, optional
        What the run's own last words are, which may know the place.
    """
    words = _WORDS[hit.kind]
    if words.wanted:
        why = f"{words.wanted.format(most=_text(hit.kind, hit.most))}: {hit.seen}"
    else:
        why = f"{hit.seen}{last_words}"
    more = _text(hit.kind, more_than(hit.most))
    fix = f"{words.instead}, or raise it: {words.option} {more}"
    found = compose(words.code, why, fix, hit.confidence, at.where if at else "")
    return replace(
        found,
        evidence=(one_line(hit.seen),),
        frame=at.frame if at else None,
        action=Action(kind="limit", values=(words.option, more)),
    )


def limit_words(hit: LimitHit) -> str:
    """Return a limit and its value in words: `memory limit of 512M`.

    Examples
    --------
    >>> from autoexec_magic.values import LimitHit
    >>> limit_words(LimitHit(kind="file-size", most=2**20, seen="", confidence="certain"))
    'file-size limit of 1M'
    """
    unit = " s" if hit.kind in ("timeout", "cpu") else ""
    return f"{_WORDS[hit.kind].code.removesuffix('-limit')} limit of {_text(hit.kind, hit.most)}{unit}"


def _text(kind: LimitKind, value: float) -> str:
    """Return a value as its option takes it."""
    return spelled(int(value)) if kind in _SIZES else f"{value:g}"
