"""Starts the drivers, each in an outer protection of its own, and gathers what they report."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus import Attack, system_path

import autoexec_magic

HERE = Path(__file__).parent
PACKAGE = Path(autoexec_magic.__file__).parent
NOBODY = 65534
BATCH, AT_ONCE, SECONDS = 80, 3, 600.0  # much of the time is waited for what comes late
SIGNALS = range(192, 256)  # what ended it was a signal
#: Where the folder in memory is put: none of the temporary folders, which the policy lets lines write to.
PLACES = ("/srv", "/mnt", "/media", "/opt")
_STUB = '#!/bin/sh\nexec {python} -m {module} "$@"\n'


@dataclass(frozen=True, kw_only=True)
class Mode:
    """How lines are run, and as whom."""

    name: str
    way: str = "cage"
    level: str = "workspace"
    mounts: bool = True
    uid: int = 0
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Result:
    """What became of one line."""

    id: str
    touches: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    ended: str = ""
    returncode: int | None = None
    seconds: float = 0.0
    tail: str = ""
    why: str = ""
    mechanism: str = ""
    began: bool = True

    def __str__(self) -> str:
        return f"{self.id}: {'; '.join(self.touches)}"


def run(mode: Mode, lines: Iterable[tuple[str, str]]) -> dict[str, Result]:
    """Run lines, each an id and its text, and return the results by id."""
    wanted = list(lines)
    batches = [wanted[at : at + BATCH] for at in range(0, len(wanted), BATCH)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(functools.partial(_batch, mode), batches)
        return {result.id: result for results in found for result in results}


def attack(mode: Mode, attacks: Iterable[Attack]) -> dict[str, Result]:
    """Run the lines that do harm, but for those that are never run."""
    return run(mode, [(each.id, each.line) for each in attacks if each.is_run])


def summary(mode: Mode, results: dict[str, Result], *, word: str = "attacks") -> str:
    """Return the line that says what came of a mode."""
    touched = sum(bool(result.touches) for result in results.values())
    return f"{mode.name}: {len(results)} {word}, {touched} touched"


def _batch(mode: Mode, lines: Sequence[tuple[str, str]]) -> list[Result]:
    """Run some lines in one protection, and what is left in another if a line kills the driver."""
    results: dict[str, Result] = {}
    while left := [(name, line) for name, line in lines if name not in results]:
        code, said, errors = _drive(mode, left)
        begun = ""
        for one in said:
            begun = one.get("begins", begun)
            if "id" in one:
                results[one["id"]] = Result(**one)
            if "late" in one:
                results[one["late"]].touches = one["touches"]
        if (code and code not in SIGNALS) or not begun:
            raise AssertionError(f"{mode.name}: the driver ended with {code} after {begun}: {errors[-3000:]}")
        if code in SIGNALS:
            results[begun] = Result(begun, touches=["process: the parent was killed"])
    return [results[name] for name, _ in lines]


def _drive(mode: Mode, lines: Sequence[tuple[str, str]]) -> tuple[int, list[dict[str, Any]], str]:
    """Run a driver to its end; return how it ended, what it said, and its errors."""
    options = {"way": mode.way, "level": mode.level, "mounts": mode.mounts, **mode.options}
    argv = [*_unshare(), sys.executable, "-I", str(HERE / "enclosure.py"), json.dumps(_protection(mode.uid))]
    ended = subprocess.run(
        argv,
        input=json.dumps({**options, "lines": lines}),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def _unshare() -> list[str]:
    program = shutil.which("unshare", path=system_path([]))
    assert program
    return [program, "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child", "--"]


@functools.lru_cache
def _protection(uid: int) -> dict[str, Any]:
    """Return what the outer protection is made of: the interpreter and its packages, in readable places."""
    root = place()
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix)
    is_readable = all(folder.stat().st_mode & 0o5 == 0o5 for folder in (base, *base.parents))
    interpreter = base if is_readable else root / "interpreter"
    packages, installed = f"environment/lib/{python}/site-packages", Path(sysconfig.get_paths()["purelib"])
    bind = {
        packages: str(installed),
        "source/autoexec_magic": str(PACKAGE),
        "attacks": str(HERE),
    }
    # A project that is installed in place lies outside, where nobody may look.
    bind |= {
        f"{packages}/{path.name}": "/dev/null" for path in installed.glob("*.pth") if names_folders(path)
    }
    if not is_readable:
        bind["interpreter"] = str(base)
    own = root / "environment/bin/python"
    stubs = {
        f"environment/bin/{name}": _STUB.format(python=own, module=module)
        for name, module in {"pip": "pip", "pip3": "pip", "pytest": "pytest", "jupyter": "jupyter"}.items()
    }
    in_use = [Path(path).resolve() for path in (sys.base_prefix, sys.prefix, str(PACKAGE), str(HERE))]
    return {
        "root": str(root),
        "uid": uid,
        "bind": bind,
        "files": {"environment/pyvenv.cfg": f"home = {interpreter}/bin\n", **stubs},
        "links": {f"environment/bin/{name}": f"{interpreter}/bin/{python}" for name in ("python", "python3")},
        "temporary": [
            path for path in ("/tmp", "/var/tmp") if not any(Path(path) in used.parents for used in in_use)
        ],
        "environment": {
            "PATH": system_path([root / "environment/bin"]),
            "PYTHONPATH": f"{root}/source",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
            "HOME": str(root / "a"),
        },
        "command": [str(own), "-s", str(root / "attacks/drive.py")],
    }


def names_folders(path: Path) -> bool:
    """Whether a .pth file adds folders to where modules are looked for."""
    return any(line.startswith("/") for line in path.read_text(encoding="utf-8").splitlines())


def path() -> str:
    """Return where the lines look for programs, as seen from out here."""
    return system_path([Path(sys.prefix, "bin")])


def place() -> Path:
    """Return a folder to put everything in, of which nothing else is needed."""
    in_use = [Path(path).resolve() for path in (sys.base_prefix, sys.prefix, str(PACKAGE), str(HERE))]
    for name in PLACES:
        if Path(name).is_dir() and not any(Path(name) in used.parents for used in in_use):
            return Path(name)
    raise AssertionError(f"one of {', '.join(PLACES)} has to be there")


@functools.cache
def obstacle() -> str:
    """Return why no outer protection can be had here, "" if it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root can build the protection that attacks are run in"
    if not shutil.which("unshare", path=system_path([])):
        return "there is no unshare"
    with contextlib.suppress(subprocess.CalledProcessError):
        subprocess.run([*_unshare(), "/bin/true"], check=True, capture_output=True)
        return ""
    return "namespaces are forbidden here"
