"""How many import names the index gets right, and how many wrong ones would be installed unasked.

The truth is `tests/installer/data/truth.tsv`: what PyPI's wheels say they hold.
A name is hard where the module is not called like its distribution (PEP 503).
Right is: the first candidate is a distribution that holds the module. Run it
again where the extra `index` is installed to see what that adds.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from autoexec_magic.installer.decide import Origins
from autoexec_magic.installer.distributions import needed_by
from autoexec_magic.installer.known import candidates, normal

TRUTH = Path(__file__).parents[1] / "installer" / "data" / "truth.tsv"


@dataclass(frozen=True)
class Figures:
    """Counts over the truth: hard names, those right, easy ones that are known, wrong installs."""

    hard: int
    right: int
    easy: int
    easy_wrong: int
    installs: int
    wrong: tuple[str, ...]


def truth() -> dict[str, set[str]]:
    """Return the distributions of each module."""
    lines = (line.split("\t") for line in TRUTH.read_text("utf-8").splitlines() if not line.startswith("#"))
    return {module: set(names.split(",")) for module, names in lines}


def measure() -> Figures:
    """Look every module up."""
    right = easy = easy_wrong = hard = installs = 0
    wrong = []
    for module, holders in truth().items():
        entries = candidates(module)
        first = normal(entries[0].distribution) if entries else ""
        is_hard = normal(module) not in holders
        hard += is_hard
        right += is_hard and first in holders
        easy += not is_hard
        easy_wrong += not is_hard and bool(first) and first not in holders
        users = {normal(entry.distribution): needed_by(entry.distribution) for entry in entries}
        sure = Origins(entries=entries, users=users).sure
        installs += sure is not None
        if sure and normal(sure.distribution) not in holders:
            wrong.append(f"{module}: {sure.distribution}, and it is {'/'.join(sorted(holders))}")
    return Figures(hard, right, easy, easy_wrong, installs, tuple(wrong))


if __name__ == "__main__":
    found = measure()
    extra = "with" if importlib.util.find_spec("pigar") else "without"
    print(
        f"{extra} the extra: hard names {found.right} of {found.hard} right ({found.right / found.hard:.1%})"
    )
    print(f"easy names {found.easy}, another first candidate {found.easy_wrong}")
    print(f"would be installed unasked {found.installs}, of them wrong {len(found.wrong)}")
    print("\n".join(found.wrong))
