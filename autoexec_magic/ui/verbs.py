"""The verbs, once: one argparse tree for magic, command line, completion and help.

`parse` turns a line into a `Call`, a frozen value that knows which public
function to call; nothing here prints, and nothing calls `sys.exit`. Each verb
is a row of `VERBS`: its options and the one function of `api` that it means.
"""

from __future__ import annotations

import argparse
import functools
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from ..api import Caller
from ..builder import KINDS
from ..diagnosis.nearest import nearest
from ..errors import UsageError
from ..installer.language import LANGUAGES
from . import built, deploys, diagnoses, fixes, indexes, junits, options, rows, rulings, sought, speak, tested
from . import why as reasons
from .spoken import Spoken

MARK = "%%autoexec"
OPTIONS_OF_CELL = "%%autoexec [--timeout SECONDS] [--no-install] [--yes] [--fix]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A parsed line: the verb, its options, and the cell below it.

    `is_json` asks for records instead of text. `cell` is None for a line.
    `means` stands in for the function of the verb, where only the caller has it.
    """

    verb: str
    options: argparse.Namespace
    cell: str | None = None
    is_json: bool = False
    means: Callable[[Call, Caller], Spoken] | None = None

    def run(self, caller: Caller) -> Spoken:
        """Call the function this line means and return what there is to say."""
        return (self.means or VERBS[self.verb].run)(self, caller)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """A row of the table.

    `takes_line` verbs get the rest of a magic's line as it stands; with
    `line_after` only behind that word. `takes_after` verbs get what stands
    behind `--` apart, as `after`.
    """

    help: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Call, Caller], Spoken]
    takes_cell: bool = False
    takes_line: bool = False
    line_after: str = ""
    passes_on: bool = False
    takes_after: bool = False
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class _Parser(argparse.ArgumentParser):
    """A parser that raises instead of printing and leaving."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong, with the usage line."""
        verb = self.prog.rpartition(" ")[2]
        raise UsageError(message, why=_usage(self), fix=f"%autoexec {verb} --help".replace(f"{MARK} ", ""))


def parse(line: str | Sequence[str], cell: str | None = None) -> Call:
    """Return the call that `line` means.

    Parameters
    ----------
    line : str or sequence of str
        What stands after `%autoexec`; words where a shell has split them.
    cell : str, optional
        The cell below the line.

    Raises
    ------
    UsageError
        There is no such verb or option; with the usage line and the nearest one.
    """
    verb, rest = _first(line)
    if verb in ("", "-h", "--help"):
        return Call(verb="help", options=argparse.Namespace())
    if verb not in VERBS:
        raise _unknown(verb, cell)
    row = VERBS[verb]
    if cell is not None and not row.takes_cell:
        raise UsageError(f"{verb} takes no cell", fix=f"%autoexec {verb} with one %, on a line of its own")
    words, raw = _split(verb, rest)
    at = words.index("--") if row.takes_after and "--" in words else len(words)
    words, after = words[:at], words[at + 1 :]
    try:
        known, others = parser_of(verb).parse_known_args(words)
    except argparse.ArgumentError as error:
        raise UsageError(str(error), why=_usage(parser_of(verb)), fix=f"%autoexec {verb} --help") from error
    except options.HelpAsked as asked:
        return Call(verb="help", options=argparse.Namespace(text=str(asked)))
    known = _with_rest(verb, known, others, raw)
    known.after = after
    return Call(verb=verb, options=known, cell=cell, is_json=getattr(known, "json", False))


