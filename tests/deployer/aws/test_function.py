"""The scenarios at our model of Lambda, and what is Lambda's own."""

from __future__ import annotations

import dataclasses
import zipfile
from typing import ClassVar

import pytest
from deployer import farscenarios, scenarios
from deployer.aws.conftest import ROLE, built, client
from deployer.aws.front import Fault
from deployer.scenarios import GATE, abort, deploy, first, is_live, release, resume, work
from deployer.traffic import asking, said

from autoexec_magic.deployer import Shift, withdraw
from autoexec_magic.deployer.aws.function import Lambda
from autoexec_magic.errors import DeployError, DeployUnknown, RollbackFailed, RolledBack, UsageError
from autoexec_magic.releasefacts import Secret

pytestmark = pytest.mark.slow  # containers of their own for each: minutes on a busy machine


@scenarios.each(*farscenarios.GUARDED)
@pytest.mark.limit(300)
def test_scenario(lambda_bed, scenario):
    """What is told of it is told where it is written."""
    scenario(lambda_bed)


@pytest.mark.slow
@pytest.mark.limit(300)
@pytest.mark.parametrize("step", scenarios.STEPS)
@pytest.mark.parametrize("ending", [resume, abort], ids=["resume", "abort"])
def test_the_client_may_die_at_each_step(lambda_bed, step, ending):
    """And no request fails."""
    scenarios.killed(lambda_bed, step, ending)


def quick(bed, version="1", behaviour="well", **changes):
    """Return a release that is soon judged."""
    gate = dataclasses.replace(
        GATE, answer_seconds=20, successes=1, bake_seconds=0, **changes.pop("gate", {})
    )
    return release(bed, version, behaviour, gate=gate, **changes)


def alias():
    return client("lambda").get_alias(FunctionName="web", Name="live")


def staged(bed, made):
    return bed.target().stage(made, print)


@pytest.mark.limit(300)
def test_a_canary_splits_the_calls(lambda_bed):
    """By the alias's weights, which are gone at the end."""
    first(lambda_bed)
    new = quick(lambda_bed, "2")
    with asking(lambda_bed.url()) as seen:
        deploy(
            lambda_bed.target(), new, work(lambda_bed, shift=Shift(steps=(50,), step_seconds=4, samples=2))
        )
    is_live(lambda_bed, new)
    assert seen.failures == []
    assert set(seen.versions) == {"1", "2"}
    assert not alias().get("RoutingConfig")


def test_weights_are_told_and_cleared_by_a_switch(lambda_bed):
    """`live` tells both; what a switch makes is exact."""
    target = lambda_bed.target()
    old, new = (staged(lambda_bed, quick(lambda_bed, each)) for each in ("1", "2"))
    target.switch(old, print, fence=1)
    target.split(new, 12.5, print, fence=1)
    assert target.live().shares == ((old.release_id, 87.5), (new.release_id, 12.5))
    assert target.live().changed == ""
    target.switch(old, print, fence=1)
    assert target.live().shares == ((old.release_id, 100.0),)


def test_staging_twice_makes_one_version(lambda_bed):
    """And touches no alias."""
    made = quick(lambda_bed)
    one = staged(lambda_bed, made)
    assert staged(lambda_bed, made) == one
    assert staged(lambda_bed, one) == one
    assert [each["Version"] for each in lambda_bed.target().function.versions()] == ["1"]
    assert lambda_bed.target().live() is None


def test_a_later_deploy_wins(lambda_bed):
    """Whoever comes with a lower fence is refused, also once the alias was taken away."""
    target = lambda_bed.target()
    made = staged(lambda_bed, quick(lambda_bed))
    target.switch(made, print, fence=7)
    with pytest.raises(DeployError, match="lost its turn"):
        target.switch(made, print, fence=6)
    target.switch(None, print, fence=8)
    assert target.live() is None
    with pytest.raises(DeployError, match="lost its turn"):
        target.switch(made, print, fence=7)
    target.switch(made, print, fence=9)
    assert target.live().release_id == made.release_id


