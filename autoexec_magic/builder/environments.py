"""Python environments of a build's own: made once for the same requirements, kept, and shared by builds.

An environment is keyed by the digest of what was asked for and of the
interpreter, made under a temporary name and renamed when it is whole: two
builds at once do not spoil each other, an interrupted one leaves nothing that
is taken for whole. Wheels only: an sdist's code would run before anybody looked
at it. After `FRESH_DAYS` it is resolved again, so that a fault of a backend is
not kept for ever; where the index does not answer then, the old one still does.

Whose packages are in it, its Python is started in the cage only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BuildError
from . import scratch
from .bench import Bench, failure_of
from .installing import CACHES, PLAIN, installed, uv_of
from .requirements import checked

FOLDER = "environments"
FRESH_DAYS = 7.0
FORGOTTEN_DAYS = 60.0  #: not used for so long, it is removed
_DAY = 86_400.0
_MADE = ".autoexec-made"
_USED = ".autoexec-used"
_PART = {"prefix": "new.", "suffix": ".part"}  # what one is called while it is made
_COMPILE_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A wheel that this build made, with the extras that come with it: the one file that is not asked for."""

    wheel: Path
    name: str
    extras: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """It, as uv reads it; its path may hold any sign."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.name}{extras} @ {self.wheel.as_uri()}"


def environment_for(
    requirements: Sequence[str],
    bench: Bench,
    *,
    what: str,
    python: Path | None = None,
    is_hashed: bool = False,
) -> Path:
    """Return an environment's folder that has what is asked for; made unless there is one.

    Parameters
    ----------
    requirements : sequence of str
        As PEP 508 writes them; none is an empty environment.
    bench : Bench
        Its `uv`, cache and sources are used.
    what : str
        What it is for, for people: "the build backend".
    python : Path, optional
        The interpreter; the running one by default.
    is_hashed : bool, default False
        Whether it has what is asked for by its hashes, and nothing else.

    Raises
    ------
    MissingTool, BuildError, RunTimeout, Cancelled
        There is no uv, or a requirement is not to be had as a wheel.
    """
    base = python or Path(sys.executable)
    wanted = sorted(dict.fromkeys(requirements))
    parent = bench.cache / FOLDER
    place = parent / _key([*wanted, *(["--require-hashes"] if is_hashed else [])], base)
    is_there = (place / _MADE).exists() and python_of(place).exists()
    if is_there and _age(place / _MADE) < FRESH_DAYS * _DAY:
        _touch(place / _USED)
        return place
    try:
        _replace(place, wanted, base, bench, what, is_hashed=is_hashed)
    except BuildError:
        if not is_there:
            raise
        bench.say(f"! {what} is {_age(place / _MADE) / _DAY:.0f} days old: the index did not give it anew")
        _touch(place / _MADE)
    _sweep(parent, place)
    return place


def furnished(
    folder: Path,
    requirements: Sequence[str],
    bench: Bench,
    failed: BuildError,
    *,
    python: Path | None = None,
    own: Own | None = None,
    is_hashed: bool = False,
) -> Path:
    """Make an environment with what is asked for in a folder that is not there yet, and return it.

    Everything at once, and never more into one that has something already: uv
    starts the environment's Python when it installs, outside of the cage and
    with the index's login, and a package in it runs at every start (`.pth`).

    Parameters
    ----------
    folder : Path
        Where it is made.
    requirements : sequence of str
        As `requirements.checked` allows them; wheels only.
    python : Path, optional
        The interpreter; the running one by default.
    own : Own, optional
        A wheel of ours that comes into it, too.
    is_hashed : bool, default False
        Whether these alone are installed, each by a hash of its own; what one
        of them needs and the list has not is refused.

    Raises
    ------
    MissingTool, BuildError, RunTimeout, Cancelled
        It cannot be made, or `failed`, with what uv said.
    """
    wanted = checked(requirements)
    _empty(folder, bench, python)
    lines = [*([own.line] if own else ()), *wanted]
    into = ("--python", str(python_of(folder)))
    installed(into, lines, bench, failed, cwd=folder.parent, is_hashed=is_hashed)
    return folder


def _empty(folder: Path, bench: Bench, python: Path | None) -> None:
    words = ("venv", "--quiet", "--relocatable", "--python", str(python or sys.executable), str(folder))
    ended = bench.start(
        (str(uv_of(bench)), *words),
        cwd=folder.parent,
        env=PLAIN,
        pass_on=CACHES,
        is_foreign=False,
        is_quiet=True,
        timeout=bench.timeout,
    )
    fix = "%autoexec doctor"
    bench.ran(ended, BuildError(f"no environment could be made in {folder.parent}", fix=fix))


def _compile(environment: Path, bench: Bench) -> None:
    """Compile what was installed, which a process in a cage cannot keep.

    In the cage, by the interpreter that the environment was made of, without
    `site`: nothing that was installed runs. What cannot be compiled is left.
    """
    real = python_of(environment).resolve()
    ended = bench.start(
        (str(real), "-I", "-S", "-m", "compileall", "-qq", str(environment / "lib")),
        cwd=environment,
        read=bases_of(environment),
        is_quiet=True,
        timeout=_COMPILE_SECONDS,
    )
    if ended.ended == "cancelled":
        raise failure_of(ended, BuildError("what was installed was not compiled", fix="build again"))


def python_of(environment: Path) -> Path:
    """Return an environment's interpreter."""
    return environment / "bin" / "python"


