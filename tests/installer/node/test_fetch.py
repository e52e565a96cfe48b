"""HTTP to a registry: where a login goes, and what is not asked."""

from __future__ import annotations

import pytest

from autoexec_magic.installer.node.fetch import Fetcher, RegistryFault, is_private, login_for

LOGINS = {"//h/npm/": "Bearer one", "//h/": "Bearer two", "//h:8080/": "Bearer three"}


@pytest.mark.parametrize(
    ("url", "want"),
    [
        ("https://h/npm/x", "Bearer one"),
        ("https://h/x", "Bearer two"),
        ("http://h:8080/x", "Bearer three"),
        ("https://h.evil/x", ""),
        ("https://evil/h/", ""),
        ("https://h:81/x", ""),
        ("https://h/npm/../../x", ""),
    ],
)
def test_a_login_goes_where_it_belongs(url, want):
    """Host, port and the start of the path; nothing that is only spelt alike."""
    assert login_for(url, LOGINS) == want


@pytest.mark.parametrize(
    ("url", "want"),
    [
        ("https://h/", True),
        ("http://127.0.0.1:1/", True),
        ("http://[::1]/", True),
        ("http://localhost/", True),
        ("http://h/", False),
        ("http://127.0.0.1.evil/", False),
        ("ftp://127.0.0.1/", False),
        ("file:///etc/passwd", False),
    ],
)
def test_without_tls_only_this_machine_is_asked(url, want):
    """Anybody on the way could answer; a file is no registry."""
    assert is_private(url) is want


def test_a_tarball_s_address_cannot_be_a_file(tmp_path):
    """What the registry gives for an address is looked at like any other."""
    fetcher = Fetcher(logins={}, cafile="", cache=tmp_path / "cache")
    dist = {"integrity": "sha512-" + "A" * 86 + "=="}
    with pytest.raises(RegistryFault, match="no TLS"):
        fetcher.tarball("https://h/", "file:///etc/passwd", dist)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    "dist", [{}, {"shasum": "x"}, {"integrity": "sha1-AAAA"}, {"integrity": "sha512-AAAA"}]
)
def test_a_tarball_without_a_sound_digest_is_not_fetched(tmp_path, dist):
    """SHA-1 can be forged."""
    with pytest.raises(RegistryFault, match="no SHA-512"):
        Fetcher(logins={}, cafile="", cache=tmp_path).tarball("https://h/", "https://h/x.tgz", dist)


def test_a_second_look_needs_no_download(registry, tmp_path):
    """The cache has the proved bytes by their digest; changed ones are fetched again."""
    integrity = registry.publish("fetch-once")
    fetcher = Fetcher(logins={}, cafile="", cache=tmp_path / "cache")
    dist = fetcher.page(registry.url, "fetch-once")["versions"]["1.0.0"]["dist"]
    path, _, found = fetcher.tarball(registry.url, dist["tarball"], dist)
    assert found == integrity
    assert fetcher.tarball(registry.url, "https://nowhere.invalid/x.tgz", dist)[0] == path
    path.write_bytes(b"changed")
    assert fetcher.tarball(registry.url, dist["tarball"], dist)[0].read_bytes() != b"changed"
    assert fetcher.page(registry.url, "fetch-none") is None
