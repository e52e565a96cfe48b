"""Ask a language model: any server that speaks OpenAI's chat protocol.

Nobody is asked unless a person has configured it, in their own settings or
variables (`[fix]`), and the line says so. An answer is data from outside: only
the one text of the one message is read, tool calls and all else are not, and
what is wrong with it is said without quoting it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...config import Config
from ...errors import NeedsPerson, PhaseError, UsageError
from ...installer.page import is_private
from .wire import MOST_BYTES, NoAnswer, post

NONE = "NONE"  #: the whole answer of a model that knows no change
_FIXES = {
    400: "check `fix.model` and `fix.url`: %autoexec config",
    401: "check the key in the variable that `fix.key` names",
    403: "check what the key in the variable that `fix.key` names may do",
    404: "check `fix.url` and `fix.model`: %autoexec config",
    429: "wait, or ask for more at the model's server",
}


class ModelFault(PhaseError):
    """A model could not be asked, or what it answered is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model is. `key_name` is the variable that holds its key, or ""."""

    url: str
    model: str
    key_name: str
    timeout: float

    @property
    def host(self) -> str:
        """Who is asked."""
        return urlsplit(self.url).hostname or ""

    @property
    def address(self) -> str:
        """Where the question is sent."""
        parts = urlsplit(self.url)
        return parts._replace(path=f"{parts.path.rstrip('/')}/chat/completions", fragment="").geturl()


def endpoint(config: Config) -> Endpoint:
    """Return where the configured model is.

    Raises
    ------
    NeedsPerson
        None is configured.
    UsageError
        Its address cannot be.
    """
    if not config.fix_model or not config.fix_url:
        raise NeedsPerson(
            "no language model is configured",
            why="`fix.model` and `fix.url` are empty",
            fix='[fix] model = "NAME", url = "https://HOST/v1", key = "VARIABLE" in your own autoexec.toml',
        )
    parts = urlsplit(config.fix_url)
    try:
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        has_port = False
    is_fine = parts.scheme in ("http", "https") and parts.hostname and has_port
    if not is_fine or not is_private(config.fix_url) or parts.username or parts.password:
        raise UsageError(
            "`fix.url` cannot be",
            why="it is an https address without a login, or an http address of this machine",
            fix="%autoexec config shows where it comes from",
        )
    return Endpoint(
        url=config.fix_url,
        model=config.fix_model,
        key_name=config.fix_key,
        timeout=config.fix_timeout or 60.0,
    )


def ask(
    where: Endpoint,
    body: bytes,
    *,
    environment: Mapping[str, str],
    seconds: float,
    is_stopped: Callable[[], bool] = lambda: False,
) -> str:
    """Return the text that a model answers.

    Parameters
    ----------
    where : Endpoint
        Who is asked.
    body : bytes
        The question (`sent.Letter.body`).
    environment : mapping of str to str
        Holds the key.
    seconds : float
        For all of it; the endpoint's own limit holds as well.

    Raises
    ------
    ModelFault
        It could not be asked, or there is no text in what it answered.
    UsageError
        Its key is not there.
    Cancelled
        It was stopped.
    """
    headers = {"Content-Type": "application/json"} | _login(where, environment)
    limit = max(0.1, min(seconds, where.timeout))
    try:
        answer = post(
            where.address, body, headers, seconds=limit, most_bytes=MOST_BYTES, is_stopped=is_stopped
        )
    except NoAnswer as error:
        raise ModelFault("the model gave no answer", why=str(error), fix="check `fix.url`") from None
    if 300 <= answer.status < 400:
        why = f"{where.host} sends on to another address, which is never followed"
        raise ModelFault("the model gave no answer", why=why, fix="write the right one into `fix.url`")
    if answer.status != 200:
        fix = _FIXES.get(answer.status, "try again later")
        raise ModelFault("the model gave no answer", why=f"{where.host} answered {answer.status}", fix=fix)
    if answer.kind != "application/json":
        raise ModelFault(
            "the model gave no answer", why=f"{where.host} answered with something else than JSON"
        )
    return _text(answer.body, where.host)


def _login(where: Endpoint, environment: Mapping[str, str]) -> dict[str, str]:
    if not where.key_name:
        return {}
    key = environment.get(where.key_name, "").strip()
    # http.client would quote a value that it refuses.
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        what = "is not set" if not key else "holds no key"
        raise UsageError(
            "the model's key is not there", why=f"{where.key_name} {what}", fix="set it, without a line end"
        )
    return {"Authorization": f"Bearer {key}"}


def _text(body: bytes, host: str) -> str:
    try:
        record = json.loads(body)
        choice = record["choices"][0]
        message, ended = choice["message"], choice.get("finish_reason")
        text = message["content"]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise ModelFault("the model gave no answer", why=f"{host} answered with no message") from None
    if ended == "length":
        raise ModelFault("the model gave no answer", why="its answer was cut short")
    if not isinstance(text, str) or not text.strip():
        why = (
            "it wants to call a tool, which nobody offered"
            if message.get("tool_calls")
            else "its answer is empty"
        )
        raise ModelFault("the model gave no answer", why=why)
    return text
