"""How an sdist and a wheel are made: from a copy, by the backend's own hooks, from one another."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from skips import requires

from autoexec_magic.builder import wheels
from autoexec_magic.errors import BuildError
from autoexec_magic.events import Output


def test_the_wheel_is_built_from_the_sdist(bed):
    """A file that the sdist lacks is lacking in the wheel, and is found out here."""
    more = (
        "\nALL, SDIST = _files, build_sdist\ndef build_sdist(*words):\n    global _files\n"
        "    _files = lambda: [each for each in ALL() if 'core' not in each]\n    return SDIST(*words)\n"
    )
    bed.own(more=more)
    bed.write("pear/core.py", "CORE = 1\n")
    bed.write("pear/__init__.py", "from .core import CORE\n")
    with pytest.raises(BuildError) as failed:
        bed.build(tests=False)
    assert "pear.core" in failed.value.why


def test_a_backends_chatter_is_shown_only_where_it_fails(bed):
    """Else a line for each file, and the name of a folder that is gone, would hide what was built."""
    more = "\nWHEEL = build_wheel\ndef build_wheel(*words):\n    print('copying pear')\n"
    bed.own(more=f"{more}    return WHEEL(*words)\n")
    bed.build(tests=False)
    assert not any(isinstance(event, Output) for event in bed.events)
    bed.own(more=f"{more}    raise ValueError('no pears')\n")
    with pytest.raises(BuildError):
        bed.build(tests=False)
    said = "".join(event.text for event in bed.events if isinstance(event, Output))
    assert "copying pear" in said
    assert "no pears" in said


def test_an_input_that_changes_meanwhile_is_refused(bed):
    """What was planned is what is built."""
    bed.own()
    plan = bed.plan(tests=False)
    bed.write("pear/__init__.py", "VALUE = 2\n")
    with pytest.raises(BuildError, match="not what was planned"):
        wheels.build(plan, bed.bench)
    (bed.folder / "pear" / "__init__.py").unlink()
    with pytest.raises(BuildError):
        wheels.build(plan, bed.bench)


def test_an_archive_that_is_a_link_is_refused(bed):
    """It would be read outside of the cage, and sent: any archive of the person's."""
    more = (
        "\nSDIST = build_sdist\ndef build_sdist(folder, *_):\n    name = SDIST(folder)\n"
        "    os.rename(os.path.join(folder, name), os.path.join(folder, 'x'))\n"
        "    os.symlink('x', os.path.join(folder, name))\n    return name\n"
    )
    bed.own(more=more)
    with pytest.raises(BuildError, match="made not an sdist") as refused:
        bed.build(tests=False)
    assert "is no file" in refused.value.why


def test_the_sdist_is_as_it_was_looked_at(bed):
    """What builds the wheel out of it cannot put another one in its place."""
    more = (
        "\nSDIST, WHEEL = build_sdist, build_wheel\ndef build_sdist(folder, *_):\n"
        "    open('place', 'w').write(folder)\n    return SDIST(folder)\n"
        "def build_wheel(folder, *_):\n    place = open('place').read()\n"
        "    open(os.path.join(place, 'pear-1.0.tar.gz'), 'wb').write(b'evil')\n    return WHEEL(folder)\n"
    )
    bed.own(more=more)
    with pytest.raises(BuildError) as refused:
        bed.build(tests=False)
    assert "Read-only" in str(refused.value) or "Permission" in str(refused.value)


def test_an_sdist_is_looked_at_before_it_is_unpacked(bed):
    """Unpacking is outside of the cage."""
    more = (
        "\ndef build_sdist(folder, *_):\n    name = os.path.join(folder, 'pear-1.0.tar.gz')\n"
        "    with tarfile.open(name, 'w:gz') as file:\n"
        "        for path, kind in (('PKG-INFO', b'0'), ('l', b'2'), ('l/x', b'0')):\n"
        "            info = tarfile.TarInfo(f'pear-1.0/{path}')\n"
        "            info.type, info.linkname = kind, '../..'\n"
        "            file.addfile(info)\n    return 'pear-1.0.tar.gz'\n"
    )
    bed.own(more=more)
    with pytest.raises(BuildError, match="must not be in"):
        bed.build(tests=False)


