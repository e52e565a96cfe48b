"""Why Rust code failed: the compiler's codes, panics, and what cargo says."""

from __future__ import annotations

import re

from .plain import one_line
from .rusttable import CARGO, COMPILER, PANICS, PLAIN, RARE
from .spots import NEAR, Family, Seen, Spot, quoted, saying, seen

_EXITS = (1, 101)
_CODE_DIGITS = 4
_SYNTAX = ("expected ", "this file contains", "unexpected", "unknown start", "mismatched", "unterminated", "missing ", "unclosed", "invalid ", "found ")  # fmt: skip
_NO_TYPE = ("type-not-declared", "there is no such type in scope", "use it, or correct its name")
_RETURNED = re.compile(r"Error: [A-Z][A-Za-z]{0,60}(?: \{|\()")  # what `{:?}` makes of a struct or an enum
_CAUSES = ("Caused by:", "Caused by")


def read_compiler(spot: Spot) -> Seen | None:
    """Explain `error[E0382]: words` and the place below it."""
    line = spot.line.strip()
    at = line.find("error[E")
    number = line[at + 7 : at + 7 + _CODE_DIGITS]
    if at < 0 or not number.isdecimal() or line[at + 11 : at + 13] != "]:":
        return None
    words = line[at + 13 :].strip()
    name = f"E{number}"
    code, meaning, fix = (
        _NO_TYPE
        if name == "E0425" and words.startswith("cannot find type")
        else COMPILER.get(name, ("rust-error", "", f"rustc --explain {name}"))
    )
    where, evidence, last = _shown(spot)
    why = f"{name}: {words}" + (f" ({meaning})" if meaning else "")
    fix = fix.replace("{name}", quoted(words) or "it")
    sure = "certain" if where and name not in RARE else "likely"
    return seen(spot, code, why, fix, where=where, evidence=evidence, last=last, confidence=sure,
                exits=_EXITS, cascades=True)  # fmt: skip


def read_plain(spot: Spot) -> Seen | None:
    """Explain an `error: ` of rustc's, of cargo's or of the linker that rustc calls."""
    line = spot.line.strip()
    if not line.startswith("error: "):
        return None
    words = line[7:]
    if words.startswith(("could not compile", "aborting due to", "linking with ", "test failed, to rerun", "process didn't exit successfully", "build failed")):  # fmt: skip
        code = "test-failed" if words.startswith("test failed") else "compile-failed"
        code = "link-failed" if words.startswith("linking") else code
        fix = (
            "correct the first error above it"
            if code != "link-failed"
            else "read what the linker wrote below it"
        )
        fix = "compare what the test expects with what it gets" if code == "test-failed" else fix
        return seen(spot, code, words, fix, is_echo=True, exits=_EXITS, confidence="likely")
    if found := saying(words, CARGO):
        return _cargo(spot, words, *found)
    where, evidence, last = _shown(spot)
    if not where or where.endswith((".py", ".ts")):
        return None
    code, fix = saying(words, PLAIN) or ("", "")
    if not code:
        is_manifest = ".toml:" in where
        code = (
            "invalid-manifest" if is_manifest else "syntax" if words.startswith(_SYNTAX) else "compile-error"
        )
        fix = (
            "correct that line" if code != "syntax" else "correct that line, or the end of the line before it"
        )
        if not is_manifest and ".rs:" not in where:
            return None
    sure = "likely" if code == "compile-error" else "certain"
    return seen(spot, code, words, fix, where=where, evidence=evidence, last=last, confidence=sure,
                exits=_EXITS, cascades=True)  # fmt: skip


