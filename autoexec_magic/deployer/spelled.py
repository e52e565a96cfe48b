"""A release as JSON has it, on the ledger and at a platform, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..releasefacts import Gate, Release, Secret, Spec


def spelled(release: Release) -> dict[str, Any]:
    """Return a release as JSON has it; no secret is in it, only where each is kept."""
    return dataclasses.asdict(release)


def release_of(body: Mapping[str, Any]) -> Release:
    """Return the release that `spelled` wrote; what a newer version added is left out.

    Raises
    ------
    ValueError
        It is none.
    """
    try:
        spec = dict(body["spec"])
        gate = _known(Gate, {**spec["gate"], "command": tuple(spec["gate"].get("command", ()))})
        given = {
            **spec,
            "gate": gate,
            "command": tuple(spec.get("command", ())),
            "environment": _pairs(spec.get("environment", ())),
            "options": _pairs(spec.get("options", ())),
            "secrets": tuple(_known(Secret, each) for each in spec.get("secrets", ())),
        }
        found: Release = _known(Release, {**body, "spec": _known(Spec, given)})
        return found
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a release: {error}") from error


def _pairs(values: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in values)


def _known(kind: type[Any], values: Mapping[str, Any]) -> Any:
    names = {each.name for each in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in names})
