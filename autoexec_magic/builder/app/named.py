"""How an app is called: its name, the package that it becomes, its version and where it listens."""

from __future__ import annotations

import keyword
import re
import sys
import unicodedata

from ...errors import UsageError
from ..artifacts import Source
from .entries import locked_in
from .needs import Needs
from .notebook import Notebook

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,127}")


def name_of(source: Source, notebook: Notebook) -> str:
    """Return the name of an app: what the settings say, else the notebook's.

    Raises
    ------
    UsageError
        The settings say what cannot be a name.
    """
    said = source.setting("name")
    if said:
        if not _NAME.fullmatch(said) or ".." in said:
            raise UsageError(
                f"the name of an app cannot be {said!r}", fix="letters, digits, `-`, `_` and `.` between them"
            )
        return said
    plain = unicodedata.normalize("NFKD", notebook.path.stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:80].strip("-") or "app"


def module_of(name: str, needs: Needs, lock: str) -> str:
    """Return the package's name: one that hides nothing that the notebook or its packages import."""
    plain = re.sub(r"\W+", "_", name, flags=re.ASCII).lower().lstrip("0123456789_") or "app"
    taken = {row[0] for row in needs.packages} | {each.replace("-", "_") for each in locked_in(lock)}
    taken |= {path.partition("/")[0].removesuffix(".py") for path, _ in needs.files}
    is_taken = plain in taken or plain in sys.stdlib_module_names or keyword.iskeyword(plain)
    found = f"{plain}_app" if is_taken else plain
    while found in taken:
        found += "_"
    return found


def port_of(source: Source) -> int:
    """Return the port that the settings say, 0 where they say none.

    Raises
    ------
    UsageError
        It cannot be one.
    """
    port = source.settings.get("port", 0)
    if not isinstance(port, int) or not 0 <= port < 65536:
        raise UsageError(f"the port cannot be {port!r}", fix="a number from 1 to 65535")
    return port


def check_version(version: str) -> str:
    """Return a version that can be one.

    Raises
    ------
    UsageError
        It cannot.
    """
    if version and not _VERSION.fullmatch(version):
        raise UsageError(f"the version cannot be {version!r}", fix="such as 1.2.0")
    return version
