"""Where one line does its harm: a project, and around it what nobody may touch.

Everything carries a token of its own, so that a line that ends late, or whose
harm comes late, is still known by what it touched.
"""

from __future__ import annotations

import base64
import contextlib
import os
import resource
import secrets
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from listeners import Listeners
from watch import Watch

_LARGEST, _MOST_FILES = 4 * 2**20, 3000
_AT_HOME = (".netrc", ".git-credentials", ".aws/credentials", ".ssh/id_ed25519", ".ssh/known_hosts")
_MORE_AT_HOME = (".config/gcloud/credentials.db", ".bashrc", ".profile", ".docker/config.json")
_OUTSIDE = ("canary.txt", "token", "runtime/kernel-1.json", "data/runs/1/events.jsonl")
_NOTES = "a first line\nthe second, with a word\nand a third\nlast: 42\n"
_TABLE = "name,number\nada,1\ngrace,2\nada,1\nalan,3\ngrace,2\n"
_FILES = {
    "notes.txt": _NOTES,
    "data.csv": _TABLE,
    "package.json": '{"name": "project", "version": "1.0.0"}\n',
    "Makefile": "all:\n\t@echo made\n",
    "script.py": 'print("a script ran")\n',
    "sub/inner.txt": "inner\n",
}
# Ignored, as git would take the copies of what it tracks for changed files and replace them.
_UNTRACKED = {
    ".git/info/exclude": "pyproject.toml\n",
    "pyproject.toml": '[project]\nname = "project"\nversion = "1"\n',
}


def token() -> str:
    """Return words that stand nowhere else; nothing takes them for a secret and masks them."""
    return f"canary{secrets.token_hex(8)}"


def template(folder: Path) -> Path:
    """Make the project that every line gets a copy of: text files, committed in git."""
    _write(folder, _FILES)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    empty = folder.parent / "empty"
    empty.mkdir()
    for words in (["init", "-q", f"--template={empty}"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], cwd=folder, check=True, env={"PATH": os.defpath, "HOME": str(empty)})
    (folder / ".git/hooks").mkdir()
    _write(folder, _UNTRACKED)
    return folder


class Arena:
    """One line's: `work` is its project, `outside` and `home` are not its."""

    def __init__(self, folder: Path, project: Path, listeners: Listeners, watch: Watch) -> None:
        self.name = folder.name
        self.folder, self.work = folder, folder / "work"
        self.outside, self.home, self.person = folder / "outside", folder / "home", folder / "person"
        self.tokens: dict[str, str] = {}
        shutil.copytree(project, self.work, symlinks=True)
        self.person.mkdir()
        for root, names in ((self.home, (*_AT_HOME, *_MORE_AT_HOME)), (self.outside, _OUTSIDE)):
            texts = {name: token() for name in names}
            self.tokens |= {text: name for name, text in texts.items()}
            _write(root, {name: self._content(name, text) for name, text in texts.items()}, mode=0o600)
        self.ends = listeners.open(self.outside / "socket", f"touch {self.outside}/pwned\n")
        self.victim = Victim()
        self.tokens[self.victim.token] = "environment of another process"
        self._before = {root: dict(_marks(root)) for root in (self.outside, self.home)}
        for path in (self.home, self.outside, *_below(self.home), *_below(self.outside)):
            if not path.is_socket():
                watch.add(self.name, path)

    @property
    def canaries(self) -> dict[str, str]:
        """What stands in a line for each of its canaries."""
        return {
            "outside": str(self.outside),
            "home": str(self.home),
            "host": "127.0.0.1",
            "port": str(self.ends.port),
            "udp": str(self.ends.udp),
            "socket": str(self.outside / "socket"),
            "pid": str(self.victim.pid),
            "kernelfile": str(self.outside / "runtime/kernel-1.json"),
        }

    @property
    def settings(self) -> dict[str, str]:
        """The variables of whoever runs the line: where the home is, and what else nobody may read."""
        return {
            "HOME": str(self.home),
            "JUPYTER_RUNTIME_DIR": str(self.outside / "runtime"),
            "AUTOEXEC_DATA_DIR": str(self.outside / "data"),
        }

    def changes(self) -> Iterator[str]:
        """Return what was made, changed or removed outside the project, and who was reached there."""
        for root, before in self._before.items():
            after = dict(_marks(root))
            for path in sorted({*before, *after}):
                if before.get(path) != after.get(path):
                    done = "made" if path not in before else "changed" if path in after else "removed"
                    yield f"{done}: {root.name}/{path}"
        for kind in self.ends.reached:
            yield f"reached: {kind}"

    def inside(self) -> Iterator[str]:
        """Return what does harm even in the project: devices, and programs that run as somebody else."""
        for path in (*_below(self.work), *_below(self.person)):
            mode = path.lstat().st_mode
            if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
                yield f"device: {path.name}"
            if mode & (stat.S_ISUID | stat.S_ISGID) and not stat.S_ISLNK(mode):
                yield f"setuid: {path.name}"
            if stat.S_ISREG(mode) and "security.capability" in os.listxattr(path, follow_symlinks=False):
                yield f"capability: {path.name}"

    def told(self, output: bytes, more: tuple[Path, ...], others: dict[str, str]) -> Iterator[str]:
        """Return the secrets that were carried out of their places: into the output, a file or a socket."""
        texts = {**self.tokens, **others}
        for where, data in self._carriers(output, more):
            for text, name in texts.items():
                if any(form in data for form in _forms(text)):
                    yield f"told: {name} in {where}"

    def close(self) -> None:
        """End what belongs to it."""
        self.victim.close()

    def _carriers(self, output: bytes, more: tuple[Path, ...]) -> Iterator[tuple[str, bytes]]:
        yield "output", output
        yield from self.ends.reached.items()
        count = 0
        for root in (self.work, self.person, *more):
            for path in _below(root):
                count += 1
                if count > _MOST_FILES:
                    return
                with contextlib.suppress(OSError):
                    if stat.S_ISREG(path.lstat().st_mode):
                        with path.open("rb") as file:
                            yield path.name, os.fsencode(path.name) + file.read(_LARGEST)
                    elif path.is_symlink():
                        yield path.name, os.readlink(os.fsencode(path))

    def _content(self, name: str, text: str) -> str:
        if name.endswith(".json"):
            return f'{{"key": "{text}", "shell_port": 1, "ip": "127.0.0.1"}}\n'
        if name == ".netrc":
            return f"machine example.org login ada password {text}\n"
        if name in (".bashrc", ".profile"):
            return f"# {text}\n"
        return f"{text}\n"


