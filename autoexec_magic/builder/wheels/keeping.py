"""What was built and passed, kept by the digest of all that it was made of.

Inputs by digest, the commit and its time, the interpreter, whether it was
tested, our own version, and what a caged process finds around it
(`Bench.setting`). Files are compared with their digests when they are taken out.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import environments, scratch
from ..artifacts import BuildPlan
from ..bench import Bench
from ..inputs import digest_of

KEPT = "wheels"
MOST_KEPT = 32
_RECORD = "record.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """Files that passed, and what is said of them."""

    files: tuple[Path, Path]  # the wheel, the sdist
    name: str
    version: str
    packages: tuple[str, ...]
    warnings: tuple[str, ...]


def kept(plan: BuildPlan, python: Path, bench: Bench) -> Built | None:
    """Return what was built of the same, if it is as it was then."""
    place = bench.cache / KEPT / _key(plan, python, bench.setting)
    try:
        if time.time() - (place / _RECORD).stat().st_mtime > environments.FRESH_DAYS * 86_400:
            return None
        record = json.loads((place / _RECORD).read_text("utf-8"))
        files = tuple(place / name for name in record["digests"])
        if len(files) != 2 or any(digest_of(file)[0] != record["digests"][file.name] for file in files):
            return None
        built = Built(
            files=(files[0], files[1]),
            name=record["name"],
            version=record["version"],
            packages=tuple(record["packages"]),
            warnings=tuple(record["warnings"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    with bench.step("built and tried before, of the same inputs") as cached:
        cached.append(True)
        return built


def keep(built: Built, plan: BuildPlan, python: Path, bench: Bench) -> None:
    """Keep what passed; where there is no room for it, it is only not kept."""
    parent = bench.cache / KEPT
    with contextlib.suppress(OSError):
        parent.mkdir(parents=True, exist_ok=True)
        with scratch.folder(parent, prefix="new.") as folder:
            record = {
                "name": built.name,
                "version": built.version,
                "packages": built.packages,
                "warnings": built.warnings,
                "digests": {file.name: digest_of(file)[0] for file in built.files},
            }
            for file in built.files:
                shutil.copyfile(file, folder / file.name)
            (folder / _RECORD).write_text(json.dumps(record), "utf-8")
            place = parent / _key(plan, python, bench.setting)
            if place.exists():
                place.rename(folder / "old")
            for name in (*record["digests"], _RECORD):
                place.mkdir(exist_ok=True)
                (folder / name).rename(place / name)
        for old in list(_by_age(parent))[MOST_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)


def _key(plan: BuildPlan, python: Path, setting: str) -> str:
    """Return the digest of all that a result depends on."""
    commit = plan.labels.get("commit", ""), plan.labels.get("dirty", "")
    wants_tests = plan.source.wish.tests and plan.source.settings.get("tests", True)
    what = [
        plan.inputs_digest,
        plan.data["epoch"],
        commit,
        str(python),
        sys.version,
        wants_tests,
        own_version(),
        setting,
    ]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


def own_version() -> str:
    """Return our version, of what is loaded: to import the root from here would be an import upwards."""
    return str(vars(sys.modules[__name__.partition(".")[0]])["__version__"])


def _by_age(parent: Path) -> Iterator[Path]:
    """Yield what is kept, the youngest first."""
    found = [(each.stat().st_mtime, each) for each in parent.iterdir()]
    yield from (each for _, each in sorted(found, reverse=True))
