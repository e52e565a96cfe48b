"""What fails between machines."""

from __future__ import annotations

import pytest
from tablerows import holds_as_a_table

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.tables import network


def test_each_row_has_a_fix_and_was_captured():
    """But for those that need what is not here; their words are below."""
    holds_as_a_table(network, {"proxy-failed"})


@pytest.mark.parametrize(
    ("type_name", "message", "code", "confidence"),
    [
        ("requests.exceptions.ProxyError", "Cannot connect to proxy.", "proxy-failed", "likely"),
        ("ssl.SSLError", "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] odd", "tls-failed", "likely"),
        ("urllib.error.HTTPError", "HTTP Error 418: I'm a teapot", "http-client-error", "likely"),
        (
            "requests.exceptions.HTTPError",
            "503 Server Error: x for url: http://h:8404/404",
            "http-server-error",
            "certain",
        ),
        (
            "requests.exceptions.HTTPError",
            "404 Client Error: x for url: http://h/500",
            "http-not-found",
            "certain",
        ),
        ("requests.exceptions.HTTPError", "odd", "http-client-error", "likely"),
        ("shop.ApiError", "Connection refused", "connection-refused", "likely"),
        ("HTTPError", "HTTP Error 429: Too Many Requests", "rate-limited", "likely"),
        (
            "urllib.error.URLError",
            "<urlopen error [Errno 101] Network is unreachable>",
            "host-unreachable",
            "certain",
        ),
        ("urllib.error.HTTPError", "HTTP Error 301: Moved", "too-many-redirects", "likely"),
    ],
)
def test_words_that_were_not_captured_here(type_name, message, code, confidence):
    """As other versions, other machines and other printers write them."""
    seen = python.explain(type_name, message)
    assert (seen[0], seen[3]) == (code, confidence)
