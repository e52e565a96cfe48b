"""What the verb `scan` calls and says: which modules a tree imports, and what kinds of project it holds."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import api
from ..api import Caller
from ..events import Output
from ..installer import Fault, Import, Kind, group_of
from ..redact import cleaned, secrets_in
from ..values import Result, Verdict
from .spoken import Spoken

if TYPE_CHECKING:
    from .verbs import Call

MOST_ROWS = 40  # of a table that is read; `--all` shows every one
MOST_FAULTS = 10


@dataclass(slots=True)
class _Module:
    """A row: how often a module is imported, in how many files, and where first."""

    language: str
    name: str
    is_builtin: bool
    first: Import
    count: int = 0
    required: int = 0
    last_path: str = ""
    files: int = 0


def scan(call: Call, caller: Caller) -> Spoken:
    """Say what is imported below a path."""
    started = time.monotonic()
    options = call.options
    path = (caller.cwd or Path.cwd()) / options.path

    def tell(files: int) -> None:
        if caller.emit is not None:
            caller.emit(Output(phase="run", stream="stderr", text=f"… {files:,} files\n"))

    kinds = api.kinds(path)
    found = api.scan(path, is_fresh=options.fresh, tell=tell, caller=caller)
    imports, faults = list(found.imports), list(found.faults)
    modules = _modules(imports)
    added: dict[str, object] = {"files": found.files, "imports": len(imports), "modules": len(modules)}
    added |= {"faults": len(faults), "kinds": sorted({kind.kind for kind in kinds})}
    result = Result(verb="scan", verdict=Verdict.PASSED, seconds=time.monotonic() - started, added=added)
    text = "" if call.is_json else _text(kinds, modules, faults, found.files, show_all=options.all)
    return Spoken(
        result=result,
        value=found,
        text=cleaned(text, secrets_in(os.environ)),
        records=tuple(_records(kinds, imports, faults)) if call.is_json else (),
    )


def _records(
    kinds: Iterable[Kind], imports: Iterable[Import], faults: Iterable[Fault]
) -> Iterable[dict[str, object]]:
    for kind in kinds:
        record = dataclasses.asdict(kind)
        yield {"kind": "Project", "language": record.pop("kind"), **record}
    for found in imports:
        yield {"kind": "Needed", **dataclasses.asdict(found)}
    for fault in faults:
        yield {"kind": "Unread", **dataclasses.asdict(fault)}


def _modules(imports: Iterable[Import]) -> list[_Module]:
    """Return a row for each module, those that are imported most first."""
    rows: dict[tuple[str, str], _Module] = {}
    for found in imports:
        name, is_builtin = group_of(found)
        row = rows.get((found.language, name))
        if row is None:
            row = rows[found.language, name] = _Module(found.language, name, is_builtin, found)
        row.count += 1
        row.required += found.required
        row.files += row.last_path != found.path
        row.last_path = found.path
    return sorted(rows.values(), key=lambda row: (-row.count, row.name))


def _text(
    kinds: Sequence[Kind], modules: Sequence[_Module], faults: Sequence[Fault], files: int, *, show_all: bool
) -> str:
    lines = [_kind_line(kind) for kind in kinds] or ["no project that we know: no Python, Node or Rust"]
    shown = [row for row in modules if show_all or not row.is_builtin]
    hidden = len(modules) - len(shown)
    cut = shown if show_all else shown[:MOST_ROWS]
    if cut:
        lines += ["", *_table(cut)]
    if len(shown) > len(cut):
        lines.append(f"… and {_counted(len(shown) - len(cut), 'more module')}; --all shows them")
    if hidden:
        lines.append(f"… and {_counted(hidden, 'module')} of the language's own; --all shows them")
    if faults:
        lines += ["", f"{_counted(len(faults), 'place')} that could not be read:"]
        lines += [
            f"  {_place(fault.path, fault.cell, fault.line)}: {_shown(fault.why)}"
            for fault in faults[:MOST_FAULTS]
        ]
        more = len(faults) - MOST_FAULTS
        lines += [f"  … and {more:,} more; --json names them"] if more > 0 else []
    total = sum(row.count for row in modules)
    lines += [
        "",
        f"{_counted(total, 'import')} of {_counted(len(modules), 'module')} in {_counted(files, 'file')}",
    ]
    third = next((row for row in cut if row.language == "python" and not row.is_builtin), None)
    if third is not None:
        lines.append(f"what one of them is: %autoexec resolve {_shown(third.name)}")
    return "\n".join(lines)


def _kind_line(kind: Kind) -> str:
    manifests = ", ".join(kind.manifests) or "source files only"
    member = f" (of the workspace {kind.workspace})" if kind.workspace else ""
    return f"{kind.kind:6} {_shown(kind.folder)}: {_shown(manifests)}{member}"


def _table(rows: Sequence[_Module]) -> list[str]:
    cells = [("module", "imports", "files", "needed", "first")]
    for row in rows:
        first = _place(row.first.path, row.first.cell, row.first.line)
        needed = "yes" if row.required else "perhaps"
        cells.append((_shown(row.name), f"{row.count:,}", f"{row.files:,}", needed, first))
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    return [
        f"{name:{widths[0]}}  {count:>{widths[1]}}  {files:>{widths[2]}}  {needed:{widths[3]}}  {first}"
        for name, count, files, needed, first in cells
    ]


def _place(path: str, cell: int, line: int) -> str:
    where = f" cell {cell}" if cell else ""
    return f"{_shown(path)}{where}:{line}" if line else f"{_shown(path)}{where}"


def _shown(text: str) -> str:
    """Return a name out of somebody's files as it may stand on a line."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
