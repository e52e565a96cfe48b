"""How long a diagnosis takes: an exception object, a traceback of 20 frames, a log of a megabyte.

    python tests/bench/bench_diagnosis.py [--quick]

The rival is what log tools do: a list of 60 regular expressions, each searched
for in the whole text. Texts of growing size, among them hostile ones, show
whether anything grows faster than the text.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from measure import Method, Note, interleaved, main, table

from autoexec_magic.diagnosis import diagnose_exception, diagnose_text, python

QUESTION = "How long does it take to say why Python code failed?"
MEGABYTE = 1_000_000
FAILURES = Path(__file__).parents[1] / "data" / "failures" / "python"

# As such tools have them: one expression for each failure, in no particular order.
PATTERNS = [
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"NameError: name '(\w+)' is not defined",
        r"UnboundLocalError: (?:cannot access )?local variable '(\w+)'",
        r"ModuleNotFoundError: No module named '([\w.]+)'",
        r"ImportError: cannot import name '(\w+)' from '([\w.]+)'",
        r"ImportError: (.+): cannot open shared object file",
        r"ImportError: attempted relative import",
        r"AttributeError: '(\w+)' object has no attribute '(\w+)'",
        r"AttributeError: module '([\w.]+)' has no attribute '(\w+)'",
        r"TypeError: (\w+)\(\) missing (\d+) required positional arguments?: (.+)",
        r"TypeError: (\w+)\(\) takes (\d+) positional arguments? but (\d+) (?:was|were) given",
        r"TypeError: (\w+)\(\) got an unexpected keyword argument '(\w+)'",
        r"TypeError: unsupported operand type\(s\) for (.+): '(\w+)' and '(\w+)'",
        r"TypeError: can only concatenate (\w+) \(not \"(\w+)\"\) to (\w+)",
        r"TypeError: '(\w+)' object is not callable",
        r"TypeError: '(\w+)' object is not iterable",
        r"TypeError: '(\w+)' object is not subscriptable",
        r"TypeError: unhashable type: '(\w+)'",
        r"TypeError: Object of type (\w+) is not JSON serializable",
        r"TypeError: cannot pickle '([\w.]+)' object",
        r"ValueError: could not convert string to float: (.+)",
        r"ValueError: invalid literal for int\(\) with base (\d+): (.+)",
        r"ValueError: not enough values to unpack \(expected (\d+), got (\d+)\)",
        r"ValueError: too many values to unpack \(expected (\d+)\)",
        r"ValueError: operands could not be broadcast together with shapes (.+)",
        r"ValueError: shapes (.+) and (.+) not aligned",
        r"ValueError: cannot reshape array of size (\d+) into shape (.+)",
        r"ValueError: The truth value of an? (\w+) is ambiguous",
        r"ValueError: time data '(.+)' does not match format '(.+)'",
        r"ValueError: Length of values \((\d+)\) does not match length of index \((\d+)\)",
        r"ValueError: Input (?:X|y) contains NaN",
        r"ValueError: All arrays must be of the same length",
        r"KeyError: (.+)",
        r"IndexError: (?:list|tuple|string) index out of range",
        r"IndexError: index (\d+) is out of bounds for axis (\d+) with size (\d+)",
        r"ZeroDivisionError: (.+)",
        r"OverflowError: (.+)",
        r"RecursionError: maximum recursion depth exceeded",
        r"MemoryError",
        r"Unable to allocate ([\d.]+ \wiB) for an array",
        r"CUDA out of memory\. Tried to allocate ([\d.]+ \wiB)",
        r"CUDA error: (.+)",
        r"mat1 and mat2 shapes cannot be multiplied \((\d+x\d+) and (\d+x\d+)\)",
        r"The size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)",
        r"Expected all tensors to be on the same device",
        r"FileNotFoundError: \[Errno 2\] No such file or directory: '(.+)'",
        r"PermissionError: \[Errno 13\] Permission denied: '(.+)'",
        r"OSError: \[Errno 28\] No space left on device",
        r"OSError: \[Errno 98\] Address already in use",
        r"ConnectionRefusedError: \[Errno 111\] Connection refused",
        r"Max retries exceeded with url: (.+)",
        r"socket\.gaierror: \[Errno -\d\] (.+)",
        r"certificate verify failed: (.+)",
        r"(\d{3}) (?:Client|Server) Error: (.+) for url: (.+)",
        r"json\.decoder\.JSONDecodeError: (.+): line (\d+) column (\d+)",
        r"UnicodeDecodeError: '([\w-]+)' codec can't decode byte (0x\w+) in position (\d+)",
        r"sqlite3\.OperationalError: (?:no such table: (\w+)|database is locked)",
        r"subprocess\.CalledProcessError: Command (.+) returned non-zero exit status (\d+)",
        r"AssertionError: (.*)",
        r"^\s*File \"(.+)\", line (\d+)\n(?:.*\n)*?\w*SyntaxError: (.+)",
        r"KeyboardInterrupt",
    )
]


def by_list(text: str) -> int:
    """Return how many of the expressions were found."""
    return sum(1 for pattern in PATTERNS if pattern.search(text))


def traceback_of(frames: int, last: str) -> str:
    """Return a traceback whose first frame is the user's."""
    lines = [
        'Traceback (most recent call last):\n  File "/tmp/x/script.py", line 9, in <module>\n    main()\n'
    ]
    lines += [
        f'  File "/usr/lib/python3.11/site-packages/shop/part{n}.py", line {7 * n + 1}, in step_{n}\n'
        f"    return self._next(order_{n}, **options)\n"
        "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        for n in range(frames - 1)
    ]
    return "".join([*lines, last, "\n"])


