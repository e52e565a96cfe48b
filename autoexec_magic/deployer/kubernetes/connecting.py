"""Which cluster is meant, and as whom: the official client's own chain of credentials.

That is a kubeconfig, or what a pod is given; proxies and certificates are its matter, too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import MissingTool, UsageError
from .cluster import Cluster

_IN_CLUSTER = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def connected(
    *,
    context: str = "",
    namespace: str = "",
    secrets: tuple[str, ...] = (),
    variables: Mapping[str, str] = os.environ,
) -> Cluster:
    """Return the cluster that a kubeconfig means, or the one that this process runs on.

    Parameters
    ----------
    context, namespace : str, optional
        "" is the current one, and the context's.
    secrets : tuple of str, optional
        Texts that must not be in a message.
    variables : mapping, optional
        The environment: KUBECONFIG.

    Raises
    ------
    MissingTool
        The client is not installed.
    UsageError
        There is no kubeconfig, or not that context in it.
    """
    try:
        from kubernetes import client, config
    except ImportError as error:
        raise MissingTool(
            "the Kubernetes client is not installed",
            why=str(error),
            fix="%autoexec install 'autoexec-magic[kubernetes]'",
        ) from error
    settings = client.Configuration()
    places = _places(variables)
    if places:
        context, usual = _loaded(config, settings, places, context)
    elif not context and variables.get("KUBERNETES_SERVICE_HOST"):
        usual = _inside(config, settings)
    else:
        raise UsageError(
            "there is no kubeconfig",
            why=f"{variables.get('KUBECONFIG') or '~/.kube/config'} is not there",
            fix="%env KUBECONFIG=/path/to/it",
        )
    return Cluster(
        client=client.ApiClient(settings),
        namespace=namespace or usual or "default",
        context=context,
        secrets=secrets,
    )


def _places(variables: Mapping[str, str]) -> str:
    """Return the kubeconfigs that are there, as KUBECONFIG lists them."""
    listed = variables.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    return os.pathsep.join(each for each in listed.split(os.pathsep) if each and Path(each).is_file())


def _inside(config: Any, settings: Any) -> str:
    """Load what a pod is given; return its namespace."""
    try:
        config.load_incluster_config(client_configuration=settings)
        return _IN_CLUSTER.read_text("utf-8").strip()
    except (config.ConfigException, OSError) as error:
        raise UsageError(
            "this pod has no account for the cluster",
            why=str(error),
            fix="automountServiceAccountToken: true in the pod, or %env KUBECONFIG=/path/to/it",
        ) from error


def _loaded(config: Any, settings: Any, places: str, context: str) -> tuple[str, str]:
    """Load a kubeconfig; return the context's name and its namespace."""
    import yaml

    try:
        known, current = config.list_kube_config_contexts(config_file=places)
        by_name = {str(each["name"]): each for each in known}
        if context and context not in by_name:
            raise UsageError(
                f"the kubeconfig has no context {context}",
                why=f"it has {', '.join(by_name) or 'none'}",
                fix="kubectl config get-contexts",
            )
        found = by_name[context] if context else current
        config.load_kube_config(
            config_file=places, context=found["name"], client_configuration=settings, persist_config=False
        )
    except (config.ConfigException, yaml.YAMLError, OSError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"the kubeconfig {places} cannot be read",
            why=f"{type(error).__name__}: {error}".splitlines()[0],
            fix="kubectl config view",
        ) from error
    return str(found["name"]), str(found["context"].get("namespace") or "")
