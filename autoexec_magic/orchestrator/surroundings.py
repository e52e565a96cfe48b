"""What a run finds around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .. import executor
from ..config import Config, Loaded
from ..values import Ask, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a run finds around it.

    `loaded` is where `config` came from: what the project offers and a person
    agreed to for good.
    `ask` answers a question or raises `NeedsPerson`, `person` is who answers
    what no option may answer beforehand, and `place` says where it
    would be asked just now; `within` is the run that this one is a part of, or "";
    `on_spawn` is told the identity of each process;
    `is_cancelled` says whether somebody asked, from outside, for this run's end.
    """

    config: Config
    cwd: Path
    workspace: Path
    cache: Path
    ask: Ask
    person: Ask | None = None
    loaded: Loaded | None = None
    place: Callable[[], Place] = lambda: "prompt"
    run_id: str = ""
    within: str = ""
    cancel: executor.Cancel | None = None
    on_spawn: Callable[[executor.ProcessId], None] | None = None
    is_cancelled: Callable[[], bool] = lambda: False
