"""The lint for the restricted Pod Security Standard."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from autoexec_magic.deployer.kubernetes.restricted import CONTROLS, broken

GOOD: dict[str, Any] = {
    "kind": "Pod",
    "metadata": {"annotations": {}},
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "web",
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    },
}
SPEC, WEB = ("spec",), ("spec", "containers", 0)
POD, OWN = (*SPEC, "securityContext"), (*WEB, "securityContext")


def with_(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return the good pod with one thing changed."""
    made = copy.deepcopy(GOOD)
    at: Any = made
    for key in path[:-1]:
        at = at[key] if isinstance(key, int) else at.setdefault(key, {})
    at[path[-1]] = value
    return made


#: one row for each control at least: what breaks it
BAD = [
    ("HostProcess", (*POD, "windowsOptions"), {"hostProcess": True}),
    ("HostProcess", (*OWN, "windowsOptions"), {"hostProcess": True}),
    *(("Host Namespaces", (*SPEC, key), True) for key in ("hostNetwork", "hostPID", "hostIPC")),
    ("Privileged Containers", (*OWN, "privileged"), True),
    ("Capabilities", (*OWN, "capabilities"), {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
    ("Capabilities", (*OWN, "capabilities"), {"drop": ["KILL"]}),
    ("Capabilities", (*OWN, "capabilities"), {}),
    ("Volume Types", (*SPEC, "volumes"), [{"name": "host", "hostPath": {"path": "/"}}]),
    ("Volume Types", (*SPEC, "volumes"), [{"name": "net", "nfs": {"server": "a", "path": "/"}}]),
    ("Host Ports", (*WEB, "ports"), [{"containerPort": 80, "hostPort": 80}]),
    ("Host Probes / Lifecycle Hooks", (*WEB, "livenessProbe"), {"httpGet": {"host": "10.0.0.1", "port": 1}}),
    (
        "Host Probes / Lifecycle Hooks",
        (*WEB, "lifecycle"),
        {"preStop": {"tcpSocket": {"host": "a", "port": 1}}},
    ),
    (
        "AppArmor",
        ("metadata", "annotations"),
        {"container.apparmor.security.beta.kubernetes.io/web": "unconfined"},
    ),
    ("AppArmor", (*OWN, "appArmorProfile"), {"type": "Unconfined"}),
    ("SELinux", (*POD, "seLinuxOptions"), {"type": "spc_t"}),
    ("SELinux", (*OWN, "seLinuxOptions"), {"user": "root"}),
    ("/proc Mount Type", (*OWN, "procMount"), "Unmasked"),
    ("Sysctls", (*POD, "sysctls"), [{"name": "kernel.msgmax", "value": "1"}]),
    ("Privilege Escalation", (*OWN, "allowPrivilegeEscalation"), True),
    ("Privilege Escalation", (*OWN, "allowPrivilegeEscalation"), None),
    ("Running as Non-root", (*POD, "runAsNonRoot"), None),
    ("Running as Non-root", (*OWN, "runAsNonRoot"), False),
    ("Running as Non-root user", (*POD, "runAsUser"), 0),
    ("Running as Non-root user", (*OWN, "runAsUser"), 0),
    ("Seccomp", (*POD, "seccompProfile"), None),
    ("Seccomp", (*OWN, "seccompProfile"), {"type": "Unconfined"}),
    ("Seccomp", (*POD, "seccompProfile"), {"type": "Unconfined"}),
]

#: what looks like it breaks one, and does not
FINE = [
    ((*OWN, "capabilities"), {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}),
    ((*SPEC, "volumes"), [{"name": "tmp", "emptyDir": {}}, {"name": "kept", "persistentVolumeClaim": {}}]),
    ((*WEB, "ports"), [{"containerPort": 80, "hostPort": 0}]),
    ((*WEB, "readinessProbe"), {"httpGet": {"host": "", "port": 1}}),
    (("metadata", "annotations"), {"container.apparmor.security.beta.kubernetes.io/web": "localhost/mine"}),
    ((*POD, "seLinuxOptions"), {"type": "container_t", "level": "s0"}),
    ((*OWN, "procMount"), "Default"),
    ((*POD, "sysctls"), [{"name": "net.ipv4.tcp_fin_timeout", "value": "1"}]),
    ((*OWN, "runAsUser"), 1000),
    ((*OWN, "runAsUser"), None),
    ((*OWN, "seccompProfile"), {"type": "Localhost", "localhostProfile": "mine"}),
    ((*SPEC, "hostNetwork"), False),
]


@pytest.mark.parametrize(("control", "path", "value"), BAD)
def test_what_breaks_a_control_is_found(control, path, value):
    assert control in {each.control for each in broken(with_(path, value))}


@pytest.mark.parametrize(("path", "value"), FINE)
def test_what_a_control_allows_is_fine(path, value):
    assert broken(with_(path, value)) == ()


def test_each_control_of_the_documentation_has_a_row_that_breaks_it():
    assert {control for control, *_ in CONTROLS} == {control for control, *_ in BAD}
    assert len(CONTROLS) == 15


@pytest.mark.parametrize("group", ["initContainers", "ephemeralContainers"])
def test_containers_of_all_kinds_count(group):
    made = with_((*SPEC, group), [{"name": "first", "securityContext": {"privileged": True}}])
    assert f"{group}[first]" in {each.where for each in broken(made)}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda pod: {"kind": "Deployment", "spec": {"template": pod}},
        lambda pod: {"kind": "Job", "spec": {"template": pod}},
        lambda pod: {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": pod}}}},
    ],
)
def test_whatever_makes_pods_is_looked_at(wrap):
    bad = with_((*SPEC, "hostPID"), True)
    assert [each.control for each in broken(wrap(bad))] == ["Host Namespaces"]
    assert broken(wrap(GOOD)) == ()


@pytest.mark.parametrize(
    "made",
    [{}, {"kind": "Service", "spec": {"selector": {}}}, {"kind": "ConfigMap", "data": {}}, {"spec": None}],
)
def test_what_makes_no_pods_breaks_nothing(made):
    assert broken(made) == ()


def test_a_container_may_say_for_itself_what_the_pod_does_not():
    made = with_((*SPEC, "securityContext"), {})
    made["spec"]["containers"][0]["securityContext"] |= {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert broken(made) == ()
