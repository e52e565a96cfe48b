"""Node: JavaScript, as a module of either kind.

Node reads the whole of a file before it runs any of it, so nothing is asked
beforehand for one script: that would cost a second start of Node (40 ms) to
learn what the first one says. What a cell requires is looked for from the
working directory, where the notebook is, and not from the folder of its file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .inside import NODE
from .language import Handover, Language, program

_MODULE = re.compile(r"^[ \t]*(?:import\b\s*[\w{*'\"$]|export\b\s*[\w{*])", re.M)


def _start() -> tuple[str, ...]:
    return (program("node", "nodejs", fix="install Node 18 or newer, or use --lang python"),)


def _environment(folder: Path, *others: Path) -> Mapping[str, str]:
    return {"AUTOEXEC_FROM": str(folder)}  # the only one that a file itself would be looked up from


def _options(path: Path, cwd: Path) -> tuple[str, ...]:
    return ("--require", str(NODE))


def _hand_over(values: Handover) -> tuple[tuple[str, ...], Mapping[str, str]]:
    return ("--require", str(NODE)), {"AUTOEXEC_HANDOVER": values.said}


ENTRY = Language(
    name="node",
    programs=frozenset({"node", "nodejs", "javascript", "js"}),
    endings=(".js", ".mjs", ".cjs"),
    start=_start,
    environment=_environment,
    valued="rC",
    refused="epi",
    refused_long=("--eval", "--print", "--check", "--interactive", "--test", "--watch", "--run"),
    comment="//",
    parse_options=("--check",),
    options=_options,
    hand_over=_hand_over,
    values="json",
    ending=lambda source: ".mjs" if _MODULE.search(source) else ".js",
)
