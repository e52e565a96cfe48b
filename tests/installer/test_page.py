"""One index's page: served, not served, or a fault that is told; never a login."""

from __future__ import annotations

import pytest
from index import wheel

from autoexec_magic.installer.page import IndexFault, Shelf, without_logins


def ask(url, name="frob"):
    """Return what an index has of a project."""
    with Shelf(url, (), 5.0).opened() as shelf:
        return shelf.files(name)


def test_a_page_is_served_and_its_absence_is_not(index):
    """A page without files is an answer; 404 is the only way to have none."""
    index.add("frob", wheel("frob"))
    index.add("empty")
    assert [file.version for file in ask(index.url)] == ["1.0"]
    assert ask(index.url, "empty") == []
    assert ask(index.url, "nothing") is None


@pytest.mark.parametrize("status", [204, 401, 403, 418, 429, 500, 503])
def test_any_other_status_is_a_fault(index, status):
    """Its number is told."""
    index.add("frob", wheel("frob"), status=status)
    with pytest.raises(IndexFault, match=str(status)):
        ask(index.url)


def test_an_index_without_tls_is_not_asked():
    """Only this machine itself may be asked in the clear."""
    with pytest.raises(IndexFault, match="has no TLS"):
        ask("http://user:s3cr3t@index.example/simple")


@pytest.mark.parametrize("text", ["'https://me:pw@h/x'", "https://token@h/x and ftp://a:b@h"])
def test_logins_are_taken_out_of_texts(text):
    """Whatever library wrote the sentence."""
    assert "@" not in without_logins(text)
