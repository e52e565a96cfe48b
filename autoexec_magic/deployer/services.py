"""What is to be deployed, as `[tool.autoexec.deploy.NAME]` and the line say it."""

from __future__ import annotations

import contextlib
import difflib
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast, get_args
from urllib.parse import urlsplit

from .. import plainfile
from ..errors import UsageError
from ..redact import mask
from ..releasefacts import Gate, Secret, TargetKind
from ..secretvalues import is_secret_name
from ..sizes import size_of
from .shift import AT_ONCE, Query, Shift, steps_of

NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")  #: what every platform takes for a name
TARGETS: tuple[TargetKind, ...] = get_args(TargetKind)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")
_MOST_REPLICAS = 1000
_CANARY = (10.0, 50.0)
_MOST_QUERY_CHARS = 2000

#: each setting, what it is, and what it means
KNOWN: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "target": (str, "where: local, docker, kubernetes, aws or gcp; local"),
    "path": (str, "what is built: a notebook or a folder, relative to the project; the project"),
    "artifact": (str, "which kind of artifact: app, wheel, folder or image; what the target takes"),
    "image": (str, "an image that is there already, by its name"),
    "command": (list, "what runs, as a list of words; an image's entrypoint stays"),
    "manifest": (str, "manifests of Kubernetes of your own: a file or a folder, relative to the project"),
    "port": (int, "where people reach it; a free one on this machine"),
    "env": (dict, "variables that it gets"),
    "secrets": (dict, "variables that it gets, each with where its value is kept: env:NAME or file:PATH"),
    "replicas": (int, "how many of it run; 1"),
    "memory": (str, "how much memory each may use, as 512M"),
    "cpus": ((int, float), "how many processors each may use"),
    "health": (str, "the path of a URL that answers when it is well, such as /health"),
    "health-command": (list, "a command that ends with 0 when it is well"),
    "start": ((int, float), "seconds in which it has to become well; 60"),
    "interval": ((int, float), "seconds between two looks; 0.5"),
    "answer": ((int, float), "seconds that an answer may take; 2"),
    "successes": (int, "good looks in a row that make it well; 3"),
    "bake": ((int, float), "seconds for which it has to stay well; 10"),
    "failures": (int, "bad looks in that time that take it back; 3"),
    "canary": (list, "steps of the traffic that it gets first, in percent"),
    "step": ((int, float), "seconds that each such step lasts at least; 30"),
    "samples": (int, "good looks that each such step needs; 10"),
    "hold": ((int, float), "seconds that a step without data is held before it is taken back; 300"),
    "prometheus": (str, "the URL of a server that a canary's query is put to"),
    "query": (str, "what says whether a canary is well, in PromQL; $service and $release are the names"),
    "query-most": ((int, float), "the highest value of it that is well"),
    "query-least": ((int, float), "the lowest value of it that is well"),
    "query-token": (str, "where a bearer token for that server is kept: env:NAME or file:PATH"),
}
_GATE = {
    "start": "start_seconds",
    "interval": "interval_seconds",
    "answer": "answer_seconds",
    "successes": "successes",
    "bake": "bake_seconds",
    "failures": "failures",
}
_UNSHOWN = ("secrets", "env", "query-token", "prometheus")  # what cannot be may be a secret itself
_QUERY = ("query", "prometheus", "query-most", "query-least", "query-token")
_SHIFT = {"step": "step_seconds", "samples": "samples", "hold": "hold_seconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service as it is described: what is built of which path, and how it is to run.

    `folder` is the project's, `path` what is built; `image` is one that is there
    already, "" where it is built. `is_described` says whether the project's settings
    have it. The others are as in `Spec`.
    """

    name: str
    target: TargetKind
    folder: Path
    path: Path
    artifact: str = ""
    image: str = ""
    command: tuple[str, ...] = ()
    port: int = 0
    environment: tuple[tuple[str, str], ...] = ()
    secrets: tuple[Secret, ...] = ()
    replicas: int = 1
    memory_bytes: int = 0
    cpus: float = 0.0
    gate: Gate = field(default_factory=Gate)
    shift: Shift = AT_ONCE
    options: tuple[tuple[str, str], ...] = ()
    is_described: bool = False


def service_of(
    what: str,
    cwd: Path,
    workspace: Path,
    given: Mapping[str, object] | None = None,
    deployed: Callable[[str], Sequence[str]] = lambda name: (),
) -> Service:
    """Return the service that a word means: a name in the settings, a notebook, or a folder.

    Parameters
    ----------
    what : str
        The word; "" is the only service of the settings, or the project itself.
    cwd : Path
        Where a path is relative to.
    workspace : Path
        The project's folder, whose settings are read.
    given : mapping, optional
        What the line says, by the names of `KNOWN`; it wins. `name` is the
        service's.
    deployed : callable, optional
        Takes a name, and returns the targets that a service of this project and
        that name was deployed to.

    Raises
    ------
    UsageError
        There is no such service, or a setting cannot be.
    """
    described = read(workspace)
    given = dict(given or {})
    named = str(given.pop("name", ""))
    if given.get("manifest"):
        given["manifest"] = str(cwd.absolute() / str(given["manifest"]))
    if not what and len(described) == 1:
        what = next(iter(described))
    if what in described:
        values = _over(described[what], given)
        return _made(
            named or what, values, workspace, workspace / str(values.get("path", ".")), is_described=True
        )
    path = _path_of(what, cwd)
    if not what or path is not None:
        path = path if what and path is not None else workspace
        name = named or _name_of(path)
        if name in described:
            return service_of(name, cwd, workspace, given)
        return _made(name, given, workspace, path)
    if NAME.fullmatch(what) and (targets := deployed(what)):
        return _made(what, {"target": targets[0], **given}, workspace, workspace)
    near = difflib.get_close_matches(what, described, n=1)
    if (given.get("image") or given.get("manifest")) and NAME.fullmatch(what):
        return _made(what, given, workspace, workspace)
    raise UsageError(
        f"there is no service, notebook or folder {what!r}",
        why=f"the settings have {', '.join(described) or 'no service'}",
        fix=f"%autoexec deploy {near[0]}" if near else "%autoexec deploy NOTEBOOK --target local",
    )


def read(folder: Path) -> dict[str, dict[str, object]]:
    """Return the services that a project describes, by name; the later file wins, service by service.

    Raises
    ------
    UsageError
        A file cannot be read, or a setting is unknown or cannot be.
    """
    found: dict[str, dict[str, object]] = {}
    for name, keys in (("pyproject.toml", ("tool", "autoexec", "deploy")), ("autoexec.toml", ("deploy",))):
        file = folder / name
        try:
            values: object = tomllib.loads(plainfile.text(file))
            repr(values)  # a hexadecimal number may be too long to be told in an error: that is one, too
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (ValueError, RecursionError, OSError) as error:  # no TOML, no UTF-8, a number with no end
            raise UsageError(f"cannot read {file}", why=str(error), fix="mend the file") from error
        for key in keys:
            values = values.get(key, {}) if isinstance(values, dict) else {}
        if not isinstance(values, dict) or not all(isinstance(each, dict) for each in values.values()):
            table = ".".join((*keys, "NAME"))
            raise UsageError(f"[{table}] in {name} is not a table", fix=f"write [{table}]")
        for service, own in values.items():
            _check_name(service)
            for key, value in own.items():
                _check(key, value, f"deploy.{service}", name)
            found[service] = {**found.get(service, {}), **own}
    return found


def _over(described: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    """Return what is described with what is given in its place: variables and secrets by their names."""
    found = {**described, **given}
    tables = {key: given.get(key) or {} for key in ("env", "secrets")}
    for key, other in (("env", "secrets"), ("secrets", "env")):
        own, here, there = described.get(key), tables[key], tables[other]
        if isinstance(own, dict) and isinstance(here, dict) and isinstance(there, dict):
            found[key] = {name: value for name, value in own.items() if name not in there} | here
    return found


def _made(
    name: str, values: Mapping[str, object], folder: Path, path: Path, *, is_described: bool = False
) -> Service:
    _check_name(name)
    for key, value in values.items():
        _check(key, value, f"deploy.{name}", "the line or the settings")
    target = str(values.get("target", "local"))
    options = _options(values, target)
    found = Service(
        name=name,
        target=cast("TargetKind", target),
        folder=folder,
        path=path,
        artifact=str(values.get("artifact", "")),
        image=str(values.get("image", "")),
        command=_texts(values.get("command")),
        port=int(cast("int", values.get("port", 0))),
        environment=_environment(values.get("env")),
        secrets=_secrets(values.get("secrets")),
        replicas=int(cast("int", values.get("replicas", 1))),
        memory_bytes=size_of(str(values["memory"])) if values.get("memory") else 0,
        cpus=float(cast("float", values.get("cpus", 0))),
        gate=_gate(values),
        shift=_shift(values),
        options=tuple(sorted((key, str(value)) for key, value in options.items())),
        is_described=is_described,
    )
    _refuse_secrets(found)
    twice = {each for each, _ in found.environment} & {each.name for each in found.secrets}
    if twice:
        raise UsageError(f"{min(twice)} is both a variable and a secret", fix="name it once")
    return found


def _options(values: Mapping[str, object], target: str) -> dict[str, object]:
    """Return the target's own options."""
    found = dict(cast("Mapping[str, object]", values.get(target, {})))
    if manifest := values.get("manifest"):
        if target != "kubernetes":
            raise UsageError(
                f"{target} has no use for manifests", fix="--target kubernetes, or leave them out"
            )
        found["manifest"] = manifest
    return found


def _gate(values: Mapping[str, object]) -> Gate:
    own = {field_name: values[key] for key, field_name in _GATE.items() if key in values}
    return replace(
        Gate(path=str(values.get("health", "")), command=_texts(values.get("health-command"))),
        **cast("dict[str, Any]", own),
    )


def _shift(values: Mapping[str, object]) -> Shift:
    own = {field_name: values[key] for key, field_name in _SHIFT.items() if key in values}
    if values.get("pause") and "canary" not in values:
        raise UsageError("pause says nothing without canary", fix="--canary 10,50, or leave --pause out")
    steps = values.get("canary", ())
    percents = cast("Sequence[float]", steps) or (_CANARY if "canary" in values else ())
    return replace(
        Shift(steps=steps_of(percents), pauses=bool(values.get("pause")), query=_query(values)),
        **cast("dict[str, Any]", own),
    )


def _query(values: Mapping[str, object]) -> Query | None:
    """Return what a canary is judged by beside its health.

    Raises
    ------
    UsageError
        A part of it is missing, or there is no canary that it could judge.
    """
    given = [key for key in _QUERY if key in values]
    if not given:
        return None
    bounds = [values[key] for key in ("query-most", "query-least") if key in values]
    missing = [key for key in ("prometheus", "query") if not values.get(key)]
    missing += [] if bounds else ["query-most"]
    if "canary" not in values:
        missing.append("canary")
    if missing:
        raise UsageError(
            f"{given[0]} says nothing without {missing[0]}",
            why=f"{missing[0]} is {_meaning(missing[0])}",
            fix=f"set {', '.join(missing)}",
        )
    url, expression = str(values["prometheus"]), str(values["query"])
    if mask(f"{url} {expression}") != f"{url} {expression}" or "@" in urlsplit(url).netloc:
        raise UsageError(
            "prometheus or query has what looks like a secret",
            why="both are written on the ledger",
            fix="query-token = 'env:NAME'",
        )
    most, least = (values.get(key) for key in ("query-most", "query-least"))
    return Query(
        url=url.rstrip("/"),
        expression=expression,
        most=None if most is None else float(cast("float", most)),
        least=None if least is None else float(cast("float", least)),
        token=str(values.get("query-token", "")),
    )


def _meaning(key: str) -> str:
    return KNOWN[key][1]


def _environment(values: object) -> tuple[tuple[str, str], ...]:
    """Return the variables; one that is, or looks like, a secret is refused: it would be written down."""
    found = {name: str(value) for name, value in cast("dict[str, object]", values or {}).items()}
    for name, value in found.items():
        _check_variable(name)
        if mask(value) != value or (value and is_secret_name(name)):
            raise UsageError(
                f"the variable {name} looks like a secret",
                why="variables are written on the ledger, and on what is deployed",
                fix=f"secrets = {{{name} = 'env:{name}'}}, or --secret {name}=env:{name}",
            )
    return tuple(sorted(found.items()))


def _secrets(values: object) -> tuple[Secret, ...]:
    found = cast("dict[str, str]", values or {})
    for name in found:
        _check_variable(name)
    return tuple(Secret(name=name, reference=str(found[name])) for name in sorted(found))


def _refuse_secrets(service: Service) -> None:
    """Refuse words and options that have a secret: they would be written down, and seen by whoever asks."""
    words = {"command": service.command, "health-command": service.gate.command}
    texts = {name: " ".join(each) for name, each in words.items()} | dict(service.options)
    for name, text in texts.items():
        if mask(text) != text:
            raise UsageError(
                f"{name} of {service.name} has what looks like a secret",
                why="it is written on the ledger, and each process of the machine can see it",
                fix="let it read a variable: secrets = {NAME = 'env:NAME'}, or --secret NAME=env:NAME",
            )


def _texts(values: object) -> tuple[str, ...]:
    return tuple(cast("Sequence[str]", values or ()))


def _path_of(what: str, cwd: Path) -> Path | None:
    """Return the notebook or folder that a word means, None where it means none."""
    path = Path(what)
    with contextlib.suppress(RuntimeError):  # the home of nobody is a name like any other
        path = path.expanduser()
    try:
        return cwd / path if (cwd / path).exists() else None
    except OSError:  # too long for a path
        return None


def _name_of(path: Path) -> str:
    """Return the name of a service after a notebook or a folder, as every platform takes it."""
    return _named(path.stem if path.suffix == ".ipynb" else path.resolve().name)


def _named(text: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
    return name if NAME.fullmatch(name) else f"app-{name}"[:40].strip("-")


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of a service",
            why="it begins with a letter, and has a-z, 0-9 and -, at most 40",
            fix=f"call it {_named(name)}",
        )


def _check_variable(name: str) -> None:
    if not _VARIABLE.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a variable", fix="letters, digits and _, no digit first")


def _check(key: str, value: object, where: str, file: str) -> None:
    if key in TARGETS and isinstance(value, dict):
        return  # a table of the target's own, which knows its keys
    if key == "pause" and isinstance(value, bool):
        return
    if key not in KNOWN:
        near = difflib.get_close_matches(key, KNOWN, n=1)
        fix = f"did you mean {near[0]}?" if near else f"one of {', '.join(KNOWN)}"
        raise UsageError(f"unknown setting {where}.{key} in {file}", fix=fix)
    kind, meaning = KNOWN[key]
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if type(value) not in kinds or not _fits(key, value):
        shown = "this" if key in _UNSHOWN else mask(repr(value))
        raise UsageError(f"{where}.{key} in {file} cannot be {shown}", fix=f"it is {meaning}")


_NUMBERS: Mapping[str, tuple[float, float]] = {
    "port": (0, 65_535),
    "replicas": (0, _MOST_REPLICAS),
    "cpus": (0, 1024),
    "start": (0, 86_400),
    "interval": (0.05, 3600),
    "answer": (0.05, 3600),
    "successes": (1, 1000),
    "bake": (0, 86_400),
    "failures": (1, 1000),
    "step": (0, 86_400),
    "samples": (0, 1_000_000),
    "hold": (0, 86_400),
    "query-most": (-1e18, 1e18),  # and so is a number
    "query-least": (-1e18, 1e18),
}
_WORDS: Mapping[str, Callable[[str], bool]] = {
    "target": lambda value: value in TARGETS,
    "artifact": lambda value: value in ("app", "wheel", "folder", "image"),
    "health": lambda value: value.startswith("/") and value.isprintable() and " " not in value,
    "memory": lambda value: _is_size(value),
    "prometheus": lambda value: _is_url(value),
    "query": lambda value: 0 < len(value) <= _MOST_QUERY_CHARS,
    "query-token": lambda value: value.partition(":")[0] in ("env", "file"),
}


def _fits(key: str, value: object) -> bool:
    if key in _NUMBERS:
        least, most = _NUMBERS[key]
        return least <= cast("float", value) <= most
    if key in _WORDS:
        return _WORDS[key](cast("str", value))
    if isinstance(value, dict):
        kinds = (str,) if key == "secrets" else (str, int, float, bool)
        return all(type(each) in kinds and "\0" not in str(each) for each in value.values())
    if key == "canary":
        return all(type(each) in (int, float) for each in cast("list[object]", value))
    if isinstance(value, list):
        return all(isinstance(each, str) and "\0" not in each for each in value)
    return True


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and is_port and text.isascii()


def _is_size(text: str) -> bool:
    try:
        return size_of(text) > 0
    except ValueError:
        return False
