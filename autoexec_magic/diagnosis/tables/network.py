"""What fails between machines: names, connections, TLS, time and the status of an answer."""

from __future__ import annotations

import re

from ..rows import UNKNOWN, Entry, Raiser, Row, by_errno, by_message, likely, on_line, raised_in, says

TIMED_OUT = says(
    "operation-timed-out", "ask again later, or allow more time on that line", silent="it took too long"
)
LOST = says("connection-lost", "look at why the other side closed the connection, then connect again")
PIPE = on_line(
    re.compile(r"\b(?:send\w*|drain|connect|recv)\("),
    LOST,
    otherwise=raised_in(
        {
            ("client.py", "send"): LOST,
            ("client.py", "_send_output"): LOST,
            ("ssl.py", "send"): LOST,
            ("ssl.py", "write"): LOST,
            ("socket.py", "sendall"): LOST,
            ("selector_events.py", "write"): LOST,
            ("streams.py", "drain"): LOST,
        },
        otherwise=says("broken-pipe", "let what reads it read to the end, or stop writing when it has ended"),
    ),
)
CUT = says("transfer-cut", "fetch it again: less came than was promised")
REFUSED = says("connection-refused", "start the server, or correct the address and port")
NO_HOST = says("host-not-found", "check the host's name, and whether this machine has a network")
ADDRESS_IN_USE = says("address-in-use", "stop what uses that port, or take another")
UNREACHABLE = says("host-unreachable", "check the address, and whether this machine has a network")
BAD_URL = says("invalid-url", "write the whole address, with https:// before it")
REDIRECTS = says("too-many-redirects", "log in, or correct the address: its answers lead in a circle")
UNEXPECTED = says("unexpected-answer", "check the port: what answers there speaks another protocol")
PROXY = says("proxy-failed", "check HTTP_PROXY and HTTPS_PROXY, or what they point to")
POOL = says("pool-exhausted", "close each connection after use (with), or allow more of them")
EXPIRED = says("certificate-expired", "renew the server's certificate, or check this machine's clock")
SELF_SIGNED = says("certificate-self-signed", "give the certificate that signed it: verify='ca.pem'")
WRONG_HOST = says("certificate-wrong-host", "use the name that the certificate is made for")
ISSUER = says(
    "certificate-unknown-issuer", "give the certificate of who signed it: SSL_CERT_FILE, or verify='ca.pem'"
)
_REFUSED_CERTIFICATE = likely("certificate-invalid", ISSUER.fix)
NO_TLS = says("tls-failed", "use http:// there, or the port on which it speaks TLS")
TLS = likely("tls-failed", "check which versions of TLS both sides speak")

TLS_SAYINGS: tuple[tuple[str, Entry], ...] = (
    ("certificate has expired", EXPIRED),
    ("certificate is not yet valid", EXPIRED),
    ("self-signed certificate", SELF_SIGNED),
    ("self signed certificate", SELF_SIGNED),
    ("mismatch, certificate", WRONG_HOST),
    ("doesn't match", WRONG_HOST),
    ("local issuer certificate", ISSUER),
    ("certificate is not valid for", WRONG_HOST),
    ("CERTIFICATE_VERIFY_FAILED", _REFUSED_CERTIFICATE),
    ("WRONG_VERSION_NUMBER", NO_TLS),
    ("record layer failure", NO_TLS),
)
_NUMBERS: dict[int, Entry] = {
    111: REFUSED,
    104: LOST,
    110: TIMED_OUT,
    101: UNREACHABLE,
    113: UNREACHABLE,
    98: ADDRESS_IN_USE,
}
NETWORK_SAYINGS: tuple[tuple[str, Entry], ...] = (
    *TLS_SAYINGS,
    ("Unable to connect to proxy", PROXY),
    ("Tunnel connection failed", PROXY),
    ("ProxyError(", PROXY),
    ("BadStatusLine(", UNEXPECTED),
    ("illegal status line", UNEXPECTED),
    ("Connection refused", REFUSED),
    ("Connect call failed", REFUSED),
    ("Name or service not known", NO_HOST),
    ("nodename nor servname", NO_HOST),
    ("Temporary failure in name resolution", NO_HOST),
    ("No address associated with hostname", NO_HOST),
    ("getaddrinfo failed", NO_HOST),
    ("NameResolutionError", NO_HOST),
    ("Network is unreachable", UNREACHABLE),
    ("No route to host", UNREACHABLE),
    ("Address already in use", ADDRESS_IN_USE),
    (
        "Max retries exceeded with url",
        by_message(
            ("timed out", TIMED_OUT),
            ("ProxyError", PROXY),
            ("too many", likely("http-server-error", "ask again later: the server answers with errors")),
            otherwise=likely("connection-lost", "check the address, and whether the server is well"),
        ),
    ),
    ("Connection reset", LOST),
    ("Connection aborted", LOST),
    ("Remote end closed", LOST),
    ("Server disconnected", LOST),
    ("IncompleteRead", CUT),
    ("timed out", TIMED_OUT),
    ("QueuePool limit", POOL),
)