def read_panic(spot: Spot) -> Seen | None:
    """Explain a panic: its place, and its message on the line below or, before 1.73, on the same."""
    line = spot.line.strip()
    before, _, after = line.partition(" panicked at ")
    if not before.startswith("thread "):
        return None
    last = spot
    if after.startswith(("'", "`")):
        message, _, place = after[1:].rpartition("', ")
    else:
        place = after.rstrip(":")
        below = next(iter(spot.below(1)), None)
        message = below.line.strip() if below else ""
        last = below or spot
    where = ":".join(place.split(":")[:2])
    code, fix = saying(message, PANICS) or ("panic", "read that message, and the code at that place")
    evidence: list[str] = []
    for each in spot.below(3 * NEAR):
        bare = each.line.strip()
        if bare.startswith(("left: ", "right: ", "left == right")):
            evidence.append(bare)
        if bare.startswith("thread '") or (not bare and last is not spot and evidence):
            break
        if bare.startswith(("at ", "note: ", "stack backtrace:", "left: ", "right: ")) or bare[:1].isdigit():
            last = each
            if bare.startswith("at ") and where.startswith(("/rustc/", "library/")):
                where = _user_frame(bare) or where
        elif bare and last is not each and each.start > last.end + 2:
            break
    why = message or "it panicked without a message"
    sure = "certain" if code != "panic" else "likely"
    is_echo = "Any { .. }" in message  # another thread panicked, and said why
    return seen(spot, code, why, fix, where=where, evidence=tuple(evidence[:3]), last=last, confidence=sure,
                exits=(101, 134, 1), is_echo=is_echo)  # fmt: skip


def read_runtime(spot: Spot) -> Seen | None:
    """Explain what Rust's runtime says when it gives up."""
    line = spot.line.strip()
    if line.startswith("fatal runtime error: stack overflow") or line.endswith("has overflowed its stack"):
        fix = "give the function a case in which it does not call itself, or keep big arrays in a Box"
        return seen(spot, "recursion-limit", line, fix, exits=(134, -6))
    if line.startswith("memory allocation of ") and line.endswith("bytes failed"):
        fix = "ask for less memory: look at where that size comes from"
        return seen(spot, "out-of-memory", line, fix, exits=(134, -6))
    if line.startswith("Error: ") and _RETURNED.match(line):
        fix = "handle that error, or say more of it (anyhow, .context)"
        return seen(
            spot, "main-returned-error", line.removeprefix("Error: "), fix, exits=(1,), confidence="likely"
        )
    return None


def _cargo(spot: Spot, words: str, code: str, fix: str) -> Seen:
    """Return what cargo says, with its causes; of a conflict of versions the pair."""
    lines = _block(spot)
    evidence = tuple(
        each.line.strip() for each in lines if each.line.strip() and each.line.strip() not in _CAUSES
    )
    last = lines[-1] if lines else spot
    why, is_echo = words, False
    if code == "version-conflict":
        code, why, fix = _conflict(words, evidence, fix)
    elif code in ("invalid-manifest", "dependency-failed") and evidence:
        why = f"{words}: {evidence[-1] if code == 'dependency-failed' else evidence[0]}"
        if "No such file or directory" in evidence[-1]:
            fix = "correct the path of that dependency in Cargo.toml"
            code = "file-not-found" if code == "invalid-manifest" else code
            why = f"{words}: {evidence[-2] if len(evidence) > 1 else ''}: {evidence[-1]}"
        elif "edition" in " ".join(evidence) and "is unknown" in evidence[-1]:
            code, fix = "version-too-old", "use a newer toolchain (rustup update), or an older edition"
            why = f"{words}: {evidence[-1]}"
    where = next((line[4:].rsplit(":", 1)[0] for line in evidence if line.startswith("--> ")), "")
    if code == "version-too-old" and why == words and evidence:
        why = f"{words} {evidence[0]}"
    if code == "build-script-failed":
        where, why, last, is_echo = _build_script(spot, words)
    return seen(
        spot, code, why, fix, where=where, evidence=evidence[:6], last=last, exits=_EXITS, is_echo=is_echo
    )


