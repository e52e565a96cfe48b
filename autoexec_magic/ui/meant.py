"""What the options of a line mean, as values; no parser is needed for that."""

from __future__ import annotations

import argparse
import dataclasses

from ..executor.cage import Limits
from ..orchestrator import Fixing

FIXINGS = "_autoexec_magic_fixings"  #: the attribute of a shell in which a cell was to be fixed


def limits(options: argparse.Namespace) -> Limits:
    """Return the limits that a line gives."""
    return Limits(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Limits)})


def fixing_of(options: argparse.Namespace, file: str = "", content: bytes = b"") -> Fixing | None:
    """Return what is to be done about a failure, or None where a line does not say so."""
    fix, is_auto, model, shows = (getattr(options, name, False) for name in ("fix", "auto", "model", "show"))
    asks_model = is_auto or model or shows
    if not (fix or asks_model):
        return None
    return Fixing(
        is_auto=is_auto,
        installs=not getattr(options, "no_install", False),
        asks_model=asks_model,
        shows=shows,
        file=file,
        content=content,
    )
