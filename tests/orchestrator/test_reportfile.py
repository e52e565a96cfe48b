"""A report is written where a person said, whatever the run that it tells of made of that place."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import threading

import pytest
from skips import requires

from autoexec_magic import api, executor
from autoexec_magic.errors import CasesFailed, UsageError
from autoexec_magic.orchestrator.reportfile import ReportFile, put
from autoexec_magic.testrunner import Case, junit

LEAN = ("-p", "no:cacheprovider")
KEPT = "what is of the person\n"


@pytest.fixture
def outside(tmp_path):
    """Return a folder with a file, that no run has anything to do with."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "bashrc").write_text(KEPT)
    return folder


@pytest.fixture
def project(tmp_path):
    """Return a project's folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def is_as_it_was(outside) -> bool:
    """Whether nothing was written there."""
    return os.listdir(outside) == ["bashrc"] and (outside / "bashrc").read_text() == KEPT


MADE_IN_THE_WAY = {
    "a link": "os.symlink({out}/'bashrc', 'reports/r.xml')",
    "a link to nothing": "os.symlink({out}/'new', 'reports/r.xml')",
    "another name of a file": "os.link({out}/'bashrc', 'reports/r.xml')",
    "a fifo": "os.mkfifo('reports/r.xml')",
    "a file": "pathlib.Path('reports/r.xml').write_text('forged')",
    "no folder": "os.rmdir('reports')",
    "another folder": "os.rename('reports', 'old'); os.mkdir('reports')",
}


@pytest.mark.parametrize("how", MADE_IN_THE_WAY)
def test_it_takes_the_place_of_what_a_run_put_there(project, outside, how):
    """Nothing is written into that, and nothing is waited for."""
    place = ReportFile("reports/r.xml", project, [project])
    assert os.listdir(project / "reports") == []
    old = os.getcwd()
    os.chdir(project)
    try:
        exec(f"import os, pathlib; {MADE_IN_THE_WAY[how].format(out=f'pathlib.Path({str(outside)!r})')}")
    finally:
        os.chdir(old)
    writer = threading.Thread(target=place.write, args=([Case("test_a")],), daemon=True)
    writer.start()
    writer.join(30)
    assert not writer.is_alive()
    path = project / "reports/r.xml"
    assert stat.S_ISREG(path.lstat().st_mode)
    assert path.stat().st_nlink == 1
    assert [case.name for case in junit.read(path).cases] == ["test_a"]
    assert os.listdir(project / "reports") == ["r.xml"]
    assert is_as_it_was(outside)


def test_a_link_of_an_earlier_run_at_its_own_place_is_replaced(project, outside):
    """It leads nowhere any more, so there is nothing to refuse."""
    (project / "r.xml").symlink_to(outside / "bashrc")
    ReportFile("r.xml", project, [project]).write([Case("a")])
    assert not (project / "r.xml").is_symlink()
    assert junit.read(project / "r.xml").cases
    assert is_as_it_was(outside)


@pytest.mark.parametrize("folder", ["reports", "reports/of/this"])
def test_a_folder_that_became_a_link_is_not_gone_through(project, outside, folder):
    """Also where it is not the last one on the way; and the person learns why there is no report."""
    place = ReportFile(f"{folder}/r.xml", project, [project])
    (project / "reports").rename(project / "old")
    (project / "reports").symlink_to(outside)
    with pytest.raises(UsageError, match=r"cannot write .*r\.xml"):
        place.write([Case("a")])
    assert is_as_it_was(outside)


@pytest.mark.parametrize("target", ["../outside", ".git", "{outside}"])
def test_a_link_of_an_earlier_run_is_refused_before_anything_runs(project, outside, target):
    """Wherever it leads: also in the project there are places that no run may write."""
    (project / ".git").mkdir()
    (project / "reports").symlink_to(target.format(outside=outside))
    for path in ("reports/r.xml", "reports/deep/r.xml", str(project / "reports/r.xml")):
        with pytest.raises(UsageError, match="cannot write") as caught:
            ReportFile(path, project, [project])
        assert "is a link" in caught.value.why
        assert str((project / "reports").resolve()) in caught.value.fix
    assert os.listdir(project / ".git") == []
    assert is_as_it_was(outside)


def test_a_place_that_a_run_may_write_is_no_better(project, outside, tmp_path):
    """A folder that was let through, by --write."""
    (tmp_path / "let").mkdir()
    (tmp_path / "let/in").symlink_to(outside)
    with pytest.raises(UsageError):
        ReportFile(str(tmp_path / "let/in/r.xml"), project, [project, tmp_path / "let"])
    assert is_as_it_was(outside)


def test_links_of_the_persons_own_are_followed(project, tmp_path):
    """Where no run can make any: on the way, to the project, and at the end."""
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "last.xml").symlink_to("real/last.xml")
    (tmp_path / "to-project").symlink_to("project")
    for path, written in (
        ("../link/new/a.xml", real / "new/a.xml"),
        (str(tmp_path / "last.xml"), real / "last.xml"),
        ("b.xml", project / "b.xml"),
        (str(tmp_path / "to-project/c.xml"), project / "c.xml"),
    ):
        ReportFile(path, tmp_path / "to-project", [project]).write([Case("a")])
        assert junit.read(written).cases
    assert (tmp_path / "last.xml").is_symlink()


@pytest.mark.parametrize(
    "path", ["taken", "file/r.xml", "taken/", "taken/..", "loop/r.xml", "a\0b", "n" * 300]
)
def test_what_cannot_be_written_is_told_before_anything_runs(project, tmp_path, path):
    """A folder at that place, a file on the way, no name at all."""
    (project / "taken").mkdir()
    (project / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    at = str(tmp_path / path) if path.startswith("loop") else path
    with pytest.raises(UsageError, match="cannot write"):
        ReportFile(at, project, [project]).write([Case("a")])
    assert sorted(os.listdir(project)) == ["file", "taken"]


def test_a_device_is_not_replaced(project):
    """To root's report /dev/null is a place like any other; to every other program it is not."""
    with pytest.raises(UsageError, match="cannot write /dev/null") as caught:
        ReportFile("/dev/null", project, [project])
    assert "device" in caught.value.why
    assert stat.S_ISCHR(os.lstat("/dev/null").st_mode)


