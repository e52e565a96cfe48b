"""What npm's settings say: the person's as they are, and of a project's only what cannot do harm.

A project's `.npmrc` can name programs that npm starts (`git`, `script-shell`),
who stands between us and a registry, and an address that a token of this
process's environment is sent to. So npm never reads it here: it gets a file in
its place with those of its lines that say where packages come from and how they
are laid out. Logins are the person's own: in their `.npmrc`, or in a variable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ...errors import BuildError, UsageError
from .. import reading

NAME = ".npmrc"
PUBLIC = "https://registry.npmjs.org/"
#: where a token for publishing stands, the first that is set
TOKENS = ("NPM_TOKEN", "NODE_AUTH_TOKEN")
LOGIN_KEYS = ("_authToken", "_auth", "username", "_password")
_FILE_KEYS = ("certfile", "keyfile")
_VARIABLE = re.compile(r"(?<!\\)\$\{([^}?]+)(\?)?\}")
_MOST_BYTES = 2**20
#: lines of a project's file that are kept
_HARMLESS = frozenset(
    (
        *(
            "registry",
            "legacy-peer-deps",
            "strict-peer-deps",
            "engine-strict",
            "omit",
            "include",
            "prefer-dedupe",
        ),
        *(
            "install-strategy",
            "install-links",
            "legacy-bundling",
            "global-style",
            "package-lock",
            "min-release-age",
        ),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Npmrc:
    """A person's settings: `values` are those of their file and variables, as they are written.

    `file` is their `.npmrc`, `variables` are the names of those that it asks for.
    """

    file: Path
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables: tuple[str, ...] = ()

    @property
    def registry(self) -> str:
        """Where their packages come from and go to."""
        return ended(self.values.get("registry", PUBLIC))

    @property
    def reads(self) -> tuple[Path, ...]:
        """Files that npm has to be let read."""
        named = (Path(self.values[key]) for key in ("cafile",) if self.values.get(key))
        return tuple(path for path in (self.file, *named) if path.is_file())

    def login(self, registry: str) -> dict[str, str]:
        """Return the login for a registry, its values as they are written; the closest path wins."""
        host, path = place_of(registry)
        parts = path.strip("/").split("/") if path.strip("/") else []
        for count in range(len(parts), -1, -1):
            for end in ("/", ""):
                place = "//" + "/".join([host, *parts[:count]]) + end
                found = {
                    key: self.values[f"{place}:{key}"]
                    for key in LOGIN_KEYS
                    if f"{place}:{key}" in self.values
                }
                if found:
                    return found
        return {}

    def certificates(self, registry: str) -> dict[str, str]:
        """Return the lines that name a certificate for a registry: paths, no secrets."""
        place = "//" + "".join(place_of(registry))
        return {
            f"{place}:{key}": value
            for key in _FILE_KEYS
            for value in [self.values.get(f"{place}:{key}", self.values.get(f"{place.rstrip('/')}:{key}"))]
            if value
        }


def of_person(environment: Mapping[str, str] = os.environ) -> Npmrc:
    """Return the settings of whoever runs this.

    Raises
    ------
    UsageError
        Their file cannot be read: another registry is not asked in its place.
    """
    lower = {name.lower(): value for name, value in environment.items()}
    home = Path(environment.get("HOME") or Path.home())
    file = Path(lower.get("npm_config_userconfig") or home / NAME)
    values = _lines(file)
    names = {found[1] for line in values.items() for text in line for found in _VARIABLE.finditer(text)}
    for name, value in environment.items():
        if name.lower().startswith("npm_config_") and value:
            key = name[len("npm_config_") :]
            values[key if key.startswith(("//", "@")) else key[:1] + key[1:].lower().replace("_", "-")] = (
                value
            )
    return Npmrc(file=file, values=values, variables=tuple(sorted(names & environment.keys())))


def harmless(file: Path) -> str:
    """Return what npm gets of a project's `.npmrc`: lines that name no program, login or variable."""
    kept = {
        key: value
        for key, value in _lines(file).items()
        if (key in _HARMLESS or (key.startswith("@") and key.endswith(":registry")))
        and "${" not in key + value
        and "@" not in (urlsplit(value).netloc if "://" in value else "")
    }
    return "".join(f"{key}={value}\n" for key, value in kept.items())


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """Return a value with the variables that it names; "" where one of them is not set."""
    missing = [found[1] for found in _VARIABLE.finditer(text) if found[1] not in environment]
    return "" if missing else _VARIABLE.sub(lambda found: environment[found[1]], text)


def ended(url: str) -> str:
    """Return a registry's address with the / that it ends with."""
    return url.rstrip("/") + "/"


def place_of(registry: str) -> tuple[str, str]:
    """Return the host with its port, and the path with a / at its end, of a registry.

    Examples
    --------
    >>> place_of("https://h:8080/npm")
    ('h:8080', '/npm/')
    """
    parts = urlsplit(ended(registry))
    return parts.netloc.rpartition("@")[2], parts.path


def _lines(file: Path) -> dict[str, str]:
    """Return the keys of an `.npmrc`, as they are written.

    Raises
    ------
    UsageError
        It is there and cannot be read.
    """
    try:
        if not file.is_file():
            return {}
        text = reading.content(file, most=_MOST_BYTES).decode("utf-8-sig")
    except (BuildError, OSError, UnicodeDecodeError) as error:
        why = error.why if isinstance(error, BuildError) else type(error).__name__
        raise UsageError(f"{file} cannot be read", why=why, fix="correct that file") from error
    found: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        if not line or line[0] in ";#[":
            continue
        key, equals, value = line.partition("=")
        found[key.strip()] = re.sub(r"\s+[;#].*$", "", value.strip()).strip("'\"") if equals else "true"
    return found
