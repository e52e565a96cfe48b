"""The answer: allow what is listed, refuse what cannot work, ask about the rest."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...values import PolicyVerdict
from .program import is_where_programs_live

# Programs that a person at a notebook runs all day. What they type is theirs: the list
# keeps a name that nobody knows from running unasked, it does not judge arguments yet.
_LISTED = frozenset(
    [
        "awk",
        "basename",
        "bash",
        "bzip2",
        "cargo",
        "cat",
        "cc",
        "clang",
        "cmake",
        "cmp",
        "comm",
        "cp",
        "curl",
        "cut",
        "date",
        "df",
        "diff",
        "dirname",
        "dot",
        "du",
        "echo",
        "expr",
        "false",
        "ffmpeg",
        "file",
        "find",
        "free",
        "g++",
        "gcc",
        "git",
        "go",
        "grep",
        "gunzip",
        "gzip",
        "head",
        "hostname",
        "id",
        "java",
        "javac",
        "jq",
        "jupyter",
        "ln",
        "ls",
        "make",
        "md5sum",
        "mkdir",
        "mv",
        "mypy",
        "nl",
        "node",
        "npm",
        "npx",
        "nproc",
        "od",
        "openssl",
        "paste",
        "pip",
        "pip3",
        "printf",
        "ps",
        "pwd",
        "pytest",
        "python",
        "python3",
        "readlink",
        "realpath",
        "rm",
        "rmdir",
        "rsync",
        "ruff",
        "rustc",
        "sed",
        "seq",
        "sh",
        "sha1sum",
        "sha256sum",
        "sleep",
        "sort",
        "sqlite3",
        "split",
        "stat",
        "strings",
        "tail",
        "tar",
        "tee",
        "test",
        "touch",
        "tr",
        "tree",
        "true",
        "type",
        "uname",
        "uniq",
        "unzip",
        "uptime",
        "uv",
        "uvx",
        "wc",
        "wget",
        "which",
        "whoami",
        "xxd",
        "xz",
        "yes",
        "zip",
        "zstd",
    ]
)
_VERSIONED = re.compile(r"(?:(python|pip)[0-9.]+|(gcc|g\+\+|clang|cc)-[0-9.]+)")
_REFUSED = {
    "sudo": "a run cannot gain privileges",
    "su": "a run cannot gain privileges",
    "doas": "a run cannot gain privileges",
    "pkexec": "a run cannot gain privileges",
    "shutdown": "it stops the machine",
    "reboot": "it stops the machine",
    "halt": "it stops the machine",
    "poweroff": "it stops the machine",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may run without a question.

    `programs` are names, which count only where programs live; `paths` are
    absolute paths of files that our own verbs start. `allow`, `ask` and
    `refuse` are patterns of commands (`own`), `roots` folders that may be
    written besides the workspace.
    """

    programs: frozenset[str] = _LISTED
    paths: frozenset[Path] = frozenset()
    allow: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    roots: tuple[Path, ...] = ()


DEFAULT = Policy()


def exactly(*paths: str | Path) -> Policy:
    """Return a policy that allows these files and nothing else."""
    return Policy(programs=frozenset(), paths=frozenset(Path(path).absolute() for path in paths))


def judge_name(argv: Sequence[str]) -> PolicyVerdict | None:
    """Return the refusal of a program that never runs, whether it is there or not; else None."""
    name = Path(argv[0]).name if "/" in argv[0] else argv[0]
    if name not in _REFUSED:
        return None
    return PolicyVerdict(
        line=shlex.join(argv), answer="refuse", layer=2, rule=f"refused:{name}", why=_REFUSED[name]
    )


def judge(argv: Sequence[str], program: Path, policy: Policy = DEFAULT) -> PolicyVerdict:
    """Return whether `argv` may run.

    Parameters
    ----------
    argv : sequence of str, length at least 1
        The command.
    program : Path
        The file that argv[0] means (`find`).
    policy : Policy, optional
        What is allowed; the built-in list by default.

    Returns
    -------
    PolicyVerdict
        With the layer (2: program) and the rule that decided.
    """
    line = shlex.join(argv)
    name = program.name
    if program in policy.paths:
        return PolicyVerdict(line=line, answer="allow", layer=2, rule="exact-path", why="started by a verb")
    if never := judge_name(argv):
        return never
    if not {name, without_version(name)} & policy.programs:
        why = f"{name} is not on the list of programs"
        return PolicyVerdict(line=line, answer="ask", layer=2, rule="not-listed", why=why)
    if not is_where_programs_live(program):
        why = f"{program} is not where programs live"
        return PolicyVerdict(line=line, answer="ask", layer=2, rule="not-in-a-program-folder", why=why)
    return PolicyVerdict(
        line=line, answer="allow", layer=2, rule=f"listed:{name}", why="on the list of programs"
    )


def without_version(name: str) -> str:
    """Return `python` for `python3.11` and `gcc` for `gcc-12`: a version is no other program."""
    match = _VERSIONED.fullmatch(name)
    return match[1] or match[2] if match else name
