"""Lets tests start event loops of their own in a thread whose loop runs, and keeps that one.

A cell's top-level `await` is run to its end on such a loop: the kernel's cannot go
on before the cell is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import warnings
from asyncio import events, tasks
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def no_loop() -> Iterator[None]:
    """Let no event loop run here, as in a process of its own; the kernel's goes on at the end.

    A kernel runs cells from within its loop, where `asyncio.run` would refuse
    to start another. Nothing is nested: the kernel's loop waits for the cell
    anyway, and the functions used are those that asyncio gives to loops of others.
    """
    loop = events._get_running_loop()
    if loop is None:
        yield
        return
    task = asyncio.current_task(loop)
    if task is not None:
        tasks._leave_task(loop, task)
    events._set_running_loop(None)
    try:
        yield
    finally:
        events._set_running_loop(loop)
        if task is not None:
            tasks._enter_task(loop, task)


def ended(running: object) -> None:
    """Run a coroutine to its end, if it is one; what it leaves in context variables is left here."""
    if not inspect.iscoroutine(running):
        return
    context, restore = contextvars.copy_context(), policy()
    try:
        with asyncio.Runner() as runner:
            runner.run(running, context=context)
    finally:
        restore()
        for variable in context:
            if variable.get(_Nothing) is not context[variable]:
                variable.set(context[variable])


def policy() -> Callable[[], object]:
    """Look at the policy and its loop for this thread, and return what puts them back."""
    before = _policy()
    mine: dict[str, Any] = vars(getattr(before, "_local", None) or object.__new__(_Nothing))
    local = dict(mine)

    def restore() -> None:
        if _policy() is not before:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                asyncio.set_event_loop_policy(before)
        if mine != local:
            mine.clear()
            mine.update(local)

    return restore


class _Nothing:
    pass


def _policy() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return asyncio.get_event_loop_policy()
