"""A line runs as a shell would run it, and none of it where one part of it may not."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from skips import requires

from autoexec_magic import executor
from autoexec_magic.errors import CageError, MissingTool, NeedsPerson, PolicyRefused, UsageError
from autoexec_magic.values import Outcome, Question

SECONDS = 20.0


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Return a workspace with some files, made the current folder."""
    for name, text in (("a.txt", "b\na\n"), ("b.txt", "c\n"), ("sub/c.txt", "d\n")):
        path = tmp_path / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def run(line: str, folder: Path, emit=lambda event: None, **options: object) -> Outcome:
    """Run a line in the workspace."""
    options.setdefault("timeout", SECONDS)
    return executor.run_line(line, emit=emit, workspace=folder, cwd=folder, **options)


LINES = [
    "cat *.txt | sort | uniq -c",
    "sort < a.txt > sorted; cat sorted",
    "echo x >> a.txt && cat a.txt",
    "false && echo no; echo yes",
    "false || echo no",
    "true || echo no",
    "true && false || echo c",
    "false || false && echo no; echo end",
    "cd sub && cat c.txt",
    "echo $PWD | sed 's/.*work//'; cd sub && echo $PWD $OLDPWD | sed 's/[^ ]*work//g'",
    "cd sub && sh -c 'echo $PWD' | sed 's/.*work//'",
    "cd sub; pwd | sed 's/.*work//'; cd ..; ls",
    "A=5; echo $A",
    "A=5 B='x y'; echo $A $B \"$B\"",
    "A=1 sh -c 'echo $A'; echo [$A]",
    "A=1; sh -c 'echo [$A]'",
    "export A=1; sh -c 'echo [$A]'",
    "ls nosuch 2>/dev/null || echo gone",
    "ls nosuch 2>&1 | wc -l > out; wc -l < out",
    "sh -c 'echo out; echo err >&2' 2>&1 | sort",
    "! true; echo $HOME | wc -l",
    "seq 3 | while_is_no_program || echo none",
    "printf '%s\\n' 'a b' \"c\" d\\ e",
    "echo *.none ~/x '$A' \"a$NOSUCH.\"",
    "seq 100000 | tail -n 1",
    "yes | head -n 3",
    "echo a; echo b >&2; echo c",
    "echo one\necho two",
    "ls nosuch; cat nosuch; cp a.txt",
    "true && echo 1 > x.csv && cat x.csv",
    "false && echo 1 > x.csv || echo no",
    "echo b | cat | sort || echo no",
    "echo b | cat | grep c || echo no",
    "echo b | cat | sort && echo a | cat | sort > y || echo no; cat y",
    "true && echo b | cat | grep c || echo no",
    "! echo b | cat | grep c && echo none",
    "false || echo a | cat | tr a b && echo end",
    "mkdir -p x/{a,b}/{1..3} && ls x/*",
    "touch {a,c}{1,2}.md; ls *.md",
    "(cd sub && cat c.txt)",
    "[ -f a.txt ] && echo there",
    "[ -f nosuch ] || echo gone; [ ! -d a.txt -a -f b.txt ]",
    "A='x y'; [ \"$A\" = 'x y' ] && echo same",
    "[ 1 -gt 2 ]",
    "exit_code() { return 3; }; exit_code",
]


@pytest.mark.parametrize("line", LINES)
def test_bash_does_the_same(folder, emit, line):
    """The same output, the same files, the same exit code."""
    bash = shutil.which("bash")
    requires(bash, "bash is not installed", "apt-get install bash")
    if "is_no_program" in line:
        with pytest.raises(MissingTool):
            run(line, folder)
        return
    twin = folder.parent / "twin" / "work"
    shutil.copytree(folder, twin)
    want = subprocess.run([bash, "--norc", "-c", line], cwd=twin, capture_output=True, text=True)
    outcome = run(line, folder, emit, ask=lambda question: True)
    assert emit.text("stdout") == want.stdout
    assert outcome.returncode == want.returncode
    # But for the number of the line that bash puts before what it says itself.
    assert (emit.text("stderr") == "") == (want.stderr == "")
    if not want.stderr.startswith("bash:") and "bash: line" not in want.stderr:
        assert emit.text("stderr") == want.stderr

    def files(root: Path) -> dict[str, str]:
        return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}

    assert files(folder) == files(twin)


def test_what_may_not_run_keeps_the_rest_from_running(folder):
    """A refusal, wherever it stands, is told before anything happens."""
    for line in ("touch done; sudo ls", "touch done && cat < ~/.ssh/id", "touch done | sudo x"):
        with pytest.raises(PolicyRefused):
            run(line, folder, ask=lambda question: True)
        assert not (folder / "done").exists()


