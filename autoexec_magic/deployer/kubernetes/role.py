"""The least that a deploy may do: the roles of `docs/kubernetes-*role.yaml`, as rules.

Besides, it asks `/version` and which groups the API has, as everybody may
who has logged in.
"""

from __future__ import annotations

from collections.abc import Sequence

#: the group, the resource, and the verbs; each is needed by some deploy
RULES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("", "services", ("get", "create", "patch", "delete")),
    ("", "secrets", ("get", "create", "patch", "delete")),
    ("", "pods", ("list",)),
    ("", "pods/log", ("get",)),
    ("", "events", ("list",)),
    ("apps", "deployments", ("get", "list", "create", "patch", "delete")),
    ("apps", "replicasets", ("list",)),
    ("policy", "poddisruptionbudgets", ("create", "patch", "delete")),
)

#: what own manifests need besides, for whatever of it they have; `namespaces` tells what is enforced
MANIFEST_RULES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("", "configmaps", ("get", "create", "patch", "delete")),
    ("networking.k8s.io", "ingresses", ("get", "create", "patch", "delete")),
    ("autoscaling", "horizontalpodautoscalers", ("get", "create", "patch", "delete")),
    ("policy", "poddisruptionbudgets", ("get",)),
    ("", "namespaces", ("get",)),
)


def manifest(
    name: str = "autoexec-magic", given: Sequence[tuple[str, str, tuple[str, ...]]] = RULES
) -> dict[str, object]:
    """Return a role as an object of the API."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name},
        "rules": [
            {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
            for group, resource, verbs in given
        ],
    }