def packages_of(environment: Path) -> tuple[str, ...]:
    """Return what an environment holds, each as `name==version`, in order."""
    from importlib.metadata import distributions

    folders = [str(place) for place in environment.glob("lib/python*/site-packages")]
    found = distributions(path=folders)
    return tuple(
        sorted(f"{each.name.lower().replace('_', '-')}=={each.version}" for each in found if each.name)
    )


def bases_of(environment: Path) -> tuple[Path, ...]:
    """Return the folders that an environment's interpreter is read from, for a cage."""
    real = python_of(environment).resolve()
    return (environment, real.parent.parent) if real.parent.name == "bin" else (environment, real.parent)


def _key(wanted: Sequence[str], base: Path) -> str:
    what = [str(base.resolve()), list(sys.version_info[:3]), list(wanted)]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:24]


def _replace(
    place: Path, wanted: Sequence[str], base: Path, bench: Bench, what: str, *, is_hashed: bool
) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with scratch.folder(place.parent, **_PART) as own:
            made = own / "environment"
            failed = BuildError(f"{what} ({', '.join(wanted)}) is not to be had", fix="%autoexec config")
            furnished(made, wanted, bench, failed, python=base, is_hashed=is_hashed)
            if wanted:
                _compile(made, bench)
            (made / _MADE).touch()
            (made / _USED).touch()
            _rename(made, place)
    except OSError as error:
        fix = f"make room below {place.parent}"
        raise BuildError(f"{what} cannot be kept in {place.parent}", why=str(error), fix=fix) from error


def _rename(made: Path, place: Path) -> None:
    """Put what was made in its place, unless another build was faster: it is at work with its own."""
    if (place / _MADE).exists() and _age(place / _MADE) < FRESH_DAYS * _DAY:
        return
    with contextlib.suppress(FileNotFoundError):
        place.rename(made.parent / "old")
    try:
        made.rename(place)
    except OSError:
        if not (place / _MADE).exists():
            raise


def _sweep(parent: Path, kept: Path) -> None:
    """Remove what was not used for long."""
    with contextlib.suppress(OSError):
        for each in parent.iterdir():
            if each != kept and _age(each / _USED) > FORGOTTEN_DAYS * _DAY:
                shutil.rmtree(each, ignore_errors=True)


def _age(path: Path) -> float:
    """Return the seconds since a file was touched; for one that is not there, none."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _touch(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.utime(path)
