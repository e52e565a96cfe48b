"""Where Node packages come from: npm's own settings, read once for proof and install alike.

npm reads variables, then the project's `.npmrc`, the person's, the machine's
and its own; the first that says anything wins. A project's file may name a
registry, as npm lets it; but where packages come from is for the person to
say, so what a project alone says is a question (`from_project`), and no
variable of this process is put into what it asks for. Logins reach the child
that asks, through its standard input, and are never shown.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from ...errors import UsageError

PUBLIC = "https://registry.npmjs.org/"
_VARIABLE = re.compile(r"(?<!\\)\$\{([^}?]+)(\?)?\}")
_LOGIN_KEYS = ("_authToken", "_auth", "username", "_password")
_YES = ("", "true", "1", "yes")
# What a project's file may not decide, with what npm takes where nobody does (or what does the same: text
# that npm takes for a text cannot be null). Programs that npm starts, whatever `ignore-scripts` says, with
# their options; who may stand between us and a registry; whose packages may come by git.
_GUARDED = {
    "git": "git",
    "script-shell": "sh",
    "node-options": "--no-deprecation",
    "strict-ssl": "true",
    "proxy": "null",
    "https-proxy": "null",
    "cafile": "/nonexistent/cafile",
    "allow-git": "root",
}
_MOST_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`scopes` maps `@scope` to its registry, `logins` the start of an address to its `Authorization`.

    `from_project` are the registries that only the project's own file names;
    `variables` the names of environment variables that the person's files ask
    for, `user_file` is the person's `.npmrc`. `guarded` are settings that npm has
    to be given each time, so that the project's own file cannot decide them.
    """

    registry: str = PUBLIC
    scopes: Mapping[str, str] = field(default_factory=dict)
    logins: Mapping[str, str] = field(default_factory=dict, repr=False)
    cafile: str = ""
    is_offline: bool = False
    keeps_lock: bool = True
    from_project: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    user_file: str = ""
    guarded: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which npm is given `guarded`: they beat every file, also one within a package."""
        return {f"npm_config_{key.replace('-', '_')}": value for key, value in self.guarded.items()}

    def registry_of(self, name: str) -> str:
        """Return the one registry that is asked for a package: a scope's own, or the default."""
        scope = name.partition("/")[0] if name.startswith("@") else ""
        return self.scopes.get(scope, self.registry)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown: each login, and its parts."""
        texts = {word for login in self.logins.values() for word in login.split()[1:]}
        texts |= {urlsplit(url).netloc.rpartition("@")[0] for url in (self.registry, *self.scopes.values())}
        return tuple(sorted((text for text in texts if len(text) >= 4), key=len, reverse=True))


def settings(root: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return npm's settings for the project at `root`.

    Raises
    ------
    UsageError
        A file that could name a registry cannot be read: the public one is
        not asked in its place.
    """
    names: set[str] = set()
    own = [_variables(environment)]
    own += [_file(path, environment, names) for path in _own_files(environment)]
    project = _file(root / ".npmrc", {}, set())
    mine = _merged(own)
    merged = _merged([own[0], project, *own[1:]])
    registry = _registry(merged.get("registry", PUBLIC))
    scopes = {
        key.removesuffix(":registry"): _registry(value)
        for key, value in merged.items()
        if key.startswith("@") and key.endswith(":registry")
    }
    trusted = {_registry(mine.get("registry", PUBLIC)), PUBLIC}
    trusted |= {_registry(value) for key, value in mine.items() if key.endswith(":registry")}
    foreign = dict.fromkeys(url for url in (registry, *scopes.values()) if url not in trusted)
    return Settings(
        registry=registry,
        scopes=scopes,
        logins=_logins(merged),
        cafile=mine.get("cafile", ""),
        is_offline="offline" in merged and merged["offline"].lower() in _YES,
        keeps_lock=merged.get("package-lock", "true").lower() in _YES,
        from_project=tuple(foreign),
        variables=tuple(sorted(names)),
        user_file=str(_own_files(environment)[0]),
        guarded={key: mine.get(key) or value for key, value in _GUARDED.items()},
    )


def without_login(url: str) -> str:
    """Return `url` as it may be shown.

    Examples
    --------
    >>> without_login("https://me:secret@host/npm/")
    'https://host/npm/'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def _merged(tables: list[dict[str, str]]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for each in reversed(tables):
        merged |= each
    return merged


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what `npm_config_*` variables say; npm takes `_` for `-` in all but a leading one."""
    found = {}
    for name, value in environment.items():
        if name.lower().startswith("npm_config_") and value:
            key = name[len("npm_config_") :]
            if not key.startswith(("//", "@")):
                key = key[:1].lower() + key[1:].lower().replace("_", "-")
            found[key] = value
    return found


def _own_files(environment: Mapping[str, str]) -> list[Path]:
    """Return the person's file, the machine's and npm's own."""
    home = Path(environment.get("HOME") or Path.home())
    config = {key.lower(): value for key, value in environment.items()}
    files = [Path(config.get("npm_config_userconfig") or home / ".npmrc")]
    program = shutil.which("npm", path=environment.get("PATH"))
    prefix = config.get("npm_config_prefix") or environment.get("PREFIX", "")
    if not prefix:
        node = shutil.which("node", path=environment.get("PATH"))
        prefix = str(Path(node).resolve().parents[1]) if node else ""
    given = config.get("npm_config_globalconfig")
    if given or prefix:
        files.append(Path(given) if given else Path(prefix, "etc", "npmrc"))
    if program:
        files.append(Path(program).resolve().parents[1] / "npmrc")
    return files


def _file(path: Path, environment: Mapping[str, str], names: set[str]) -> dict[str, str]:
    """Return the keys of an `.npmrc`; `names` gets the variables that it asks for."""
    try:
        if not path.is_file():
            return {}
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} cannot be read", why="it is too large", fix="correct that file")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read", why=type(error).__name__, fix="correct that file"
        ) from error
    found: dict[str, str] = {}

    def value_of(match: re.Match[str]) -> str:
        names.add(match[1])
        return environment.get(match[1], "" if match[2] else match[0])

    for line in text.splitlines():
        line = line.strip()
        if not line or line[0] in ";#[":
            continue
        key, equals, value = line.partition("=")
        value = re.sub(r"\s+[;#].*$", "", value.strip()).strip("'\"") if equals else "true"
        found[_VARIABLE.sub(value_of, key.strip())] = _VARIABLE.sub(value_of, value)
    return found


def _registry(url: str) -> str:
    return url.rstrip("/") + "/"


def _logins(merged: Mapping[str, str]) -> dict[str, str]:
    """Return the `Authorization` of each `//host/path/` that has a login."""
    places: dict[str, dict[str, str]] = {}
    for key, value in merged.items():
        place, _, name = key.rpartition(":")
        if place.startswith("//") and name in _LOGIN_KEYS:
            places.setdefault(place.rstrip("/") + "/", {})[name] = value
    return {place: login for place, keys in places.items() if (login := _authorization(keys))}


def _authorization(keys: Mapping[str, str]) -> str:
    from base64 import b64decode, b64encode
    from binascii import Error

    if keys.get("_authToken"):
        return f"Bearer {keys['_authToken']}"
    if keys.get("_auth"):
        return f"Basic {keys['_auth']}"
    if keys.get("username") and keys.get("_password"):
        try:
            password = b64decode(keys["_password"])
        except (Error, ValueError):
            return ""
        return f"Basic {b64encode(keys['username'].encode() + b':' + password).decode()}"
    return ""
