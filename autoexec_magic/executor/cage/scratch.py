"""What a caged child has instead of the home: a scratch folder, and the variables that point there.

Everything that a program keeps for itself (caches, settings, temporary files)
goes there and is removed with the cage. The variables that name places outside
are taken away: they would only lead to denials.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import pwd
import re
import secrets
import shutil
import site
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..identity import is_owner_gone, owner_name

_NAME = "autoexec-cage-"
_ONLY_NAMED: int = getattr(os, "O_PATH", os.O_RDONLY)  # needs no right to what is opened; Linux has it
HOME, TEMPORARY = "home", "tmp"
_SETTINGS = ".gitconfig"
_MOST_NAMED, _MOST_LOOKED_AT = 5, 1000  # of what a child left below its home
# Python's own name for each: XDG_<NAME>_HOME is below the scratch home.
_XDG = {"CACHE": ".cache", "CONFIG": ".config", "DATA": ".local/share", "STATE": ".local/state"}
_OUTSIDE = re.compile(
    r"XDG_.*|JUPYTER_.*_DIR|IPYTHONDIR|AUTOEXEC_DATA_DIR|MPLCONFIGDIR|TMPDIR|TMP|TEMP|DBUS_.*|.*_SOCK(ET)?|DISPLAY"
)


def make(parent: Path | None = None) -> Path:
    """Return a new folder that only this user can enter; its name says whose it is."""
    return Path(tempfile.mkdtemp(prefix=f"{_NAME}{owner_name()}-", dir=parent)).resolve()


def sweep(parent: Path) -> None:
    """Remove this user's scratch folders in `parent` whose owner is gone."""
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(_NAME) and is_owner_gone(entry.name.removeprefix(_NAME)):
                with contextlib.suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                        remove(Path(entry.path))


def furnish(scratch: Path, workspace: Path) -> None:
    """Make the folders in `scratch`, and the settings without which git does not commit."""
    for name in (HOME, TEMPORARY):
        (scratch / name).mkdir(mode=0o700, exist_ok=True)
    settings = scratch / HOME / _SETTINGS
    if not settings.exists():
        settings.write_text(_git_settings(workspace), encoding="utf-8")


def left(scratch: Path) -> tuple[str, ...]:
    """Return the first few files that a child made below its home, relative to it, without hidden ones.

    Only so much is looked at; links are not followed, wherever they lead.
    """
    found: list[str] = []
    folders, budget = [scratch / HOME], _MOST_LOOKED_AT
    if folders[0].is_symlink():
        return ()
    for folder in folders:  # which grows
        entries: list[os.DirEntry[str]] = []
        with contextlib.suppress(OSError), os.scandir(folder) as all_entries:
            entries = list(itertools.islice(all_entries, budget))
        budget -= len(entries)
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            else:
                found.append(os.path.relpath(entry.path, folders[0]))
        if len(found) >= _MOST_NAMED or budget <= 0:
            break
    return tuple(found[:_MOST_NAMED])


def is_furnished(scratch: Path, seen: Furnished) -> bool:
    """Whether a scratch folder is as `furnish` left it, and as it would leave it now."""
    try:
        return seen == furnished(scratch, seen.workspace)
    except OSError:
        return False


def furnished(scratch: Path, workspace: Path) -> Furnished:
    """Return what tells a scratch folder, just furnished for `workspace`, from one that was written to.

    Raises
    ------
    OSError
        It is not a furnished one.
    """
    root = str(scratch)
    held = [sorted(os.listdir(f"{root}/{name}")) for name in ("", HOME, TEMPORARY)]
    if held != [[HOME, TEMPORARY], [_SETTINGS], []]:
        raise FileExistsError(f"there is more in {scratch}")
    names = ("", f"/{HOME}", f"/{TEMPORARY}", f"/{HOME}/{_SETTINGS}")
    own = os.path.expanduser("~/.gitconfig")
    return Furnished(workspace, own, _state(own), tuple(_state(root + name) for name in names))


class Furnished(NamedTuple):
    """A scratch folder that nobody has used: for which workspace, from which settings, and its parts' states.

    Nobody can set back the time of a part's last change (ctime), which is one of its state.
    """

    workspace: Path
    settings: str
    settings_state: tuple[int, ...]
    states: tuple[tuple[int, ...], ...]


def _state(path: str) -> tuple[int, ...]:
    try:
        at = os.lstat(path)
    except FileNotFoundError:
        return ()
    return at.st_dev, at.st_ino, at.st_mode, at.st_size, at.st_mtime_ns, at.st_ctime_ns


def remove(scratch: Path) -> None:
    """Remove a scratch folder, also what a child left there without rights to it."""
    _remove(str(scratch), None)


def _remove(name: str, at: int | None) -> None:
    """Remove a folder in the folder `at`; a process that is still there cannot lead this out of it.

    `rmtree` goes by descriptors and follows no link, and so do the rights that it needs.
    """
    faults: list[object] = []
    try:
        shutil.rmtree(name, dir_fd=at, onerror=lambda *fault: faults.append(fault))
    except RecursionError as error:  # folders in folders, more than Python calls itself
        faults.append(error)
    if faults:
        with contextlib.suppress(OSError):
            _raze(name, at)


def _raze(name: str, at: int | None) -> None:
    """Remove a folder however deep it is, whatever its rights: what lies below is moved up, bit by bit."""
    with _opened(name, at) as top:
        stuck: set[str] = set()
        while found := [each for each in _listed(top) if each[0] not in stuck]:
            for each, is_folder in found:
                try:
                    if is_folder:
                        _raise_from(each, top)
                    else:
                        os.unlink(each, dir_fd=top)
                except OSError:
                    stuck.add(each)
    os.rmdir(name, dir_fd=at)


