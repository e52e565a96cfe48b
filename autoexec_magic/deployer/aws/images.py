"""An image in ECR, by digest: pushed there by the Docker Engine where it is not, and read back.

ECR's token goes to the engine in the body of one request, and is on no command line.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import socket
from collections.abc import Iterator, Mapping
from typing import Any

from autoexec_magic import dockerengine
from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.errors import DeployError, MissingTool
from autoexec_magic.releasefacts import Release

_PUSH_SECONDS = 600
_KNOCK_SECONDS = 5.0
_SOCKET = "unix:///var/run/docker.sock"
_BUILT = re.compile(r"sha256:[0-9a-f]{64}")
_TAKES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


def pushed(calls: Calls, repository: str, release: Release) -> str:
    """Return an image's name in ECR, with its digest there; what is there already is not sent again.

    Raises
    ------
    DeployError
        There is no such repository or image, the image is another one, or ECR has not what was sent.
    MissingTool
        It is not there yet, and there is no engine to send it.
    """
    spec = release.spec
    uri, tag = _repository(calls, repository), _tag(release)
    if found := _there(calls, repository, release):
        return f"{uri}@{found}"
    _push(calls, release, uri, tag)
    found = _digest(calls, repository, {"imageTag": tag})
    if not found or spec.digest != artifact_digest(calls, repository, found, spec.digest):
        raise DeployError(
            f"ECR has not the image that was sent to {repository}",
            why=f"{tag} is {found or 'not there'}, and is not {spec.digest}",
            fix=f"%autoexec deploy {release.service}",
        )
    return f"{uri}@{found}"


def expected(calls: Calls, repository: str, release: Release) -> str:
    """Return an image's name in ECR, with its digest there, "" where it would be pushed; changes nothing.

    Raises
    ------
    DeployError, MissingTool
        There is no such repository; or the image is neither there nor at an engine.
    """
    uri = _repository(calls, repository)
    if not is_built(release):
        return ""
    if found := _there(calls, repository, release):
        return f"{uri}@{found}"
    with engine() as (client, errors):
        _held(client, errors, release)
    return ""


def is_built(release: Release) -> bool:
    """Whether a release's artifact is there: a dry run has one that would be built."""
    return _BUILT.fullmatch(release.digest) is not None


def artifact_digest(calls: Calls, repository: str, digest: str, wanted: str) -> str:
    """Return `wanted` where an image in ECR is that one, by its manifest's digest or by its id; else its own.

    The engine knows an image that was never pushed by the digest of its
    configuration, which the manifest in ECR names.
    """
    if digest == wanted:
        return wanted
    answer = calls.find(
        "ecr",
        "batch_get_image",
        repositoryName=repository,
        imageIds=[{"imageDigest": digest}],
        acceptedMediaTypes=list(_TAKES),
    )
    for image in answer["images"] if answer else ():
        with contextlib.suppress(ValueError, AttributeError):
            if json.loads(image["imageManifest"]).get("config", {}).get("digest") == wanted:
                return wanted
    return digest


@contextlib.contextmanager
def engine() -> Iterator[tuple[Any, Any]]:
    """Yield a client of the engine, and the errors that it raises.

    Raises
    ------
    MissingTool
        There is no docker-py, or no engine answers.
    DeployError
        The engine did not do it, or did not answer in time, or broke off.
    """
    try:
        import docker
        from docker import errors
        from docker.utils import kwargs_from_env
    except ImportError as error:
        raise MissingTool("docker-py is not installed", fix="pip install 'autoexec-magic[docker]'") from error
    try:
        words = kwargs_from_env()
        _knock(words.get("base_url", _SOCKET))
        client = docker.APIClient(version="auto", timeout=_PUSH_SECONDS, **words)
    except dockerengine.failures() as error:
        raise MissingTool(
            "no Docker Engine answers, which could push the image",
            why=str(error),
            fix="start it, or set DOCKER_HOST",
        ) from error
    with contextlib.closing(client):
        try:
            yield client, errors
        except dockerengine.failures() as error:
            raise DeployError(
                "the Docker Engine did not do what was asked of it about the image",
                why=str(getattr(error, "explanation", "") or error),
                fix="docker info",
            ) from error


def _repository(calls: Calls, name: str) -> str:
    answer = calls.find("ecr", "describe_repositories", repositoryNames=[name])
    if not answer or not answer["repositories"]:
        raise DeployError(
            f"ECR has no repository {name}",
            why="the image has to be there, in the same region",
            fix=f"aws ecr create-repository --repository-name {name}",
        )
    return str(answer["repositories"][0]["repositoryUri"])


def _tag(release: Release) -> str:
    return f"autoexec-{release.digest.removeprefix('sha256:')[:16]}"


def _there(calls: Calls, repository: str, release: Release) -> str:
    """Return the digest of a release's image in ECR, "" where it is not there."""
    spec = release.spec
    pinned = spec.reference.rpartition("@")[2] if "@" in spec.reference else spec.digest
    for known in ({"imageDigest": pinned}, {"imageTag": _tag(release)}):
        found = _digest(calls, repository, known)
        if found and spec.digest == artifact_digest(calls, repository, found, spec.digest):
            return found
    return ""


def _digest(calls: Calls, repository: str, known: Mapping[str, str]) -> str:
    answer = calls.find("ecr", "describe_images", repositoryName=repository, imageIds=[dict(known)])
    return str(answer["imageDetails"][0]["imageDigest"]) if answer and answer["imageDetails"] else ""


def _push(calls: Calls, release: Release, uri: str, tag: str) -> None:
    with engine() as (client, errors):
        seen = _held(client, errors, release)
        client.tag(seen["Id"], uri, tag)
        try:
            _sent(client.push(uri, tag=tag, auth_config=_token(calls), stream=True, decode=True), uri)
        finally:
            with contextlib.suppress(*dockerengine.failures()):
                client.remove_image(f"{uri}:{tag}", noprune=True)


def _held(client: Any, errors: Any, release: Release) -> dict[str, Any]:
    """Return what the engine knows of a release's image, once it is that one."""
    spec = release.spec
    try:
        seen: dict[str, Any] = client.inspect_image(spec.reference)
    except errors.ImageNotFound as error:
        raise DeployError(
            f"the image {spec.reference} is neither in ECR nor at the engine",
            why=str(error.explanation or error),
            fix=f"build it: %autoexec build, then %autoexec deploy {release.service}",
        ) from error
    known = {str(seen["Id"]), *(each.rpartition("@")[2] for each in seen.get("RepoDigests") or ())}
    if spec.digest not in known:
        raise DeployError(
            f"{spec.reference} is another image by now",
            why=f"it is {seen['Id']}, and {spec.digest} was to be deployed",
            fix=f"%autoexec deploy {release.service}",
        )
    return seen


def _sent(lines: Iterator[Mapping[str, Any]], uri: str) -> None:
    for line in lines:
        if "error" in line:
            raise DeployError(
                f"the image could not be pushed to {uri}",
                why=str(line["error"]),
                fix="look whether that ECR repository takes it",
            )


def _token(calls: Calls) -> dict[str, str]:
    answer = calls.ask("ecr", "get_authorization_token")
    text = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
    user, _, password = text.partition(":")
    return {"username": user, "password": password}


def _knock(url: str) -> None:
    """See whether somebody listens at a socket of this machine; docker-py would leave its own end open."""
    _, is_local, path = url.partition("unix://")
    if is_local:
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(_KNOCK_SECONDS)
            knocking.connect(f"/{path.lstrip('/')}")
