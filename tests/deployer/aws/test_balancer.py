"""The load balancer of an ECS service."""

from __future__ import annotations

import pytest
from deployer.aws.conftest import client

from autoexec_magic.deployer.aws import balancer
from autoexec_magic.deployer.aws.calls import Calls


@pytest.fixture
def group(front):
    """A target group that nothing leads to."""
    return grouped()


def grouped():
    """Make a target group that asks for /health, and return its ARN."""
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    words = {"Name": "web", "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"}
    made = client("elbv2").create_target_group(HealthCheckPath="/health", **words)
    return made["TargetGroups"][0]["TargetGroupArn"]


def led(group, *listeners):
    """Let a load balancer lead to a group, and return its name."""
    elb = client("elbv2")
    subnets = [each["SubnetId"] for each in client("ec2").describe_subnets()["Subnets"][:2]]
    made = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]
    for words in listeners:
        action = {"Type": "forward", "TargetGroupArn": group}
        elb.create_listener(LoadBalancerArn=made["LoadBalancerArn"], DefaultActions=[action], **words)
    return made["DNSName"]


@pytest.mark.parametrize(
    ("listeners", "url"),
    [
        ([{"Protocol": "HTTP", "Port": 80}], "http://{}"),
        ([{"Protocol": "HTTP", "Port": 8080}], "http://{}:8080"),
        ([{"Protocol": "HTTP", "Port": 80}, {"Protocol": "HTTPS", "Port": 443}], "https://{}"),
        ([], ""),
    ],
)
def test_the_address_is_the_load_balancers(group, listeners, url):
    """By the listener that leads there, the safe one first."""
    arn = client("acm").request_certificate(DomainName="web.example.com")["CertificateArn"]
    given = [
        each | ({"Certificates": [{"CertificateArn": arn}]} if each["Protocol"] == "HTTPS" else {})
        for each in listeners
    ]
    name = led(group, *given)
    assert balancer.address(Calls(service="web"), group) == url.format(name)


def test_without_a_load_balancer_there_is_no_address(front, group):
    """Nor of a group that is gone."""
    calls = Calls(service="web")
    assert balancer.address(calls, group) == ""
    client("elbv2").delete_target_group(TargetGroupArn=group)
    assert balancer.address(calls, group) == ""


def test_a_service_tells_its_group():
    """None is ""."""
    assert balancer.group_of({"loadBalancers": [{"targetGroupArn": "g"}]}) == "g"
    assert balancer.group_of({"loadBalancers": [{"loadBalancerName": "classic"}]}) == ""
    assert balancer.group_of(None) == ""


def task(address):
    details = [{"name": "subnetId", "value": "s"}, {"name": "privateIPv4Address", "value": address}]
    return {"attachments": [{"details": details}]}


def test_only_the_releases_own_tasks_count(group):
    """Those of the one before may be well still."""
    led(group, {"Protocol": "HTTP", "Port": 80})
    client("elbv2").register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1"}, {"Id": "10.0.0.2"}])
    calls = Calls(service="web")
    assert balancer.unwell(calls, group, [task("10.0.0.1"), task("10.0.0.2")], 2) == ""
    found = balancer.unwell(calls, group, [task("10.0.0.1"), task("10.0.0.3")], 2)
    assert found == "1 of 2 tasks are healthy at the load balancer: it does not know them"
    assert balancer.unwell(calls, group, [{}], 2) == ""  # reached by their machine