@functools.cache
def parser_of(verb: str) -> argparse.ArgumentParser:
    """Return the parser of one verb; made when it is needed first."""
    row = VERBS[verb]
    parser = _Parser(
        prog=f"autoexec {verb}",
        description=row.help,
        add_help=False,
        allow_abbrev=False,
        exit_on_error=False,
    )
    parser.add_argument(
        "-h", "--help", nargs=0, action=options.HelpAction, dest=argparse.SUPPRESS, help="show this help"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line, the result last")
    row.add(parser)
    return parser


def words_after(verb: str) -> list[str]:
    """Return what may follow `verb`: its options and fixed words, for completion."""
    options = [
        name for action in parser_of(verb)._actions for name in action.option_strings if name.startswith("--")
    ]
    fixed = [word for words in VERBS[verb].choices.values() for word in words]
    return sorted(options) + fixed


def usage() -> str:
    """Return the list of verbs, a line each."""
    lines = [f"{OPTIONS_OF_CELL}", "%autoexec VERB …", ""]
    width = max(map(len, VERBS))
    lines += [f"  {name:{width}}  {row.help}" for name, row in VERBS.items() if name != "help"]
    return "\n".join([*lines, "", "%autoexec VERB --help shows a verb's options"])


def cell_options(line: str) -> argparse.Namespace | None:
    """Return the options of a `%%autoexec` cell without a verb, or None if it has one.

    Raises
    ------
    UsageError
        An option is unknown or its value is wrong.
    options.HelpAsked
        `--help` is among them.
    """
    words = _words(line)
    if words and not words[0].startswith("-"):
        return None
    parser = _Parser(
        prog="%%autoexec",
        add_help=False,
        allow_abbrev=False,
        exit_on_error=False,
        usage=OPTIONS_OF_CELL.replace("%", "%%"),
    )
    parser.add_argument(
        "-h", "--help", nargs=0, action=options.HelpAction, dest=argparse.SUPPRESS, help="show this help"
    )
    options.add_timeout(parser)
    parser.add_argument("--no-install", action="store_true", help="do not heal missing imports")
    parser.add_argument("--yes", action="store_true", help="answer what is proved with yes")
    options.add_fixing(parser)
    try:
        return parser.parse_args(words)
    except argparse.ArgumentError as error:
        raise UsageError(str(error), why=_usage(parser), fix="%autoexec --help") from error


def _first(line: str | Sequence[str]) -> tuple[str, str | list[str]]:
    if isinstance(line, str):
        words = line.split(maxsplit=1)
        return (words or [""])[0], words[1].strip() if len(words) > 1 else ""
    return (line[0], list(line[1:])) if line else ("", [])


def _unknown(verb: str, cell: str | None) -> UsageError:
    near, _ = nearest(verb, VERBS, limit=1)  # nothing further: what is suggested may be run unread
    mark = "%autoexec" if cell is None else "%%autoexec"
    names = ", ".join(name for name in VERBS if name != "help")
    fix = f"{mark} {near[0]}" if near else f"{mark} --help"
    return UsageError(f"there is no verb {verb!r}", why=f"usage: {mark} VERB …, VERB one of {names}", fix=fix)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"cannot read {line!r}", why=str(error), fix="close the quotation") from error


def _split(verb: str, rest: str | list[str]) -> tuple[list[str], str | list[str] | None]:
    """Return the options in front, and what is not ours to parse (a command, pytest's options)."""
    row = VERBS[verb]
    if not row.takes_line or (row.line_after and row.line_after not in _plain(rest)[:1]):
        return (_words(rest) if isinstance(rest, str) else rest), None
    takes_value = {
        name for action in parser_of(verb)._actions if action.nargs != 0 for name in action.option_strings
    }
    words = [match.span() for match in re.finditer(r"\S+", rest)] if isinstance(rest, str) else []
    texts = [rest[a:b] for a, b in words] if isinstance(rest, str) else rest
    count, after = 0, row.line_after
    while count < len(texts) and (texts[count].startswith("-") or texts[count] == after):
        after = "" if texts[count] == after else after
        if texts[count] == "--":
            count += 1
            break
        count += 2 if texts[count] in takes_value else 1
    options = [text for text in texts[:count] if text != "--"]
    if isinstance(rest, str):
        return options, rest[words[count][0] :] if count < len(words) else ""
    return options, texts[count:]


def _plain(rest: str | list[str]) -> list[str]:
    """Return the words that are no options."""
    words = rest.split() if isinstance(rest, str) else rest
    return [word for word in words if not word.startswith("-")]


def _with_rest(
    verb: str, known: argparse.Namespace, others: list[str], raw: str | list[str] | None
) -> argparse.Namespace:
    row = VERBS[verb]
    if others and not row.passes_on:
        parser = parser_of(verb)
        options = [name for action in parser._actions for name in action.option_strings]
        known_by = {name.lstrip("-"): name for name in options}
        near = [known_by[name] for name in nearest(others[0].lstrip("-"), known_by, limit=1)[0]]
        raise UsageError(
            f"{verb} knows no {others[0]!r}",
            why=_usage(parser),
            fix=f"%autoexec {verb} {near[0]}" if near else f"%autoexec {verb} --help",
        )
    known.rest = raw if row.takes_line else others
    return known


