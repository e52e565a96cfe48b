"""Layer 4, for addresses: what answers there is another machine's business, or this machine's own.

A download from a named host is ordinary. This machine's own services (a Jupyter
server, a database, a container engine) and those that hand out a cloud
machine's credentials are not meant by somebody who downloads a file. A name can
stand for any address, which is not looked up: that is the cage's.
"""

from __future__ import annotations

import ipaddress
import re

from .paths import ALLOWED, Ruled

_METADATA = frozenset(
    """169.254.169.254 169.254.170.2 169.254.170.23 fd00:ec2::254 fd20:ce::254 100.100.100.200
    metadata.google.internal metadata metadata.azure.com metadata.internal instance-data""".split()  # noqa: SIM905
)
_HERE = re.compile(
    r"localhost|.*\.localhost|ip6-localhost|.*\.(?:localtest\.me|lvh\.me|nip\.io|sslip\.io|xip\.io)"
)
# Of http and https, programs take any number of slashes.
_AUTHORITY = re.compile(r"(?:https?:/*|[A-Za-z][\w+.-]*://|//)?([^/?#]*)", re.IGNORECASE)
_NUMBER = re.compile(r"(?:0x[0-9a-f]+|\d+)", re.IGNORECASE)


def reach(url: str) -> Ruled:
    """Return whether an address may be reached."""
    match = _AUTHORITY.match(url)
    authority = match[1] if match else ""
    if not authority.isascii() or "%" in authority or "\\" in authority:
        return Ruled("ask", "address", f"the host of {url} is written in an unusual way")
    name = authority.rpartition("@")[2]
    is_bracketed = name.startswith("[")
    host = name[1:].partition("]")[0] if is_bracketed else name.partition(":")[0]
    host = host.rstrip(".").lower()
    if "{" in url or "}" in url or re.search(r"\[[^\]:]*[-,]", url):
        return Ruled("ask", "address", f"{url} is a pattern of several addresses")
    if host in _METADATA:
        return Ruled("refuse", "metadata", f"{host} hands out this machine's credentials")
    number = address_of(host)
    if number is not None:
        return _number(number, host)
    if _HERE.fullmatch(host):
        return _this_machine(host)
    return ALLOWED


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a host's name spells as a number, however it is written; else None.

    Examples
    --------
    >>> address_of("0x7f.1") == address_of("2130706433") == address_of("127.0.0.1")
    True
    """
    if ":" in host:
        try:
            found = ipaddress.IPv6Address(host.partition("%")[0])
        except ValueError:
            return None
        return found.ipv4_mapped or found
    parts = host.split(".")
    if not 1 <= len(parts) <= 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    # As inet_aton(3) reads it: hexadecimal, octal, and the last number for all bytes that are left.
    *first, last = (_parsed(part) for part in parts)
    value = last
    for place, byte in enumerate(first):
        value += byte << (24 - 8 * place)
    return ipaddress.IPv4Address(value) if value < 2**32 and all(byte < 256 for byte in first) else None


def _parsed(part: str) -> int:
    if part.lower().startswith("0x"):
        return int(part, 16)
    is_octal = part.startswith("0") and len(part) > 1 and all(digit in "01234567" for digit in part)
    return int(part, 8 if is_octal else 10)


def _number(number: ipaddress.IPv4Address | ipaddress.IPv6Address, host: str) -> Ruled:
    if str(number) in _METADATA or number.is_link_local:
        return Ruled("refuse", "metadata", f"{host} hands out this machine's credentials")
    if number.is_loopback or number.is_unspecified:
        return _this_machine(host)
    if number.is_private:
        return Ruled("ask", "this-network", f"{host} is a machine of this network")
    return ALLOWED


def _this_machine(host: str) -> Ruled:
    why = f"{host} is this machine, where a Jupyter server or a database may answer"
    return Ruled("ask", "this-machine", why)
