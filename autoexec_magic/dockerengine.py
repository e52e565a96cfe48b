"""The engine that builds and runs images: Docker's, or Podman's, found as docker's command finds it.

docker-py is imported only when an engine is asked for, and a client of it is made
here alone. What it raises is told in our words. (It starts one kind of process
itself: the credential helper that docker's own configuration names.)
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from .errors import BuildError, MissingTool, PhaseError
from .redact import mask, one_line

Client: TypeAlias = Any  #: docker.APIClient, which has no types
_SECONDS = 60.0
_KNOCK_SECONDS = 5.0
_INSTALL = "apt-get install docker.io (or podman), or set DOCKER_HOST"
_START = (
    "sudo systemctl start docker, or set DOCKER_HOST (Podman: unix://$XDG_RUNTIME_DIR/podman/podman.sock)"
)

#: what a disk of this machine says: it has no room, or takes nothing at all
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
#: what an engine or a registry says, what it means, and what to do
_MEANINGS = (
    (r"no space left on device", "the engine's disk is full", "docker system df, then docker system prune"),
    (
        r"pull access denied|may require 'docker login'",
        "there is no such image, or it wants a login",
        "check the name, or docker login {host}",
    ),
    (
        r"unauthorized|authentication required|access (?:to the resource is )?denied|denied:|no basic auth",
        "the registry refused",
        "docker login {host}",
    ),
    (
        r"manifest .*(?:unknown|not found)|repository does not exist|not found: manifest",
        "there is no such image",
        "check the name, or pull it: docker pull {image}",
    ),
    (
        r"no such host|connection refused|i/o timeout|network is unreachable|TLS handshake|deadline exceeded"
        r"|Client\.Timeout|server misbehaving|context canceled|EOF|connection reset|broken pipe",
        "the registry cannot be reached",
        "look at the network, a proxy, or the registry's name",
    ),
    (
        r"(?:COPY|ADD) failed|forbidden path outside|file not found in build context|no source files",
        "a COPY has nothing to copy",
        "check the path, and that .dockerignore does not name it",
    ),
    (r"unknown instruction|dockerfile parse error|unknown flag", "the Dockerfile is wrong", "mend that line"),
)


@contextlib.contextmanager
def connected(seconds: float = _SECONDS) -> Iterator[Client]:
    """Yield a client of the engine, as DOCKER_HOST or docker's context names it.

    Parameters
    ----------
    seconds : float, default 60
        How long it may think over an answer; what streams has no such limit.

    Raises
    ------
    MissingTool
        docker-py is not installed, or there is no engine, or we may not ask it.
    """
    try:
        import docker
        from docker.errors import DockerException
        from docker.utils import kwargs_from_env
    except ImportError as error:
        fix = "pip install 'autoexec-magic[docker]'"
        raise MissingTool("docker-py is not installed", why="it speaks with the engine", fix=fix) from error
    try:
        words = kwargs_from_env()
        words.setdefault("base_url", _context_host())
        _knock(words["base_url"])
        client = docker.APIClient(version="auto", timeout=seconds, **words)
    except (DockerException, ValueError, OSError) as error:
        raise _absent(error) from error
    try:
        yield client
    finally:
        client.close()


def _knock(url: str | None) -> None:
    """See whether somebody listens at a socket of this machine; docker-py would leave its own end open.

    Raises
    ------
    OSError
        Nobody does, or not for us.
    """
    path = "/var/run/docker.sock" if url is None else url.partition("unix://")[2] if "unix://" in url else ""
    if path:
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(_KNOCK_SECONDS)
            knocking.connect(f"/{path.lstrip('/')}")


def identity(client: Client) -> str:
    """Return the engine's own id.

    Raises
    ------
    AutoexecError
        It does not answer.
    """
    try:
        return str(client.info().get("ID") or "engine").replace(" ", "-")
    except failures() as error:
        raise explained(error, "the engine does not answer") from error


def _context_host() -> str | None:
    """Return the engine that `docker context use` chose (rootless, Colima, Docker Desktop), or None."""
    from docker.context import ContextAPI
    from docker.errors import DockerException

    try:
        chosen = ContextAPI.get_context(os.environ.get("DOCKER_CONTEXT") or None)
    except (DockerException, ValueError, OSError, KeyError):
        return None
    return str(chosen.Host) if chosen is not None and chosen.Host else None


def _absent(error: Exception) -> MissingTool:
    said = one_line(mask(str(error)))
    where = os.environ.get("DOCKER_HOST") or "the usual socket"
    if isinstance(error, PermissionError) or "PermissionError" in said or "ermission denied" in said:
        fix = "sudo usermod -aG docker $USER, then log in again"
        return MissingTool("the Docker Engine may not be asked", why=f"{where}: permission denied", fix=fix)
    is_there = any(shutil.which(name) for name in ("dockerd", "docker", "podman"))
    why = re.sub(r"\A.*?(?:Connection aborted\.', |: )", "", said, count=1) or said
    return MissingTool(
        "there is no Docker Engine that answers",
        why=f"{where}: {why}"[:200],
        fix=_START if is_there else _INSTALL,
    )


def explained(
    error: BaseException | str,
    what: str,
    *,
    host: str = "",
    image: str = "",
    kind: type[PhaseError] = BuildError,
) -> PhaseError:
    """Return what an engine's error means, as an error of ours.

    Parameters
    ----------
    error : exception or str
        What docker-py raised, or what the engine's stream said.
    what : str
        What failed, one line.
    host, image : str, optional
        For the command that helps.
    kind : type, default BuildError
        The error of the phase that asked.
    """
    said = one_line(mask(error if isinstance(error, str) else _words_of(error)))
    if isinstance(error, OSError) and error.errno in _FULL:  # ours: an engine says its own in words
        is_shut = error.errno == errno.EROFS
        place = Path(os.fsdecode(error.filename)).parent if error.filename else tempfile.gettempdir()
        return kind(
            f"{what}: this machine's disk {'cannot be written to' if is_shut else 'is full'}",
            why=said[:300],
            fix=f"make {place} writable" if is_shut else f"make room in {place}",
        )
    if not isinstance(error, str) and is_gone(error):
        return kind(f"{what}: the engine went away", why=said[:300], fix=f"start it again: {_START}")
    for pattern, meaning, fix in _MEANINGS:
        if re.search(pattern, said, re.IGNORECASE):
            return kind(f"{what}: {meaning}", why=said[:300], fix=fix.format(host=host, image=image))
    return kind(what, why=said[:300], fix="%autoexec why")


def _words_of(error: BaseException) -> str:
    explanation = getattr(error, "explanation", None)
    return str(explanation or error) or type(error).__name__


def is_gone(error: BaseException) -> bool:
    """Whether an error says that the engine is not there any more, and not that it refused."""
    import requests
    import urllib3

    return isinstance(
        error, requests.RequestException | urllib3.exceptions.HTTPError | OSError
    ) and not hasattr(error, "explanation")


def failures(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """Return what docker-py raises, and `more`, for an `except`."""
    import requests
    import urllib3
    from docker.errors import DockerException

    return (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError, *more)


def image_of(client: Client, name: str) -> dict[str, Any] | None:
    """Return what the engine knows of an image, None where it has none of that name."""
    from docker.errors import APIError, ImageNotFound

    try:
        found: dict[str, Any] = client.inspect_image(name)
    except ImageNotFound:
        return None
    except APIError as error:
        raise explained(error, f"the engine does not tell of {name}", image=name) from error
    return found
