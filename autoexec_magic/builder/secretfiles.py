"""Which files are secrets: by their names, by the tokens and keys in them, and by logins in addresses.

A file is read to its end, piece by piece. Refused is what certainly is a secret,
for who ships it; a file that only speaks of one is not. Where a name may be that
of a secret or of ordinary settings (`.envrc`, `pip.conf`), what is in it decides.
"""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from ..errors import BuildError
from ..secretshapes import SHAPES
from ..secretvalues import is_secret_name
from . import reading, secretarchives

PIECE_BYTES = 1 << 20
OVERLAP_BYTES = 4096  #: of a piece, looked at with the next one: a key or a token may stand across two
_MOST_IN_MEMORY = 4 << 20
_BACKUP = r"(?:~|\.(?:bak|backup|old|orig|save|swp|copy|\d{1,2}))?"
_NAMES = re.compile(
    rf"""(?ix) \A (?: \.env(?:\.(?!(?:[\w-]+\.)*(?:example|sample|template|dist|schema|defaults?)\b)[\w.-]+)?
    | (?!(?:[\w.-]+[._-])?(?:example|sample|template|dist|schema|defaults?)\.env)[\w-][\w.-]*\.env
    | \.netrc | _netrc | \.pypirc | \.npmrc | \.git-credentials | \.htpasswd | \.pgpass | \.my\.cnf
    | \.vault-token | \.s3cfg | id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?
    | .+\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk)
    | credentials(?:\.json)? | service[-_]account[\w-]*\.json
    | \.dockercfg | kubeconfig | terraform\.tfstate ){_BACKUP} \Z"""
)
_PATHS = re.compile(
    r"""(?ix) (?:\A|/)(?: \.docker/config\.json | \.kube/config | \.streamlit/secrets\.toml
    | \.ssh/(?!config\Z|known_hosts|authorized_keys|[^/]+\.pub\Z)[^/]+ ) \Z"""
)
#: names of settings that may hold a login: what is in them decides
_SETTINGS = re.compile(
    rf"(?i)\A(?:\.envrc|pip\.(?:conf|ini)|\.yarnrc(?:\.yml)?|\.condarc|uv\.toml){_BACKUP}\Z"
)
_ASSIGNED = re.compile(
    rb"""(?m)^[ \t]*(?:export[ \t]+)?["']?([A-Za-z_][\w.-]*)["']?[ \t]*[=:][ \t]*["']?([^\s"'#$<{]{8,})"""
)
_LOGIN = re.compile(rb"://[^\s/@\"'${<]{1,300}@")
_NULLS = bytes(16)  # each token is longer
_NULL_RUN = re.compile(rb"\0" * 16 + rb"\0*")  # begins with a text as it is, too
_ANY_KEY = re.compile(r"(?i)\.(?:pem|crt|key)" + _BACKUP + r"\Z")
_CERTIFICATE = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )?(?:CERTIFICATE|PUBLIC KEY|DH PARAMETERS)")
_PRIVATE = rb"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
#: between a key's lines may be what a program's text or JSON has there, or what begins a comment
_KEY = re.compile(
    _PRIVATE + rb"(?:\s|\\[nr]|[\"'+,\\#*;>]|//|--|[A-Za-z-]{1,40}+: ?[\w.,-]{1,200}+){1,200}+"
    rb"[A-Za-z0-9+/=]{40}"
)
_ENCODED_KEY = re.compile(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/]{60}")  # -----BEGIN, in base64
# each pattern begins with a text as it is: the search for that is the quickest there is
_TOKENS = tuple(
    (
        each.what,
        each.prefix.encode(),
        re.compile(rf"{each.prefix}(?<![A-Za-z0-9_]{each.prefix}){each.in_file}".encode()),
    )
    for each in SHAPES
)
_AWS = re.compile(
    rb"[Ss](?:ecret|ECRET)_?(?:[Aa]ccess|ACCESS)_?(?:[Kk]ey|KEY)[\"']?[ \t]{0,40}[=:,][ \t]{0,40}[\"']?"
    rb"(?=[A-Za-z/+]{0,39}[0-9])(?![A-Za-z0-9/+]{0,40}EXAMPLE)([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
)
#: begins with what is rare: the search for it is quick
_ADDRESS = re.compile(
    rb"://[\w.%+-]{1,100}+:(?=[^\s/@]{0,200}[0-9])(?=[^\s/@]{0,200}[A-Za-z])"
    rb"([^\s/:@\"'`<>{}$*()\[\]\\]{8,200})@"
    rb"((?:[\w-]{1,63}\.){1,9}[A-Za-z]{2,20}|\d+(?:\.\d+){3})"
)
_SCHEME = re.compile(
    rb"(?i)(?:https?|ftps?|postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|smtps?)(?:\+\w{1,20})?\Z"
)
_NO_HOST = re.compile(
    rb"(?i)(?:\A|\.)(?:example(?:\.(?:com|org|net))?|localhost|local|test|invalid|host(?:name)?|internal)\Z"
    rb"|\A(?:127|0|10|172\.(?:1[6-9]|2\d|3[01])|192\.(?:168|0))\.|\A(?:my|your|some)"
)
_NO_PASSWORD = re.compile(rb"(?i)pass|secret|token|example|x{4}|\*{3}|your|changeme|1234|user")


