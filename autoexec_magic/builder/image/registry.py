"""A registry is asked by us and not by the engine: what it has under a name, and what that says of itself.

The protocol is OCI's distribution specification: the digest is a header of the
answer to a HEAD of the manifest; who asks without a name is told where a token
can be had. A password goes to the registry, and to the service that docker itself
gives it to, and only by TLS, or to this machine. What a registry says of a
digest is held against the bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ... import dockerengine as engine
from ...errors import BuildError
from ...redact import mask, one_line
from .reference import Reference

if TYPE_CHECKING:
    import requests

_SECONDS = 20.0
MOST_BYTES = 8 << 20  #: of a manifest, or what describes an image; registries take 4 MiB of the first
_PIECE = 1 << 16
_KINDS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_OTHER = "--push HOST/TEAM, with the host of a registry"
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a registry has: the manifest's digest, the image's id, and its labels."""

    digest: str
    image: str
    labels: Mapping[str, str] = field(default_factory=dict)


def held(reference: Reference, client: engine.Client) -> Held:
    """Return what a registry has under a name.

    Raises
    ------
    BuildError
        It has nothing, or does not tell.
    """
    with _session(reference, client) as asking:
        return _held(reference, asking)


def reached(reference: Reference, client: engine.Client) -> None:
    """See whether a registry answers and lets us in, before anything is built for it.

    Whether we may write there it tells at the push alone.

    Raises
    ------
    BuildError
        It cannot be reached, is no registry, or refuses.
    """
    with _session(reference, client) as asking:
        asking.knock()


def _held(reference: Reference, asking: _Asking) -> Held:
    name = reference.digest or reference.tag
    with asking.get(f"manifests/{name}", method="HEAD") as head:
        digest = head.headers.get("Docker-Content-Digest", "")
    content = asking.content(f"manifests/{digest or name}")
    for wanted in (digest, reference.digest):
        _refuse_other(content, wanted, f"the manifest of {reference}", reference)
    digest = digest or f"sha256:{hashlib.sha256(content).hexdigest()}"
    manifest = _object(content, reference)
    if inner := _of_index(manifest, asking.platform):
        content = asking.content(f"manifests/{inner}")
        _refuse_other(content, inner, f"a manifest of {reference}", reference)
        manifest = _object(content, reference)
    described = manifest.get("config")
    image = str(described.get("digest", "")) if isinstance(described, dict) else ""
    config: dict[str, Any] = {}
    if image:
        content = asking.content(f"blobs/{image}")
        _refuse_other(content, image, f"what {reference} says of itself", reference)
        config = _object(content, reference)
    said = config.get("config")
    labels = said.get("Labels") if isinstance(said, dict) else None
    return Held(digest=digest, image=image, labels=labels if isinstance(labels, dict) else {})


def _of_index(manifest: Mapping[str, Any], platform: tuple[str, str]) -> str:
    """Return the digest of the image that an index has for a platform, else of its first; "" of no index.

    What an index has beside images (how one was built, signatures) is of no platform.
    """
    found: dict[tuple[str, str], str] = {}
    manifests = manifest.get("manifests")
    for each in manifests if isinstance(manifests, list) else ():
        if not isinstance(each, dict) or not _DIGEST.fullmatch(str(each.get("digest"))):
            continue
        notes, on = each.get("annotations"), each.get("platform")
        on = on if isinstance(on, dict) else {}
        is_beside = isinstance(notes, dict) and "vnd.docker.reference.type" in notes
        if not is_beside and on.get("os") != "unknown":
            found.setdefault((str(on.get("os", "")), str(on.get("architecture", ""))), str(each["digest"]))
    return found.get(platform) or next(iter(found.values()), "")


def _refuse_other(content: bytes, digest: str, what: str, reference: Reference) -> None:
    """Refuse bytes that are not those of their name: a registry's word of a digest is no digest.

    Raises
    ------
    BuildError
        They are not.
    """
    found = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if digest and digest != found:
        raise BuildError(
            f"{reference.host} gives other bytes than those of their name",
            why=f"{what} is called {one_line(digest)[:100]}, and is {found}",
            fix="push it again, to a registry that can be trusted",
        )


