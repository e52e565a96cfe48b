"""Which crates an error of rustc names: messages as rustc wrote them, old wordings and new."""

from __future__ import annotations

import json
import time

import pytest

from autoexec_magic.installer.rust.message import Blamed, blamed

R195_IMPORT = """error[E0432]: unresolved import `itoa`
 --> src/main.rs:1:5
  |
1 | use itoa::Buffer;
  |     ^^^^ use of unresolved module or unlinked crate `itoa`
  |
  = help: if you wanted to use a crate named `itoa`, use `cargo add itoa` to add it to your `Cargo.toml`
"""
R195_PATH = """error[E0433]: cannot find module or crate `itoa` in this scope
 --> src/main.rs:5:20
  |
5 | fn main(){ let _ = itoa::encode("x"); }
  |                    ^^^^ use of unresolved module or unlinked crate `itoa`
"""
R185_PATH = """error[E0433]: failed to resolve: use of unresolved module or unlinked crate `itoa`
 --> src/main.rs:5:20
"""
R170_PATH = """error[E0433]: failed to resolve: use of undeclared crate or module `itoa`
 --> src/main.rs:5:20
"""
R140_PATH = """error[E0433]: failed to resolve: use of undeclared type or module `itoa`
 --> src/main.rs:5:20
"""
R170_IMPORT = """error[E0432]: unresolved import `itoa`
 --> src/main.rs:1:5
  |
1 | use itoa::Buffer;
  |     ^^^^ maybe a missing crate `itoa`?
"""
R170_NESTED = """error[E0432]: unresolved imports `itoa::A`, `itoa::B`
 --> src/main.rs:1:12
"""
USE = "error[E0432]: unresolved import"
EXTERN = """error[E0463]: can't find crate for `itoa`
 --> src/main.rs:2:1
  |
2 | extern crate itoa;
  | ^^^^^^^^^^^^^^^^^^ can't find crate
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(R195_IMPORT, 1, id="1.95-use"),
        pytest.param(R195_PATH, 5, id="1.95-path"),
        pytest.param(R185_PATH, 5, id="1.85-path"),
        pytest.param(R170_PATH, 5, id="1.70-path"),
        pytest.param(R140_PATH, 5, id="1.40-path"),
        pytest.param(R170_IMPORT, 1, id="1.70-use"),
        pytest.param(R170_NESTED, 1, id="1.70-several"),
        pytest.param(EXTERN, 2, id="extern-crate"),
    ],
)
def test_a_message_names_the_crate(text, line):
    """In each wording, with the place."""
    assert blamed(text) == [Blamed(crate="itoa", file="src/main.rs", line=line)]


def test_cargo_s_json_is_read_as_well():
    """`--message-format json`: the same messages, one in a line."""
    line = json.dumps({"reason": "compiler-message", "message": {"rendered": f"\x1b[31m{EXTERN}"}})
    assert blamed(f'{{"reason": "x"}}\nno json\n{line}\n') == [
        Blamed(crate="itoa", file="src/main.rs", line=2)
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"{USE} `crate::x`\n --> a.rs:3:12\n  | ^ could not find `x` in the crate root\n",
        f"{USE} `std::nope`\n --> a.rs:4:10\n  | ^^^^ could not find `nope` in `std`\n",
        f"{USE} `serde::Nope`\n --> a.rs:4:10\n  | ^^^^ no `Nope` in the root\n",
        f"{USE} `self::x`\n --> a.rs:1:1\n",
        "error[E0433]: cannot find type `Foo`\n --> a.rs:1:1\n  | ^^^ use of undeclared type `Foo`\n",
        "error[E0425]: cannot find function `itoa` in this scope\n --> a.rs:1:1\n",
        "warning: unused import: `itoa::Buffer`\n --> a.rs:1:1\n",
    ],
)
def test_what_is_no_crate_is_not_named(text):
    """A module, a type, an item of a crate that is there."""
    assert blamed(text) == []


def test_several_are_all_named():
    """Each crate once."""
    text = R195_IMPORT + "\n" + R195_PATH + "\n" + EXTERN.replace("itoa", "hex")
    assert [each.crate for each in blamed(text)] == ["itoa", "hex"]


def test_a_long_message_takes_no_time():
    """Whoever prints megabytes of errors holds nobody up."""
    started = time.process_time()
    blamed("error[E0432]: unresolved import `" * 20_000 + "`a`, " * 50_000)
    assert time.process_time() - started < 5
