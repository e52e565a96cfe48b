"""What each verb calls and what it has to say: records for machines, text for people.

One function a verb. It calls one public function and returns a `Spoken`; where
the text goes, and whether records are printed instead, is for the door (magic
or command line) to decide.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import difflib
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import api, executor
from ..api import Caller
from ..config import MEANING
from ..errors import AutoexecError, Cancelled, UsageError
from ..events import Event, Truncated
from ..executor.cage import Doors, doors_of
from ..executor.channel import TAIL_CHARS
from ..history import short_id
from ..orchestrator import Child, Report, axes, cause_of, causes
from ..screen import collapsed
from ..scripted import MOST_FILE_BYTES
from ..values import Resolution, Result, Run, Verdict, as_record
from .caserecord import case_record
from .children import Labelled, Table
from .meant import fixing_of, limits
from .spoken import Spoken
from .text import cut_line

if TYPE_CHECKING:
    from .verbs import Call

NOTHING_TO_UNDO = "nothing to undo: the ledger has no install into this environment that was not taken back"
LOST = "The kernel or process that ran it ended before the run did; what it had started was ended."


def sh(call: Call, caller: Caller) -> Spoken:
    """Run the line, and each line of the cell."""
    options = call.options
    commands: list[str | Sequence[str]] = []
    if isinstance(options.rest, str):
        commands += [options.rest] if options.rest else []
    elif options.rest:
        # One word with spaces is a line somebody quoted for their shell; several words are an argv.
        commands.append(options.rest[0] if len(options.rest) == 1 else tuple(options.rest))
    lines = re.sub(r"\\\n[ \t]*", "", call.cell or "").splitlines()
    commands += [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    for command in commands:
        if isinstance(command, str) and executor.changes_only_itself(command):
            raise UsageError(
                f"{command.strip()} would change nothing: each line starts anew",
                fix=f"{command.strip()} && COMMAND on one line, or %%autoexec script --lang bash",
            )
    report = api.sh(
        *commands,
        timeout=options.timeout,
        level=options.cage,
        doors=doors(options, caller.cwd),
        limits=limits(options),
        pty=options.pty,
        env=options.env,
        yes=options.yes,
        caller=caller,
    )
    return of_report(report)


def script(call: Call, caller: Caller) -> Spoken:
    """Run the cell, or files, each as a process of its own."""
    options = call.options
    has_words = bool(call.cell is not None or options.file)  # then what stands there are arguments
    files = options.file or ([] if has_words else options.arguments)
    if call.cell is None and not files:
        raise UsageError("there is no script", fix="a cell `%%autoexec script`, or the path of a file")
    report = api.script(
        "" if options.file else call.cell or "",
        *(options.arguments if has_words else []),
        *options.after,
        files=files,
        lang=options.lang,
        stdin=Path(options.stdin) if options.stdin else None,
        cwd=options.cwd or None,
        inputs=_variables(options.inputs, caller),
        outputs=options.outputs,
        first_line=2,  # below the magic's own
        timeout=options.timeout,
        level=options.cage,
        doors=doors(options, caller.cwd),
        limits=limits(options),
        matrix=axes(options.matrix),
        repeat=options.repeat,
        jobs=options.jobs,
        fail_fast=options.fail_fast,
        env=options.env,
        heal=not options.no_install,
        yes=options.yes,
        fixing=fixing_of(options, *_one_file(files, caller)),
        caller=caller,
    )
    if caller.names is not None:
        caller.names.update(report.values)
    return of_report(report)


def _one_file(files: Sequence[str], caller: Caller) -> tuple[str, bytes]:
    """Return the file that a fix may be written to, with its content: the only one there is."""
    if len(files) != 1:
        return "", b""
    path = (caller.cwd or Path.cwd()) / files[0]
    try:
        if not path.is_file() or path.stat().st_size > MOST_FILE_BYTES:
            return "", b""  # which the run refuses, with the reason
        return str(path), path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {files[0]}", why=str(error), fix="check the path") from error


def _variables(names: Sequence[str], caller: Caller) -> dict[str, object]:
    """Return the notebook's own variables of these names."""
    if not names:
        return {}
    if caller.names is None:
        why = "there is no notebook here whose variables they are"
        raise UsageError("--in needs a notebook", why=why, fix="--stdin FILE, or api.script(…, inputs={…})")
    for name in names:
        if name not in caller.names:
            near = difflib.get_close_matches(name, caller.names, n=1)
            raise UsageError(f"there is no variable {name}", fix=f"--in {near[0] if near else 'NAME'}")
    return {name: caller.names[name] for name in names}


