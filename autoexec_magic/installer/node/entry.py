"""Whether a package holds what is asked of it: Node's own rules of resolution, over a list of files.

Pure. By https://nodejs.org/api/packages.html and TypeScript's for types: with
`exports` only what that names is there; without, files and folders are. A
target under any condition counts: which one is taken depends on who imports.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

_ENDINGS = ("", ".js", ".json", ".node", ".mjs", ".cjs", ".d.ts", ".d.mts", ".d.cts", ".css", ".wasm")
_MAINS = ("main", "module", "types", "typings", "browser", "style")
_MOST_DEPTH = 8


def holds(manifest: Mapping[str, Any], files: Collection[str], subpath: str) -> bool:
    """Return whether a package has an entry for `subpath`, "" for the package itself.

    Parameters
    ----------
    manifest : mapping
        Its `package.json`.
    files : collection of str
        Its files, relative to its folder, with `/` between.
    subpath : str
        What stands behind the package's name.

    Examples
    --------
    >>> holds({"main": "lib"}, {"lib/index.js"}, ""), holds({}, {"lib/index.js"}, "lib/missing")
    (True, False)
    >>> holds({"exports": {"./f/*": "./d/*.js"}}, {"d/a.js"}, "f/a")
    True
    """
    exports = manifest.get("exports")
    if exports is not None:
        return any(_is_there(target, files) for target in _exported(exports, subpath))
    if subpath:
        return _is_file(subpath, files)
    named = [manifest[key] for key in _MAINS if isinstance(manifest.get(key), str)]
    return any(_is_file(_plain(name), files) for name in (*named, "index"))


def _exported(exports: object, subpath: str) -> Iterator[str]:
    """Yield the targets that `exports` has for a subpath."""
    wanted = f"./{subpath}" if subpath else "."
    if not isinstance(exports, dict) or not any(str(key).startswith(".") for key in exports):
        yield from _targets(exports, "") if wanted == "." else ()
        return
    if wanted in exports:
        yield from _targets(exports[wanted], "")
        return
    for pattern, target in exports.items():
        start, star, end = str(pattern).partition("*")
        if star and wanted.startswith(start) and wanted.endswith(end):
            rest = wanted[len(start) : len(wanted) - len(end)]
            if rest:
                yield from _targets(target, rest)
        elif str(pattern).endswith("/") and wanted.startswith(str(pattern)):
            for folder in _targets(target, ""):
                yield folder + wanted[len(str(pattern)) :]


def _targets(target: object, rest: str, depth: int = 0) -> Iterator[str]:
    if isinstance(target, str):
        yield target.replace("*", rest)
    elif depth < _MOST_DEPTH and isinstance(target, dict | list):
        for each in target.values() if isinstance(target, dict) else target:
            yield from _targets(each, rest, depth + 1)


def _is_there(target: str, files: Collection[str]) -> bool:
    return target.startswith("./") and target.removeprefix("./") in files


def _is_file(name: str, files: Collection[str]) -> bool:
    name = name.rstrip("/")
    below = [f"{name}/index{ending}" for ending in _ENDINGS[1:]] + [f"{name}/package.json"]
    return any(each in files for each in (*(name + ending for ending in _ENDINGS), *below))


def _plain(name: str) -> str:
    name = name.removeprefix("./")
    return name if name not in ("", ".") else "index"
