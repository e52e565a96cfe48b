"""What starts a run's pipelines gives the first one the input, and tells what only the cage knows."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from skips import requires

from autoexec_magic.errors import AutoexecError, UsageError
from autoexec_magic.executor import cage, process
from autoexec_magic.executor.starting import Start, secrets_to_mask, size_of
from autoexec_magic.executor.terminal import Size


@pytest.fixture
def start(emit, tmp_path) -> Start:
    """Return what starts the pipelines of a run that has an input."""
    return Start(
        emit=emit,
        phase="run",
        level="open",
        doors=cage.SHUT,
        limits=None,
        workspace=tmp_path,
        run_id="starting",
        stdin=b"given",
        pty=None,
        cancel=None,
        grace=0.1,
        on_spawn=None,
        secrets=(),
        is_raw=False,
    )


def test_the_first_pipeline_gets_the_input_and_the_next_finds_its_end(start, emit, tmp_path):
    """As with a list of commands at a shell whose standard input is short."""
    stage = process.Stage(argv=(sys.executable, "-I", "-c", "print(repr(input() if True else 0))"), env={})
    outcomes = [start((stage,), tmp_path, 30.0, 1000) for _ in range(2)]
    assert [outcome.returncode for outcome in outcomes] == [0, 1]
    assert "'given'\n" in emit.text()
    assert "EOFError" in emit.text()


@pytest.mark.parametrize(("pty", "size"), [(False, None), (True, Size()), ((100, 30), Size(100, 30))])
def test_a_terminal_has_the_size_that_was_asked_for(pty, size):
    """Or the usual one."""
    assert size_of(pty) == size


@pytest.mark.parametrize("pty", [(0, 24), (80, -1), (10**6, 24)])
def test_no_terminal_has_such_a_size(pty):
    """The kernel's numbers are small."""
    with pytest.raises(UsageError, match="terminal"):
        size_of(pty)


def test_secrets_are_those_of_the_variables_at_that_time():
    """What was found for other values is not taken for these."""
    assert secrets_to_mask({"MY_TOKEN": "hunter2-hunter2"}, ()) == ("hunter2-hunter2",)
    assert secrets_to_mask({"MY_TOKEN": "another-secret-1"}, ()) == ("another-secret-1",)
    assert secrets_to_mask({}, ()) == ()


def test_what_goes_with_the_cage_is_named_as_text_without_secrets(start, tmp_path):
    """A file's name may be anything; on record it is one line, and masked like all that a run says."""
    try:
        cage.in_force("workspace")
    except AutoexecError as error:
        requires(False, error.why, error.fix)
    source = (
        "import os; os.chdir(os.environb[b'HOME'])\n"
        r"for name in (b'a\nb\x1b[31m', b'c\xff', b'hunter2-hunter2'): open(name, 'w')"
    )
    stage = process.Stage(argv=(sys.executable, "-I", "-c", source), env={})
    begin = replace(start, level="workspace", secrets=("hunter2-hunter2",))
    outcome = begin((stage,), tmp_path, 30.0, 1000)
    assert outcome.passed, outcome
    assert len(outcome.discarded) == 3
    assert outcome.discarded[:2] == ("a b", "c\ufffd")
    assert "hunter2" not in outcome.discarded[2]
