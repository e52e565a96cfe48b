"""What the verb `index` has to say: what is known of where modules come from, and by whom."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from .. import api
from ..api import Caller
from ..errors import UsageError
from ..values import Result, Verdict
from .spoken import Spoken

if TYPE_CHECKING:
    from ..installer.index import Coverage
    from ..installer.known import Entry
    from .verbs import Call

WORDS = ("show", "build")


def index(call: Call, caller: Caller) -> Spoken:
    """Show what the indexes cover or say of a module, or build one from lists."""
    options = call.options
    word, *rest = options.words or ["show"]
    if word == "build" and not rest:
        here = caller.cwd or Path.cwd()
        files = [here / file for file in options.files]
        built = api.index_build(*files, to=here / options.to if options.to else "")
        return _spoken([built], _line(built))
    if word != "show" or options.files or options.to or len(rest) > 1:
        raise UsageError(
            f"cannot read index {' '.join(options.words)}".rstrip(),
            fix="%autoexec index show [MODULE], or %autoexec index build --from FILE … [--to PATH]",
        )
    if not rest:
        found = api.index_coverage()
        return _spoken(found, "\n".join(_line(each) for each in found))
    entries = api.index_candidates(rest[0])
    text = "\n".join(_entry(entry) for entry in entries) or f"no index here knows {rest[0]}"
    return _spoken(list(entries), text)


def _spoken(found: list[Coverage] | list[Entry], text: str) -> Spoken:
    kind = "IndexEntry" if found and not hasattr(found[0], "sources") else "Index"
    records = tuple({"kind": kind, **dataclasses.asdict(each)} for each in found)
    return Spoken(
        result=Result(verb="index", verdict=Verdict.PASSED), value=found, text=text, records=records
    )


def _line(found: Coverage) -> str:
    modules, distributions = _many(found.modules, "module"), _many(found.distributions, "distribution")
    counts = f"{modules} of {distributions}, {found.date}; "
    place = f"\n  {found.path}" if found.path else ""
    return f"{found.name}: {counts if found.modules else ''}{found.sources}{place}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _entry(entry: Entry) -> str:
    words: list[str] = [entry.source]
    words += [f"{entry.uses} projects use it"] if entry.uses else []
    words += [f"proved with {entry.proved}"] if entry.proved else []
    words += ["made for one system"] if entry.is_apart else []
    words += ["a candidate only"] if entry.is_rival else []
    return f"{entry.module}: {entry.distribution} ({', '.join(words)})"
