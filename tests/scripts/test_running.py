"""Each language runs as it runs alone, with values in and out, where it lies, and leaves what it made."""

from __future__ import annotations

import datetime
import math
import os
import shutil
from pathlib import Path

import pytest
from skips import needs

from autoexec_magic import scripts
from autoexec_magic.errors import UsageError
from autoexec_magic.scripts import handing

NEEDS_NODE = pytest.mark.skipif(
    not shutil.which("node"), reason=needs("node is not installed", "apt-get install nodejs")
)
NEEDS_RUST = pytest.mark.skipif(
    not shutil.which("rustc"), reason=needs("rustc is not installed", "apt-get install rustc")
)
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\n"


@pytest.fixture
def run(emit, tmp_path):
    """Return a function that runs a source in the cage, in a project of its own."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").touch()

    def start(
        source: str, lang: str = "", *, inputs: dict[str, object] | None = None, names=(), **job: object
    ):
        level = job.pop("level", "workspace")
        language = scripts.language_of(source, lang)
        given = handing.given(inputs or {}, language)
        made = scripts.Job(
            source=source,
            language=language,
            cwd=tmp_path / "project",
            cache=tmp_path / "cache",
            given=given,
            names=tuple(names),
            **job,
        )
        return scripts.perform(made, emit=emit, level=level)

    start.folder = tmp_path / "project"
    return start


class TestPython:
    """The interpreter of the kernel."""

    def test_values_go_in_and_out(self, run):
        """Of any type that Python has, and the script finds them as globals."""
        done = run(
            "out = {k: (v, total) for k, v in params.items()}\nwhen = when.replace(year=2000)",
            inputs={"params": {1: {2}}, "total": math.inf, "when": datetime.date(2024, 1, 1)},
            names=["out", "when"],
        )
        assert done.outcome.passed, done.outcome.stderr
        assert done.values == {"out": {1: ({2}, math.inf)}, "when": datetime.date(2000, 1, 1)}

    def test_arrays_go_in_and_out(self, run):
        """As NumPy's files."""
        import numpy

        done = run("y = x @ x.T", inputs={"x": numpy.eye(3)}, names=["y"])
        assert (done.values["y"] == numpy.eye(3)).all()

    def test_a_traceback_is_the_same_with_values(self, run, emit):
        """Character by character, but for the folder."""
        source = "def f():\n    return 1 / x\n\nf()\n"
        plain = run("x = 0\n" + source, first_line=2).outcome.stderr
        emit.clear()
        with_values = run("x = x\n" + source, first_line=2, inputs={"x": 0}, names=["y"]).outcome.stderr
        assert with_values.replace("x = x", "x = 0") == plain
        assert 'script.py", line 6, in <module>' in plain

    def test_the_script_is_alone_in_its_names(self, run, emit):
        """It sees neither our modules on its path nor our variables, and gives none to what it starts."""
        source = (
            "import os, sys, subprocess\n"
            "print([n for n in globals() if not n.startswith('__')])\n"
            "print([p for p in sys.path if 'values' in p], [n for n in os.environ if 'HANDOVER' in n])\n"
            "print(subprocess.check_output([sys.executable, '-c', 'print(\"x\" in globals())']))\n"
        )
        assert run(source, inputs={"x": 1}, names=[]).outcome.passed
        assert emit.text("stdout") == "['x', 'os', 'sys', 'subprocess']\n[] []\nb'False\\n'\n"

    def test_a_sitecustomize_of_the_projects_runs_too(self, run, emit):
        """Ours stands before it, and not in its place."""
        (run.folder / "sitecustomize.py").write_text("print('theirs')\n")
        assert run("print(x)", inputs={"x": 1}).outcome.passed
        assert emit.text("stdout") == "theirs\n1\n"

    @pytest.mark.parametrize(
        ("source", "why"),
        [
            ("x = object()", "object"),
            ("y = 1", "had no variable x"),
            ("import os\nx = 1\nos._exit(0)", "had no variable x"),
            ("def f():\n    x = 1\nf()", "had no variable x"),
            ("x = 1\ndel x", "had no variable x"),
        ],
    )
    def test_what_does_not_come_back_is_named(self, run, source, why):
        """The script has passed, and what was asked for is not there."""
        done = run(source, names=["x"])
        assert done.outcome.passed
        assert why in str(done.error)

    def test_what_a_failed_script_gave_back_is_kept(self, run):
        """As far as it came."""
        done = run("x = 1\n1 / 0", names=["x", "y"])
        assert not done.outcome.passed
        assert done.values == {"x": 1}

    def test_a_forked_child_gives_nothing_back(self, run):
        """Only the script itself does."""
        source = (
            "import os\nx = 'child'\npid = os.fork()\nif pid:\n    os.waitpid(pid, 0)\n    x = 'parent'\n"
        )
        assert run(source, names=["x"]).values == {"x": "parent"}

    def test_a_hostile_script_gives_back_a_refusal(self, run):
        """It writes into our folder what it likes: it is not followed."""
        source = (
            "import os, sys, atexit\n"
            "from pathlib import Path\n"
            "folder = Path(os.environ['AUTOEXEC_FIGURES']).parent / 'values'\n"
            "(folder / 'x').mkdir()\n"
            "(folder / 'x' / 'value.json').symlink_to('/etc/passwd')\n"
            "os._exit(0)\n"
        )
        done = run(source, names=["x"])
        assert done.outcome.passed, done.outcome.stderr
        assert "cannot be read" in str(done.error)

    def test_figures_are_shown(self, run):
        """Each `show` shows what is open, and a saved one is a file, too."""
        done = run(
            f"{PLOT}plt.show()\n{PLOT}plt.plot([3])\nplt.savefig('a.png')\nplt.show()\nplt.show()\nplt.close()"
        )
        assert done.outcome.passed, done.outcome.stderr
        assert [(made.name, bool(made.data)) for made in done.made] == [
            ("figure 1", True),
            ("figure 1", True),
            ("a.png", False),
        ]

    def test_files_are_named(self, run):
        """Not those that were there."""
        (run.folder / "old.txt").write_text("x")
        done = run("open('new.csv', 'w').write('a,b')")
        assert [(made.name, made.size_bytes, made.mime) for made in done.made] == [("new.csv", 3, "text/csv")]

    def test_what_was_done_is_known(self, run):
        """A script that failed and wrote nothing may run again; without a cage nobody knows."""
        assert not run("1 / 0").has_written
        assert run("open('x', 'w'); 1 / 0").has_written
        assert run("1 / 0", level="open").has_written

    def test_it_may_remove_its_own_folder(self, run):
        """And close all it has open: the kernel goes on, and so does the next one."""
        run("import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)\nos.closerange(0, 100)")
        run.folder.mkdir(exist_ok=True)
        assert run("print(1)").outcome.passed

    def test_a_file_of_the_project_runs_where_it_is(self, run, emit):
        """It finds its neighbours and knows its name."""
        (run.folder / "sub").mkdir()
        (run.folder / "sub" / "near.py").write_text("X = 7")
        file = run.folder / "sub" / "main.py"
        file.write_text("import near\nprint(near.X, __file__)")
        assert run(file.read_text(), file=file).outcome.passed
        assert emit.text("stdout") == f"7 {file}\n"

    def test_a_file_from_elsewhere_runs_as_a_copy(self, run, emit, tmp_path):
        """What lies beside it is nothing that the cage would let be read."""
        file = tmp_path / "main.py"
        file.write_text("import os\nprint(os.path.basename(__file__), os.path.dirname(__file__))")
        done = run(file.read_text(), file=file)
        assert done.outcome.passed
        assert emit.text("stdout").startswith("main.py /")
        assert str(tmp_path) not in emit.text("stdout")

    def test_it_reads_what_it_is_given(self, run, emit, tmp_path):
        """A text, or a file."""
        source = "import sys; print(sys.stdin.read())"
        assert run(source, stdin="täxt").outcome.passed
        (run.folder / "in.txt").write_text("file")
        assert run(source, stdin=run.folder / "in.txt").outcome.passed
        assert emit.text("stdout") == "täxt\nfile\n"


