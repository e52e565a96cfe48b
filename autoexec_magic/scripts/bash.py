"""Bash: what a shell line needs that is not an argv."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from ..errors import MissingTool
from .language import Language


def _start() -> tuple[str, ...]:
    # A relative entry of PATH means the workspace's own files, which run only by policy.
    folders = [folder for folder in os.get_exec_path() if Path(folder).is_absolute()]
    found = shutil.which("bash", path=os.pathsep.join(folders))
    if found is None:
        raise MissingTool("there is no bash on this machine", fix="install it, or use --lang python")
    return (found,)


def _environment(cwd: Path) -> Mapping[str, str]:
    return {}


ENTRY = Language(
    name="bash",
    programs=frozenset({"bash", "sh"}),
    ending=".sh",
    start=_start,
    environment=_environment,
    valued="oO",
    refused="cs",
)
