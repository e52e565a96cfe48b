"""A question is answered through the store: once, by an open question's own answers, and nowhere else."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from autoexec_magic import asking
from autoexec_magic.errors import UsageError
from autoexec_magic.events import Answered, Asked, Output
from autoexec_magic.history import Meta, Owner, Recorder, Store, host, new_id
from autoexec_magic.values import Choice, Question

KERNEL = "0c4e1d3a-7b60-4f0f-9f52-1f6f0d2b9a11"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return an empty store whose owners live."""
    return Store(tmp_path / "data", lambda pid, start: True)


@pytest.fixture
def recorder(store: Store):
    """Yield the recorder of a run."""
    owner = Owner(pid=os.getpid(), start_time=0, host=host())
    meta = Meta(run_id=new_id(), verb="sh", title="t", started=0, cage="open", owner=owner)
    recorder = store.create(meta)
    yield recorder
    recorder.close()


def ask(recorder: Recorder, place: str = "panel") -> str:
    """Put a question on record and return its id."""
    question = new_id()
    recorder.emit(Asked(question=question, text="run it ?", place=place))
    return question


def test_an_answer_reaches_the_one_who_waits(store: Store, recorder: Recorder):
    """Nothing before, the words afterwards; nobody else may read them."""
    question = ask(recorder)
    assert asking.answer_to(store, recorder.run_id, question) is None
    asking.answer(store, recorder.run_id, question, "yes")
    assert asking.answer_to(store, recorder.run_id, question) == "yes"
    (path,) = (recorder.folder).glob("answer-*")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_first_answer_counts(store: Store, recorder: Recorder):
    """Two windows show the same card: the second click is told so, and changes nothing."""
    question = ask(recorder)
    asking.answer(store, recorder.run_id, question, "no")
    with pytest.raises(UsageError, match="has its answer already"):
        asking.answer(store, recorder.run_id, question, "yes")
    assert asking.answer_to(store, recorder.run_id, question) == "no"
    assert [path.name for path in recorder.folder.iterdir() if path.name.startswith("answer")] == [
        f"answer-{question}"
    ]


def test_of_many_answers_at_once_one_counts(store: Store, recorder: Recorder):
    """Whoever waits never reads half an answer, nor another one later."""
    question = ask(recorder)
    given: list[str] = []

    def give(words: str) -> None:
        try:
            asking.answer(store, recorder.run_id, question, words)
        except UsageError:
            return
        given.append(words)

    threads = [threading.Thread(target=give, args=(words,)) for words in ("yes", "no") * 10]
    for thread in threads:
        thread.start()
    seen = set()
    while any(thread.is_alive() for thread in threads):
        seen.add(asking.answer_to(store, recorder.run_id, question))
    assert len(given) == 1
    assert seen - {None} <= set(given)


@pytest.mark.parametrize("words", ["", "maybe", "YES", "yes\n", "y", "../yes"])
def test_only_what_is_offered_is_an_answer(store: Store, recorder: Recorder, words: str):
    """Anything else is refused and nothing is written."""
    question = ask(recorder)
    with pytest.raises(UsageError, match="no answer"):
        asking.answer(store, recorder.run_id, question, words)
    assert asking.answer_to(store, recorder.run_id, question) is None


def test_what_is_asked_at_the_prompt_is_not_answered_here(store: Store, recorder: Recorder):
    """The kernel does not look there: the click would vanish."""
    question = ask(recorder, place="prompt")
    with pytest.raises(UsageError, match="does not wait"):
        asking.answer(store, recorder.run_id, question, "yes")


def test_an_answered_question_is_closed(store: Store, recorder: Recorder):
    """A late click on an old card does nothing."""
    question = ask(recorder)
    recorder.emit(Answered(question=question, answer="none", by="nobody"))
    with pytest.raises(UsageError, match="does not wait"):
        asking.answer(store, recorder.run_id, question, "yes")


def test_only_the_last_question_is_open(store: Store, recorder: Recorder):
    """Two questions of a run are two: the answer to one is none to the other."""
    first = ask(recorder)
    recorder.emit(Answered(question=first, answer="yes", by="person"))
    recorder.emit(Output(phase="run", stream="stdout", text='"Asked"'))
    second = ask(recorder)
    for wrong in (first, new_id(), "", "../../x", second + "/"):
        with pytest.raises(UsageError):
            asking.answer(store, recorder.run_id, wrong, "yes")
    asking.answer(store, recorder.run_id, second, "yes")


