"""Rust's `cargo test`, with every program of tests run, read from both of its streams.

cargo stops at the first program in which a test failed; here it goes on, so
that what else fails is known. A runner of ours (`inside/runner.sh`) says in the
stream of the results which program begins and how it ended; where the project
has a runner of its own that one is left alone, and programs are told apart by
their order.
"""

from __future__ import annotations

import functools
import tomllib
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from ...values import Stream
from ..cases import Case, Problem, Said
from ..told import Told
from .gathering import Gathering, ending
from .inside import RUNNER, VARIABLE
from .libtest import Libtest
from .lines import Lines
from .node import new_mark
from .panics import Panics
from .rustc import Cargo, Target, crate_of
from .tool import Hearers, Launch, Tool, program

_QUIET = ("-q", "--quiet")
_MOST_HELD = 100_000  #: lines that wait for the header of their program
_LISTED = " benchmarks"


class Cargotest:
    """Reads one run."""

    def __init__(self, hearers: Hearers, mark: str) -> None:
        self._hearers, self._mark = hearers, f"{mark} "
        self._gathered = Gathering(hearers)
        self._panics = Panics()
        self._libtest = Libtest(self._gathered, self._label, self._panics.of)
        self._cargo = Cargo(self._target, self._gathered.unread)
        self._out, self._err = Lines(self._line), Lines(self._error_line)
        self._waiting: deque[Target] = deque()  # programs whose results did not begin
        self._known: dict[str, Target] = {}
        self._now: Target | None = None
        self._inside = ""  # the program between two of our lines
        self._has_marks = False
        self._targets = self._docs = 0  # that cargo said it runs
        self._begun = self._inner = 0  # programs, and results within them
        self._blocks = 0
        self._tail = ""
        self._held: list[str] = []

    def feed(self, stream: Stream, text: str) -> None:
        """Take a piece of what cargo or a test program writes."""
        if stream == "stderr":
            self._hearers.on_text(stream, text)
            self._err.feed(text)
        else:
            self._out.feed(text)
            if not self._held:
                self._libtest.partial(self._out.rest)

    def end(self, returncode: int) -> Told:
        """Return what the run came to."""
        self._out.flush()
        self._err.flush()
        self._let_go()
        self._libtest.close()
        if self._inside:
            self._gathered.fault(f"the end of {self._label()} was not told")
        self._check_programs()
        self._cargo.end()
        self._gathered.ended = not self._inside
        return self._gathered.told("cargo test", returncode)

    def _check_programs(self) -> None:
        """Hold what was told to the programs that cargo said it ran."""
        told = self._begun if self._has_marks else self._libtest.programs
        outside = self._libtest.blocks - (self._inner if self._has_marks else self._targets)
        if told < self._targets and not self._has_marks:
            self._gathered.fault(
                f"{self._targets} programs ran and {told} told of tests; "
                "with the project's own runner in the place of ours nobody can say which"
            )
        elif told < self._targets:
            self._gathered.fault(f"{self._targets} programs were to run, and {told} did")
        elif outside < self._docs:
            self._gathered.fault("not all documentation tests were told")

    def _error_line(self, line: str) -> None:
        self._cargo.line(line)
        self._panics.line(line)

    def _target(self, target: Target) -> None:
        if target.program:
            self._known[_last(target.program)] = target
            self._waiting.append(target)
            self._targets += 1
        else:
            self._docs += 1
        self._let_go(only=target)

    def _label(self) -> str:
        if self._now is not None:
            return self._now.label
        return crate_of(self._inside) if self._inside else ""

    def _line(self, line: str) -> None:
        if not self._held and not self._must_wait(line):
            self._take(line)
        elif len(self._held) < _MOST_HELD:
            self._held.append(line)
        else:
            self._let_go()
            self._take(line)

    def _must_wait(self, line: str) -> bool:
        """Whether a program's results begin here, and its header is still in the other stream."""
        if line.startswith(self._mark + "begin "):
            return _last(line) not in self._known
        is_known = self._has_marks or self._waiting or self._docs
        return line.startswith("running ") and not is_known

    def _let_go(self, only: Target | None = None) -> None:
        """Take the lines that waited, as far as they need not wait any more; at the end all."""
        held, self._held = self._held, []
        for at, line in enumerate(held):
            if only is not None and self._must_wait(line):
                self._held = held[at:]
                return
            self._take(line)

    def _take(self, line: str) -> None:
        if line.startswith(self._mark):
            self._marked(line[len(self._mark) :])
            return
        self._hearers.on_text("stdout", f"{line}\n")
        if self._inside:
            self._tail = ending(f"{self._tail}{line}\n")
        before = self._libtest.blocks
        if not self._has_marks and line.startswith("running ") and not self._libtest.is_open:
            self._now = self._waiting[0] if self._waiting else None
        self._libtest.line(line)
        if self._libtest.blocks > before and not self._has_marks and self._waiting:
            self._waiting.popleft()
        if self._inside and line.endswith(_LISTED):
            self._blocks = -1  # it only lists its tests

    def _marked(self, said: str) -> None:
        word, _, rest = said.partition(" ")
        if word == "begin":
            self._libtest.close()
            self._has_marks = True
            self._inside, self._tail = rest, ""
            self._now = self._known.get(_last(rest))
            self._blocks = self._libtest.blocks
            self._begun += 1
        elif word == "end" and self._inside and rest.isdecimal():
            self._ended(int(rest[:9]))
        else:
            self._gathered.fault("something that is no record was written into the stream")

    def _ended(self, code: int) -> None:
        """Take the end of a program: what its results did not say, its exit code does."""
        how = f"by signal {code - 128}" if code > 128 else f"with {code}"
        self._libtest.close(how)
        if self._libtest.blocks == self._blocks:
            self._gathered.add(self._whole(code, how))
        if self._blocks >= 0:
            self._inner += self._libtest.blocks - self._blocks
        self._inside, self._now = "", None

    def _whole(self, code: int, how: str) -> Case:
        """Return a program without results as one case."""
        nodeid = self._gathered.new_id(self._label())
        reason = f"it tells of no test; it ended {how}"
        problems = () if code == 0 else (Problem(kind="failure", message=f"it ended {how}", text=self._tail),)
        file = self._now.file if self._now else ""
        said = Said(file=file, reason=reason, problems=problems, stdout=self._tail, nodeid=nodeid)
        return Case(nodeid, verdict="failed" if code else "passed", said=said)