def doors(options: argparse.Namespace, cwd: Path | None = None) -> Doors:
    """Return what the options of a line let through its cage."""
    return doors_of(
        net=options.net,
        unix=options.unix,
        read=options.read,
        write=options.write,
        cwd=cwd,
    )


def elsewhere(call: Call, caller: Caller) -> Spoken:
    """Say that there is no notebook here whose cells could be guarded."""
    what = f"{call.verb} is for a notebook or IPython"
    raise UsageError(
        what, why="there is no shell here whose lines it could guard", fix="%load_ext autoexec_magic there"
    )


def install(call: Call, caller: Caller) -> Spoken:
    """Install what is named, or take the last change back."""
    options = call.options
    if not options.undo:
        return of_report(api.install(*options.names, yes=options.yes, caller=caller))
    if options.names:
        raise UsageError(
            f"--undo takes no names: {' '.join(options.names)}",
            why="it takes the last change of this environment back, whatever that was",
            fix="%autoexec install --undo",
        )
    spoken = of_report(api.undo_install(yes=options.yes, caller=caller))
    is_nothing = spoken.result.verdict == Verdict.SKIPPED
    return dataclasses.replace(spoken, text=NOTHING_TO_UNDO) if is_nothing else spoken


def resolve(call: Call, caller: Caller) -> Spoken:
    """Say what modules are."""
    started = time.monotonic()
    options = call.options
    found = api.resolve(*options.modules, online=options.online, lang=options.lang, caller=caller)
    result = Result(verb="resolve", verdict=Verdict.PASSED, seconds=time.monotonic() - started)
    text = "\n".join(describe(resolution) for resolution in found)
    return Spoken(result=result, value=found, text=text, records=tuple(map(as_record, found)))


def runs(call: Call, caller: Caller) -> Spoken:
    """List the runs, or replay one."""
    words = call.options.show
    if not words:
        if call.options.limit < 1:
            raise UsageError(f"--limit {call.options.limit} cannot be", fix="1 or more")
        found = api.runs(call.options.limit)
        result = Result(verb="runs", verdict=Verdict.PASSED)
        return Spoken(result=result, value=found, text=_table(found), records=tuple(map(as_record, found)))
    if words[0] != "show" or len(words) != 2:
        raise UsageError(f"cannot read runs {' '.join(words)}", fix="%autoexec runs show ID")
    run, envelopes = api.show(words[1])
    events = list(envelopes)
    text = collapsed(_written(item.event for item in events))
    records = tuple(_event_record(item) for item in events)
    result = Result(verb="runs", verdict=Verdict.PASSED, added={"shown": run.run_id})
    shown = "\n".join([_head(run), text.rstrip("\n"), _foot(run)] if text else [_head(run), _foot(run)])
    return Spoken(result=result, value=None, text=shown, records=(as_record(run), *records))


def cancel(call: Call, caller: Caller) -> Spoken:
    """End a run."""
    if not call.options.id:
        raise UsageError("which run?", fix="%autoexec cancel ID; %autoexec runs lists them")
    run = api.cancel(call.options.id)
    result = Result(verb="cancel", verdict=Verdict.PASSED, added={"cancelled": run.run_id})
    return Spoken(result=result, value=run, text=f"asked run {short_id(run.run_id)} ({run.title}) to end")