@pytest.mark.parametrize(
    "question", ["../meta.json", "", "answer", new_id() + "/../x", new_id().upper() + "\n"]
)
def test_a_question_is_named_by_an_id_only(store: Store, recorder: Recorder, question: str):
    """No name of a file gets through."""
    with pytest.raises(UsageError):
        asking.answer_to(store, recorder.run_id, question)


def test_the_panel_is_in_sight_for_a_while(store: Store):
    """It says so again and again; when it stops, the prompt is used."""
    assert not asking.is_watched(store, KERNEL)
    asking.note_panel(store, KERNEL)
    assert asking.is_watched(store, KERNEL)
    assert not asking.is_watched(store, KERNEL[:-1] + "2")
    past = time.time() - asking.WATCHED_SECONDS - 1
    os.utime(store.folder.parent / "panels" / KERNEL, (past, past))
    assert not asking.is_watched(store, KERNEL)
    future = time.time() + 3600
    os.utime(store.folder.parent / "panels" / KERNEL, (future, future))
    assert not asking.is_watched(store, KERNEL)


@pytest.mark.parametrize("kernel", ["", ".", "..", "../x", "a/b", "-x", "x" * 65, "a\0b", "é"])
def test_a_kernel_is_named_by_an_id_only(store: Store, kernel: str):
    """No other name makes a file."""
    asking.note_panel(store, kernel)
    assert not asking.is_watched(store, kernel)
    assert not (store.folder.parent / "panels").exists()


def test_the_panels_folder_is_private(store: Store):
    """Which notebooks somebody looks at is nobody's business."""
    asking.note_panel(store, KERNEL)
    for folder in (store.folder.parent, store.folder.parent / "panels"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_old_notes_are_removed(store: Store):
    """One file a kernel, for ever, would be many."""
    asking.note_panel(store, KERNEL)
    past = time.time() - asking.FORGOTTEN_SECONDS - 1
    os.utime(store.folder.parent / "panels" / KERNEL, (past, past))
    asking.note_panel(store, "another")
    assert os.listdir(store.folder.parent / "panels") == ["another"]


def test_half_an_answer_is_none(store: Store, recorder: Recorder):
    """Whoever waits looks while it is being written."""
    question = ask(recorder)
    (recorder.folder / f"answer-{question}").write_text("ye")
    assert asking.answer_to(store, recorder.run_id, question) is None


def test_a_full_disk_leaves_room_for_another_click(store: Store, recorder: Recorder, monkeypatch):
    """What could not be written is taken away again, and said."""
    question = ask(recorder)

    def full(descriptor: int, mode: str) -> object:
        os.close(descriptor)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", full)
        with pytest.raises(UsageError, match="cannot be written"):
            asking.answer(store, recorder.run_id, question, "yes")
    asking.answer(store, recorder.run_id, question, "yes")
    assert asking.answer_to(store, recorder.run_id, question) == "yes"


def test_that_a_run_waits_is_seen_without_its_log(store: Store, recorder: Recorder):
    """The mark is there exactly while it waits, also when the wait is interrupted."""
    assert not asking.is_waiting(store, recorder.run_id)

    def wait() -> None:
        with asking.waiting(store, recorder.run_id):
            assert asking.is_waiting(store, recorder.run_id)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait()
    assert not asking.is_waiting(store, recorder.run_id)


def test_one_of_several_is_answered_by_its_word(store: Store, recorder: Recorder):
    """However long a project's name is; one that cannot be chosen, and a yes, are no answers."""
    long = "a" * 200
    choices = (Choice(answer=long, label=long), Choice(answer="other", label="other", why_not="no wheel"))
    asked = Question(text="install which ?", choices=choices)
    question = new_id()
    recorder.emit(
        Asked(question=question, text=asked.text, answers=asked.answers, choices=choices, place="panel")
    )
    assert asking.open_question(store, recorder.run_id).choices == choices
    for words in ("other", "yes", "always", long[:-1], "1"):
        with pytest.raises(UsageError, match="is no answer"):
            asking.answer(store, recorder.run_id, question, words)
    asking.answer(store, recorder.run_id, question, long)
    assert asking.answer_to(store, recorder.run_id, question) == long
