"""Which values are secrets, and the forms in which they show."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.secretvalues import is_secret_name, secrets_in

VALUE = "line one of it\nand \\ 'two' \"of\" it, zwölf"


@pytest.mark.parametrize("name", ["API_KEY", "GITHUB_TOKEN", "db_password", "MY_AUTH"])
def test_a_name_says_so(name):
    """A key, a token, a password: as variables are called."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["PATH", "OLDPWD", "SSH_AUTH_SOCK", "LANG"])
def test_other_names_do_not(name):
    """What merely begins like one is none."""
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(VALUE, id="itself"),
        pytest.param(repr(VALUE)[1:-1], id="repr"),
        pytest.param(json.dumps(VALUE)[1:-1], id="json"),
        pytest.param(VALUE.encode("unicode_escape").decode(), id="id-of-a-parameter"),
        pytest.param(VALUE.splitlines()[1], id="a-line-of-it"),
        pytest.param(VALUE.replace("\n", "\r\n"), id="with-carriage-returns"),
    ],
)
def test_every_form_of_a_secret_is_one(shown):
    """A test that fails shows its values so."""
    assert shown in secrets_in({"MY_TOKEN": VALUE, "PATH": "/usr/bin:/usr/local/bin"})


def test_what_is_passed_on_by_its_name_is_a_secret_too():
    """A person who names a variable says that it matters; a name of wildcards alone says nothing."""
    assert secrets_in({"SETTING": "value-of-it"}, ["SETTING"]) == ("value-of-it",)
    assert secrets_in({"SETTING": "value-of-it"}, ["*"]) == ()