def config(call: Call, caller: Caller) -> Spoken:
    """Show each setting and where it came from."""
    loaded = api.config(caller.cwd)
    width = max(len(setting.key) for setting in loaded.settings)
    lines = [f"workspace {loaded.workspace}", f"data      {loaded.data}", ""]
    records = []
    for setting in loaded.settings:
        lines.append(f"{setting.key:{width}} = {setting.shown}   # {MEANING[setting.key]} ({setting.source})")
        lines += [f"{'':{width}}   left out: {item}" for item in setting.left_out]
        records.append({"kind": "Setting", **dataclasses.asdict(setting), "value": setting.shown})
    result = Result(verb="config", verdict=Verdict.PASSED)
    return Spoken(result=result, value=loaded, text="\n".join(lines), records=tuple(records))


def doctor(call: Call, caller: Caller) -> Spoken:
    """Say what works on this machine."""
    from .. import doctor as examination

    started = time.monotonic()
    checks = examination.examine()
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{'ok' if check.works else '--'}  {check.name:{width}}  {check.what}")
        lines += [f"    {'':{width}}  fix: {check.fix}"] if check.fix and not check.works else []
    bad = [check for check in checks if check.needed and not check.works]
    result = Result(
        verb="doctor",
        verdict=Verdict.MISSING if bad else Verdict.PASSED,
        seconds=time.monotonic() - started,
    )
    records = tuple({"kind": "Check", **dataclasses.asdict(check)} for check in checks)
    return Spoken(result=result, value=checks, text="\n".join(lines), records=records)


def demo(call: Call, caller: Caller) -> Spoken:
    """Run the first notebook in a real kernel."""
    from .. import demo as show

    report = show.run(caller.emit)
    result = Result(
        verb="demo", verdict=report.verdict, seconds=report.seconds, added={"notebook": str(report.notebook)}
    )
    return Spoken(result=result, value=report, text=report.text)


def help_text(call: Call, caller: Caller) -> Spoken:
    """Show the verbs, or the options of one."""
    from .verbs import usage

    text = getattr(call.options, "text", "") or usage()
    return Spoken(result=Result(verb="help", verdict=Verdict.PASSED), text=text)


def of_report(report: Report) -> Spoken:
    """Return what a run that passed has to say: what was shown while it ran is not said again."""
    return Spoken(result=result_of(report), value=report, records=tuple(records_of(report)))


def of_error(verb: str, error: AutoexecError | Cancelled) -> Spoken:
    """Return what a verb has to say that did not pass."""
    if isinstance(error.report, Report):
        return of_report(error.report)
    added: dict[str, object] = {"error": error.code, "what": error.what, "why": error.why, "fix": error.fix}
    return Spoken(result=Result(verb=verb, verdict=Verdict(error.verdict), added=added))


def result_of(report: Report) -> Result:
    """Return the last record of a run."""
    added: dict[str, object] = {}
    if report.outcome:
        added |= {"exit_code": report.outcome.returncode, "ended": report.outcome.ended}
        added |= {"stdout": report.outcome.stdout, "stderr": report.outcome.stderr}
        added |= {"is_tail": max(len(report.outcome.stdout), len(report.outcome.stderr)) >= TAIL_CHARS}
    if report.made:
        files = [(item.name, item.size_bytes, item.mime) for item in report.made]
        added["made"] = [dict(zip(("name", "bytes", "mime"), item, strict=True)) for item in files]
    if report.values:
        added["values"] = sorted(report.values)
    if report.outcome and report.outcome.limit:
        added["limit"] = dataclasses.asdict(report.outcome.limit)
    installed = [item for phase in report.phases for item in phase.installed]
    if installed:
        added["installed"] = [f"{item.distribution}=={item.version}" for item in installed]
    removed = [item for phase in report.phases for item in phase.removed]
    if removed:
        added["removed"] = [f"{item.distribution}=={item.version}" for item in removed]
    if report.children:
        added["children"] = collections.Counter(str(child.verdict) for child in report.children)
    if report.cases:
        added["tests"] = collections.Counter(case.verdict for case in report.cases)
    if report.error:
        added |= {"error": report.error.code, "what": report.error.what}
        added |= {"why": report.error.why, "fix": report.error.fix}
    return Result(
        verb=report.verb, verdict=report.verdict, run_id=report.run_id, seconds=report.seconds, added=added
    )


