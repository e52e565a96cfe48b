"""Which registry a package goes to, and how it is spoken to: its address and a login for it, checked.

A token goes to one address only: the one that a person named, by TLS or on this
machine, and the package itself agrees with it (`publishConfig`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ...errors import UsageError
from ..artifacts import Source
from .manifest import Manifest
from .npmrc import PUBLIC, TOKENS, Npmrc, ended, expanded, place_of

NAMED = {"npm": PUBLIC, "npmjs": PUBLIC}
SETTING = "npm-registry"
#: words for what the project's settings name; the first is the one that means it for wheels, too
BY_SETTING = ("repository", "registry", SETTING)
_OURS = "NODE_AUTH_TOKEN"
_ROADS = ("cafile", "proxy", "https-proxy", "noproxy")
_LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A registry: `variables` have the login for it, `lines` are the `.npmrc` that names those."""

    registry: str
    lines: tuple[str, ...] = field(repr=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    passed: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        """Options that stand before anything that a tarball says; none of them holds a login."""
        said = dict(line.split("=", 1) for line in self.lines if "=" in line)
        words = ["--registry", self.registry, "--strict-ssl=true"]
        for key in (*_ROADS, *(key for key in said if key.startswith("@"))):
            value = said.get(key, "")
            is_open = value and "${" not in value and "@" not in urlsplit(value).netloc
            words += [f"--{key}={value}"] if is_open else []
        return tuple(words)

    @property
    def has_login(self) -> bool:
        """Whether there is a token or a password at all."""
        return bool(self.variables or self.passed)


def is_persons(wish: str) -> bool:
    """Whether a wish itself says where to; else it is the project's settings that do."""
    return wish in NAMED or "://" in wish


def registry_for(source: Source, manifest: Manifest) -> str:
    """Return the registry that a wish names, with its / at the end; "" for none.

    Raises
    ------
    UsageError
        It is no address of a registry, or another than that of the package's own `publishConfig`.
    """
    wish = source.wish.publish
    if not wish:
        return ""
    scope = scope_of(manifest.name)
    own = (manifest.setting(f"{scope}:registry") if scope else "") or manifest.setting("registry")
    url = NAMED.get(wish) or (wish if "://" in wish else "")
    if wish in BY_SETTING:
        url = source.setting(SETTING) or own
    if not url:
        raise UsageError(
            f"{wish} is no registry of npm packages",
            why="it is neither an address nor npm, nor is it repository with a setting npm-registry",
            fix="%autoexec build npm --publish https://registry.npmjs.org/",
        )
    parts = urlsplit(url)
    is_here = parts.hostname in _LOCAL
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or (parts.scheme == "http" and not is_here)
    ):
        why = (
            "a token is sent there, so it is https, or this machine" if parts.hostname else "it names no host"
        )
        raise UsageError(
            f"nothing is published to {place_shown(url)}", why=why, fix="--publish https://HOST/"
        )
    if parts.username or parts.password:
        raise UsageError(
            f"the address of {parts.hostname} holds a login",
            why="it would stand in logs",
            fix="set NPM_TOKEN, and leave the login out of the address",
        )
    if own and ended(own) != ended(url):
        raise UsageError(
            f"{manifest.name} is not for {ended(url)}",
            why=f"publishConfig in its package.json says {place_shown(own)}",
            fix=f"--publish {place_shown(own)}, or correct package.json",
        )
    return ended(url)


def place_shown(url: str) -> str:
    """Return an address without the login in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def scope_of(name: str) -> str:
    """Return `@scope` of a package's name, or ""."""
    return name.partition("/")[0] if name.startswith("@") else ""


def door_to(registry: str, name: str, person: Npmrc, environment: Mapping[str, str] = os.environ) -> Door:
    """Return how a registry is spoken to: with a token of the environment, else the person's login for it."""
    host, path = place_of(registry)
    place = f"//{host}{path}"
    lines = [f"registry={registry}"]
    lines += [f"{scope}:registry={registry}" for scope in [scope_of(name)] if scope]
    lines += [f"{key}={value}" for key, value in person.certificates(registry).items()]
    lines += [f"{key}={person.values[key]}" for key in _ROADS if key in person.values]
    token = next((name for name in TOKENS if environment.get(name)), "")
    if token:
        return Door(registry=registry, lines=(*lines, f"{place}:_authToken=${{{token}}}"), passed=(token,))
    variables = {}
    for number, (key, value) in enumerate(person.login(registry).items()):
        name = _OURS if not number else f"{_OURS}_{number}"
        if plain := expanded(value, environment):
            variables[name] = plain
            lines.append(f"{place}:{key}=${{{name}}}")
    return Door(registry=registry, lines=tuple(lines), variables=variables)
