"""Manifests of a person's own for tests: the test server, with a ConfigMap that says its version."""

from __future__ import annotations

import json
from typing import Any

from kubes import SERVER, Kube

from autoexec_magic.deployer.kubernetes import manifests
from autoexec_magic.releasefacts import Release

CONTAINER = {
    "name": "app",
    "image": "shop/web:1",
    "command": ["python3", "-c", SERVER],
    "envFrom": [{"configMapRef": {"name": "settings"}}],
    "ports": [{"containerPort": 8080}],
    "readinessProbe": {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 1},
}


def config(version: str = "1", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"VERSION": version, "PORT": "8080", **data},
    }


def deployment(*, container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    pod = {"containers": [{**CONTAINER, **(container or {})}]}
    template = {"metadata": {"labels": {"app": "shop"}}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop", "labels": {"team": "red"}},
        "spec": {"selector": {"matchLabels": {"app": "shop"}}, "template": template, **spec},
    }


def front(service: str, **spec: Any) -> dict[str, Any]:
    ports = [{"name": "web", "port": 80, "targetPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": service, "annotations": {"team": "red"}},
        "spec": {"type": "NodePort", "selector": {"app": "shop"}, "ports": ports, **spec},
    }


def ingress(service: str, name: str, host: str) -> dict[str, Any]:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name},
        "spec": {"rules": [{"host": host, "http": {"paths": [path]}}]},
    }


def scaler(most: int = 2) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "shop"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
            "minReplicas": 1,
            "maxReplicas": most,
        },
    }


def budget() -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1beta1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "shop"},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "shop"}}},
    }


def text(*bodies: dict[str, Any]) -> str:
    """Return manifests as a release keeps them."""
    return manifests.spelled(list(bodies))


def release(kube: Kube, service: str, *bodies: dict[str, Any], image: int = 0, **spec: Any) -> Release:
    """Return a release with manifests of its own."""
    options = {"manifest-text": text(*bodies), "manifest": "k8s", **spec.pop("options", {})}
    found = kube.release(service, image=image, options=options, **{"command": (), "port": 0, **spec})
    environment = tuple(pair for pair in found.spec.environment if pair[0] != "VERSION")
    return type(found)(
        service=service,
        target="kubernetes",
        release_id=found.release_id,
        spec=type(found.spec)(**{**_fields(found.spec), "environment": environment}),
    )


def _fields(spec: Any) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in spec.__dataclass_fields__}


def said(body: dict[str, Any]) -> str:
    """Return an object as JSON, to look for words in it."""
    return json.dumps(body)
