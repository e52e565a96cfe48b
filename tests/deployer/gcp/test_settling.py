"""Waiting for an end, with limits: a state that passes is not read."""

from __future__ import annotations

import pytest
from deployer.gcp.cloud import Fault
from deployer.gcp.planes import deployed, quiet, release, target
from google.longrunning import operations_pb2
from google.rpc import code_pb2

from autoexec_magic.deployer.gcp.settling import carried_out, settled
from autoexec_magic.deployer.target import Unanswered
from autoexec_magic.errors import DeployError


def test_what_is_live_is_read_once_nothing_changes_any_more(plane):
    """While it is changing, Cloud Run still says what was so before: that is not read."""
    cloud, options = plane
    made, old, new = target(options), release(), release()
    deployed(made, old)
    made.stage(new, quiet)
    cloud.delay_seconds = 1.0

    def move(service):
        del service.traffic[:]
        service.traffic.add(type_=2, revision=f"web-{new.release_id[-8:]}", percent=100)

    with cloud.lock:
        [service] = cloud.services.values()
        move(service)
        cloud._written(service.name, service, False)
    assert service.traffic_statuses[0].revision != f"web-{new.release_id[-8:]}"
    assert made.live().release_id == new.release_id
    made.close()


def test_what_changes_for_too_long_is_unanswered(plane):
    """Nothing is said of it."""
    cloud, options = plane
    made = target(options)
    deployed(made, release())
    [service] = cloud.services.values()
    service.reconciling = True
    with pytest.raises(Unanswered, match="still changing"):
        settled(made.asking, seconds=0.3)
    made.close()


def test_an_operation_that_does_not_end_is_unanswered(plane):
    """It has a limit, too."""
    cloud, options = plane
    made = target(options)
    operation = operations_pb2.Operation(name="projects/p/locations/l/operations/9")
    cloud.operations[operation.name] = operation
    with pytest.raises(Unanswered):
        carried_out(made.asking, operation, "it did not happen", seconds=0.3)
    operation.error.message, operation.done = "no room", True
    with pytest.raises(DeployError, match="it did not happen") as caught:
        carried_out(made.asking, operation, "it did not happen", seconds=0.3)
    assert caught.value.why == "no room"
    assert carried_out(made.asking, operation, "it did not happen", is_enough=lambda: True).done
    made.close()


def test_credentials_that_are_lost_half_way_are_told(plane):
    """What was live stays live."""
    cloud, options = plane
    made, old, new = target(options), release(), release()
    deployed(made, old)
    made.stage(new, quiet)
    cloud.faults["UpdateService"] = [Fault(code_pb2.UNAUTHENTICATED, "invalid authentication credentials")]
    with pytest.raises(DeployError, match="no credentials") as caught:
        made.switch(new, quiet, fence=2)
    assert caught.value.fix == "gcloud auth application-default login"
    assert made.live().release_id == old.release_id
    made.close()
