"""A release as Cloud Run's template of a revision, and a revision as a template again.

What is known of a release stands on its revision: `autoexec.dev/release`, its digest, the
digest of all it runs with, the manifest's digest at the registry, and the whole
release as JSON where it fits. Values of secrets are never in it: a variable names
a secret and the number of its version.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from autoexec_magic.deployer.difference import digest_of
from autoexec_magic.deployer.gcp.asking import Message, library
from autoexec_magic.deployer.gcp.place import revision_of
from autoexec_magic.deployer.spelled import release_of, spelled
from autoexec_magic.errors import UsageError
from autoexec_magic.history import short_id
from autoexec_magic.releasefacts import Gate, Release, Spec

PREFIX = "autoexec.dev/"
RELEASE, DIGEST, CONFIG, IMAGE, WHOLE = (
    f"{PREFIX}{name}" for name in ("release", "digest", "config", "image", "spec")
)
MOST_ANNOTATIONS_BYTES = 262_144  #: of all annotations together (Kubernetes' limit)
_ROOM_BYTES = 4096  # for what others write there
DEFAULT_PORT = 8080
_MOST_STARTUP_SECONDS = 240  #: a startup probe's period times its threshold
_MOST_LIVENESS_SECONDS = 3600
_MIB = 1 << 20
#: what a template and a revision have in common, all that makes a revision
_SHARED = (
    *("labels", "annotations", "scaling", "vpc_access", "timeout", "service_account", "containers"),
    *("volumes", "execution_environment", "encryption_key", "max_instance_request_concurrency"),
    *("service_mesh", "encryption_key_revocation_action", "encryption_key_shutdown_duration"),
    *("session_affinity", "node_selector", "gpu_zonal_redundancy_disabled"),
)


def template_of(release: Release, image: str, secrets: Mapping[str, tuple[str, str]]) -> Message:
    """Return the template of a release's revision.

    Parameters
    ----------
    release : Release
        What is to run.
    image : str
        Its image at a registry, by digest.
    secrets : mapping
        By the name of the variable: the secret at Secret Manager, and the number of
        its version.
    """
    run_v2, spec = library(), release.spec
    made = run_v2.RevisionTemplate(
        revision=revision_of(release),
        labels=_labels(release),
        annotations=annotations_of(release, image),
        scaling=_scaling(spec),
        service_account=spec.option("service-account"),
        max_instance_request_concurrency=int(spec.option("concurrency", "0")),
    )
    made.containers = [_container(spec, image, secrets)]
    return made


def template_from(revision: Message) -> Message:
    """Return the template that a revision was made of: to go back to it changes nothing of it."""
    run_v2 = library()
    source = run_v2.Revision.pb(revision)
    made = run_v2.RevisionTemplate.pb(run_v2.RevisionTemplate())
    for name in _SHARED:
        value = getattr(source, name)
        kind = source.DESCRIPTOR.fields_by_name[name]
        if name in ("labels", "annotations"):
            getattr(made, name).update(value)
        elif name in ("containers", "volumes"):
            getattr(made, name).extend(value)
        elif kind.has_presence and not source.HasField(name):
            continue  # what is said to be false is another template than one that does not say it
        elif kind.message_type is None:
            setattr(made, name, value)
        else:
            getattr(made, name).CopyFrom(value)
    made.revision = str(revision.name).rpartition("/")[2]
    return run_v2.RevisionTemplate.wrap(made)


def annotations_of(release: Release, image: str) -> dict[str, str]:
    """Return what a revision says of its release; all of it where it fits."""
    found = {
        RELEASE: release.release_id,
        DIGEST: release.digest,
        CONFIG: digest_of(release.spec),
        IMAGE: image.partition("@")[2],
    }
    whole = json.dumps(spelled(release), sort_keys=True, separators=(",", ":"))
    used = sum(len(name.encode()) + len(value.encode()) for name, value in found.items())
    if used + len(whole.encode()) + len(WHOLE) <= MOST_ANNOTATIONS_BYTES - _ROOM_BYTES:
        found[WHOLE] = whole
    return found


def written_on(annotations: Mapping[str, str]) -> Release | None:
    """Return the release that stands on a revision, None where it did not fit or is none."""
    try:
        return release_of(json.loads(annotations[WHOLE]))
    except (KeyError, ValueError):
        return None


def startup_of(gate: Gate) -> dict[str, int]:
    """Return the numbers of a startup probe: it gives up about when the gate does.

    A look's limit is in whole seconds and below the period; all of it is 240 s at most.

    Examples
    --------
    >>> startup_of(Gate(start_seconds=60, interval_seconds=0.5, answer_seconds=2))
    {'timeout_seconds': 2, 'period_seconds': 3, 'failure_threshold': 20}
    """
    timeout = max(1, min(math.ceil(gate.answer_seconds), _MOST_STARTUP_SECONDS - 1))
    period = max(timeout + 1, min(math.ceil(gate.interval_seconds), _MOST_STARTUP_SECONDS))
    most = _MOST_STARTUP_SECONDS // period
    threshold = max(1, min(math.ceil(gate.start_seconds / period), most))
    return {"timeout_seconds": timeout, "period_seconds": period, "failure_threshold": threshold}


def liveness_of(gate: Gate) -> dict[str, int]:
    """Return the numbers of a liveness probe: it is not quicker than every ten seconds."""
    timeout = max(1, min(math.ceil(gate.answer_seconds), _MOST_LIVENESS_SECONDS - 1))
    period = max(10, timeout + 1, min(math.ceil(gate.interval_seconds), _MOST_LIVENESS_SECONDS))
    return {"timeout_seconds": timeout, "period_seconds": period, "failure_threshold": gate.failures}


def _labels(release: Release) -> dict[str, str]:
    """Return what billing and filters see; labels have small letters only."""
    return {"managed-by": "autoexec-magic", "autoexec-release": short_id(release.release_id)}


def _container(spec: Spec, image: str, secrets: Mapping[str, tuple[str, str]]) -> Message:
    run_v2 = library()
    port = spec.port or DEFAULT_PORT
    made = run_v2.Container(
        image=image,
        command=list(spec.command[:1]),
        args=list(spec.command[1:]),
        ports=[run_v2.ContainerPort(container_port=port)],
        env=[
            *(run_v2.EnvVar(name=name, value=value) for name, value in spec.environment),
            *(_from_secret(name, *secrets[name]) for name in sorted(secrets)),
        ],
        startup_probe=_probe(spec.gate, startup_of(spec.gate), port),
    )
    if spec.gate.path:
        made.liveness_probe = _probe(spec.gate, liveness_of(spec.gate), port)
    limits = {
        **({"memory": f"{spec.memory_bytes // _MIB}Mi"} if spec.memory_bytes else {}),
        **({"cpu": f"{spec.cpus:g}"} if spec.cpus else {}),
    }
    if limits:  # where any is given, what is the default otherwise has to be said
        made.resources = run_v2.ResourceRequirements(limits=limits, cpu_idle=True)
    return made


def _from_secret(name: str, secret: str, version: str) -> Message:
    run_v2 = library()
    if not version.isdecimal():
        raise UsageError(f"the secret {name} has no version", fix="deploy it anew")
    chosen = run_v2.SecretKeySelector(secret=secret, version=version)
    return run_v2.EnvVar(name=name, value_source=run_v2.EnvVarSource(secret_key_ref=chosen))


def _probe(gate: Gate, numbers: Mapping[str, int], port: int) -> Message:
    run_v2 = library()
    how: dict[str, Any] = (
        {"http_get": run_v2.HTTPGetAction(path=gate.path, port=port)}
        if gate.path
        else {"tcp_socket": run_v2.TCPSocketAction(port=port)}
    )
    return run_v2.Probe(**numbers, **how)


def _scaling(spec: Spec) -> Message:
    """Return how many instances there are; of 0 replicas one begins where somebody asks."""
    most = int(spec.option("max-instances", "0")) or spec.replicas
    return library().RevisionScaling(
        min_instance_count=spec.replicas, max_instance_count=max(most, spec.replicas)
    )
