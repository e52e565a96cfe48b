"""Settings: TOML in, one frozen value out, read once at the edge.

Each later source wins: built-in, the person's
`<jupyter config dir>/autoexec.toml`, the workspace's `[tool.autoexec]` in
`pyproject.toml` (or `autoexec.toml`), `AUTOEXEC_*` variables, the line's
options. An unknown key is an error that names the nearest one.

Where packages come from and what a run may see is not the workspace's to say:
such keys count from the person's own file and from variables only; in a
workspace they are listed and left out. `[tool.autoexec.policy]` may make the
policy stricter at once; what loosens it counts once a person has accepted
exactly that content, for a cloned project must not loosen the policy of whoever
opens it. The lists of the policy, and of what is blocked, add to one another.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import plainfile
from .errors import UsageError
from .trust import Trust

_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")
WORKSPACE_MARKS = ("pyproject.toml", ".git", "autoexec.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting, with its built-in value.

    `timeout` is in seconds, 0 is no limit; ages are in days; `keep_mb` is the
    output kept per run, `cache_mb` that of wheels, in MiB.
    """

    timeout: float = 0.0
    keep_mb: float = 64.0
    widgets: bool = True
    install: bool = True
    index_url: str = field(default="", repr=False)  # it may hold a password
    project_age_days: float = 90.0
    release_age_days: float = 3.0
    blocked: tuple[str, ...] = ()
    index_hours: float = 24.0
    cache_mb: float = 2048.0
    limits_cpu_seconds: float = 0.0
    limits_memory_mb: float = 0.0
    limits_processes: float = 0.0
    limits_file_mb: float = 0.0
    limits_open_files: float = 0.0
    limits_output_mb: float = 0.0
    policy_programs: tuple[str, ...] = ()
    policy_roots: tuple[str, ...] = ()
    policy_allow: tuple[str, ...] = ()
    policy_ask: tuple[str, ...] = ()
    policy_refuse: tuple[str, ...] = ()
    pass_on: tuple[str, ...] = ()
    cage: str = "workspace"
    fix_rounds: float = 3.0
    fix_seconds: float = 300.0
    fix_model: str = ""
    fix_url: str = ""
    fix_key: str = field(default="", repr=False)  # a name; but somebody may have written the key itself
    fix_timeout: float = 60.0


_KEY_NAME = "fix.key"
_VARIABLE = re.compile(r"(?:[A-Z_][A-Z0-9_]{0,63})?")
_LARGEST = 1e300  # whole numbers of TOML know no bounds
_POLICY = "policy"
_BLOCKED = "blocked"
_ELSEWHERE = ("build", "deploy")  # tables that a phase reads itself, from the folder it works in
_TABLES = (_POLICY, "limits", "fix")  # tables of their own: their keys are `policy.programs` …


def _key(field_name: str) -> str:
    table, _, rest = field_name.partition("_")
    return f"{table}.{rest.replace('_', '-')}" if table in _TABLES else field_name.replace("_", "-")


