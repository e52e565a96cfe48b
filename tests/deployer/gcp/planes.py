"""Releases and targets for the tests of what needs no container."""

from __future__ import annotations

from typing import Any

from autoexec_magic.deployer.gcp import CloudRun
from autoexec_magic.history import new_id
from autoexec_magic.releasefacts import Gate, Release, Spec

DIGEST = f"sha256:{'a' * 64}"
AT = f"europe-west1-docker.pkg.dev/my-project/images/web@{DIGEST}"


def release(**changes: Any) -> Release:
    """Return a release whose image is at its registry already."""
    given = {"artifact": "image", "reference": AT, "digest": DIGEST, "gate": Gate(path="/health"), **changes}
    return Release(service="web", target="gcp", release_id=new_id(), spec=Spec(**given), started=1)


def target(options: dict[str, str], **values: str) -> CloudRun:
    return CloudRun(service="web", options=options, values=values, variables={})


def quiet(event: object) -> None:
    """Take an event, and keep it to oneself."""


def deployed(made: CloudRun, wanted: Release, fence: int = 1) -> Release:
    """Stage a release and switch to it."""
    staged = made.stage(wanted, quiet)
    made.switch(staged, quiet, fence=fence)
    return staged
