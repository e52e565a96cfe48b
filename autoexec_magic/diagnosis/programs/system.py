"""What apt, dpkg, loaders and the C library say, and the kernel of memory it took away."""

from __future__ import annotations

from ..packaged import library_fix
from ..spots import Family, Saying, Seen, Spot, known, seen

_OTHER = "wait for the other apt or dpkg to end, then run it again"
_APT: tuple[Saying, ...] = (
    ("Unable to locate package", "package-not-found", "apt-get update first; then apt-cache search WORD shows how it is called"),
    ("has no installation candidate", "no-candidate", "apt-cache policy NAME; install one of the packages that provide it"),
    ("Couldn't find any package by", "package-not-found", "apt-get update first; then apt-cache search WORD shows how it is called"),
    ("' for '", "version-not-found", "apt-cache policy NAME lists the versions there are"),
    ("are you root?", "permission-denied", "run it with sudo"),
    ("(13: Permission denied)", "permission-denied", "run it with sudo"),
    ("is another process using it?", "lock-held", _OTHER),
    ("Could not get lock", "lock-held", _OTHER),
    ("dpkg was interrupted", "packages-broken", "dpkg --configure -a"),
    ("Unmet dependencies", "packages-broken", "apt-get --fix-broken install"),
    ("held broken packages", "version-conflict", "look at the lines above it: two packages want different versions"),
    ("Unable to correct problems", "version-conflict", "look at the lines above it: two packages want different versions"),
    ("Sub-process /usr/bin/dpkg returned an error code", "package-script-failed", "read what dpkg wrote above"),
    ("Failed to fetch", "download-failed", "apt-get update first; then check the network and the sources"),
    ("does not have a Release file", "invalid-sources", "correct that line of /etc/apt/sources.list"),
    ("is not signed", "signature-invalid", "install that repository's key, or take the repository out"),
    ("NO_PUBKEY", "signature-invalid", "install that repository's key, or take the repository out"),
    ("Malformed", "invalid-sources", "correct that line of the sources"),
    ("The list of sources could not be read", "invalid-sources", "correct the sources that the line above names"),
    ("You don't have enough free space", "disk-full", "free some space on that disk"),
    ("not a Debian format archive", "not-an-archive", "get the .deb again: that file is none"),
)  # fmt: skip
_DPKG: tuple[Saying, ...] = (
    ("dependency problems", "packages-broken", "install what it depends on: apt-get --fix-broken install"),
    ("pre-dependency problem", "packages-broken", "install what it depends on first"),
    ("conflicting packages", "version-conflict", "remove the package that the lines above name, or do without the new one"),
    ("does not match system", "wrong-architecture", "take the package made for this machine (dpkg --print-architecture)"),
    ("trying to overwrite", "file-exists", "remove the package that has that file, or take a version that fits"),
    ("script subprocess returned error", "package-script-failed", "read what the script wrote above"),
    ("cannot access archive", "file-not-found", "check the path: it is looked up from the working directory"),
    ("requires superuser privilege", "permission-denied", "run it with sudo"),
    ("is locked by another process", "lock-held", _OTHER),
    ("unknown option", "unknown-option", "correct the option; dpkg --help lists them"),
)  # fmt: skip
_SYSTEMS = ("GLIBC", "CXXABI", "GCC_", "GOMP_", "OPENMP")  # versions of the system's own libraries
_ABORTS: tuple[Saying, ...] = (
    ("double free", "memory-corrupted", "build it with -fsanitize=address and run it again: it names both places"),
    ("corrupted size", "memory-corrupted", "build it with -fsanitize=address and run it again: it names the place"),
    ("malloc(): ", "memory-corrupted", "build it with -fsanitize=address and run it again: it names the place"),
    ("free(): invalid", "memory-corrupted", "build it with -fsanitize=address and run it again: it names the place"),
    ("munmap_chunk(): ", "memory-corrupted", "build it with -fsanitize=address and run it again: it names the place"),
    ("stack smashing detected", "memory-corrupted", "look for an array on the stack that is written past its end (-fsanitize=address)"),
    ("buffer overflow detected", "memory-corrupted", "look for a copy into a buffer that is too small (-fsanitize=address)"),
    ("realloc(): ", "memory-corrupted", "build it with -fsanitize=address and run it again: it names the place"),
)  # fmt: skip
_KERNEL: tuple[Saying, ...] = (
    ("Out of memory: Killed process", "out-of-memory", "give it more memory, or work in smaller pieces"),
    ("Memory cgroup out of memory", "out-of-memory", "raise the memory limit, or work in smaller pieces"),
    ("oom_reaper:", "out-of-memory", "give it more memory, or work in smaller pieces"),
)  # fmt: skip


