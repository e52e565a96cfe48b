"""What a builder may do: start processes in the run's cage, and tell what took how long."""

from __future__ import annotations

import sys
from pathlib import Path

import benches
import pytest

from autoexec_magic.builder.bench import TEMP_PREFIX, failure_of
from autoexec_magic.errors import BuildError, RunTimeout
from autoexec_magic.events import Output, Stepped
from autoexec_magic.executor import cage

CAGED = pytest.mark.skipif(not cage.can_be_had("workspace", Path.cwd()), reason="there is no cage here")


@CAGED
def test_foreign_code_is_in_the_cage_and_a_tool_is_not(tmp_path):
    """What the project brings may not write outside of where it is built."""
    work, outside = tmp_path / "work", tmp_path / "outside"
    work.mkdir()
    outside.mkdir()
    bench = benches.bench(tmp_path)
    code = f"open({str(outside / 'x')!r}, 'w')"
    caged = bench.start((sys.executable, "-c", code), cwd=work, is_quiet=True)
    assert caged.returncode == 1
    assert "OSError" in caged.stderr or "PermissionError" in caged.stderr
    free = bench.start((sys.executable, "-c", code), cwd=work, is_foreign=False)
    assert free.returncode == 0
    opened = bench.start((sys.executable, "-c", code), cwd=work, write=[outside])
    assert opened.returncode == 0


def test_what_is_quiet_is_kept_and_not_shown(tmp_path):
    """Its words are the outcome's."""
    events = []
    bench = benches.bench(tmp_path, level="open", events=events)
    quiet = bench.start((sys.executable, "-c", "print('psst')"), cwd=tmp_path, is_quiet=True)
    assert quiet.stdout == "psst\n"
    assert events == []
    bench.start((sys.executable, "-c", "print('hear')"), cwd=tmp_path)
    assert "".join(event.text for event in events if isinstance(event, Output)) == "hear\n"


def test_a_variable_that_is_passed_on_is_masked(tmp_path, monkeypatch):
    """Whatever it is called: it is handed over because it is a secret."""
    monkeypatch.setenv("MY_UPLOAD", "hunter2hunter2")
    events = []
    bench = benches.bench(tmp_path, level="open", events=events)
    code = "import os; print(os.environ['MY_UPLOAD'])"
    ended = bench.start((sys.executable, "-c", code), cwd=tmp_path, is_foreign=False, pass_on=["MY_UPLOAD"])
    assert "hunter2" not in ended.stdout
    assert "hunter2" not in repr(events)


def test_a_step_tells_how_long_it_took(tmp_path):
    """And whether a cache had it."""
    events = []
    bench = benches.bench(tmp_path, level="open", events=events)
    with bench.step("one"):
        pass
    with bench.step("two") as cached:
        cached.append(True)
    assert [(event.label, event.is_cached) for event in events if isinstance(event, Stepped)] == [
        ("one", False),
        ("two", True),
    ]


def test_a_scratch_folder_is_gone_also_after_an_interrupt(tmp_path):
    """Nothing of ours is left."""
    bench = benches.bench(tmp_path, level="open")
    used = []

    def interrupted():
        with bench.scratch() as folder:
            used.append(folder)
            (folder / "x").write_text("1")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert used[0].name.startswith(TEMP_PREFIX)
    assert not used[0].exists()


def test_how_a_process_ended_is_the_error(tmp_path):
    """A limit is no failed build, and the last words are the reason."""
    bench = benches.bench(tmp_path, level="open")
    code = "import sys; sys.exit('no such backend')"
    failed = bench.start((sys.executable, "-c", code), cwd=tmp_path, is_quiet=True)
    error = failure_of(failed, BuildError("it cannot be built"))
    assert isinstance(error, BuildError)
    assert error.why == "no such backend"
    hanging = "import time; time.sleep(60)"
    hung = bench.start((sys.executable, "-c", hanging), cwd=tmp_path, is_quiet=True, timeout=0.5)
    assert isinstance(failure_of(hung, BuildError("it cannot be built")), RunTimeout)
