"""The scenarios at Cloud Run, and what is this target's own."""

from __future__ import annotations

import dataclasses
import json

import pytest
from deployer import farscenarios, scenarios
from deployer.gcp.cloud import ELSE
from deployer.scenarios import GATE, deploy, first, is_live, release, work
from deployer.traffic import asking, said

from autoexec_magic.deployer import Shift, withdraw
from autoexec_magic.deployer.gcp import CloudRun, permissions
from autoexec_magic.deployer.gcp.place import revision_of
from autoexec_magic.errors import DeployError, RolledBack, UsageError
from autoexec_magic.releasefacts import Secret

pytestmark = pytest.mark.slow  # containers of their own for each: minutes on a busy machine


OWN = {scenarios.never_healthy}  # what Cloud Run says of it is told here
ROWS = [row for row in scenarios.each(*farscenarios.GUARDED).args[1] if row.values[0] not in OWN]


@pytest.mark.parametrize("scenario", ROWS)
@pytest.mark.limit(240)
def test_scenario(bed, scenario):
    """What is told of it is told where it is written."""
    scenario(bed)


@pytest.mark.slow
@pytest.mark.limit(240)
@pytest.mark.parametrize("step", scenarios.STEPS)
@pytest.mark.parametrize("ending", [scenarios.resume, scenarios.abort], ids=["resume", "abort"])
def test_the_client_may_die_at_each_step(bed, step, ending):
    """And no request fails."""
    scenarios.killed(bed, step, ending)


def test_what_never_gets_healthy_gets_no_traffic(bed):
    """It is given up, and nobody noticed."""
    old = first(bed)
    gate = dataclasses.replace(GATE, start_seconds=3)
    with asking(bed.url()) as seen, pytest.raises(RolledBack, match="not live"):
        deploy(bed.target(), release(bed, "2", "never", gate=gate), work(bed))
    is_live(bed, old)
    assert seen.failures == []
    assert set(seen.versions) == {"1"}


@pytest.mark.slow
def test_cloud_runs_own_word_is_shown_with_the_last_words_of_the_release(bed):
    """It gave up the startup probe: that is final, and no waiting mends it."""
    first(bed)
    new = release(bed, "2", "never", gate=dataclasses.replace(GATE, start_seconds=15))
    target = bed.target()
    target.stage(new, lambda event: None)
    found = []

    def is_final():
        found.append(target.unwell_aside(new))
        return found[-1] is not None and found[-1].is_final

    scenarios.eventually(is_final)
    assert "HEALTH_CHECK_CONTAINER_ERROR" in found[-1].why
    assert any("version 2 begins" in line for line in found[-1].evidence)
    assert None not in found  # what was said of no generation of its own was not believed


def test_what_fails_after_the_switch_is_not_live_for_longer_than_its_gate(bed):
    """Its requests fail, as they are Cloud Run's to answer: but not for long, and the old one is back."""
    old = first(bed)
    gate = dataclasses.replace(GATE, bake_seconds=60, failures=2)
    with asking(bed.url()) as seen, pytest.raises(RolledBack, match="is live again"):
        deploy(bed.target(), release(bed, "2", "fails:5", gate=gate), work(bed))
    before = len(seen.failures)
    with asking(bed.url()) as seen:
        scenarios.eventually(lambda: seen.count > 20)
    assert (seen.failures, set(seen.versions)) == ([], {"1"})
    is_live(bed, old)
    assert before < 500


def test_an_image_that_is_not_there_is_final(bed):
    """It is not waited for: Cloud Run says that it has none."""
    old = first(bed)
    there = f"{bed.options['repository']}/web@sha256:{'0' * 64}"
    new = release(bed, "2")
    spec = dataclasses.replace(new.spec, reference=there, digest=f"sha256:{'0' * 64}")
    with pytest.raises(RolledBack, match="not live") as caught:
        deploy(bed.target(), dataclasses.replace(new, spec=spec), work(bed))
    assert "CONTAINER_MISSING" in caught.value.why
    is_live(bed, old)


