"""Why Node failed: its own codes (`ERR_*`), the system's (`ENOENT`), and what V8 says.

A failure is the line that names the error; Node shows the place above it, and
the stack, the code and the cause below. With that around it the line is
certain; alone it is nobody's, because Python's errors look the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .nodetable import ABOUT, BY_CODE, BY_TYPE, MESSAGES
from .spots import NEAR, Family, Seen, Spot, saying, seen

_ENDS = "Node.js v"
_EXITS = (1, 13)
_JUST_A_CODE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_LONGEST_TYPE = 60
_CAUSE = "[cause]: "
_THAT_LINE = "correct that line, or the line before it"
_SAID = re.compile(r": ([A-Z]\w{0,50}(?:Error|Exception)(?: \[\w{1,60}\])?: )")
_GENERIC = ("command-failed", "connection-failed")


@dataclass(slots=True)
class _Shown:
    """What stands around the line that names an error."""

    code: str = ""
    place: str = ""
    source: str = ""
    head_place: str = ""
    cause: str = ""
    cause_code: str = ""
    frames: int = 0
    said: tuple[str, ...] = ()
    is_whole: bool = False
    last: Spot | None = None


def read(spot: Spot) -> Seen | None:
    """Explain `TypeError [CODE]: message` with Node's frame around it."""
    kind, code, message = _named(spot)
    if not kind:
        return None
    shown = _around(spot)
    if not (shown.is_whole or shown.frames):
        return None
    code = code or shown.code or _code_in(message)
    found, fix, why = _explain(kind, code, message)
    if message == "Unexpected reserved word" and "await" in shown.source:
        found, fix = "await-outside-async", "write async before that function, or use an ES module"
    if found == "error" and "Unhandled 'error' event" in shown.source:
        found, fix = "error-not-handled", "listen to it: .on('error', ...); the error itself stands behind it"
    evidence = [f"line: {shown.source}"] if shown.source and _local(shown.head_place) else []
    if shown.cause and (found in _GENERIC or found == "error"):
        inner_kind, inner_code, inner = _head(shown.cause)
        inner_code = inner_code or shown.cause_code or _code_in(inner)
        below = _explain(inner_kind or "Error", inner_code, inner or shown.cause)
        if below[0] != "error":
            evidence.append(f"it ended as {kind}: {message}")
            found, fix, why = below
    elif shown.cause:
        evidence.append(f"cause: {shown.cause}")
    evidence += shown.said
    if " imported from " in message and not shown.place:
        evidence.append(f"imported from {message.partition(' imported from ')[2]}")
    if code:
        evidence.append(f"code {code}")
    sure = "unknown" if found == "error" else "certain" if shown.is_whole else "likely"
    where = _local(shown.place or shown.head_place)
    return seen(spot, found, why, fix, where=where, last=shown.last, confidence=sure, exits=_EXITS,
                evidence=tuple(evidence))  # fmt: skip


def _named(spot: Spot) -> tuple[str, str, str]:
    """Return type, code and message of the error that a line names, also behind a program's own words."""
    line = (
        _without_reference(spot.line.strip())
        .removeprefix("Uncaught ")
        .removeprefix("[")
        .removesuffix("{")
        .rstrip()
        .removesuffix("]")
    )
    found = _head(line)
    if not found[0] and _has_frames(spot) and (match := _SAID.search(line)):
        found = _head(line[match.start(1) :])
    return found


def _has_frames(spot: Spot) -> bool:
    return any(each.line.startswith("    at ") and each.line.endswith(")") for each in spot.below(1))


def read_tail(spot: Spot) -> Seen | None:
    """Explain what is left of an error whose first line was cut off: its frames and its properties.

    A whole one has the line that names it above its frames, and is read there.
    """
    if not spot.line.startswith("  code: '") or (not _is_headless(spot)):
        return None
    code = spot.line.partition("'")[2].partition("'")[0]
    said = {name: value.strip(" ',") for name, value in _properties(spot)}
    kind = said.get("syscall", "")
    told, fix, _ = _explain("Error", code, f"{kind} " if kind else "")
    if told == "error" or not set(code) <= _JUST_A_CODE:
        return None
    subject = said.get("path") or said.get("hostname") or said.get("address") or ""
    why = " ".join(part for part in (code, kind, subject) if part)
    where = next((_local(place) for each in spot.above() if (place := _frame_of(each))), "")
    return seen(spot, told, why, fix, where=where, confidence="likely", exits=_EXITS)


