"""Commands that a script would run and the policy would refuse: a look that warns, and stops nothing.

Only what stands there in full is judged: `os.system("rm -rf /")`,
`subprocess.run(["git", "push", "--force"])`, `execSync("curl … | sh")`, a line
of Bash. What is put together as it runs is not seen, and what is not called is
told all the same; so nothing is refused by it. What stops a script is the cage.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..errors import AutoexecError
from ..executor import policy
from ..executor.policy.tree import Shell
from ..values import PolicyVerdict

Judge = Callable[[str | Sequence[str]], PolicyVerdict]

MOST_CHARS, MOST_COMMANDS = 200_000, 100
_STARTS_PROGRAMS = re.compile(r"system|popen|subprocess|spawn|exec|sh\.|run\(|call\(|check_output")
_PYTHON = frozenset(
    ("system", "popen", "run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput")
)
_LISTED = frozenset(("execv", "execve", "execvp", "execvpe", "spawnv", "spawnvp"))
_TEXT = r"""(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.)*`)"""
_NODE = re.compile(
    rf"\b(?:exec|execSync|spawn|spawnSync|execFile|execFileSync)\s*\(\s*{_TEXT}\s*(?:,\s*\[(?P<list>[^\]]*)\])?"
)
_WORDS = re.compile(_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A command at a line of a script, and why the policy would refuse it."""

    line: int
    command: str
    why: str


def refused(source: str, language: str, judge: Judge) -> tuple[Warned, ...]:
    """Return the commands in a script that would be refused, in their order.

    Parameters
    ----------
    source : str
        The script.
    language : str
        Its language's name.
    judge : callable
        Says what the policy says of a line or an argv; it raises nothing.
    """
    find = _FINDERS.get(language)
    if find is None or len(source) > MOST_CHARS:
        return ()
    if language != "bash" and not _STARTS_PROGRAMS.search(source):
        return ()
    found = []
    for line, command in itertools.islice(find(source), MOST_COMMANDS):
        verdict = judge(command)
        if verdict.answer == "refuse" and verdict.rule not in _UNREAD:
            text = command if isinstance(command, str) else " ".join(command)
            found.append(Warned(line=line, command=" ".join(text.split())[:200], why=verdict.why))
    return tuple(found)


_UNREAD = frozenset(("usage", "parse", "error"))  # it could not be read, which here says nothing


def _python(source: str) -> Iterator[tuple[int, str | tuple[str, ...]]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name in _PYTHON and call.args:
            command = _words(call.args[0])
        elif name in _LISTED and len(call.args) > 1:
            command = _words(call.args[1])
        else:
            continue
        if command:
            yield call.lineno, command


def _words(node: ast.expr) -> str | tuple[str, ...]:
    """Return a command that stands there as a text, or as a list of texts; "" for any other."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        words = [
            item.value for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)
        ]
        return tuple(words) if len(words) == len(node.elts) else ""
    return ""


def _node(source: str) -> Iterator[tuple[int, str | tuple[str, ...]]]:
    for call in _NODE.finditer(source):
        line = source.count("\n", 0, call.start()) + 1
        first = _text(call["text"])
        if call["list"] is None:
            yield line, first
        else:
            yield line, (first, *(_text(word["text"]) for word in _WORDS.finditer(call["list"])))


def _text(literal: str) -> str:
    """Return what a text of JavaScript means, as far as JSON has the same signs."""
    inner = literal[1:-1].replace('\\"', '"').replace("\\'", "'")
    try:
        return str(json.loads(f'"{inner.replace(chr(34), chr(92) + chr(34))}"'))
    except ValueError:
        return inner


def _bash(source: str) -> Iterator[tuple[int, str | tuple[str, ...]]]:
    """Yield each line that is a command of its own; what spans lines is Bash's to read."""
    for number, line in enumerate(source.splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            found = policy.parse(text)
        except AutoexecError:
            continue
        if not isinstance(found, Shell):
            yield number, text


_FINDERS: dict[str, Callable[[str], Iterator[tuple[int, str | tuple[str, ...]]]]] = {
    "python": _python,
    "node": _node,
    "bash": _bash,
}
