"""Takes commands on a unix socket: one JSON object a line each way, from this user alone."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ...errors import AutoexecError, PhaseError

MOST_BYTES = 4 * 2**20  #: of a line
_CREDENTIALS = struct.Struct("3i")  # unix(7): pid, uid, gid

Handle: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


async def listen(path: Path, handle: Handle) -> asyncio.Server:
    """Take commands at `path` from now on.

    Parameters
    ----------
    handle : callable
        Gets the object of a line, and returns what is answered; an `AutoexecError`
        that it raises is the answer, too.

    Raises
    ------
    OSError
        The socket cannot be made.
    """

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if is_ours(writer.get_extra_info("socket")):
                await _answer(reader, writer, handle)
        except (OSError, ValueError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_unix_server(connected, path, limit=MOST_BYTES)
    path.chmod(0o600)
    return server


def is_ours(connection: Any) -> bool:
    """Whether a process of this user is at the other end of a unix socket."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder is this user's alone
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(found)[1] == os.geteuid())


def to_json(error: AutoexecError) -> dict[str, Any]:
    """Return an error as it goes over the socket."""
    return {"error": {"code": error.code, "what": error.what, "why": error.why, "fix": error.fix}}


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handle) -> None:
    while line := await reader.readline():
        try:
            asked = json.loads(line)
            if not isinstance(asked, dict):
                raise TypeError("a command is an object")
            answer = await handle(asked)
        except AutoexecError as error:
            answer = to_json(error)
        except (ValueError, KeyError, TypeError) as error:
            answer = to_json(PhaseError("the command is not understood", why=repr(error)))
        except OSError as error:
            answer = to_json(PhaseError("the command could not be carried out", why=str(error)))
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
