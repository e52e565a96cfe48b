"""Which tests a change concerns: all that may import what changed, and not much more."""

from __future__ import annotations

import os
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suites import write

from autoexec_magic.testrunner.affected import (
    MOST_BYTES,
    Source,
    affected,
    affected_by,
    changed_between,
    imports_in,
    names_of,
    scan,
)

PROJECT = {
    "pyproject.toml": "",
    "README.md": "words",
    "src/shop/__init__.py": "",
    "src/shop/prices.py": "RATE = 2",
    "src/shop/cart.py": "from .prices import RATE",
    "src/shop/page.py": "import shop.cart",
    "src/shop/unused.py": "",
    "tests/conftest.py": "pytest_plugins = ['tests.plugin']",
    "tests/plugin.py": "import shop.unused",
    "tests/unit/__init__.py": "",
    "tests/unit/test_cart.py": "from shop import cart",
    "tests/unit/test_alone.py": "def test(): pass",
    "tests/web/conftest.py": "from shop.page import *",
    "tests/web/test_web.py": "def test_page(page): pass",
    "tests/web/late_test.py": "import importlib\ndef test(): importlib.import_module('shop.page')",
    "tests/data/numbers.csv": "1,2",
    "test_top.py": "from tests.unit.test_cart import *",
}
UNIT, WEB = (
    {"tests/unit/test_cart.py", "tests/unit/test_alone.py"},
    {"tests/web/test_web.py", "tests/web/late_test.py"},
)
ALL_BELOW = UNIT | WEB


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return a project in which tests import what they test over several hops."""
    return write(tmp_path_factory.mktemp("project"), PROJECT)


@pytest.mark.parametrize(
    ("changed", "want"),
    [
        pytest.param(["tests/unit/test_alone.py"], {"tests/unit/test_alone.py"}, id="a-test-itself"),
        pytest.param(
            ["src/shop/cart.py"], {"tests/unit/test_cart.py", "test_top.py"} | WEB, id="one-hop-and-two"
        ),
        pytest.param(
            ["src/shop/prices.py"], {"tests/unit/test_cart.py", "test_top.py"} | WEB, id="relative-imports"
        ),
        pytest.param(["src/shop/page.py"], WEB, id="what-only-a-conftest-imports"),
        pytest.param(
            ["src/shop/unused.py"], ALL_BELOW | {"test_top.py"}, id="what-a-plugin-of-conftest-imports"
        ),
        pytest.param(["tests/plugin.py"], ALL_BELOW | {"test_top.py"}, id="a-plugin-of-conftest"),
        pytest.param(["tests/web/conftest.py"], WEB, id="conftest-concerns-those-below"),
        pytest.param(["tests/unit/__init__.py"], UNIT | {"test_top.py"}, id="a-package-of-tests"),
        pytest.param(
            ["tests/unit/test_cart.py"], {"tests/unit/test_cart.py", "test_top.py"}, id="imported-test"
        ),
        pytest.param(["tests/web/gone.html"], WEB, id="no-python-concerns-those-below"),
        pytest.param(["README.md"], ALL_BELOW | {"test_top.py"}, id="at-the-root-all"),
        pytest.param(["src/shop/gone.py"], set(), id="removed-and-imported-by-nobody"),
        pytest.param(["tests/unit/test_gone.py"], set(), id="a-test-that-was-removed"),
        pytest.param([], set(), id="nothing"),
    ],
)
def test_a_change_concerns(project, changed, want):
    """Those that import it, over any number of files, and those for which it is imported."""
    assert affected_by(changed, project) == tuple(sorted(want))


@pytest.mark.parametrize("name", ["pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg", "pytest.toml"])
def test_settings_at_the_root_concern_all(project, name):
    """They change what is collected, so nobody can say which; below the root they are a file like others."""
    assert affected_by(["src/shop/cart.py", name], project) is None
    assert affected_by([f"tests/unit/{name}"], project) == tuple(sorted(UNIT))


def test_a_removed_module_concerns_who_still_imports_it(project):
    """They fail now."""
    sources = [source for path, source in scan(project, {}).items() if path != "src/shop/cart.py"]
    assert "tests/unit/test_cart.py" in affected(["src/shop/cart.py"], sources)


def test_a_circle_of_imports_ends():
    """Each file is looked at once."""
    sources = [
        Source("a.py", frozenset({"b"})),
        Source("b.py", frozenset({"a", "test_c"})),
        Source("test_c.py", frozenset({"a"})),
    ]
    assert affected(["a.py"], sources) == affected(["b.py"], sources) == ("test_c.py",)


@given(
    edges=st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20),
    start=st.integers(0, 7),
)
def test_what_is_reached_by_imports_is_concerned(edges, start):
    """Against the plain closure of who imports whom."""
    sources = [
        Source(f"test_{at}.py", frozenset(f"test_{to}" for one, to in edges if one == at)) for at in range(8)
    ]
    reached = {start}
    for _ in range(8):
        reached |= {one for one, to in edges if to in reached}
    assert affected([f"test_{start}.py"], sources) == tuple(f"test_{at}.py" for at in sorted(reached))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import a.b.c as d", "a.b"),
        ("from a import (b,\n c)", "a.c"),
        ("from . import sibling", "pkg.sub.sibling"),
        ("from .. import up", "pkg.up"),
        ("from ...far import away", "far.away"),
        ("from ....... import nowhere", "nowhere"),
        ("def f():\n  if x:\n    import late", "late"),
        ("try:\n  import fast\nexcept ImportError: pass", "fast"),
        ("import importlib; importlib.import_module('a.b')", "a.b"),
        ("__import__('a')", "a"),
        ("import pytest; np = pytest.importorskip('numpy')", "numpy"),
        ("pytest_plugins = ('a.plugin', 'b')", "a.plugin"),
        ("pytest_plugins = 'one'", "one"),
        ("'\\d'; import after_a_warning", "after_a_warning"),
    ],
)
def test_each_way_to_import_is_seen(text, name):
    """Of what can be read without running it."""
    assert name in imports_in(text, "pkg/sub/x.py")


@pytest.mark.parametrize(
    "text",
    [
        "import",
        "a\0b",
        "(" * 10_000,
        "-" * 50_000 + "1",
        "\ufeff\ufeff",
        "import_module(name)",
        "import_module(7)",
        "pytest_plugins = names()",
        "pytest_plugins = [1, *more]",
        "import_module('')",
    ],
)
def test_what_cannot_be_read_imports_nothing(text):
    """And raises nothing, whatever somebody wrote there."""
    assert imports_in(text, "x.py") == frozenset()


def test_reading_sources_warns_of_nothing(recwarn):
    """A user who looks for changes did not ask for what is odd in each file."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        imports_in("x = '\\d'\nx is 1", "x.py")
    assert not seen


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1), st.text(max_size=5))
def test_names_of_any_path(name, folder):
    """Whatever files are called."""
    assert names_of(f"{folder}/{name}.py") or name == "__init__"


