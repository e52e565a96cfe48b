"""Heavy imports wait: loading the extension, or importing the package, costs little."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from harness import HANG_SECONDS, LOAD

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Kernel

SDKS = {"boto3", "botocore", "kubernetes", "docker", "google", "distributed", "dask"}
TOOLS = {"pytest", "ipywidgets", "nbformat", "nbclient", "unearth", "httpx2", "jupyter_server", "uv", "pip"}
FRONT = {"IPython", "ipykernel", "jupyter_client"}
ADDED = """
import json, sys
before = set(sys.modules)
import {module}
print(json.dumps(sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})))
"""
LOADED = "sorted({name.partition('.')[0] for name in set(sys.modules) - before})"


def added_by(module: str, folder: Path) -> set[str]:
    """Return the top-level modules that `import module` brings into a plain Python."""
    done = subprocess.run(
        [sys.executable, "-c", ADDED.format(module=module)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=True,
    )
    return set(json.loads(done.stdout))


def test_importing_the_package_loads_the_standard_library_only(tmp_path):
    """`import autoexec_magic` in a plain script brings in nothing that is not Python's own."""
    added = added_by("autoexec_magic", tmp_path)
    assert "autoexec_magic" in added
    assert added - set(sys.stdlib_module_names) == {"autoexec_magic"}


@pytest.mark.parametrize("module", ["autoexec_magic", "autoexec_magic.api", "autoexec_magic.ui.cli"])
def test_nothing_heavy_is_loaded_without_a_notebook(tmp_path, module):
    """Neither Jupyter nor an SDK nor a tool is loaded for the package, its functions or its command line."""
    added = added_by(module, tmp_path)
    assert "autoexec_magic" in added
    assert not added & (SDKS | TOOLS | FRONT)


def test_loading_the_extension_loads_nothing_heavy(new_kernel: Callable[..., Kernel]):
    """In a fresh kernel, neither loading nor a whole cell nor a command brings in an SDK or a tool."""
    kernel = new_kernel()
    kernel.execute("import sys\nbefore = set(sys.modules)").must_pass()
    kernel.execute(LOAD).must_pass()
    added = kernel.value(LOADED)
    assert "'autoexec_magic'" in added
    assert not {name for name in SDKS | TOOLS if f"'{name}'" in added}
    kernel.execute("%%autoexec\nimport json\nprint(json.dumps(1))").must_pass()
    kernel.execute("%%autoexec\n1 / 0")
    kernel.execute("%autoexec sh echo hello").must_pass()
    added = kernel.value(LOADED)
    assert not {name for name in SDKS | TOOLS if f"'{name}'" in added}
