"""Read which module comes from which distribution out of lists of files.

Three kinds of list are understood, by what is in them: a Debian `Contents`
file (`path<spaces>section/package[,…]`), a Debian `Packages` file (the reverse
dependencies in it measure use), and a plain list of `module<TAB>distribution`.
In Debian's, the `dist-info` or `egg-info` folder of a package names its
distribution; packages without one say nothing. Pure but for reading the file
that is given: nothing is fetched, and nothing is run.

References
----------
Debian repository format: *Contents* indices, *Packages* indices.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ...errors import UsageError
from ..known import normal

# The folder's own part may be missing (Debian's private copies are elsewhere and say nothing).
_PLACE = re.compile(rb"usr/lib/python3(?:\.\d+)?/(?:dist|site)-packages/(\S.*?)\s+(\S+)$")
_INFO = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._]*)(?:-(?P<rest>[^/]*))?\.(?:dist|egg)-info")
_MODULE = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:\.(?:cpython-3\d+[\w-]*|abi3))?\.(?:py|so)")
_PLAIN = re.compile(r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*)[\t ]+(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")
_OPENERS = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
DEEPEST = 4  # parts of a dotted name: google.cloud.storage_control_v2 has three
MOSTLY = 3  # whoever brings so many times as many parts as all others holds the package
# What lies in site-packages by mistake, or is nobody's to import.
JUNK = frozenset(
    (
        *(
            "benchmark",
            "benchmarks",
            "bin",
            "build",
            "conftest",
            "data",
            "demo",
            "demos",
            "dist",
            "doc",
            "docs",
        ),
        *(
            "etc",
            "example",
            "examples",
            "lib",
            "samples",
            "scripts",
            "setup",
            "share",
            "sample",
            "src",
            "test",
        ),
        *("testing_data", "tests", "tools", "utils", "__init__", "__main__", "__pycache__"),
    )
)


@dataclass(slots=True)
class Lists:
    """What the files that were read say.

    `holders` are the distributions that hold a module, `uses` how many
    packages depend on a distribution, `apart` the distributions that are made
    for one system and are somebody else's on an index, if they are there at all.
    """

    holders: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    uses: dict[str, int] = field(default_factory=dict)
    apart: set[str] = field(default_factory=set)
    sources: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Package:
    """What one package of the system brings."""

    infos: set[str] = field(default_factory=set)
    regular: set[str] = field(default_factory=set)  # packages with an __init__, as paths
    files: set[str] = field(default_factory=set)  # modules that are a file, as paths

    @property
    def places(self) -> set[str]:
        """Everything in it that can be imported, as paths."""
        return self.regular | self.files


def read(paths: Iterable[Path]) -> Lists:
    """Return what all files say together.

    Parameters
    ----------
    paths : iterable of Path
        Plain, or compressed with gzip, xz or bzip2 (by their ending).

    Raises
    ------
    UsageError
        A file cannot be read, or is none of the three kinds.
    """
    lists = Lists()
    packages: dict[str, _Package] = defaultdict(_Package)
    debian: list[Path] = []
    for path in paths:
        try:
            kind = _kind(path)
            if kind == "contents":
                _contents(path, packages)
            elif kind == "packages":
                debian.append(path)
            else:
                _plain(path, lists)
        except (OSError, EOFError, UnicodeDecodeError, lzma.LZMAError) as error:
            fix = "check the path, and that the whole file is there"
            raise UsageError(f"cannot read {path}", why=str(error), fix=fix) from error
        lists.sources.append(path.name)
    owners = _claims(packages, lists)
    for path in debian:
        _uses(path, owners, lists)
    return lists


def _open(path: Path) -> IO[bytes]:
    opener = _OPENERS.get(path.suffix)
    return opener(path, "rb") if opener else path.open("rb")  # type: ignore[operator]


def _kind(path: Path) -> str:
    """Return which kind of list a file is, by its first lines."""
    with _open(path) as stream:
        for number, raw in enumerate(stream):
            line = raw.decode("utf-8").rstrip("\r\n")
            if line.startswith("Package: "):
                return "packages"
            if not line or line.startswith("#"):
                continue
            if _PLAIN.fullmatch(line):
                return "plain"
            if re.fullmatch(r"\S.*\s+\S+/\S+", line):
                return "contents"
            if number > 200:
                break
    raise UsageError(
        f"cannot tell what {path.name} lists",
        why="it is no Contents file, no Packages file and no list of module<TAB>distribution",
        fix="a line each: MODULE<TAB>DISTRIBUTION",
    )


def _plain(path: Path, lists: Lists) -> None:
    with _open(path) as stream:
        for number, raw in enumerate(stream, 1):
            line = raw.decode("utf-8").rstrip("\r\n")
            if not line.strip() or line.startswith("#"):
                continue
            match = _PLAIN.fullmatch(line)
            if not match:
                raise UsageError(
                    f"cannot read line {number} of {path.name}", fix="write MODULE<TAB>DISTRIBUTION"
                )
            lists.holders[match["module"]].add(match["name"])


def _contents(path: Path, packages: dict[str, _Package]) -> None:
    with _open(path) as stream:
        for raw in stream:
            match = _PLACE.match(raw)
            if match:
                place = match[1].decode("utf-8", "replace")
                for owner in match[2].decode("ascii", "replace").split(","):
                    _note(place, packages[owner.rpartition("/")[2]])


def _note(place: str, package: _Package) -> None:
    parts = place.split("/")
    info = _INFO.fullmatch(parts[0])
    if info:
        package.infos.add(normal(info["name"]))
        return
    if len(parts) > DEEPEST + 1 or not all(part.isidentifier() for part in parts[:-1]):
        return
    module = _MODULE.fullmatch(parts[-1])
    if module is None:
        return
    if module["name"] == "__init__":
        package.regular.add("/".join(parts[:-1]))
    else:
        package.files.add("/".join([*parts[:-1], module["name"]]))


def _claims(packages: Mapping[str, _Package], lists: Lists) -> dict[str, set[str]]:
    """Note which distribution holds what; return the distributions of each package."""
    keepers: dict[str, list[_Package]] = defaultdict(list)  # by regular folder: who brings its __init__
    for package in packages.values():
        for place in package.regular:
            keepers[place].append(package)
    shared = _shared(packages, keepers)
    owners: dict[str, set[str]] = {}
    for name, package in packages.items():
        if not package.infos:
            continue
        modules = set(_modules(package, keepers, shared))
        owners[name] = package.infos
        for module, distribution in _shared_out(modules, package.infos):
            lists.holders[module].add(distribution)
    return owners


def _shared(packages: Mapping[str, _Package], keepers: Mapping[str, list[_Package]]) -> set[str]:
    """Return the folders whose parts come from many, whoever brings the `__init__`."""
    parts: dict[str, set[str]] = defaultdict(set)
    for package in packages.values():
        for place in _foreign(package, keepers):
            parts[place.rpartition("/")[0]].add(place)
    return {
        folder
        for folder, foreign in parts.items()
        if max(_count(keeper, folder) for keeper in keepers[folder]) < MOSTLY * len(foreign)
    }


def _count(package: _Package, folder: str) -> int:
    """Return how many parts of a folder a package brings."""
    below = (place[len(folder) + 1 :] for place in package.places if place.startswith(f"{folder}/"))
    return len({rest.partition("/")[0] for rest in below})


def _foreign(package: _Package, keepers: Mapping[str, list[_Package]]) -> Iterator[str]:
    """Yield what a package puts into folders of others: into `zope`, and not into `twisted/plugins`.

    A plug-in lies in a folder that the owner has made for plug-ins, and says
    nothing of who holds the package.
    """
    for place in package.places if package.infos else ():
        folder = place.rpartition("/")[0]
        if not folder or folder in package.regular or folder not in keepers:
            continue
        if not any(place in keeper.places or _is_below(place, keeper) for keeper in keepers[folder]):
            yield place


def _is_below(place: str, package: _Package) -> bool:
    return any(other.startswith(f"{place}/") for other in package.places)


def _modules(package: _Package, keepers: Mapping[str, list[_Package]], shared: set[str]) -> Iterator[str]:
    """Yield the modules a package holds: the topmost of each tree, and of a namespace its parts."""
    for place in package.places:
        parts = place.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts))]
        if any(folder in keepers and folder not in shared for folder in above):
            continue  # a part of a regular package: its own, or another one's plug-in
        if any(_is_junk(part) for part in parts):
            continue
        module = ".".join(parts)
        # Whoever brings the `__init__` of what many share does not hold it all, unless it is called so.
        if place not in shared or normal(module.replace("_", "-")) in package.infos:
            yield module


def _is_junk(part: str) -> bool:
    return part.lower() in JUNK or part.startswith("__") or part.endswith("__mypyc")


def _shared_out(modules: set[str], infos: set[str]) -> Iterator[tuple[str, str]]:
    """Yield (module, distribution) of one package; where it brings several, by their names."""
    if len(infos) == 1:
        [only] = infos
        yield from ((module, only) for module in modules)
        return
    left: set[str] = set()
    named: set[str] = set()
    for module in modules:
        if normal(module.replace("_", "-")) in infos:
            named.add(normal(module))
            yield module, normal(module)
        else:
            left.add(module)
    rest = infos - named
    if len(rest) == 1 and left:
        [only] = rest
        yield from ((module, only) for module in left)


def _uses(path: Path, owners: Mapping[str, set[str]], lists: Lists) -> None:
    """Count the packages that depend on each distribution, and note those made for one system."""
    users: dict[str, set[str]] = defaultdict(set)
    own: dict[str, set[str]] = defaultdict(set)  # a program does not commend the library it is made of
    native: set[str] = set()
    foreign: set[str] = set()
    with _open(path) as stream:
        for name, source, version, depends in _stanzas(stream):
            for distribution in owners.get(name, ()):
                own[distribution].add(source)
                (foreign if "-" in version else native).add(distribution)
            for needed in depends:
                for distribution in owners.get(needed, ()):
                    users[distribution].add(source)
    for distribution, sources in users.items():
        count = len(sources - own[distribution])
        lists.uses[distribution] = max(lists.uses.get(distribution, 0), count)
    lists.apart |= native - foreign


def _stanzas(stream: Iterable[bytes]) -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield name, source, version and dependencies of each package of a Packages file."""
    fields: dict[str, str] = {}
    for raw in stream:
        line = raw.decode("utf-8", "replace").rstrip("\n")
        if line:
            key, colon, value = line.partition(": ")
            if colon and key in ("Package", "Source", "Version", "Depends"):
                fields[key] = value
            continue
        if fields:
            yield _stanza(fields)
        fields = {}
    if fields:
        yield _stanza(fields)


def _stanza(fields: Mapping[str, str]) -> tuple[str, str, str, list[str]]:
    name = fields.get("Package", "")
    source = fields.get("Source", name).partition(" ")[0]
    depends = [item.strip().partition(" ")[0] for item in re.split(r"[,|]", fields.get("Depends", ""))]
    return name, source, fields.get("Version", ""), [item.partition(":")[0] for item in depends]
