"""How much is stopped, and how much is let through: lines of people who had not seen the policy.

The figures here are floors: they may rise, and whoever lets one fall sees it. A
twin looks like an attack and does no harm; many of them need a shell, or are code
in the command line, and are asked about for that.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from autoexec_magic.errors import AutoexecError
from autoexec_magic.executor import lines
from autoexec_magic.executor.policy import DEFAULT, Roots, parse, verdict
from autoexec_magic.executor.policy.tree import Shell

DATA = Path(__file__).parents[2] / "data" / "policy"
STOPPED_SHARE, ALLOWED_SHARE, TWINS_SHARE = 0.967, 0.862, 0.42
HOME = Path("/home/ada")  # whatever the home of who runs the tests is
PRIVATE = (Path("/srv/outside/kernel.json"),)  # as that of the kernel that runs the line is
CANARIES = {
    "{outside}": "/srv/outside",
    "{home}": str(HOME),
    "{host}": "127.0.0.1",
    "{port}": "40001",
    "{udp}": "40002",
    "{socket}": "/srv/outside/socket",
    "{pid}": "4242",
    "{kernelfile}": "/srv/outside/kernel.json",
}


@pytest.fixture(autouse=True)
def every_program(monkeypatch):
    """Have a machine that has every program, where programs live."""
    monkeypatch.setattr(verdict, "find", lambda name, environment, cwd: Path("/usr/bin") / name)


def records(name: str) -> list[dict[str, object]]:
    """Return the records of a file."""
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def answer(line: str) -> str:
    """Return what the policy says of a line, in a workspace that is no temporary folder."""
    workspace = Path("/srv/project")
    judge = lines.Judge(rules=DEFAULT, roots=Roots(workspace=workspace, home=HOME, private=PRIVATE), ask=None)
    place = lines.Place(cwd=workspace, environment={"HOME": str(HOME)})
    try:
        found = parse(line)
        if isinstance(found, Shell):
            return "ask"
        told = [one.verdict.answer for one in judge.verdicts(found, place)]
    except AutoexecError:
        return "refuse"
    return "refuse" if "refuse" in told else "ask" if "ask" in told else "allow"


def test_of_the_attacks_this_share_is_stopped():
    """Refused, or asked about: never silently run."""
    attacks = records("attacks.jsonl")
    answers = Counter()
    for record in attacks:
        line = str(record["line"])
        for name, canary in CANARIES.items():
            line = line.replace(name, canary)
        answers[answer(line)] += 1
    assert len(attacks) >= 300
    assert 1 - answers["allow"] / len(attacks) >= STOPPED_SHARE, answers


def test_of_the_twins_this_share_is_not_asked_about():
    """What merely looks like an attack."""
    twins = [str(record["twin"]) for record in records("attacks.jsonl") if record.get("twin")]
    answers = Counter(map(answer, twins))
    assert len(twins) >= 300
    assert answers["allow"] / len(twins) >= TWINS_SHARE, answers


def test_of_the_ordinary_lines_this_share_is_not_asked_about():
    """A policy that nags is switched off."""
    ordinary = records("ordinary.jsonl")
    answers = Counter(answer(str(record["line"])) for record in ordinary)
    assert len(ordinary) >= 300
    assert answers["allow"] / len(ordinary) >= ALLOWED_SHARE, answers


@pytest.mark.parametrize("name", ["attacks.jsonl", "ordinary.jsonl"])
def test_each_line_is_another_one(name):
    """By its name and by what it says."""
    found = records(name)
    for field in ("id", "line"):
        assert max(Counter(str(record[field]) for record in found).values()) == 1
