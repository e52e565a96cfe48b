"""What the cage kept tests from is said of them, with the option that would allow it; nothing else is."""

from __future__ import annotations

import pytest

from autoexec_magic import api
from autoexec_magic.casefacts import CaseFailure
from autoexec_magic.errors import CasesFailed
from autoexec_magic.events import CaseFinished, CausesFound
from autoexec_magic.executor.cage import SHUT, Doors
from autoexec_magic.orchestrator.denied import Denials, fix_of

LEAN = ("-p", "no:cacheprovider")
SOCKETS = """
import os, socket

def test_listens():
    socket.create_server(("127.0.0.1", 0)).close()
def test_unix(tmp_path):
    socket.socket(socket.AF_UNIX).bind(str(tmp_path / "s"))
def test_well(): pass
"""


def run(tmp_path, text, **more):
    """Run tests in the cage, which must fail; return the error and the events."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "test_x.py").write_text(text)
    events = []
    with pytest.raises(CasesFailed) as caught:
        api.test(*LEAN, level="workspace", caller=api.Caller(cwd=tmp_path, emit=events.append), **more)
    return caught.value, events


def test_sockets_name_their_option(tmp_path):
    """Tests that open sockets are told which options allow it, each by itself and all in the end."""
    error, events = run(tmp_path, SOCKETS)
    failures = {
        event.nodeid.partition("::")[2]: event.failure
        for event in events
        if isinstance(event, CaseFinished) and event.failure
    }
    assert failures["test_listens"].fix == "add --net all, if the tests may have that"
    assert failures["test_listens"].why == "the cage does not let a run listen for connections"
    assert failures["test_unix"].fix == "add --unix, if the tests may have that"
    assert {failure.cls for failure in failures.values()} == {"environment"}
    assert error.fix == "add --net all --unix, if the tests may have that"
    assert error.why.startswith("2 failed, 1 passed; the cage does not let a run")
    assert set(error.report.classes.values()) == {"environment"}
    (found,) = [event for event in events if isinstance(event, CausesFound)]
    assert {cause.cls for cause in found.causes} == {"environment"}
    assert all("--net all" in cause.fix or "--unix" in cause.fix for cause in found.causes)


def test_what_is_let_through_is_not_denied(tmp_path):
    """With the doors open the same tests pass."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "test_x.py").write_text(SOCKETS)
    doors = Doors(net="all", unix=True)
    caller = api.Caller(cwd=tmp_path)
    report = api.test(*LEAN, level="workspace", doors=doors, caller=caller)
    assert [case.verdict for case in report.cases] == ["passed"] * 3


def test_one_denial_is_the_diagnosis(tmp_path):
    """Of the one failure that there is the diagnosis is what the cage denied."""
    error, _ = run(tmp_path, "import socket\ndef test_a(): socket.socket()\n")
    assert error.report.diagnosis.fix == "add --net all, if the tests may have that"


@pytest.mark.parametrize(
    "text",
    [
        "assert socket.socket() == 'Operation not permitted'",
        "raise RuntimeError('socket: Operation not permitted')",
        "raise PermissionError(13, 'Permission denied', 'a.txt')",
    ],
)
def test_what_only_speaks_of_it(tmp_path, text):
    """A failure that only has the words of a denial keeps its own cause."""
    socket = "class socket:\n    socket = staticmethod(lambda: 1)\n"
    error, _ = run(tmp_path, f"{socket}def test_a():\n    {text}\n")
    assert "--net" not in error.fix


@pytest.mark.parametrize(
    ("level", "doors", "is_denied"),
    [
        ("workspace", SHUT, True),
        ("sealed", SHUT, True),
        ("open", SHUT, False),
        ("workspace", Doors(net="all"), False),
    ],
)
def test_the_cage_is_blamed_for_what_it_shuts(level, doors, is_denied):
    """Without a cage, or with the door open, it was something else."""
    text = ">   socket.socket()\nE   PermissionError: [Errno 1] Operation not permitted\n"
    told = []
    denials = Denials(emit=told.append, level=level, doors=doors)
    denials.tell(CaseFinished(nodeid="a", verdict="failed", seconds=0.0, failure=CaseFailure(text=text)))
    assert bool(denials.found) is is_denied
    assert ("the cage" in told[0].failure.why) is is_denied


def test_a_terminal_needs_no_cage(tmp_path):
    """Tests are never given a terminal, so no door is named that would not help."""
    denials = Denials(emit=lambda event: None, level="workspace", doors=SHUT)
    text = ">       os.openpty()\nE       PermissionError: [Errno 13] Permission denied\n"
    denial = denials.denial(text)
    assert denial is not None
    assert fix_of([denial]).startswith("add --cage open")
