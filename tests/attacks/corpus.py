"""The lines that do harm, and what stands in them for a canary."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "policy" / "attacks.jsonl"
_CANARY = re.compile(r"\{(outside|home|host|port|udp|socket|pid|kernelfile)\}")


@dataclass(frozen=True, slots=True)
class Attack:
    """A line that does harm, and its benign twin; as in the file."""

    id: str
    family: str
    goal: str
    line: str
    twin: str
    needs: tuple[str, ...]
    is_run: bool  # False: it may only be judged


def attacks() -> list[Attack]:
    """Return every line of the file, in its order."""
    return [_attack(json.loads(line)) for line in DATA.read_text(encoding="utf-8").splitlines()]


def sample(found: Iterable[Attack], each: int = 2) -> list[Attack]:
    """Return the first, and others at equal distances, of every family: the same ones each time."""
    families: dict[str, list[Attack]] = {}
    for attack in found:
        families.setdefault(attack.family, []).append(attack)
    chosen = []
    for members in families.values():
        step = max(1, len(members) // each)
        chosen += members[::step][:each]
    return chosen


def filled(line: str, canaries: Mapping[str, str]) -> str:
    """Return the line with the canaries in their places."""
    return _CANARY.sub(lambda found: canaries[found[1]], line)


def missing(attack: Attack, path: str) -> list[str]:
    """Return the programs that the line needs and this machine does not have on `path`."""
    return [name for name in attack.needs if not shutil.which(name, path=path) and name not in _BUILT_IN]


_BUILT_IN = frozenset(("kill",))


def _attack(record: Mapping[str, object]) -> Attack:
    needs = record.get("needs", [])
    assert isinstance(needs, list)
    texts = {name: str(record[name]) for name in ("id", "family", "goal", "line", "twin")}
    return Attack(**texts, needs=tuple(needs), is_run=not record.get("judge_only"))


def system_path(first: Iterable[Path]) -> str:
    """Return a PATH of the system's folders, after `first`."""
    folders = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
    return os.pathsep.join([*map(str, first), *folders])
