"""The docker target's own settings, from `[tool.autoexec.deploy.NAME.docker]`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import UsageError

#: each setting, and what it means
KNOWN: Mapping[str, str] = {
    "container-port": "the port on which it listens inside its container, 1 to 65535",
    "stop-seconds": "seconds that a container gets to end by itself before it is killed, 0 to 3600; 10",
    "mode": "auto (a Swarm's services where the engine is a manager of one), swarm, or containers",
    "publish": "how a Swarm's service gets its port: host, or ingress (the routing mesh)",
}
_MOST_PORT = 65_535
_MOST_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the settings say; a `container_port` of 0 is not said."""

    container_port: int = 0
    stop_seconds: int = 10
    mode: str = "auto"
    publish: str = "host"


def settings_of(options: Mapping[str, str]) -> Settings:
    """Return the settings once they are known, and can be.

    Raises
    ------
    UsageError
        One is unknown, or cannot be.

    Examples
    --------
    >>> settings_of({"container-port": "8000"}).container_port
    8000
    """
    for name in options:
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1)
            fix = f"did you mean {near[0]}?" if near else f"one of {', '.join(KNOWN)}"
            raise UsageError(f"unknown setting docker.{name}", fix=fix)
    return Settings(
        container_port=_number(options, "container-port", 1, _MOST_PORT, 0),
        stop_seconds=_number(options, "stop-seconds", 0, _MOST_SECONDS, 10),
        mode=_one_of(options, "mode", "auto", "swarm", "containers"),
        publish=_one_of(options, "publish", "host", "ingress"),
    )


def _one_of(options: Mapping[str, str], name: str, *words: str) -> str:
    """Return what is said, or the first of the words where nothing is."""
    text = options.get(name, "") or words[0]
    if text not in words:
        near = difflib.get_close_matches(text, words, n=1)
        fix = f"did you mean {near[0]}?" if near else f"it is {KNOWN[name]}"
        raise UsageError(f"docker.{name} cannot be {text!r}", fix=fix)
    return text


def _number(options: Mapping[str, str], name: str, least: int, most: int, default: int) -> int:
    text = options.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
        raise UsageError(f"docker.{name} cannot be {text!r}", fix=f"it is {KNOWN[name]}")
    return int(text)
