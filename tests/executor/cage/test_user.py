"""The cage of an ordinary user, witnessed from a process that is one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import jupyter_core
import platformdirs
import pytest
from skips import requires

import autoexec_magic

NOBODY = 65534
PYTHON = "/usr/bin/python3"
FOLDER = "/var/tmp"  # a user can get there; the tests' own folder may be root's
SOURCE = f"""
import json, os, sys
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
from autoexec_magic.errors import CageError
from autoexec_magic.executor import cage
try:
    seen = cage.witness(sys.argv[1])
    print(json.dumps([seen.mechanism, seen.held, seen.open]))
except CageError as error:
    print(json.dumps([error.why, [], []]))
"""


@pytest.mark.parametrize(
    ("level", "mechanism"), [("workspace", "landlock+seccomp"), ("sealed", "bubblewrap+seccomp")]
)
def test_a_user_is_caged_like_root(level, mechanism):
    """With no more open than what is compared afterwards."""
    requires(os.geteuid() == 0, "only root can become somebody else", "run as root")
    requires(os.access(PYTHON, os.X_OK), f"there is no {PYTHON}", "apt-get install python3")
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        for package in (autoexec_magic, jupyter_core, platformdirs):  # where Jupyter's folders are is asked
            shutil.copytree(Path(package.__file__).parent, Path(folder, package.__name__))
        Path(folder).chmod(0o755)
        env = {"PATH": os.defpath, "HOME": "/nonexistent", "PYTHONPATH": folder, "TMPDIR": FOLDER}
        argv = [PYTHON, "-B", "-c", SOURCE, level]
        ended = subprocess.run(argv, env=env, cwd=folder, capture_output=True, text=True, timeout=60)
    requires("SyntaxError" not in ended.stderr, f"{PYTHON} is too old", "Python 3.11 or newer as python3")
    found, held, left_open = json.loads(ended.stdout or f'["{ended.stderr[-300:]!r}", [], []]')
    requires(level != "sealed" or held, found, "apt-get install bubblewrap")
    assert found == mechanism
    assert len(held) >= 40
    unprotected = {name for name in left_open if not name.startswith("protected: ")}
    assert unprotected == set()
