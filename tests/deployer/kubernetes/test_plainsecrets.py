"""Secrets that stand in manifests, wherever they do."""

from __future__ import annotations

import pytest
from deployer.kubernetes import own

from autoexec_magic.deployer.kubernetes.manifest import manifest_of
from autoexec_magic.deployer.kubernetes.plainsecrets import refuse_secrets
from autoexec_magic.errors import UsageError

SECRET = "hunter2xyz"


def with_pod(**pod):
    body = own.deployment()
    body["spec"]["template"]["spec"].update(pod)
    return body


def with_container(**container):
    return own.deployment(container=container)


def headers(name, value):
    return {"httpGet": {"path": "/", "port": 8080, "httpHeaders": [{"name": name, "value": value}]}}


@pytest.mark.parametrize(
    "body",
    [
        with_pod(initContainers=[{"name": "i", "env": [{"name": "DB_PASSWORD", "value": SECRET}]}]),
        with_pod(initContainers=[{"name": "i", "env": [{"name": "DB_PASSWORD", "value": 12345678}]}]),
        with_pod(initContainers=[{"name": "i", "args": ["--password", SECRET]}]),
        with_container(args=["--password", SECRET]),
        with_container(args=["--url", "x", "--api-key", SECRET, "serve"]),
        with_container(command=["serve", "--token"], args=[SECRET]),
        with_container(command=["mysql", f"-p{SECRET}"]),
        with_container(livenessProbe=headers("Authorization", f"Basic {SECRET}")),
        with_container(startupProbe=headers("X-Api-Key", SECRET)),
        with_container(lifecycle={"preStop": {"exec": {"command": ["end", "--secret", SECRET]}}}),
        {**own.config(), "binaryData": {"password": "aHVudGVyMnh5eg=="}},
    ],
)
def test_a_secret_is_seen_wherever_it_lies_and_not_told(body):
    bodies = [body] if body["kind"] == "Deployment" else [own.deployment(), body]
    with pytest.raises(UsageError, match="looks like a secret") as raised:
        manifest_of(own.text(*bodies), "web")
    assert SECRET not in str(raised.value)
    assert "secretKeyRef" in raised.value.fix


@pytest.mark.parametrize(
    "container",
    [
        {"args": ["--token", "$(TOKEN)", "serve"]},
        {"args": ["--password-file", "/run/secrets/one", "--verbose"]},
        {"env": [{"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]},
        {"env": [{"name": "API_TOKEN", "value": ""}, {"name": "COLOR", "value": "red"}]},
        {"livenessProbe": headers("Accept", "text/plain")},
        {"securityContext": {"capabilities": {"drop": ["ALL"]}}, "command": None},
    ],
)
def test_what_only_leads_to_a_secret_is_taken(container):
    body = own.deployment(container=container)
    refuse_secrets("", [body])
    assert manifest_of(own.text(body), "web").deployment == body
