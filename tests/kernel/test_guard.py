"""The notebook's own shell lines under the policy, in a real kernel: live, stopped, asked, put back."""

from __future__ import annotations

import json
import shutil
import time
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from harness import LOAD, environment_in, is_running

from autoexec_magic import api
from autoexec_magic.events import Answered, Asked
from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from harness import Cell, Kernel

ON = "%autoexec on --only guard"
OFF = "%autoexec off"
GONE_SECONDS = 10.0
CELL_SECONDS = 20.0
# Says a line, and goes on when somebody has seen it and made the file.
SPEECH = """
import pathlib, sys, time

def say(text, number, stream=sys.stdout):
    stream.write(text)
    stream.flush()
    limit = time.monotonic() + 60
    while not pathlib.Path(f"seen-{number}").exists() and time.monotonic() < limit:
        time.sleep(0.005)

say("first line\\n", 1)
say("second line\\n", 2, sys.stderr)
say("half a", 3)
print(" line")
"""
PIECES = ["first line\n", "second line\n", "half a"]


@pytest.fixture(autouse=True)
def guarded(kernel: Kernel):
    """Guard the kernel, with nothing of the test before in its folder; afterwards it is as it was."""
    for path in kernel.cwd.iterdir():
        path.unlink()
    kernel.write("autoexec.toml", "")
    kernel.execute(ON).must_pass()
    yield
    if not kernel.is_busy:
        kernel.execute(OFF).must_pass()


def ran(kernel: Kernel) -> bool:
    """Whether the tool ran."""
    return (kernel.cwd / "tool-ran").exists()


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("!python speak.py", id="!"),
        pytest.param("!cd . && python speak.py", id="! of two"),
        pytest.param("%%bash\npython speak.py\n", id="%%bash"),
        pytest.param("%%bash\ntrue\npython speak.py\ntrue\n", id="%%bash of lines"),
        pytest.param("%%sh\npython speak.py\n", id="%%sh"),
        pytest.param("%%script bash\npython speak.py\n", id="%%script bash"),
        pytest.param("%%script python\nexec(open('speak.py').read())\n", id="%%script python"),
        pytest.param(f"%%python\n{SPEECH}", id="%%python"),
        pytest.param(f"%%python3\n{SPEECH}", id="%%python3"),
        pytest.param("%%bash --out x\npython speak.py\n", id="%%bash, the other stream"),
        pytest.param("import asyncio\nawait asyncio.sleep(0)\n!python speak.py", id="! after an await"),
        pytest.param("for _ in range(1):\n    !python speak.py", id="! in a loop"),
        pytest.param("%%autoexec\n!python speak.py", id="! in a marked cell"),
    ],
)
def test_each_line_is_seen_before_the_next_one_is_written(kernel: Kernel, code):
    """The child waits for the reader: nothing is held back until the end."""
    kernel.write("speak.py", SPEECH)
    kernel.execute(f"{ON} --yes").must_pass()  # Python that reads files is asked about
    cell = kernel.start(code)
    for number, piece in enumerate(PIECES, start=1):
        if "--out" not in code or number == 2:  # the one on the stream that is not kept
            cell.until_text(piece)
            assert not cell.is_over
        (kernel.cwd / f"seen-{number}").touch()
    cell.finish().must_pass()
    assert cell.stderr == "second line\n"
    assert cell.stdout.splitlines()[-1].startswith("✓ passed · sh · ")


@pytest.mark.parametrize(
    "code", ["!{}", "x = !{}", "!!{}", "%sx {}", "%system {}", "%%bash\n{}\n", "%%sh\n{}\n"]
)
def test_a_refused_line_raises_and_nothing_of_it_runs(kernel: Kernel, code):
    """The error says which rule, no frame of ours or of IPython's, and the record has it."""
    line = "touch tool-ran; touch /etc/autoexec-canary"
    cell = kernel.execute(code.replace("{}", line))
    assert cell.error.startswith("policy-refused: refused: touch /etc/autoexec-canary\n  because: ")
    assert "Traceback" not in cell.error
    assert not ran(kernel)
    assert kernel.last().verdict == Verdict.REFUSED


