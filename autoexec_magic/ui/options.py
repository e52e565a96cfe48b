"""The options of each verb: what `add_VERB` adds to its parser, and the values they take."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import NoReturn

from ..builder import KINDS
from ..installer.language import LANGUAGES
from ..sizes import size_of
from . import fixes, rows, rulings

_DIGITS = 9  # of a whole number: no machine has more of anything


class HelpAsked(Exception):
    """Somebody asked for help; it carries the text."""


class HelpAction(argparse.Action):
    """Raises the help where argparse would print it and leave."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> NoReturn:
        """Raise the help."""
        raise HelpAsked(parser.format_help())


def seconds(text: str) -> float:
    """Return the seconds that `text` says, greater than 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds greater than 0")
    return value


def names(text: str) -> list[str]:
    """Return the names that `text` lists, with commas between."""
    return [name.strip() for name in text.split(",") if name.strip()]


def size(text: str) -> int:
    """Return the bytes that `text` says, at least 1."""
    try:
        return size_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def count(text: str) -> int:
    """Return the whole number that `text` says, at least 1."""
    if not text.isascii() or not text.isdigit() or not int(text[:_DIGITS]) > 0 or len(text) > _DIGITS:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number greater than 0")
    return int(text)


def whole_seconds(text: str) -> int:
    """Return the seconds that `text` says, rounded up: the kernel counts whole ones."""
    return math.ceil(seconds(text))


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add the time limit."""
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="end it after this long")


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add what a run may use; the same names as the fields of `executor.cage.Limits`."""
    rows: tuple[tuple[str, str, Callable[[str], int], str, str], ...] = (
        ("--memory", "memory_bytes", size, "SIZE", "end it where it wants more memory, as 512M or 2G"),
        ("--cpu", "cpu_seconds", whole_seconds, "SECONDS", "end it after so much processor time"),
        ("--processes", "processes", count, "N", "let it have so many processes and threads"),
        ("--file-size", "file_bytes", size, "SIZE", "let no file it writes be larger"),
        ("--open-files", "open_files", count, "N", "let each process have so many open files"),
        ("--output-limit", "output_bytes", size, "SIZE", "end it where it writes more output"),
    )
    for option, name, kind, metavar, text in rows:
        parser.add_argument(option, dest=name, type=kind, metavar=metavar, help=text)


def add_yes(parser: argparse.ArgumentParser) -> None:
    """Add the answer that is given beforehand."""
    parser.add_argument("--yes", action="store_true", help="answer questions with yes; a refusal stays one")


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add what every verb takes that runs foreign code: limits, cage, variables."""
    add_timeout(parser)
    parser.add_argument(
        "--cage",
        default=None,
        metavar="LEVEL",
        help="sealed, workspace, open, or best: the strongest there is",
    )
    add_doors(parser)
    parser.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME",
        help="pass this environment variable on; * is a wildcard",
    )
    add_yes(parser)


def add_fixing(parser: argparse.ArgumentParser) -> None:
    """Add what is to be done about a failure."""
    parser.add_argument(
        "--fix", action="store_true", help="carry out what the diagnosis offers, and run what failed again"
    )
    parser.add_argument(
        "--auto", action="store_true", help="--fix --model, and in a cage apply a patch that raises no doubt"
    )
    parser.add_argument(
        "--model", action="store_true", help="--fix, and ask the configured language model where no rule can"
    )
    parser.add_argument(
        "--show", action="store_true", help="show what would be sent to the model, and send it on a yes"
    )


def add_doors(parser: argparse.ArgumentParser) -> None:
    """Add what is let through a cage."""
    parser.add_argument("--net", default="", metavar="PORTS", help="let TCP to these ports through, or `all`")
    parser.add_argument("--unix", action="store_true", help="let unix sockets through")
    for name in ("read", "write"):
        parser.add_argument(
            f"--{name}", action="append", default=[], metavar="PATH", help=f"let it {name} this place, too"
        )


def add_sh(parser: argparse.ArgumentParser) -> None:
    """Add what `sh` takes."""
    add_run(parser)
    add_limits(parser)
    parser.add_argument("--pty", action="store_true", help="give it a terminal: colour, progress bars")


