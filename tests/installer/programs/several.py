"""Let two projects of the index hold one module, as an index of modules says of some; runs in a kernel.

The built-in table has one row a module, so what it says of `MODULE` is put
beside it here. Everything else is real: each project's page is asked for, its
wheel looked into, and each is decided about by the rule for known modules.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from autoexec_magic import installer
from autoexec_magic.installer.decide import decide
from autoexec_magic.installer.known import Known
from autoexec_magic.installer.query import Query
from autoexec_magic.installer.search import find

MODULE = "frobcore"
HOLDERS = ("frob-python", "frob-python-headless", "frob-source")
_resolve = installer.resolve


def resolve(needs, context, *, online):
    """Return what `installer.resolve` does, with all that hold `MODULE` as its candidates."""
    found = _resolve(needs, context, online=online)
    return [_several(item, context) if item.module == MODULE else item for item in found]


def _several(resolution, context):
    queries = [Query(distribution=name, modules=(MODULE,)) for name in HOLDERS]
    answers = find(queries, context.search)
    decided = [
        decide(MODULE, Known(MODULE, query.distribution), answers[query], context.ages, datetime.now(UTC))
        for query in queries
    ]
    candidates = tuple(replace(item.candidates[0], why="in the index") for item in decided)
    return replace(
        resolution,
        decision="ask",
        distribution=candidates[0].distribution,
        candidates=candidates,
        evidence=(f"{len(candidates)} projects claim {MODULE}",),
        fix=f"%autoexec install {candidates[0].distribution}",
    )


installer.resolve = resolve
