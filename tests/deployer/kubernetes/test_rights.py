"""A deploy works with the documented role, and needs each right of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deployer.kubernetes import own
from kubes import GATE, PATIENCE_SECONDS, Kube, raw, settled, work_of

from autoexec_magic.deployer import deploy
from autoexec_magic.deployer.kubernetes import Kubernetes, role
from autoexec_magic.deployer.kubernetes.connecting import connected
from autoexec_magic.errors import DeployError
from autoexec_magic.releasefacts import Secret

pytestmark = pytest.mark.limit(400)
KEY = Secret(name="KEY", reference="env:KEY", version="a" * 16)
RIGHTS = [
    (resource, verb)
    for _, resource, verbs in role.RULES
    for verb in verbs
    if resource != "poddisruptionbudgets"
]


MANIFEST_RIGHTS = [(resource, verb) for _, resource, verbs in role.MANIFEST_RULES for verb in verbs]


def account(
    kube: Kube, folder: Path, without: tuple[str, str] = ("", ""), given: Sequence[Any] = role.RULES
) -> Path:
    """Return a kubeconfig of an account that has a role, but for one right."""
    name = f"deploys-{uuid.uuid4().hex[:6]}"
    core = f"/api/v1/namespaces/{kube.namespace}"
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{kube.namespace}"
    rules = [
        {"apiGroups": [group], "resources": [resource], "verbs": kept}
        for group, resource, verbs in given
        if (kept := [verb for verb in verbs if (resource, verb) != without])
    ]
    raw(kube.admin, "POST", f"{core}/serviceaccounts", {"metadata": {"name": name}})
    raw(kube.admin, "POST", f"{rbac}/roles", {**role.manifest(name), "rules": rules})
    who = {"kind": "ServiceAccount", "name": name, "namespace": kube.namespace}
    bound = {"kind": "Role", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    binding = {"metadata": {"name": name}, "roleRef": bound, "subjects": [who]}
    raw(kube.admin, "POST", f"{rbac}/rolebindings", binding)
    token = raw(kube.admin, "POST", f"{core}/serviceaccounts/{name}/token", {"spec": {}})["status"]["token"]
    path = folder / f"{name}.json"
    path.write_text(json.dumps(_kubeconfig(kube, token)))
    _settled(kube, path, without)
    return path


def _kubeconfig(kube: Kube, token: str) -> dict[str, object]:
    import yaml

    given = yaml.safe_load(kube.kubeconfig.read_text())
    current = next(each for each in given["contexts"] if each["name"] == given["current-context"])
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": given["clusters"],
        "users": [{"name": "it", "user": {"token": token}}],
        "contexts": [{"name": "it", "context": {"cluster": current["context"]["cluster"], "user": "it"}}],
    }


def _settled(kube: Kube, path: Path, without: tuple[str, str]) -> None:
    """Wait until the cluster counts the binding."""
    cluster = connected(variables={"KUBECONFIG": str(path)})
    resource, verb = next(each for each in RIGHTS if each != without and "/" not in each[0])
    asked = {"namespace": kube.namespace, "verb": verb, "resource": resource}
    body = {"spec": {"resourceAttributes": asked}}
    where = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    settled(lambda: raw(cluster, "POST", where, body)["status"]["allowed"], "the role is bound")


def all_of_it(kube: Kube, target: Kubernetes, emit) -> None:
    """Do all that a target does, once; a release that stays unwell says why."""
    first = kube.release(target.service, secrets=(KEY,))
    target.stage(first, emit)
    settled(lambda: target.unwell(first) is None, "it is well")
    target.switch(first, emit, fence=1)
    assert target.live().release_id == first.release_id
    assert list(target.logs(first, lines=1, follow=False)) == ["began 1"]
    second = kube.release(target.service, environment={"SICK": "1"})
    assert target.preview(second)
    target.stage(second, emit)
    looks = iter(range(int(PATIENCE_SECONDS)))

    def is_told():
        assert next(looks) < 60, "nobody says why"
        found = target.unwell(second)
        return found and "statuscode: 503" in found.why

    settled(is_told, "why it is unwell")
    target.switch(None, emit, fence=2)
    target.tidy(None, [], emit)
    assert target._there().deployments() == []


def target_of(kube: Kube, service: str, path: Path) -> Kubernetes:
    versions = {KEY.name: KEY.version}
    return kube.target(service, kubeconfig=path, values={KEY.name: "swordfish"}, versions=versions)


def test_a_deploy_needs_no_more_than_the_documented_role(kube, service, tmp_path, emit):
    path = account(kube, tmp_path)
    all_of_it(kube, target_of(kube, service, path), emit)
    target = target_of(kube, service, path)
    first = kube.release(service, secrets=(KEY,), replicas=2, gate=replace(GATE, bake_seconds=0))
    assert deploy(target, first, work_of(tmp_path, first, emit)).code == "deployed"


@pytest.mark.slow
@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: "-".join(right).replace("/", "-"))
def test_each_right_of_the_role_is_needed(kube, service, tmp_path, emit, right):
    """Budgets are left out: the cluster of these tests may be too old to have them."""
    path = account(kube, tmp_path, without=right)
    with pytest.raises((DeployError, AssertionError)) as raised:
        all_of_it(kube, target_of(kube, service, path), emit)
    resource, verb = right
    if isinstance(raised.value, DeployError):
        assert f"the right to {verb} {resource}" in raised.value.what
        assert "docs/kubernetes-role.yaml" in raised.value.fix
    else:
        assert right == ("events", "list")


def own_of_it(kube: Kube, service: str, target: Kubernetes, emit) -> None:
    """Do all that own manifests need, once."""
    bodies = [own.config(), own.deployment(), own.front(service), own.scaler(), own.budget()]
    first = own.release(kube, service, *bodies, own.ingress(service, service, "a.test"))
    target.stage(first, emit)
    settled(lambda: target.unwell(first) is None, "it is well")
    target.switch(first, emit, fence=1)
    assert target.live().release_id == first.release_id
    assert target.preview(own.release(kube, service, *bodies))
    target.switch(None, emit, fence=2)
    target.tidy(None, [], emit)


def test_own_manifests_need_no_more_than_the_documented_roles(kube, service, tmp_path, emit):
    """Without the right to ask the namespace, what it enforces is not known, and nothing else is amiss."""
    rules = (*role.RULES, *role.MANIFEST_RULES)
    path = account(kube, tmp_path, without=("namespaces", "get"), given=rules)
    own_of_it(kube, service, target_of(kube, service, path), emit)
    cluster = connected(variables={"KUBECONFIG": str(account(kube, tmp_path, given=rules))})
    cluster.namespace = kube.namespace
    assert isinstance(cluster.labels_of_namespace(), dict)


@pytest.mark.slow
@pytest.mark.parametrize("right", MANIFEST_RIGHTS[:-1], ids=lambda right: "-".join(right))
def test_each_right_of_own_manifests_is_needed(kube, service, tmp_path, emit, right):
    path = account(kube, tmp_path, without=right, given=(*role.RULES, *role.MANIFEST_RULES))
    try:
        with pytest.raises(DeployError) as raised:
            own_of_it(kube, service, target_of(kube, service, path), emit)
    finally:
        kube.admin.delete("networking.k8s.io/v1/ingresses", service)
    resource, verb = right
    assert f"the right to {verb} {resource}" in raised.value.what
