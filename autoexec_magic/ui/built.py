"""What the verb `build` calls and says: the plan, or what was built."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import api
from ..api import Caller
from ..builder import KINDS, Wish
from ..errors import UsageError
from ..values import Result, as_record
from .artifacts import plan_lines, plan_record
from .meant import limits
from .speak import doors
from .spoken import Spoken

if TYPE_CHECKING:
    from .verbs import Call

ALL = "all"


def build(call: Call, caller: Caller) -> Spoken:
    """Build what is named."""
    options = call.options
    kinds, path = _split(options.words)
    _refuse_misspelt(path, caller)
    _refuse_swallowed(options.push, options.smoke)
    wish = Wish(
        publish=options.publish,
        push=options.push,
        tag=options.tag,
        smoke=options.smoke is not None,
        ask=options.smoke or "",
        twice=options.twice,
        tests=not options.no_tests,
    )
    report = api.build(
        path,
        kinds=kinds,
        wish=wish,
        dry_run=options.dry_run,
        timeout=options.timeout,
        level=options.cage,
        doors=doors(options, caller.cwd),
        limits=limits(options),
        env=options.env,
        yes=options.yes,
        caller=caller,
    )
    text = "\n\n".join("\n".join(plan_lines(plan)) for plan in report.planned) if options.dry_run else ""
    records = tuple(as_record(artifact) for artifact in report.artifacts)
    if options.dry_run:
        records = tuple(plan_record(plan) for plan in report.planned)
    result = Result(
        verb="build",
        verdict=report.verdict,
        run_id=report.run_id,
        seconds=report.seconds,
        added={"artifacts": len(report.artifacts)},
    )
    value = list(report.planned if options.dry_run else report.artifacts)
    return Spoken(result=result, value=value, text=text, records=records)


def _refuse_misspelt(path: str, caller: Caller) -> None:
    """Refuse a path that is not there and looks like a kind.

    Raises
    ------
    UsageError
        It does.
    """
    near = difflib.get_close_matches(path, (*KINDS, ALL), n=1)
    if near and not ((caller.cwd or Path.cwd()) / path).exists():
        raise UsageError(
            f"there is no kind and no folder {path!r}",
            why=f"the kinds are {', '.join((*KINDS, ALL))}",
            fix=f"%autoexec build {near[0]}",
        )


def _refuse_swallowed(push: str, smoke: str | None) -> None:
    """Refuse a kind that stands where an option takes it for its value.

    Raises
    ------
    UsageError
        One does.
    """
    for option, value in (("--push", push), ("--smoke", smoke)):
        if value in (*KINDS, ALL):
            raise UsageError(
                f"{option} takes {value} for its value",
                why="kinds and the path come first",
                fix=f"%autoexec build {value} {option}",
            )


def _split(words: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Return the kinds and the path that a line names: kinds come first."""
    kinds: list[str] = []
    rest = list(words)
    while rest and (rest[0] in KINDS or rest[0] == ALL):
        kinds.append(rest.pop(0))
    if len(rest) > 1:
        raise UsageError(
            f"build knows no {rest[0]!r}",
            why=f"it takes kinds ({', '.join(KINDS)}, all) and one path",
            fix="%autoexec build KIND PATH",
        )
    chosen = () if ALL in kinds else tuple(dict.fromkeys(kinds))
    return chosen, rest[0] if rest else "."