@NEEDS_NODE
class TestNode:
    """JavaScript, of both kinds of module."""

    def test_a_cell_requires_from_its_notebooks_folder(self, run, emit):
        """A neighbour, a package there, and Node's own."""
        (run.folder / "helper.js").write_text("module.exports = 7")
        (run.folder / "node_modules" / "pkg").mkdir(parents=True)
        (run.folder / "node_modules" / "pkg" / "index.js").write_text("module.exports = 'pkg'")
        source = "console.log(require('./helper'), require('pkg'), typeof require('node:fs').readFileSync)"
        done = run(source, "node")
        assert done.outcome.passed, done.outcome.stderr
        assert emit.text("stdout") == "7 pkg function\n"

    def test_a_module_imports_from_its_notebooks_folder(self, run, emit):
        """And awaits at its top level."""
        (run.folder / "m.mjs").write_text("export default 8")
        source = "import x from './m.mjs'\nconst { default: y } = await import('./m.mjs')\nconsole.log(x + y)"
        done = run(source, "node")
        assert done.outcome.passed, done.outcome.stderr
        assert emit.text("stdout") == "16\n"

    def test_an_error_names_the_cells_line(self, run):
        """Also with values."""
        for more in ({}, {"inputs": {"x": 1}, "names": ["y"]}):
            done = run("let y = 1\n\nundefined.f()", "node", first_line=2, **more)
            assert "script.js:4" in done.outcome.stderr

    def test_values_go_in_and_out(self, run):
        """What JSON has goes in; what JavaScript has comes back as what Python has for it."""
        done = run(
            "let a = x.map(v => v * 2)\nconst b = new Map([[1, new Date(0)]]), c = [NaN, -0, 10n, 2 ** 53]\n"
            "const d = new Set(['x']), e = Uint8Array.of(1, 2), f = { $: 1 }",
            "node",
            inputs={"x": [1, 2.5]},
            names=["a", "b", "c", "d", "e", "f"],
        )
        assert done.error is None
        assert done.values["a"] == [2, 5]
        assert done.values["b"] == {1: datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)}
        assert repr(done.values["c"]) == "[nan, -0.0, 10, 9007199254740992]"
        assert [done.values[name] for name in "def"] == [{"x"}, b"\x01\x02", {"$": 1}]

    def test_values_go_through_a_module(self, run):
        """As it ends, also where it waits."""
        done = run(
            "export let a = 1\nawait new Promise(r => setTimeout(r, 10))\na = x",
            "node",
            inputs={"x": 5},
            names=["a"],
        )
        assert done.values == {"a": 5}

    @pytest.mark.parametrize(
        "value",
        [
            "() => 1",
            "undefined",
            "Symbol()",
            "new (class A {})",
            "(() => { let a = []; a[0] = a; return a })()",
        ],
    )
    def test_what_python_has_nothing_for_is_refused(self, run, value):
        """By its name."""
        done = run(f"let a = {value}", "node", names=["a"])
        assert "a was not handed back" in str(done.error)

    def test_a_frame_is_not_handed_over(self, run):
        """JavaScript has nothing for it."""
        with pytest.raises(UsageError, match="x cannot be handed over"):
            run("1", "node", inputs={"x": (1, 2)})

    def test_a_shebang_below_a_mark_is_no_error(self, run, emit):
        """JavaScript knows it on its first line only; the cell's first line is the mark's."""
        assert run("#!/usr/bin/env node\nconsole.log(1)", first_line=2).outcome.passed
        assert run("%%javascript\nconsole.log(2)", first_line=2).outcome.passed
        assert emit.text("stdout") == "1\n2\n"


