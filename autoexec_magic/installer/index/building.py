"""Build an index from lists of files, and say what it covers.

`python -m autoexec_magic.installer.index.building --to PATH --from FILE…` is
how the shipped index is made; `%autoexec index build` is the same for an
organisation's own lists. Nothing is fetched.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from .contents import Lists, read
from .table import FORMAT, Row, write


def build(files: Sequence[Path], to: Path, *, origin: str = "") -> dict[str, str]:
    """Build an index and return what it says of itself.

    Parameters
    ----------
    files : sequence of Path, at least 1
        Lists, as `contents.read` takes them.
    to : Path
        The file to write.
    origin : str, optional
        Where the lists are from, in words; the files' names by default.

    Raises
    ------
    UsageError
        A list cannot be read, or the index cannot be written.
    """
    lists = read(files)
    rows = _rows(lists)
    heads = {
        "format": FORMAT,
        "date": datetime.now(UTC).date().isoformat(),
        "modules": str(len({row.module for row in rows})),
        "distributions": str(len({row.distribution for row in rows})),
        "sources": origin or ", ".join(lists.sources),
    }
    write(to, rows, heads)
    return heads


def _rows(lists: Lists) -> list[Row]:
    return [
        Row(module, distribution, lists.uses.get(distribution, 0), distribution in lists.apart)
        for module, distributions in lists.holders.items()
        for distribution in distributions
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Build the index that ships with the package."""
    parser = argparse.ArgumentParser(prog="index build", description=__doc__.partition("\n")[0])
    parser.add_argument("--from", dest="files", nargs="+", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--origin", default="")
    options = parser.parse_args(argv)
    heads = build(options.files, options.to, origin=options.origin)
    sys.stdout.write("".join(f"{key} {value}\n" for key, value in heads.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
