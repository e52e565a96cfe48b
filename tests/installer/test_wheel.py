"""What a wheel holds, and what rules it out whoever says yes."""

from __future__ import annotations

import io
import zipfile

import pytest
from index import wheel

from autoexec_magic.installer.wheel import look

ENTRY = "frob-1.0.dist-info/entry_points.txt"


@pytest.fixture
def inside(tmp_path):
    """Return a function that looks into a wheel with these files."""

    def looked(files, distribution="frob"):
        path = tmp_path / "frob-1.0-py3-none-any.whl"
        path.write_bytes(wheel(distribution, files=files).content)
        return look(path, distribution)

    return looked


def command(name: str) -> dict[str, str]:
    """Return the files of a wheel with one console script."""
    return {"frob.py": "", ENTRY: f"[console_scripts]\n{name} = frob:main\n"}


def test_a_sound_wheel_has_no_faults(inside):
    """Modules, data in share, headers and a program of its own are what wheels are for."""
    files = {
        **command("frob"),
        "frob-1.0.data/data/share/frob/x.txt": "",
        "frob-1.0.data/headers/frob.h": "",
        "frob-1.0.data/data/etc/jupyter/nbconfig/notebook.d/frob.json": "{}",
    }
    found = inside(files)
    assert (found.faults, found.pth, found.scripts, found.tops) == ((), (), ("frob",), ("frob",))


@pytest.mark.parametrize(
    "name",
    ["python", "python3", "python3.11", "Python.exe", "pip", "pip3", "uv", "uvx", "jupyter", "git", "ls"],
)
def test_a_program_of_somebody_else_s_name_is_a_fault(inside, name):
    """No wheel puts itself before a program that people and our own policy trust by its name."""
    by_entry, by_file = (
        inside(command(name)),
        inside({"frob.py": "", f"frob-1.0.data/scripts/{name}": "#!python\n"}),
    )
    for found in (by_entry, by_file):
        assert any(f"a program called {name}" in fault for fault in found.faults)


@pytest.mark.parametrize(
    ("distribution", "name"),
    [
        ("pytest", "pytest"),
        ("ruff", "ruff"),
        ("uv", "uvx"),
        ("pip", "pip3.11"),
        ("jupyter_core", "jupyter"),
        ("ipython", "ipython3"),
        ("uvicorn", "uvicorn"),
        ("pip-tools", "pip-compile"),
        ("jupytext", "jupyter-text"),
    ],
)
def test_a_program_of_its_own_is_none(inside, distribution, name):
    """The distribution that owns a name brings the program of that name."""
    stem = distribution.replace("-", "_")
    entry = f"{stem}-1.0.dist-info/entry_points.txt"
    found = inside({"x.py": "", entry: f"[console_scripts]\n{name} = x:main\n"}, distribution)
    assert found.faults == ()


@pytest.mark.parametrize(("distribution", "is_fault"), [("setuptools", False), ("frob", True)])
def test_setuptools_may_bring_its_own_hook(inside, distribution, is_fault):
    """What half of all distributions need is not refused; the same file of anybody else is."""
    found = inside({"x.py": "", "distutils-precedence.pth": ""}, distribution)
    assert bool(found.pth) == is_fault
    assert inside({"x.py": "", "evil.pth": ""}, distribution).pth


def test_nobody_owns_python(inside):
    """A distribution called python has no claim to the interpreter's name."""
    entry = {"x.py": "", "python-1.0.dist-info/entry_points.txt": "[console_scripts]\npython = x:main\n"}
    assert inside(entry, "python").faults


@pytest.mark.parametrize(
    "place", ["bin/frob", "lib/libfrob.so", "etc/profile.d/frob.sh", "etc/jupyter/x.json"]
)
def test_data_that_runs_is_a_fault(inside, place):
    """Data may not land where programs, libraries and settings are."""
    assert any(place in fault for fault in inside({"frob.py": "", f"frob-1.0.data/data/{place}": ""}).faults)


@pytest.mark.parametrize(
    "files",
    [
        ["frob.py", "Frob.py"],
        ["frob.py", "./frob.py"],
        ["frob.py", "frob-1.0.data/purelib/frob.py"],
        ["fr\u00f6b.py", "fro\u0308b.py"],
    ],
)
def test_two_names_of_one_file_are_a_fault(inside, files):
    """Names that land in one place, on some file system at least, are ambiguous."""
    assert "it holds the same file name twice" in inside(dict.fromkeys(files, "")).faults


def test_an_encrypted_wheel_is_a_fault(tmp_path):
    """What only some can read is not what everybody looked into."""
    content = bytearray(wheel("frob").content)
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    path = tmp_path / "frob-1.0-py3-none-any.whl"
    path.write_bytes(content)
    assert "it is encrypted" in look(path, "frob").faults


def test_a_zip_of_the_future_is_damaged(tmp_path):
    """A version that no reader here knows is said to be unreadable, not raised as something else."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("frob.py", "")
        archive.filelist[0].extract_version = 99
    path = tmp_path / "frob-1.0-py3-none-any.whl"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(zipfile.BadZipFile):
        look(path, "frob")


def test_entry_points_that_cannot_be_read_are_a_fault(inside):
    """What an installer would make of them nobody can say."""
    assert "its entry_points.txt cannot be read" in inside({"frob.py": "", ENTRY: "frob = x\n[["}).faults


@pytest.mark.parametrize(
    ("described", "want"),
    [
        ("Name: frob\nSummary: Frobs things.\n\nSummary: of the description\n", "Frobs things."),
        ("Name: frob\nSummary: Für Äpfel – größer\n", "Für Äpfel – größer"),
        ("Name: frob\n\nSummary: of the description\n", ""),
        ("", ""),
    ],
)
def test_a_wheel_says_in_a_sentence_what_it_is(inside, described, want):
    """Its own words, from the headers of its METADATA; one that says nothing is sound all the same."""
    # The second record is a fault of its own: what matters here is that the words raise none.
    found = inside([("frob.py", ""), ("frob-0.9.dist-info/METADATA", described)])
    assert found.summary == want
    assert found.faults == ("it has frob-1.0.dist-info, the record of another distribution",)
