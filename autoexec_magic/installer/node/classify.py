"""What a specifier is, before anybody thinks of the registry.

Pure but for looks at the disk. A specifier names a package only when it is
nothing else: part of Node, a file, a workspace, what `package.json` or
`tsconfig.json` maps, or what exists on one platform only.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ...values import ModuleClass
from ..own_files import Use
from .builtin import REMOVED, is_builtin
from .entry import holds
from .names import is_name, split
from .project import ENDINGS, Package, Project, read_json

PLATFORM = {
    "vscode": "it exists inside Visual Studio Code only",
    "bun": "it exists in Bun only",
    "atom": "it exists inside Atom only",
    "photoshop": "it exists inside Adobe Photoshop only",
    "uxp": "it exists inside Adobe's applications only",
}
_SCHEMES = {
    "bun": "it exists in Bun only",
    "cloudflare": "it exists in Cloudflare's Workers only",
    "deno": "it exists in Deno only",
    "jsr": "it is an address that only Deno reads",
    "npm": "it is an address that only Deno reads",
    "http": "Node imports nothing from an address",
    "https": "Node imports nothing from an address",
    "virtual": "it is made by a bundler's plugin",
    "astro": "it is made by Astro",
    "data": "it is the module's own text",
    "file": "it is a file",
}
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
# What bundlers map to folders of the project; the registry can have no such names.
_MAPPED = re.compile(r"(@|~|\$[\w-]*)(/|$)")
_MOST_FILES = 20_000


def classify(use: Use, project: Project) -> tuple[ModuleClass, str]:
    """Return what the specifier of `use` is, and the evidence in a few words."""
    specifier = use.module
    importer = project.root / (use.file or "index.js")
    package = project.package_at(importer)
    if is_builtin(specifier):
        return "stdlib", "part of Node"
    if specifier.startswith("node:"):
        return "invented", f"Node has no {specifier}"
    if specifier in REMOVED:
        return "removed", f"no longer part of Node; use {REMOVED[specifier]}"
    local = _local(specifier, importer, package, project)
    if local:
        return "local", local
    platform = _platform(specifier)
    if platform:
        return "platform", platform
    name, subpath = split(specifier)
    if not is_name(name):
        return "invented", f"{specifier} can be no package's name"
    folder = installed_at(name, importer, project.root)
    if folder is None:
        return "third-party", ""
    return _installed(folder, name, subpath)


def installed_at(name: str, importer: Path, root: Path) -> Path | None:
    """Return the folder of an installed package as Node looks for it: upwards from who imports it."""
    for place in importer.parents:
        folder = place / "node_modules" / name
        if os.path.isfile(folder / "package.json"):  # noqa: PTH113 - as above
            return folder
        if place == root:
            return None
    return None


def _installed(folder: Path, name: str, subpath: str) -> tuple[ModuleClass, str]:
    manifest = read_json(folder / "package.json")
    version = manifest.get("version", "")
    if not subpath or subpath == "package.json" or holds(manifest, _files(folder), subpath):
        return "installed", f"{name} {version} is in node_modules"
    return "drift", f"{name} {version} is installed and has no {subpath}"


def _files(folder: Path) -> set[str]:
    found: set[str] = set()
    for place, below, names in os.walk(folder):
        below[:] = [name for name in below if name != "node_modules"]
        found |= {Path(place, name).relative_to(folder).as_posix() for name in names}
        if len(found) > _MOST_FILES:
            break
    return found


def _local(specifier: str, importer: Path, package: Package, project: Project) -> str:
    """Return the evidence that the specifier means something of the project's own, or ""."""
    if specifier.startswith((".", "/")):
        return _file(specifier, importer)
    if specifier.startswith("#"):
        is_named = any(_fits(pattern, specifier) for pattern in package.inner)
        rest = "names it" if is_named else "does not name it"
        return f"an inner name of the package; `imports` of its package.json {rest}"
    name = split(specifier)[0]
    if name and name == package.name:
        return f"the package's own name; its `exports` say what {name} gives"
    member = next((each for each in project.packages if each.name and each.name == name), None)
    if member is not None:
        return f"a workspace of this project, {member.folder}; npm install links it"
    pattern = next((each for each in project.paths if each.strip("*") and _fits(each, specifier)), "")
    if pattern:
        return f"tsconfig.json maps {pattern} to your own files"
    if _MAPPED.match(specifier):
        return "a name that a bundler maps to your own files; no package can be called that"
    # Only where no package is called so in package.json: a folder `test` is not the package `test`.
    if name in package.wants:
        return ""
    for base in project.bases:
        found = _beside(base / specifier)
        if found:
            return f"your own {found}, by tsconfig.json's baseUrl"
    return ""


def _file(specifier: str, importer: Path) -> str:
    place = importer.parent / specifier
    if os.path.isfile(place):  # noqa: PTH113 - also of a name that is too long
        return f"your own {place}"
    found = _beside(place)
    if found is None:
        return f"your own {specifier}, which is not there beside {importer.name}"
    return f"your own {found}; in an ES module it needs its whole name"


def _beside(place: Path) -> Path | None:
    """Return the source file that a name without an ending means."""
    for ending in sorted(ENDINGS):
        for path in (place.with_name(place.name + ending), place / f"index{ending}"):
            if os.path.isfile(path):  # noqa: PTH113 - also of a name that is too long
                return path
    return None


def _fits(pattern: str, specifier: str) -> bool:
    start, star, end = pattern.partition("*")
    if not star:
        return pattern == specifier
    return specifier.startswith(start) and specifier.endswith(end)


def _platform(specifier: str) -> str:
    match = _SCHEME.match(specifier)
    if match:
        return _SCHEMES.get(match[1], "it is an address, and no package's name")
    if specifier.startswith("$app/") or specifier.startswith("$env/"):
        return "it is made by SvelteKit"
    return PLATFORM.get(split(specifier)[0], "")