def test_a_change_at_the_same_moment_is_refused_and_shown(lambda_bed):
    """The alias moves between our look and our update: AWS refuses it, and nothing is overwritten."""
    target = lambda_bed.target()
    old, new = (staged(lambda_bed, quick(lambda_bed, each)) for each in ("1", "2"))
    target.switch(old, print, fence=1)
    meanwhile = client("lambda")

    def before(action):
        if action == "lambda:UpdateAlias":
            lambda_bed.front.before = lambda action: None
            meanwhile.update_alias(
                FunctionName="web", Name="live", FunctionVersion="1", Description="by hand"
            )

    lambda_bed.front.before = before
    with pytest.raises(DeployError, match="somebody else moved the alias") as caught:
        target.switch(new, print, fence=2)
    assert "version 1" in caught.value.why
    assert alias()["Description"] == "by hand"


def test_what_somebody_else_changed_shows(lambda_bed):
    """Another version, or a version that nobody of us made."""
    target = lambda_bed.target()
    old, new = (staged(lambda_bed, quick(lambda_bed, each)) for each in ("1", "2"))
    target.switch(new, print, fence=1)
    theirs = client("lambda")
    theirs.update_alias(FunctionName="web", Name="live", FunctionVersion="1")
    live = target.live()
    assert live.release_id == old.release_id
    assert live.changed == "somebody else moved the alias from version 2 to version 1"
    theirs.update_function_configuration(FunctionName="web", MemorySize=1024)
    theirs.get_waiter("function_updated_v2").wait(FunctionName="web", WaiterConfig={"Delay": 0})
    number = theirs.publish_version(FunctionName="web", Description="hot fix")["Version"]
    theirs.update_alias(FunctionName="web", Name="live", FunctionVersion=number)
    live = target.live()
    assert (live.release_id, live.fields["memory"]) == ("", str(2**30))


def test_a_read_back_of_the_code_is_the_platforms(lambda_bed):
    """Where AWS serves other code than the release's, its digest is not the release's."""
    target = lambda_bed.target()
    made = staged(lambda_bed, quick(lambda_bed))
    target.switch(made, print, fence=1)
    assert target.live().digest == made.digest
    lambda_bed.front.lambdas.every["web"].versions["1"]["CodeSha256"] = "b3RoZXI="
    assert target.live().digest == "lambda:b3RoZXI="


class Blind(Lambda):
    """A target whose read-back was taken out: it says that all is as it was told to be."""

    told: ClassVar[list] = []

    def switch(self, release, emit, *, fence):
        self.told.append(release)
        super().switch(release, emit, fence=fence)

    def live(self):
        found = super().live()
        if not self.told or found is None:
            return found
        return dataclasses.replace(
            found, release_id=self.told[-1].release_id, digest=self.told[-1].digest, shares=()
        )


@pytest.mark.parametrize("is_blind", [False, True])
def test_only_the_read_back_sees_that_another_one_serves(lambda_bed, is_blind):
    """Somebody moves the alias at the end of a deploy: with the read-back it is no success, without it is."""
    old = quick(lambda_bed, "1")
    deploy(lambda_bed.target(), old, work(lambda_bed))
    target = lambda_bed.target()
    fields = {each.name: getattr(target, each.name) for each in dataclasses.fields(target)}
    target = Blind(**fields) if is_blind else target
    Blind.told.clear()
    calls = []

    def before(action):
        calls.append(action)
        if action == "lambda:InvokeFunction" and "lambda:UpdateAlias" in calls:  # the gate's last look
            lambda_bed.front.before = lambda action: None
            client("lambda").update_alias(FunctionName="web", Name="live", FunctionVersion="1")

    lambda_bed.front.before = before
    new = quick(lambda_bed, "2")
    if is_blind:
        deploy(target, new, work(lambda_bed))
        assert lambda_bed.target().live().release_id == old.release_id  # it said "deployed", and it is not
    else:
        with pytest.raises(RolledBack, match="not live"):
            deploy(target, new, work(lambda_bed))
        is_live(lambda_bed, old)


