"""What a child reads: nothing, text, or a file of any size that the policy lets it read."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import pytest

from autoexec_magic import executor
from autoexec_magic.errors import PolicyRefused, UsageError
from autoexec_magic.executor.policy import fed

COUNT = "import sys; print(sum(len(block) for block in iter(lambda: sys.stdin.buffer.read(65536), b'')))"
GIGABYTES = 5 * 2**30


def run(code, emit, tmp_path, **options):
    """Run a line of Python."""
    policy = executor.policy.exactly(sys.executable)
    return executor.run(
        [sys.executable, "-S", "-c", code], emit=emit, cwd=tmp_path, policy=policy, timeout=30.0, **options
    )


@pytest.mark.parametrize("given", ["text\n", b"text\n"])
def test_text_is_read(emit, tmp_path, given):
    """As it is given, and then the end."""
    outcome = run("import sys; print(sys.stdin.read())", emit, tmp_path, stdin=given)
    assert outcome.stdout == "text\n\n"


def test_without_any_there_is_the_end(emit, tmp_path):
    """Who asks is not kept waiting."""
    outcome = run("import sys; print(repr(sys.stdin.read()))", emit, tmp_path)
    assert (outcome.ended, outcome.stdout) == ("exited", "''\n")


@pytest.mark.parametrize("level", ["open", "workspace", "sealed"])
def test_a_file_is_read(emit, tmp_path, level):
    """In every cage, by a path that begins at the working directory."""
    (tmp_path / "in").write_text("a\nb\n")
    outcome = run("import sys; print(sys.stdin.read())", emit, tmp_path, stdin=Path("in"), level=level)
    assert outcome.stdout == "a\nb\n\n"


def test_a_file_is_the_childs_own_and_no_copy_goes_through_us(emit, tmp_path):
    """The child can seek in five gigabytes, and we take no memory for them."""
    with open(tmp_path / "big", "wb") as file:
        file.truncate(GIGABYTES)
        file.seek(GIGABYTES - 4)
        file.write(b"last")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    code = "import os; print(os.fstat(0).st_size, os.pread(0, 4, os.fstat(0).st_size - 4))"
    outcome = run(code, emit, tmp_path, stdin=tmp_path / "big")
    assert outcome.stdout == f"{GIGABYTES} b'last'\n"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024


@pytest.mark.parametrize("make", [lambda path: None, os.mkdir], ids=["missing", "a-folder"])
def test_what_cannot_be_read_is_told(emit, tmp_path, make):
    """Before anything is started."""
    make(tmp_path / "in")
    with pytest.raises(UsageError, match="cannot be read"):
        run(COUNT, emit, tmp_path, stdin=tmp_path / "in")


def test_a_named_pipe_that_nobody_writes_does_not_hang(emit, tmp_path):
    """It has nothing to say: its end is found at once."""
    os.mkfifo(tmp_path / "pipe")
    assert run(COUNT, emit, tmp_path, stdin=tmp_path / "pipe").stdout == "0\n"


def test_a_secret_file_is_refused(emit, tmp_path):
    """A file that stands in for the input is read as `<` reads it: by the same rules."""
    (tmp_path / ".env").write_text("API_TOKEN=x")
    for given in (tmp_path / ".env", Path(".env")):
        with pytest.raises(PolicyRefused):
            run(COUNT, emit, tmp_path, stdin=given)
        with pytest.raises(PolicyRefused, match=r"\.env"):
            executor.run_line("cat", emit=emit, workspace=tmp_path, cwd=tmp_path, stdin=given)
    assert "API_TOKEN" not in emit.text()


@pytest.mark.parametrize("given", ["text\n", "in"])
def test_the_first_of_a_line_reads_it(emit, tmp_path, given):
    """The others find the end; of a pipeline the first is the first."""
    (tmp_path / "in").write_text("text\n")
    stdin = Path("in") if given == "in" else given
    executor.run_line("cat | wc -c; wc -c", emit=emit, workspace=tmp_path, cwd=tmp_path, stdin=stdin)
    assert emit.text().split() == ["5", "0"]


@pytest.mark.parametrize("given", ["/srv/some/file", b"/srv/some/file", None, ""])
def test_words_that_come_in_are_not_taken_for_none(emit, tmp_path, given, monkeypatch):
    """Text is handed to the child, and nobody has seen which files it names."""
    seen, real = [], fed.lines_of
    monkeypatch.setattr(fed, "lines_of", lambda before: seen.append(list(before)) or real(before))
    with pytest.raises(PolicyRefused):
        executor.run(["xargs", "cat"], emit=emit, cwd=tmp_path, stdin=given)
    with pytest.raises(PolicyRefused):
        executor.run_line("xargs cat", emit=emit, workspace=tmp_path, cwd=tmp_path, stdin=given)
    assert seen == [[executor.policy.UNSEEN_INPUT] if given else []] * 2
    assert executor.run(["wc", "-c"], emit=emit, cwd=tmp_path, stdin=given).returncode == 0
