"""One namespace of a cluster: asked by the official client's connection, again where it is busy.

What is sent is JSON as we wrote it, because applied fields are owned, and a
client's models add some.
"""

from __future__ import annotations

import base64
import contextlib
import json
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from ...errors import DeployError
from ...redact import mask
from ..target import Unanswered
from . import names
from .objects import Body
from .refusals import Asked, Refused, is_busy, refusal, words_of

LIMIT_SECONDS = 20.0  #: so long it is asked again where it is busy
_CONNECT_SECONDS, _READ_SECONDS = 3.0, 10.0
_LONGEST_PAUSE_SECONDS = 3.0
_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_MERGE = "application/merge-patch+json"
#: the group of each kind of object that we touch
GROUPS: Mapping[str, str] = {
    "deployments": "/apis/apps/v1",
    "replicasets": "/apis/apps/v1",
    "poddisruptionbudgets": "/apis/policy/v1",
    "services": "/api/v1",
    "secrets": "/api/v1",
    "pods": "/api/v1",
    "events": "/api/v1",
}


def word_of(kind: str, name: str = "") -> str:
    """Return a kind of object in words, with a name one of them.

    Examples
    --------
    >>> word_of("deployments", "web"), word_of("networking.k8s.io/v1/ingresses", "web")
    ('deployment web', 'ingress web')
    """
    plural = kind.rpartition("/")[2]
    single = plural.removesuffix("es") if plural.endswith("sses") else plural.removesuffix("s")
    return f"{single} {name}" if name else plural