def test_an_image_that_does_not_exist_changes_nothing(lambda_bed):
    """The repository is not there, either: the command that makes it is told."""
    old = quick(lambda_bed)
    deploy(lambda_bed.target(), old, work(lambda_bed))
    wrong = dataclasses.replace(quick(lambda_bed, "2").spec, artifact="image", reference="nowhere:1")
    with pytest.raises(DeployError, match="no repository web") as caught:
        deploy(
            lambda_bed.target(),
            dataclasses.replace(quick(lambda_bed, "2"), spec=wrong),
            work(lambda_bed),
        )
    assert "create-repository" in caught.value.fix
    is_live(lambda_bed, old)


@pytest.mark.parametrize(
    ("kind", "says"), [("raises", "ValueError: no database"), ("slow:9", "did not answer within 1 s")]
)
def test_an_event_without_a_path(lambda_bed, kind, says):
    """Without a path an event is sent, and any answer without an error is well."""
    gate = {"path": "", "start_seconds": 1}
    made = quick(lambda_bed, "1", kind, gate=gate)
    made = dataclasses.replace(
        made,
        spec=dataclasses.replace(made.spec, gate=dataclasses.replace(made.spec.gate, answer_seconds=1)),
    )
    with pytest.raises(RolledBack) as caught:
        deploy(lambda_bed.target(), made, work(lambda_bed))
    assert says in caught.value.why
    deploy(lambda_bed.target(), quick(lambda_bed, "1", gate=gate), work(lambda_bed))


def test_credentials_that_end_half_way_are_told_as_unknown(lambda_bed):
    """After the switch nobody can say what is live, and the command that goes on is told."""
    deploy(lambda_bed.target(), quick(lambda_bed), work(lambda_bed))

    def before(action):
        if action == "lambda:UpdateAlias":
            lambda_bed.front.before = over
            over(action)

    def over(action):
        raise Fault("ExpiredTokenException", "The security token included in the request is expired", 403)

    lambda_bed.front.before = before
    with pytest.raises(DeployUnknown) as caught:
        deploy(lambda_bed.target(), quick(lambda_bed, "2"), work(lambda_bed, ask_again_seconds=0))
    assert "credentials" in caught.value.why
    lambda_bed.front.before = lambda action: None
    made = quick(lambda_bed, "3")
    deploy(lambda_bed.target(), made, work(lambda_bed))
    is_live(lambda_bed, made)


def test_a_person_is_called_where_the_undo_is_denied(lambda_bed):
    """The alias moved, and may not move back: it is loud, with the command."""
    deploy(lambda_bed.target(), quick(lambda_bed), work(lambda_bed))
    updates = []

    def before(action):
        updates.append(action)
        if updates.count("lambda:UpdateAlias") == 2:
            raise Fault("AccessDeniedException", "not authorized to perform: lambda:UpdateAlias", 403)

    lambda_bed.front.before = before
    bad = quick(lambda_bed, "2", "fails:3")
    bad = dataclasses.replace(
        bad, spec=dataclasses.replace(bad.spec, gate=dataclasses.replace(GATE, bake_seconds=60, failures=1))
    )
    with pytest.raises(RollbackFailed) as caught:
        deploy(lambda_bed.target(), bad, work(lambda_bed))
    assert "lambda:UpdateAlias" in caught.value.why
    assert "%autoexec rollback" in caught.value.fix


def test_the_function_of_somebody_else_is_left_alone(lambda_bed):
    """It has no tag of ours."""
    place = lambda_bed.folder / "x.zip"
    with zipfile.ZipFile(place, "w") as made:
        made.writestr("a.py", "")
    code = {"ZipFile": place.read_bytes()}
    theirs = {"Role": ROLE, "Handler": "a.b", "Runtime": "python3.12", "PackageType": "Zip", "Tags": {}}
    client("lambda").create_function(FunctionName="web", Code=code, **theirs)
    with pytest.raises(DeployError, match="somebody else's") as caught:
        deploy(lambda_bed.target(), quick(lambda_bed), work(lambda_bed))
    assert "name =" in caught.value.fix


