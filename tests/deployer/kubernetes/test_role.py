"""The least that a deploy may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.deployer.kubernetes import role

DOCS = Path(__file__).parents[3] / "docs" / "kubernetes-role.yaml"


def test_the_documented_role_is_the_one_that_is_tested():
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(DOCS.read_text("utf-8")) == role.manifest()


def test_nothing_is_asked_of_the_whole_cluster_and_nothing_by_a_star():
    assert role.manifest()["kind"] == "Role"
    assert all("*" not in (group, resource, *verbs) for group, resource, verbs in role.RULES)
    assert not [verbs for _, resource, verbs in role.RULES if resource == "secrets" and "list" in verbs]
