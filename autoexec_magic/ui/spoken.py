"""What a verb has to say, for whoever prints it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..values import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """The result of a verb.

    `value` is what a magic returns, `text` what people read, `records` what
    machines read before the last one, `result`.
    """

    result: Result
    value: object = None
    text: str = ""
    records: tuple[dict[str, object], ...] = field(default=())
