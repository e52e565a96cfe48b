"""Whether it was the cage that kept a run from the network, and which option would let it through.

Without the network there is not even a socket. With ports a run may connect to
them over TCP, and nothing else: it asks for names over TCP, too, which many
resolvers do not answer.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ...values import Denial
from . import named
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
# In a script's own line, where its message says nothing but that it was not permitted.
_CALLS = re.compile(r"TcpStream|TcpListener|UdpSocket|ToSocketAddrs|/dev/(?:tcp|udp)/|\bsocket\b|https?://")
_DATAGRAMS = re.compile(r"SOCK_DGRAM|SOCK_RAW|UdpSocket|\bdgram\b|/dev/udp/|sendto\(")  # ports are TCP's
_LISTENS_IN_CODE = re.compile(r"\b(?:bind|listen)\s*\(|HTTPServer|create_server|start_server")
_CONNECTS = re.compile(r"\bconnect\w*\b|create_connection|open_connection|https?://|/dev/tcp|urlopen|fetch\(")


def explain_network(text: str, net: Net, *, source: str = "") -> Denial | None:
    """Return the denial that `text` tells of; None if the cage denied nothing of the network.

    Parameters
    ----------
    text : str
        The end of what a child wrote.
    net : "none", "all" or tuple of int
        What was let through.
    source : str, optional
        The code that ran, or the line of it that failed: what no message says
        may stand there.
    """
    said = f"{source}\n{text}"
    is_of_net = _NET.search(text) or _SOCKET_TRACE.search(text)
    if net == "all" or not (is_of_net or (_NO_CALL.search(text) and _CALLS.search(source))):
        return None
    if isinstance(net, str) or not net:
        return _without(text, source)
    return _named(_beyond(text, net), said)


def _without(text: str, source: str) -> Denial:
    does_connect = _CONNECTS.search(text) or _CONNECTS.search(source)
    if _LISTENS.search(text) or (_LISTENS_IN_CODE.search(source) and not does_connect):
        port = named.listening_port(text) or named.listening_port(source)
        why = "the cage does not let a run listen for connections"
        return _denial("all", f"{why} on port {port}", f"port {port}") if port else _denial("all", why)
    said, meant = named.address_in(text), named.only_address_in(source)
    address = said or meant
    if address is None:
        return _denial(str(_port(text) or "PORTS"), "the cage does not let a run use the network")
    port = _port(text) or address.port or (meant.port if meant and meant.host == address.host else 0)
    wanted = named.Address(address.host, port)
    why = f"the cage does not let a run use the network, and it wanted to reach {wanted}"
    is_over_tcp = not _DATAGRAMS.search(f"{source}\n{text}")
    return _denial(str(port or "PORTS") if is_over_tcp else "all", why, str(wanted))


def _named(denial: Denial | None, text: str) -> Denial | None:
    """Return a denial with the address that a text names."""
    address = named.address_in(text)
    if denial is None or address is None or denial.option == "--net all":
        return denial
    return replace(denial, thing=str(address), why=f"{denial.why}; it wanted to reach {address}")


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


def _denial(ports: str, why: str, thing: str = "the network") -> Denial:
    return Denial(door="net", thing=thing, option=f"--net {ports}", why=why)


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
