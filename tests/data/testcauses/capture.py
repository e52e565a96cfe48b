"""Runs the suites of `suite.txt` and `heldout.txt`, and keeps what the plugin tells in `records/*.jsonl`.

    python capture.py PYTHON [PLUGIN]

PYTHON has pytest, pytest-xdist, pytest-timeout, pytest-rerunfailures, syrupy,
hypothesis, requests and numpy. Paths of the machine are replaced before anything is written.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PLUGIN = HERE.parents[2] / "autoexec_magic" / "testrunner" / "inside" / "own" / "autoexec_plugin.py"
HELD_OUT = {"heldout": ["tests", "--continue-on-collection-errors", "-p", "no:timeout", "-p", "no:xdist"]}
RUNS = {
    "main": ["tests", "--continue-on-collection-errors", "-p", "no:timeout", "-p", "no:xdist"],
    "strict": ["strict", "-W", "error"],
    "slow": ["slow", "--timeout=0.3"],
    "crash": ["crash", "-n1"],
    "killed": ["crash", "-p", "no:xdist"],
    "again": ["again", "--reruns=1"],
    "short": ["styles", "--tb=short"],
    "native": ["styles", "--tb=native"],
    "line": ["styles", "--tb=line"],
    "no": ["styles", "--tb=no"],
}


def unpack(text: str, folder: Path) -> None:
    """Write the files of a suite, each behind a line `=== PATH`."""
    for part in text.split("=== ")[1:]:
        name, _, body = part.partition("\n")
        path = folder / name.strip()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")


def records(python: str, root: Path, arguments: list[str]) -> str:
    """Return what the plugin told of one run."""
    into, out = os.pipe()
    os.set_inheritable(out, True)
    plugins = root.parent / "plugin"
    env = {
        # pytest shows the environment where os.environ fails: no more of it than is needed
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp/x",
        "LANG": "C.UTF-8",
        "AUTOEXEC_RECORDS": str(out),
        "PYTHONPATH": f"{plugins}{os.pathsep}{root}",
        "COLUMNS": "80",
    }
    argv = [
        python,
        "-m",
        "pytest",
        "-p",
        "autoexec_plugin",
        "-p",
        "no:cacheprovider",
        "-q",
        "--strict-markers",
    ]
    with tempfile.TemporaryFile() as screen:
        child = subprocess.Popen([*argv, *arguments], cwd=root, env=env, pass_fds=[out], stdout=screen,
                                 stderr=subprocess.STDOUT)  # fmt: skip
        os.close(out)
        with open(into, "rb") as pipe:
            told = pipe.read().decode()
        child.wait()
        screen.seek(0)
        print(arguments, child.returncode, screen.read().decode().strip().splitlines()[-12:], file=sys.stderr)
    return told


def scrubbed(text: str, root: Path, python: str) -> str:
    """Return `text` without what is this machine's own."""
    ask = "import os, sys; print(sys.prefix); print(os.path.dirname(os.__file__))"
    prefix = subprocess.check_output([python, "-c", ask], text=True).split()
    text = text.replace(str(root), "/tmp/x/proj").replace(str(root.parent), "/tmp/x")
    text = re.sub(r"/tmp/tmp\.\.\.\w*", "/tmp/x...", text)
    for found, name in zip(prefix, ("/tmp/x/venv", "/usr/lib/python3.11"), strict=True):
        text = text.replace(os.path.relpath(found, root), "../" + name.removeprefix("/tmp/x/"))
        text = text.replace(found, name)
    return re.sub(r"(?:\.\./)+(?:\w+/)*lib/python3", "../../../usr/lib/python3", text)


def main(python: str, plugin: str = str(PLUGIN)) -> None:
    """Run all of them."""
    shutil.rmtree(HERE / "records", ignore_errors=True)
    (HERE / "records").mkdir()
    for suite, runs in (("suite.txt", RUNS), ("heldout.txt", HELD_OUT)):
        with tempfile.TemporaryDirectory() as made:
            root = Path(made).resolve() / "proj"
            (root.parent / "plugin").mkdir()
            shutil.copy(plugin, root.parent / "plugin" / "autoexec_plugin.py")
            unpack((HERE / suite).read_text(encoding="utf-8"), root)
            for name, arguments in runs.items():
                told = scrubbed(records(python, root, arguments), root, python)
                (HERE / "records" / f"{name}.jsonl").write_text(told, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
