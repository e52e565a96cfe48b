"""Which crates a piece of Rust names: `use`, `extern crate`, and paths such as `serde_json::to_string(…)`.

Pure: source in, names out, by the rules of the editions from 2018 on. A path
that begins with something the file itself declares or brings in is no crate's;
one that may come in by a glob (`use super::*`) is found, and not required.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .grammar import captures, line_of, parse, text_of
from .scan import Needed

if TYPE_CHECKING:
    from tree_sitter import Node

# What comes with the compiler: https://doc.rust-lang.org/reference/names/preludes.html#extern-prelude
BUILTINS = frozenset({"std", "core", "alloc", "proc_macro", "test"})
_INNER = frozenset({"crate", "self", "super", "Self"})
# Modules and primitive types that are written as a path's beginning without being anybody's crate, and
# the tools whose attributes look like paths (https://doc.rust-lang.org/reference/attributes.html#tool-attributes).
_PLAIN = frozenset(
    (
        *("bool", "char", "str", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize"),
        *("u8", "u16", "u32", "u64", "u128", "usize", "rustfmt", "clippy", "diagnostic", "miri"),
    )
)
_NAME = re.compile(r"(?:r#)?([a-z_][a-z0-9_]*)", re.ASCII)

_QUERY = """
(use_declaration argument: (_) @use)
(extern_crate_declaration name: (identifier) @crate)
(extern_crate_declaration alias: (identifier) @declared)
(mod_item name: (identifier) @declared)
(scoped_identifier path: (identifier) @path)
(scoped_type_identifier path: (identifier) @path)
(scoped_identifier path: (scoped_identifier !path name: (identifier) @global))
(scoped_type_identifier path: (scoped_identifier !path name: (identifier) @global))
(token_tree (identifier) @token . "::")
(token_tree "::" . (identifier) @after)
"""
_BLOCKS = frozenset({"block", "declaration_list", "source_file"})


def scan_rust(source: str) -> list[Needed]:
    """Return what `source` names of other crates, in the order of its lines.

    Parameters
    ----------
    source : str
        One Rust file.

    Returns
    -------
    list of Needed
        `module` is the crate as the source spells it (`serde_json`), `names`
        the next parts of its paths. The compiler's own crates (`std` …) are
        among them; `package_of` tells them apart. Not required is what stands
        below a `cfg`, in a macro's rules, or may come in by a glob.

    Raises
    ------
    MissingTool
        The grammar is not installed.
    """
    return read_rust(source)[0]


def read_rust(source: str) -> tuple[list[Needed], int]:
    """Return what `scan_rust` does, and the first line that does not parse, or 0."""
    if "::" not in source and "use" not in source and "extern" not in source:
        return [], 0
    parsed = parse(source, "rust")
    found = captures(parsed.root, "rust", _QUERY)
    scopes: dict[int, set[str]] = {}  # what each block declares or brings in, by its node's id
    for node in found.get("declared", ()):
        _scope(scopes, node).add(_plain(text_of(node)))
    spoken: list[tuple[Node, str, tuple[str, ...]]] = []  # node, first part of a path, what follows
    globs: set[int] = set()
    for node in found.get("use", ()):
        for first, names, brought in _used(node):
            if names[-1:] == ("*",):
                globs.add(_block(node).id)
            _scope(scopes, node).update(brought - {first})
            spoken.append((node, first, names[:1]))
    after = {node.start_byte for node in found.get("after", ())}
    for kind in ("path", "global", "token"):
        spoken += [
            (node, _plain(text_of(node)), _next(node, kind))
            for node in found.get(kind, ())
            if node.start_byte not in after
        ]
    needs = {
        Needed(line_of(node), _plain(text_of(node)), (), _is_always(node)) for node in found.get("crate", ())
    }
    extern = {need.module for need in needs}
    used = {node.id for node in found.get("use", ())}
    for node, first, names in spoken:
        blocks = [block.id for block in _blocks(node)]
        if not _is_crate(first) or (
            first not in extern and any(first in scopes.get(block, ()) for block in blocks)
        ):
            continue
        is_sure = node.id in used or first in extern or globs.isdisjoint(blocks)
        needs.add(Needed(line_of(node), first, names, is_sure and _is_always(node)))
    return sorted(needs), parsed.fault


def package_of(module: str) -> str:
    """Return the crate to depend on for a path's first part, or "" if it comes with the compiler.

    Examples
    --------
    >>> package_of("serde_json"), package_of("std")
    ('serde_json', '')
    """
    return "" if module in BUILTINS or not _is_crate(module) else module


def _is_crate(name: str) -> bool:
    """Whether a path's first part can be a crate; types, which begin with a capital, cannot."""
    return name not in _INNER and name not in _PLAIN and _NAME.fullmatch(name) is not None