KEYS = {_key(entry.name): entry for entry in dataclasses.fields(Config)}
MEANING = {
    "timeout": "seconds a run may take; 0 is no limit",
    "keep-mb": "output kept per run, in MiB",
    "widgets": "show a live tail where the front end can",
    "install": "heal missing imports before a cell runs",
    "index-url": "the package index; empty takes uv's or pip's own setting",
    "project-age-days": "how old a project must be to be installed unasked",
    "release-age-days": "how old a release must be to be installed unasked",
    "blocked": "distributions that are never installed, nor what needs them; the lists add to one another",
    "index-hours": "how long an answer of the index counts, 24 at most; 0 asks it each time",
    "cache-mb": "wheels kept, in MiB; those not used for longest go first",
    "limits.cpu-seconds": "processor time of each process of a run; 0 is no limit",
    "limits.memory-mb": "memory of a run, in MiB; 0 is no limit",
    "limits.processes": "processes and threads of a run; 0 is 1024 in a cage, else no limit",
    "limits.file-mb": "size of each file that a run writes, in MiB; 0 is no limit",
    "limits.open-files": "open files of each process of a run; 0 is the system's limit",
    "limits.output-mb": "output of a run, in MiB, that ends it; 0 is no limit: head and tail are kept",
    "policy.programs": "programs that may run without a question, besides the built-in list",
    "policy.roots": "folders that may be written, besides the workspace; relative to it",
    "policy.allow": "commands that are not asked about: PROGRAM WORD …, * for any word, at the end for all",
    "policy.ask": "commands that are asked about, written the same way",
    "policy.refuse": "commands that never run, written the same way",
    "cage": "the cage of a script, unless its line says otherwise: sealed, workspace, open or best",
    "pass-on": "environment variables that runs may see; * is a wildcard",
    "fix.rounds": "how often --fix tries; 0 is not at all",
    "fix.seconds": "how long --fix goes on trying, in seconds",
    "fix.model": "the language model that --fix --model asks; empty is none",
    "fix.url": "where it is: https://HOST/v1, of any server that speaks OpenAI's chat protocol",
    "fix.key": "the NAME of the environment variable that holds its key; empty is none",
    "fix.timeout": "seconds to wait for its answer",
}
#: what tells where these folders are
_SAY_WHERE = (
    *("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"),
    *("JUPYTER_NO_CONFIG", "JUPYTER_PLATFORM_DIRS", "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
)
_OTHER_VARIABLES = (
    "DATA_DIR",
    "RUN_ID",
    "OUTER_RUNS",
    "TEST_",
    "MATRIX_",
    "REPEAT",
)  # begin names that are no settings
PERSON_ONLY = frozenset(
    {
        *("index-url", "project-age-days", "release-age-days", "index-hours", "cache-mb", "pass-on", "cage"),
        *(key for key in KEYS if key.startswith(("limits.", "fix."))),
    }
)
#: these count from a workspace once a person has accepted that very content
_ROOTS = "policy.roots"
LOOSENING = ("policy.allow", "policy.programs", _ROOTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting, where it came from, and what was left out."""

    key: str
    value: object
    source: str
    left_out: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Setting({self.key} = {self.shown} from {self.source})"

    @property
    def shown(self) -> str:
        """The value as it may be printed: without the password of an index."""
        return shown(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a file of the workspace would loosen, and whether a person accepted exactly that."""

    source: str
    values: Mapping[str, tuple[str, ...]]
    is_accepted: bool

    @property
    def lines(self) -> tuple[str, ...]:
        """What it would loosen, a line each, as TOML has it."""
        return tuple(f"{key} = {shown(value)}" for key, value in self.values.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The configuration in force and the story of each setting."""

    config: Config
    settings: tuple[Setting, ...]
    workspace: Path
    offers: tuple[Offer, ...] = ()
    data: Path = field(default_factory=lambda: data_dir())

    @property
    def trust(self) -> Trust:
        """What a person agreed to for good, here."""
        return Trust(data=self.data, workspace=self.workspace)

    @property
    def open_offers(self) -> tuple[Offer, ...]:
        """What nobody accepted yet."""
        return tuple(offer for offer in self.offers if not offer.is_accepted)

    def accepted(self) -> Config:
        """Return the configuration as it would be if all that the workspace offers were accepted."""
        more: dict[str, Any] = {}
        for offer in self.open_offers:
            for key, values in offer.values.items():
                name = _field(key)
                if key == _ROOTS:
                    values, _ = _without_links(values, self.workspace)
                more[name] = (*more.get(name, getattr(self.config, name)), *values)
        return dataclasses.replace(self.config, **more)


def load(start: Path | None = None, environment: Mapping[str, str] = os.environ) -> Loaded:
    """Read all sources and return what is in force.

    Parameters
    ----------
    start : Path, optional
        Where to look for the workspace from; the working directory by default.
    environment : mapping of str to str, optional
        Holds the `AUTOEXEC_*` variables.

    Raises
    ------
    UsageError
        A file is not TOML, a key is unknown, or a value has the wrong type.
    """
    root = workspace(start)
    sources = [
        _from_toml(config_file(), (), is_workspace=False),
        _from_toml(root / "pyproject.toml", ("tool", "autoexec"), is_workspace=True),
        _from_toml(root / "autoexec.toml", (), is_workspace=True),
        _from_variables(environment),
    ]
    offers = {name: offer for name, values, _ in sources[1:3] if (offer := _offer(name, values, root))}
    settings = []
    for key, entry in KEYS.items():
        value: object = entry.default
        source, left_out = "built-in", []
        for name, values, is_workspace in sources:
            if key not in values:
                continue
            if is_workspace and key in PERSON_ONLY:
                left_out.append(
                    f"{name}: only your own {config_file()} or AUTOEXEC_{_variable(key)} may set it"
                )
                continue
            if is_workspace and key in LOOSENING and not offers[name].is_accepted:
                left_out.append(f"{name}: it counts once you accept it: %autoexec policy accept")
                continue
            given = _typed(key, values[key], name)
            if key == _ROOTS:
                given, links = _without_links(given, root)  # type: ignore[arg-type]
                left_out += [f"{name}: {link} is, or lies behind, a link in the workspace" for link in links]
            if (key == _BLOCKED or key.startswith(f"{_POLICY}.")) and value:  # these add to one another
                value, source = (*value, *given), f"{source}, {name}"  # type: ignore[misc]
            else:
                value, source = given, name
        settings.append(Setting(key=key, value=value, source=source, left_out=tuple(left_out)))
    config = Config(**{_field(setting.key): setting.value for setting in settings})  # type: ignore[arg-type]
    return Loaded(config=config, settings=tuple(settings), workspace=root, offers=tuple(offers.values()))


def governs(project_file: str) -> bool:
    """Whether a `pyproject.toml` has settings of ours: whoever writes it may take its refusals away."""
    try:
        tools = _parsed_toml(plainfile.text(project_file)).get("tool")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError):
        return True
    return isinstance(tools, dict) and "autoexec" in tools


def accept(loaded: Loaded) -> None:
    """Keep that a person accepted what the workspace offers: that content, there, from now on.

    Raises
    ------
    UsageError
        It cannot be kept.
    """
    for offer in loaded.open_offers:
        loaded.trust.keep(
            _POLICY,
            _spelled(offer, loaded.workspace),
            text=f"policy of {offer.source}: {'; '.join(offer.lines)}",
        )


def shown(value: object) -> str:
    """Return a setting's value as it may be printed: as TOML writes it, without passwords.

    Examples
    --------
    >>> print(shown("https://me:hunter2@host/simple"), shown(True), shown(3.0), shown(("a",)))
    "https://me:***@host/simple" true 3 ["a"]
    """
    text = f"{value:g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False, default=str)
    return _PASSWORD.sub(r"\1***@", text)


def workspace(start: Path | None = None) -> Path:
    """Return the nearest folder at or above `start` that is marked as a project.

    Never the home folder nor `/`; where nothing is marked, `start` itself.

    Raises
    ------
    UsageError
        The working directory was removed.
    """
    try:
        here = (start or Path.cwd()).absolute()
    except FileNotFoundError as error:
        raise UsageError("the working directory is gone", fix="%cd to one that is there") from error
    # The kernel tells a process its folder by its real path, whatever link led there.
    home = os.path.expanduser("~")  # noqa: PTH111 - asked before each run, in texts for speed
    ends = (home, os.path.realpath(home), here.anchor)
    folder = str(here)
    while folder not in ends:
        if any(os.path.exists(f"{folder}/{mark}") for mark in WORKSPACE_MARKS):  # noqa: PTH110
            return Path(folder)
        folder = os.path.dirname(folder)  # noqa: PTH120
    return here


def data_dir() -> Path:
    """Return `AUTOEXEC_DATA_DIR`, or `autoexec` in Jupyter's data folder."""
    return own_folders()[0]


def config_file() -> Path:
    """Return the person's own settings file, whether it is there or not."""
    return own_folders()[1]


def own_folders() -> tuple[Path, Path, Path]:
    """Return the data folder (`data_dir`), the person's settings file, and Jupyter's runtime folder."""
    home = os.path.realpath(os.path.expanduser("~"))  # noqa: PTH111
    data, settings, runtime = _own_folders(home, tuple(map(os.environ.get, _SAY_WHERE)))
    given = os.environ.get("AUTOEXEC_DATA_DIR")
    if not given:
        return data, settings, runtime
    return (
        _as_path(given) if given.startswith("/") else Path(given).expanduser().absolute(),
        settings,
        runtime,
    )


_as_path = functools.lru_cache(maxsize=16)(Path)  # a path costs more to make than to look up


@functools.lru_cache(maxsize=16)
def _own_folders(home: str, said: tuple[str | None, ...]) -> tuple[Path, Path, Path]:
    """Return Jupyter's for this home and these values of `_SAY_WHERE`, which are all that decides."""
    from jupyter_core.paths import jupyter_config_dir, jupyter_data_dir, jupyter_runtime_dir

    data, settings = Path(jupyter_data_dir()) / "autoexec", Path(jupyter_config_dir()) / "autoexec.toml"
    return data, settings, Path(jupyter_runtime_dir())


def _offer(name: str, values: Mapping[str, object], root: Path) -> Offer | None:
    """Return what a file of the workspace would loosen, or None."""
    found = {key: _typed(key, values[key], name) for key in LOOSENING if key in values}
    if not found:
        return None
    if not any(found.values()):
        found = {}
    offer = Offer(source=name, values=found, is_accepted=False)  # type: ignore[arg-type]
    trust = Trust(data=data_dir(), workspace=root)
    is_accepted = not found or trust.has(_POLICY, _spelled(offer, root))
    return dataclasses.replace(offer, is_accepted=is_accepted)


def _without_links(roots: tuple[str, ...], workspace: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return those that are no links inside the workspace, and those that are.

    Whatever may write in the workspace could let such a link lead anywhere.
    """
    here, found = os.path.normpath(workspace), []
    for root in roots:
        path = os.path.normpath(workspace / os.path.expanduser(root))  # noqa: PTH111
        if path.startswith(f"{here}/"):
            really = os.path.realpath(here) + path.removeprefix(here)
            if os.path.realpath(path) != really:
                found.append(root)
    return tuple(root for root in roots if root not in found), tuple(found)


def _spelled(offer: Offer, root: Path) -> dict[str, list[str]]:
    """Return what is agreed to, with where each folder really is: a link that is moved asks again."""
    spelled = {key: list(values) for key, values in offer.values.items()}
    if roots := spelled.get(_ROOTS):
        spelled["where"] = [os.path.realpath(root / os.path.expanduser(each)) for each in roots]  # noqa: PTH111
    return spelled


def _from_toml(
    path: Path, table: tuple[str, ...], *, is_workspace: bool
) -> tuple[str, dict[str, object], bool]:
    try:
        values: object = _parsed_toml(plainfile.text(path))
    except (FileNotFoundError, NotADirectoryError):
        return str(path), {}, is_workspace
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise UsageError(
            f"cannot read {path}", why=str(error), fix="mend the file, or move it away"
        ) from error
    for name in table:
        values = values.get(name, {}) if isinstance(values, dict) else {}
    if not isinstance(values, dict):
        raise UsageError(f"[{'.'.join(table)}] in {path} is not a table")
    values = {key: value for key, value in values.items() if key not in _ELSEWHERE}
    for own in _TABLES:
        inner = values.pop(own, {})
        if not isinstance(inner, dict):
            raise UsageError(f"[{'.'.join((*table, own))}] in {path} is not a table")
        values |= {f"{own}.{key}": value for key, value in inner.items()}
    for key in values:
        _known(key, str(path))
    return str(path), values, is_workspace


@functools.lru_cache(maxsize=8)
def _parsed_toml(text: str) -> dict[str, object]:
    """Return what a text means; it is read for each run, and a project's takes milliseconds to parse."""
    return tomllib.loads(text)


def _from_variables(environment: Mapping[str, str]) -> tuple[str, dict[str, object], bool]:
    found: dict[str, object] = {}
    for key in KEYS:
        text = environment.get(f"AUTOEXEC_{_variable(key)}")
        if text is not None:
            found[key] = _parsed(key, text)
    names = {_variable(key): key for key in KEYS}
    for name in environment:
        own = name.removeprefix("AUTOEXEC_")
        if own != name and own not in names and not own.startswith(_OTHER_VARIABLES):
            near = difflib.get_close_matches(own, names, n=1)
            hint = f"did you mean AUTOEXEC_{near[0]}?" if near else "%autoexec config shows the settings"
            raise UsageError(f"unknown setting {name} in the environment", fix=hint)
    return "environment", found, False


def _parsed(key: str, text: str) -> object:
    """Return the value that the text of a variable means."""
    default = KEYS[key].default
    if isinstance(default, bool):
        words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        return words.get(text.lower(), text)
    if isinstance(default, tuple):
        return [word for word in text.split(",") if word]
    if isinstance(default, float):
        try:
            return float(text)
        except ValueError:
            return text
    return text


@functools.cache
def _variable(key: str) -> str:
    return _field(key).upper()


@functools.cache
def _field(key: str) -> str:
    return key.replace("-", "_").replace(".", "_")


def _known(key: str, where: str) -> None:
    if key in KEYS:
        return
    near = difflib.get_close_matches(key, KEYS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(KEYS)}"
    raise UsageError(f"unknown setting {key!r} in {where}", fix=hint)


def _typed(key: str, value: object, where: str) -> object:
    default = KEYS[key].default
    if isinstance(default, bool):
        good = isinstance(value, bool)
    elif isinstance(default, float):
        good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LARGEST
        value = float(value) if good else value  # type: ignore[arg-type]
    elif isinstance(default, tuple):
        good = isinstance(value, list) and all(isinstance(item, str) for item in value)
        value = tuple(value) if isinstance(value, list) else value
    else:
        good = isinstance(value, str) and (key != _KEY_NAME or bool(_VARIABLE.fullmatch(value)))
    if not good:
        kinds = {bool: "true or false", float: "a number, 0 or more", tuple: "a list of texts", str: "a text"}
        said = key if key == _KEY_NAME else f"{key} = {shown(value)}"  # it may be the key itself
        raise UsageError(f"{said} in {where} cannot be", fix=f"give {kinds[type(default)]}: {MEANING[key]}")
    return value
