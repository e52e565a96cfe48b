"""What an entry in the table of languages says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language.

    `programs` are the names its interpreter has in a first line (`#!`),
    `ending` that of its files, `start` returns the words before the script's
    path, the first one an absolute path, `environment` the variables it needs
    to run in a directory, and `places` what it has to read there in a cage. Of
    the options in a first line, those with a letter in `valued` take the next
    word, and those in `refused` would take something else than the script's
    file for the script.
    """

    name: str
    programs: frozenset[str]
    ending: str
    start: Callable[[], tuple[str, ...]]
    environment: Callable[[Path], Mapping[str, str]]
    places: Callable[[Path], tuple[Path, ...]] = lambda cwd: ()
    valued: str = ""
    refused: str = ""
