"""A denial of the network is told apart from a network at fault, with the option that would help."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.cage.network import explain_network

POOL = "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='example.org', port=8443): Max retries"
DENIED = "PermissionError: [Errno 1] Operation not permitted"
REFUSED = "PermissionError: [Errno 13] Permission denied"
UNANSWERED = "socket.gaierror: [Errno -3] Temporary failure in name resolution"


def option(text: str, net: object = "none") -> str | None:
    """Return the option that a message leads to."""
    found = explain_network(text, net)
    return found and found.option


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("curl: (6) Could not resolve host: example.org", "--net PORTS", id="unsaid"),
        pytest.param(f"{POOL} (Caused by NameResolutionError(...))", "--net 8443", id="port="),
        pytest.param(
            f'    urllib.request.urlopen("https://example.org/a")\n{UNANSWERED}', "--net 443", id="https"
        ),
        pytest.param(
            f'see https://example.org\n    get("http://example.org/a")\n{UNANSWERED}', "--net 80", id="http"
        ),
        pytest.param(f'    get("http://example.org:8080/a")\n{UNANSWERED}', "--net 8080", id="in-an-address"),
        pytest.param(f"    s.connect(('127.0.0.1', 5432))\n{DENIED}", "--net 5432", id="connect"),
        pytest.param(
            f"    create_connection(('127.0.0.1', 5432))\nin create_connection\n{DENIED}",
            "--net 5432",
            id="create_connection",
        ),
        pytest.param("Error: connect EACCES 10.0.0.1:80", "--net 80", id="node"),
        pytest.param("curl: (7) Failed to connect to 10.0.0.1 port 99999", "--net PORTS", id="no-port"),
        pytest.param(
            f"    s = socket.create_server(('', 80))\nsocket.py\n{DENIED}", "--net all", id="listens"
        ),
        pytest.param("ValueError: port=443", None, id="not-the-network"),
    ],
)
def test_without_the_network_the_port_is_named(text, found):
    """Where the failure tells which; a server needs all of it."""
    assert option(text) == found
    assert option(text, ()) == found
    assert option(text, "all") is None


@pytest.mark.parametrize(
    "text",
    [
        UNANSWERED,
        "curl: (6) Could not resolve host: example.org",
        f"{POOL} (Caused by NameResolutionError('[Errno -3] Temporary failure in name resolution'))",
        "Error: getaddrinfo EAI_AGAIN example.org",
    ],
)
def test_names_that_nobody_answers_need_all_of_the_network(text):
    """More ports would not help: the resolver is asked over TCP with them."""
    found = explain_network(text, (443,))
    assert found.option == "--net all"
    assert "names are asked for over TCP, and nobody answered" in found.why


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(f"    s.bind(('', 8080))\n{REFUSED}", "--net all", id="bind"),
        pytest.param(f"    s.listen()\n{DENIED}", "--net all", id="listen"),
        pytest.param("Error: listen EACCES: permission denied 0.0.0.0:80", "--net all", id="node-listens"),
        pytest.param(f"    socket.socket(2, 2)\nsocket.py\n{DENIED}", "--net all", id="datagrams"),
        pytest.param(f"    s.connect(('127.0.0.1', 5432))\n{REFUSED}", "--net 443,5432", id="another-port"),
        pytest.param(
            "PermissionError: [Errno 13] error while attempting to bind on address ('127.0.0.1', 8080):"
            " permission denied",
            "--net all",
            id="asyncio-binds",
        ),
        pytest.param(
            "asyncio/base_events.py, in create_connection\n"
            "PermissionError: [Errno 13] Connect call failed ('127.0.0.1', 5432)",
            "--net 443,5432",
            id="asyncio-connects",
        ),
        pytest.param(f"    s.connect(place)\n{REFUSED}", "--net PORTS", id="unsaid"),
        pytest.param(
            "curl: (7) Failed to connect to h port 80: Could not connect", "--net 443,80", id="curl"
        ),
        pytest.param(
            "curl: (7) Failed to connect to h port 443: Connection refused", None, id="nobody-there"
        ),
        pytest.param(
            "NewConnectionError(port=80): [Errno 111] Connection refused", None, id="nobody-elsewhere"
        ),
        pytest.param("OSError: [Errno 101] Network is unreachable", None, id="no-way-there"),
        pytest.param("socket.gaierror: [Errno -2] Name or service not known", None, id="no-such-name"),
        pytest.param("Error: getaddrinfo ENOTFOUND no.example", None, id="node-no-such-name"),
    ],
)
def test_with_ports_only_what_is_beyond_them_is_a_denial(text, found):
    """What fails within them fails without a cage, too."""
    assert option(text, (443,)) == found
