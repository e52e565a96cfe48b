"""What is in a wheel, looked at without unpacking: safe, whole, and nothing that is secret.

A fault is a `BuildError` that names the member. What is legal and still seldom
meant (no module at all, a top-level `tests`) is a warning.
"""

from __future__ import annotations

import base64
import configparser
import csv
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import BuildError
from . import members

_BINARY_ENDINGS = (".so", ".pyd")
_SCRIPT_GROUPS = ("console_scripts", "gui_scripts")
#: names at the top that every environment shares, so that a wheel seldom means to own them
_COMMON = frozenset(
    {"tests", "test", "docs", "doc", "examples", "example", "scripts", "tools", "build", "dist"}
)
_UNSIGNED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """What a wheel holds: names of importable modules at its top, entry points, METADATA as it stands.

    `scripts` are the entry points that become programs, `plugins` the others,
    each `module:object`; those that need an extra are in neither.
    """

    path: Path
    metadata: bytes
    modules: tuple[str, ...]
    scripts: tuple[str, ...]
    plugins: tuple[str, ...]
    warnings: tuple[str, ...]


def look_into_wheel(path: Path) -> Wheel:
    """Return what is in a wheel.

    Raises
    ------
    BuildError
        It is no wheel, or it holds what it must not.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _wheel(path, archive)
    except _UNREADABLE as error:
        raise BuildError(
            f"{path.name} is no wheel", why=str(error), fix="see what the backend wrote"
        ) from error


def _wheel(path: Path, archive: zipfile.ZipFile) -> Wheel:
    infos = archive.infolist()
    names = [info.filename for info in infos if not info.is_dir()]
    _check_paths(path.name, infos)
    folders = sorted({name.split("/")[0] for name in names if name.split("/")[0].endswith(".dist-info")})
    if len(folders) != 1:
        why = f"it has {len(folders)} folders that end with .dist-info"
        raise BuildError(f"{path.name} is no wheel", why=why, fix="see what the backend wrote")
    own = folders[0]
    for name in ("METADATA", "WHEEL", "RECORD"):
        if f"{own}/{name}" not in names:
            raise BuildError(f"{path.name} has no {name}", why="PEP 427 asks for it", fix="another backend")
    _record(path, archive, own, names)
    for name in names:
        with archive.open(name) as member:
            members.refuse_secret(path.name, name, member)
    points = _entry_points(archive, own, names)
    modules = _modules(names, own)
    _entry_points_lead_somewhere(path.name, points, names, own)
    scripts = tuple(target for group, _, target in points if group in _SCRIPT_GROUPS)
    plugins = tuple(target for group, _, target in points if group not in _SCRIPT_GROUPS)
    return Wheel(
        path=path,
        metadata=_told(archive, f"{own}/METADATA"),
        modules=modules,
        scripts=scripts,
        plugins=plugins,
        warnings=tuple(_odd(names, modules)),
    )


def _check_paths(archive: str, infos: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse a path that is none, or stands there twice, a link, and more than a wheel has."""
    seen: set[str] = set()
    members.check_sum(archive, len(infos), sum(info.file_size for info in infos))
    for info in infos:
        plain = members.check_path(archive, info.filename)
        if plain in seen:
            raise members.fault(archive, info.filename, "it stands there twice")
        if info.external_attr >> 28 == 0o12:
            raise members.fault(archive, info.filename, "it is a link, which installers write as a text")
        seen.add(plain)