def _usage(parser: argparse.ArgumentParser) -> str:
    return " ".join(parser.format_usage().split())


VERBS: Mapping[str, Verb] = {
    "on": Verb(
        help="every cell healed and diagnosed, and !, %%bash, %pip under the policy",
        add=options.add_on,
        run=speak.elsewhere,
        choices={"--only": ("guard", "heal")},
    ),
    "off": Verb(help="the notebook as it was before `on`", add=options.add_nothing, run=speak.elsewhere),
    "sh": Verb(
        help="run a command, streamed, under policy",
        add=options.add_sh,
        run=speak.sh,
        takes_cell=True,
        takes_line=True,
    ),
    "script": Verb(
        help="run the cell, or files, as a process of its own, diagnosed",
        add=options.add_script,
        run=speak.script,
        takes_cell=True,
        takes_after=True,
    ),
    "diagnose": Verb(
        help="say what went wrong in a log from anywhere: diagnose FILE, or < LOG",
        add=options.add_diagnose,
        run=diagnoses.diagnose,
        takes_cell=True,
    ),
    "install": Verb(help="install what is named, by proof", add=options.add_install, run=speak.install),
    "resolve": Verb(
        help="say what a module is; install nothing",
        add=options.add_resolve,
        run=speak.resolve,
        choices={"--lang": LANGUAGES},
    ),
    "fix": Verb(
        help="make a notebook or project importable, and write down what that takes",
        add=options.add_fix,
        run=fixes.fix,
        choices={"--export": fixes.FORMS},
    ),
    "scan": Verb(help="say what a file, notebook or tree imports", add=options.add_scan, run=sought.scan),
    "index": Verb(
        help="where modules come from: index show [MODULE], index build --from FILE …",
        add=options.add_index,
        run=indexes.index,
        choices={"words": indexes.WORDS},
    ),
    "test": Verb(
        help="run pytest, or the tests in the cell; pytest's own options pass through",
        add=options.add_test,
        run=tested.test,
        takes_cell=True,
        takes_after=True,
        passes_on=True,
    ),
    "junit": Verb(
        help="what reports hold, of any tool: junit FILES [--summary | --merge OUT | --compare OLD NEW]",
        add=junits.add_junit,
        run=junits.junit,
    ),
    "build": Verb(
        help="make a wheel, npm package, image or app: build [KIND …] [PATH]",
        add=options.add_build,
        run=built.build,
        choices={"words": (*KINDS, built.ALL)},
    ),
    "deploy": Verb(
        help="make a service live, gated by its health; undone when unwell",
        add=deploys.add_deploy,
        run=deploys.deploy,
    ),
    "rollback": Verb(
        help="make an older release live, by the same gate",
        add=deploys.add_rollback,
        run=deploys.rollback,
    ),
    "releases": Verb(
        help="the releases of a service, and how each fared", add=deploys.add_releases, run=deploys.releases
    ),
    "status": Verb(
        help="what is live, as its platform says, and whether it is well",
        add=deploys.add_releases,
        run=deploys.status,
    ),
    "logs": Verb(help="what a release wrote", add=deploys.add_logs, run=deploys.logs),
    "why": Verb(
        help="explain the last failure here, and fix it if asked to", add=options.add_why, run=reasons.why
    ),
    "runs": Verb(
        help="list the runs, or replay one: runs show ID",
        add=options.add_runs,
        run=speak.runs,
        choices={"show": ("show",)},
    ),
    "cancel": Verb(help="end a run", add=options.add_cancel, run=speak.cancel),
    "policy": Verb(
        help="why a command may or may not run: policy explain LINE",
        add=options.add_policy,
        run=rulings.policy,
        takes_line=True,
        line_after="explain",
        choices={"words": rulings.WORDS},
    ),
    "ledger": Verb(
        help="what was installed, for good; verify: is the record as it was written",
        add=options.add_ledger,
        run=rows.ledger,
        choices={"words": rows.WORDS},
    ),
    "config": Verb(help="the settings, and where each came from", add=options.add_nothing, run=speak.config),
    "doctor": Verb(help="what works on this machine", add=options.add_nothing, run=speak.doctor),
    "demo": Verb(help="see it at work: a notebook in a real kernel", add=options.add_nothing, run=speak.demo),
    "help": Verb(help="the verbs", add=options.add_nothing, run=speak.help_text),
}
