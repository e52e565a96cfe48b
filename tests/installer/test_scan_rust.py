"""Which crates Rust names."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autoexec_magic.installer.scan import Needed
from autoexec_magic.installer.scan_rust import package_of, read_rust, scan_rust


def found(source):
    """Return each crate with whether it is required."""
    return {need.module: need.required for need in scan_rust(source)}


@pytest.mark.parametrize(
    ("source", "want"),
    [
        pytest.param("use a::b;", {"a"}, id="use"),
        pytest.param("use a;", {"a"}, id="use-alone"),
        pytest.param("use a::{b, c::{d, e}};", {"a"}, id="use-list"),
        pytest.param("use {a::b, c};", {"a", "c"}, id="use-of-several"),
        pytest.param("use a::*; use b as c;", {"a", "b"}, id="glob-and-alias"),
        pytest.param("use ::a::b;", {"a"}, id="global"),
        pytest.param("use r#try::a;", {"try"}, id="raw-name"),
        pytest.param("pub(crate) use a::b;", {"a"}, id="public"),
        pytest.param("extern crate a; extern crate b as c;", {"a", "b"}, id="extern"),
        pytest.param("fn f() { a::b(); let x: c::D<e::F>; }", {"a", "c", "e"}, id="paths"),
        pytest.param("fn f() { ::a::b(); }", {"a"}, id="global-path"),
        pytest.param("#[a::main] #[derive(b::C)] struct D;", {"a", "b"}, id="attributes"),
        pytest.param('fn f() { a::b!(c::d()); println!("{}", e::f::g()); }', {"a", "c", "e"}, id="macros"),
        pytest.param("impl a::B for C {} fn f<T: d::E>() -> g::H {}", {"a", "d", "g"}, id="traits"),
        pytest.param("use crate::a; use self::b; use super::c; fn f() { Self::g(); }", set(), id="own"),
        pytest.param("mod a; use a::b; fn f() { a::c(); }", set(), id="own-module"),
        pytest.param("use std::fmt; fn f() { fmt::x(); std::mem::y(); }", {"std"}, id="brought-in"),
        pytest.param(
            "use a::{b, c as d}; fn f() { b::x(); d::y(); c::z(); }", {"a", "c"}, id="alias-hides-nothing"
        ),
        pytest.param("use a::{self, b}; fn f() { a::x(); }", {"a"}, id="itself"),
        pytest.param(
            "fn f() { use a::log; log::x(); } fn g() { log::y(); }", {"a", "log"}, id="scopes-of-functions"
        ),
        pytest.param("use a::b; mod m { fn f() { b::x(); } }", {"a", "b"}, id="scopes-of-modules"),
        pytest.param(
            "fn f() { u8::MAX; String::new(); Vec::<a::B>::new(); str::len(x); }", {"a"}, id="types"
        ),
        pytest.param("// use a::b;\n/* c::d */ /// e::f\nfn g() {}", set(), id="comments"),
        pytest.param('const A: &str = "b::c"; const D: &str = r#"use e::f;"#;', set(), id="strings"),
        pytest.param("fn f<'a>(x: &'a str) -> char { 'a' }", set(), id="lifetimes"),
        pytest.param("", set(), id="nothing"),
    ],
)
def test_crates(source, want):
    """A path that begins with another crate is found; one that begins with the file's own is not."""
    assert set(found(source)) == want


@pytest.mark.parametrize(
    ("source", "want"),
    [
        pytest.param("#[cfg(test)] mod t { use a::b; }", {"a": False}, id="tests"),
        pytest.param('#[cfg(feature = "x")]\nuse a::b;\nuse c::d;', {"a": False, "c": True}, id="feature"),
        pytest.param(
            "#[derive(Debug)]\n#[cfg(unix)]\n// x\nstruct A(b::C);", {"b": False}, id="several-attributes"
        ),
        pytest.param(
            "macro_rules! m { ($x:expr) => { $crate::y(); a::b($x) } }", {"a": False}, id="macro-rules"
        ),
        pytest.param("use super::*; use a::b; fn f() { c::d(); }", {"a": True, "c": False}, id="glob"),
        pytest.param("use a::prelude::*; fn f() { c::d(); }", {"a": True, "c": False}, id="glob-of-a-crate"),
    ],
)
def test_required(source, want):
    """What the compiler may not see, or may find elsewhere, is not required."""
    assert found(source) == want


def test_lines_and_names():
    """The next part of a path is what is taken."""
    assert scan_rust("use a::b::c;\n\nfn f() { d::e::g(); }") == [
        Needed(1, "a", ("b",)),
        Needed(3, "d", ("e",)),
    ]


def test_what_does_not_parse_is_told_by_its_line():
    """And what stands around it is found."""
    needs, fault = read_rust("use a::b;\n\nfn ( {\n\n")
    assert (needs[0].module, fault) == ("a", 3)


def test_the_compilers_own_crates_need_no_package():
    """They are named, and told apart."""
    named = {need.module: package_of(need.module) for need in scan_rust("use std::a; use serde_json::c;")}
    assert named == {"std": "", "serde_json": "serde_json"}


PIECES = [
    *"{}();:,*<>'\"#[]!\n ",
    "use ",
    "::",
    "a",
    "mod ",
    "crate",
    "self",
    "as ",
    'r#"',
    "fn ",
    "extern crate ",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@example("use *")
@example("use as a;")
@example("use a::{as b, *, ::};")
@settings(max_examples=200, deadline=None)
def test_any_text_is_scanned(source):
    """Whatever a file holds, the scan returns."""
    assert all(need.module for need in scan_rust(source))