def test_what_is_taken_away_is_gone(lambda_bed):
    """The alias first, then the versions that nobody keeps; the function stays, for other aliases."""
    deploy(lambda_bed.target(), quick(lambda_bed), work(lambda_bed))
    withdraw(lambda_bed.target(), work(lambda_bed))
    assert lambda_bed.target().live() is None
    lambda_bed.target().tidy(None, [], print)
    assert lambda_bed.target().function.versions() == []


def test_what_another_alias_leads_to_is_never_deleted(lambda_bed):
    """A first deploy to `staging` that fails, with a record of its own, leaves production alone."""
    made = staged(lambda_bed, quick(lambda_bed))
    client("lambda").create_alias(FunctionName="web", Name="production", FunctionVersion="1")
    heard = []
    lambda_bed.target().tidy(None, [], heard.append)
    assert [each["Version"] for each in lambda_bed.target().function.versions()] == ["1"]
    assert "version 1 stays" in heard[0].text
    assert made.release_id


def test_only_what_is_kept_stays(lambda_bed):
    """And what is called is never deleted."""
    target = lambda_bed.target()
    one, two, three = (staged(lambda_bed, quick(lambda_bed, each)) for each in "123")
    target.switch(three, print, fence=1)
    target.tidy(three, [two], print)
    assert [each["Version"] for each in target.function.versions()] == ["2", "3"]
    target.tidy(None, [one], print)
    assert [each["Version"] for each in target.function.versions()] == ["3"]


def test_no_value_of_a_secret_is_anywhere_but_where_it_is_kept(lambda_bed):
    """Not in the function, its versions, its alias, the ledger."""
    secrets = (Secret(name="SECRET", reference="env:S", version="1"),)
    made = quick(lambda_bed, secrets=secrets)
    target = lambda_bed.target({"SECRET": "value-of-it"})
    deploy(target, made, work(lambda_bed))
    assert said(lambda_bed.url())["secret"]
    assert "value-of-it" not in repr(lambda_bed.front.lambdas.every)
    assert "value-of-it" not in repr(target)
    assert target.live().changed == ""
    assert b"value-of-it" not in lambda_bed.ledger.path.read_bytes()


def test_the_settings_of_now_do_not_hide_those_of_then(lambda_bed):
    """An older release is staged with its own."""
    made = quick(lambda_bed)
    lambda_bed.options["timeout"] = "77"
    staged(lambda_bed, made)
    assert client("lambda").get_function_configuration(FunctionName="web", Qualifier="1")["Timeout"] == 30


def test_what_lambda_cannot_do_is_refused_before_anything_is_asked(lambda_bed):
    """No call is made."""
    with pytest.raises(UsageError, match="replicas"):
        staged(lambda_bed, quick(lambda_bed, replicas=2))
    assert lambda_bed.front.seen == []


@pytest.mark.limit(300)
def test_an_image_runs_as_a_function(lambda_bed, ecr, engine):
    """Pushed with ECR's token, named by its digest, run in a container; it cannot become a zip."""
    digest = built(engine, "web:image", "9")
    options = (("role", ROLE), ("service", "lambda"))
    spec = dataclasses.replace(
        quick(lambda_bed, "9").spec,
        artifact="image",
        reference="web:image",
        digest=digest,
        command=("handled.handler",),
        options=options,
    )
    made = dataclasses.replace(quick(lambda_bed, "9"), spec=spec)
    deploy(lambda_bed.target(), made, work(lambda_bed))
    is_live(lambda_bed, made)
    live = lambda_bed.target().live()
    assert (live.digest, live.changed, live.release) == (digest, "", dataclasses.replace(made, place=""))
    found = client("lambda").get_function(FunctionName="web", Qualifier="1")
    assert "@sha256:" in found["Code"]["ImageUri"]
    with pytest.raises(DeployError, match="is made of an image"):
        deploy(lambda_bed.target(), quick(lambda_bed, "10"), work(lambda_bed))
