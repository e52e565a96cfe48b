"""The traceback of a marked cell shows what the user wrote; nothing else of the failure changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from harness import COLOURS, LOAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Cell, Kernel

SOURCES = {
    "in-a-library": "import json\njson.loads('{')",
    "in-a-function": "import json\ndef own():\n    return json.loads('{')\nown()",
    "in-the-cell": "1 / 0",
    "cause": "import json\ntry:\n    json.loads('{')\nexcept ValueError as e:\n    raise KeyError(1) from e",
    "context": "import json\ntry:\n    json.loads('{')\nexcept ValueError:\n    json.loads('[')",
    "callback": "import functools, json\nfunctools.reduce(lambda a, b: json.loads('{'), [1, 2])",
    "recursion": "def deep(n):\n    return deep(n - 1)\ndeep(1)",
    "syntax": "x = (1,\n2",
    "syntax-of-text": "eval('1 +')",
    "own-rendering": "class E(Exception):\n    def _render_traceback_(self): return ['mine']\nraise E(1)",
    "interrupt": "raise KeyboardInterrupt",
    "exit": "raise SystemExit(3)",
    "hostile": "raise ValueError('\\x1b]52;c;YQ==\\x07<script>' + 'x' * 100)",
    "notes": "error = ValueError(1)\nerror.add_note('a note')\nraise error",
    "await": "import asyncio, json\nasync def own():\n    json.loads('{')\nawait own()",
    "group": "raise ExceptionGroup('many', [ValueError(1)])",
    "own-name": "raise type('Odd', (Exception,), {})('odd')",
}
GAP = re.compile(r"^\s*… (\d+) frames? in ([\w, …]+?)(; %tb shows all)?$", re.MULTILINE)


def marked(kernel: Kernel, source: str) -> Cell:
    """Run a marked cell."""
    return kernel.execute(f"%%autoexec\n{source}")


@pytest.fixture
def as_ever(kernel: Kernel):
    """Put IPython's own way back after the test."""
    yield
    kernel.execute("%xmode Context\nget_ipython().set_custom_exc((), None)").must_pass()


@pytest.mark.parametrize("mode", ["Context", "Plain", "Verbose", "Minimal"])
@pytest.mark.parametrize("name", SOURCES)
def test_a_marked_cell_fails_as_it_did(kernel: Kernel, as_ever, name, mode):
    """One error, of the same name and value as a plain cell's, and its last line the same."""
    kernel.execute(f"%xmode {mode}")
    plain, ours = kernel.execute(SOURCES[name]), marked(kernel, SOURCES[name])
    assert ours.status == plain.status == "error"
    assert len(ours.errors) == 1
    (error,) = ours.all("error")
    (reply,) = ours.all("execute_reply")
    assert reply["ename"] == error["ename"]
    if plain.errors:  # of a group IPython tells no front end
        (same,) = plain.all("error")
        assert error["ename"] == same["ename"]
        assert error["evalue"].partition(" (")[0] == same["evalue"].partition(" (")[0]
        last = plain.error.strip().splitlines()[-1]
        assert ours.error.strip().splitlines()[-1] == last.replace("\x1b]52;c;YQ==\x07", "")
    assert "autoexec_magic/" not in ours.error
    kernel.execute("1 + 1").must_pass()


@pytest.mark.parametrize("mode", ["Context", "Plain", "Verbose"])
@pytest.mark.parametrize(
    ("name", "gaps"),
    [
        ("in-a-library", [("3", "json")]),
        ("in-a-function", [("3", "json")]),
        ("callback", [("3", "json")]),
        ("cause", [("3", "json")]),
        ("context", [("3", "json")]),
        ("await", [("3", "json")]),
        ("in-the-cell", []),
    ],
)
def test_a_librarys_frames_are_one_line(kernel: Kernel, as_ever, mode, name, gaps):
    """How many and whose, and what shows them; the user's own are whole."""
    kernel.execute(f"%xmode {mode}")
    cell = marked(kernel, SOURCES[name])
    assert [(count, library) for count, library, _ in GAP.findall(cell.error)] == gaps
    assert "decoder.py" not in cell.error
    assert "Cell In[" in cell.error
    for line in SOURCES[name].splitlines()[-1:]:
        assert line in cell.error


def test_a_frame_of_the_projects_own_files_is_the_users(kernel: Kernel):
    """A module beside the notebook is not a library."""
    kernel.write("beside.py", "import json\n\n\ndef read():\n    return json.loads('{')\n")
    cell = marked(kernel, "import beside\nbeside.read()")
    assert "beside.py:5" in cell.error
    assert "return json.loads('{')" in cell.error
    assert GAP.findall(cell.error) == [("3", "json", "; %tb shows all")]


def test_tb_shows_all_and_debug_has_all(kernel: Kernel):
    """What is kept of the failure is whole: `%tb`, `sys.last_value`, the post-mortem debugger."""
    folded = marked(kernel, SOURCES["in-a-function"])
    assert "; %tb shows all" in folded.error
    whole = kernel.execute("%tb").error
    assert "decoder.py" in whole
    assert "return json.loads('{')" in whole
    assert "decoder.py" in marked(kernel, "%tb").error
    depth = "import sys, traceback\n[f.name for f in traceback.extract_tb(sys.last_traceback)][-4:]"
    assert kernel.value(depth) == "['own', 'loads', 'decode', 'raw_decode']"
    assert kernel.value("type(sys.last_value).__name__") == "'JSONDecodeError'"
    debugging = kernel.start("%debug", allow_stdin=True)
    debugging.until(lambda: debugging.questions, "the debugger")
    assert "raw_decode" in debugging.text()
    kernel.answer("q")
    debugging.finish()


