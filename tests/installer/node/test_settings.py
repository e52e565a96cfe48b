"""Where Node packages come from: npm's own settings."""

from __future__ import annotations

import base64

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.installer.node.settings import PUBLIC, settings, without_login


@pytest.fixture
def read(tmp_path):
    """Return a function that reads settings: the project's file, the person's, variables."""

    def found(project="", person="", **variables):
        (tmp_path / "project").mkdir(exist_ok=True)
        (tmp_path / "project" / ".npmrc").write_text(project)
        (tmp_path / "person").write_text(person)
        environment = {"npm_config_userconfig": str(tmp_path / "person"), "PATH": "", **variables}
        return settings(tmp_path / "project", environment)

    return found


def test_nothing_said_is_the_public_registry(read):
    """As npm has it."""
    found = read()
    assert (found.registry, found.from_project, found.is_offline, found.keeps_lock) == (
        PUBLIC,
        (),
        False,
        True,
    )


def test_the_nearest_word_counts(read):
    """A variable before the project's file, that before the person's."""
    assert read("registry=https://a/x", "registry=https://b/").registry == "https://a/x/"
    assert read("registry=https://a/", npm_config_registry="https://c").registry == "https://c/"


def test_a_scope_has_its_own_registry(read):
    """And never another one."""
    found = read(person="@corp:registry=https://npm.corp/\n")
    assert found.registry_of("@corp/x") == "https://npm.corp/"
    assert found.registry_of("@other/x") == found.registry_of("x") == PUBLIC


def test_what_only_the_project_says_is_marked(read):
    """A registry that the person has, too, is none of the project's."""
    assert read("registry=https://a/\n@x:registry=https://b/").from_project == ("https://a/", "https://b/")
    assert read("registry=https://a/", "registry=https://a").from_project == ()
    assert read("registry=https://registry.npmjs.org").from_project == ()


def test_logins_of_every_kind(read):
    """A token, a pair in one word, a name with a password; each for its own place."""
    pair = base64.b64encode(b"me:secret").decode()
    password = base64.b64encode(b"secret").decode()
    found = read(
        person=f"//a/:_authToken=tok\n//b/npm/:_auth={pair}\n//c/:username=me\n//c/:_password={password}\n"
    )
    assert found.logins == {"//a/": "Bearer tok", "//b/npm/": f"Basic {pair}", "//c/": f"Basic {pair}"}
    assert "tok" not in repr(found)


def test_variables_are_put_in_for_the_person_and_not_for_the_project(read):
    """A project's file cannot have a secret of this process sent to where it likes."""
    found = read("//evil/:_authToken=${SECRET}\n", "//a/:_authToken=${SECRET}\n", SECRET="s3cr3t")
    assert found.logins["//a/"] == "Bearer s3cr3t"
    assert found.logins["//evil/"] == "Bearer ${SECRET}"
    assert found.variables == ("SECRET",)


def test_comments_quotes_and_switches(read):
    """The format is that of ini files."""
    found = read(
        person='; x\n# y\nregistry = "https://a/" ; here\noffline\npackage-lock=false\ncafile=/c.pem\n'
    )
    assert (found.registry, found.is_offline, found.keeps_lock, found.cafile) == (
        "https://a/",
        True,
        False,
        "/c.pem",
    )


def test_a_file_that_cannot_be_read_is_an_error(read, tmp_path):
    """The public registry is not asked in the place of one that is in there."""
    read()
    (tmp_path / "person").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError) as caught:
        settings(tmp_path / "project", {"npm_config_userconfig": str(tmp_path / "person"), "PATH": ""})
    assert "cannot be read" in caught.value.what


def test_a_login_in_an_address_is_not_shown(read):
    """Nor kept out of what is masked."""
    assert without_login("https://me:secret@h/x?t=1") == "https://h/x"
    assert "me:secret" in read(person="registry=https://me:secret@h/").secrets


def test_a_project_decides_nothing_that_guards(read):
    """Programs that npm starts, certificates and proxies are the person's to name, whoever's file says so."""
    project = "git=./evil\nstrict-ssl=false\nhttps-proxy=http://evil\ncafile=/evil.pem\nscript-shell=./evil\n"
    found = read(project, "cafile=/mine.pem\nhttps-proxy=http://mine\n")
    given = found.environment
    assert (found.cafile, given["npm_config_cafile"]) == ("/mine.pem", "/mine.pem")
    assert (given["npm_config_git"], given["npm_config_strict_ssl"]) == ("git", "true")
    assert (given["npm_config_https_proxy"], given["npm_config_script_shell"]) == ("http://mine", "sh")
    assert "evil" not in str(given)
