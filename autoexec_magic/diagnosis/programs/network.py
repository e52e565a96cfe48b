"""What curl, wget, ssh and scp say when they fail.

curl's number is in its message: the table is by number, after the list of
exit codes in its manual.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ..spots import Family, Saying, Seen, Spot, known, seen

if TYPE_CHECKING:
    from autoexec_magic.values import Confidence

_NETWORK = "check the host's name, and whether this machine has a network"
_SERVER = "start the server, or correct the address and port"
_AGAIN = "run it again; if it stays so, look at what the server logs"
_CA = "give the CA that signed it (--cacert FILE); --insecure would trust anybody"
#: Exit code of curl -> code, fix.
CURL: MappingProxyType[int, tuple[str, str]] = MappingProxyType(
    {
        1: ("invalid-url", "correct the protocol at the URL's beginning, such as https://"),
        2: ("unknown-option", "correct the option; curl --help all lists them"),
        3: ("invalid-url", "correct the URL, and quote it: a shell takes & and spaces as its own"),
        5: ("host-not-found", "correct the proxy's name (http_proxy, https_proxy, --proxy)"),
        6: ("host-not-found", _NETWORK),
        7: ("connection-refused", _SERVER),
        8: ("unexpected-answer", "look at what answers there: it does not speak that protocol"),
        9: ("forbidden", "take a folder of the server that you may use"),
        16: ("unexpected-answer", "add --http1.1"),
        18: ("transfer-cut", "run it again, with -C - to go on where it stopped"),
        19: ("file-not-found", "correct the path on the server"),
        21: ("command-failed", "look at what the server answered (--verbose)"),
        22: ("http-error", "look at the status: 401 and 403 want credentials, 404 another URL, 5xx is the server's own"),
        23: ("write-failed", "check that the folder of -o exists, that it is yours and has space"),
        25: ("forbidden", "take a place of the server that you may write to"),
        26: ("file-not-found", "check the path of the local file: it is looked up from the working directory"),
        27: ("out-of-memory", "free some memory, or do less at once"),
        28: ("operation-timed-out", "allow more time (--max-time), or look at why the server is slow"),
        33: ("transfer-cut", "run it again without -C: the server cannot go on where it stopped"),
        35: ("tls-failed", "check that the port speaks TLS (https, not http), and its version"),
        37: ("file-not-found", "check the path of the file, and that you may read it"),
        47: ("too-many-redirects", "look at where it is sent (--verbose): it goes round in a circle"),
        48: ("unknown-option", "correct the option"),
        51: ("certificate-invalid", "use the host name that the certificate is for"),
        52: ("empty-reply", _AGAIN),
        53: ("tls-failed", "install the TLS engine it names"),
        54: ("tls-failed", "correct the TLS engine"),
        55: ("connection-lost", _AGAIN),
        56: ("connection-lost", _AGAIN),
        58: ("certificate-invalid", "correct the client certificate (--cert, --key)"),
        59: ("tls-failed", "correct --ciphers"),
        60: ("certificate-invalid", _CA),
        61: ("unexpected-answer", "leave --compressed out"),
        63: ("file-too-large", "raise --max-filesize"),
        66: ("tls-failed", "correct the TLS engine"),
        67: ("authentication-failed", "correct user and password (-u), or the token"),
        70: ("disk-full", "free some space on the server"),
        77: ("certificate-invalid", "correct the path of the CA file (--cacert)"),
        78: ("file-not-found", "correct the path on the server"),
        79: ("authentication-failed", "correct the SSH key or password"),
        92: ("connection-lost", "run it again, with --http1.1"),
        95: ("tls-failed", "run it again without --http3"),
        97: ("proxy-failed", "look at what the proxy answers"),
    }
)  # fmt: skip
#: Status of HTTP -> code, fix; the same codes as a Python library's answers have.
_STATUS: MappingProxyType[int, tuple[str, str]] = MappingProxyType(
    {
        400: ("http-bad-request", "look at what the request sends: the server cannot read it"),
        401: ("authentication-failed", "give user and password, or a token in a header"),
        403: ("forbidden", "ask for access, or use another account"),
        404: ("http-not-found", "correct the URL: the server has nothing there"),
        407: ("proxy-failed", "give the proxy its user and password"),
        408: ("operation-timed-out", "run it again; send it in smaller pieces"),
        413: ("file-too-large", "send a smaller file, or raise the server's limit"),
        429: ("rate-limited", "wait (Retry-After says how long), then ask less often"),
    }
)
_NOT_HTTP = "look at what answers there: it does not speak HTTP (for TLS write https://)"
_WGET: tuple[Saying, ...] = (
    ("unable to resolve host address", "host-not-found", _NETWORK),
    ("failed: Connection refused", "connection-refused", _SERVER),
    ("failed: Connection timed out", "operation-timed-out", "allow more time (--timeout), or look at why the server is slow"),
    ("Read error (Connection timed out)", "operation-timed-out", "allow more time (--timeout), or look at why the server is slow"),
    ("Read error (Connection reset", "connection-lost", _AGAIN),
    ("failed: No route to host", "host-unreachable", _NETWORK),
    ("failed: Network is unreachable", "host-unreachable", _NETWORK),
    ("Connection closed at byte", "transfer-cut", "run it again, with -c to go on where it stopped"),
    ("Read error at byte", "connection-lost", _AGAIN),
    ("No data received", "empty-reply", _AGAIN),
    ("Authentication Failed.", "authentication-failed", "give --user and --password, or a token in --header"),
    ("is not trusted", "certificate-invalid", "give the CA that signed it (--ca-certificate FILE)"),
    ("doesn't have a known issuer", "certificate-invalid", "give the CA that signed it (--ca-certificate FILE)"),
    ("cannot verify", "certificate-invalid", "give the CA that signed it (--ca-certificate FILE)"),
    ("does not match hostname", "certificate-invalid", "use the host name that the certificate is for"),
    ("Unsupported scheme", "invalid-url", "correct the protocol at the URL's beginning, such as https://"),
    ("redirections exceeded", "too-many-redirects", "look at where it is sent: it goes round in a circle"),
    ("ERROR 401", "authentication-failed", "give --user and --password, or a token in --header"),
    ("ERROR 4", "http-error", "look at the status: 403 wants credentials, 404 another URL"),
    ("ERROR 5", "http-error", "ask again later: the server failed itself"),
    ("Unable to establish SSL connection", "tls-failed", "check that the port speaks TLS (https, not http)"),
)  # fmt: skip
_SSH: tuple[Saying, ...] = (
    ("Could not resolve hostname", "host-not-found", "check the host's name, and Host in ~/.ssh/config"),
    ("Connection refused", "connection-refused", "start sshd there, or correct the address and port (-p)"),
    ("Connection timed out", "operation-timed-out", "check the network, the firewall and the port (-p)"),
    ("No route to host", "host-unreachable", _NETWORK),
    ("Network is unreachable", "host-unreachable", _NETWORK),
    ("Permission denied (", "authentication-failed", "add your key to the agent (ssh-add) and its public half to that host"),
    ("Host key verification failed", "host-key-unknown", "compare the host's key, then add it to known_hosts (ssh-keyscan)"),
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", "host-key-changed", "ask whether the host was made anew; only then ssh-keygen -R HOST"),
    ("UNPROTECTED PRIVATE KEY FILE", "unsafe-key-file", "chmod 600 the key file"),
    ("Too many authentication failures", "authentication-failed", "name the one key: -i KEY -o IdentitiesOnly=yes"),
    ("kex_exchange_identification", "connection-lost", "look at the host's sshd log: it closed the connection at once"),
    ("Connection closed by", "connection-lost", "look at the host's sshd log"),
    ("Bad configuration option", "invalid-config", "correct that line of ~/.ssh/config"),
    ("no matching key exchange", "tls-failed", "update the older side; the message names what each offers"),
    ("unknown port", "invalid-argument", "correct the port"),
)  # fmt: skip


#: Numbers of curl's that several causes share; which one it was, only its words may say.
_SHARED = frozenset((23, 26, 35, 55, 56, 92))
_CURL_WORDS: tuple[Saying, ...] = (
    ("CONNECT tunnel failed", "proxy-failed", "look at what the proxy answers (http_proxy, https_proxy, --proxy)"),
    ("Proxy CONNECT aborted", "proxy-failed", "look at what the proxy answers (http_proxy, https_proxy, --proxy)"),
    ("Failed to open", "file-not-found", "check the path of the local file: it is looked up from the working directory"),
    ("No route to host", "host-unreachable", _NETWORK),
    ("Network is unreachable", "host-unreachable", _NETWORK),
    ("Connection timed out", "operation-timed-out", "check the network, the firewall and the port"),
)  # fmt: skip
_WARNING = 20  # lines of a warning of ssh's
_FOLLOWS = (
    ("Host key verification failed", ("REMOTE HOST IDENTIFICATION HAS CHANGED",)),
    ("Permission denied (", ("UNPROTECTED PRIVATE KEY FILE", "bad permissions")),
)


def read_curl(spot: Spot) -> Seen | None:
    """Explain `curl: (N) words`."""
    line = spot.line.strip()
    at = line.find("curl: ")
    if at < 0:
        return None
    line = line[at:]
    number, closed, words = line[6:].lstrip("(").partition(")")
    if line.startswith("curl: (") and closed and number.isdecimal() and len(number) < 4:
        code, fix = CURL.get(int(number), ("command-failed", "look up that number in man curl, EXIT CODES"))
        if code == "tls-failed" and "certificate" in words:
            code, fix = "certificate-invalid", _CA
        if code == "http-error":
            code, fix = explain_status(words.rpartition(" ")[2]) or (code, fix)
        sure: Confidence = "likely" if int(number) in _SHARED and " reset by peer" not in words else "certain"
        for mark, told, what in _CURL_WORDS:
            if mark in words:
                code, fix, sure = told, what, "certain"
        if "HTTP/0.9" in words or "Weird server reply" in words:
            code, fix = "unexpected-answer", _NOT_HTTP
        return seen(spot, code, f"curl {number}:{words}", fix, exits=(int(number),), confidence=sure)
    if line.startswith("curl: option ") or "is unknown" in line:
        return seen(
            spot, "unknown-option", line, "correct the option; curl --help all lists them", exits=(2,)
        )
    return None


def explain_status(number: str) -> tuple[str, str] | None:
    """Return code and fix of a status of HTTP from 400 on, or None where it is none.

    >>> explain_status("503")[0], explain_status("418")[0], explain_status("200")
    ('http-server-error', 'http-client-error', None)
    """
    status = int(number) if number.isdecimal() and len(number) == 3 else 0
    if found := _STATUS.get(status):
        return found
    if status // 100 == 5:
        return "http-server-error", "ask again later: the server failed itself; its log says why"
    return ("http-client-error", "look at what the server answers") if status // 100 == 4 else None


def read_wget(spot: Spot) -> Seen | None:
    """Explain a line of wget's; it puts its name before few of them."""
    line = spot.line.strip()
    found = known(spot, _WGET, line, exits=(1, 4, 5, 6, 8))
    if found is None or line.startswith(("curl:", "ssh:", "fatal:", "error:", "npm ")):
        return None
    is_status = "ERROR 4" in line or "ERROR 5" in line
    if is_status and not line.startswith(("20", "ERROR ")):  # 2026-01-01 00:00:00 ERROR 404: Not Found.
        return None
    if is_status:
        code, fix = explain_status(line.partition("ERROR ")[2][:3]) or (found.code, found.fix)
        found = seen(spot, code, line, fix, exits=(8,))
    its_own = line.startswith("wget: ") or any(
        each.line.lstrip("\x1b").startswith(("--20", "HTTP request sent")) for each in spot.above(6)
    )
    return found if its_own or "Unsupported scheme ‘" in line else None


