"""Loading the extension twice is loading it once, and unloading leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from harness import Kernel

LOAD, UNLOAD, RELOAD = (f"%{word}_ext autoexec_magic" for word in ("load", "unload", "reload"))
# Everything of a shell that an extension may hook into, by the name of what is there.
STATE = """
def _state():
    shell = get_ipython()
    import sys, threading
    named = lambda thing: thing if hasattr(thing, "__qualname__") else type(thing)
    names = lambda things: [f"{named(thing).__module__}.{named(thing).__qualname__}" for thing in things]
    return {
        "methods": names([shell.run_code, shell.showtraceback, shell.run_cell, shell.transform_cell]),
        "streams": names([sys.stdout.write, sys.stderr.write]),
        "displays": names([shell.display_pub.publish, shell.displayhook.write_format_data]),
        "cleanup": names(shell.input_transformers_cleanup),
        "transformers": names(shell.input_transformers_post),
        "syntax": names(shell.ast_transformers),
        "events": {event: names(calls) for event, calls in shell.events.callbacks.items()},
        "matchers": len(shell.Completer.custom_matchers),
        "magics": sorted(name for table in shell.magics_manager.magics.values() for name in table),
        "finders": names(sys.meta_path),
        "threads": sorted(thread.name for thread in threading.enumerate() if "autoexec" in thread.name),
    }
"""


@pytest.fixture
def bare(new_kernel: Callable[..., Kernel]) -> Kernel:
    """Return a kernel of this test's own, in which `_state()` says what is hooked into the shell."""
    kernel = new_kernel()
    kernel.execute(STATE).must_pass()
    # The first call also warms up what IPython adds by itself.
    kernel.execute("_state()").must_pass()
    return kernel


def state(kernel: Kernel) -> str:
    """Return what is hooked into the shell."""
    return kernel.value("_state()")


def test_unloading_restores_the_shell(bare: Kernel):
    """After use, failure and unloading, every hook of the shell is what it was before."""
    before = state(bare)
    bare.execute(LOAD).must_pass()
    assert state(bare) != before
    for cell in ("%%autoexec\n1", "%%autoexec --timeout 60\n1 / 0", "%autoexec sh echo", "%%autoexec\n1 +"):
        bare.execute(cell)
    bare.execute(UNLOAD).must_pass()
    assert state(bare) == before


def test_after_unloading_the_mark_is_unknown(bare: Kernel):
    """Neither the line nor the cell magic is there any more, and can be loaded again."""
    bare.execute(LOAD).must_pass()
    bare.execute(UNLOAD).must_pass()
    assert "`%%autoexec` not found" in bare.execute("%%autoexec\n1").stderr
    assert "`%autoexec` not found" in bare.execute("%autoexec sh echo hello").stderr
    bare.execute(LOAD).must_pass()
    assert bare.execute("%%autoexec\n1 + 1").must_pass().result == "2"


def test_loading_twice_registers_once(bare: Kernel):
    """A second `%load_ext`, and a second call of the hook itself, change nothing."""
    bare.execute(LOAD).must_pass()
    once = state(bare)
    bare.execute(LOAD).must_pass()
    bare.execute("import autoexec_magic; autoexec_magic.load_ipython_extension(get_ipython())").must_pass()
    assert state(bare) == once
    cell = bare.execute("%%autoexec\nprint('once')\n1 / 0")
    assert bare.recorded("stdout") == "once\n"
    assert len(bare.store.ids()) == 1
    assert cell.stderr.count("autoexec: ") == 1


def test_reloading_works(bare: Kernel):
    """`%reload_ext` leaves one set of hooks, which work."""
    bare.execute(LOAD).must_pass()
    once = state(bare)
    bare.execute(RELOAD).must_pass()
    assert state(bare) == once
    assert bare.execute("%%autoexec\nprint('again')\n2").must_pass().result == "2"
    assert bare.recorded("stdout") == "again\n"
    assert bare.execute("%autoexec sh echo hello").must_pass().stdout.startswith("hello\n")


@pytest.mark.parametrize("line", [RELOAD, UNLOAD], ids=["reload", "unload"])
def test_a_marked_cell_may_reload_the_extension(bare: Kernel, line):
    """The run of that very cell comes to its end, and nothing of it is left."""
    bare.execute(LOAD).must_pass()
    clean = state(bare)
    bare.execute(f"%%autoexec\nprint('before')\n{line}\nprint('after')").must_pass()
    assert bare.last().verdict == Verdict.PASSED
    bare.execute(LOAD)
    assert state(bare) == clean