def test_what_is_agreed_to_is_the_line_the_place_the_reason_and_the_program(folder):
    """Any of them another, and it is another question, also for who said always."""
    tool = folder / "tool"
    tool.write_text("#!/bin/sh\ntrue\n")
    tool.chmod(0o755)
    (folder / "below").mkdir()
    contents: list[str] = []

    def answer(question: Question) -> bool:
        contents.append(question.content)
        return True

    for line in ("./tool", "./tool", "./tool a", "cd below; ../tool", "echo $(id)"):
        run(line, folder, ask=answer)
    tool.write_text("#!/bin/sh\nfalse\n")
    run("./tool", folder, ask=answer)
    assert contents[0] == contents[1]
    assert len(set(contents)) == 5
    assert all(contents)


def contents_of(line: str, folder: Path, change, **options: object) -> tuple[str, str, str]:
    """Return what is agreed to by a yes: twice as things are, and once more after a change."""
    contents: list[str] = []

    def answer(question: Question) -> bool:
        contents.append(question.content)
        return True

    for _ in range(2):
        run(line, folder, ask=answer, **options)
    run(line, folder, ask=answer, **(options | (change() or {})))
    return tuple(contents)


@pytest.mark.parametrize(
    ("line", "name"),
    [("echo $(echo $DATA)", "DATA"), ("for i in ${DATA}; do echo $i; done", "DATA"), ("echo $(id)", "PATH")],
)
def test_what_a_shell_line_names_belongs_to_what_is_agreed_to(line, name, folder):
    """With another value it is another line; and with other folders of programs."""
    path = os.environ["PATH"]
    env = {"DATA": "a", "OTHER": "b", "PATH": path}
    change = {"env": env | {name: f"{env[name]}:/c"}}
    first, second, third = contents_of(line, folder, lambda: change, env=env)
    assert first == second != third
    first, second, third = contents_of(line, folder, lambda: {"env": env | {"OTHER": "c"}}, env=env)
    assert first == second == third


@pytest.mark.parametrize(
    "line", ["bash {}", "cd sub && bash ../{}", "echo $(bash {})", "sed --file={} a.txt"]
)
def test_code_outside_the_workspace_is_agreed_to_as_it_is(line, folder):
    """Other words in the file, and it is another question."""
    script = folder.parent / "outside.sh"
    script.write_text("p\n")
    line = line.format(f"../{script.name}")
    first, second, third = contents_of(line, folder, lambda: script.write_text("q\n") and None)
    assert first == second != third


def test_a_question_is_asked_once_for_the_whole_line(folder):
    """With what is to be said of each part; no is no for all of it."""
    tool = folder / "tool"
    tool.write_text("#!/bin/sh\necho ran >> log\n")
    tool.chmod(0o755)
    asked: list[Question] = []

    def answer(question: Question) -> bool:
        asked.append(question)
        return len(asked) > 1

    line = "touch done; ./tool && ./tool -x > out"
    with pytest.raises(PolicyRefused, match="not run"):
        run(line, folder, ask=answer)
    assert not (folder / "done").exists()
    assert run(line, folder, ask=answer).returncode == 0
    assert len(asked) == 2
    assert asked[0].text == f"run {line} ?"
    assert (folder / "log").read_text() == "ran\nran\n"


def test_where_nobody_answers_nothing_runs(folder):
    """And the error says why."""
    with pytest.raises(PolicyRefused, match="refused"):
        run("touch done; echo $(date)", folder)

    def nobody(question: Question) -> bool:
        raise NeedsPerson(question.text, fix=question.fix)

    with pytest.raises(NeedsPerson) as error:
        run("touch done; echo $(date)", folder, ask=nobody)
    assert error.value.fix == "%autoexec sh --yes touch done; echo $(date)"
    assert not (folder / "done").exists()


def test_what_a_glob_finds_later_is_judged_then(folder):
    """The line made a file whose name is a secret's; it is not read because it was not there before."""
    (folder / "make.py").write_text("open('.env', 'w')")
    with pytest.raises(PolicyRefused, match="refused"):
        run("cp a.txt x; python make.py; cat < .en*", folder)
    assert (folder / ".env").exists()


def test_what_changes_while_a_person_thinks_is_judged_again(folder):
    """A verdict holds as long as nothing can have happened: an open question is time for anything."""
    secret = folder / ".env"
    (folder / "data").write_text("data")
    tool = folder / "tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)

    def answer(question: Question) -> bool:
        (folder / "data").unlink()
        (folder / "data").symlink_to(secret)
        return True

    with pytest.raises(PolicyRefused, match="refused"):
        run("cat data; ./tool", folder, ask=answer)


