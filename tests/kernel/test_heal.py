"""A missing import in a `%%autoexec` cell: found, proved, installed; the cell completes, nothing ran twice.

A real kernel in a virtual environment of its own, and a local index with
upload times.
"""

from __future__ import annotations

import pytest
from harness import LOAD
from healing import Healing, served

from autoexec_magic.events import Asked, Installed, Recorded, Resolved


@pytest.fixture(scope="module")
def index():
    """Yield an index with a few projects, and `refused` among them under a name that promises more."""
    with served.Index() as running:
        running.add("python-slugify", served.wheel("python-slugify", "8.0", {"slugify/__init__.py": SLUGIFY}))
        running.add("pyserial", served.wheel("pyserial", "3.0", {"serial/__init__.py": "A = 'serial'\n"}))
        running.add("python-docx", served.wheel("python-docx", "1.0", {"docx/__init__.py": "A = 'docx'\n"}))
        running.add("frob-tools", served.wheel("frob-tools", "1.0", {"frobnicore.py": "A = 1\n"}))
        running.add("emptyhull", served.wheel("emptyhull", "1.0", {"something_else.py": "A = 1\n"}))
        running.add("samename", served.wheel("samename", "1.0", {"samename.py": "A = 'same'\n"}))
        yield running


SLUGIFY = "def slugify(text):\n    return text.lower().replace(' ', '-')\n"


@pytest.fixture(scope="module")
def kernel(index, tmp_path_factory):
    """Yield the kernel, the extension loaded."""
    environment = {"AUTOEXEC_INDEX_URL": index.url, "NO_PROXY": "*", "no_proxy": "*"}
    with Healing(tmp_path_factory.mktemp("healing"), **environment) as started:
        started.execute(LOAD).must_pass()
        yield started


def test_a_missing_import_is_healed_and_the_cell_completes(kernel):
    """Found under another name, proved, installed; the result is the cell's; a line says what was done."""
    cell = kernel.execute("%%autoexec\nfrom slugify import slugify\nslugify('Eine Zelle')").must_pass()
    assert cell.result == "'eine-zelle'"
    assert "slugify comes from python-slugify" in cell.stdout
    assert "+ python-slugify 8.0 (sha256 " in cell.stdout
    run = kernel.last("cell")
    assert run.verdict == "passed"
    installed = [event for event in kernel.events(run) if isinstance(event, Installed)]
    assert [item.distribution for item in installed] == ["python-slugify"]
    heads = [event.head for event in kernel.events(run) if isinstance(event, Recorded)]
    assert kernel.events(run)[-1].ledger_head == heads[-1]


def test_nothing_of_the_cell_runs_twice(kernel):
    """A cell that appends to a file and then imports a missing module appends exactly once."""
    kernel.execute("%%autoexec\nopen('log', 'a').write('once\\n')\nimport serial\nserial.A").must_pass()
    assert (kernel.cwd / "log").read_text() == "once\n"


def test_what_is_there_is_neither_looked_for_nor_mentioned(kernel, index):
    """A cell whose imports are all here costs no question to the index and no line."""
    asked = list(index.asked)
    cell = kernel.execute("%%autoexec\nimport json, os.path\nfrom slugify import slugify\n1").must_pass()
    assert cell.stdout == ""
    assert list(index.asked) == asked


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("frobnicore", "no distribution called frobnicore"),
        ("emptyhull", "unproved: the wheel of emptyhull 1.0 does not hold emptyhull"),
        ("samename", "samename is only the same name, which is no evidence"),
    ],
)
def test_what_is_not_proved_or_known_stops_the_cell_before_it_starts(kernel, module, said):
    """Verdict asked, the evidence, the command to type; and none of the cell's lines has run."""
    cell = kernel.execute(f"%%autoexec\nprint('never')\nimport {module}")
    assert cell.error.startswith(f"asked: {module if module != 'samename' else 'install samename'}")
    assert said in cell.error
    assert "fix: %autoexec install" in cell.error
    assert "Traceback" not in cell.error
    assert "never" not in cell.stdout
    assert kernel.last("cell").verdict == "asked"
    assert kernel.execute(f"import {module}").status == "error"