def _is_headless(spot: Spot) -> bool:
    """Whether nothing but frames and properties stands above, up to the beginning of the text."""
    for each in spot.above(2 * NEAR):
        bare = each.line.strip()
        if bare and not (bare.startswith("at ") or each.line.startswith("  ")):
            return False
    return spot.text.rfind("\n", 0, spot.start) < 0 or any(
        each.line.strip().startswith("at ") for each in spot.above(NEAR)
    )


def _properties(spot: Spot) -> Iterator[tuple[str, str]]:
    """Yield names and values of the properties around one of them."""
    for each in (*spot.above(4), *spot.below(6)):
        name, found, value = each.line.strip().partition(": ")
        if found and name.isidentifier() and each.line.startswith("  "):
            yield name, value


def _frame_of(spot: Spot) -> str:
    bare = spot.line.strip()
    return _frame(bare) if bare.startswith("at ") else ""


def read_heap(spot: Spot) -> Seen | None:
    """Explain what V8 says when its memory does not suffice."""
    line = spot.line.strip()
    at = line.find("FATAL ERROR: ")
    if at < 0 or not ("heap" in line or "Allocation failed" in line or "memory" in line):
        return None
    last = spot
    for each in spot.below(NEAR):
        if each.line.strip() and not each.line.lstrip()[:1].isdigit() and "-----" not in each.line:
            break
        last = each if each.line.strip() else last
    fix = "node --max-old-space-size=MB, or keep less: work in smaller pieces"
    return seen(spot, "out-of-memory", line[at + 13 :], fix, last=last, exits=(134, -6, 133))


def read_abort(spot: Spot) -> Seen | None:
    """Explain what Node shows when it is aborted: two stacks, of which the second may name the place."""
    if "----- Native stack trace -----" not in spot.line:
        return None
    place, last = "", spot
    for each in spot.below(2 * NEAR):
        bare = each.line.strip()
        number, _, frame = bare.partition(": ")
        if bare and not number.isdecimal() and "-----" not in bare:
            break
        last = each if bare else last
        if not place and frame.startswith(("/", "file://")):
            place = ":".join(frame.split(":")[:2])
    fix = "read the lines above it for the check that failed"
    return seen(spot, "aborted", "native code gave up (SIGABRT)", fix, where=place, last=last, is_echo=True,
                confidence="likely", exits=(134, -6))  # fmt: skip


def read_thrown(spot: Spot) -> Seen | None:
    """Explain a value that was thrown and is no error, which Node shows by itself."""
    thrown = next((each for each in spot.above(3) if each.line.strip()), None)
    if not spot.line.startswith("(Use `node --trace-uncaught") or thrown is None:
        return None
    place = ""
    for each in thrown.above(4):
        if _place_of(each.line):
            place = each.line.strip()
    fix = "throw new Error(...) instead: then the place is shown"
    why = f"what is no error was thrown: {thrown.line.strip()}"
    where = _local(place)
    return seen(thrown, "error", why, fix, where=where, last=spot, confidence="unknown", exits=_EXITS)


def read_option(spot: Spot) -> Seen | None:
    """Explain what Node says of its own options."""
    line = spot.line.strip()
    if "node: bad option: " not in line and "is not allowed in NODE_OPTIONS" not in line:
        return None
    return seen(spot, "unknown-option", line, "correct the option: node --help lists them", exits=(9,))


def _without_reference(line: str) -> str:
    """Take away what Node puts before an object that holds itself.

    >>> _without_reference("<ref *1> Error: boom"), _without_reference("a > b")
    ('Error: boom', 'a > b')
    """
    mark, found, rest = line.partition("> ")
    return rest if found and mark.startswith("<ref *") and mark[6:].isdecimal() else line


def _head(line: str) -> tuple[str, str, str]:
    """Split `TypeError [CODE]: message` into type, code and message; no type where it is none."""
    kind, _, message = line[:2000].partition(": ")
    kind, _, code = kind.rstrip(":]").partition(" [")
    if len(kind) > _LONGEST_TYPE or not kind.isidentifier() or not kind[:1].isupper():
        return "", "", ""
    if not kind.endswith(("Error", "Exception", "Rejection")):
        return "", "", ""
    return kind, code if code and set(code) <= _JUST_A_CODE else "", message.strip()


def _code_in(message: str) -> str:
    """Return the first word of `message` that is a known code, or ""."""
    for word in message[:300].replace(":", " ").split():
        if word in BY_CODE and word.isupper():
            return word
    return ""


