"""What a deploy changes, field by field, pure."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping

from ..releasefacts import Spec
from .target import Change

EMPTY = "''"  #: a variable that is there and empty is another thing than none


def fields_of(spec: Spec) -> dict[str, str]:
    """Return all that a release runs with, by name, as people read it; "" is left out.

    Examples
    --------
    >>> found = fields_of(Spec(artifact="image", reference="web:1", digest="sha256:ab", port=80))
    >>> found["port"], found["replicas"]
    ('80', '1')
    """
    gate = spec.gate
    found = {
        "artifact": spec.artifact,
        "digest": spec.digest,
        "command": shlex.join(spec.command),
        "port": str(spec.port or ""),
        "replicas": str(spec.replicas),
        "memory": str(spec.memory_bytes or ""),
        "cpus": f"{spec.cpus:g}" if spec.cpus else "",
        "health.path": gate.path,
        "health.command": shlex.join(gate.command),
        **{f"env.{name}": value or EMPTY for name, value in spec.environment},
        **{f"secret.{each.name}": f"{each.reference} ({each.version})" for each in spec.secrets},
        **{f"option.{name}": value or EMPTY for name, value in spec.options},
    }
    return {name: value for name, value in found.items() if value}


def digest_of(spec: Spec) -> str:
    """Return one digest of all that a release runs with, `sha256:` and 64 digits: to tell a change by."""
    text = json.dumps(sorted(fields_of(spec).items()))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def changes_of(now: Mapping[str, str], new: Mapping[str, str]) -> tuple[Change, ...]:
    """Return what differs, by name.

    Examples
    --------
    >>> changes_of({"port": "80", "cpus": "1"}, {"port": "81", "cpus": "1"})
    (Change(name='port', now='80', new='81'),)
    """
    names = sorted({*now, *new})
    return tuple(
        Change(name=name, now=now.get(name, ""), new=new.get(name, ""))
        for name in names
        if now.get(name, "") != new.get(name, "")
    )
