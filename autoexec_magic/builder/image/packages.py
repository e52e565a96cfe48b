"""Which packages an image gets: what pip reads, out of the lock; and the list of them that lies beside it.

The list is CycloneDX 1.5: uv's own export where there is a uv.lock, else what
hashed requirements say, which is names, versions and digests and no more.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ...errors import BuildError, MissingTool
from ...redact import mask
from ..bench import Bench
from ..installing import PLAIN
from ..secretfiles import secret_in
from . import tables
from .kept import login_in
from .project import Project
from .written import is_hashed

_LOCK = "uv.lock"
_SECONDS = 60.0
_PINNED = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*==\s*([^\s;\\]+)")
#: parts of the paths that indexes have; any other may be a token, and is not told
_WORDS = re.compile(
    r"(?i)\A(?:\+?simple|pypi|pip|python|root|public|dev|whl|cpu|cu\d{2,3}|rocm\d(?:\.\d{1,2}){0,2}|xpu|nightly|test"
    r"|packages|index|repository|artifactory|api|pypi-(?:proxy|public|group|all|hosted|local|remote|virtual))?\Z"
)
_PUBLIC = "https://pypi.org/simple"
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def requirements_of(project: Project, folder: Path, bench: Bench) -> bytes:
    """Return what pip is to install; b"" is nothing.

    Raises
    ------
    BuildError, MissingTool
        The lock cannot be read, or uv is missing, which reads it.
    """
    if project.kind != "python":
        return b""
    if project.requirements:
        text = tables.named_file(folder, project.requirements)
        if why := secret_in(project.requirements, text):  # by its own name: ours is another one
            fix = "name a file of requirements"
            raise BuildError(
                f"{project.requirements} would go into the image {project.name}", why=why, fix=fix
            )
        return _without_paths(text, project.requirements)
    if project.lock == _LOCK:
        return locked(folder, bench)
    lines = sorted(project.dependencies)
    return _without_paths("".join(f"{line}\n" for line in lines).encode(), "pyproject.toml")


def locked(folder: Path, bench: Bench) -> bytes:
    """Return what a project's uv.lock has, as requirements with hashes; b"" where it is empty.

    Raises
    ------
    BuildError, MissingTool
        It cannot be read, or uv is missing, which reads it.
    """
    tables.named_file(folder, _LOCK)  # uv itself would wait for a pipe, and follow a link
    # without the comments, which name the path of whoever wrote the command
    words = ("--format", "requirements-txt", "--no-annotate", "--no-header")
    return _without_paths(_exported(folder, bench, *words).encode(), _LOCK)


def _without_paths(text: bytes, where: str) -> bytes:
    """Return requirements, b"" where there are none.

    Raises
    ------
    BuildError
        One is a folder of this machine, which nobody sends, or holds a login,
        which everybody would be sent.
    """
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines()]
    local = [line for line in lines if re.match(r"-e\b|--editable|\.{0,2}/|file:|\S+ @ file:", line)]
    if local:
        fix = "publish it to an index, or write a Dockerfile"
        raise BuildError(f"{where} names a folder of this machine", why=mask(local[0]), fix=fix)
    if login := login_in("\n".join(lines)):
        fix = "take the login out of the address; the person's own index is asked by UV_DEFAULT_INDEX"
        raise BuildError(f"{where} would put a login into the image", why=login, fix=fix)
    return text if any(line and not line.startswith("#") for line in lines) else b""


def _exported(folder: Path, bench: Bench, *words: str) -> str:
    """Return what uv makes of the lock, in a folder with nothing but it and pyproject.toml, and in the cage.

    In the project's own it would obey the project's settings, such as where it
    keeps its cache, and wait for a uv.toml that is a pipe.
    """
    if bench.uv is None:
        raise MissingTool("uv is not installed", why="it reads uv.lock", fix="pip install uv")
    argv = (
        str(bench.uv),
        "export",
        "--frozen",
        "--offline",
        "--no-config",
        "--no-dev",
        "--no-emit-project",
        "--quiet",
        *words,
    )
    with bench.scratch() as scratch:
        for name in ("pyproject.toml", _LOCK):
            (scratch / name).write_bytes(tables.named_file(folder, name))
        ended = bench.start(
            argv,
            cwd=scratch,
            env={**PLAIN, "UV_CACHE_DIR": str(scratch / "cache")},
            read=(bench.uv,),
            timeout=_SECONDS,
            is_whole=True,  # a long list is not cut
        )
    return bench.ran(ended, BuildError("uv.lock cannot be exported", fix="uv lock")).stdout


def bill_of(project: Project, requirements: bytes, folder: Path, bench: Bench) -> bytes:
    """Return the CycloneDX list of what an image gets; b"" where nothing locks it.

    Raises
    ------
    BuildError
        The lock cannot be exported.
    """
    if project.lock == _LOCK and bench.uv is not None:
        return _stable(_exported(folder, bench, "--format", "cyclonedx1.5"))
    if not is_hashed(requirements):
        return b""
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": project.name, "version": project.version}},
        "components": list(_components(requirements.decode("utf-8", "replace"))),
    }
    return (json.dumps(bill, indent=2) + "\n").encode()


def _components(text: str) -> Iterator[Mapping[str, object]]:
    for line in text.replace("\\\n", " ").splitlines():
        if found := _PINNED.match(line):
            name, version = re.sub(r"[-_.]+", "-", found[1]).lower(), found[2]
            purl = f"pkg:pypi/{name}@{version}"
            hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
            yield {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "purl": purl,
                # not `hashes`: those are of one file, these of any that may be installed
                "properties": [{"name": "autoexec:sha256", "value": each} for each in hashes],
            }


def _stable(text: str) -> bytes:
    """Return a list without the number and the time of its making: the same lock has the same list."""
    try:
        bill = json.loads(text)
        bill.pop("serialNumber", None)
        bill.get("metadata", {}).pop("timestamp", None)
    except (ValueError, AttributeError) as error:
        raise BuildError("uv's list of packages cannot be read", why=str(error), fix="uv lock") from error
    return (json.dumps(bill, indent=2) + "\n").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Where pip finds packages while an image is built: build arguments, the network, and a warning."""

    arguments: Mapping[str, str] = field(default_factory=dict)
    network: str = ""
    warning: str = ""