@pytest.mark.online
def test_what_a_backend_asks_for_more_is_there(bed):
    """`get_requires_for_build_wheel` names a package; the backend imports it."""
    more = (
        "\ndef get_requires_for_build_wheel(_):\n    return ['iniconfig']\n"
        "WHEEL = build_wheel\ndef build_wheel(*words):\n    import iniconfig\n    return WHEEL(*words)\n"
    )
    bed.own(more=more)
    assert bed.build(tests=False)[0].version == "1.0"


@pytest.mark.online
def test_a_version_out_of_git_is_found(bed):
    """hatch-vcs asks git: though a copy is built it sees the commit, and that the larger tree is clean."""
    requires(shutil.which("git"), "git is not installed", "apt-get install git")
    bed.write(
        "pyproject.toml",
        '[build-system]\nrequires = ["hatchling", "hatch-vcs"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "pear"\ndynamic = ["version"]\n[tool.hatch.version]\nsource = "vcs"\n'
        '[tool.hatch.version.raw-options]\nroot = ".."\n',
    )
    bed.write("pear/__init__.py", "VALUE = 1\n")
    (bed.tmp_path / "other.txt").write_text("of the same repository")
    (bed.tmp_path / ".gitignore").write_text("data/\ndist/\n")
    me = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], [*me, "commit", "-qm", "x"], ["tag", "v3.2.1"]):
        subprocess.run(["git", *words], cwd=bed.tmp_path, check=True)
    plan = bed.plan(tests=False)
    assert plan.version == "dynamic"
    assert wheels.build(plan, bed.bench)[0].version == "3.2.1"
    bed.write("pear/__init__.py", "VALUE = 2\n")
    assert bed.build(tests=False)[0].version.startswith("3.2.2.dev0")


@pytest.mark.online
@pytest.mark.slow
@pytest.mark.parametrize(
    ("requirement", "backend", "more"),
    [
        ("hatchling", "hatchling.build", ""),
        ("setuptools", "setuptools.build_meta", "[tool.setuptools]\npackages = ['pear']\n"),
        ("flit_core>=3.4", "flit_core.buildapi", ""),
        ("poetry-core>=2", "poetry.core.masonry.api", ""),
        ("pdm-backend", "pdm.backend", ""),
        ("uv_build", "uv_build", "[tool.uv.build-backend]\nmodule-root = ''\n"),
    ],
)
def test_each_backend_builds_and_is_measured(bed, requirement, backend, more, record_property):
    """Both pass; whether two builds have the same bytes is told, and no promise."""
    bed.write("README.md", "# pear\n")
    bed.write("pear/__init__.py", '"""A pear."""\nVALUE = 1\n')
    bed.write(
        "pyproject.toml",
        f'[build-system]\nrequires = ["{requirement}"]\nbuild-backend = "{backend}"\n'
        f'[project]\nname = "pear"\nversion = "1.0"\ndescription = "A pear"\nreadme = "README.md"\n'
        f'requires-python = ">=3.9"\n{more}',
    )
    wheel, sdist = bed.build(tests=False, twice=True)
    assert "pear/__init__.py" in zipfile.ZipFile(wheel.reference).namelist()
    assert (
        dict(wheel.provenance)["backend"]
        .replace("_", "-")
        .startswith(requirement.split(">")[0].replace("_", "-"))
    )
    told = [text for text in wheel.warnings if "second build" in text]
    assert not any(".whl" in text for text in told)
    record_property("differs", repr(told))
    assert Path(sdist.reference).exists()


@pytest.mark.online
def test_a_compiled_part_is_built_where_there_is_a_compiler(bed):
    """An extension module is built in the cage, and imported where it was installed."""
    requires(shutil.which("gcc"), "gcc is not installed", "apt-get install gcc")
    import sysconfig

    header = Path(sysconfig.get_paths()["include"], "Python.h")
    requires(header.exists(), "Python's headers are not installed", "apt-get install python3-dev")
    bed.write(
        "pyproject.toml",
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
    )
    bed.write(
        "setup.py",
        "from setuptools import Extension, setup\n"
        "setup(name='pear', version='1.0', ext_modules=[Extension('pear', ['pear.c'])])\n",
    )
    bed.write(
        "pear.c",
        '#include <Python.h>\nstatic struct PyModuleDef d = {PyModuleDef_HEAD_INIT, "pear", 0, -1, 0};\n'
        "PyMODINIT_FUNC PyInit_pear(void) { return PyModule_Create(&d); }\n",
    )
    wheel = bed.build(tests=False)[0]
    assert os.path.basename(wheel.reference).startswith("pear-1.0-cp3")
