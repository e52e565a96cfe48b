"""The card: what a person chooses between where the evidence does not decide. Pure.

Of each distribution that may hold the module it says what the index and its
wheel say, and nothing else: no guess, no rating. What they wrote is other
people's text, so it is cleaned, cut, and told as their own words. One that was
not proved is shown, with the reason, and cannot be chosen.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ..choosing import fixes, meant
from ..errors import NeedsPerson
from ..redact import cleaned, one_line, secrets_in
from ..values import Candidate, Choice, Question, Reply, Resolution
from .known import normal, of_module

MOST_CHOICES = 9  # that a person still reads; the ranking says which
SUMMARY_CHARS = 160
_MOST_NAMES = 3
_ONE_COMMAND = re.compile(r"%autoexec install (\S+) --yes")
# What means something else at a prompt, so that no project of that name may stand for itself.
_WORDS = frozenset({"y", "yes", "a", "always", "n", "no", "none"})


def question(resolution: Resolution, now: datetime, *, typed: str = "") -> Question:
    """Return what to ask a person about `resolution`.

    Parameters
    ----------
    resolution : Resolution
        One with at least one candidate; they are shown in their order, the
        first `MOST_CHOICES` of them.
    now : datetime
        Aware, UTC; ages are counted from it.
    typed : str, optional
        What the person typed after `install`, where there is one candidate.
    """
    candidates = resolution.candidates[:MOST_CHOICES]
    choices = tuple(_choice(candidate, resolution, now, typed) for candidate in candidates)
    told = {_dates(candidate) for candidate in candidates} | {line for each in choices for line in each.lines}
    if len(candidates) > 1:  # each says for itself who names it, and whether it was looked into
        told |= {f"{item.distribution}: {item.why}" for item in candidates}
        told |= {line for line in resolution.evidence if line.startswith("the wheel ")}
    evidence = [line for line in resolution.evidence if line not in told]
    left_out = len(resolution.candidates) - len(candidates)
    if left_out:
        evidence.append(f"{left_out} more, ranked below: %autoexec resolve --online {resolution.module}")
    asked = Question(
        text=f"install {_asked(choices, resolution)} ?",
        evidence=tuple(_shown(line) for line in evidence),
        fix=resolution.fix,
        choices=choices,
    )
    return replace(asked, fix=fixes(asked))


def can_be_chosen(resolution: Resolution) -> bool:
    """Whether there is anything that a person may say yes to."""
    return any(not _why_not(candidate) for candidate in resolution.candidates[:MOST_CHOICES])


def chosen(resolution: Resolution, asked: Question, said: bool | Reply | Choice) -> Candidate | None:
    """Return the candidate that the answer to `asked` means, or None for a no.

    Raises
    ------
    NeedsPerson
        It is a yes, and there are several.
    UsageError
        It is a choice that cannot be made.
    """
    reply = meant(asked, said)
    if not isinstance(reply, Choice):
        return None
    return resolution.candidates[asked.choices.index(reply)]


def all_of(unanswered: Sequence[NeedsPerson]) -> NeedsPerson:
    """Return several questions that nobody could answer as one, with one command where one answers them all.

    Examples
    --------
    >>> first = NeedsPerson("install a 1", why="fresh", fix="%autoexec install a --yes")
    >>> both = all_of([first, NeedsPerson("install b 2", why="fresh", fix="%autoexec install b --yes")])
    >>> both.what, both.fix
    ('install a 1, b 2', '%autoexec install a b --yes')
    """
    if len(unanswered) == 1:
        return unanswered[0]
    what = ", ".join(error.what.removeprefix("install ") for error in unanswered)
    plain = [_ONE_COMMAND.fullmatch(error.fix) for error in unanswered]
    names = " ".join(found[1] for found in plain if found)
    fix = f"%autoexec install {names} --yes" if all(plain) else "; and ".join(e.fix for e in unanswered)
    why = "; ".join(dict.fromkeys(error.why for error in unanswered if error.why))
    return NeedsPerson(f"install {what}", why=why, fix=fix)


def _choice(candidate: Candidate, resolution: Resolution, now: datetime, typed: str) -> Choice:
    name = _shown(candidate.distribution)
    label = f"{name} {_shown(candidate.version)}".rstrip()
    others = [each for each in resolution.candidates if each is not candidate]
    is_taken = any(normal(each.distribution) == normal(name) for each in others)
    is_clear = normal(name) not in _WORDS and not name.isdecimal() and not is_taken
    why_not = _why_not(candidate)
    return Choice(
        answer=name if is_clear else label.replace(" ", "=="),
        label=label,
        lines=tuple(map(_shown, _lines(candidate, resolution, now))),
        fix="" if why_not else f"%autoexec install {typed or _requirement(candidate)} --yes",
        proved=False if candidate.faults else candidate.proved,
        why_not=_shown(why_not),
    )


def _why_not(candidate: Candidate) -> str:
    """Return why a candidate cannot be chosen, or ""."""
    if candidate.faults:
        return candidate.faults[0].removeprefix("unproved: ")
    if candidate.proved:
        return ""
    if candidate.proved is False:
        return "its wheel does not hold the module"
    if candidate.version:
        return "there is no wheel for this Python to look into"
    return "nothing of that name was found for this Python"


def _lines(candidate: Candidate, resolution: Resolution, now: datetime) -> list[str]:
    """Return what is known of a candidate and not said of the module already."""
    lines = []
    if candidate.summary:
        lines.append(f"says of itself: {_cut(candidate.summary)}")
    count = candidate.releases or 0
    many = f"{count} release{'s' if count > 1 else ''} for this Python" if count else ""
    lines += [text] if (text := ", ".join(filter(None, [_dates(candidate, now), many]))) else []
    if len(resolution.candidates) > 1:
        lines += [candidate.why] if candidate.why else []
        if candidate.sha256:
            where = f", from {candidate.index}" if candidate.index else ""
            lines.append(f"wheel {candidate.sha256[:12]}…{where}")
    others = [each.distribution for each in resolution.candidates if each is not candidate]
    claims = [name for name in candidate.claims or others if normal(name) != normal(candidate.distribution)]
    if claims:
        lines.append(f"{resolution.module} is also claimed by {_listed(claims)}")
    return lines


def _dates(candidate: Candidate, now: datetime | None = None) -> str:
    """Return when it was released; without `now` as the evidence of a decision says it."""
    if now and candidate.first_released[:10] == candidate.released[:10] != "":
        return f"released {candidate.released[:10]} ({_age(candidate.released, now)}), the first release"
    texts = []
    for what, text in (("released", candidate.released), ("first release", candidate.first_released)):
        age = f" ({_age(text, now)})" if now and text else ""
        texts += [f"{what} {text[:10]}{age}"] if text else []
    return ", ".join(texts)


def _age(text: str, now: datetime) -> str:
    """Return how long ago a time was, in words.

    Examples
    --------
    >>> _age("2024-05-01T00:00:00+00:00", datetime(2026, 11, 22, tzinfo=UTC))
    '2 years ago'
    >>> _age("2026-11-22T01:00:00+00:00", datetime(2026, 11, 22, 2, tzinfo=UTC))
    'today'
    """
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return "no time that can be read"
    days = (now - then.replace(tzinfo=then.tzinfo or UTC)).days
    for length, word in ((365, "year"), (30, "month"), (1, "day")):
        if days >= length:
            count = days // length
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "today"


def _requirement(candidate: Candidate) -> str:
    """Return what to type for a candidate: with its version where its name alone is taken for a module."""
    row = of_module(candidate.distribution)
    if row and normal(row.distribution) != normal(candidate.distribution):
        return f"{candidate.distribution}=={candidate.version}"
    return candidate.distribution


def _asked(choices: Sequence[Choice], resolution: Resolution) -> str:
    able = [choice for choice in choices if not choice.why_not]
    if len(choices) == 1:
        return choices[0].label
    if len(able) > _MOST_NAMES:
        return f"one of {len(able)} distributions for {resolution.module}"
    return f"{' or '.join(choice.label for choice in able)} for {resolution.module}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _shown(text: str) -> str:
    return one_line(cleaned(text, secrets_in(os.environ)))


def _cut(text: str) -> str:
    return text if len(text) <= SUMMARY_CHARS else text[: SUMMARY_CHARS - 1] + "…"
