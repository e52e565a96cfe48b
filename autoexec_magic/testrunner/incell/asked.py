"""What is to be run, and who is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..told import OnCase

MODULE = "__autoexec_cell__"  #: in `sys.modules` while the tests run, for pickle and dataclasses

Voice: TypeAlias = Literal["pytest", "stdout", "stderr"]  #: who speaks: pytest itself, or the tests
OnText: TypeAlias = Callable[[Voice, str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One run, as `run` was asked for it; the lines of `source` have the numbers that people see."""

    source: str
    names: Mapping[str, object]
    instead: Mapping[str, object]
    arguments: tuple[str, ...]
    title: str
    doctests: tuple[str, ...] | None
    on_count: Callable[[Sequence[str]], object]
    on_start: Callable[[str], object]
    on_case: OnCase
    on_text: OnText
    late: Callable[[], str]
