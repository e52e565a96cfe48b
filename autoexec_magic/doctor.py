"""What works on this machine: each thing tried, not guessed from its name."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import config, executor, installer
from .errors import AutoexecError
from .installer.sources import sources, without_credentials

_SECONDS = 20.0
_EXTRAS = {
    "docker": "docker",
    "kubernetes": "kubernetes",
    "boto3": "aws",
    "google.cloud.run_v2": "gcp",
    "distributed": "dask",
    "pigar": "index",
    "jupyterlab": "lab",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing: whether it works, what was seen, and what to type if it is wanted."""

    name: str
    works: bool
    what: str
    fix: str = ""
    needed: bool = False


def examine() -> list[Check]:
    """Try each part and return what was seen; nothing is installed or changed."""
    loaded = config.load()
    checks = [_python(), _platform(), _data(loaded.data), _command(), *_installers(), _index(loaded.config)]
    checks += [_cage(level) for level in executor.cage.LEVELS]
    return [*checks, *(_extra(module, extra) for module, extra in _EXTRAS.items())]


def _python() -> Check:
    kind = "a virtual environment" if sys.prefix != sys.base_prefix else "not a virtual environment"
    version = ".".join(map(str, sys.version_info[:3]))
    return Check(name="python", works=True, what=f"{version} at {sys.executable} ({kind})", needed=True)


def _platform() -> Check:
    full = sys.platform == "linux"
    what = (
        "Linux: everything"
        if full
        else f"{sys.platform}: without cages, and without ending what left its group"
    )
    return Check(name="platform", works=full, what=what)


def _data(folder: Path) -> Check:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        fix = "set AUTOEXEC_DATA_DIR to a folder you may write to"
        return Check(name="data folder", works=False, what=str(error), fix=fix, needed=True)
    return Check(name="data folder", works=True, what=f"{folder}", needed=True)


def _command() -> Check:
    """Start a process and read what it says."""
    try:
        outcome = executor.run(
            [sys.executable, "-c", "print('hello')"],
            emit=lambda event: None,
            policy=executor.policy.exactly(sys.executable),
            timeout=_SECONDS,
        )
    except AutoexecError as error:
        return Check(name="processes", works=False, what=str(error), needed=True)
    works = outcome.passed and outcome.stdout == "hello\n"
    return Check(
        name="processes", works=works, what=f"started and ended one in {outcome.seconds:.2f} s", needed=True
    )


def _installers() -> list[Check]:
    uv = installer.uv_path()
    has_pip = importlib.util.find_spec("pip") is not None
    version = _version([str(uv), "--version"]) if uv else "not found"
    return [
        Check(
            name="uv",
            works=bool(uv) and bool(version),
            what=version,
            fix="pip install uv",
            needed=not has_pip,
        ),
        Check(
            name="pip", works=has_pip, what="here" if has_pip else "not in this environment; uv does its work"
        ),
    ]


def _version(argv: list[str]) -> str:
    try:
        policy = executor.policy.exactly(argv[0])
        outcome = executor.run(argv, emit=lambda event: None, policy=policy, timeout=_SECONDS)
    except AutoexecError:
        return ""
    return outcome.stdout.strip() if outcome.passed else ""


def _index(settings: config.Config) -> Check:
    found = sources(settings.index_url, os.environ)
    names = [without_credentials(index) for index in found.indexes] or ["no index"]
    links = f", and {len(found.find_links)} folders of files" if found.find_links else ""
    return Check(name="package index", works=True, what=f"{', '.join(names)}{links} (from {found.origin})")


def _cage(level: str) -> Check:
    try:
        cage = executor.cage.build(level)  # type: ignore[arg-type]
    except AutoexecError as error:
        return Check(name=f"cage {level}", works=False, what=error.why or error.what, fix=error.fix)
    return Check(name=f"cage {level}", works=True, what=f"by {cage.mechanism}")


def _extra(module: str, extra: str) -> Check:
    try:
        works = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # a package above it is missing
        works = False
    return Check(
        name=f"extra {extra}",
        works=works,
        what=f"{module} {'can' if works else 'cannot'} be imported",
        fix=f"pip install 'autoexec-magic[{extra}]'",
    )