def raised() -> list[BaseException]:
    """Return one exception of each of the kinds that notebooks fail with most, really raised."""
    import socket

    thunks: list[Callable[[], object]] = [
        lambda: eval("totl + 1"),
        lambda: float("12,5"),
        lambda: int("abc"),
        lambda: {}["port"],
        lambda: bytes(1)[1],
        lambda: "a" + 1,  # type: ignore[operator]
        lambda: None.group(),  # type: ignore[attr-defined]
        lambda: len(5),  # type: ignore[arg-type]
        lambda: 1 / 0,
        lambda: Path("data/sales.csv").read_text(),
        lambda: __import__("numpyy"),
        lambda: json.loads("{'a': 1}"),
        lambda: b"\xe9".decode(),
        lambda: socket.create_connection(("127.0.0.1", 9), 1),
        lambda: exec("a = ("),
    ]
    found: list[BaseException] = []
    for thunk in thunks:
        try:
            thunk()
        except Exception as error:
            found.append(error)
    return found


def timed(name: str, call: Callable[[], object], count: int) -> Method:
    """Return a method that notes the time of one of `count` calls."""

    def method(note: Note) -> None:
        start = time.perf_counter()
        for _ in range(count):
            call()
        note(name, (time.perf_counter() - start) / count)

    return method


def objects(options: argparse.Namespace) -> None:
    """An exception object: the code alone, and everything that is said of it."""
    errors = raised()
    methods = [timed("code", lambda e=e: python.code_of(e), 50) for e in errors]
    methods += [
        timed("diagnosis", lambda e=e: diagnose_exception(e, is_user_frame=lambda name: True), 5)
        for e in errors
    ]
    samples = interleaved(methods, 5 if options.quick else 40)
    table("one exception object, of 15 kinds", samples, unit="µs", bars={"code": 3e-6})
    each = {
        type(error).__name__: interleaved([timed("code", lambda e=error: python.code_of(e), 200)], 5)["code"]
        for error in errors
    }
    table("code, by type", each, unit="µs")


def texts(options: argparse.Namespace) -> None:
    """A traceback of 20 frames: the code alone, everything that is said, and the list of expressions."""
    lasts = [
        "KeyError: 'port'",
        "ValueError: could not convert string to float: '12,5'",
        "OddError: the moon is full",
    ]
    plain = [traceback_of(20, last) for last in lasts]
    methods: list[Method] = []
    for text in plain:
        methods += [
            timed("code", lambda t=text: python.code_of_text(t), 20),
            timed("diagnosis", lambda t=text: diagnose_text(t), 10),
            timed("60 expressions", lambda t=text: by_list(t), 2),
        ]
    samples = interleaved(methods, 10 if options.quick else 100)
    ours = statistics.median(samples["code"])
    rival = statistics.median(samples["60 expressions"])
    table(f"a text of 20 frames, {len(plain[0]):,} characters", samples, unit="µs", floor="code")
    print(f"  the list takes {rival / ours:.0f} times as long (bar: 30)")


def logs(options: argparse.Namespace) -> None:
    """A log of a megabyte that ends with a failure, or has none, or hides one at its beginning."""
    line = "2026-01-01 12:00:00,000 INFO shop.orders order 1234 was packed in 0.12 s\n"
    filler = line * (MEGABYTE // len(line))
    failure = traceback_of(20, "KeyError: 'port'")
    shown = {
        "failure at the end": filler + failure,
        "failure at the beginning": failure + filler,
        "no failure": filler,
        "a thousand failures": failure * (MEGABYTE // len(failure)),
        "coloured": filler.replace("INFO", "\x1b[32mINFO\x1b[0m") + failure,
    }
    methods = [timed(name, lambda t=text: diagnose_text(t), 1) for name, text in shown.items()]
    samples = interleaved(methods, 3 if options.quick else 10)
    table("a log of a megabyte", samples, bars=dict.fromkeys(shown, 0.1))


def growth(options: argparse.Namespace) -> None:
    """Hostile texts of 1 and 4 times the size: linear work takes 4 times as long."""
    header = "Traceback (most recent call last):\n"
    pieces = {
        "headers": header,
        "groups": "  + Exception Group " + header,
        "members": "    | " + header,
        "causes": f"{header}KeyError: 1\n\nThe above exception was the direct cause of the following "
        "exception:\n\n",
        "contexts": f"{header}Odd: 1\n\nDuring handling of the above exception, another exception "
        "occurred:\n\n",
        "frames": '  File "a.py", line 3, in f\n',
        "library frames": '  File "/lib/python3.11/a.py", line 3, in f\n',
        "half frames": "File ",
        "cells": "Cell In[",
        "escapes": "\x1b[",
        "colons": ": ",
        "usage": "usage: a: error: ",
        "quotes": "'",
        "lines": "\n",
    }
    print("\nseconds for 250,000 and 1,000,000 characters, and how many times as long (4 is linear)")
    for name, piece in pieces.items():
        sizes = []
        for size in (MEGABYTE // 4, MEGABYTE):
            text = header + piece * (size // len(piece)) + "\nKeyError: 1"
            best = min(_once(text) for _ in range(2 if options.quick else 4))
            sizes.append(best)
        print(f"  {name:15}  {sizes[0]:.4f}  {sizes[1]:.4f}  {sizes[1] / max(sizes[0], 1e-9):.1f}")


def _once(text: str) -> float:
    start = time.perf_counter()
    diagnose_text(text)
    return time.perf_counter() - start


if __name__ == "__main__":
    main(QUESTION, [objects, texts, logs, growth])
