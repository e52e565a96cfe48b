"""Write to stdout and stderr exactly what the arguments say, in their order.

`o:HEX` and `e:HEX` write bytes in one call, `p:SECONDS` pauses, `w:PATH` waits
until PATH exists, `x:CODE` leaves at once, without any clean-up.
"""

from __future__ import annotations

import os
import sys
import time

STDOUT, STDERR = 1, 2
POLL_SECONDS = 0.005
PATIENCE_SECONDS = 30.0


def write(fd: int, data: bytes) -> None:
    """Write all of `data`, in one call where the pipe takes it."""
    while data:
        data = data[os.write(fd, data) :]


def wait_for(path: str) -> None:
    """Return once `path` exists; give up by an exit code after a while."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while not os.path.exists(path):
        if time.monotonic() > limit:
            sys.exit("nobody answered")
        time.sleep(POLL_SECONDS)


def main(steps: list[str]) -> None:
    """Follow `steps`."""
    for step in steps:
        kind, _, value = step.partition(":")
        if kind == "o":
            write(STDOUT, bytes.fromhex(value))
        elif kind == "e":
            write(STDERR, bytes.fromhex(value))
        elif kind == "p":
            time.sleep(float(value))
        elif kind == "w":
            wait_for(value)
        elif kind == "x":
            os._exit(int(value))
        else:
            sys.exit(f"no such step: {step}")


if __name__ == "__main__":
    main(sys.argv[1:])
