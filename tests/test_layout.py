"""The package is as its map says: names, sizes, tests, and nothing of anybody's machine."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from skips import requires

import autoexec_magic
from autoexec_magic import errors
from autoexec_magic.errors import AutoexecError, Cancelled

PACKAGE = Path(autoexec_magic.__file__).parent
TESTS = Path(__file__).parent
ROOT = TESTS.parent
MODULES = sorted(PACKAGE.rglob("*.py"))
MODULE_LINES, FUNCTION_LINES = 500, 60
NAMED_ELSEWHERE = {"__init__", "__main__"}
# Split, so that this file is not found by itself.
MACHINE_WORDS = ["/ro" + "ot/", "/wo" + "rk/"]
EACH = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())


def dotted(path: Path) -> str:
    """Return the name by which a module is imported."""
    parts = [PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PACKAGES = {name: importlib.import_module(name) for name in map(dotted, PACKAGE.rglob("__init__.py"))}
WITH_ALL = {name: module for name, module in PACKAGES.items() if hasattr(module, "__all__")}


@EACH
def test_every_module_has_a_test_file(path):
    """`redact.py` has `test_redact.py`; a module without tests is one that nobody minds breaking."""
    if path.stem in NAMED_ELSEWHERE:
        return
    found = list(TESTS.rglob(f"test_{path.stem}.py"))
    if "ui" in path.relative_to(PACKAGE).parts:
        found += [*(TESTS / "ui").glob("test_*.py"), *(TESTS / "kernel").glob("test_*.py")]
    assert found, f"no test_{path.stem}.py"


@pytest.mark.parametrize("name", WITH_ALL)
def test_what_a_package_offers_is_there(name):
    """Each name in `__all__` can be imported, stands there once, and does not begin with `_`."""
    module = WITH_ALL[name]
    for public in module.__all__:
        assert not public.startswith("_")
        assert hasattr(module, public) or importlib.import_module(f"{name}.{public}")
    assert sorted(set(module.__all__)) == sorted(module.__all__)


@pytest.mark.parametrize("name", WITH_ALL)
def test_what_a_package_makes_is_offered(name):
    """A public function or class that is written in a package's `__init__.py` is in its `__all__`."""
    module = WITH_ALL[name]
    made = {
        public
        for public, value in vars(module).items()
        if (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__ == name
    }
    assert {public for public in made if not public.startswith("_")} <= set(module.__all__)


def test_all_is_written_in_packages_only():
    """A module's public names are those without an underscore; `api` is a door, and says what it opens."""
    found = {dotted(path) for path in MODULES if "__all__" in top_level_names(path)}
    assert found - set(PACKAGES) <= {"autoexec_magic.api"}


def top_level_names(path: Path) -> set[str]:
    """Return the names that a module assigns to."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def codes() -> list[str]:
    """Return the codes of all errors."""
    classes = [value for value in vars(errors).values() if inspect.isclass(value)]
    return sorted({cls.code for cls in classes if issubclass(cls, AutoexecError | Cancelled)})


@pytest.mark.parametrize("code", codes())
def test_every_error_code_is_in_the_readme(code):
    """Whoever sees a code finds it there."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`{code}`" in readme


@EACH
def test_a_private_constant_is_used(path):
    """One that nobody reads says what is so, while something else decides it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    made = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    names = [node for each in made for node in ast.walk(each) if isinstance(node, ast.Name)]
    named = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    read = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    assert {name for name in named - read if re.fullmatch(r"_[A-Z][A-Z0-9_]*", name)} == set()


@EACH
def test_a_module_is_not_too_long(path):
    """What has two reasons to change becomes two modules."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES


@EACH
def test_a_function_is_not_too_long(path):
    """The signature and the docstring may say all they have to; what is done fits on a screen."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lengths = {
        node.name: lines_of(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the number of lines of a function's body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@EACH
def test_a_module_says_what_it_is_for(path):
    """Each begins with a docstring whose first line is a sentence."""
    if not path.read_text(encoding="utf-8").strip():
        return
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring
    assert docstring.split("\n\n")[0].endswith(".")


def test_importing_the_package_loads_nothing_heavy():
    """In a plain script neither IPython nor an SDK nor a test framework is loaded by us."""
    heavy = "IPython|ipywidgets|jupyter|nbformat|nbclient|pytest|boto3|kubernetes|docker|google"
    code = (
        "import sys, autoexec_magic, autoexec_magic.api\n"
        f"print([name for name in sys.modules if __import__('re').fullmatch({heavy!r}, name)])"
    )
    assert in_python(code) == "[]"


def test_importing_the_package_loads_the_standard_library_only():
    """`import autoexec_magic` in a plain script costs nothing."""
    code = (
        "import sys; before = set(sys.modules); import autoexec_magic\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before} - {'autoexec_magic'}\n"
        "print(sorted(new - sys.stdlib_module_names))"
    )
    assert in_python(code) == "[]"


def in_python(code: str) -> str:
    """Return what a fresh interpreter says."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """Return the files that are in git."""
    git = shutil.which("git")
    requires(git and (ROOT / ".git").exists(), "this is no clone", "git clone, and run the tests there")
    argv = [git, "-c", "safe.directory=*", "ls-files", "-z"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_machine(tracked):
    """Folders of the machine that something was made on mean nothing elsewhere."""
    words = re.compile("|".join(map(re.escape, MACHINE_WORDS)).encode())
    found = [str(path.relative_to(ROOT)) for path in tracked if words.search(path.read_bytes())]
    assert found == []


def test_the_top_level_is_as_it_is_known(tracked):
    """What everybody looks for is where everybody looks for it."""
    names = {path.relative_to(ROOT).parts[0] for path in tracked}
    assert {"pyproject.toml", "autoexec_magic", "tests", "notebooks", "README.md", "LICENSE"} <= names
