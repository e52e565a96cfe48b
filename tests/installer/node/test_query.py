"""What crosses to the child and back."""

from __future__ import annotations

import json
from dataclasses import asdict

from autoexec_magic.installer.node.query import Found, Query, Request


def test_a_request_crosses_as_json():
    """Every field of it is plain data."""
    request = Request(
        queries=(Query(name="x"),),
        registry="https://r/",
        scopes={"@a": "https://a/"},
        logins={},
        cafile="",
        cache="/c",
        release_age_days=3,
    )
    fields = json.loads(json.dumps(asdict(request)))
    queries = tuple(Query(**{**each, "subpaths": tuple(each["subpaths"])}) for each in fields.pop("queries"))
    assert Request(queries=queries, **fields) == request


def test_nothing_found_says_nothing():
    """What nobody looked into is not proved."""
    assert (Found(name="x").exists, Found(name="x").sha256, Found(name="x").held) == (False, "", ())
