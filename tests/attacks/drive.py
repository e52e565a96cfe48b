"""Runs lines inside the outer protection and prints what each touched, one JSON object a line.

Its input is a JSON object: `way` ("cage", "policy", "free"), `level`,
`mounts`, `unix`, `net`, `read`, `write`, `door` (a wall to leave out, to see that it is
noticed) and `lines` ([id, line] each). A line's result is printed when it has
ended; at the end of all, once more what came late.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from arena import Arena, template, token
from corpus import filled
from listeners import Listeners
from watch import Watch

from autoexec_magic import executor
from autoexec_magic.errors import AutoexecError
from autoexec_magic.executor import cage, environment, process
from autoexec_magic.executor.cage import capabilities, landlock, seccomp, supervisor
from autoexec_magic.history import new_id

SECONDS, LATE_SECONDS, GRACE = 8.0, 2.2, 0.2
KEPT_BYTES = 8 * 2**20
MOST_PROCESSES = 3000
ALLOW_ALL = struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)


class Driver:
    """What the lines share."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.root = Path.cwd()
        self.project = template(self.root / "template")
        self.listeners, self.watch = Listeners(), Watch()
        self.own = {os.environ["CANARY"]: "environment of the parent"}
        self.arenas: dict[str, Arena] = {}
        self.touches: dict[str, set[str]] = {}
        self.names: dict[str, str] = {}
        self.now = ""

    def run(self) -> None:
        """Run all, and wait at the end for what comes late."""
        for number, (name, line) in enumerate(self.job["lines"]):
            say(begins=name)
            self.now = name
            arena = Arena(self.root / str(number), self.project, self.listeners, self.watch)
            self.arenas[name], self.touches[name] = arena, set()
            self.names[arena.name] = name
            os.environ.update(arena.settings)
            found = self.one(arena, filled(line, arena.canaries))
            self.gather([name])
            say(id=name, touches=sorted(self.touches[name]), strays=strays(self.spared), **found)
        time.sleep(LATE_SECONDS)
        self.now = ""
        self.opened()
        self.gather(list(self.arenas))
        for name in self.arenas:
            say(late=name, touches=sorted(self.touches[name]))
        self.close()

    @property
    def spared(self) -> set[int]:
        """The processes that belong here."""
        return {1, os.getpid(), *(arena.victim.pid for arena in self.arenas.values())}

    def one(self, arena: Arena, line: str) -> dict[str, Any]:
        """Run one line, and note what it did."""
        output = Output()
        started = time.monotonic()
        try:
            way = self.judged if self.job["way"] == "policy" else self.caged
            found = way(arena, line, output)
        except AutoexecError as error:
            found = {"ended": "refused", "why": str(error)[:300]}
        tail = output.data()[-400:].decode(errors="replace")
        return {**found, "seconds": round(time.monotonic() - started, 3), "tail": tail}

    def caged(self, arena: Arena, line: str, output: Output) -> dict[str, Any]:
        """Run it with bash in the cage, and nobody judging it."""
        run_id = new_id()
        variables = environment.build(run_id, {"HOME": str(arena.person)})
        stage = process.Stage(argv=("/bin/bash", "--noprofile", "--norc", "-c", line), env=variables)
        before = governing(arena.work)
        with cage.build(self.request(arena)) as built:
            marks = built.watch()
            asked = process.Request(
                stages=(stage,),
                cwd=arena.work,
                cage=built,
                run_id=run_id,
                timeout=SECONDS,
                grace=GRACE,
                is_raw=True,
            )
            self.opened(but=arena)  # building the cage looked at the home
            outcome = process.stream(asked, on_text=output.keep, on_cut=lambda *_: None, on_spawn=built.limit)
            self.opened()
            if self.job["way"] == "cage":
                self.governed(arena, built, marks, before)
            self.note(arena, output, [built.scratch] if built.scratch else [])
        return {"ended": outcome.ended, "returncode": outcome.returncode, "mechanism": built.mechanism}

    def request(self, arena: Arena) -> cage.CageRequest:
        """Return the cage that was asked for."""
        if self.job["way"] == "free":
            return cage.CageRequest(level="open", workspace=arena.work)
        net = self.job.get("net", "none")
        return cage.CageRequest(
            level=self.job["level"],
            workspace=arena.work,
            mounts=self.job.get("mounts", True),
            unix=self.job.get("unix", False),
            net=net if isinstance(net, str) else tuple(net),
            read=tuple(map(Path, self.job.get("read", ()))),
            write=tuple(map(Path, self.job.get("write", ()))),
        )

    def judged(self, arena: Arena, line: str, output: Output) -> dict[str, Any]:
        """Run it as `sh` does, with nobody to ask."""
        spawned: list[object] = []
        self.opened()
        try:
            outcome = executor.run_line(
                line,
                emit=lambda event: output.keep("", getattr(event, "text", "")),
                workspace=arena.work,
                cwd=arena.work,
                env={"HOME": str(arena.person)},
                timeout=SECONDS,
                grace=GRACE,
                on_spawn=spawned.append,
            )
        except AutoexecError as error:
            return {"ended": "refused", "began": bool(spawned), "why": str(error)[:300]}
        finally:
            self.opened(but=None if spawned else arena)  # judging looks at paths, and opens none
            self.note(arena, output, [])
        return {"ended": outcome.ended, "began": True, "returncode": outcome.returncode}

    def opened(self, but: Arena | None = None) -> None:
        """Note what was opened since the last time, but for what we opened ourselves of one arena."""
        for owner, path in self.watch.drain():
            whose = self.names[owner]
            if but is None or owner != but.name:
                now = self.now or whose
                self.touches[now].add(f"opened: {path}" + (f" of {whose}" if whose != now else ""))

    def note(self, arena: Arena, output: Output, more: list[Path]) -> None:
        """Note what was carried out, and the harm that was done inside."""
        found = {*arena.inside(), *arena.told(output.data(), more, self.own)}
        self.touches[self.names[arena.name]] |= found
        self.opened(but=arena)

    def governed(self, arena: Arena, built: cage.Cage, marks: Any, before: dict[str, bytes]) -> None:
        """Note what governs a run and was changed, where it cannot be or nobody would be told."""
        voided = built.voided(marks)
        is_shut = built.level == "sealed" or "mounts" in built.mechanism
        for path in changed(before, governing(arena.work)):
            is_told = any(path == told or told in path.parents for told in voided)
            if not is_told or (is_shut and str(path) in before):
                self.touches[self.names[arena.name]].add(f"governs: {path.relative_to(arena.work)}")

    def gather(self, names: list[str]) -> None:
        """Note what has happened to the canaries of these lines, and to every process."""
        for name in names:
            self.touches[name] |= set(self.arenas[name].changes())
            self.opened(but=self.arenas[name])
        for name, arena in self.arenas.items():
            if harm := arena.victim.harm():
                self.touches[self.now or name].add(harm)

    def close(self) -> None:
        """End everything."""
        for arena in self.arenas.values():
            arena.close()
        self.listeners.close()
        self.watch.close()


