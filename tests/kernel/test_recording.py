"""What a marked cell says is on record, complete and in order, while it appears in the cell once."""

from __future__ import annotations

import itertools
import re
import stat
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from harness import KERNEL_ID

from autoexec_magic import api
from autoexec_magic.events import Diagnosed, Output, Truncated
from autoexec_magic.ui import speak, verbs
from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from harness import Kernel

LINES = 10_000
MEGABYTES = 5
SECRET = "hunter2-hunter2-hunter2"


def test_ten_thousand_lines_are_complete(kernel: Kernel):
    """Each is in the store once and in the cell once, in order."""
    cell = kernel.execute(f"%%autoexec\nfor number in range({LINES}):\n    print('line', number)").must_pass()
    wanted = "".join(f"line {number}\n" for number in range(LINES))
    assert kernel.recorded("stdout") == wanted
    assert cell.stdout == wanted


def test_both_streams_are_recorded_in_order(kernel: Kernel):
    """What is written to stdout and stderr in turn is on record in turn, each on its stream."""
    body = "for number in range(200):\n    print(number, file=(sys.stdout, sys.stderr)[number % 2])"
    cell = kernel.execute(f"%%autoexec\nimport sys\n{body}").must_pass()
    events = [event for event in kernel.events() if isinstance(event, Output)]
    assert "".join(event.text for event in events) == "".join(f"{number}\n" for number in range(200))
    assert kernel.recorded("stdout") == cell.stdout == "".join(f"{number}\n" for number in range(0, 200, 2))
    assert kernel.recorded("stderr") == cell.stderr == "".join(f"{number}\n" for number in range(1, 200, 2))


def test_an_older_logging_handler_is_recorded(kernel: Kernel):
    """A handler that took the stream in an earlier cell writes to the record, too, and once to the cell."""
    kernel.execute(
        "import logging, sys\n"
        "log = logging.getLogger('older')\n"
        "log.propagate = False\n"
        "log.setLevel('INFO')\n"
        "log.addHandler(logging.StreamHandler(sys.stderr))"
    ).must_pass()
    cell = kernel.execute("%%autoexec\nprint('printed')\nlog.info('logged')").must_pass()
    assert kernel.recorded("stderr") == cell.stderr == "logged\n"
    assert kernel.recorded("stdout") == cell.stdout == "printed\n"


def test_every_way_to_write_is_recorded(kernel: Kernel):
    """`write`, `writelines`, `print` without an end, and text that is not ASCII."""
    kernel.execute(
        "%%autoexec\nimport sys\n"
        "sys.stdout.write('one ')\nsys.stdout.writelines(['two ', 'three '])\n"
        "print('four', end=' ')\nprint('fünf', '六', '\\N{EGG}')"
    ).must_pass()
    assert kernel.recorded("stdout") == "one two three four fünf 六 \N{EGG}\n"


def test_a_thread_of_the_cell_is_recorded(kernel: Kernel):
    """What a thread writes while the cell runs is on record."""
    kernel.execute(
        "%%autoexec\nimport threading\n"
        "thread = threading.Thread(target=lambda: print('from the thread'))\nthread.start()\nthread.join()"
    ).must_pass()
    assert kernel.recorded("stdout") == "from the thread\n"


def test_what_comes_after_the_cell_is_not_its_own(kernel: Kernel):
    """A plain cell after a marked one adds nothing to its record, and has none."""
    kernel.execute("%%autoexec\nprint('on record')").must_pass()
    run = kernel.last()
    kernel.execute("print('off record')").must_pass()
    assert kernel.last() == run
    assert kernel.recorded(run=run) == "on record\n"


def test_a_lone_line_is_recorded_at_once(kernel: Kernel):
    """While the cell still runs, the store already has what it wrote."""
    go = kernel.cwd / "go"
    cell = kernel.start(
        "%%autoexec\nimport pathlib, time\nprint('waiting')\n"
        f"while not pathlib.Path({str(go)!r}).exists():\n    time.sleep(0.01)\nprint('went')"
    )
    cell.until(lambda: kernel.so_far() == "waiting\n", "the line in the store")
    assert kernel.last().verdict == Verdict.RUNNING
    assert not cell.is_over
    go.touch()
    cell.finish().must_pass()
    assert kernel.recorded() == "waiting\nwent\n"


