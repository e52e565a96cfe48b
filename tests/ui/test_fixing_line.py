"""`script --fix` on the command line: Ctrl-C while a model is asked, and a person at a terminal."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

COMMAND = [sys.executable, "-m", "autoexec_magic"]


@pytest.fixture
def silent():
    """Yield the address of a server that takes what is sent and says nothing."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1", server


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Return a folder with a script that fails."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.py").write_text("1 / 0\n")
    return folder


def test_ctrl_c_while_a_model_is_asked_ends_it_at_once(work, silent, monkeypatch):
    """Exit 130, the script's file as it was, and nothing is sent any more."""
    url, server = silent
    monkeypatch.setenv("AUTOEXEC_FIX_URL", url)
    monkeypatch.setenv("AUTOEXEC_FIX_MODEL", "m")
    words = ["script", "--file", "a.py", "--model", "--json"]
    with subprocess.Popen([*COMMAND, *words], cwd=work, stdout=subprocess.PIPE, text=True) as program:
        server.settimeout(60)
        talk, _ = server.accept()
        with talk:
            talk.recv(10)
            started = time.monotonic()
            program.send_signal(signal.SIGINT)
            said = program.communicate(timeout=30)[0]
            seconds = time.monotonic() - started
    records = [json.loads(line) for line in said.splitlines()]
    assert program.returncode == 130
    assert [record["outcome"] for record in records if record["kind"] == "FixTried"] == ["stopped"] * 2
    assert records[-1]["verdict"] == "cancelled"
    assert (work / "a.py").read_text() == "1 / 0\n"
    assert os.listdir(work) == ["a.py"]
    assert seconds < 20


@pytest.mark.parametrize(("typed", "is_written"), [("y\ny\n", True), ("y\nn\n", False)])
def test_a_person_at_a_terminal_sees_the_change_and_says_yes(work, monkeypatch, typed, is_written):
    """One yes runs it, another writes the file, and what it was is kept beside it."""
    (work / "a.py").write_text("pritn(1)\n")
    offer = (
        "import sys, dataclasses\n"
        "from autoexec_magic import diagnosis\n"
        "from autoexec_magic.values import Action, Frame\n"
        "real = diagnosis.diagnose_outcome\n"
        "def diagnose(outcome, **more):\n"
        "    found = real(outcome, **more)\n"
        "    action = Action(kind='replace', values=('pritn', 'print'))\n"
        "    return found and dataclasses.replace(found, action=action, frame=Frame(line=1))\n"
        "diagnosis.diagnose_outcome = diagnose\n"
        "from autoexec_magic.ui import cli\n"
        "sys.exit(cli.main(sys.argv[1:]))\n"
    )
    near, far = pty.openpty()
    words = [sys.executable, "-c", offer, "script", "--file", "a.py", "--fix"]
    with subprocess.Popen(
        words, cwd=work, stdin=far, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        os.write(near, typed.encode())
        said = program.communicate(timeout=60)[0]
    os.close(near)
    os.close(far)
    assert program.returncode == 0, said
    assert "run a.py with this change?" in said
    assert "+print(1)" in said
    assert ((work / "a.py").read_text() == "print(1)\n") is is_written
    assert (work / "a.py.before").exists() is is_written