def add_script(parser: argparse.ArgumentParser) -> None:
    """Add what `script` takes."""
    add_run(parser)
    add_limits(parser)
    add_sweep(parser)
    parser.add_argument(
        "--lang",
        default="",
        metavar="LANGUAGE",
        help="python, node, bash or rust; else by the first line, the file's ending, or python",
    )
    parser.add_argument(
        "--file", action="append", default=[], metavar="PATH", help="a script from a file; may be repeated"
    )
    parser.add_argument("--stdin", default="", metavar="FILE", help="what the script reads")
    parser.add_argument("--cwd", default="", metavar="DIR", help="where it runs")
    for option, into, help_text in (
        ("--in", "inputs", "variables that it gets, with commas between"),
        ("--out", "outputs", "variables that it gives back, with commas between"),
    ):
        parser.add_argument(
            option, dest=into, type=names, action="extend", default=[], metavar="NAMES", help=help_text
        )
    parser.add_argument("--no-install", action="store_true", help="do not heal missing imports")
    add_fixing(parser)
    parser.add_argument(
        "arguments",
        nargs="*",
        metavar="FILE | ARGUMENT",
        help="without a cell: scripts; else, or behind --, what the script finds after its own name",
    )


def add_sweep(parser: argparse.ArgumentParser) -> None:
    """Add what makes many runs of one script."""
    parser.add_argument(
        "--matrix",
        action="append",
        default=[],
        metavar="NAME=VALUE,…",
        help="run it for each value, and with others for each combination; NAME is a global of a Python"
        " script, AUTOEXEC_MATRIX_NAME in its environment, {NAME} in its arguments",
    )
    parser.add_argument("--repeat", type=count, default=1, metavar="N", help="run it so many times")
    parser.add_argument("--jobs", type=count, metavar="N", help="so many at once (default: one a core)")
    parser.add_argument("--fail-fast", action="store_true", help="end all at the first that fails")


def add_diagnose(parser: argparse.ArgumentParser) -> None:
    """Add what `diagnose` takes."""
    parser.add_argument(
        "--lang",
        default="",
        metavar="LANGUAGE",
        help="what wrote it: python, bash, node; else from the log",
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="logs; without one standard input, or the cell"
    )


def add_install(parser: argparse.ArgumentParser) -> None:
    """Add what `install` takes."""
    add_yes(parser)
    parser.add_argument("--undo", action="store_true", help="take the last change of this environment back")
    parser.add_argument("names", nargs="*", metavar="NAME", help="distributions, each NAME or NAME==VERSION")


def add_resolve(parser: argparse.ArgumentParser) -> None:
    """Add what `resolve` takes."""
    parser.add_argument("--online", action="store_true", help="ask the index and look into the wheels")
    parser.add_argument(
        "--lang", choices=LANGUAGES, default="python", help="whose names they are; python by default"
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="as they stand after `import`")


def add_fix(parser: argparse.ArgumentParser) -> None:
    """Add what `fix` takes."""
    add_yes(parser)
    parser.add_argument("--check", action="store_true", help="say what is missing; install and write nothing")
    parser.add_argument("--sync", action="store_true", help="install what a notebook's lock names, by hash")
    parser.add_argument("--cell", action="store_true", help="a first cell that says it to juv, too")
    parser.add_argument("--export", choices=fixes.FORMS, help="print a notebook's lock, for uv or for pip")
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="notebooks, Python files, folders (default: this notebook)"
    )


def add_scan(parser: argparse.ArgumentParser) -> None:
    """Add what `scan` takes."""
    parser.add_argument("--all", action="store_true", help="every module, also the language's own")
    parser.add_argument("--fresh", action="store_true", help="read every file, also what has not changed")
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="a file, a notebook, a folder")


def add_index(parser: argparse.ArgumentParser) -> None:
    """Add what `index` takes."""
    parser.add_argument(
        "--from", dest="files", nargs="+", default=[], metavar="FILE", help="build: Contents files, or lists"
    )
    parser.add_argument("--to", default="", metavar="PATH", help="build: the file to write")
    parser.add_argument("words", nargs="*", metavar="show [MODULE] | build", help="the indexes of modules")


