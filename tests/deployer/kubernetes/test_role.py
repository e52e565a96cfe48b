"""The least that a deploy may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.deployer.kubernetes import role

DOCS = Path(__file__).parents[3] / "docs"
ALL = (*role.RULES, *role.MANIFEST_RULES)


def test_the_documented_roles_are_those_that_are_tested():
    yaml = pytest.importorskip("yaml")
    found = [
        yaml.safe_load((DOCS / name).read_text("utf-8"))
        for name in ("kubernetes-role.yaml", "kubernetes-manifest-role.yaml")
    ]
    assert found == [role.manifest(), role.manifest("autoexec-magic-manifests", role.MANIFEST_RULES)]


def test_nothing_is_asked_of_the_whole_cluster_and_nothing_by_a_star():
    assert role.manifest()["kind"] == "Role"
    assert all("*" not in (group, resource, *verbs) for group, resource, verbs in ALL)
    assert not [verbs for _, resource, verbs in ALL if resource == "secrets" and "list" in verbs]
