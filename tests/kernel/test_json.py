"""`--json` in a magic prints one JSON object a line on stdout, the result last, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness import Cell, Kernel


def records(cell: Cell) -> list[dict[str, Any]]:
    """Return the records on stdout, having checked that there is nothing else."""
    lines = cell.stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert found
    assert all("kind" in record for record in found)
    assert [record["kind"] == "Result" for record in found] == [False] * (len(found) - 1) + [True]
    assert cell.stdout.endswith("}\n")
    assert cell.stderr == ""
    assert cell.all("display_data") == cell.comms == []
    return found


@pytest.mark.parametrize(
    "line",
    [
        "sh --json echo hello",
        "runs --json",
        "runs --json --limit 1",
        "config --json",
        "doctor --json",
        "resolve --json json sys no_such_module_of_mine",
        "help --json",
    ],
)
def test_stdout_is_records_only(kernel: Kernel, line):
    """Every line is an object with a kind; the last one is the result, which passed."""
    kernel.execute("%autoexec sh echo for the list")
    cell = kernel.execute(f"%autoexec {line}").must_pass()
    last = records(cell)[-1]
    assert last["verb"] == line.split()[0]
    assert (last["verdict"], last["code"]) == ("passed", 0)
    assert {"run_id", "seconds"} <= set(last)


def test_a_program_writes_nothing_between_the_records(kernel: Kernel):
    """What a command says, on both streams, is in the result; the run is on record as ever."""
    kernel.write("both.py", "import sys\nprint('good <b>')\nprint('bad', file=sys.stderr)")
    last = records(kernel.execute("%autoexec sh --json python both.py").must_pass())[-1]
    assert (last["stdout"], last["stderr"]) == ("good <b>\n", "bad\n")
    assert (last["exit_code"], last["ended"]) == (0, "exited")
    assert last["run_id"] == kernel.last().run_id
    assert kernel.recorded("stdout") == "good <b>\n"


def test_a_notebook_gets_no_widget(kernel: Kernel):
    """With a person at the prompt, too: the line is for machines."""
    cell = kernel.start("%autoexec sh --json echo hello", allow_stdin=True).finish().must_pass()
    assert records(cell)[-1]["verdict"] == "passed"


@pytest.mark.parametrize(
    ("code", "verdict", "number", "error"),
    [
        pytest.param("%autoexec sh --json false", "failed", 1, "phase-failed", id="failed"),
        pytest.param("%autoexec sh --json", "invalid", 2, "usage", id="no command"),
        pytest.param("%autoexec sh --json --bogus echo", "invalid", 2, "usage", id="unknown option"),
        pytest.param("%autoexec sh --json ./tool", "asked", 3, "asked", id="asked"),
        pytest.param("%autoexec sh --json sudo ls", "refused", 4, "policy-refused", id="refused"),
        pytest.param("%autoexec sh --json --timeout 0.2 sleep 60", "timed-out", 5, "timeout", id="timed out"),
        pytest.param("%autoexec sh --json no-such-program", "missing", 6, "missing-tool", id="missing"),
        pytest.param("%%autoexec script --json\n1 / 0", "failed", 1, "script-failed", id="a script"),
        pytest.param("%autoexec runs --json show zzz", "invalid", 2, "usage", id="no run"),
    ],
)
def test_a_failure_is_a_record_too(kernel: Kernel, code, verdict, number, error):
    """The result has the verdict, its exit code and the error; the cell fails with our lines."""
    kernel.write("tool", "#!/bin/sh\n", mode=0o755)
    cell = kernel.execute(code)
    last = records(cell)[-1]
    assert (last["verdict"], last["code"], last["error"]) == (verdict, number, error)
    assert {"what", "why", "fix"} <= set(last)
    assert cell.error.startswith(f"{error}: {last['what']}")


def test_a_failed_script_has_its_diagnosis_before_the_result(kernel: Kernel):
    """Diagnosis, then result."""
    found = records(kernel.execute("%%autoexec script --json\ntotal = 1\nprint(totl)"))
    assert [record["kind"] for record in found] == ["Diagnosis", "Result"]
    assert found[0]["code"] == "name-not-defined"


def test_an_interrupt_is_a_record(kernel: Kernel):
    """A run that a person stopped ends with its result all the same."""
    before = len(kernel.store.ids())
    cell = kernel.start("%autoexec sh --json sleep 60")

    def has_child() -> bool:
        if len(kernel.store.ids()) == before:
            return False
        meta = kernel.newest()
        return meta is not None and meta.child is not None

    cell.until(has_child, "the child")
    kernel.interrupt()
    cell.finish(within=5)
    last = records(cell)[-1]
    assert (last["verdict"], last["code"]) == ("cancelled", 130)


def test_a_replayed_run_is_records(kernel: Kernel):
    """`runs show ID --json` prints the run, its events in order, and the result."""
    kernel.execute("%%autoexec\nprint('said')").must_pass()
    run = kernel.last()
    found = records(kernel.execute(f"%autoexec runs --json show {run.run_id[-8:]}").must_pass())
    assert found[0]["kind"] == "Run"
    assert found[0]["run_id"] == run.run_id
    events = [record["event"] for record in found if record["kind"] == "Event"]
    assert events == kernel.kinds(run)
    assert [record["seq"] for record in found if record["kind"] == "Event"] == list(range(len(events)))


def test_a_cell_that_holds_a_log_is_explained(kernel: Kernel):
    """`%%autoexec diagnose`, with the log pasted below it: text for people, records for machines."""
    log = "ok\ncurl: (6) Could not resolve host: a.example\n"
    shown = kernel.execute(f"%%autoexec diagnose\n{log}").must_pass()
    assert shown.stdout.startswith("host-not-found · bytes 3–46: curl 6: Could not resolve host")
    assert shown.all("execute_result") == []
    found = records(kernel.execute(f"%%autoexec diagnose --json\n{log}").must_pass())
    assert [record["kind"] for record in found] == ["Log", "Diagnosis", "Result"]
    assert found[1]["bytes"] == [3, 46]
