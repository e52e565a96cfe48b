"""Use a tarball as whoever installs it does: put it into an empty project, then import and require it.

What is imported is code of the package's: it runs in the cage, without network.
A module that only a browser can load fails in Node by the lack of a page or of
a style sheet's loader; that is said, and is no fault of the build.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import BuildError
from ...values import Outcome
from ..bench import Bench, failure_of
from . import entries, programs
from .contents import Contents
from .manifest import Manifest
from .npmrc import NAME, harmless
from .programs import Programs

IMPORT_SECONDS = 60.0
_BROWSER = re.compile(
    r"ReferenceError: (?:window|document|self|navigator|localStorage|HTMLElement|customElements|location)"
    r"|Unknown file extension \"\.(?:css|scss|sass|less|svg|png|vue|svelte)\""
)
#: a package that says that it is ESM alone, to a `require` of a Node that cannot do that
_ESM_ONLY = ("ERR_REQUIRE_ESM", "ERR_REQUIRE_ASYNC_MODULE", "ERR_PACKAGE_PATH_NOT_EXPORTED")
_IMPORT = """
const [mark, name] = process.argv.slice(2)
import(name).then((found) => {
  require('node:fs').writeSync(1, `\\n${mark} ${Object.keys(found).length}\\n`)
  process.exit(0)
}, (error) => { console.error(error); process.exit(1) })
"""
_REQUIRE = """
const [mark, name] = process.argv.slice(2)
const found = require(name)
require('node:fs').writeSync(1, `\\n${mark} ${Object.keys(Object(found)).length}\\n`)
process.exit(0)
"""
_WAYS = {"import": _IMPORT, "require": _REQUIRE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What was seen: which ways worked, each as `import pear`, and what a person should know."""

    worked: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def install(
    file: Path, wanted: Manifest, tools: Programs, bench: Bench, folder: Path, *, npmrc: Path
) -> None:
    """Install a tarball into `folder`, made for it; what it needs comes from the cache or the registry.

    Raises
    ------
    BuildError, RunTimeout, Cancelled
        It cannot be installed.
    """
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"private": True}), "utf-8")
    (folder / NAME).write_text(harmless(npmrc), "utf-8")
    online = wanted.needs_packages_in_use()
    words = [
        "install",
        "--ignore-scripts",
        "--no-package-lock",
        "--prefer-offline" if online else "--offline",
    ]
    with bench.step("install the tarball"):
        ended = programs.npm(
            [*words, str(file)],
            tools,
            bench,
            cwd=folder,
            timeout=programs.INSTALL_SECONDS,
            online=online,
            write=(file.parent,),
            is_quiet=True,
        )
    if not ended.passed:
        fix = f"npm install {wanted.file} in an empty folder shows it"
        raise programs.failed(ended, f"the package {wanted.name} cannot be installed", fix)
    for name in entries.programs(wanted.data):
        if not (folder / "node_modules" / ".bin" / name).exists():
            raise BuildError(
                f"the program {name} is not there once {wanted.name} is installed",
                why="npm made no link for it",
                fix="correct bin in package.json",
            )


def load(found: Contents, wanted: Manifest, tools: Programs, bench: Bench, folder: Path) -> Tried:
    """Import and require what was installed into `folder`, and each entry below its name.

    Raises
    ------
    BuildError, RunTimeout, Cancelled
        It cannot be imported; or it can be required in no way although it says so.
    """
    names = [wanted.name] if entries.entry(found.manifest, found.files) else []
    names += [f"{wanted.name}/{path}" for path in entries.subpaths(found.manifest)]
    if not names:
        return Tried(warnings=("it has nothing to import: no main, no index.js, no exports",))
    (folder / "import.cjs").write_text(_IMPORT, "utf-8")
    (folder / "require.cjs").write_text(_REQUIRE, "utf-8")
    worked, warnings = [], []
    with bench.step("import and require it"):
        for name in names:
            for way in _WAYS:
                ended, is_loaded = _try(way, name, tools, bench, folder)
                if is_loaded:
                    worked.append(f"{way} {name}")
                elif ended.ended == "exited" and (said := _excused(way, ended, found.manifest)):
                    warnings += [f"{name} {said}"] if said not in _ESM_ONLY else []
                else:
                    raise _unloaded(way, name, ended, wanted.file)
    return Tried(worked=tuple(worked), warnings=tuple(dict.fromkeys(warnings)))


def _try(way: str, name: str, tools: Programs, bench: Bench, folder: Path) -> tuple[Outcome, bool]:
    """Load a module in a process of its own; it counts only once the line behind it has run."""
    mark = secrets.token_hex(8)
    ended = bench.start(
        (tools.node, f"{way}.cjs", mark, name),
        cwd=folder,
        read=tools.reads,
        timeout=min(bench.timeout or IMPORT_SECONDS, IMPORT_SECONDS),
        is_quiet=True,
    )
    return ended, ended.passed and f"\n{mark} " in ended.stdout


def _excused(way: str, ended: Outcome, manifest: Mapping[str, object]) -> str:
    """Return why it need not be loadable this way, or ""."""
    if _BROWSER.search(ended.stderr):
        return "can be imported in a browser only, or by a bundler"
    if way == "require":
        return next((code for code in _ESM_ONLY if f"code: '{code}'" in ended.stderr), "")
    is_required_only = "ERR_PACKAGE_PATH_NOT_EXPORTED" in ended.stderr and _says_require(
        manifest.get("exports")
    )
    return _ESM_ONLY[2] if is_required_only else ""


def _says_require(exports: object) -> bool:
    keys = [key for key, _ in entries.targets(exports, "exports")]
    return any("require" in key.split(" ") for key in keys)


def _unloaded(way: str, name: str, ended: Outcome, file: str) -> BaseException:
    error = BuildError(f"{way} of {name} fails once it is installed", fix=_shown(way, name, file))
    lines = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
    told = [line for line in lines if re.match(r"(?:\w*Error\b|Error \[|\[?\w*Error)", line)]
    if ended.passed:
        error.why = "it ended the process that loads it"
    elif told:
        error.why = told[0]
    error.evidence = tuple(_place(lines))
    return failure_of(ended, error)


def _shown(way: str, name: str, file: str) -> str:
    """Return the line that shows it, typed where package.json is; the project itself would not find it."""
    return (
        f'd=$(mktemp -d) && npm pack --pack-destination "$d" && cd "$d" && npm install ./{file}'
        f' && node -e "{_typed(way, name)}"'
    )


def _typed(way: str, name: str) -> str:
    return f"require('{name}')" if way == "require" else f"import('{name}')"


def _place(lines: Sequence[str]) -> list[str]:
    """Return the frames of a trace that stand in the package."""
    return [line for line in lines if line.startswith("at ") and "node_modules" in line][:3]
