"""`pip install .` alone gives the panel and enables its server extension."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PANEL = "share/jupyter/labextensions/autoexec-magic"
CONFIG = "etc/jupyter/jupyter_server_config.d/autoexec_magic.json"

pytestmark = pytest.mark.online


def pip(*words: str, python: str = sys.executable) -> None:
    """Run pip for an interpreter; it must succeed."""
    argv = [sys.executable, "-m", "pip", "--python", python, "--quiet", "--no-input", *words]
    done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.fixture
def wheel(tmp_path: Path, machine_environment: dict[str, str]) -> Path:
    """Build the wheel as pip builds it, in an environment of its own."""
    pip("wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT))
    (found,) = tmp_path.glob("*.whl")
    return found


@pytest.mark.limit(300)
def test_a_wheel_holds_the_panel_once_and_jupyter_finds_it(wheel: Path, tmp_path: Path):
    """Both halves enabled and OK, from the wheel alone; nothing of the workshop is in it."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
    data = [name for name in names if f".data/data/{PANEL}/" in name]
    assert any(name.endswith("/package.json") for name in data)
    assert any(re.search(r"/static/remoteEntry\..*\.js$", name) for name in data)
    assert any(name.endswith("/install.json") for name in data)
    assert any(name.endswith(CONFIG) for name in names)
    assert not [
        name
        for name in names
        if re.search(r"node_modules|\.yarn|build_log|autoexec_magic/labextension", name)
    ]
    assert wheel.stat().st_size < 4 * 2**20
    assert "Requires-Dist: jupyterlab" not in re.sub(r"Requires-Dist: .*extra ==.*", "", metadata)

    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    pip("install", "--no-deps", str(wheel), python=str(venv / "bin" / "python"))
    # What the wheel needs is lent by the environment that runs the tests; the wheel itself is not.
    (site,) = (venv / "lib").glob("python*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("purelib"))
    for module in ("jupyterlab.labextensions", "jupyter_server.extension.serverextension"):
        done = subprocess.run(
            [str(venv / "bin" / "python"), "-m", module, "list"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
        assert re.search(r"autoexec.magic.*OK", said), said
        assert str(venv) in said, said
