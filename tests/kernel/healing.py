"""A kernel in an empty environment of its own, and the local index it installs from."""

from __future__ import annotations

import importlib.util
import json
import site
import sys
import venv
from pathlib import Path

from harness import Kernel
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient


def _load_index():
    """Import the local index of the installer's tests by its path."""
    if "index" not in sys.modules:
        path = Path(__file__).parents[1] / "installer" / "index.py"
        spec = importlib.util.spec_from_file_location("index", path)
        sys.modules["index"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["index"]


served = _load_index()


class Healing(Kernel):
    """A kernel whose environment starts empty, but for what the tests themselves use."""

    def __init__(self, folder, **environment):
        super().__init__(folder, **environment)
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.packages = packages = folder / "venv" / "lib" / version / "site-packages"
        lines = [f"import site; site.addsitedir({path!r})\n" for path in site.getsitepackages()]
        (packages / "parent.pth").write_text("".join(lines))
        place = folder / "kernels" / "healing"
        place.mkdir(parents=True)
        argv = [
            str(folder / "venv" / "bin" / "python"),
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ]
        (place / "kernel.json").write_text(
            json.dumps({"argv": argv, "display_name": "h", "language": "python"})
        )
        specs = KernelSpecManager(kernel_dirs=[str(place.parent)])
        self._manager = KernelManager(kernel_name="healing", kernel_spec_manager=specs)

    def write_library(self, name: str, text: str) -> None:
        """Put a module into the environment, as an installed library."""
        path = self.packages / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def run_notebook(self, notebook, monkeypatch) -> None:
        """Run a notebook as nbclient does, in a new kernel of the same environment."""
        for name, value in (self._environment | {"JUPYTER_PATH": str(self.cwd.parent)}).items():
            monkeypatch.setenv(name, value)
        resources = {"metadata": {"path": str(self.cwd)}}
        NotebookClient(notebook, kernel_name="healing", resources=resources, timeout=120).execute()