class TestBash:
    """Whatever `bash` runs."""

    def test_values_go_in_and_out(self, run):
        """Texts in; texts, lists and pairs out; also where the script stops at a failure."""
        source = (
            'set -eu\nb="$a-x"; l=(1 "2 3" ""); e=(); declare -A m=([k]=v [ö]="z\n")\nlist=$data\nfalse\n'
        )
        done = run(source, "bash", inputs={"a": "hi\n*", "data": [1]}, names=["b", "l", "e", "m", "list"])
        assert done.outcome.returncode == 1
        assert done.values == {
            "b": "hi\n*-x",
            "l": ["1", "2 3", ""],
            "e": [],
            "m": {"k": "v", "ö": "z\n"},
            "list": "[1]",
        }

    def test_its_exit_code_is_its_own(self, run):
        """Not that of what writes the values down."""
        assert run("x=1; exit 3", "bash", names=["x"]).outcome.returncode == 3

    def test_a_subshell_gives_nothing_back(self, run):
        """Nor does a script that it starts."""
        done = run("x=1; (x=2); bash -c 'x=3'; echo \"${BASH_ENV-none}\"", "bash", names=["x"])
        assert done.values == {"x": "1"}
        assert done.outcome.stdout == "none\n"

    def test_what_is_wrong_with_its_last_line_shows_before_its_first_runs(self, run, emit):
        """Bash alone runs all that it has read until then."""
        job = scripts.Job(
            source="touch made\nif true; then", language=scripts.LANGUAGES["bash"], cwd=run.folder
        )
        fault = scripts.check(job, is_run_next=True, emit=emit, level="workspace")
        assert "syntax error" in fault.outcome.stderr
        assert not (run.folder / "made").exists()

    def test_a_check_of_a_good_script_says_and_does_nothing(self, run, emit):
        """It is only read."""
        job = scripts.Job(source="touch made; echo hi", language=scripts.LANGUAGES["bash"], cwd=run.folder)
        assert scripts.check(job, is_run_next=True, emit=emit, level="workspace") is None
        assert emit == []
        assert not (run.folder / "made").exists()

    def test_a_notebooks_mark_is_no_command(self, run, emit):
        """It stays a line, so that the others keep their numbers."""
        done = run("%%bash -e\necho hi\nfalse\necho no", first_line=2)
        assert emit.text("stdout") == "hi\n"
        assert "%%bash" not in done.outcome.stderr


