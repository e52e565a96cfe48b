"""A service with manifests of its own: they are read once, and what they say of it is taken over."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ..deployer import Service

_PATH, _TEXT = "manifest", "manifest-text"


def manifested(service: Service, workspace: Path) -> Service:
    """Return a service as its manifests say: their text, image and replicas, where the settings say none.

    Parameters
    ----------
    service : Service
        One without manifests is returned as it is.
    workspace : Path
        The project's folder, where a path is relative to.

    Raises
    ------
    UsageError
        They cannot be read, or mean nothing that could be deployed.
    MissingTool
        There is no reader of YAML.
    """
    options = dict(service.options)
    if service.target != "kubernetes" or not (options.get(_PATH) or options.get(_TEXT)):
        return service
    from ..deployer.kubernetes import manifest_of, read

    if path := options.get(_PATH, ""):
        place = workspace / path
        options[_TEXT] = read(place)
        # what is kept of it is the text; the ledger needs no home's name
        is_inside = place.is_relative_to(workspace)
        options[_PATH] = str(place.relative_to(workspace)) if is_inside else place.name
    found = manifest_of(
        options[_TEXT], service.name, options.get("namespace", ""), options.get("container", "")
    )
    is_built = bool(service.image or service.artifact)
    return dataclasses.replace(
        service,
        image=service.image if is_built else found.image,
        replicas=found.replicas if service.replicas == 1 else service.replicas,
        options=tuple(sorted(options.items())),
    )
