"""Where packages come from: uv's and pip's own settings, translated for both, and nobody's password shown."""

from __future__ import annotations

import configparser
import contextlib
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.errors import AutoexecError
from autoexec_magic.installer.sources import PUBLIC, Sources, for_pip, for_uv, sources, without_credentials

OURS = "https://ours.example/simple"
ONE = "https://one.example/simple"
TWO = "https://two.example/simple"
MORE = "https://more.example/simple"
LINKS = "/srv/wheels"


class Settings:
    """A home folder with pip's and uv's files in it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.prefix = folder / "prefix"
        self.places = {
            "pip": self.home / ".config" / "pip" / "pip.conf",
            "old-pip": self.home / ".pip" / "pip.conf",
            "venv-pip": self.prefix / "pip.conf",
            "given-pip": folder / "given.conf",
            "uv": self.home / ".config" / "uv" / "uv.toml",
            "given-uv": folder / "given.toml",
        }

    def read(self, files: dict[str, str], variables: dict[str, str], index_url: str = "") -> Sources:
        """Write the files and return what follows; a variable `@NAME` is the path of that file."""
        for name, text in files.items():
            self.places[name].parent.mkdir(parents=True, exist_ok=True)
            self.places[name].write_text(text, "utf-8")
        environment = {
            name: str(self.places[value[1:]]) if value.startswith("@") else value
            for name, value in variables.items()
        }
        return sources(index_url, {"XDG_CONFIG_HOME": str(self.home / ".config"), **environment})


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return settings of a person whose machine has none."""
    read_file, read_text = configparser.RawConfigParser.read, Path.read_text

    def read(self, filenames, encoding=None):
        return [] if str(filenames).startswith("/etc/") else read_file(self, filenames, encoding)

    def text(self, *arguments, **options):
        if str(self).startswith("/etc/"):
            raise FileNotFoundError(self)
        return read_text(self, *arguments, **options)

    settings = Settings(tmp_path)
    monkeypatch.setenv("HOME", str(settings.home))
    monkeypatch.setattr(sys, "prefix", str(settings.prefix))
    monkeypatch.setattr(configparser.RawConfigParser, "read", read)
    monkeypatch.setattr(Path, "read_text", text)
    return settings


def pip(section: str = "global", **values: str) -> str:
    """Return a pip.conf."""
    return f"[{section}]\n" + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in values.items())


def uv_index(url: str, **more: bool) -> str:
    """Return an [[index]] of a uv.toml."""
    return f'[[index]]\nurl = "{url}"\n' + "".join(
        f"{key} = {str(value).lower()}\n" for key, value in more.items()
    )


