"""An image pushed to a registry, and read back from there: what it has is what was built.

A push that breaks off is begun again; layers that arrived are not sent twice. One
that does not end well leaves no name behind in the engine. (What a registry keeps
of half a push belongs to nothing, and is its own to collect.)
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ... import dockerengine as engine
from ...errors import AutoexecError, BuildError, UsageError
from ...events import Progress
from ...redact import mask, one_line
from ...trust import digest
from ...values import Question
from ..artifacts import Source
from ..bench import Bench
from .provenance import difference
from .reference import Reference
from .registry import Held, held
from .watched import Watch, streamed

SETTING = "registry"  #: as a word it means the one that the settings name
_TRIES = 2  # the engine itself tries five times to send a layer, but its last word, the manifest, once
_PAUSE_SECONDS = 1.0
_REFUSED = re.compile(
    r"unauthorized|authentication required|denied|forbidden|no basic auth|name invalid|unsupported"
)
_THERE = ("Pushed", "Layer already exists")


def registry_of(source: Source) -> str:
    """Return the registry that a wish names: its own word, or what the setting says.

    Raises
    ------
    UsageError
        The setting is meant, and is not set.
    """
    word = source.wish.push
    if word != SETTING:
        return word
    chosen = source.setting(SETTING)
    if not chosen:
        raise UsageError(
            "no registry is configured",
            why=f"{SETTING} in [tool.autoexec.build] is not set",
            fix="--push HOST/TEAM, or set it",
        )
    return chosen


def question(name: str, to: Reference) -> Question:
    """Return what a person is asked where the project itself says where its image goes."""
    return Question(
        text=f"push {name} to {to} ?",
        evidence=("the project's own settings name this registry", f"your login for {to.host} is used"),
        fix=f"%autoexec build image --push {to.repository}",
        content=digest("registry", name, to.repository),
    )


def pushed(
    image: str, to: Reference, labels: Mapping[str, str], client: engine.Client, bench: Bench
) -> Reference:
    """Push an image and return its name with the digest that the registry has.

    Parameters
    ----------
    image : str
        The image's id.
    to : Reference
        The repository and the tag.
    labels : mapping
        What the image there has to say of itself.

    Raises
    ------
    BuildError, RunTimeout, Cancelled
        It is not there, or is another one.
    """
    watch = Watch.of(bench, f"the push of {to}")
    before = engine.image_of(client, str(to))
    client.tag(image, to.repository, to.tag)
    try:
        said = _sent(to, client, bench, watch)
        found = held(to, client)
        _compare(to, said, image if _has_config_ids(client) else "", labels, found)
    except BaseException:
        with contextlib.suppress(*engine.failures(AutoexecError)), engine.connected() as other:
            if before is None:
                other.remove_image(str(to), noprune=True)
            else:
                other.tag(before["Id"], to.repository, to.tag)
        raise
    return Reference(repository=to.repository, digest=found.digest)


def _sent(to: Reference, client: engine.Client, bench: Bench, watch: Watch) -> str:
    """Push it, again if need be, and return the digest that the engine says it has."""
    what = f"{to} was not pushed"
    for attempt in range(1, _TRIES + 1):
        try:
            return _once(to, client, bench, watch, what)
        except BuildError as error:
            is_gone = error.__cause__ is not None and engine.is_gone(error.__cause__)
            if attempt == _TRIES or is_gone or _REFUSED.search(f"{error.what} {error.why}".lower()):
                raise
            bench.say(f"the push broke off ({one_line(error.why)[:120]}); once more, without what arrived")
            watch.pause(_PAUSE_SECONDS * attempt)
    raise AssertionError("a try ends in a return or in an error")


def _once(to: Reference, client: engine.Client, bench: Bench, watch: Watch, what: str) -> str:
    digest, layers, there = "", set[str](), set[str]()

    def begin() -> Iterator[dict[str, Any]]:
        stream: Iterator[dict[str, Any]] = client.push(to.repository, tag=to.tag, stream=True, decode=True)
        return stream

    try:
        for said in streamed(client, begin, watch):
            if "error" in said or "errorDetail" in said:
                raise engine.explained(mask(str(said.get("error"))), what, host=to.host, image=str(to))
            aux, layer, status = said.get("aux"), str(said.get("id") or ""), str(said.get("status") or "")
            if isinstance(aux, dict) and aux.get("Digest"):
                digest = str(aux["Digest"])
            if layer and layer != to.tag:
                layers.add(layer)
            if layer and status in _THERE and layer not in there:
                there.add(layer)
                words = f"layer {layer}: {status.lower()}"
                bench.emit(Progress(phase="build", text=words, number=len(there), total=len(layers)))
    except engine.failures() as error:
        raise engine.explained(error, what, host=to.host, image=str(to)) from error
    if not digest:
        raise BuildError(f"{what}: the engine went away", why="it told no digest", fix="start it again")
    return digest


def _has_config_ids(client: engine.Client) -> bool:
    """Whether an engine calls an image by the digest of its configuration; containerd's store does not."""
    try:
        return "io.containerd.snapshotter" not in str(client.info().get("DriverStatus"))
    except engine.failures():
        return False


def _compare(to: Reference, said: str, image: str, labels: Mapping[str, str], found: Held) -> None:
    """Hold what the registry has against what was sent; `image` is "" where the engine's id says nothing.

    Raises
    ------
    BuildError
        It is another image: somebody else pushed that tag meanwhile, or the registry is wrong.
    """
    why = difference(labels, found.labels)
    if said != found.digest:
        why = f"the engine sent {said}, the registry has {found.digest or 'no digest'}"
    elif image and image != found.image and not why:
        why = f"it is {found.image or 'none'}, and {image} was built"
    if why:
        raise BuildError(
            f"the registry has another image as {to}", why=why, fix="%autoexec build image --push, again"
        )
