"""What own manifests mean, and what is refused of them."""

from __future__ import annotations

import pytest
from deployer.kubernetes import own

from autoexec_magic.deployer.kubernetes.manifest import manifest_of
from autoexec_magic.errors import UsageError


def thing(kind, name="x", version="v1", **more):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **more}}


def test_what_a_service_has_of_them():
    bodies = (
        own.ingress("web", "i", "a.test"),
        own.config(),
        own.front("web"),
        own.deployment(),
        own.scaler(),
    )
    found = manifest_of(own.text(*bodies), "web")
    assert (found.container, found.image, found.replicas) == ("app", "shop/web:1", 1)
    assert found.front == own.front("web")
    assert [each["kind"] for each in found.own] == ["ConfigMap", "HorizontalPodAutoscaler"]
    assert [each["kind"] for each in found.shared] == ["Ingress"]
    assert len(found.bodies) == 5
    assert manifest_of(own.text(own.deployment(replicas=4)), "web").replicas == 4


@pytest.mark.parametrize(
    ("bodies", "match", "fix"),
    [
        ([own.config()], "no Deployment", "give one"),
        ([own.deployment(), thing("Deployment", "b", "apps/v1")], "2 Deployments: shop, b", "--manifest"),
        ([thing("Deployment", "a", "apps/v1")], "not of apps/v1 with containers", "explain"),
        ([own.deployment(), own.deployment()], "is there twice", "once"),
        ([own.deployment(), own.front("other")], "is called other, and the service web", "--name other"),
        ([own.deployment(), own.front("web"), own.front("b")], "2 Services", "named web"),
        ([own.deployment(), own.front("web", ports=[])], "leads to no port", "ports"),
        ([own.deployment(), own.front("web", type="ExternalName")], "leads to no port", "ports"),
        ([own.deployment(), thing("Namespace")], "of the whole cluster", "kubectl"),
        ([own.deployment(), thing("ClusterRole")], "of the whole cluster", "kubectl"),
        ([own.deployment(), thing("StatefulSet")], "could not put back", "kubectl"),
        ([own.deployment(), thing("PersistentVolumeClaim")], "could not put back", "kubectl"),
        ([own.deployment(), thing("Secret")], "values of secrets", "--secret NAME=env:NAME"),
        ([own.deployment(), thing("ConfigMap", namespace="b")], "for the namespace b", "namespace = 'b'"),
        ([own.deployment(), thing("ConfigMap", finalizers=["a"])], "has finalizers", "leave"),
        ([own.deployment(), thing("ConfigMap", ownerReferences=[{}])], "has ownerReferences", "leave"),
        ([own.deployment(), thing("ConfigMap", name="")], "no name that can be", "name"),
        ([own.deployment(), thing("ConfigMap", name="a" * 250)], "no name that can be", "name"),
        ([own.deployment(), thing("ConfigMap", version="../v1")], "no apiVersion", "api-resources"),
        ([own.deployment(), thing("ConfigMap", labels={"a": 1})], "are no texts", "quote"),
        ([own.deployment(), thing("ConfigMap", labels={"autoexec.dev/x": "a"})], "ours to set", "leave"),
    ],
)
def test_what_is_not_sensible_is_refused_with_what_to_do(bodies, match, fix):
    with pytest.raises(UsageError, match=match) as raised:
        manifest_of(own.text(*bodies), "web", "shop")
    assert fix in raised.value.fix


@pytest.mark.parametrize(
    "bodies",
    [
        [own.deployment(), own.config(API_TOKEN="swordfish1")],
        [own.deployment(container={"env": [{"name": "DB_PASSWORD", "value": "swordfish1"}]})],
        [own.deployment(container={"args": ["--url", "https://me:swordfish1@host/"]})],
        [own.deployment(), own.config(settings="url = postgres://me:swordfish1@host/db")],
    ],
    ids=["config-map", "variable", "words", "file"],
)
def test_what_looks_like_a_secret_is_refused_and_not_told(bodies):
    """It would be written on the ledger, which masks it, and so would not have the manifests any more."""
    with pytest.raises(UsageError, match="looks like a secret") as raised:
        manifest_of(own.text(*bodies), "web")
    assert "swordfish1" not in str(raised.value)
    assert "secretKeyRef" in raised.value.fix


def test_a_variable_from_a_secret_of_ones_own_is_taken():
    reference = {"secretKeyRef": {"name": "mine", "key": "token"}}
    variables = [{"name": "API_TOKEN", "valueFrom": reference}]
    assert manifest_of(own.text(own.deployment(container={"env": variables})), "web")


def test_which_container_is_the_services():
    """The one with its name, the only one, or the one that the settings name."""
    body = own.deployment()
    body["spec"]["template"]["spec"]["containers"].append({"name": "proxy", "image": "p"})
    text = own.text(body)
    assert manifest_of(text, "proxy").image == "p"
    assert manifest_of(text, "web", "", "app").container == "app"
    for container in ("", "none"):
        with pytest.raises(UsageError, match="which container") as raised:
            manifest_of(text, "web", "", container)
        assert raised.value.why == "it has app, proxy"
