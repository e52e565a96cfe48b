"""Small wheels in a folder, by which a test has packages without an index."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path


def sources_of(folder: Path) -> dict[str, str]:
    """Return the variables by which uv takes packages from a folder alone."""
    return {"UV_NO_INDEX": "1", "UV_OFFLINE": "1", "UV_FIND_LINKS": str(folder)}


def wheel_of(
    folder: Path,
    name: str,
    members: Mapping[str, str],
    *,
    tag: str = "py3-none-any",
    requires: str = "",
    scripts: str = "",
) -> str:
    """Write version 1 of a wheel, and return the line of a lock that names it by its hash."""
    own = f"{name}-1.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    files = {
        **members,
        f"{own}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{needs}",
        f"{own}/WHEEL": f"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    if scripts:
        files[f"{own}/entry_points.txt"] = f"[console_scripts]\n{scripts}\n"
    record = "".join(f"{path},,\n" for path in (*files, f"{own}/RECORD"))
    folder.mkdir(exist_ok=True, parents=True)
    place = folder / f"{name}-1-{tag}.whl"
    with zipfile.ZipFile(place, "w") as wheel:
        for path, text in {**files, f"{own}/RECORD": record}.items():
            wheel.writestr(zipfile.ZipInfo(path), text)
    return f"{name}==1 --hash=sha256:{hashlib.sha256(place.read_bytes()).hexdigest()}"
