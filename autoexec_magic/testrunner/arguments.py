"""What a person types after `test`: which of it is pytest's, and which is ours to do.

pytest's options pass through. Ours to do is its XML, which it writes at its end
and so not at all when it is killed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError

VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")  #: pytest's own, passed on
_XML = ("--junitxml", "--junit-xml")
# pytest's own options, and those of the plugins most people have, whose value is a word of its own.
# https://docs.pytest.org/en/stable/reference/reference.html#command-line-flags
_VALUED = frozenset(
    (
        *("-k", "-m", "-p", "-c", "-n", "-o", "-W", "-r", "--config-file", "--override-ini", "--rootdir"),
        *("--confcutdir", "--basetemp", "--ignore", "--ignore-glob", "--deselect", "--import-mode"),
        *("--maxfail", "--tb", "--capture", "--show-capture", "--color", "--code-highlight", "--durations"),
        *("--durations-min", "--verbosity", "--pythonwarnings", "--junit-prefix", "--junitprefix"),
        *("--log-level", "--log-file", "--log-file-level", "--log-cli-level", "--log-format", "--pdbcls"),
        *("--lfnf", "--last-failed-no-failures", "--doctest-glob", "--doctest-report", "--dist"),
        *("--numprocesses", "--maxprocesses", "--tx", "--reruns", "--reruns-delay", "--timeout", "--count"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for.

    Parameters
    ----------
    passed : tuple of str
        What pytest gets.
    xml : str
        The file that the report is to be written to, or "".
    """

    passed: tuple[str, ...]
    xml: str = ""


def read(words: Sequence[str]) -> Asked:
    """Return what the words after `test` ask for.

    Raises
    ------
    UsageError
        A report is asked for, and no file named.

    Examples
    --------
    >>> read(["tests", "-k", "a b", "--junitxml=out.xml"])
    Asked(passed=('tests', '-k', 'a b'), xml='out.xml')
    """
    passed: list[str] = []
    xml, rest = "", list(words)
    while rest:
        word = rest.pop(0)
        name, sign, value = word.partition("=")
        if name in _XML and (sign or rest):
            xml = _path(value if sign else rest.pop(0))
        else:
            passed.append(word)
    return Asked(passed=tuple(passed), xml=xml)


def _path(text: str) -> str:
    """Return the path that is meant: pytest expands variables and the home in it, and so do we."""
    path = os.path.expanduser(os.path.expandvars(text))  # noqa: PTH111 - of a user who is not there, as it is
    if not path.strip():
        raise UsageError("--junitxml names no file", why=f"{text!r} is empty", fix="--junitxml=report.xml")
    return path


def split(words: Sequence[str], folder: Path) -> tuple[list[str], list[str]]:
    """Return pytest's options with their values, and the places that the rest names.

    A word behind an option that is not known to take a value is a place where
    there is one of that name in `folder`.
    """
    options: list[str] = []
    places: list[str] = []
    before = ""
    for word in words:
        is_place = (
            not word.startswith("-") and before not in _VALUED and (folder / word.partition("::")[0]).exists()
        )
        (places if is_place else options).append(word)
        before = word
    return options, places


def narrowed(words: Sequence[str], files: Sequence[str], folder: Path) -> list[str] | None:
    """Return the words for these test files alone, as far as they are in what the words name.

    Parameters
    ----------
    words : sequence of str
        For pytest. A single test that they name stays where its file is one of these.
    files : sequence of str
        Paths from `folder`.
    folder : Path
        Where paths begin.

    Returns
    -------
    list of str, optional
        None where none of the files is in what is named.
    """
    options, places = split(words, folder)
    kept: dict[str, None] = {} if places else dict.fromkeys(files)
    for file in files:
        path = (folder / file).resolve()
        for place in places:
            name, sign, _ = place.partition("::")
            at = (folder / name).resolve()
            if path == at if sign else path.is_relative_to(at):
                kept[place if sign else file] = None
    return [*options, *kept] if kept else None
