"""What a failure names: an address or a path, in its message or in the script's own line.

Rust says `Os { code: 13 }` and no path; a shell that went elsewhere says `.`. So
the source of a script is a second place to look: the line that the message
points to, else all of it. What is found there is held against the cage's rules
like a path in a message, and is as likely and no more.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F:]*:[0-9a-fA-F:.]*"
_PORT = r"\d{1,5}"
_PAIR = rf"['\"](?P<host>{_HOST})['\"], ?(?P<port>{_PORT})\b"
#: each finds a host, and most of them a port or a scheme
_ADDRESSES = (
    re.compile(
        rf"(?P<scheme>https?|wss?|ftp)://(?:[^\s/@'\"]{{1,200}}@)?\[?(?P<host>{_HOST})\]?"
        rf"(?::(?P<port>{_PORT}))?(?=[/'\"\s)?#,`]|$)"
    ),
    re.compile(
        rf"(?:connect\w*|connection|call failed|sendto|address)\W{{1,4}}(?:[^'\"\n]{{0,40}}\()?{_PAIR}"
    ),
    re.compile(rf"host=['\"](?P<host>{_HOST})['\"], ?port=(?P<port>{_PORT})\b"),
    re.compile(rf"\bE[A-Z]{{3,12}}:? (?P<host>{_HOST}):(?P<port>{_PORT})\b"),
    re.compile(rf"/dev/(?:tcp|udp)/(?P<host>{_HOST})/(?P<port>{_PORT})\b"),
    re.compile(rf"\bconnect(?:ion)? to (?P<host>{_HOST})(?::| port )(?P<port>{_PORT})\b"),
    re.compile(rf"['\"](?P<host>{_HOST}):(?P<port>{_PORT})['\"]"),
    re.compile(rf"\({_PAIR}"),
    re.compile(rf"\b(?P<port>{_PORT}), ?['\"](?P<host>{_HOST})['\"]"),
    re.compile(rf"(?:getaddrinfo \w+|resolve host:?|hostname:?) ['\"]?(?P<host>{_HOST})"),
)
_SCHEMES = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_MAX_PORT = 65_535
_LISTENS = re.compile(
    r"(?:listen|bind|HTTPServer|create_server|start_server)\b(?:(?!node:)[^\n]){0,80}?"
    rf"[\s:,(](?P<port>{_PORT})\b"
)
_WHERE = re.compile(
    r"\b(?:script|[\w-]+)\.(?:py|js|cjs|mjs|ts|sh|bash|rs)(?::|\", line | line |: line )(?P<line>\d{1,7})"
)
_QUOTED = re.compile(r"""(['"`])((?:/|\.{1,2}/|~/|\w)[^'"`\n\\]{0,900})\1""")
_BARE = re.compile(r"(?:^|[\s=<>(&|;])((?:/|\.{1,2}/|~/)[^\s'\"`;&|<>()$*?]{1,4095})")
_MOST_CHARS = 100_000  # of a source that is looked through
_LINE_CHARS = 1000
_MOST = 50  # paths of it


class Address(NamedTuple):
    """A host and a port; 0 where no port is said."""

    host: str
    port: int = 0

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else self.host


def address_in(text: str) -> Address | None:
    """Return the address that a text names last, or None.

    Examples
    --------
    >>> str(address_in("Error: connect EPERM 10.0.0.5:8080 - Local"))
    '10.0.0.5:8080'
    >>> str(address_in('urlopen("https://api.example.com/v1")'))
    'api.example.com:443'
    """
    for line in reversed(_lines(text)):
        for pattern in _ADDRESSES:
            for found in reversed(list(pattern.finditer(line))):
                if address := _address(found):
                    return address
    return None


def only_address_in(text: str) -> Address | None:
    """Return the one address that a text names; None where it names none, or several."""
    found = {address for line in _lines(text) if (address := address_in(line))}
    return next(iter(found)) if len(found) == 1 else None


def listening_port(text: str) -> int:
    """Return the port that a text says something listens on; 0 where it does not."""
    found = [int(match["port"]) for line in _lines(text) for match in _LISTENS.finditer(line)]
    ports = [port for port in found if 0 < port <= _MAX_PORT]
    return ports[-1] if ports else 0


def part_of(source: str, text: str) -> str:
    """Return the line of a source that a failure points to, else all of it, as far as it is looked at."""
    lines = source[:_MOST_CHARS].splitlines()
    numbers = [int(found["line"]) for found in _WHERE.finditer(text)]
    pointed = [lines[number - 1] for number in numbers if 0 < number <= len(lines)]
    return "\n".join(pointed) if pointed else source[:_MOST_CHARS]


def paths_in(source: str) -> list[str]:
    """Return what may be a path in some lines of code, the last first.

    Examples
    --------
    >>> paths_in('let p = read("/data/a.csv"); write("../b")')
    ['../b', '/data/a.csv']
    """
    quoted, bare = [], []
    for line in _lines(source):
        quoted += [found[1] for found in _QUOTED.findall(line) if "/" in found[1] or "." in found[1]]
        bare += _BARE.findall(line)
    return list(dict.fromkeys([*reversed(quoted), *reversed(bare)]))[:_MOST]


def _lines(text: str) -> list[str]:
    """Return the lines of a text as far as they are looked at: the expressions look ahead."""
    return [line[:_LINE_CHARS] for line in text[:_MOST_CHARS].splitlines()]


def _address(found: re.Match[str]) -> Address | None:
    parts = found.groupdict()
    port = int(parts.get("port") or _SCHEMES.get(parts.get("scheme") or "", 0))
    host = found["host"]
    is_name = "." in host or ":" in host or host == "localhost"
    return Address(host, port if port <= _MAX_PORT else 0) if is_name else None
