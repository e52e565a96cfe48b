"""Changes by etag: what somebody else does meanwhile is neither lost nor written over."""

from __future__ import annotations

import contextlib

import pytest
from deployer.gcp.cloud import Fault
from deployer.gcp.planes import deployed, quiet, release, target
from google.cloud import run_v2
from google.rpc import code_pb2

from autoexec_magic.deployer.gcp.changing import FENCE, LEFT, state_of
from autoexec_magic.deployer.gcp.place import revision_of
from autoexec_magic.deployer.gcp.refusals import Conflict
from autoexec_magic.errors import DeployError


@contextlib.contextmanager
def meddling(cloud, change):
    """Let somebody else change the service once, right before our next write arrives."""
    real, waiting = cloud.update_service, [change]

    def update(request):
        if waiting and not request.validate_only:
            edit = waiting.pop()
            [service] = cloud.services.values()
            edit(service)
            service.etag = '"another"'
        return real(request)

    cloud.update_service = update
    yield
    assert not waiting


@pytest.fixture
def two(plane):
    cloud, options = plane
    made = target(options)
    old, new = release(), release()
    deployed(made, old)
    made.stage(new, quiet)
    yield cloud, made, old, new
    made.close()


def test_a_change_meanwhile_is_read_again_and_kept(two):
    """Somebody's label is still there after our switch."""
    cloud, made, _, new = two

    def label(service):
        service.labels["team"] = "blue"

    with meddling(cloud, label):
        made.switch(new, quiet, fence=2)
    [service] = cloud.services.values()
    assert service.labels["team"] == "blue"
    assert made.live().release_id == new.release_id


def test_a_later_deploy_meanwhile_wins(two):
    """Its fence is found when it is read again: we move nothing."""
    cloud, made, old, new = two

    def later(service):
        service.annotations[FENCE] = "7"

    with meddling(cloud, later), pytest.raises(DeployError, match="lost its turn"):
        made.switch(new, quiet, fence=2)
    assert made.live().release_id == old.release_id


def test_a_conflict_that_is_none_of_the_etag_is_told(two):
    """It would be the same the next time."""
    cloud, made, old, new = two
    cloud.faults["UpdateService"] = [Fault(code_pb2.FAILED_PRECONDITION, "Revision is not ready")] * 9
    with pytest.raises(Conflict, match="did not move"):
        made.switch(new, quiet, fence=2)
    assert len(cloud.faults["UpdateService"]) == 8
    cloud.faults.clear()
    assert made.live().release_id == old.release_id


def test_an_answer_that_was_lost_is_found_again(plane):
    """The service was made, and nobody heard of it: the next look finds it."""
    cloud, options = plane
    real = cloud.call

    def call(name, run, request):
        found = real(name, run, request)
        if name.endswith("CreateService") and not request.validate_only:
            raise Fault(code_pb2.UNAVAILABLE, "the connection broke")
        return found

    def failing(name, run, request):
        try:
            return call(name, run, request)
        except Fault:
            if name.endswith("CreateService"):
                cloud.call = real
            raise

    cloud.call = failing
    made, wanted = target(options), release()
    deployed(made, wanted)
    assert made.live().release_id == wanted.release_id
    assert [one.rpartition("/")[2] for one in cloud.revisions] == [revision_of(wanted)]
    made.close()


def test_what_we_left_is_known_again(two):
    """Its digest stands on it, and is another one after any change of the traffic."""
    cloud, *_ = two
    [service] = cloud.services.values()
    wrapped = run_v2.Service.wrap(service)
    assert service.annotations[LEFT] == state_of(wrapped)
    wrapped.traffic[0].percent = 99
    assert service.annotations[LEFT] != state_of(wrapped)


def test_a_dry_run_is_asked_before_anything_is_written(plane):
    """Its refusal is shown in Cloud Run's words, and nothing is there."""
    cloud, options = plane
    made = target(options)
    with pytest.raises(DeployError, match="does not take release") as caught:
        made.stage(release(cpus=3.0), quiet)
    assert "'3' is not supported" in caught.value.why
    assert cloud.services == {}
    assert cloud.revisions == {}
    made.close()
