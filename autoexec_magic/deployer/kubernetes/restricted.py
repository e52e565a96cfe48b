"""Whether a manifest meets the *restricted* Pod Security Standard: a lint, pure, one row for each control.

The rows are the controls of the Kubernetes documentation, "Pod Security
Standards", Baseline and Restricted, for Linux pods. A cluster may not check
them (before 1.23 none did), and one that does says so only when the pods of
a Deployment are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Body: TypeAlias = Mapping[str, Any]

_VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim"),
    *("projected", "secret"),
}
_SYSCTLS = {
    *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"),
    *("net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports"),
    *("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"),
    *("net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
}
_SELINUX_TYPES = {
    *("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"),
}
_SECCOMP = ("RuntimeDefault", "Localhost")
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_HOOKS = (("lifecycle", "postStart"), ("lifecycle", "preStop"))
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A control that is not met: its name, where, and what would meet it."""

    control: str
    where: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pod:
    """A pod's template, taken apart once: its containers of all kinds with their places."""

    spec: Body
    annotations: Body
    containers: tuple[tuple[str, Body], ...]

    @property
    def security(self) -> Body:
        """The pod's own securityContext."""
        return _table(self.spec, "securityContext")

    def contexts(self) -> Iterator[tuple[str, Body]]:
        """Yield the securityContext of the pod and of each container."""
        yield "spec", self.security
        for place, each in self.containers:
            yield place, _table(each, "securityContext")


def broken(manifest: Body) -> tuple[Broken, ...]:
    """Return what of the *restricted* profile a manifest does not meet, in the order of the documentation.

    Parameters
    ----------
    manifest : mapping
        A Pod, or whatever makes pods of a template; another kind breaks nothing.

    Examples
    --------
    >>> [each.control for each in broken({"kind": "Pod", "spec": {"hostPID": True}})][:1]
    ['Host Namespaces']
    """
    pod = _pod_of(manifest)
    if pod is None:
        return ()
    return tuple(
        Broken(control=control, where=where, fix=fix)
        for control, fix, look in CONTROLS
        for where in dict.fromkeys(look(pod))
    )


def _pod_of(manifest: Body) -> _Pod | None:
    spec = _table(manifest, "spec")
    kind = manifest.get("kind")
    if kind == "CronJob":
        spec = _table(_table(spec, "jobTemplate"), "spec")
    holder = manifest if kind == "Pod" else _table(spec, "template")
    if not holder:
        return None
    inside = _table(holder, "spec")
    containers = tuple(
        (f"{group}[{each.get('name', number)}]", each)
        for group in ("initContainers", "containers", "ephemeralContainers")
        for number, each in enumerate(_list(inside, group))
    )
    annotations = _table(_table(holder, "metadata"), "annotations")
    return _Pod(spec=inside, annotations=annotations, containers=containers)


def _table(body: Body, key: str) -> Body:
    found = body.get(key)
    return found if isinstance(found, Mapping) else {}


def _list(body: Body, key: str) -> Sequence[Body]:
    found = body.get(key)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list | tuple) else ()


def _host_process(pod: _Pod) -> Iterator[str]:
    for place, security in pod.contexts():
        if _table(security, "windowsOptions").get("hostProcess"):
            yield place


def _host_namespaces(pod: _Pod) -> Iterator[str]:
    yield from (f"spec.{key}" for key in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(key))


def _privileged(pod: _Pod) -> Iterator[str]:
    yield from (place for place, security in pod.contexts() if security.get("privileged"))


def _capabilities(pod: _Pod) -> Iterator[str]:
    for place, each in pod.containers:
        asked = _table(_table(each, "securityContext"), "capabilities")
        if "ALL" not in (asked.get("drop") or ()) or set(asked.get("add") or ()) - {"NET_BIND_SERVICE"}:
            yield place


def _volumes(pod: _Pod) -> Iterator[str]:
    for number, each in enumerate(_list(pod.spec, "volumes")):
        if not (each.keys() - {"name"}) <= _VOLUMES:
            yield f"volumes[{each.get('name', number)}]"


