"""What fails beside the main line: asyncio, threads, processes, queues, screens."""

from __future__ import annotations

from ..rows import UNKNOWN, Entry, by_message, likely, says
from .imports import NO_DISPLAY
from .network import TIMED_OUT

_RUNNING = says("event-loop-running", "write await instead of asyncio.run() there")
_NO_LOOP = says("no-event-loop", "call it inside an async def that asyncio.run() runs")
_CLOSED = says("event-loop-closed", "make a new loop: asyncio.run() makes one for each call")
_OTHER_LOOP = says("wrong-event-loop", "make it inside the async def that uses it")
_DIED = says("worker-died", "run that function without the pool to see why; most often the memory ends")
_POOL = says("pool-closed", "submit before the pool is shut down, inside its with block")
_CANCELLED = says(
    "task-cancelled", "look at who cancels it, or await it again", silent="its task was cancelled"
)

ROWS: dict[str, Entry] = {
    "asyncio.exceptions.CancelledError": _CANCELLED,
    "concurrent.futures._base.CancelledError": _CANCELLED,
    "asyncio.exceptions.InvalidStateError": says(
        "result-not-ready", "await it before its result is asked for"
    ),
    "asyncio.exceptions.IncompleteReadError": likely(
        "connection-lost", "look at why the other side closed it"
    ),
    "concurrent.futures.process.BrokenProcessPool": _DIED,
    "concurrent.futures.thread.BrokenThreadPool": _DIED,
    "joblib.externals.loky.process_executor.TerminatedWorkerError": _DIED,
    "multiprocessing.context.TimeoutError": TIMED_OUT,
    "_queue.Empty": says(
        "queue-empty", "wait for it: get(timeout=...)", silent="there is nothing in the queue"
    ),
    "queue.Full": says(
        "queue-full", "take something out first, or wait: put(timeout=...)", silent="the queue is full"
    ),
    "threading.BrokenBarrierError": likely("worker-died", "look at which thread did not reach the barrier"),
    "_tkinter.TclError": by_message(("display", NO_DISPLAY), otherwise=UNKNOWN),
}
SAYINGS: dict[str, tuple[tuple[str, Entry], ...]] = {
    "RuntimeError": (
        ("running event loop", by_message(("no running", _NO_LOOP), otherwise=_RUNNING)),
        ("event loop is already running", _RUNNING),
        ("another loop is running", _RUNNING),
        ("no current event loop", _NO_LOOP),
        ("Event loop is closed", _CLOSED),
        ("different event loop", _OTHER_LOOP),
        ("attached to a different loop", _OTHER_LOOP),
        ("already awaited coroutine", says("coroutine-reused", "call the function again for each await")),
        ("bootstrapping phase", says("main-guard-missing", "start it below: if __name__ == '__main__':")),
        (
            "start a new process before",
            says("main-guard-missing", "start it below: if __name__ == '__main__':"),
        ),
        (
            "threads can only be started once",
            says("thread-started-twice", "make a new Thread for each start"),
        ),
        ("thread before it is started", says("thread-not-started", "call start() before join()")),
        ("unlocked lock", says("lock-not-held", "use the lock with with: it is released once")),
        ("un-acquired lock", says("lock-not-held", "use the lock with with: it is released once")),
        ("after shutdown", _POOL),
        ("after interpreter shutdown", _POOL),
        ("start new thread", likely("too-many-threads", "start fewer threads: use a pool")),
        ("main thread is not in main loop", likely("main-thread-only", "call it in the main thread")),
        (
            "context has already been set",
            likely("wrong-value", "set the start method once, below the main guard"),
        ),
    ),
    "ValueError": (
        ("only works in main thread", says("main-thread-only", "call it in the main thread")),
        ("Pool not running", _POOL),
    ),
    "AttributeError": (),
}
