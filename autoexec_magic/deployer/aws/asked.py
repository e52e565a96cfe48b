"""Whether a version of a function is well: it is called once, by its number, and judged by its answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.deployer.aws.faults import Busy, TimedOut
from autoexec_magic.deployer.target import Unwell

_EVIDENCE = 8  #: lines of its log
#: what does not get well by waiting: it does not even begin
_FINAL = frozenset(
    {
        "Runtime.ImportModuleError",
        "Runtime.HandlerNotFound",
        "Runtime.MalformedHandlerName",
        "Runtime.UserCodeSyntaxError",
        "Runtime.InvalidEntrypoint",
        "Runtime.InvalidWorkingDir",
        "Runtime.ExitError",
    }
)


def event_of(path: str, event: str) -> bytes:
    """Return what a version is asked: a request for a path as a function URL gives it, or an event."""
    if not path:
        return event.encode()
    request = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
    body = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "localhost", "user-agent": "autoexec-magic"},
        "requestContext": {"http": request, "stage": "$default", "domainName": "localhost"},
        "isBase64Encoded": False,
    }
    return json.dumps(body).encode()


def asked(calls: Calls, name: str, version: str, *, path: str, event: str, seconds: float) -> Unwell | None:
    """Call a version, and return why it is not well, None where it is."""
    try:
        answer = calls.once(
            "lambda",
            "invoke",
            seconds,
            FunctionName=name,
            Qualifier=version,
            InvocationType="RequestResponse",
            LogType="Tail",
            Payload=event_of(path, event),
        )
    except TimedOut:
        return Unwell(why=f"version {version} did not answer within {seconds:g} s")
    except Busy as error:  # the gate says how many of these are too many
        return Unwell(why=f"version {version} could not be called: {error.what}")
    ran = str(answer.get("ExecutedVersion", version))
    if ran != version:
        return Unwell(why=f"version {ran} answered, and not {version}")
    return judged(answer, answer["Payload"].read(), path)


def judged(answer: Mapping[str, Any], payload: bytes, path: str) -> Unwell | None:
    """Return what an answer says of the version that gave it."""
    try:
        body: Any = json.loads(payload or b"null")
    except ValueError:
        body = None
    about: Mapping[str, Any] = body if isinstance(body, dict) else {}
    if answer.get("FunctionError"):
        kind, text = str(about.get("errorType", "")), str(about.get("errorMessage", ""))
        why = f"it raised {kind or 'an error'}{f': {text}' if text else ''}"
        return Unwell(why=why, is_final=kind in _FINAL, evidence=_log(answer))
    if not path:
        return None
    status = about.get("statusCode")
    if isinstance(status, int) and 200 <= status < 400:
        return None
    return Unwell(
        why=f"{path} answers HTTP {status}" if status else f"{path} answers no HTTP", evidence=_log(answer)
    )


def _log(answer: Mapping[str, Any]) -> tuple[str, ...]:
    text = base64.b64decode(answer.get("LogResult") or "").decode("utf-8", "replace")
    theirs = ("START ", "END ", "REPORT ")
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith(theirs)]
    return tuple(lines[-_EVIDENCE:])
