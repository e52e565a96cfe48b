"""The doors of the tests' Cloud Run: gRPC, and HTTP for Secret Manager and Cloud Logging."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc
from deployer.gcp.backing import Quiet
from deployer.gcp.cloud import Cloud, Fault, pb
from google.cloud import run_v2
from google.longrunning import operations_pb2
from grpc_status import rpc_status

_SECRET = re.compile(r"/v1/projects/([a-z0-9-]+)/secrets(?:/([A-Za-z0-9_-]{1,255}))?(.*)")
_NOTE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_METHODS = {
    "google.cloud.run.v2.Services": ("CreateService", "UpdateService", "GetService", "DeleteService"),
    "google.cloud.run.v2.Revisions": ("GetRevision", "ListRevisions", "DeleteRevision"),
    "google.longrunning.Operations": ("GetOperation",),
}


@contextlib.contextmanager
def grpc_door(cloud: Cloud) -> Iterator[str]:
    """Yield HOST:PORT of Cloud Run."""
    server = grpc.server(futures.ThreadPoolExecutor(8))
    for service, methods in _METHODS.items():
        handlers = {each: _handler(cloud, service, each) for each in methods}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=1).wait()


def _handler(cloud: Cloud, service: str, method: str) -> Any:
    kind = operations_pb2.GetOperationRequest if method == "GetOperation" else None
    made = kind or type(pb(getattr(run_v2, f"{method}Request")))
    name = re.sub(r"(?<!^)([A-Z])", r"_\1", method).lower()

    def carried_out(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return cloud.call(f"{service}/{method}", getattr(cloud, name), request)
        except Fault as fault:
            context.abort_with_status(rpc_status.to_status(fault.status))

    return grpc.unary_unary_rpc_method_handler(
        carried_out,
        request_deserializer=made.FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )


@contextlib.contextmanager
def rest_door(cloud: Cloud) -> Iterator[str]:
    """Yield HOST:PORT of Secret Manager and Cloud Logging."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PATCH(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, found = _rest(cloud, self.command, self.path, json.loads(body or b"{}"))
            content = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words: object) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _No(Exception):
    def __init__(self, code: int, status: str, message: str) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def _rest(cloud: Cloud, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    try:
        with cloud.lock:
            return 200, _carried(cloud, method, path, body)
    except _No as error:
        about = {"code": error.code, "message": str(error), "status": error.status}
        return error.code, {"error": about}


def _carried(cloud: Cloud, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    where, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
    if where == "/v2/entries:list":
        cloud.calls[f"{method} entries:list"] += 1
        return _entries(cloud, body)
    parts = _SECRET.fullmatch(where)
    if parts is None:
        raise _No(404, "NOT_FOUND", f"{where} was not found")
    _, name, rest = parts.groups()
    words = {":addVersion": "secrets:addVersion", "": "secrets"}.get(rest, "secrets/versions")
    call = f"{method} {words}"
    cloud.calls[call] += 1
    carried: dict[str, Callable[[], dict[str, Any]]] = {
        "POST secrets": lambda: _made(cloud, query["secretId"][0], body),
        "GET secrets": lambda: _shown(name, _found(cloud, name)),
        "PATCH secrets": lambda: _noted(name, _found(cloud, name), body, query),
        "POST secrets:addVersion": lambda: _added(name, _found(cloud, name), body),
        "GET secrets/versions": lambda: _version(name, _found(cloud, name), rest.rpartition("/")[2]),
    }
    return carried[call]()


def _found(cloud: Cloud, name: str) -> dict[str, Any]:
    if name not in cloud.secrets:
        raise _No(404, "NOT_FOUND", f"Secret [projects/1/secrets/{name}] not found.")
    return cloud.secrets[name]


def _made(cloud: Cloud, name: str, body: dict[str, Any]) -> dict[str, Any]:
    if name in cloud.secrets:
        raise _No(409, "ALREADY_EXISTS", f"Secret [{name}] already exists.")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name) or "replication" not in body:
        raise _No(400, "INVALID_ARGUMENT", "secretId and replication are needed")
    cloud.secrets[name] = {"annotations": {}, "versions": {}, "etag": '"1"'}
    return _shown(name, cloud.secrets[name])


def _shown(name: str, secret: dict[str, Any]) -> dict[str, Any]:
    found = {"name": f"projects/1/secrets/{name}", "etag": secret["etag"]}
    return {**found, **({"annotations": secret["annotations"]} if secret["annotations"] else {})}


def _noted(
    name: str, secret: dict[str, Any], body: dict[str, Any], query: dict[str, list[str]]
) -> dict[str, Any]:
    if query.get("updateMask") != ["annotations"]:
        raise _No(400, "INVALID_ARGUMENT", "updateMask")
    if body.get("etag") not in (None, "", secret["etag"]):
        raise _No(400, "FAILED_PRECONDITION", "The etag provided in the request does not match.")
    if any(not _NOTE.fullmatch(key) for key in body["annotations"]):
        raise _No(400, "INVALID_ARGUMENT", "annotations")
    secret["annotations"] = dict(body["annotations"])
    secret["etag"] = f'"{int(secret["etag"][1:-1]) + 1}"'
    return _shown(name, secret)


def _added(name: str, secret: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    content = base64.b64decode(body["payload"]["data"], validate=True)
    if len(content) > 65_536:
        raise _No(400, "INVALID_ARGUMENT", "payload")
    number = str(len(secret["versions"]) + 1)
    secret["versions"][number] = {"content": content, "state": "ENABLED"}
    return _version(name, secret, number)


def _version(name: str, secret: dict[str, Any], number: str) -> dict[str, Any]:
    if number not in secret["versions"]:
        raise _No(404, "NOT_FOUND", f"Secret Version [{name}/versions/{number}] not found.")
    state = secret["versions"][number]["state"]
    return {"name": f"projects/1/secrets/{name}/versions/{number}", "state": state}


def _entries(cloud: Cloud, body: dict[str, Any]) -> dict[str, Any]:
    wanted = re.search(r'resource\.labels\.revision_name = "([^"]+)"', body["filter"])
    since = re.search(r'timestamp >= "([^"]+)"', body["filter"])
    if not body.get("resourceNames") or wanted is None:
        raise _No(400, "INVALID_ARGUMENT", "resourceNames and a filter are needed")
    found = [
        {"timestamp": at, "textPayload": line, "insertId": str(number)}
        for number, (at, line) in enumerate(cloud.log_of(wanted[1]))
        if since is None or at >= since[1]
    ]
    newest = found[::-1] if body.get("orderBy") == "timestamp desc" else found
    return {"entries": newest[: body.get("pageSize", 50)]}
