"""The verbs as Python functions."""

from __future__ import annotations

import errno
import sys
import threading
import time
from pathlib import Path

import pytest
from skips import requires

from autoexec_magic import api
from autoexec_magic.errors import (
    CageError,
    Cancelled,
    CasesFailed,
    MissingTool,
    NeedsPerson,
    PhaseError,
    PolicyRefused,
    RunTimeout,
    ScriptError,
    UsageError,
)
from autoexec_magic.executor import Cancel
from autoexec_magic.history import Meta, Owner, new_id
from autoexec_magic.values import Verdict

SECONDS = 30


def test_a_command_that_passes_returns_its_report(emit):
    """With the outcome, the run's id, and the events for whoever watches."""
    report = api.sh("echo hi", caller=api.Caller(emit=emit))
    assert (report.verdict, report.outcome.stdout) == (Verdict.PASSED, "hi\n")
    assert emit.text() == "hi\n"
    assert emit.kinds()[0] == "RunStarted"
    assert emit.kinds()[-1] == "RunFinished"
    run, events = api.show(report.run_id)
    assert run.verdict == "passed"
    assert [item.event for item in events] == list(emit)


def test_an_argv_is_not_parsed():
    """Words stay words, whatever they hold."""
    assert api.sh(["echo", "a | b", "$HOME"]).outcome.stdout == "a | b $HOME\n"


def test_commands_run_in_order_until_one_fails(workdir):
    """The third is not started when the second failed."""
    with pytest.raises(PhaseError) as caught:
        api.sh("touch one", "false", "touch three")
    assert [phase.verdict for phase in caught.value.report.phases] == ["passed", "failed"]
    assert [path.name for path in workdir.iterdir()] == ["one"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: api.sh("false"), PhaseError),
        (lambda: api.sh("sleep 30", timeout=0.1), RunTimeout),
        (lambda: api.sh("no-such-program-here"), MissingTool),
        (lambda: api.sh("sudo ls"), (PolicyRefused, MissingTool)),
        (lambda: api.sh("cat < .env"), PolicyRefused),
        (lambda: api.sh(), UsageError),
        (lambda: api.sh(""), UsageError),
        (lambda: api.script("1/0"), ScriptError),
        (lambda: api.script("exit 3", lang="bash"), ScriptError),
        (lambda: api.script("  "), UsageError),
        (lambda: api.script("x", lang="cobol"), UsageError),
        (lambda: api.resolve("not a name"), UsageError),
        (lambda: api.resolve(), UsageError),
        (lambda: api.install(), UsageError),
        (lambda: api.install("slugify"), UsageError),
        (lambda: api.show("nosuch"), UsageError),
        (lambda: api.cancel("nosuch"), UsageError),
    ],
)
def test_what_does_not_pass_is_raised(call, error):
    """As the table of verdicts says."""
    with pytest.raises(error) as caught:
        call()
    assert caught.value.what


def test_a_refusal_is_on_record():
    """Also a line that was never started."""
    with pytest.raises(PolicyRefused):
        api.sh("sort < /etc/shadow")
    assert (api.runs(1)[0].title, api.runs(1)[0].verdict) == ("sort < /etc/shadow", "refused")


def test_nobody_answers_in_plain_python(workdir):
    """A question is then an error that carries the command which says yes; `yes=True` says it."""
    tool = workdir / "tool"
    tool.write_text("#!/bin/sh\necho ran\n")
    tool.chmod(0o755)
    with pytest.raises(NeedsPerson) as caught:
        api.sh("./tool")
    assert caught.value.fix == "%autoexec sh --yes ./tool"
    assert api.sh("./tool", yes=True).outcome.stdout == "ran\n"
    assert api.sh("./tool", caller=api.Caller(ask=lambda question: True)).outcome.stdout == "ran\n"
    with pytest.raises(PolicyRefused, match="not run"):
        api.sh("./tool", caller=api.Caller(ask=lambda question: False))


def test_yes_does_not_answer_a_refusal(fake_bin):
    """Nothing does."""
    fake_bin.write("sudo", "echo ran")
    with pytest.raises(PolicyRefused, match="refused: sudo ls"):
        api.sh("sudo ls", yes=True)


def test_a_script_finds_its_arguments_and_its_neighbours(workdir):
    """What lies beside the notebook is imported as from a cell."""
    (workdir / "neighbour.py").write_text("NAME = 'next door'\n")
    report = api.script("import sys, neighbour\nprint(sys.argv[1:], neighbour.NAME)", "a b", "c")
    assert report.outcome.stdout == "['a b', 'c'] next door\n"


def test_a_script_is_diagnosed_in_one_line():
    """The error's reason is the diagnosis: code, place and fact."""
    with pytest.raises(ScriptError) as caught:
        api.script("prices = {}\nprices['plum']\n")
    assert caught.value.why == "key-not-found at script.py:2: the key 'plum' is not there"
    assert "\n" not in caught.value.why
    assert caught.value.report.diagnosis.code == "key-not-found"


def test_tests_are_run_by_this_interpreters_pytest(workdir):
    """One good, one bad, none at all; what was told of each is in the report."""
    (workdir / "test_good.py").write_text("def test_a():\n    pass\n")
    report = api.test("test_good.py", "-p", "no:cacheprovider")
    assert [(case.key, case.verdict) for case in report.cases] == [("test_good.py::test_a", "passed")]
    (workdir / "test_bad.py").write_text("def test_b():\n    assert 1 == 2\n")
    with pytest.raises(CasesFailed, match="some tests failed") as caught:
        api.test("-p", "no:cacheprovider")
    assert "1 failed, 1 passed" in caught.value.why
    assert {case.verdict for case in caught.value.report.cases} == {"failed", "passed"}
    with pytest.raises(CasesFailed, match="no test was found"):
        api.test("-k", "nothing", "-p", "no:cacheprovider")


