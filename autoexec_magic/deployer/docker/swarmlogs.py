"""The logs of a Swarm's service, as a stream that can be ended while somebody waits for more of it.

docker-py's own leaves no way to end it: who follows a service that says nothing
would wait for ever, and its connection would stay open.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from ... import dockerengine
from ...dockerengine import Client

_HEADER = struct.Struct(">BxxxL")  # the stream's number, and how many bytes follow (Engine API, "attach")


def opened(client: Client, name: str, *, lines: int, follow: bool) -> Any:
    """Return what the tasks of a service wrote last, and then what they write, as pieces of bytes.

    It has a `close`, which ends it from whichever thread. The errors are the engine's.
    """
    from docker.types import CancellableStream

    asked = {"stdout": True, "stderr": True, "follow": follow, "tail": lines}
    answer = client.get(
        f"{client.base_url}/v{client.api_version}/services/{name}/logs",
        params={key: str(value).lower() for key, value in asked.items()},
        stream=True,
        timeout=(client.timeout, None if follow else client.timeout),
    )
    try:
        answer.raise_for_status()
    except dockerengine.failures():
        answer.close()
        raise
    return CancellableStream(_pieces(answer), answer)


def read(client: Client, name: str, *, lines: int) -> bytes:
    """Return what the tasks of a service wrote last; each has its last `lines` in it."""
    stream = opened(client, name, lines=lines, follow=False)
    try:
        return b"".join(stream)
    finally:
        stream._response.close()


def _pieces(answer: Any) -> Iterator[bytes]:
    while len(header := answer.raw.read(_HEADER.size)) == _HEADER.size:
        yield answer.raw.read(_HEADER.unpack(header)[1])
