"""The quick look says what the parser says, or that it does not know."""

from __future__ import annotations

import random
import sysconfig
import tokenize
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autoexec_magic.installer.quick import quick
from autoexec_magic.installer.scan import Needed, scan
from autoexec_magic.installer.tree import decoded

LIBRARY = Path(sysconfig.get_path("stdlib"))
MOST_UNSURE = 0.02  # of the files of the standard library
SOME_FILES = 400


def check(source: str) -> bool:
    """Compare both where both answer; return whether the quick one did."""
    said = quick(source)
    if said is None:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            want = scan(source)
        except (SyntaxError, ValueError, RecursionError):
            return True  # nobody can say what a source imports that does not parse
    assert said == want
    return True


SURE = [
    pytest.param("import a, b.c as d\nfrom e.f import g as h, i", id="plain"),
    pytest.param('"""Doc.\n\nimport a\n"""\nimport b', id="docstring"),
    pytest.param("'''\nimport a\n'''\nimport b", id="docstring-in-single-quotes"),
    pytest.param('x = """\\"""\nimport a\n"""\nimport b', id="escaped-quotes"),
    pytest.param('x = r"""\\"""" ""\nimport b', id="raw-string"),
    pytest.param("x = \"'''\"\nimport a\ny = \"'''\"", id="triple-quotes-in-a-string"),
    pytest.param('# """\nimport a\n# """', id="triple-quotes-in-a-comment"),
    pytest.param('x = "a""""b\nimport c\n"""\nimport d', id="strings-side-by-side"),
    pytest.param('x = 1  # don\'t """\nimport a\n"""import b"""', id="apostrophe-in-a-comment"),
    pytest.param("from a import (\n    b,  # import (c)\n    d,\n)\nimport e", id="comment-in-brackets"),
    pytest.param("from a import b, \\\n    c\nimport d", id="backslash-in-a-from"),
    pytest.param("from . import a\nfrom ..b import c\nfrom .import d\nimport e", id="relative"),
    pytest.param("import a; import b; x = 1", id="semicolons-after"),
    pytest.param("import a  # import b; import c", id="import-in-a-comment"),
    pytest.param("x = 'this; import a'\nimport b", id="import-in-a-string"),
    pytest.param("def f():\n    import a\nimport b", id="function"),
    pytest.param("def f(\n    a,\n    b,\n):\n    import c", id="signature-over-lines"),
    pytest.param("class C:\n    import a\n    def f(self):\n        import b", id="class"),
    pytest.param("class C:\n    '''\n  def f:\n    '''\n    import a", id="header-in-a-docstring"),
    pytest.param("try:\n    import a\nexcept ImportError:\n    import b\nelse:\n    import c", id="try"),
    pytest.param(
        "try:\n    import a\nexcept (ValueError, b.ImportError) as e:\n    import c", id="try-tuple"
    ),
    pytest.param("try:\n    import a\nexcept:\n    pass", id="try-bare"),
    pytest.param("try:\n    import a\nexcept* ImportError:\n    pass", id="try-star"),
    pytest.param("try:\n    import a\nexcept KeyError: import_x = 1\nimport c", id="try-other"),
    pytest.param("try:\n    import a\nfinally:\n    import b", id="finally"),
    pytest.param("try:\n  x\nexcept OSError:\n  import a\nexcept ImportError:\n  import b", id="handlers"),
    pytest.param("if TYPE_CHECKING:\n    import a\nelse:\n    import b", id="type-checking"),
    pytest.param("if t.TYPE_CHECKING:  # x\n    import a", id="type-checking-of-a-module"),
    pytest.param("if not TYPE_CHECKING:\n    import a", id="not-type-checking"),
    pytest.param("if x:\n    pass\nelif TYPE_CHECKING:\n    import a", id="elif-type-checking"),
    pytest.param("import sys\nif sys.platform == 'win32':\n    import a\nelse:\n    import b", id="platform"),
    pytest.param("import sys\nif sys.version_info >= (3, 11):\n    import tomllib", id="version"),
    pytest.param("if (\n    a and\n    b\n):\n    import c", id="test-over-lines"),
    pytest.param("for x in y:\n    import a\nwhile x:\n    import b", id="loops"),
    pytest.param("async def f():\n    async with x:\n        import a", id="async"),
    pytest.param("with suppress(ImportError):\n    import a\nwith x:\n    import b", id="with"),
    pytest.param("with (\n    a as b,\n    c,\n):\n    import d", id="with-over-lines"),
    pytest.param("match x:\n    case 1:\n        import a", id="match"),
    pytest.param("match = 1\ncase = 2\ndef f():\n    match(x)\n    import a", id="soft-keywords"),
    pytest.param("import a\nsys.path.append('x')\nimport b", id="after-sys-path"),
    pytest.param("import a\n# open sys.path\nimport b", id="makers-in-a-comment"),
    pytest.param("import a\nx = 'open'\nimport b", id="makers-in-a-string"),
    pytest.param("import a\nx = f'{open}'\nimport b", id="makers-in-a-formatted-string"),
    pytest.param("import a\nx = f'''{os.x}'''\nimport b", id="makers-in-a-long-formatted-string"),
    pytest.param("import a\ndef open(os): pass\nimport b", id="makers-as-parameters"),
    pytest.param("import a\nf(open=1)\nimport b", id="makers-as-keywords"),
    pytest.param("import a\nx = open\nimport b", id="makers-alone"),
    pytest.param("\ufeffimport a", id="mark-of-utf-8"),
    pytest.param("import a\r\ndef f():\r\n    import b\r\n", id="windows"),
    pytest.param("import a\rimport b", id="old-macintosh"),
    pytest.param("import a\n\x0c\nimport b\n\x0cimport c", id="form-feeds"),
    pytest.param("def f():\n\timport a\n\tif x:\n\t\timport b", id="tabs"),
    pytest.param("x = (yield\n     from_)\nimport a", id="yield-from"),
    pytest.param("exec('import a')\nimport b", id="exec"),
    pytest.param("import_a = 1\nreimport = 2\nimportlib.x\nimport ä", id="names"),
    pytest.param("@f\nclass C:\n    import a", id="decorator"),
    pytest.param("import a\n@sys.x\nclass C:\n    pass\nimport b", id="decorator-that-makes"),
    pytest.param("from a import (b)\nfrom c import(d, e)\nfrom f import *", id="brackets-without-spaces"),
    pytest.param("lambda: 0\nx = {1: 2}\nimport a", id="colons"),
    pytest.param("x = [y\n     for y in z\n     if y]\ndef f():\n    import a", id="comprehension"),
]
UNSURE = [
    pytest.param("if x: import a", id="on-the-line-of-an-if"),
    pytest.param("try: import a\nexcept ImportError: pass", id="on-the-line-of-a-try"),
    pytest.param("x = 1; import a", id="behind-a-semicolon"),
    pytest.param("'''x'''; import a", id="behind-a-string"),
    pytest.param("x = 'a\\\nimport b'", id="string-over-a-backslash"),
    pytest.param("if x: \\\nimport a", id="behind-a-backslash"),
    pytest.param("  \x0cimport a", id="form-feed-within"),
    pytest.param("import a\0", id="null"),
]