@pytest.mark.limit(240)
def test_every_call_is_documented_and_every_documented_call_is_made(bed):
    """First, update, canary, rollback, secrets, tidy, logs and the end of it all ask for just that."""
    one = (Secret(name="SECRET", reference="env:S", version="1"),)
    old = release(bed, "1", secrets=one)
    deploy(bed.target({"SECRET": "value-one"}), old, work(bed))
    deploy(bed.target(), release(bed, "2"), work(bed, shift=Shift(steps=(20,), step_seconds=0.5, samples=2)))
    bed.target().tidy(release_live(bed), [], lambda event: None)
    with pytest.raises(RolledBack):
        deploy(bed.target(), release(bed, "3", "exits"), work(bed))
    again = release(bed, "1", secrets=one)
    deploy(bed.target(), again, work(bed))
    assert any("version 1 begins" in line for line in bed.target().logs(again, lines=9, follow=False))
    withdraw(bed.target(), work(bed))
    assert set(bed.cloud.calls) == {*permissions.RUN, *permissions.REST}


def release_live(bed):
    return bed.target().live().release


def test_staging_moves_no_traffic_and_is_the_same_when_it_is_done_twice(bed):
    """The new revision has a tag and no share; nothing ever goes to the latest."""
    old = first(bed)
    new = release(bed, "2")
    for _ in range(2):
        staged = bed.target().stage(new, lambda event: None)
        assert staged.place == revision_of(new)
    is_live(bed, old)
    [service] = bed.cloud.services.values()
    assert {each.revision: each.percent for each in service.traffic} == {
        revision_of(old): 100,
        revision_of(new): 0,
    }
    assert all(each.type_ == 2 for each in service.traffic)
    assert len(bed.cloud.revisions) == 2
    assert bed.target().live().changed == ""


def test_what_is_live_is_read_in_the_words_of_the_difference(bed):
    """As it was deployed, field by field, and the whole of it."""
    made = first(bed, cpus=1.0, memory_bytes=1 << 30, port=9000, replicas=2)
    live = bed.target().live()
    from autoexec_magic.deployer import fields_of

    assert dict(live.fields) == fields_of(made.spec)
    assert live.release == dataclasses.replace(made, place=revision_of(made))
    assert live.shares == ((made.release_id, 100.0),)


def test_a_canary_splits_the_traffic(bed):
    """First a part of it, then all; nobody is refused."""
    first(bed)
    new = release(bed, "2")
    shift = Shift(steps=(20, 60), step_seconds=1, samples=3)
    with asking(bed.url()) as seen:
        deploy(bed.target(), new, work(bed, shift=shift))
    is_live(bed, new)
    assert seen.failures == []
    assert set(seen.versions) == {"1", "2"}


@pytest.mark.limit(180)
def test_without_the_read_back_a_platform_that_lies_is_believed(bed):
    """It says that all went well and puts the traffic back: only what is read back tells."""
    old = first(bed)
    bed.cloud.reverts = True
    with pytest.raises(DeployError, match="web"):
        deploy(bed.target(), release(bed, "2"), work(bed))
    is_live(bed, old)

    class Trusting(CloudRun):
        """The same target, without what it reads back."""

        def _check_shares(self, wanted):
            self.wanted = wanted

        def unwell(self, wanted):
            return None

        def live(self):
            seen = super().live()
            return dataclasses.replace(seen, release_id=new.release_id, digest=new.digest, shares=())

    new = release(bed, "3")
    trusting = Trusting(service="web", options=bed.options, variables={})
    found = deploy(trusting, new, work(bed))
    trusting.close()
    assert found.code == "deployed"  # and it is not:
    assert said(bed.url())["version"] == "1"


def test_what_somebody_else_changed_shows_with_who_did(bed):
    """Traffic that was moved by the console, and a template that was copied with all that stood on it."""
    old = first(bed)
    new = release(bed, "2")
    deploy(bed.target(), new, work(bed))

    def move(service):
        del service.traffic[:]
        service.traffic.add(type_=2, revision=revision_of(old), percent=100)

    bed.cloud.edit(move)
    live = bed.target().live()
    assert live.release_id == old.release_id
    assert live.changed.startswith(ELSE)

    def copy(service):
        service.template.revision = ""
        service.template.containers[0].env.add(name="EXTRA", value="1")
        del service.traffic[:]
        service.traffic.add(type_=1, percent=100)

    bed.cloud.edit(copy)
    live = bed.target().live()
    assert live.release_id == ""
    assert live.changed.startswith(ELSE)
    assert "none of ours" in live.changed
    assert live.fields["env.EXTRA"] == "1"


