"""Asking Google: clients, credentials, and asking again while it is busy.

Google's libraries are imported inside functions only. What says that it is busy is
asked again with jitter under one limit, and then nothing is known. The library's
own retries are switched off: two of them would multiply.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from autoexec_magic.deployer.gcp.place import Place, is_loopback
from autoexec_magic.deployer.gcp.refusals import explained, is_busy, words_of
from autoexec_magic.deployer.target import Unanswered
from autoexec_magic.errors import MissingTool

Message: TypeAlias = Any  #: of Google's own types, which mypy does not see
T = TypeVar("T")

PATIENCE_SECONDS = 20.0  #: for so long what is busy is asked again
_CALL_SECONDS = 15.0
_FIRST_PAUSE_SECONDS = 0.2
_MOST_PAUSE_SECONDS = 4.0
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(slots=True, kw_only=True)
class Asking:
    """The clients of one place; each is made when it is first needed.

    Parameters
    ----------
    place : Place
        Where.
    patience_seconds : float, default 20
        For how long what is busy is asked again.
    call_seconds : float, default 15
        How long one answer may take.
    """

    place: Place
    patience_seconds: float = PATIENCE_SECONDS
    call_seconds: float = _CALL_SECONDS
    _credentials: Any = None
    _channel: Any = None
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def run(self, call: str, request: Message, what: str) -> Message:
        """Make one call of Cloud Run, such as `Services.get_service`.

        Raises
        ------
        Absent, Conflict, DeployError
            It was refused.
        Unanswered
            It is busy, and stays so.
        """
        kind, _, method = call.partition(".")
        ask = getattr(self._client(kind, what), method)
        return self.again(lambda: ask(request, retry=None, timeout=self.call_seconds), what)

    def rest(
        self,
        method: str,
        url: str,
        what: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        is_asked_again: bool = True,
    ) -> dict[str, Any]:
        """Make one call by REST and return its answer; raises as `run` does."""
        session = self._session(what)
        address = f"http://{self.place.rest_endpoint}{url.partition('.googleapis.com')[2]}"

        def ask() -> dict[str, Any]:
            from google.api_core import exceptions

            answer = session.request(
                method,
                address if self.place.rest_endpoint else url,
                json=body,
                params=query,
                timeout=self.call_seconds,
            )
            if answer.status_code >= 400:
                raise exceptions.from_http_response(answer)
            found: dict[str, Any] = answer.json()
            return found

        return self.again(ask, what, seconds=None if is_asked_again else 0.0)

    def again(self, ask: Callable[[], T], what: str, *, seconds: float | None = None) -> T:
        """Ask until there is an answer, or a refusal, or the patience is over."""
        failures = _failures()
        patience = self.patience_seconds if seconds is None else seconds
        until, pause = time.monotonic() + patience, _FIRST_PAUSE_SECONDS
        while True:
            try:
                return ask()
            except failures as error:
                if not (is_busy(error) or _is_of_network(error)):
                    raise explained(error, what, self.place) from error
                wait = pause * random.uniform(0.5, 1.5)
                if time.monotonic() + wait > until:
                    raise Unanswered(
                        f"{what}: Google does not answer",
                        why=words_of(error),
                        fix="look at the network, and at https://status.cloud.google.com; then try again",
                    ) from error
            time.sleep(wait)
            pause = min(2 * pause, _MOST_PAUSE_SECONDS)

    def token(self, what: str) -> str:
        """Return an access token, for a registry; "" where no credentials are used.

        Raises
        ------
        DeployError
            There are no credentials, or they are not taken.
        """
        from google.auth.transport.requests import Request

        credentials = self.credentials(what)
        if credentials is None:
            return ""

        def ask() -> str:
            if not credentials.valid:
                credentials.refresh(Request())
            return str(credentials.token or "")

        return self.again(ask, what)

    def credentials(self, what: str) -> Any:
        """Return Application Default Credentials; None for a Cloud Run of this machine."""
        if self.place.endpoint and is_loopback(self.place.endpoint):
            return None
        if self._credentials is None:
            self._credentials = default_credentials(self.place, what)
        return self._credentials

    def close(self) -> None:
        """Close what is open."""
        for client in self._clients.values():
            client.transport.close()
        self._clients.clear()
        self._channel = None

    def _client(self, kind: str, what: str) -> Any:
        if kind not in self._clients:
            self._clients[kind] = self._made(kind, what)
        return self._clients[kind]

    def _made(self, kind: str, what: str) -> Any:
        run_v2 = library()
        made = getattr(run_v2, f"{kind}Client")
        endpoint = self.place.endpoint
        if endpoint and is_loopback(endpoint):
            import grpc

            self._channel = self._channel or grpc.insecure_channel(endpoint)
            return made(transport=made.get_transport_class("grpc")(channel=self._channel))
        options = {"api_endpoint": endpoint} if endpoint else {}
        return made(credentials=self.credentials(what), client_options=options)

    def _session(self, what: str) -> Any:
        import requests

        if self.place.rest_endpoint and is_loopback(self.place.rest_endpoint):
            session = requests.Session()
            session.trust_env = False
            return session
        from google.auth.transport.requests import AuthorizedSession

        return AuthorizedSession(self.credentials(what))


def library() -> Any:
    """Return Google's library of Cloud Run.

    Raises
    ------
    MissingTool
        It is not installed.
    """
    try:
        from google.cloud import run_v2
    except ImportError as error:
        raise MissingTool(
            "google-cloud-run is not installed",
            why="it speaks with Cloud Run",
            fix="pip install 'autoexec-magic[gcp]'",
        ) from error
    return run_v2


def default_credentials(place: Place, what: str) -> Any:
    """Return Application Default Credentials, as Google's own chain finds them.

    Raises
    ------
    DeployError
        There are none.
    """
    library()
    import google.auth
    from google.auth import exceptions

    try:
        found, _ = google.auth.default(scopes=[_SCOPE], quota_project_id=place.project)
    except exceptions.GoogleAuthError as error:
        raise explained(error, what, place) from error
    return found


def _failures() -> tuple[type[Exception], ...]:
    import requests

    library()
    from google.api_core import exceptions as of_calls
    from google.auth import exceptions as of_login

    return of_calls.GoogleAPICallError, of_login.GoogleAuthError, requests.exceptions.RequestException


def _is_of_network(error: Exception) -> bool:
    """Whether nothing was answered at all."""
    import requests
    from google.auth import exceptions

    return isinstance(error, requests.exceptions.RequestException | exceptions.TransportError)
