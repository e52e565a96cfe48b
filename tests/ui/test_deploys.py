"""The verbs of a deploy on a line: what they take, call and say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from deployer.notebooks import note
from deployer.traffic import said

from autoexec_magic import api
from autoexec_magic.deployer.serving.client import Serving
from autoexec_magic.errors import NeedsPerson, PolicyRefused, UsageError
from autoexec_magic.ui import verbs
from autoexec_magic.ui.deploys import given_of
from autoexec_magic.values import Reply, Verdict

QUICK = "--bake 0"


@pytest.fixture
def project(tmp_path, monkeypatch) -> Iterator[Path]:
    """Return a project with a notebook, deployed twice; it is taken away."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    folder = tmp_path / "project"
    note(folder)
    (folder / "pyproject.toml").touch()
    monkeypatch.chdir(folder)
    yield folder
    Serving(tmp_path / "data" / "local" / "colors" / "serving").end()


def say(line: str, ask=api.nobody):
    return verbs.parse(line).run(api.Caller(ask=ask))


def test_a_line_says_what_the_service_is():
    """By the names of the settings; what is not said is not there."""
    options = verbs.parse(
        "deploy web --target docker --set A=1 --set B=x=y --secret K=env:K --canary --pause --bake 0"
        " --manifest k8s --command 'run it' --prometheus http://p --query 'a b' --query-most 0"
        " --query-least -1.5"
    ).options
    assert given_of(options) == {
        "target": "docker",
        "env": {"A": "1", "B": "x=y"},
        "secrets": {"K": "env:K"},
        "canary": [10.0, 50.0],
        "pause": True,
        "bake": 0.0,
        "manifest": "k8s",
        "command": ["run", "it"],
        "prometheus": "http://p",
        "query": "a b",
        "query-most": 0.0,
        "query-least": -1.5,
    }
    assert given_of(verbs.parse("deploy web").options) == {}


@pytest.mark.parametrize("line", ["deploy web --set A", "deploy web --canary x", "deploy web --target moon"])
def test_what_cannot_be_is_told(line):
    """With what to type."""
    with pytest.raises(UsageError) as caught:
        given_of(verbs.parse(line).options)
    assert caught.value.fix


def test_help_opens_no_connection(monkeypatch):
    """It says what there is, and asks nobody."""
    import socket

    monkeypatch.setattr(socket, "socket", None)
    for verb in ("deploy", "rollback", "releases", "status", "logs"):
        assert f"usage: autoexec {verb}" in verbs.parse(f"{verb} --help").options.text


@pytest.mark.limit(180)
def test_from_the_first_line_to_the_last(project):
    """Deployed, shown, asked about, rolled back, taken away: as people and as machines read it."""
    spoken = say(f"deploy colors.ipynb {QUICK}")
    assert [each["kind"] for each in spoken.records] == ["Release"]
    assert spoken.records[0]["verdict"] == "deployed"
    dry = say("deploy colors.ipynb --set COLOR=blue --dry-run")
    assert dry.text.splitlines() == ["1 field would change:", "  env.COLOR  (none) → blue"]
    assert dry.records == ({"kind": "Change", "name": "env.COLOR", "now": "", "new": "blue"},)
    assert say("deploy colors.ipynb --dry-run").text == "nothing would change"
    say(f"deploy colors.ipynb --set COLOR=blue {QUICK}")
    listed = say("releases colors")
    assert [line[0] for line in listed.text.splitlines()] == ["→", " "]
    assert [each["live"] for each in listed.records] == [True, False]
    standing = say("status colors")
    assert standing.text.splitlines()[0].endswith(", well")
    address = standing.result.added["address"]
    with pytest.raises(NeedsPerson) as caught:
        say("rollback colors")
    assert caught.value.fix.startswith("%autoexec rollback colors --to ")
    with pytest.raises(PolicyRefused, match="nothing was rolled back"):
        say("rollback colors", ask=lambda question: Reply.NO)
    assert said(address)["version"] == "blue"
    say("rollback colors", ask=lambda question: Reply.YES)
    assert said(address)["version"] == "green"
    assert "GET /health" in say("logs colors --lines 5").text
    assert say("rollback colors --to nothing").records[0]["verdict"] == "withdrawn"
    nothing = say("status colors")
    assert (nothing.text, nothing.result.verdict) == ("colors on local: nothing is live", Verdict.FAILED)


@pytest.mark.limit(180)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_command_ends_with_what_is_live(project, number):
    """It was taken back, and the last lines say what is live, and what to type."""
    say(f"deploy colors.ipynb {QUICK}")
    words = [
        sys.executable,
        "-m",
        "autoexec_magic",
        "deploy",
        "colors.ipynb",
        "--bake",
        "600",
        "--set",
        "COLOR=blue",
    ]
    child = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env={**os.environ})
    assert child.stderr is not None
    for line in child.stderr:
        if "switch" in line:
            child.send_signal(number)
            break
    told = child.communicate(timeout=60)[1]
    assert child.returncode == (130 if number == signal.SIGINT else -number)
    assert "cancelled: the deploy of colors was stopped" in told
    assert "is live again" in told
    assert "status colors" in told
    assert say("status colors").result.verdict == Verdict.PASSED
