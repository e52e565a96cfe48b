"""What own manifests say, value by value."""

from __future__ import annotations

import copy

from deployer.kubernetes import own

from autoexec_magic.deployer.kubernetes.leaves import key_of, values_in
from autoexec_magic.deployer.kubernetes.manifest import manifest_of

BODIES = (own.deployment(container={"resources": {"limits": {"cpu": "0.5"}}}), own.config(LONG="x\n" * 90))


def told(change=lambda bodies: None, tail="aa"):
    found = manifest_of(own.text(*BODIES), "web")
    there = {key_of(each): copy.deepcopy(each) for each in found.bodies}
    change(there)
    return values_in(found, there, tail)


def container(there):
    return there["Deployment"]["spec"]["template"]["spec"]["containers"][0]


def test_each_value_has_a_name_by_which_people_find_it():
    found = told()
    assert found["ConfigMap/settings.data.VERSION"] == "1"
    assert found["Deployment.spec.template.spec.containers[app].ports[0].containerPort"] == "8080"
    assert found["Deployment.metadata.labels.team"] == "red"
    assert found["ConfigMap/settings.data.LONG"].startswith("180 characters, ")
    assert not any(name.endswith((".image", "metadata.name")) for name in found)  # told otherwise


def test_what_a_server_only_spells_otherwise_is_no_change():
    def change(there):
        container(there)["resources"]["limits"]["cpu"] = "500m"
        container(there)["imagePullPolicy"] = "Always"
        container(there)["envFrom"][0]["configMapRef"]["name"] = "settings-aa"
        there["Deployment"]["spec"]["template"]["spec"]["containers"].insert(0, {"name": "injected"})

    assert told(change) == told()


def test_what_is_another_value_or_is_gone_shows():
    def change(there):
        container(there)["resources"]["limits"]["cpu"] = "2"
        del container(there)["ports"]
        del there["ConfigMap/settings"]

    found = told(change)
    assert found["Deployment.spec.template.spec.containers[app].resources.limits.cpu"] == "2"
    gone = told().keys() - found.keys()
    assert {name.partition(".")[0] for name in gone} == {"Deployment", "ConfigMap/settings"}
