"""Which crates an error of rustc names, and where.

Pure. As for Node, a name from a message is a hint of where to look; it counts
only once the user's own files are seen to ask for it. rustc's wordings changed:
1.95 says "cannot find module or crate" where 1.85 said "use of unresolved
module or unlinked crate", and older ones "use of undeclared crate or module".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_CHARS = 2**20
MOST_NAMES = 200
_NAME = r"`(?:r#)?([A-Za-z_][A-Za-z0-9_]{0,99})`"
_PATH = r"`((?:::)?[A-Za-z_][A-Za-z0-9_:#]{0,300})`"
_CODE = re.compile(r"error\[E(0432|0433|0463)\]: ([^\n]{1,2000})")
_WHERE = re.compile(r"^\s*--> ([^\n:]{1,1000}):(\d+):\d+", re.MULTILINE)
_UNDECLARED = re.compile(
    r"use of (?:undeclared (?:crate or module|type or module|module)|unresolved module or unlinked crate)"
    rf" {_NAME}"
)
_MISSING = (
    re.compile(rf"can't find crate for {_NAME}"),
    re.compile(rf"cannot find (?:module or crate|crate) {_NAME}"),
    _UNDECLARED,
    re.compile(rf"(?:maybe a missing crate|you might be missing crate) {_NAME}"),
)
_IMPORTS = re.compile(rf"unresolved imports? ((?:{_PATH}(?:, )?)+)")
_INNER = frozenset({"crate", "self", "super", "Self"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Blamed:
    """A crate, as the source spells it, that a message names; `file` and `line` are where it says."""

    crate: str
    file: str = ""
    line: int = 0


def blamed(text: str) -> list[Blamed]:
    r"""Return what a message names, each crate once, in the order it is named.

    Parameters
    ----------
    text : str
        What rustc or cargo wrote, for people or as `--message-format json`.

    Examples
    --------
    >>> blamed("error[E0463]: can't find crate for `hexx`\n --> src/main.rs:2:1\n")
    [Blamed(crate='hexx', file='src/main.rs', line=2)]
    """
    text = _plain(text[-MOST_CHARS:])
    found: dict[str, Blamed] = {}
    starts = [*_CODE.finditer(text)]
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        block = text[match.start() : following.start() if following else len(text)]
        block = re.split(r"\n\n(?=error|warning)", block)[0]
        where = _WHERE.search(block)
        for crate in _crates(match[2], block):
            blame = Blamed(
                crate=crate, file=where[1].strip() if where else "", line=int(where[2]) if where else 0
            )
            found.setdefault(crate, blame)
    return list(found.values())[:MOST_NAMES]


def _crates(headline: str, block: str) -> Iterator[str]:
    """Yield the crates that one error is about."""
    for pattern in _MISSING:
        for match in pattern.finditer(headline if pattern is not _UNDECLARED else block):
            yield match[1]
    imports = _IMPORTS.search(headline)
    if imports is None:
        return
    for path in re.findall(_PATH, imports[1]):
        first = path.removeprefix("::").partition("::")[0].removeprefix("r#")
        # "could not find `x` in `y`" is about a crate that is there.
        is_other = re.search(rf"(?:could not find|no) `[^`]+` in (?:the root|`{re.escape(first)})", block)
        if first not in _INNER and not is_other and "in the crate root" not in block:
            yield first


def _plain(text: str) -> str:
    """Return the rendered messages where `text` is cargo's JSON lines, without colours."""
    if text.lstrip().startswith("{"):
        rendered = []
        for line in text.splitlines():
            try:
                content = json.loads(line)
                message = content.get("message") or content
                rendered.append(message.get("rendered") or "")
            except (ValueError, AttributeError):
                continue
        text = "\n".join(rendered)
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
