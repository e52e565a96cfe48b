"""What the record tells of services: which releases, by whom, how each fared, and what was left live."""

from __future__ import annotations

import getpass
import time
from pathlib import Path

import pytest

from autoexec_magic.deployer import Journal, ServiceTold, services_told
from autoexec_magic.history import new_id
from autoexec_magic.ledger import Ledger, ledger_in
from autoexec_magic.releasefacts import DeployCode, Release, Spec

RUN = "0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35"


def release(service: str = "web") -> Release:
    """Return a new release; ids sort by the millisecond."""
    time.sleep(0.002)
    spec = Spec(artifact="image", reference="web:1", digest="sha256:" + "5f0c" * 16)
    return Release(service=service, target="local", release_id=new_id(), spec=spec)


def deployed(
    ledger: Ledger,
    new: Release,
    before: Release | None,
    code: DeployCode = "deployed",
    *,
    live: str = "",
    why: str = "",
) -> None:
    """Write down a deploy that looked what was live, and came to `code`."""
    journal = Journal(ledger=ledger, service=new.service, target=new.target, run_id=RUN)
    with journal.attempt(new, why) as attempt:
        attempt.note_before(before)
        attempt.end(
            code, live=live or (new.release_id if code == "deployed" else ""), is_good=code == "deployed"
        )


def only(ledger: Ledger) -> ServiceTold:
    """Return the one service there is."""
    (found,) = services_told(ledger)
    return found


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Return a ledger with nothing on it."""
    return ledger_in(tmp_path)


def test_nothing_was_deployed(ledger: Ledger):
    """No ledger is one with no services."""
    assert services_told(ledger) == []


def test_the_newest_comes_first_with_who_deployed_it(ledger: Ledger):
    """And it is what is live."""
    one, two = release(), release()
    deployed(ledger, one, None)
    deployed(ledger, two, one)
    found = only(ledger)
    assert [each.deployed.release.release_id for each in found.told] == [two.release_id, one.release_id]
    assert {each.by for each in found.told} == {getpass.getuser()}
    assert found.live == two.release_id
    assert found.runs == (RUN,)


def test_a_release_that_was_made_live_again_is_listed_once(ledger: Ledger):
    """As it fared last, and as a rollback."""
    one, two = release(), release()
    deployed(ledger, one, None)
    deployed(ledger, two, one)
    deployed(ledger, one, two, why="rollback")
    found = only(ledger)
    assert [(each.deployed.release.release_id, each.why) for each in found.told] == [
        (one.release_id, "rollback"),
        (two.release_id, ""),
    ]
    assert found.live == one.release_id


def test_what_was_put_back_is_live(ledger: Ledger):
    """The one that was taken back is listed with its verdict."""
    one, two = release(), release()
    deployed(ledger, one, None)
    deployed(ledger, two, one, "rolled-back", live=one.release_id)
    found = only(ledger)
    assert found.live == one.release_id
    assert found.told[0].deployed.code == "rolled-back"


def test_a_first_release_that_was_undone_leaves_nothing_live(ledger: Ledger):
    """Nothing was live before it."""
    deployed(ledger, release(), None, "rolled-back")
    assert only(ledger).live == ""


def test_a_deploy_that_never_looked_changes_nothing(ledger: Ledger):
    """It ended before it knew what was live, and touched nothing."""
    one, two = release(), release()
    deployed(ledger, one, None)
    journal = Journal(ledger=ledger, service="web", target="local", run_id=RUN)
    with journal.attempt(two, "") as attempt:
        attempt.end("failed", why="no credentials")
    assert only(ledger).live == one.release_id


@pytest.mark.parametrize("code", ["rollback-failed", "rollback-unverified", "unknown"])
def test_nobody_knows_what_is_live_after_a_rollback_that_failed(ledger: Ledger, code: DeployCode):
    """It is not guessed."""
    one, two = release(), release()
    deployed(ledger, one, None)
    deployed(ledger, two, one, code)
    assert only(ledger).live is None


def test_a_deploy_that_goes_on_is_open(ledger: Ledger):
    """With the step that it is at; it is no release that fared yet."""
    one, two = release(), release()
    deployed(ledger, one, None)
    journal = Journal(ledger=ledger, service="web", target="local", run_id=RUN)
    with journal.attempt(two, "") as attempt, attempt.step("stage"):
        found = only(ledger)
        attempt.end("cancelled", live=one.release_id)
    assert [(each.release.release_id, each.at_step) for each in found.open] == [(two.release_id, "stage")]
    assert found.live == one.release_id
    assert len(found.told) == 1


def test_the_service_that_was_deployed_last_comes_first(ledger: Ledger):
    """Each by its name and target."""
    deployed(ledger, release("web"), None)
    deployed(ledger, release("api"), None)
    deployed(ledger, release("web"), None)
    assert [each.service for each in services_told(ledger)] == ["web", "api"]


def test_rows_of_a_newer_version_are_left_out(ledger: Ledger):
    """What cannot be read is no release, and no error."""
    deployed(ledger, release(), None)
    ledger.append("deploy", {"service": "web", "target": "local", "attempt": 7, "what": "begun"}, RUN)
    ledger.append("deploy", {"service": "x", "target": "local", "attempt": "a", "what": "danced"}, RUN)
    assert [each.service for each in services_told(ledger)] == ["web"]


def test_the_authors_are_those_of_the_last_deploy(ledger: Ledger):
    """By release."""
    one = release()
    deployed(ledger, one, None)
    journal = Journal(ledger=ledger, service="web", target="local")
    assert journal.authors() == {one.release_id: getpass.getuser()}
