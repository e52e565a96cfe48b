"""What a folder holds that can become an image: a Dockerfile, an app of a notebook, Python or Node."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from ...errors import BuildError, UsageError
from ...redact import mask, one_line
from .. import reading
from ..artifacts import Source
from ..typed import as_typed
from . import listening, node, parsed, python, tables, webapps

Kind: TypeAlias = Literal["dockerfile", "python", "node"]
APP = "autoexec-app.json"  #: what `build app` writes beside the module that it makes
DOCKERFILES = ("Dockerfile", "Containerfile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What an image is made of.

    `command` is what it runs, `()` where the Dockerfile says it; `port` and
    `health` where it answers when it is well, 0 and "" where it does not
    listen. `requirements` is a file of requirements, "" where `dependencies`
    (as pyproject.toml spells them) are all that is known; `lock` the file that
    says exactly which packages. `notebook` is the path and the digest of the
    notebook that it is of; `build` whether Node has to build it first.
    `paths` are the folders that Python imports from, "." the project's own.
    """

    kind: Kind
    name: str
    version: str = ""
    dockerfile: str = ""
    base: str = ""
    command: tuple[str, ...] = ()
    port: int = 0
    health: str = ""
    lock: str = ""
    requirements: str = ""
    dependencies: tuple[str, ...] = ()
    build: bool = False
    paths: tuple[str, ...] = (".",)
    notebook: tuple[str, str] = ("", "")
    url: str = ""
    warnings: tuple[str, ...] = ()


def fits(folder: Path) -> bool:
    """Whether an image can be made of a folder; cheap, and runs nothing."""
    if not folder.is_dir():
        return folder.name in (*DOCKERFILES, APP)
    if dockerfile_of(folder) or (folder / APP).is_file():
        return True
    try:
        pyproject = tables.read_toml(folder / "pyproject.toml")
        if isinstance(pyproject.get("project"), dict):
            settings = tables.below(pyproject, "tool", "autoexec", "build")
            return bool(settings.get("command")) or python.entry_of(folder, pyproject) is not None
        return node.fits(tables.read_json(folder / "package.json"))
    except BuildError:
        return False


def project_of(source: Source) -> Project:
    """Return what is in the folder; what the settings say wins.

    Raises
    ------
    BuildError, UsageError
        There is nothing to make an image of, or it says something that cannot be.
    """
    folder, named = source.folder, source.path.name
    if source.path.is_file() and named not in (*DOCKERFILES, APP):
        made = f"%autoexec build app {as_typed(source.path)}"
        fix = f"{made}, then %autoexec build image of the folder that it makes"
        raise BuildError(f"{named} is no folder with a project", why="an image is made of one", fix=fix)
    dockerfile = named if source.path.is_file() and named in DOCKERFILES else dockerfile_of(folder)
    if dockerfile:
        return _of_dockerfile(source, dockerfile)
    if (folder / APP).is_file():
        return _of_app(source, tables.read_json(folder / APP))
    pyproject = tables.read_toml(folder / "pyproject.toml")
    if isinstance(pyproject.get("project"), dict):
        return _of_python(source, pyproject)
    package = tables.read_json(folder / "package.json")
    if node.fits(package):
        return _of_node(source, package)
    raise BuildError(
        f"no image can be made of {folder.name or folder}",
        why="there is no Dockerfile, no pyproject.toml with [project], no package.json with a start or main",
        fix="write a Dockerfile, or set command in [tool.autoexec.build]",
    )


def dockerfile_of(folder: Path) -> str:
    """Return the name of the folder's Dockerfile, or ""."""
    return next((name for name in DOCKERFILES if (folder / name).is_file()), "")


def _of_dockerfile(source: Source, name: str) -> Project:
    try:
        text = reading.text(source.folder / name)
    except OSError as error:
        raise BuildError(f"{name} cannot be read", why=str(error), fix="mend the file") from error
    said = parsed.read(text)
    if not said.stages:
        raise BuildError(
            f"{name} has no FROM", why="an image is built on another one", fix="FROM scratch is none"
        )
    own = tables.read_toml(source.folder / "pyproject.toml").get("project")
    about = own if isinstance(own, dict) else tables.read_json(source.folder / "package.json")
    app = tables.read_json(source.folder / APP)
    return Project(
        kind="dockerfile",
        name=_name(source, about or app),
        version=_version(source, about or app),
        dockerfile=text,
        port=_port(source, said.port),
        health=_health(source, ""),
        lock=_lock(source.folder, app),
        notebook=_notebook(app),
        url=_url(about),
    )


