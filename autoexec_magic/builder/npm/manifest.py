"""What a package.json says, read once and checked by npm's own rules; nothing is run.

The rules of names are the registry's (`validate-npm-package-name`), those of
versions Semantic Versioning 2.0.0 with npm's limits. A name that only an old
package may have (upper case, say) is a warning: whoever has such a package goes
on building it.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import BuildError, UsageError
from .. import reading

MANIFEST = "package.json"
MOST_NAME_CHARS = 214
MOST_VERSION_CHARS = 256
MOST_BYTES = 16 * 2**20
_MOST_NUMBER = 2**53 - 1  # a number of JavaScript's that is exact
_FIX = "correct package.json"
_PART = re.compile(r"[A-Za-z0-9~_.!'()*-]+")
_NUMBER = r"(?:0|[1-9]\d*)"
_IDENTIFIER = rf"(?:{_NUMBER}|\d*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_NEVER = frozenset({"node_modules", "favicon.ico"})
#: what is installed before anything can be built; peers, too, since npm 7
NEEDED = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_AT_USE = ("dependencies", "optionalDependencies", "peerDependencies")
#: what only the machine that it stands on can resolve
_HERE = re.compile(r"(?:file|link|portal|workspace|catalog):|\.{0,2}/|~/")
#: modules of Node's own that a new package may not be called
_BUILTIN = frozenset(
    (
        *("assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto"),
        *("dgram", "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https"),
        *("inspector", "module", "net", "os", "path", "perf_hooks", "process", "punycode", "querystring"),
        *("readline", "repl", "stream", "string_decoder", "sys", "timers", "tls", "trace_events", "tty"),
        *("url", "util", "v8", "vm", "wasi", "worker_threads", "zlib"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A package.json; `data` is all of it."""

    name: str
    version: str
    data: Mapping[str, object] = field(repr=False)

    @property
    def is_private(self) -> bool:
        """Whether npm refuses to publish it."""
        return bool(self.data.get("private"))

    @property
    def scripts(self) -> dict[str, str]:
        """Its scripts that are text."""
        return {name: text for name, text in table(self.data, "scripts").items() if isinstance(text, str)}

    @property
    def file(self) -> str:
        """The name of its tarball, as npm has it.

        Examples
        --------
        >>> Manifest(name="@org/x", version="1.0.0+a", data={}).file
        'org-x-1.0.0.tgz'
        """
        return f"{self.name.removeprefix('@').replace('/', '-')}-{bare(self.version)}.tgz"

    @property
    def is_prerelease(self) -> bool:
        """Whether its version comes before a release."""
        return "-" in self.version.partition("+")[0]

    def needs_packages(self) -> bool:
        """Whether anything has to be installed before it can be built."""
        return any(table(self.data, kind) for kind in NEEDED) or "workspaces" in self.data

    def needs_packages_in_use(self) -> bool:
        """Whether whoever installs it gets more than it."""
        return any(table(self.data, kind) for kind in _AT_USE)

    def setting(self, name: str) -> str:
        """Return a text of its `publishConfig`."""
        value = table(self.data, "publishConfig").get(name)
        return value if isinstance(value, str) else ""


def table(data: Mapping[str, object], name: str) -> dict[str, object]:
    """Return a member that is a table, or an empty one."""
    value = data.get(name)
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def bare(version: str) -> str:
    """Return a version as a registry knows it: without what stands behind a `+`."""
    return version.partition("+")[0]


def read(file: Path) -> Manifest:
    """Return what a package.json says, its name and version checked.

    Raises
    ------
    BuildError
        It cannot be read, or nothing can be published under that name and version.
    """
    if not file.exists():
        raise UsageError(
            f"{file.parent.name or file.parent} is no npm package",
            why=f"it has no {file.name}",
            fix="%autoexec build npm FOLDER, the folder with package.json; or npm init makes one",
        )
    data = load(file)
    missing = [key for key in ("name", "version") if not isinstance(data.get(key), str) or not data[key]]
    if missing:
        raise UsageError(
            f"{file.name} has no {' and no '.join(missing)}",
            why="a package needs both, each a text",
            fix="npm pkg set name=NAME version=0.1.0",
        )
    name, version = str(data["name"]), str(data["version"])
    if why := wrong_name(name):
        raise UsageError(f"{shown(name)} is no name of a package", why=why, fix="npm pkg set name=NAME")
    if why := wrong_version(version):
        raise UsageError(
            f"{shown(version)} is no version of a package", why=why, fix="npm pkg set version=1.0.0"
        )
    _check_needs(data)
    return Manifest(name=name, version=version, data=data)


