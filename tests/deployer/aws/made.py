"""Releases for tests that need no platform."""

from __future__ import annotations

from typing import Any

from autoexec_magic.releasefacts import Release, Secret, Spec

ROLE = "arn:aws:iam::123456789012:role/web"
SECRET = Secret(name="KEY", reference="env:KEY", version="ab12")


def release(**changes: Any) -> Release:
    """Return a release whose spec has these changes."""
    given = {"artifact": "image", "reference": "web:1", "digest": "sha256:" + "a" * 64, **changes}
    return Release(service="web", target="aws", release_id="0190-1", spec=Spec(**given))
