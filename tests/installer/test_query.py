"""What crosses to the finder and back is plain values."""

from __future__ import annotations

import json
from dataclasses import asdict

from autoexec_magic.installer.query import Found, Query, Request


def test_a_request_crosses_as_json():
    """Nothing of a request is lost on its way to the child."""
    query = Query(distribution="pyusb", modules=("usb",), specifier="==1.0", newest_known="1.0")
    request = Request(
        queries=(query,), indexes=("https://x",), find_links=(), cache="/c", release_age_days=3.0
    )
    fields = json.loads(json.dumps(asdict(request)))
    assert fields["queries"][0]["modules"] == ["usb"]
    assert fields["now"].endswith("+00:00")


def test_a_query_can_be_a_key():
    """Answers are kept by their query; equal questions have one answer."""
    assert {Query(distribution="a"): 1}[Query(distribution="a")] == 1
    assert not Found(distribution="a").exists