@pytest.mark.parametrize("source", SURE)
def test_what_it_says_is_what_the_parser_says(source):
    """Ordinary code is read without a parser, with the same lines, names and guards."""
    assert check(source)


@pytest.mark.parametrize("source", UNSURE)
def test_what_it_cannot_know_it_leaves_to_the_parser(source):
    """Rare forms are not guessed at."""
    assert quick(source) is None


def test_a_continuation_that_stands_to_the_left_is_not_taken_for_a_block():
    """A piece of a comprehension below a block's indentation says nothing about the block."""
    check("class C:\n    x = [y\n  for y in z]\n    import a")
    check("def f():\n    x = [y\n  for y in z if\n y]\n    import a")
    check("class C:\n    x = {a\n  if b else c: d}\n    import a")


def files() -> list[Path]:
    """Return the Python files of the standard library, its tests too, in an order that is always the same."""
    found = sorted(path for path in LIBRARY.rglob("*.py") if "site-packages" not in path.parts)
    random.Random(5).shuffle(found)
    return found


def compared(paths: list[Path]) -> float:
    """Compare both on each file that can be decoded; return the share that the quick one left open."""
    sure = total = 0
    for path in paths:
        try:
            source = decoded(path.read_bytes())
        except (SyntaxError, UnicodeDecodeError, OSError, tokenize.TokenError):
            continue
        total += 1
        sure += check(source)
    return 1 - sure / total


def test_some_of_the_standard_library():
    """Nothing is missed and nothing invented, and few files need the parser."""
    assert compared(files()[:SOME_FILES]) <= MOST_UNSURE