def read_apt(spot: Spot) -> Seen | None:
    """Explain a line of apt's (`E: `) or dpkg's."""
    line = spot.line.strip()
    if not line.startswith(("E: ", "dpkg: ", "dpkg-deb: error", "W: GPG error")):
        return None
    if line.startswith("dpkg: ") and (found := _processed(spot, line)):
        return found
    if line.startswith("E: ") and "' for '" in line and "was not found" not in line:
        return None
    found = known(spot, _APT, line, exits=(100, 1, 2))
    is_echo = "returned an error code" in line or "list of sources could" in line or "held broken" in line
    if found is not None and is_echo and found.code != "version-conflict":
        return seen(spot, found.code, found.why, found.fix, exits=(100,), is_echo=True)
    return found


def _processed(spot: Spot, line: str) -> Seen | None:
    """Explain a package that dpkg could not process: the reason stands on the line below."""
    if line.startswith("dpkg: dependency problems prevent"):
        below = [each.line.strip() for each in spot.below(3) if each.line.startswith(" ")]
        why = " ".join([line.removeprefix("dpkg: "), *below])
        fix = "install what it depends on: apt-get --fix-broken install"
        return seen(spot, "packages-broken", why, fix, exits=(1,))
    if line.startswith("dpkg: error processing "):
        said = next(iter(spot.below(1)), spot)
        found = known(spot, _DPKG, said.line.strip(), exits=(1,), last=said)
        is_told = "dependency problems" in said.line
        return (
            seen(spot, found.code, found.why, found.fix, exits=(1,), last=said, is_echo=is_told)
            if found
            else None
        )
    return known(spot, _DPKG, line, exits=(1, 2)) if line.startswith("dpkg: error: ") else None


def read_loader(spot: Spot) -> Seen | None:
    """Explain a program whose shared library, or whose version of it, is not there."""
    line = spot.line.strip()
    before, found, after = line.partition("error while loading shared libraries: ")
    if found:
        library = after.partition(":")[0]
        fix = (
            library_fix(library)
            or "install the package that has that library, or name its folder in LD_LIBRARY_PATH"
        )
        code = "shared-library-missing" if "cannot open shared object" in after else "shared-library-broken"
        return seen(spot, code, f"{before.rstrip(': ')}: {after}", fix, exits=(127,))
    if ": version `" in line and "' not found (required by" in line:
        if not line.partition(": version `")[2].startswith(_SYSTEMS):
            fix = "take the version of that library that the program was built with, or build it anew"
            return seen(spot, "shared-library-broken", line, fix, exits=(1, 127))
        fix = "take a build made for this system's C library, or a newer system"
        return seen(spot, "library-too-old", line, fix, exits=(1, 127))
    return None


def read_abort(spot: Spot) -> Seen | None:
    """Explain why the C or C++ library gave up."""
    line = spot.line.strip()
    if "terminate called" in line:
        said = next(iter(spot.below(1)), None)
        words = said.line.strip() if said else ""
        kind = line.partition("instance of '")[2].rstrip("'")
        why = f"{kind}: {words.partition('what():')[2].strip()}" if words.startswith("what():") else line
        fix = "catch that exception, or correct what throws it"
        return seen(
            spot, "uncaught-exception", why, fix, exits=(134, -6), last=said if "what()" in words else None
        )
    if "Assertion `" in line and "' failed" in line:
        parts = line.split(": ")
        place = next((part for part in parts if part.rpartition(":")[2].isdecimal()), "")
        fix = "look at why that does not hold there"
        return seen(spot, "assertion-failed", line, fix, where=place, exits=(134, -6))
    if "Sanitizer: " in line and not line.startswith("SUMMARY"):
        place = next((_frame(each.line) for each in spot.below(12) if _frame(each.line)), "")
        last = next((each for each in spot.below(120) if "==ABORTING" in each.line), spot)
        why = line.partition("ERROR: ")[2] or line
        fix = "correct the access at that place"
        return seen(spot, "memory-corrupted", why, fix, where=place, last=last, exits=(1,))
    return known(spot, _ABORTS, line, exits=(134, -6))


def read_kernel(spot: Spot) -> Seen | None:
    """Explain what the kernel's log says of a process it ended for its memory."""
    return known(spot, _KERNEL, spot.line.strip(), confidence="certain")


def _frame(line: str) -> str:
    """Return `file:line` of a sanitizer's frame that names a source, or ""."""
    words = line.split()
    if not words or not words[0].startswith("#") or " in " not in line:
        return ""
    place = words[-1]
    parts = place.split(":")
    return ":".join(parts[:2]) if len(parts) > 1 and parts[1].isdecimal() and "sysdeps" not in place else ""


FAMILIES: tuple[Family, ...] = (
    (("E: ", "dpkg: error", "dpkg: dependency problems", "dpkg-deb: error", "GPG error"), read_apt),
    (("error while loading shared", "' not found (required by"), read_loader),
    (("terminate called", "Assertion `", "Sanitizer: ", "double free", "stack smashing", "malloc(): ", "free(): ", "corrupted size", "munmap_chunk", "realloc(): ", "buffer overflow detected"), read_abort),
    (("Out of memory: Killed", "out of memory: Killed", "Memory cgroup out of"), read_kernel),
)  # fmt: skip
