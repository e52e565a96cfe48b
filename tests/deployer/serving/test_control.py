"""The socket for commands: lines of JSON, from this user."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from pathlib import Path

import pytest
import serviced

from autoexec_magic.deployer.serving import control
from autoexec_magic.errors import PhaseError, UsageError


async def handle(asked):
    """Answer with what was asked, or fail as it says."""
    if "fault" in asked:
        raise asked_fault(asked["fault"])
    return {"heard": asked}


def asked_fault(name: str) -> Exception:
    """Return a fault by its name."""
    return {
        "usage": UsageError("wrong", why="because", fix="so"),
        "phase": PhaseError("failed"),
        "disk": OSError(28, "No space left on device"),
        "key": KeyError("release_id"),
    }[name]


def talked(*lines: bytes) -> list[dict]:
    """Return the answers to lines."""

    async def talk() -> list[dict]:
        path = Path(os.path.relpath(talked.folder)) / "s"
        server = await control.listen(path, handle)
        reader, writer = await asyncio.open_unix_connection(path)
        found = []
        for line in lines:
            writer.write(line + b"\n")
            found.append(json.loads(await reader.readline()))
        talked.mode = stat.S_IMODE(path.stat().st_mode)
        writer.close()
        await writer.wait_closed()
        server.close()
        await asyncio.sleep(0.05)
        return found

    return serviced.in_loop(talk())


@pytest.fixture(autouse=True)
def _folder(tmp_path):
    talked.folder = tmp_path


def test_each_line_is_answered_by_a_line():
    assert talked(b'{"do": 1}', b'{"do": 2}') == [{"heard": {"do": 1}}, {"heard": {"do": 2}}]
    assert talked.mode == 0o600


def test_an_error_is_an_answer():
    assert talked(b'{"fault": "usage"}') == [
        {"error": {"code": "usage", "what": "wrong", "why": "because", "fix": "so"}}
    ]


@pytest.mark.parametrize("line", [b"nonsense", b"[]", b'{"fault": "key"}', b'{"fault": "disk"}', b"\xff"])
def test_what_fails_is_told_and_the_next_line_is_answered(line):
    fault, after = talked(line, b'{"do": 2}')
    assert fault["error"]["code"] == "phase-failed"
    assert fault["error"]["why"]
    assert after == {"heard": {"do": 2}}


def test_this_process_is_this_users():
    one, two = socket.socketpair()
    with one, two:
        assert control.is_ours(one)


def test_another_user_is_refused(monkeypatch):
    one, two = socket.socketpair()
    with one, two:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        assert not control.is_ours(one)
