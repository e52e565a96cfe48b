"""The quick way says what the finder says, or nothing."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from index import Index, cut, mislabelled, sdist, wheel

from autoexec_magic import executor
from autoexec_magic.installer import direct, patience, session
from autoexec_magic.installer.query import Query, Request
from autoexec_magic.installer.sources import Sources

USB = {"usb/__init__.py": ""}
QUERY = Query(distribution="pyusb", modules=("usb",))
SHORT_SECONDS = 0.3
OFFLINE_SECONDS = 20.0


def usb(version="1.0", **how):
    """Build a wheel of pyusb that holds usb."""
    return wheel("pyusb", version, USB, **how)


@pytest.fixture
def ask(index, tmp_path):
    """Return a function that asks the quick way."""

    def asked(*queries, indexes=(), **how):
        urls = tuple(indexes) or (index.url,)
        request = Request(
            queries=queries, indexes=urls, find_links=(), cache=str(tmp_path / "cache"), release_age_days=3.0
        )
        return direct.ask(queries, request, Sources(indexes=urls), **how)

    return asked


@pytest.mark.parametrize(
    ("files", "how"),
    [
        pytest.param([usb("1.0"), usb("1.1", days=10)], {}, id="two"),
        pytest.param([usb("1.0"), usb("1.1", days=1)], {}, id="fresh"),
        pytest.param([usb("1.0"), usb("1.1", yanked=True)], {}, id="yanked"),
        pytest.param([usb("1.0", tag="cp311-cp311-win_amd64")], {}, id="platform"),
        pytest.param([usb("1.0", requires_python=">=4")], {}, id="python"),
        pytest.param([sdist("pyusb")], {}, id="source"),
        pytest.param([wheel("pyusb", files={"evil.pth": ""})], {}, id="pth"),
        pytest.param([wheel("pyusb", files=[*USB.items(), *USB.items()])], {}, id="twice"),
        pytest.param([wheel("pyusb", files={**USB, "numpy/__init__.py": ""})], {}, id="anothers-name"),
        pytest.param([usb()], {"redirect": True}, id="moved"),
        pytest.param([usb()], {"standing": ("archived", "no time")}, id="archived"),
        pytest.param([usb()], {"standing": ("quarantined", "malware")}, id="quarantined"),
        pytest.param([], {}, id="empty"),
    ],
)
def test_it_says_what_the_finder_says(ask, find, index, files, how):
    """In every word: what is chosen, held, wrong with it."""
    index.add("pyusb", *files, **how)
    said = ask(QUERY)
    assert said == {QUERY: find(QUERY)[0]} or said == {}
    assert said or not files or files[0].filename.endswith((".tar.gz", "win_amd64.whl"))


@pytest.mark.parametrize(
    ("files", "how"),
    [
        pytest.param([usb()], {"json": False}, id="html"),
        pytest.param([usb()], {"times": False}, id="no-times"),
        pytest.param([usb()], {"status": 500}, id="down"),
        pytest.param([usb()], {"status": 401}, id="login"),
        pytest.param([usb()], {"loop": True}, id="loop"),
        pytest.param([usb()], {"document": (direct.JSON, b'{"files": 7}')}, id="broken"),
        pytest.param([usb()], {"document": (direct.JSON, b"[" * 100_000)}, id="deep"),
        pytest.param([cut(usb())], {}, id="truncated"),
        pytest.param([mislabelled(usb())], {}, id="other-bytes"),
    ],
)
def test_what_is_not_plain_is_left_to_the_finder(ask, index, files, how):
    """It has the words, the logins and the other kinds of page."""
    index.add("pyusb", *files, **how)
    assert ask(QUERY) == {}


@pytest.mark.parametrize("hang", ["page", "file"])
def test_a_hanging_index_is_down(ask, index, monkeypatch, hang):
    """It is named, and the next index is not asked."""
    monkeypatch.setattr(session, "READ_SECONDS", SHORT_SECONDS)
    index.add("pyusb", usb(), hang=hang)
    with Index() as public:
        public.add("pyusb", usb("9.0"))
        found = ask(QUERY, indexes=(index.url, public.url))[QUERY]
        assert public.asked == []
    assert (found.is_down, found.is_unreachable, found.sha256) == (True, False, "")
    assert "did not answer within" in found.error


def test_an_endless_page_is_given_up(ask, index, monkeypatch):
    """After so many bytes."""
    monkeypatch.setattr(direct, "MAX_PAGE_BYTES", 3 * 2**20)
    index.add("pyusb", usb(), endless="page")
    assert "without end" in ask(QUERY)[QUERY].error


def test_an_endless_file_is_not_kept(ask, index, tmp_path):
    """It is as large as the page says, or it is none."""
    index.add("pyusb", usb(), endless="file")
    assert ask(QUERY) == {}
    assert list((tmp_path / "cache").rglob("*.part")) == []


def test_the_first_index_that_serves_a_name_is_the_only_one(ask, index):
    """A private name never comes from the public index; what only that has, does."""
    index.add("pyusb", usb("1.0"))
    with Index() as public:
        public.add("pyusb", usb("9.0"))
        public.add("other-thing", wheel("other-thing"))
        other = Query(distribution="other-thing")
        found = ask(QUERY, other, indexes=(index.url, public.url))
        assert public.asked == ["other-thing"]
    assert (found[QUERY].version, found[other].version) == ("1.0", "1.0")


def test_what_is_needed_is_asked_for_ahead(ask, index):
    """As soon as it is known, unless it is blocked."""
    index.add("pyusb", wheel("pyusb", files=USB, requires=["inner-dep>=1", "evil-dep"]))
    index.add("inner-dep", wheel("inner-dep", requires=["deep-dep"]))
    index.add("deep-dep", wheel("deep-dep"))
    index.add("evil-dep", wheel("evil-dep"))
    found = ask(QUERY, ahead=True, blocked=frozenset({"evil-dep"}))
    assert {query.distribution for query in found} == {"pyusb", "inner-dep", "deep-dep"}
    assert "evil-dep" not in index.asked
    assert set(ask(QUERY)) == {QUERY}


def test_nobody_there_is_said_in_time(ask, monkeypatch):
    """Offline is a matter of seconds, however much is asked for: refused, unknown, or a black hole."""
    queries = [Query(distribution=f"frob-{number}") for number in range(20)]
    for url in (
        "http://127.0.0.1:9/simple",
        "https://no-such-host.invalid/simple",
        "https://192.0.2.1/simple",
    ):
        start = time.monotonic()
        found = ask(*queries, indexes=(url,))
        assert time.monotonic() - start < OFFLINE_SECONDS
        assert all(found[query].is_unreachable for query in queries)
        assert "could not be reached" in found[queries[0]].error


@pytest.mark.parametrize(
    ("hang", "said"), [("page", "still asking http://127.0.0.1:"), ("file", "downloading pyusb-1.0-py3")]
)
def test_a_long_wait_is_told(ask, index, monkeypatch, hang, said):
    """Silence for more than a second looks like a fault."""
    index.add("pyusb", usb(), hang=hang)
    monkeypatch.setattr(patience, "FIRST_SECONDS", 0.1)
    told, cancel = [], executor.Cancel()

    def tell(text):
        told.append(text)
        if said in text:
            cancel.set()

    with pytest.raises(direct.Cancelled):
        ask(QUERY, cancel=cancel, tell=tell)
    assert said in told[-1]


def test_whoever_stops_it_is_obeyed_at_once(ask, index):
    """The wait is over, and nothing is left."""
    index.add("pyusb", usb(), hang="page")
    cancel = executor.Cancel()
    cancel.set()
    with pytest.raises(direct.Cancelled):
        ask(QUERY, cancel=cancel)


@pytest.mark.parametrize(
    ("sources", "suits"),
    [
        ({}, True),
        ({"indexes": ("https://me:pw@host/simple",)}, False),
        ({"indexes": ("file:///simple",)}, False),
        ({"indexes": ()}, False),
        ({"find_links": ("/x",)}, False),
        ({"keyring": "subprocess"}, False),
    ],
)
def test_only_plain_sources_suit(sources, suits, monkeypatch, tmp_path):
    """What needs a login, a proxy or a folder is the finder's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    plain = Sources(indexes=("https://host/simple",))
    assert direct.suits(replace(plain, **sources), {}) == suits


def test_a_login_on_file_and_a_proxy_do_not_suit(monkeypatch, tmp_path):
    """Both are the finder's to use."""
    plain = Sources(indexes=("https://host/simple",))
    (tmp_path / "netrc").write_text("machine host login me password pw\n")
    assert not direct.suits(plain, {"NETRC": str(tmp_path / "netrc")})
    (tmp_path / "netrc").write_text("machine other login me password pw\n")
    assert direct.suits(plain, {"NETRC": str(tmp_path / "netrc")})
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    assert not direct.suits(plain, {"NETRC": str(tmp_path / "netrc")})
