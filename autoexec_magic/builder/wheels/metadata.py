"""What an index checks of a package's metadata, checked before it is sent: what `twine check` looks for.

Names, versions, specifiers and the rest by `packaging.metadata`, which is at
hand without a network and is what the index itself uses. The one rule of
`twine check` that it lacks is that a description in reStructuredText renders:
that is asked of `readme_renderer`, the index's own, in an environment of ours
that is kept; where it cannot be had, a warning says that nobody looked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

from ...errors import AutoexecError, BuildError, UsageError
from .. import environments
from ..bench import Bench
from . import project

RENDERER = ("readme-renderer>=44",)
_RENDER_SECONDS = 60.0
#: as docutils writes it: FILE:LINE: (LEVEL/NUMBER) TEXT
_FAULT = re.compile(r"(?:description\.rst|<string>):\d*: ?\(")
_PLAIN = ("text/plain", "text/markdown")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Name and version as an archive has them, and what an index may not like."""

    name: str
    version: str
    extras: tuple[str, ...]
    description: str
    description_type: str
    warnings: tuple[str, ...]
    requires: tuple[str, ...] = ()


def read(content: bytes, archive: str) -> About:
    """Return what METADATA or PKG-INFO says.

    Raises
    ------
    BuildError
        An index would refuse it; each fault is named.
    """
    message = BytesParser().parsebytes(content)
    name, version = message.get("Name", ""), message.get("Version", "")
    for check, text in ((project.checked_name, name), (project.checked_version, version)):
        try:
            check(text)
        except UsageError as error:
            raise BuildError(f"{archive}: {error.what}", why=error.why, fix=error.fix) from error
    warnings = _judged(content, archive)
    description = _description(content, message)
    kind = str(message.get("Description-Content-Type", ""))
    if not description.strip() or description.strip() == "UNKNOWN":
        warnings += ['it has no description: readme = "README.md" in [project] gives it one']
    elif not kind:
        warnings += ["the description's type is not said, so that it counts as reStructuredText"]
    return About(
        name=name,
        version=project.checked_version(version),
        extras=tuple(str(each) for each in message.get_all("Provides-Extra", ())),
        description=description,
        description_type=kind.partition(";")[0].strip().lower(),
        warnings=tuple(warnings),
        requires=tuple(str(each) for each in message.get_all("Requires-Dist", ())),
    )


def rendered(about: About, bench: Bench, folder: Path) -> tuple[str, ...]:
    """Return warnings, after the description was rendered as an index does it, in a scratch `folder`.

    Raises
    ------
    BuildError
        It does not render.
    """
    if not about.description.strip() or about.description_type in _PLAIN:
        return ()
    try:
        tools = environments.environment_for(RENDERER, bench, what="the renderer of descriptions")
    except (AutoexecError, OSError) as error:
        return (f"nobody looked whether its description renders: {error}".splitlines()[0],)
    place = folder / "description"
    place.mkdir()
    (place / "description.rst").write_text(about.description, "utf-8")
    argv = (
        str(environments.python_of(tools)),
        "-I",
        "-m",
        "readme_renderer",
        "description.rst",
        "-o",
        "out.html",
    )
    ended = bench.start(
        argv, cwd=place, read=environments.bases_of(tools), timeout=_RENDER_SECONDS, is_quiet=True
    )
    if ended.returncode == 0:
        return ()
    said = [line for line in ended.stderr.splitlines() if _FAULT.match(line)]
    if not said:
        return ("nobody looked whether its description renders",)
    refused = BuildError("the description does not render, and an index refuses it", why=said[0].strip())
    refused.fix = 'mend it, or say its type: readme = {file = "README.md", content-type = "text/markdown"}'
    refused.evidence = tuple(line.strip() for line in said[1:4])
    raise refused


def _judged(content: bytes, archive: str) -> list[str]:
    from packaging.metadata import InvalidMetadata, Metadata

    try:
        Metadata.from_email(content, validate=True)
    except ExceptionGroup as group:
        faults = [each for each in group.exceptions if isinstance(each, InvalidMetadata)]
        unknown = [each for each in faults if each.field == "metadata-version"]
        if unknown and len(faults) == len(group.exceptions) == len(unknown):
            return [f"its metadata are newer than what we can check: {unknown[0]}"]
        told = [str(each) for each in group.exceptions]
        refused = BuildError(f"{archive}: an index refuses its metadata", why=told[0], fix="mend [project]")
        refused.evidence = tuple(told[1:6])
        raise refused from group
    return []


def _description(content: bytes, message: Message) -> str:
    """Return the description: the message's body, or the field of an older form."""
    body = content.replace(b"\r\n", b"\n").partition(b"\n\n")[2].decode("utf-8", "replace")
    return body if body.strip() else str(message.get("Description", ""))
