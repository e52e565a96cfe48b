"""What Cloud Run says that is live, in the vocabulary of `difference.fields_of`.

A revision keeps what was written on it when somebody copies its template, as
the console does: it is ours only under the name that its release gives it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from autoexec_magic.deployer.difference import EMPTY
from autoexec_magic.deployer.gcp.asking import Message
from autoexec_magic.deployer.gcp.place import INGRESS
from autoexec_magic.deployer.gcp.template import DIGEST, IMAGE, RELEASE, written_on
from autoexec_magic.history import short_id
from autoexec_magic.releasefacts import Release
from autoexec_magic.sizes import size_of

_SIZE = re.compile(r"([0-9.]+)([KMGT])i?")


def is_ours(revision: Message, service: str) -> bool:
    """Whether a revision has the name that its release gives it."""
    release_id = str(revision.annotations.get(RELEASE, ""))
    short = str(revision.name).rpartition("/")[2]
    return bool(release_id) and short == f"{service}-{short_id(release_id)}"


def digest_of(revision: Message) -> str:
    """Return the digest of the artifact that a revision runs.

    What runs is the image's manifest; where the one that we pushed stands there,
    it is the artifact that was written down beside it.
    """
    image = revision.containers[0].image if revision.containers else ""
    manifest = str(image).partition("@")[2]
    if manifest and manifest == revision.annotations.get(IMAGE):
        return str(revision.annotations.get(DIGEST, "")) or manifest
    return manifest


def release_on(revision: Message, service: str) -> Release | None:
    """Return the whole release of a revision, None where it is not ours or does not say it."""
    return written_on(revision.annotations) if is_ours(revision, service) else None


def fields_of(revision: Message, service: Message | None, release: Release | None) -> dict[str, str]:
    """Return all that a revision runs with, by name; "" is left out.

    Parameters
    ----------
    revision : Revision or RevisionTemplate
        What runs, or would.
    service : Service, optional
        Its service, for what is not a revision's own.
    release : Release, optional
        What it was made of: it says by which reference a secret is known.
    """
    container = revision.containers[0]
    limits = dict(container.resources.limits)
    found = {
        "artifact": "image",
        "digest": digest_of(revision),
        "command": shlex.join([*container.command, *container.args]),
        "port": str(container.ports[0].container_port) if container.ports else "",
        "replicas": str(revision.scaling.min_instance_count),
        "memory": memory_of(limits.get("memory", "")),
        "cpus": cpus_of(limits.get("cpu", "")),
        "health.path": str(container.startup_probe.http_get.path),
        **_variables(container, release),
        **_options(revision, service, release),
    }
    return {name: value for name, value in found.items() if value}


def memory_of(text: str) -> str:
    """Return a quantity of memory in bytes.

    Examples
    --------
    >>> memory_of("512Mi"), memory_of("1Gi"), memory_of("")
    ('536870912', '1073741824', '')
    """
    parts = _SIZE.fullmatch(text)
    return str(size_of("".join(parts.groups()))) if parts else text


def cpus_of(text: str) -> str:
    """Return a quantity of processors as a number.

    Examples
    --------
    >>> cpus_of("1000m"), cpus_of("2"), cpus_of("")
    ('1', '2', '')
    """
    if text.endswith("m") and text[:-1].isdecimal():
        return f"{int(text[:-1]) / 1000:g}"
    return text


def _variables(container: Any, release: Release | None) -> Mapping[str, str]:
    """Return its variables; a secret is known by its reference and its version, not by a value."""
    known = {each.name: each for each in release.spec.secrets} if release else {}
    found = {}
    for each in container.env:
        chosen = each.value_source.secret_key_ref
        if not chosen.secret:
            found[f"env.{each.name}"] = str(each.value) or EMPTY
        elif each.name in known:
            found[f"secret.{each.name}"] = f"{known[each.name].reference} ({known[each.name].version})"
        else:
            found[f"secret.{each.name}"] = f"{chosen.secret} ({chosen.version})"
    return found


def _options(revision: Message, service: Message | None, release: Release | None) -> Mapping[str, str]:
    """Return the target's own options: those that the platform knows as it says, the others as given."""
    given = dict(release.spec.options) if release else {}
    scaling = revision.scaling
    said = {
        "service-account": str(revision.service_account),
        "concurrency": str(revision.max_instance_request_concurrency or ""),
        "max-instances": str(scaling.max_instance_count or ""),
    }
    if service is not None:
        said["public"] = str(bool(service.invoker_iam_disabled)).lower()
        names = {value: name for name, value in INGRESS.items()}
        said["ingress"] = names.get(service.ingress.name, "")
    found = {name: said.get(name) or value for name, value in given.items()}
    return {f"option.{name}": value for name, value in found.items()}
