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

from ..errors import NeedsPerson
from ..values import Question
from .limit import TimeLimit

ANSWER_SECONDS = 600.0
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


def kernel_of(shell: Any) -> str:
    """Return the kernel's id, from its connection file's name, or ""."""
    kernel = getattr(shell, "kernel", None)
    connection = getattr(getattr(kernel, "parent", None), "connection_file", "") if kernel else ""
    match = _KERNEL_FILE.fullmatch(Path(str(connection)).name)
    return match["id"] if match else ""


def ask(question: Question) -> bool:
    """Ask at the prompt: a line for each piece of evidence, then yes or no.

    Raises
    ------
    NeedsPerson
        Nobody answered within ten minutes, or there is no standard input.
    """
    for line in question.evidence:
        print(f"  because: {line}")  # noqa: T201 - this is the conversation
    try:
        with TimeLimit(ANSWER_SECONDS) as limit:
            answer = input(f"{question.text} [y]es / [N]o ")
    except EOFError:
        answer = ""
    except KeyboardInterrupt:
        if not limit.has_expired:
            raise
        raise NeedsPerson(
            question.text.rstrip(" ?"),
            why=f"nobody answered within {ANSWER_SECONDS / 60:.0f} minutes",
            fix=question.fix,
        ) from None
    return answer.strip().lower() in ("y", "yes")
