"""The scenarios on a real cluster, and what is this target's own."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from deployer import farscenarios, scenarios
from kubes import GATE, Asking, Kube, answers, asked, near, settled, unlike, work_of

from autoexec_magic.deployer import Addressed, Aside, ChecksSplit, Previews, Splits, Tells, Tidies, deploy
from autoexec_magic.deployer.kubernetes import Kubernetes
from autoexec_magic.deployer.shift import Shift
from autoexec_magic.errors import DeployError, RolledBack, UsageError
from autoexec_magic.executor.stops import Stop
from autoexec_magic.releasefacts import Secret

pytestmark = pytest.mark.limit(400)
#: the node's proxy sends people to a pod that has just failed until somebody has noticed: some do see that
SEEN = (scenarios.fails_in_bake_time, scenarios.dies_in_bake_time)
#: what a cluster says of it is told here
TOLD = (scenarios.never_healthy,)
TABLE = [row for row in scenarios.each(*farscenarios.GUARDED).args[1] if row.values[0] not in TOLD]


@pytest.mark.parametrize("scenario", TABLE)
def test_scenario(bed, scenario):
    """What is told of it is told where it is written."""
    bed.serves = scenario not in SEEN
    scenario(bed)


@pytest.mark.slow
@pytest.mark.parametrize("step", scenarios.STEPS)
@pytest.mark.parametrize("ending", [scenarios.resume, scenarios.abort], ids=["resume", "abort"])
def test_the_client_may_die_at_each_step(bed, step, ending):
    """And no request fails."""
    scenarios.killed(bed, step, ending)


@pytest.fixture
def live(kube: Kube, service, tmp_path, emit):
    """Return a service whose first release is live: target, release, URL."""
    target, first = kube.target(service), kube.release(service)
    assert deploy(target, first, work_of(tmp_path, first, emit)).code == "deployed"
    url = near(target.address())
    assert settled(lambda: answers(url), "the service answers") == "1"
    return target, first, url


def test_it_can_all_that_a_platform_may_and_connects_to_nothing_before_it_is_asked():
    found = Kubernetes(service="web", variables={"KUBECONFIG": "/nowhere"})
    for each in (Aside, Splits, ChecksSplit, Tidies, Previews, Tells, Addressed):
        assert isinstance(found, each)
    with pytest.raises(UsageError, match="did you mean context"):
        Kubernetes(service="web", options={"contxt": "a"})
    assert "hunter2" not in repr(Kubernetes(service="web", values={"KEY": "hunter2"}))


def test_a_first_release_is_live_as_the_cluster_says(kube, live):
    target, first, _ = live
    found = target.live()
    assert (found.release_id, found.digest, found.release) == (first.release_id, first.digest, first)
    assert found.fields["env.VERSION"] == "1"
    assert found.changed == ""
    assert list(target.logs(first, lines=5, follow=False)) == ["began 1"]


def test_a_dry_run_shows_what_changes(kube, live):
    target, first, _ = live
    second = kube.release(first.service, version="2", image=1)
    shown = {each.name: (each.now, each.new) for each in target.preview(second)}
    assert shown == {"digest": (first.digest, second.digest), "env.VERSION": ("1", "2")}


BAD = [
    pytest.param({"reference": "autoexec-test/none:1"}, "ImagePull", id="image-that-does-not-exist"),
    pytest.param({"reference": "Not/A Name"}, "InvalidImageName", id="image-name-that-cannot-be"),
    pytest.param({"environment": {"SICK": "1"}}, "statuscode: 503", id="never-healthy"),
    pytest.param({"command": ("no-such-program",)}, "no-such-program", id="no-such-program"),
    pytest.param(
        {"options": {"user": "1"}, "command": ("sh", "-c", "exit 1")}, "ends again", id="ends-badly"
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "why"), BAD)
def test_a_release_that_never_gets_well_touches_nothing(kube, live, tmp_path, emit, spec, why):
    target, first, url = live
    bad = kube.release(first.service, version="2", gate=replace(GATE, start_seconds=8), **spec)
    with Asking(url) as client, pytest.raises(RolledBack) as raised:
        deploy(target, bad, work_of(tmp_path, bad, emit))
    assert why in raised.value.why
    assert "is still live" in raised.value.what
    assert client.failed == []
    assert client.versions() == ["1"]
    assert target.live().release_id == first.release_id
    left = [each["metadata"]["name"] for each in target._there().deployments()]
    assert left == [target._there().object_of(first)]


@pytest.mark.slow
def test_one_that_becomes_unwell_in_its_bake_time_is_taken_back_without_a_failed_request(
    kube, live, tmp_path, emit
):
    """It answers people still, when its health says no: they are not cut off before the gate has decided."""
    target, first, url = live
    gate = replace(GATE, bake_seconds=60)
    bad = kube.release(first.service, version="2", gate=gate, environment={"SICK_AFTER": "6"})
    with Asking(url) as client, pytest.raises(RolledBack, match="is live again") as raised:
        deploy(target, bad, work_of(tmp_path, bad, emit))
    assert "it was well and did not stay so" in raised.value.why
    assert client.failed == []
    assert client.versions()[:2] == ["1", "2"]
    assert settled(lambda: asked(url) == "1", "the earlier release")
    assert target.live().release_id == first.release_id


@pytest.mark.slow
def test_a_rollback_restores_all_that_changed_and_fails_no_request(kube, live, tmp_path, emit):
    """Image, environment, replicas, bounds and port: by the same path as a deploy."""
    target, first, url = live
    bounds = {"memory_bytes": 2**27, "cpus": 0.2, "replicas": 2}
    second = unlike(kube.release(first.service, version="2", image=1, environment={"MORE": "yes"}), **bounds)
    deploy(target, second, work_of(tmp_path, second, emit))
    changed = target.live().fields
    assert (changed["replicas"], changed["memory"], changed["cpus"]) == ("2", str(2**27), "0.2")
    settled(lambda: asked(url) == "2", "the second release")
    with Asking(url) as client:
        settled(lambda: client.answers, "an answer")
        deploy(target, first, work_of(tmp_path, first, emit), why="rollback")
        settled(lambda: client.versions() == ["2", "1"], "the first release")
    assert client.failed == []
    found = target.live()
    assert found.release == first
    assert found.digest == first.digest
    assert found.changed == ""
    assert asked(url, "/env/MORE") == ""


@pytest.mark.slow
def test_only_a_changed_configuration_is_a_release_too(kube, live, tmp_path, emit):
    target, first, url = live
    second = unlike(first, environment=(("MORE", "$(PORT) as it is"), ("VERSION", "1")))
    assert [each.name for each in target.preview(second)] == ["env.MORE"]
    deploy(target, second, work_of(tmp_path, second, emit))
    assert settled(lambda: asked(url, "/env/MORE"), "the new configuration") == "$(PORT) as it is"


@pytest.mark.slow
def test_a_changed_secret_is_a_release_and_an_undo_brings_the_old_value_back(
    kube, service, tmp_path, emit, capfd
):
    old = Secret(name="KEY", reference="env:KEY", version="0" * 16)
    new = replace(old, version="1" * 16)
    first = kube.release(service, secrets=(old,))
    target = kube.target(service, values={"KEY": "swordfish-one"}, versions={"KEY": old.version})
    deploy(target, first, work_of(tmp_path, first, emit))
    url = near(target.address())
    assert settled(lambda: answers(url, "/env/KEY"), "the first value") == "swordfish-one"
    second = unlike(first, secrets=(new,))
    later = kube.target(service, values={"KEY": "swordfish-two"}, versions={"KEY": new.version})
    assert [each.name for each in later.preview(second)] == ["secret.KEY"]
    deploy(later, second, work_of(tmp_path, second, emit))
    assert settled(lambda: asked(url, "/env/KEY") != "swordfish-one", "the second value")
    deploy(later, first, work_of(tmp_path, first, emit), why="rollback")
    assert settled(lambda: asked(url, "/env/KEY") != "swordfish-two", "the first value again")
    assert asked(url, "/env/KEY") == "swordfish-one"
    rows = (tmp_path / "ledger.db").read_bytes()
    everything = f"{emit}{later.live()}{rows!r}{json.dumps(later._there().deployments())}{capfd.readouterr()}"
    assert "swordfish" not in everything


@pytest.mark.slow
def test_a_person_who_stops_it_has_the_earlier_release(kube, live, tmp_path, emit):
    from autoexec_magic.errors import Cancelled

    target, first, url = live
    second = kube.release(first.service, version="2", gate=replace(GATE, bake_seconds=60))
    is_over = []

    def tell(event):
        if type(event).__name__ == "Stepped" and event.label == "switch":
            is_over.append(True)

    stop = Stop(is_cancelled=lambda: bool(is_over), what="the deploy")
    with Asking(url) as client, pytest.raises(Cancelled, match="stopped"):
        deploy(target, second, work_of(tmp_path, second, tell, stop=stop))
    assert client.failed == []
    assert target.live().release_id == first.release_id


@pytest.mark.slow
def test_a_canary_gets_a_part_and_then_all_without_a_failed_request(kube, service, tmp_path, emit):
    target, first = kube.target(service), kube.release(service, replicas=2)
    deploy(target, first, work_of(tmp_path, first, emit))
    url = near(target.address())
    second = kube.release(service, version="2", replicas=2)
    shift = Shift(steps=(33.0,), step_seconds=3, samples=3)
    seen = []

    def tell(event):
        emit(event)
        if type(event).__name__ == "Stepped" and event.label == "33 %":
            seen.append((target.live(), len(client.answers)))

    settled(lambda: answers(url), "an answer")
    with Asking(url) as client:
        deploy(target, second, work_of(tmp_path, second, tell, shift=shift))
        settled(lambda: sorted(client.answers)[-1][1] == "2", "the new version")
    assert client.failed == []
    shared, _ = seen[0]
    assert shared.release_id == first.release_id
    assert {who: round(part) for who, part in shared.shares} == {first.release_id: 67, second.release_id: 33}
    assert target.live().shares == ()
    assert any("33 % of the traffic: 1 of 3 pods" in getattr(each, "text", "") for each in emit)


@pytest.mark.slow
def test_a_canary_that_is_unwell_is_taken_back_without_a_failed_request(kube, live, tmp_path, emit):
    target, first, url = live
    bad = kube.release(first.service, version="2", environment={"SICK_AFTER": "7"})
    shift = Shift(steps=(10.0,), step_seconds=60, samples=3)
    with Asking(url) as client, pytest.raises(RolledBack):
        deploy(target, bad, work_of(tmp_path, bad, emit, shift=shift))
    assert client.failed == []
    assert target.live().release_id == first.release_id
    told = [getattr(each, "text", "") for each in emit]
    assert any("50 % of the traffic: 1 of 2 pods; 10 % cannot be had" in each for each in told)


@pytest.mark.slow
def test_a_first_release_that_fails_late_is_undone_to_nothing(kube, service, tmp_path, emit):
    target = kube.target(service)
    gate = replace(GATE, bake_seconds=60)
    bad = kube.release(service, gate=gate, environment={"SICK_AFTER": "5"})
    with pytest.raises(RolledBack, match="nothing is live, as before"):
        deploy(target, bad, work_of(tmp_path, bad, emit))
    assert target.live() is None
    assert target._there().deployments() == []


@pytest.mark.slow
def test_a_release_scaled_to_none_is_live_and_well(kube, service, tmp_path, emit):
    target, none = kube.target(service), kube.release(service, replicas=0)
    assert deploy(target, none, work_of(tmp_path, none, emit)).code == "deployed"
    assert target.live().fields["replicas"] == "0"


def test_credentials_that_are_lost_half_way_are_told_and_nothing_was_changed(kube, live, tmp_path, emit):
    target, first, _ = live
    second = kube.release(first.service, version="2")

    def tell(event):
        if type(event).__name__ == "Stepped" and event.label == "stage":
            settings = target._there().cluster.client.configuration
            settings.refresh_api_key_hook = None
            settings.api_key = dict.fromkeys(settings.api_key, "Bearer of-nobody")

    with pytest.raises(DeployError, match="does not know who asks"):
        deploy(target, second, work_of(tmp_path, second, tell))
    assert kube.target(first.service).live().release_id == first.release_id
