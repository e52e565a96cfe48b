"""Clear away what a killed install unpacked and left without a record.

An installer writes a distribution's RECORD last. Killed before that, it leaves
files that nobody owns and that no uninstall finds. Which they are, the wheel
says that they came from; what has other bytes by now, or belongs to another
distribution, stays.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
import zipfile
from collections.abc import Sequence
from pathlib import Path

from ..chain import Row
from .footprint import files_of, standing
from .known import normal
from .undo_plan import killed
from .wheels import Wheels


def clear_left(rows: Sequence[Row], prefix: str, wheels: Wheels) -> list[str]:
    """Clear away what installs into the environment at `prefix` left whose processes were killed.

    What they had installed whole stays, and is theirs to undo.

    Parameters
    ----------
    rows : sequence of Row
        The ledger's, newest first.
    prefix : str
        Of this environment, links resolved.
    wheels : Wheels
        Where the very files are that were being installed.

    Returns
    -------
    list of str
        Each `NAME VERSION` that was half there.
    """
    found = []
    for row in killed(rows, prefix):
        for item in row.body.get("added", ()):
            wheel = wheels.checked(item["sha256"])
            if wheel is not None and clear(wheel, item["name"]):
                found.append(f"{item['name']} {item['version']}")
    return found


def clear(wheel: Path, name: str) -> bool:
    """Remove the files of `wheel` from this environment, where `name` has no record of its own.

    Returns whether there were any.

    Parameters
    ----------
    wheel : Path
        The very file that was being installed; it was looked into.
    name : str
        The distribution's name.
    """
    found = standing()
    half = found.pop(normal(name), None)
    if half is not None and half.read_text("RECORD"):
        return False
    is_half = half is not None
    owned = files_of(found.values())
    sites = {Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib")}
    folders: set[Path] = set()
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            for site in sites:
                place = site / entry.filename
                if _is_left(place, site, archive, entry) and str(place) not in owned:
                    place.unlink()
                    is_half = True
                folders |= {parent for parent in place.parents if parent.is_relative_to(site)} - sites
        infos = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
    for site in sites:
        for info in infos:
            shutil.rmtree(site / info, ignore_errors=True)
    for folder in sorted(folders, key=lambda each: len(each.parts), reverse=True):
        _prune(folder)
    return is_half


def _is_left(place: Path, site: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """Whether `place` is a file below `site` with exactly the bytes of the wheel's."""
    if entry.is_dir() or not place.is_file() or not place.resolve().is_relative_to(site):
        return False
    return place.stat().st_size == entry.file_size and place.read_bytes() == archive.read(entry)


def _prune(folder: Path) -> None:
    """Remove a folder that has nothing but bytecode left."""
    if folder.is_dir() and set(os.listdir(folder)) <= {"__pycache__"}:
        shutil.rmtree(folder, ignore_errors=True)
