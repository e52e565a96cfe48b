"""Python that stands in the command line: what is provably harmless may run, all else is a question.

A list of what is known to do no more than compute, tell about this interpreter,
or read a file whose name stands there. Every name, attribute and call must be on
it: a list of what is dangerous would always lack the next way round. Importing a
module of the workspace runs its code, as `python script.py` does.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings

from . import places
from .found import Found
from .harmless import ALL, ATTRIBUTES, MODULES, NAMES

MOST_CHARS = 10_000
_TAKE_PATHS = frozenset(
    """read_csv read_json read_parquet read_excel read_feather read_table Path PurePath PosixPath""".split()  # noqa: SIM905
)
_DATA = (".txt", ".csv", ".tsv", ".json", ".jsonl", ".log", ".out", ".dat", ".md", ".html", ".xml", ".svg")
_CAN_WRITE = frozenset(("to_string", "to_markdown", "info", "show_versions"))  # where they are given a place
_SUMS = frozenset(
    ("sum", "mean", "min", "max", "count", "std", "var", "median", "first", "last", "size", "nunique")
)
_ONLY_CALLED = _TAKE_PATHS | _CAN_WRITE | {"agg"}  # no values: it matters what they are given
_CHANGES = frozenset(("append", "insert", "extend", "remove", "pop", "clear", "sort", "reverse"))
_PLAIN = (
    *(
        ast.Module,
        ast.Expr,
        ast.Assign,
        ast.AugAssign,
        ast.If,
        ast.For,
        ast.While,
        ast.Pass,
        ast.Assert,
        ast.With,
    ),
    *(ast.withitem, ast.Try, ast.ExceptHandler, ast.Raise, ast.Break, ast.Continue, ast.Constant, ast.BinOp),
    *(ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp),
    *(ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension, ast.Subscript, ast.Slice, ast.Starred),
    *(ast.JoinedStr, ast.FormattedValue, ast.keyword, ast.Lambda, ast.arguments, ast.arg, ast.NamedExpr),
    *(ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop),
)


def python(text: str, found: Found) -> None:
    """Take a program in Python; what cannot be vouched for is a question."""
    found.code = True
    if len(text) > MOST_CHARS:
        found.doubt("the Python code is too long to be judged")
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
            _Reader(found).read(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found.doubt("the Python code cannot be read")
    except _Unknown as error:
        found.doubt(f"the Python code {error}, which may do anything")


class _Unknown(Exception):
    """What is not on the list."""


class _Reader:
    """Walks the tree; raises at the first thing that it cannot vouch for."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.bound: set[str] = set()  # names that the program gives itself
        self.modules: dict[str, str] = {}  # name → module it stands for
        self.members: dict[str, tuple[str, str]] = {}  # name → module, member

    def read(self, tree: ast.Module) -> None:
        """Read a whole program; names first, so that none is another thing at one place."""
        bound = self.bound
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _NO_TEXT.search(node.value):
                raise _Unknown("has a text that no file can be named by")
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bound.add(node.id)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, ast.ExceptHandler) and node.name:
                bound.add(node.name)
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
        self._check_mixtures(tree)
        if bound & (NAMES | {"open"} | set(self.modules) | set(self.members)):
            raise _Unknown("gives a name that it imports, or that Python knows, to something else")
        self._visit(tree)

    def _check_mixtures(self, tree: ast.Module) -> None:
        """Doubt what is harmless alone: a path that is joined or moved, a search path that is changed."""
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names = {*self.modules.values(), *(module for module, _ in self.members.values())}
        divides = any(isinstance(node, ast.Div) for node in ast.walk(tree))
        if "pathlib" in names and (divides or "replace" in attributes):
            raise _Unknown("makes paths as it runs")
        stores = any(
            isinstance(node, ast.AugAssign)
            or (isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load))
            for node in ast.walk(tree)
        )
        if "sys" in names and "path" in attributes | set(self.members) and (stores or attributes & _CHANGES):
            raise _Unknown("changes where modules are looked for")

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                self._known(alias.name)
                name = alias.asname or alias.name.partition(".")[0]
                self.modules[name] = alias.name if alias.asname else name
            else:
                module = node.module or ""
                self._known(module)
                if node.level or alias.name == "*" or not _is_member(module, alias.name):
                    raise _Unknown(f"takes {alias.name} from {module}")
                name = alias.asname or alias.name
                if f"{module}.{alias.name}" in MODULES:
                    self.modules[name] = f"{module}.{alias.name}"
                else:
                    self.members[name] = (module, alias.name)

    def _known(self, module: str) -> None:
        """Let modules of the workspace and installed ones be imported; of Python's own, the listed."""
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names and not {module, top} & {*MODULES, *_PARENTS}:
            raise _Unknown(f"imports {module}")

    def _visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            return
        if isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Attribute):
            self._attribute(node)
        elif isinstance(node, ast.Name):
            self._name(node)
        elif isinstance(node, _PLAIN):
            for child in ast.iter_child_nodes(node):
                self._visit(child)
        else:
            raise _Unknown(f"has a {type(node).__name__}")

    def _name(self, node: ast.Name) -> None:
        if node.id in self.bound or node.id in NAMES:
            return
        if node.id in self.members and self.members[node.id][1] not in _TAKE_PATHS:
            return  # a module is no value: what could be done with it would not be seen
        raise _Unknown(f"uses `{node.id}`")

    def _attribute(self, node: ast.Attribute, *, is_called: bool = False) -> None:
        if not isinstance(node.ctx, ast.Load):
            raise _Unknown(f"sets .{node.attr}")
        chain = _chain(node)
        if node.attr in _ONLY_CALLED and not is_called:
            raise _Unknown(f"hands {node.attr} on")
        if chain and chain[0] in self.modules:
            self._of_module(self.modules[chain[0]], chain[1:])
            return
        if chain and chain[0] in self.members:
            module, member = self.members[chain[0]]
            self._of_module(module, (member, *chain[1:]))
            return
        if node.attr not in ATTRIBUTES:
            raise _Unknown(f"uses .{node.attr}")
        self._visit(node.value)

    def _of_module(self, module: str, names: tuple[str, ...]) -> None:
        """Follow `module.a.b` as far as the list knows it; what comes after is an attribute of a value."""
        while names and f"{module}.{names[0]}" in {*MODULES, *_PARENTS}:
            module, names = f"{module}.{names[0]}", names[1:]
        if not names:
            return
        if names[-1] in ("__version__", "__file__", "__name__", "__doc__", "VERSION", "version_info") and (
            len(names) == 1 or module not in MODULES
        ):
            return
        allowed = MODULES.get(module, frozenset())
        for count in range(len(names), 0, -1):
            is_listed = ".".join(names[:count]) in allowed
            is_listed = is_listed or (allowed == ALL and count == 1 and _is_own(names[0]))
            if is_listed and all(name in ATTRIBUTES for name in names[count:]):
                return
        raise _Unknown(f"uses {module}.{'.'.join(names)}")

    def _call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Name) and function.id == "open":
            self._open(node)
            return
        last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        is_name = isinstance(function, ast.Name)
        member = self.members.get(last, ("", last))[1] if is_name else last
        if isinstance(function, ast.Attribute):
            self._attribute(function, is_called=True)
        elif isinstance(function, ast.Lambda | ast.Call) or (is_name and member not in _TAKE_PATHS):
            self._visit(function)
        elif member not in _TAKE_PATHS or last not in self.members:
            raise _Unknown("calls what is made as it runs")
        if member in _TAKE_PATHS:
            self._takes_path(node)
        if member in _CAN_WRITE and (node.args or node.keywords):
            raise _Unknown(f"lets {member} write")
        if member == "agg":
            self._agg(node)
        for word in (*node.args, *(keyword.value for keyword in node.keywords)):
            self._visit(word)

    def _agg(self, node: ast.Call) -> None:
        """Let a table be summed up by name; any other name is a method of it, such as one that writes."""
        words = node.args[0] if len(node.args) == 1 and not node.keywords else None
        names = words.elts if isinstance(words, ast.List | ast.Tuple) else [words]
        if not all(isinstance(name, ast.Constant) and name.value in _SUMS for name in names):
            raise _Unknown("lets agg call a method by its name")

    def _takes_path(self, node: ast.Call) -> None:
        path = node.args[0].value if len(node.args) == 1 and isinstance(node.args[0], ast.Constant) else None
        if not isinstance(path, str):
            raise _Unknown("reads a file whose name is made as it runs")
        if "://" in path:
            places.url(path, self.found)
        else:
            self.found.reads.append(path)

    def _open(self, node: ast.Call) -> None:
        """Let a file be read, or data be written, whose name stands there."""
        given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg != "encoding")]
        path, *modes = [word.value if isinstance(word, ast.Constant) else None for word in given] or [None]
        if not isinstance(path, str) or len(modes) > 1:
            raise _Unknown("opens a file whose name is made as it runs")
        mode = modes[0] if modes else "r"
        if mode in ("r", "rb", "rt"):
            self.found.reads.append(path)
        elif mode in ("w", "wb", "wt", "a", "ab", "x") and path.endswith(_DATA):
            self.found.writes.append(path)  # and nothing that this program could import
        else:
            raise _Unknown("opens a file to write that could be code")


_PARENTS = frozenset(
    ".".join(name.split(".")[:count]) for name in MODULES for count in range(1, name.count(".") + 1)
)


_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def _is_own(name: str) -> bool:
    """Whether a name of a module that is listed as a whole is its own, and no module that it imports."""
    return name[:1] != "_" and name not in sys.stdlib_module_names


def _is_member(module: str, name: str) -> bool:
    allowed = MODULES.get(module)
    if f"{module}.{name}" in MODULES:
        return True
    return allowed is not None and (name in allowed or (allowed == ALL and _is_own(name)))


def _chain(node: ast.expr) -> tuple[str, ...]:
    """Return `a.b.c` as its names, none where it does not begin with a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()
