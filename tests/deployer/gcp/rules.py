"""What Cloud Run's documentation says beside its schema: each rule refuses in words that name the field."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from deployer.gcp.schema import Refused

SERVICE_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?")  # fewer than 50 characters
REVISION_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
TAG = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
MOST_TAG_AND_NAME = 46
RESERVED_SPACES = (
    "run.googleapis.com",
    "cloud.googleapis.com",
    "serving.knative.dev",
    "autoscaling.knative.dev",
)
ANNOTATION = re.compile(r"(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
MOST_ANNOTATIONS_BYTES = 262_144
MEMORY = re.compile(r"([0-9]+)(Mi|Gi|M|G)")
CPUS = ("1", "2", "4", "8", "1000m", "2000m", "4000m", "8000m")
RESERVED_VARIABLES = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"


def check_service(service_id: str, service: dict[str, Any], revisions: Iterable[str]) -> None:
    """Refuse a service that breaks a rule; `revisions` are those that it has."""
    _need(SERVICE_ID.fullmatch(service_id), "service_id", f"{service_id!r} is no name of a service")
    for where, holder in (("service", service), ("service.template", service["template"])):
        _check_annotations(holder.get("annotations", {}), f"{where}.annotations")
        _check_labels(holder.get("labels", {}), f"{where}.labels")
    _check_template(service_id, service["template"])
    named = service["template"].get("revision")
    _check_traffic(service_id, service.get("traffic", []), {*revisions, *([named] if named else [])})


def _need(is_so: object, where: str, why: str) -> None:
    if not is_so:
        raise Refused(f"{where}: {why}")


def _check_annotations(found: dict[str, str], where: str) -> None:
    for name in found:
        _need(ANNOTATION.fullmatch(name), where, f"{name!r} is no key")
        _need(not name.startswith(RESERVED_SPACES), where, f"{name!r} is in a namespace of the system")
    size = sum(len(name.encode()) + len(value.encode()) for name, value in found.items())
    _need(size <= MOST_ANNOTATIONS_BYTES, where, f"{size} bytes are more than {MOST_ANNOTATIONS_BYTES}")


def _check_labels(found: dict[str, str], where: str) -> None:
    _need(len(found) <= 64, where, "more than 64")
    for name, value in found.items():
        _need(LABEL.fullmatch(name), where, f"{name!r} is no key")
        _need(LABEL_VALUE.fullmatch(value), where, f"{value!r} is no value")


def _check_template(service_id: str, template: dict[str, Any]) -> None:
    where = "service.template"
    if name := template.get("revision"):
        is_of_it = name.startswith(f"{service_id}-") and REVISION_ID.fullmatch(name)
        _need(is_of_it, f"{where}.revision", f"{name!r} must begin with {service_id}-")
    containers = template.get("containers", [])
    _need(containers, f"{where}.containers", "at least one container")
    for each in containers:
        _check_container(each, f"{where}.containers[0]")
    scaling = template.get("scaling", {})
    most, least = scaling.get("maxInstanceCount", 100), scaling.get("minInstanceCount", 0)
    _need(0 <= least <= most <= 1000, f"{where}.scaling", f"from {least} to {most} instances")
    _need(0 <= template.get("maxInstanceRequestConcurrency", 80) <= 1000, where, "concurrency")


def _check_container(found: dict[str, Any], where: str) -> None:
    ports = found.get("ports", [])
    _need(len(ports) <= 1, f"{where}.ports", "only a single port")
    for each in ports:
        _need(0 < each.get("containerPort", 0) < 65_536, f"{where}.ports", "no port")
        _need(each.get("name", "http1") in ("http1", "h2c"), f"{where}.ports", "no protocol")
    names = [each["name"] for each in found.get("env", [])]
    _need(len(names) == len(set(names)), f"{where}.env", "a variable is there twice")
    for each in found.get("env", []):
        _need(each["name"] not in RESERVED_VARIABLES, f"{where}.env", f"{each['name']} is reserved")
        _need(len(each.get("value", "").encode()) <= 32_768, f"{where}.env", "too long")
        _need(not (each.get("value") and each.get("valueSource")), f"{where}.env", "value and source")
        chosen = each.get("valueSource", {}).get("secretKeyRef", {})
        _need(not chosen or chosen.get("version"), f"{where}.env", "no version of a secret")
    if probe := found.get("startupProbe"):
        _check_probe(probe, f"{where}.startupProbe", most=240)
        total = probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
        _need(total <= 240, f"{where}.startupProbe", f"{total} s are more than 240")
    if probe := found.get("livenessProbe"):
        _check_probe(probe, f"{where}.livenessProbe", most=3600)
    _check_limits(found.get("resources", {}).get("limits", {}), f"{where}.resources.limits")


def _check_probe(found: dict[str, Any], where: str, *, most: int) -> None:
    actions = [name for name in ("httpGet", "tcpSocket", "grpc") if name in found]
    _need(len(actions) == 1, where, "exactly one of httpGet, tcpSocket, or grpc")
    period, timeout = found.get("periodSeconds", 10), found.get("timeoutSeconds", 1)
    _need(1 <= period <= most, where, f"period_seconds: 1 to {most}")
    _need(1 <= timeout <= 3600 and timeout < period, where, "timeout_seconds must be below period_seconds")
    _need(found.get("failureThreshold", 3) >= 1, where, "failure_threshold: at least 1")
    _need(0 <= found.get("initialDelaySeconds", 0) <= most, where, f"initial_delay_seconds: 0 to {most}")
    path = found.get("httpGet", {}).get("path", "/")
    _need(path.startswith("/"), where, f"{path!r} is no path")


def _check_limits(found: dict[str, str], where: str) -> None:
    unknown = set(found) - {"memory", "cpu", "nvidia.com/gpu"}
    _need(not unknown, where, f"{sorted(unknown)} are not supported")
    _need(found.get("cpu", "1") in CPUS, f"{where}.cpu", f"{found.get('cpu')!r} is not supported")
    parts = MEMORY.fullmatch(found.get("memory", "512Mi"))
    _need(parts, f"{where}.memory", f"{found.get('memory')!r} is no quantity")
    assert parts is not None
    mebibytes = int(parts[1]) * (1024 if parts[2].startswith("G") else 1)
    _need(128 <= mebibytes <= 32_768, f"{where}.memory", "from 128Mi to 32Gi")
    if found.get("cpu", "1")[0] in "48":
        _need(mebibytes >= 2048, f"{where}.memory", "4 CPU need at least 2Gi")


def _check_traffic(service_id: str, found: list[dict[str, Any]], revisions: set[str]) -> None:
    where = "service.traffic"
    if not found:
        return
    percents = [each.get("percent", 0) for each in found]
    _need(all(0 <= each <= 100 for each in percents), where, "percent: 0 to 100")
    _need(sum(percents) == 100, where, f"percents are {sum(percents)} together, and must be 100")
    tags = [each["tag"] for each in found if each.get("tag")]
    _need(len(tags) == len(set(tags)), where, "a tag is there twice")
    for tag in tags:
        _need(TAG.fullmatch(tag), where, f"{tag!r} is no tag")
        _need(len(tag) + len(service_id) <= MOST_TAG_AND_NAME, where, f"{tag!r} is too long with its service")
    for each in found:
        kind, name = each.get("type"), each.get("revision", "")
        _need(kind in (REVISION, LATEST), where, "no type")
        _need((kind == REVISION) == bool(name), where, "a revision's name goes with its type")
        _need(not name or name in revisions, where, f"there is no revision {name!r}")
