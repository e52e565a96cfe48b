"""Layer 3: what a program's arguments make it do.

The rules stand in `programs/*.toml`, one file per family (`rulefile` says how).
The answer is about the arguments alone: which paths may be touched is decided
by layer 4 from the paths reported here, and an inner command (of `env`,
`xargs`, `find -exec` …) is handed back to be judged like any other.

An option that a rule does not know is a question, and so is a program without
a rule: a list of what is known to be harmful would always lack the next trick.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import UsageError
from ...values import Answer
from . import rulefile, variables
from .found import Found
from .options import scan
from .rulefile import Example

LOADS_CODE = variables.LOADS_CODE  #: variables that decide which code a program runs
_DEEPEST = 8  # wrappers within wrappers; nobody types more
_OWN = "autoexec_magic"  # whose modules all start our own command line
_UNSEEN = "{}"  # stands for the words that xargs adds
_NAMES_ONLY = frozenset(
    ("ls", "stat", "du", "file", "realpath", "readlink", "basename", "dirname", "test", "wc", "df")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The answer to a command's arguments, and what the command reaches.

    Parameters
    ----------
    answer, rule, why
        The answer of this layer alone, where the deciding rule stands
        (``git.toml:12 git push``), and one clause for people.
    reads, writes : tuple of str
        Paths as they stand in the argv, in its order.
    trees : tuple of str
        Paths that are read with all that is below them.
    runs : tuple of str
        Files and folders whose code is run.
    modules : tuple of str
        Modules of Python that are run and have no rule: only those of the
        workspace may, which whoever knows the folder can say.
    urls : tuple of str
        Addresses, and `host:path` of other machines.
    commands : tuple of tuples of str
        Inner commands, to be judged again by the caller. In those of `find`,
        ``{}`` is replaced by a path below each root: ``./{}``.
    assigned : tuple of (str, str)
        Variables that are set for the inner commands.
    cwd : str
        The folder in which they run, if it is another.
    code : bool
        It runs code given in the command line or in a file.
    unseen : bool
        The inner command gets further words from its input (`xargs`), which
        only whoever knows the input can judge.
    """

    answer: Answer
    rule: str
    why: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()
    assigned: tuple[tuple[str, str], ...] = ()
    cwd: str = ""
    code: bool = False
    unseen: bool = False


def judge(argv: Sequence[str], *, looks_into: bool = True) -> Ruling:
    """Return what the arguments of a command make it do, and whether it may.

    Parameters
    ----------
    argv : sequence of str, length at least 1
        The command; argv[0] is the program's plain name, without folder and
        version: `python` for `/usr/bin/python3.11`.
    looks_into : bool, default True
        Doubt what an inner command would do with words that nobody has seen.
        Without it the caller knows those words, and judges the command with them.

    Raises
    ------
    UsageError
        `argv` is empty, or a rule file is wrong.

    Examples
    --------
    >>> judge(["uniq", "a.txt", "b.txt"]).writes
    ('b.txt',)
    >>> judge(["tar", "--checkpoint-act=exec=id", "-cf", "a.tar", "b"]).answer
    'ask'
    """
    return _judge(argv, 0, looks_into)


@functools.cache
def programs() -> frozenset[str]:
    """Return the name of every program that has a rule."""
    return frozenset(rulefile.builtin())


def examples() -> Iterator[Example]:
    """Yield the examples that stand in the rule files, file by file."""
    for file in sorted(set(rulefile.builtin().values())):
        yield from rulefile.examples(file)


def _judge(argv: Sequence[str], depth: int, looks_into: bool = True) -> Ruling:
    if not argv:
        raise UsageError("there is no command to judge", fix="give at least the program's name")
    name = argv[0]
    if any("\0" in word for word in argv):
        return Ruling(answer="refuse", rule="no-argument", why="no program can be given a NUL character")
    file = rulefile.builtin().get(name)
    if file is None:
        return Ruling(answer="ask", rule="not-listed", why=f"there is no rule for {name}")
    found = Found()
    scan(rulefile.load(file)[name], argv[1:], found)
    unknown = tuple(words[0] for words in found.modules if not _add_module(words, found))
    if found.unseen and looks_into:
        _look_into(found, depth)
    return Ruling(
        answer=found.answer,
        rule=f"{file.name}:{found.line} {found.where}",
        why=found.why or f"the rule knows what {found.where} does here",
        reads=tuple(found.reads),
        writes=tuple(found.writes),
        trees=tuple(found.trees),
        runs=tuple(found.runs),
        modules=unknown,
        urls=tuple(found.urls),
        commands=tuple(found.commands),
        assigned=tuple(found.assigned),
        cwd=found.cwd,
        code=found.code,
        unseen=found.unseen,
    )


def _add_module(words: Sequence[str], found: Found) -> bool:
    """Read the words of `python -m NAME …` by the rule of that module; False where there is none."""
    name = f"python:{_OWN if words[0].startswith(f'{_OWN}.') else words[0]}"
    file = rulefile.builtin().get(name)
    if file is not None:
        scan(rulefile.load(file)[name], words[1:], found)
        return True
    if words[0].partition(".")[0] in sys.stdlib_module_names:
        found.doubt(f"there is no rule for Python's own module {words[0]}")
        return True
    return False


def _look_into(found: Found, depth: int) -> None:
    """Doubt an inner command that would write to, or run, words which nobody has seen."""
    if depth >= _DEEPEST:
        found.doubt("commands are nested too deeply to follow", answer="refuse")
        return
    for command in found.commands:
        inner = _judge((*command, _UNSEEN), depth + 1)
        if inner.answer != "allow":
            found.doubt(f"with words from its input: {inner.why}", answer=inner.answer)
        elif inner.code or any(_UNSEEN in word for word in (*inner.writes, *inner.urls, *_words(inner))):
            found.doubt(f"{command[0]} would write or run what comes in, which nobody has seen")
        elif command[0] not in _NAMES_ONLY and any(_UNSEEN in word for word in (*inner.reads, *inner.trees)):
            found.doubt(f"{command[0]} would read the files that come in, which nobody has seen")


def _words(ruling: Ruling) -> Iterator[str]:
    for command in ruling.commands:
        yield from command
