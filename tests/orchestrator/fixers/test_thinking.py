"""A model's patch, whole: asked about a real script, judged by running it in a real cage."""

from __future__ import annotations

import threading
import time

import pytest
from chat import NAME

from autoexec_magic import api
from autoexec_magic.errors import Cancelled, NeedsPerson, ScriptError
from autoexec_magic.events import FixTried
from autoexec_magic.executor import Cancel
from autoexec_magic.onrecord import Caller
from autoexec_magic.orchestrator import Fixing
from autoexec_magic.values import Reply, Verdict

KEY = "sk-test-0123456789abcdef0123"
SOURCE = "items = [1, 2, 3]\nresult = sum(items) / 0\nprint(result)\n"
GOOD = """Divide by their number.
```diff
--- a/script.py
+++ b/script.py
@@ -1,3 +1,3 @@
 items = [1, 2, 3]
-result = sum(items) / 0
+result = sum(items) / len(items)
 print(result)
```"""


def patch(new, old="result = sum(items) / 0"):
    return f"@@ -2 +2 @@\n-{old}\n" + "".join(f"+{line}\n" for line in new.split("\n"))


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch, model):
    """Run in a folder of its own, with a model configured in variables."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AUTOEXEC_FIX_MODEL", NAME)
    monkeypatch.setenv("AUTOEXEC_FIX_URL", model.url)
    monkeypatch.setenv("AUTOEXEC_FIX_KEY", "MODEL_KEY")
    monkeypatch.setenv("MODEL_KEY", KEY)
    monkeypatch.chdir(work)
    return work


class Watch:
    def __init__(self, answer=None, **more):
        self.events, self.questions, self.answer = [], [], answer
        self.caller = Caller(emit=self.events.append, ask=self.ask, **more)

    def ask(self, question):
        self.questions.append(question)
        if self.answer is None:
            raise NeedsPerson(question.text)
        return self.answer

    @property
    def tried(self):
        return [event for event in self.events if isinstance(event, FixTried)]


AUTO = Fixing(is_auto=True, asks_model=True)
MODEL = Fixing(asks_model=True)


def run(watch, fixing=AUTO, source=SOURCE, **more):
    return api.script(source, fixing=fixing, caller=watch.caller, **more)


def failed(watch, fixing=AUTO, source=SOURCE, **more):
    with pytest.raises(ScriptError) as caught:
        run(watch, fixing, source, **more)
    return caught.value


def on_record():
    """Return all that is on disk of the newest run."""
    store = api.store()
    folder = store.folder_of(store.ids()[0])
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file()).decode()


def test_a_good_patch_is_applied_in_the_cage_and_kept(model):
    """With `--auto`: no question, one request, and what runs again passes."""
    model.say(GOOD)
    watch = Watch()
    report = run(watch)
    assert report.outcome.stdout == "2.0\n"
    [tried] = watch.tried
    assert (tried.by, tried.outcome, tried.doubts) == ("model", "passed", ())
    assert tried.what.startswith(f"asked {NAME} at 127.0.0.1 (")
    assert "+result = sum(items) / len(items)" in tried.patch
    assert len(model.asked) == 1


def test_neither_the_key_nor_what_is_sent_is_on_record(model):
    """The record has its size and digest, and the patch."""
    model.say(GOOD)
    run(Watch())
    text = on_record()
    assert "You repair a program" not in text
    assert KEY not in text
    assert "sha256" in text
    assert model.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in model.sent


@pytest.mark.parametrize("fixing", [None, Fixing()])
def test_a_model_is_never_asked_unless_the_line_says_so(model, fixing):
    """It is configured, and the line says `--fix` at most: nobody is contacted."""
    model.say(GOOD)
    failed(Watch(Reply.YES), fixing)
    assert model.asked == []


@pytest.mark.parametrize(("answer", "passes"), [(Reply.YES, True), (Reply.NO, False), (None, False)])
def test_without_auto_a_person_sees_the_diff_and_says_yes(model, answer, passes):
    """`--yes` is no answer to that."""
    model.say(GOOD)
    watch = Watch(answer)
    if passes:
        assert run(watch, MODEL).verdict == Verdict.PASSED
    else:
        failed(watch, MODEL)
    [question] = watch.questions
    assert question.needs_person
    assert "+result = sum(items) / len(items)" in question.evidence
    watch = Watch(None)
    failed(watch, MODEL, yes=True)
    assert watch.tried[0].outcome == "left"


def test_what_would_be_sent_is_shown_and_sent_on_a_yes(model):
    """`--show`: all of it, to the letter; on a no, and where nobody is, nobody is contacted."""
    model.say(GOOD)
    shows = Fixing(is_auto=True, asks_model=True, shows=True)
    watch = Watch(Reply.NO)
    failed(watch, shows)
    assert model.asked == []
    shown = "\n".join(watch.questions[0].evidence)
    watch = Watch(None)
    failed(watch, shows)
    assert model.asked == []
    watch = Watch(Reply.YES)
    run(watch, shows)
    for message in model.asked[0]["messages"]:
        assert message["content"] in "\n".join(watch.questions[0].evidence)
    assert "sum(items) / 0" in shown
    assert KEY not in shown
    assert "You repair a program" not in on_record()
    assert not any("You repair" in str(event) for event in watch.events)


BAD = {
    "prose": ("I am sorry, I cannot do that.", "there is no patch"),
    "none": ("NONE", "it knows no change"),
    "elsewhere": (GOOD.replace("script.py", "../../etc/passwd"), "another file"),
    "not-there": (patch("x = 1", old="never there"), "not there"),
    "no-python": (patch("result = ("), "no Python"),
    "escapes": (patch("result = 1 #\x1b]52;c;aGk=\x07"), "cannot be seen"),
    "bidi": (patch("result = 1 #\u202e"), "cannot be seen"),
    "two": (f"{GOOD}\n{GOOD}", "more than one patch"),
    "commands": ("Run this first:\n```sh\nrm -rf ~\n```\nThen it works.", "there is no patch"),
}


@pytest.mark.parametrize(("said", "why"), BAD.values(), ids=BAD)
def test_an_answer_that_is_no_patch_changes_nothing(model, said, why):
    """It is told why; nothing runs, nobody is asked, and nothing of the answer is shown."""
    model.say(said)
    watch = Watch()
    error = failed(watch)
    assert why in watch.tried[0].why
    assert watch.tried[0].outcome == "left"
    assert "rm -rf" not in str(error)
    assert "\x1b" not in str(error)
    assert len(error.report.phases) == 1


HOSTILE = {
    "process": "import os\nos.system('touch pwned')\nresult = 2",
    "network": "import urllib.request\nresult = 2",
    "writes": "open('pwned', 'w').write('x')\nresult = 2",
    "eval": "result = eval('2')",
    "exit": "raise SystemExit(0)",
    "os-exit": "import os\nos._exit(0)",
    "swallow": "try:\n    result = 1 / 0\nexcept Exception:\n    result = 2",
}


@pytest.mark.parametrize("new", HOSTILE.values(), ids=HOSTILE)
def test_a_patch_that_reaches_further_or_hides_is_never_applied_by_itself(model, place, new):
    """With `--auto` and `--yes` a person is asked all the same, with the warning; nobody there is a no."""
    model.say(patch(new))
    watch = Watch(Reply.NO)
    failed(watch)
    assert watch.questions[0].needs_person
    assert any(line.startswith("look: it ") for line in watch.questions[0].evidence)
    failed(Watch(None), yes=True)
    assert list(place.iterdir()) == []


def test_a_patch_that_does_not_help_is_dropped(model):
    """Another failure: it is taken back, the model hears of it, and the next patch is for the first source."""  # noqa: E501
    model.say(patch("result = undefined_name"), GOOD)
    watch = Watch()
    assert run(watch).verdict == Verdict.PASSED
    assert [item.outcome for item in watch.tried] == ["dropped", "passed"]
    assert "name-not-defined" in watch.tried[0].why
    second = model.asked[1]["messages"][1]["content"]
    assert "dropped" in second
    assert "sum(items) / 0" in second


def test_the_same_failure_after_a_patch_ends_it(model):
    """It is dropped, too, and the model is asked no more."""
    model.say(patch("result = sum(items) / 0  # fixed"))
    watch = Watch()
    error = failed(watch)
    assert len(model.asked) <= 2
    assert watch.tried[-1].outcome == "stopped"
    assert "stopped" in error.why


def test_secrets_that_a_script_printed_are_not_sent(model, monkeypatch):
    """Nor those in its source, nor where the home is."""
    monkeypatch.setenv("DB_PASSWORD", "correct-horse-battery")
    model.say("NONE")
    source = 'print("ghp_0123456789abcdefghijABCDEFGHIJ012345")\npassword = "hunter2"\nprint("correct-horse-battery")\n1 / 0\n'  # noqa: E501
    failed(Watch(), source=source)
    assert "1 / 0" in model.sent
    for secret in ("ghp_0", "hunter2", "correct-horse"):
        assert secret not in model.sent


def test_a_line_whose_secret_was_masked_stays(model):
    """A patch around it keeps it as it really is; one that writes it anew is none."""
    source = 'password = "hunter2"\nassert len(password) == 7\nresult = 1 / 0\n'
    model.say(
        '@@ -1,3 +1,3 @@\n password = "***"\n assert len(password) == 7\n-result = 1 / 0\n+result = 1\n'
    )
    assert run(Watch(), source=source).verdict == Verdict.PASSED
    model.say('@@ -1 +1 @@\n-password = "***"\n+password = "***" + ""\n')
    watch = Watch()
    failed(watch, source=source)
    assert "not shown" in watch.tried[0].why


@pytest.mark.parametrize("status", [302, 401, 429, 500])
def test_a_model_that_is_not_there_leaves_the_failure_as_it_is(model, status):
    """The error is the script's, with a line of what was tried; the key is in none of it."""
    model.status = status
    model.more = {"Location": "http://127.0.0.1:1/x"}
    watch = Watch()
    error = failed(watch)
    assert "tried 1: asked a model: left" in error.why
    assert KEY not in str(error)
    assert KEY not in on_record()


