"""Which imports are found, and which of them the code can do without."""

from __future__ import annotations

import ast
import contextlib
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autoexec_magic.installer.scan import Needed, scan

LONG_CHAIN = 400  # branches; Python compiles thousands


def found(source: str) -> dict[str, bool]:
    """Return the modules that `source` imports, each with whether it is required."""
    return {need.module: need.required for need in scan(source)}


@pytest.mark.parametrize(
    ("source", "want"),
    [
        pytest.param("import a", [("a", ())], id="import"),
        pytest.param("import a.b as c", [("a.b", ())], id="import-as"),
        pytest.param("import a, b.c", [("a", ()), ("b.c", ())], id="two-in-one"),
        pytest.param("from a.b import c as d, e", [("a.b", ("c", "e"))], id="from"),
        pytest.param("from a import *", [("a", ("*",))], id="star"),
        pytest.param("from a import (\n    b,\n    c,\n)", [("a", ("b", "c"))], id="brackets"),
        pytest.param("x = 1; import a", [("a", ())], id="after-a-semicolon"),
        pytest.param("from . import a", [], id="relative-package"),
        pytest.param("from .a import b", [], id="relative-module"),
        pytest.param("from ..a.b import c", [], id="relative-parent"),
        pytest.param("text = 'import a'", [], id="in-a-string"),
        pytest.param("# import a", [], id="in-a-comment"),
        pytest.param('"""\nimport a\n"""', [], id="in-a-docstring"),
        pytest.param("important = 1", [], id="in-a-name"),
        pytest.param("", [], id="nothing"),
        pytest.param("import ä", [("ä", ())], id="not-ascii"),
    ],
)
def test_imports(source, want):
    """An absolute import is found with what it takes from its module; what only looks like one is not."""
    assert [(need.module, need.names) for need in scan(source)] == want


@pytest.mark.parametrize(
    ("source", "want"),
    [
        pytest.param("if x:\n import a\nelse:\n import b", {"a": False, "b": False}, id="if"),
        pytest.param("if x: pass\nelif y:\n import a", {"a": False}, id="elif"),
        pytest.param("for x in y:\n import a\nelse:\n import b", {"a": False, "b": False}, id="for"),
        pytest.param("while x:\n import a\nelse:\n import b", {"a": False, "b": False}, id="while"),
        pytest.param("def f():\n import a", {"a": False}, id="function"),
        pytest.param("async def f():\n import a", {"a": False}, id="async-function"),
        pytest.param("class C:\n import a", {"a": True}, id="class"),
        pytest.param("class C:\n def f(self):\n  import a", {"a": False}, id="method"),
        pytest.param("def f():\n class C:\n  import a", {"a": False}, id="class-in-a-function"),
        pytest.param("with x:\n import a", {"a": True}, id="with"),
        pytest.param("async def f():\n async with x:\n  import a", {"a": False}, id="async-with"),
        pytest.param(
            "match x:\n case 1:\n  import a\n case _:\n  import b", {"a": False, "b": False}, id="match"
        ),
        pytest.param("try:\n import a\nfinally:\n import b", {"a": True, "b": True}, id="finally"),
        pytest.param(
            "try:\n import a\nexcept ValueError:\n import b\nelse:\n import c",
            {"a": False, "b": False, "c": False},
            id="another-error",
        ),
        pytest.param(
            "if x:\n try:\n  import a\n finally:\n  import b", {"a": False, "b": False}, id="finally-in-an-if"
        ),
    ],
)
def test_required(source, want):
    """What runs whenever the code runs is required; what may never run is found, and not required."""
    assert found(source) == want


@pytest.mark.parametrize(
    "caught",
    [
        "ImportError",
        "ModuleNotFoundError",
        "Exception",
        "BaseException",
        "builtins.ImportError",
        "(ValueError, ImportError)",
        "",
    ],
)
def test_a_guarded_import_is_not_needed(caught):
    """Whoever catches the missing module can do without it, and without the fall-back."""
    assert found(f"try:\n import a\nexcept {caught}:\n import b\nimport c") == {"c": True}


def test_an_import_group_guards_too():
    """`except*` catches a missing module as `except` does."""
    assert found("try:\n import a\nexcept* ImportError:\n pass") == {}


def test_what_follows_a_guarded_import_is_found():
    """The else-branch runs where the guarded module is there, and needs its own modules then."""
    assert found("try:\n import a\nexcept ImportError:\n pass\nelse:\n import b\nfinally:\n import c") == {
        "b": False,
        "c": True,
    }


@pytest.mark.parametrize("call", ["suppress(ImportError)", "contextlib.suppress(ModuleNotFoundError)"])
def test_a_suppressed_import_is_not_required(call):
    """`with suppress(ImportError)` goes on without the module."""
    assert found(f"with {call}:\n import a") == {"a": False}


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING"])
def test_what_only_a_type_checker_sees_is_not_needed(test):
    """Under TYPE_CHECKING nothing is imported; its else-branch is."""
    assert found(f"if {test}:\n import a\nelse:\n import b") == {"b": False}