@pytest.mark.parametrize("code", ["!false", "x = !false", "%%bash\nfalse\n", "%%script false\na\n"])
def test_a_failure_stops_the_cell_and_no_raise_does_not(kernel: Kernel, code):
    """The error has the exit code; with `--no-raise` the verdict is shown and the cell goes on."""
    more = "" if code.startswith("%%") else "\nprint('went', 'on')"
    cell = kernel.execute(code + more)
    assert cell.error.startswith("phase-failed: false ended with exit code 1")
    assert "went on" not in cell.stdout
    kernel.execute(f"{ON} --no-raise").must_pass()
    cell = kernel.execute(code + more).must_pass()
    assert kernel.last().verdict == Verdict.FAILED
    assert ("went on" in cell.stdout) is bool(more)


def test_what_is_kept_is_ipython_s_list(kernel: Kernel):
    """And nothing of it appears."""
    cell = kernel.execute("x = !echo a b; echo c").must_pass()
    assert (cell.stdout, cell.stderr, cell.all("display_data")) == ("", "", [])
    assert kernel.value("type(x).__name__, x, x.n, x.s, x.fields(0)") == repr(
        ("SList", ["a b", "c"], "a b\nc", "a b c", ["a", "c"])
    )
    assert kernel.execute("!!echo one; echo two").must_pass().result == "['one', 'two']"


def test_cd_is_warned_of(kernel: Kernel):
    """At the user's own line."""
    cell = kernel.execute("!cd /").must_pass()
    assert "UserWarning: !cd changes the folder for that line only; %cd changes it" in cell.stderr
    assert kernel.value("__import__('os').getcwd()") == repr(str(kernel.cwd))


@pytest.mark.parametrize("code", ["!cat", "%%bash\ncat\n", "!python ask.py || true"])
def test_there_is_no_standard_input(kernel: Kernel, code):
    """A program that reads finds the end at once, also where somebody could type."""
    kernel.write("ask.py", "input()")
    cell = kernel.start(code, allow_stdin=True).finish(within=CELL_SECONDS)
    cell.must_pass()
    assert cell.questions == []