def test_a_scan_reads_again_only_what_changed(project, monkeypatch):
    """By the time of its last change."""
    before = scan(project, {})
    assert {*before} == {path for path in PROJECT if path.endswith(".py")}
    assert all(scan(project, before)[path] is source for path, source in before.items())
    os.utime(project / "test_top.py", ns=(1, 1))
    after = scan(project, before)
    assert changed_between(before, after) == ("test_top.py",)
    assert changed_between(after, {}) == tuple(sorted(after))
    assert changed_between(after, after) == ()


def test_a_scan_leaves_out_what_is_not_the_projects(tmp_path):
    """Environments, caches and what was built."""
    write(tmp_path, {f"{name}/x.py": "" for name in (".venv", "node_modules", ".git", "x.egg-info", "mine")})
    assert [*scan(tmp_path, {})] == ["mine/x.py"]


def test_a_scan_never_waits_for_a_pipe_nor_reads_without_an_end(tmp_path):
    """A run may leave such names in the workspace, for whoever looks next."""
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    (tmp_path / "gone.py").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "folder.py").mkdir()
    with (tmp_path / "huge.py").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    (tmp_path / "latin.py").write_bytes(b"# \xff\nimport a\n")
    found = scan(tmp_path, {})
    assert {path: source.imports for path, source in found.items()} == {"latin.py": frozenset({"a"})}
