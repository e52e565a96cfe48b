"""Where a project says what it needs, and how a need is added there: by the format's own tool.

`pyproject.toml` with a `[project]` table (PEP 621) is edited by `uv add`, and
so is a script's PEP 723 block (`blocks`); a requirements file gets lines at its
end. What belongs to another tool (Poetry, Pipenv, conda,
setuptools) is not touched: its command is said. A folder with none of them
gets a `requirements.txt`, the one file that every installer reads.

Nothing that is there is changed or taken away.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import UsageError
from . import blocks
from .files import check_writable, replace
from .known import normal
from .notebook_lock import Locked, block_of
from .tool import Toolbox

Kind = Literal["project", "script", "requirements", "told"]

MOST_BYTES = 16 * 2**20
_DEPTH = 5  # of requirements files that name others
_BOM = b"\xef\xbb\xbf"
_COMMENT = re.compile(r"(^|\s)#.*$")
_OPTION = re.compile(r"\s--?[a-zA-Z].*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A file that says what a project needs; `told` is what to type where its tool is not ours."""

    path: Path
    kind: Kind
    told: str = ""


def of_folder(folder: Path) -> Manifest:
    """Return the file of a project's folder that says what its Python needs.

    Raises
    ------
    UsageError
        Its pyproject.toml cannot be read.
    """
    project = folder / "pyproject.toml"
    table = _toml(project)
    if "project" in table:
        return Manifest(path=project, kind="project")
    if "poetry" in table.get("tool", {}):
        return Manifest(path=project, kind="told", told="poetry add")
    if (folder / "Pipfile").is_file():
        return Manifest(path=folder / "Pipfile", kind="told", told="pipenv install")
    for name in ("requirements.in", "requirements.txt"):
        if (folder / name).is_file():
            return Manifest(path=folder / name, kind="requirements")
    for name, told in (
        ("environment.yml", "add to its `dependencies`:"),
        ("setup.cfg", "add to its `install_requires`:"),
        ("setup.py", "add to its `install_requires`:"),
    ):
        if (folder / name).is_file():
            return Manifest(path=folder / name, kind="told", told=told)
    return Manifest(path=folder / "requirements.txt", kind="requirements")


def of_file(path: Path, root: Path) -> Manifest:
    """Return where a file's needs belong: the nearest folder at or below `root` that says what it needs.

    A script with a PEP 723 block says it itself.
    """
    if path.suffix == ".py" and has_block(path):
        return Manifest(path=path, kind="script")
    between = [folder for folder in path.parents if folder != root and folder.is_relative_to(root)]
    found = (of_folder(folder) for folder in between)
    return next((each for each in found if each.path.exists()), of_folder(root))


