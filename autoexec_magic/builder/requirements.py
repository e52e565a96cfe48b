"""What a project may ask an index for: a requirement by name, or a wheel at an address, and no more.

What is asked for comes from a project's files, from a backend's answer and from
what was built: other people's data. uv reads each line as a line of a
requirements file, where an option reads other files (`-r`), a path or a
repository is code that runs at once, and `${NAME}` is a variable of ours, which
would be sent to whatever address it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from ..errors import BuildError

MOST = 10_000  #: requirements at once: a lock of all that is known has fewer
_MOST_SIGNS = 4_096
_HASH = re.compile(r"--hash=sha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})")
_CUT = re.compile(r"\s+(?=--hash=)")
_ODD = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_FIX = "write it as NAME==VERSION, or as NAME @ https://…/NAME.whl"


def checked(lines: Iterable[str]) -> list[str]:
    """Return requirements as they may be handed to uv.

    Parameters
    ----------
    lines : iterable of str
        As PEP 508 writes them, each with as many ` --hash=sha256:…` as it likes.

    Raises
    ------
    BuildError
        One is an option, a path, a repository, the address of what is no wheel,
        or no requirement at all; it is named.

    Examples
    --------
    >>> checked(["pear >= 1", "plum==2 --hash=sha256:" + "0" * 64])[0]
    'pear >= 1'
    """
    found = [_checked(line) for line in lines]
    if len(found) > MOST:
        raise BuildError("it asks for too much", why=f"these are {len(found):,} requirements", fix=_FIX)
    return found


def _checked(line: str) -> str:
    from packaging.requirements import InvalidRequirement, Requirement

    line = line.strip()
    text, *hashes = _CUT.split(line)
    if len(text) > _MOST_SIGNS or _ODD.search(line):
        raise _refused(line, "a requirement is one line")
    if not all(_HASH.fullmatch(each) for each in hashes):
        raise _refused(line, "what stands behind it is no hash")
    try:
        wanted = Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        raise _refused(line, str(error).splitlines()[0]) from error
    if "$" in line:
        raise _refused(line, "uv would put a variable of yours in its place")
    if wanted.url is not None and (why := _no_wheel(wanted.url)):
        raise _refused(line, why)
    return line


def _no_wheel(url: str) -> str:
    """Return why an address is none of a wheel, or ""."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        return str(error)
    if parts.scheme not in ("https", "http") or not host:
        return "it is a path or a repository: what lies there would run before anybody looked at it"
    if PurePosixPath(unquote(parts.path)).suffix != ".whl":
        return "its address is none of a wheel, and source is not built here"
    return ""


def _refused(line: str, why: str) -> BuildError:
    shown = line if len(line) <= 120 else f"{line[:119]}…"
    return BuildError(f"{shown!r} is no requirement that a build may have", why=why, fix=_FIX)