@pytest.mark.parametrize(
    ("files", "variables", "indexes", "links", "origin"),
    [
        pytest.param({}, {}, (PUBLIC,), (), "built-in", id="nothing"),
        # uv
        pytest.param({}, {"UV_DEFAULT_INDEX": ONE}, (ONE,), (), "uv", id="uv-default"),
        pytest.param({}, {"UV_INDEX_URL": ONE}, (ONE,), (), "uv", id="uv-index-url"),
        pytest.param(
            {}, {"UV_DEFAULT_INDEX": ONE, "UV_INDEX_URL": TWO}, (ONE,), (), "uv", id="uv-newer-name-wins"
        ),
        pytest.param({}, {"UV_INDEX": ONE}, (ONE, PUBLIC), (), "uv", id="uv-extra"),
        pytest.param({}, {"UV_INDEX": f"{ONE} {TWO}"}, (ONE, TWO, PUBLIC), (), "uv", id="uv-two-extra"),
        pytest.param({}, {"UV_INDEX": f"mine={ONE}"}, (ONE, PUBLIC), (), "uv", id="uv-named"),
        pytest.param({}, {"UV_DEFAULT_INDEX": f"mine={ONE}"}, (ONE,), (), "uv", id="uv-default-named"),
        pytest.param(
            {}, {"UV_INDEX": f"{ONE}?a=b"}, (f"{ONE}?a=b", PUBLIC), (), "uv", id="uv-equals-sign-in-url"
        ),
        pytest.param({}, {"UV_EXTRA_INDEX_URL": ONE}, (ONE, PUBLIC), (), "uv", id="uv-extra-index-url"),
        pytest.param({}, {"UV_FIND_LINKS": "/a,/b"}, (PUBLIC,), ("/a", "/b"), "uv", id="uv-links"),
        pytest.param({"uv": uv_index(ONE)}, {}, (ONE, PUBLIC), (), "uv", id="uv-file"),
        pytest.param({"uv": uv_index(ONE, default=True)}, {}, (ONE,), (), "uv", id="uv-file-default"),
        pytest.param(
            {"uv": uv_index(ONE) + uv_index(TWO, default=True)}, {}, (ONE, TWO), (), "uv", id="uv-file-both"
        ),
        pytest.param({"uv": f'index-url = "{ONE}"'}, {}, (ONE,), (), "uv", id="uv-file-index-url"),
        pytest.param(
            {"uv": f'extra-index-url = ["{ONE}", "{TWO}"]'},
            {},
            (ONE, TWO, PUBLIC),
            (),
            "uv",
            id="uv-file-extra",
        ),
        pytest.param({"uv": f'find-links = ["{LINKS}"]'}, {}, (PUBLIC,), (LINKS,), "uv", id="uv-file-links"),
        pytest.param(
            {"uv": uv_index(ONE, default=True)},
            {"UV_DEFAULT_INDEX": TWO},
            (TWO,),
            (),
            "uv",
            id="uv-variable-wins",
        ),
        pytest.param(
            {"uv": uv_index(ONE)}, {"UV_NO_CONFIG": "1"}, (PUBLIC,), (), "built-in", id="uv-no-config"
        ),
        pytest.param(
            {"uv": uv_index(ONE), "given-uv": uv_index(TWO)},
            {"UV_CONFIG_FILE": "@given-uv"},
            (TWO, PUBLIC),
            (),
            "uv",
            id="uv-given-file-only",
        ),
        # pip
        pytest.param({"pip": pip(index_url=ONE)}, {}, (ONE,), (), "pip", id="pip-file"),
        pytest.param({"old-pip": pip(index_url=ONE)}, {}, (ONE,), (), "pip", id="pip-old-file"),
        pytest.param({"pip": pip(extra_index_url=ONE)}, {}, (ONE, PUBLIC), (), "pip", id="pip-extra"),
        pytest.param(
            {"pip": pip(index_url=TWO, extra_index_url=f"\n  {ONE}\n  {MORE}")},
            {},
            (ONE, MORE, TWO),
            (),
            "pip",
            id="pip-extra-lines",
        ),
        pytest.param(
            {"pip": pip(index_url=ONE) + pip("install", index_url=TWO)},
            {},
            (TWO,),
            (),
            "pip",
            id="pip-install",
        ),
        pytest.param(
            {"pip": pip(index_url=ONE), "venv-pip": pip(index_url=TWO)},
            {},
            (TWO,),
            (),
            "pip",
            id="pip-venv-wins",
        ),
        pytest.param(
            {"pip": pip(index_url=ONE), "given-pip": pip(index_url=TWO)},
            {"PIP_CONFIG_FILE": "@given-pip"},
            (TWO,),
            (),
            "pip",
            id="pip-given-file-wins",
        ),
        pytest.param(
            {"pip": pip(index_url=ONE)}, {"PIP_INDEX_URL": TWO}, (TWO,), (), "pip", id="pip-variable-wins"
        ),
        pytest.param({}, {"PIP_EXTRA_INDEX_URL": ONE}, (ONE, PUBLIC), (), "pip", id="pip-variable-extra"),
        pytest.param(
            {"pip": pip(index_url=ONE)},
            {"PIP_CONFIG_FILE": os.devnull},
            (PUBLIC,),
            (),
            "built-in",
            id="pip-no-files",
        ),
        pytest.param({"pip": pip(find_links=LINKS)}, {}, (PUBLIC,), (LINKS,), "pip", id="pip-links"),
        pytest.param(
            {"pip": pip(find_links=LINKS, no_index="true", index_url=ONE)},
            {},
            (),
            (LINKS,),
            "pip",
            id="pip-no-index",
        ),
        pytest.param(
            {}, {"PIP_FIND_LINKS": LINKS, "PIP_NO_INDEX": "1"}, (), (LINKS,), "pip", id="pip-no-index-set"
        ),
        pytest.param(
            {"pip": pip("freeze", index_url=ONE)}, {}, (PUBLIC,), (), "built-in", id="pip-other-section"
        ),
        pytest.param({"pip": "[global]\nindex_url = " + ONE}, {}, (ONE,), (), "pip", id="pip-underscores"),
        # both
        pytest.param(
            {
                "uv": uv_index(ONE, default=True),
                "pip": pip(index_url=TWO, extra_index_url=MORE, find_links=LINKS),
            },
            {},
            (ONE,),
            (),
            "uv",
            id="uv-before-pip-and-not-mixed",
        ),
        pytest.param(
            {"pip": pip(index_url=TWO)},
            {"UV_FIND_LINKS": LINKS},
            (PUBLIC,),
            (LINKS,),
            "uv",
            id="uv-as-a-whole",
        ),
        pytest.param(
            {"uv": "offline = true", "pip": pip(index_url=TWO)},
            {},
            (TWO,),
            (),
            "pip",
            id="uv-says-nothing-of-it",
        ),
        # what uv itself does with these
        pytest.param({"uv": f'[pip]\nindex-url = "{ONE}"'}, {}, (ONE,), (), "uv", id="uv-file-pip-table"),
        pytest.param(
            {"uv": f'no-index = true\nfind-links = ["{LINKS}"]'},
            {},
            (),
            (LINKS,),
            "uv",
            id="uv-file-no-index",
        ),
        pytest.param(
            {"uv": uv_index(ONE, explicit=True)}, {}, (PUBLIC,), (), "built-in", id="uv-explicit-is-not-asked"
        ),
    ],
)
def test_settings(own, files, variables, indexes, links, origin):
    """The first tool that says anything wins as a whole, and its default index is asked last."""
    found = own.read(files, variables)
    assert (found.indexes, found.find_links) == (indexes, links)
    assert found.origin == origin