def load(file: Path) -> dict[str, object]:
    """Return the content of a package.json or a lock, unchecked.

    Raises
    ------
    BuildError
        It is not there, or no table of JSON.
    """
    return parsed(content_of(file), file.name)


def content_of(file: Path) -> bytes:
    """Return the bytes of a package.json or a lock.

    Raises
    ------
    BuildError
        It is not there, is no plain file, or larger than `MOST_BYTES`.
    """
    try:
        return reading.content(file, most=MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BuildError(f"{file.name} cannot be read", why=str(error.strerror or error), fix=_FIX) from error


def parsed(content: bytes, name: str = MANIFEST) -> dict[str, object]:
    """Return a table of JSON from its bytes.

    Raises
    ------
    BuildError
        It is none.
    """
    fix = f"correct {name}"
    try:
        data: object = json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        where = f"{name}:{error.lineno}"
        raise BuildError(f"{name} is no JSON", why=f"{where}: {error.msg}", fix=f"correct {where}") from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise BuildError(f"{name} is no JSON", why=str(error) or type(error).__name__, fix=fix) from error
    if not isinstance(data, dict):
        raise BuildError(f"{name} is no table", why=f"it is {type(data).__name__}", fix=fix)
    return data


def wrong_name(name: str) -> str:
    """Return why nothing can be called so, or "".

    Examples
    --------
    >>> [wrong_name(each) for each in ("pear", "@org/pear", "JSONStream")]
    ['', '', '']
    >>> wrong_name(".pear")
    'it begins with a dot or an underscore'
    """
    scope, slash, rest = name.partition("/") if name.startswith("@") else ("", "", name)
    parts = [scope[1:], rest] if scope else [rest]
    if len(name) > MOST_NAME_CHARS:
        return f"it has {len(name)} characters, and {MOST_NAME_CHARS} is the most"
    if scope and not (slash and all(parts)):
        return "a scope is followed by / and a name"
    if rest[:1] == "." or scope[1:2] == "." or (not scope and rest[:1] == "_"):
        return "it begins with a dot or an underscore"
    if name.lower() in _NEVER:
        return "nothing may be called so"
    if not all(_PART.fullmatch(part) for part in parts):
        return "it has signs that cannot stand in an address; a-z, 0-9, - . _ can"
    return ""


def wrong_for_new(name: str) -> str:
    """Return why only a package that is there already may be called so, or ""."""
    if name != name.lower():
        return "it has capitals"
    if re.search(r"[~'!()*]", name.rpartition("/")[2]):
        return "it has one of ~ ' ! ( ) *"
    return "it is that of a module of Node" if name in _BUILTIN else ""


def wrong_version(version: str) -> str:
    """Return why a version is none, or "".

    Examples
    --------
    >>> wrong_version("1.0.0-rc.1+build.5"), wrong_version("v1.0.0")
    ('', 'it is MAJOR.MINOR.PATCH, as in 1.0.0 or 1.0.0-rc.1, without a v')
    """
    if len(version) > MOST_VERSION_CHARS:
        return f"it has {len(version)} characters, and {MOST_VERSION_CHARS} is the most"
    found = _VERSION.fullmatch(version)
    if found is None:
        return "it is MAJOR.MINOR.PATCH, as in 1.0.0 or 1.0.0-rc.1, without a v"
    if any(int(number) > _MOST_NUMBER for number in found.groups()[:3]):
        return "one of its numbers is too large for JavaScript"
    return ""


def shown(text: str) -> str:
    """Return a text of somebody else's for a message: quoted, and not longer than a line."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


def set_command(*keys: str) -> str:
    """Return the command that sets a value of package.json; a dot in a name is no way into it.

    Examples
    --------
    >>> set_command("devDependencies", "chart.js")
    "npm pkg set 'devDependencies[chart.js]=VERSION'"
    """
    first, *rest = keys
    return f"npm pkg set {shlex.quote(first + ''.join(f'[{each}]' for each in rest) + '=VERSION')}"


def _check_needs(data: Mapping[str, object]) -> None:
    """Refuse what nobody else could install.

    Raises
    ------
    BuildError
        It needs a folder of this machine.
    """
    for kind in _AT_USE:
        for name, wanted in table(data, kind).items():
            if isinstance(wanted, str) and _HERE.match(wanted.strip()) and not data.get("private"):
                raise BuildError(
                    f"nobody else could install it: it needs {name} from {shown(wanted)}",
                    why=f"{kind} of package.json, and npm publishes them as they stand there",
                    fix=set_command(kind, name),
                )