def test_what_runs_without_a_type_checker_is_found():
    """`if not TYPE_CHECKING` is a branch like any other."""
    assert found("if not TYPE_CHECKING:\n import a") == {"a": False}


def test_lines_count_from_one_and_order():
    """The imports come in the order of their lines, each with its own."""
    source = "def f():\n    import b\n\nimport a\ntry: pass\nfinally:\n    from c import d\n"
    assert scan(source) == [
        Needed(2, "b", (), required=False),
        Needed(4, "a"),
        Needed(7, "c", ("d",)),
    ]


@pytest.mark.parametrize("source", ["import", "import a\nimport b c", "x ="])
def test_what_does_not_parse_is_a_syntax_error(source):
    """The message is Python's own, whether the word import is there or not."""
    with pytest.raises(SyntaxError) as ours:
        scan(source)
    with pytest.raises(SyntaxError) as theirs:
        ast.parse(source)
    assert (ours.value.msg, ours.value.lineno) == (theirs.value.msg, theirs.value.lineno)


def test_nothing_is_run(tmp_path):
    """Scanning reads the code and does nothing that it says."""
    canary = tmp_path / "canary"
    scan(f"import a\nopen({str(canary)!r}, 'w')")
    assert not canary.exists()


def test_a_long_chain_of_branches_is_scanned():
    """What Python can compile can be scanned, however many branches it has."""
    source = "import a\nif x: pass\n" + "elif y: pass\n" * LONG_CHAIN
    compile(source, "<cell>", "exec")
    assert found(source) == {"a": True}


def test_scanning_warns_of_nothing():
    """A cell's own warnings are shown when it runs, and not a second time by the scan before."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        scan('import a\nb = "\\d"\n')
    assert [str(warning.message) for warning in shown] == []


PIECES = [
    "import ",
    "from ",
    ".",
    "a",
    "b.c",
    " as ",
    ",",
    "*",
    "\n",
    " ",
    "\t",
    "try:",
    "except ImportError:",
]
PIECES += ["if TYPE_CHECKING:", "else:", "with suppress(x):", "match x:", "case _:", "def f():", "pass", "("]
PIECES += ["\\", ")", ";", "#", '"', "'", "\0", "\ufeff", "\ud800", "é", "async ", "class C:", "lambda: "]


@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@example("import a\0")
@example("import \ud800")
@example("(" * 1000 + "import")
@settings(max_examples=200, deadline=None)
def test_any_text_is_scanned_or_refused(text):
    """Whatever somebody types, the scan returns or says why it does not parse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(SyntaxError, ValueError):
            scan(text)


NAMES = st.sampled_from(["a", "b", "a.b", "c.d.e", "numpy", "_x"])
IMPORTS = (
    st.builds("import {}".format, NAMES)
    | st.builds("import {} as q".format, NAMES)
    | st.builds("import {}, {}".format, NAMES, NAMES)
    | st.builds("from {} import q, r as s".format, NAMES)
    | st.builds("from {} import *".format, NAMES)
    | st.builds("from .{} import q".format, NAMES)
    | st.just("from . import q")
)
SIMPLE = IMPORTS | st.sampled_from(["pass", "x = 'import a'", "f(lambda: 0)", "del x", "x: int = 1"])
HEADS = ["if x:", "while x:", "for x in y:", "with x:", "class C:"]
TAILED = [
    "if x:\n{}\nelse:\n{}",
    "while x:\n{}\nelse:\n{}",
    "for x in y:\n{}\nelse:\n{}",
    "try:\n{}\nfinally:\n{}",
]
TAILED += [
    "try:\n{}\nexcept ValueError:\n{}",
    "match x:\n case 1:\n{}\n case _:\n{}",
    "if x:\n{}\nelif y:\n{}",
]


def indented(text: str) -> str:
    """Return `text` two spaces further right."""
    return "\n".join(f"  {line}" for line in text.splitlines())


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return blocks of what `inner` makes."""
    block = st.lists(inner, min_size=1, max_size=3).map("\n".join).map(indented)
    one = st.builds(lambda head, body: f"{head}\n{body}", st.sampled_from(HEADS), block)
    two = st.builds(lambda form, body, rest: form.format(body, rest), st.sampled_from(TAILED), block, block)
    return one | two


@given(st.lists(st.recursive(SIMPLE, grown, max_leaves=8), min_size=1, max_size=5).map("\n".join))
@settings(max_examples=150, deadline=None)
def test_nothing_is_overlooked_where_nothing_is_guarded(source):
    """Without guards, the modules are exactly those that a walk over the whole tree finds."""
    want = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            want |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            want.add(node.module)
    assert {need.module for need in scan(source)} == want
