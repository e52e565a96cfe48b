"""Our model of ECS: services whose tasks are real containers, rolled out and back as AWS documents it.

A deployment starts its tasks beside the old ones, looks at their health, and ends the
old ones once the new ones are healthy. With the circuit breaker on, three tasks
that fail make it FAILED, and the last one that was completed PRIMARY again: from
then on the service is "stable", which is the trap. Health is looked at
`HURRY` times as often as is asked for.
"""

from __future__ import annotations

import contextlib
import copy
import datetime
import http.client
import json
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from deployer.aws.front import ACCOUNT, REGION, Answer, Fault
from deployer.aws.runners import Containers, NotPulled
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends

HURRY = 20.0
_FAILED = 3
_GRACE = 20.0  # seconds until a load balancer gives a task up that never answered
_FARGATE = {"256": (512, 2048), "512": (1024, 4096), "1024": (2048, 8192), "2048": (4096, 16384)}


@dataclass
class Task:
    task: dict[str, Any]
    container: str = ""
    began: float = field(default_factory=time.monotonic)
    asked: float = 0.0
    bad: int = 0
    address: str = ""
    is_probed: bool = False
    group: str = ""  # the target group of its load balancer
    is_in_service: bool = False  # as the load balancer finds it


@dataclass
class Service:
    told: dict[str, Any]
    tasks: list[Task] = field(default_factory=list)
    breaker: dict[str, Any] = field(default_factory=dict)
    good: str = ""  # the task definition of the last deployment that was completed
    drains_until: float = 0.0


