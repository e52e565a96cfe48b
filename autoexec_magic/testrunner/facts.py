"""What is known of one failure of a test: in which phase, in whose code, and in what words.

The facts come from the runner (`Spot`) where it was ours, and from the text
alone where somebody else's report has nothing more. No file is looked at: whose
a place is follows from its path.
"""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..diagnosis.frames import is_library, is_raise
from .cases import Case, CasePhase, Problem
from .compiling import SYNTAX, Compiled, compiled
from .shown import MOST_CHARS, Place, Shown, shortened, shown, split_error

Whose: TypeAlias = Literal["test", "support", "product", "library"]

_TEST_NAME = re.compile(r"(?:test_[^/]*|[^/]*_test|tests)\.py\Z|<doctest ")
_SUPPORT_NAME = re.compile(r"(?:\A|/)tests?/|(?:\A|/)conftest\.py\Z")
_JUNIT_PHASE = re.compile(
    r"\Afailed on (setup|teardown) with \"(.*?)\"?\Z|\A(collection failure)\Z", re.DOTALL
)
_LONGEST_SOURCE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What is whose, as far as paths say so.

    Parameters
    ----------
    root : str
        The folder of the product; "" where it is not known.
    test_files : iterable of str
        The files with tests, absolute or relative to `root`; files that are
        called `test_*.py` or `*_test.py` count without being named.
    modules : iterable of str
        The top-level names of modules that lie in the project, those of the
        tests' own modules too. With them, a module that is none of them is
        surely somebody else's.
    """

    root: str = ""
    test_files: Iterable[str] = ()
    modules: Iterable[str] = ()
    _tests: frozenset[str] = field(init=False, repr=False, default=frozenset())

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", _slashes(self.root).rstrip("/"))
        object.__setattr__(self, "modules", frozenset(self.modules))
        object.__setattr__(self, "test_files", tuple(self.test_files))
        object.__setattr__(self, "_tests", frozenset(map(self.absolute, self.test_files)))

    def absolute(self, path: str) -> str:
        """Return `path` below the root, without `..`."""
        path = _slashes(path)
        if path.startswith("<") or not path:
            return path
        if "./" in path or "//" in path:
            path = posixpath.normpath(posixpath.join(self.root, path))
        is_absolute = not self.root or path.startswith("/") or path[1:3] == ":/"
        return path if is_absolute else f"{self.root}/{path}"

    def whose(self, path: str, test_file: str = "") -> Whose:
        """Return whose code lies at `path`; `test_file` is the test's own.

        Examples
        --------
        >>> project = Project(root="/p")
        >>> paths = ("shop/cart.py", "tests/test_a.py", "tests/checks.py", "../lib/python3.11/os.py")
        >>> [project.whose(path) for path in paths]
        ['product', 'test', 'support', 'library']
        """
        path = self.absolute(path)
        is_below = bool(self.root) and path.startswith(self.root + "/")
        rest = path[len(self.root) + 1 :] if is_below else path
        if (test_file and path == self.absolute(test_file)) or path in self._tests:
            return "test"
        if is_library("/" + rest if is_below else path) or (path.startswith("<") and "doctest" not in path):
            return "library"
        if _TEST_NAME.search(posixpath.basename(path)):
            return "test"
        return "support" if _SUPPORT_NAME.search(rest) else "product"

    def relative(self, path: str) -> str:
        """Return `path` as it is written below the root."""
        return self.absolute(path).removeprefix(self.root + "/") if self.root else _slashes(path)

    def may_hold(self, path: str) -> bool:
        """Whether an absolute path can be one of the project's; any, where its root is not known."""
        path = _slashes(path)
        is_absolute = path.startswith("/") or path[1:3] == ":/"
        return is_absolute and (not self.root or path.startswith(self.root + "/"))

    def is_own_module(self, name: str) -> bool:
        """Whether a module, as it stands after `import`, is one of the project's."""
        return name.partition(".")[0] in self.modules


