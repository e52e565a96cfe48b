"""The cluster's own settings of a service: `[tool.autoexec.deploy.NAME.kubernetes]`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...errors import UsageError
from ...releasefacts import Spec

PORT = 8000  #: where a container listens that nobody gave a port
NODE_PORTS = range(30_000, 32_768)
SERVICE_TYPES = ("ClusterIP", "NodePort")
CONFLICTS = ("refuse", "take")
_FIRST_FREE_PORT = 1024
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")

#: each option and what it means
KNOWN: Mapping[str, str] = {
    "namespace": "where its objects are; the context's",
    "context": "the context of the kubeconfig; the current one",
    "container-port": "where the container listens, 1 to 65535; the port, if it is 1024 or above, else 8000",
    "service-type": "ClusterIP, or NodePort to be reached from outside; ClusterIP",
    "image-pull-secret": "the Secret that pulls the image; none",
    "user": "the number of the user that it runs as, not 0; the image's own",
    "manifest": "a file or folder with manifests of your own, relative to the project; ours",
    "manifest-text": "the manifests themselves, as YAML; they are read from manifest",
    "container": "the name of the container that is the service's; as the service, or the only one",
    "conflicts": "what happens to fields of the Service that somebody else set: refuse or take; refuse",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options, once they are sensible; "" and 0 are not said."""

    namespace: str = ""
    context: str = ""
    container_port: int = 0
    service_type: str = "ClusterIP"
    image_pull_secret: str = ""
    user: int = 0
    conflicts: str = "refuse"
    manifest: str = ""
    manifest_text: str = field(default="", repr=False)
    container: str = ""

    def port_inside(self, spec: Spec) -> int:
        """Return where the container listens."""
        own = dict(spec.environment).get("PORT", "")
        if self.container_port:
            return self.container_port
        if own.isdecimal() and 0 < int(own) < 65_536:
            return int(own)
        return spec.port if spec.port >= _FIRST_FREE_PORT else PORT

    def port_outside(self, spec: Spec) -> int:
        """Return where other pods reach the service."""
        return spec.port or self.port_inside(spec)

    def node_port(self, spec: Spec) -> int:
        """Return the port of each node that is asked for, 0 for a free one or none."""
        return spec.port if self.service_type == "NodePort" and spec.port in NODE_PORTS else 0


def options_of(given: Mapping[str, str]) -> Options:
    """Return the options once they are sensible.

    Raises
    ------
    UsageError
        One is unknown, or cannot be.
    """
    for key in given:
        if key not in KNOWN:
            near = difflib.get_close_matches(key, KNOWN, n=1)
            fix = f"did you mean {near[0]}?" if near else f"one of {', '.join(KNOWN)}"
            raise UsageError(f"unknown setting kubernetes.{key}", fix=fix)
    return Options(
        namespace=_fits("namespace", given, _LABEL),
        context=given.get("context", ""),
        container_port=_number("container-port", given, 65_535),
        service_type=_word("service-type", given, SERVICE_TYPES),
        image_pull_secret=_fits("image-pull-secret", given, _NAME),
        user=_number("user", given, 2**31 - 1),
        conflicts=_word("conflicts", given, CONFLICTS),
        manifest=given.get("manifest", ""),
        manifest_text=given.get("manifest-text", ""),
        container=_fits("container", given, _LABEL),
    )


def _fits(key: str, given: Mapping[str, str], form: re.Pattern[str]) -> str:
    value = given.get(key, "")
    if value and not form.fullmatch(value):
        raise _cannot_be(key, value)
    return value


def _number(key: str, given: Mapping[str, str], most: int) -> int:
    value = given.get(key, "")
    if not value:
        return 0
    if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= most):
        raise _cannot_be(key, value)
    return int(value)


def _word(key: str, given: Mapping[str, str], words: tuple[str, ...]) -> str:
    value = given.get(key) or words[0]
    if value not in words:
        raise _cannot_be(key, value)
    return value


def _cannot_be(key: str, value: str) -> UsageError:
    return UsageError(f"kubernetes.{key} cannot be {value!r}", fix=f"it is {KNOWN[key]}")
