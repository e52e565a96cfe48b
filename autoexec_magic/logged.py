"""A log from anywhere, diagnosed: its secrets are masked before anything is read off it."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from .builder import app_maps
from .diagnosis import Around, diagnose_log
from .redact import MASK, secrets_in, spans
from .values import Diagnosis

T = TypeVar("T")
_FILLER = "*"
_FILLED = re.compile(r"\*{4,}")


def diagnose(text: str, *, lang: str = "", near: Path | None = None) -> tuple[Diagnosis, ...]:
    """Return every failure that a log shows, in the order of their places.

    Parameters
    ----------
    text : str
        A log of CI, of a container, of a terminal: coloured, cut, interleaved.
    lang : str, optional
        What wrote it; by default each failure tells by its form.
    near : Path, optional
        Where the apps of notebooks are looked for, whose modules the log may
        name: in this folder, its `dist` and its workspace's; the working
        directory by default. Their failures are told by notebook and cell.

    Returns
    -------
    tuple of Diagnosis
        Empty where nothing went wrong; `bytes` is the half-open range of `text`
        in UTF-8. No field holds a secret.
    """
    around = Around(apps=app_maps(text, near or Path.cwd()))
    found = diagnose_log(hidden(text, secrets_in(os.environ)), language=lang, around=around)
    return tuple(_shown(each) for each in found)


def hidden(text: str, secrets: Sequence[str]) -> str:
    """Return `text` with its secrets filled by asterisks, a byte of UTF-8 for a byte: places stay."""
    pieces: list[str] = []
    at = 0
    for start, end in spans(text, secrets):
        length = len(text[start:end].encode("utf-8", "surrogatepass"))
        pieces += [text[at:start], _FILLER * length]
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text


def _shown(value: T) -> T:
    """Return a value with each run of asterisks in its texts made the mask."""
    shown: Any = value
    if isinstance(value, str):
        shown = _FILLED.sub(MASK, value)
    elif isinstance(value, tuple):
        shown = tuple(_shown(item) for item in value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
        shown = dataclasses.replace(value, **{name: _shown(item) for name, item in fields.items()})
    return cast("T", shown)
