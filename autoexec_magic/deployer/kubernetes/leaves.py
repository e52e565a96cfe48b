"""What own manifests say, value by value, and what of it a cluster has: pure.

Only what a person wrote is compared: what a server fills in says nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from .manifest import Manifest
from .objects import Body
from .seen import quantity
from .shapes import table_of

Path: TypeAlias = tuple[str | int, ...]
_LONGEST = 120
#: what is put in by us, or told by other names
_OURS: Mapping[str, tuple[Path, ...]] = {
    "Deployment": (("spec", "replicas"), ("spec", "selector")),
    "Service": (("spec", "selector"), ("spec", "publishNotReadyAddresses")),
    "PodDisruptionBudget": (("spec", "selector"),),
    "HorizontalPodAutoscaler": (("spec", "scaleTargetRef"),),
}


def key_of(body: Body) -> str:
    """Return what an object is told by: its kind, and its name where there may be several."""
    kind = str(body["kind"])
    return kind if kind in ("Deployment", "Service") else f"{kind}/{body['metadata']['name']}"


def values_in(found: Manifest, there: Mapping[str, Body], tail: str) -> dict[str, str]:
    """Return what objects have where the manifests say something, by name.

    Parameters
    ----------
    found : Manifest
        What a person wrote.
    there : mapping
        The objects, by `key_of`; one that is not there has nothing.
    tail : str
        The mark of the release, which is taken out of names.
    """
    said = {}
    for body in found.bodies:
        key = key_of(body)
        has = there.get(key)
        for path in _paths(body, found):
            value = _text(_at(has, path), _at(body, path), tail) if has else ""
            if value:
                said[f"{key}{_shown(path)}"] = value
    return said


def _paths(body: Body, found: Manifest) -> Iterator[Path]:
    main = ("spec", "template", "spec", "containers", f"[{found.container}]", "image")
    leave = (*_OURS.get(str(body["kind"]), ()), *((main,) if body is found.deployment else ()))
    for part in ("metadata", "spec", "data", "binaryData"):
        for path in _leaves(table_of(body, part), (part,)):
            is_name = path[0] == "metadata" and path[1:2] not in (("labels",), ("annotations",))
            if not is_name and not any(path[: len(each)] == each for each in leave):
                yield path


def _leaves(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(below, (*path, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            name = below.get("name") if isinstance(below, dict) else None
            yield from _leaves(below, (*path, f"[{name}]" if name else number))
    elif value not in (None, ""):
        yield path


def _at(body: Any, path: Path) -> Any:
    """Return the value that lies at a path, None where nothing does; what has a name is found by it."""
    for key in path:
        if isinstance(body, list):
            if isinstance(key, int):
                body = body[key] if key < len(body) else None
            else:
                named = (one for one in body if isinstance(one, dict) and f"[{one.get('name')}]" == key)
                body = next(named, None)
        elif isinstance(body, dict):
            body = body.get(str(key))
        else:
            return None
    return body


def _text(value: Any, written: Any, tail: str) -> str:
    """Return a value as it is told: as a person wrote it, where a cluster only spells it otherwise."""
    if value is None or isinstance(value, dict | list):
        return ""
    text, own = str(value), str(written)
    if text != own and quantity(text) and quantity(text) == quantity(own):
        return own
    text = text.removesuffix(f"-{tail}")
    if len(text) > _LONGEST or "\n" in text:
        return f"{len(text)} characters, {hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"
    return text


def _shown(path: Path) -> str:
    parts = (each if isinstance(each, str) else f"[{each}]" for each in path)
    return "".join(each if each.startswith("[") else f".{each}" for each in parts)
