"""The verb `script` from Python: one script or several, checked first, with all that they are run with."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from skips import requires

from autoexec_magic import api
from autoexec_magic.errors import ScriptError, UsageError
from autoexec_magic.onrecord import Caller


@pytest.fixture
def project(workdir) -> Path:
    """Return the working directory, which is a project's."""
    (workdir / "pyproject.toml").touch()
    return workdir


def test_files_run_in_their_order_in_their_languages(project, emit):
    """Each is a process of its own, with the same arguments."""
    (project / "a.py").write_text("import sys; print('a', sys.argv[1:])")
    (project / "b.sh").write_text('echo b "$@"')
    report = api.script("", "x", "y z", files=["a.py", project / "b.sh"], caller=Caller(emit=emit))
    assert emit.text("stdout") == "a ['x', 'y z']\nb x y z\n"
    assert len(report.phases) == 3


def test_all_are_read_before_the_first_runs(project, emit):
    """A fault in the last one leaves nothing half done."""
    (project / "a.py").write_text("open('made', 'w')")
    (project / "b.sh").write_text("if true; then")
    with pytest.raises(ScriptError, match="nothing of it was run"):
        api.script(files=["a.py", "b.sh"], caller=Caller(emit=emit))
    assert not (project / "made").exists()


def test_a_fault_for_node_is_found_before_the_first_runs(project):
    """By its own parser."""
    requires(shutil.which("node"), "node is not installed", "apt-get install nodejs")
    (project / "a.py").write_text("open('made', 'w')")
    (project / "b.js").write_text("let a = 1;\nlet a = 2;")
    with pytest.raises(ScriptError, match="nothing of it was run"):
        api.script(files=["a.py", "b.js"])
    assert not (project / "made").exists()


def test_the_first_that_fails_is_the_last_that_runs(project, emit):
    """What comes after it may rely on it."""
    (project / "a.py").write_text("import sys; sys.exit(3)")
    (project / "b.sh").write_text("touch made")
    with pytest.raises(ScriptError, match="exit code 3"):
        api.script(files=["a.py", "b.sh"])
    assert not (project / "made").exists()


def test_a_syntax_error_has_pythons_words_and_the_cells_line(project, emit):
    """With the caret; no process was started, and the diagnosis names the line."""
    with pytest.raises(ScriptError) as caught:
        api.script("x = 1\ny = (", first_line=2, caller=Caller(emit=emit))
    assert "'(' was never closed" in emit.text("stderr")
    assert '  File "script.py", line 3\n    y = (\n        ^\n' in emit.text("stderr")
    assert caught.value.report.outcome is None
    assert caught.value.report.diagnosis.where == "script.py:3"
    assert caught.value.report.diagnosis.frame.source == "y = ("


def test_values_go_in_and_out(project):
    """By their names; from Python as from a notebook."""
    report = api.script("z = {x: y}", inputs={"x": (1,), "y": {2}}, outputs=["z"])
    assert report.values == {"z": {(1,): {2}}}


def test_a_value_that_does_not_come_back_fails_the_run(project):
    """The script has passed, and what was wanted of it is not there."""
    with pytest.raises(ScriptError, match="z was not handed back") as caught:
        api.script("x = 1", outputs=["x", "z"])
    assert caught.value.report.values == {"x": 1}


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"inputs": {"x": len}}, "x cannot be handed over"),
        ({"inputs": {"a b": 1}}, "--in a b cannot be"),
        ({"lang": "rust", "inputs": {"x": 1}}, "--in is not for rust"),
        ({"lang": "rust", "outputs": ["x"]}, "--out is not for rust"),
        ({"stdin": Path("nowhere")}, "--stdin nowhere cannot be"),
        ({"cwd": "nowhere"}, "--cwd nowhere cannot be"),
        ({"cwd": "/"}, "--cwd / cannot be"),
        ({"files": ["x.py"]}, "cannot read x.py"),
        ({"lang": "perl"}, "there is no language 'perl'"),
    ],
    ids=str,
)
def test_what_cannot_be_is_said_before_anything_runs(project, options, what):
    """By its name."""
    with pytest.raises(UsageError) as caught:
        api.script("open('made', 'w')", **options)
    assert what in caught.value.what
    assert not (project / "made").exists()


