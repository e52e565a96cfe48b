"""Puts values into a script before it starts, and writes down those it is to give back when it ends.

Python's `site` imports this module before the script, when the module that the
script will be, `__main__`, is there already. So the script is started by Python
itself as ever: its tracebacks, its lines and its end are as without any values.
"""

from __future__ import annotations

import atexit
import importlib.machinery
import importlib.util
import json
import os
import sys
from types import ModuleType
from typing import Any

_SAID = os.environ.pop("AUTOEXEC_HANDOVER", "")
_HERE = os.path.dirname(os.path.abspath(__file__))


def _package() -> ModuleType:
    """Return the folder above as a package, under a name that no script has."""
    folder = os.path.dirname(_HERE)
    name = "_autoexec_inside"
    spec = importlib.util.spec_from_file_location(
        name, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return importlib.import_module(f"{name}.carried")


def _take(carried: ModuleType, folder: str, into: dict[str, Any]) -> None:
    """Give the script the values that lie in a folder, each in one named after it."""
    for name in sorted(os.listdir(folder)):
        try:
            into[name] = carried.unpack(lambda file, name=name: _content(os.path.join(folder, name, file)))
        except (
            carried.RefusedError
        ) as error:  # what this interpreter lacks: a script without it would go wrong
            fix = f" ({error.fix})" if error.fix else ""
            sys.stderr.write(f"autoexec: {name} cannot be handed over: {error.why}{fix}\n")
            sys.stderr.flush()
            os._exit(1)


def _give(carried: ModuleType, folder: str, names: list[str], of: dict[str, Any], pid: int) -> None:
    """Write down the script's values; of a process that it forked, none."""
    if os.getpid() != pid:
        return
    for name in names:
        if name not in of:
            continue
        try:
            files = carried.pack(of[name])
        except carried.RefusedError as error:
            files = {"refused.json": json.dumps({"why": error.why, "fix": error.fix}).encode("ascii")}
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        for file, data in files.items():
            with open(os.path.join(folder, name, file), "wb") as to:
                to.write(data)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _without_us() -> None:
    """Leave what the script starts, and what it imports, as they would be without this folder."""
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != _HERE]
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(folder for folder in folders if folder and folder != _HERE)


def _run_hidden() -> None:
    """Run the `sitecustomize` that this one stands before, if there is one."""
    found = importlib.machinery.PathFinder.find_spec(__name__, sys.path)
    if found is not None and found.loader is not None:
        sys.modules[__name__] = module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)


def _start() -> None:
    given, taken, *names = _SAID.split("\n")
    carried, script = _package(), sys.modules["__main__"].__dict__
    _take(carried, given, script)
    if names:
        atexit.register(_give, carried, taken, names, script, os.getpid())


_without_us()
if _SAID:
    _start()
_run_hidden()
