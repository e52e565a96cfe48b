"""What make, ninja and cmake say when they fail.

make only repeats that a command failed: what that command wrote above it is
the reason, where somebody knows it.
"""

from __future__ import annotations

from ..packaged import package_of
from ..plain import program_of
from ..spots import Family, Saying, Seen, Spot, known, quoted, seen

_MAKE: tuple[Saying, ...] = (
    ("No rule to make target", "no-make-rule", "correct the target or the file's name; a file that is made needs a rule"),
    ("no makefile found", "no-makefile", "go into the folder with the Makefile (make -C FOLDER), or make one (./configure, cmake)"),
    ("missing separator", "make-syntax", "begin the commands of a rule with a tab, not with spaces"),
    ("missing 'endif'", "make-syntax", "close the ifdef or ifeq with endif"),
    ("unterminated", "make-syntax", "close the bracket of that call"),
    ("recipe commences before first target", "make-syntax", "put a rule before that line, or take its tab off"),
)  # fmt: skip
_NOT_THERE = "install {name}, or correct its name"
_CMAKE_FIX = "correct what CMake names at that line"


def read_make(spot: Spot) -> Seen | None:
    """Explain a line of make's or ninja's."""
    line = spot.line.strip()
    if line.startswith("ninja: "):
        if "no such file" in line or "missing and no known rule" in line:
            return seen(spot, "no-make-rule", line, "make that file, or correct its name", exits=(1,))
        fix = "read what the command wrote above"
        return seen(spot, "make-failed", line, fix, is_echo=True, exits=(1,), confidence="likely")
    program, found, report = line.partition(": ")
    if not found:
        return None
    if program.startswith(("make", "gmake")) and report.endswith(": No such file or directory"):
        name = report.removesuffix(": No such file or directory")
        if name and " " not in name and "/" not in name:
            fix = _NOT_THERE.replace("{name}", program_of(name))
            return seen(spot, "command-not-found", f"{name}: not found by make", fix, exits=(2,))
        return None
    if not report.startswith("*** "):
        return None
    where = "" if program.startswith(("make", "gmake")) else program
    if "] Error " in report or "] Killed" in report or "] Segmentation" in report:
        at = report[report.find("[") + 1 : report.find("]")]
        place, _, target = at.rpartition(": ")
        fix = "read what the command wrote above that line"
        return seen(spot, "make-failed", line, fix, where=place, is_echo=True, exits=(2,), confidence="likely",
                    evidence=(f"target {target}",))  # fmt: skip
    if "No rule to make target" in report and (lost := _included(spot, quoted(report))):
        fix = "check the path: it is looked up from the folder of the Makefile"
        return seen(spot, "file-not-found", lost, fix, exits=(2,), confidence="likely")
    told = known(spot, _MAKE, line, where=where, exits=(2,))
    if told is not None or "Waiting for unfinished" in report:
        return told
    fix = "read what the command wrote above that line"
    return seen(spot, "make-failed", line, fix, where=where, is_echo=True, exits=(2,), confidence="likely")


def _included(spot: Spot, target: str) -> str:
    """Return the line above that says that an included file is not there, or ""."""
    above = next(iter(spot.above(1)), None)
    is_told = above is not None and target and above.line.endswith(f": {target}: No such file or directory")
    return above.line.strip() if above is not None and is_told else ""


def read_cmake(spot: Spot) -> Seen | None:
    """Explain `CMake Error at FILE:LINE (command):` and the lines below it."""
    line = spot.line.strip()
    if not line.startswith("CMake Error"):
        return None
    words, last = _words(spot)
    place = line.removeprefix("CMake Error at ").partition(" (")[0].rstrip(":") if " at " in line else ""
    place = place if place.rpartition(":")[2].isdecimal() else _caller(spot)
    if place.startswith("/usr/"):
        place = _caller(spot) or place
    words = words.partition(" Tried extensions")[0]
    said = words or line.removeprefix("CMake Error: ")
    code, fix = _cmake(said)
    why = _told(said, code)
    is_echo = "not set, after EnableLanguage" in said or "No SOURCES given" in said
    return seen(spot, code, why, fix, where=place, last=last, exits=(1,), is_echo=is_echo,
                confidence="certain" if code != "cmake-failed" or place else "likely")  # fmt: skip


def _cmake(said: str) -> tuple[str, str]:
    if "Could NOT find " in said or "package configuration file provided by" in said:
        name = said.partition("Could NOT find ")[2].partition(" ")[0] or quoted(
            said.partition("provided by")[2]
        )
        fix = package_of(name) or "install its development package, or set CMAKE_PREFIX_PATH to where it is"
        return "package-not-found", fix
    if "or higher is required" in said:
        return "version-too-old", "install a newer CMake, for example with pip or conda"
    if "Cannot find source file" in said:
        return "file-not-found", "correct that file's name: it is looked up beside CMakeLists.txt"
    if "Could not find compiler" in said or "COMPILER could be found" in said or "COMPILER not set" in said:
        return "compiler-not-found", "install a compiler (Debian: build-essential), or correct CC and CXX"
    if "is not able to compile a simple" in said:
        return "compiler-broken", "read what the compiler wrote below that line"
    if "does not match the source" in said or "is different than the directory" in said:
        return "stale-cache", "remove CMakeCache.txt of the build folder, then configure again"
    return "cmake-failed", _CMAKE_FIX


def _told(said: str, code: str) -> str:
    at = said.find("Could NOT find")
    if at < 0:
        at = said.find("Could not find a package configuration")
    return said[at:] if code == "package-not-found" and at > 0 else said


def _words(spot: Spot) -> tuple[str, Spot]:
    """Return the indented lines below as one, and the last of them."""
    words: list[str] = []
    last = spot
    for each in spot.below(12):
        line = each.line
        if line.strip() and not line.startswith("  "):
            break
        words.append(line.strip())
        last = each if line.strip() else last
    return " ".join(word for word in words if word), last


def _caller(spot: Spot) -> str:
    """Return the project's own place in CMake's call stack, or ""."""
    for each in spot.below(30):
        line = each.line.strip()
        if line.startswith("CMakeLists.txt:") or ("CMakeLists.txt:" in line and line.endswith(")")):
            return line.partition(" (")[0]
    return ""


FAMILIES: tuple[Family, ...] = (
    (("*** ", ": No such file or directory", "ninja: error", "ninja: build stopped"), read_make),
    (("CMake Error",), read_cmake),
)