@pytest.mark.parametrize(
    ("files", "variables", "want"),
    [
        ({}, {}, ""),
        ({}, {"UV_KEYRING_PROVIDER": "subprocess"}, "subprocess"),
        ({}, {"UV_KEYRING_PROVIDER": "disabled"}, ""),
        ({"uv": 'keyring-provider = "subprocess"'}, {}, "subprocess"),
        ({"uv": '[pip]\nkeyring-provider = "subprocess"'}, {}, "subprocess"),
        ({"pip": pip(keyring_provider="subprocess")}, {}, "subprocess"),
        ({"pip": pip(keyring_provider="auto")}, {}, ""),
        ({}, {"PIP_KEYRING_PROVIDER": "import"}, "subprocess"),
    ],
)
def test_a_keyring_is_asked_where_a_tool_was_told_to(own, files, variables, want):
    """And then by both tools."""
    found = own.read(files, variables)
    assert found.keyring == want
    assert for_uv(found, {}).get("UV_KEYRING_PROVIDER", "") == want
    assert for_pip(found).get("PIP_KEYRING_PROVIDER", "") == want


def test_our_own_setting_wins(own):
    """`index-url` is the only index, whatever uv and pip say; pip's certificate still counts."""
    files = {"uv": uv_index(ONE), "pip": pip(index_url=TWO, find_links=LINKS, cert="/pem")}
    found = own.read(files, {"UV_FIND_LINKS": LINKS}, OURS)
    assert found == Sources(indexes=(OURS,), cert="/pem", origin="index-url")