def _raise_from(name: str, top: int) -> None:
    """Remove a folder in `top`; the folders in it come to lie in `top`."""
    with _opened(name, top) as folder:
        for each, is_folder in _listed(folder):
            if is_folder:
                with _opened(each, folder):  # to move a folder takes the right to write it
                    os.rename(each, f".{secrets.token_hex(8)}", src_dir_fd=folder, dst_dir_fd=top)
            else:
                os.unlink(each, dir_fd=folder)
    os.rmdir(name, dir_fd=top)


def _listed(folder: int) -> list[tuple[str, bool]]:
    """Return the name of each entry, and whether it is a folder."""
    with os.scandir(folder) as entries:
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]


def identity(scratch: Path) -> tuple[int, int, int]:
    """Return what tells a folder from anything else that comes to its name; a number is used again."""
    at = os.lstat(scratch)
    return at.st_dev, at.st_ino, stat.S_IFMT(at.st_mode)


def empty(scratch: Path, known: tuple[int, int, int]) -> None:
    """Remove what is in a scratch folder, whose own rights are as at first afterwards.

    Parameters
    ----------
    scratch : Path
        The folder.
    known : (int, int, int)
        Its `identity` before the run: where temporary files lie in the
        workspace, a run can put a link to something else in its place.

    Raises
    ------
    OSError
        Something is still there, or it is another folder.
    """
    if identity(scratch) != known:
        raise FileNotFoundError(f"{scratch} is not what it was")
    with _opened(scratch, known=known) as folder:
        for name, is_folder in _listed(folder):
            if is_folder:
                _remove(name, folder)
            else:
                os.unlink(name, dir_fd=folder)
        if os.listdir(folder):
            raise OSError(f"{scratch} is not empty")


@contextlib.contextmanager
def _opened(
    name: str | Path, at: int | None = None, *, known: tuple[int, int, int] | None = None
) -> Iterator[int]:
    """Give a folder's descriptor, with all rights to it; `known` is its `identity`, if that matters."""
    flags = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    named = os.open(name, _ONLY_NAMED | flags, dir_fd=at)
    try:
        seen = os.fstat(named)
        if known not in (None, (seen.st_dev, seen.st_ino, stat.S_IFMT(seen.st_mode))):
            raise FileNotFoundError(f"{name} is not what it was")
        here = f"/proc/self/fd/{named}"  # what was opened, whatever has its name by now
        os.chmod(here, 0o700)
        folder = os.open(here, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(named)
    try:
        yield folder
    finally:
        os.close(folder)


def empty_shared(folder: int) -> None:
    """Remove what is in the shared memory's folder of a view; `folder` is its descriptor.

    Raises
    ------
    OSError
        Something is still there.
    """
    os.fchmod(folder, 0o1777)
    for name in os.listdir(folder):
        try:
            os.unlink(name, dir_fd=folder)
        except IsADirectoryError:
            _remove(name, folder)


def environment(env: Mapping[str, str], scratch: Path, *, names_over_tcp: bool = False) -> dict[str, str]:
    """Return `env` as a caged child gets it.

    Parameters
    ----------
    env : mapping of str to str
        The allow-listed environment.
    scratch : Path
        A furnished scratch folder.
    names_over_tcp : bool, default False
        Let the resolver ask over TCP, where UDP would pass by the port rules.
    """
    home, temporary = f"{scratch}/{HOME}", f"{scratch}/{TEMPORARY}"
    kept = {name: value for name, value in env.items() if not _is_outside(name)}
    kept |= {"HOME": home, "TMPDIR": temporary, "TMP": temporary, "TEMP": temporary}
    kept |= {f"XDG_{name}_HOME": f"{home}/{folder}" for name, folder in _XDG.items()}
    kept["CARGO_HOME"] = f"{home}/.cargo"
    kept["TAR_OPTIONS"] = "--no-same-owner"  # root's tar gives files away, which needs a capability
    rustup = os.path.expanduser(env.get("RUSTUP_HOME", "~/.rustup"))
    if os.path.isdir(rustup):
        kept["RUSTUP_HOME"] = rustup
    if site.ENABLE_USER_SITE:
        kept.setdefault("PYTHONUSERBASE", site.getuserbase())
    if names_over_tcp:
        kept["RES_OPTIONS"] = "use-vc"
    return kept


@functools.lru_cache(maxsize=256)
def _is_outside(name: str) -> bool:
    return _OUTSIDE.fullmatch(name) is not None


def _git_settings(workspace: Path) -> str:
    """Return a git configuration with the person's name; a repository's own comes after it."""
    name, address = _git_identity()
    return f'[user]\n\tname = "{name}"\n\temail = "{address}"\n[safe]\n\tdirectory = "{workspace}"\n'


def _git_identity() -> tuple[str, str]:
    found = {"name": "", "email": ""}
    with contextlib.suppress(OSError):
        text = Path("~/.gitconfig").expanduser().read_text(encoding="utf-8", errors="replace")
        section = re.search(r"^\[user\]\s*\n((?:[ \t]+.*\n?|\s*\n)*)", text, re.M)
        for key, value in re.findall(
            r"^\s*(name|email)\s*=\s*(.*?)\s*$", section[1] if section else "", re.M
        ):
            found[key] = re.sub(r'["\\\n]', "", value)
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = "user"
    return found["name"] or user, found["email"] or f"{user}@localhost"
