"""What stands on a container of ours: the release that it is of, all of it, and its digests."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from ...history import short_id
from ...releasefacts import Release
from ..difference import digest_of
from ..spelled import release_of, spelled

SERVICE = "autoexec.service"
RELEASE_ID = "autoexec.release-id"
RELEASE = "autoexec.release"
DIGEST = "autoexec.digest"
IMAGE_ID = "autoexec.image-id"
CONFIG = "autoexec.config-digest"
OWNER = (
    "autoexec.owner"  #: whose it is: another user's service of that name on the engine is not ours to tidy
)


def owner_of(folder: Path) -> str:
    """Return what tells a service's owner from others at one engine: a digest of the user and the folder."""
    return hashlib.sha256(f"{os.getuid()}:{folder}".encode("utf-8", "surrogateescape")).hexdigest()[:16]


def labels_of(release: Release, image_id: str, owner: str = "") -> dict[str, str]:
    """Return the labels of a release's containers; secrets are in them by reference and version alone."""
    return {
        SERVICE: release.service,
        RELEASE_ID: release.release_id,
        RELEASE: json.dumps(spelled(release), sort_keys=True, ensure_ascii=False),
        DIGEST: release.digest,
        IMAGE_ID: image_id,
        CONFIG: digest_of(release.spec),
        OWNER: owner,
    }


def release_in(labels: Mapping[str, str]) -> Release | None:
    """Return the release that stands there, None where there is none that is whole."""
    try:
        found = release_of(json.loads(labels[RELEASE]))
    except (KeyError, ValueError):
        return None
    is_whole = found.release_id == labels.get(RELEASE_ID) and digest_of(found.spec) == labels.get(CONFIG)
    return found if is_whole else None


def base_name(release: Release) -> str:
    """Return the name of a release's containers, without their number."""
    return f"autoexec-{release.service}-{short_id(release.release_id)}"


def name_of(release: Release, number: int) -> str:
    """Return the name of one container; `number` is 1 or more."""
    return f"{base_name(release)}-{number}"