def _of_app(source: Source, app: dict[str, object]) -> Project:
    shape, module = tables.text(app, "shape"), tables.text(app, "module")
    requirements = _inside(app, "requirements") or (
        "requirements.txt" if (source.folder / "requirements.txt").is_file() else ""
    )
    port = _port(source, tables.whole(app, "port"))
    command = _command(source) or tables.words(app, "command")
    if not command and shape in ("asgi", "wsgi"):
        what = module if ":" in module else f"{module}:app"
        command = python.served(shape, what, _lines(source.folder, requirements), port or python.PORT)
        port = port or python.PORT
    if not command and not module:
        raise BuildError(
            f"{APP} does not say what is run", why="it has no module", fix="%autoexec build app NOTEBOOK"
        )
    return Project(
        kind="python",
        name=_name(source, app),
        version=_version(source, app),
        base=_base(source, f"python:{tables.text(app, 'python') or _running()}-slim"),
        command=command or ("python", "-m", module),
        port=port,
        health=_health(source, tables.text(app, "health")),
        lock=_lock(source.folder, app) or requirements,
        requirements=requirements,
        notebook=_notebook(app),
    )


def _of_python(source: Source, pyproject: dict[str, object]) -> Project:
    folder, about = source.folder, tables.below(pyproject, "project")
    python.refuse_compiled(folder, pyproject)
    dependencies = tuple(str(each) for each in tables.items(about, "dependencies"))
    lock = _lock(folder, {})
    has_file = not lock and (folder / "requirements.txt").is_file()
    requirements = (
        "requirements.txt"
        if has_file and ("dependencies" in tables.items(about, "dynamic") or not dependencies)
        else ""
    )
    warnings = []
    if not lock and (dependencies or requirements) and not requirements:
        warnings.append(
            "which packages it gets is decided at each build: nothing locks them (`uv lock` does)"
        )
    command, port = _command(source), _port(source, 0)
    entry = python.entry_of(folder, pyproject)
    if not command and entry is None:
        fix = 'command = ["python", "-m", "MODULE"] in [tool.autoexec.build], or [project.scripts]'
        raise BuildError(
            "nothing says what the image runs", why="there is no script, no app, no __main__", fix=fix
        )
    if not command and entry is not None:
        port = port or (python.PORT if entry.shape in python.SERVERS else 0)
        known = (*dependencies, *_lines(folder, requirements), *_locked(folder, lock))
        command = entry.command(known, port)
    asked = [python.canonical(each) for each in (*dependencies, *_lines(folder, requirements))]
    if not port and (framework := webapps.framework_among(asked)):
        warnings.append(_unasked(framework))
    on = python.version_of(folder, tables.text(about, "requires-python"), _running())
    return Project(
        kind="python",
        name=_name(source, about),
        version=_version(source, about),
        base=_base(source, f"python:{on}-slim"),
        command=command,
        port=port,
        health=_health(source, ""),
        lock=lock or requirements,
        requirements=requirements,
        dependencies=dependencies,
        paths=("src", ".") if (folder / "src").is_dir() else (".",),
        url=_url(about),
        warnings=tuple(warnings),
    )


def _of_node(source: Source, package: dict[str, object]) -> Project:
    folder, lock = source.folder, node.lock_of(source.folder)
    dependencies = node.dependencies_of(package)
    warnings = []
    if dependencies and not lock:
        warnings.append(
            "which packages it gets is decided at each build: there is no lock (`npm install` writes one)"
        )
    command = _command(source) or node.command_of(package)
    usual = listening.port_of(folder, command, package, node.PORT)
    return Project(
        kind="node",
        name=_name(source, package),
        version=_version(source, package),
        base=_base(source, f"node:{node.version_of(folder, package)}-slim"),
        command=command,
        port=_port(source, usual or (node.PORT if node.listens(package) else 0)),
        health=_health(source, ""),
        lock=lock,
        dependencies=(*dependencies, *node.dependencies_of(package, "devDependencies")),
        build=bool(node.scripts_of(package).get("build")),
        url=_url(package),
        warnings=tuple(warnings),
    )


