"""A built index on disk: sorted lines, looked up by bisection in a mapped file.

A lookup reads a dozen lines, whatever the size of the file; opening it reads
nothing. The format is text, so that a change to the shipped file can be read
in review:

- lines that begin with `#` come first, each `#KEY<TAB>VALUE`;
- then, sorted by their bytes, `MODULE<TAB>DISTRIBUTION<TAB>USES[<TAB>apart]`.

`apart` marks a distribution that is made for one system: of its name there may
be somebody else's project on an index.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError

FORMAT = "1"
APART = "apart"


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """`distribution` holds `module`; `uses` projects of others depend on it."""

    module: str
    distribution: str
    uses: int = 0
    is_apart: bool = False


class Table:
    """An index file, mapped when it is first asked.

    Parameters
    ----------
    path : Path
        The file; one that is not there is an empty index.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._bytes: mmap.mmap | bytes = self._mapped()

    def rows(self, module: str) -> tuple[Row, ...]:
        """Return the rows of exactly `module`, in the order of the file."""
        return tuple(self._from(f"{module}\t".encode()))

    def below(self, package: str) -> bool:
        """Whether a part of the namespace `package` has a row of its own."""
        return next(self._from(f"{package}.".encode()), None) is not None

    def all_rows(self) -> Iterator[Row]:
        """Yield every row, in the order of the file."""
        return self._from(b"")

    def heads(self) -> dict[str, str]:
        """Return what the file says of itself: date, sources, coverage."""
        heads: dict[str, str] = {}
        for line in _lines(self._bytes, 0):
            if not line.startswith("#"):
                break
            key, _, value = line[1:].partition("\t")
            heads[key] = value
        return heads

    def _mapped(self) -> mmap.mmap | bytes:
        try:
            with self.path.open("rb") as stream:
                if not os.fstat(stream.fileno()).st_size:
                    return b""
                return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise UsageError(
                f"cannot read the index {self.path}", why=str(error), fix="%autoexec index build --from FILE"
            ) from error

    def _from(self, prefix: bytes) -> Iterator[Row]:
        """Yield the rows whose line begins with `prefix`."""
        data = self._bytes
        low, high = 0, len(data)
        while low < high:  # the first line that is not below the prefix begins at or after `low`
            middle = (low + high) // 2
            start = data.rfind(b"\n", 0, middle) + 1
            end = data.find(b"\n", middle)
            end = len(data) if end < 0 else end
            if data[start:end] < prefix:
                low = end + 1
            else:
                high = start
        for line in _lines(data, low):
            if not line.encode().startswith(prefix):
                return
            row = _row(line)
            if row:
                yield row


def write(path: Path, rows: Iterable[Row], heads: dict[str, str]) -> None:
    """Write an index as a whole: readers see the old file or the new one.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    lines = sorted({_line(row).encode() for row in rows})
    head = "".join(f"#{key}\t{' '.join(value.split())}\n" for key, value in heads.items()).encode()
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with part.open("xb") as stream:
            stream.write(head + b"".join(line + b"\n" for line in lines))
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        raise UsageError(
            f"cannot write the index {path}", why=str(error), fix="%autoexec index build … --to PATH"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _line(row: Row) -> str:
    return "\t".join([row.module, row.distribution, str(row.uses), *([APART] if row.is_apart else [])])


def _lines(data: mmap.mmap | bytes, start: int) -> Iterator[str]:
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        yield data[start:end].decode("utf-8", "replace")
        start = end + 1


def _row(line: str) -> Row | None:
    """Return the row of a line, or None where somebody damaged it."""
    fields = line.split("\t")
    if len(fields) < 3 or not fields[2].isdigit():
        return None
    return Row(fields[0], fields[1], int(fields[2]), APART in fields[3:])
