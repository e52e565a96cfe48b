"""One index's page: served, not served, or a fault that is told; never a login."""

from __future__ import annotations

import json
import zlib

import pytest
from index import SIMPLE_HTML, SIMPLE_JSON, wheel

from autoexec_magic.installer.page import IndexFault, Shelf, without_logins
from autoexec_magic.installer.query import Query


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


def test_a_page_that_unpacks_to_more_than_there_is_room_for_is_given_up(index):
    """A few hundred kilobytes of zeros are not unpacked into the memory of whoever asked."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    page = b"".join([packer.compress(bytes(2**20)) for _ in range(100)]) + packer.flush()
    index.add("frob", document=(SIMPLE_HTML, page, {"Content-Encoding": "gzip"}))
    with pytest.raises(IndexFault, match="without end"):
        ask(index.url)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd"])
def test_an_encoding_that_nobody_asked_for_is_a_fault(index, encoding):
    """Two layers of packing would unpack a millionfold."""
    index.add("frob", document=(SIMPLE_HTML, b"x", {"Content-Encoding": encoding}))
    with pytest.raises(IndexFault, match="encoding"):
        ask(index.url)


def test_an_index_sends_nobody_to_a_file(index):
    """A redirect from the network to this machine's own files is not followed."""
    import httpx2

    answer = httpx2.Response(
        302, headers={"Location": "file:///etc/passwd"}, request=httpx2.Request("GET", index.url)
    )
    with pytest.raises(IndexFault, match="no address of the network"):
        Shelf(index.url, (), 5.0)._note(answer)


def test_a_page_from_elsewhere_names_no_file_of_this_machine(find, index, tmp_path):
    """Its wheel would be read from the disk of whoever asked: it is not, and the page is named."""
    file = wheel("pyusb", files={"usb/__init__.py": ""})
    (tmp_path / file.filename).write_bytes(file.content)
    row = {
        "filename": file.filename,
        "url": (tmp_path / file.filename).as_uri(),
        "hashes": {"sha256": file.sha256},
    }
    page = {"meta": {"api-version": "1.1"}, "name": "pyusb", "files": [row]}
    index.add("pyusb", document=(SIMPLE_JSON, json.dumps(page).encode()))
    [found] = find(Query(distribution="pyusb", modules=("usb",)))
    assert "no address of the network" in found.error
    assert found.sha256 == ""


def test_a_page_too_deep_to_read_is_its_own_fault(find, index):
    """The other projects that were asked for are answered all the same."""
    index.add("deep", document=(SIMPLE_JSON, b'{"meta":{"api-version":"1.0"},"files":' + b"[" * 10**5))
    index.add("pyusb", wheel("pyusb", files={"usb/__init__.py": ""}))
    deep, other = find(Query(distribution="deep"), Query(distribution="pyusb", modules=("usb",)))
    assert "broken" in deep.error
    assert other.held == ("usb",)
