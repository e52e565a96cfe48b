"""What a line `test` means: pytest's own options pass through, ours are read here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import api
from ..api import Caller
from ..errors import UsageError
from ..orchestrator import Report, Teller
from ..testrunner import Past, Project, narrowed
from ..values import Result, Verdict
from . import testhistory
from .meant import limits
from .speak import doors, of_report
from .spoken import Spoken
from .watching import watch

#: What a cell's tests have, or can do without. All else is refused: nothing is ignored without a word.
_OF_CELLS = frozenset(("help", "json", "timeout", "doctest", "yes", "no_install"))
_IN_QUARANTINE = "%autoexec test --quarantine NODEID --reason TEXT"
#: What runs nothing, and how it is typed.
_OF_LINES = {"history": "%autoexec test --history", "quarantine": _IN_QUARANTINE, "reason": _IN_QUARANTINE}

if TYPE_CHECKING:
    from .verbs import Call


def test(call: Call, caller: Caller) -> Spoken:
    """Run pytest, once or whenever something changes; or put a test into quarantine.

    Raises
    ------
    UsageError
        There is a cell, or a doctest of an object, and no kernel that it could run in.
    """
    options = call.options
    if options.doctest is not None:
        raise UsageError(
            "--doctest needs a notebook",
            why="it names what a cell defines, or an object of the kernel; files have --doctest-modules",
            fix="%autoexec test --doctest-modules",
        )
    if call.cell is not None:
        raise UsageError("the tests of a cell need a notebook", fix="write them to a file: test FILE")
    if options.history:
        past = api.tested(caller=caller)
        return Spoken(
            result=Result(verb="test", verdict=Verdict.PASSED),
            value=None,
            text="\n".join(testhistory.lines(past)),
        )
    if options.quarantine:
        path = api.quarantine(options.quarantine, options.reason, caller=caller)
        text = f"{options.quarantine} is in quarantine: {path.name} says why, and until when"
        return Spoken(result=Result(verb="test", verdict=Verdict.PASSED), value=path, text=text)

    words = [*options.rest, *options.after]

    def once(paths: Sequence[str] | None = None) -> Report | None:
        arguments = words if paths is None else narrowed(words, paths, _folder(caller))
        return None if arguments is None else run(arguments)

    def run(arguments: Sequence[str]) -> Report:
        return api.test(
            *arguments,
            python=options.python,
            timeout=options.timeout,
            level=options.cage,
            doors=doors(options, caller.cwd),
            limits=limits(options),
            env=options.env,
            heal=not options.no_install,
            changed=options.changed,
            shard=options.shard,
            timings=options.timings,
            parallel=options.parallel,
            flaky=options.flaky,
            tool=options.tool,
            cover=None if options.cov is None else [path for path in options.cov if path],
            keeps_ready=bool(caller.kernel) or options.watch,
            yes=options.yes,
            caller=caller,
        )

    if not options.watch:
        return of_report(run(words))
    return of_report(_last(watch(once, _folder(caller))))


def _folder(caller: Caller) -> Path:
    try:
        return caller.cwd or Path.cwd()
    except FileNotFoundError as error:
        raise UsageError("the working directory is gone", fix="%cd to one that is there") from error


def is_of_kernel(call: Call) -> bool:
    """Whether the tests are in a cell, or in the docstring of an object: they run in the kernel."""
    return call.cell is not None or call.options.doctest is not None


def in_cell(shell: Any, call: Call, caller: Caller) -> Spoken:
    """Run the tests in a cell in this kernel, against its own objects; without a cell, doctests of these.

    Raises
    ------
    UsageError
        An option is for tests in files, or no object is named and there is no cell.
    """
    from . import tested_cell  # which most kernels never need

    options = call.options
    _check_for_cell(call)
    folder = _folder(caller)
    teller = Teller(emit=lambda event: None, project=Project(root=str(folder)), folder=folder, past=Past())
    report = tested_cell.run(
        shell,
        call.cell or "",
        [*options.rest, *options.after],
        caller,
        doctests=None if options.doctest is None else [name for name in options.doctest if name],
        timeout=options.timeout,
        tells=teller.event,
        ends=teller.found,
    )
    return of_report(report)


def _check_for_cell(call: Call) -> None:
    """Refuse what tests in a cell cannot have: each option of the verb that is given, and not theirs."""
    from .verbs import parser_of  # which imports this module

    options = call.options
    for action in parser_of(call.verb)._actions:
        name = action.dest
        if name in _OF_CELLS or getattr(options, name, action.default) == action.default:
            continue
        option = action.option_strings[0]
        if name in _OF_LINES:
            why = "it is of tests in files, and runs none"
            raise UsageError(f"{option} takes no cell", why=why, fix=_OF_LINES[name])
        raise UsageError(
            f"{option} is for tests in files",
            why="those in a cell run in this kernel: in its process, with its variables, without a cage",
            fix="leave it out, or write the tests to a file",
        )
    is_named = any(options.doctest or ())
    if options.doctest is not None and not is_named and not (call.cell or "").strip():
        raise UsageError(
            "--doctest names no object",
            why="without a cell there is nothing else whose doctests could run",
            fix="%autoexec test --doctest NAME",
        )


def _last(reports: Iterator[Report]) -> Report:
    """Return the last of the reports that there were."""
    report = next(reports)
    for report in reports:  # noqa: B007 - the last is what is wanted
        pass
    return report
