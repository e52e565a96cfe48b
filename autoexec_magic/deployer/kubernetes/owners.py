"""Who set which fields of an object: read from its managed fields, pure.

Counted are fields that say how it runs (`spec`) and not what the cluster itself
writes there: the revision that the deployment controller notes, addresses,
states.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import names

_KEY = "k:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Somebody else's fields of an object: who, which, and when last, as the cluster has it."""

    manager: str
    fields: tuple[str, ...]
    at: str = ""

    @property
    def shown(self) -> str:
        """It in words."""
        when = f" at {self.at}" if self.at else ""
        more = f" and {len(self.fields) - 3} more" if len(self.fields) > 3 else ""
        return f"{self.manager} set {', '.join(self.fields[:3])}{more}{when}"


def others_of(body: Mapping[str, Any]) -> tuple[Owner, ...]:
    """Return whoever but us set fields below `spec`, in the order of the cluster.

    Examples
    --------
    >>> fields = {"f:spec": {"f:replicas": {}}}
    >>> found = {"metadata": {"managedFields": [{"manager": "kubectl-edit", "fieldsV1": fields}]}}
    >>> others_of(found)[0].shown
    'kubectl-edit set spec.replicas'
    """
    found = []
    for entry in body.get("metadata", {}).get("managedFields") or ():
        if entry.get("manager") == names.MANAGER or entry.get("subresource") == "status":
            continue
        spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        if fields := tuple(_leaves(spec, "spec")):
            found.append(
                Owner(manager=str(entry.get("manager", "")), fields=fields, at=str(entry.get("time", "")))
            )
    return tuple(found)


def _leaves(fields: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the paths of the fields that have none below them."""
    for key, below in fields.items():
        if key == ".":
            continue
        kind, _, name = key.partition(":")
        here = f"{path}[{name}]" if f"{kind}:" == _KEY else f"{path}.{name}"
        if isinstance(below, Mapping) and below.keys() - {"."}:
            yield from _leaves(below, here)
        else:
            yield here
