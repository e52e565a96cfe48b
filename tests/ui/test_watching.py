"""What is edited is tested again, and only what that concerns, until a person ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from autoexec_magic import api
from autoexec_magic.errors import CasesFailed, UsageError
from autoexec_magic.testrunner.affected import scan
from autoexec_magic.testrunner.inside import BEGIN
from autoexec_magic.ui import watching
from autoexec_magic.ui.verbs import parse
from autoexec_magic.ui.watching import next_change, watch

FILES = {
    "pyproject.toml": "",
    "shop.py": "PRICE = 1\n",
    "cart.py": "import shop\n",
    "test_cart.py": "import cart\ndef test_cart():\n    assert cart.shop.PRICE\n",
    "test_alone.py": "def test_alone():\n    pass\n",
    "sub/test_sub.py": "import shop\ndef test_sub():\n    pass\n",
}
SECONDS = 30.0


@pytest.fixture
def project(tmp_path) -> Path:
    """Return a project of two modules and their tests."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def edit(path: Path, text: str = "") -> None:
    """Write a file, a moment later than whatever was written before."""
    path.write_text(text)
    later = time.time_ns() + 10**9
    os.utime(path, ns=(later, later))


def edits(*steps):
    """Return what waits for a change: it makes the next of these, and in the end somebody presses Ctrl-C."""
    left = list(steps)

    def changes(root, sources):
        if not left:
            raise KeyboardInterrupt
        left.pop(0)()
        return scan(root, sources)

    return changes


def asked_for(project, *steps, folder=None, once=None):
    """Return which paths were asked for, run after run."""
    asked = []

    def run(paths):
        asked.append(paths)
        return once(paths) if once else f"report {len(asked)}"

    reports = list(watch(run, folder or project, changes=edits(*steps)))
    return asked, reports


def test_all_run_first_and_then_what_a_change_concerns(project):
    """A module, a test, one that nobody imports, one that is gone: each run has its report."""
    asked, reports = asked_for(
        project,
        lambda: edit(project / "shop.py", "PRICE = 2\n"),
        lambda: edit(project / "test_alone.py"),
        lambda: edit(project / "unused.py"),
        lambda: edit(project / "test_new.py"),
        lambda: (project / "test_new.py").unlink(),
        lambda: (project / "cart.py").unlink(),
        lambda: edit(project / "conftest.py"),
    )
    assert asked == [
        None,
        ["sub/test_sub.py", "test_cart.py"],
        ["test_alone.py"],
        ["test_new.py"],
        ["test_cart.py"],
        ["sub/test_sub.py", "test_alone.py", "test_cart.py"],
    ]
    assert reports == [f"report {at}" for at in range(1, 7)]


def test_a_file_that_cannot_be_parsed_yet_is_a_change(project):
    """Somebody is in the middle of a line; when it is mended it imports again what it did."""
    asked, _ = asked_for(
        project,
        lambda: edit(project / "cart.py", "import shop\ndef half("),
        lambda: edit(project / "cart.py", "import shop\n"),
        lambda: edit(project / "shop.py"),
    )
    assert asked[1:] == [["test_cart.py"], ["test_cart.py"], ["sub/test_sub.py", "test_cart.py"]]


def test_what_is_written_while_tests_run_is_a_change_afterwards(project):
    """It is not lost because nobody looked then."""
    runs = []

    def once(paths):
        runs.append(paths)
        if paths is None:
            edit(project / "test_alone.py", "# later\n")

    asked, _ = asked_for(project, lambda: None, once=once)
    assert asked == [None, ["test_alone.py"]]


def test_paths_begin_in_the_folder_of_the_caller(project):
    """Those above it are named in full."""
    asked, _ = asked_for(project, lambda: edit(project / "shop.py", "A = 1\n"), folder=project / "sub")
    assert asked[1] == ["test_sub.py", str(project / "test_cart.py")]


def test_a_run_that_failed_goes_on(project):
    """To see it pass is what a person waits for; its report is yielded."""
    report = object()

    def once(paths):
        if paths is None:
            error = CasesFailed("some tests failed")
            error.report = report
            raise error
        return "well"

    _, reports = asked_for(project, lambda: edit(project / "shop.py", "A = 1\n"), once=once)
    assert reports == [report, "well"]


def test_what_cannot_be_run_ends_it(project):
    """A wrong option is as wrong after the next change."""

    def once(paths):
        raise UsageError("no")

    with pytest.raises(UsageError):
        asked_for(project, once=once)


