"""Which modules JavaScript or TypeScript imports: `import`, `export … from`, `require`, `import()`.

Pure: source in, specifiers out, as they are written; `package_of` says which
package one belongs to. What is no name of a package (a path, a URL, `#inner`) is left out, as a relative
import is in Python; Node's own modules are not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .grammar import Name, captures, line_of, parse, text_of
from .scan import Needed

if TYPE_CHECKING:
    from tree_sitter import Node

# https://nodejs.org/api/modules.html#built-in-modules (`require("module").builtinModules` of Node 24,
# without what begins with `_`). What exists only with the prefix `node:` needs no row.
BUILTINS = frozenset(
    (
        *("assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto"),
        *("dgram", "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https"),
        *("inspector", "module", "net", "os", "path", "perf_hooks", "process", "punycode", "querystring"),
        *("readline", "repl", "stream", "string_decoder", "sys", "timers", "tls", "trace_events", "tty"),
        *("url", "util", "v8", "vm", "wasi", "worker_threads", "zlib"),
    )
)
# https://github.com/npm/validate-npm-package-name; capitals are in old packages' names.
_PACKAGE = re.compile(r"(?:@[A-Za-z0-9~-][\w.~-]*/)?[A-Za-z0-9~-][\w.~-]*(?=/|$)", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|\r?\n|(.))", re.DOTALL
)
_PLAIN_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}

_QUERY = """
(import_statement source: (string) @static)
(export_statement source: (string) @static)
(call_expression function: (import) arguments: (arguments . [(string) (template_string)] @dynamic))
(call_expression function: (identifier) @_f arguments: (arguments . [(string) (template_string)] @require)
  (#eq? @_f "require"))
(call_expression
  function: (member_expression object: (identifier) @_o property: (property_identifier) @_p)
  arguments: (arguments . [(string) (template_string)] @resolve)
  (#eq? @_o "require") (#eq? @_p "resolve"))
"""
_QUERY_TS = _QUERY + "(import_require_clause source: (string) @static)\n"

_FUNCTIONS = frozenset(
    (
        *("function_declaration", "function_expression", "generator_function_declaration"),
        *("generator_function", "arrow_function", "method_definition"),
    )
)
_BRANCHES = frozenset(
    (
        *("if_statement", "for_statement", "for_in_statement", "while_statement", "do_statement"),
        *("switch_statement", "ternary_expression"),
    )
)
_TYPES = frozenset({"type_annotation", "type_query", "type_alias_declaration", "interface_declaration"})
_LAZY_OPERATORS = frozenset({"&&", "||", "??"})


def scan_node(source: str, *, typescript: bool) -> list[Needed]:
    """Return what `source` imports, in the order of its lines.

    Parameters
    ----------
    source : str
        JavaScript with or without JSX, or TypeScript.
    typescript : bool
        Whether it is TypeScript (`.ts`, `.tsx`, `.mts`, `.cts`).

    Returns
    -------
    list of Needed
        `module` is the specifier (`lodash/fp`, `@a/b/c`, `node:fs`). Not
        required is what runs in a function or a branch only, and what only a
        type checker sees. What stands in a `try` with a `catch` is left out.

    Raises
    ------
    MissingTool
        The grammar is not installed.
    """
    return read_node(source, typescript=typescript)[0]


def read_node(source: str, *, typescript: bool) -> tuple[list[Needed], int]:
    """Return what `scan_node` does, and the first line that does not parse, or 0."""
    if "import" not in source and "require" not in source and "export" not in source:
        return [], 0
    names: tuple[Name, ...] = ("typescript", "tsx") if typescript else ("javascript", "tsx")
    name = names[0]
    parsed = parse(source, name)
    if parsed.fault:  # JSX, or types in a file that is called .js
        other = parse(source, names[1])
        if not other.fault or other.fault > parsed.fault:
            parsed, name = other, names[1]
    found = captures(parsed.root, name, _QUERY if name == "javascript" else _QUERY_TS)
    needs = [
        need
        for how in ("static", "dynamic", "require", "resolve")
        for node in found.get(how, ())
        if (need := _need(node, how)) is not None
    ]
    return sorted(set(needs)), parsed.fault


def package_of(specifier: str) -> str:
    """Return the package that a specifier belongs to, or "" if it needs none.

    Examples
    --------
    >>> [package_of(name) for name in ("lodash/fp", "@a/b/c", "fs/promises", "node:test", "./x", "@/x")]
    ['lodash', '@a/b', '', '', '', '']
    """
    if _SCHEME.match(specifier):
        return ""
    match = _PACKAGE.match(specifier)
    if match is None or specifier.startswith("@") != match.group().startswith("@"):
        return ""
    return "" if match.group() in BUILTINS else match.group()


def is_builtin(specifier: str) -> bool:
    """Whether a specifier names one of Node's own modules."""
    return specifier.startswith("node:") or specifier.partition("/")[0] in BUILTINS


def _need(node: Node, how: str) -> Needed | None:
    """Return the import whose specifier `node` is, or None where there is none to name."""
    specifier = _constant(node)
    if not specifier or not (is_builtin(specifier) or package_of(specifier)):
        return None
    whole = node.parent
    while whole is not None and whole.type in ("arguments", "import_require_clause"):
        whole = whole.parent
    if whole is None:
        return None
    required = how != "resolve" and not _is_type_only(whole)
    if how != "static":
        context = _context(whole)
        if context is None:
            return None
        required = required and context
    return Needed(line_of(whole), specifier, _names(whole), required)


def _constant(node: Node) -> str:
    """Return the value of a string, or "" of a template that is filled in when it runs."""
    if any(child.type == "template_substitution" for child in node.children):
        return ""
    return _ESCAPE.sub(_unescaped, text_of(node)[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    two, four, point, plain = match.groups()
    if two or four or point:
        code = int(two or four or point, 16)
        return chr(code) if code <= 0x10FFFF else ""
    return _PLAIN_ESCAPES.get(plain, plain) if plain else ""


def _is_type_only(statement: Node) -> bool:
    return any(child.type in ("type", "typeof") for child in statement.children)


def _context(call: Node) -> bool | None:
    """Return whether a call runs whenever its module does; None if it is guarded, or no import."""
    required, below = True, call
    node: Node | None = call.parent
    while node is not None:
        kind = node.type
        if kind == "try_statement":
            if _is_guard(node, below):
                return None
        elif kind in _FUNCTIONS:
            if _takes_require(node):
                return None
            required = False
        elif kind in _TYPES or (kind in _BRANCHES and node.child_by_field_name("condition") != below):
            required = False
        elif kind == "binary_expression":
            lazy = any(child.type in _LAZY_OPERATORS for child in node.children)
            required = required and not (lazy and below == node.child_by_field_name("right"))
        elif kind == "member_expression" and below == call:  # import("x").catch(…)
            required = required and text_of(node).rpartition(".")[2] != "catch"
        below, node = node, node.parent
    return required


def _is_guard(statement: Node, below: Node) -> bool:
    """Whether what fails in `below`, a part of a `try`, is caught, or `below` is what happens then."""
    handler = statement.child_by_field_name("handler")
    return handler is not None and (below == statement.child_by_field_name("body") or below == handler)


def _takes_require(function: Node) -> bool:
    """Whether `require` is the function's own: a bundler's, whose modules are inside the file."""
    parameters = function.child_by_field_name("parameters") or function.child_by_field_name("parameter")
    if parameters is None:
        return False
    return text_of(parameters) == "require" or any(
        text_of(child) == "require" for child in parameters.children
    )


def _names(whole: Node) -> tuple[str, ...]:
    """Return what a statement takes from its module, as far as it says so by name."""
    names: list[str] = []
    for child in whole.children:
        if child.type in ("import_clause", "export_clause", "named_imports"):
            names += _names(child)
        elif child.type in ("import_specifier", "export_specifier"):
            name = child.child_by_field_name("name")
            names += [text_of(name)] if name is not None else []
        elif child.type in ("namespace_import", "namespace_export", "*"):
            names.append("*")
        elif child.type == "identifier" and whole.type == "import_clause":
            names.append("default")
    return tuple(names)
