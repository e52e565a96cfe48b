"""The tests' Cloud Run does not flatter: what Google's schema and documentation refuse, it refuses."""

from __future__ import annotations

import copy

import pytest
from deployer.gcp.planes import AT, deployed, release, target
from google.cloud import run_v2

from autoexec_magic.deployer.gcp.asking import Asking
from autoexec_magic.deployer.gcp.place import place_of
from autoexec_magic.errors import DeployError

BY_NAME, LATEST = 2, 1


@pytest.fixture
def there(plane):
    """Yield a way to send the only service again, changed."""
    cloud, options = plane
    made = target(options)
    deployed(made, release())
    cloud.settle()
    asking = Asking(place=place_of("web", options, {}))

    def send(change):
        [service] = cloud.services.values()
        wanted = copy.deepcopy(service)
        change(wanted)
        request = run_v2.UpdateServiceRequest(service=run_v2.Service.wrap(wanted))
        asking.run("Services.update_service", request, "it was not taken")
        cloud.settle()

    yield send
    asking.close()
    made.close()


def traffic(*parts):
    def change(service):
        live = service.traffic[0].revision
        del service.traffic[:]
        for each in parts:
            service.traffic.add(**{**each, **({"revision": live} if each.get("revision") == "LIVE" else {})})

    return change


def container(**changes):
    def change(service):
        service.template.revision = ""
        [found] = service.template.containers
        for name, value in changes.items():
            if callable(value):
                value(getattr(found, name))
            else:
                setattr(found, name, value)

    return change


def on(where, **changes):
    def change(service):
        holder = service.template if where == "template" else service
        for name, value in changes.items():
            getattr(holder, name).update(value) if isinstance(value, dict) else setattr(holder, name, value)

    return change


def limits(**values):
    return container(resources=lambda found: found.limits.update(values))


def probe(**values):
    def change(found):
        for name, value in values.items():
            setattr(found, name, value)

    return container(startup_probe=change)


def twice(found):
    found.add(name="A", value="1")
    found.add(name="A", value="2")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            traffic({"type_": BY_NAME, "revision": "LIVE", "percent": 99}), "must be 100", id="99-percent"
        ),
        pytest.param(
            traffic({"type_": BY_NAME, "revision": "x", "percent": 100}), "no revision 'x'", id="unknown"
        ),
        pytest.param(traffic({"revision": "LIVE", "percent": 100}), "no type", id="no-type"),
        pytest.param(
            traffic({"type_": LATEST, "revision": "LIVE", "percent": 100}), "its type", id="latest-by-name"
        ),
        pytest.param(
            traffic(
                {"type_": BY_NAME, "revision": "LIVE", "percent": 100, "tag": "a"},
                {"type_": BY_NAME, "revision": "LIVE", "tag": "a"},
            ),
            "twice",
            id="a-tag-twice",
        ),
        pytest.param(
            traffic({"type_": BY_NAME, "revision": "LIVE", "percent": 100, "tag": "1a"}), "no tag", id="tag"
        ),
        pytest.param(on("template", revision="other-1"), "must begin with web-", id="revision-of-another"),
        pytest.param(on("template", revision="web-A"), "must begin with web-", id="capital-letters"),
        pytest.param(
            on("service", annotations={"run.googleapis.com/x": "1"}), "of the system", id="namespace"
        ),
        pytest.param(on("template", annotations={"a": "x" * 262_144}), "more than", id="too-long"),
        pytest.param(on("service", labels={"Key": "x"}), "no key", id="label-key"),
        pytest.param(on("service", labels={"key": "X"}), "no value", id="label-value"),
        pytest.param(container(image=""), "image: required", id="no-image"),
        pytest.param(
            container(env=lambda found: found.add(name="PORT", value="1")), "reserved", id="reserved"
        ),
        pytest.param(container(env=twice), "twice", id="a-variable-twice"),
        pytest.param(container(env=lambda found: found.add(value="1")), "name: required", id="no-name"),
        pytest.param(
            container(ports=lambda found: found.add(container_port=1)), "single port", id="two-ports"
        ),
        pytest.param(limits(cpu="3"), "not supported", id="cpu"),
        pytest.param(limits(memory="1"), "no quantity", id="memory"),
        pytest.param(limits(cpu="4", memory="1Gi"), "at least 2Gi", id="little-memory"),
        pytest.param(limits(disk="1"), "not supported", id="disk"),
        pytest.param(probe(period_seconds=2, timeout_seconds=2), "below period", id="timeout"),
        pytest.param(probe(period_seconds=240, failure_threshold=2), "more than 240", id="too-patient"),
        pytest.param(on("service", ingress=99), "not of type", id="enum"),
        pytest.param(on("service", name="projects/P/x"), "form", id="name"),
        pytest.param(on("service", etag='"old"'), "not taken", id="etag"),
        pytest.param(
            on("template", max_instance_request_concurrency=7), "not taken", id="a-revision-with-two-meanings"
        ),
    ],
)
def test_it_refuses_what_google_refuses(there, change, words):
    """In words that name the field."""
    with pytest.raises(DeployError) as caught:
        there(change)
    assert words in f"{caught.value.what} {caught.value.why}"


@pytest.mark.parametrize("change", [lambda service: None, on("service", labels={"team": "blue"})])
def test_it_takes_what_is_right(there, change):
    """The same with nothing wrong in it."""
    there(change)


@pytest.mark.parametrize("service_id", ["", "Web", "1web", "web-", "a" * 50])
def test_it_refuses_a_name_that_google_refuses(plane, service_id):
    """As the schema describes it."""
    _, options = plane
    asking = Asking(place=place_of("web", options, {}))
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=AT)])
    request = run_v2.CreateServiceRequest(
        parent=asking.place.parent, service_id=service_id, service=run_v2.Service(template=template)
    )
    with pytest.raises(DeployError, match="not taken"):
        asking.run("Services.create_service", request, "it was not taken")
    asking.close()
