"""Which places a caged child may read and write: one list.

The kernel is given this list and `explain` reads it, so what a person is told
is what is enforced. Readable: the system, the interpreter and its packages,
language toolchains, the workspace; never the home, Jupyter's runtime folder
(connection files let anybody run code in the kernel) or the run store.
"""

from __future__ import annotations

import functools
import os
import pwd
import site
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ... import config
from ...errors import CageError

Access: TypeAlias = Literal["read", "write", "device"]

SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/snap"),
    *("/proc", "/sys/devices", "/sys/fs/cgroup", "/var/lib/texmf", "/var/lib/dpkg", "/var/cache/fontconfig"),
)
# By name: beside these lie keys, tokens and shadow files.
_ETC = """
    ld.so.cache ld.so.conf ld.so.conf.d passwd group nsswitch.conf hosts host.conf hostname resolv.conf
    gai.conf protocols services localtime timezone os-release lsb-release debian_version mime.types magic
    locale.alias locale.conf ssl/certs ssl/openssl.cnf pki/tls/certs pki/ca-trust/extracted
    ca-certificates ca-certificates.conf alternatives fonts gitconfig pip.conf npmrc environment profile
    profile.d bash.bashrc bashrc inputrc terminfo python3 python3.11 python3.12 python3.13 matplotlibrc
    java-17-openjdk java-21-openjdk maven perl R texmf ImageMagick-6 ImageMagick-7 xattr.conf OpenCL
    crypto-policies shells login.defs subversion manpath.config dpkg
"""
ETC = tuple(_ETC.split())
DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty"))
SHARED_MEMORY = "/dev/shm"
TOOLCHAINS = (".cargo/bin", ".rustup", ".nvm/versions", ".pyenv/versions", ".local/share/uv/python")


@dataclass(frozen=True, slots=True)
class Rule:
    """A place, links resolved, and what may be done there and below."""

    path: str
    access: Access


def rules(
    *, workspace: Path, scratch: Path, read: Iterable[Path], write: Iterable[Path], may_write_workspace: bool
) -> tuple[Rule, ...]:
    """Return everything a caged child may use.

    Parameters
    ----------
    workspace : Path
        Writable, but for what is protected there, if `may_write_workspace`.
    scratch : Path
        Writable.
    read, write : iterable of Path
        What the person allowed beyond.
    may_write_workspace : bool
        False for the level `sealed`.

    Raises
    ------
    CageError
        A place that was asked for contains a secret one, or is not there.
    """
    writable = [workspace] if may_write_workspace else []
    asked = [(path, "write") for path in (*writable, *write)]
    asked += [(path, "read") for path in ([] if may_write_workspace else [workspace])]
    asked += [(path, "read") for path in read]
    secrets = tuple(secret_places())
    found = [*_standard(os.environ.get("HOME", ""), secrets)]
    found += [Rule(_granted(path, secrets), "write" if kind == "write" else "read") for path, kind in asked]
    found.append(Rule(os.path.realpath(scratch), "write"))
    return tuple(found)


def secret_places() -> Iterator[str]:
    """Return the places that no allowed place may contain, links resolved."""
    homes = {os.path.expanduser("~"), _entry_home()}
    for home in sorted(homes - {""}):
        yield os.path.realpath(home)
        yield os.path.realpath(os.path.join(home, ".local/share/jupyter"))
    # Where answers and records are kept, the person's settings, and the connection files of kernels.
    yield from map(os.path.realpath, config.own_folders())
    for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        if value := os.environ.get(name):
            yield os.path.realpath(value)


def secret_in(place: str, secrets: Iterable[str] | None = None) -> str:
    """Return the secret place that `place`, links resolved, is or contains; "" if it may be let through."""
    known = secret_places() if secrets is None else secrets
    return next((secret for secret in known if is_below(secret, place)), "")


def is_below(path: str, root: str) -> bool:
    """Whether `path` is `root` or lies below it; both are absolute and normal."""
    return path == root or path.startswith(root.rstrip("/") + "/")


def toolchains() -> tuple[str, ...]:
    """Return the folders below the home that hold compilers and interpreters."""
    home = os.path.expanduser("~")
    return tuple(os.path.join(home, name) for name in TOOLCHAINS)


def _granted(path: Path, secrets: Iterable[str]) -> str:
    resolved = os.path.realpath(path)
    if not os.path.exists(resolved):
        raise CageError(
            f"the cage cannot allow {path}", why="it is not there", fix=f"create {path}, or leave it out"
        )
    if secret := secret_in(resolved, secrets):
        what = "is" if secret == resolved else f"contains {secret}, which is"
        raise CageError(
            f"no cage can be made of {path}",
            why=f"it {what} a place where keys, tokens or connection files are kept",
            fix="work in a folder of its own, or --cage open if you trust what runs",
        )
    return resolved


@functools.lru_cache(maxsize=4)
def _standard(home: str, secrets: tuple[str, ...]) -> tuple[Rule, ...]:
    """Return the rules that every cage has; `home` and `secrets` only tell caches apart."""
    readable = [*SYSTEM, *(f"/etc/{name}" for name in ETC), *toolchains(), *_interpreter()]
    found = [Rule(path, "read") for path in _there(readable, secrets)]
    found += [Rule(path, "device") for path in _there(DEVICES, ())]
    found += [Rule(path, "write") for path in _there([SHARED_MEMORY], secrets)]
    return tuple(dict.fromkeys(found))


def _interpreter() -> list[str]:
    """Return where this interpreter and what it imports are installed."""
    places = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    if site.ENABLE_USER_SITE:
        places.append(site.getusersitepackages())
    return [*places, str(Path(sys.executable).resolve().parent)]


def _there(paths: Iterable[str], secrets: tuple[str, ...]) -> Iterator[str]:
    """Return those that exist, resolved; of one that contains a secret place, the entries that do not."""
    for path in paths:
        resolved = os.path.realpath(path)
        if not os.path.exists(resolved):
            continue
        if not any(is_below(secret, resolved) for secret in secrets):
            yield resolved
        elif os.path.isdir(resolved) and resolved not in secrets:
            entries = [os.path.join(resolved, name) for name in sorted(os.listdir(resolved))]
            yield from _there((entry for entry in entries if not os.path.islink(entry)), secrets)


def _entry_home() -> str:
    return _home_of(os.geteuid())


@functools.lru_cache(maxsize=4)
def _home_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_dir
    except KeyError:  # a container's user may have no entry
        return ""
