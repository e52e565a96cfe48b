"""Bash: what a shell line needs that is not an argv.

Bash runs each line as soon as it has read it: what is wrong with the last one
shows when all others have done their work. So its own parser is asked first
(`bash -n`, which runs nothing).
"""

from __future__ import annotations

from collections.abc import Mapping

from .inside import BASH
from .language import Handover, Language, program


def _start() -> tuple[str, ...]:
    return (program("bash", fix="install it, or use --lang python"),)


def _hand_over(values: Handover) -> tuple[tuple[str, ...], Mapping[str, str]]:
    # Bash reads the file that this names before a script (bash(1), INVOCATION).
    return (), {**values.texts, "BASH_ENV": str(BASH), "AUTOEXEC_HANDOVER": values.said}


ENTRY = Language(
    name="bash",
    programs=frozenset({"bash", "sh"}),
    endings=(".sh", ".bash"),
    start=_start,
    valued="oO",
    refused="cs",
    parse_options=("-n",),
    reads_whole=False,
    hand_over=_hand_over,
    values="text",
)
