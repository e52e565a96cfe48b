"""Layer 4: where a command reads and writes, after links and `..` are followed.

Secrets are never read or written, whatever the policy says elsewhere. What is
written lies in the workspace or a temporary folder; elsewhere it is asked
about, and where it would run by itself later (start-up files, timers, hooks) or
is a device it is refused.
"""

from __future__ import annotations

import fnmatch
import functools
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...values import Answer
from .links import is_below, realpaths

# In the home folder, each with all that is below it: keys, tokens, histories, browser profiles.
_SECRET_AT_HOME = (
    *(".ssh", ".gnupg", ".aws", ".azure", ".config/gcloud", ".kube", ".docker/config.json", ".netrc"),
    *(
        ".git-credentials",
        ".config/git/credentials",
        ".pgpass",
        ".my.cnf",
        ".npmrc",
        ".yarnrc.yml",
        ".pypirc",
    ),
    *(
        ".password-store",
        ".config/gh",
        ".config/hub",
        ".config/rclone",
        ".config/op",
        ".kaggle",
        ".terraform.d",
    ),
    *(
        ".huggingface",
        ".cache/huggingface/token",
        ".config/huggingface",
        ".oci",
        ".boto",
        ".s3cfg",
        ".vault-token",
    ),
    *(
        ".mozilla",
        ".config/google-chrome",
        ".config/chromium",
        ".config/BraveSoftware",
        ".local/share/keyrings",
    ),
    *(
        ".bash_history",
        ".zsh_history",
        ".python_history",
        ".psql_history",
        ".mysql_history",
        ".node_repl_history",
    ),
    *(
        ".ipython/profile_default/history.sqlite",
        ".cargo/credentials.toml",
        ".cargo/credentials",
        ".gem/credentials",
    ),
)
_SECRET_ANYWHERE = (
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/ssh",
    "/etc/ssl/private",
)
_SECRET_PATTERNS = (
    *("/proc/*/environ", "/proc/*/mem", "/proc/*/maps", "/proc/*/cmdline", "/proc/*/fd", "/proc/*/fd/*"),
    *(
        "/proc/*/root*",
        "/proc/*/cwd/*",
        "/proc/kcore",
        "/dev/mem",
        "/dev/kmem",
        "*/docker.sock",
    ),
)
_SECRET_NAMES = (".env", ".env.*", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "*.kdbx", ".htpasswd")
_NO_SECRET = (".env.example", ".env.sample", ".env.template", ".env.dist")
# What is written there runs later, unasked.
_STARTS_AT_HOME = (
    *(
        ".bashrc",
        ".bash_profile",
        ".bash_login",
        ".bash_logout",
        ".profile",
        ".zshrc",
        ".zshenv",
        ".zprofile",
    ),
    *(".zlogin", ".kshrc", ".inputrc", ".vimrc", ".vim", ".emacs", ".emacs.d", ".gitconfig", ".config/git"),
    *(".config/systemd", ".config/autostart", ".config/fish", ".local/bin", ".ipython", ".jupyter"),
    *(".config/pip", ".pip", ".config/uv", ".pythonrc", ".local/lib", ".local/share/jupyter/kernels"),
)
_STARTS_ANYWHERE = (
    *(
        "/etc",
        "/boot",
        "/lib",
        "/lib64",
        "/usr",
        "/bin",
        "/sbin",
        "/opt",
        "/var/spool/cron",
        "/run",
        "/var/run",
    ),
    *("/sys", "/proc"),
)
_STARTS_IN_WORKSPACE = (".git/hooks", ".git/config", ".vscode/tasks.json", ".github/workflows")
_DEVICES = frozenset(("/dev/null", "/dev/zero", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/full"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """Where a command may write: the workspace, temporary folders, and what a person added."""

    workspace: Path
    more: tuple[Path, ...] = ()
    home: Path = field(default_factory=Path.home)
    private: tuple[Path, ...] = ()  #: folders of ours and of Jupyter's that hold tokens and records

    @property
    def writable(self) -> tuple[str, ...]:
        """The roots, links followed."""
        more = map(str, self.more)
        return realpaths((str(self.workspace), tempfile.gettempdir(), "/tmp", "/var/tmp", *more))


@dataclass(frozen=True, slots=True)
class Ruled:
    """What is said of one path: the answer, the rule, and why."""

    answer: Answer
    rule: str = ""
    why: str = ""


ALLOWED = Ruled("allow")


def read(path: str, cwd: Path, roots: Roots) -> Ruled:
    """Return whether `path` may be read; what is not a secret may."""
    return _secret(_real(path, cwd, roots), roots) or ALLOWED


def write(path: str, cwd: Path, roots: Roots) -> Ruled:
    """Return whether `path` may be made, changed or removed."""
    real = _real(path, cwd, roots)
    secret = _secret(real, roots)
    if secret:
        return secret
    if real in _DEVICES:
        return ALLOWED
    if below(real, "/dev") and not below(real, "/dev/shm"):
        return Ruled("refuse", "device", f"{real} is a device")
    inside = is_below(real, roots.writable) or below(real, "/dev/shm")
    starts = realpaths(_at_home(str(roots.home), _STARTS_AT_HOME))
    if is_below(real, starts) or (not inside and is_below(real, _STARTS_ANYWHERE)):
        return Ruled("refuse", "runs-later", f"what is written to {real} runs, or is trusted, later on")
    workspace = os.path.realpath(roots.workspace)
    if any(below(real, os.path.join(workspace, name)) for name in _STARTS_IN_WORKSPACE):  # noqa: PTH118
        return Ruled("ask", "runs-later", f"what is written to {real} runs later on")
    if not inside:
        return Ruled("ask", "outside", f"{real} is outside the workspace {workspace}")
    return ALLOWED


def remove_all(path: str, cwd: Path, roots: Roots) -> Ruled:
    """Return whether all below `path` may be removed: inside the workspace, and not that itself."""
    real, workspace = _real(path, cwd, roots), os.path.realpath(roots.workspace)
    if below(workspace, real):
        return Ruled("refuse", "recursive-delete", f"{real} holds the workspace")
    if not any(below(real, root) and real != root for root in roots.writable):
        return Ruled("refuse", "recursive-delete", f"{real} is outside the workspace {workspace}")
    return write(path, cwd, roots)


def below(path: str, root: str) -> bool:
    """Whether `path` is `root` or in it; both without links."""
    return path == root or path.startswith(root.rstrip("/") + "/")


def _real(path: str, cwd: Path, roots: Roots) -> str:
    home = str(roots.home)
    if path == "~" or path.startswith("~/"):
        path = home + path[1:]
    return os.path.realpath(cwd / path)


@functools.cache
def _shapes(patterns: tuple[str, ...]) -> Callable[[str], re.Match[str] | None]:
    """Return what tells whether a text has one of the shapes, as `fnmatch` reads them."""
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns)).match


@functools.lru_cache(maxsize=16)
def _at_home(home: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{home}/{name}" for name in names)


def _secret(real: str, roots: Roots) -> Ruled | None:
    name = os.path.basename(real)  # noqa: PTH119
    homes = realpaths(_at_home(str(roots.home), _SECRET_AT_HOME))
    private = realpaths(tuple(map(str, roots.private)))
    named = name not in _NO_SECRET and _shapes(_SECRET_NAMES)(name)
    is_there = any(is_below(real, places) for places in (homes, _SECRET_ANYWHERE, private))
    if named or is_there or _shapes(_SECRET_PATTERNS)(real):
        return Ruled("refuse", "secret", f"{real} holds secrets")
    return None