def _told(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a member that is read whole."""
    size = archive.getinfo(name).file_size
    if size > members.MOST_TOLD_BYTES:
        raise ValueError(f"{name} has {size:,} bytes")
    return archive.read(name)


def _record(path: Path, archive: zipfile.ZipFile, own: str, names: Sequence[str]) -> None:
    """Compare RECORD with what is there: each file has a strong hash there, and its size."""
    text = _told(archive, f"{own}/RECORD").decode("utf-8")
    rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(text)) if row}
    signed = [name for name in names if name not in {f"{own}/{each}" for each in _UNSIGNED}]
    for name in signed:
        row = rows.get(name)
        if row is None:
            raise members.fault(path.name, name, "RECORD does not name it")
        if not _is_as_recorded(archive, name, row):
            raise members.fault(path.name, name, "it is not as RECORD says")
    if gone := sorted(set(rows) - set(names)):
        raise members.fault(path.name, gone[0], "RECORD names it, and it is not there")


def _is_as_recorded(archive: zipfile.ZipFile, name: str, row: Sequence[str]) -> bool:
    """Compare one file: `row` is its hash, as `sha256=` and base64 without padding, and its size."""
    kind, _, value = row[0].partition("=") if row else ("", "", "")
    if kind not in ("sha256", "sha384", "sha512"):
        return False
    found, size = hashlib.new(kind), 0
    with archive.open(name) as member:
        for piece in members.pieces(member):
            found.update(piece)
            size += len(piece)
    is_hash = base64.urlsafe_b64encode(found.digest()).rstrip(b"=").decode() == value.rstrip("=")
    return is_hash and (len(row) < 2 or not row[1] or row[1] == str(size))


def _entry_points(archive: zipfile.ZipFile, own: str, names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return group, name and `module:object` of each; those with an extra are left out."""
    if f"{own}/entry_points.txt" not in names:
        return []
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(_told(archive, f"{own}/entry_points.txt").decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError) as error:
        why = str(error).splitlines()[0]
        raise BuildError("entry_points.txt cannot be read", why=why, fix="see [project.scripts]") from error
    rows = [
        (group, name, value.strip()) for group in parser.sections() for name, value in parser.items(group)
    ]
    return [(group, name, value.replace(" ", "")) for group, name, value in rows if "[" not in value]


def _entry_points_lead_somewhere(
    archive: str, points: Iterable[tuple[str, str, str]], names: Sequence[str], own: str
) -> None:
    """Refuse a program whose module is not in the wheel: it would be installed and could not start."""
    there = {_dotted(name) for name in names if _dotted(name) and not name.startswith(f"{own}/")}
    for group, name, target in points:
        module = target.partition(":")[0]
        top = module.partition(".")[0]
        is_ours = group in _SCRIPT_GROUPS or any(each.partition(".")[0] == top for each in there)
        if is_ours and module not in there:
            why = f"{group} {name} is {target}, and there is no module {module} in it"
            fix = "mend the entry point, or what the backend packs"
            raise BuildError(f"an entry point of {archive} leads nowhere", why=why, fix=fix)


def _modules(names: Iterable[str], own: str) -> tuple[str, ...]:
    """Return what can be imported at the top; of a namespace, the packages and modules in it."""
    dotted = {_dotted(name) for name in names if not name.startswith(own)} - {""}
    shallow = [
        name
        for name in dotted
        if not any(".".join(name.split(".")[:n]) in dotted for n in range(1, name.count(".") + 1))
    ]
    return tuple(sorted(name for name in shallow if all(part.isidentifier() for part in name.split("."))))


def _dotted(name: str) -> str:
    """Return the module that a member is, or "" for what is none; `NAME.data/purelib` is the top, too."""
    parts = name.split("/")
    if parts[0].endswith(".data"):
        parts = parts[2:] if len(parts) > 2 and parts[1] in ("purelib", "platlib") else []
    if not parts or not parts[-1].endswith((".py", *_BINARY_ENDINGS)):
        return ""
    stem = parts[-1].split(".")[0]
    return ".".join(parts[:-1] if stem == "__init__" else [*parts[:-1], stem])


def _odd(names: Sequence[str], modules: Sequence[str]) -> Iterable[str]:
    tops = sorted({name.partition(".")[0] for name in modules} & _COMMON)
    if not modules:
        yield "the wheel holds no module: see which packages the backend finds"
    for top in tops:
        yield f"the wheel installs a top-level {top!r}, which other packages may have, too"
    for name in names:
        if "/" not in name and name.endswith(".pth"):
            yield f"{name} is run at every start of Python"