@pytest.mark.parametrize(("answer", "passes"), [("y", True), ("", False)])
def test_a_person_is_asked_about_what_is_proved_but_not_known(kernel, index, answer, passes):
    """One line of evidence, then yes or no; a no leaves the environment as it was."""
    name = f"asked{len(answer)}"
    index.add(name, served.wheel(name, "1.0", {f"{name}.py": "A = 'asked'\n"}))
    cell = kernel.start(f"%%autoexec\nimport {name}\n{name}.A", allow_stdin=True)
    cell.until(lambda: cell.questions, "the question")
    kernel.answer(answer)
    cell.finish()
    assert cell.questions == [f"install {name} 1.0 ? [y]es / [N]o "]
    assert f"because: {name} is only the same name" in cell.stdout
    assert (cell.status == "ok") is passes
    assert any(isinstance(event, Asked) for event in kernel.events(kernel.last("cell")))


def test_yes_answers_what_is_proved(kernel, index):
    """`--yes` on the cell; a refusal stays one."""
    index.add("yesname", served.wheel("yesname", "1.0", {"yesname.py": "A = 'yes'\n"}))
    cell = kernel.execute("%%autoexec --yes\nimport yesname\nyesname.A").must_pass()
    assert cell.result == "'yes'"
    assert "unproved" in kernel.execute("%%autoexec --yes\nimport emptyhull").error


def test_no_install_leaves_everything_to_python(kernel, index):
    """The cell fails as it would without us, and nothing is asked of the index."""
    asked = list(index.asked)
    cell = kernel.execute("%%autoexec --no-install\nimport docx")
    assert "ModuleNotFoundError" in cell.error
    assert list(index.asked) == asked


@pytest.mark.parametrize(
    "before",
    [
        "import sys; sys.path.insert(0, 'elsewhere')",
        "open('made_here.py', 'w').write('A = 1')",
        "get_ipython().run_line_magic('cd', 'elsewhere')",
    ],
    ids=["path", "file", "magic"],
)
def test_a_cell_that_makes_its_own_import_possible_runs(kernel, before):
    """What comes after such a line cannot be known before: the cell runs, as it would without us."""
    (kernel.cwd / "elsewhere").mkdir(exist_ok=True)
    (kernel.cwd / "elsewhere" / "made_here.py").write_text("A = 1\n")
    code = f"%%autoexec\n{before}\nimport made_here\nmade_here.A"
    assert kernel.execute(code).must_pass().result == "1"
    kernel.execute(f"import os, sys; sys.modules.pop('made_here'); os.chdir({str(kernel.cwd)!r})").must_pass()


def test_an_import_that_may_never_run_does_not_stop_the_cell(kernel):
    """In a function, or guarded by the code itself; a known one is installed all the same."""
    code = (
        "%%autoexec\n"
        "def later():\n    import frobnicore\n"
        "try:\n    import emptyhull\nexcept ImportError:\n    emptyhull = None\n"
        "def soon():\n    import docx\n    return docx.A\n"
        "(emptyhull, soon())"
    )
    assert kernel.execute(code).must_pass().result == "(None, 'docx')"


def test_an_import_that_fails_after_all_is_explained(kernel):
    """The traceback is Python's, the line below it is the installer's evidence and the command to type."""
    cell = kernel.execute("%%autoexec\nif True:\n    import frobnicore")
    assert "ModuleNotFoundError" in cell.error
    assert "no distribution called frobnicore" in cell.stderr
    assert "fix: %autoexec install" in cell.stderr
    assert kernel.last("cell").verdict == "asked"


def test_a_cell_that_does_not_parse_installs_nothing(kernel, index):
    """Python's own message, and not one question to the index."""
    asked = list(index.asked)
    cell = kernel.execute("%%autoexec\nimport jwt\nthis does not parse")
    assert "SyntaxError" in cell.error
    assert list(index.asked) == asked
    assert not [event for event in kernel.events(kernel.last("cell")) if isinstance(event, Resolved)]


def test_a_script_is_healed_before_it_starts(kernel, index):
    """In the kernel's environment, which is the script's."""
    index.add("python-dotenv", served.wheel("python-dotenv", "1.0", {"dotenv/__init__.py": "A = 'dotenv'\n"}))
    cell = kernel.execute("%%autoexec script\nimport dotenv\nprint(dotenv.A)").must_pass()
    assert "dotenv\n" in cell.stdout
    assert "+ python-dotenv 1.0" in cell.stdout


def test_install_installs_what_is_named(kernel, index):
    """Naming it is the evidence; a module's name of another distribution is not a name."""
    index.add("bynameonly", served.wheel("bynameonly", "2.0", {"bynameonly.py": "A = 2\n"}))
    assert "+ bynameonly 2.0" in kernel.execute("%autoexec install bynameonly").must_pass().stdout
    assert kernel.value("__import__('bynameonly').A") == "2"
    assert "usage: slugify is a module of python-slugify" in kernel.execute("%autoexec install slugify").error
