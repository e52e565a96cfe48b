"""From an artifact to a release that is live, gated by its health, and undone when it is unwell.

`deploy` (`deploying`) is written once; a target is a file of four facts
(`target`). The gate is judged purely (`gate`), what is intended and done stands on
the ledger, which is also the lock (`journal`), and secrets are known by where
they are kept (`secretrefs`).

What is named here is imported when it is used: what serves a release on this
machine (`serving`) is a part of this package, and starts without the rest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .attempts import Open
    from .deploying import Paused, abort, before, check_shift, deploy, resume, withdraw
    from .difference import changes_of, digest_of, fields_of
    from .journal import ROW, Journal, LockLost, targets_of
    from .secretrefs import resolved, still_there
    from .services import Service, read, service_of
    from .shift import Shift, steps_of
    from .target import (
        Addressed,
        Aside,
        Change,
        Checks,
        ChecksSplit,
        Live,
        Previews,
        Splits,
        Target,
        Tells,
        Tidies,
        Unanswered,
        Unwell,
    )
    from .told import ServiceTold, Told, services_told
    from .undoing import Work

__all__ = [
    "ROW",
    "Addressed",
    "Aside",
    "Change",
    "Checks",
    "ChecksSplit",
    "Journal",
    "Live",
    "LockLost",
    "Open",
    "Paused",
    "Previews",
    "Service",
    "ServiceTold",
    "Shift",
    "Splits",
    "Target",
    "Tells",
    "Tidies",
    "Told",
    "Unanswered",
    "Unwell",
    "Work",
    "abort",
    "before",
    "changes_of",
    "check_shift",
    "deploy",
    "digest_of",
    "fields_of",
    "read",
    "resolved",
    "resume",
    "service_of",
    "services_told",
    "steps_of",
    "still_there",
    "targets_of",
    "withdraw",
]

_WHERE = {
    "Addressed": "target",
    "Aside": "target",
    "Change": "target",
    "Checks": "target",
    "ChecksSplit": "target",
    "Journal": "journal",
    "Live": "target",
    "LockLost": "journal",
    "Open": "attempts",
    "Paused": "deploying",
    "Previews": "target",
    "ROW": "journal",
    "Service": "services",
    "ServiceTold": "told",
    "Shift": "shift",
    "Splits": "target",
    "Target": "target",
    "Tells": "target",
    "Tidies": "target",
    "Told": "told",
    "Unanswered": "target",
    "Unwell": "target",
    "Work": "undoing",
    "abort": "deploying",
    "before": "deploying",
    "changes_of": "difference",
    "check_shift": "deploying",
    "deploy": "deploying",
    "digest_of": "difference",
    "fields_of": "difference",
    "read": "services",
    "resolved": "secretrefs",
    "resume": "deploying",
    "service_of": "services",
    "services_told": "told",
    "steps_of": "shift",
    "still_there": "secretrefs",
    "targets_of": "journal",
    "withdraw": "deploying",
}


def __getattr__(name: str) -> object:
    """Import what is asked for (PEP 562)."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
