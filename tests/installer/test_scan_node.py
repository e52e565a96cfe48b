"""Which modules JavaScript and TypeScript import."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skips import requires

from autoexec_magic.installer.scan import Needed
from autoexec_magic.installer.scan_node import BUILTINS, is_builtin, package_of, read_node, scan_node


def found(source, *, typescript=False):
    """Return each specifier with whether it is required."""
    return {need.module: need.required for need in scan_node(source, typescript=typescript)}


@pytest.mark.parametrize(
    ("source", "want"),
    [
        pytest.param('import "a"', [("a", ())], id="for-its-effect"),
        pytest.param('import a from "a"', [("a", ("default",))], id="default"),
        pytest.param('import a, {b as c} from "d"', [("d", ("default", "b"))], id="named"),
        pytest.param('import * as a from "b"', [("b", ("*",))], id="namespace"),
        pytest.param('import a from "a" with {type: "json"}', [("a", ("default",))], id="attributes"),
        pytest.param('export {a} from "b"', [("b", ("a",))], id="export"),
        pytest.param('export * from "b"', [("b", ("*",))], id="export-all"),
        pytest.param("const a = require('b')", [("b", ())], id="require"),
        pytest.param("const a = require(`b`)", [("b", ())], id="require-template"),
        pytest.param("await import('b')", [("b", ())], id="import-call"),
        pytest.param("import a from '@b/c/d'", [("@b/c/d", ("default",))], id="scoped"),
        pytest.param("import a from 'node:fs'", [("node:fs", ("default",))], id="builtin"),
        pytest.param("require('l\\x6fdash')", [("lodash", ())], id="escaped"),
        pytest.param("require(`a${b}`)", [], id="filled-in"),
        pytest.param("require(a)", [], id="variable"),
        pytest.param("// import 'a'\n/* require('b') */", [], id="comments"),
        pytest.param("a = \"require('b')\"; c = `require('d')`", [], id="strings"),
        pytest.param("a = `${require('b')}`", [("b", ())], id="code-in-a-template"),
        pytest.param("a = /require('b')/", [], id="regular-expression"),
        pytest.param("a = <b>require('c') {require('d')}</b>", [("d", ())], id="jsx"),
        pytest.param("a.require('b'); import.meta.url", [], id="somebody-elses-require"),
        pytest.param("import './a'; import '../b'; import '/c'; require('.')", [], id="paths"),
        pytest.param("import '#a'; import '@/b'; import '~/c'", [], id="aliases"),
        pytest.param("import 'https://a/b.js'; import 'data:a'; import 'virtual:a'", [], id="addresses"),
        pytest.param("(function(require) { require('a') })", [], id="a-bundlers-own"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_imports(source, want):
    """What names a package is found; what only looks like it is not."""
    assert [(need.module, need.names) for need in scan_node(source, typescript=False)] == want
    assert [(need.module, need.names) for need in scan_node(source, typescript=True)] == want


@pytest.mark.parametrize(
    ("source", "want"),
    [
        pytest.param("function f() { require('a') }", {"a": False}, id="function"),
        pytest.param("const f = () => require('a')", {"a": False}, id="arrow"),
        pytest.param("class C { m() { require('a') } }", {"a": False}, id="method"),
        pytest.param(
            "if (require('a')) require('b'); else require('c')", {"a": True, "b": False, "c": False}, id="if"
        ),
        pytest.param("x && require('a'); require('b') && y", {"a": False, "b": True}, id="and"),
        pytest.param("x ? require('a') : require('b')", {"a": False, "b": False}, id="ternary"),
        pytest.param(
            "try { require('a') } catch { require('b') } finally { require('c') }", {"c": True}, id="try"
        ),
        pytest.param("try { require('a') } finally { require('b') }", {"a": True, "b": True}, id="finally"),
        pytest.param("require.resolve('a')", {"a": False}, id="resolve"),
        pytest.param("import('a').catch(f); import('b').then(f)", {"a": False, "b": True}, id="catch"),
    ],
)
def test_required(source, want):
    """What runs whenever the module does is required; a guarded one is not even named."""
    assert found(source) == want


def test_types_are_not_required():
    """What only the compiler sees is erased."""
    source = """import type {A} from 'a'; import {type B, C} from 'b'; import d = require('d')
let e: import('e').E; export type {F} from 'f'; let g: typeof import('g'); const h = <T>x"""
    want = {"a": False, "b": True, "d": True, "e": False, "f": False, "g": False}
    assert found(source, typescript=True) == want


def test_jsx_and_types_in_the_wrong_file_are_read():
    """TSX in `.ts`, and Flow's or TypeScript's types in `.js`."""
    source = "import a from 'a'\nlet b: string = <c/>"
    assert found(source, typescript=True) == found(source) == {"a": True}
    assert read_node(source, typescript=False)[1] == 0


def test_what_does_not_parse_is_told_by_its_line():
    """And what stands around it is found."""
    needs, fault = read_node("import a from 'a'\n\nlet = = 3\n\nimport b from 'b'", typescript=False)
    assert ([need.module for need in needs], fault) == (["a", "b"], 3)


@pytest.mark.parametrize(
    ("specifier", "package"),
    [
        *(("lodash", "lodash"), ("lodash/fp", "lodash"), ("@a/b", "@a/b"), ("@a/b/c.js", "@a/b")),
        *(("fs", ""), ("fs/promises", ""), ("node:test", ""), ("bun:ffi", ""), ("./a", ""), ("..", "")),
        *(("@", ""), ("@a", ""), ("@/a", ""), ("#a", ""), ("", ""), ("JSONStream", "JSONStream")),
        *(("a b", ""), ("a?raw", ""), ("!loader!./a", ""), ("_a", ""), (".a", ""), ("äö", "")),
    ],
)
def test_the_package_of_a_specifier(specifier, package):
    """By npm's rules of names; what has none gives nothing."""
    assert package_of(specifier) == package


def test_nodes_own_modules_are_known():
    """All that this Node has are in the table."""
    node = shutil.which("node")
    requires(node, "there is no Node", "apt-get install nodejs")
    code = "console.log(JSON.stringify(require('module').builtinModules))"
    listed = json.loads(subprocess.run([node, "-e", code], capture_output=True, check=True, text=True).stdout)
    assert {name.partition("/")[0] for name in listed if not name.startswith(("_", "node:"))} <= BUILTINS
    assert is_builtin("node:sqlite")
    assert not is_builtin("lodash")


PIECES = [
    *"{}()`'\"\\\n;<>/*",
    "import ",
    "from ",
    "'a'",
    "require(",
    "${",
    "export ",
    "=>",
    "try",
    "catch",
    "type ",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_text_is_scanned(source, typescript):
    """Whatever a file holds, the scan returns."""
    with contextlib.suppress(StopIteration):
        assert all(isinstance(need, Needed) for need in scan_node(source, typescript=typescript))


def test_deep_code_is_scanned():
    """However deep it nests."""
    assert found("(" * 5000 + "require('a')" + ")" * 5000) == {"a": True}