def _last(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1].strip()


def _found(folder: Path) -> str:
    return "Cargo.toml" if (folder / "Cargo.toml").is_file() else ""


def _launch(folder: Path, arguments: Sequence[str]) -> Launch:
    cargo = program("cargo", fix="install Rust (https://rustup.rs)")
    mark = new_mark()
    given = _readable(arguments)
    at = given.index("--") if "--" in given else len(given)
    runner = (
        () if _has_runner(folder) else ("--config", f'target."cfg(all())".runner=["/bin/sh", "{RUNNER}"]')
    )
    argv = (cargo, "test", "--no-fail-fast", "--color=never", *runner, *given[:at])
    return Launch(
        argv=(*argv, "--", "--color=never", *given[at + 1 :]),
        environment={VARIABLE: mark},
        reader=functools.partial(Cargotest, mark=mark),
    )


def _readable(arguments: Sequence[str]) -> list[str]:
    """Return the arguments without those that would take the names, or bring colours in between."""
    kept = [word for word in arguments if word not in _QUIET and not word.startswith("--color=")]
    while "--color" in kept:
        at = kept.index("--color")
        del kept[at : at + 2]
    return kept


def _has_runner(folder: Path) -> bool:
    """Whether a project's own configuration names a runner: two for one platform are an error to cargo."""
    for place in (folder, *folder.absolute().parents):
        for name in ("config.toml", "config"):
            try:
                table = tomllib.loads((place / ".cargo" / name).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            targets = table.get("target", {})
            if isinstance(targets, dict) and any(
                isinstance(each, dict) and "runner" in each for each in targets.values()
            ):
                return True
    return False


def _only(cases: Sequence[Case]) -> tuple[str, ...]:
    """Take the tests' own names, exactly; of two programs with one name both run it."""
    names = [_name(case) for case in cases]
    return ("--", "--exact", *dict.fromkeys(names)) if names and all(names) else ()


def _name(case: Case) -> str:
    """Return a case's name as its program takes it; "" of what is no single test."""
    label, _, name = case.said.nodeid.partition("::")
    bare = name.partition(" [")[0]
    return bare if ":" in label and " - " not in label else ""


ENTRY = Tool(name="cargo", found=_found, launch=_launch, only=_only)
