"""What the verbs `deploy`, `rollback`, `releases`, `status` and `logs` take, call and say."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .. import api
from ..api import Caller
from ..errors import PolicyRefused, UsageError
from ..orchestrator import Report
from ..releases import Listed, Standing
from ..values import Question, Result, Verdict
from .options import count, seconds
from .releaserows import change_lines, change_record, listed_lines, release_record, standing_lines
from .spoken import Spoken

if TYPE_CHECKING:
    from .verbs import Call

_LINES = 40
_TARGETS = ("local", "docker", "kubernetes", "aws", "gcp")


def add_deploy(parser: argparse.ArgumentParser) -> None:
    """Add what `deploy` takes."""
    _add_service(parser)
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    parser.add_argument(
        "--resume", action="store_true", help="finish what a deploy that died, or waits, has left"
    )
    parser.add_argument("--abort", action="store_true", help="take back what such a deploy has left")
    parser.add_argument(
        "--break-lock", default="", metavar="REASON", help="take the lock from another deploy that hangs"
    )
    parser.add_argument("--yes", action="store_true", help="answer what is asked with yes")
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="of each process of the build")
    parser.add_argument("--name", default="", help="the service's; by default the notebook's or folder's")
    parser.add_argument("--image", default="", metavar="NAME", help="an image that is there already")
    parser.add_argument(
        "--manifest", default="", metavar="PATH", help="Kubernetes: a file or folder with your own manifests"
    )
    parser.add_argument("--command", default="", metavar="WORDS", help="what runs")
    parser.add_argument("--port", type=count, metavar="PORT", help="where people reach it; else a free one")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a variable that it gets; no secret"
    )
    parser.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="NAME=WHERE",
        help="a variable whose value is kept elsewhere: env:NAME or file:PATH",
    )
    parser.add_argument("--replicas", type=int, metavar="N", help="how many of it run")
    parser.add_argument("--memory", default="", metavar="SIZE", help="of each, as 512M")
    parser.add_argument("--health", default="", metavar="PATH", help="what answers when it is well: /health")
    for name, words in (
        ("start", "in which it has to become well"),
        ("bake", "for which it has to stay well"),
        ("step", "that each step of a canary lasts"),
    ):
        parser.add_argument(f"--{name}", type=_seconds, metavar="SECONDS", help=f"seconds {words}")
    parser.add_argument(
        "--canary",
        nargs="?",
        const="10,50",
        default="",
        metavar="PERCENTS",
        help="first a part of the traffic",
    )
    parser.add_argument("--pause", action="store_true", help="wait for --resume after a canary's first step")
    parser.add_argument("--prometheus", default="", metavar="URL", help="a server that --query is put to")
    parser.add_argument("--query", default="", metavar="PROMQL", help="what says whether a canary is well")
    for name, words in (("most", "highest"), ("least", "lowest")):
        parser.add_argument(
            f"--query-{name}", type=float, metavar="NUMBER", help=f"the {words} value of it that is well"
        )


def add_rollback(parser: argparse.ArgumentParser) -> None:
    """Add what `rollback` takes."""
    _add_service(parser)
    parser.add_argument(
        "--to",
        default="",
        metavar="RELEASE",
        help="which one: its id, or the end of it; `nothing` takes the service away",
    )
    parser.add_argument("--yes", action="store_true", help="roll back to the last good one, unasked")


def add_releases(parser: argparse.ArgumentParser) -> None:
    """Add what `releases` and `status` take."""
    _add_service(parser)


def add_logs(parser: argparse.ArgumentParser) -> None:
    """Add what `logs` takes."""
    _add_service(parser)
    parser.add_argument("--release", default="", metavar="RELEASE", help="which one; by default what is live")
    parser.add_argument("--lines", type=count, default=_LINES, metavar="N", help=f"the last ones ({_LINES})")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with those that come")


def deploy(call: Call, caller: Caller) -> Spoken:
    """Make it live, or show what that would change."""
    options = call.options
    report = api.deploy(
        options.what,
        given=given_of(options),
        dry_run=options.dry_run,
        resume=options.resume,
        abort=options.abort,
        break_lock=options.break_lock,
        timeout=options.timeout,
        yes=options.yes,
        caller=caller,
    )
    return _spoken("deploy", report)


def rollback(call: Call, caller: Caller) -> Spoken:
    """Make an older release live; without one, ask which, and nothing is done before a yes."""
    options, given = call.options, _target_of(call.options)
    to = options.to
    if not to and not options.yes:
        to = _asked(options.what, given, caller)
    report = api.rollback(options.what, to=to, given=given, yes=options.yes, caller=caller)
    return _spoken("rollback", report)


def releases(call: Call, caller: Caller) -> Spoken:
    """List the releases of a service."""
    found = api.releases(call.options.what, given=_target_of(call.options), caller=caller)
    result = Result(verb="releases", verdict=Verdict.PASSED, added={"releases": len(found)})
    text = "\n".join(listed_lines(found)) if found else "nothing was deployed yet"
    records = tuple(release_record(each) for each in found)
    return Spoken(result=result, value=found, text=text, records=records)


def status(call: Call, caller: Caller) -> Spoken:
    """Say how a service stands."""
    found = api.status(call.options.what, given=_target_of(call.options), caller=caller)
    is_well = found.live is not None and not found.unwell and not found.drift
    verdict = Verdict.PASSED if is_well else Verdict.FAILED
    result = Result(verb="status", verdict=verdict, added=_standing_record(found))
    return Spoken(result=result, value=found, text="\n".join(standing_lines(found)))


def logs(call: Call, caller: Caller) -> Spoken:
    """Show what a release wrote."""
    options = call.options
    lines = api.logs(
        options.what,
        release=options.release,
        lines=options.lines,
        follow=options.follow,
        given=_target_of(options),
        caller=caller,
    )
    result = Result(verb="logs", verdict=Verdict.PASSED)
    if not options.follow:
        found = list(lines)
        records: tuple[dict[str, object], ...] = tuple({"kind": "Line", "text": line} for line in found)
        return Spoken(result=result, value=found, text="\n".join(found), records=records)
    try:
        for line in lines:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    except KeyboardInterrupt:  # the usual end of following
        pass
    return Spoken(result=result)


def given_of(options: argparse.Namespace) -> dict[str, object]:
    """Return what a line says of the service, by the names of its settings."""
    found: dict[str, object] = _target_of(options)
    for name in ("name", "image", "manifest", "memory", "health", "prometheus", "query"):
        if getattr(options, name):
            found[name] = getattr(options, name)
    for name in ("port", "replicas", "start", "bake", "step", "query-most", "query-least"):
        value = getattr(options, name.replace("-", "_"))
        if value is not None:
            found[name] = value
    if options.command:
        found["command"] = _words(options.command)
    for option, name in (("set", "env"), ("secret", "secrets")):
        if getattr(options, option):
            found[name] = dict(_pair(each, f"--{option}") for each in getattr(options, option))
    if options.canary:
        found["canary"] = [_number(each) for each in options.canary.split(",")]
    if options.pause:
        found["pause"] = True
    return found


def _add_service(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        nargs="?",
        default="",
        metavar="SERVICE",
        help="a name in the settings, a notebook or a folder",
    )
    parser.add_argument(
        "--target", choices=_TARGETS, default="", help="where; by default as the settings say"
    )


def _target_of(options: argparse.Namespace) -> dict[str, object]:
    return {"target": options.target} if options.target else {}


def _asked(what: str, given: Mapping[str, object], caller: Caller) -> str:
    """Return the release that a person wants back, by what is known of each."""
    found = api.releases(what, given=given, caller=caller)
    choices = [each for each in found if each.deployed.is_good and not each.is_live]
    if not choices:
        raise UsageError(
            "there is no release to go back to",
            why="none but what is live has passed its gate",
            fix="%autoexec deploy",
        )
    newest = choices[0].deployed.release
    question = Question(
        text=f"roll {newest.service} back to release {newest.release_id[-8:]} ?",
        evidence=tuple(line.strip() for line in listed_lines(choices)),
        fix=f"%autoexec rollback {newest.service} --to {newest.release_id[-8:]}",
    )
    if not caller.ask(question):
        raise PolicyRefused("nothing was rolled back", why="a person said no")
    return newest.release_id


def _spoken(verb: str, report: Report) -> Spoken:
    deployed = report.deployed
    listed = (Listed(deployed=each, is_live=each.code == "deployed") for each in deployed)
    records = tuple(map(release_record, listed))
    records += tuple(change_record(each) for each in report.changes)
    text = "" if deployed else "\n".join(change_lines(report.changes))
    added: dict[str, object] = (
        {"changes": len(report.changes)} if not deployed else {"release": deployed[0].release.release_id}
    )
    result = Result(
        verb=verb, verdict=report.verdict, run_id=report.run_id, seconds=report.seconds, added=added
    )
    return Spoken(result=result, value=list(deployed or report.changes), text=text, records=records)


def _standing_record(found: Standing) -> dict[str, object]:
    live = found.live
    return {
        "service": found.service,
        "target": found.target,
        "release_id": live.release_id if live else "",
        "digest": live.digest if live else "",
        "shares": dict(live.shares) if live else {},
        "unwell": found.unwell,
        "drift": list(found.drift),
        "address": found.address,
        "left": found.left.at_step if found.left else "",
        "unread": found.unread,
    }


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError("--command cannot be read", why=str(error), fix="close the quotation") from error


def _pair(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise UsageError(f"{option} takes NAME=…", why=f"{name!r} has no =", fix=f"{option} {name}=…")
    return name, value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no percent", fix="--canary 10,50") from error


def _seconds(text: str) -> float:
    """Return seconds, 0 among them."""
    convert: Callable[[str], float] = seconds
    return 0.0 if text == "0" else convert(text)