def _object(content: bytes, reference: Reference) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BuildError(
            f"{reference.host} does not answer as a registry", why=str(error), fix=_OTHER
        ) from error
    return found if isinstance(found, dict) else {}


def _session(reference: Reference, client: engine.Client) -> _Asking:
    import requests

    host = "registry-1.docker.io" if reference.host == "docker.io" else reference.host
    name = urlsplit(f"//{host}").hostname or ""
    scheme = "http" if name in _LOCAL or _is_insecure(client, reference.host) else "https"
    session = requests.Session()
    session.trust_env = name not in _LOCAL
    return _Asking(
        session=session,
        root=f"{scheme}://{host}/v2/{reference.path}/",
        reference=reference,
        platform=_platform(client),
    )


def _platform(client: engine.Client) -> tuple[str, str]:
    """Return the system and the processor that an engine builds for, as registries name them."""
    try:
        said = client.version()
    except engine.failures():
        return "", ""
    return str(said.get("Os", "")), str(said.get("Arch", ""))


def _is_insecure(client: engine.Client, host: str) -> bool:
    """Whether the engine itself was told to ask a registry without TLS."""
    try:
        configured = client.info().get("RegistryConfig", {}).get("IndexConfigs", {}).get(host)
    except engine.failures():
        return False
    return isinstance(configured, dict) and configured.get("Secure") is False