@NEEDS_RUST
class TestRust:
    """Compiled once."""

    def test_the_second_run_does_not_compile(self, run, emit):
        """It runs what the first one made, which nobody can write."""
        source = 'fn main() { println!("hi {}", std::env::args().skip(1).collect::<Vec<_>>().join(",")); }'
        assert run(source, "rust", arguments=("a", "b c")).outcome.passed
        assert emit.kinds() == ["Progress", "Output"]
        emit.clear()
        assert run(source, "rust").outcome.passed
        assert emit.kinds() == ["Output"]
        emit.clear()
        run(source + "\n", "rust")
        assert emit.kinds() == ["Progress", "Output"]

    def test_its_errors_name_the_cells_lines(self, run):
        """The compiler's, and those of the program."""
        done = run('fn main() {\n let x: i32 = "a"; }', "rust", first_line=2)
        assert not done.is_compiled
        assert "script.rs:3:" in done.outcome.stderr
        done = run('fn main() {\n panic!("no") }', "rust", first_line=2)
        assert done.is_compiled
        assert "script.rs:3:" in done.outcome.stderr

    def test_an_overflow_ends_it(self, run):
        """A wrong number is worse than none."""
        source = 'fn main() { let n = std::env::args().count() as u8; println!("{}", n * 255 + n); }'
        assert run(source, "rust").outcome.returncode == 101

    def test_a_file_that_it_includes_counts(self, run, emit):
        """It has changed: the program is compiled again."""
        (run.folder / "data.txt").write_text("1")
        file = run.folder / "main.rs"
        file.write_text('fn main() { print!("{}", include_str!("data.txt")); }')
        run(file.read_text(), file=file, lang="rust")
        (run.folder / "data.txt").write_text("2")
        run(file.read_text(), file=file, lang="rust")
        assert emit.text("stdout") == "12"

    def test_the_compiler_is_caged(self, run, tmp_path):
        """What a source includes is read by the compiler: no file of the home is let through."""
        (tmp_path / "secret.txt").write_text("hunter2")
        done = run(f'fn main() {{ print!("{{}}", include_str!("{tmp_path}/secret.txt")); }}', "rust")
        assert not done.is_compiled
        assert "hunter2" not in done.outcome.stdout + done.outcome.stderr


def test_a_job_has_the_name_that_a_person_knows(tmp_path):
    """A file's from the working directory, a cell's by its language."""
    node = scripts.LANGUAGES["node"]
    job = scripts.Job(source="import x from 'y'", language=node, cwd=tmp_path)
    assert (job.name, job.ending) == ("script.mjs", ".mjs")
    assert scripts.Job(
        source="1", language=node, cwd=tmp_path, file=tmp_path / "a" / "b.js"
    ).name == os.path.join("a", "b.js")
    assert scripts.Job(source="1", language=node, cwd=tmp_path, file=Path("/x/b.js")).name == "/x/b.js"
