"""Where the files of a wheel may not land."""

from __future__ import annotations

import pytest
from index import wheel

from autoexec_magic.installer.wheel import look


@pytest.fixture
def inside(tmp_path):
    """Return a function that looks into a wheel of `frob` with these files."""

    def looked(files, distribution="frob"):
        path = tmp_path / "frob-1.0-py3-none-any.whl"
        path.write_bytes(wheel(distribution, files={"frob.py": "", **files}).content)
        return look(path, distribution)

    return looked


@pytest.mark.parametrize(
    "name",
    [
        "numpy-9.0.dist-info/METADATA",
        "numpy-9.0.dist-info/RECORD",
        "FROB-1.0.dist-info/entry_points.txt",
        "other-1.0.data/scripts/frob",
        "other-1.0.data/purelib/numpy.py",
        "frob-1.0.DATA/purelib/numpy.py",
        "frob-1.0.data/PURELIB/numpy.py",
        "frob-1.0.data/wherever/x",
        "frob-1.0.data/scripts",
    ],
)
def test_the_folders_of_another_distribution_are_a_fault(inside, name):
    """Installers do different things with a second record or a foreign data folder: refused."""
    assert inside({name: ""}).faults


@pytest.mark.parametrize(
    "name",
    [
        "pip.conf",
        "pip.ini",
        "pyvenv.cfg",
        "conda-meta/history",
        "ssl/cacert.pem",
        ".autoexec-install.lock",
        "share/jupyter/kernels/python3/kernel.json",
    ],
)
def test_settings_of_the_environment_are_a_fault(inside, name):
    """No wheel says where the next one comes from, which Python starts, or whom to trust."""
    assert any(name in fault for fault in inside({f"frob-1.0.data/data/{name}": ""}).faults)


def test_the_kernel_of_ipykernel_is_its_own(inside):
    """The distribution that is Python's kernel brings it."""
    kernel = {"ipykernel-1.0.data/data/share/jupyter/kernels/python3/kernel.json": "{}"}
    assert inside(kernel, "ipykernel").faults == ()


@pytest.mark.parametrize(
    "name", ["__pycache__/six.cpython-311.pyc", "yaml/__pycache__/__init__.cpython-311.pyc"]
)
def test_bytecode_without_its_source_is_a_fault(inside, name):
    """Bytecode is run in place of a source that stands there already: it may not be another's."""
    assert any(name in fault for fault in inside({name: ""}).faults)
    source = name.replace("__pycache__/", "").replace(".cpython-311.pyc", ".py")
    assert inside({name: "", source: ""}).faults == ()


@pytest.mark.parametrize("name", ["sub/python", "../../../python", "/tmp/python", "activate", ".hidden"])
def test_a_program_is_a_plain_name(inside, name):
    """pip takes the last part of a path for the program's name: `sub/python` would be `python`."""
    entry = {"frob-1.0.dist-info/entry_points.txt": f"[console_scripts]\n{name} = frob:main\n"}
    assert any(name in fault for fault in inside(entry).faults)


def test_the_next_install_asks_the_same_index(environment, index):
    """A known wheel that brings pip's settings is refused, and no settings are left behind."""
    index.add(
        "pyusb", wheel("pyusb", files={"usb/__init__.py": "", "pyusb-1.0.data/data/pip.conf": "[global]\n"})
    )
    before = environment.files
    answer = environment.heal("import usb")
    assert answer.decisions == {"usb": "refuse"}
    assert "pip.conf" in answer.raw
    assert environment.files == before