def test_a_service_that_somebody_else_made_is_not_taken_over(bed):
    """It is refused before anything is written, with another name to type."""
    made = first(bed)
    [service] = bed.cloud.services.values()
    for name in list(service.annotations):
        service.annotations.pop(name)
    with pytest.raises(UsageError, match="no deploy of ours made it"):
        bed.target().stage(release(bed, "2"), lambda event: None)
    assert len(bed.cloud.revisions) == 1
    assert made


def test_whoever_has_lost_its_turn_moves_no_traffic(bed):
    """A higher fence stands on the service."""
    old = first(bed)
    new = release(bed, "2")
    bed.target().stage(new, lambda event: None)
    bed.target().switch(old, lambda event: None, fence=10**15)
    with pytest.raises(DeployError, match="lost its turn"):
        bed.target().switch(new, lambda event: None, fence=10**15 - 1)
    with pytest.raises(DeployError, match="lost its turn"):
        bed.target().switch(None, lambda event: None, fence=10**15 - 1)
    is_live(bed, old)


def test_secrets_are_named_by_version_and_written_nowhere_else(bed):
    """The revision has a reference and a number; the value is at Secret Manager alone."""
    secret = (Secret(name="SECRET", reference="env:S", version="1"),)
    made = release(bed, "1", secrets=secret)
    events = []
    target = bed.target({"SECRET": "very-secret-value"})
    journal = dataclasses.replace(work(bed).journal, emit=events.append)
    deploy(target, made, dataclasses.replace(work(bed), journal=journal, emit=events.append))
    [revision] = bed.cloud.revisions.values()
    [variable] = [each for each in revision.containers[0].env if each.name == "SECRET"]
    assert (variable.value, variable.value_source.secret_key_ref.version) == ("", "1")
    everything = [str(bed.cloud.services), str(bed.cloud.revisions), str(events), repr(target)]
    assert not any("very-secret-value" in each for each in everything)
    assert b"very-secret-value" not in bed.ledger.path.read_bytes()
    assert "very-secret-value" not in json.dumps([str(bed.target().live())])


def test_who_is_not_let_in_is_told_how(bed):
    """A service is private unless it is said: our probe needs a role, and says which."""
    gate = dataclasses.replace(GATE, start_seconds=2)
    with pytest.raises(RolledBack) as caught:
        deploy(bed.target(), release(bed, "1", options=(), gate=gate), work(bed))
    assert "roles/run.invoker" in caught.value.why
    assert bed.target().live() is None
    assert bed.cloud.services == {}


def test_scaled_to_zero_it_is_live_and_comes_back_by_a_rollback(bed):
    """No instance is kept; one begins where somebody asks."""
    old = first(bed)
    none = release(bed, "2", replicas=0)
    deploy(bed.target(), none, work(bed))
    [revision] = [each for name, each in bed.cloud.revisions.items() if name.endswith(revision_of(none))]
    assert revision.scaling.min_instance_count == 0
    deploy(bed.target(), old, work(bed), why="rollback")
    is_live(bed, old)


def test_a_rollback_restores_who_is_let_in(bed):
    """That is the service's and not a revision's, and goes back with it all the same."""
    old = first(bed)
    [service] = bed.cloud.services.values()
    bed.target().stage(release(bed, "2"), lambda event: None)
    changed = release(bed, "2", options=(("ingress", "internal"), ("public", "true")))
    deploy(bed.target(), changed, work(bed))
    [service] = bed.cloud.services.values()
    assert service.ingress == 2
    deploy(bed.target(), old, work(bed), why="rollback")
    [service] = bed.cloud.services.values()
    assert (service.ingress, service.invoker_iam_disabled) == (1, True)


def test_after_a_release_that_failed_its_service_is_well_again(bed):
    """A template that fails would leave the service not ready for good, and deaf to traffic."""
    first(bed)
    with pytest.raises(RolledBack):
        deploy(bed.target(), release(bed, "2", "exits"), work(bed))
    [service] = bed.cloud.services.values()
    assert service.observed_generation == service.generation
    assert bed.target().live().changed == ""
    new = release(bed, "3")
    deploy(bed.target(), new, work(bed))
    is_live(bed, new)


@pytest.mark.parametrize("changes", [{"options": (("regoin", "x"),)}, {"memory_bytes": 1000}])
def test_what_it_does_not_know_is_refused(bed, changes):
    """Before anything is done."""
    with pytest.raises(UsageError):
        deploy(bed.target(), release(bed, "1", **changes), work(bed))
    assert bed.cloud.services == {}