@dataclass
class Tasks:
    """A cluster `default`; `wake` is called by the agent's thread."""

    containers: Containers
    definitions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)
    ends: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self.thread = threading.Thread(target=self._agent, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.ends.set()
        self.thread.join(60)

    def answer(self, operation: str, given: dict[str, Any]) -> Answer:
        with self.lock:
            found = getattr(self, f"_{operation}")(**given)
            return Answer(200, json.dumps(found, default=lambda at: at.timestamp()).encode())

    def addresses(self) -> list[str]:
        """Return where the healthy tasks of all services answer, as a load balancer knows it."""
        with self.lock:
            return [
                each.address
                for service in self.services.values()
                for each in service.tasks
                if each.address and _is_healthy(each) and _is_in(each)
            ]

    def _DescribeClusters(self, clusters: list[str]) -> dict:
        there = [each for each in clusters if each == "default"]
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
        return {
            "clusters": [{"clusterName": each, "clusterArn": arn, "status": "ACTIVE"} for each in there],
            "failures": [{"arn": each, "reason": "MISSING"} for each in clusters if each not in there],
        }

    def _RegisterTaskDefinition(self, family: str, containerDefinitions: list, **given: Any) -> dict:
        given.pop("tags", None)
        if "FARGATE" in given.get("requiresCompatibilities", ()):
            bounds = _FARGATE.get(given.get("cpu", ""))
            if not bounds or not bounds[0] <= int(given["memory"]) <= bounds[1]:
                raise Fault("ClientException", "No Fargate configuration exists for given values")
            if given.get("networkMode") != "awsvpc" or not given.get("executionRoleArn"):
                raise Fault("ClientException", "Fargate requires awsvpc and an execution role")
        for key in ("executionRoleArn", "taskRoleArn"):
            if key in given:
                try:
                    iam_backends[ACCOUNT]["aws"].get_role_by_arn(given[key])
                except Exception as error:
                    raise Fault("ClientException", f"Role is not valid: {given[key]}") from error
        for each in containerDefinitions:
            probe = each.get("healthCheck", {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0})
            sizes = (5 <= probe["interval"] <= 300, 2 <= probe["timeout"] <= 60, 1 <= probe["retries"] <= 10)
            if not all((*sizes, 0 <= probe["startPeriod"] <= 300)):
                raise Fault("ClientException", f"healthCheck is out of its bounds: {probe}")
        many = self.definitions.setdefault(family, [])
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:{len(many) + 1}"
        made = {
            "taskDefinitionArn": arn,
            "family": family,
            "revision": len(many) + 1,
            "status": "ACTIVE",
            "containerDefinitions": containerDefinitions,
            "registeredBy": f"arn:aws:iam::{ACCOUNT}:user/tests",
            **given,
        }
        many.append(made)
        return {"taskDefinition": made}

    def _definition(self, name: str) -> dict[str, Any]:
        family, _, revision = name.rpartition("/")[2].partition(":")
        many = self.definitions.get(family, [])
        if not revision:
            many = [each for each in many if each["status"] == "ACTIVE"][-1:]
        found = [each for each in many if revision in ("", str(each["revision"]))]
        if not found:
            raise Fault("ClientException", f"Unable to describe task definition {name}")
        return found[0]

    def _DescribeTaskDefinition(self, taskDefinition: str) -> dict:
        return {"taskDefinition": self._definition(taskDefinition)}

    def _ListTaskDefinitions(
        self, familyPrefix: str, status: str, sort: str, nextToken: str = "", maxResults: int = 100
    ) -> dict:
        every = [
            each["taskDefinitionArn"]
            for family, many in self.definitions.items()
            for each in many
            if family.startswith(familyPrefix) and each["status"] == status
        ]
        return {"taskDefinitionArns": every[::-1] if sort == "DESC" else every}

    def _DeregisterTaskDefinition(self, taskDefinition: str) -> dict:
        self._definition(taskDefinition)["status"] = "INACTIVE"
        return {"taskDefinition": self._definition(taskDefinition)}

    def _active(self, name: str) -> dict[str, Any]:
        try:
            found = self._definition(name)
        except Fault as fault:
            raise Fault("ClientException", "TaskDefinition not found.") from fault
        if found["status"] != "ACTIVE":
            raise Fault("ClientException", "TaskDefinition is inactive")
        return found

    def _CreateService(self, serviceName: str, taskDefinition: str, **given: Any) -> dict:
        there = self.services.get(serviceName)
        if there and there.told["status"] == "ACTIVE":
            raise Fault("InvalidParameterException", "Creation of service was not idempotent.")
        if there and there.told["status"] == "DRAINING":
            raise Fault("InvalidParameterException", "Unable to Start a service that is still Draining.")
        definition = self._active(taskDefinition)
        if definition.get("networkMode") == "awsvpc" and "networkConfiguration" not in given:
            raise Fault("InvalidParameterException", "Network Configuration must be provided")
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/default/{serviceName}"
        told = {
            "serviceName": serviceName,
            "serviceArn": arn,
            "status": "ACTIVE",
            "desiredCount": given["desiredCount"],
            "tags": given.get("tags", []),
            "loadBalancers": given.get("loadBalancers", []),
            "deployments": [],
        }
        service = Service(told=told, breaker=given["deploymentConfiguration"]["deploymentCircuitBreaker"])
        self.services[serviceName] = service
        self._begin(service, definition["taskDefinitionArn"])
        return {"service": self._told(service)}

    def _UpdateService(self, service: str, taskDefinition: str = "", **given: Any) -> dict:
        found = self._service(service)
        found.told["desiredCount"] = given.get("desiredCount", found.told["desiredCount"])
        if "deploymentConfiguration" in given:
            found.breaker = given["deploymentConfiguration"]["deploymentCircuitBreaker"]
        if taskDefinition:
            arn = self._active(taskDefinition)["taskDefinitionArn"]
            if _primary(found)["taskDefinition"] != arn:
                self._begin(found, arn)
        return {"service": self._told(found)}

    def _DeleteService(self, service: str, cluster: str, force: bool = False) -> dict:
        found = self._service(service)
        if found.told["desiredCount"] and not force:
            raise Fault(
                "InvalidParameterException", "The service cannot be stopped while it is scaled above 0."
            )
        found.told |= {"status": "DRAINING", "desiredCount": 0}
        found.drains_until = time.monotonic() + 1
        return {"service": self._told(found)}

    def _DescribeServices(self, services: list[str], cluster: str, include: list[str] | None = None) -> dict:
        there = [self._told(self.services[each]) for each in services if each in self.services]
        missing = [{"arn": each, "reason": "MISSING"} for each in services if each not in self.services]
        return {"services": there, "failures": missing}

    def _TagResource(self, resourceArn: str, tags: list) -> dict:
        found = self._service(resourceArn.rpartition("/")[2])
        new = {each["key"]: each["value"] for each in (*found.told["tags"], *tags)}
        found.told["tags"] = [{"key": key, "value": value} for key, value in new.items()]
        return {}

    def _ListTasks(self, cluster: str, serviceName: str, desiredStatus: str) -> dict:
        found = self._service(serviceName, is_any=True)
        return {
            "taskArns": [
                each.task["taskArn"] for each in found.tasks if each.task["desiredStatus"] == desiredStatus
            ]
        }

    def _DescribeTasks(self, cluster: str, tasks: list[str]) -> dict:
        every = [each.task for service in self.services.values() for each in service.tasks]
        return {"tasks": [copy.deepcopy(each) for each in every if each["taskArn"] in tasks]}

    def _service(self, name: str, *, is_any: bool = False) -> Service:
        found = self.services.get(name)
        if found is None:
            raise Fault("ServiceNotFoundException", "Service not found.")
        if found.told["status"] != "ACTIVE" and not is_any:
            raise Fault("ServiceNotActiveException", "Service was not ACTIVE.")
        return found

    def _told(self, service: Service) -> dict[str, Any]:
        for each in service.told["deployments"]:
            mine = [one for one in service.tasks if one.task["startedBy"] == each["id"]]
            each["runningCount"] = sum(_is_in(one) for one in mine)
        found = copy.deepcopy(service.told)
        found["runningCount"] = sum(each["runningCount"] for each in found["deployments"])
        return found

    def _begin(self, service: Service, arn: str, why: str = "") -> None:
        for each in service.told["deployments"]:
            each["status"] = "ACTIVE"
        made = {
            "id": f"ecs-svc/{time.time_ns()}",
            "status": "PRIMARY",
            "taskDefinition": arn,
            "desiredCount": service.told["desiredCount"],
            "runningCount": 0,
            "failedTasks": 0,
            "createdAt": _now(),
            "rolloutState": "IN_PROGRESS",
            "rolloutStateReason": why or "ECS deployment in progress.",
        }
        service.told["deployments"].insert(0, made)

    def _agent(self) -> None:
        while not self.ends.wait(0.1):
            for service in list(self.services.values()):
                self._reconciled(service)

    def _reconciled(self, service: Service) -> None:
        with self.lock:
            for task in service.tasks:
                self._looked(task, self._definition(task.task["taskDefinitionArn"]))
            first, wanted = _primary(service), service.told["desiredCount"]
            mine = [each for each in service.tasks if each.task["startedBy"] == first["id"] and _lives(each)]
            self._counted(service, first)
            first = _primary(service)
            if service.told["status"] == "DRAINING" and time.monotonic() > service.drains_until:
                service.told["status"] = "INACTIVE"
        for each in mine[wanted:]:
            self._ended(each, "Scaling activity initiated by deployment", "ServiceSchedulerInitiated")
        if len(mine) < wanted and first["rolloutState"] != "FAILED":
            self._started(service, first)
            return
        healthy = [each for each in mine if _is_healthy(each)]
        if len(healthy) >= wanted and first["rolloutState"] == "IN_PROGRESS":
            with self.lock:
                others = [each for each in service.tasks if _lives(each) and each not in mine]
                for each in others:
                    each.task["desiredStatus"] = "STOPPED"
            self.ends.wait(0.3 if others else 0)  # a load balancer lets what is asked end
            for each in others:
                self._ended(each, "Scaling activity initiated by deployment", "ServiceSchedulerInitiated")
            with self.lock:
                if _primary(service) is first:
                    first |= {"rolloutState": "COMPLETED", "rolloutStateReason": "ECS deployment completed."}
                    service.told["deployments"] = [first]
                    service.good = first["taskDefinition"]

    def _counted(self, service: Service, first: dict[str, Any]) -> None:
        failed = [
            each
            for each in service.tasks
            if each.task["startedBy"] == first["id"]
            and (
                each.task.get("stopCode") in ("EssentialContainerExited", "TaskFailedToStart") or each.bad > 9
            )
        ]
        first["failedTasks"] = len(failed)
        if (
            len(failed) < _FAILED
            or first["rolloutState"] != "IN_PROGRESS"
            or not service.breaker.get("enable")
        ):
            return
        why = "ECS deployment circuit breaker: tasks failed to start."
        first |= {"rolloutState": "FAILED", "rolloutStateReason": why}
        if service.good and service.breaker.get("rollback"):
            self._begin(service, service.good, "ECS deployment circuit breaker: rolling back")

    def _started(self, service: Service, deployment: dict[str, Any]) -> None:
        definition = self._definition(deployment["taskDefinition"])
        container = definition["containerDefinitions"][0]
        made = {
            "taskArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/default/{uuid.uuid4().hex}",
            "taskDefinitionArn": definition["taskDefinitionArn"],
            "startedBy": deployment["id"],
            "createdAt": _now(),
            "desiredStatus": "RUNNING",
            "lastStatus": "RUNNING",
            "healthStatus": "UNKNOWN",
            "containers": [{"name": container["name"], "imageDigest": container["image"].rpartition("@")[2]}],
        }
        groups = [each["targetGroupArn"] for each in service.told["loadBalancers"]]
        task = Task(task=made, is_probed="healthCheck" in container, group="".join(groups[:1]))
        try:
            variables = {each["name"]: each["value"] for each in container.get("environment", ())}
            variables |= {each["name"]: _secret(each["valueFrom"]) for each in container.get("secrets", ())}
            task.container = self.containers.start(container["image"], variables, container.get("command"))
        except (NotPulled, LookupError) as error:
            _stopped(task, str(error), "TaskFailedToStart")
        with self.lock:
            service.tasks.append(task)

    def _looked(self, task: Task, definition: dict[str, Any]) -> None:
        if not _lives(task):
            return
        container = definition["containerDefinitions"][0]
        runs, code, address = self.containers.state(task.container)
        if not runs:
            said = self.containers.log(task.container).splitlines()[-1:]
            task.task["containers"][0] |= {"exitCode": code, "reason": said[0] if said else ""}
            _stopped(task, "Essential container in task exited", "EssentialContainerExited")
            return
        ports = container.get("portMappings") or [{"containerPort": 80}]
        task.address = f"{address}:{ports[0]['containerPort']}"
        details = [{"name": "privateIPv4Address", "value": address}]
        task.task["attachments"] = [{"type": "ElasticNetworkInterface", "details": details}]
        self._balanced(task, address)
        probe = container.get("healthCheck")
        if not _lives(task) or not probe or time.monotonic() - task.asked < probe["interval"] / HURRY:
            return
        kind, *words = probe["command"]
        status, _, _ = self.containers.run(
            task.container, ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        )
        task.asked = time.monotonic()
        task.bad = 0 if status == 0 else task.bad + 1
        age = time.monotonic() - task.began
        if status == 0:
            task.task["healthStatus"] = "HEALTHY"
        elif task.bad >= probe["retries"] and age > probe["startPeriod"]:
            task.task["healthStatus"] = "UNHEALTHY"
            task.bad = 10
            self._ended(task, "Task failed container health checks", "ServiceSchedulerInitiated")

    def _balanced(self, task: Task, address: str) -> None:
        """Ask a task as its load balancer does; it is known there for as long as it answers."""
        groups = elbv2_backends[ACCOUNT][REGION].target_groups
        if task.group not in groups:
            return
        group = groups[task.group]
        was, task.is_in_service = task.is_in_service, _answers(task.address, group.health_check_path or "/")
        port = int(task.address.rpartition(":")[2])
        if task.is_in_service:
            group.register([{"Id": address, "Port": port}])
            return
        group.targets.pop(address, None)
        if was or time.monotonic() - task.began > _GRACE:
            task.bad = 10
            why = f"Task failed ELB health checks in (target-group {task.group})"
            self._ended(task, why, "ServiceSchedulerInitiated")

    def _ended(self, task: Task, why: str, code: str) -> None:
        _stopped(task, why, code)
        if (group := elbv2_backends[ACCOUNT][REGION].target_groups.get(task.group)) is not None:
            group.targets.pop(task.address.rpartition(":")[0], None)
        self.containers.stop(task.container)


def _primary(service: Service) -> dict[str, Any]:
    return next(each for each in service.told["deployments"] if each["status"] == "PRIMARY")


def _lives(task: Task) -> bool:
    return task.task["lastStatus"] == "RUNNING"


def _is_in(task: Task) -> bool:
    return _lives(task) and task.task["desiredStatus"] == "RUNNING"


def _answers(address: str, path: str) -> bool:
    line = http.client.HTTPConnection(address, timeout=10)
    try:
        line.request("GET", path)
        return line.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def _is_healthy(task: Task) -> bool:
    if task.group and not task.is_in_service:
        return False
    return task.task["healthStatus"] == "HEALTHY" if task.is_probed else bool(task.address)


def _stopped(task: Task, why: str, code: str) -> None:
    task.task |= {
        "desiredStatus": "STOPPED",
        "lastStatus": "STOPPED",
        "stoppedReason": why,
        "stopCode": code,
        "stoppedAt": _now(),
    }


def _secret(value_from: str) -> str:
    arn, _, version = value_from.rpartition(":::")
    name = arn.rpartition(":secret:")[2][:-7]
    with contextlib.suppress(KeyError):
        return str(secretsmanager_backends[ACCOUNT][REGION].secrets[name].versions[version]["secret_string"])
    raise LookupError(f"ResourceInitializationError: unable to pull secrets: {value_from}")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
