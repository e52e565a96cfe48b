"""What a patch does that a person must see before it runs: pure.

Two sorts. It reaches further than the source did: imports, builtins and
attributes that nobody has vouched for (`executor.policy.harmless`), files
written, processes, the network. Or it makes the failure unseen rather than
gone: an error swallowed, an early end, an assert taken out, most of the source
deleted. What is compared is what the source did before, so that a script that
writes files may go on to write the same.

A patch with a doubt is never applied without a person's yes. The list errs on
the side of asking, and is no cage: the cage is what stops.
"""

from __future__ import annotations

import ast
import builtins
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...executor.policy import harmless
from . import compared
from .patch import BadPatch

_FEW = 4  # lines; of fewer, most is soon gone
# Builtins that compute, beside those that may stand on a command line.
_COMPUTE = frozenset("type super property staticmethod classmethod format hasattr memoryview slice".split())  # noqa: SIM905
_ERRORS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
_PLAIN = (harmless.NAMES | _COMPUTE | _ERRORS) - {"exit", "quit", "input", "SystemExit", "open"}
_EXITS = frozenset(("exit", "quit", "SystemExit", "sys.exit", "os._exit", "os.abort"))
# What these hold may touch anything; only what `harmless` names of them does not.
_REACHING = frozenset(
    """
    os sys shutil subprocess socket ssl http urllib ftplib smtplib poplib imaplib telnetlib xmlrpc
    socketserver requests httpx aiohttp websockets paramiko asyncio multiprocessing threading signal
    ctypes cffi importlib runpy pickle marshal shelve dbm sqlite3 tempfile pathlib io builtins code
    codeop inspect gc atexit site sysconfig pty pdb webbrowser boto3 docker kubernetes IPython
    warnings contextlib logging faulthandler resource fcntl mmap select zipfile tarfile
    """.split()  # noqa: SIM905 - a list to read
)
_WRITES = frozenset(
    """
    write_text write_bytes unlink rmdir rmtree rename touch mkdir makedirs symlink_to hardlink_to
    chmod chown savefig save savez savez_compressed savetxt dump tofile system popen spawn fork kill
    urlopen urlretrieve connect send sendall sendto execute executescript run call check_call
    check_output Popen excepthook settrace setprofile to_csv to_json to_parquet to_excel to_pickle
    to_feather to_hdf to_sql to_html to_latex to_stata to_gbq to_clipboard extractall extract
    to_orc to_xml to_markdown to_string ExcelWriter HDFStore memmap open_memmap DataSource
    eval query read_pickle read_sql read_sql_query
    """.split()  # noqa: SIM905 - a list to read
)


@dataclass(slots=True)
class _Facts:
    """What a source does, as far as its text says; each as it would be written."""

    imports: set[str] = field(default_factory=set)
    reaching: set[str] = field(default_factory=set)
    handlers: set[str] = field(default_factory=set)
    exits: set[str] = field(default_factory=set)
    returns: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    hidden: set[str] = field(default_factory=set)
    rebound: set[str] = field(default_factory=set)


def doubts(before: str, after: str, *, language: str = "python", failed: str = "") -> tuple[str, ...]:
    """Return what a person must see of a change, each in a few words; often nothing.

    Parameters
    ----------
    before, after : str
        The source without and with the patch.
    language : str, default "python"
        Of any other nobody can tell what is added, which is a doubt.
    failed : str, optional
        The text of the line that failed.

    Raises
    ------
    BadPatch
        What comes of it is no Python.
    """
    found = [*_taken_out(before, after, failed.strip())]
    if language != "python":
        return (*found, f"nobody can tell beforehand what it adds to a script in {language}")
    tree = _parsed(after)
    if tree is None:
        raise BadPatch("what comes of it is no Python")
    had = _parsed(before) or ast.Module(body=[], type_ignores=[])
    try:
        known, now = _facts(had), _facts(tree)
    except RecursionError:
        return (*found, "is too deep to be judged")
    if not any(_does_something(statement) for statement in tree.body):
        found.append("leaves nothing that runs")
    found += [f"imports {name}" for name in sorted(now.imports - known.imports)]
    found += [f"uses {name}" for name in sorted(now.reaching - known.reaching)]
    found += [f"gives {name} another meaning" for name in sorted(now.rebound - known.rebound)]
    found += [f"swallows an error: {name}" for name in sorted(now.handlers - known.handlers)]
    found += [f"ends early: {name}" for name in sorted(now.exits - known.exits)]
    found += [f"returns early: {name}" for name in sorted((now.returns - known.returns).keys())]
    found += [f"keeps from running: {name}" for name in sorted(now.hidden - known.hidden)]
    found += [f"takes out a check: {name}" for name in sorted((known.checks - now.checks).keys())]
    return tuple(_short(item) for item in dict.fromkeys(found))


def _parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _taken_out(before: str, after: str, failed: str) -> Iterator[str]:
    old, new = ([line.strip() for line in text.split("\n")] for text in (before, after))
    lines = [line for line in old if line and not line.startswith("#")]
    kept = sum((Counter(lines) & Counter(new)).values())
    if len(lines) >= _FEW and kept * 2 < len(lines):
        yield f"takes out most of the source ({len(lines) - kept} of {len(lines)} lines)"
    if not failed:
        return
    while old and new and old[0] == new[0] and old[0] != failed:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    if compared.is_too_much(old, new):
        yield "changes too much to be compared"
    for tag, start, end, _, _ in compared.changes(old, new):
        if tag == "delete" and failed in old[start:end]:
            yield "takes out the line that failed"
    if failed in old and failed not in new and any(line.lstrip("# ") == failed for line in new):
        yield "takes out the line that failed"


