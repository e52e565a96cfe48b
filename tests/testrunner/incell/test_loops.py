"""Loops of their own for tests, in a thread whose loop runs."""

from __future__ import annotations

import asyncio
import contextvars

from autoexec_magic.testrunner.incell import loops


def test_a_loop_can_be_run_within_a_task_and_the_outer_one_goes_on():
    """As in a kernel, which runs a cell from within its loop."""

    async def outer():
        task = asyncio.current_task()
        with loops.no_loop():
            assert asyncio.run(asyncio.sleep(0, 5)) == 5
        assert asyncio.current_task() is task
        await asyncio.sleep(0)
        return asyncio.get_running_loop()

    assert asyncio.run(outer()) is not None


def test_a_coroutine_is_run_to_its_end_and_leaves_what_it_set():
    """In context variables; the thread's loop is as it was, and tasks that it left are ended."""
    seen, left, tasks = contextvars.ContextVar("seen", default=0), [], []

    async def lasts():
        try:
            await asyncio.sleep(60)
        finally:
            left.append("ended")

    async def sets():
        tasks.append(asyncio.ensure_future(lasts()))
        await asyncio.sleep(0)
        seen.set(1)

    async def outer():
        mine = asyncio.get_event_loop_policy().get_event_loop()
        with loops.no_loop():
            loops.ended(sets())
            loops.ended(None)
            assert asyncio.get_event_loop_policy().get_event_loop() is mine
        return seen.get(), left

    assert asyncio.run(outer()) == (1, ["ended"])


def test_the_loop_of_the_thread_is_put_back():
    """`asyncio.run` leaves none."""

    async def outer():
        mine = asyncio.get_event_loop_policy().get_event_loop()
        restore = loops.policy()
        with loops.no_loop():
            asyncio.run(asyncio.sleep(0))
            asyncio.set_event_loop_policy(asyncio.DefaultEventLoopPolicy())
        restore()
        assert asyncio.get_event_loop_policy().get_event_loop() is mine

    asyncio.run(outer())
