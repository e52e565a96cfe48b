"""`--fix` installs what a script could not import: by proof, from a local index, and it passes."""

from __future__ import annotations

import pytest
from harness import LOAD
from healing import Healing, served

from autoexec_magic.events import FixTried, Installed

OFFER = """
import dataclasses
from autoexec_magic import diagnosis
from autoexec_magic.values import Action
real = diagnosis.diagnose_outcome
def diagnose(outcome, **more):
    found = real(outcome, **more)
    if found is not None and found.code == 'module-not-found':
        found = dataclasses.replace(found, action=Action(kind='install', values=(found.why.split("'")[1],)))
    return found
diagnosis.diagnose_outcome = diagnose
"""
SCRIPT = "%%autoexec script {}\nimport importlib\nprint(importlib.import_module('{}').A)"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """Yield a kernel whose environment is empty, with an index of two projects beside it."""
    with served.Index() as index:
        index.add("pyserial", served.wheel("pyserial", "3.0", {"serial/__init__.py": "A = 'serial'\n"}))
        index.add("strange", served.wheel("strange", "1.0", {"strange.py": "A = 'strange'\n"}))
        environment = {"AUTOEXEC_INDEX_URL": index.url, "NO_PROXY": "*", "no_proxy": "*"}
        with Healing(tmp_path_factory.mktemp("fixing"), **environment) as started:
            started.execute(LOAD).must_pass()
            started.execute(OFFER).must_pass()
            yield started


def tried(kernel):
    """Return what the newest script's record has of fixing."""
    return [event for event in kernel.events(kernel.last("script")) if isinstance(event, FixTried)]


def test_without_fix_nothing_is_installed(kernel):
    """An import that no scan sees fails, and that is all."""
    cell = kernel.execute(SCRIPT.format("--cage open", "serial"))
    assert cell.status == "error"
    assert tried(kernel) == []


def test_what_is_proved_and_known_is_installed_and_the_script_passes(kernel):
    """In the environment of the script, from exactly the wheel that was looked into; on one record."""
    cell = kernel.execute(SCRIPT.format("--fix --cage open", "serial")).must_pass()
    assert "+ pyserial 3.0" in cell.text()
    assert "serial\n" in cell.stdout
    [found] = tried(kernel)
    assert (found.by, found.what, found.outcome) == ("install", "installed pyserial 3.0", "passed")
    events = kernel.events(kernel.last("script"))
    assert [event.distribution for event in events if isinstance(event, Installed)] == ["pyserial"]


@pytest.mark.parametrize("name", ["strange", "frob_nobody_has"])
def test_what_heal_would_ask_about_is_asked_about(kernel, name):
    """Only the same name, or nobody's: `--fix` and `--auto` install no more than a heal does."""
    cell = kernel.execute(SCRIPT.format("--auto --cage open", name))
    assert cell.status == "error"
    assert tried(kernel) == []  # nothing is offered for it
    assert "%autoexec install" in cell.error
    assert kernel.execute(f"import {name}").status == "error"
    assert kernel.last("script").verdict == "failed"