def add_test(parser: argparse.ArgumentParser) -> None:
    """Add what `test` takes; all else is pytest's."""
    add_run(parser)
    add_limits(parser)
    parser.add_argument(
        "--python",
        default="",
        metavar="PATH",
        help="the Python that runs them; else the project's .venv, or this",
    )
    parser.add_argument("--no-install", action="store_true", help="do not heal missing imports")
    parser.add_argument(
        "--changed",
        nargs="?",
        const="",
        metavar="COMMIT",
        help="only tests that import what changed since the last commit, or this one",
    )
    parser.add_argument(
        "--shard", type=shard, metavar="I/N", help="one part of N: each test is in one of them"
    )
    parser.add_argument(
        "--timings",
        default="",
        metavar="FILE",
        help="a JUnit XML of an earlier run: parts then take the same time",
    )
    parser.add_argument(
        "--parallel", action="store_true", help="several processes (pytest-xdist), where that was seen to pay"
    )
    parser.add_argument(
        "--cov", nargs="?", const="", action="append", metavar="PATH", help="tell which lines ran, by file"
    )
    parser.add_argument(
        "--flaky",
        type=count,
        default=0,
        metavar="N",
        help="run what failed N times again, alone and in company",
    )
    parser.add_argument(
        "--tool", default="", metavar="NAME", help="pytest, node, npm or cargo; else what finds tests here"
    )
    parser.add_argument(
        "--doctest",
        nargs="?",
        const="",
        action="append",
        metavar="NAME",
        help="in a notebook: the doctests of this object, or of what the cell defines",
    )
    parser.add_argument(
        "--quarantine",
        default="",
        metavar="NODEID",
        help="let this test's failures not fail a run, for 30 days",
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="why a test is put into quarantine")
    parser.add_argument(
        "--history", action="store_true", help="draw how long tests take and how they ended of late; run none"
    )
    parser.add_argument("--watch", action="store_true", help="run again what a change concerns, until Ctrl-C")


def add_build(parser: argparse.ArgumentParser) -> None:
    """Add what `build` takes."""
    add_run(parser)
    add_limits(parser)
    kinds = f"{', '.join(KINDS)} or all; then a folder or notebook"
    parser.add_argument("words", nargs="*", metavar="KIND PATH", help=kinds)
    parser.add_argument("--dry-run", action="store_true", help="show the plan and build nothing")
    parser.add_argument(
        "--publish",
        default="",
        metavar="REPOSITORY",
        help="send the package there: pypi, testpypi or a name in ~/.pypirc (wheels), npm (npm packages),"
        " a URL, or `repository`: what the settings repository and npm-registry name",
    )
    parser.add_argument(
        "--push",
        nargs="?",
        const="registry",
        default="",
        metavar="REGISTRY",
        help="send the image there, and read its digest back; alone: where the setting registry says",
    )
    parser.add_argument("--tag", default="", metavar="NAME[:TAG]", help="the image's name")
    parser.add_argument(
        "--smoke",
        nargs="?",
        const="",
        metavar="PATH",
        help="start the image, wait until it is well, and ask for this path of a URL",
    )
    parser.add_argument("--twice", action="store_true", help="build packages once more, and say what differs")
    parser.add_argument(
        "--no-tests", action="store_true", help="run no tests of what was built; an app is not imported"
    )


def shard(text: str) -> tuple[int, int]:
    """Return which of how many parts `text` says, as `2/3`."""
    index, sign, count = text.partition("/")
    if not sign or not index.isdecimal() or not count.isdecimal() or not 1 <= int(index) <= int(count):
        raise argparse.ArgumentTypeError("a part is I/N, I from 1 to N, such as 2/3")
    return int(index), int(count)


def add_runs(parser: argparse.ArgumentParser) -> None:
    """Add what `runs` takes."""
    parser.add_argument(
        "--limit", type=int, default=20, metavar="N", help="how many, newest first (default 20)"
    )
    parser.add_argument("show", nargs="*", metavar="show ID", help="replay one run")


def add_cancel(parser: argparse.ArgumentParser) -> None:
    """Add what `cancel` takes."""
    parser.add_argument("id", nargs="?", default="", help="a run's id, or an end of it")


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add what `policy` takes."""
    parser.add_argument("--file", default="", metavar="LINES", help="check: a file with a command a line")
    parser.add_argument("--yes", action="store_true", help="accept: without a question")
    parser.add_argument("words", nargs="*", metavar="WHAT", help=", ".join(rulings.WORDS))


def add_ledger(parser: argparse.ArgumentParser) -> None:
    """Add what `ledger` takes."""
    parser.add_argument("--kind", default="", metavar="KIND", help="show: only such rows, as install or undo")
    parser.add_argument(
        "-n", "--limit", type=int, default=20, metavar="N", help="show: how many, newest first (default 20)"
    )
    parser.add_argument("words", nargs="*", metavar="WHAT", help=", ".join(rows.WORDS))


def add_on(parser: argparse.ArgumentParser) -> None:
    """Add what `on` takes."""
    only = ("guard", "heal")
    parser.add_argument("--only", choices=only, help="the shell lines alone, or the cells alone")
    parser.add_argument(
        "--no-raise", action="store_true", help="let a cell go on after a command that failed"
    )
    parser.add_argument("--no-install", action="store_true", help="do not heal missing imports")
    add_run(parser)


def add_why(parser: argparse.ArgumentParser) -> None:
    """Add what `why` takes."""
    add_fixing(parser)


def add_nothing(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the verb has no options of its own."""
