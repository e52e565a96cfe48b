"""Versions of a function: made only of what was sent, and of nothing that came between."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

import pytest
from deployer.aws.conftest import ROLE, client

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.deployer.aws.marks import RELEASE, Stamp, stamp_of
from autoexec_magic.deployer.aws.versions import Code, Function
from autoexec_magic.errors import DeployError


def code(text="1"):
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as made:
        made.writestr(zipfile.ZipInfo("a.py"), text)
    sha = base64.b64encode(hashlib.sha256(into.getvalue()).digest()).decode()
    return Code(given={"ZipFile": into.getvalue()}, sha=sha)


def configuration(release_id="r1", **changes):
    return {
        "Role": ROLE,
        "Handler": "a.b",
        "Runtime": "python3.12",
        "Timeout": 3,
        "MemorySize": 128,
        "Environment": {"Variables": {RELEASE: release_id}},
        **changes,
    }


def stamp(release_id="r1", made=None):
    return Stamp(release_id=release_id, digest="sha256:aa", code=(made or code()).sha, config="c")


@pytest.fixture
def function(front):
    return Function(calls=Calls(service="web", limit_seconds=3), service="web", name="web")


def test_versions_are_found_by_their_release(function):
    """The number is AWS's; each has its own code and configuration."""
    one = function.published(code("1"), configuration("r1"), stamp("r1", code("1")))
    two = function.published(code("2"), configuration("r2", Timeout=9), stamp("r2", code("2")))
    assert (one["Version"], two["Version"]) == ("1", "2")
    assert function.found("r1")["Timeout"] == 3
    assert stamp_of(function.found("r2")["Description"]) == stamp("r2", code("2"))
    assert function.found("r3") is None
    assert function.found("r1", "another configuration") is None


def test_the_same_code_and_settings_are_another_version_of_another_release(function):
    """AWS publishes what did not change no second time: the release's mark changes it."""
    function.published(code(), configuration("r1"), stamp("r1"))
    assert function.published(code(), configuration("r2"), stamp("r2"))["Version"] == "2"


@pytest.mark.parametrize("action", ["UpdateFunctionConfiguration", "PublishVersion"])
def test_a_change_that_comes_between_is_refused(front, function, action):
    """Somebody updates the code while we do: what is published would not be what was sent."""
    function.published(code("1"), configuration("r1"), stamp("r1", code("1")))
    theirs = client("lambda")

    def before(asked):
        if asked == f"lambda:{action}":
            front.before = lambda asked: None
            theirs.update_function_code(FunctionName="web", ZipFile=code("evil").given["ZipFile"])
            theirs.get_waiter("function_updated_v2").wait(FunctionName="web", WaiterConfig={"Delay": 0})

    front.before = before
    with pytest.raises(DeployError, match="somebody else changed the function"):
        function.published(code("2"), configuration("r2"), stamp("r2", code("2")))
    assert len(function.versions()) == 1


def test_an_answer_that_was_lost_makes_no_second_version(front, function):
    """The call is made again, and the version that it made is found."""
    made = front.lambdas._PublishVersion
    lost = []

    def publish(**given):
        found = made(**given)
        if not lost:
            lost.append(found)
            from deployer.aws.front import Fault

            raise Fault("ServiceException", "the answer is lost", 500)
        return found

    front.lambdas._PublishVersion = publish
    assert function.published(code(), configuration(), stamp())["Version"] == "1"
    assert lost
    assert len(function.versions()) == 1


def test_what_does_not_become_ready_is_told(front, function):
    """After a limit, and at once where AWS says that it failed."""
    function.published(code(), configuration(), stamp())
    state = front.lambdas.every["web"].latest
    state |= {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "the image is damaged"}
    with pytest.raises(DeployError, match="could not make") as caught:
        function.published(code("2"), configuration("r2"), stamp("r2", code("2")))
    assert "damaged" in caught.value.why
    state |= {"LastUpdateStatus": "InProgress"}
    impatient = Function(calls=function.calls, service="web", name="web", patience_seconds=0)
    with pytest.raises(DeployError, match="does not make"):
        impatient.published(code("2"), configuration("r2"), stamp("r2", code("2")))


def test_a_role_that_is_not_there_is_aws_s_own_words(function):
    """Nothing is made."""
    with pytest.raises(DeployError) as caught:
        function.published(code(), configuration(Role=f"{ROLE}-gone"), stamp())
    assert "cannot be assumed" in caught.value.why
    assert function.tags() is None