def test_a_link_that_is_swapped_between_two_calls_is_seen(folder, emit):
    """Nothing that is remembered from one line to the next says what a path means."""
    secret = folder / ".env"
    (folder / "data").write_text("data")
    run("cat data", folder, emit)
    (folder / "data").unlink()
    (folder / "data").symlink_to(secret)
    with pytest.raises(PolicyRefused, match="refused"):
        run("cat data", folder, emit)
    assert emit.text("stdout") == "data"


def test_what_the_line_builds_first_is_asked_about_and_runs(folder, emit):
    """It is not there when the line is judged; alone, it is missing."""
    (folder / "tool.in").write_text("#!/bin/sh\necho built\n")
    (folder / "tool.in").chmod(0o755)
    line = "cp -p tool.in tool && ./tool"
    assert run(line, folder, emit, ask=lambda question: True).returncode == 0
    assert emit.text("stdout") == "built\n"
    with pytest.raises(MissingTool):
        run("./nosuch", folder)


def test_a_folder_that_is_not_there_is_said(folder):
    """And what follows does not run somewhere else."""
    with pytest.raises(UsageError, match="cannot go to nosuch"):
        run("cd nosuch; rm -r sub", folder)
    assert (folder / "sub").exists()


def test_the_limit_is_the_whole_lines(folder):
    """Not each command's."""
    started = time.monotonic()
    outcome = run("sleep 0.4; sleep 0.4; sleep 30; touch done", folder, timeout=1.2)
    assert outcome.ended == "timed-out"
    assert time.monotonic() - started < 10
    assert not (folder / "done").exists()


def test_a_cancel_ends_the_line(folder):
    """What would follow is not started."""
    cancel = executor.Cancel()
    threading.Timer(0.5, cancel.set).start()
    outcome = run("sleep 30; touch done", folder, cancel=cancel)
    cancel.close()
    assert outcome.ended == "cancelled"
    assert not (folder / "done").exists()


def test_what_all_of_it_wrote_is_in_the_outcome(folder):
    """For the diagnosis of what failed in the middle."""
    outcome = run("echo one; echo two >&2; python -c 'raise SystemExit(3)'", folder)
    assert (outcome.stdout, outcome.stderr, outcome.returncode) == ("one\n", "two\n", 3)


def test_nothing_stays_open(folder):
    """After many of them, also of those that fail."""
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for line in ("ls | wc -l > out", "cat < nosuch", "ls | sort | head -n 1"):
        for _ in range(3):
            try:
                run(line, folder)
            except UsageError:
                continue
    assert not before or len(os.listdir("/proc/self/fd")) == before


def test_a_link_that_a_pattern_finds_only_now_is_asked_about_if_it_leads_outside(folder, tmp_path_factory):
    """The line made it after it was judged, so nobody has seen where it leads."""
    outside = tmp_path_factory.mktemp("outside") / "canary"
    outside.write_text("canary\n")
    asked: list[str] = []

    def no(question: Question) -> bool:
        asked.append(" ".join(question.evidence))
        return False

    roots = pytest.MonkeyPatch()
    roots.setattr("autoexec_magic.executor.policy.paths.tempfile.gettempdir", lambda: str(folder))
    roots.setattr("autoexec_magic.executor.policy.paths.TEMPORARY", ())
    try:
        with pytest.raises(PolicyRefused):
            run(f"mkdir w; cd w; ln -s {outside} link; cat *", folder, ask=no)
        assert "leads outside" in asked[0]
        assert run("mkdir v; cd v; touch a; ln -s a link; cat *", folder, ask=no).returncode == 0
        (folder / "old").symlink_to(outside)
        assert run("cat o*", folder, ask=no).stdout == "canary\n"
    finally:
        roots.undo()
    assert len(asked) == 1


def test_what_an_earlier_step_left_behind_is_told_at_the_end(folder):
    """The last step alone would say nothing of it."""
    try:
        outcome = run("touch autoexec.toml; true", folder, level="workspace", ask=lambda question: True)
    except CageError as error:
        requires(False, error.why, error.fix)
    assert outcome.changed == (str((folder / "autoexec.toml").resolve()),)


def test_a_line_for_a_shell_is_refused_before_anybody_is_asked(folder):
    """A loop around what is refused is no question, and nothing of it runs."""

    def ask(question: Question) -> bool:
        raise AssertionError(question)

    with pytest.raises(PolicyRefused, match="secret"):
        run("for i in 1; do touch done; cat .env; done", folder, ask=ask)
    assert not (folder / "done").exists()


@pytest.mark.parametrize("word", ["x" * 5_000, "a/" * 4_000])
def test_a_word_that_is_no_name_of_a_file_is_asked_about_all_the_same(word, folder):
    """Code may stand on the line, longer than any path."""
    asked: list[Question] = []
    run(f"echo $(: '{word}')", folder, ask=lambda question: asked.append(question) or True)
    run(f"bash -c ': {word}'", folder, ask=lambda question: asked.append(question) or True)
    assert asked
