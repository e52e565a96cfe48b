"""A script many times over, in real processes: one record, a child for each combination."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from autoexec_magic import api
from autoexec_magic.errors import Cancelled, ScriptError, SweepFailed, UsageError
from autoexec_magic.events import ChildFinished, ChildStarted, Diagnosed, Output, RunFinished
from autoexec_magic.executor.cage import Limits
from autoexec_magic.orchestrator import sweep_of
from autoexec_magic.orchestrator.plan import Script
from autoexec_magic.orchestrator.sweep import cores, given
from autoexec_magic.values import Verdict

TELL = """
import json, os, sys
ours = ("AUTOEXEC_MATRIX", "AUTOEXEC_REP")
own = {name: value for name, value in os.environ.items() if name.startswith(ours)}
print(json.dumps([sys.argv[1:], own]))
"""


@pytest.fixture
def caller(tmp_path, emit):
    """Return a caller in a folder of its own whose events are kept."""
    return dataclasses.replace(api.PYTHON, cwd=tmp_path, emit=emit)


def said(emit) -> dict[str, str]:
    """Return what each child wrote to its standard output."""
    found: dict[str, str] = {}
    for event in emit:
        if isinstance(event, Output) and event.stream == "stdout":
            found[event.child] = found.get(event.child, "") + event.text
    return found


def test_each_child_has_its_values(caller, emit):
    """In its environment and in its arguments."""
    report = api.script(
        TELL, "--rate={rate}", "{name}", matrix={"rate": [0.5, 1], "name": ["x y"]}, repeat=2, caller=caller
    )
    assert (report.verdict, len(report.children)) == (Verdict.PASSED, 4)
    arguments, own = json.loads(said(emit)['rate=0.5 name="x y" #2'])
    assert arguments == ["--rate=0.5", "x y"]
    assert own == {
        "AUTOEXEC_MATRIX_RATE": "0.5",
        "AUTOEXEC_MATRIX_NAME": "x y",
        "AUTOEXEC_REPEAT": "2",
    }


def test_they_are_variables_of_the_script(caller, emit):
    """Numbers are numbers; its lines and its tracebacks are as without any."""
    code = "from __future__ import annotations\nprint(repr((a, b, flag)), __name__)\n1 / (a - 1)"
    with pytest.raises(SweepFailed, match="1 of 2 runs") as failed:
        api.script(code, matrix={"a": [1, 2.5], "b": ["1"], "flag": [True]}, caller=caller)
    assert said(emit)['a=2.5 b="1" flag=true'] == "(2.5, '1', True) __main__\n"
    bad = failed.value.report.children[0].report
    assert (bad.diagnosis.where, bad.diagnosis.frame.source) == ("script.py:3", "1 / (a - 1)")
    assert bad.outcome.stderr.count("File ") == 1


@pytest.mark.parametrize("lang", ["bash", "node"])
def test_so_they_are_in_other_languages(caller, emit, lang):
    """Each as the language has it: a shell has texts."""
    code = 'echo "$a-$b"' if lang == "bash" else "console.log(`${a + 1}-${b}`)"
    api.script(code, lang=lang, matrix={"a": [1], "b": ["x y"]}, caller=caller)
    assert said(emit) == {'a=1 b="x y"': "1-x y\n" if lang == "bash" else "2-x y\n"}


def test_what_the_runs_give_back_is_a_dict_of_them(caller):
    """The table of results, as values."""
    report = api.script("score = a * 2", outputs=["score"], matrix={"a": [1, 2]}, caller=caller)
    assert report.values == {"score": {"a=1": 2, "a=2": 4}}


@pytest.mark.parametrize(
    ("code", "matrix", "options"),
    [
        ("echo", {"PATH": ["x"]}, {"lang": "bash"}),
        ("#!/usr/bin/python -I\nprint(1)", {"a": [1]}, {}),
    ],
)
def test_a_name_or_a_first_line_that_cannot_be_is_refused(caller, emit, code, matrix, options):
    """Before anything runs."""
    with pytest.raises(UsageError):
        api.script(code, matrix=matrix, caller=caller, **options)
    assert not emit


def test_a_script_that_cannot_be_read_is_told_once(caller, emit):
    """Its syntax does not depend on the values."""
    with pytest.raises(ScriptError, match="cannot be read"):
        api.script("if:", repeat=8, caller=caller)
    assert not [event for event in emit if isinstance(event, ChildStarted)]


def test_a_bash_script_has_them_too(caller, emit):
    """Whatever the language."""
    api.script("#!/bin/bash\necho $AUTOEXEC_MATRIX_A-$1", "{a}", matrix={"a": [1, 2]}, caller=caller)
    assert said(emit) == {"a=1": "1-1\n", "a=2": "2-2\n"}


def test_a_failure_says_why_and_the_others_go_on(caller, emit):
    """Equal failures are one cause, with its fix."""
    code = "import os\nn = int(os.environ['AUTOEXEC_REPEAT'])\nif n % 2: {}['x']\nif n == 4: os.abort()"
    with pytest.raises(SweepFailed, match="4 of 6 runs failed") as failed:
        api.script(code, repeat=6, caller=caller)
    report = failed.value.report
    assert [str(child.verdict) for child in report.children] == [
        *("failed", "passed", "failed"),
        *("failed", "failed", "passed"),
    ]
    assert failed.value.why.startswith("2 causes: 3 × key-not-found at script.py:3")
    assert failed.value.fix == report.diagnosis.fix
    finished = {event.child: event for event in emit if isinstance(event, ChildFinished)}
    assert (finished["#4"].code, finished["#4"].exit_code) == ("killed-by-signal", -signal.SIGABRT)
    assert finished["#1"].cause == finished["#3"].cause == "key-not-found at script.py:3"
    assert {event.child for event in emit if isinstance(event, Diagnosed)} == {"#1", "#3", "#4", "#5"}


def test_each_child_has_limits_of_its_own(caller, emit):
    """One that hits one is no matter of the others."""
    code = "import os\nwhile os.environ['AUTOEXEC_REPEAT'] == '2': print('x' * 999)\nprint(1)"
    with pytest.raises(SweepFailed, match="1 of 3 runs failed"):
        api.script(code, repeat=3, limits=Limits(output_bytes=2**16), caller=caller)
    assert [
        (event.child, event.code) for event in emit if isinstance(event, ChildFinished) and event.code
    ] == [("#2", "output-limit")]


def test_a_time_limit_is_each_childs(caller, emit):
    """Not that of all together."""
    code = "import os, time\ntime.sleep(30 if os.environ['AUTOEXEC_REPEAT'] == '1' else 0.1)"
    with pytest.raises(SweepFailed) as failed:
        api.script(code, repeat=4, jobs=1, timeout=1.0, caller=caller)
    assert [str(child.verdict) for child in failed.value.report.children] == ["timed-out"] + ["passed"] * 3


def test_the_record_has_them_in_order_without_gaps(caller, emit):
    """One thread writes it, however many speak."""
    report = api.script("for n in range(200): print(n)", repeat=8, jobs=8, caller=caller)
    run, envelopes = api.show(report.run_id)
    numbers = [item.seq for item in envelopes]
    assert numbers == list(range(len(numbers)))
    assert run.verdict == Verdict.PASSED
    assert all(text == "".join(f"{n}\n" for n in range(200)) for text in said(emit).values())
    assert len(said(emit)) == 8
    assert isinstance(emit[-1], RunFinished)


def test_a_request_from_outside_ends_all(caller, emit):
    """`cancel` knows the run, not its children; nothing of them is left."""
    folder = caller.cwd
    code = f"import os, time\nopen(f'{folder}/' + str(os.getpid()), 'w').close()\ntime.sleep(60)"
    ids: list[str] = []
    caller = dataclasses.replace(caller, on_record=ids.append)

    def ask() -> None:
        until = time.monotonic() + 20
        while len(list(folder.iterdir())) < 3 and time.monotonic() < until:
            time.sleep(0.02)
        api.store().request_cancel(ids[0])

    thread = threading.Thread(target=ask)
    thread.start()
    with pytest.raises(Cancelled, match="stopped after 0 of 5 runs") as stopped:
        api.script(code, repeat=5, jobs=3, caller=caller)
    thread.join()
    children = stopped.value.report.children
    assert [str(child.verdict) for child in children] == ["cancelled"] * 3 + ["skipped"] * 2
    pids = [int(path.name) for path in folder.iterdir() if path.name.isdigit()]
    assert len(pids) == 3
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_what_ended_before_the_stop_stays_in_the_table(caller, emit):
    """What was paid for is kept."""
    code = "import os, time\ntime.sleep(0 if os.environ['AUTOEXEC_REPEAT'] in '12' else 60)"

    def emit_and_stop(event) -> None:
        emit(event)
        if sum(isinstance(item, ChildFinished) for item in emit) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Cancelled, match="stopped after 2 of 4") as stopped:
        api.script(code, repeat=4, jobs=2, caller=dataclasses.replace(caller, emit=emit_and_stop))
    assert [str(child.verdict) for child in stopped.value.report.children[:2]] == ["passed"] * 2


def test_one_that_ends_does_not_end_its_siblings(caller, emit):
    """They are runs of their own: the end of one looks for what carries its own id alone."""
    code = "import os, time\ntime.sleep(0.1 * int(os.environ['AUTOEXEC_REPEAT']))\nprint('whole')"
    api.script(code, repeat=6, jobs=6, caller=caller)
    assert list(said(emit).values()) == ["whole\n"] * 6


def test_what_cannot_start_is_told_once(caller, emit):
    """Nothing of the sort is eight failures."""
    with pytest.raises(UsageError):
        api.script("#!/usr/bin/python -c\nprint(1)", repeat=8, caller=caller)
    assert sum(isinstance(event, ChildStarted) for event in emit) <= cores()


def test_too_many_are_refused_before_anything_runs(caller, emit):
    """With their number."""
    with pytest.raises(UsageError, match="10,001"):
        api.script("1", repeat=10_001, caller=caller)
    assert not emit


def test_the_step_is_a_value(caller):
    """It can be sent to whoever has more machines."""
    import pickle

    step = sweep_of(Script(source="1", arguments=("{a}",)), {"a": [1, 2]}, jobs=3, fail_fast=True)
    assert pickle.loads(pickle.dumps(step)) == step
    assert given(step.script, step.children[1]).arguments == ("2",)
    assert (step.jobs, sweep_of(step.script, {}, repeat=2).jobs) == (3, cores())


def test_the_output_of_all_together_is_bounded(caller, emit):
    """What is kept of a run is shared among its children."""
    caller = dataclasses.replace(caller, emit=emit)
    code = "import sys; sys.stdout.write('x' * 2**20)"
    os.environ["AUTOEXEC_KEEP_MB"] = "1"
    try:
        api.script(code, repeat=4, caller=caller)
    finally:
        del os.environ["AUTOEXEC_KEEP_MB"]
    assert sum(len(event.text) for event in emit if isinstance(event, Output)) <= 2**20


@pytest.mark.limit(240)
def test_many_children_leave_nothing(caller, emit):
    """64 at 8 at a time, each with a process that left it: all there, none left, no descriptor lost."""
    code = (
        "import os, subprocess, sys\n"
        f"argv = [{sys.executable!r}, '-c', 'import time; time.sleep(60)']\n"
        "subprocess.Popen(argv, start_new_session=True)\n"
        "print(os.environ['AUTOEXEC_REPEAT'])"
    )
    api.script("print(1)", repeat=8, jobs=8, caller=caller)  # cages are kept, and the keeper is there
    before = len(os.listdir("/proc/self/fd"))
    del emit[:]
    report = api.script(code, repeat=64, jobs=8, caller=caller)
    assert report.verdict == Verdict.PASSED
    assert {child: int(text) for child, text in said(emit).items()} == {f"#{n}": n for n in range(1, 65)}
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # of the last cages; those may be others
    assert not [path for path in Path("/proc").glob("[0-9]*") if _is_of(path, report.run_id)]


def _is_of(process: Path, run_id: str) -> bool:
    try:
        return run_id.encode() in (process / "environ").read_bytes()
    except OSError:
        return False
