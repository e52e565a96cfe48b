"""A build by the engine's own builder, through docker-py: told step by step, and nothing is left of it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ... import dockerengine as engine
from ...errors import AutoexecError, BuildError, UsageError
from ..artifacts import Input
from ..bench import Bench
from . import causes, leftovers
from .context import Context, tar_of
from .reference import parse
from .steps import Steps
from .watched import Watch, sent, streamed

_CLEAN_SECONDS = 15.0
_UNFINISHED = "autoexec-unfinished"  #: names what a failed build did, whose cache is kept
#: the image that a step is built on or copies from, and the one that an engine says it did not get
_TAKES = re.compile(r"(?i)\A\d+/\d+ (?:FROM (?:--\S+ )*|(?:COPY|ADD) (?:--\S+ )*?--from=)(\S+)")
_NOT_HAD = re.compile(r"(?:manifest|denied) for ([^\s,]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be built: its tag, its context and labels, and where its Dockerfile is in the context."""

    name: str
    tag: str
    context: Context
    inputs: tuple[Input, ...]
    dockerfile: str
    labels: Mapping[str, str]
    arguments: Mapping[str, str] = field(default_factory=dict)
    network: str = ""


def built(order: Order, client: engine.Client, bench: Bench, watch: Watch) -> str:
    """Build it and return the image's id, `sha256:` and 64 digits.

    Raises
    ------
    BuildError, RunTimeout, Cancelled
        It was not built. What it had made is removed; of a step that failed
        the layers before it are kept, under one name.
    """
    identity = engine.identity(client)
    leftovers.sweep(client, bench.cache, identity)
    with leftovers.noted(bench.cache, identity) as notes:
        steps = Steps()
        try:
            _run(order, client, steps, notes, watch, bench)
        except BaseException as error:
            if _clean(order, steps, notes, isinstance(error, _StepFailed)):
                notes.forget()
            raise
    with contextlib.suppress(*engine.failures()):
        client.remove_image(_kept_name(order))  # what failed before is part of what did not
    return steps.image


class _StepFailed(BuildError):
    """A step of the Dockerfile's own failed; the ones before it are worth keeping."""


def _run(
    order: Order, client: engine.Client, steps: Steps, notes: leftovers.Notes, watch: Watch, bench: Bench
) -> None:
    what = f"the image {order.name} was not built"
    try:
        with bench.at_work("hand over what it is built from"):
            for said in streamed(client, lambda: _begun(order, client, watch), watch):
                _take(said, steps, notes, bench)
                if steps.error:
                    break
    except engine.failures() as error:
        host, base = _base_of(steps.label)
        raise engine.explained(error, what, host=host, image=base) from error
    if steps.error:
        raise _failure(order, steps, what)
    for event in steps.finish():
        bench.emit(event)
    if not steps.image:
        found = engine.image_of(client, order.tag) if engine_answers(client) else None
        if found is None:
            raise BuildError(f"{what}: the engine went away", why="its stream ended", fix="start it again")
        steps.image = str(found["Id"])


def _take(said: Mapping[str, object], steps: Steps, notes: leftovers.Notes, bench: Bench) -> None:
    """Tell one piece of the stream, and note what was made before anybody can be told of it."""
    before, label = (len(steps.containers), len(steps.layers)), steps.label
    events = list(steps.take(said))
    if steps.label != label:
        bench.turn_to(steps.label)
    for container in steps.containers[before[0] :]:
        notes.write("container", container)
    for layer in steps.layers[before[1] :]:
        notes.write("layer", layer)
    for event in events:
        bench.emit(event)


def _begun(order: Order, client: engine.Client, watch: Watch) -> Iterator[dict[str, Any]]:
    stream: Iterator[dict[str, Any]] = client.build(
        fileobj=sent(tar_of(order.context, order.inputs), watch),
        custom_context=True,
        tag=order.tag,
        dockerfile=order.dockerfile,
        labels=dict(order.labels),
        buildargs=dict(order.arguments),
        network_mode=order.network or None,
        rm=True,
        forcerm=True,
        decode=True,
    )
    return stream


def _failure(order: Order, steps: Steps, what: str) -> AutoexecError:
    """Return what the engine's last word means: of a step's own failure its log says why."""
    if "returned a non-zero code" not in steps.error:
        host, base = _base_of(steps.label, steps.error)
        return engine.explained(steps.error, what, host=host, image=base)
    full = engine.explained(" ".join(steps.last), what)
    if "disk is full" in full.what:
        return full
    code = steps.error.rpartition(":")[2].strip()
    error = _StepFailed(f"{what}: step {steps.label} failed with exit code {code}")
    causes.explain(error, steps.last)
    return error


def _base_of(label: str, said: str = "") -> tuple[str, str]:
    """Return the registry's host and the name of the image that a step takes something from.

    A step that names it by a variable, or is cut, does not tell: then what the
    engine said of it does, else the words of a placeholder.
    """
    for found in (_TAKES.search(label), _NOT_HAD.search(said)):
        try:
            if found is not None:
                return parse(found[1]).host, found[1]
        except UsageError:
            continue
    return "REGISTRY", "IMAGE"


def _clean(order: Order, steps: Steps, notes: leftovers.Notes, keep: bool) -> bool:
    """Take away what was made, by a connection of its own; return whether the engine was there for it."""
    try:
        with engine.connected(_CLEAN_SECONDS) as client:
            if keep and steps.layers:
                client.tag(steps.layers[-1], _kept_name(order).rpartition(":")[0], "latest")
                leftovers.take_away(client, [row for row in notes.rows() if row[0] == "container"])
            else:
                leftovers.take_away(client, notes.rows())
    except engine.failures(AutoexecError):
        return False
    return True


def _kept_name(order: Order) -> str:
    return f"{_UNFINISHED}/{parse(order.tag).path.rpartition('/')[2]}:latest"


def engine_answers(client: engine.Client) -> bool:
    """Whether the engine is still there."""
    try:
        return bool(client.ping())
    except engine.failures():
        return False
