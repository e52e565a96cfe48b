"""Several processes, each reading what the one before writes, and files in the place of streams."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from autoexec_magic.errors import AutoexecError, MissingTool, UsageError
from autoexec_magic.executor import Cancel
from autoexec_magic.executor.identity import HAS_PROC
from autoexec_magic.executor.process import Records, Request, Stage, stream
from autoexec_magic.executor.redirected import File
from autoexec_magic.history import new_id
from autoexec_magic.values import Outcome

WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND
HANG_SECONDS = 20.0


def python(code: str, *files: File) -> Stage:
    """Return a stage that runs Python."""
    return Stage(argv=(sys.executable, "-S", "-c", code), env={"PATH": os.defpath}, files=files)


def run(*stages: Stage, cwd: Path, cancel: Cancel | None = None, **bounds: object) -> tuple[Outcome, str]:
    """Run a pipeline; return how it ended and all that was seen of it."""
    seen: list[str] = []
    request = Request(stages=stages, cwd=cwd, run_id=new_id(), **bounds)
    outcome = stream(
        request,
        on_text=lambda name, text: seen.append(text),
        on_cut=lambda name, cut: None,
        cancel=cancel,
    )
    return outcome, "".join(seen)


SAY = "print('b'); print('a'); print('c')"
SORT = "import sys; print(''.join(sorted(sys.stdin)), end='')"
COUNT = "import sys; print(sum(1 for line in sys.stdin))"


def test_each_reads_what_the_one_before_writes(tmp_path):
    """Three of them; only the last one's output is seen, and its exit code is the pipeline's."""
    outcome, seen = run(python(SAY), python(SORT), python(COUNT + "; sys.exit(7)"), cwd=tmp_path)
    assert (seen, outcome.stdout, outcome.returncode) == ("3\n", "3\n", 7)


def test_the_first_reads_what_is_given(tmp_path):
    """As one alone does."""
    _, seen = run(python(SORT), python(COUNT), cwd=tmp_path, stdin=b"x\ny\n")
    assert seen == "2\n"


def test_errors_of_all_are_seen(tmp_path):
    """Whichever writes them."""
    complain = "import sys; print('bad', file=sys.stderr)"
    outcome, _ = run(python(complain), python(complain), cwd=tmp_path)
    assert outcome.stderr == "bad\nbad\n"


def test_one_that_reads_no_more_ends_the_one_before(tmp_path):
    """`yes | head -1`: the writer gets a broken pipe, because nobody else holds the other end."""
    forever = "import os\nwhile True: os.write(1, b'y' * 4096)"
    started = time.monotonic()
    outcome, _ = run(python(forever), python("import sys; print(sys.stdin.read(1))"), cwd=tmp_path)
    assert (outcome.stdout, outcome.returncode) == ("y\n", 0)
    assert time.monotonic() - started < HANG_SECONDS


def test_much_passes_through(tmp_path):
    """More than all pipes hold, without a stop."""
    much = "import sys; [sys.stdout.write('x' * 99 + '\\n') for _ in range(200_000)]"
    _, seen = run(python(much), python("import sys, shutil; shutil.copyfileobj(sys.stdin, sys.stdout)"),
                  python(COUNT), cwd=tmp_path)  # fmt: skip
    assert seen == "200000\n"


def test_files_take_the_place_of_streams(tmp_path):
    """Read, written, added to; in the order in which they are given."""
    (tmp_path / "in").write_text("2\n1\n")
    run(python(SORT, File(stream=0, path="in"), File(stream=1, path="out", flags=WRITE)), cwd=tmp_path)
    assert (tmp_path / "out").read_text() == "1\n2\n"
    run(python("print(3)", File(stream=1, path="out", flags=APPEND)), cwd=tmp_path)
    assert (tmp_path / "out").read_text() == "1\n2\n3\n"


def test_a_stream_goes_where_another_one_goes_at_that_time(tmp_path):
    """`>f 2>&1` is both into the file, `2>&1 >f` is not."""
    both = "import sys; print('out'); print('err', file=sys.stderr)"
    file, same = File(stream=1, path="f", flags=WRITE), File(stream=2, same_as=1)
    outcome, seen = run(python(both, file, same), cwd=tmp_path)
    assert (sorted((tmp_path / "f").read_text().split()), seen) == (["err", "out"], "")
    outcome, seen = run(python(both, same, file), cwd=tmp_path)
    assert ((tmp_path / "f").read_text(), outcome.stdout) == ("out\n", "err\n")


@pytest.mark.parametrize("file", [File(stream=0, path="nosuch"), File(stream=1, path=".", flags=WRITE)])
def test_a_file_that_cannot_be_opened_starts_nothing_more(tmp_path, file):
    """What was started before it is ended, and nothing is left open."""
    before = len(os.listdir("/proc/self/fd")) if HAS_PROC else 0
    with pytest.raises(UsageError, match="cannot be"):
        run(python("import time; time.sleep(60)"), python(SORT, file), cwd=tmp_path)
    assert not HAS_PROC or len(os.listdir("/proc/self/fd")) == before


def test_a_program_that_is_not_there_ends_what_was_started(tmp_path):
    """The second of three: the first does not wait for ever for somebody to read."""
    missing = Stage(argv=("/nosuch/program",), env={})
    started = time.monotonic()
    with pytest.raises(MissingTool):
        run(python("import time; time.sleep(60)"), missing, python(COUNT), cwd=tmp_path)
    assert time.monotonic() - started < HANG_SECONDS


def test_a_limit_ends_all_of_them(tmp_path):
    """Also those that ignore TERM."""
    stubborn = "import os, signal, time; signal.signal(15, 1); print(os.getpid(), flush=True); time.sleep(60)"
    copy = "import sys, signal; signal.signal(15, 1)\nfor line in sys.stdin: print(line, end='', flush=True)"
    outcome, seen = run(python(stubborn), python(copy), cwd=tmp_path, timeout=1.0, grace=0.2)
    assert outcome.ended == "timed-out"
    with pytest.raises(ProcessLookupError):
        os.kill(int(seen), 0)


def test_a_cancel_ends_all_of_them_also_when_the_first_has_ended(tmp_path):
    """The group outlives its leader."""
    cancel = Cancel()
    wait = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    threading.Timer(0.5, cancel.set).start()
    outcome, seen = run(python("print(1)"), python(wait), cwd=tmp_path, cancel=cancel)
    cancel.close()
    assert (outcome.ended, outcome.returncode) == ("cancelled", -signal.SIGTERM)
    with pytest.raises(ProcessLookupError):
        os.kill(int(seen), 0)


def test_what_a_sink_raises_ends_all_of_them(tmp_path):
    """Nothing of a pipeline outlives a fault of ours."""

    def fail(name: str, text: str) -> None:
        raise AutoexecError(text)

    wait = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    copy = "import sys; print(next(sys.stdin), flush=True); input()"
    request = Request(stages=(python(wait), python(copy)), cwd=tmp_path, run_id=new_id())
    with pytest.raises(AutoexecError) as error:
        stream(request, on_text=fail, on_cut=lambda name, cut: None)
    with pytest.raises(ProcessLookupError):
        os.kill(int(str(error.value.what)), 0)


def test_the_last_of_a_pipeline_tells_records(tmp_path):
    """No other one has the descriptor, nor the name of it."""
    pieces: list[bytes] = []
    name = "import os, sys; name = os.environ.get('TOLD'); "
    first = python(name + "print(name)")
    last = python(name + "os.write(int(name), sys.stdin.buffer.read()); print('shown')")
    records = Records(variable="TOLD", take=pieces.append)
    outcome, seen = run(first, last, cwd=tmp_path, records=records)
    assert (b"".join(pieces), seen, outcome.returncode) == (b"None\n", "shown\n", 0)


def test_a_stage_that_cannot_be_started_leaves_no_pipe_of_records(tmp_path):
    """Nor a process."""
    records = Records(variable="TOLD", take=lambda data: None)
    with pytest.raises(MissingTool):
        run(python(SAY), Stage(argv=("/no/such/program",), env={}), cwd=tmp_path, records=records)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(MissingTool):
        run(python(SAY), Stage(argv=("/no/such/program",), env={}), cwd=tmp_path, records=records)
    assert len(os.listdir("/proc/self/fd")) == before


def test_records_are_taken_by_the_thread_that_waits(tmp_path):
    """So that who takes them needs no lock."""
    threads: list[int] = []
    records = Records(variable="TOLD", take=lambda data: threads.append(threading.get_ident()))
    run(python("import os; os.write(int(os.environ['TOLD']), b'x')"), cwd=tmp_path, records=records)
    assert threads == [threading.get_ident()]


MANY_RECORDS = """
import os, time
tell = int(os.environ["TOLD"])
for number in range(300):
    os.write(tell, b"%d\\n" % number)
    until = time.perf_counter() + 0.0002
    while time.perf_counter() < until:
        pass
