"""A lock says what is pinned, and what of it does not run."""

from __future__ import annotations

import hashlib
import json

import pytest

from autoexec_magic.builder.npm.locks import lock_of
from autoexec_magic.errors import BuildError

LOCK = {
    "lockfileVersion": 3,
    "packages": {
        "": {"name": "x"},
        "node_modules/esbuild": {"version": "1.0.0", "integrity": "sha512-x", "hasInstallScript": True},
        "node_modules/a/node_modules/@o/b": {"version": "1.0.0"},
        "node_modules/member": {"link": True, "resolved": "packages/member"},
        "node_modules/a/node_modules/c": {"version": "1.0.0", "inBundle": True},
    },
}


def test_a_lock_by_its_digest_with_what_it_leaves_open(tmp_path):
    """Scripts that do not run, and packages without a digest, by name."""
    text = json.dumps(LOCK)
    (tmp_path / "package-lock.json").write_text(text)
    found = lock_of(tmp_path)
    assert found.digest == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    assert found.unrun == ("esbuild",)
    assert found.unpinned == ("@o/b",)
    assert len(found.warnings) == 2


def test_without_a_lock_nothing_is_pinned(tmp_path):
    """Another tool's lock is named: npm does not read it."""
    assert "nothing is pinned" in lock_of(tmp_path).warnings[0]
    (tmp_path / "pnpm-lock.yaml").touch()
    assert "does not read pnpm-lock.yaml" in lock_of(tmp_path).warnings[0]


def test_npm_s_order_of_locks(tmp_path):
    """A shrinkwrap comes first; one that is broken is named."""
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "npm-shrinkwrap.json").write_text("{")
    with pytest.raises(BuildError, match=r"npm-shrinkwrap\.json is no JSON"):
        lock_of(tmp_path)
    (tmp_path / "npm-shrinkwrap.json").write_text('{"packages": []}')
    assert lock_of(tmp_path).name == "npm-shrinkwrap.json"
    assert lock_of(tmp_path).warnings == ()
