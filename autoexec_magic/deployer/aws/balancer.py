"""The load balancer of an ECS service: where people reach it, and which tasks it finds well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autoexec_magic.deployer.aws.calls import Calls

_API = "elbv2"
_PORTS = {"http": 80, "https": 443}
_SCHEMES = {"HTTP": "http", "HTTPS": "https", "TLS": "tls", "UDP": "udp", "TCP_UDP": "tcp"}


def group_of(service: Mapping[str, Any] | None) -> str:
    """Return the ARN of a service's target group, as ECS tells it; "" where it has none."""
    for each in (service or {}).get("loadBalancers") or ():
        if each.get("targetGroupArn"):
            return str(each["targetGroupArn"])
    return ""


def address(calls: Calls, group: str) -> str:
    """Return the URL of the load balancer that leads to a target group, "" where none does."""
    found = calls.find(_API, "describe_target_groups", TargetGroupArns=[group])
    arns = found["TargetGroups"][0].get("LoadBalancerArns") if found and found["TargetGroups"] else []
    if not arns:
        return ""
    there = calls.find(_API, "describe_load_balancers", LoadBalancerArns=[arns[0]])
    name = str(there["LoadBalancers"][0].get("DNSName") or "") if there and there["LoadBalancers"] else ""
    listeners = calls.every(_API, "describe_listeners", "Listeners", LoadBalancerArn=arns[0])
    if not name or not listeners:
        return ""
    own = [each for each in listeners if any(_leads(one, group) for one in each.get("DefaultActions") or ())]
    chosen = min(own or listeners, key=lambda each: each.get("Protocol") != "HTTPS")
    scheme, port = _SCHEMES.get(str(chosen.get("Protocol")), "tcp"), int(chosen.get("Port") or 0)
    return f"{scheme}://{name}" if _PORTS.get(scheme) == port else f"{scheme}://{name}:{port}"


def unwell(calls: Calls, group: str, tasks: Sequence[Mapping[str, Any]], replicas: int) -> str:
    """Return why the load balancer does not find as many tasks well as there are to be, "" where it does.

    Parameters
    ----------
    calls : Calls
        Asks AWS.
    group : str
        The target group's ARN.
    tasks : sequence of mapping
        The release's tasks that run, as ECS tells them. Tasks without an address of
        their own are reached by their machine's, and are not told apart from others.
    replicas : int
        How many have to be well.
    """
    found = calls.ask(_API, "describe_target_health", TargetGroupArn=group)["TargetHealthDescriptions"]
    own = {address for each in tasks for address in _addresses(each)}
    ours = [each for each in found if not own or each["Target"]["Id"] in own]
    well = [each for each in ours if each["TargetHealth"]["State"] == "healthy"]
    if len(well) >= replicas:
        return ""
    bad: Mapping[str, Any] = next((each["TargetHealth"] for each in ours if each not in well), {})
    words = bad.get("Description") or bad.get("Reason") or bad.get("State") or "it does not know them"
    return f"{len(well)} of {replicas} tasks are healthy at the load balancer: {words}"


def _leads(action: Mapping[str, Any], group: str) -> bool:
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
    return action.get("TargetGroupArn") == group or any(each["TargetGroupArn"] == group for each in groups)


def _addresses(task: Mapping[str, Any]) -> list[str]:
    return [
        str(each["value"])
        for attached in task.get("attachments") or ()
        for each in attached.get("details") or ()
        if each.get("name") == "privateIPv4Address"
    ]
