"""How long from the call to the first byte of a command? Asked for: 1.2 times `os.posix_spawn`, caged 1.8.

Measured as root and as an ordinary user, policy and redaction included, from a
small process and from one that holds 1 GiB, as a kernel with data does: what
forks pays for every page of it. Then at a Jupyter client of a real kernel,
beside IPython's `!` and `%%bash`, from the request to the first message with
output and to the reply; and in its cells, from the call to its return.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import measure
from measure import GIB, Kernel, Method, Note, now_ns, own_folder, seconds_since, table

from autoexec_magic import executor
from autoexec_magic.errors import AutoexecError
from autoexec_magic.events import Emit, Event

BAR = 50e-3
NOBODY = 65534
EVERYBODYS = Path("/var/tmp")
BALLAST_MIB = 1024
HERE = Path.cwd()
ECHO = (shutil.which("echo") or "echo", "x")
MAGICS = {
    "%autoexec sh": "%autoexec sh echo x",
    "!": "!echo x",
    "%%bash": "%%bash\necho x",
    "no process: print": "print('x', flush=True)",
}


def with_executor() -> dict[str, float]:
    """Run it as every verb does."""
    return measured("executor.run", lambda emit: executor.run(("echo", "x"), emit=emit))


def with_line() -> dict[str, float]:
    """Run it as `sh` does: a line, judged by all layers."""
    return measured("run_line", lambda emit: executor.run_line("echo x", workspace=HERE, emit=emit))


def with_cage() -> dict[str, float]:
    """Run it as `script` does, in the whole cage of the level `workspace`."""
    return measured(
        "run_line, workspace",
        lambda emit: executor.run_line("echo x", workspace=HERE, emit=emit, level="workspace"),
    )


def with_sealed_cage() -> dict[str, float]:
    """Run it in bubblewrap."""
    return measured(
        "run_line, sealed",
        lambda emit: executor.run_line("echo x", workspace=HERE, emit=emit, level="sealed"),
    )


def measured(name: str, run: Callable[[Emit], object]) -> dict[str, float]:
    """Return the seconds from the call to the first output, and to its return."""
    first = 0.0
    start = now_ns()

    def emit(event: Event) -> None:
        nonlocal first
        first = first or seconds_since(start)

    run(emit)
    assert first
    return {name: first, f"{name}, to its return": seconds_since(start)}


def with_popen() -> dict[str, float]:
    """Run it as plain Python does."""
    start = now_ns()
    child = subprocess.Popen(ECHO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0)
    assert child.stdout is not None
    os.read(child.stdout.fileno(), 1)
    first = seconds_since(start)
    child.wait()
    child.stdout.close()
    return {"subprocess.Popen": first, "subprocess.Popen, to its end": seconds_since(start)}


def with_posix_spawn() -> dict[str, float]:
    """Run it with as little as there can be."""
    start = now_ns()
    reader, writer = os.pipe()
    pid = os.posix_spawn(ECHO[0], ECHO, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
    os.close(writer)
    os.read(reader, 1)
    first = seconds_since(start)
    os.waitpid(pid, 0)
    os.close(reader)
    return {"os.posix_spawn": first}


def with_fork() -> dict[str, float]:
    """Run it as pexpect, and so `!`, does: a copy of this process first."""
    start = now_ns()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(writer, 1)
            os.execv(ECHO[0], ECHO)
        finally:
            os._exit(127)
    os.close(writer)
    os.read(reader, 1)
    first = seconds_since(start)
    os.waitpid(pid, 0)
    os.close(reader)
    return {"os.fork + exec": first}


NAMES = (
    *("os.posix_spawn", "subprocess.Popen", "os.fork + exec"),
    *("executor.run", "run_line", "run_line, workspace", "run_line, sealed"),
    *("subprocess.Popen, to its end", "run_line, to its return", "run_line, workspace, to its return"),
)
WAYS = {
    "posix_spawn": with_posix_spawn,
    "executor": with_executor,
    "popen": with_popen,
    "line": with_line,
    "fork": with_fork,
    "cage": with_cage,
    "sealed": with_sealed_cage,
}


def work(ballast_mib: int, user: int) -> None:
    """Be a user's process of a size: run each way that a line of stdin names, answer with its seconds."""
    if user != os.geteuid():
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    os.environ["HOME"] = str(HERE.with_name("home"))
    os.chdir(HERE)
    ballast = b"\1" * (ballast_mib * 2**20)
    print(measure.resident_bytes(), flush=True)
    for line in sys.stdin:
        try:
            print(json.dumps(WAYS[line.strip()]()), flush=True)
        except AutoexecError as error:
            print(json.dumps({}), flush=True)
            print(line.strip(), error, file=sys.stderr)
    del ballast


