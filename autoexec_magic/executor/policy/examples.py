"""The examples of the rule files, judged: what `policy test` does; and where a rule is written."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from . import arguments, rulefile

_FOLDER = Path(__file__).parent
_IN_RULE_FILE = re.compile(r"(?P<file>[\w-]+\.toml):(?P<line>[0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A rule file and its examples; `wrong` says of each that fails what was wanted and what came."""

    name: str
    programs: int
    examples: int
    wrong: tuple[str, ...]


def check_rules() -> list[Checked]:
    """Judge every example of every rule file.

    Raises
    ------
    UsageError
        A rule file cannot be read as one.
    """
    found = []
    for file in sorted(set(rulefile.builtin().values())):
        examples = rulefile.examples(file)
        wrong = [said for example in examples if (said := _fault(example))]
        programs = sum(path == file for path in rulefile.builtin().values())
        found.append(Checked(name=file.name, programs=programs, examples=len(examples), wrong=tuple(wrong)))
    return found


def written_at(rule: str) -> str:
    """Return the file and line, below this package, where the rule of a verdict is written; "" if nowhere.

    Examples
    --------
    >>> written_at("git.toml:12 git push")
    'programs/git.toml:12'
    """
    if match := _IN_RULE_FILE.match(rule):
        return f"programs/{match['file']}:{match['line']}"
    name, colon, _ = rule.partition(":")
    if not name:
        return ""
    end = r":\{" if colon else "[\"']"  # a rule with a name in it is an f-string
    spelled = re.compile(rf"""["']{re.escape(name)}{end}""")
    for path in sorted(_FOLDER.glob("*.py")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if spelled.search(line) and path.name != Path(__file__).name:
                return f"{path.name}:{number}"
    return ""


def _fault(example: rulefile.Example) -> str:
    answer = arguments.judge(shlex.split(example.text)).answer
    if answer == example.want:
        return ""
    return f"{example.file}:{example.line} {example.text}: {example.want} was wanted, {answer} came"
