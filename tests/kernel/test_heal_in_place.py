"""An import that fails while a cell runs is healed where it stands; nothing ran twice."""

from __future__ import annotations

import contextlib

import pytest
from harness import LOAD
from healing import Healing, served

from autoexec_magic.events import Asked, Installed, Resolved
from autoexec_magic.values import Verdict

SERVED = {
    "python-slugify": "slugify",
    "pyserial": "serial",
    "python-docx": "docx",
    "python-pptx": "pptx",
    "PyJWT": "jwt",
    "attrs": "attr",
    "PyMuPDF": "fitz",
    "pydub": "pydub",
    "gTTS": "gtts",
    "GitPython": "git",
}


@pytest.fixture(scope="module")
def index():
    """Yield an index with projects whose modules are called otherwise, and one of the same name."""
    with served.Index() as running:
        for name, module in SERVED.items():
            text = f"A = {module!r}\n"
            running.add(name, served.wheel(name, "1.0", {f"{module}/__init__.py": text}))
        running.add("samename", served.wheel("samename", "1.0", {"samename.py": "A = 'same'\n"}))
        yield running


@pytest.fixture
def kernel(index, tmp_path):
    """Yield a kernel in an environment of its own, the extension loaded."""
    environment = {"AUTOEXEC_INDEX_URL": index.url, "NO_PROXY": "*", "no_proxy": "*"}
    with Healing(tmp_path, **environment) as started:
        started.execute(LOAD).must_pass()
        yield started


def installed(kernel):
    """Return what the newest cell's run installed."""
    events = kernel.events(kernel.last("cell"))
    return [event.distribution for event in events if isinstance(event, Installed)]


@pytest.mark.parametrize(
    "code",
    [
        "import mine\nmine.slugify.A",
        "import importlib\nm = importlib.import_module('slugify')\nm.A",
        "exec('import slugify')\nslugify.A",
        "name = 'slugify'\n__import__(name).A",
    ],
    ids=["project file", "import_module", "exec", "__import__"],
)
def test_what_no_scan_of_the_cell_sees_is_healed_in_place(kernel, code):
    """A file of the project, or a name in a text; the events and the lines are those of any heal."""
    kernel.write("mine.py", "open('log', 'a').write('once\\n')\nimport slugify\n")
    cell = kernel.execute(f"%%autoexec\n{code}").must_pass()
    assert cell.result == "'slugify'"
    assert "slugify comes from python-slugify" in cell.stdout
    assert "+ python-slugify 1.0 (sha256 " in cell.stdout
    assert installed(kernel) == ["python-slugify"]
    assert kernel.last("cell").verdict == Verdict.PASSED
    if "mine" in code:
        assert (kernel.cwd / "log").read_text() == "once\n"


def test_the_body_of_a_cell_magic_is_healed(kernel):
    """`%%time` compiles what is below it: no scan of the cell sees its imports."""
    cell = kernel.execute("%%autoexec\n%%time\nimport serial\nprint(serial.A)").must_pass()
    assert "serial\n" in cell.stdout


def test_on_does_so_for_every_cell(kernel):
    """Without a mark; and `off` leaves the import to Python."""
    kernel.write("mine.py", "import slugify\n")
    kernel.write("other.py", "import serial\n")
    kernel.execute("%autoexec on").must_pass()
    assert kernel.execute("import mine\nmine.slugify.A").must_pass().result == "'slugify'"
    kernel.execute("%autoexec off").must_pass()
    assert "ModuleNotFoundError" in kernel.execute("import other").error


def test_nothing_is_left_of_it_after_the_cell(kernel):
    """The finders are as before, also after a cell that failed; a plain cell is plain."""
    before = kernel.value("len(__import__('sys').meta_path)")
    kernel.execute("%%autoexec\nimport sys\nsys.meta_path = list(sys.meta_path)").must_pass()
    kernel.execute("%%autoexec\n1 / 0")
    assert kernel.value("len(__import__('sys').meta_path)") == before
    kernel.write("mine.py", "import slugify\n")
    assert "ModuleNotFoundError" in kernel.execute("import mine").error


def test_guards_probes_and_libraries_are_left_alone(kernel, index):
    """Not one question to the index."""
    kernel.write_library("somelib.py", "try:\n    import slugify\nexcept ImportError:\n    slugify = None\n")
    kernel.write_library("needy.py", "def f():\n    import slugify\n")
    kernel.write("mine.py", "try:\n    import slugify\nexcept ImportError:\n    slugify = None\n")
    asked = list(index.asked)
    code = (
        "%%autoexec\nimport importlib.util, contextlib, mine, somelib, needy\n"
        "found = importlib.util.find_spec('slugify')\n"
        "with contextlib.suppress(ImportError):\n    importlib.import_module('slugify')\n"
        "try:\n    needy.f()\nexcept ImportError:\n    pass\n"
        "(found, mine.slugify, somelib.slugify)"
    )
    assert kernel.execute(code).must_pass().result == "(None, None, None)"
    assert "ModuleNotFoundError" in kernel.execute("%%autoexec\nneedy.f()").error
    assert list(index.asked) == asked


