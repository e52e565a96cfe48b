"""A release as JSON has it, on the ledger and at a platform, and back."""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Mapping
from typing import Any

from ..releasefacts import Gate, Release, Secret, Spec, TargetKind


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
        gate = _known(Gate, {**spec["gate"], "command": _texts(spec["gate"].get("command", ()))})
        given = {
            **spec,
            "gate": gate,
            "command": _texts(spec.get("command", ())),
            "environment": _pairs(spec.get("environment", ())),
            "options": _pairs(spec.get("options", ())),
            "secrets": tuple(_known(Secret, each) for each in spec.get("secrets", ())),
        }
        found: Release = _known(Release, {**body, "spec": _known(Spec, given)})
        return found
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a release: {error}") from error


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not all(isinstance(each, str) for each in values):
        raise TypeError("words are a list of texts")
    return tuple(values)


def _pairs(values: Any) -> tuple[tuple[str, str], ...]:
    found = tuple(map(_texts, values))
    if any(len(each) != 2 for each in found):
        raise TypeError("a variable has a name and a value")
    return tuple((name, value) for name, value in found)


def _known(kind: type[Any], values: Mapping[str, Any]) -> Any:
    hints = typing.get_type_hints(kind)
    own = {name: value for name, value in values.items() if name in hints}
    for name, value in own.items():
        if not _fits(value, hints[name]):
            raise TypeError(f"{name} is none")
    return kind(**own)


def _fits(value: Any, hint: Any) -> bool:
    if hint is float:
        return type(value) in (int, float) and abs(value) <= sys.float_info.max  # no NaN: it is never reached
    if hint is int:
        return type(value) is int
    return isinstance(value, str) if hint in (str, TargetKind) else True
