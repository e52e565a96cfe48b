"""The Dockerfile that is written for a project without one: a function of values, kept nowhere.

What changes seldom comes first, so that a line of code costs one layer: the
packages are installed in a stage of their own, from the lock and nothing else.
The last stage has no compiler, no cache and no lock of ours, belongs to root,
and runs as somebody else, by number, so that Kubernetes can see that it is not
root. Code that needs no compiling is imported from where it is copied to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from . import node
from .project import Project

CODE = "project"  #: where the project's files are in the context
MADE = "made"  #: … and ours
REQUIREMENTS = "requirements.txt"
USER = "10001:10001"  #: nobody of the base image's
_HOME = "/tmp"
_CHECK = "HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD "


def dockerfile(project: Project, base: str, requirements: bytes) -> str:
    """Return the text of a project's Dockerfile.

    Parameters
    ----------
    project : Project
        What it is made of, of kind `python` or `node`.
    base : str
        The image that it is built on, with its digest where that is known.
    requirements : bytes
        What pip is to install; b"" is nothing.
    """
    lines = _node(project, base) if project.kind == "node" else _python(project, base, requirements)
    return "\n".join([*lines, ""])


def health_command(project: Project) -> tuple[str, ...]:
    """Return the words that ask a running container whether it is well; () where it does not listen.

    Neither needs more than the language's own library, nor heeds a proxy.
    """
    if not project.port:
        return ()
    url = f"http://127.0.0.1:{project.port}{project.health}"
    if project.kind == "node":
        code = (
            f"fetch({url!r}).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
            if project.health
            else f"require('net').connect({project.port}, '127.0.0.1')"
            ".on('connect', () => process.exit(0)).on('error', () => process.exit(1))"
        )
        return ("node", "-e", code)
    code = (
        f"import urllib.request as u; u.build_opener(u.ProxyHandler({{}})).open({url!r}, timeout=4)"
        if project.health
        else f"import socket; socket.create_connection(('127.0.0.1', {project.port}), 4).close()"
    )
    return ("python", "-c", code)


def _python(project: Project, base: str, requirements: bytes) -> list[str]:
    lines = []
    if requirements:
        hashed = " --require-hashes" if is_hashed(requirements) else ""
        lines += [
            f"FROM {base} AS packages",
            "ARG PIP_INDEX_URL PIP_EXTRA_INDEX_URL",
            f"COPY {MADE}/{REQUIREMENTS} /tmp/{REQUIREMENTS}",
            "RUN python -m venv --without-pip /venv \\",
            " && python -m pip --python /venv/bin/python install --no-cache-dir \\",
            f"    --disable-pip-version-check --only-binary :all:{hashed} -r /tmp/{REQUIREMENTS}",
            "",
        ]
    path = ":".join("/app" if each == "." else f"/app/{each}" for each in project.paths)
    lines += [
        f"FROM {base}",
        f"ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={path} HOME={_HOME}",
    ]
    if requirements:
        lines += ["COPY --from=packages /venv /venv", "ENV VIRTUAL_ENV=/venv PATH=/venv/bin:$PATH"]
    return [*lines, "WORKDIR /app", *_about(project), f"COPY {CODE}/ /app/"]


def _node(project: Project, base: str) -> list[str]:
    port = f" PORT={project.port}" if project.port else ""
    ending = [f"ENV NODE_ENV=production HOME={_HOME}{port}", "WORKDIR /app"]
    if not project.dependencies and not project.build:
        return [f"FROM {base}", *ending, *_about(project), f"COPY {CODE}/ /app/"]
    whole, lean = node.LOCKS.get(project.lock, node.UNLOCKED)
    packaged = [f"{CODE}/package.json", *([f"{CODE}/{project.lock}"] if project.lock else [])]
    lines = [
        f"FROM {base} AS packages",
        "WORKDIR /app",
        f"COPY {' '.join(packaged)} /app/",
        f"RUN {whole if project.build else lean}",
    ]
    if project.build:
        manager = (
            "npm"
            if project.lock.startswith(("package", "npm")) or not project.lock
            else project.lock.split("-")[0]
        )
        manager = manager.removesuffix(".lock")
        pruned = {"npm": "npm prune --omit=dev", "pnpm": "pnpm prune --prod", "yarn": lean}[manager]
        lines += [f"COPY {CODE}/ /app/", f"RUN {manager} run build && {pruned}", ""]
        copied = ["COPY --from=packages /app /app"]
    else:
        lines += [""]
        copied = ["COPY --from=packages /app/node_modules /app/node_modules", f"COPY {CODE}/ /app/"]
    return [*lines, f"FROM {base}", *ending, *_about(project), *copied]


def _about(project: Project) -> list[str]:
    """Return what the image says of itself; before the code, so that a line of code is one layer."""
    check = health_command(project)
    return [
        f"USER {USER}",
        *([f"EXPOSE {project.port}"] if project.port else []),
        _CHECK + _words(check) if check else "HEALTHCHECK NONE",
        f"CMD {_words(project.command)}",
    ]


def _words(words: Sequence[str]) -> str:
    """Return words as the exec form, which no shell reads."""
    return json.dumps(list(words))


def label_line(labels: Mapping[str, str]) -> str:
    """Return one LABEL line for all labels: one layer, where the engine's own way is one for each.

    Examples
    --------
    >>> label_line({"a": "b c"})
    'LABEL "a"="b c"'
    """
    pairs = (f"{json.dumps(name)}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())
    return "LABEL " + " ".join(pairs).replace("$", "\\$") if labels else ""


def is_hashed(requirements: bytes) -> bool:
    """Whether each package comes with its hashes."""
    return b"--hash=sha256:" in requirements
