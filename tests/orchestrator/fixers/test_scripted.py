"""`script --fix`, whole: a real script in a real cage, on the record."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from autoexec_magic import api, diagnosis
from autoexec_magic.errors import Cancelled, NeedsPerson, RunTimeout, ScriptError
from autoexec_magic.events import Asked, FixTried, Output, PhaseStarted, RunFinished, RunStarted
from autoexec_magic.executor import Cancel
from autoexec_magic.executor.cage import Limits
from autoexec_magic.onrecord import Caller
from autoexec_magic.orchestrator import Fixing
from autoexec_magic.values import Action, Frame, Reply, Verdict

TYPO = "x = 1\npritn(x)\n"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Run in a folder of its own, with a data folder elsewhere."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def offer(monkeypatch):
    """Return a function that lets a code of a diagnosis offer an action, as its table will."""
    real = diagnosis.diagnose_outcome
    offers = {}

    def diagnose(outcome, **more):
        found = real(outcome, **more)
        if found is None or found.code not in offers:
            return found
        line = found.where.rpartition(":")[2]
        frame = Frame(file="script.py", line=int(line) if line.isdigit() else 0)
        return replace(found, action=offers[found.code], frame=frame)

    monkeypatch.setattr(diagnosis, "diagnose_outcome", diagnose)
    return lambda code, kind, *values: offers.update({code: Action(kind=kind, values=values)})


class Watch:
    """A caller that keeps the events and answers questions as it is told."""

    def __init__(self, answer=None, **more):
        self.events, self.questions, self.answer = [], [], answer
        self.caller = Caller(emit=self.events.append, ask=self.ask, **more)

    def ask(self, question):
        self.questions.append(question)
        if self.answer is None:
            raise NeedsPerson(question.text)
        return self.answer

    def all(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def tried(self):
        return self.all(FixTried)


def test_a_typo_is_mended_and_only_the_script_runs_again(offer):
    """One run on the record: it failed, it was fixed, it passed; the source of a cell is not touched."""
    offer("name-not-defined", "replace", "pritn", "print")
    watch = Watch()
    report = api.script(TYPO, fixing=Fixing(is_auto=True), caller=watch.caller)
    assert report.verdict == Verdict.PASSED
    assert report.outcome.stdout == "1\n"
    [tried] = watch.tried
    assert (tried.number, tried.by, tried.outcome) == (1, "replace", "passed")
    assert report.tried == (tried,)
    assert [phase.verdict for phase in report.phases] == [Verdict.FAILED, Verdict.PASSED]
    assert len(watch.all(RunStarted)) == len(watch.all(RunFinished)) == 1
    assert len(watch.all(PhaseStarted)) == 2
    run, recorded = api.show(report.run_id)
    assert run.verdict == "passed"
    assert [item.event for item in recorded if isinstance(item.event, FixTried)] == [tried]


def test_without_fix_nothing_is_carried_out(offer):
    """A diagnosis only says what could be done."""
    offer("name-not-defined", "replace", "pritn", "print")
    watch = Watch()
    with pytest.raises(ScriptError):
        api.script(TYPO, caller=watch.caller)
    assert watch.tried == []


@pytest.mark.parametrize(("answer", "passes"), [(Reply.YES, True), (Reply.NO, False), (None, False)])
def test_with_fix_alone_a_patch_is_asked_about(offer, answer, passes):
    """The diff is the evidence; a no, or nobody, leaves it as it was and says so."""
    offer("name-not-defined", "replace", "pritn", "print")
    watch = Watch(answer)
    if passes:
        assert api.script(TYPO, fixing=Fixing(), caller=watch.caller).verdict == Verdict.PASSED
    else:
        with pytest.raises(ScriptError) as caught:
            api.script(TYPO, fixing=Fixing(), caller=watch.caller)
        assert "tried 1" in caught.value.why
        if answer is None:  # the question is told; the lines of its diff are no sentence
            assert "run script.py with this change? nobody was here to say yes" in caught.value.why
            assert "+++" not in caught.value.why
    [question] = watch.questions
    assert question.text == "run script.py with this change?"
    assert question.evidence[:2] == ("--- a/script.py", "+++ b/script.py")
    assert "-pritn(x)" in question.evidence
    assert "+print(x)" in question.evidence
    assert len(watch.all(Asked)) == 1


def test_outside_a_cage_auto_asks(offer):
    """`--auto` applies a patch only where what runs is in a cage."""
    offer("name-not-defined", "replace", "pritn", "print")
    watch = Watch(Reply.NO)
    with pytest.raises(ScriptError):
        api.script(TYPO, level="open", fixing=Fixing(is_auto=True), caller=watch.caller)
    assert len(watch.questions) == 1


def test_outside_a_cage_yes_is_no_answer_either(offer):
    """What runs on this machine as it is, a person has seen."""
    offer("name-not-defined", "replace", "pritn", "print")
    watch = Watch(None)
    with pytest.raises(ScriptError):
        api.script(TYPO, level="open", yes=True, fixing=Fixing(), caller=watch.caller)
    assert len(watch.questions) == 1
    assert api.script(TYPO, yes=True, fixing=Fixing(), caller=watch.caller).verdict == Verdict.PASSED


def test_a_time_limit_is_raised(offer):
    """The new limit holds for what runs again, and the run passes within it."""
    offer("timeout", "limit", "--timeout", "60")
    watch = Watch()
    source = "import time\ntime.sleep(1.0)\nprint('done')\n"
    report = api.script(source, timeout=0.4, fixing=Fixing(), caller=watch.caller)
    assert report.verdict == Verdict.PASSED
    [tried] = watch.tried
    assert tried.what == "raised --timeout from 0.4 to 1.6"


def test_a_limit_that_was_raised_in_vain_ends_it(offer):
    """The same failure again: what was tried stands in the error, in the evidence and on the record."""
    offer("timeout", "limit", "--timeout", "60")
    watch = Watch()
    with pytest.raises(RunTimeout) as caught:
        api.script("import time\ntime.sleep(60)\n", timeout=0.2, fixing=Fixing(), caller=watch.caller)
    assert "tried 1: raised --timeout from 0.2 to 0.8: same" in caught.value.why
    assert "stopped: the same failure came back" in caught.value.why
    report = caught.value.report
    assert report.diagnosis.evidence[-1] == "stopped: the same failure came back"
    assert watch.all(RunFinished)[0].why.count("stopped:") == 1
    assert [item.outcome for item in report.tried] == ["same", "stopped"]


def test_a_missing_module_goes_to_the_installer(offer, monkeypatch):
    """By its proof and no other way: what it does not know is not installed, and said so."""
    offer("module-invented", "install", "frobnicore_nobody_has")
    monkeypatch.setenv("AUTOEXEC_INDEX_URL", "http://127.0.0.1:9/simple")
    source = "import importlib\nimportlib.import_module('frobnicore_nobody_has')\n"
    watch = Watch()
    with pytest.raises(ScriptError) as caught:
        api.script(source, fixing=Fixing(), caller=watch.caller)
    assert [item.outcome for item in watch.tried] == ["left", "stopped"]
    assert watch.tried[0].what == "install frobnicore_nobody_has"
    assert caught.value.report.phases[-1].phase == "run"
    assert caught.value.verdict == "failed"


def test_no_install_takes_the_installer_away(offer):
    """`--no-install` holds for what a diagnosis offers, too."""
    offer("module-invented", "install", "frobnicore_nobody_has")
    source = "import importlib\nimportlib.import_module('frobnicore_nobody_has')\n"
    watch = Watch()
    with pytest.raises(ScriptError):
        api.script(source, heal=False, fixing=Fixing(installs=False), caller=watch.caller)
    assert "nothing is installed here" in watch.tried[0].why


def test_another_folder_is_run_in(offer, place):
    """Of the workspace; the script finds what it looks for."""
    (place / "pyproject.toml").write_text("[project]\nname = 'a'\n")
    (place / "data").mkdir()
    (place / "data" / "in.txt").write_text("found")
    offer("file-not-found", "folder", "data")
    report = api.script("print(open('in.txt').read())\n", fixing=Fixing(), caller=Watch().caller)
    assert report.outcome.stdout == "found\n"


def test_yes_does_not_open_a_cage(offer, tmp_path):
    """A door is a person's, whatever options the line has; a person's yes opens it for this run alone."""
    place = tmp_path / "outside"
    place.mkdir()
    offer("cage-denied", "allow", "--write", str(place))
    offer("permission-denied", "allow", "--write", str(place))
    source = f"open({str(place / 'x')!r}, 'w').write('1')\n"
    watch = Watch(None)
    with pytest.raises(ScriptError):
        api.script(source, yes=True, fixing=Fixing(is_auto=True), caller=watch.caller)
    assert not (place / "x").exists()


def test_a_script_file_is_written_on_a_yes_only(offer, place):
    """As it passed, with what it was beside it; `--yes` and `--auto` are no yes to that."""
    offer("name-not-defined", "replace", "pritn", "print")
    path = place / "a.py"
    content = TYPO.replace("\n", "\r\n").encode()
    path.write_bytes(content)
    fixing = Fixing(is_auto=True, file=str(path), content=content)
    watch = Watch(None)
    assert api.script(TYPO, yes=True, fixing=fixing, caller=watch.caller).verdict == Verdict.PASSED
    assert path.read_bytes() == content
    assert "a.py is as it was" in "".join(event.text for event in watch.all(Output))
    watch = Watch(Reply.NO)
    api.script(TYPO, fixing=fixing, caller=watch.caller)
    assert path.read_bytes() == content
    watch = Watch(Reply.YES)
    api.script(TYPO, fixing=fixing, caller=watch.caller)
    assert [question.needs_person for question in watch.questions] == [True]
    assert path.read_bytes() == content.replace(b"pritn", b"print")
    assert (place / "a.py.before").read_bytes() == content


def test_a_file_of_the_workspace_is_patched_as_a_copy(place):
    """What runs again is the patched text, under its name; it imports as the file does, which stays."""
    (place / "part").mkdir()
    (place / "part" / "beside.py").write_text("size = 2\n")
    (place / "beside.py").write_text("size = 3\n")
    (place / "above.py").write_text("more = 5\n")
    path = place / "part" / "a.py"
    source = "import above, beside\ntotal = beside.size + above.more\nprint(totl)\n"
    path.write_text(source)
    watch = Watch(Reply.YES)
    report = api.script(files=[path], fixing=Fixing(), caller=watch.caller)
    assert (report.verdict, report.outcome.stdout) == (Verdict.PASSED, "7\n")
    assert watch.questions[0].text == "run part/a.py with this change?"
    assert path.read_text() == source


def test_a_file_is_not_written_when_it_fails_all_the_same(offer, place):
    """What did not pass is nothing to be kept."""
    offer("name-not-defined", "replace", "pritn", "print")
    path = place / "a.py"
    source = TYPO + "1 / 0\n"
    path.write_text(source)
    watch = Watch(Reply.YES)
    with pytest.raises(ScriptError):
        api.script(
            source, fixing=Fixing(is_auto=True, file=str(path), content=source.encode()), caller=watch.caller
        )
    assert path.read_text() == source
    assert watch.questions == []


def test_whoever_stops_it_stops_it_all(offer):
    """While it runs again: the run is cancelled, and there is no further round."""
    offer("name-not-defined", "replace", "pritn", "print")
    cancel = Cancel()
    source = "pritn(1)\nimport time\ntime.sleep(60)\n"
    watch = Watch(cancel=cancel)
    threading.Timer(1.5, cancel.set).start()
    with pytest.raises(Cancelled):
        api.script(source, fixing=Fixing(is_auto=True), caller=watch.caller)
    assert watch.tried[-1].outcome == "stopped"
    cancel.close()


def test_the_settings_bound_it(offer, monkeypatch):
    """`fix.rounds` is how often; 0 is not at all."""
    offer("name-not-defined", "replace", "pritn", "print")
    monkeypatch.setenv("AUTOEXEC_FIX_ROUNDS", "0")
    watch = Watch()
    with pytest.raises(ScriptError):
        api.script(TYPO, fixing=Fixing(is_auto=True), caller=watch.caller)
    assert watch.tried == []
    monkeypatch.setenv("AUTOEXEC_FIX_ROUNDS", "3")
    monkeypatch.setenv("AUTOEXEC_FIX_SECONDS", "0")
    with pytest.raises(ScriptError):
        api.script(TYPO, fixing=Fixing(is_auto=True), caller=watch.caller)
    assert watch.tried == []


@pytest.mark.parametrize("first_line", [1, 3])
def test_what_the_tables_offer_for_a_typo_is_carried_out(first_line):
    """Nothing is offered by hand here; the lines of a cell are not those of its script."""
    watch = Watch()
    report = api.script(
        "total = 1\nprint(totl)\n", first_line=first_line, fixing=Fixing(is_auto=True), caller=watch.caller
    )
    assert report.outcome.stdout == "1\n"
    assert [tried.by for tried in watch.tried] == ["replace"]


def test_what_the_tables_offer_for_a_file_in_another_folder_is_carried_out(place):
    """The script lies where it lies, and runs where its data is."""
    (place / "data").mkdir()
    (place / "data" / "prices.csv").write_text("1\n")
    (place / "read.py").write_text("print(open('prices.csv').read())")
    watch = Watch()
    report = api.script(files=["read.py"], fixing=Fixing(), caller=watch.caller)
    assert report.outcome.stdout == "1\n\n"
    assert [tried.by for tried in watch.tried] == ["folder"]


def test_what_the_tables_offer_for_a_time_limit_is_carried_out():
    """It is raised, and the script runs again from its beginning."""
    watch = Watch()
    report = api.script("import time; time.sleep(1.2)", timeout=0.8, fixing=Fixing(), caller=watch.caller)
    assert report.verdict == Verdict.PASSED
    assert [tried.by for tried in watch.tried] == ["limit"]


def test_a_patched_file_runs_patched_and_stays_as_it_was(place):
    """What runs is the change; the file is a person's to write."""
    (place / "a.py").write_text("total = 1\nprint(totl, __file__)\n")
    watch = Watch(answer=Reply.YES)
    fixing = Fixing(file=str(place / "a.py"), content=(place / "a.py").read_bytes())
    report = api.script(files=["a.py"], fixing=fixing, caller=watch.caller)
    assert report.outcome.stdout.startswith("1 ")
    assert "totl" not in (place / "a.py").read_text()
    assert "totl" in (place / "a.py.before").read_text()


@pytest.mark.parametrize(
    ("limits", "source", "option"),
    [
        (Limits(memory_bytes=200 * 2**20), "print(len(bytearray(300 * 2**20)))", "--memory"),
        (Limits(file_bytes=2**20), "open('o', 'wb').write(bytes(3 * 2**19))", "--file-size"),
    ],
)
def test_a_limit_of_the_line_is_raised(limits, source, option):
    """It comes before a setting, in what runs again, too."""
    watch = Watch()
    report = api.script(source, limits=limits, fixing=Fixing(), caller=watch.caller)
    assert report.verdict == Verdict.PASSED
    assert [tried.what.startswith(f"raised {option} from ") for tried in watch.tried] == [True]
