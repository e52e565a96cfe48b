"""The image of a release: found by its digest alone, or pulled by it, and what it says of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ... import dockerengine
from ...dockerengine import Client
from ...errors import DeployError, UsageError
from ...events import Emit, Progress
from ...releasefacts import Spec
from .settings import settings_of

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def checked(spec: Spec) -> None:
    """Refuse what is no image by digest.

    Raises
    ------
    UsageError
        It is none.
    """
    if spec.artifact != "image":
        raise UsageError(
            f"docker runs images, and not a {spec.artifact}", fix="artifact = 'image', or --target local"
        )
    if not _DIGEST.fullmatch(spec.digest):
        raise UsageError(
            f"the image {spec.reference} has no digest",
            why=f"it says {spec.digest!r}, and a name alone can mean another image tomorrow",
            fix=f"docker image inspect --format '{{{{.Id}}}}' {spec.reference}",
        )


def found(client: Client, spec: Spec) -> dict[str, Any] | None:
    """Return what the engine knows of the very image, None where it has it not."""
    by_id = dockerengine.image_of(client, spec.digest)
    return by_id or dockerengine.image_of(client, f"{repository(spec.reference)}@{spec.digest}")


def pulled(client: Client, spec: Spec, emit: Emit) -> dict[str, Any]:
    """Return the image after it was pulled by its digest.

    Raises
    ------
    DeployError
        It has no registry, or that has it not.
    """
    name = repository(spec.reference)
    host = _host(name)
    exact = f"{name}@{spec.digest}"
    if not host:
        raise DeployError(
            f"the engine has no image {spec.reference} with the digest {spec.digest[:19]}…",
            why="it may have been removed, or built at another engine",
            fix="%autoexec build image, or docker load",
        )
    emit(Progress(phase="deploy", text=f"pulling {exact}"))
    what = f"{exact} cannot be pulled"
    try:
        for line in client.pull(name, tag=spec.digest, stream=True, decode=True):
            if said := line.get("error"):
                raise dockerengine.explained(str(said), what, host=host, image=exact, kind=DeployError)
    except dockerengine.failures() as error:
        if dockerengine.is_gone(error):
            raise
        raise dockerengine.explained(error, what, host=host, image=exact, kind=DeployError) from error
    image = found(client, spec)
    if image is None:
        raise DeployError(f"{exact} was pulled, and is not there", fix=f"docker pull {exact}")
    return image


def repository(reference: str) -> str:
    """Return the name of an image without its tag and its digest.

    Examples
    --------
    >>> repository("localhost:5000/team/web:1@sha256:ab"), repository("web:1")
    ('localhost:5000/team/web', 'web')
    """
    name = reference.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    return head + slash + tail.partition(":")[0]


def _host(name: str) -> str:
    """Return a repository's registry, "" where none is named."""
    first, slash, _ = name.partition("/")
    return first if slash and (first == "localhost" or "." in first or ":" in first) else ""


def port_of(spec: Spec, image: Mapping[str, Any]) -> int:
    """Return the port on which a release listens inside its container.

    Raises
    ------
    UsageError
        Nobody says.
    """
    if port := settings_of(dict(spec.options)).container_port:
        return port
    exposed = sorted((image.get("Config") or {}).get("ExposedPorts") or {})
    ports = [int(each.partition("/")[0]) for each in exposed if each.endswith("/tcp")]
    if len(ports) == 1:
        return ports[0]
    if spec.port:
        return spec.port
    which = f"it exposes {', '.join(map(str, ports))}" if ports else "it exposes none"
    raise UsageError(
        f"nobody says on which port {spec.reference} listens",
        why=which,
        fix="[tool.autoexec.deploy.NAME.docker] container-port = 8000",
    )


def user_of(image: Mapping[str, Any]) -> str:
    """Return the user that an image runs as, "" for root."""
    return str((image.get("Config") or {}).get("User") or "")
