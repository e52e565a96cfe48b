"""The demo heals, streams, fails and explains; and leaves nothing behind, however it ends."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from skips import skip

from autoexec_magic.executor.identity import HAS_PROC
from autoexec_magic.installer.sources import sources

if TYPE_CHECKING:
    from collections.abc import Iterator

DEMO_SECONDS = 100.0
STOP_SECONDS = 15.0
SLUGIFY = """
import re, unicodedata

def slugify(text):
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", plain.lower()).strip("-")
"""
HEALED = "'grusse-aus-dem-notebook-1-zelle-0-handgriffe'"


def load_index() -> object:
    """Import the installer's local index by its path."""
    if "index" not in sys.modules:
        path = Path(__file__).parent / "installer" / "index.py"
        spec = importlib.util.spec_from_file_location("index", path)
        sys.modules["index"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["index"]


def has_slugify() -> bool:
    """Whether this interpreter's environment has what the demo installs, asked of a new process."""
    code = "import importlib.util as u, sys; sys.exit(u.find_spec('slugify') is not None)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode != 0


@pytest.fixture
def environment(tmp_path, monkeypatch) -> dict[str, str]:
    """Return the variables of a demo: folders of its own, and no proxy before the local index."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    return {}


@pytest.fixture
def local(environment, monkeypatch) -> Iterator[None]:
    """Serve what the demo needs from this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    index = load_index()
    with index.Index() as served:
        served.add("python-slugify", index.wheel("python-slugify", "8.0.4", {"slugify/__init__.py": SLUGIFY}))
        monkeypatch.setenv("AUTOEXEC_INDEX_URL", served.url)
        yield


def start(tmp_path: Path) -> subprocess.Popen[str]:
    """Start the demo as a person does."""
    return subprocess.Popen(
        [sys.executable, "-m", "autoexec_magic", "demo"],
        cwd=tmp_path / "work",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def check_demo(tmp_path: Path) -> None:
    """Run the demo and look at what it said, what is on record, and what is left."""
    before = has_slugify()
    demo = start(tmp_path)
    out, err = demo.communicate(timeout=DEMO_SECONDS)
    assert demo.returncode == 0, err
    assert HEALED in err
    assert "line 5 of 5" in err
    assert "plum" in err
    assert "fix: write basket instead of baskett" in err
    assert "1 failed, 1 passed" in err
    assert "4 runs are on record" in out
    verdicts = []
    for run in sorted((tmp_path / "data" / "runs").iterdir()):
        last = json.loads((run / "events.jsonl").read_text("utf-8").splitlines()[-1])
        verdicts.append(last["event"]["verdict"])
    assert verdicts == ["passed", "passed", "failed", "failed"]
    kept = json.loads((tmp_path / "data" / "demo" / "01_first_cell.ipynb").read_text("utf-8"))
    assert HEALED in json.dumps([cell.get("outputs") for cell in kept["cells"]])
    assert has_slugify() == before
    assert leftovers(tmp_path) == []


def leftovers(tmp_path: Path) -> list[str]:
    """Return the names of what a demo left in the folder for temporary files, and its processes."""
    names = [path.name for path in (tmp_path / "tmp").iterdir() if path.name.startswith("autoexec-")]
    if HAS_PROC:
        mark = str(tmp_path / "tmp").encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "cmdline").read_bytes():
                    names.append((process / "cmdline").read_text(errors="replace"))
            except OSError:
                continue
    return names


@pytest.mark.limit(150)
@pytest.mark.usefixtures("local")
def test_it_heals_streams_fails_and_explains(tmp_path):
    """From a local index: the exit code, the transcript, the runs, the notebook, and nothing left."""
    check_demo(tmp_path)


@pytest.mark.online
@pytest.mark.limit(200)
@pytest.mark.usefixtures("environment")
def test_it_works_with_the_real_index(tmp_path, machine_environment):
    """As somebody sees it who has just installed the package."""
    url = sources().indexes[-1].rstrip("/") + "/python-slugify/"
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except (OSError, ValueError) as error:
        skip(f"the package index does not answer: {type(error).__name__}", "a network, or PIP_INDEX_URL")
    check_demo(tmp_path)


def wait_for(seen: object) -> None:
    """Wait until `seen` says so."""
    until = time.monotonic() + DEMO_SECONDS
    while not seen():
        assert time.monotonic() < until
        time.sleep(0.02)


def is_running(tmp_path: Path, words: str) -> bool:
    """Whether a process of the demo has `words` in its command line."""
    return any(words in line.replace("\0", " ") for line in leftovers(tmp_path))


STAGES = {
    "environment": lambda tmp_path: is_running(tmp_path, "-m venv"),
    "kernel": lambda tmp_path: is_running(tmp_path, "ipykernel_launcher"),
    "first-run": lambda tmp_path: any((tmp_path / "data" / "runs").glob("*/events.jsonl")),
    "command": lambda tmp_path: len(list((tmp_path / "data").glob("runs/*/events.jsonl"))) == 2,
}


@pytest.mark.limit(150)
@pytest.mark.usefixtures("local")
@pytest.mark.skipif(not HAS_PROC, reason="there is no /proc | provide: run it on Linux")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("stage", STAGES)
def test_a_stop_at_any_stage_leaves_nothing(tmp_path, stage, number):
    """The environment, the kernel and its children are gone, and no library shows its stack."""
    demo = start(tmp_path)
    try:
        wait_for(lambda: STAGES[stage](tmp_path))
        os.kill(demo.pid, number)
        _, err = demo.communicate(timeout=STOP_SECONDS)
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.communicate()
    assert demo.returncode in (130, -number)
    assert "Traceback" not in err, err
    assert "cancelled: " in err
    wait_for(lambda: leftovers(tmp_path) == [])
