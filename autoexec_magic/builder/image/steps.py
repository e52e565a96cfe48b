"""What an engine's stream of a build says: its steps, how long each took, and which of them a cache had."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ...events import Event, Output, Stepped
from ...redact import mask, one_line
from .causes import MOST_LINES

_STEP = re.compile(r"\AStep (\d+)/(\d+) : (.*)", re.DOTALL)
_RUNNING = re.compile(r"\A ---> Running in ([0-9a-f]{12,64})")
_LAYER = re.compile(r"\A ---> ([0-9a-f]{12,64})\s*\Z")
_ENDED = re.compile(
    r"\ARemoving intermediate container|\ASuccessfully (?:built|tagged)|\A\[Warning\]|\A ---> "
)
_RED, _PLAIN = "\x1b[91m", "\x1b[0m"  #: how the classic builder marks what a step writes to stderr
_LABEL = 100


def shortened(label: str) -> str:
    """Return a label of at most 100 characters; one that was cut says so.

    Examples
    --------
    >>> shortened("1/2 RUN make"), shortened("x" * 200)[-3:], len(shortened("x" * 200))
    ('1/2 RUN make', 'xx…', 100)
    """
    return label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"


@dataclass(slots=True, kw_only=True)
class Steps:
    """A fold over the stream.

    `image` is the id of what was built, "" so far; `error` what the engine said
    at the end, "" where it did not fail. `containers` and `layers` are those
    that it made for this build, and which are of no use when it fails.
    """

    clock: Callable[[], float] = time.monotonic
    image: str = ""
    error: str = ""
    label: str = ""
    containers: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    _since: float = 0.0
    _is_cached: bool = False

    def take(self, said: Mapping[str, object]) -> Iterator[Event]:
        """Yield the events that one piece of the stream means."""
        if isinstance(text := said.get("stream"), str):
            yield from self._line(text)
        elif isinstance(aux := said.get("aux"), Mapping) and isinstance(aux.get("ID"), str):
            self.image = str(aux["ID"])
        elif "error" in said or "errorDetail" in said:
            detail = said.get("errorDetail")
            message = detail.get("message") if isinstance(detail, Mapping) else None
            self.error = str(message or said.get("error"))

    def finish(self) -> Iterator[Event]:
        """Yield the event of the last step, where it passed."""
        if self.label and not self.error:
            yield self._stepped()
        self.label = ""

    def _line(self, text: str) -> Iterator[Event]:
        if step := _STEP.match(text):
            yield from self.finish()
            words = one_line(mask(step[3].strip()))
            self.label = shortened(f"{step[1]}/{step[2]} {words}")
            self._since, self._is_cached, self.last = self.clock(), False, []
        elif text.startswith(" ---> Using cache"):
            self._is_cached = True
        elif running := _RUNNING.match(text):
            self.containers.append(running[1])
        elif layer := _LAYER.match(text):
            if (
                not self._is_cached
                and self.label
                and not self.label.partition(" ")[2].upper().startswith("FROM ")
            ):
                self.layers.append(layer[1])
        elif not _ENDED.match(text) and text.strip():
            is_stderr = text.startswith(_RED)
            words = mask(text.removeprefix(_RED).removesuffix(_PLAIN) if is_stderr else text)
            self.last = [*self.last, *words.splitlines()][-MOST_LINES:]
            yield Output(phase="build", stream="stderr" if is_stderr else "stdout", text=words)

    def _stepped(self) -> Stepped:
        seconds = self.clock() - self._since
        return Stepped(phase="build", label=self.label, seconds=seconds, is_cached=self._is_cached)
