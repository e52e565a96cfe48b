"""A release as a template: what the schema and the rules take, and back from a revision as it was."""

from __future__ import annotations

import dataclasses

import pytest
from deployer.gcp import rules
from deployer.gcp.schema import as_json, check
from google.cloud import run_v2

from autoexec_magic.deployer.gcp.template import (
    IMAGE,
    MOST_ANNOTATIONS_BYTES,
    WHOLE,
    annotations_of,
    liveness_of,
    startup_of,
    template_from,
    template_of,
    written_on,
)
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Gate, Release, Secret, Spec

AT = f"europe-west1-docker.pkg.dev/p/r/web@sha256:{'a' * 64}"
SPEC = Spec(
    artifact="image",
    reference="web:1",
    digest=f"sha256:{'b' * 64}",
    command=("python", "-m", "web"),
    port=9000,
    environment=(("A", "1"), ("B", "")),
    secrets=(Secret(name="KEY", reference="env:K", version="0123456789abcdef"),),
    replicas=2,
    memory_bytes=2 << 30,
    cpus=4,
    gate=Gate(path="/health"),
    options=(
        ("service-account", "web@p.iam.gserviceaccount.com"),
        ("max-instances", "5"),
        ("concurrency", "9"),
    ),
)


def release(**changes):
    spec = dataclasses.replace(SPEC, **changes)
    return Release(service="web", target="gcp", release_id="0193-aaaa1234abcd", spec=spec)


def template(**changes):
    return template_of(release(**changes), AT, {"KEY": ("web-KEY", "3")})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"gate": Gate()},
        {"gate": Gate(path="/", start_seconds=9000, interval_seconds=500, answer_seconds=300)},
        {"gate": Gate(path="/", start_seconds=0, interval_seconds=0.05, answer_seconds=0.05, failures=1)},
        {"replicas": 0, "options": ()},
        {"memory_bytes": 0, "cpus": 0, "port": 0, "command": ()},
    ],
)
def test_it_is_what_the_schema_and_the_rules_take(changes):
    """For every gate and size that a service may have."""
    service = run_v2.Service(template=template(**changes))
    found = as_json(run_v2.Service.pb(service))
    check("Service", found, "service")
    rules.check_service("web", found, [])


def test_all_of_a_release_is_in_it():
    """Words, port, variables, secrets by number, instances, processors, and whom it runs as."""
    made = template()
    [container] = made.containers
    assert made.revision == "web-1234abcd"
    assert (list(container.command), list(container.args)) == (["python"], ["-m", "web"])
    assert container.ports[0].container_port == 9000
    assert dict(container.resources.limits) == {"memory": "2048Mi", "cpu": "4"}
    assert container.resources.cpu_idle is True
    assert {each.name: each.value for each in container.env} == {"A": "1", "B": "", "KEY": ""}
    chosen = next(each for each in container.env if each.name == "KEY").value_source.secret_key_ref
    assert (chosen.secret, chosen.version) == ("web-KEY", "3")
    assert (made.scaling.min_instance_count, made.scaling.max_instance_count) == (2, 5)
    assert made.service_account == "web@p.iam.gserviceaccount.com"
    assert made.max_instance_request_concurrency == 9


def test_a_secret_without_a_number_is_refused():
    """`latest` would be another value tomorrow."""
    with pytest.raises(UsageError, match="no version"):
        template_of(release(), AT, {"KEY": ("web-KEY", "latest")})


def test_the_whole_release_stands_on_it_where_it_fits():
    """Else what tells it: its id, and the digests."""
    found = annotations_of(release(), AT)
    assert written_on(found) == release()
    assert found[IMAGE] == f"sha256:{'a' * 64}"
    long = annotations_of(release(environment=(("A", "x" * MOST_ANNOTATIONS_BYTES),)), AT)
    assert WHOLE not in long
    assert written_on(long) is None


def test_what_stands_there_and_is_no_release_is_none():
    """Somebody may write anything there."""
    assert written_on({WHOLE: "{"}) is None
    assert written_on({WHOLE: '{"spec": 1}'}) is None


def test_a_revision_gives_the_template_that_it_was_made_of():
    """To the byte: another one under the same name would be refused."""
    made = template()
    revision = run_v2.Revision(
        name="projects/p/locations/l/services/web/revisions/web-1234abcd",
        labels=dict(made.labels),
        annotations=dict(made.annotations),
        scaling=made.scaling,
        service_account=made.service_account,
        containers=list(made.containers),
        max_instance_request_concurrency=made.max_instance_request_concurrency,
    )
    kind = run_v2.RevisionTemplate
    assert kind.pb(template_from(revision)) == kind.pb(made)


def test_a_startup_probe_gives_up_about_when_the_gate_does():
    """Never after 240 s, and a look is shorter than the pause to the next."""
    assert startup_of(Gate(start_seconds=20, interval_seconds=0.1, answer_seconds=2)) == {
        "timeout_seconds": 2,
        "period_seconds": 3,
        "failure_threshold": 7,
    }
    long = startup_of(Gate(start_seconds=9000))
    assert long["period_seconds"] * long["failure_threshold"] <= 240
    assert liveness_of(Gate())["period_seconds"] == 10
