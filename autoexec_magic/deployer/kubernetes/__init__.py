"""Releases on a Kubernetes cluster, by the official client: blue/green behind one Service.

Each release is a Deployment of its own; the Service's selector is what
switches, after the pods are ready and by the field manager `autoexec-magic`. Older
releases keep their Deployment, with no pods, so that an undo is the same
switch. A canary is a second Deployment behind the same Service, and its part of
the traffic is that of its pods.

Needs the extra `kubernetes`, a kubeconfig (or a pod's own account), and the
rights of `docs/kubernetes-role.yaml` in its namespace (`role.RULES`): services
and secrets (get, create, patch, delete), deployments (the same, and list),
poddisruptionbudgets (create, patch, delete), and to list pods, replicasets and
events, and read the logs of pods. A person's own manifests need those of
`docs/kubernetes-manifest-role.yaml` besides, for the kinds that they have
(`role.MANIFEST_RULES`).
"""

from __future__ import annotations

from .cluster_target import Kubernetes
from .manifest import Manifest, manifest_of
from .manifests import read
from .restricted import Broken, broken
from .settings import KNOWN, Options, options_of

__all__ = [
    "KNOWN",
    "Broken",
    "Kubernetes",
    "Manifest",
    "Options",
    "broken",
    "manifest_of",
    "options_of",
    "read",
]
