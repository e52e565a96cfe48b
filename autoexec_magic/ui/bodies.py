"""What a notebook's own shell line, or the body of its `%%bash`, means as a command of ours.

A body of plain commands is a line whose steps stand below one another: it runs
without a shell, with the exit status of its last command, as in bash. A body
that needs a shell is one question, and is then run by that shell as a whole. A
body for another program (`%%python`, `%%script perl`) is what that program
reads; the policy sees it as the argument that would say the same.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import AutoexecError, MissingTool, UsageError
from ..executor import environment, policy
from ..executor.policy.tree import Line, Shell
from ..executor.policy.variables import LOADS_CODE
from ..orchestrator import Command
from ..redact import mask, secrets_in

_NAMED = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_VERSION = re.compile(r"[0-9.]+\Z")
_SHELLS = ("bash", "sh")
# The option by which each program takes as an argument what it else reads.
_CODE_OPTION = {
    **dict.fromkeys(("bash", "sh", "dash", "zsh", "ksh", "fish", "python", "pypy"), "-c"),
    **dict.fromkeys(("perl", "ruby", "node", "lua", "julia", "Rscript", "osascript"), "-e"),
    "php": "-r",
}
# Options without a value, beside which a program reads its code from where the body is. With any other word
# an argument may not say the same: to the policy `bash -- -c BODY` runs a script called `-c`.
_BESIDE_CODE = {
    **dict.fromkeys(
        ("bash", "sh", "dash", "zsh", "ksh"),
        re.compile(r"-[aefhkmnpuvxBCEHPT]+|--(?:norc|noprofile|posix)"),
    ),
    **dict.fromkeys(("python", "pypy"), re.compile(r"-[BEIOPSbdqsuv]+")),
    **dict.fromkeys(("perl", "ruby"), re.compile(r"-w")),
    "node": re.compile(r"--no-warnings|--trace-warnings"),
}


def is_empty(text: str) -> bool:
    """Whether there is nothing but blanks and comments, which a shell passes over."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())


def of_body(words: Sequence[str], body: str, cwd: Path) -> Command:
    """Return the command that runs a cell's body with a program.

    Parameters
    ----------
    words : sequence of str, length at least 1
        The program and its options, as they stand behind `%%script`.
    body : str
        What the program reads.
    cwd : Path
        Where it will run.
    """
    name = Path(words[0]).name
    if len(words) == 1 and words[0] in _SHELLS:
        found = _parsed(body)
        # What is refused is refused on the record, and bash runs what needs a shell, as it does for a line.
        if found is None or (isinstance(found, Shell) and name == "bash"):
            return Command(line=body)
        if isinstance(found, Line) and _is_the_same(found, name) and _is_there(found, cwd):
            return Command(line=body)
    text = body if body.endswith("\n") else body + "\n"
    return Command(argv=tuple(words), stdin=text, judged_as=_said_as_argument(name, words, body))


def of_tool(tool: str, module: str, rest: str) -> Command:
    """Return the command that `%pip` and its like mean: one call of a tool, which may be piped on.

    Parameters
    ----------
    tool : str
        The magic's name.
    module : str
        How the tool is started, as words of a line.
    rest : str
        What stands behind the magic.

    Raises
    ------
    UsageError
        More than that tool would run, or a version was taken for a file.
    """
    command = Command(line=f"{module} {rest}".strip())
    found = _parsed(command.line)
    if not isinstance(found, Line):
        return command
    if len(found.steps) > 1:
        more = found.steps[1].pipeline
        raise UsageError(f"%{tool} runs {tool} alone", why=f"{more} is another command", fix=f"!{more}")
    for each in found.commands:
        for redirect in each.redirects:
            target = str(redirect.target)
            if target.startswith("="):  # `NAME>=1`: a shell writes a file called `=1`
                why = f"to a shell, `>{target}` is a file to write"
                raise UsageError(f"%{tool} {rest} needs quotes", why=why, fix="put 'NAME>=VERSION' in quotes")
    return command


def with_variables(
    command: Command,
    before: Mapping[str, str],
    now: Mapping[str, str],
    is_passed_on: Callable[[str], bool] = lambda name: False,
) -> Command:
    """Return the command with those of the kernel's variables that are meant for it.

    These are the ones a line names (`$DATA`), and the ones that a cell has set
    (`%env DATA=…`), but for secrets and for what decides which code is run.

    Parameters
    ----------
    command : Command
        As it will run.
    before, now : mapping of str to str
        The kernel's variables before the notebook's cells, and now.
    is_passed_on : callable, optional
        Whether every run gets a variable anyway, by its name.

    Raises
    ------
    UsageError
        A line names a secret.
    """
    text = command.line or command.stdin or ""
    named = set(_NAMED.findall(text)) if command.line or command.argv[0] in _SHELLS else set()
    is_set = {name for name, value in now.items() if before.get(name) != value and name not in LOADS_CODE}
    asked_for = (is_set | named) & now.keys()
    if not asked_for:
        return command
    built = environment.build("")
    found: dict[str, str] = {}
    for name in sorted(asked_for):
        if name in built or name.startswith("AUTOEXEC_") or is_passed_on(name):
            continue
        if not _is_secret(name, now[name]):
            found[name] = now[name]
        elif name in named and not re.search(rf"\b{name}=", text):
            raise UsageError(
                f"${name} is not passed on",
                why="it is, or is named like, a secret; the command would find it empty",
                fix=f"%autoexec on --env {name}",
            )
    return replace(command, variables=tuple(found.items()))


def title_of(command: Command) -> str:
    """Return what a run of the command is called: its first line."""
    text = command.line or command.stdin or shlex.join(command.argv)
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return f"{shlex.join(command.argv)}: {line}" if command.stdin is not None else line


def _said_as_argument(name: str, words: Sequence[str], body: str) -> tuple[str, ...]:
    """Return the argv that says what the body says; empty where that is not certain.

    The command is then judged as it stands, as one that reads what nobody has seen.
    """
    kind = _VERSION.sub("", name)
    option, flags = _CODE_OPTION.get(kind, ""), _BESIDE_CODE.get(kind)
    is_certain = all(flags and flags.fullmatch(word) for word in words[1:])
    return (*words, option, body) if option and is_certain else ()


def _is_secret(name: str, value: str) -> bool:
    return bool(secrets_in({name: value})) or mask(value) != value


def _parsed(text: str) -> Line | Shell | None:
    try:
        return policy.parse(text)
    except AutoexecError:
        return None


def _is_the_same(line: Line, shell: str) -> bool:
    """Whether the shell's own commands do what the programs do: the echo of sh knows escapes."""
    is_escaped = "\\" in str(line)
    return shell == "bash" or not (is_escaped and any(_name(one) == "echo" for one in line.commands))


def _is_there(line: Line, cwd: Path) -> bool:
    """Whether every program is there now; one that a command before it brings is bash's to find."""
    variables = environment.build("")
    for command in line.commands:
        name = _name(command)
        if name and name != "cd":
            try:
                policy.find(name, variables, cwd)
            except MissingTool:
                return False
    return True


def _name(command: object) -> str:
    words = getattr(command, "words", ())
    return (words[0].literal or "") if words else ""