def test_pip_s_certificate_counts_for_uv_s_index(own):
    """uv's index is asked with the certificate that only pip knows of."""
    found = own.read({"uv": uv_index(ONE), "pip": pip(cert="/pem")}, {})
    assert (found.cert, found.origin) == ("/pem", "uv")


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"pip": f"index-url = {ONE}"}, id="pip-without-a-section"),
        pytest.param({"pip": pip(index_url=ONE) + f"index-url = {TWO}"}, id="pip-twice-the-same"),
        pytest.param({"uv": f"index-url = {ONE}"}, id="uv-without-quotes"),
        pytest.param({"uv": uv_index(ONE) + "[[index]]\nname = 'mine'"}, id="uv-index-without-url"),
        pytest.param({"uv": f'index = "{ONE}"'}, id="uv-index-is-no-table"),
    ],
)
def test_a_broken_file_does_not_mean_the_public_index(own, files):
    """Who wrote down an index, with a slip of the pen, is told so and not served by the public one."""
    with contextlib.suppress(AutoexecError):
        assert PUBLIC not in own.read(files, {}).indexes


def test_a_workspace_does_not_choose_the_index(own, workdir):
    """Files beside the notebook, which anybody may have written, are not asked."""
    (workdir / "uv.toml").write_text(uv_index(ONE, default=True))
    (workdir / "pyproject.toml").write_text(f'[tool.uv]\nindex-url = "{ONE}"\n')
    (workdir / "pip.conf").write_text(pip(index_url=ONE))
    assert own.read({}, {}).indexes == (PUBLIC,)


def test_the_public_index_is_the_well_known_one():
    """The built-in index is the Python Package Index, over TLS."""
    assert PUBLIC == "https://pypi.org/simple"


FULL = Sources(indexes=(ONE, TWO, MORE), find_links=("/a", "/b"), cert="/pem")


def test_uv_is_told_all_of_it():
    """uv gets the indexes in their order, its own files are left out, and it fetches no Python."""
    told = for_uv(FULL, {})
    assert told["UV_NO_CONFIG"] == "1"
    assert told["UV_INDEX"].split() == [ONE, TWO]
    assert told["UV_DEFAULT_INDEX"] == MORE
    assert told["UV_FIND_LINKS"] == "/a,/b"
    assert told["SSL_CERT_FILE"] == "/pem"
    assert told["UV_PYTHON_DOWNLOADS"] == "never"


def test_a_certificate_that_is_set_stays():
    """The person's own SSL_CERT_FILE is not replaced by pip's."""
    assert "SSL_CERT_FILE" not in for_uv(FULL, {"SSL_CERT_FILE": "/mine"})


def test_pip_is_told_all_of_it():
    """pip gets the same indexes, reads none of its files, and never waits for an answer."""
    told = for_pip(FULL)
    assert told["PIP_CONFIG_FILE"] == os.devnull
    assert told["PIP_INDEX_URL"] == MORE
    assert told["PIP_EXTRA_INDEX_URL"].split() == [ONE, TWO]
    assert told["PIP_FIND_LINKS"].split() == ["/a", "/b"]
    assert told["PIP_CERT"] == "/pem"
    assert told["PIP_NO_INPUT"] == "1"
    assert "PIP_NO_INDEX" not in told


def test_without_an_index_pip_asks_none():
    """Where only folders are to be asked, pip is told so."""
    told = for_pip(Sources(indexes=(), find_links=(LINKS,)))
    assert told["PIP_NO_INDEX"] == "1"
    assert "PIP_INDEX_URL" not in told


@pytest.mark.parametrize(
    ("url", "want"),
    [
        ("https://me:secret@host/simple", "https://host/simple"),
        ("https://secret@host:8080/simple/", "https://host:8080/simple/"),
        ("https://me:s@cret@host/simple", "https://host/simple"),
        ("https://:secret@host", "https://host"),
        ("https://me:secret@[::1]:8080/simple", "https://[::1]:8080/simple"),
        ("https://host/simple?a=b#c", "https://host/simple?a=b#c"),
        ("/srv/wheels", "/srv/wheels"),
        ("file:///srv/wheels", "file:///srv/wheels"),
        ("", ""),
    ],
)
def test_credentials_are_left_out(url, want):
    """What is shown of an address has neither user nor password, and is else the same."""
    assert without_credentials(url) == want


@given(st.text("abz09:%@-_.", min_size=1, max_size=12))
def test_no_part_of_a_password_is_left(secret):
    """Whatever stands before the host is gone."""
    assert without_credentials(f"https://{secret}@host.example/simple") == "https://host.example/simple"
