"""What is known of a package before the registry is asked: from the project's files and npm's settings."""

from __future__ import annotations

import functools
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from ..own_files import Use
from .decide import Case
from .known import reason
from .names import scope_of, split
from .project import Project
from .query import Query
from .semver import is_range
from .settings import Settings, without_login


def case_of(use: Use, project: Project, given: Settings) -> Case:
    """Return what is known of a package before the registry is asked."""
    name = split(use.module)[0]
    package = project.package_at(project.root / (use.file or "index.js"))
    spec = package.wants.get(name, "")
    locked = project.locked.get(name)
    doubts, faults = [], []
    if spec.startswith("npm:"):
        doubts.append(f"package.json takes {spec.removeprefix('npm:')} by the name {name}: npm install")
    elif spec and not is_range(spec) and not spec.replace("-", "").isalnum():
        faults.append(f"package.json takes {name} from {spec[:100]}, which is no registry")
    registry = given.registry_of(name)
    if registry in given.from_project:
        doubts.append(f"only the project's own .npmrc says that it comes from {without_login(registry)}")
    doubts += _scope_doubts(name, project, registry)
    if project.keeper != "npm":
        lock = project.lock.name if project.lock else "package.json"
        doubts.append(f"{lock} says that {project.keeper} keeps this project's packages")
    return Case(
        module=use.module,
        name=name,
        reason=reason(name, package, project),
        doubts=tuple(doubts),
        faults=tuple(faults),
        keeper=project.keeper,
        version=locked.version if locked else "",
        integrity=locked.integrity if locked else "",
        node=node_version(),
    )


def query_of(case: Case, project: Project) -> Query:
    """Return which version the registry is asked for: the lock's, or one that `package.json` takes."""
    subpath = split(case.module)[1]
    package = next((each for each in project.packages if case.name in each.wants), None)
    spec = package.wants[case.name] if package else ""
    wanted = case.version or (spec if is_range(spec) else "")
    return Query(name=case.name, wanted=wanted, subpaths=(subpath,))


@functools.cache
def node_version() -> str:
    """Return the version of the Node on PATH, from its own header file, or ""."""
    program = shutil.which("node")
    if program is None:
        return ""
    header = Path(program).resolve().parents[1] / "include" / "node" / "node_version.h"
    try:
        text = header.read_text("utf-8", "replace")
    except OSError:
        return ""
    parts = [re.search(rf"#define NODE_{part}_VERSION (\d+)", text) for part in ("MAJOR", "MINOR", "PATCH")]
    return ".".join(part[1] for part in parts if part) if all(parts) else ""


def _scope_doubts(name: str, project: Project, registry: str) -> list[str]:
    """Return that the lock has the package's scope from another registry than would be asked now."""
    scope = scope_of(name)
    hosts = {
        urlsplit(each.resolved).hostname or ""
        for other, each in project.locked.items()
        if scope and scope_of(other) == scope and each.resolved.startswith("http")
    }
    strange = sorted(hosts - {urlsplit(registry).hostname or "", ""})
    return (
        [f"the lock has {scope} from {strange[0]}, and now another registry would be asked"]
        if strange
        else []
    )