@contextlib.contextmanager
def worker(ballast_mib: int, user: int, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield such a process, at work in a project in `folder`."""
    folder.with_name("home").mkdir(exist_ok=True)
    folder.parent.chmod(0o755)
    (folder / ".git/hooks").mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").touch()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, -1)
    python = interpreter(user)
    argv = [python, __file__, "--work", str(ballast_mib), str(user), str(folder)]
    env = dict(os.environ) | {"TMPDIR": str(EVERYBODYS)}
    if python != sys.executable:
        ours = [str(Path(__file__).parents[2]), *(path for path in sys.path if "site-packages" in path)]
        env["PYTHONPATH"] = os.pathsep.join(ours)
    with subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def interpreter(user: int) -> str:
    """Return a Python of this version that the user can start: this one, or the system's."""
    own = Path(sys.executable).resolve()
    if user == os.geteuid() or not own.is_relative_to("/root"):
        return sys.executable
    return shutil.which(f"python3.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin") or ""


def ask(process: subprocess.Popen[str], line: str) -> str:
    """Return the worker's answer to a line; to an empty one, what it says first."""
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise RuntimeError("the worker is gone")
    return answer


def from_process(options: argparse.Namespace) -> None:
    """Print the time to the first byte, from a small and from a large process of this user."""
    _from_process(options, os.geteuid(), "root" if os.geteuid() == 0 else "a user")


def from_users_process(options: argparse.Namespace) -> None:
    """Print the same for somebody who is not root."""
    if os.geteuid() != 0:
        return
    if not interpreter(NOBODY):
        print("\nas an ordinary user: not measured (this interpreter is below /root; run it as that user)")
        return
    _from_process(options, NOBODY, "a user")


def _from_process(options: argparse.Namespace, user: int, name: str) -> None:
    # Where temporary files usually go may be root's alone.
    with own_folder(EVERYBODYS) as folder, contextlib.ExitStack() as stack:
        methods: list[Method] = []
        sizes = []
        for ballast in sizes_here():
            project = folder / str(ballast)
            project.mkdir()
            process = stack.enter_context(worker(ballast, user, project))
            # What runs next in a process that forked pays for its pages a second time.
            other = stack.enter_context(worker(ballast, user, project))
            size = f"{int(ask(process, '')) / 2**20:,.0f} MiB"
            ask(other, "")
            sizes.append(size)
            methods += [asking(other if way == "fork" else process, way, size) for way in WAYS]
        samples = measure.interleaved(methods, 10 if options.quick else 200)
    for size in sizes:
        found = {way: samples.get(f"{way} · {size}", []) for way in NAMES}
        spawn = statistics.median(found["os.posix_spawn"])
        table(
            f"call → first byte of `echo x`, from a process of {size} of {name}",
            found,
            names=NAMES,
            floor="os.posix_spawn",
            bars={
                name: round(factor * spawn, 5)
                for name, factor in (("executor.run", 1.2), ("run_line", 1.2), ("run_line, workspace", 1.8))
            },
        )
    if len(sizes) > 1:
        for way in NAMES[:7]:
            medians = [samples.get(f"{way} · {size}") for size in sizes]
            if all(medians):
                small, large = (statistics.median(values or [0.0]) for values in medians)
                print(f"  large to small, {way}: {large / small:.2f}")


def asking(process: subprocess.Popen[str], way: str, size: str) -> Method:
    """Return a method that has the worker run it one way."""

    def method(note: Note) -> None:
        for name, seconds in json.loads(ask(process, way)).items():
            note(f"{name} · {size}", seconds)

    return method


def from_kernel(options: argparse.Namespace) -> None:
    """Print the time to the first output and to the reply, from a small and from a large kernel."""
    with own_folder() as folder, contextlib.ExitStack() as stack:
        methods: list[Method] = []
        sizes = []
        for ballast in sizes_here():
            there = stack.enter_context(measure.kernel(folder / str(ballast)))
            size = "a new kernel" if not ballast else f"a kernel that holds {ballast} MiB"
            there.run(f"ballast = b'\\1' * ({ballast} * 2**20)")
            sizes.append(size)
            methods += [executing(there, magic, size) for magic in MAGICS]
        samples = measure.interleaved(methods, 5 if options.quick else 20)
    for size in sizes:
        for what in ("first output", "reply"):
            table(
                f"request → {what} at a Jupyter client of {size}",
                {magic: samples[f"{magic} → {what} · {size}"] for magic in MAGICS},
                floor="no process: print",
                bars={"%autoexec sh": BAR},
            )


IN_KERNEL = """
import io, time
from IPython import get_ipython
def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
shell = get_ipython()
calls = {
    "%autoexec sh": lambda: shell.run_line_magic("autoexec", "sh echo x"),
    "!": lambda: shell.system("echo x"),
    "%%bash": lambda: shell.run_cell_magic("bash", "", "echo x"),
}
"""


def in_kernel(options: argparse.Namespace) -> None:
    """Print the time from the call to its return, as code of a cell sees it; the store is on."""
    with own_folder() as folder, measure.kernel(folder / "kernel") as there:
        there.run(IN_KERNEL)
        samples: measure.Samples = {}
        for number in range(4 + (10 if options.quick else 60)):
            for name in MAGICS:
                if name in ("%autoexec sh", "!", "%%bash"):
                    heard = there.run(f"print('SECONDS', timed(calls[{name!r}]))")
                    found = re.search(r"SECONDS (\S+)", "".join(text for _, text in heard.texts))
                    assert found is not None, heard
                    if number >= 4:
                        samples.setdefault(name, []).append(float(found[1]))
    system = statistics.median(samples["!"])
    table("call → return in a cell", samples, floor="%autoexec sh", bars={"%autoexec sh": system / 25})


def executing(there: Kernel, magic: str, size: str) -> Method:
    """Return a method that runs `echo x` by a magic."""

    def method(note: Note) -> None:
        heard = there.run(MAGICS[magic])
        assert "x" in heard.texts[0][1], heard
        note(f"{magic} → first output · {size}", heard.first_seconds)
        note(f"{magic} → reply · {size}", heard.reply_seconds)

    return method


def sizes_here() -> tuple[int, ...]:
    """Return the MiB to hold, 1 GiB only where there is room for it."""
    if measure.available_bytes() > 3 * GIB:
        return (0, BALLAST_MIB)
    print(f"\nfrom {BALLAST_MIB} MiB: not measured (less than 3 GiB of memory is available)")
    return (0,)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        HERE = Path(sys.argv[4])
        work(int(sys.argv[2]), int(sys.argv[3]))
    else:
        measure.main(
            "How long from the call to the first byte of a command?",
            [from_process, from_users_process, from_kernel, in_kernel],
        )
