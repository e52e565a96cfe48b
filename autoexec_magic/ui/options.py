"""The options of each verb: what `add_VERB` adds to its parser, and the values they take."""

from __future__ import annotations

import argparse
from typing import NoReturn

from ..installer.language import LANGUAGES
from . import fixes, rows, rulings


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


def add_help(parser: argparse.ArgumentParser) -> None:
    """Add `-h` and `--help`."""
    hidden = argparse.SUPPRESS  # no value of its own among the options
    parser.add_argument("-h", "--help", nargs=0, action=HelpAction, dest=hidden, help="show this help")


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add the time limit."""
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="end it after this long")


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
    parser.add_argument("--pty", action="store_true", help="give it a terminal: colour, progress bars")


def add_script(parser: argparse.ArgumentParser) -> None:
    """Add what `script` takes."""
    add_run(parser)
    parser.add_argument(
        "--lang", default="", metavar="LANGUAGE", help="python or bash; else from the first line"
    )
    parser.add_argument("--file", default="", metavar="PATH", help="a script from a file instead of the cell")
    parser.add_argument("--no-install", action="store_true", help="do not heal missing imports")
    parser.add_argument("arguments", nargs="*", help="what the script finds after its own name")


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
    """Add what `test` takes."""
    add_timeout(parser)
    parser.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME",
        help="pass this environment variable on; * is a wildcard",
    )


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


def add_nothing(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the verb has no options of its own."""
