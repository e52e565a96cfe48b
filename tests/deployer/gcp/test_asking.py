"""Asking a Cloud Run that is busy, that hangs, that is not there, or that nobody is let into."""

from __future__ import annotations

import dataclasses
import socket
import time

import pytest
from deployer.gcp.cloud import Fault
from google.cloud import run_v2
from google.rpc import code_pb2, error_details_pb2

from autoexec_magic.deployer.gcp.asking import Asking, default_credentials
from autoexec_magic.deployer.gcp.place import place_of
from autoexec_magic.deployer.gcp.refusals import Absent
from autoexec_magic.deployer.target import Unanswered
from autoexec_magic.errors import DeployError


def asking(options, **changes):
    return Asking(place=place_of("web", options, {}), **changes)


def look(found):
    return found.run(
        "Services.get_service", run_v2.GetServiceRequest(name=found.place.name), "web was not seen"
    )


@pytest.mark.parametrize(
    "code", [code_pb2.UNAVAILABLE, code_pb2.INTERNAL, code_pb2.DEADLINE_EXCEEDED, code_pb2.UNKNOWN]
)
def test_what_is_busy_is_asked_again(plane, code):
    """Until it answers: here, that there is no such service."""
    cloud, options = plane
    cloud.faults["GetService"] = [Fault(code, "busy"), Fault(code, "busy")]
    with pytest.raises(Absent):
        look(asking(options))
    assert cloud.calls["google.cloud.run.v2.Services/GetService"] == 3


def test_what_is_asked_too_often_is_asked_again(plane):
    """429 with the reason of a rate is no quota that is used up."""
    cloud, options = plane
    rate = error_details_pb2.ErrorInfo(reason="RATE_LIMIT_EXCEEDED", domain="googleapis.com")
    cloud.faults["GetService"] = [Fault(code_pb2.RESOURCE_EXHAUSTED, "Quota exceeded", rate)]
    with pytest.raises(Absent):
        look(asking(options))


def test_a_quota_that_is_used_up_is_told_at_once(plane):
    """Nobody waits for it."""
    cloud, options = plane
    cloud.faults["GetService"] = [Fault(code_pb2.RESOURCE_EXHAUSTED, "Quota exceeded for CPU")] * 9
    with pytest.raises(DeployError, match="quota"):
        look(asking(options))
    assert cloud.calls["google.cloud.run.v2.Services/GetService"] == 1


def test_details_of_a_refusal_come_over_the_wire(plane):
    """The reason, and the URL where the interface is enabled."""
    cloud, options = plane
    about = {"service": "run.googleapis.com", "activationUrl": "https://console.example/enable"}
    info = error_details_pb2.ErrorInfo(reason="SERVICE_DISABLED", domain="googleapis.com", metadata=about)
    cloud.faults["GetService"] = [Fault(code_pb2.PERMISSION_DENIED, "has not been used", info)]
    with pytest.raises(DeployError, match="not enabled") as caught:
        look(asking(options))
    assert caught.value.fix == about["activationUrl"]


def test_who_stays_busy_is_unanswered(plane):
    """After its patience, and nothing is known."""
    cloud, options = plane
    cloud.faults["GetService"] = [Fault(code_pb2.UNAVAILABLE, "busy")] * 1000
    with pytest.raises(Unanswered, match="does not answer"):
        look(asking(options, patience_seconds=0.5))


def test_a_network_that_is_cut_is_unanswered():
    """Nobody listens there."""
    options = {"project": "my-project", "region": "europe-west1", "endpoint": "127.0.0.1:1"}
    with pytest.raises(Unanswered):
        look(asking(options, patience_seconds=0.5))


def test_what_hangs_is_unanswered():
    """It takes the call, and never answers it: each call has its limit, and all of them have one."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        options = {
            "project": "my-project",
            "region": "europe-west1",
            "endpoint": f"127.0.0.1:{deaf.getsockname()[1]}",
            "rest-endpoint": f"127.0.0.1:{deaf.getsockname()[1]}",
        }
        found, began = asking(options, patience_seconds=0.5, call_seconds=0.5), time.monotonic()
        with pytest.raises(Unanswered):
            look(found)
        with pytest.raises(Unanswered):
            found.rest("GET", "https://secretmanager.googleapis.com/v1/x", "x")
        found.close()
        assert time.monotonic() - began < 60


def test_without_credentials_the_next_thing_to_type_is_told(monkeypatch, tmp_path):
    """Nothing is asked of the network to find that out."""
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    place = place_of("web", {"project": "my-project", "region": "europe-west1"}, {})
    with pytest.raises(DeployError, match="no credentials") as caught:
        default_credentials(place, "web was not seen")
    assert caught.value.fix == "gcloud auth application-default login"


def test_credentials_that_are_none_are_told(monkeypatch, tmp_path):
    """A file that somebody named, and that has none."""
    (tmp_path / "key.json").write_text("{}")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    place = place_of("web", {"project": "my-project", "region": "europe-west1"}, {})
    with pytest.raises(DeployError, match="no credentials"):
        Asking(place=place).token("web was not pushed")


def test_a_service_elsewhere_is_never_asked_without_credentials(monkeypatch, tmp_path):
    """Only this machine is: an endpoint by its name alone opens nothing."""
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    place = place_of("web", {"project": "my-project", "region": "europe-west1"}, {})
    far = dataclasses.replace(place, endpoint="run.example.com:443")
    with pytest.raises(DeployError, match="no credentials"):
        look(Asking(place=far))
