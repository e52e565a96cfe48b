"""What an image has to be asked with: its own HEALTHCHECK, and programs; looked at, and never run.

The engine of this machine tells it, where it has the image. ECR tells of no
file, so of an image that is only there nothing is known.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoexec_magic import dockerengine
from autoexec_magic.deployer.aws.images import engine
from autoexec_magic.errors import DeployError, MissingTool
from autoexec_magic.releasefacts import Release

PROGRAMS = ("sh", "bash", "curl", "nc", "python3", "wget")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MOST_FOLDERS = 12
_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What is known of an image.

    `healthcheck` is its own one, beginning with `CMD` or `CMD-SHELL`, () where it has
    none. `programs` are those of `PROGRAMS` that it has, None where nobody knows.
    """

    healthcheck: tuple[str, ...] = ()
    programs: frozenset[str] | None = None


UNKNOWN = Inside()


def inside(release: Release, *, programs: bool = True) -> Inside:
    """Return what is known of a release's image; without an engine that has it nothing is.

    Parameters
    ----------
    release : Release
        One of an image.
    programs : bool, default True
        Whether its programs are looked for: a container is made for that, which
        is never started, and removed.
    """
    try:
        with engine() as (client, errors):
            try:
                seen = client.inspect_image(release.spec.reference)
            except errors.NotFound:
                return UNKNOWN
            digests = {each.rpartition("@")[2] for each in seen.get("RepoDigests") or ()}
            if release.digest not in {str(seen["Id"]), *digests}:
                return UNKNOWN  # the name leads to another image by now
            config = seen.get("Config") or {}
            found = _programs(client, str(seen["Id"]), config) if programs else None
            return Inside(healthcheck=_healthcheck(config), programs=found)
    except (DeployError, MissingTool):  # an image that is in ECR needs no engine, nor one that is well
        return UNKNOWN


def _healthcheck(config: Mapping[str, Any]) -> tuple[str, ...]:
    words: Sequence[str] = (config.get("Healthcheck") or {}).get("Test") or ()
    return tuple(words) if words and words[0] in ("CMD", "CMD-SHELL") else ()


def _programs(client: Any, image: str, config: Mapping[str, Any]) -> frozenset[str]:
    variables = dict(each.partition("=")[::2] for each in config.get("Env") or ())
    folders = variables.get("PATH", _PATH).split(":")[:_MOST_FOLDERS]
    made = client.create_container(image, command=["/"], entrypoint=["/"])["Id"]
    try:
        return frozenset(
            name
            for name in PROGRAMS
            if any(_is_there(client, made, f"{folder}/{name}") for folder in folders)
        )
    finally:
        with contextlib.suppress(*dockerengine.failures()):
            client.remove_container(made, force=True, v=True)


def _is_there(client: Any, container: str, path: str) -> bool:
    """Whether a container has a file; its bytes are not asked for."""
    url = f"{client.base_url}/v{client.api_version}/containers/{container}/archive"
    with contextlib.closing(client.head(url, params={"path": path}, timeout=_SECONDS)) as answer:
        return bool(answer.status_code == 200)