def read_ssh(spot: Spot) -> Seen | None:
    """Explain a line of ssh's or scp's."""
    line = spot.line.strip().lstrip("@ ")
    found = known(spot, _SSH, line, exits=(255, 1, 128))
    if found is None or is_ssh_consequence(spot, line):
        return None
    its_own = line.startswith(
        ("ssh: ", "scp: ", "kex_", "Host key verif", "REMOTE HOST", "WARNING: REMOTE HOST", "WARNING: UNP")
    )
    its_own |= "Permission denied (" in line and "publickey" in line
    its_own |= line.startswith(("Connection closed by", "Received disconnect")) and " port " in line
    return found if its_own else None


def is_ssh_consequence(spot: Spot, line: str) -> bool:
    """Whether a line of ssh's only follows from the warning above it: of a changed key, of an open key file."""
    for mark, reasons in _FOLLOWS:
        if mark in line:
            return any(reason in each.line for each in spot.above(_WARNING) for reason in reasons)
    return False


FAMILIES: tuple[Family, ...] = (
    (("curl: ",), read_curl),
    (("wget: unable to", "failed: Con", "failed: No", "Read error (", "Connection closed at byte", "Read error at byte", "No data received", "Authentication Failed.", "is not trusted", "does not match hostname", "Unsupported scheme", "ERROR 4", "ERROR 5", "Unable to establish SSL", "redirections exceeded"), read_wget),
    (("ssh: Could not", "ssh: connect to host", "kex_exchange", "Host key verif", "REMOTE HOST ID", "Permission denied (", "Connection closed by", "PRIVATE KEY FILE", "Too many authentication"), read_ssh),
)  # fmt: skip