def _facts(tree: ast.Module) -> _Facts:
    facts = _Facts()
    modules = dict(_imported(tree, facts))
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        _note_flow(node, facts)
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            _note_attribute(node, called.get(id(node)), modules, facts)
        elif isinstance(node, ast.Attribute):
            _note_attribute(node, None, modules, facts)
        elif isinstance(node, ast.Name):
            _note_name(node, called.get(id(node)), modules, facts, is_base=id(node) in inner)
    return facts


def _imported(tree: ast.Module, facts: _Facts) -> Iterator[tuple[str, str]]:
    """Yield each name that an import gives, with what it stands for; note what is not vouched for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name not in (*harmless.MODULES, "os.path"):
                    facts.imports.add(alias.name)
                name = alias.asname or alias.name.partition(".")[0]
                yield name, alias.name if alias.asname else name
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                whole = f"{module}.{alias.name}"
                if module.partition(".")[0] in _REACHING or alias.name in (*_WRITES, "*"):
                    facts.imports |= set() if _is_vouched(whole) else {whole}
                elif module not in harmless.MODULES:
                    facts.imports.add(module)
                yield alias.asname or alias.name, whole


def _is_vouched(dotted: str) -> bool:
    """Whether a member of a module is known to do no more than compute or tell."""
    if dotted in harmless.MODULES:
        return True
    module, _, member = dotted.rpartition(".")
    while module:
        allowed = harmless.MODULES.get(module)
        if allowed is not None and ("*" in allowed or member in allowed):
            return True
        head, _, tail = module.rpartition(".")
        module, member = head, f"{tail}.{member}"
    return False


def _note_attribute(
    node: ast.Attribute, call: ast.Call | None, modules: dict[str, str], facts: _Facts
) -> None:
    dotted = _dotted(node)
    root, _, rest = dotted.partition(".")
    stands_for = f"{modules[root]}.{rest}" if root in modules else ""
    top = stands_for.partition(".")[0]
    is_reaching = (
        top in _REACHING and not _is_vouched(stands_for) and stands_for not in _EXITS and not _is_step(node)
    )
    is_dunder = node.attr.startswith("__") and node.attr not in harmless.ATTRIBUTES
    if is_reaching or is_dunder or node.attr in _WRITES:
        facts.reaching.add(ast.unparse(call or node))
    if stands_for in _EXITS:
        facts.exits.add(ast.unparse(call or node))


def _is_step(node: ast.Attribute) -> bool:
    """Whether it is a module below another: the `os.path` of `os.path.join`."""
    return node.attr == "path"


def _note_name(
    node: ast.Name, call: ast.Call | None, modules: dict[str, str], facts: _Facts, *, is_base: bool
) -> None:
    name = node.id
    if not isinstance(node.ctx, ast.Load):
        if hasattr(builtins, name) or name.startswith("__"):
            facts.rebound.add(name)
        return
    stands_for = modules.get(name, "")
    if name in _EXITS or stands_for in _EXITS:
        facts.exits.add(ast.unparse(call or node))
    elif stands_for:
        is_whole = stands_for in _REACHING and not is_base  # passed on, to be used where nobody sees it
        is_member = "." in stands_for and stands_for.partition(".")[0] in _REACHING
        if is_whole or (is_member and not _is_vouched(stands_for)):
            facts.reaching.add(ast.unparse(call or node))
    elif name == "open" and call is not None and _only_reads(call):
        return
    elif (hasattr(builtins, name) or name.startswith("__")) and name not in _PLAIN:
        facts.reaching.add(ast.unparse(call or node))


def _only_reads(call: ast.Call) -> bool:
    given = [call.args[1]] if len(call.args) > 1 else []
    given += [word.value for word in call.keywords if word.arg in ("mode", "opener", None)]
    modes = [item.value if isinstance(item, ast.Constant) else None for item in given]
    starred = any(isinstance(item, ast.Starred) for item in call.args)
    return not starred and all(isinstance(mode, str) and set(mode) <= set("rbt") for mode in modes)


def _note_flow(node: ast.AST, facts: _Facts) -> None:
    """Note what decides whether an error is seen."""
    if isinstance(node, ast.ExceptHandler) and not any(
        isinstance(each, ast.Raise) for each in ast.walk(node)
    ):
        facts.handlers.add(" ".join(ast.unparse(node).split()))
    elif isinstance(node, ast.Assert | ast.Raise):
        facts.checks[" ".join(ast.unparse(node).split())] += 1
    elif isinstance(node, ast.If | ast.While) and isinstance(node.test, ast.Constant) and not node.test.value:
        facts.hidden.add(" ".join(ast.unparse(node).split()))
    elif isinstance(node, ast.Return) and (node.value is None or isinstance(node.value, ast.Constant)):
        facts.returns[ast.unparse(node)] += 1
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.arg):
        name = node.arg if isinstance(node, ast.arg) else node.name
        if hasattr(builtins, name) and not isinstance(node, ast.arg):
            facts.rebound.add(name)
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            if "suppress" in ast.unparse(item.context_expr):
                facts.handlers.add(ast.unparse(item.context_expr))


def _does_something(statement: ast.stmt) -> bool:
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return not isinstance(statement, ast.Pass) and not is_text


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts))


def _short(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
