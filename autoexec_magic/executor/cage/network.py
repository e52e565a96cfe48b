"""Whether it was the cage that kept a run from the network, and which option would let it through.

Without the network there is not even a socket. With ports a run may connect to
them over TCP, and nothing else: it asks for names over TCP, too, which many
resolvers do not answer.
"""

from __future__ import annotations

import re

from ...values import Denial
from .request import Net

_NAME = (
    r"Could not resolve|[nN]ame resolution|getaddrinfo|socket\.gaierror|NameResolutionError|Failed to resolve"
)
_NET = re.compile(
    rf"{_NAME}|Network is unreachable|ENETUNREACH|curl: \([67]\)|NewConnectionError"
    r"|(?:connect|listen|bind) E(?:ACCES|PERM)"
    r"|(?:[sS]ocket|connect|bind|listen)\b[^\n]*(?:[oO]peration not permitted|[pP]ermission denied)"
)
_SOCKET_TRACE = re.compile(
    r"(?:socket\.py|in (?:create_connection|connect|bind|_socket))[\s\S]*Error: \[Errno (?:1|13)\] "
    r"|(?:\.connect|\.bind|\.listen|socket\.socket|sock_connect)\([^\n]*\n[\s\S]*Error: \[Errno (?:1|13)\] "
)
_UNANSWERED = re.compile(_NAME)
_NO_SUCH_NAME = re.compile(r"Errno -[25]\]|Name or service not known|No address associated|ENOTFOUND")
_LISTENS = re.compile(
    r"create_server|start_server|socketserver\.py|\.(?:bind|listen)\(|(?:bind|listen) E(?:ACCES|PERM)"
    r"|\b(?:bind|listen)\b[^\n]*(?:[oO]peration not permitted|[pP]ermission denied)"
)
_NO_CALL = re.compile(r"Errno 1\]|EPERM|[oO]peration not permitted")  # the filter's; the rules' is EACCES
_NO_PORT = re.compile(r"Errno 13\]|EACCES|[pP]ermission denied")
_PORT = re.compile(
    r"\bport[=: ]\s*['\"]?(\d{1,5})\b"
    r"|[cC]onnect(?:\w*\(| call failed )\(?['\"][^'\"\n]*['\"], ?(\d{1,5})\b"
    r"|(?:connect E\w+|dial tcp|[cC]onnect to) \S*:(\d{1,5})\b"
    r"|\bhttps?://[^\s/'\":]+:(\d{1,5})\b"
)
_SCHEME = re.compile(r"\b(https?)://|\b(HTTPS?)Connection\b")
_MAX_PORT = 65_535


def explain_network(text: str, net: Net) -> Denial | None:
    """Return the denial that `text` tells of; None if the cage denied nothing of the network.

    Parameters
    ----------
    text : str
        The end of what a child wrote.
    net : "none", "all" or tuple of int
        What was let through.
    """
    if net == "all" or not (_NET.search(text) or _SOCKET_TRACE.search(text)):
        return None
    if isinstance(net, str) or not net:
        return _without(text)
    return _beyond(text, net)


def _without(text: str) -> Denial:
    if _LISTENS.search(text):
        return _denial("all", "the cage does not let a run listen for connections")
    return _denial(str(_port(text) or "PORTS"), "the cage does not let a run use the network")


def _beyond(text: str, ports: tuple[int, ...]) -> Denial | None:
    """Return what was denied beyond `ports`; what fails within them is not the cage's doing."""
    if _LISTENS.search(text):
        return _denial("all", "with ports alone a run may connect to them, and not listen")
    if _UNANSWERED.search(text):
        if _NO_SUCH_NAME.search(text):
            return None
        return _denial("all", "with ports alone names are asked for over TCP, and nobody answered")
    if _NO_CALL.search(text):
        return _denial("all", "with ports alone a run may connect over TCP, and nothing else")
    port, is_denied = _port(text), _NO_PORT.search(text)
    why = f"the cage lets a run connect to no other port than {', '.join(map(str, ports))}"
    if port and port not in ports and (is_denied or "curl: (7)" in text):
        return _denial(",".join(map(str, (*ports, port))), why)
    return _denial("PORTS", why) if is_denied else None


def _denial(ports: str, why: str) -> Denial:
    return Denial(door="net", thing="the network", option=f"--net {ports}", why=why)


def _port(text: str) -> int | None:
    """Return the port that a run wanted, if its failure tells; what stands last is nearest to it."""
    failing = [line for line in text.splitlines() if _NET.search(line)][-1:]
    for part in (*failing, text):
        named = [int(next(filter(None, found))) for found in _PORT.findall(part)]
        if found := [number for number in named if 0 < number <= _MAX_PORT]:
            return found[-1]
        if schemes := _SCHEME.findall(part):
            return 443 if "https" in "".join(schemes[-1]).lower() else 80
    return None
