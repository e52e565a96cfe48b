"""How long does a verdict take? Asked for: 150 µs (layers 1 and 2: 60 µs), 1 s for a script of 1 MB.

The lines are those that the policy is measured by (`tests/data/policy`), each
judged as `run_line` judges it, in one process: parsed, expanded, its program
looked for, all layers asked. Each counts with the median of its rounds, so
the figures are over lines, not over repetitions of one. A machine lacks most of
the programs; so each is a file in a folder at the end of a PATH of ten.

The shapes are what a parser may be slow at, of 1 MB and of as much as is judged
at all (65,536 characters).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import measure
from measure import own_folder, table

from autoexec_magic.errors import AutoexecError
from autoexec_magic.executor import lines, policy
from autoexec_magic.executor.places import private_folders
from autoexec_magic.executor.policy import rules
from autoexec_magic.executor.policy.tree import Line, Shell

DATA = Path(__file__).parents[1] / "data" / "policy"
ALL_LAYERS, FIRST_TWO, LARGE = 150e-6, 60e-6, 1.0
MEGABYTE, MOST = 2**20, 65_536
FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/a", "/opt/b")

#: name → what it is made of; each is repeated to its size, between a beginning and an end
SHAPES: dict[str, tuple[str, str, str]] = {
    "one long word": ("echo ", "a", ""),
    "100k words": ("echo ", "word a-b ", "end"),
    "50k commands by ;": ("", "echo a; ", "echo"),
    "50k commands by &&": ("", "echo a && ", "echo"),
    "50k commands by |": ("", "cat a | ", "cat"),
    "50k lines": ("", "echo a\n", "echo"),
    "nested subshells": ("", "(", ""),
    "nested substitutions": ("echo ", "$(echo ", ""),
    "closed subshells": ("", "(true);", "true"),
    "nested braces": ("", "{ ", ""),
    "$": ("echo ", "$", ""),
    "$a": ("echo ", "$a", ""),
    "backslashes": ("echo ", "\\", "\\"),
    "escaped blanks": ("echo ", "\\ ", "a"),
    "{": ("echo ", "{", ""),
    "a{b,": ("echo ", "a{b,", ""),
    '"': ("echo ", '"', ""),
    '"" quotes': ("echo ", '"a"', ""),
    "quotes in quotes": ("echo ", '"\'"', ""),
    "' that stays open": ("echo '", "a b ", ""),
    "backticks": ("echo ", "`", ""),
    "here-documents": ("", "cat << E\na\nE\n", "true"),
    "here-documents that stay open": ("", "cat << E ", ""),
    "redirections": ("echo ", "> a ", ""),
    "globs": ("echo ", "*?[a]", ""),
    "assignments": ("", "a=b ", "echo"),
    "if": ("", "if true; then ", ""),
    "case": ("", "case a in a) ", ""),
    "unseen letters": ("echo ", "é", ""),
    "!": ("", "! ", "true"),
    "comments": ("", "# a\n", "true"),
}


def ordinary() -> list[str]:
    """Return the ordinary lines."""
    return [json.loads(line)["line"] for line in (DATA / "ordinary.jsonl").read_text("utf-8").splitlines()]


class Judging:
    """What judges a line as `run_line` does, in one place."""

    def __init__(self, folder: Path, texts: list[str]) -> None:
        self.workspace = folder / "project"
        (self.workspace / "data").mkdir(parents=True)
        programs = folder / "bin"
        programs.mkdir()
        for text in texts:
            for name in _programs(text):
                if "/" not in name and len(name) < 100:
                    (programs / name).write_text("", encoding="ascii")
                    (programs / name).chmod(0o755)
        self.environment = dict(os.environ) | {"PATH": os.pathsep.join((*FOLDERS, str(programs)))}

    def all_layers(self, text: str) -> str:
        """Return the answer of all five layers."""
        found = policy.parse(text)
        roots = policy.Roots(workspace=self.workspace, private=private_folders())
        judge = lines.Judge(rules=policy.DEFAULT, roots=roots, ask=None)
        place = lines.Place(cwd=self.workspace, environment=self.environment)
        if isinstance(found, Shell):
            return lines.asked_of_shell(found).answer
        answers = [one.verdict.answer for one in judge.verdicts(found, place)]
        return next((answer for answer in ("refuse", "ask") if answer in answers), "allow")

    def first_two(self, text: str) -> str:
        """Return the answer of the layers 1 and 2: the line, its programs."""
        found = policy.parse(text)
        if isinstance(found, Shell):
            return "ask"
        place = lines.Place(cwd=self.workspace, environment=self.environment)
        answers = []
        for command in found.commands:
            argv = policy.argv_of(command.words, place.known, place.cwd)
            if argv and argv[0] != "cd":
                program = policy.find(argv[0], self.environment, self.workspace)
                answers.append(rules.judge(argv, program).answer)
        return next((answer for answer in ("refuse", "ask") if answer in answers), "allow")


def _programs(text: str) -> set[str]:
    """Return the names of the programs in a line, as far as they can be read."""
    try:
        found = policy.parse(text)
    except AutoexecError:
        return set()
    commands = found.commands if isinstance(found, Line) else ()
    return {word.literal for command in commands for word in command.words if word.literal} - {"", ".", ".."}


def seconds_of(judge: Callable[[str], str], text: str) -> float:
    """Return how long a verdict took; an error is one, too."""
    start = time.perf_counter()
    with contextlib.suppress(AutoexecError):
        judge(text)
    return time.perf_counter() - start


def ordinary_lines(options: argparse.Namespace) -> None:
    """Print what an ordinary line takes."""
    texts = ordinary()
    with own_folder() as folder:
        judging = Judging(folder, texts)
        ways = {"all five layers": judging.all_layers, "layers 1 and 2": judging.first_two}
        samples: measure.Samples = {name: [] for name in ways}
        by_line: dict[tuple[str, str], list[float]] = {}
        for _ in range(3 if options.quick else 15):
            for text in texts:
                for name, judge in ways.items():
                    by_line.setdefault((name, text), []).append(seconds_of(judge, text))
        for (name, _), values in by_line.items():
            samples[name].append(statistics.median(values))
    table(
        "one ordinary line, judged in process",
        samples,
        unit="µs",
        bars={"all five layers": ALL_LAYERS, "layers 1 and 2": FIRST_TWO},
    )


def large_lines(options: argparse.Namespace) -> None:
    """Print what the largest lines take, and how the time grows."""
    with own_folder() as folder:
        judging = Judging(folder, ["echo", "cat", "true"])
        samples: measure.Samples = {}
        for name, (begin, part, end) in SHAPES.items():
            for size in (MEGABYTE, MOST, MOST // 4):
                count = (size - len(begin) - len(end)) // len(part)
                text = begin + part * count + end
                values = [seconds_of(judging.all_layers, text) for _ in range(1 if options.quick else 3)]
                samples[f"{size // 1024} KiB of {name}"] = values
    for size in (MEGABYTE, MOST, MOST // 4):
        label = f"{size // 1024} KiB of "
        found = {name: values for name, values in samples.items() if name.startswith(label)}
        worst = dict(sorted(found.items(), key=lambda item: -statistics.median(item[1]))[:8])
        table(
            f"the slowest of {len(found)} shapes, {size // 1024} KiB", worst, bars=dict.fromkeys(worst, LARGE)
        )


if __name__ == "__main__":
    measure.main("How long does a verdict take?", [ordinary_lines, large_lines])
