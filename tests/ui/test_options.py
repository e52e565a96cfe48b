"""The options that bound a run, and those that make many of one."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.executor.cage import Limits
from autoexec_magic.orchestrator import Plan
from autoexec_magic.ui import speak, verbs
from autoexec_magic.ui.cli import as_command

ALL = Limits(
    memory_bytes=2**29,
    cpu_seconds=7,
    processes=50,
    file_bytes=2**20,
    open_files=64,
    output_bytes=10 * 2**20,
)
LINE = "--memory 512M --cpu 6.5 --processes 50 --file-size 1M --open-files 64 --output-limit 10M"


@pytest.mark.parametrize(
    ("line", "cell"), [(f"script {LINE}", "pass"), (f"sh {LINE} echo x", None), (f"test {LINE}", None)]
)
def test_what_a_run_may_use_is_said_the_same_everywhere(line, cell):
    """For a command, a script and the tests."""
    assert speak.limits(verbs.parse(line, cell).options) == ALL


@pytest.mark.parametrize("line", ["script", "sh", "test"])
def test_without_them_nothing_is_said(line):
    """Then the settings count, and the level's own."""
    assert speak.limits(verbs.parse(line, "pass" if line == "script" else None).options) == Limits()


@pytest.mark.parametrize(
    "option",
    [
        *("--memory x", "--memory 0", "--memory -1", "--cpu 0", "--cpu x", "--processes 0"),
        *(
            "--processes 1.5",
            "--processes ١",
            "--open-files -3",
            "--jobs 0",
            "--repeat 0",
            "--repeat 9999999999",
        ),
    ],
)
def test_what_cannot_be_is_refused(option):
    """With the usage line; a limit that is not what was meant is worse than none."""
    with pytest.raises(UsageError):
        verbs.parse(f"script {option}", "pass")


def test_a_sweep_is_said_on_the_line():
    """Each axis on its own, in their order."""
    line = """script --matrix a=1,2 --matrix 'b=x,"y z"' --repeat 3 --jobs 2 --fail-fast -- --rate={a}"""
    found = verbs.parse(line, "pass").options
    assert found.matrix == ["a=1,2", 'b=x,"y z"']
    assert (found.repeat, found.jobs, found.fail_fast) == (3, 2, True)
    plain = verbs.parse("script", "pass").options
    assert (plain.matrix, plain.repeat, plain.jobs, plain.fail_fast) == ([], 1, None, False)


def test_the_command_that_says_yes_has_them_too():
    """In a terminal as one line that can be pasted."""
    typed = Plan(verb="sh", title="", phases=(), limits=ALL).options()
    assert typed.split() == [
        *("--memory", "512M", "--cpu", "7", "--processes", "50", "--file-size", "1M"),
        *("--open-files", "64", "--output-limit", "10M"),
    ]
    assert as_command(f"%autoexec sh --yes {typed} for x in *; do ls; done").endswith(
        "'for x in *; do ls; done'"
    )