def test_a_folder_that_cannot_be_listed_is_gone_through(project):
    """As a person's home is to others: to pass through takes less than to list."""
    inner = project / "shut" / "inner"
    inner.mkdir(parents=True)
    (project / "shut").chmod(0o300)
    try:
        ReportFile("shut/inner/r.xml", project, [project]).write([Case("a")])
    finally:
        (project / "shut").chmod(0o700)
    assert junit.read(inner / "r.xml").cases


def test_a_file_is_put_in_the_place_of_what_is_there(project, outside):
    """Of a link, of another file's second name; what fails leaves nothing."""
    (project / "a").symlink_to(outside / "bashrc")
    (project / "b").hardlink_to(outside / "bashrc")
    os.mkfifo(project / "c")
    for name in "abc":
        put(project, name, "text")
        assert (project / name).read_text() == "text"
        assert not (project / name).is_symlink()
    (project / "d").mkdir()
    with pytest.raises(OSError, match="directory"):
        put(project, "d", "text")
    assert sorted(os.listdir(project)) == ["a", "b", "c", "d"]
    assert is_as_it_was(outside)


SUITES = {
    "link": ("report.xml", "os.symlink({out!r} + '/bashrc', 'report.xml')"),
    "folder": ("reports/bashrc", "os.rename('reports', 'old'); os.symlink({out!r}, 'reports')"),
    "deep": ("a/b/bashrc", "os.rename('a', 'c'); os.symlink({out!r}, 'a')"),
}  # fmt: skip


@pytest.mark.parametrize("how", SUITES)
def test_a_caged_suite_does_not_write_outside_through_us(project, outside, how):
    """In the first run, and in the next one, which finds the link there."""
    requires(executor.cage.can_be_had("workspace", project), "no cage here", "a kernel with Landlock")
    path, code = SUITES[how]
    (outside / "b").mkdir()
    (outside / "b/bashrc").write_text(KEPT)
    (project / "test_e.py").write_text(
        f"import os, contextlib\ndef test_e():\n    with contextlib.suppress(FileExistsError):\n"
        f"        {code.format(out=str(outside))}\n"
    )
    for _ in range(2):
        with contextlib.nullcontext() if how == "link" else pytest.raises(UsageError, match="cannot write"):
            api.test(*LEAN, f"--junitxml={path}", level="workspace", caller=api.Caller(cwd=project))
    assert sorted(os.listdir(outside)) == ["b", "bashrc"]
    assert {(outside / name).read_text() for name in ("bashrc", "b/bashrc")} == {KEPT}
    assert (project / path).is_symlink() is False


def test_a_tool_of_another_language_does_not_either(project, outside):
    """Its report is written by the same door."""
    requires(executor.cage.can_be_had("workspace", project), "no cage here", "a kernel with Landlock")
    (project / "package.json").write_text(
        json.dumps({"scripts": {"test": f"ln -sfn {outside}/bashrc r.xml"}})
    )
    requires(shutil.which("npm") is not None, "no npm here", "install Node")
    with contextlib.suppress(CasesFailed):
        api.test("--junitxml=r.xml", tool="npm", level="workspace", caller=api.Caller(cwd=project))
    assert is_as_it_was(outside)
    assert not (project / "r.xml").is_symlink()
    assert junit.read(project / "r.xml").cases
