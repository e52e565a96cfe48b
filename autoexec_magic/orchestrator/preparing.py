"""A release of this machine made ready to start: its files, and an environment with what is locked alone."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from .. import builder
from ..builder import environments
from ..builder.app.project import APP
from ..builder.app.trial import requirements_of
from ..deployer.local import Prepared
from ..errors import BuildError, DeployError
from ..releasefacts import Release
from ..values import Level

_LISTENS = ("asgi", "wsgi")
_FILES, _ENVIRONMENT = "app", "env"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparer:
    """Makes releases of apps and wheels ready, with the tools of a build."""

    bench: builder.Bench
    level: Level
    workspace: Path

    def __call__(self, release: Release, folder: Path) -> Prepared:
        """Put all that a release needs into its folder, and say how it is started.

        Raises
        ------
        DeployError, BuildError
            It is not there any more, is another one, or is nothing that listens.
        """
        spec = release.spec
        source = self.workspace / spec.reference
        if not source.exists():
            raise DeployError(
                f"{source.name} is not there any more", fix=f"%autoexec deploy {release.service}"
            )
        if spec.artifact == "app":
            return self._app(release, source, folder)
        if spec.artifact == "wheel":
            return self._wheel(release, source, folder)
        raise DeployError(
            f"local serves apps and wheels, and no {spec.artifact}", fix="--target docker serves images"
        )

    def _app(self, release: Release, source: Path, folder: Path) -> Prepared:
        files = folder / _FILES
        shutil.copytree(source, files, symlinks=True)
        about = about_app(files)
        check_built(release, builder.digest_of_app(files))
        lock = files / str(about.get("requirements") or "")
        wanted = requirements_of(lock.read_text("utf-8")) if about.get("requirements") else []
        made = environments.furnished(
            folder / _ENVIRONMENT,
            wanted,
            self.bench,
            BuildError(f"what {release.service} needs could not be installed"),
            is_hashed=bool(wanted),
        )
        argv = (str(environments.python_of(made)), "-m", str(about["module"]))
        return self._prepared(release, argv, files, made)

    def _wheel(self, release: Release, source: Path, folder: Path) -> Prepared:
        check_built(release, f"sha256:{hashlib.sha256(source.read_bytes()).hexdigest()}")
        own = environments.Own(wheel=source, name=source.name.partition("-")[0])
        made = environments.furnished(
            folder / _ENVIRONMENT,
            [],
            self.bench,
            BuildError(f"{source.name} could not be installed"),
            own=own,
        )
        files = folder / _FILES
        files.mkdir()
        if not release.spec.command:
            raise DeployError(
                f"nobody says what {release.service} runs",
                why="a wheel may have many programs, or none",
                fix=f"--command '{own.name}', or command = […] in [tool.autoexec.deploy.{release.service}]",
            )
        return self._prepared(release, (), files, made)

    def _prepared(self, release: Release, own: tuple[str, ...], files: Path, made: Path) -> Prepared:
        words = release.spec.command or own
        program = made / "bin" / words[0]
        if "/" not in words[0] and program.exists():
            words = (str(program), *words[1:])
        if not Path(words[0]).is_absolute():
            found = shutil.which(str(files / words[0]) if "/" in words[0] else words[0])
            if found is None:
                raise DeployError(
                    f"{release.service} runs {words[0]}, which is not installed",
                    fix="name a program of its environment, or a path",
                )
            words = (found, *words[1:])
        return Prepared(argv=words, cwd=files, level=self.level, read=environments.bases_of(made))


def check_built(release: Release, found: str) -> None:
    """Refuse what is not what was built: it is known by its digest, and not by its path.

    Raises
    ------
    DeployError
        It is another one by now.
    """
    if found != release.digest:
        raise DeployError(
            f"{release.spec.reference} is not what this release was made of",
            why=f"its digest is {found}, and not {release.digest}",
            fix=f"deploy it anew: %autoexec deploy {release.service}",
        )


def about_app(folder: Path, *, may_handle: bool = False) -> dict[str, object]:
    """Return what an app says of itself, once it is one that listens, or with `may_handle` handles events.

    Raises
    ------
    DeployError
        It is no app, or one that runs to its end.
    """
    try:
        about: dict[str, object] = json.loads((folder / APP).read_bytes())
    except (OSError, ValueError) as error:
        raise DeployError(
            f"{folder.name} is no app", why=f"its {APP} cannot be read", fix="%autoexec build app NOTEBOOK"
        ) from error
    if about.get("shape") not in (*_LISTENS, *(["handler"] if may_handle else [])):
        raise DeployError(
            f"{folder.name} makes nothing that listens",
            why=f"its notebook is a {about.get('shape')}, which runs to its end",
            fix="make an ASGI or WSGI object named app in it, or run it with %autoexec script",
        )
    return about
