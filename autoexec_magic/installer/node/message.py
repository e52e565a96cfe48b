"""Which specifiers an error of Node, TypeScript or a bundler names, and who asks for them.

Pure. What is read here is a hint of where to look: a message can hold anything
that somebody's code chose to print, so a name from it counts only once the
user's own files are seen to ask for it (`confirmed`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..own_files import Use

MOST_CHARS = 2**20  # of a message; the end of it is what says why
MOST_NAMES = 200
_QUOTED = r"['\"`‘“]([^'\"`’”\n]{1,400})['\"`’”]"
_STACK = re.compile(r"^- (.{1,1000})$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blamed:
    """A specifier that a message names; `importers` are the files it says ask for it, nearest first."""

    specifier: str
    importers: tuple[str, ...] = ()
    is_type: bool = False


# CommonJS loader: lib/internal/modules/cjs/loader.js; ES loader: ERR_MODULE_NOT_FOUND.
_REQUIRED = re.compile(rf"Cannot find module {_QUOTED}(?:\s*\n?Require stack:\s*\n((?:- .*\n?){{1,100}}))?")
_IMPORTED = re.compile(rf"Cannot find (?:package|module) {_QUOTED} imported from (\S[^\n]{{0,1000}})")
# TypeScript: TS2307, TS2792 and TS7016, pretty or not.
_TYPED = re.compile(
    rf"(?:^|\n)([^\n(:]{{1,1000}})(?:\((\d+),\d+\)|:(\d+):\d+)[^\n]{{0,20}}error\S*"
    rf" TS(2307|2792|7016)\S*:?"
    rf" (?:Cannot find module|Could not find a declaration file for module) {_QUOTED}"
)
_BUNDLED = (
    # webpack: Module not found: Error: Can't resolve 'x' in '/folder'
    re.compile(rf"Module not found: Error: Can't resolve {_QUOTED} in ['\"]([^'\"\n]{{1,1000}})['\"]"),
    # vite: Failed to resolve import "x" from "src/y.js"
    re.compile(rf"Failed to resolve import {_QUOTED} from {_QUOTED}"),
    # rollup: Could not resolve 'x' from src/y.js · Rollup failed to resolve import "x" from "/y.js"
    re.compile(rf"Rollup failed to resolve import {_QUOTED} from {_QUOTED}"),
    re.compile(rf"Could not resolve {_QUOTED} from ([^\s'\"]{{1,1000}})"),
    # esbuild: ✘ [ERROR] Could not resolve "x" … \n\n    src/y.js:1:7:
    re.compile(rf"Could not resolve {_QUOTED}\s*\n\s*\n\s*([^\s:]{{1,1000}}):\d+:\d+:"),
    # jest: Cannot find module 'x' from 'src/y.js'
    re.compile(rf"Cannot find module {_QUOTED} from {_QUOTED}"),
    # next: Module not found: Can't resolve 'x'
    re.compile(rf"Module not found: Can't resolve {_QUOTED}()"),
)


def blamed(text: str) -> list[Blamed]:
    r"""Return what a message names, each specifier once, in the order it is named.

    Examples
    --------
    >>> blamed("Error: Cannot find module 'koa'\nRequire stack:\n- /p/a.js\n- /p/b.js\n")
    [Blamed(specifier='koa', importers=('/p/a.js', '/p/b.js'), is_type=False)]
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", text[-MOST_CHARS:])
    found: list[tuple[int, Blamed]] = []
    for match in _IMPORTED.finditer(text):
        importer = match[2].strip().strip("'\"`").removeprefix("file://")
        found.append((match.start(), Blamed(specifier=match[1], importers=(importer,))))
    taken = {start for start, _ in found}
    for pattern in _BUNDLED:
        for match in pattern.finditer(text):
            importers = (match[2],) if match[2] else ()
            found.append((match.start(), Blamed(specifier=match[1], importers=importers)))
            taken.add(match.start())
    for match in _TYPED.finditer(text):
        blame = Blamed(specifier=match[5], importers=(match[1].strip(),), is_type=match[4] == "7016")
        found.append((match.start(), blame))
        taken |= set(range(match.start(), match.end()))
    for match in _REQUIRED.finditer(text):
        if match.start() not in taken:
            stack = tuple(_STACK.findall(match[2] or ""))
            found.append((match.start(), Blamed(specifier=match[1], importers=stack)))
    unique: dict[tuple[str, bool], Blamed] = {}
    for _, each in sorted(found, key=lambda pair: pair[0]):
        unique.setdefault((each.specifier, each.is_type), each)
    return list(unique.values())[:MOST_NAMES]


def confirmed(blame: Blamed, uses: Sequence[Use], root: str) -> Use | None:
    """Return the place in the user's own files that asks for what a message names, or None.

    The file that the message names comes first, where it asks for it.
    """
    asking = [use for use in uses if use.module == blame.specifier]
    for importer in blame.importers:
        relative = importer.removeprefix(f"{root}/").removeprefix("./")
        for use in asking:
            if use.file == relative:
                return use
    return asking[0] if asking else None