def test_rich_output_is_noted_not_kept(kernel: Kernel):
    """The MIME types and sizes of displays and results are on record; their contents are not."""
    kernel.execute(
        "%%autoexec\n"
        "class Rich:\n"
        "    def _repr_mimebundle_(self, **kwargs):\n"
        "        return {'text/plain': 'plain', 'text/html': '<p>the-very-content</p>'}\n"
        "display({'image/png': 'aGVsbG8='}, raw=True)\n"
        "display(Rich())\n"
        "Rich()"
    ).must_pass()
    rich = {"text/plain": 5, "text/html": len("<p>the-very-content</p>")}
    assert kernel.displayed() == [{"image/png": 8}, rich, rich]
    assert b"the-very-content" not in kernel.files_of(kernel.last())


def test_events_are_whole_and_in_order(kernel: Kernel):
    """The run begins with its start and ends with its end; numbers have no gap; times do not go back."""
    kernel.execute("%%autoexec\nfor number in range(100):\n    print(number)\ndisplay(1)").must_pass()
    envelopes = list(kernel.store.read(kernel.last().run_id))
    assert [item.seq for item in envelopes] == list(range(len(envelopes)))
    assert all(first.at <= second.at for first, second in itertools.pairwise(envelopes))
    kinds = kernel.kinds()
    assert kinds[:2] == ["RunStarted", "PhaseStarted"]
    assert kinds[-2:] == ["PhaseFinished", "RunFinished"]
    assert set(kinds[2:-2]) == {"Output", "Displayed"}


def test_the_record_is_private(kernel: Kernel):
    """Nobody else on the machine can read what a cell wrote."""
    kernel.execute("%%autoexec\nprint('mine')").must_pass()
    folders = (kernel.data, kernel.store.folder, kernel.store.folder / kernel.last().run_id)
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700, 0o700, 0o700]
    assert all(not path.stat().st_mode & 0o077 for path in folders[-1].iterdir())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"print('a {SECRET} b')", id="in a line"),
        pytest.param(
            f"sys.stderr.write('{SECRET[:7]}')\nsys.stderr.flush()\nsys.stderr.write('{SECRET[7:]}\\n')",
            id="split",
        ),
        pytest.param(f"print('a {SECRET}', end='')", id="at the end"),
        pytest.param(f"raise ValueError('wrong: {SECRET}')", id="in an error"),
        pytest.param(f"'{SECRET}'", id="as the result"),
        pytest.param("print(os.environ['SERVICE_TOKEN'] * 50)", id="many"),
        pytest.param(f"%autoexec sh echo {SECRET}", id="in a command"),
        pytest.param(f"%autoexec sh false {SECRET}", id="in a failed command"),
        pytest.param("print('ghp_' + 'a' * 36)", id="a well-known shape"),
    ],
)
def test_secrets_are_masked_in_the_store(kernel: Kernel, body):
    """A secret of the environment, set in an earlier cell, is in no file of the run, nor is a known token."""
    kernel.execute(f"import os, sys\nos.environ['SERVICE_TOKEN'] = '{SECRET}'").must_pass()
    before = set(kernel.store.ids())
    kernel.execute(f"%%autoexec\n{body}")
    runs = [run for run in kernel.store.runs() if run.run_id not in before]
    kept = b"".join(map(kernel.files_of, runs))
    assert runs
    assert SECRET.encode() not in kept
    assert SECRET[7:].encode() not in kept
    assert not re.search(rb"ghp_a{36}", kept)
    assert b"***" in kept


def test_secrets_are_masked_in_the_diagnosis(kernel: Kernel):
    """The line below the traceback and the diagnosis on record hide it as well."""
    kernel.execute(f"import os\nos.environ['SERVICE_TOKEN'] = '{SECRET}'").must_pass()
    cell = kernel.execute("%%autoexec\nraise ValueError('wrong: ' + os.environ['SERVICE_TOKEN'])")
    found = [event.diagnosis.why for event in kernel.events() if isinstance(event, Diagnosed)]
    assert found == ["wrong: ***"]
    assert SECRET not in cell.stderr
    assert SECRET not in kernel.last().why


def test_what_the_user_prints_appears_as_it_is(kernel: Kernel):
    """The recorder masks its own copy only: the cell is the user's."""
    kernel.execute(f"import os\nos.environ['SERVICE_TOKEN'] = '{SECRET}'").must_pass()
    assert kernel.execute(f"%%autoexec\nprint('{SECRET}')").must_pass().stdout == f"{SECRET}\n"


