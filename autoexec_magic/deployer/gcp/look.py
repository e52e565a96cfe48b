"""One look at a URL of Cloud Run: does what is behind it answer, and well.

Where nobody but the invited are let in, we show who we are: an identity token for
that URL, from the same credentials.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from autoexec_magic.deployer.gcp.asking import Asking, library
from autoexec_magic.redact import mask, one_line

_TOKEN_SECONDS = 1800.0  #: one is good for an hour
_GONE = frozenset({429, 500, 502, 503, 504})  #: what Cloud Run's own front says where nothing answers


@dataclass(slots=True, kw_only=True)
class Looking:
    """Who looks; a token is kept for a while, by the URL that it is for."""

    asking: Asking
    _tokens: dict[str, tuple[float, str]] = field(default_factory=dict, repr=False)

    def at(self, url: str, path: str, seconds: float, *, audience: str = "") -> str:
        """Return why a GET is not answered well, "" where it is.

        Parameters
        ----------
        url : str
            Where, without a path.
        path : str
            What is asked for: 2xx and 3xx are well. "" asks for `/`, and takes any answer
            that is not Cloud Run's own word for nothing being there.
        seconds : float
            How long it may take.
        audience : str, optional
            The service's own URL, which an identity token is for; by default `url`.
        """
        import requests
        from urllib3.util import Timeout

        shown = f"GET {path or '/'}"
        token = self._token(audience or url)
        headers = {"User-Agent": "autoexec", **({"Authorization": f"Bearer {token}"} if token else {})}
        try:
            with requests.Session() as session:
                session.trust_env = url.startswith("https:")
                answer = session.get(
                    f"{url}{path or '/'}",
                    headers=headers,
                    timeout=Timeout(total=seconds),  # type: ignore[arg-type]
                    allow_redirects=False,
                    stream=True,
                )
                answer.close()
        except requests.exceptions.Timeout:
            return f"{shown}: no answer within {seconds:g} s"
        except requests.exceptions.RequestException as error:
            return f"{shown}: {one_line(mask(str(error)))[:200]}"
        return _judged(shown, answer.status_code, takes_any=not path)

    def _token(self, audience: str) -> str:
        """Return an identity token for a URL, "" where our credentials give none."""
        credentials = self.asking.credentials("who we are cannot be shown")
        if credentials is None:
            return ""
        at, token = self._tokens.get(audience, (0.0, ""))
        if not at or time.monotonic() - at > _TOKEN_SECONDS:
            token = identity(credentials, audience)
            self._tokens[audience] = (time.monotonic(), token)
        return token


def identity(credentials: Any, audience: str) -> str:
    """Return an identity token for a URL; a person's own is for every URL, "" where there is none."""
    library()
    from google.auth import exceptions
    from google.auth.transport.requests import Request
    from google.oauth2 import id_token

    try:
        if hasattr(credentials, "id_token"):
            if not credentials.id_token:
                credentials.refresh(Request())
            return str(credentials.id_token or "")
        return str(id_token.fetch_id_token(Request(), audience))
    except exceptions.GoogleAuthError:
        return ""


def _judged(shown: str, status: int, *, takes_any: bool) -> str:
    if status in (401, 403):
        return (
            f"{shown}: HTTP {status}; if that is Cloud Run's own word, we lack roles/run.invoker on it,"
            " or it is to be public = true"
        )
    if takes_any:
        return f"{shown}: HTTP {status}" if status in _GONE else ""
    return "" if 200 <= status < 400 else f"{shown}: HTTP {status}"
