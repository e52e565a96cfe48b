"""Where in JavaScript something was thrown, from the stack that V8 writes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import unquote

# `at name (place:line:column)`, or without a name; https://v8.dev/docs/stack-trace-api
_FRAME = re.compile(
    r"^\s{0,16}at (?:.{0,400}?\()?(?P<file>[^()\n]{1,1000}?):(?P<line>\d{1,9}):\d{1,9}\)?$", re.M
)
_ERROR = re.compile(
    r"^(?:Uncaught )?(?P<type>[A-Z][\w$]{0,80})(?: \[(?P<code>\w{1,80})\])?: (?P<message>.*)$", re.M
)
_FRAMES = 200


def places(stack: str, root: str) -> list[tuple[str, int]]:
    """Return file and line of each frame in the project's or a library's own files, the innermost first.

    Files below `root` are told from there.
    """
    found = []
    for match in _FRAME.finditer(stack):
        file = match["file"].removeprefix("async ")
        if not file.startswith(("node:", "internal/", "native", "<anonymous>")):
            found.append((within(file, root), int(match["line"])))
        if len(found) == _FRAMES:
            break
    return found


def within(file: str, root: str) -> str:
    """Return `file`, a path or a file URL, as it is called from `root`."""
    path = unquote(file.removeprefix("file://")) if file.startswith("file://") else file
    try:
        return str(PurePosixPath(path).relative_to(root)) if root else path
    except ValueError:
        return path


def last_error(text: str) -> tuple[str, str]:
    """Return type and message of the error that an output tells of; both "" where it tells of none."""
    match = _ERROR.search(text)
    return (match["type"], match["message"].strip()) if match else ("", "")