def test_megabytes_do_not_block(kernel: Kernel):
    """5 MB in lines and in one piece come through and are on record, to the last character."""
    kernel.execute(
        f"%%autoexec\nline = 'x' * 99\nfor _ in range({MEGABYTES * 5_000}):\n    print(line)\n"
        f"print('y' * {MEGABYTES * 500_000})"
    ).must_pass()
    text = kernel.recorded("stdout")
    assert text.count("x" * 99 + "\n") == MEGABYTES * 5_000
    assert text.endswith("y" * (MEGABYTES * 500_000) + "\n")
    assert "Truncated" not in kernel.kinds()


def test_output_beyond_the_limit_is_counted(kernel: Kernel):
    """`keep-mb` bounds the record but for its end: the rest is counted, and all of it appears in the cell."""
    kernel.execute("import os\nos.environ['AUTOEXEC_KEEP_MB'] = '0.01'").must_pass()
    try:
        code = "%%autoexec\nfor _ in range(3000):\n    print('z' * 99)\nprint('the end')"
        cell = kernel.execute(code).must_pass()
    finally:
        kernel.execute("del os.environ['AUTOEXEC_KEEP_MB']").must_pass()
    kept = len(kernel.recorded("stdout"))
    dropped = sum(event.dropped_bytes for event in kernel.events() if isinstance(event, Truncated))
    assert len(cell.stdout) == 300_008
    assert 10_000 < kept < 80_000
    assert kept + dropped == 300_008
    assert kernel.recorded("stdout").endswith("the end\n")


def test_a_cell_whose_kernel_died_is_lost(new_kernel: Callable[..., Kernel], monkeypatch):
    """What it had written is kept; the run is found to be lost, not running for ever."""
    kernel = new_kernel()
    kernel.execute("%load_ext autoexec_magic").must_pass()
    cell = kernel.start("%%autoexec\nimport time\nprint('the last words')\ntime.sleep(60)")
    cell.until(lambda: kernel.so_far() == "the last words\n", "the line in the store")
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(kernel.data))
    assert [run.verdict for run in api.runs()] == [Verdict.RUNNING]
    kernel.kill()
    (run,) = api.runs()
    assert run.verdict == Verdict.LOST
    assert kernel.recorded() == "the last words\n"
    shown = verbs.parse(f"runs show {run.run_id}", None).run(api.PYTHON).text
    assert shown.splitlines()[1:] == ["the last words", f"── lost · – · {speak.LOST}"]


def test_the_run_knows_where_it_comes_from(kernel: Kernel):
    """The kernel's id, its interpreter and its workspace are on record."""
    kernel.execute("%%autoexec\n1").must_pass()
    meta = kernel.newest()
    assert meta.kernel == KERNEL_ID
    assert meta.interpreter == sys.executable
    assert meta.workspace == str(kernel.cwd)


def test_a_store_that_cannot_be_written_does_not_stop_the_cell(kernel: Kernel):
    """The user's code runs all the same, and says so once."""
    kernel.write("file", "")
    kernel.execute(f"import os\nos.environ['AUTOEXEC_DATA_DIR'] = {str(kernel.cwd / 'file')!r}").must_pass()
    try:
        cell = kernel.execute("%%autoexec\nprint('ran')\n6 * 7").must_pass()
        assert (cell.stdout, cell.result) == ("ran\n", "42")
        assert cell.stderr.count("not on record") == 1
        assert kernel.execute("%autoexec sh echo hello").must_pass().stdout.startswith("hello\n")
    finally:
        kernel.execute(f"os.environ['AUTOEXEC_DATA_DIR'] = {str(kernel.data)!r}").must_pass()


def test_secrets_are_masked_on_the_card(kernel: Kernel):
    """What is near a key is read off the object itself, and a key may be anything."""
    kernel.execute(f"import os\nos.environ['SERVICE_TOKEN'] = '{SECRET}'").must_pass()
    body = "%%autoexec\nkept = {os.environ['SERVICE_TOKEN']: 1}\nkept[os.environ['SERVICE_TOKEN'] + 's']"
    found = kernel.execute(body, allow_stdin=True)
    shown = "".join(str(item["data"]) for item in found.all("display_data"))
    assert "key-not-found" in shown
    assert SECRET not in shown
    assert SECRET not in str([event for event in kernel.events() if isinstance(event, Diagnosed)])
