"""An image that is there already, as an artifact: known by what its name leads to now."""

from __future__ import annotations

import re

from .. import dockerengine
from ..errors import DeployError
from ..values import Artifact

_PINNED = re.compile(r".+@(sha256:[0-9a-f]{64})")
_SECONDS = 20.0


def named_image(name: str) -> Artifact:
    """Return the image of a name; one with a digest is what it says, of others the engine is asked.

    Raises
    ------
    DeployError
        The engine has no image of that name, and what a registry has under a
        tag is another one tomorrow.
    MissingTool
        There is no engine to ask.
    """
    if found := _PINNED.fullmatch(name):
        return _artifact(name, found[1], 0)
    with dockerengine.connected(_SECONDS) as client:
        try:
            image = dockerengine.image_of(client, name)
        except dockerengine.failures() as error:
            raise dockerengine.explained(
                error, f"the engine does not tell of {name}", image=name, kind=DeployError
            ) from error
    if image is None:
        raise DeployError(
            f"the engine has no image {name}",
            why="a tag is not pulled by itself: what it leads to may be another image tomorrow",
            fix=f"docker pull {name}, or give NAME@sha256:…",
        )
    return _artifact(name, str(image["Id"]), int(image.get("Size") or 0))


def _artifact(name: str, digest: str, size: int) -> Artifact:
    return Artifact(
        artifact="image", name=name, version="", reference=name, digest=digest, bytes=size, inputs_digest=""
    )
