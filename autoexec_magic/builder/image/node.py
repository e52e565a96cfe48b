"""What of a Node project is run in an image, and on which Node."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from .. import reading

PORT = 3000
#: newest first; even numbers are those that are mended for years (https://nodejs.org/en/about/previous-releases)
_VERSIONS = (24, 22, 20, 18)
_DEFAULT = 22
#: packages that listen
_SERVERS = frozenset(
    {"express", "fastify", "koa", "next", "hono", "@hapi/hapi", "@nestjs/core", "restify", "polka", "nuxt"}
)
#: a lock, what installs by it, and what installs by it without what only development needs
LOCKS: Mapping[str, tuple[str, str]] = {
    "package-lock.json": ("npm ci --no-audit --no-fund", "npm ci --omit=dev --no-audit --no-fund"),
    "npm-shrinkwrap.json": ("npm ci --no-audit --no-fund", "npm ci --omit=dev --no-audit --no-fund"),
    "pnpm-lock.yaml": (
        "corepack enable && pnpm install --frozen-lockfile",
        "corepack enable && pnpm install --frozen-lockfile --prod",
    ),
    "yarn.lock": (
        "corepack enable && yarn install --frozen-lockfile",
        "corepack enable && yarn install --frozen-lockfile --production",
    ),
}
UNLOCKED = ("npm install --no-audit --no-fund", "npm install --omit=dev --no-audit --no-fund")
_COMPARISON = re.compile(r"(>=|<=|>|<|\^|~|=)?\s*v?(\d+)")


def fits(package: Mapping[str, object]) -> bool:
    """Whether a package.json says what is run."""
    return bool(scripts_of(package).get("start")) or isinstance(package.get("main"), str)


def scripts_of(package: Mapping[str, object]) -> dict[str, str]:
    """Return its scripts."""
    found = package.get("scripts")
    return (
        {name: value for name, value in found.items() if isinstance(value, str)}
        if isinstance(found, dict)
        else {}
    )


def command_of(package: Mapping[str, object]) -> tuple[str, ...]:
    """Return the words that run it; a start script that is one call of node is that call.

    Examples
    --------
    >>> command_of({"scripts": {"start": "node server.js --quiet"}})
    ('node', 'server.js', '--quiet')
    >>> command_of({"scripts": {"start": "next start"}})
    ('npm', 'run', '--silent', 'start')
    """
    start = scripts_of(package).get("start", "")
    if not start:
        return ("node", str(package["main"]))
    try:
        words = shlex.split(start)
    except ValueError:
        words = []
    # npm does not hand a signal on; a call of node needs neither npm nor a shell
    if words and words[0] == "node" and not re.search(r"[$&|;<>`*?(){}]", start):
        return tuple(words)
    return ("npm", "run", "--silent", "start")


def dependencies_of(package: Mapping[str, object], key: str = "dependencies") -> tuple[str, ...]:
    """Return the names of what it needs."""
    found = package.get(key)
    return tuple(found) if isinstance(found, dict) else ()


def listens(package: Mapping[str, object]) -> bool:
    """Whether one of its packages is a server."""
    return any(name in _SERVERS for name in dependencies_of(package))


def lock_of(folder: Path) -> str:
    """Return the name of its lock, or ""."""
    return next((name for name in LOCKS if (folder / name).is_file()), "")


def version_of(folder: Path, package: Mapping[str, object]) -> str:
    """Return the Node that it is for: `.nvmrc` says it, else the newest that `engines` takes."""
    try:
        pinned = re.match(r"\s*v?(\d+)", reading.text(folder / ".nvmrc"))
    except OSError:
        pinned = None
    if pinned:
        return pinned[1]
    engines = package.get("engines")
    wanted = engines.get("node") if isinstance(engines, dict) else None
    for each in (_DEFAULT, *_VERSIONS):
        if not isinstance(wanted, str) or _takes(wanted, each):
            return str(each)
    return str(_DEFAULT)


def _takes(wanted: str, major: int) -> bool:
    """Whether a range of versions takes the newest of a major one.

    Examples
    --------
    >>> [major for major in (18, 20, 22) if _takes("^18 || >=20 <22", major)]
    [18, 20]
    """
    return any(
        all(_compares(sign, major, int(number)) for sign, number in _COMPARISON.findall(_majors(each)))
        for each in wanted.split("||")
    )


def _majors(wanted: str) -> str:
    return re.sub(r"(\d+)(?:\.[\dx*]+)+", r"\1", wanted)


def _compares(sign: str, major: int, number: int) -> bool:
    if sign in (">=", ">"):
        return major >= number
    if sign == "<":
        return major < number
    return major <= number if sign == "<=" else major == number
