"""A Cloud Run of the tests' own: Google's messages, its schema, its documented rules, real containers.

There is no emulator of Cloud Run. This is our model of it, and it does not
flatter: what the schema or the documentation refuses is refused (`schema`,
`rules`); a change takes a while, in which what is said is the old; a new revision
first says Ready of a generation that is not its own; a service whose template fails
stays behind its generation, and moves no traffic until it has another one.
"""

from __future__ import annotations

import copy
import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deployer.gcp import rules
from deployer.gcp.backing import Behind, Front, ImageMissing, probed, started, weighted
from deployer.gcp.schema import Refused, as_json, check, check_name
from google.cloud import run_v2
from google.longrunning import operations_pb2
from google.protobuf import json_format, timestamp_pb2
from google.rpc import code_pb2, status_pb2

ME, ELSE = "me@example.com", "somebody@example.com"
_C = run_v2.Condition
_SAY = {
    "HEALTH_CHECK_CONTAINER_ERROR": "The user-provided container failed the configured startup probe checks.",
}


def pb(kind: Any) -> Any:
    """Return a new plain message of a type."""
    return kind.pb(kind())


def now() -> timestamp_pb2.Timestamp:
    stamp = timestamp_pb2.Timestamp()
    stamp.GetCurrentTime()
    return stamp


class Fault(Exception):
    """What a call is answered with instead: a code, words, and details."""

    def __init__(self, code: int, message: str, *details: Any) -> None:
        super().__init__(message)
        self.status = status_pb2.Status(code=code, message=message)
        for each in details:
            self.status.details.add().Pack(each)


def invalid(message: str) -> Fault:
    return Fault(code_pb2.INVALID_ARGUMENT, message)