def test_tests_as_junitparsers_objects(workdir):
    """Whoever has that library stays at home."""
    junitparser = pytest.importorskip("junitparser")
    tests = "import pytest\ndef test_a(): pytest.skip('later')\ndef test_b(): pass\n"
    (workdir / "test_a.py").write_text(tests)
    report = api.test("-p", "no:cacheprovider", "--junitxml=out/report.xml")
    xml = report.to_junitparser()
    assert isinstance(xml, junitparser.JUnitXml)
    read = junitparser.JUnitXml.fromfile(str(workdir / "out" / "report.xml"))
    for each in (xml, read):
        assert (each.tests, sum(suite.skipped for suite in each), each.failures) == (2, 1, 0)


def test_a_python_that_is_not_there_or_has_no_pytest(workdir):
    """Is an error with what to type."""
    (workdir / "test_a.py").write_text("def test_a(): pass\n")
    with pytest.raises(UsageError, match="there is no file"):
        api.test(python="no/such/python")
    program = workdir / "bare" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    program.chmod(0o755)
    with pytest.raises(MissingTool, match="has no pytest") as caught:
        api.test(python="bare/bin/python", level="open")
    assert "pip install pytest" in caught.value.fix


def test_a_run_is_cancelled_by_its_id():
    """From another thread, as another process would; its processes are gone."""
    ended = []

    def run():
        try:
            api.sh(["sleep", "71.5"])
        except Cancelled as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until = time.monotonic() + SECONDS
    while not (found := [run for run in api.runs(3) if run.title == "sleep 71.5" and _child(run)]):
        assert time.monotonic() < until
        time.sleep(0.02)
    api.cancel(found[0].run_id)
    thread.join(SECONDS)
    assert len(ended) == 1
    assert api.store().get(found[0].run_id).verdict == "cancelled"
    with pytest.raises(UsageError, match="does not run"):
        api.cancel(found[0].run_id)


def test_what_fills_the_disk_is_cancelled_all_the_same(monkeypatch, caplog):
    """That somebody asked cannot be written down; the processes end."""
    ended = []

    def run():
        try:
            api.sh(["sleep", "72.5"])
        except (Cancelled, PhaseError) as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until = time.monotonic() + SECONDS
    while not (found := [run for run in api.runs(3) if run.title == "sleep 72.5" and _child(run)]):
        assert time.monotonic() < until
        time.sleep(0.02)

    def full(self, *args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "touch", full)
        api.cancel(found[0].run_id)
    thread.join(SECONDS)
    assert len(ended) == 1
    assert "No space left" in caplog.text


def test_a_kernel_somewhere_else_is_interrupted_by_who_can(monkeypatch):
    """A shared home: its run is here on record, its processes are not."""
    owner = Owner(pid=1, start_time=1, host="somewhere-else")
    meta = Meta(run_id=new_id(), verb="cell", title="t", started=0, cage="none", owner=owner, kernel="k")
    api.store().create(meta).close()
    asked = []
    api.cancel(meta.run_id, lambda kernel: bool(asked.append(kernel)) or True)
    assert asked == ["k"]
    with pytest.raises(UsageError, match="runs on somewhere-else"):
        api.cancel(meta.run_id)


def _child(run):
    meta = api.store().meta(run.run_id)
    return meta is not None and meta.child


def test_a_caller_can_stop_its_own_run():
    """By the `Cancel` it gave."""
    cancel = Cancel()
    threading.Timer(0.2, cancel.set).start()
    with pytest.raises(Cancelled):
        api.sh("sleep 30", caller=api.Caller(cancel=cancel))
    cancel.close()


def test_settings_are_read_with_their_sources(workdir):
    """The workspace's own, and what it may not say."""
    (workdir / "autoexec.toml").write_text('timeout = 0.2\nindex-url = "http://127.0.0.1:9/simple"\n')
    loaded = api.config()
    assert loaded.config.timeout == 0.2
    assert loaded.config.index_url == ""
    with pytest.raises(RunTimeout):
        api.sh("sleep 30")


def test_modules_are_classified_without_the_network():
    """The index is not asked unless `online` is."""
    found = {item.module: item for item in api.resolve("json", "pytest", "np", "yaml_of_nobody")}
    assert found["json"].cls == "stdlib"
    assert found["pytest"].cls == "installed"
    assert found["np"].cls == "alias"
    assert (found["yaml_of_nobody"].decision, found["yaml_of_nobody"].proved) == ("ask", None)


def test_a_script_is_caged_unless_the_line_or_the_person_says_otherwise(workdir, monkeypatch):
    """A project does not say so."""
    (workdir / "autoexec.toml").write_text('cage = "open"')
    try:
        assert cage_of("1") == "workspace"
    except CageError as error:
        requires(False, error.why, error.fix)
    assert cage_of("1", level="open") == "open"
    monkeypatch.setenv("AUTOEXEC_CAGE", "open")
    assert cage_of("1") == "open"
    monkeypatch.setenv("AUTOEXEC_CAGE", "cosy")
    with pytest.raises(UsageError, match="cosy"):
        api.script("1")


def cage_of(source: str, **options: object) -> str:
    """Run a script and return the cage it was in."""
    api.script(source, **options)
    return api.runs(1)[0].cage