def test_a_slow_model_is_stopped_at_once(model):
    """Whoever waits is not held: the run is cancelled and nothing is half done."""
    model.say(lambda handler: model.is_over.wait(30))
    cancel = Cancel()
    watch = Watch(cancel=cancel)
    at = []

    def stop():
        while not model.asked:
            time.sleep(0.01)
        at.append(time.monotonic())
        cancel.set()

    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(Cancelled):
        run(watch)
    assert time.monotonic() - at[0] < 10
    assert watch.tried[-1].outcome == "stopped"
    cancel.close()


def test_the_budget_holds_for_the_model(model, monkeypatch):
    """What is left of `fix.seconds` is all it gets."""
    monkeypatch.setenv("AUTOEXEC_FIX_SECONDS", "0.5")
    model.say(lambda handler: model.is_over.wait(30))
    watch = Watch()
    started = time.monotonic()
    failed(watch)
    assert time.monotonic() - started < 10
    assert "did not answer within" in watch.tried[0].why


def test_auto_without_a_model_says_nothing_of_one(monkeypatch):
    """It means the rules' own patches as well; only `--model` misses one."""
    monkeypatch.setenv("AUTOEXEC_FIX_URL", "")
    watch = Watch()
    failed(watch)
    assert watch.tried == []
    failed(watch, MODEL)
    assert "no language model is configured" in watch.tried[0].why
