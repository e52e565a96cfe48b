"""A build by BuildKit, through docker's own command, where a Dockerfile cannot be read without it.

docker-py speaks with the classic builder only (docker-py#2230). The command
runs none of the project's code itself; what a RUN says is run by the engine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ... import dockerengine as engine
from ...errors import BuildError, MissingTool
from ...events import Stepped
from ...redact import mask, one_line
from .. import tools
from ..bench import Bench
from . import causes
from .classic import Order
from .context import lay_out
from .steps import shortened

_SECONDS = 20.0
_VERTEX = re.compile(r"\A#(\d+) \[(?:[\w.-]+ )?\s*\d+/\d+\] (.+)\Z")
_DONE = re.compile(r"\A#(\d+) (?:DONE (\d+(?:\.\d+)?)s|(CACHED))\Z")
_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY")
_FIX = "apt-get install docker-buildx (docker-buildx-plugin from Docker's own packages), or write it without"


def require(reason: str, folder: Path, bench: Bench) -> str:
    """Return docker's command, by its whole path; it has BuildKit.

    Parameters
    ----------
    reason : str
        The line that needs it.
    folder : Path
        Where it is asked.
    bench : Bench
        What starts it.

    Raises
    ------
    MissingTool
        There is no such command outside of the project, or it has not.
    """
    place = tools.found("docker", folder)
    why = f"{reason} is read by BuildKit only"
    if place is None:
        raise MissingTool(
            "docker's command is not installed", why=why, fix="apt-get install docker.io docker-buildx"
        )
    program = str(place.absolute())
    words = (program, "buildx", "version")
    said = bench.start(words, cwd=folder, is_foreign=False, timeout=_SECONDS, is_quiet=True)
    if said.returncode != 0:
        raise MissingTool("docker has no buildx", why=why, fix=_FIX)
    return program


def built(order: Order, program: str, client: engine.Client, bench: Bench) -> str:
    """Build it and return the image's id.

    Raises
    ------
    BuildError, RunTimeout, Cancelled
        It was not built. BuildKit keeps what it did in its own cache.
    """
    what = f"the image {order.name} was not built"
    with bench.scratch() as scratch:
        lay_out(order.context, order.inputs, scratch)
        argv = [program, "buildx", "build", "--load", "--progress=plain", "--tag", order.tag]
        argv += ["--file", str(scratch / order.dockerfile)]
        argv += [word for name, value in order.labels.items() for word in ("--label", f"{name}={value}")]
        argv += [word for name in order.arguments for word in ("--build-arg", name)]  # by the environment
        argv += ["--network", order.network] if order.network else []
        given = [name for name in _VARIABLES if name in os.environ]
        ended = bench.start(
            (*argv, str(scratch)), cwd=scratch, env=dict(order.arguments), is_foreign=False, pass_on=given
        )
        failed = BuildError(what, fix="mend what the step says, then %autoexec build image")
        if wrote := causes.of_progress(ended.stderr or ended.stdout):
            causes.explain(failed, wrote)
        bench.ran(ended, failed)
        for step in steps_in(ended.stderr or ended.stdout):
            bench.emit(step)
    found = engine.image_of(client, order.tag)
    if found is None:
        raise BuildError(what, why="the engine has no image of that name", fix="docker buildx use default")
    return str(found["Id"])


def steps_in(text: str) -> Iterator[Stepped]:
    """Yield the steps that BuildKit's plain progress tells of, in the order in which they ended.

    Examples
    --------
    >>> [(step.label, step.is_cached) for step in steps_in("#5 [2/3] RUN make" + chr(10) + "#5 CACHED")]
    [('RUN make', True)]
    """
    labels: dict[str, str] = {}
    for line in text.splitlines():
        if vertex := _VERTEX.match(line):
            labels[vertex[1]] = shortened(one_line(mask(vertex[2])))
        elif (done := _DONE.match(line)) and done[1] in labels:
            yield Stepped(
                phase="build",
                label=labels.pop(done[1]),
                seconds=float(done[2] or 0),
                is_cached=done[3] is not None,
            )
