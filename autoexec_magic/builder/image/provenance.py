"""What an image says of itself: OCI's own labels, and ours, which name what it was built from by digest.

No time of day is among them, no path of a machine, no name of a person and
nothing of what a cell holds: the same inputs have the same labels, and so the
same image (https://github.com/opencontainers/image-spec/blob/main/annotations.md).
"""

from __future__ import annotations

import datetime
import importlib
from collections.abc import Mapping

from ..commit import Commit
from .project import Project

OCI = "org.opencontainers.image."
OURS = "autoexec."
INPUTS = f"{OURS}inputs-digest"


def labels_of(
    project: Project, version: str, commit: Commit | None, *, inputs: str, lock: str
) -> dict[str, str]:
    """Return the labels of an image.

    Parameters
    ----------
    project : Project
        What it is made of.
    version : str
        Its version.
    commit : Commit, optional
        The commit that its folder is at.
    inputs, lock : str
        The digest of all that it is built from, and of what locks its packages or "".
    """
    found = {
        f"{OCI}title": project.name,
        f"{OCI}version": version,
        f"{OCI}source": project.url,
        INPUTS: inputs,
        f"{OURS}lock-digest": lock,
        f"{OURS}notebook": project.notebook[0],
        f"{OURS}notebook-digest": project.notebook[1],
        f"{OURS}builder-version": _own_version(),
    }
    if commit is not None:
        found |= {
            f"{OCI}revision": commit.sha,
            f"{OURS}commit": commit.sha,
            f"{OURS}dirty": "true" if commit.is_dirty else "false",
        }
        if not commit.is_dirty:
            made = datetime.datetime.fromtimestamp(commit.seconds, datetime.UTC)
            found[f"{OCI}created"] = made.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {name: value for name, value in sorted(found.items()) if value}


def with_base(labels: Mapping[str, str], name: str, digest: str) -> dict[str, str]:
    """Return labels with what the image is built on."""
    more = {f"{OCI}base.name": name, f"{OCI}base.digest": digest}
    return dict(sorted((dict(labels) | {key: value for key, value in more.items() if value}).items()))


def version_of(said: str, commit: Commit | None, inputs: str) -> str:
    """Return an image's version: what is said, else the day and the commit, else the digest of its inputs."""
    if said:
        return said
    if commit is None:
        return inputs.removeprefix("sha256:")[:12]
    day = datetime.datetime.fromtimestamp(commit.seconds, datetime.UTC).strftime("%Y%m%d")
    return f"{day}-{commit.sha[:8]}" + ("-dirty" if commit.is_dirty else "")


def difference(wanted: Mapping[str, str], found: Mapping[str, str] | None) -> str:
    """Return the first label that an image does not have as it was given, in words, or ""."""
    for name, value in wanted.items():
        if (found or {}).get(name) != value:
            return f"its label {name} is {(found or {}).get(name, 'missing')!r}, and not {value!r}"
    return ""


def _own_version() -> str:
    """Return this package's version; its first module names the layers above, so it is not imported."""
    package = importlib.import_module(__name__.partition(".")[0])  # loaded long ago: we are in it
    return str(vars(package)["__version__"])