def _host_ports(pod: _Pod) -> Iterator[str]:
    for place, each in pod.containers:
        if any(port.get("hostPort") for port in _list(each, "ports")):
            yield place


def _hosts(pod: _Pod) -> Iterator[str]:
    for place, each in pod.containers:
        asked = [_table(each, name) for name in _PROBES]
        asked += [_table(_table(each, group), name) for group, name in _HOOKS]
        if any(_table(one, how).get("host") for one in asked for how in ("httpGet", "tcpSocket")):
            yield place


def _app_armor(pod: _Pod) -> Iterator[str]:
    for name, value in pod.annotations.items():
        fits = value == "runtime/default" or str(value).startswith("localhost/")
        if name.startswith(_APPARMOR) and not fits:
            yield f"annotations[{name}]"
    for place, security in pod.contexts():
        if _table(security, "appArmorProfile").get("type") not in (None, *_SECCOMP):
            yield place


def _se_linux(pod: _Pod) -> Iterator[str]:
    for place, security in pod.contexts():
        options = _table(security, "seLinuxOptions")
        if options.get("type", "") not in _SELINUX_TYPES or options.get("user") or options.get("role"):
            yield place


def _proc_mount(pod: _Pod) -> Iterator[str]:
    yield from (place for place, one in pod.contexts() if one.get("procMount") not in (None, "", "Default"))


def _sysctls(pod: _Pod) -> Iterator[str]:
    for each in _list(pod.security, "sysctls"):
        if each.get("name") not in _SYSCTLS:
            yield f"spec.securityContext.sysctls[{each.get('name')}]"


def _escalation(pod: _Pod) -> Iterator[str]:
    for place, each in pod.containers:
        if _table(each, "securityContext").get("allowPrivilegeEscalation") is not False:
            yield place


def _non_root(pod: _Pod) -> Iterator[str]:
    for place, each in pod.containers:
        own = _table(each, "securityContext").get("runAsNonRoot")
        if (pod.security.get("runAsNonRoot") if own is None else own) is not True:
            yield place
    if pod.security.get("runAsNonRoot") is False:
        yield "spec"


def _root_user(pod: _Pod) -> Iterator[str]:
    yield from (place for place, security in pod.contexts() if security.get("runAsUser") == 0)


def _seccomp(pod: _Pod) -> Iterator[str]:
    whole = _table(pod.security, "seccompProfile").get("type")
    if whole not in (None, *_SECCOMP):
        yield "spec"
    for place, each in pod.containers:
        own = _table(_table(each, "securityContext"), "seccompProfile").get("type")
        if (own or whole) not in _SECCOMP:
            yield place


#: each control, what meets it, and the places where it is not met
CONTROLS: tuple[tuple[str, str, Callable[[_Pod], Iterator[str]]], ...] = (
    ("HostProcess", "leave windowsOptions.hostProcess out", _host_process),
    ("Host Namespaces", "leave hostNetwork, hostPID and hostIPC out", _host_namespaces),
    ("Privileged Containers", "leave privileged out", _privileged),
    ("Capabilities", "capabilities: {drop: [ALL]}, add NET_BIND_SERVICE at most", _capabilities),
    ("Volume Types", f"volumes may be {', '.join(sorted(_VOLUMES))}", _volumes),
    ("Host Ports", "leave hostPort out", _host_ports),
    ("Host Probes / Lifecycle Hooks", "leave the host of probes and hooks out", _hosts),
    ("AppArmor", "type RuntimeDefault or Localhost, or leave it out", _app_armor),
    ("SELinux", "leave seLinuxOptions out, or a type for containers", _se_linux),
    ("/proc Mount Type", "procMount: Default", _proc_mount),
    ("Sysctls", "leave it out: it is none of the safe ones", _sysctls),
    ("Privilege Escalation", "allowPrivilegeEscalation: false", _escalation),
    ("Running as Non-root", "runAsNonRoot: true", _non_root),
    ("Running as Non-root user", "runAsUser that is not 0", _root_user),
    ("Seccomp", "seccompProfile: {type: RuntimeDefault}", _seccomp),
)
