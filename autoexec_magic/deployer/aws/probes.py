"""The health check of an ECS task: the gate's question, asked by what the image has; pure.

ECS runs it inside the container, and looks at no HEALTHCHECK of an image's own. So
a path or a port is asked by the first program of a few that is found when it
runs; an image without a shell is asked by its Python, by its own HEALTHCHECK, or
by the load balancer. What asks is written on the task definition (`HEALTH`), and so
is known when it is read back.

ECS calls a task healthy after one good answer, and unhealthy only after `retries` bad
ones in a row: a service that answers every other time would stay healthy for ever.
So one check of ours asks as often as the gate's `successes`, and each answer has to be good.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autoexec_magic.deployer.aws.inside import UNKNOWN, Inside
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Gate, Spec

HEALTH = "AUTOEXEC_HEALTH"  #: the label that has the health check's command
_LONGEST_CHECK_SECONDS = 60  # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
_HTTP = (
    "import sys,urllib.request as u;sys.exit(not all("
    "200<=u.urlopen(sys.argv[1],timeout={seconds}).status<400 for _ in range({asks})))"
)
_TCP = (
    "import socket;[socket.create_connection(('127.0.0.1',{port}),{seconds}).close() for _ in range({asks})]"
)
_ROW = "for _ in {row}; do {asking} || exit 1; done; exit 0"
_HAS = "command -v {} >/dev/null 2>&1"
_NOBODY = "echo 'nothing in this image can ask: {}' >&2; exit 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A health check's command as ECS takes it, () where ECS asks nothing; `by` says what asks."""

    command: tuple[str, ...] = ()
    by: str = ""


def probe_of(spec: Spec, *, has_balancer: bool = False, inside: Inside = UNKNOWN) -> Probe:
    """Return what asks whether a task is well.

    The gate's command; else its path or port, by a program of the image; else,
    where no path is given or the image has no program for it, the image's own
    HEALTHCHECK; else the load balancer.

    Raises
    ------
    UsageError
        It is known that nothing of these is there.
    """
    gate = spec.gate
    found = known_probe(spec, has_balancer=has_balancer, inside=inside)
    if found is not None:
        return found
    what = gate.path or f"port {spec.port}"
    if inside.programs is None or "sh" in inside.programs:
        if inside.programs is None or inside.programs.intersection(_askers(gate)):
            words = ("CMD-SHELL", _shell(gate, spec.port))
            return Probe(command=words, by=f"at {what} by what the image has of {', '.join(_askers(gate))}")
    elif "python3" in inside.programs:
        return Probe(command=("CMD", "python3", "-c", *_python(gate, spec.port)), by=f"at {what} by python3")
    if inside.healthcheck:
        return Probe(command=inside.healthcheck, by=f"by the image's own HEALTHCHECK, and not at {what}")
    if has_balancer:
        return Probe(by=f"by the load balancer, and not at {what}")
    raise UsageError(
        f"nothing in the image {spec.reference} can ask for {what}",
        why=f"it has none of {', '.join(_askers(gate))}",
        fix="health-command = […], a HEALTHCHECK in its Dockerfile, or target-group = 'arn:…'",
    )


def known_probe(spec: Spec, *, has_balancer: bool, inside: Inside) -> Probe | None:
    """Return what asks whichever programs an image has, None where that is decided by them."""
    gate = spec.gate
    if gate.command:
        return Probe(command=("CMD", *gate.command), by="by health-command")
    if inside.healthcheck and not gate.path:
        return Probe(command=inside.healthcheck, by="by the image's own HEALTHCHECK")
    if has_balancer and not gate.path:
        return Probe(by="by the load balancer alone")
    if not spec.port:
        return Probe(by="by nothing: it is well while it runs")
    return None


def check_of(spec: Spec, probe: Probe) -> dict[str, Any] | None:
    """Return a health check within the bounds of ECS, None where it asks nothing."""
    if not probe.command:
        return None
    gate = spec.gate
    return {
        "command": list(probe.command),
        "interval": _within(gate.interval_seconds, 5, 300),
        "timeout": _within(_seconds_of(spec, probe), 2, _LONGEST_CHECK_SECONDS),
        "retries": _within(gate.failures, 1, 10),
        "startPeriod": _within(gate.start_seconds, 0, 300),
    }


def noted(container: Mapping[str, Any]) -> Probe:
    """Return the probe that a container of ours was made with, by its label."""
    text = str((container.get("dockerLabels") or {}).get(HEALTH, ""))
    try:
        return Probe(command=tuple(shlex.split(text)))
    except ValueError:
        return Probe()


def note_of(probe: Probe) -> str:
    """Return what `noted` reads."""
    return shlex.join(probe.command)


def _askers(gate: Gate) -> tuple[str, ...]:
    return ("curl", "wget", "python3") if gate.path else ("python3", "nc", "bash", "curl")


def _shell(gate: Gate, port: int) -> str:
    """Return a line of sh that asks by the first of `_askers` that is there."""
    seconds = _ask_seconds(gate)
    url = shlex.quote(_url(gate, port))
    code = " ".join(shlex.quote(each) for each in _python(gate, port))
    http = {
        "curl": f"curl -fsS -m {seconds} -o /dev/null {url}",
        "wget": f"wget -q -T {seconds} -O /dev/null {url}",
    }
    tcp = {
        "nc": f"nc -z -w {seconds} 127.0.0.1 {port}",
        "bash": f"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}'",
        # it connected, whatever was answered, unless its exit code says that it did not
        "curl": f"{{ curl -s -m {seconds} -o /dev/null {url}; [ $? -ne 7 ]; }}",
    }
    row = " ".join(map(str, range(_asks(gate))))
    ways = {
        name: _ROW.format(row=row, asking=asking) for name, asking in (http if gate.path else tcp).items()
    }
    ways["python3"] = f"exec python3 -c {code}"
    lines = [f"if {_HAS.format(name)}; then {ways[name]}; fi" for name in _askers(gate)]
    return "; ".join((*lines, _NOBODY.format(", ".join(_askers(gate)))))


def _python(gate: Gate, port: int) -> tuple[str, ...]:
    seconds, asks = f"{gate.answer_seconds:g}", _asks(gate)
    if gate.path:
        return (_HTTP.format(seconds=seconds, asks=asks), _url(gate, port))
    return (_TCP.format(port=port, seconds=seconds, asks=asks),)


def _asks(gate: Gate) -> int:
    """Return how often one check asks: as often as it has to be well, as far as ECS gives it time."""
    return max(1, min(gate.successes, _LONGEST_CHECK_SECONDS // _ask_seconds(gate)))


def _ask_seconds(gate: Gate) -> int:
    """Return how long one answer may take, in the whole seconds that the programs know."""
    return max(1, -(-int(gate.answer_seconds * 1000) // 1000))


def _seconds_of(spec: Spec, probe: Probe) -> float:
    """Return how long a check may take: all asks of ours; what somebody else wrote is run once."""
    gate = spec.gate
    ours = (("CMD-SHELL", _shell(gate, spec.port)), ("CMD", "python3", "-c", *_python(gate, spec.port)))
    return _ask_seconds(gate) * _asks(gate) if probe.command in ours else gate.answer_seconds


def _url(gate: Gate, port: int) -> str:
    return f"http://127.0.0.1:{port}{gate.path}"


def _within(value: float, least: int, most: int) -> int:
    return min(most, max(least, -(-int(value * 1000) // 1000)))