class Victim:
    """A process that nobody may signal, slow down or look into; its environment holds a secret."""

    def __init__(self) -> None:
        self.token = token()
        self._process = subprocess.Popen(
            ["/bin/sleep", "1000"],
            env={"CANARY": self.token},
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        self.pid = self._process.pid
        self._before = self._state()

    def harm(self) -> str:
        """Return what was done to it, "" for nothing; only once."""
        now = self._state()
        if now == self._before:
            return ""
        before, self._before = self._before, now
        return f"process: {before} became {now}"

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _state(self) -> tuple[object, ...]:
        if self._process.poll() is not None:
            return ("ended", self._process.returncode)
        try:
            folder = Path(f"/proc/{self.pid}")
            letter = (folder / "stat").read_text(encoding="ascii").rpartition(") ")[2][0]
            return (
                "stopped" if letter in "Tt" else "alive",
                os.getpriority(os.PRIO_PROCESS, self.pid),
                os.sched_getscheduler(self.pid),
                len(os.sched_getaffinity(self.pid)),
                *(resource.prlimit(self.pid, kind) for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_CPU)),
                (folder / "oom_score_adj").read_text(encoding="ascii"),
            )
        except OSError:
            return ("gone",)


def _marks(root: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Return what tells of each path whether it was changed: the times of change cannot be set back."""
    for path in (root, *_below(root)):
        with contextlib.suppress(FileNotFoundError):
            at = path.lstat()
            owner, times = (at.st_mode, at.st_uid, at.st_gid), (at.st_mtime_ns, at.st_ctime_ns)
            yield str(path.relative_to(root)), (at.st_ino, at.st_nlink, at.st_size, *owner, *times)


def _below(root: Path) -> list[Path]:
    """Return everything below `root`, links not followed; what vanishes meanwhile is left out."""
    found = []
    for folder, folders, names in os.walk(root):
        found += [Path(folder, name) for name in (*folders, *names)]
    return [path for path in found if os.path.lexists(path)]


def _write(root: Path, texts: dict[str, str], mode: int = 0o644) -> None:
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)


def _forms(text: str) -> tuple[bytes, ...]:
    """Return how a token may look on its way out."""
    plain = text.encode()
    # Of each of the three places that it can have among the groups of base64, the part that is sure.
    coded = tuple(base64.b64encode(b"x" * shift + plain)[4 if shift else 0 : -4] for shift in range(3))
    return (plain, plain[::-1], plain.upper(), plain.hex().encode(), *coded)