@dataclass
class Cloud:
    """The state of one project and region.

    `delay_seconds` is how long a change takes. `faults` has, by the name of a call, what
    its next calls are answered with. `reverts` lets the platform say that all went
    well, and put the traffic back. `who` is who calls. Without an engine (`client` is
    None) nothing is behind a revision, and it is ready after the delay.
    """

    client: Any
    delay_seconds: float = 0.15
    reverts: bool = False
    who: str = ME
    services: dict[str, Any] = field(default_factory=dict)
    revisions: dict[str, Any] = field(default_factory=dict)
    templates: dict[str, Any] = field(default_factory=dict)
    behind: dict[str, Behind] = field(default_factory=dict)
    words: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    operations: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)
    front: Front = field(init=False)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _ended: bool = False
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.front = Front(choose=self.choose)

    def close(self) -> None:
        self._ended = True
        for each in self._threads:
            each.join(30)
        self.front.close()
        for each in self.behind.values():
            each.stop()

    # -- calls

    def call(self, name: str, run: Callable[[Any], Any], request: Any) -> Any:
        """Carry out one call; the first fault that waits for it is its answer."""
        with self.lock:
            self.calls[name] += 1
            waiting = self.faults.get(name.rpartition("/")[2]) or self.faults.get("*")
            if waiting:
                raise waiting.pop(0)
            try:
                return run(request)
            except Refused as error:
                raise invalid(str(error)) from error

    def create_service(self, request: Any) -> Any:
        check_name("services.create", "parent", request.parent)
        name = f"{request.parent}/services/{request.service_id}"
        service = copy.deepcopy(request.service)
        self._check(request.service_id, name, service)
        if name in self.services:
            raise Fault(code_pb2.ALREADY_EXISTS, f"Resource '{request.service_id}' already exists.")
        service.name, service.uid, service.generation = name, str(uuid.uuid4()), 0
        service.creator = self.who
        service.create_time.CopyFrom(now())
        return self._written(name, service, request.validate_only)

    def update_service(self, request: Any) -> Any:
        name = request.service.name
        check_name("services.patch", "name", name)
        old = self.services.get(name)
        if old is None:
            raise self._not_found("Service", name)
        if request.service.etag and request.service.etag != old.etag:
            raise Fault(code_pb2.ABORTED, f"Conflict for resource '{name}': its etag is another one by now.")
        service = copy.deepcopy(old)
        if request.update_mask.paths:
            request.update_mask.MergeMessage(
                request.service, service, replace_message_field=True, replace_repeated_field=True
            )
        else:
            self._overwrite(service, request.service)
        self._check(name.rpartition("/")[2], name, service)
        return self._written(name, service, request.validate_only)

    def get_service(self, request: Any) -> Any:
        check_name("services.get", "name", request.name)
        if request.name not in self.services:
            raise self._not_found("Service", request.name)
        return copy.deepcopy(self.services[request.name])

    def delete_service(self, request: Any) -> Any:
        check_name("services.delete", "name", request.name)
        service = self.services.get(request.name)
        if service is None:
            raise self._not_found("Service", request.name)
        if request.etag and request.etag != service.etag:
            raise Fault(code_pb2.ABORTED, f"Conflict for resource '{request.name}'.")
        if request.validate_only:
            return self._operation(service, done=True)
        operation = self._operation()

        def carried_out() -> None:
            with self.lock:
                gone = self.services.pop(request.name, None)
                for each in [one for one in self.revisions if one.startswith(f"{request.name}/")]:
                    self._end(each)
                operation.response.Pack(gone)
                operation.done = True

        self._later(carried_out)
        return copy.deepcopy(operation)

    def get_revision(self, request: Any) -> Any:
        check_name("services.revisions.get", "name", request.name)
        if request.name not in self.revisions:
            raise self._not_found("Revision", request.name)
        return copy.deepcopy(self.revisions[request.name])

    def list_revisions(self, request: Any) -> Any:
        check_name("services.revisions.list", "parent", request.parent)
        found = pb(run_v2.ListRevisionsResponse)
        mine = [one for name, one in self.revisions.items() if name.startswith(f"{request.parent}/")]
        found.revisions.extend(sorted(mine, key=lambda one: -one.create_time.ToNanoseconds()))
        return found

    def delete_revision(self, request: Any) -> Any:
        check_name("services.revisions.delete", "name", request.name)
        revision = self.revisions.get(request.name)
        if revision is None:
            raise self._not_found("Revision", request.name)
        service = self.services[request.name.partition("/revisions/")[0]]
        short = request.name.rpartition("/")[2]
        used = {each.revision for each in (*service.traffic, *service.traffic_statuses)}
        if short in used or service.template.revision == short:
            raise Fault(code_pb2.FAILED_PRECONDITION, f"Revision '{short}' is used by its service.")
        self._end(request.name)
        return self._operation(revision, done=True)

    def get_operation(self, request: Any) -> Any:
        if request.name not in self.operations:
            raise self._not_found("Operation", request.name)
        return copy.deepcopy(self.operations[request.name])

    # -- by other ways

    def lose(self, short: str) -> None:
        """Take a revision away, whatever uses it."""
        with self.lock:
            for name in [one for one in self.revisions if one.endswith(f"/{short}")]:
                self._end(name)

    def edit(self, change: Callable[[Any], None]) -> None:
        """Change the only service as the console does: by somebody else, with another generation."""
        with self.lock:
            service = copy.deepcopy(next(iter(self.services.values())))
            change(service)
            self.who, me = ELSE, self.who
            self._written(service.name, service, False)
            self.who = me
        self.settle()

    def settle(self) -> None:
        """Wait until nothing changes."""
        for each in list(self._threads):
            each.join(60)

    # -- what is so

    def choose(self, key: str) -> tuple[Behind | None, bool]:
        """Return where a request of a door goes: to a tag's revision, or by the service's percents."""
        with self.lock:
            name, _, tag = key.partition("#")
            service = self.services.get(name)
            if service is None:
                return None, True
            statuses = [(one.revision, one.percent, one.tag) for one in service.traffic_statuses]
            is_public = service.invoker_iam_disabled
        if tag:
            chosen = next((one for one, _, of in statuses if of == tag), "")
        else:
            shares = [(one, percent) for one, percent, _ in statuses if percent]
            chosen = weighted(shares) if shares else ""
        return self.behind.get(f"{name}/revisions/{chosen}"), is_public

    def log_of(self, short: str) -> list[tuple[str, str]]:
        """Return what a revision wrote."""
        with self.lock:
            name = next((one for one in {**self.words, **self.behind} if one.endswith(f"/{short}")), "")
            behind = self.behind.get(name)
        return behind.lines() if behind else self.words.get(name, [])

    # -- inside

    def _check(self, service_id: str, name: str, service: Any) -> None:
        found = as_json(service)
        check("Service", found, "service")
        mine = [one.rpartition("/")[2] for one in self.revisions if one.startswith(f"{name}/")]
        rules.check_service(service_id, found, mine)
        named = service.template.revision
        before = self.templates.get(f"{name}/revisions/{named}")
        if named and before is not None and before != _plain(service.template):
            message = f"Revision named '{named}' with different configuration already exists."
            raise Fault(code_pb2.ALREADY_EXISTS, message)

    def _overwrite(self, service: Any, wanted: Any) -> None:
        """Take over all that a caller may say; a repeated or nested field that is not said is emptied."""
        read_only = _read_only()
        for about in service.DESCRIPTOR.fields:
            if about.json_name in read_only or about.name in ("name", "etag"):
                continue
            service.ClearField(about.name)
        said = pb(run_v2.Service)
        said.CopyFrom(wanted)
        for about in said.DESCRIPTOR.fields:
            if about.json_name in read_only or about.name in ("name", "etag"):
                said.ClearField(about.name)
        service.MergeFrom(said)

    def _written(self, name: str, service: Any, validate_only: bool) -> Any:
        given = _plain(service.template)
        _default(service)
        if validate_only:
            return self._operation(service, done=True)
        service.generation += 1
        service.etag = f'"{uuid.uuid4().hex[:12]}"'
        service.last_modifier = self.who
        service.update_time.CopyFrom(now())
        service.reconciling = True
        old = self.services.get(name)
        if old is None:
            service.uri = self.front.url(name)
            service.terminal_condition.type_ = "Ready"
            service.terminal_condition.state = _C.State.CONDITION_RECONCILING
        short = service.template.revision or f"{name.rpartition('/')[2]}-{service.generation:05d}-abc"
        full = f"{name}/revisions/{short}"
        if not service.template.revision and old is not None and _plain(old.template) == given:
            full = old.latest_created_revision or full
        is_new = full not in self.revisions
        if is_new:
            self.revisions[full] = self._revision(full, service)
            self.templates[full] = given
        service.latest_created_revision = full
        self.services[name] = service
        operation, generation = self._operation(), service.generation
        self._later(lambda: self._reconcile(name, full, generation, operation))
        return copy.deepcopy(operation)

    def _revision(self, full: str, service: Any) -> Any:
        """Return a new revision: until it was looked at, what it says is of no generation of its own."""
        made = pb(run_v2.Revision)
        json_format.ParseDict(
            {name: value for name, value in as_json(service.template).items() if name in _of_both()}, made
        )
        made.name, made.service, made.uid = full, service.name.rpartition("/")[2], str(uuid.uuid4())
        made.generation, made.observed_generation, made.reconciling = 1, 0, True
        made.creator = self.who
        made.create_time.CopyFrom(now())
        made.conditions.add(type_="Ready", state=_C.State.CONDITION_SUCCEEDED)
        return made

    def _reconcile(self, name: str, full: str, generation: int, operation: Any) -> None:
        self._start(full)
        with self.lock:
            service, revision = self.services.get(name), self.revisions.get(full)
            if service is None or revision is None:
                operation.error.CopyFrom(status_pb2.Status(code=code_pb2.ABORTED, message="it was deleted"))
                operation.done = True
                return
            ready = next(each for each in revision.conditions if each.type_ == "Ready")
            is_good = ready.state == _C.State.CONDITION_SUCCEEDED
            if service.generation == generation:
                service.reconciling = False
                self._concluded(service, full, is_good)
            if is_good:
                operation.response.Pack(service)
            else:
                words = f"Revision '{full.rpartition('/')[2]}' is not ready and cannot serve traffic. "
                operation.error.CopyFrom(
                    status_pb2.Status(code=code_pb2.FAILED_PRECONDITION, message=words + ready.message)
                )
            operation.done = True

    def _concluded(self, service: Any, full: str, is_good: bool) -> None:
        """Say what has come of a change: where the template failed, what served before is what serves."""
        condition = service.terminal_condition
        condition.type_ = "Ready"
        if not is_good:
            condition.state = _C.State.CONDITION_FAILED
            self._tags(service)
            return
        condition.state = _C.State.CONDITION_SUCCEEDED
        service.observed_generation = service.generation
        service.latest_ready_revision = full
        if self.reverts and service.traffic_statuses:
            self._tags(service)
            return
        statuses = [self._status(service, each) for each in service.traffic]
        del service.traffic_statuses[:]
        service.traffic_statuses.extend(statuses or [self._status(service, pb(run_v2.TrafficTarget))])

    def _tags(self, service: Any) -> None:
        """Keep the percents as they are; a tag of a revision that is ready is there all the same."""
        for each in service.traffic:
            is_good = each.revision not in _failed(self, service.name)
            is_new = all(one.tag != each.tag for one in service.traffic_statuses)
            if each.tag and not each.percent and is_good and is_new:
                service.traffic_statuses.append(self._status(service, each))

    def _status(self, service: Any, target: Any) -> Any:
        made = pb(run_v2.TrafficTargetStatus)
        made.type_, made.percent, made.tag = target.type_, target.percent, target.tag
        made.revision = target.revision or service.latest_ready_revision.rpartition("/")[2]
        if not target.revision and not target.percent:
            made.percent = 100
        if target.tag:
            made.uri = self.front.url(f"{service.name}#{target.tag}")
        return made

    def _start(self, full: str) -> None:
        """Start what is behind a revision, as its startup probe says, and write down what came of it."""
        with self.lock:
            revision = self.revisions.get(full)
            if revision is None or not revision.reconciling:
                return
            container = as_json(revision)["containers"][0]
        reason, message = self._started(full, container)
        with self.lock:
            revision.observed_generation, revision.reconciling = revision.generation, False
            del revision.conditions[:]
            ready = revision.conditions.add(type_="Ready", state=_C.State.CONDITION_SUCCEEDED)
            if reason:
                ready.state, ready.message = _C.State.CONDITION_FAILED, message
                is_of_revision = reason in _C.RevisionReason.__members__
                kind = _C.RevisionReason if is_of_revision else _C.CommonReason
                setattr(ready, "revision_reason" if is_of_revision else "reason", kind[reason])
                if behind := self.behind.pop(full, None):
                    self.words[full] = behind.lines()
                    behind.stop()

    def _started(self, full: str, container: dict[str, Any]) -> tuple[str, str]:
        """Return why a revision's container does not serve, and the words for it; "" where it does."""
        try:
            variables = {each["name"]: self._value(each) for each in container.get("env", [])}
        except KeyError as error:
            return "SECRETS_ACCESS_CHECK_FAILED", f"Secret {error} was not found"
        image = container["image"]
        if self.client is None:
            return "", ""
        if "@" not in image:
            return "CONTAINER_MISSING", f"Image '{image}' not found."
        try:
            behind = started(self.client, image, container, variables)
        except ImageMissing:
            return "CONTAINER_MISSING", f"Image '{image}' not found."
        self.behind[full] = behind
        probe = container["startupProbe"]
        until = time.monotonic() + probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
        while not self._ended and behind.is_running() and time.monotonic() < until:
            if probed(behind, probe):
                behind.begin_again()
                return "", ""
            time.sleep(0.1)
        return "HEALTH_CHECK_CONTAINER_ERROR", _SAY["HEALTH_CHECK_CONTAINER_ERROR"]

    def _value(self, variable: dict[str, Any]) -> str:
        chosen = variable.get("valueSource", {}).get("secretKeyRef")
        if chosen is None:
            return str(variable.get("value", ""))
        version = self.secrets[chosen["secret"]]["versions"][chosen["version"]]
        if version["state"] != "ENABLED":
            raise KeyError(f"{chosen['secret']}/versions/{chosen['version']}")
        return bytes(version["content"]).decode()

    def _end(self, full: str) -> None:
        """Remove a revision; what it is answering is let be answered."""
        self.revisions.pop(full, None)
        self.templates.pop(full, None)
        behind = self.behind.pop(full, None)
        if behind is not None:
            self._later(behind.stop, seconds=1.0)

    def _operation(self, result: Any = None, *, done: bool = False) -> Any:
        name = f"projects/p/locations/l/operations/{next(self._numbers)}"
        made = operations_pb2.Operation(name=name, done=done)
        if result is not None:
            made.response.Pack(result)
        self.operations[name] = made
        return made

    def _later(self, work: Callable[[], None], seconds: float = 0.0) -> None:
        def run() -> None:
            time.sleep(seconds or self.delay_seconds)
            work()

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _not_found(self, kind: str, name: str) -> Fault:
        return Fault(code_pb2.NOT_FOUND, f"{kind} '{name}' was not found.")