"""


def test_records_that_come_fast_are_taken_together(tmp_path):
    """To wake whoever waits for each costs the writer more than it writes."""
    pieces: list[bytes] = []
    records = Records(variable="TOLD", take=pieces.append)
    run(python(MANY_RECORDS), cwd=tmp_path, records=records)
    assert b"".join(pieces) == b"".join(b"%d\n" % number for number in range(300))
    assert len(pieces) < 100


IN_TURN = """
import os, time
tell = int(os.environ["TOLD"])
for number in range(20):
    os.write(tell, b"%d," % number)
    time.sleep(0.0005)
    os.write(1, b"%d;" % number)
    time.sleep(0.012 if number % 3 else 0.0005)
"""


def test_what_is_told_before_text_is_taken_before_it(tmp_path):
    """However long records are left to gather: a case ends before what the next one writes is shown."""
    told: list[bytes] = []
    ahead: list[int] = []

    def write(stream: str, text: str) -> None:
        shown = [int(number) for number in text.split(";") if number]
        known = b"".join(told).decode().split(",")[:-1]
        ahead.extend(number for number in shown if str(number) not in known)

    records = Records(variable="TOLD", take=told.append)
    request = Request(stages=(python(IN_TURN),), cwd=tmp_path, run_id=new_id(), records=records)
    stream(request, on_text=write, on_cut=lambda name, cut: None)
    assert b"".join(told).count(b",") == 20
    assert ahead == []