def test_a_run_that_a_person_asked_for_none_of_has_no_report(project):
    """The watching goes on."""
    asked, reports = asked_for(
        project,
        lambda: edit(project / "test_alone.py", "# a"),
        lambda: edit(project / "shop.py", "A = 1\n"),
        once=lambda paths: None if paths == ["test_alone.py"] else "ran",
    )
    assert (len(asked), reports) == (3, ["ran", "ran"])


def test_a_change_is_seen_when_all_is_quiet(project, monkeypatch):
    """An editor writes in steps: they are one change."""
    monkeypatch.setattr(watching, "POLL_SECONDS", 0.02)
    before = scan(project, {})
    names = [f"new_{at}.py" for at in range(5)]

    def write():
        for name in names:
            (project / name).write_text("")
            time.sleep(0.02)

    thread = threading.Thread(target=write)
    thread.start()
    after = next_change(project, before)
    thread.join()
    assert set(names) <= set(after)


@pytest.mark.parametrize(
    ("words", "want"),
    [
        ("--watch", [[], ["sub/test_sub.py", "test_cart.py"], ["test_alone.py"]]),
        ("--watch sub -q", [["sub", "-q"], ["-q", "sub/test_sub.py"]]),
        (
            "--watch -k alone",
            [
                ["-k", "alone"],
                ["-k", "alone", "sub/test_sub.py", "test_cart.py"],
                ["-k", "alone", "test_alone.py"],
            ],
        ),
        (
            "--watch -k sub",
            [["-k", "sub"], ["-k", "sub", "sub/test_sub.py", "test_cart.py"], ["-k", "sub", "test_alone.py"]],
        ),
        ("--watch test_cart.py::test_cart", [["test_cart.py::test_cart"], ["test_cart.py::test_cart"]]),
        ("--watch test_alone.py sub", [["test_alone.py", "sub"], ["sub/test_sub.py"], ["test_alone.py"]]),
    ],
)
def test_a_change_runs_nothing_that_was_not_asked_for(project, monkeypatch, words, want):
    """Paths narrow it, options stay; where a change concerns none of them nothing runs, not all."""
    asked = []

    def run(*arguments, **options):
        asked.append(list(arguments))
        error = CasesFailed("some tests failed")
        error.report = api.sh("true")
        raise error

    steps = edits(
        lambda: edit(project / "shop.py", "A = 1\n"), lambda: edit(project / "test_alone.py", "# a\n")
    )
    monkeypatch.setattr(api, "test", run)
    monkeypatch.setattr(watching, "next_change", steps)
    monkeypatch.chdir(project)
    parse(f"test {words}").run(api.PYTHON)
    assert asked == want


def test_the_command_watches_until_ctrl_c(project):
    """A real one: it runs all, then the test of what is edited; when it ends, so do its processes."""
    argv = [
        sys.executable,
        "-m",
        "autoexec_magic",
        "test",
        "--watch",
        "--cage",
        "open",
        "-p",
        "no:cacheprovider",
    ]
    (project / "test_cart.py").write_text(
        "import cart, os\ndef test_cart():\n    open('ran', 'a').write(f'{cart.shop.PRICE};')\n"
    )
    (project / "test_alone.py").write_text("def test_alone():\n    open('alone', 'a').write('x')\n")
    with subprocess.Popen(
        argv, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        try:
            wait_for(project / "ran", "1;", process)
            # The scan before the first run has seen the file as it was: from here on an edit is a change.
            edit(project / "shop.py", "PRICE = 0\nassert PRICE")  # fails: it goes on
            time.sleep(1.5)
            edit(project / "shop.py", "PRICE = 22\n")
            os.utime(project / "shop.py")
            wait_for(project / "ran", "1;22;", process)
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            process.wait(SECONDS)
            output = process.stdout.read().decode()
        finally:
            if process.poll() is None:
                process.kill()
    assert (project / "alone").read_text() == "x"
    assert process.returncode in (0, 130), output
    assert not waiting(project), output


def wait_for(path: Path, text: str, process: subprocess.Popen) -> None:
    """Wait until a file holds a text."""
    until = time.monotonic() + SECONDS
    while not path.exists() or path.read_text() != text:
        assert time.monotonic() < until, (path, path.exists() and path.read_text())
        assert process.poll() is None, process.stdout.read().decode()
        time.sleep(0.02)


def waiting(folder: Path) -> list[str]:
    """Return the processes of tests that work in a folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if str(BEGIN).encode() in (each / "cmdline").read_bytes() and (each / "cwd").readlink() == folder:
                found.append(each.name)
        except OSError:
            continue
    return found
