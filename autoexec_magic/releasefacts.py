"""What a release is made of: all that can change from one to the next, and so all that an undo restores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

TargetKind: TypeAlias = Literal["local", "docker", "kubernetes", "aws", "gcp"]
Strategy: TypeAlias = Literal["all-at-once", "rolling", "blue-green", "canary"]
DeployCode: TypeAlias = Literal[
    "deployed",
    "withdrawn",
    "rolled-back",
    "rollback-failed",
    "rollback-unverified",
    "unknown",
    "cancelled",
    "failed",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """When a release counts as well.

    It is asked every `interval_seconds`: by HTTP where there is a `path` (2xx
    and 3xx are well), by `command` (exit code 0), else by connecting to its
    port; an answer takes at most `answer_seconds`. For `start_seconds` it may
    be unwell; by then it was well `successes` times in a row, or the gate is
    shut. After that it has to stay well for `bake_seconds`, in which fewer than
    `failures` answers may be bad.
    """

    path: str = ""
    command: tuple[str, ...] = ()
    start_seconds: float = 60.0
    interval_seconds: float = 0.5
    answer_seconds: float = 2.0
    successes: int = 3
    bake_seconds: float = 10.0
    failures: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A variable whose value is kept elsewhere.

    `reference` says where (`env:NAME`, `file:PATH`, `keyring:SERVICE/USER`).
    `version` tells values apart and cannot be turned into one: a keyed digest
    of it, 16 hexadecimal digits.
    """

    name: str
    reference: str
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What is made live: the artifact, and how it runs.

    `artifact` is its kind ("image", "app", "wheel", "folder"), `reference` a
    path or an image's name, `digest` `sha256:` with 64 digits, `inputs_digest` one
    of what it was built from, or "". `port` is where
    people reach it, 0 for one that is free; `memory_bytes` and `cpus` bound each
    of its `replicas`, 0 is no bound. `options` are the target's own.
    """

    artifact: str
    reference: str
    digest: str
    inputs_digest: str = ""
    command: tuple[str, ...] = ()
    port: int = 0
    environment: tuple[tuple[str, str], ...] = ()
    secrets: tuple[Secret, ...] = ()
    replicas: int = 1
    memory_bytes: int = 0
    cpus: float = 0.0
    gate: Gate = field(default_factory=Gate)
    options: tuple[tuple[str, str], ...] = ()

    def option(self, name: str, default: str = "") -> str:
        """Return one of the target's own options."""
        return dict(self.options).get(name, default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One artifact made live, or about to be.

    `release_id` sorts by time. `place` is its name at the platform, once it was
    staged there. `started` is UTC, milliseconds since 1970; `notebook` where it
    was deployed from, "" if from none.
    """

    service: str
    target: TargetKind
    release_id: str
    spec: Spec
    place: str = ""
    started: int = 0
    notebook: str = ""

    @property
    def digest(self) -> str:
        """The artifact's digest."""
        return self.spec.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """How a release fared, as the ledger has it.

    `code` is "deployed" or why it is not; `is_good` whether it passed its gate
    and its bake time. `why` says what was wrong; `run_id` is the run that did
    it, `at` when it ended, UTC, milliseconds since 1970.
    """

    release: Release
    code: DeployCode
    is_good: bool = False
    why: str = ""
    run_id: str = ""
    at: int = 0
