"""What Google answers, as people read it: what it means, its words, and the next thing to type."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.auth import exceptions as of_login
from google.rpc import error_details_pb2

from autoexec_magic.deployer.gcp.place import place_of
from autoexec_magic.deployer.gcp.refusals import Absent, Conflict, explained, is_busy, words_of
from autoexec_magic.errors import DeployError

PLACE = place_of("web", {"project": "my-project", "region": "europe-west1"}, {})
URL = "https://console.developers.google.com/apis/api/run.googleapis.com/overview?project=1"
DISABLED = error_details_pb2.ErrorInfo(
    reason="SERVICE_DISABLED", metadata={"service": "run.googleapis.com", "activationUrl": URL}
)
DENIED = error_details_pb2.ErrorInfo(
    reason="IAM_PERMISSION_DENIED", metadata={"permission": "secretmanager.versions.add"}
)
RATE = error_details_pb2.ErrorInfo(reason="RATE_LIMIT_EXCEEDED")


@pytest.mark.parametrize(
    ("error", "what", "fix"),
    [
        pytest.param(
            exceptions.PermissionDenied("Cloud Run Admin API has not been used", error_info=DISABLED),
            "run.googleapis.com is not enabled in my-project",
            URL,
            id="not-enabled",
        ),
        pytest.param(
            exceptions.PermissionDenied("Permission 'run.services.update' denied on resource 'x'"),
            "run.services.update is not permitted",
            "roles/run.developer",
            id="permission-in-its-words",
        ),
        pytest.param(
            exceptions.PermissionDenied("no", error_info=DENIED),
            "secretmanager.versions.add is not permitted",
            "roles/secretmanager.admin",
            id="permission-in-its-details",
        ),
        pytest.param(
            exceptions.PermissionDenied("Permission 'iam.serviceaccounts.actAs' denied on service account"),
            "iam.serviceaccounts.actAs is not permitted",
            "roles/",
            id="act-as",
        ),
        pytest.param(
            exceptions.PermissionDenied("Location europe-west99 is not found or access is unauthorized."),
            "Google refuses it",
            "region",
            id="wrong-region",
        ),
        pytest.param(
            exceptions.NotFound("Project 'my-project' not found or deleted."),
            "is not there",
            "gcloud projects list",
            id="wrong-project",
        ),
        pytest.param(
            exceptions.ResourceExhausted("Quota exceeded for total allowable CPU"),
            "quota of my-project",
            "quotas?project=my-project",
            id="quota",
        ),
        pytest.param(
            exceptions.Unauthenticated("Request had invalid authentication credentials."),
            "no credentials",
            "gcloud auth application-default login",
            id="lost-credentials",
        ),
        pytest.param(
            of_login.DefaultCredentialsError("Your default credentials were not found."),
            "no credentials",
            "gcloud auth application-default login",
            id="no-credentials",
        ),
        pytest.param(
            of_login.RefreshError("invalid_grant"), "no credentials", "gcloud auth", id="credentials-are-over"
        ),
        pytest.param(exceptions.InvalidArgument("bad"), "it failed", "setting", id="invalid"),
    ],
)
def test_each_refusal_says_what_to_do(error, what, fix):
    """In our words first, then in Google's."""
    found = explained(error, "it failed", PLACE)
    assert type(found) is DeployError
    assert what in found.what
    assert fix in found.fix
    assert found.why


@pytest.mark.parametrize(
    "error",
    [
        exceptions.Aborted("Conflict for resource"),
        exceptions.FailedPrecondition("etag"),
        exceptions.AlreadyExists("there"),
    ],
)
def test_who_was_slower_is_a_conflict(error):
    """It is read again, and not written over."""
    assert isinstance(explained(error, "it failed", PLACE), Conflict)


@pytest.mark.parametrize(
    "words", ["Resource 'web' of kind 'SERVICE' does not exist: Service", "Revision 'x' was not found."]
)
def test_what_is_not_there_is_told_from_a_project_that_is_not(words):
    """The one is a fact, the other one a mistake."""
    assert isinstance(explained(exceptions.NotFound(words), "it failed", PLACE), Absent)


@pytest.mark.parametrize(
    ("error", "busy"),
    [
        (exceptions.ServiceUnavailable("x"), True),
        (exceptions.DeadlineExceeded("x"), True),
        (exceptions.InternalServerError("x"), True),
        (exceptions.TooManyRequests("x", error_info=RATE), True),
        (exceptions.ResourceExhausted("x", error_info=RATE), True),
        (exceptions.ResourceExhausted("Quota exceeded for total allowable CPU"), False),
        (exceptions.PermissionDenied("x"), False),
        (exceptions.NotFound("x"), False),
        (exceptions.Aborted("x"), False),
        (of_login.RefreshError("x"), False),
    ],
)
def test_only_what_may_change_is_asked_again(error, busy):
    """A quota that is used up stays so."""
    assert is_busy(error) is busy


def test_the_fields_that_it_names_are_told():
    """Where Google says which one is wrong."""
    detail = error_details_pb2.BadRequest()
    detail.field_violations.add(field="service.template", description="too much")
    said = words_of(exceptions.InvalidArgument("bad", details=[detail]))
    assert said.endswith("service.template: too much")


def test_a_secret_in_its_words_is_masked():
    """Whatever a platform says of it."""
    said = words_of(exceptions.InvalidArgument("https://me:correct-horse-5@host.example/ is no image"))
    assert "correct-horse-5" not in said
