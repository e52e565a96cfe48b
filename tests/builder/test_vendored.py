"""Packages put beside an app's files, for another machine than this one."""

from __future__ import annotations

from dataclasses import replace

import benches
import pytest
from builder.wheelfolder import sources_of, wheel_of

from autoexec_magic.builder.vendored import Machine, vendored
from autoexec_magic.errors import BuildError

LAMBDA = Machine(platform="aarch64-manylinux_2_34", python="3.12")


@pytest.fixture
def links(tmp_path):
    return tmp_path / "links"


@pytest.fixture
def bench(tmp_path, links):
    """Return a bench whose packages are in a folder."""
    return replace(benches.bench(tmp_path, level="open"), sources=sources_of(links))


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "app"
    made.mkdir()
    (made / "web.py").write_text("import pear\n")
    return made


def filled(folder, lines, bench, machine=LAMBDA, **more):
    vendored(folder, lines, machine, bench, BuildError("what web needs is not to be had"), **more)
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def test_what_is_installed_tells_nothing_of_this_machine_or_moment(folder, bench, links, tmp_path):
    """No program with this interpreter's path, no time, and a list of files that is true."""
    line = wheel_of(links, "pear", {"pear/__init__.py": "X = 1\n"}, scripts="pear = pear:main")
    found = filled(folder, [line], bench, is_hashed=True)
    about = "pear-1.dist-info"
    whole = ("METADATA", "RECORD", "WHEEL", "entry_points.txt")
    assert sorted(found) == [*(f"{about}/{name}" for name in whole), "pear/__init__.py", "web.py"]
    rows = found[f"{about}/RECORD"].read_text().splitlines()
    assert sorted(row.partition(",")[0] for row in rows) == sorted(set(found) - {"web.py"})
    again = tmp_path / "again"
    again.mkdir()
    other = filled(again, [line], replace(bench), is_hashed=True)
    assert {name: path.read_bytes() for name, path in other.items()} == {
        name: path.read_bytes() for name, path in found.items() if name != "web.py"
    }


def test_the_wheel_is_that_of_the_other_machine(folder, bench, links):
    """Not this one's: its code would not run there."""
    for arch in ("x86_64", "aarch64"):
        wheel_of(links, "pear", {"pear.py": f"X = {arch!r}\n"}, tag=f"cp312-cp312-manylinux_2_34_{arch}")
    assert "aarch64" in filled(folder, ["pear"], bench)["pear.py"].read_text()


def test_a_package_without_a_wheel_for_that_machine_is_named(folder, bench, links):
    """And nothing is in the folder that was not there."""
    wheel_of(links, "pear", {"pear.py": "X = 1\n"}, tag="cp312-cp312-macosx_11_0_arm64")
    with pytest.raises(BuildError, match="not to be had") as failed:
        filled(folder, ["pear"], bench)
    assert "pear" in failed.value.why
    assert [path.name for path in folder.iterdir()] == ["web.py"]


def test_what_is_not_locked_is_refused_where_a_lock_is(folder, bench, links):
    """A need of a need that no line names is a stranger."""
    wheel_of(links, "plum", {"plum.py": "X = 1\n"})
    line = wheel_of(links, "pear", {"pear.py": "X = 1\n"}, requires="plum")
    with pytest.raises(BuildError):
        filled(folder, [line], bench, is_hashed=True)
    assert "plum.py" in filled(folder, ["pear"], bench)


def test_another_file_than_the_locked_one_is_refused(folder, bench, links):
    """Whoever has the index does not say what the function is."""
    line = wheel_of(links, "pear", {"pear.py": "X = 1\n"})
    wheel_of(links, "pear", {"pear.py": "X = 2\n"})
    with pytest.raises(BuildError, match="not to be had"):
        filled(folder, [line], bench, is_hashed=True)


def test_a_package_hides_no_file_of_the_app(folder, bench, links):
    """Which one would be imported is nobody's guess."""
    wheel_of(links, "pear", {"web.py": "X = 1\n"})
    with pytest.raises(BuildError, match=r"web\.py of a package would hide"):
        filled(folder, ["pear"], bench)


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ("utils.py", "utils/__init__.py"),
        ("utils/__init__.py", "utils.py"),
        ("utils.py", "utils/deep/one.py"),
        ("utils.py", "utils.cpython-312-aarch64-linux-gnu.so"),
        ("utils.pyd", "utils.py"),
        ("six", "six/__init__.py"),
        ("six/read.txt", "six"),
        ("shared/one.py", "shared/one/__init__.py"),
    ],
)
def test_a_package_hides_no_module_of_the_app_by_another_kind_of_file(folder, bench, links, own, theirs):
    """`import utils` would be the package's; and of a refused package nothing is in the folder."""
    (folder / own).parent.mkdir(exist_ok=True)
    (folder / own).write_text("X = 1\n")
    wheel_of(links, "pear", {"pear.py": "X = 1\n", theirs: "X = 2\n"})
    with pytest.raises(BuildError, match="of a package would hide a file of the app") as failed:
        filled(folder, ["pear"], bench)
    name = own if own.startswith("shared") else own.partition("/")[0]
    assert failed.value.fix == f"call {name} of the app otherwise"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {"web.py", own}


def test_what_python_does_not_import_is_beside_a_package_of_that_name(folder, bench, links):
    """A folder of data hides no module; and a folder of both has the files of both."""
    for own in ("pear/read.txt", "shared/one.py", "plum.txt"):
        (folder / own).parent.mkdir(exist_ok=True)
        (folder / own).write_text("X = 1\n")
    wheel_of(links, "pear", {"pear.py": "X = 2\n", "shared/two.py": "X = 2\n", "plum.py": "X = 2\n"})
    assert {"pear.py", "pear/read.txt", "plum.py", "plum.txt", "shared/one.py", "shared/two.py"} <= set(
        filled(folder, ["pear"], bench)
    )


def test_a_secret_in_what_is_written_of_a_package_is_refused(folder, bench, links):
    """A login of an index may stand there; the value is not shown."""
    key = "ghp_" + "a1B2" * 9
    wheel_of(links, "pear", {"pear.py": "X = 1\n", "pear-1.dist-info/NOTES": key})
    with pytest.raises(BuildError, match="would go into the zip") as failed:
        filled(folder, ["pear"], bench)
    assert key not in str(failed.value)


def test_nothing_to_install_is_nothing(folder, bench):
    """uv is not started, and may be missing."""
    assert list(filled(folder, [], replace(bench, uv=None))) == ["web.py"]
