"""A function's files put together: an app, or a project's wheel, with all packages that it needs.

What is in the zip is what was built, by its digest, and what is locked, by its
hashes, for the machine that it will run on; nothing of it runs here.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import builder
from ..builder import environments
from ..builder.app.project import REQUIREMENTS
from ..builder.app.trial import requirements_of
from ..builder.image import packages
from ..builder.inputs import files_below, usual
from ..builder.secretfiles import refuse_secrets
from ..builder.vendored import Machine, vendored
from ..errors import BuildError, DeployError
from ..releasefacts import Release
from .preparing import about_app, check_built

_UV_LOCK = "uv.lock"
_HASH = "--hash="


@dataclass(frozen=True, slots=True, kw_only=True)
class Packer:
    """Puts releases together, with the tools of a build.

    `workspace` is what a release's reference is relative to, `project` the folder
    whose lock a wheel's packages come from.
    """

    bench: builder.Bench
    workspace: Path
    project: Path

    @contextlib.contextmanager
    def __call__(self, release: Release, *, platform: str, python: str) -> Iterator[Path]:
        """Yield a folder with all that a release needs on a machine; it is gone afterwards.

        Parameters
        ----------
        release : Release
            An app or a wheel.
        platform, python : str
            The machine's, as `builder.vendored.Machine` has them.

        Raises
        ------
        DeployError, BuildError
            It is not there any more, is another one, a secret is in it, or a
            package is not to be had for that machine.
        """
        source = self.workspace / release.spec.reference
        if not source.exists():
            raise DeployError(
                f"{source.name} is not there any more", fix=f"%autoexec deploy {release.service}"
            )
        machine = Machine(platform=platform, python=python)
        with self.bench.scratch() as scratch:
            files = scratch / "function"
            if release.spec.artifact == "wheel":
                self._wheel(release, source, files, machine)
            else:
                self._app(release, source, files, machine)
            yield files

    def _app(self, release: Release, source: Path, files: Path, machine: Machine) -> None:
        shutil.copytree(source, files, symlinks=True, ignore=_ignored)
        check_built(release, builder.digest_of_app(files))
        fix = f"take it out of the app, and give it by secrets of {release.service}"
        refuse_secrets(list(files_below(files)), "the zip", fix)
        named = str(about_app(files, may_handle=True).get("requirements") or "")
        lines = self._lines(files, named)
        if lines:
            self._filled(release, files, lines, machine)

    def _wheel(self, release: Release, source: Path, files: Path, machine: Machine) -> None:
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        check_built(release, f"sha256:{digest}")
        files.mkdir()
        own = environments.Own(wheel=source, name=source.name.partition("-")[0])
        lock = self.project / _UV_LOCK
        lines = requirements_of(packages.locked(self.project, self.bench).decode()) if lock.is_file() else []
        hashed = f" {_HASH}sha256:{digest}" if _is_hashed(lines) else ""
        self._filled(release, files, lines, machine, (f"{own.line}{hashed}",))

    def _lines(self, files: Path, named: str) -> list[str]:
        """Return an app's requirements: those that it names, those that lie there, else its uv.lock's."""
        for name in dict.fromkeys((named, REQUIREMENTS)):
            if name and (files / name).is_file():
                return requirements_of((files / name).read_text("utf-8"))
        if named:
            raise DeployError(f"the app has no {named}, which it names", fix="build it again")
        if (files / _UV_LOCK).is_file():
            return requirements_of(packages.locked(files, self.bench).decode())
        return []

    def _filled(
        self,
        release: Release,
        files: Path,
        lines: Sequence[str],
        machine: Machine,
        own: tuple[str, ...] = (),
    ) -> None:
        name, is_hashed = release.service, _is_hashed(lines)
        if not is_hashed and (lines or own):
            self.bench.say(f"! nothing locks what {name} needs: another day it may get other packages")
        failed = BuildError(
            f"what {name} needs is not to be had for {machine.platform}, Python {machine.python}",
            fix=f"artifact = 'image' in [tool.autoexec.deploy.{name}]",
        )
        with self.bench.step(f"packages for {machine.platform}"):
            vendored(files, lines, machine, self.bench, failed, own=own, is_hashed=is_hashed)


def _is_hashed(lines: Sequence[str]) -> bool:
    """Whether these have hashes: one without any among them is refused, then."""
    return any(_HASH in line for line in lines)


def _ignored(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if usual(name)}