def test_an_option_that_shuts_values_out_is_refused(project):
    """Python would start without them, and the script fail for a reason that nobody sees."""
    with pytest.raises(UsageError, match="do not go with python -I"):
        api.script("#!/usr/bin/python3 -I\nprint(x)", inputs={"x": 1})


def test_several_scripts_give_nothing_back(project):
    """Which one's would it be?"""
    for name in ("a.py", "b.py"):
        (project / name).write_text("x = 1")
    with pytest.raises(UsageError, match="--out is for one script"):
        api.script(files=["a.py", "b.py"], outputs=["x"])


def test_a_script_runs_in_another_folder_of_the_project(project, emit):
    """What it writes there is in the project, whose settings it cannot write."""
    (project / "sub").mkdir()
    (project / "sub" / "pyproject.toml").touch()
    source = "import os; print(os.getcwd()); open('made', 'w'); open('../top', 'w')"
    api.script(source, cwd="sub", caller=Caller(emit=emit))
    assert emit.text("stdout") == f"{(project / 'sub').resolve()}\n"
    assert (project / "sub" / "made").exists()
    assert (project / "top").exists()


def test_a_folder_that_may_only_be_read_is_not_written(project, tmp_path_factory):
    """It is where the script runs, and stays as it is."""
    other = tmp_path_factory.mktemp("other")
    from autoexec_magic.executor.cage import Doors

    with pytest.raises(ScriptError):
        api.script("open('made', 'w')", cwd=other, doors=Doors(read=(other,)))
    assert list(other.iterdir()) == []


def test_a_script_reads_a_text_or_a_file(project, emit):
    """From the folder of whoever calls."""
    (project / "in.txt").write_text("file")
    source = "import sys; print(sys.stdin.read())"
    api.script(source, stdin="text", caller=Caller(emit=emit))
    api.script(source, stdin=Path("in.txt"), caller=Caller(emit=emit))
    assert emit.text("stdout") == "text\nfile\n"


def test_what_it_shows_and_writes_is_on_record(project, emit):
    """Pictures by type and size, other files by name."""
    source = "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\nopen('a.csv', 'w').write('1')"
    report = api.script(source, caller=Caller(emit=emit))
    shown = [event for event in emit if type(event).__name__ in ("Displayed", "Wrote")]
    assert [(event.name, getattr(event, "size_bytes", None) or list(event.mimes)) for event in shown] == [
        ("figure 1", ["image/png"]),
        ("a.csv", 1),
    ]
    assert [item.data[1:4] for item in report.made] == [b"PNG", b""]


def test_a_command_that_would_be_refused_is_told(project, emit):
    """The script runs; what stops it is the cage."""
    source = "import os\nif False:\n    os.system('rm -rf /')\nprint('ran')"
    api.script(source, first_line=2, caller=Caller(emit=emit))
    assert emit.text("stdout") == "ran\n"
    assert "script.py:4 would be refused as a command of its own: rm -rf /" in emit.text("stderr")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_script_that_is_no_file_is_not_waited_for(kind, project, emit):
    """A link of that name comes with any repository: a pipe has no writer, a device no end."""
    place = project / "a.py"
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=r"cannot read a\.py") as caught:
        api.script(files=["a.py"], caller=Caller(emit=emit))
    assert "no regular file" in caught.value.why


def test_a_sweep_is_not_fixed_run_by_run(project):
    """It is said at once, and not silently left out."""
    with pytest.raises(UsageError, match="--fix does not go with --matrix"):
        api.script("print(a)", matrix={"a": [1, 2]}, fixing=api.Fixing())
