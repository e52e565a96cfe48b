"""What the verb `policy` calls and says: why a command may or may not run, and what was agreed to."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .. import api, executor
from ..api import Caller
from ..errors import UsageError
from ..executor import Explained
from ..values import PolicyVerdict, Result, Verdict, as_record
from .spoken import Spoken

if TYPE_CHECKING:
    from .verbs import Call

_NAMES = {1: "parse", 2: "program", 3: "arguments", 4: "paths", 5: "cage"}
WORDS = ("explain", "check", "test", "accept", "answers", "forget")


def policy(call: Call, caller: Caller) -> Spoken:
    """Do what the first word says."""
    words = call.options.words
    if not words or words[0] not in _DOES:
        said = f"there is no policy {words[0]!r}" if words else "policy does nothing alone"
        raise UsageError(said, fix=f"%autoexec policy {' | '.join(WORDS)}")
    return _DOES[words[0]](call, caller)


def _explain(call: Call, caller: Caller) -> Spoken:
    """Say how a line is understood, what each layer says of it, and which rule decides."""
    given = call.options.rest
    line = given if isinstance(given, str) else given[0] if len(given) == 1 else shlex.join(given)
    if not line.strip():
        raise UsageError("there is no line to explain", fix="%autoexec policy explain LINE")
    started = time.monotonic()
    found = api.explain(line, caller=caller)
    places = {rule: executor.policy.written_at(rule) for rule in _rules_of(found)}
    result = _result(started, answer=found.verdict.answer)
    return Spoken(
        result=result,
        value=found.verdict,
        text=_described(found, places),
        records=tuple(map(as_record, [*_verdicts_of(found), found.verdict])),
    )


def _check(call: Call, caller: Caller) -> Spoken:
    """Say what the policy says of each line of a file; run none."""
    name = call.options.file
    if not name:
        raise UsageError("which lines?", fix="%autoexec policy check --file LINES --json")
    path = (caller.cwd or Path.cwd()) / name
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {name}", why=str(error), fix="check the path") from error
    started = time.monotonic()
    found = api.check([line for line in lines if line.strip()], caller=caller)
    width = max((len(verdict.answer) for verdict in found), default=0)
    text = [f"{verdict.answer:{width}}  {verdict.line}{_because(verdict)}" for verdict in found]
    counts = {answer: sum(verdict.answer == answer for verdict in found) for answer in _ANSWERS}
    text.append(f"{len(found)} lines: " + ", ".join(f"{count} {answer}" for answer, count in counts.items()))
    return Spoken(
        result=_result(started, **counts),
        value=found,
        text="\n".join(text),
        records=tuple(map(as_record, found)),
    )


def _test(call: Call, caller: Caller) -> Spoken:
    """Judge the examples of every rule file."""
    started = time.monotonic()
    found = executor.policy.check_rules()
    wrong = [line for file in found for line in file.wrong]
    width = max(len(file.name) for file in found)
    text = [
        f"{'ok' if not file.wrong else '--'}  {file.name:{width}}  {file.programs} programs, "
        f"{file.examples} examples"
        for file in found
    ]
    total = sum(file.examples for file in found)
    text += [*(f"  wrong: {line}" for line in wrong), f"{total} examples, {len(wrong)} wrong"]
    verdict = Verdict.FAILED if wrong else Verdict.PASSED
    result = _result(started, verdict, examples=total, wrong=len(wrong))
    return Spoken(result=result, value=found, text="\n".join(text))


def _accept(call: Call, caller: Caller) -> Spoken:
    """Show what the project would loosen, and accept it if a person says so."""
    started = time.monotonic()
    offers = api.accept_policy(yes=call.options.yes, caller=caller)
    if not offers:
        text, verdict = "this project loosens nothing that you have not accepted", Verdict.SKIPPED
    else:
        shown = "\n".join(f"{offer.source}: {line}" for offer in offers for line in offer.lines)
        text, verdict = f"{shown}\naccepted, until it changes", Verdict.PASSED
    return Spoken(result=_result(started, verdict, accepted=len(offers)), value=offers, text=text)


def _answers(call: Call, caller: Caller) -> Spoken:
    """List what a person agreed to for good in this project."""
    started = time.monotonic()
    found = api.answers(caller=caller)
    days = [time.strftime("%Y-%m-%d %H:%M", time.localtime(kept.at / 1000)) for kept in found]
    text = [f"{kept.short}  {day}  {kept.text}" for kept, day in zip(found, days, strict=True)]
    records = tuple({"kind": "Kept", "name": kept.name, "text": kept.text, "at": kept.at} for kept in found)
    return Spoken(
        result=_result(started),
        value=found,
        text="\n".join(text) or "nothing is agreed to for good in this project",
        records=records,
    )


def _forget(call: Call, caller: Caller) -> Spoken:
    """Forget one of them: it is asked about again."""
    started = time.monotonic()
    if len(call.options.words) != 2:
        raise UsageError("which answer?", fix="%autoexec policy forget ID; policy answers lists them")
    kept = api.forget(call.options.words[1], caller=caller)
    return Spoken(result=_result(started), value=kept, text=f"forgot {kept.short}: {kept.text}")


_ANSWERS = ("allow", "ask", "refuse")
_DOES: Mapping[str, Callable[[Call, Caller], Spoken]] = {
    "explain": _explain,
    "check": _check,
    "test": _test,
    "accept": _accept,
    "answers": _answers,
    "forget": _forget,
}


def _described(found: Explained, places: Mapping[str, str]) -> str:
    lines = [found.tree or "(no tree: it is not taken apart)"]
    for part in found.parts:
        lines += ["", part.text + (f"   → {part.program}" if part.program else "")]
        lines.append(f"  {'layer 1 parse':17} {'allow':6}  understood, and run without a shell")
        for verdict in part.verdicts:
            name = f"layer {verdict.layer} {_NAMES[verdict.layer]}"
            lines.append(f"  {name:17} {verdict.answer:6}  {_ruled(verdict, places)}")
    if found.parts:
        lines += ["", "layer 5 cage       limits only (open), unless --cage says otherwise"]
    lines += ["", f"{found.verdict.answer}: layer {found.verdict.layer}, {_ruled(found.verdict, places)}"]
    return "\n".join(lines)


def _rules_of(found: Explained) -> set[str]:
    return {found.verdict.rule, *(verdict.rule for verdict in _verdicts_of(found))}


def _verdicts_of(found: Explained) -> list[PolicyVerdict]:
    return [verdict for part in found.parts for verdict in part.verdicts]


def _ruled(verdict: PolicyVerdict, places: Mapping[str, str]) -> str:
    place = places.get(verdict.rule, "")
    is_told = place.rpartition("/")[2] in verdict.rule  # the rules of files begin with it
    said = [verdict.rule + ("" if is_told else f" ({place})"), verdict.why]
    return ": ".join(word for word in said if word)


def _because(verdict: PolicyVerdict) -> str:
    return "" if verdict.answer == "allow" else f"\n          because: {verdict.why} ({verdict.rule})"


def _result(started: float, verdict: Verdict = Verdict.PASSED, /, **added: object) -> Result:
    return Result(verb="policy", verdict=verdict, seconds=time.monotonic() - started, added=added)
