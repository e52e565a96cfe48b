"""From an artifact to a release that is live, gated by its health, and undone when it is unwell.

`deploy` (`deploying`) is written once; a target is a file of four facts
(`target`). The gate is judged purely (`gate`), what is intended and done stands on
the ledger, which is also the lock (`journal`), and secrets are known by where
they are kept (`secretrefs`).
"""

from __future__ import annotations

from .deploying import Paused, Work, abort, before, deploy, resume
from .difference import changes_of, digest_of, fields_of
from .journal import ROW, Journal, LockLost, Open, targets_of
from .secretrefs import resolved
from .services import Service, read, service_of
from .shift import Shift, steps_of
from .target import (
    Addressed,
    Aside,
    Change,
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

__all__ = [
    "ROW",
    "Addressed",
    "Aside",
    "Change",
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
    "deploy",
    "digest_of",
    "fields_of",
    "read",
    "resolved",
    "resume",
    "service_of",
    "services_told",
    "steps_of",
    "targets_of",
]