def records_of(report: Report) -> Iterable[dict[str, object]]:
    """Return what a run found out, as records."""
    for phase in report.phases:
        yield from map(as_record, phase.resolutions)
    yield from map(_child_record, report.children)
    for cause in causes(report.children):
        yield {"kind": "Cause", "why": cause.why, "fix": cause.fix, "children": list(cause.children)}
    classes = report.classes
    yield from (case_record(case, classes.get(case.key, "")) for case in report.cases)
    if report.diagnosis:
        yield as_record(report.diagnosis)
    yield from ({"kind": "FixTried", **dataclasses.asdict(item)} for item in report.tried)


def _child_record(child: Child) -> dict[str, object]:
    """Return one run of a sweep as a record."""
    report, cause = child.report, cause_of(child.report) if child.report else None
    outcome = report.outcome if report else None
    return {
        "kind": "Child",
        "child": child.label,
        "values": dict(child.combination.values),
        "repeat": child.combination.repeat,
        "verdict": str(child.verdict),
        "code": child.verdict.exit_code,
        "seconds": round(report.seconds, 3) if report else 0.0,
        "error": report.error.code if report and report.error else "",
        "why": cause.why if cause else "",
        "fix": cause.fix if cause else "",
        "exit_code": outcome.returncode if outcome else None,
        "stdout": outcome.stdout if outcome else "",
        "stderr": outcome.stderr if outcome else "",
    }


def describe(resolution: Resolution) -> str:
    """Return a resolution as people read it: first what follows, last what to type."""
    words = {
        "install": "would install",
        "ask": "would ask about",
        "refuse": "would refuse",
        "nothing": "nothing to install",
    }
    name = f" {resolution.distribution}" if resolution.distribution else ""
    if resolution.chosen and resolution.chosen.version:
        name += f" {resolution.chosen.version}"
    lines = [f"{resolution.module}: {resolution.cls} · {words[resolution.decision]}{name}"]
    lines += [f"  because: {item}" for item in resolution.evidence]
    others = [item for item in resolution.candidates if item.distribution != resolution.distribution]
    lines += [f"  or: {item.distribution} ({item.why})" for item in others]
    if (resolution.fix and resolution.decision != "nothing") or resolution.cls in (
        "local",
        "removed",
        "alias",
        "drift",
    ):
        lines.append(f"  fix: {resolution.fix}")
    return "\n".join(lines)


def _written(events: Iterable[Event]) -> str:
    """Return all output, with a line where some is missing."""
    pieces = [""]
    labelled, table = Labelled(), Table()
    for event in events:
        table.feed(event)
        pieces += [words for _, words in labelled.of(event)]
        if isinstance(event, Truncated):
            ends = "" if pieces[-1].endswith("\n") else "\n"
            pieces.append(f"{ends}{cut_line(event)}\n")
    return "".join([*pieces, *([f"{line}\n" for line in table.lines()] if table else [])])


def _table(found: Sequence[Run]) -> str:
    if not found:
        return "no runs yet; try: %autoexec sh echo hello"
    rows = [
        (short_id(run.run_id), _clock(run.started), str(run.verdict), _took(run), run.verb, _cut(run.title))
        for run in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[5]]) for row in rows
    )


def _head(run: Run) -> str:
    where = f" · {run.notebook}" if run.notebook else ""
    return f"── {run.verb} {_cut(run.title)} · {_clock(run.started)} · cage {run.cage}{where}"


def _foot(run: Run) -> str:
    why = LOST if run.verdict == Verdict.LOST else run.why
    return " · ".join([f"── {run.verdict}", _took(run), *([why] if why else [])])


def _event_record(item: object) -> dict[str, object]:
    envelope = dataclasses.asdict(item)  # type: ignore[call-overload]
    event = type(item.event).__name__  # type: ignore[attr-defined]
    return {
        "kind": "Event",
        "event": event,
        **{k: v for k, v in envelope.items() if k != "event"},
        **envelope["event"],
    }


def _clock(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds / 1000))


def _took(run: Run) -> str:
    return f"{run.seconds:.2f} s" if run.seconds is not None else "–"


def _cut(text: str, width: int = 60) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