#: Status of an answer -> row; the rest is by its first digit.
STATUS: dict[int, Row] = {
    400: says("http-bad-request", "correct what is sent: the server cannot read it"),
    401: says("authentication-failed", "log in, or send a token that is valid: Authorization"),
    403: says("forbidden", "ask for the right to it, or send what the server wants to see"),
    404: says("http-not-found", "correct the address: there is nothing at that path"),
    407: says("proxy-failed", "give the proxy a name and a password"),
    429: says("rate-limited", "wait (Retry-After says how long), and ask less often"),
}
_CLIENT = says("http-client-error", "look up that status: what is sent does not fit what is asked for")
_SERVER = says("http-server-error", "ask again later: the server failed, not this code")
_REDIRECTED = likely("too-many-redirects", "follow redirects, or use the address that it leads to")
_STATUS = re.compile(r"(?<![\w.:/-])([1-5]\d\d)(?![\w/-]|\.\d)", re.ASCII)


class _ByStatus:
    """A row by the first number in the message that is a status of HTTP."""

    def __init__(self, otherwise: Entry) -> None:
        self.otherwise = otherwise

    def pick(self, message: str, raiser: Raiser) -> Row:
        """Return the row of that status."""
        found = _STATUS.search(message)
        if not found:
            return self.otherwise.pick(message, raiser)
        status = int(found[1])
        if row := STATUS.get(status):
            return row
        return {3: _REDIRECTED, 4: _CLIENT, 5: _SERVER}.get(status // 100, _CLIENT)


_MAIL = by_message(
    ("(421", likely("connection-lost", "ask again later: the mail server takes no connections now")),
    ("(-1", UNEXPECTED),
    ("HTTP", UNEXPECTED),
    otherwise=likely("unexpected-answer", UNEXPECTED.fix),
)
_PROTOCOL = by_message(("-ERR", UNKNOWN), otherwise=likely("unexpected-answer", UNEXPECTED.fix))
_HTTP = _ByStatus(
    by_message(*NETWORK_SAYINGS, otherwise=likely("http-client-error", "look at what the server answered"))
)
_CONNECTION = by_errno(_NUMBERS, otherwise=by_message(*NETWORK_SAYINGS, otherwise=LOST))
_TLS = by_message(*TLS_SAYINGS, otherwise=TLS)
_TRANSPORT = by_errno(
    _NUMBERS, otherwise=by_message(*NETWORK_SAYINGS, otherwise=likely("connection-lost", LOST.fix))
)
_URL = by_errno(
    _NUMBERS,
    otherwise=by_message(
        *NETWORK_SAYINGS,
        ("unknown url type", BAD_URL),
        ("No such file", likely("file-not-found", "check the path in that address")),
        otherwise=likely("os-error", "check the address, then run that line again"),
    ),
)
_TIME = by_message(("QueuePool limit", POOL), otherwise=TIMED_OUT)

ROWS: dict[str, Entry] = {
    "ConnectionError": _CONNECTION,
    "ConnectionRefusedError": REFUSED,
    "ConnectionResetError": LOST,
    "ConnectionAbortedError": LOST,
    "BrokenPipeError": PIPE,
    "TimeoutError": _TIME,
    "socket.gaierror": NO_HOST,
    "ssl.SSLError": _TLS,
    "ssl.SSLCertVerificationError": _TLS,
    "ssl.SSLEOFError": LOST,
    "urllib.error.URLError": _URL,
    "urllib.error.HTTPError": _HTTP,
    "urllib.error.ContentTooShortError": CUT,
    "http.client.RemoteDisconnected": LOST,
    "http.client.IncompleteRead": CUT,
    "http.client.BadStatusLine": by_message(
        ("\\x15\\x03", NO_TLS), ("\x15\x03", NO_TLS), otherwise=UNEXPECTED
    ),
    "http.client.UnknownProtocol": UNEXPECTED,
    "http.client.LineTooLong": UNEXPECTED,
    "smtplib.SMTPConnectError": _MAIL,
    "smtplib.SMTPHeloError": _MAIL,
    "smtplib.SMTPServerDisconnected": by_message(
        ("timed out", TIMED_OUT), otherwise=likely("connection-lost", LOST.fix)
    ),
    "smtplib.SMTPAuthenticationError": STATUS[401],
    "ftplib.error_reply": likely("unexpected-answer", UNEXPECTED.fix),
    "ftplib.error_proto": _PROTOCOL,
    "ftplib.error_perm": by_message(
        ("530", STATUS[401]),
        ("550", likely("file-not-found", "check the path on that server, and your right to it")),
        otherwise=UNKNOWN,
    ),
    "poplib.error_proto": _PROTOCOL,
    "urllib3.exceptions.ProxyError": PROXY,
    "aiohttp.client_exceptions.ClientProxyConnectionError": PROXY,
    "aiohttp.client_exceptions.ClientHttpProxyError": PROXY,
    "http.client.InvalidURL": BAD_URL,
    "requests.exceptions.ConnectionError": _CONNECTION,
    "requests.exceptions.HTTPError": _HTTP,
    "requests.exceptions.SSLError": _TLS,
    "requests.exceptions.Timeout": TIMED_OUT,
    "requests.exceptions.ConnectTimeout": TIMED_OUT,
    "requests.exceptions.ReadTimeout": TIMED_OUT,
    "requests.exceptions.ChunkedEncodingError": CUT,
    "requests.exceptions.ProxyError": PROXY,
    "requests.exceptions.TooManyRedirects": REDIRECTS,
    "requests.exceptions.MissingSchema": BAD_URL,
    "requests.exceptions.InvalidSchema": BAD_URL,
    "requests.exceptions.InvalidURL": BAD_URL,
    "requests.exceptions.RetryError": likely("http-server-error", "ask again later"),
    "httpx.ConnectError": _TRANSPORT,
    "httpx.ConnectTimeout": TIMED_OUT,
    "httpx.ReadTimeout": TIMED_OUT,
    "httpx.WriteTimeout": TIMED_OUT,
    "httpx.PoolTimeout": POOL,
    "httpx.ReadError": LOST,
    "httpx.RemoteProtocolError": by_message(
        ("status line", UNEXPECTED), ("complete message body", CUT), otherwise=LOST
    ),
    "httpx.ProxyError": PROXY,
    "httpx.UnsupportedProtocol": BAD_URL,
    "httpx.InvalidURL": BAD_URL,
    "httpx.TooManyRedirects": REDIRECTS,
    "httpx.HTTPStatusError": _HTTP,
    "aiohttp.client_exceptions.ClientConnectorError": _TRANSPORT,
    "aiohttp.client_exceptions.ClientConnectorDNSError": NO_HOST,
    "aiohttp.client_exceptions.ClientConnectorCertificateError": _TLS,
    "aiohttp.client_exceptions.ClientConnectorSSLError": _TLS,
    "aiohttp.client_exceptions.ServerDisconnectedError": LOST,
    "aiohttp.client_exceptions.ClientOSError": _TRANSPORT,
    "aiohttp.client_exceptions.ClientPayloadError": LOST,
    "aiohttp.client_exceptions.ClientResponseError": by_message(
        ("Expected HTTP/", UNEXPECTED), otherwise=_HTTP
    ),
    "aiohttp.client_exceptions.TooManyRedirects": REDIRECTS,
    "aiohttp.client_exceptions.InvalidURL": BAD_URL,
    "aiohttp.client_exceptions.InvalidUrlClientError": BAD_URL,
    "aiohttp.client_exceptions.ServerTimeoutError": TIMED_OUT,
    "aiohttp.client_exceptions.ConnectionTimeoutError": TIMED_OUT,
}
SAYINGS: dict[str, tuple[tuple[str, Entry], ...]] = {
    "ValueError": (("unknown url type", BAD_URL), ("Invalid URL", BAD_URL), ("Port out of range", BAD_URL)),
}
