"""Why uv could not install: its derivation reduced to the pair, what is not there, what does not build."""

from __future__ import annotations

import re

from .pairs import COMPILED, EXITS, LOOSEN, YOU, Want, clash, conflict
from .spots import NEAR, Family, Saying, Seen, Spot, known, saying, seen

_DEPENDS = re.compile(r"(\S+(?: \d\S*)?) depends? on (\S+?)(?=[,\s]|$)")
_REQUIRE = re.compile(r"you require (\S+?)(?=[,\s]|$)")
_OLDER = "take an older version of it, or another Python (--python)"
_THIS_MACHINE = "take a version that has a wheel for this machine, or build it"
#: What its derivation says -> code, fix; read before the pair is looked for.
_DERIVED: tuple[Saying, ...] = (
    ("was not found in", "package-not-found", "correct the name, and the index it is looked for in"),
    ("does not satisfy Python", "python-unsupported", _OLDER),
    (" requires Python ", "python-unsupported", _OLDER),
    ("requires-python", "python-unsupported", _OLDER),
    ("matching platform tag", "platform-unsupported", _THIS_MACHINE),
    ("matching Python ABI tag", "platform-unsupported", _THIS_MACHINE),
    ("matching Python implementation tag", "platform-unsupported", _THIS_MACHINE),
)
#: The same, where there is no pair.
_DERIVED_LAST: tuple[Saying, ...] = (
    ("there is no version of", "version-not-found", "ask for a version that is there"),
    ("there are no versions of", "version-not-found", "ask for a version that is there"),
    ("was yanked", "version-not-found", "take a version that was not taken back"),
    ("network was disabled", "download-failed", "run it with a network, or without --offline"),
)
_UV: tuple[Saying, ...] = (
    ("No virtual environment found", "environment-missing", "uv venv"),
    ("No `pyproject.toml` found", "manifest-not-found", "go into the project's folder, or make one: uv init"),
    ("File not found: ", "file-not-found", "check the path: it is looked up from the working directory"),
    ("The lockfile at", "lockfile-outdated", "uv lock"),
    ("Failed to spawn: ", "command-not-found", "add the package that brings that command, or correct its name"),
    ("No interpreter found for", "python-not-found", "uv python list shows which there are; correct --python"),
    ("unexpected argument '", "unknown-option", "correct the option; uv COMMAND --help lists them"),
    ("unrecognized subcommand", "unknown-command", "uv --help lists the commands"),
    ("Distribution not found at", "file-not-found", "check the path"),
    ("externally managed", "externally-managed", "use a virtual environment: uv venv"),
    ("Permission denied", "permission-denied", "use a virtual environment: uv venv"),
    ("No space left on device", "disk-full", "free some space; UV_CACHE_DIR says where uv keeps its cache"),
    ("Hash mismatch", "hash-mismatch", "find out why the file differs before you write its new hash down"),
)  # fmt: skip
_UV_CAUSES: tuple[Saying, ...] = (
    ("Hash mismatch", "hash-mismatch", "find out why the file differs before you write its new hash down"),
    ("invalid peer certificate", "certificate-invalid", "give uv the CA of the index: SSL_CERT_FILE, or --native-tls"),
    ("Connection refused", "connection-refused", "start the index, or correct its address"),
    ("dns error", "host-not-found", "check the index's name, and whether this machine has a network"),
    ("failed to lookup address", "host-not-found", "check the index's name, and whether this machine has a network"),
    ("timed out", "operation-timed-out", "check the network and the proxy, then run it again"),
    ("401 Unauthorized", "authentication-failed", "give the index's credentials (UV_INDEX_..., keyring)"),
    ("403 Forbidden", "forbidden", "ask for access to that index"),
    ("404 Not Found", "package-not-found", "correct the name"),
    ("No space left on device", "disk-full", "free some space; UV_CACHE_DIR says where uv keeps its cache"),
    ("Permission denied", "permission-denied", "use a virtual environment: uv venv"),
)  # fmt: skip