def _failed(cloud: Cloud, name: str) -> set[str]:
    return {
        full.rpartition("/")[2]
        for full, revision in cloud.revisions.items()
        if full.startswith(f"{name}/")
        and any(each.state == _C.State.CONDITION_FAILED for each in revision.conditions)
    }


def _read_only() -> set[str]:
    from deployer.gcp.schema import document

    found = document()["schemas"]["GoogleCloudRunV2Service"]["properties"]
    return {name for name, about in found.items() if about.get("readOnly")}


def _of_both() -> set[str]:
    template, revision = pb(run_v2.RevisionTemplate), pb(run_v2.Revision)
    mine = {each.json_name for each in template.DESCRIPTOR.fields}
    return mine & {each.json_name for each in revision.DESCRIPTOR.fields}


def _plain(template: Any) -> str:
    """Return what makes a configuration, with the defaults that Cloud Run fills in."""
    holder = pb(run_v2.Service)
    holder.template.CopyFrom(template)
    _default(holder)
    return str(holder.template.SerializeToString(deterministic=True))


def _default(service: Any) -> None:
    """Fill in what is not said, as Cloud Run does."""
    template = service.template
    template.max_instance_request_concurrency = template.max_instance_request_concurrency or 80
    template.service_account = template.service_account or "1-compute@developer.gserviceaccount.com"
    template.scaling.max_instance_count = template.scaling.max_instance_count or 100
    if not template.HasField("timeout"):
        template.timeout.seconds = 300
    for each in template.containers:
        limits = each.resources.limits
        cpu = limits.get("cpu", "1")
        limits["cpu"] = cpu if cpu.endswith("m") else f"{cpu}000m"
        limits["memory"] = limits.get("memory", "512Mi")
        if not each.ports:
            each.ports.add(container_port=8080)
        for one in each.ports:
            one.name = one.name or "http1"
    if not service.ingress:
        service.ingress = run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL
