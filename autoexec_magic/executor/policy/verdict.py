"""One command through the layers, each able to refuse on its own: program, arguments, paths.

Layer 1 made the words (`parse`, `expand`). What is told is the first layer that
refuses, else the first that asks; only what none of them minds is allowed.
"""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...errors import MissingTool, PolicyRefused, UsageError
from ...values import PolicyVerdict
from . import addresses, arguments, fed, paths, variables
from .arguments import Ruling
from .expand import argv_of
from .own import judge_own
from .parse import parse
from .paths import Roots, Ruled
from .program import find
from .rules import DEFAULT, Policy, judge, judge_name, without_version
from .shapes import judge_shape
from .trail import Trail
from .tree import Shell, Variable, Word

UNSEEN_INPUT = ("cat", "-")  #: stands for whatever comes in and was not seen
_MOST_CHARS = 500
_DEEPEST = 8
_EMPTIES = frozenset(("-i", "-", "--ignore-environment"))
_FINDS = frozenset(("find", "fd", "xargs", "parallel"))
_PLACE = re.compile(r"[\w@%+=:,./~-]*\{\}[\w@%+=:,./~-]*")  # a path, and nothing that is code
_UNSEEN_WORD = "unseen"
_BY_FOLDER = frozenset(("recursive-delete", "runs-later"))  # refused because of where the line stands
_TRUSTS_FOLDER = frozenset(("git",))  # its settings there name programs


def judge_command(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    roots: Roots,
    policy: Policy = DEFAULT,
    files: Sequence[tuple[str, bool]] = (),
    assigned: Mapping[str, str] | None = None,
    before: Sequence[Sequence[str]] = (),
    trail: Trail | None = None,
    depth: int = 0,
) -> PolicyVerdict:
    """Return whether a command may run.

    Parameters
    ----------
    argv : sequence of str
        Its words, expanded; none where only variables are set.
    environment : mapping of str to str
        What it will run with; its `PATH` says which program is meant.
    cwd : Path
        Where it will run.
    roots : Roots
        Where it may write.
    policy : Policy, optional
        Which programs may run; the built-in list by default.
    files : sequence of (str, bool), optional
        Files that stand in for its streams, and whether each is written.
    assigned : mapping of str to str, optional
        Variables that the line sets for it.
    before : sequence of sequences of str, optional
        The commands before in the pipeline.
    trail : Trail, optional
        What the line has made so far; gets what this command makes.
    depth : int, default 0
        How many commands this one is within.

    Raises
    ------
    MissingTool
        There is no such program.
    """
    found = judge_layers(
        argv,
        environment=environment,
        cwd=cwd,
        roots=roots,
        policy=policy,
        files=files,
        assigned=assigned,
        before=before,
        trail=trail,
        depth=depth,
    )
    return deciding(argv, found)


def judge_layers(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    roots: Roots,
    policy: Policy = DEFAULT,
    files: Sequence[tuple[str, bool]] = (),
    assigned: Mapping[str, str] | None = None,
    before: Sequence[Sequence[str]] = (),
    trail: Trail | None = None,
    depth: int = 0,
) -> list[PolicyVerdict]:
    """Return what each layer says, in their order; parameters and errors are those of `judge_command`."""
    if any(not is_written for _, is_written in files):  # a file takes the place of what comes in
        before = (UNSEEN_INPUT,)
    case = _Case(environment, cwd, roots, policy, trail or Trail(), before)
    return _all(argv, case, files, assigned or {}, depth)


def judge_shell(
    shell: Shell,
    *,
    environment: Mapping[str, str],
    cwd: Path,
    roots: Roots,
    policy: Policy = DEFAULT,
) -> PolicyVerdict | None:
    """Return why a line that only a shell can run is refused, None if nothing that can be seen of it is.

    Parameters are those of `judge_command`. A loop or a substitution around a
    command makes it no better; where a command is unseen, nothing is said of it.
    """
    return next(_refusals(shell, _Case(environment, cwd, roots, policy, Trail(), ())), None)


def _refusals(shell: Shell, case: _Case) -> Iterator[PolicyVerdict]:
    """Yield what is refused wherever the line goes; what depends on the folder only where it stays."""
    names = {
        command[0].literal
        for pipeline in shell.pipelines
        for command in pipeline
        if command[:1] and command[0]
    }
    moves = bool(names & {"cd", "pushd", "popd"})
    for verdict in _seen(shell, case):
        if verdict.answer == "refuse" and not (moves and verdict.rule in _BY_FOLDER):
            yield verdict


def _seen(shell: Shell, case: _Case) -> Iterator[PolicyVerdict]:
    """Yield what is said of each command, file and pipeline of a line as if each stood alone."""
    for pipeline in shell.pipelines:
        argvs = [_argv(command, case) for command in pipeline]
        for argv in argvs:
            if argv[0] != _UNSEEN_WORD:
                yield from _all(argv, replace(case, trail=Trail()), (), {}, 1)
        if len(argvs) > 1:
            yield _told(shell.text[:_MOST_CHARS], judge_shape(argvs))
    for word, is_written in shell.files:
        for path in argv_of((word,), case.environment, case.cwd):
            yield _told(
                shell.text[:_MOST_CHARS],
                (paths.write if is_written else paths.read)(path, case.cwd, case.roots),
            )


def _argv(command: Sequence[Word | None], case: _Case) -> tuple[str, ...]:
    """Return the words of a command as far as they are seen."""
    found: list[str] = []
    for word in command:
        found += [_UNSEEN_WORD] if word is None else argv_of((word,), case.environment, case.cwd)
    return tuple(found) or (_UNSEEN_WORD,)


def deciding(argv: Sequence[str], found: Sequence[PolicyVerdict]) -> PolicyVerdict:
    """Return the verdict that decides: the first that refuses, else the first that asks."""
    for answer in ("refuse", "ask"):
        for verdict in found:
            if verdict.answer == answer:
                return verdict
    line = shlex.join(argv)[:_MOST_CHARS]
    return found[0] if found else PolicyVerdict(line=line, answer="allow", layer=1, rule="", why="")


@dataclass(frozen=True, slots=True)
class _Case:
    """What holds for a command and for all that it starts."""

    environment: Mapping[str, str]
    cwd: Path
    roots: Roots
    policy: Policy
    trail: Trail
    before: Sequence[Sequence[str]]
    is_emptied: bool = field(
        default=False, kw_only=True
    )  # `env -i` or `-u`: variables stand for something else


def _all(
    argv: Sequence[str],
    case: _Case,
    files: Sequence[tuple[str, bool]],
    assigned: Mapping[str, str],
    depth: int,
) -> list[PolicyVerdict]:
    """Return what each layer says; what a person's settings allow leaves only the refusals."""
    found = list(_layers(argv, case, files, assigned, depth))
    if not case.policy.allow or depth or not argv or argv[0] == "cd":
        return found
    own = judge_own(argv, find(argv[0], case.environment, case.cwd), case.policy)
    if own is None or own.answer != "allow":
        return found
    return [own, *(verdict for verdict in found if verdict.answer != "ask")]


def _layers(
    argv: Sequence[str],
    case: _Case,
    files: Sequence[tuple[str, bool]],
    assigned: Mapping[str, str],
    depth: int,
) -> Iterator[PolicyVerdict]:
    line = shlex.join(argv)[:_MOST_CHARS]
    # Streams are opened before the program makes anything itself.
    meanwhile = [case.trail.meanwhile(path, case.cwd, case.roots) for path, _ in files]
    yield from (_told(line, ruled) for ruled in meanwhile if ruled.answer != "allow")
    if argv and argv[0] == "cd":  # which is ours, and only says where the next one runs
        for path in argv[1:]:
            yield _told(line, paths.read(path, case.cwd, case.roots))
    elif argv:
        yield from _program(argv, case, depth)
    for name, value in assigned.items():
        if why := variables.doubt(name, value):
            yield PolicyVerdict(
                line=line or f"{name}={value}", answer="ask", layer=3, rule="assignment", why=why
            )
    for path, is_written in files:
        yield _told(line, (paths.write if is_written else paths.read)(path, case.cwd, case.roots))
        if is_written:
            case.trail.wrote(path, case.cwd, case.roots)


def _program(argv: Sequence[str], case: _Case, depth: int) -> Iterator[PolicyVerdict]:
    """Judge a program and its arguments, and the commands that it would start, the same way."""
    line = shlex.join(argv)[:_MOST_CHARS]
    if depth > _DEEPEST:
        why = f"more than {_DEEPEST} commands are within one another"
        yield PolicyVerdict(line=line, answer="refuse", layer=2, rule="too-deep", why=why)
        return
    never = judge_name(argv)
    if never:
        yield never
        return
    if "/" in argv[0] and (case.trail.made or case.trail.unpacked):
        yield _told(line, case.trail.program(argv[0], case.cwd, case.roots))
    try:
        program = find(argv[0], case.environment, case.cwd)
    except MissingTool as error:
        # What a line builds first and then runs by its path is not there yet.
        if depth == 0 and ("/" not in argv[0] or not case.trail.is_kept):
            raise
        yield PolicyVerdict(line=line, answer="ask", layer=2, rule="not-there", why=error.what)
        return
    own = judge_own(argv, program, case.policy)
    if own is not None and own.answer != "allow":
        yield own
    yield judge(argv, program, _widened(case.policy))
    name = without_version(program.name)
    if program not in case.policy.paths and name in arguments.programs():
        yield from _arguments((name, *argv[1:]), case, depth, line)


@functools.lru_cache(maxsize=16)
def _widened(policy: Policy) -> Policy:
    """Return the policy with the programs whose arguments can be judged: they need no other list."""
    return replace(policy, programs=policy.programs and policy.programs | arguments.programs())


def _arguments(argv: Sequence[str], case: _Case, depth: int, line: str) -> Iterator[PolicyVerdict]:
    name = argv[0]
    commands = _fed(argv, case)
    ruling = arguments.judge(argv, looks_into=commands is None)
    yield PolicyVerdict(line=line, answer=ruling.answer, layer=3, rule=ruling.rule, why=ruling.why)
    for ruled in _reached(name, argv, ruling, case):
        if ruled.answer != "allow":
            yield _told(line, ruled)
    inside = _inside(name, argv, ruling, case)
    for command in ruling.commands if commands is None else commands:
        if name in _FINDS and any(fed.UNSEEN in word and not _PLACE.fullmatch(word) for word in command):
            why = "the names of files become part of code"
            yield PolicyVerdict(line=line, answer="ask", layer=3, rule="names-in-code", why=why)
        if command[:2] == ("sh", "-c") and len(command) == 3:
            yield from _line(command[2], inside, depth + 1)
        else:
            yield from _program(command, inside, depth + 1)
    case.trail.note(name, argv, ruling, case.cwd, case.roots)


def _reached(name: str, argv: Sequence[str], ruling: Ruling, case: _Case) -> Iterator[Ruled]:
    """Yield what layer 4 says of each path, address and piece of code."""
    cwd, roots = case.cwd, case.roots
    for path in ruling.reads:
        yield paths.read(path, cwd, roots)
    for path in ruling.trees:
        yield paths.read_all(path, cwd, roots)
    writing = _writing(name, argv)
    for path in ruling.writes:
        yield writing(path, cwd, roots)
    for path in ruling.runs:
        yield paths.run(path, cwd, roots)
    for module in ruling.modules:
        yield paths.run_module(module, cwd, roots)
    if ruling.code or name in _TRUSTS_FOLDER:
        yield paths.run(".", cwd, roots)
    for url in ruling.urls:
        yield addresses.reach(url)
    if name in ("ln", "link", "cp") and _is_hard(name, argv):
        for path in ruling.reads:
            yield paths.hard_link(path, cwd, roots)
    yield case.trail.judge(name, ruling, cwd, roots)


