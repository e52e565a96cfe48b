"""How a version's answer is judged."""

from __future__ import annotations

import base64
import json

import pytest

from autoexec_magic.deployer.aws.asked import event_of, judged


@pytest.mark.parametrize(
    ("answer", "payload", "path", "says"),
    [
        pytest.param({}, b"null", "", "", id="an answer is an answer"),
        pytest.param({}, b"", "", "", id="even none"),
        pytest.param({}, b'{"statusCode": 204}', "/health", "", id="HTTP"),
        pytest.param({}, b'{"statusCode": 503}', "/health", "HTTP 503", id="bad HTTP"),
        pytest.param({}, b'"hello"', "/health", "no HTTP", id="no HTTP"),
        pytest.param({}, b"{", "/health", "no HTTP", id="no JSON"),
        pytest.param(
            {"FunctionError": "Unhandled"},
            b'{"errorType": "KeyError", "errorMessage": "x"}',
            "",
            "KeyError: x",
            id="raised",
        ),
    ],
)
def test_judged(answer, payload, path, says):
    """By its error, and by its status where a path is asked."""
    found = judged(answer, payload, path)
    assert (found.why if found else "").endswith(says)
    assert (found is None) == (not says)


def test_what_does_not_begin_is_final_with_its_last_words():
    """Without the lines that Lambda writes itself."""
    log = base64.b64encode(b"START RequestId: 1\nno database\nEND RequestId: 1\n").decode()
    answer = {"FunctionError": "Unhandled", "LogResult": log}
    found = judged(answer, b'{"errorType": "Runtime.ExitError", "errorMessage": "x"}', "")
    assert found.is_final
    assert found.evidence == ("no database",)


def test_a_path_is_asked_as_a_function_url_asks():
    """In its format 2.0."""
    event = json.loads(event_of("/health", "{}"))
    assert (event["rawPath"], event["requestContext"]["http"]["method"]) == ("/health", "GET")
    assert event_of("", '{"a": 1}') == b'{"a": 1}'
