"""A release's image at Artifact Registry: pushed once, and its digest read back from there.

The engine is given an access token for the one push: it stands on no command line
and in no file. What the registry has under our tag already is not pushed again, so
an older release needs no engine.

References
----------
https://cloud.google.com/artifact-registry/docs/docker/authentication#token
https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autoexec_magic.deployer.gcp.asking import Asking
from autoexec_magic.deployer.gcp.place import is_loopback
from autoexec_magic.errors import DeployError, MissingTool, UsageError
from autoexec_magic.redact import mask, one_line
from autoexec_magic.releasefacts import Release

_USER = "oauth2accesstoken"
_SECONDS = 20.0
_SOCKET = "unix:///var/run/docker.sock"
_PUSH_SECONDS = 600.0
_MOST_BYTES = 8 << 20
_KINDS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a registry has: the manifest's digest, and the image's id, "" of an index."""

    digest: str
    image: str


def at_registry(release: Release, asking: Asking, say: Callable[[str], None]) -> str:
    """Return the name by digest of a release's image at its registry; it is pushed where it is not there.

    Raises
    ------
    DeployError
        It is not there, and cannot be brought there.
    MissingTool
        There is no engine that could push it.
    UsageError
        No repository is named.
    """
    if found := named(release):
        return found
    repository, tag = pushed_as(release, asking)
    token = asking.token(f"{repository} cannot be pushed")
    held = held_by(repository, tag, token)
    if held is None or release.digest not in (held.digest, held.image):
        say(f"it is pushed to {repository}:{tag}")
        _push(release, repository, tag, token)
        held = held_by(repository, tag, token)
        if held is None or release.digest not in (held.digest, held.image):
            raise DeployError(
                f"{repository}:{tag} is another image than what was pushed",
                why=f"{release.digest} was built, and it has {held.image or held.digest if held else 'none'}",
                fix="does something else push that tag? Deploy it again",
            )
    return f"{repository}@{held.digest}"


def expected(release: Release, asking: Asking) -> str:
    """Return a name for a release's image that need not be there yet; asks and changes nothing."""
    if found := named(release):
        return found
    repository, tag = pushed_as(release, asking)
    return f"{repository}:{tag}"


def named(release: Release) -> str:
    """Return the name by digest of an image that is at a registry already, "" of one that is not."""
    name, _, digest = release.spec.reference.partition("@")
    if not digest or digest != release.digest:
        return ""
    repository, colon, tag = name.rpartition(":")
    return f"{repository if colon and '/' not in tag else name}@{digest}"


def pushed_as(release: Release, asking: Asking) -> tuple[str, str]:
    """Return the repository and the tag that a release's image is pushed as: one for each image.

    Raises
    ------
    UsageError
        No repository is named.
    """
    place = asking.place
    if not place.repository:
        raise UsageError(
            f"the image of {place.service} has to be at a registry that Cloud Run reads",
            why="no repository is named",
            fix=f"repository = '{place.region}-docker.pkg.dev/{place.project}/REPOSITORY'"
            f" in [tool.autoexec.deploy.{place.service}.gcp]",
        )
    return f"{place.repository}/{place.service}", f"i{release.digest.partition(':')[2][:16]}"


def held_by(repository: str, tag: str, token: str) -> Held | None:
    """Return what a registry has under a tag, None where it has nothing.

    The digest is that of the bytes, and not what a header says.

    Raises
    ------
    DeployError
        It does not let us in, or does not answer as a registry.
    """
    import requests

    host, _, path = repository.partition("/")
    what = f"{repository}:{tag} cannot be looked at"
    scheme = "http" if is_loopback(host if ":" in host else f"{host}:80") else "https"
    try:
        with requests.Session() as session:
            session.trust_env = scheme == "https"
            session.auth = (_USER, token) if token else None
            answer = session.get(
                f"{scheme}://{host}/v2/{path}/manifests/{tag}",
                headers={"Accept": ", ".join(_KINDS)},
                timeout=_SECONDS,
            )
    except requests.exceptions.RequestException as error:
        why = one_line(mask(str(error)))[:300]
        raise DeployError(what, why=why, fix="look at the network, and at repository") from error
    if answer.status_code == 404:
        return None
    if answer.status_code != 200 or len(answer.content) > _MOST_BYTES:
        raise _refused(what, f"HTTP {answer.status_code}", host)
    return _held(answer.content, what, host)


def _held(content: bytes, what: str, host: str) -> Held:
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DeployError(what, why=f"{host} does not answer as a registry", fix="mend repository") from error
    config = manifest.get("config") if isinstance(manifest, dict) else None
    image = str(config.get("digest", "")) if isinstance(config, dict) else ""
    return Held(digest=f"sha256:{hashlib.sha256(content).hexdigest()}", image=image)


def _push(release: Release, repository: str, tag: str, token: str) -> None:
    client = _engine()
    from docker.errors import DockerException, NotFound

    login = {"auth_config": {"username": _USER, "password": token}} if token else {}
    what = f"{repository}:{tag} was not pushed"
    try:
        client.tag(release.digest, repository, tag)
        for said in client.push(repository, tag=tag, stream=True, decode=True, **login):
            if "error" in said:
                raise _refused(what, one_line(mask(str(said["error"])))[:300], repository.partition("/")[0])
    except NotFound as error:
        raise DeployError(
            what,
            why=f"the engine has no {release.digest[:19]} any more",
            fix=f"deploy it anew: %autoexec deploy {release.service}",
        ) from error
    except (DockerException, OSError) as error:
        raise _refused(what, one_line(mask(str(error)))[:300], repository.partition("/")[0]) from error
    finally:
        client.close()


def _engine() -> Any:
    """Return a client of the engine, as DOCKER_HOST or docker's context names it.

    Somebody has to listen first: docker-py would leave its end of a socket open.
    """
    try:
        import docker
        from docker.context import ContextAPI
        from docker.errors import DockerException
        from docker.utils import kwargs_from_env
    except ImportError as error:
        raise MissingTool(
            "docker-py is not installed",
            why="it speaks with the engine that pushes",
            fix="pip install 'autoexec-magic[docker]'",
        ) from error
    try:
        words = kwargs_from_env()
        chosen = None if words.get("base_url") else ContextAPI.get_context()
        words.setdefault("base_url", (chosen.Host if chosen else None) or _SOCKET)
        if words["base_url"].startswith("unix://"):
            with socket.socket(socket.AF_UNIX) as knocking:
                knocking.settimeout(_SECONDS)
                knocking.connect(words["base_url"].removeprefix("unix://"))
        return docker.APIClient(version="auto", timeout=_PUSH_SECONDS, **words)
    except (DockerException, OSError, ValueError) as error:
        raise MissingTool(
            "no Docker Engine answers",
            why=one_line(mask(str(error)))[:300],
            fix="start it, or set DOCKER_HOST",
        ) from error


def _refused(what: str, why: str, host: str) -> DeployError:
    low = why.lower()
    is_login = any(word in low for word in ("401", "403", "unauthorized", "denied", "no basic auth"))
    fix = (
        "roles/artifactregistry.writer on the repository, and: gcloud auth application-default login"
        if is_login
        else f"look at {host}, and deploy it again"
    )
    return DeployError(what, why=why, fix=fix)
