"""Which specifiers an error names, and who asks for them: messages as the programs wrote them."""

from __future__ import annotations

import time

import pytest

from autoexec_magic.installer.node.message import Blamed, blamed, confirmed
from autoexec_magic.installer.own_files import Use

COMMONJS = """node:internal/modules/cjs/loader:1210
  throw err;
  ^

Error: Cannot find module 'left-missing'
Require stack:
- /p/lib/a.js
- /p/index.js
    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)
"""
ES_MODULE = """Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'left-missing' imported from /p/src/a.mjs
    at packageResolve (node:internal/modules/esm/resolve:873:9)
"""
TSC = "a.ts(1,15): error TS2307: Cannot find module 'left-missing' or its corresponding type declarations.\n"
TSC_PRETTY = (
    "\x1b[96ma.ts\x1b[0m:\x1b[93m1\x1b[0m:\x1b[93m15\x1b[0m - \x1b[91merror\x1b[0m\x1b[90m TS2307: \x1b[0m"
    "Cannot find module 'left-missing' or its corresponding type declarations.\n"
)
TYPES = (
    "src/a.ts(2,15): error TS7016: Could not find a declaration file for module 'semver'. "
    "'/p/node_modules/semver/i.js' implicitly has an 'any' type.\n"
)
JEST = """FAIL src/a.test.js
  ● Test suite failed to run

    Cannot find module 'left-missing' from 'src/a.test.js'
"""
WEBPACK = "ERROR in ./src/a.js 1:0-22\nModule not found: Error: Can't resolve 'left-missing' in '/p/src'\n"
VITE = '[vite] Internal server error: Failed to resolve import "left-missing" from "a.js".\n'
ROLLUP = '[vite]: Rollup failed to resolve import "left-missing" from "/p/src/a.js".\n'
ESBUILD = '✘ [ERROR] Could not resolve "left-missing"\n\n    src/a.js:1:7:\n      1 │ import "left-missing"\n'


@pytest.mark.parametrize(
    ("text", "importers"),
    [
        pytest.param(COMMONJS, ("/p/lib/a.js", "/p/index.js"), id="require"),
        pytest.param(ES_MODULE, ("/p/src/a.mjs",), id="import"),
        pytest.param(TSC, ("a.ts",), id="tsc"),
        pytest.param(TSC_PRETTY, ("a.ts",), id="tsc-pretty"),
        pytest.param(JEST, ("src/a.test.js",), id="jest"),
        pytest.param(WEBPACK, ("/p/src",), id="webpack"),
        pytest.param(VITE, ("a.js",), id="vite"),
        pytest.param(ROLLUP, ("/p/src/a.js",), id="rollup"),
        pytest.param(ESBUILD, ("src/a.js",), id="esbuild"),
    ],
)
def test_a_message_names_what_is_missing(text, importers):
    """The specifier, once, and the files that are said to ask for it."""
    assert blamed(text) == [Blamed(specifier="left-missing", importers=importers)]


def test_missing_types_are_told_apart():
    """TS7016: the package is there, its types are not."""
    assert blamed(TYPES) == [Blamed(specifier="semver", importers=("src/a.ts",), is_type=True)]


def test_several_are_all_named():
    """A compiler goes on after the first."""
    found = blamed(TSC + TYPES + TSC.replace("left", "right"))
    assert [each.specifier for each in found] == ["left-missing", "semver", "right-missing"]


def test_other_errors_name_nothing():
    """What is not about a missing module is not read as one."""
    assert blamed("TypeError: x is not a function\n    at Object.<anonymous> (/p/a.js:1:1)\n") == []


def test_a_long_message_takes_no_time():
    """Whoever prints megabytes of quotes holds nobody up."""
    started = time.process_time()
    blamed("Cannot find module '" * 50_000 + "- \n" * 100_000 + 'Could not resolve "' * 10_000)
    assert time.process_time() - started < 5


def test_the_file_that_is_named_confirms_before_others():
    """Whose dependency it becomes depends on who asks for it."""
    uses = [Use(module="koa", file="b.js", line=2), Use(module="koa", file="a.js", line=1)]
    blame = Blamed(specifier="koa", importers=("/p/a.js",))
    assert confirmed(blame, uses, "/p") == uses[1]
    assert confirmed(Blamed(specifier="koa"), uses, "/p") == uses[0]
    assert confirmed(Blamed(specifier="express", importers=("/p/a.js",)), uses, "/p") is None