NOWHERE = Place("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A failure, seen from the test.

    `type` is the exception's name without its module, `words` all that is said
    of it in the order of telling. `places` lead from the test to `origin`,
    where it was raised, and `owners` says whose each is; `own` is the last of them that is no library's.
    `is_raised` says that a `raise` in one's own code decided it; None that this
    cannot be seen. `unread` is the file that Python could not compile, and `is_imported` whether it
    was being imported. `causes` are the direct causes, the nearest first.
    """

    phase: CasePhase | Literal[""]
    type: str
    message: str
    words: str
    places: tuple[Place, ...] = ()
    owners: tuple[Whose, ...] = ()
    origin: Place = NOWHERE
    origin_whose: Whose = "library"
    own: Place = NOWHERE
    own_whose: Whose = "library"
    is_raised: bool | None = None
    unread: Place = NOWHERE
    is_imported: bool = False
    op: str = ""
    stderr: str = ""
    causes: tuple[Facts, ...] = ()

    @property
    def typed(self) -> str:
        """The message behind its type."""
        return f"{self.type}: {self.message}"

    @property
    def summary(self) -> str:
        """The exception in one line."""
        first = self.message.strip().partition("\n")[0].strip()
        named = self.type and self.type not in ("AssertionError", "Failed")
        return (f"{self.type}: {first}" if named and first else first or self.type)[:_LONGEST_SOURCE]


def facts_of(case: Case, problem: Problem, project: Project) -> Facts:
    """Return what is known of `problem`, one of the case's."""
    phase, message = _phase(case, problem)
    message = message[:MOST_CHARS]
    chain = shown(problem.text)
    last = chain[-1]
    named, said = split_error(message.partition("\n")[0])
    kind = problem.type or last.type or named
    if not problem.type and named and message:  # JUnit's message holds the type
        message = "\n".join([said, *message.splitlines()[1:]])
    spotted = _spotted(problem, last.places, project)
    test_file = _test_file(case)
    said = message or last.message
    read = Compiled(spotted)
    if kind.rpartition(".")[2] in SYNTAX:
        is_collected = phase == "collect"
        whose = functools.partial(project.whose, test_file=test_file)
        text = _own_text(problem, said)
        read = compiled(spotted, said, text, whose=whose, is_file=project.may_hold, is_collected=is_collected)
    seen = Shown(kind, said, read.places, last.is_direct)
    causes: list[Facts] = []
    for at in range(len(chain) - 1, 0, -1):
        if not chain[at].is_direct:
            break
        causes.append(_facts(chain[at - 1], phase, test_file, project))
    found = _facts(seen, phase, test_file, project)
    return Facts(
        phase=phase,
        type=found.type,
        message=found.message,
        words=shortened(f"{found.message}\n{problem.text}"),
        places=found.places,
        owners=found.owners,
        origin=found.origin,
        origin_whose=found.origin_whose,
        own=found.own,
        own_whose=found.own_whose,
        is_raised=found.is_raised,
        unread=read.unread,
        is_imported=read.is_imported,
        op=problem.spot.op if problem.spot else "",
        stderr=problem.stderr or case.said.stderr,
        causes=tuple(causes),
    )


def _own_text(problem: Problem, said: str) -> str:
    """Return the text in which an error's own place may stand; our plugin's words leave no place out."""
    is_all_said = problem.spot is not None and not said.endswith((")", "…"))
    return "" if is_all_said else shortened(problem.text)


def _facts(seen: Shown, phase: CasePhase | Literal[""], test_file: str, project: Project) -> Facts:
    places = seen.places
    whose = [project.whose(place.file, test_file) for place in places]
    origin, origin_whose = (places[-1], whose[-1]) if places else (NOWHERE, "library")
    at = next((at for at in range(len(places) - 1, -1, -1) if whose[at] != "library"), -1)
    own, own_whose = (places[at], whose[at]) if at >= 0 else (NOWHERE, "library")
    is_raised: bool | None = False
    if origin_whose != "library":
        is_raised = is_raise(origin.source) if origin.source else None
    return Facts(
        phase=phase,
        type=seen.type.rpartition(".")[2],
        message=seen.message,
        words=seen.message,
        places=places,
        owners=tuple(whose),
        origin=origin,
        origin_whose=origin_whose,
        own=own,
        own_whose=own_whose,
        is_raised=is_raised,
    )


def _phase(case: Case, problem: Problem) -> tuple[CasePhase | Literal[""], str]:
    """Return the phase, and the message without pytest's words about it in its JUnit file."""
    if problem.spot is not None:
        return problem.spot.phase, problem.message
    match = _JUNIT_PHASE.match(problem.message)
    if match is not None and match[3]:
        return "collect", ""
    if match is not None:
        return ("setup" if match[1] == "setup" else "teardown"), match[2]
    if problem.kind.endswith("failure"):
        return "call", problem.message
    is_file = bool(case.said.nodeid) and "::" not in case.said.nodeid
    return ("collect" if is_file else ""), problem.message


def _spotted(problem: Problem, places: tuple[Place, ...], project: Project) -> tuple[Place, ...]:
    """Return the places of the text, and those that only the runner knows."""
    spot = problem.spot
    if spot is None:
        return places
    test = Place(spot.file, spot.line, spot.source)
    is_test = (spot.origin, spot.origin_line) == (spot.file, spot.line)
    origin = test if is_test else Place(spot.origin, spot.origin_line)
    known = {(project.absolute(place.file), place.line) for place in places}
    if spot.file and (project.absolute(spot.file), spot.line) not in known and not places:
        places = (test,)
        known = {(project.absolute(spot.file), spot.line)}
    if spot.origin and (project.absolute(spot.origin), spot.origin_line) not in known:
        places = (*places, origin)
    return places


def _test_file(case: Case) -> str:
    return case.said.nodeid.partition("::")[0] or case.said.file


def _slashes(path: str) -> str:
    return path.replace("\\", "/")
