"""One address for all of AWS: Lambda and ECS are our models (`functions`, `tasks`), the rest is moto.

moto keeps ECS services without running any of them, and does not look at a
Lambda's qualifier, weights and revisions, so both are written here: **our model
of AWS**, made after its documentation, with processes and containers behind it.
Every request is checked by AWS's published schema, and written down.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from deployer.aws import schema
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from autoexec_magic.deployer.aws.actions import action_of

ACCOUNT, REGION = "123456789012", "us-east-1"
_TARGETS = {
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "secretsmanager": "secretsmanager",
}


class Fault(Exception):
    """An error as AWS answers it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Front:
    """The address; `before` may raise a `Fault` for an action, `after` changes what moto says."""

    lambdas: Any = None
    ecs: Any = None
    seen: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda action: None
    ecr_before: Callable[[dict[str, Any]], None] = lambda given: None
    ecr_after: Callable[[bytes], bytes] = lambda body: body
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.server = make_server("127.0.0.1", 0, self, threaded=True)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join(30)
        self.server.server_close()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        found = self._answer(environ)
        if found is None:
            return self.moto(environ, start_response)
        lines = {"Content-Type": "application/json", **found.headers, "Content-Length": str(len(found.body))}
        start_response(f"{found.status} -", list(lines.items()))
        return iter([found.body])

    def _answer(self, environ: dict[str, Any]) -> Answer | None:
        path, target = environ["PATH_INFO"], environ.get("HTTP_X_AMZ_TARGET", "")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {
            key[5:].replace("_", "-").lower(): value
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        if path.startswith("/20"):
            api = "lambda"
            raw = environ.get("REQUEST_URI", path).partition("?")[0]
            operation, given = schema.rest(
                api, environ["REQUEST_METHOD"], raw, environ["QUERY_STRING"], headers, body
            )
        elif api := _TARGETS.get(target.partition(".")[0], ""):
            operation, given = target.partition(".")[2], json.loads(body or b"{}")
        else:
            return self._other(environ, body)
        try:
            action = action_of(api, operation)
            self.seen.append(action)
            self.before(action)
            return self._modelled(api, operation, given, environ, body)
        except Fault as fault:
            text = json.dumps({"__type": fault.code, "message": fault.message}).encode()
            return Answer(fault.status, text, {"x-amzn-errortype": fault.code})

    def _modelled(
        self, api: str, operation: str, given: dict[str, Any], environ: dict[str, Any], body: bytes
    ) -> Answer | None:
        wrong = list(schema.faults(schema.model(api).operation_model(operation).input_shape, given))
        if wrong:
            raise Fault("ValidationException", "; ".join(wrong))
        if api == "lambda":
            return self.lambdas.answer(operation, given)
        if api == "ecs":
            return self.ecs.answer(operation, given)
        if api == "ecr":
            self.ecr_before(given)
        found = self._by_moto(environ, body)
        return Answer(found.status, self.ecr_after(found.body), found.headers) if api == "ecr" else found

    def _other(self, environ: dict[str, Any], body: bytes) -> Answer:
        """Let moto answer what is none of ours: who am I, roles, networks, logs."""
        environ["wsgi.input"] = _Bytes(body)
        text = body.decode("utf-8", "replace")
        name = text.partition("Action=")[2].partition("&")[0]
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
        api = scope[3] if len(scope) > 3 else ""
        action = f"{api}:{name or target.rpartition('.')[2]}"
        self.seen.append(action)
        try:
            self.before(action)
        except Fault as fault:
            error = f"<Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
            is_flat = api in ("iam", "sts")
            said = f"<E>{error}</E>" if is_flat else f"<R><Errors>{error}</Errors></R>"
            return Answer(fault.status, said.encode(), {"Content-Type": "text/xml"})
        return self._by_moto(environ, body)

    def _by_moto(self, environ: dict[str, Any], body: bytes) -> Answer:
        environ["wsgi.input"] = _Bytes(body)
        told: list[Any] = []
        parts = self.moto(environ, lambda status, headers, exc_info=None: told.append((status, headers)))
        content = b"".join(parts)
        status, headers = told[0]
        kept = {key: value for key, value in headers if key.lower() not in ("content-length", "connection")}
        return Answer(int(status.split()[0]), content, kept)


class _Bytes:
    """A request's body, once more."""

    def __init__(self, content: bytes) -> None:
        self._left = content

    def read(self, size: int = -1) -> bytes:
        found = self._left if size < 0 else self._left[:size]
        self._left = self._left[len(found) :]
        return found

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)
