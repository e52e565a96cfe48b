"""What is tried on a wheel that was installed: its imports, its programs, its tests."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import BuildError
from autoexec_magic.events import Output

pytestmark = pytest.mark.online


def test_its_tests_run_on_what_was_installed(bed):
    """Not on the folder beside them: the package's source is out of their sight."""
    bed.own()
    bed.write(
        "tests/test_pear.py",
        "import pear\n\ndef test_place():\n    assert 'site-packages' in pear.__file__, pear\n",
    )
    assert not any("tests" in text for text in bed.build()[0].warnings)
    said = "".join(event.text for event in bed.events if isinstance(event, Output))
    assert "1 passed" in said


def test_a_layout_with_src_is_tested_as_well(bed):
    """`src/pear` is left out, `tests` with a conftest.py and data is not."""
    bed.write(
        "pyproject.toml",
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "pear"\nversion = "1.0"\n[dependency-groups]\ntest = ["iniconfig"]\n'
        '[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["tests"]\n',
    )
    bed.write("src/pear/__init__.py", "VALUE = 1\n")
    bed.write("tests/data.txt", "1")
    bed.write("tests/conftest.py", "import pytest\n@pytest.fixture\ndef one():\n    return 1\n")
    bed.write(
        "tests/test_pear.py",
        "import iniconfig, pathlib, pear\n\ndef test_it(one):\n    assert 'site-packages' in pear.__file__\n"
        "    assert int(pathlib.Path(__file__).with_name('data.txt').read_text()) == one == pear.VALUE\n",
    )
    bed.build()
    assert "1 passed" in "".join(event.text for event in bed.events if isinstance(event, Output))


def test_a_test_that_fails_fails_the_build(bed):
    """It is named, the option that leaves tests out too, and nothing is put anywhere."""
    bed.own()
    bed.write("tests/test_pear.py", "import pear\n\ndef test_it():\n    assert pear.VALUE == 2\n")
    with pytest.raises(BuildError) as failed:
        bed.build()
    assert "tests/test_pear.py::test_it" in failed.value.why
    assert "--no-tests" in failed.value.fix
    assert bed.left == []
    assert bed.build(tests=False)


def test_a_file_that_the_wheel_lacks_is_found_by_its_tests(bed):
    """The classic: data that is in the folder and that nobody packed."""
    bed.own(
        more="\nM = wheel_members\ndef wheel_members(*_):\n"
        "    return {k: v for k, v in M(*_).items() if 'txt' not in k}\n"
    )
    bed.write("pear/data.txt", "1")
    code = (
        "import pear, pathlib\n\ndef test_it():\n"
        "    assert pathlib.Path(pear.__file__).with_name('data.txt').exists()\n"
    )
    bed.write("tests/test_pear.py", code)
    with pytest.raises(BuildError, match="tests fail on the wheel"):
        bed.build()


def test_a_project_without_tests_says_so(bed):
    """As a warning; so does one whose settings ask for none, in silence."""
    bed.own()
    assert any("no tests" in text for text in bed.build()[0].warnings)
    bed.write(
        "pyproject.toml",
        (bed.folder / "pyproject.toml").read_text() + "[tool.autoexec.build]\ntests = false\n",
    )
    assert not any("no tests" in text for text in bed.build()[0].warnings)


def test_a_test_has_no_network_and_no_home(bed):
    """It is the project's code: it is in the cage."""
    bed.own()
    code = (
        "import pathlib, socket, pytest\n\ndef test_it():\n    with pytest.raises(PermissionError):\n"
        "        socket.create_connection(('127.0.0.1', 9), 1)\n"
        "    with pytest.raises(OSError):\n"
        f"        pathlib.Path({str(bed.folder / 'x')!r}).write_text('x')\n"
    )
    bed.write("tests/test_pear.py", code)
    bed.build()
    assert "1 passed" in "".join(event.text for event in bed.events if isinstance(event, Output))
    assert not (bed.folder / "x").exists()


@pytest.mark.parametrize(
    "needed",
    ["evil @ file:///nowhere/evil", "evil @ https://127.0.0.1:9/${UV_DEFAULT_INDEX}/e-1-py3-none-any.whl"],
)
def test_what_the_wheel_says_that_it_needs_is_looked_at_first(bed, needed):
    """uv reads it where the wheel is installed: it may be no path, and no variable of ours."""
    bed.own(project=f'name = "pear"\nversion = "1.0"\ndependencies = ["{needed}"]\n')
    with pytest.raises(BuildError, match="no requirement that a build may have"):
        bed.build(tests=False)


def test_a_dependency_group_is_no_list_of_options(bed):
    """A line of it that is code is refused before anything runs."""
    proof = bed.tmp_path / "proof"
    bed.own()
    bed.write("tests/test_pear.py", "def test_it():\n    pass\n")
    bed.write("evil/setup.py", f"open({str(proof)!r}, 'w').write('ran')\n")
    groups = f"[dependency-groups]\ntest = ['-e {bed.folder / 'evil'}']\n"
    bed.write("pyproject.toml", (bed.folder / "pyproject.toml").read_text() + groups)
    with pytest.raises(BuildError, match="no requirement that a build may have"):
        bed.build()
    assert not proof.exists()


def test_a_test_reads_no_file_by_a_link_that_leads_out(bed):
    """What the cage denies is not copied into it."""
    (bed.tmp_path / "secret").write_text("hunter2")
    bed.own(
        more="\nA = _files\ndef _files():\n    return [each for each in A() if not os.path.islink(each)]\n"
    )
    bed.write("tests/near.txt", "1")
    (bed.folder / "tests" / "data.txt").symlink_to(bed.tmp_path / "secret")
    (bed.folder / "tests" / "link.txt").symlink_to("near.txt")
    code = (
        "import pathlib\n\ndef test_it():\n    here = pathlib.Path(__file__).parent\n"
        "    assert (here / 'link.txt').read_text() == '1'\n    assert not (here / 'data.txt').exists()\n"
    )
    bed.write("tests/test_pear.py", code)
    bed.build()
    assert "1 passed" in "".join(event.text for event in bed.events if isinstance(event, Output))


def test_what_the_proof_leaves_is_read_as_other_peoples(bed):
    """A pipe is not waited for, and a link is not followed."""
    more = "import os, sys\nos.unlink(sys.argv[2]) if os.path.exists(sys.argv[2]) else None\n"
    bed.own()
    code = f"{more}import atexit, os\nplace = sys.argv[2]\nos.mkfifo(place + 'x')\n"
    code += "atexit.register(lambda: os.replace(place + 'x', place))\n"
    bed.write("pear/__init__.py", code)
    with pytest.raises(BuildError, match=r"failed\.json"):
        bed.build(tests=False)
