"""Commands in a script that the policy would refuse are told beforehand; nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic import executor
from autoexec_magic.scripts import calls

HERE = Path.cwd()


def told(source: str, language: str) -> list[tuple[int, str]]:
    """Return the line and the command of each warning."""

    def judge(line: object) -> object:
        return executor.judge(line, workspace=HERE, cwd=HERE)

    return [(item.line, item.command) for item in calls.refused(source, language, judge)]


@pytest.mark.parametrize(
    ("language", "source", "line"),
    [
        ("python", "import os\nos.system('rm -rf /')", 2),
        ("python", "import subprocess as s\n\ns.run(['rm', '-rf', '/'])", 3),
        ("python", "from subprocess import Popen\nPopen('rm -rf /', shell=True)", 2),
        ("python", "def f():\n    import os\n    return os.popen('sudo ls')", 3),
        ("python", "import os\nos.execvp('rm', ['rm', '-rf', '/'])", 2),
        ("node", "const c = require('child_process')\nc.execSync('rm -rf /')", 2),
        ("node", "const {spawn} = require('node:child_process')\n\nspawn('rm', ['-rf', \"/\"])", 3),
        ("bash", "ls\n  rm -rf /  \n", 2),
    ],
)
def test_a_refused_command_is_told_with_its_line(language, source, line):
    """As it stands there, in full."""
    assert [found[0] for found in told(source, language)] == [line]


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("python", "import os\nos.system('ls')"),
        ("python", "system = 'rm -rf /'\nprint('os.system', system)"),
        ("python", "import os\nos.system(f'rm -rf {x}')"),
        ("python", "# os.system('rm -rf /')\nx = run(1)"),
        ("python", "def f(:\n os.system('rm -rf /')"),
        ("python", "-" * 100_000 + "1; os.system('rm -rf /')"),
        ("node", "console.log('rm -rf /')"),
        ("node", "/a/.exec('ls')"),
        ("bash", "# rm -rf /\nls\nfor x in a; do\n  echo $x\ndone"),
        ("rust", 'fn main() { std::process::Command::new("rm"); }'),
        ("python", "x = 1\n" * 200_000 + "os.system('rm -rf /')"),
    ],
    ids=lambda value: value[:30],
)
def test_what_would_run_or_is_not_there_in_full_is_not_told(language, source):
    """A warning that is wrong is one that nobody reads."""
    assert told(source, language) == []


def test_many_are_told_in_bounds():
    """A script of nothing else takes no time to speak of."""
    assert len(told("rm -rf /\n" * 1000, "bash")) <= calls.MOST_COMMANDS