def test_what_is_not_known_fails_as_ever_and_says_why(kernel, index):
    """Python's traceback, the evidence below it, the command to type; asked once in the run."""
    kernel.write("mine.py", "import samename\n")
    code = (
        "%%autoexec\nfor i in range(3):\n"
        "    try:\n        import mine\n    except ZeroDivisionError:\n        pass\n"
    )
    cell = kernel.execute(code)
    assert "ModuleNotFoundError: No module named 'samename'" in cell.error
    assert "samename is only the same name" in cell.stderr
    assert "fix: %autoexec install samename" in cell.stderr
    run = kernel.last("cell")
    assert run.verdict == Verdict.ASKED
    assert sum(isinstance(event, Resolved) for event in kernel.events(run)) == 1


@pytest.mark.parametrize(("answer", "passes"), [("y", True), ("n", False)])
def test_a_person_is_asked_in_the_middle_of_an_import(kernel, answer, passes):
    """The same question as before a cell; no leaves the import to fail, once."""
    kernel.write("mine.py", "import samename\n")
    cell = kernel.start("%%autoexec\nimport mine\nmine.samename.A", allow_stdin=True)
    cell.until(lambda: cell.questions, "the question")
    kernel.answer(answer)
    cell.finish()
    assert cell.questions == ["install samename 1.0 ? [y]es / [N]o "]
    assert (cell.status == "ok") is passes
    assert any(isinstance(event, Asked) for event in kernel.events(kernel.last("cell")))


@pytest.mark.parametrize(
    "code",
    [
        "open('log', 'a').write('x')\nimport importlib\nimportlib.import_module('serial')",
        "def work():\n    open('log', 'a').write('x')\n    __import__('serial')\nwork()",
        "for i in range(1):\n    open('log', 'a').write('x')\n    __import__('serial')",
        "open('log', 'a').write('x'); __import__('serial')",
        "open('log', 'a').write('x'); import serial",
        "import appends",
    ],
    ids=["statements", "function", "loop", "one line", "one line, seen before", "project file"],
)
def test_what_stands_before_the_import_runs_once(kernel, code):
    """However the two stand together, the file is appended to exactly once."""
    kernel.write("appends.py", "open('log', 'a').write('x')\nimport serial\n")
    kernel.execute(f"%%autoexec\n{code}").must_pass()
    assert (kernel.cwd / "log").read_text() == "x"
    assert installed(kernel) == ["pyserial"]


def test_a_thread_that_imports_the_same_waits_for_it(kernel):
    """While the heal works other threads import what they like; this one has the module then."""
    code = (
        "%%autoexec\nimport threading, importlib, sys, time\nseen = []\n"
        "def other():\n"
        "    while 'slugify' not in sys.modules and not stop:\n"
        "        try:\n            seen.append(importlib.import_module('slugify').A)\n            return\n"
        # It pauses: who does not keeps everybody else from the module's lock, which is not a fair one.
        "        except ImportError:\n            time.sleep(0.01)\n"
        "stop = []\n"
        "t = threading.Thread(target=other)\nt.start()\n"
        "m = importlib.import_module('slugify')\nt.join(20)\nstop.append(1)\n(m.A, t.is_alive())"
    )
    assert kernel.execute(code).must_pass().result == "('slugify', False)"


@contextlib.contextmanager
def silent(index, project):
    """Let the index not answer when it is asked for a project; yield what says that it was asked."""
    before = index.asked.count(project)
    index.projects[project].hang = "page"
    try:
        yield lambda: index.asked.count(project) > before
    finally:
        index.projects[project].hang = ""
        index.released.set()
        index.released.clear()


def test_an_interrupt_ends_the_heal_and_the_cell(kernel, index):
    """The stop button while the index does not answer; the next cell tries anew."""
    kernel.write("mine.py", "import serial\n")
    with silent(index, "pyserial") as was_asked:
        cell = kernel.start("%%autoexec\nimport mine")
        cell.until(was_asked, "the question to the index")
        kernel.interrupt()
        cell.finish(within=20)
    assert cell.error.startswith("cancelled:")
    assert kernel.last("cell").verdict == Verdict.CANCELLED
    assert kernel.execute("%%autoexec\nimport mine\nmine.serial.A").must_pass().result == "'serial'"


def test_the_time_limit_counts_the_heal(kernel, index):
    """A cell that waits for the index in the middle of an import ends in time."""
    kernel.write("mine.py", "import serial\n")
    with silent(index, "pyserial"):
        cell = kernel.start("%%autoexec --timeout 2\nimport mine").finish(within=30)
    assert cell.error.startswith("timeout:")
    assert kernel.last("cell").verdict == Verdict.TIMED_OUT


def test_no_install_leaves_it_to_python(kernel):
    """The option says it for the cell."""
    kernel.write("mine.py", "import slugify\n")
    assert "ModuleNotFoundError" in kernel.execute("%%autoexec --no-install\nimport mine").error