# Three of a family, one in a session of its own; it tells who they are.
FAMILY = """
import os, subprocess, sys, time

pids = [os.getpid()]
for away in (False, True):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=away)
    pids.append(child.pid)
print("family", *pids, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("!python family.py", id="!"),
        pytest.param("x = !python family.py 1>&2", id="kept"),
        pytest.param("%%bash\npython family.py\necho after\n", id="%%bash"),
        pytest.param(f"%%python\n{FAMILY}", id="%%python"),
        pytest.param("import asyncio\nawait asyncio.sleep(0)\n!python family.py", id="after an await"),
        pytest.param("%%autoexec\n!python family.py", id="in a marked cell"),
    ],
)
def test_an_interrupt_ends_it_with_nothing_left(kernel: Kernel, code):
    """Grandchildren, too; what follows does not run, and the kernel goes on."""
    kernel.write("family.py", FAMILY)
    kernel.execute(f"{ON} --yes").must_pass()  # Python that starts programs is asked about
    before = len(kernel.store.ids())
    cell = kernel.start(f"{code}\nprint('after', 'all')" if not code.startswith("%%") else code)

    def family() -> list[str]:
        return (
            kernel.so_far().split()
            if len(kernel.store.ids()) > before and getattr(kernel.newest(), "verb", "") == "sh"
            else []
        )

    cell.until(lambda: len(family()) > 3, "the family")
    pids = [int(word) for word in family()[1:]]
    assert all(map(is_running, pids))
    started = time.monotonic()
    kernel.interrupt()
    cell.finish(within=CELL_SECONDS)
    assert time.monotonic() - started < GONE_SECONDS
    assert [pid for pid in pids if is_running(pid)] == []
    assert cell.error.splitlines()[0].startswith("cancelled: ")
    assert "after" not in cell.stdout
    assert kernel.last("sh").verdict == Verdict.CANCELLED
    assert kernel.value("1 + 1") == "2"


def test_a_guarded_line_is_cancelled_from_outside_by_its_id(kernel: Kernel, monkeypatch):
    """As every run."""
    cell = kernel.start("!echo here && sleep 60\nprint('after', 'all')").until_text("here")
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(kernel.data))
    api.cancel(kernel.store.ids()[0])
    cell.finish(within=CELL_SECONDS)
    assert cell.error.startswith("cancelled: ")
    assert "after all" not in cell.stdout
    assert kernel.last().verdict == Verdict.CANCELLED


def asked(kernel: Kernel, code: str) -> Cell:
    """Send a cell with a person at the prompt, and wait for its question."""
    kernel.write("tool", "#!/bin/sh\ntouch tool-ran\necho the tool ran\n", mode=0o755)
    cell = kernel.start(code, allow_stdin=True)
    return cell.until(lambda: cell.questions or cell.is_over, "the question")


@pytest.mark.parametrize(
    "code", ["!./tool", "x = !./tool", "%%bash\n./tool\n", "%%bash\nif true; then\n./tool\nfi\n"]
)
@pytest.mark.parametrize("answer", ["y", ""])
def test_a_question_is_asked_as_ever(kernel: Kernel, code, answer):
    """A yes runs it, anything else does not; both are on record."""
    cell = asked(kernel, code)
    assert cell.questions[0].startswith("run ")
    assert not ran(kernel)
    kernel.answer(answer)
    cell.finish()
    assert ran(kernel) is (answer == "y")
    assert (cell.error == "") is (answer == "y")
    events = kernel.events()
    assert len([event for event in events if isinstance(event, Asked)]) == 1
    assert [event.answer for event in events if isinstance(event, Answered)] == ["yes" if answer else "no"]


@pytest.mark.parametrize(
    ("code", "fix"),
    [("!./tool", "%autoexec sh --yes ./tool"), ("%%bash\nif true; then\n./tool\nfi\n", "%autoexec on --yes")],
)
def test_where_nobody_can_answer_the_sentence_that_allows_it_is_named(kernel: Kernel, code, fix):
    """The verdict is asked, exit 3; what is named works."""
    kernel.write("tool", "#!/bin/sh\ntouch tool-ran\n", mode=0o755)
    cell = kernel.execute(code)
    assert cell.error.startswith("asked: run ")
    assert f"  fix: {fix}" in cell.error
    assert not ran(kernel)
    assert (kernel.last().verdict, kernel.last().code) == (Verdict.ASKED, 3)
    kernel.execute(fix).must_pass()
    if not ran(kernel):
        kernel.execute(code).must_pass()
    assert ran(kernel)


def test_from_a_thread_while_the_cell_goes_on(kernel: Kernel):
    """It runs, its text appears in the cell; a question is nobody's there."""
    kernel.write("tool", "#!/bin/sh\ntouch tool-ran\n", mode=0o755)
    code = """
import threading
errors = []
def work():
    get_ipython().system("echo from a thread")
    try:
        get_ipython().system("./tool")
    except BaseException as error:
        errors.append(error.code)
thread = threading.Thread(target=work)
thread.start()
!echo from the cell
thread.join()
print(errors)
"""
    cell = kernel.start(code, allow_stdin=True).finish().must_pass()
    assert "from a thread\n" in cell.stdout
    assert "from the cell\n" in cell.stdout
    assert "['asked']" in cell.stdout
    assert cell.questions == []
    assert not ran(kernel)


@pytest.mark.parametrize("off", [OFF, "%unload_ext autoexec_magic"])
def test_off_puts_back_the_very_objects(new_kernel: Callable[..., Kernel], off):
    """Each method and each magic is the object it was, and nothing is on record any more."""
    kernel = new_kernel()
    kernel.execute(
        f"{LOAD}\nshell = get_ipython()\n"
        "_ = shell.find_cell_magic('script'), shell.find_line_magic('pip')\n"
        "def state():\n"
        "    names = 'system', 'system_piped', 'system_raw', 'getoutput'\n"
        "    tables = [sorted(table.items()) for table in shell.magics_manager.magics.values()]\n"
        "    magics = [it for table in tables for name, it in table if name != 'autoexec']\n"
        "    return [getattr(shell, name).__func__ for name in names] + magics\n"
        "before = state()"
    ).must_pass()
    kernel.execute(ON).must_pass()
    assert kernel.value("hasattr(shell.system, '__func__')") == "False"
    kernel.execute(off).must_pass()
    assert (
        kernel.value("len(state()) == len(before) and all(a is b for a, b in zip(state(), before))") == "True"
    )
    kernel.execute("!echo plain").must_pass()
    assert kernel.store.ids() == []


