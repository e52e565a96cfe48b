"""What does a notebook's own line cost under the guard? It must not be slower than IPython's own.

Two kernels, one of them guarded: from the request to the first output and to
the reply at a Jupyter client. The kernel's own cost of a cell stands beside it.
"""

from __future__ import annotations

import argparse
import contextlib

import measure
from measure import Kernel, Method, Note, own_folder, table

CODE = {
    "!echo x": "!echo x",
    "x = !echo x": "x = !echo x\nprint(x, flush=True)",
    "%%bash": "%%bash\necho x",
    "%%bash, a loop": "%%bash\nfor i in x; do echo $i; done",
    "no process: print": "print('x', flush=True)",
}
PLAIN, GUARDED = "IPython", "guarded"


def lines(options: argparse.Namespace) -> None:
    """Print both, beside each other."""
    with own_folder() as folder, contextlib.ExitStack() as stack:
        methods: list[Method] = []
        for how in (PLAIN, GUARDED):
            there = stack.enter_context(measure.kernel(folder / how))
            if how == GUARDED:
                there.run("%autoexec on --only guard --yes")
            methods += [executing(there, name, how) for name in CODE]
        samples = measure.interleaved(methods, 5 if options.quick else 30)
    for what in ("first output", "reply"):
        for name in CODE:
            shown = {how: samples[f"{name} → {what} · {how}"] for how in (PLAIN, GUARDED)}
            table(f"{name}: request → {what} at a Jupyter client", shown, floor=PLAIN)


def executing(there: Kernel, name: str, how: str) -> Method:
    """Return a method that runs one of them in one of the kernels."""

    def method(note: Note) -> None:
        heard = there.run(CODE[name])
        assert "x" in heard.texts[0][1], heard
        note(f"{name} → first output · {how}", heard.first_seconds)
        note(f"{name} → reply · {how}", heard.reply_seconds)

    return method


if __name__ == "__main__":
    measure.main("What does a notebook's own line cost under the guard?", [lines])