def _explain(kind: str, code: str, message: str) -> tuple[str, str, str]:
    """Return code, fix and why: what the code says, else what the message says, else the type."""
    why = f"{kind}: {message}" if message else kind
    reason = message.partition("with the reason ")[2].rstrip("] {")
    if code == "ERR_UNHANDLED_REJECTION" and reason:
        why = f"a promise was rejected with {reason} and nobody handled it"
    if code == "ENOENT" and message.startswith(("spawn ", "spawnSync ")):
        return "command-not-found", "install that program, or correct its name", why
    if found := BY_CODE.get(code) or saying(message, MESSAGES):
        return (*found, why)
    if kind == "SyntaxError":
        return "syntax", next((fix for mark, fix in ABOUT if mark in message), _THAT_LINE), why
    if found := BY_TYPE.get(kind):
        return (*found, why)
    if code.startswith("ERR_"):
        return "node-error", "look up that code in Node's documentation of errors", why
    return "error", "read that message and the first lines below it", why


def _around(spot: Spot) -> _Shown:
    """Return what Node shows around the line."""
    shown = _Shown(last=spot)
    _look_above(spot, shown)
    _look_below(spot, shown)
    return shown


def _look_above(spot: Spot, shown: _Shown) -> None:
    """Node shows place, line of code and caret above an uncaught error."""
    caret = ""
    for count, each in enumerate(spot.above(5)):
        line = each.line
        bare = line.strip()
        if bare and not bare.strip("^~ "):
            caret = bare
        elif place := _place_of(line):
            shown.head_place = place
            if caret or count:
                shown.is_whole = True
            return
        elif bare and caret and not shown.source:
            shown.source = bare
        elif bare and not caret:
            return


def _look_below(spot: Spot, shown: _Shown) -> None:
    """Below it stand the stack, the code and the cause."""
    blank = 0
    for each in spot.below(2 * NEAR):
        line, bare = each.line, each.line.strip()
        if line.startswith(_ENDS):
            shown.is_whole = True
            shown.last = each
            return
        if bare.startswith("at ") and line[:1] == " ":
            shown.frames += not shown.cause
            shown.place = shown.place or _frame(bare)
        elif bare.startswith(_CAUSE) or bare.startswith("[errors]: "):
            shown.cause = shown.cause or bare.partition("]: ")[2].removesuffix("{").rstrip()
        elif bare.startswith("code: '"):
            code = bare[7:].partition("'")[0]
            shown.code = shown.code or ("" if shown.cause else code)
            shown.cause_code = shown.cause_code or (code if shown.cause else "")
        elif not bare:
            blank += 1
            if blank > 4:
                return
            continue
        elif (line[:1] not in " }]+-)[" and not _goes_on(bare, shown)) or (
            line[:1] in "[+" and not shown.frames and not line.startswith(("[cause]", "+ "))
        ):
            return
        elif (
            not shown.frames
            and not shown.code
            and bare != "}"
            and len(shown.said) < 4
            and not bare.startswith(("-->", "---"))
        ):
            shown.said = (*shown.said, bare)
        shown.last = each


def _goes_on(bare: str, shown: _Shown) -> bool:
    """Whether a line that is not indented still belongs to the message."""
    if bare.startswith(
        ("Require stack:", "Emitted 'error' event", "Did you mean to import", "Instead change the require")
    ):
        return True
    return not shown.frames and shown.head_place != ""


def _place_of(line: str) -> str:
    """Return `file:line` where the line is nothing else, or ""."""
    file, _, number = line.rstrip().rpartition(":")
    if not number.isdecimal() or not file or " " in file[:1]:
        return ""
    is_file = (
        file.startswith(("/", "file://", "node:", "<anonymous", "[eval]", "evalmachine"))
        or file[1:3] == ":\\"
    )
    return f"{file}:{number}" if is_file and ": " not in file else ""


def _frame(bare: str) -> str:
    """Return `file:line` of a frame of the user's, or ""."""
    place = (
        bare.rpartition("(")[2].rstrip(") {") if "(" in bare else bare[3:].removeprefix("async ").rstrip(" {")
    )
    if place.startswith(("node:", "internal/", "<anonymous>", "native")) or "/node_modules/" in place:
        return ""
    parts = place.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdecimal() and parts[2].isdecimal():
        return f"{parts[0]}:{parts[1]}"
    return ""


def _local(place: str) -> str:
    """Return a place of the user's as a path, or ""."""
    if place.startswith(("node:", "<anonymous", "internal/")):
        return ""
    return place.removeprefix("file://")


FAMILIES: tuple[Family, ...] = (
    (("Error: ", "Error [", "Error\n", "UnhandledPromiseRejection", "DOMException"), read),
    (("  code: '",), read_tail),
    (("FATAL ERROR: ",), read_heap),
    (("----- Native stack trace",), read_abort),
    (("(Use `node --trace-uncaught",), read_thrown),
    (("node: bad option: ", "is not allowed in NODE_OPTIONS"), read_option),
)
