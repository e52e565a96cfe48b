"""The command line, as a user types it: real processes, real exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from autoexec_magic.ui import cli

COMMAND = [sys.executable, "-m", "autoexec_magic"]
PIPED = {"stdin": subprocess.DEVNULL, "text": True}
SECONDS = 60


def autoexec(*words, cwd=None, **more):
    """Run `autoexec WORDS` with no standard input."""
    return subprocess.run(
        [*COMMAND, *words],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        **more,
    )


def records(done):
    """Return what was printed, every line of which must be JSON."""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_program_has_stdout_to_itself():
    """What we say goes to stderr."""
    done = autoexec("sh", "echo", "a  b")
    assert (done.returncode, done.stdout) == (0, "a  b\n")
    assert "✓ passed · sh" in done.stderr


def test_one_quoted_word_is_a_line():
    """`autoexec sh 'echo a b'` is what somebody means who quotes for their shell."""
    assert autoexec("sh", "echo 'a  b' c").stdout == "a  b c\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("sh", "python", "-c", "raise SystemExit(7)"), 1, "exit code 7"),
        (("shh",), 2, "jupyter autoexec sh"),
        (("sh", "--bogus", "ls"), 2, "usage: autoexec sh"),
        (("sh",), 2, "there is no command"),
        (("runs", "show", "nosuch"), 2, "there is no run 'nosuch'"),
        (("install",), 2, "nothing is named"),
        (("on",), 2, "on is for a notebook or IPython"),
        (("off", "--json"), 2, ""),
        (("script", "--file", "not-there.py"), 2, "cannot read not-there.py"),
        (("sh", "./tool"), 6, "there is no program ./tool"),
        (("sh", "cat < .env"), 4, "holds secrets"),
        (("sh", "--cage", "steel", "ls"), 2, "sealed, workspace, open"),
        (("sh", "--timeout", "0.2", "sleep", "30"), 5, "raise it: --timeout 2"),
        (("sh", "no-such-program-here"), 6, "no-such-program-here"),
    ],
)
def test_the_exit_code_is_the_verdicts(words, code, said, tmp_path):
    """And the error says what to type next."""
    done = autoexec(*words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_question_that_nobody_can_answer_is_exit_3(tmp_path):
    """With the command that says yes; and that command works."""
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\necho ran\n")
    tool.chmod(0o755)
    done = autoexec("sh", "./tool", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "jupyter autoexec sh --yes ./tool" in done.stderr
    assert autoexec("sh", "--yes", "./tool", cwd=tmp_path).stdout == "ran\n"


@pytest.mark.parametrize(
    ("words", "verdict", "code"),
    [
        (("sh", "--json", "echo", "hi"), "passed", 0),
        (("sh", "--json", "python", "-c", "1/0"), "failed", 1),
        (("sh", "--json", "sudo ls"), "refused", 4),
        (("sh", "--json", "--timeout", "0.2", "sleep", "30"), "timed-out", 5),
        (("sh", "--json", "no-such-program-here"), "missing", 6),
        (("nosuchverb", "--json"), "invalid", 2),
        (("resolve", "yaml", "os", "--json"), "passed", 0),
        (("runs", "--json"), "passed", 0),
        (("config", "--json"), "passed", 0),
        (("doctor", "--json"), "passed", 0),
        (("cancel", "nosuch", "--json"), "invalid", 2),
    ],
)
def test_json_is_one_object_a_line_and_the_result_last(words, verdict, code):
    """On success, failure and refusal alike, and nothing else on stdout."""
    done = autoexec(*words)
    found = records(done)
    assert found[-1]["kind"] == "Result"
    assert (found[-1]["verdict"], found[-1]["code"], done.returncode) == (verdict, code, code)
    assert all("kind" in record for record in found)


def test_a_failure_has_its_diagnosis_as_a_record(tmp_path):
    """Before the result, with its code and place."""
    script = tmp_path / "a.py"
    script.write_text("x = 1\ny = x / 0\n")
    found = records(autoexec("script", "--json", "--file", str(script)))
    (diagnosis,) = [record for record in found if record["kind"] == "Diagnosis"]
    assert (diagnosis["code"], diagnosis["where"]) == ("division-by-zero", f"{script}:2")


def test_runs_are_listed_and_replayed():
    """By a short end of their id, with their output."""
    run_id = records(autoexec("sh", "--json", "echo", "to be replayed"))[-1]["run_id"]
    listed = autoexec("runs").stdout
    assert run_id[-8:] in listed
    assert "passed" in listed
    shown = autoexec("runs", "show", run_id[-8:])
    assert "to be replayed\n" in shown.stdout
    assert shown.stdout.splitlines()[-1].startswith("── passed")
    events = records(autoexec("runs", "show", run_id, "--json"))
    assert [event["seq"] for event in events if event["kind"] == "Event"] == list(range(len(events) - 2))


def test_a_run_is_cancelled_from_another_terminal():
    """By its id; its own terminal says cancelled, exit 130."""
    running = subprocess.Popen(
        [*COMMAND, "sh", "sleep", "60"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    run_id = _wait_for_run("sleep 60")
    assert autoexec("cancel", run_id).returncode == 0
    _, said = running.communicate(timeout=SECONDS)
    assert running.returncode == 130
    assert "cancelled" in said
    again = autoexec("cancel", run_id)
    assert again.returncode == 2
    assert "its verdict is cancelled" in again.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_program_too(number):
    """Ctrl-C and `kill` leave nothing behind."""
    running = subprocess.Popen(
        [*COMMAND, "sh", "sleep", "61"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    run_id = _wait_for_run("sleep 61")
    running.send_signal(number)
    running.communicate(timeout=SECONDS)
    assert running.returncode == (130 if number == signal.SIGINT else -signal.SIGTERM)
    (run,) = [run for run in records(autoexec("runs", "--json"))[:-1] if run["run_id"] == run_id]
    assert run["verdict"] == "cancelled"


def test_a_reader_that_goes_away_ends_the_run():
    """`… | head` does not leave a program running that nobody reads."""
    line = f"{' '.join(COMMAND)} sh seq 1 50000000 | head -1"
    started = time.monotonic()
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=SECONDS)
    assert done.stdout == "1\n"
    assert "Traceback" not in done.stderr
    assert time.monotonic() - started < SECONDS


def test_help_starts_nothing_and_needs_no_jupyter_server():
    """A command line that is slow to say its usage is not used."""
    code = "import sys; from autoexec_magic.ui.cli import main; main(['--help']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS)
    for heavy in ("IPython", "jupyter_server", "ipywidgets", "pytest", "nbformat", "unearth"):
        assert f"'{heavy}'" not in done.stdout


def test_a_magic_is_called_by_its_command():
    """What is shown in a terminal can be typed there; a cell stays a cell."""
    assert cli.as_command("%autoexec runs, %%autoexec script") == "jupyter autoexec runs, %%autoexec script"


def test_to_fix_a_notebook_is_said_without_a_command_that_is_none(capsys):
    """It is done in the notebook; what is typed here fixes scripts."""
    assert cli.main(["why", "--fix"]) == 2
    fix = capsys.readouterr().err.splitlines()[-1]
    assert "in a cell of the notebook" in fix
    assert "autoexec why" not in fix


def test_a_sweep_says_each_cause_once(tmp_path, monkeypatch, capsys):
    """Below the table, with its fix; the error says how many failed."""
    (tmp_path / "a.py").write_text("n = 1\n1 // (n - n)\n")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["script", "--file", "a.py", "--cage", "open", "--matrix", "n=1,2"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert sum(line.lstrip().startswith("2 × ") for line in lines) == 1
    assert sum("fix: " in line for line in lines) == 1
    assert lines[-1] == "sweep-failed: 2 of 2 runs failed"


def test_jupyter_finds_the_command():
    """`jupyter autoexec` is the console script beside `jupyter`."""
    folder = os.path.dirname(sys.executable)
    done = subprocess.run(
        [os.path.join(folder, "jupyter"), "autoexec", "sh", "echo", "hi"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"]},
    )
    assert (done.returncode, done.stdout) == (0, "hi\n"), done.stderr


def _wait_for_run(title):
    """Return the id of the run with this title, as soon as its process is known."""
    from autoexec_magic import api

    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        for run in api.runs(5):
            meta = api.store().meta(run.run_id)
            if run.title == title and run.verdict == "running" and meta is not None and meta.child:
                return run.run_id
        time.sleep(0.05)
    raise AssertionError(f"no run {title!r} within {SECONDS} s")


def test_a_program_that_is_not_on_path_says_how_to_call_it(monkeypatch, tmp_path):
    """`make demo` ends with a command to type, and the environment it made is on nobody's `PATH`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv/bin/jupyter-autoexec"), "demo"])
    monkeypatch.setenv("PATH", "/usr/bin")
    assert cli._name() == ".venv/bin/jupyter-autoexec"
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "argv", ["/usr/lib/python3/pytest"])
    assert cli._name() == "jupyter autoexec"