@dataclass(slots=True, kw_only=True)
class _Asking:
    """One repository, and what lets us in."""

    session: requests.Session
    root: str
    reference: Reference
    platform: tuple[str, str] = ("", "")
    headers: dict[str, str] = field(default_factory=lambda: {"Accept": ", ".join(_KINDS)})

    def __enter__(self) -> _Asking:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def knock(self) -> None:
        """Ask at the registry's door, with docker's own login where a password is asked for.

        Raises
        ------
        BuildError
            It cannot be reached, is no registry, or refuses.
        """
        what = f"{self.reference} cannot be pushed"
        here = urlsplit(self.root)
        url = f"{here.scheme}://{here.netloc}/v2/"
        try:
            answer = self.session.get(url, timeout=_SECONDS, stream=True)
            kind = answer.headers.get("WWW-Authenticate", "").partition(" ")[0].lower()
            if answer.status_code == 401 and kind == "basic" and _login(self.reference.host):
                answer.close()
                self._let_in("Basic")
                answer = self.session.get(url, timeout=_SECONDS, stream=True)
            answer.close()
        except engine.failures() as error:
            raise self._unreached(error, what) from error
        status = answer.status_code
        if status == 403 or (status == 401 and kind != "bearer"):
            raise engine.explained(f"unauthorized: HTTP {status}", what, host=self.reference.host)
        if 300 <= status < 500 and status not in (401, 429):
            raise BuildError(
                f"{what}: {self.reference.host} is no registry",
                why=f"it answers HTTP {status} at /v2/",
                fix=_OTHER,
            )

    def get(self, path: str, method: str = "GET") -> requests.Response:
        """Return the answer, whose content is still to be read.

        Raises
        ------
        BuildError
            It is none that is of use.
        """
        what = f"{self.reference} cannot be read back from its registry"
        try:
            answer = self._ask(path, method)
            if answer.status_code == 401:
                answer.close()
                self._let_in(answer.headers.get("WWW-Authenticate", ""))
                answer = self._ask(path, method)
        except engine.failures() as error:
            raise self._unreached(error, what) from error
        if answer.status_code != 200:
            answer.close()
            said = f"unauthorized: HTTP {answer.status_code}" if answer.status_code in (401, 403) else ""
            why = said or f"{self.reference.host} answers HTTP {answer.status_code}"
            raise engine.explained(why, what, host=self.reference.host)
        return answer

    def content(self, path: str) -> bytes:
        """Return the bytes of an answer: not more than `MOST_BYTES`, and not longer than `_SECONDS`.

        Raises
        ------
        BuildError
            It is none that is of use.
        """
        with self.get(path) as answer:
            return self._bytes_of(answer)

    def _bytes_of(self, answer: requests.Response) -> bytes:
        """Return what an answer holds, within the limits of `content`; that of the service of tokens, too."""
        what = f"{self.reference} cannot be read back from its registry"
        found, until = bytearray(), time.monotonic() + _SECONDS
        try:
            for piece in answer.iter_content(_PIECE):
                found += piece
                if len(found) > MOST_BYTES or time.monotonic() > until:
                    why = f"more than {MOST_BYTES >> 20} MiB, or longer than {_SECONDS:.0f} s"
                    host = urlsplit(answer.url).netloc
                    raise BuildError(what, why=f"{host} sends {why}", fix="push it again")
        except engine.failures() as error:
            raise self._unreached(error, what) from error
        return bytes(found)

    def _unreached(self, error: Exception, what: str) -> BuildError:
        """Return why a registry, or the service that it names, could not be asked, and what to do."""
        import requests
        from docker.errors import DockerException

        kinds = requests.exceptions
        host, said = self.reference.host, one_line(mask(str(error)))[:300]
        if isinstance(error, DockerException):  # what keeps the logins does not work
            return BuildError(f"{what}: docker's login cannot be read", why=said, fix=f"docker login {host}")
        why, fix = said, "look at the network, a proxy, or the registry's name"
        if isinstance(error, kinds.SSLError):
            why = f"its certificate is not trusted: {said}"
            fix = f"%env REQUESTS_CA_BUNDLE=CA.crt, and copy it to /etc/docker/certs.d/{host}/ca.crt"
        elif isinstance(error, kinds.TooManyRedirects):
            why, fix = f"it sends from one address to the next: {said}", _OTHER
        elif isinstance(error, kinds.InvalidURL | kinds.MissingSchema | kinds.InvalidSchema):
            why, fix = f"it names no address for its tokens: {said}", _OTHER
        return BuildError(f"{what}: the registry cannot be reached", why=why, fix=fix)

    def _ask(self, path: str, method: str) -> requests.Response:
        return self.session.request(
            method, self.root + path, headers=self.headers, timeout=_SECONDS, stream=True
        )

    def _let_in(self, challenge: str) -> None:
        """Take docker's own credentials for this registry, and a token for them where one is asked for."""
        login = _login(self.reference.host)
        kind, _, rest = challenge.partition(" ")
        if kind.lower() == "basic" and login:
            import requests

            self.session.auth = requests.auth.HTTPBasicAuth(*login)
        elif kind.lower() == "bearer":
            words = dict(_CHALLENGE.findall(rest))
            realm = words.pop("realm", "")
            if login and not self._is_trusted(realm):
                login = None
            words["scope"] = f"repository:{self.reference.path}:pull"
            with self.session.get(
                realm, params=words, auth=login, timeout=_SECONDS, allow_redirects=False, stream=True
            ) as answer:
                found = _object(self._bytes_of(answer), self.reference) if answer.ok else {}
            self.headers["Authorization"] = f"Bearer {found.get('token') or found.get('access_token') or ''}"

    def _is_trusted(self, realm: str) -> bool:
        """Whether a password may go to a service: the registry's own host, or where docker itself asks.

        That is what the registry names at `/v2/`, by TLS on both sides; what an
        answer about a repository names is heeded only where it is the same.
        """
        here, there = urlsplit(self.root), urlsplit(realm)
        if there.scheme == here.scheme and there.netloc == here.netloc:
            return there.scheme == "https" or there.hostname in _LOCAL
        if here.scheme != "https" or there.scheme != "https" or "@" in there.netloc:
            return False
        url = f"https://{here.netloc}/v2/"
        with self.session.get(url, timeout=_SECONDS, allow_redirects=False, stream=True) as answer:
            kind, _, rest = answer.headers.get("WWW-Authenticate", "").partition(" ")
        return kind.lower() == "bearer" and dict(_CHALLENGE.findall(rest)).get("realm") == realm


def _login(host: str) -> tuple[str, str] | None:
    """Return the name and the password that docker's configuration, or its store, has for a registry."""
    from docker import auth

    found = auth.resolve_authconfig(auth.load_config(), None if host == "docker.io" else host) or {}
    low = {str(key).lower(): value for key, value in found.items()}
    name, password = low.get("username"), low.get("password")
    return (str(name), str(password)) if name and password else None
