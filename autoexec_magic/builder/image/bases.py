"""The digest of the image that ours is built on, so that the same name is the same bytes tomorrow."""

from __future__ import annotations

from ... import dockerengine as engine
from ...errors import AutoexecError, MissingTool
from . import reference

_SECONDS = 8.0


def resolved(name: str) -> tuple[str, str, str]:
    """Return a base's name with its digest, the digest, and a warning; the last two may be "".

    The engine's own copy says it, else its registry does. Where neither can,
    the name stays as it is, and the warning says so.

    Raises
    ------
    UsageError
        The name is none.
    """
    asked = reference.parse(name, "the base image")
    if asked.digest:
        return name, asked.digest, ""
    tagged = name if asked.tag else f"{name}:latest"
    try:
        with engine.connected(_SECONDS) as client:
            digest, why = _digest_of(client, tagged)
    except MissingTool as error:
        digest, why = "", error.what
    if digest:
        return f"{tagged}@{digest}", digest, ""
    return (
        tagged,
        "",
        f"the base {tagged} is named by its tag alone, which may be another image tomorrow: {why}",
    )


def _digest_of(client: engine.Client, tagged: str) -> tuple[str, str]:
    try:
        local = engine.image_of(client, tagged)
        if local is not None:
            repository = reference.parse(tagged).repository
            for each in local.get("RepoDigests") or ():
                if str(each).partition("@")[0] == repository:
                    return str(each).partition("@")[2], ""
            return "", "the engine's copy of it is from no registry"
        found = client.inspect_distribution(tagged)
        return str(found["Descriptor"]["digest"]), ""
    except AutoexecError as error:
        return "", error.what
    except engine.failures(KeyError, TypeError) as error:
        return "", engine.explained(error, f"its registry does not tell the digest of {tagged}").what
