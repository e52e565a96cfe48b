"""Node's own modules."""

from __future__ import annotations

import json
import shutil
import subprocess

from skips import requires

from autoexec_magic.installer.node.builtin import BUILTIN, NODE_VERSION, is_builtin


def test_the_list_is_that_of_its_version():
    """What the Node of that version says of itself; another version may know more."""
    requires(shutil.which("node"), "node is not installed", "apt-get install nodejs")
    code = "console.log(JSON.stringify([process.version, require('module').builtinModules]))"
    said = subprocess.run(["node", "-e", code], capture_output=True, check=True, timeout=60).stdout
    version, names = json.loads(said)
    if version == f"v{NODE_VERSION}":
        assert set(names) == BUILTIN
    else:
        assert {"fs", "fs/promises", "http2", "worker_threads"} <= BUILTIN & set(names)


def test_a_name_with_the_prefix_only_is_a_package_without_it():
    """`test` on the registry is somebody's package; `node:test` is Node's."""
    assert [is_builtin(each) for each in ("node:test", "test", "node:nothing", "sqlite")] == [
        True,
        False,
        False,
        False,
    ]
