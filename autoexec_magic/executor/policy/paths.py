"""Layer 4: where a command reads and writes, after links and `..` are followed.

Secrets are never read or written, whatever the policy says elsewhere. What is
written lies in the workspace or a temporary folder; elsewhere it is asked
about, and where it would run by itself later (start-up files, timers, hooks) or
is a device it is refused.
"""

from __future__ import annotations

import functools
import os
import posixpath
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import config
from ...values import Answer
from .links import realpaths
from .secrets import below, holds_secrets, is_below, is_secret, places

# What is written there runs later, unasked.
_STARTS_AT_HOME = tuple(
    """
    .bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile
    .zlogin .zlogout .kshrc .cshrc .tcshrc .login .inputrc .vimrc .vim .viminit .nanorc .exrc .emacs .emacs.d
    .gitconfig .config/git .config/systemd .config/autostart .config/fish .config/nvim .config/environment.d
    .local/bin .ipython .jupyter .config/pip .pip .config/uv .pythonrc .pythonrc.py .local/lib
    .local/share/jupyter .local/share/systemd .local/share/applications .config/matplotlib .Rprofile .Renviron
    .julia .gdbinit .lldbinit .tmux.conf .screenrc .wgetrc .curlrc .sqliterc .psqlrc .irbrc .gemrc .condarc
    .cargo/config.toml .cargo/config .cargo/bin .rustup .npm .nvm .yarnrc .node_modules .config/code-server
    .xinitrc .xprofile .xsession .Xresources .pam_environment .forward .procmailrc .mailcap .lessfilter
    .config/direnv .direnvrc .config/starship.toml .oh-my-zsh .dask .config/dask bin .config/autoexec.toml
    Library/LaunchAgents Library/Jupyter
    """.split()  # noqa: SIM905 - one name a line would be a file of its own
)
_STARTS_ANYWHERE = tuple(
    "/etc /boot /lib /lib64 /usr /bin /sbin /opt /var/spool/cron /run /var/run /sys /proc".split()  # noqa: SIM905
)
# What decides there which code runs, or what may run at all.
_STARTS_IN_WORKSPACE = re.compile(
    r"""/\.git/(?!info/exclude$|COMMIT_EDITMSG$|description$)|/\.git$|/\.github/workflows/|/\.vscode/(?:tasks|settings|launch)\.json$
      |/(?:\.venv|venv|env)/(?:bin|Scripts|lib)(?:/|$)|/site-packages(?:/|$)|\.pth$|/(?:site|user)customize\.py$|/pyvenv\.cfg$
      |/autoexec\.toml$|/\.envrc$|/node_modules/\.bin(?:/|$)|/\.husky(?:/|$)|/\.npmrc$|/\.cargo/config(?:\.toml)?$|/pip\.conf$
      |/\.(?:jupyter|ipython)(?:/|$)|/(?:jupyter|ipython)_\w*config\.py$""",
    re.VERBOSE,
)
_FOUND = "{}"  # stands for a name that nobody knows yet
TEMPORARY = ("/tmp", "/var/tmp")  #: everybody's folders for temporary files
_DEVICES = frozenset(("/dev/null", "/dev/zero", "/dev/tty", "/dev/full"))
_READABLE = re.compile(r"/dev/(?:null|zero|full|tty|u?random|pts/\d+|shm(?:/.*)?|dri(?:/.*)?|nvidia.*)")
_OWN_STREAM = re.compile(r"/dev/(?:std(?:in|out|err)|fd/[012])")
# What is installed, by the path of its file: it does with its words whatever its author thought of.
_LIBRARY = re.compile(
    r"""/(?:site|dist)-packages(?:/|$)|/lib/python[\d.]+(?:/|$)
      |(?:^/usr(?:/local)?|/\.?venv|/env|/\.?(?:mini|ana)?conda\d?(?:/envs/[^/]+)?)/(?:bin|Scripts)/(?!activate)""",
    re.VERBOSE,
)
_OF_PROJECTS = frozenset("src scripts tests app apps experiments tools examples benchmarks".split())  # noqa: SIM905
_READY_CODE = ("/usr", "/bin", "/lib", "/lib64", "/opt", "/nix", "/snap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """Where a command may write: the workspace, temporary folders, and what a person added."""

    workspace: Path
    more: tuple[Path, ...] = ()
    home: Path = field(default_factory=Path.home)
    private: tuple[Path, ...] = ()  #: folders of ours and of Jupyter's that hold tokens and records
    links: Mapping[str, str] = field(
        default_factory=dict
    )  #: made earlier in the line: path → where it will lead

    #: what was found for one line; a line is judged at one moment
    memo: dict[str, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def writable(self) -> tuple[str, ...]:
        """The roots, links followed."""
        more = map(str, self.more)
        return realpaths((str(self.workspace), tempfile.gettempdir(), *TEMPORARY, *more))

    @property
    def inside(self) -> frozenset[str]:
        """The same, to look up what lies in one."""
        return self._kept("inside", lambda: frozenset(self.writable))

    @property
    def code(self) -> frozenset[str]:
        """Where code may run that is there already: the workspace, and what is installed."""
        own = (str(self.workspace), *map(str, self.more))
        return self._kept("code", lambda: frozenset((*realpaths(own), *_READY_CODE)))

    @property
    def secret(self) -> frozenset[str]:
        """Where secrets are."""
        return self._kept("secret", lambda: places(self.home, self.private))

    @property
    def starts(self) -> frozenset[str]:
        """Where that lies which runs later, unasked."""
        return self._kept("starts", lambda: _starts(os.path.realpath(self.home)))

    def _kept(self, name: str, find: Callable[[], frozenset[str]]) -> frozenset[str]:
        if self.memo is None:
            return find()
        if name not in self.memo:
            self.memo[name] = find()
        found: frozenset[str] = self.memo[name]
        return found


@dataclass(frozen=True, slots=True)
class Ruled:
    """What is said of one path: the answer, the rule, and why."""

    answer: Answer
    rule: str = ""
    why: str = ""


ALLOWED = Ruled("allow")


def read(path: str, cwd: Path, roots: Roots) -> Ruled:
    """Return whether `path` may be read; what is not a secret, and no disk, may."""
    if _FOUND in path:  # a name that is found later on, below the folder before it
        return _beyond(path) or read_all(_before(path), cwd, roots)
    if _OWN_STREAM.fullmatch(path):
        return ALLOWED
    real = _real(path, cwd, roots)
    if real.startswith("/dev/") and not _READABLE.fullmatch(real):
        return Ruled("refuse", "device", f"{real} is a device")
    return _secret(real, roots) or ALLOWED


def read_all(path: str, cwd: Path, roots: Roots) -> Ruled:
    """Return whether all that lies below `path` may be read."""
    ruled = read(path, cwd, roots)
    if ruled.answer != "allow":
        return ruled
    held = holds_secrets(_real(path, cwd, roots), roots.secret)
    return (
        Ruled("ask", "holds-secrets", f"below {path} is {held}, which would be read, too")
        if held
        else ALLOWED
    )


def run(path: str, cwd: Path, roots: Roots) -> Ruled:
    """Return whether the code in `path` may run: code of the workspace, or installed, may."""
    real = _real(path, cwd, roots)
    if _LIBRARY.search(real):
        return Ruled("ask", "library-code", f"{real} is a library's code, and no rule knows what it does")
    if is_below(real, roots.code):
        return ALLOWED
    return Ruled("ask", "code-outside", f"{real} is code from outside the workspace {roots.workspace}")


def run_module(name: str, cwd: Path, roots: Roots) -> Ruled:
    """Return whether a module without a rule may run: one of the workspace, as any code there."""
    file = name.replace(".", "/")
    for folder in (".", "src"):
        start = f"{folder}/{file}"
        if any(Path(_real(path, cwd, roots)).is_file() for path in (f"{start}.py", f"{start}/__main__.py")):
            return run(start, cwd, roots)
    if name.partition(".")[0] in _OF_PROJECTS and "." in name:
        return ALLOWED  # no library is called so, and what is not there does nothing
    return Ruled("ask", "module", f"there is no rule for the module {name}, and it is none of the workspace")


def write(path: str, cwd: Path, roots: Roots) -> Ruled:
    """Return whether `path` may be made, changed or removed."""
    if _OWN_STREAM.fullmatch(path):
        return ALLOWED
    if _FOUND in path:
        return _beyond(path) or write(_before(path), cwd, roots)
    real = _real(path, cwd, roots)
    secret = _secret(real, roots)
    if secret:
        return secret
    if real in _DEVICES:
        return ALLOWED
    if below(real, "/dev") and not below(real, "/dev/shm"):
        return Ruled("refuse", "device", f"{real} is a device")
    inside = is_below(real, roots.inside) or below(real, "/dev/shm")
    if not inside and is_below(real, roots.starts):
        return Ruled("refuse", "runs-later", f"what is written to {real} runs, or is trusted, later on")
    if not inside:
        return Ruled("ask", "outside", f"{real} is outside the workspace {roots.workspace}")
    if real.endswith("/pyproject.toml") and config.governs(real):
        return Ruled("ask", "runs-later", f"{real} holds rules for what may run here")
    is_folder = path.endswith("/") or os.path.isdir(real)  # noqa: PTH112 - called for each word of each line
    if _STARTS_IN_WORKSPACE.search(real + "/" * is_folder) or real.endswith("/.git"):
        return Ruled("ask", "runs-later", f"what is written to {real} runs, or decides what runs, later on")
    return ALLOWED


def remove_all(path: str, cwd: Path, roots: Roots) -> Ruled:
    """Return whether all below `path` may be removed: inside the workspace, and not that itself."""
    if _FOUND in path:
        return _beyond(path) or _remove_found(_before(path), cwd, roots)
    real, workspace = _real(path, cwd, roots), os.path.realpath(roots.workspace)
    if below(workspace, real):
        return Ruled("refuse", "recursive-delete", f"{real} holds the workspace")
    if not any(below(real, root) and real != root for root in roots.writable):
        return Ruled("refuse", "recursive-delete", f"{real} is outside the workspace {workspace}")
    return write(path, cwd, roots)


def _remove_found(folder: str, cwd: Path, roots: Roots) -> Ruled:
    """Return whether what is found in `folder` may be removed; that itself may be among it."""
    is_dot = posixpath.normpath(folder) == "."  # which rm does not remove
    return remove_below(folder, cwd, roots) if is_dot else remove_all(folder, cwd, roots)


def remove_below(path: str, cwd: Path, roots: Roots) -> Ruled:
    """Return whether some of what lies below `path` may be removed: the workspace itself may be it."""
    if _FOUND in path:
        return _beyond(path) or remove_below(_before(path), cwd, roots)
    real = _real(path, cwd, roots)
    if not is_below(real, roots.inside):
        return Ruled("refuse", "recursive-delete", f"{real} is outside the workspace {roots.workspace}")
    return write(path, cwd, roots)


def hard_link(path: str, cwd: Path, roots: Roots) -> Ruled:
    """Return whether a second name may be given to a file: writing to it would not be seen as outside."""
    real = _real(path, cwd, roots)
    if is_below(real, roots.inside):
        return ALLOWED
    return Ruled("ask", "hard-link", f"{real} is outside the workspace, and would get a second name in it")


def leads_out(path: str, cwd: Path, roots: Roots) -> bool:
    """Whether a path that is in one of the roots by its name is none of theirs when links are followed."""
    named = os.path.normpath(os.path.join(os.path.realpath(cwd), path))  # noqa: PTH118
    return is_below(named, roots.inside) and not is_below(os.path.realpath(named), roots.inside)


def real_of(path: str, cwd: Path, roots: Roots) -> str:
    """Return where a path leads, links followed, also those that the line makes before."""
    return _real(path, cwd, roots)


@functools.lru_cache(maxsize=16)
def _starts(home: str) -> frozenset[str]:
    return frozenset((*_STARTS_ANYWHERE, *(f"{home}/{name}" for name in _STARTS_AT_HOME)))


def _before(path: str) -> str:
    """Return the folder below which a name will be found, or in which one that begins so will be."""
    folder, slash, _ = path.partition(_FOUND)[0].rpartition("/")
    return folder + slash or "."


def _beyond(path: str) -> Ruled | None:
    """Return the doubt about what stands behind a name that is found later: it could lead out again."""
    behind = path.partition(_FOUND)[2]
    if "/" not in behind and _FOUND not in behind and (not behind or behind.strip(".")):
        return None
    return Ruled("ask", "beyond-found", f"where {path} leads depends on what is found")


def _real(path: str, cwd: Path, roots: Roots) -> str:
    if path == "~" or path.startswith("~/"):
        path = str(roots.home) + path[1:]
    real = os.path.realpath(path if path.startswith("/") else f"{cwd}/{path}")
    for link, target in roots.links.items():
        if below(real, link):
            real = os.path.realpath(target + real[len(link) :])
    return real


def _secret(real: str, roots: Roots) -> Ruled | None:
    if is_secret(real, roots.secret):
        return Ruled("refuse", "secret", f"{real} holds secrets")
    return None