def _unasked(framework: str) -> str:
    """Return what to know of what most likely listens, and does not say where."""
    return (
        f"{framework} is among its packages, and nothing says where it listens: nobody asks it whether it"
        " is well; port = 8000 in [tool.autoexec.build] says it"
    )


def _running() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _lock(folder: Path, app: Mapping[str, object]) -> str:
    named = _inside(app, "lock")
    known = (*((named,) if named else ()), "uv.lock", *node.LOCKS)
    return next((name for name in known if (folder / name).is_file()), "")


def _inside(app: Mapping[str, object], key: str) -> str:
    """Return the path of a file that an app names, relative to its folder, or "".

    Raises
    ------
    BuildError
        It leads out of the folder.
    """
    path = tables.text(app, key)
    if path.startswith(("/", "~")) or "\\" in path or "\0" in path or ".." in path.split("/"):
        raise BuildError(
            f"{APP} names a file outside of its folder",
            why=f"its {key} is {path[:80]!r}",
            fix="%autoexec build app NOTEBOOK",
        )
    return path


def _locked(folder: Path, lock: str) -> list[str]:
    """Return the names of the packages in a uv.lock."""
    if lock != "uv.lock":
        return []
    packages = tables.read_toml(folder / lock).get("package")
    return (
        [str(each.get("name")) for each in packages if isinstance(each, dict)]
        if isinstance(packages, list)
        else []
    )


def _lines(folder: Path, requirements: str) -> list[str]:
    text = tables.named_file(folder, requirements).decode("utf-8", "replace") if requirements else ""
    return [line.strip() for line in text.splitlines() if re.match(r"\s*[A-Za-z0-9]", line)]


def _name(source: Source, about: Mapping[str, object]) -> str:
    return source.setting("name") or tables.text(about, "name").lstrip("@") or source.folder.name


def _version(source: Source, about: Mapping[str, object]) -> str:
    return source.setting("version") or tables.text(about, "version")


def _base(source: Source, usual: str) -> str:
    return source.setting("base") or usual


def _command(source: Source) -> tuple[str, ...]:
    return tables.words(source.settings, "command")


def _port(source: Source, usual: int) -> int:
    port = source.settings.get("port", usual)
    if not isinstance(port, int) or not 0 <= port < 65536:
        raise UsageError(f"the port cannot be {port!r}", fix="a number from 1 to 65535")
    return port


def _health(source: Source, usual: str) -> str:
    health = source.setting("health") or usual
    if health and not re.fullmatch(r"/[\w.~!$&*+,;=:@%/?-]*", health):  # it stands in a command of the image
        raise UsageError(f"health cannot be {health!r}", why="it is the path of a URL", fix="such as /health")
    return health


def _notebook(app: Mapping[str, object]) -> tuple[str, str]:
    path = tables.text(app, "notebook")
    is_relative = (
        bool(path) and not path.startswith(("/", "~")) and ".." not in path.split("/") and ":" not in path
    )
    return (path if is_relative else path.replace("\\", "/").rpartition("/")[2]), tables.text(
        app, "notebook_digest"
    )


def _url(about: Mapping[str, object]) -> str:
    """Return where a project says that its source is; never with a password."""
    urls = {
        name.lower(): value for name, value in tables.below(about, "urls").items() if isinstance(value, str)
    }
    repository = about.get("repository")
    named = repository.get("url") if isinstance(repository, dict) else repository
    found = next(
        (urls[name] for name in ("source", "repository", "source code", "github") if name in urls), named
    )
    if not isinstance(found, str):
        return ""
    parts = urlsplit(found.removeprefix("git+"))
    bare = parts._replace(query="", fragment="").geturl()  # tokens stand there; an image shows its labels
    is_open = parts.scheme in ("http", "https") and "@" not in parts.netloc and mask(bare) == bare
    return one_line(bare) if is_open else ""