def has_block(path: Path) -> bool:
    """Whether a script has a PEP 723 block."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return False
        return block_of(path.read_text("utf-8-sig")) is not None
    except (OSError, UnicodeDecodeError):
        return False


def declared(manifest: Manifest) -> set[str]:
    """Return the normal names of the distributions that a manifest names, in any of its lists.

    Raises
    ------
    UsageError
        It cannot be read.
    """
    if manifest.kind == "requirements":
        return names(_lines(manifest.path, _DEPTH))
    if manifest.kind == "script":
        return names(blocks.dependencies(_text(manifest.path), manifest.path.name))
    if manifest.path.name != "pyproject.toml":
        return set()
    table = _toml(manifest.path)
    project = table.get("project", {})
    lists = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values()]
    lists += table.get("dependency-groups", {}).values()
    poetry = table.get("tool", {}).get("poetry", {})
    groups = [poetry, *poetry.get("group", {}).values()]
    own = {normal(project["name"])} if isinstance(project.get("name"), str) else set()
    texts = [text for each in lists for text in each if isinstance(text, str)]
    return own | names(texts) | {normal(name) for group in groups for name in group.get("dependencies", {})}


def has_hashes(manifest: Manifest) -> bool:
    """Whether it is a requirements file that says the hash of each line."""
    return manifest.kind == "requirements" and any("--hash=" in line for line in _lines(manifest.path, 0))


def check(manifest: Manifest) -> None:
    """Raise `PhaseError` where a manifest that is there may not be written."""
    if manifest.kind != "told":
        check_writable(manifest.path if manifest.path.exists() else manifest.path.parent)


def add(manifest: Manifest, direct: Sequence[Locked], others: Sequence[Locked], tools: Toolbox) -> str:
    """Add distributions to a manifest and return what was written, in one sentence; "" for nothing.

    Parameters
    ----------
    manifest : Manifest
        The file.
    direct : sequence of Locked
        What the code imports, not yet declared.
    others : sequence of Locked
        What these need; written only where every line has its hash.
    tools : Toolbox
        Where from, and who watches.

    Raises
    ------
    PhaseError, MissingTool
        It may not be written, or its tool did not do it; it is as it was.
    """
    if not direct:
        return ""
    told = ", ".join(row.name for row in direct)
    if manifest.kind == "told":
        pins = " ".join(row.pin if ":" in manifest.told else row.name for row in direct)
        return f"{manifest.path.name} is not ours to write: {manifest.told} {pins}"
    check(manifest)
    if manifest.kind == "requirements":
        old = manifest.path.read_bytes() if manifest.path.exists() else None
        new = appended(old or b"", direct, others, is_loose=manifest.path.suffix == ".in")
        replace(manifest.path, old, new)
        more = f"; now: uv pip compile {manifest.path.name}" if manifest.path.suffix == ".in" else ""
        return f"wrote {manifest.path.name}: {told}{more}"
    if manifest.kind == "script":
        old = manifest.path.read_bytes()
        replace(manifest.path, old, blocks.in_script(old, direct, tools, manifest.path.name))
        return f"wrote {manifest.path.name}: {told}"
    bounds = [f"{row.name}>={row.version}" for row in direct]
    blocks.uv_add(["--project", str(manifest.path.parent), *bounds], manifest.path, bounds, tools)
    is_behind = (manifest.path.parent / "uv.lock").exists()
    return f"wrote {manifest.path.name}: {told}" + (
        "; uv.lock is behind it now: uv lock" if is_behind else ""
    )


def appended(
    old: bytes, direct: Sequence[Locked], others: Sequence[Locked], *, is_loose: bool = False
) -> bytes:
    r"""Return a requirements file with lines at its end, all that was there as it was.

    Each is pinned, or with `is_loose` has a lower bound; with hashes where the
    file has hashes, for there pip takes no line without, not for what is
    needed in turn either.

    Examples
    --------
    >>> appended(b"a==1  # mine", [Locked(name="b", version="2", hashes=())], [])
    b'a==1  # mine\nb==2\n'
    """
    end = "\r\n" if b"\r\n" in old else "\n"
    has_hashes = b"--hash=" in old
    there = names(old.decode("utf-8-sig", "replace").splitlines())
    lines = []
    for row in [*direct, *(others if has_hashes else ())]:
        if row.name in there:
            continue
        pin = f"{row.name}>={row.version}" if is_loose else row.pin
        hashes = [f"--hash=sha256:{digest}" for digest in row.hashes] if has_hashes else []
        lines.append(f" \\{end}    ".join([pin, *hashes]))
    begin = end if old.removeprefix(_BOM) and not old.endswith((b"\n", b"\r")) else ""
    return old + (begin + "".join(f"{line}{end}" for line in lines)).encode("utf-8") if lines else old


def names(lines: Iterable[str]) -> set[str]:
    """Return the normal names of the distributions that requirements name; other lines are passed over."""
    from packaging.requirements import InvalidRequirement, Requirement

    found = set()
    for line in lines:
        text = _OPTION.sub("", _COMMENT.sub("", line)).strip().rstrip("\\").strip()
        try:
            found.add(normal(Requirement(text).name))
        except InvalidRequirement:
            continue
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}", why=str(error)) from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file():
            return {}
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())
        raise UsageError(f"{path} cannot be read", why=why, fix="correct that file") from error


def _lines(path: Path, depth: int) -> list[str]:
    """Return the lines of a requirements file, and of those beside and below it that it names."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace") if path.is_file() else ""
    except OSError as error:
        raise UsageError(f"cannot read {path}", why=error.strerror or str(error)) from error
    found = []
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        found.append(line)
        match = re.match(r"\s*(?:-r|--requirement)[ =]\s*(\S+)", line)
        if match and depth:
            below = (path.parent / match[1]).resolve()
            if below.is_relative_to(path.parent.resolve()):
                found += _lines(below, depth - 1)
    return found
