"""How uv is asked to install: wheels only, from the person's sources, by no settings of the project's.

The one place of a build that starts `uv pip install`. What is asked for goes over
the standard input: a line may hold a login.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import BuildError, MissingTool
from .bench import Bench
from .unmet import unmet

#: uv reads no settings of a project's; who installs hears where packages come from (a login may stand in it)
PLAIN: Mapping[str, str] = {"UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"}
CACHES = ("UV_CACHE_DIR", "UV_LINK_MODE", "NETRC")
_WORDS = ("pip", "install", "--quiet", "--no-progress", "--color", "never", "--only-binary", ":all:")


def installed(
    where: Sequence[str],
    lines: Sequence[str],
    bench: Bench,
    failed: BuildError,
    *,
    cwd: Path,
    is_hashed: bool = False,
) -> None:
    """Install where nothing is installed yet; without lines nothing is done.

    Parameters
    ----------
    where : sequence of str
        The options that say into what, and for which Python.
    lines : sequence of str
        As `requirements.checked` allows them, or wheels of our own.
    failed : BuildError
        Raised where it cannot be done, with what uv said.
    is_hashed : bool, default False
        Whether these alone are installed, each by a hash of its own.

    Raises
    ------
    MissingTool, BuildError, RunTimeout, Cancelled
        There is no uv, or `failed`.
    """
    if not lines:
        return
    words = [*_WORDS, "--no-compile-bytecode", *where, "-r", "-"]
    words += ["--require-hashes"] if is_hashed else []
    ended = bench.start(
        (str(uv_of(bench)), *words),
        cwd=cwd,
        env={**PLAIN, **bench.sources},
        pass_on=CACHES,
        stdin="".join(f"{each}\n" for each in lines),
        is_foreign=False,
        is_quiet=True,
        timeout=bench.timeout,
    )
    if ended.ended == "exited" and ended.returncode:
        said = [line.strip(" ×╰─▶│\t") for line in ended.stderr.splitlines() if line.strip(" ×╰─▶│\t")]
        why, fix = unmet(" ".join(said))
        failed.why, failed.fix = why or f"uv ended with exit code {ended.returncode}", fix or failed.fix
        raise failed
    bench.ran(ended, failed)


def uv_of(bench: Bench) -> Path:
    """Return uv.

    Raises
    ------
    MissingTool
        There is none.
    """
    if bench.uv is None:
        raise MissingTool(
            "uv is not installed", why="it makes the environments of builds", fix="%autoexec install uv"
        )
    return bench.uv
