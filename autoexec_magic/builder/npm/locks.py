"""Which packages a build gets, as its lock says: whether there is one, and what in it will not run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .manifest import content_of, parsed

#: npm's own, in the order in which it takes them
LOCKS = ("npm-shrinkwrap.json", "package-lock.json")
OTHERS = ("pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb")
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """npm's lock of a folder; `name` and `digest` are "" where there is none.

    `other` is the lock of another tool, which npm does not read. `unrun` are
    packages that want to run a script when they are installed, which does not
    happen. `unpinned` are packages whose bytes it does not name by a digest.
    `data` is all that it says.
    """

    name: str = ""
    digest: str = ""
    other: str = ""
    unrun: tuple[str, ...] = ()
    unpinned: tuple[str, ...] = ()
    data: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know of it."""
        said = []
        if not self.name:
            other = f", and npm does not read {self.other}" if self.other else ""
            said.append(
                f"nothing is pinned: there is no package-lock.json{other}; npm install --package-lock-only"
            )
        if self.unpinned:
            said.append(f"{self.name} has no digest of {_named(self.unpinned)}")
        if self.unrun:
            said.append(f"scripts at installing do not run: {_named(self.unrun)}")
        return tuple(said)


def lock_of(folder: Path) -> Lock:
    """Return the lock of a folder.

    Raises
    ------
    BuildError
        It cannot be read.
    """
    other = next((name for name in OTHERS if (folder / name).is_file()), "")
    name = next((name for name in LOCKS if (folder / name).is_file()), "")
    if not name:
        return Lock(other=other)
    content = content_of(folder / name)  # read once: what is checked is what is digested
    data = parsed(content, name)
    packages = data.get("packages")
    entries = [
        (str(place).rpartition("node_modules/")[2], entry)
        for place, entry in (packages.items() if isinstance(packages, dict) else ())
        if isinstance(entry, dict) and "node_modules/" in str(place) and not entry.get("link")
    ]
    return Lock(
        name=name,
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        other=other,
        unrun=_names(name for name, entry in entries if entry.get("hasInstallScript")),
        unpinned=_names(
            name for name, entry in entries if not entry.get("integrity") and not entry.get("inBundle")
        ),
        data=data,
    )


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