def index_of(sources: Mapping[str, str], requirements: bytes, *, is_base_ours: bool = True) -> Index:
    """Return where packages come from, by the variables that uv has it from (`Bench.sources`).

    A password would stay in the engine's history, so an index with one is not
    told: in a login, a query, or a path that is more than words every index has. One on this machine
    is reached by the machine's own network, which no base gets that the project
    itself names: what it runs when it is built on is anybody's. Folders are not
    sent.

    Raises
    ------
    BuildError
        There are several, or one that cannot be told, and no hashes: pip would
        take a private name from whoever has it.

    Examples
    --------
    >>> index_of({"UV_DEFAULT_INDEX": "http://127.0.0.1:3141/simple"}, b"idna").network
    'host'
    """
    given = [*sources.get("UV_INDEX", "").split(), *sources.get("UV_DEFAULT_INDEX", "").split()]
    asked = [each for each in given if urlsplit(each).scheme in ("http", "https")]
    if not requirements or asked in ([], [_PUBLIC]):
        return Index()
    told = [each for each in asked if _is_open(each) and (is_base_ours or not _is_here(each))]
    kept = [each for each in asked if each not in told]
    reasons = {
        "may hold a login, which an image would keep": [each for each in kept if not _is_open(each)],
        "is on this machine, and the project names its own base": [each for each in kept if _is_open(each)],
    }
    why = "; ".join(
        f"the index at {', '.join(str(urlsplit(each).hostname) for each in those)} {reason}: it is not asked"
        for reason, those in reasons.items()
        if those
    )
    if kept and not is_hashed(requirements):
        raise BuildError(
            "packages would come from the public index instead of yours",
            why=why,
            fix="uv lock, whose hashes name the files; or write a Dockerfile",
        )
    if len(asked) > 1 and not is_hashed(requirements):
        raise BuildError(
            "packages come from several indexes, and nothing says which from where",
            why="pip takes the newest of a name from any of them",
            fix="uv lock",
        )
    words = {"PIP_INDEX_URL": "".join(told[-1:]), "PIP_EXTRA_INDEX_URL": " ".join(told[:-1])}
    is_here = any(map(_is_here, told))
    arguments = {name: value for name, value in words.items() if value}
    return Index(arguments=arguments, network="host" if is_here else "", warning=why)


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in _HERE


def _is_open(url: str) -> bool:
    """Whether an address can be told: no login, no query, and a path of words that say nothing (`_WORDS`).

    Examples
    --------
    >>> [_is_open(f"https://h.example/{each}") for each in ("simple", "whl/cu121", "letmein/simple")]
    [True, True, False]
    """
    parts = urlsplit(url)
    is_plain = all(_WORDS.match(each) for each in parts.path.split("/"))
    return is_plain and not re.search(r"[@;?#]", url) and mask(url) == url


def lock_digest(project: Project, folder: Path) -> str:
    """Return the digest of what says which packages, or "".

    Raises
    ------
    BuildError
        It cannot be read.
    """
    if not project.lock:
        return ""
    return f"sha256:{hashlib.sha256(tables.named_file(folder, project.lock)).hexdigest()}"
