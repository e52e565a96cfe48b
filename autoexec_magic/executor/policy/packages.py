"""Words that name packages: by name from the configured index, or from anywhere else."""

from __future__ import annotations

import re

from .found import Found
from .places import read

_PACKAGE = re.compile(
    r"(?:@[\w.~-]+/)?[\w.-]+(?:\[[\w.,\s-]*\])?\s*(?:(?:[=<>!~]=?=?|@)\s*[\w.*+!<>=~,^|\s-]+)?(?:;.*)?",
    re.ASCII,
)


_ARCHIVE = (".whl", ".zip", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".deb", ".rpm", ".conda")


def package(word: str, found: Found) -> None:
    """Take a package by name; by address or from outside the workspace it is a question."""
    if "://" in word or word.startswith(("git+", "git@", "github:", "file:", "http:", "https:")):
        found.urls.append(word)
        found.doubt(f"{word} does not come from the configured index")
    elif word.startswith((".", "/", "~")) or word.lower().endswith(_ARCHIVE):
        found.code = True
        found.reads.append(re.sub(r"\[[^\]]*\]$", "", word))
        found.runs.append(found.reads[-1])
        if word.startswith(("/", "~")) or ".." in word.split("/"):
            found.doubt(f"{word} is outside the workspace")
    elif not _PACKAGE.fullmatch(word):
        found.doubt(f"{word} is no plain package name")


def channel(word: str, found: Found) -> None:
    """Take a package channel by name; by address it is a question."""
    if "/" in word or ":" in word:
        found.urls.append(word)
        found.doubt(f"{word} is not a channel by name")


def listing(word: str, found: Found) -> None:
    """Take a file that lists packages; from an address it is a question."""
    if "://" in word:
        found.urls.append(word)
        found.doubt(f"{word} says what to install, and is not here")
    else:
        read(word, found)
        found.runs.append(word)  # what it lists is installed, and installed code runs


def module_spec(word: str, found: Found) -> None:
    """Take a package of npm by name; `owner/repository` would come from GitHub."""
    if "/" in word and not word.startswith(("@", ".", "/", "~")) and "://" not in word:
        found.doubt(f"{word} does not come from the configured registry")
    elif "npm:" in word or word.count(":") > word.count("://"):
        found.doubt(f"{word} is no plain package name")
    else:
        package(word, found)


def go_package(word: str, found: Found) -> None:
    """Take a package of Go: a path here, or a module by name, which comes from the configured proxy."""
    if word.startswith((".", "/")) or word.endswith(".go"):
        read(word, found)
        found.runs.append(word.removesuffix("/..."))
    elif not re.fullmatch(r"[\w./@+~-]+", word):
        found.doubt(f"{word} is no plain package name")
