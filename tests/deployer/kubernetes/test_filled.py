"""Own manifests with a release put into them."""

from __future__ import annotations

import pytest
from deployer.kubernetes import own

from autoexec_magic.deployer.kubernetes import filled, names, objects
from autoexec_magic.deployer.kubernetes.manifest import manifest_of
from autoexec_magic.deployer.kubernetes.settings import Options
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Gate, Release, Secret, Spec

ID = "0193a1b2-c3d4-7000-8000-0123456789ab"
TAIL = "456789ab"


def release(**spec):
    given = {"artifact": "image", "reference": "web@sha256:ab", "digest": "sha256:ab", **spec}
    return Release(service="web", target="kubernetes", release_id=ID, spec=Spec(**given))


def filled_with(*bodies, made=None, options=None):
    found = manifest_of(own.text(*bodies), "web")
    made = made or release()
    body = filled.deployment(found, "web", made, options or Options(), sleeps=True)
    return body, body["spec"]["template"]["spec"]["containers"][0]


def test_a_deployment_is_of_its_release_and_else_as_it_was_written():
    body, container = filled_with(own.deployment(minReadySeconds=3))
    assert body["metadata"] == {
        "name": f"web-{TAIL}",
        "labels": {"team": "red", **objects.labels_of("web", ID)},
    }
    assert body["spec"]["minReadySeconds"] == 3
    ours = objects.selector_of("web", ID)
    assert body["spec"]["selector"]["matchLabels"] == {"app": "shop", **ours}
    template = body["spec"]["template"]["metadata"]
    assert template["labels"].items() >= {"app": "shop", **ours}.items()
    assert template["annotations"][names.DIGEST] == "sha256:ab"
    assert container["image"] == "web@sha256:ab"
    assert container["readinessProbe"] == own.CONTAINER["readinessProbe"]
    assert container["lifecycle"] == {"preStop": {"sleep": {"seconds": objects.DRAIN_SECONDS}}}
    assert container["ports"] == [{"containerPort": 8080, "protocol": "TCP"}]
    assert "args" not in container


def test_what_the_settings_say_wins_over_what_was_written():
    spec = {
        "environment": (("COLOR", "red"),),
        "secrets": (Secret(name="KEY", reference="env:KEY", version="1"),),
        "command": ("serve", "$(X)"),
        "replicas": 3,
        "memory_bytes": 64,
    }
    variables = [{"name": "COLOR", "value": "blue"}, {"name": "MORE", "value": "1"}]
    body, container = filled_with(own.deployment(container={"env": variables}), made=release(**spec))
    kept = [(each["name"], each.get("value", "kept")) for each in container["env"]]
    assert kept == [("MORE", "1"), ("COLOR", "red"), ("KEY", "kept")]
    assert container["args"] == ["serve", "$$(X)"]
    assert container["resources"]["limits"] == {"memory": "64"}
    assert body["spec"]["replicas"] == 3


def test_one_that_says_nothing_of_its_readiness_is_asked_what_the_gate_asks():
    body = own.deployment()
    del body["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]
    _, container = filled_with(body, made=release(gate=Gate(path="/well")))
    assert container["readinessProbe"]["httpGet"] == {"path": "/well", "port": 8080, "scheme": "HTTP"}


def test_pods_name_the_config_maps_of_their_release():
    """Everywhere they may be named; those of others are left alone."""
    maps = {"configMapKeyRef": {"name": "settings", "key": "a"}}
    theirs = {"configMapKeyRef": {"name": "others", "key": "a"}}
    variables = [{"name": "A", "valueFrom": maps}, {"name": "B", "valueFrom": theirs}]
    body = own.deployment(container={"env": variables})
    body["spec"]["template"]["spec"]["volumes"] = [
        {"name": "a", "configMap": {"name": "settings"}},
        {"name": "b", "projected": {"sources": [{"configMap": {"name": "settings"}}]}},
    ]
    body, container = filled_with(body, own.config())
    named = [each["valueFrom"]["configMapKeyRef"]["name"] for each in container["env"]]
    assert named == [f"settings-{TAIL}", "others"]
    volumes = body["spec"]["template"]["spec"]["volumes"]
    assert volumes[0]["configMap"]["name"] == f"settings-{TAIL}"
    assert volumes[1]["projected"]["sources"][0]["configMap"]["name"] == f"settings-{TAIL}"


def test_what_a_release_has_of_its_own_is_named_after_it_and_means_its_deployment():
    found = manifest_of(own.text(own.deployment(), own.config(), own.scaler(), own.budget()), "web")
    bodies = dict(filled.own_of(found, "web", release()))
    assert {kind: body["metadata"]["name"] for kind, body in bodies.items()} == {
        "v1/configmaps": f"settings-{TAIL}",
        "autoscaling/v1/horizontalpodautoscalers": f"shop-{TAIL}",
        "policy/v1beta1/poddisruptionbudgets": f"shop-{TAIL}",
    }
    scaler = bodies["autoscaling/v1/horizontalpodautoscalers"]
    assert scaler["spec"]["scaleTargetRef"]["name"] == f"web-{TAIL}"
    selector = bodies["policy/v1beta1/poddisruptionbudgets"]["spec"]["selector"]
    assert selector == {"matchLabels": objects.selector_of("web", ID)}
    assert found.own[1] == own.scaler()  # what was written stays
    other = own.scaler()
    other["spec"]["scaleTargetRef"]["name"] = "other"
    with pytest.raises(UsageError, match="scales Deployment other"):
        filled.own_of(manifest_of(own.text(own.deployment(), other), "web"), "web", release())


def test_a_service_of_ones_own_leads_to_the_release():
    """With its own ports and annotations, and what ours says of traffic."""
    found = manifest_of(own.text(own.deployment(), own.front("web")), "web")
    options = filled.options_for(found, Options(), release().spec)
    ours = objects.service_object("web", release(), options, fence=7, before="aa", version="12")
    body = filled.front(found, ours)
    assert body["spec"]["selector"] == objects.selector_of("web", ID)
    assert body["spec"]["publishNotReadyAddresses"] is True
    assert body["spec"]["ports"] == [{"name": "web", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    assert body["metadata"]["annotations"].items() >= {"team": "red", names.FENCE: "7"}.items()
    assert body["metadata"]["resourceVersion"] == "12"
    without = manifest_of(own.text(own.deployment()), "web")
    assert filled.front(without, ours) is ours
    assert ours["spec"]["ports"][0]["targetPort"] == 8080


def test_what_is_there_once_keeps_its_name():
    found = manifest_of(own.text(own.deployment(), own.ingress("web", "i", "a.test")), "web")
    ((kind, body),) = filled.shared_of(found, "web")
    assert (kind, body["metadata"]["name"]) == ("networking.k8s.io/v1/ingresses", "i")
    assert body["metadata"]["labels"] == {names.MANAGED_BY: names.MANAGER, names.SERVICE: "web"}


def test_how_many_pods_there_are_is_the_autoscalers_where_there_is_one():
    """What is applied again for a rollback would undo what it did."""
    body, _ = filled_with(own.deployment(replicas=2), own.scaler())
    assert "replicas" not in body["spec"]


def test_without_manifests_ours_are_made():
    assert filled.manifest_in(Options(), "web") is None
    assert filled.manifest_in(Options(manifest_text=own.text(own.deployment())), "web").container == "app"
