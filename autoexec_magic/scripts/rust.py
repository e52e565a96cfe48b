"""Rust: compiled once, by content; the second run starts at once (`compiled`).

Optimised, as numbers are what such a script is for, with what a debug build
checks: an overflow ends the program and does not go on with a wrong number.
"""

from __future__ import annotations

from pathlib import Path

from .language import Language, program

EDITION = "2021"


def _start() -> tuple[str, ...]:
    return (program("rustc", fix="install Rust (https://rustup.rs), or use --lang python"),)


def _compile(source: Path, made: Path) -> tuple[str, ...]:
    return (
        *("--edition", EDITION, "--crate-name", "script", "--crate-type", "bin", "--color", "never"),
        *("-C", "opt-level=2", "-C", "overflow-checks=yes", "-C", "debug-assertions=yes"),
        *("-C", "debuginfo=line-tables-only", "--emit", f"link={made},dep-info={made}.d"),
        *("--remap-path-prefix", f"{source.parent}/=", str(source)),
    )


ENTRY = Language(
    name="rust",
    programs=frozenset({"rust", "rustc", "rust-script", "cargo"}),
    endings=(".rs",),
    start=_start,
    comment="//",
    compile=_compile,
)