@dataclass(slots=True, kw_only=True)
class Cluster:
    """A namespace of a cluster.

    A kind of object is its name in the API (`deployments`); one that `GROUPS` has
    not stands behind its group and version (`networking.k8s.io/v1/ingresses`).
    `client` is the official client's `ApiClient`; `secrets` are texts that must
    not be in a message.
    """

    client: Any
    namespace: str
    context: str = ""
    secrets: tuple[str, ...] = ()
    limit_seconds: float = LIMIT_SECONDS
    warned: Callable[[str], None] = field(default=lambda text: None)

    def get(self, kind: str, name: str) -> Body | None:
        """Return an object, None where there is none."""
        return self._found("GET", kind, name)

    def is_there(self, kind: str, name: str) -> bool:
        """Whether there is such an object; nothing of it is read but its metadata."""
        accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
        return self._found("GET", kind, name, accept=accept) is not None

    def listed(self, kind: str, *, labels: Mapping[str, str], fields: str = "") -> list[Body]:
        """Return the objects with these labels."""
        query = {"labelSelector": ",".join(f"{name}={value}" for name, value in labels.items())}
        query |= {"fieldSelector": fields} if fields else {}
        found = self._asked("GET", kind, query={name: value for name, value in query.items() if value})
        return list(found.get("items") or ())

    def apply(self, kind: str, body: Body, *, force: bool = False, is_dry: bool = False) -> Body:
        """Apply an object, as its fields' manager, and return it as the cluster has it then.

        Raises
        ------
        Conflicting
            Fields are somebody else's, and it is not forced.
        Stale
            It has another resourceVersion than `body` says.
        """
        query = {"fieldManager": names.MANAGER, "force": "true" if force else "false"}
        query |= {"dryRun": "All"} if is_dry else {}
        return self._asked("PATCH", kind, body["metadata"]["name"], query=query, body=body, content=_APPLY)

    def merge(self, kind: str, name: str, change: Body) -> Body | None:
        """Change single fields of an object; None where there is none."""
        query = {"fieldManager": names.MANAGER}
        return self._found("PATCH", kind, name, query=query, body=change, content=_MERGE)

    def delete(self, kind: str, name: str, *, version: str = "") -> None:
        """Take an object away, and what it made; one that is not there is no error."""
        body: Body = {"propagationPolicy": "Background"}
        body |= {"preconditions": {"resourceVersion": version}} if version else {}
        self._found("DELETE", kind, name, body=body)

    def serves(self, group: str) -> bool:
        """Whether the API has a group and version, such as `policy/v1`."""
        try:
            self._sent("GET", f"/apis/{group}", f"the API {group}")
        except Refused as error:
            if error.status in (403, 404):
                return False
            raise
        return True

    def labels_of_namespace(self) -> dict[str, str]:
        """Return the labels of the namespace itself."""
        path = f"/api/v1/namespaces/{quote(self.namespace)}"
        found = json.loads(self._sent("GET", path, f"namespace {self.namespace}").data)
        return dict(found.get("metadata", {}).get("labels") or {})

    def minor(self) -> int:
        """Return the second number of its version, 0 where it does not tell."""
        try:
            found = json.loads(self._sent("GET", "/version", "its version").data)
        except (Refused, ValueError):
            return 0
        digits = "".join(each for each in str(found.get("minor", "")) if each.isdecimal())
        return int(digits or 0)

    def lines(self, pod: str, **query: str) -> Iterator[str]:
        """Yield the lines of a pod's log; with `follow` those that come, as long as the pod is there."""
        path = f"{self._path('pods', pod)}/log?{urlencode(query)}"
        is_endless = query.get("follow") == "true"  # else a cluster that is silent is not waited for
        answer = self._sent("GET", path, f"the log of pod {pod}", is_stream=True, is_endless=is_endless)
        from urllib3.exceptions import HTTPError

        rest = b""
        try:
            with contextlib.suppress(HTTPError):  # it ends where the pod does
                for part in answer.stream(65_536, decode_content=True):
                    *whole, rest = (rest + part).split(b"\n")
                    yield from (self.masked(line.decode("utf-8", "replace")) for line in whole)
            if rest:
                yield self.masked(rest.decode("utf-8", "replace"))
        finally:
            answer.close()

    def masked(self, text: str) -> str:
        """Return text without secrets, also as a cluster writes them."""
        coded = (base64.b64encode(each.encode("utf-8", "surrogateescape")).decode() for each in self.secrets)
        return mask(text, [each for each in (*self.secrets, *coded) if each])

    def asked(self, method: str, what: str) -> Asked:
        """Return what is asked, for an error."""
        return Asked(method=method, what=what, namespace=self.namespace, context=self.context)

    def _path(self, kind: str, name: str = "") -> str:
        group, _, kind = kind.rpartition("/")
        where = f"/{'api' if group == 'v1' else 'apis'}/{group}" if group else GROUPS[kind]
        path = f"{where}/namespaces/{quote(self.namespace)}/{kind}"
        return f"{path}/{quote(name)}" if name else path

    def _found(self, method: str, kind: str, name: str, **more: Any) -> Body | None:
        try:
            return self._asked(method, kind, name, **more)
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def _asked(
        self, method: str, kind: str, name: str = "", *, query: Mapping[str, str] | None = None, **more: Any
    ) -> Body:
        path = self._path(kind, name) + (f"?{urlencode(query)}" if query else "")
        answer = self._sent(method, path, word_of(kind, name), **more)
        try:
            found = json.loads(answer.data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise DeployError(
                f"what answers at {self.client.configuration.host} is no cluster",
                why=f"HTTP {answer.status}, and no object of the API",
                fix="kubectl config view, and its server",
            )
        return found

    def _sent(
        self,
        method: str,
        path: str,
        what: str,
        *,
        body: Body | None = None,
        content: str = "application/json",
        accept: str = "application/json",
        is_stream: bool = False,
        is_endless: bool = False,
    ) -> Any:
        """Return the answer; busy ones and none at all are asked for again, under one limit."""
        from urllib3.exceptions import HTTPError, SSLError

        until = time.monotonic() + self.limit_seconds
        pause, why = 0.1, ""
        while True:
            try:
                answer = self._once(
                    method, path, body, content, accept, is_stream=is_stream, is_endless=is_endless
                )
            except HTTPError as error:
                if isinstance(error, SSLError) and not _is_broken_off(error):
                    raise self._untrusted(error) from error
                why = f"{type(error).__name__}: {error}"
            else:
                if answer.status < 400:
                    for said in answer.headers.getlist("Warning"):
                        self.warned(self.masked(said.partition('"')[2].rstrip('"') or said))
                    return answer
                content_of = answer.data
                if not is_busy(answer.status, content_of):
                    raise refusal(self.asked(method, what), answer.status, content_of, self.masked)
                why = self.masked(words_of(answer.status, content_of)[1])
            if time.monotonic() + pause > until:
                raise self._unanswered(what, why)
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _once(
        self,
        method: str,
        path: str,
        body: Body | None,
        content: str,
        accept: str,
        *,
        is_stream: bool,
        is_endless: bool,
    ) -> Any:
        from urllib3 import Timeout

        settings = self.client.configuration
        headers = {"Accept": accept, "User-Agent": "autoexec-magic"}
        for each in settings.auth_settings().values():
            if each.get("in") == "header" and each.get("value"):
                headers[each["key"]] = each["value"]
        if body is not None:
            headers["Content-Type"] = content
        return self.client.rest_client.pool_manager.request(
            method,
            f"{settings.host}{path}",
            body=None if body is None else json.dumps(body).encode(),
            headers=headers,
            timeout=Timeout(connect=_CONNECT_SECONDS, read=None if is_endless else _READ_SECONDS),
            retries=False,
            preload_content=not is_stream,
        )

    def _unanswered(self, what: str, why: str) -> Unanswered:
        host = self.client.configuration.host
        context = f" --context {self.context}" if self.context else ""
        return Unanswered(
            f"the cluster at {host} does not answer for {what}",
            why=why,
            fix=f"kubectl{context} get --raw /readyz",
        )

    def _untrusted(self, error: Exception) -> DeployError:
        return DeployError(
            f"the cluster at {self.client.configuration.host} is not the one that the kubeconfig trusts",
            why=str(error),
            fix="kubectl config view, and its certificate-authority",
        )


def _is_broken_off(error: Exception) -> bool:
    """Return whether a connection ended while it was being secured, which says nothing of who was there."""
    return isinstance(next(iter(error.args), None), ssl.SSLEOFError | ssl.SSLZeroReturnError)