class Output:
    """The first of what a line wrote."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def keep(self, _: str, text: str) -> None:
        """Take a piece."""
        if self._size < KEPT_BYTES:
            self._parts.append(text.encode("utf-8", "surrogateescape"))
            self._size += len(self._parts[-1])

    def data(self) -> bytes:
        """Return it."""
        return b"".join(self._parts)


def governing(workspace: Path) -> dict[str, bytes]:
    """Return what is in each file that governs a run, by its path; found anew, without the cage's help."""
    found = {}
    for pattern in cage.PROTECTED:
        for path in workspace.glob(pattern):
            for each in (path, *path.rglob("*")) if path.is_dir() else (path,):
                with contextlib.suppress(OSError):
                    found[str(each)] = each.read_bytes() if each.is_file() else b"folder"
    return found


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> Iterator[Path]:
    """Return the paths that are new, gone or different."""
    return (Path(path) for path in sorted({*before, *after}) if before.get(path) != after.get(path))


def strays(spared: set[int]) -> list[str]:
    """Return the processes that are still there and belong to nobody here."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in spared:
            with contextlib.suppress(OSError):
                if text := Path(f"/proc/{name}/cmdline").read_bytes():
                    found.append(text.replace(b"\0", b" ")[:80].decode(errors="replace"))
    return found


def say(**what: object) -> None:
    """Print a result at once: the next line may end this process."""
    os.write(OUT, json.dumps(what).encode() + b"\n")


def leave_open(door: str) -> None:
    """Leave one wall of every cage out, to see that what comes through is noticed."""
    if door == "landlock":
        landlock.restrict = lambda *_: None
    elif door == "seccomp":
        seccomp.program = lambda **_: ALLOW_ALL
    elif door == "supervisor":
        supervisor.is_below = lambda *_: True
    elif door == "capabilities":
        capabilities.drop = lambda *_: None


def main() -> None:
    """Do the job."""
    job = json.loads(sys.stdin.read())
    if os.geteuid():
        resource.setrlimit(resource.RLIMIT_NPROC, (MOST_PROCESSES, MOST_PROCESSES))
    leave_open(job.get("door", ""))
    Driver(job).run()


if __name__ == "__main__":
    if "CANARY" not in os.environ:  # /proc/PID/environ shows what a process was started with
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "CANARY": token()})
    OUT = os.dup(1)
    main()
