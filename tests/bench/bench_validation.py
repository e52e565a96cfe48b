"""How long does it take to decide whether a command may run? Asked for: less than 1 ms.

`executor.policy` takes a line apart, finds the program of each command and judges it. The
benchmark does this for ordinary command lines beside `shlex.split`, which only
splits, and `bash -n -c`, which only parses and starts a process for it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import measure
from measure import Method, Note, now_ns, seconds_since

from autoexec_magic.executor import environment, policy
from autoexec_magic.executor.lines import Judge, Place
from autoexec_magic.history import new_id
from autoexec_magic.redact import secrets_in

BAR = 1e-3
LINES = (
    "ls -la",
    "git status --short",
    "git commit -m 'the first cell: parse, find, judge'",
    "python -m pytest -q tests/unit --maxfail=1",
    "pip list --format=columns",
    "grep -rn 'def main' src/package --include='*.py'",
    "find . -name '*.ipynb' -newer setup.py",
    "sed -n '1,20p' README.md",
    "tar -czf results.tar.gz results/2026-11-01 --exclude=__pycache__",
    'echo "trained for 20 epochs, loss 0.031"',
    "sort -t, -k2 -n data/table.csv",
    "mkdir -p build/reports/html",
)
COMPOSED = ("ls *.csv | wc -l", "echo $HOME", "make > log 2>&1", "cd src && python setup.py build")

Act = Callable[[str], object]

CWD, RUN_ID = Path.cwd(), new_id()
VARIABLES = environment.build(RUN_ID)
BASH = shutil.which("bash") or "bash"


JUDGE = Judge(rules=policy.DEFAULT, roots=policy.Roots(workspace=CWD), ask=None)


def decide(line: str) -> None:
    """Answer the question: may it run?"""
    told(line, Place(cwd=CWD, environment=VARIABLES))


def told(line: str, place: Place) -> None:
    """Judge every command of a line, and each pipeline as a whole."""
    found = policy.parse(line)
    for step in found.steps:
        for command in step.pipeline.commands:
            verdict = JUDGE.verdict(command, place)[1]
            assert verdict.answer == "allow", verdict
        JUDGE.shape(step.pipeline, place)


def prepare(line: str) -> None:
    """Do all that `executor.run_line` does before it spawns."""
    built = environment.build(RUN_ID)
    told(line, Place(cwd=CWD, environment=built))
    secrets_in(os.environ | built)


def parse_with_bash(line: str) -> None:
    """Have bash parse the line."""
    subprocess.run([BASH, "-n", "-c", line], stdin=subprocess.DEVNULL, check=True)


def each(lines: list[str], name: str, act: Act) -> Method:
    """Return a method that times `act` on each of `lines`."""

    def method(note: Note) -> None:
        for line in lines:
            start = now_ns()
            act(line)
            note(name, seconds_since(start))

    return method


def validation(options: argparse.Namespace) -> None:
    """Print what it costs a line, as a whole and step by step."""
    lines = [line for line in LINES if shutil.which(line.split()[0], path=VARIABLES["PATH"])]
    words = {line: shlex.split(line) for line in lines}
    programs = {line: policy.find(words[line][0], VARIABLES, CWD) for line in lines}
    asked: dict[str, Act] = {"the verdict on a line": decide, "… with pipes, files, variables": decide}
    steps: dict[str, Act] = {
        "all that precedes the spawn": prepare,
        "  parse": policy.parse,
        "  find": lambda line: policy.find(words[line][0], VARIABLES, CWD),
        "  judge": lambda line: policy.judge(words[line], programs[line]),
        "  build the environment": lambda line: environment.build(RUN_ID),
        "  find the secrets in it": lambda line: secrets_in(os.environ | VARIABLES),
    }
    others: dict[str, Act] = {"shlex.split": shlex.split, "bash -n -c LINE": parse_with_bash}
    methods = [
        each(list(COMPOSED) if name.startswith("…") else lines, name, act)
        for name, act in (asked | steps | others).items()
    ]
    samples = measure.interleaved(methods, 10 if options.quick else 100)
    folders = len(VARIABLES["PATH"].split(os.pathsep))
    measure.table(
        f"{len(lines)} lines, one by one; {folders} folders on PATH, {len(os.environ)} variables",
        samples,
        names=[*asked, *steps, *others],
        unit="µs",
        floor="the verdict on a line",
        bars=dict.fromkeys(asked, BAR),
    )


if __name__ == "__main__":
    measure.main("How long does it take to decide whether a command may run?", [validation])
