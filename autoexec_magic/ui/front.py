"""Which front end a kernel talks to: can it ask, can it show widgets, which notebook is it.

Nobody tells a kernel this. A front end with a person says so with each
request (`allow_stdin`); nbclient, nbconvert and papermill do not.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import Any

from .. import api, asking, executor
from ..choosing import chosen, standing, unanswered
from ..errors import NeedsPerson
from ..values import Choice, Place, Question, Reply
from .limit import TimeLimit

ANSWER_SECONDS = 600.0
RECORD_SECONDS = 2.0  # a cell's record is written by another thread
_KERNEL_FILE = re.compile(r"kernel-(?P<id>[0-9a-zA-Z-]+)\.json")


def has_person(shell: Any) -> bool:
    """Whether somebody can answer a question right now."""
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stdin is not None and sys.stdin.isatty()


def has_widgets(shell: Any) -> bool:
    """Whether a live widget would be seen.

    A terminal that talks to a kernel (`jupyter console`) has a person, too, but
    draws no widget and knows no updates; the notebook front ends are known by
    the notebook they name.
    """
    is_notebook = bool(notebook_of(shell)) or "COLAB_RELEASE_TAG" in os.environ
    return (
        getattr(shell, "kernel", None) is not None
        and is_notebook
        and has_person(shell)
        and importlib.util.find_spec("ipywidgets") is not None
    )


def notebook_of(shell: Any) -> str:
    """Return the notebook's path as the front end names it, or ""."""
    given = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get("__vsc_ipynb_file__") or ""
    return str(given)


def folder_of(shell: Any) -> str:
    """Return the notebook's folder, absolute, or ""."""
    path = Path(notebook_of(shell))
    return str(path.parent) if path.is_absolute() else ""


def cell_of(shell: Any) -> str:
    """Return the notebook's own id of the cell that runs, as the front end told it, or ""."""
    kernel = getattr(shell, "kernel", None)
    metadata = kernel.get_parent("shell").get("metadata", {}) if kernel is not None else {}
    return str(metadata.get("cellId") or "")


def kernel_of(shell: Any) -> str:
    """Return the kernel's id, from its connection file's name, or ""."""
    kernel = getattr(shell, "kernel", None)
    connection = getattr(getattr(kernel, "parent", None), "connection_file", "") if kernel else ""
    match = _KERNEL_FILE.fullmatch(Path(str(connection)).name)
    return match["id"] if match else ""


def place_of(shell: Any) -> Place:
    """Return where a question is asked now: in the panel if it is in sight, else at the prompt."""
    kernel = kernel_of(shell)
    is_watched = bool(kernel) and has_person(shell) and asking.is_watched(api.store(), kernel)
    return "panel" if is_watched else "prompt"


def ask(question: Question) -> Reply | Choice:
    """Ask at the question's place: at a prompt below a line for each piece of evidence.

    The panel shows that itself; the cell does not repeat it.

    Raises
    ------
    NeedsPerson
        Nobody answered within ten minutes, or there is no standard input.
    """
    if question.place == "panel" and _is_on_record(question):
        return _ask_panel(question)
    for line in lines_of(question):
        print(line)  # noqa: T201 - this is the conversation
    return _ask_prompt(question)


def _is_on_record(question: Question) -> bool:
    """Whether the panel can know of the question: on a full disk it cannot."""
    store = api.store()

    def look() -> bool | None:
        found = asking.open_question(store, question.run_id)
        return True if found is not None and found.question == question.question else None

    return bool(executor.wait_for(look, timeout=RECORD_SECONDS))


def _ask_panel(question: Question) -> Reply | Choice:
    """Wait for the panel's answer, which comes through the store; the cell keeps one line, as of a prompt."""
    from IPython.display import display

    text = f"{question.text} Answer in the Autoexec panel, at the right."
    shown: Any = display({"text/plain": text}, raw=True, display_id=True)
    store = api.store()
    answer = None
    try:
        with asking.waiting(store, question.run_id):
            answer = executor.wait_for(
                lambda: asking.answer_to(store, question.run_id, question.question), timeout=ANSWER_SECONDS
            )
    finally:
        shown.update({"text/plain": f"{question.text} {answer or '(not answered)'}"}, raw=True)
    if answer is None:
        raise _unanswered(question)
    return chosen(question, answer)


def _ask_prompt(question: Question) -> Reply | Choice:
    try:
        with TimeLimit(ANSWER_SECONDS) as limit:
            answer = input(f"{question.text} {choices(question)} ")
    except EOFError:
        answer = ""
    except KeyboardInterrupt:
        if not limit.has_expired:
            raise
        raise _unanswered(question) from None
    return reply_to(question, answer)


def lines_of(question: Question) -> list[str]:
    r"""Return what stands above a prompt: the evidence, then each choice with what is known of it.

    Examples
    --------
    >>> known = Choice(answer="python-docx", label="python-docx 1.0", lines=("9 releases",), proved=True)
    >>> barred = Choice(answer="docx", label="docx 0.2", why_not="there is no wheel")
    >>> print(*lines_of(Question(text="install it ?", choices=(known, barred))), sep="\n")
      [1] python-docx 1.0 · proved
            9 releases
      [-] docx 0.2 · not proved: there is no wheel
    """
    lines = [f"  because: {line}" for line in question.evidence]
    numbers = {choice.answer: number for number, choice in enumerate(_choosable(question), 1)}
    for choice in question.choices:
        words = [choice.label, *filter(None, [standing(choice)])]
        number = numbers[choice.answer] if not choice.why_not else "-"
        lines.append(f"  [{number}] {' · '.join(words)}")
        lines += [f"        {line}" for line in choice.lines]
    return lines


def choices(question: Question) -> str:
    """Return what may be typed, for the end of a prompt; the last is what an empty line means."""
    if question.choices and not question.only:
        offered = [f"[{number}] {choice.answer}" for number, choice in enumerate(_choosable(question), 1)]
        return " / ".join([*offered, "[N]o"])
    return "[y]es / [a]lways here / [N]o" if question.content else "[y]es / [N]o"


def reply_to(question: Question, typed: str) -> Reply | Choice:
    """Return what a typed line means; no, where that is not certain."""
    word = typed.strip().lower()
    for number, choice in enumerate(_choosable(question), 1):
        if word in (str(number), choice.answer.lower()):
            return choice
    if question.choices:
        return (question.only if word in ("y", "yes") else None) or Reply.NO
    if word in ("y", "yes"):
        return Reply.YES
    if question.content and word in ("a", "always", "always here"):
        return Reply.ALWAYS
    return Reply.NO


def _choosable(question: Question) -> list[Choice]:
    return [choice for choice in question.choices if not choice.why_not]


def _unanswered(question: Question) -> NeedsPerson:
    return unanswered(question, why=f"nobody answered within {ANSWER_SECONDS / 60:.0f} minutes")
