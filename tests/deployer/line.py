"""A line to a platform's API that can be cut: broken off, or silent as where packets are lost."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from typing import Literal

Cut = Literal["broken", "silent"]
_PIECE = 1 << 16


class Line:
    """A port of this machine that leads to `to`: host and port, or the path of a socket.

    `felt` counts what a cut hit: connections that broke or were refused, and
    pieces that were held up.
    """

    def __init__(self, to: tuple[str, int] | str) -> None:
        self.to = to
        self.felt = 0
        self._cut: Cut | None = None
        self._ends = False
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._door, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self) -> Line:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends = True
        self._thread.join(10)
        self._break_all()
        self._door.close()
        self._selector.close()

    def cut(self, way: Cut, seconds: float) -> threading.Timer:
        """Cut it for a while; what is returned mends it, and can be joined."""
        self._cut = way
        mends = threading.Timer(seconds, self._mend)
        mends.start()
        return mends

    def _mend(self) -> None:
        self._cut = None

    def _carry(self) -> None:
        while not self._ends:
            if self._cut == "broken":
                self._break_all()
            if self._cut == "silent":
                self.felt += bool(self._selector.select(0))
                time.sleep(0.02)
                continue
            for key, _ in self._selector.select(0.02):
                if key.fileobj is self._door:
                    self._begin()
                elif isinstance(key.fileobj, socket.socket):
                    self._pass_on(key.fileobj)

    def _begin(self) -> None:
        near, _ = self._door.accept()
        if self._cut == "broken":
            self.felt += 1
            near.close()
            return
        try:
            if isinstance(self.to, str):
                far = socket.socket(socket.AF_UNIX)
                far.connect(self.to)
            else:
                far = socket.create_connection(self.to, 10)
        except OSError:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            self._pairs[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, one: socket.socket) -> None:
        other = self._pairs.get(one)
        if other is None:
            return  # its other end was closed in the same round
        try:
            piece = one.recv(_PIECE)
            if piece:
                other.sendall(piece)
                return
        except OSError:
            pass
        self._close(one)

    def _close(self, one: socket.socket) -> None:
        for each in (one, self._pairs[one]):
            self._selector.unregister(each)
            del self._pairs[each]
            with contextlib.suppress(OSError):
                each.close()

    def _break_all(self) -> None:
        while self._pairs:
            self.felt += 1
            self._close(next(iter(self._pairs)))