def _blocks(node: Node) -> Iterator[Node]:
    """Yield the blocks whose names `node` sees: those around it, up to the module it is in."""
    here = node.parent
    while here is not None:
        if here.type in _BLOCKS:
            yield here
        if here.type == "mod_item" and here.child_by_field_name("name") != node:
            return
        here = here.parent


def _block(node: Node) -> Node:
    """Return the nearest block around a declaration."""
    return next(_blocks(node), node)


def _scope(scopes: dict[int, set[str]], node: Node) -> set[str]:
    return scopes.setdefault(_block(node).id, set())


def _plain(name: str) -> str:
    return name.removeprefix("r#")


def _used(node: Node) -> Iterator[tuple[str, tuple[str, ...], set[str]]]:
    """Yield the first part, the rest, and what it brings into scope, of each leaf of a `use`."""
    todo: list[tuple[Node, tuple[str, ...]]] = [(node, ())]
    while todo:
        node, before = todo.pop()
        if node.type == "use_list":
            todo += [(child, before) for child in node.named_children]
        elif node.type == "scoped_use_list":
            path, below = node.child_by_field_name("path"), node.child_by_field_name("list")
            todo += [(below, before + _parts(path))] if below is not None else []
        elif node.type == "use_as_clause":
            path, alias = node.child_by_field_name("path"), node.child_by_field_name("alias")
            parts = before + _parts(path)
            if parts:
                yield parts[0], parts[1:], {_plain(text_of(alias))} if alias is not None else set()
        elif node.type == "use_wildcard":
            parts = before + _parts(next(iter(node.named_children), None))
            if parts:
                yield parts[0], (*parts[1:], "*"), set()
        elif node.is_named and "comment" not in node.type:
            parts = before + _parts(node)
            if not parts:  # what the grammar found missing
                continue
            last = parts[-2] if parts[-1] == "self" and len(parts) > 1 else parts[-1]
            yield parts[0], parts[1:], {last}


def _parts(node: Node | None) -> tuple[str, ...]:
    text = "" if node is None else text_of(node)
    return tuple(_plain(part.strip()) for part in text.split("::") if part.strip())


def _next(node: Node, kind: str) -> tuple[str, ...]:
    """Return the part of a path that follows its first."""
    if kind == "token":
        after = node.next_sibling.next_sibling if node.next_sibling is not None else None
        return (text_of(after),) if after is not None and after.type == "identifier" else ()
    whole = node.parent.parent if kind == "global" and node.parent is not None else node.parent
    name = whole.child_by_field_name("name") if whole is not None else None
    return (text_of(name),) if name is not None else ()


def _is_always(node: Node) -> bool:
    """Whether the compiler sees `node` whatever it is configured for."""
    here: Node | None = node
    while here is not None:
        if here.type == "macro_definition":
            return False
        before = here.prev_named_sibling
        while before is not None and before.type in ("attribute_item", "line_comment", "block_comment"):
            if before.type == "attribute_item" and text_of(before).replace(" ", "").startswith("#[cfg"):
                return False
            before = before.prev_named_sibling
        here = here.parent
    return True
