"""A release as a Lambda function's configuration."""

from __future__ import annotations

import pytest
from deployer.aws.made import ROLE, SECRET, release

from autoexec_magic.deployer.aws import settings
from autoexec_magic.deployer.aws.kept import Reference
from autoexec_magic.deployer.aws.marks import RELEASE, unpacked
from autoexec_magic.deployer.aws.options import options_of
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Gate

OPTIONS = options_of("web", {"service": "lambda", "role": ROLE})
REFERENCES = {"KEY": Reference(arn="arn:aws:secretsmanager:x:1:secret:autoexec/web/KEY-abcdef", version="v1")}


@pytest.mark.parametrize(
    "changes",
    [
        {"replicas": 2},
        {"cpus": 1.0},
        {"port": 80},
        {"gate": Gate(command=("true",))},
        {"memory_bytes": 11 * 2**30},
        {"environment": (("AWS_REGION", "x"),)},
        {"environment": (("A", "x"),)},
        {"environment": (("_AB", "x"),)},
        {"artifact": "app"},
        {"artifact": "app", "command": ("x",)},
    ],
)
def test_what_lambda_cannot_do_is_refused(changes):
    """Before anything is asked of it."""
    with pytest.raises(UsageError):
        settings.check(release(**changes), OPTIONS)
    settings.check(release(), OPTIONS)


def test_a_role_is_needed():
    """It is never guessed."""
    with pytest.raises(UsageError, match="role"):
        settings.check(release(), options_of("web", {"service": "lambda"}))


def test_secrets_are_references():
    """No value can be there: none is given; what a release is stands whole beside them."""
    made = release(secrets=(SECRET,), environment=(("A", "b"),))
    found = settings.configuration_of(made, OPTIONS, REFERENCES)["Environment"]["Variables"]
    assert set(found) == {"A", "KEY_ARN", "KEY_VERSION", RELEASE}
    assert unpacked(found[RELEASE]) == made


def test_variables_are_bounded_as_lambda_bounds_them():
    """Where there is no room for the whole release its id is there; above that it is refused."""
    tight = release(environment=(("A", "b" * 3900),))
    found = settings.configuration_of(tight, OPTIONS, {})["Environment"]["Variables"]
    assert found[RELEASE] == tight.release_id
    with pytest.raises(UsageError, match="too many"):
        settings.configuration_of(release(environment=(("A", "b" * 4100),)), OPTIONS, {})


def test_what_is_read_back_is_what_was_written():
    """All of it, by the names of the diff; another memory is seen."""
    made = release(secrets=(SECRET,), memory_bytes=2**28, command=("app.handler",))
    expected = settings.expected_fields(made, OPTIONS)
    written = settings.configuration_of(
        made, OPTIONS, {"KEY": Reference(arn="arn:x", version=expected["secret.KEY"])}
    )
    assert settings.seen_fields(written) == expected
    assert settings.seen_fields({**written, "MemorySize": 512})["memory"] == str(2**29)
