"""Why an import failed in a test: a package that is not there, the product's own fault, or the test's."""

from __future__ import annotations

import re
from difflib import get_close_matches

from . import causetable as rows
from .causetable import Row
from .facts import Facts, Project

_MODULE = re.compile(r"No module named '?(?P<name>[\w.]+)'?(?P<not>; '[^']+' is not a package)?")
_NAME = re.compile(
    r"cannot import name '(?P<name>[^']+)' from (?P<circular>partially initialized module )?"
    r"'(?P<module>[\w.]+)'(?: \((?:most likely[^()\n]*\) \()?(?P<file>[^)\n]+)\))?"
)
_EXTRA = re.compile(
    r"[Mm]issing optional dependency|(?:pip|conda) install|[Pp]lease install|is not installed|to be installed"
)
# What Python 3.12, 3.13 and 3.14 no longer have (docs.python.org, "What's New").
_REMOVED = frozenset(
    [
        "distutils",
        "imp",
        "asyncore",
        "asynchat",
        "smtpd",
        "aifc",
        "audioop",
        "cgi",
        "cgitb",
        "chunk",
        "crypt",
        "imghdr",
        "mailcap",
        "msilib",
        "nis",
        "nntplib",
        "ossaudiodev",
        "pipes",
        "sndhdr",
        "spwd",
        "sunau",
        "telnetlib",
        "uu",
        "xdrlib",
        "lib2to3",
    ]
)
_PATCHERS = ("/pkgutil.py", "/unittest/mock.py")


def import_row(facts: Facts, project: Project) -> tuple[Row, re.Match[str] | None] | None:
    """Return why the import failed, if it is one that failed."""
    if facts.type not in ("ModuleNotFoundError", "ImportError"):
        return None
    if match := _MODULE.search(facts.message):
        return _module(match, facts, project), match
    if match := _NAME.search(facts.message):
        return _name(match, facts, project), match
    return (rows.EXTRA, None) if _EXTRA.search(facts.message) else None


def _module(match: re.Match[str], facts: Facts, project: Project) -> Row:
    name = match["name"]
    if any(place.file.endswith(_PATCHERS) for place in facts.places):
        return rows.PATCHED
    if facts.is_raised:
        return rows.EXTRA
    if match["not"]:
        return rows.HIDDEN
    if _is_own(name, facts, project):
        if "." not in name:
            return rows.OFF_PATH
        return rows.OWN_ABSENT if facts.own_whose == "product" else rows.OWN_UNKNOWN
    if name.partition(".")[0] in _REMOVED and facts.origin_whose != "library":
        return rows.REMOVED if facts.own_whose == "product" else rows.REMOVED._replace(cls="test-bug")
    if "." in name:  # Python names the first part that is not there: what it lies in is installed
        return rows.PART_ABSENT
    if get_close_matches(name, project.modules, n=1, cutoff=0.8):
        return rows.MISSPELT._replace(cls="product" if facts.own_whose == "product" else "test-bug")
    return rows.ABSENT if project.modules else rows.ABSENT._replace(confidence="likely")


def _is_own(name: str, facts: Facts, project: Project) -> bool:
    """Whether a module is the project's: by name, or as the file that asks lies in a package of that name."""
    if project.is_own_module(name):
        return True
    top = name.partition(".")[0]
    folders = project.relative(facts.own.file).removeprefix("src/").split("/")[:-1]
    return facts.own_whose == "product" and top in folders[:1]


def _name(match: re.Match[str], facts: Facts, project: Project) -> Row:
    if match["circular"]:
        return rows.CIRCULAR
    file = match["file"] or ""
    whose = project.whose(file) if "/" in file or "\\" in file else ""
    if whose == "product" or (not whose and project.is_own_module(match["module"])):
        return rows.NAME_ABSENT
    if whose in ("test", "support"):
        return rows.HELP_ABSENT
    if whose == "library" and "-packages/" not in file and facts.origin_whose != "library":  # Python's own
        return rows.REMOVED if facts.own_whose == "product" else rows.REMOVED._replace(cls="test-bug")
    return rows.DRIFTED