@pytest.mark.slow
def test_the_whole_standard_library():
    """The same for every file of it."""
    assert compared(files()) <= MOST_UNSURE


LINES = st.sampled_from(
    [
        *(
            "import a",
            "import b.c as d, e",
            "from f import g, h as i",
            "from . import j",
            "from k import (l,\n m)",
        ),
        *(
            "x = 1",
            "pass",
            '"""',
            "'''",
            "'",
            '"',
            "# import n",
            "x = '''import o'''",
            'f"""{x}"""',
            "sys.path",
        ),
        *(
            "if x:",
            "elif TYPE_CHECKING:",
            "else:",
            "try:",
            "except ImportError:",
            "except E as e:",
            "finally:",
        ),
        *(
            "def f():",
            "class C:",
            "with suppress(x):",
            "with y:",
            "for z in q:",
            "while 1:",
            "match x:",
            "case _:",
        ),
        *(
            "x = [y",
            "for y in z]",
            ")",
            "(",
            "\\",
            "x = 1; import p",
            "if x: import q",
            "@d",
            "async def g():",
        ),
        *(
            "'''import r",
            "import s'''",
            "open('t')",
            "f(os=1)",
            "x = 'a\\",
            "b'",
            "\x0cimport u",
            "return",
            "{",
        ),
    ]
)
INDENTED = st.builds(lambda count, line: " " * count + line, st.sampled_from([0, 0, 1, 2, 3, 4]), LINES)


@given(st.lists(INDENTED, max_size=14).map("\n".join))
@example('x = 1\n"""\nimport a\n"""')
@settings(max_examples=600, deadline=None)
def test_any_lines_are_read_as_the_parser_reads_them(source):
    """Whatever is put together, where both answer they agree."""
    check(source)


SIMPLE = st.sampled_from(
    [
        *(
            "import a",
            "import b.c as d, e",
            "from f import g, h",
            "from . import i",
            "from j import (k,\n  l)",
        ),
        *(
            "x = 1",
            "pass",
            "x = '''\nimport m\n'''",
            '"""\n if x:\n"""',
            "x = (1,\n2)",
            "open('n')",
            "# else:",
        ),
        *(
            "x = [y\nfor y in z]",
            "import o; x = 2",
            "sys.path = 1",
            "from p import *",
            "x = {1:\n2}",
            'f"{x}"',
        ),
    ]
)
FORMS = [
    *("if x:\n{}\nelse:\n{}", "if TYPE_CHECKING:\n{}\nelif y:\n{}", "for x in y:\n{}\nelse:\n{}"),
    *("try:\n{}\nexcept ImportError:\n{}", "try:\n{}\nexcept E as e:\n{}", "try:\n{}\nfinally:\n{}"),
    *(
        "def f(a,\n b):\n{}\nclass C:\n{}",
        "with suppress(x):\n{}\nwith y:\n{}",
        "while (x and\ny):\n{}\nelse:\n{}",
    ),
    *(
        "match x:\n case 1:\n{}\n case _:\n{}",
        "try:\n{}\nexcept (A, b.ImportError):\n{}\nfinally:\n  import z",
    ),
    *("@d\nclass C(x):\n{}\nasync def g():\n{}", "if not TYPE_CHECKING:\n{}\nelif TYPE_CHECKING:\n{}"),
]


def shifted(text: str) -> str:
    """Return a block further right; what continues a line may stand anywhere."""
    return "\n".join(f"  {line}" for line in text.splitlines())


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return statements with blocks of what `inner` makes."""
    block = st.lists(inner, min_size=1, max_size=3).map("\n".join).map(shifted)
    return st.builds(lambda form, one, two: form.format(one, two), st.sampled_from(FORMS), block, block)


@given(st.lists(st.recursive(SIMPLE, grown, max_leaves=10), min_size=1, max_size=6).map("\n".join))
@settings(max_examples=400, deadline=None)
def test_any_program_is_read_as_the_parser_reads_it(source):
    """Programs that parse, with blocks in blocks: the same imports, lines and guards."""
    check(source)


def test_the_line_of_an_import_is_where_its_statement_begins():
    """Also after strings and brackets over several lines."""
    source = 'x = """\n\n"""\nfrom a import (\n    b,\n)\n\nimport c\n'
    assert quick(source) == [Needed(4, "a", ("b",)), Needed(8, "c")]