def secret_in(path: str, content: bytes | None) -> str:
    """Return what makes a file a secret, in a few words, or "".

    Parameters
    ----------
    path : str
        Its path, with /.
    content : bytes or None
        A piece of it, the first one with its name; None where it is not to be had.

    Examples
    --------
    >>> secret_in("app/.env", None)
    'its name is that of a file of secrets'
    >>> secret_in("app/.env.example", b"KEY=")
    ''
    """
    name = path.rsplit("/", 1)[-1]
    if (_NAMES.match(name) or _PATHS.search(path)) and not _is_harmless(name, content):
        return "its name is that of a file of secrets"
    if content is None:
        return ""
    if _SETTINGS.match(name) and _has_login(content):
        return "it holds a login"
    found = _in_text(content) or next(filter(None, map(_in_text, _wide(content))), "")
    return f"it holds {found}" if found else ""


class Stream(Protocol):
    """What a file holds, to be read."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes more, none at its end."""


class _NoRoom(BuildError):
    """There is no room to look into an archive."""


def secret_of(path: str, file: Path) -> str:
    """Return what makes a file a secret, or ""; it is read to its end, and a link is not followed.

    What cannot be read is judged by its name alone.

    Raises
    ------
    BuildError
        There is no room to look into it.
    """
    try:
        with reading.opened(file, follows=False) as stream:
            return secret_in_stream(path, stream)
    except _NoRoom:
        raise
    except (OSError, BuildError):
        return secret_in(path, None)


def secret_in_stream(path: str, stream: Stream, also: Callable[[bytes], object] | None = None) -> str:
    """Return what makes a file a secret, or ""; it is read to its end, and so is a small archive in it.

    Parameters
    ----------
    path : str
        Its path, with /.
    stream : Stream
        What it holds, from its beginning. What reading it raises is raised here, too.
    also : callable, optional
        Is given each piece. With it the stream is read to its end even where a
        secret is found before.

    Raises
    ------
    BuildError
        There is no room to look into an archive that it is.
    """
    before, size, why, is_packed = b"", 0, "", False
    with tempfile.SpooledTemporaryFile(_MOST_IN_MEMORY) as packed:
        while (piece := stream.read(PIECE_BYTES)) or not size:
            why = why or secret_in("" if size else path, before + piece)
            is_packed = is_packed or (not size and piece.startswith(secretarchives.BEGINNINGS))
            size += len(piece)
            if also:
                also(piece)
            elif why:
                return why
            if not piece:
                break
            if is_packed and not why and size <= secretarchives.MOST_BYTES:
                _keep(piece, cast("BinaryIO", packed), path)
            before = (before + piece)[-OVERLAP_BYTES:]
        if why or not is_packed or size > secretarchives.MOST_BYTES:
            return why
        files = secretarchives.files_in(path, cast("BinaryIO", packed))
        inside = ((name, secret_in(name, content)) for name, content in files)
        return next((f"{why}, in {name!a}" for name, why in inside if why), "")


def _keep(piece: bytes, packed: BinaryIO, path: str) -> None:
    try:
        packed.write(piece)
    except OSError as error:  # not what was found of the file: that would let it pass
        folder = tempfile.gettempdir()
        raise _NoRoom(
            f"{path} cannot be looked into", why=error.strerror or str(error), fix=f"make room in {folder}"
        ) from error


def refuse_secrets(files: Sequence[tuple[str, Path]], what: str, fix: str) -> None:
    """Refuse to put a secret into `what`.

    Raises
    ------
    BuildError
        There is one; it is named, and not shown.
    """
    found = [(path, why) for path, file in files if (why := secret_of(path, file))]
    if found:
        path, why = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        error = BuildError(f"{path}{more} would go into {what}", why=why, fix=fix)
        error.evidence = tuple(f"{each}: {reason}" for each, reason in found[1:6])
        raise error


def _is_harmless(name: str, content: bytes | None) -> bool:
    """Whether a file with the name of a key holds a certificate, or is no key at all."""
    if content is None or not _ANY_KEY.search(name):
        return False
    if content.startswith(secretarchives.ZIP):  # slides
        return True
    return bool(_CERTIFICATE.search(content)) and not re.search(_PRIVATE, content)


def _has_login(content: bytes) -> bool:
    """Whether settings hold a login: in an address, or behind a name of a secret."""
    if _LOGIN.search(content):
        return True
    return any(is_secret_name(name.decode("ascii", "replace")) for name, _ in _ASSIGNED.findall(content))


def _wide(content: bytes) -> Iterator[bytes]:
    """Yield what is text in UTF-16, of either order, wherever it stands: each other byte of it is 0."""
    if b"\0" in content:
        halves = content[::2], content[1::2]
        for half, other in (halves, halves[::-1]):
            if _NULLS in other:
                spans = (each.span() for each in _NULL_RUN.finditer(other))
                # a byte more at both ends: a byte and its 0 may stand in one pair, or in two
                yield b" ".join(half[max(at - 1, 0) : end + 1].replace(_NULLS, b" ") for at, end in spans)


def _in_text(content: bytes) -> str:
    if b"PRIVATE KEY" in content and _KEY.search(content):
        return "a private key"
    if b"LS0tLS1CRUdJTi" in content and any(map(_is_encoded, _ENCODED_KEY.findall(content))):
        return "a private key"
    for what, prefix, pattern in _TOKENS:
        if prefix in content and pattern.search(content):
            return what
    if any(word in content for word in (b"cret", b"CRET")) and _AWS.search(content):
        return "an AWS secret key"
    for found in _ADDRESS.finditer(content) if b"://" in content else ():
        is_known = _SCHEME.search(content, max(0, found.start() - 30), found.start())
        if is_known and not _NO_HOST.search(found[2]) and not _NO_PASSWORD.search(found[1]):
            return "an address with a password"
    return ""


def _is_encoded(found: bytes) -> bool:
    try:
        return b"PRIVATE KEY" in base64.b64decode(found[:72])
    except ValueError:
        return False
