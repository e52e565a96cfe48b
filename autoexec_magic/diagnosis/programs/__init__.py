"""What programs say when they fail: a small table for each, found by what only they write."""

from __future__ import annotations

from ..spots import Family
from . import (
    archives,
    builds,
    clouds,
    commandlines,
    containers,
    databases,
    git,
    golang,
    java,
    network,
    poetry,
    spoken,
    system,
    terraform,
    testers,
    tools,
)

__all__ = ["FAMILIES"]

FAMILIES: tuple[Family, ...] = (
    *git.FAMILIES,
    *containers.FAMILIES,
    *network.FAMILIES,
    *archives.FAMILIES,
    *builds.FAMILIES,
    *golang.FAMILIES,
    *java.FAMILIES,
    *system.FAMILIES,
    *databases.FAMILIES,
    *poetry.FAMILIES,
    *terraform.FAMILIES,
    *tools.FAMILIES,
    *testers.FAMILIES,
    *spoken.FAMILIES,
    *clouds.FAMILIES,
    *commandlines.FAMILIES,
)
