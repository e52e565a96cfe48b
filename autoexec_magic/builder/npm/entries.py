"""What a package.json says is in its package, held against what is: entries, programs, types, files.

Pure: a manifest and the names of files in, faults and doubts out. The rules of
`exports` are Node's (its documentation, "Packages"), those of `main` its CommonJS
loader's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from posixpath import normpath

from .manifest import shown, table

_ENDINGS = ("", ".js", ".json", ".node", "/index.js", "/index.json", "/index.node")
_TYPES = ("", ".d.ts", ".d.mts", ".d.cts", ".ts", "/index.d.ts")
_ALWAYS = re.compile(r"(?i)(?:package\.json|readme.*|licen[cs]e.*|changelog.*)\Z")
_LOADED = (".js", ".mjs", ".cjs", ".json", ".node")
_MOST_DEEP = 32


def faults(manifest: Mapping[str, object], files: Collection[str]) -> list[str]:
    """Return what the manifest names and the package does not hold; each a line that names it."""
    found = list(_named(manifest, files))
    for name in ("exports", "imports"):
        for key, target in targets(manifest.get(name), name):
            if fault := _target_fault(target, files):
                found.append(f"{name}[{key!r}] is {shown(target)}, {fault}")
    return list(dict.fromkeys(found))


def doubts(manifest: Mapping[str, object], files: Collection[str]) -> list[str]:
    """Return what is probably not meant: an entry of `files` that holds nothing, no readable entry."""
    named = manifest.get("files")
    found = [
        f"files names {shown(each)}, and nothing of it is there"
        for each in (named if isinstance(named, list) else ())
        if isinstance(each, str) and not each.startswith("!") and not _holds(each, files)
    ]
    if not isinstance(named, list):
        odd = sorted(each for each in files if _is_odd(each))
        found += [f"it holds {each}, as package.json has no `files`" for each in odd[:3]]
    return found


def entry(manifest: Mapping[str, object], files: Collection[str]) -> bool:
    """Whether there is anything to import of it by its own name."""
    exports = manifest.get("exports")
    if exports is not None:
        return any(name == "." for name, _ in _code(exports))
    main = manifest.get("main")
    return _resolves(main if isinstance(main, str) and main else "index.js", files, _ENDINGS)


def subpaths(manifest: Mapping[str, object]) -> list[str]:
    """Return what can be imported below its name, without patterns.

    Examples
    --------
    >>> subpaths({"exports": {".": "./a.js", "./b": "./b.mjs", "./c/*": "./c/*.js", "./s.css": "./s.css"}})
    ['b']
    """
    names = dict.fromkeys(name for name, _ in _code(manifest.get("exports")))
    return [
        name[2:]
        for name in names
        if name.startswith("./") and "*" not in name and name[2:] not in ("", "package.json")
    ]


def _code(exports: object) -> Iterator[tuple[str, str]]:
    """Yield the names of `exports` that lead to what Node loads, with the file."""
    for key, target in targets(exports, "exports"):
        name, *conditions = key.split(" ") if key.startswith(".") else [".", *key.split(" ")]
        if target.endswith(_LOADED) and not {"types", "browser", "react-native"}.intersection(conditions):
            yield name, target


def targets(value: object, name: str, key: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the targets of `exports` or `imports`, each with the keys that lead to it.

    Examples
    --------
    >>> list(targets({".": {"import": "./a.mjs", "require": "./a.cjs"}}, "exports"))
    [('. import', './a.mjs'), ('. require', './a.cjs')]
    """
    if depth > _MOST_DEEP:
        return
    if isinstance(value, str):
        if name == "exports" or value.startswith("."):  # `imports` may name a package
            yield key or ".", value
    elif isinstance(value, dict):
        for each, item in value.items():
            yield from targets(item, name, f"{key} {each}".strip(), depth + 1)
    elif isinstance(value, list):
        yield from (each for item in value[:1] for each in targets(item, name, key, depth + 1))


def programs(manifest: Mapping[str, object]) -> dict[str, str]:
    """Return the programs that it puts on PATH, each with its file.

    Examples
    --------
    >>> programs({"name": "@org/pear", "bin": "./cli.js"})
    {'pear': './cli.js'}
    """
    given = manifest.get("bin")
    if isinstance(given, str):
        return {str(manifest.get("name", "")).rpartition("/")[2]: given}
    return {name: file for name, file in table(manifest, "bin").items() if isinstance(file, str)}


def _named(manifest: Mapping[str, object], files: Collection[str]) -> Iterator[str]:
    for key in ("main", "module", "unpkg", "jsdelivr"):
        value = manifest.get(key)
        if isinstance(value, str) and value and not _resolves(value, files, _ENDINGS):
            yield f"{key} is {shown(value)}, and that is not in the package"
    for key in ("types", "typings"):
        value = manifest.get(key)
        if isinstance(value, str) and value and not _resolves(value, files, _TYPES):
            yield f"{key} is {shown(value)}, and that is not in the package"
    for name, file in programs(manifest).items():
        if not re.fullmatch(r"[A-Za-z0-9][\w.+-]*", name):
            yield f"bin has {shown(name)}, which is no name of a program"
        if not _resolves(file, files, ("",)):
            yield f"bin[{name!r}] is {shown(file)}, and that is not in the package"


def _target_fault(target: str, files: Collection[str]) -> str:
    if not target.startswith("./"):
        return "which does not begin with ./"
    parts = target[2:].split("/")
    if ".." in parts or "node_modules" in parts:
        return "which leads out of the package"
    if "*" in target:
        before, _, after = target[2:].partition("*")
        after = after.rpartition("*")[2] if "*" in after else after
        if not any(file.startswith(before) and file.endswith(after) for file in files):
            return "and no file of the package fits it"
        return ""
    if target.endswith("/"):
        return "" if any(file.startswith(target[2:]) for file in files) else "and that is not in the package"
    return "" if target[2:] in files else "and that is not in the package"


def _resolves(path: str, files: Collection[str], endings: Collection[str]) -> bool:
    plain = normpath(path.lstrip("/") or ".")
    if plain.startswith(".."):
        return False
    stem = "" if plain == "." else plain
    return any((stem + ending).lstrip("/") in files for ending in endings)


def _holds(pattern: str, files: Collection[str]) -> bool:
    """Whether an entry of `files` names anything that is there: a file, a folder or a pattern."""
    plain = normpath(pattern.lstrip("/"))
    if plain in (".", "*", "**"):
        return bool(files)
    if _ALWAYS.match(plain):
        return True
    if not any(sign in plain for sign in "*?[{"):
        return any(file == plain or file.startswith(f"{plain}/") for file in files)
    loose = re.sub(r"\{[^{}]*\}", "*", plain).replace("**/", "*")
    return any(fnmatchcase(file, loose) or fnmatchcase(file, f"{loose}/*") for file in files)


def _is_odd(file: str) -> bool:
    """Whether a file is one that only whoever develops the package needs."""
    first = file.partition("/")[0]
    return first in (
        "test",
        "tests",
        "__tests__",
        "coverage",
        ".github",
        ".vscode",
        ".idea",
    ) or file.endswith(".log")
