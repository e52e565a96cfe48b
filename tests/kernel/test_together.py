"""Kernels that install into one environment at once, and one that is killed while it does."""

from __future__ import annotations

import base64
import csv
import hashlib
import time
from contextlib import ExitStack

import pytest
from harness import HANG_SECONDS, LOAD
from healing import Healing, served
from jupyter_client import KernelManager

from autoexec_magic.installer import lock

NAMES = ("lxml", "tabulate", "openpyxl", "xlrd")


@pytest.fixture(scope="module")
def index():
    """Yield an index whose projects take a moment to unpack."""
    with served.Index() as running:
        for name in NAMES:
            files = {f"{name}/__init__.py": "A = 1\n"}
            files |= {
                f"{name}/m{number}.py": f"A = {number}\n" for number in range(1500 if name == "lxml" else 9)
            }
            running.add(name, served.wheel(name, "3.1", files))
        yield running


@pytest.fixture
def kernels(index, tmp_path):
    """Yield kernels of one environment and one data folder, the extension loaded."""
    environment = {"AUTOEXEC_INDEX_URL": index.url, "NO_PROXY": "*", "no_proxy": "*"}
    environment["AUTOEXEC_DATA_DIR"] = str(tmp_path / "data")
    started = [Healing(tmp_path / str(number), **environment) for number in range(3)]
    for kernel in started[1:]:
        kernel.packages = started[0].packages
        specs = started[0]._manager.kernel_spec_manager
        kernel._manager = KernelManager(kernel_name="healing", kernel_spec_manager=specs)
    with ExitStack() as stack:
        for kernel in started:
            stack.enter_context(kernel).execute(LOAD).must_pass()
        yield started


def folder(kernel):
    """Return where the environment is."""
    return kernel.packages.parents[2]


def faults(kernel):
    """Return each file that is not as its distribution's record says."""
    found = []
    for info in kernel.packages.glob("*.dist-info"):
        if not (info / "RECORD").is_file():
            found.append(info.name)
            continue
        with (info / "RECORD").open() as record:
            rows = [row for row in csv.reader(record) if row[1]]
        for name, digest, _ in rows:
            place = kernel.packages / name
            held = hashlib.sha256(place.read_bytes()).digest() if place.is_file() else b""
            if digest != "sha256=" + base64.urlsafe_b64encode(held).decode().rstrip("="):
                found.append(name)
    return found


def importing(*names):
    """Return a marked cell that imports."""
    return "\n".join(["%%autoexec", *(f"import {name}" for name in names), "'done'"])


def test_what_another_kernel_has_installed_meanwhile_is_there(kernels):
    """Each waits for the one before it, and then needs less, or nothing at all."""
    with lock.held(hold_seconds=60, tell=lambda text: None, folder=folder(kernels[0])):
        sets = (NAMES[:3], NAMES[1:], NAMES[:3])
        cells = [kernel.start(importing(*names)) for kernel, names in zip(kernels, sets, strict=True)]
        for cell in cells:
            cell.until_text("which installs into")
    assert [cell.finish().must_pass().result for cell in cells] == ["'done'"] * 3
    assert faults(kernels[0]) == []
    assert "all of them fit" in kernels[0].execute("%autoexec ledger verify").must_pass().stdout


def test_in_place_as_well(kernels):
    """The import that waited finds the module and succeeds."""
    hidden = "%%autoexec\ndef work():\n    lxml = __import__('lx' + 'ml')\n    return lxml.A\nwork()"
    with lock.held(hold_seconds=60, tell=lambda text: None, folder=folder(kernels[0])):
        cells = [kernel.start(hidden) for kernel in kernels]
        for cell in cells:
            cell.until_text("which installs into")
    assert [cell.finish().must_pass().result for cell in cells] == ["1"] * 3


def test_a_kernel_that_is_killed_leaves_nothing_half_there(kernels):
    """The next cell clears away what is half there, and has it whole; the undo takes all back."""
    victim, other, third = kernels
    victim.start(importing(*NAMES))
    limit = time.monotonic() + HANG_SECONDS
    while not any((victim.packages / "lxml").glob("m*.py")) and time.monotonic() < limit:
        time.sleep(0.001)
    victim.kill()
    third.execute("%%autoexec\nimport json").must_pass()
    whole = [info.name.partition("-")[0] for info in other.packages.glob("*.dist-info")]
    assert sorted(path.name for path in other.packages.iterdir() if path.name in NAMES) == sorted(whole)
    assert faults(other) == []
    for kernel in (other, third):
        assert kernel.execute(importing("lxml", "lxml.m0", "lxml.m1499")).must_pass().result == "'done'"
    assert faults(other) == []
    assert not (folder(other) / lock.NAME).exists()
    for _ in range(2):
        other.execute("%autoexec install --undo --yes").must_pass()
    assert [path.name for path in other.packages.iterdir()] == ["parent.pth"]
    assert "all of them fit" in other.execute("%autoexec ledger verify").must_pass().stdout
