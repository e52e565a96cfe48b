"""What a person lets through a cage: ports, unix sockets, places to read and to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError
from .request import CageRequest, Net, Wanted

_PORTS = "numbers from 1 to 65535 with commas between, or all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The doors opened in a cage; each as in `CageRequest`."""

    net: Net = "none"
    unix: bool = False
    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()

    def options(self) -> tuple[str, ...]:
        """Return the options that open them, as they are typed."""
        found = []
        if self.net not in ("none", ()):
            found.append(f"--net {self.net if isinstance(self.net, str) else ','.join(map(str, self.net))}")
        found += ["--unix"] if self.unix else []
        found += [f"--read {path}" for path in self.read]
        return (*found, *(f"--write {path}" for path in self.write))

    def request(self, level: Wanted, workspace: Path) -> CageRequest:
        """Return the request for a cage of `level` with these doors open."""
        return CageRequest(
            level=level,
            workspace=workspace,
            net=self.net,
            unix=self.unix,
            read=self.read,
            write=self.write,
        )


SHUT = Doors()  #: nothing is let through


def doors_of(
    *,
    net: str = "",
    unix: bool = False,
    read: Sequence[str] = (),
    write: Sequence[str] = (),
    cwd: Path | None = None,
) -> Doors:
    """Return the doors that options mean.

    Parameters
    ----------
    net : str
        "" for none, "all", or ports with commas between.
    unix : bool
        Unix sockets may be opened.
    read, write : sequence of str
        Places, relative to `cwd`; `~` is the home. They must be there: a rule
        of the kernel's is about a file, not about a name.
    cwd : Path, optional
        Instead of the working directory.

    Raises
    ------
    UsageError
        The ports are none, or a place is not there.
    """
    return Doors(
        net=_net(net),
        unix=unix,
        read=tuple(_place(path, cwd, "read") for path in read),
        write=tuple(_place(path, cwd, "write") for path in write),
    )


def _net(text: str) -> Net:
    if text in ("", "none"):
        return "none"
    if text == "all":
        return "all"
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and 0 < int(word) <= 65_535 for word in words):
        raise UsageError(f"--net {text} cannot be", fix=f"--net PORTS: {_PORTS}")
    return tuple(dict.fromkeys(map(int, words)))


def _place(text: str, cwd: Path | None, option: str) -> Path:
    path = (cwd or Path()) / Path(text).expanduser()
    if not path.exists():
        raise UsageError(
            f"--{option} {text} cannot be",
            why=f"there is no {path}",
            fix="name a folder or file that is there",
        )
    return path.resolve()