def _build_script(spot: Spot, words: str) -> tuple[str, str, Spot, bool]:
    """Return place and reason of a build script that failed, its last line, and whether a compiler said it."""
    where, said, last, is_panic = "", "", spot, False
    for each in spot.below(4 * NEAR):
        bare = each.line.strip()
        if bare.startswith(("error: ", "warning: ", "Compiling ")) and not each.line.startswith(" "):
            break
        if ": error: " in bare or ": fatal error: " in bare:
            return "", words, spot, True
        if is_panic:
            return where, f"{words}: {bare}", each, False
        if bare.startswith("thread ") and " panicked at " in bare:
            where = ":".join(bare.partition(" panicked at ")[2].split(":")[:2])
            is_panic = True
        said, last = (bare, each) if bare else (said, last)
    return where, f"{words}: {said}" if said else words, last, False


def _conflict(words: str, evidence: tuple[str, ...], fix: str) -> tuple[str, str, str]:
    """Name both sides of `failed to select a version for X`."""
    package = quoted(words) or "a package"
    joined = " ".join(evidence)
    if (
        "does not have that feature" in joined
        or "does not have feature" in joined
        or "have these features" in joined
    ):
        line = next(line for line in evidence if "feature" in line)
        return "feature-not-found", line, "correct the feature's name, or take a version that has it"
    wanted = next((line for line in evidence if "requirement" in line and "=" in line), "")
    wants = [line.partition("required by package ")[2] for line in evidence if "required by package " in line]
    other = next((line for line in evidence if line.startswith("previously selected package")), "")
    there = next((line for line in evidence if line.startswith("candidate versions found")), "")
    sides = [f"{wants[0] if wants else 'one side'} wants {package} {_requirement(wanted)}".rstrip()]
    if other:
        second = wants[1] if len(wants) > 1 else "another"
        sides.append(f"{second} wants {other.partition('package ')[2]}")
    elif there:
        sides.append(f"there is only {there.partition(': ')[2]}")
    return "version-conflict", one_line("; ".join(sides)), fix


def _requirement(line: str) -> str:
    """Return the requirement of a line of cargo's as it stands in quotes, without the name."""
    inner = quoted(line)
    return inner.partition("=")[2].strip().strip('"') or inner


def _block(spot: Spot) -> list[Spot]:
    """Return the lines below that belong to a message of cargo's."""
    found: list[Spot] = []
    blank = 0
    for each in spot.below(NEAR):
        bare = each.line.strip()
        if bare.startswith(("error: ", "error[", "warning: ", "Compiling ", "thread '")) or bare.startswith(
            "note: run with"
        ):
            if not bare.startswith("thread '"):
                break
            found.append(each)
            break
        blank = 0 if bare else blank + 1
        if blank > 2:
            break
        if bare:
            found.append(each)
    return found


def _shown(spot: Spot) -> tuple[str, tuple[str, ...], Spot]:
    """Return the place, what is said at it, and the last line of a message of rustc's."""
    where, last = "", spot
    evidence: list[str] = []
    for each in spot.below(NEAR):
        bare = each.line.strip()
        if bare.startswith("--> ") and not where:
            where = bare[4:].rsplit(":", 1)[0]
        elif bare.startswith(("= help: ", "= note: ", "help: ")):
            evidence.append(bare.removeprefix("= "))
        elif (
            not bare
            or not (
                bare[0] in "|=.+-~^:" or bare[0].isdigit() or bare.startswith(("...", "note: ", "help: "))
            )
            or not where
        ):
            break
        last = each
    return where, tuple(evidence[:3]), last


def _user_frame(bare: str) -> str:
    place = bare[3:].strip()
    if place.startswith(("/rustc/", "library/")) or "/.cargo/registry/" in place:
        return ""
    return ":".join(place.split(":")[:2])


FAMILIES: tuple[Family, ...] = (
    (("error[E",), read_compiler),
    (("error: ",), read_plain),
    ((" panicked at ",), read_panic),
    (("fatal runtime error: ", "has overflowed its stack", "memory allocation of ", "Error: "), read_runtime),
)