def test_pdb_starts_where_it_failed(kernel: Kernel):
    """With `%pdb on` the debugger is in the innermost frame, below a folded traceback."""
    kernel.execute("%pdb on").must_pass()
    try:
        cell = kernel.start("%%autoexec\nimport json\njson.loads('{')", allow_stdin=True)
        cell.until(lambda: cell.questions, "the debugger")
        assert "raw_decode" in cell.text()
        assert len(GAP.findall(cell.error)) == 1
        kernel.answer("q")
        cell.finish()
    finally:
        kernel.execute("%pdb off").must_pass()
    assert cell.status == "error"


def test_a_thousand_frames_are_few(kernel: Kernel):
    """How a recursion began and where it failed; how many are between."""
    cell = marked(kernel, SOURCES["recursion"])
    assert len(cell.error.splitlines()) < 100
    assert re.search(r"… \d+ frames; %tb shows all", cell.error)
    assert cell.error.strip().splitlines()[-1].startswith("RecursionError: maximum recursion depth exceeded")


def test_a_group_is_an_error_like_any_other(kernel: Kernel):
    """IPython prints it and tells no front end; here it is folded, and without IPython's own frames."""
    source = (
        "import asyncio, json\n"
        "async def one():\n    json.loads('{')\n"
        "async def two():\n    1 / 0\n"
        "async with asyncio.TaskGroup() as tasks:\n"
        "    tasks.create_task(one())\n    tasks.create_task(two())"
    )
    cell = marked(kernel, source)
    (error,) = cell.all("error")
    assert error["ename"] == "ExceptionGroup"
    assert error["evalue"] == "unhandled errors in a TaskGroup (2 sub-exceptions)"
    assert "interactiveshell.py" not in cell.error
    assert "/ipykernel_" not in cell.error
    assert "… 3 frames in json" in cell.error
    assert "ZeroDivisionError: division by zero" in cell.error
    assert "Traceback" not in cell.stderr


def test_an_error_without_a_text_is_one_error(kernel: Kernel):
    """IPython and ipykernel ask for it unguarded: a plain cell fails twice, with another error."""
    source = "class Bad(Exception):\n    def __str__(self):\n        raise RuntimeError('no text')\nraise Bad"
    cell = marked(kernel, source)
    (error,) = cell.all("error")
    assert (error["ename"], error["evalue"]) == ("Bad", "<unprintable Bad object>")
    assert "raise Bad" in cell.error
    assert cell.status == "error"
    kernel.execute("1 + 1").must_pass()


def test_what_another_shows_is_left_to_it(kernel: Kernel):
    """A function of the user's, or of another extension, in the place of IPython's gets it whole."""
    theirs = (
        "shell = get_ipython()\n"
        "def show(*args, **kwargs):\n    print('theirs')\n"
        "    type(shell).showtraceback(shell, *args, **kwargs)\n"
        "shell.showtraceback = show"
    )
    kernel.execute(theirs).must_pass()
    cell = marked(kernel, SOURCES["in-a-library"])
    assert "theirs" in cell.stdout
    assert "decoder.py" in cell.error
    assert "autoexec: invalid-json" in cell.stderr
    assert kernel.value("shell.showtraceback is show") == "True"
    kernel.execute("del shell.showtraceback").must_pass()
    kernel.execute(theirs.replace("showtraceback", "_showtraceback")).must_pass()
    assert "decoder.py" in marked(kernel, SOURCES["in-a-library"]).error
    kernel.execute("del shell._showtraceback").must_pass()
    assert "decoder.py" not in marked(kernel, SOURCES["in-a-library"]).error


def test_a_handler_of_the_users_own_is_called(kernel: Kernel, as_ever):
    """`set_custom_exc` comes before anybody's traceback; the diagnosis is below it."""
    kernel.execute(
        "def own(shell, kind, value, trace, tb_offset=None):\n    print('handled', kind.__name__)\n"
        "get_ipython().set_custom_exc((ZeroDivisionError,), own)"
    ).must_pass()
    cell = marked(kernel, "1 / 0")
    assert cell.stdout == "handled ZeroDivisionError\n"
    assert "autoexec: division-by-zero" in cell.stderr


def test_nothing_of_ours_stays_in_the_shell(kernel: Kernel):
    """After a cell that failed, IPython's formatter and shell are as they were."""
    look = "shell = get_ipython()\n[sorted(vars(shell.InteractiveTB)), 'showtraceback' in vars(shell)]"
    before = kernel.value(look)
    for name in ("in-a-library", "group", "own-rendering", "recursion"):
        marked(kernel, SOURCES[name])
    assert kernel.value(look) == before


def test_a_plain_cell_has_ipythons_own_traceback(new_kernel: Callable[..., Kernel]):
    """Byte for byte what a kernel without the extension says; with `%autoexec on` it is folded."""
    without, loaded = new_kernel(), new_kernel()
    without.execute("pass").must_pass()
    loaded.execute(LOAD).must_pass()
    for source in SOURCES.values():
        source = source.replace(
            "return deep", "return 1 / 0 if n < -300 else deep"
        )  # the limit counts ours, too
        want, got = without.execute(source), loaded.execute(source)
        assert got.all("error") == want.all("error")
        own = re.compile(r"/ipykernel_\d+/\d+\.py")
        assert own.sub("", got.text()) == own.sub("", want.text())
        without.execute("pass").must_pass()
        loaded.execute("%%autoexec\n1 / 0")
    loaded.execute("%autoexec on --only heal").must_pass()
    assert GAP.search(COLOURS.sub("", loaded.execute(SOURCES["in-a-library"]).error))