def _writing(name: str, argv: Sequence[str]) -> Callable[[str, Path, Roots], Ruled]:
    short = [word for word in argv[1:] if word.startswith("-")]
    if name == "rm" and any("r" in word.lower() for word in short):
        return paths.remove_all
    if name == "find" and "-delete" in short:
        # Without a test it removes all there is.
        return (
            paths.remove_below if set(short) - {"-delete", "-depth", "-H", "-L", "-P"} else paths.remove_all
        )
    return paths.write


def _is_hard(name: str, argv: Sequence[str]) -> bool:
    short = "".join(word for word in argv[1:] if word[:1] == "-" and word[:2] != "--")
    if name == "cp":
        return "l" in short or "--link" in argv
    return "s" not in short and not any(word.startswith("--s") for word in argv)


def _fed(argv: Sequence[str], case: _Case) -> list[tuple[str, ...]] | None:
    """Return the commands of `xargs` with the words that come in, None where nobody can say."""
    if argv[0] not in ("xargs", "parallel"):
        return None
    lines = fed.lines_of(case.before) if argv[0] == "xargs" else None
    if lines is None:
        return None
    ruling = arguments.judge(argv, looks_into=False)
    return fed.inner(lines, argv) if ruling.unseen and not ruling.reads else None


def _inside(name: str, argv: Sequence[str], ruling: Ruling, case: _Case) -> _Case:
    """Return what holds for the commands that this one starts."""
    if ruling.cwd:
        case = replace(case, cwd=case.cwd / ruling.cwd)
    if name != "env":
        return case
    emptied = any(word in _EMPTIES or word.startswith(("-u", "--u", "-i", "--i")) for word in argv[1:])
    environment = {**case.environment, **dict(ruling.assigned)}
    return replace(case, environment=environment, is_emptied=case.is_emptied or emptied)


def _line(text: str, case: _Case, depth: int) -> Iterator[PolicyVerdict]:
    """Judge a line that a shell is given as a typed one is judged."""
    from .steps import Place, judged

    shown = text[:_MOST_CHARS]
    try:
        line = parse(text)
        if isinstance(line, Shell):
            why = f"the inner line has {line.why}, and nobody has seen what the shell makes of it"
            yield PolicyVerdict(line=shown, answer="ask", layer=1, rule="needs-a-shell", why=why)
            yield from _refusals(line, case)
            return
        place = Place(cwd=case.cwd, environment=case.environment)
        inside = judged(
            line, place, case.roots, case.policy, depth=depth, trail=case.trail, is_fed=bool(case.before)
        )
        for one in inside:
            yield one.verdict
            if any(word.startswith("./-") for word in one.argv):
                why = "a pattern finds files whose names a shell would hand over as options"
                yield PolicyVerdict(line=shown, answer="ask", layer=1, rule="named-like-options", why=why)
    except UsageError:
        return  # there is nothing in it
    except MissingTool as error:  # or it is built into the shell
        yield PolicyVerdict(line=shown, answer="ask", layer=2, rule="not-there", why=error.what)
        return
    except PolicyRefused as error:
        yield PolicyVerdict(line=shown, answer="refuse", layer=1, rule="unreadable", why=error.why)
        return
    words = (word for command in line.commands for word in command.words)
    if case.is_emptied and any(isinstance(part, Variable) for word in words for part in word.parts):
        why = "the inner line has variables, and the environment they come from is another"
        yield PolicyVerdict(line=shown, answer="ask", layer=1, rule="other-variables", why=why)


def _told(line: str, ruled: Ruled) -> PolicyVerdict:
    return PolicyVerdict(line=line, answer=ruled.answer, layer=4, rule=ruled.rule, why=ruled.why)
