"""Files that another installed distribution has are not replaced unasked."""

from __future__ import annotations

from importlib import metadata
from types import SimpleNamespace

import pytest
from index import wheel

from autoexec_magic.installer import installed

CV2 = {"cv2/__init__.py": "FROM = 'ours'\n", "cv2/same.py": ""}


@pytest.mark.parametrize(("text", "asks"), [("FROM = 'theirs'\n", True), ("FROM = 'ours'\n", False)])
def test_a_file_of_another_distribution_is_a_question(environment, index, text, asks):
    """Both are named; a file with the same bytes is no loss."""
    environment.unpack(wheel("cv-other", "3.0", {"cv2/__init__.py": text, "cv2/same.py": ""}))
    index.add("opencv-python", wheel("opencv-python", files=CV2))
    answer = environment.drive("install", names=["opencv-python"])
    assert bool(answer.questions) == asks
    assert asks == ("cv-other 3.0" in str(answer.questions))
    assert ("opencv-python" in environment.distributions) != asks


def test_an_upgrade_replaces_its_own_files(environment, index):
    """A newer version of a distribution asks about the old one, and not about each file."""
    environment.unpack(wheel("opencv-python", "0.9", CV2))
    index.add("opencv-python", wheel("opencv-python", "1.0", {"cv2/__init__.py": "NEW = 1\n"}))
    answer = environment.drive("install", names=["opencv-python==1.0"], answer=True)
    assert answer.error is None
    assert not any("would replace" in line for item in answer.questions for line in item["evidence"])
    assert [item["fix"] for item in answer.questions] == ["%autoexec install opencv-python==1.0 --yes"]


def test_what_others_are_called_is_not_read_for_each_file(tmp_path, monkeypatch):
    """Every package has an `__init__.py`: an upgrade of a large one must not take seconds to judge."""
    for number in range(40):
        package = tmp_path / "other" / f"p{number}"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    for name, files in (
        ("other", [f"other/p{n}/__init__.py" for n in range(40)]),
        ("mine", ["mine/a/__init__.py"]),
    ):
        info = tmp_path / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: 1\n")
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    (tmp_path / "mine" / "a").mkdir(parents=True)
    (tmp_path / "mine" / "a" / "__init__.py").touch()
    here = installed.Places(*[str(tmp_path)] * 4)
    monkeypatch.setattr(installed, "places", lambda: here)
    read, real = [], metadata.PathDistribution.read_text
    monkeypatch.setattr(
        metadata.PathDistribution, "read_text", lambda self, name: read.append(name) or real(self, name)
    )
    inside = SimpleNamespace(names=("mine/a/__init__.py",), scripts=(), placed=())
    assert installed.overwrites(tmp_path / "none.whl", inside, "mine") == ()
    assert len(read) < 10


@pytest.mark.parametrize(
    ("there", "brought"),
    [
        ("frob.py", "frob.py"),
        ("frob.py", "frob/__init__.py"),
        ("frob/__init__.py", "frob.py"),
        ("frob/__init__.py", "frob/more.py"),
        ("frob/deeper/x.py", "frob/__init__.py"),
        ("frob/deeper/x.py", "frob.abi3.so"),
    ],
)
def test_another_s_module_is_a_question(environment, index, there, brought):
    """A wheel of a known name that brings what would be found in place of an installed module asks."""
    environment.unpack(wheel("frobber", "3.0", {there: "FROM = 'frobber'\n"}))
    index.add("pyusb", wheel("pyusb", files={"usb/__init__.py": "", brought: "FROM = 'pyusb'\n"}))
    answer = environment.heal("import usb")
    assert "frobber" in str(answer.resolutions)
    assert answer.decisions == {"usb": "ask"}
    assert "pyusb" not in environment.distributions


def test_a_part_of_a_namespace_is_no_question(environment, index):
    """What nobody made its own is everybody's."""
    environment.unpack(wheel("frobber", "3.0", {"frob/deeper/x.py": ""}))
    index.add("pyusb", wheel("pyusb", files={"usb/__init__.py": "", "frob/other/y.py": ""}))
    assert environment.heal("import usb").decisions == {"usb": "install"}


def test_the_environment_s_own_programs_are_not_replaced(environment, index):
    """What stands in `bin` and is on no record is asked about, like what is."""
    (environment.folder / "bin" / "frob").write_text("#!/bin/sh\n")
    files = {"usb/__init__.py": "", "pyusb-1.0.data/scripts/frob": "#!python\n"}
    index.add("pyusb", wheel("pyusb", files=files))
    answer = environment.heal("import usb")
    assert answer.decisions == {"usb": "ask"}
    assert "frob, which is no distribution's" in str(answer.questions or answer.resolutions)