def wheel(kernel: Kernel, name: str, version: str) -> str:
    """Write a wheel with one module, and return its file's name."""
    info = f"{name}-{version}.dist-info"
    path = kernel.cwd / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", f"version = {version!r}\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    return path.name


def test_a_restart_is_named_only_where_it_helps(kernel: Kernel):
    """A module that is new can be imported at once; one that is imported already is named."""
    kernel.execute(f"{ON} --yes").must_pass()
    install = "%pip install --quiet --no-index --no-deps --upgrade --target site"
    kernel.execute("import sys; sys.path.insert(0, 'site')").must_pass()
    try:
        kernel.execute("import guarded_new_x")  # the import system notes what is in the folder
        cell = kernel.execute(f"{install} {wheel(kernel, 'guarded_new_x', '1')}").must_pass()
        assert "restart" not in cell.stdout
        assert kernel.value("__import__('guarded_new_x').version") == "'1'"
        cell = kernel.execute(f"{install} {wheel(kernel, 'guarded_other_x', '1')}").must_pass()
        assert "restart" not in cell.stdout
        cell = kernel.execute(f"{install} {wheel(kernel, 'guarded_new_x', '22')}").must_pass()
        assert cell.stdout.endswith("restart the kernel to use what has changed: guarded_new_x\n")
    finally:
        kernel.execute("sys.path.remove('site')").must_pass()
        shutil.rmtree(kernel.cwd / "site", ignore_errors=True)


def test_it_is_shown_in_a_widget_where_there_is_one(new_kernel: Callable[..., Kernel]):
    """As `%autoexec sh` is; what is kept shows none."""
    kernel = new_kernel(JPY_SESSION_NAME="a.ipynb")
    kernel.execute(f"{LOAD}\n{ON}").must_pass()
    cell = kernel.start("!echo hello", allow_stdin=True).finish().must_pass()
    assert cell.all("display_data")
    assert "hello" in str(cell.all("update_display_data")[-1]["data"])
    cell = kernel.start("x = !echo hello", allow_stdin=True).finish().must_pass()
    assert cell.all("display_data") == []


def test_on_as_a_record(kernel: Kernel):
    """For machines: what is guarded, and what else has been replaced."""
    cell = kernel.execute(f"{ON} --json").must_pass()
    record = json.loads(cell.stdout)
    assert (record["verb"], record["verdict"], record["heals"]) == ("on", "passed", False)
    assert {"!", "!!", "%%bash", "%%script", "%pip"} <= set(record["guarded"])
    kernel.execute("get_ipython().getoutput = print").must_pass()
    record = json.loads(kernel.execute("%autoexec off --json").must_pass().stdout)
    assert record["left"] == ["!! %sx %system"]
    kernel.execute("del get_ipython().getoutput").must_pass()


def test_the_same_notebook_runs_where_nobody_is(tmp_path, monkeypatch):
    """nbclient runs it to its first question, which fails the cell with the sentence that allows it."""
    import nbformat
    from nbclient import NotebookClient

    for name, value in environment_in(tmp_path).items():
        monkeypatch.setenv(name, value)
    cells = [LOAD, ON, "!echo hello", "x = !echo kept\nprint(x)", "%%bash\necho from bash\n", "!echo $(date)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    client = NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}, allow_errors=True)
    client.execute()
    said = ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells]
    assert said[2].startswith("hello\n✓ passed")
    assert said[3] == "['kept']\n"
    assert said[4].startswith("from bash\n✓ passed")
    assert notebook.cells[5].outputs[-1].ename == "NeedsPerson"
    assert "fix: %autoexec sh --yes echo $(date)" in "\n".join(notebook.cells[5].outputs[-1].traceback)