def read(spot: Spot) -> Seen | None:
    """Explain an `error: ` of uv's, or its `No solution found`."""
    line = spot.line.strip()
    if "No solution found when resolving" in line:
        return _no_solution(spot)
    if not line.startswith("error: "):
        return None
    words = line[7:]
    causes = _causes(spot)
    last = causes[-1] if causes else spot
    evidence = tuple(each.line.strip() for each in causes)
    joined = " ".join(evidence)
    if words.startswith("Failed to parse: ") and causes:
        fix = "correct that requirement, such as name>=1.0"
        return seen(
            spot, "invalid-requirement", f"{words}: {_bare(evidence[0])}", fix, last=last, exits=EXITS
        )
    if words.startswith(
        ("Failed to build", "The build backend returned an error", "Failed to download and build")
    ):
        return _backend(spot, words)
    if words.startswith(("Failed to fetch", "Failed to download", "Request failed", "Failed to install")):
        told = known(spot, _UV_CAUSES, f"{words} {joined}", exits=EXITS, last=last, evidence=evidence[:5])
        why = f"{words}: {_bare(evidence[-1])}" if evidence else words
        if told:
            return seen(spot, told.code, why, told.fix, exits=EXITS, last=last, evidence=evidence[:5])
        return seen(
            spot,
            "download-failed",
            why,
            "check the network and the proxy",
            exits=EXITS,
            last=last,
            confidence="likely",
        )
    return known(spot, _UV, words, exits=EXITS, last=last) if _is_uv(words, spot) else None


def _is_uv(words: str, spot: Spot) -> bool:
    marks = (
        "No virtual environment found",
        "No `pyproject.toml` found",
        "File not found: ",
        "The lockfile at",
        "Failed to spawn: ",
        "No interpreter found for",
        "Distribution not found at",
    )
    if words.startswith(marks):
        return True
    return words.startswith(("unexpected argument '", "unrecognized subcommand")) and any(
        "uv " in each.line for each in spot.below(8)
    )


def _backend(spot: Spot, words: str) -> Seen:
    """Explain a build that failed under uv."""
    root, last, is_compiled = "", spot, False
    for each in spot.below(200):
        line = each.line
        bare = line.strip()
        if (
            bare
            and not line.startswith(" ")
            and not bare.startswith(("cause:", "Caused by", "hint:", "╰─▶", "├─▶"))
        ):
            break
        if bare and not bare.startswith(("hint:", "cause:", "[std")):
            is_compiled = is_compiled or any(mark in bare for mark in COMPILED)
            root, last = bare, each
    why = f"{words}: {root}" if root else words
    return seen(spot, "build-failed", why, "read what the build wrote below it", last=spot if is_compiled else last,
                is_echo=is_compiled, confidence="likely", exits=EXITS, evidence=(root,) if root else ())  # fmt: skip


def _no_solution(spot: Spot) -> Seen:
    """Reduce uv's derivation to the pair, or say what is not there."""
    lines = _derivation(spot)
    said = " ".join(each.line.strip() for each in lines)
    last = lines[-1] if lines else spot
    evidence = tuple(each.line.strip() for each in lines)[:6]
    told = saying(said, _DERIVED)
    if told is None and (pair := clash(_wants(said))):
        return conflict(spot, *pair, last=last, evidence=evidence)
    told = told or saying(said, _DERIVED_LAST)
    code, fix = told or ("version-conflict", LOOSEN)
    sure = "certain" if told else "likely"
    return seen(spot, code, _bare(said), fix, last=last, exits=EXITS, evidence=evidence, confidence=sure)


def _wants(said: str) -> list[Want]:
    """Return who wants what, in the order in which it is said; a person's own wishes last."""
    clauses = [(who.removeprefix("all versions of "), what) for who, what in _DEPENDS.findall(said)]
    clauses += [(YOU, what) for what in _REQUIRE.findall(said)]
    return [Want(who, what) for who, what in clauses if not what.startswith("Python")]


def _derivation(spot: Spot) -> list[Spot]:
    """Return the lines of the derivation and of the hints below it."""
    lines: list[Spot] = []
    for each in spot.below(NEAR):
        bare = each.line.strip()
        if not bare and lines:
            after = next(iter(each.below(1)), None)
            if after is None or not after.line.startswith(("  ", "hint:")):
                break
        if bare:
            if not each.line.startswith(" ") and not bare.startswith(("cause:", "╰─▶", "hint:")):
                break
            lines.append(each)
    return lines


def _causes(spot: Spot) -> list[Spot]:
    found: list[Spot] = []
    for each in spot.below(12):
        bare = each.line.strip()
        if bare.startswith(("cause: ", "Caused by: ", "╰─▶", "├─▶")):
            found.append(each)
        elif bare and not each.line.startswith(" "):
            break
    return found


def _bare(line: str) -> str:
    for mark in ("cause: ", "Caused by: ", "╰─▶ ", "├─▶ "):
        line = line.removeprefix(mark)
    return line


FAMILIES: tuple[Family, ...] = ((("error: ", "No solution found when resolving"), read),)
