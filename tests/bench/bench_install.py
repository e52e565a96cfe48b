"""How long does an install take, proof included? Asked for: 1.3 times bare uv, cached and uncached.

And what is there already is said within 0.3 ms; cached 20 times and uncached 3
times faster than pip. A kernel stands for the user: a process of an
environment of its own, with the package loaded, which heals an import. Beside
it, bare `uv pip install NAME` and `pip install NAME` into the same
environment, each uninstalled again between, unmeasured. First against an index
on this machine that serves real wheels over HTTP, a few milliseconds away as a
mirror in the same building is; then against the configured one, a handful of
runs, if it answers. `uncached` is: nothing of the project is on this disk, as
uv's wheels and pages, pip's cache and our wheels and proofs are removed; that
uv knows the interpreter is left.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.server
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import measure
from measure import Note, own_folder, table

import autoexec_magic
from autoexec_magic.installer import uv_path
from autoexec_magic.installer.sources import PUBLIC

UV = str(uv_path())
ROUNDS, QUICK_ROUNDS = 15, 5
ONLINE_ROUNDS = 7
DELAY_SECONDS = 0.015  # to the first byte of each answer
JSON = "application/vnd.pypi.simple.v1+json"
THERE_BAR = 0.3e-3
#: what is imported, what is named to uv and pip, and what is served
ALONE = ("yaml", "PyYAML")
WITH_NEEDS = ("jinja2", "Jinja2")
WHEELS = ("PyYAML", "Jinja2", "MarkupSafe", "attrs", "click", "idna", "certifi", "six", "toolz", "tqdm")

KERNEL = """
import json, sys, time
from pathlib import Path
from autoexec_magic import config, installer
from autoexec_magic.installer import Context, Needed, heal, install_named

def context():
    cache = Path(sys.argv[1])
    return Context(config=config.Config(index_url=sys.argv[2]), folders=(), cache=cache, emit=events.append,
                   ask=lambda question: False)

for line in sys.stdin:
    verb, name = line.split()
    events, here = [], None
    here = context()
    sys.modules.pop(name, None)
    start = time.perf_counter()
    if verb in ("heal", "there-import"):
        _, installed = heal([Needed(1, name)], here)
    else:
        _, installed = install_named([name], here)
    seconds = time.perf_counter() - start
    names = [item.distribution for item in installed]
    print(json.dumps({"seconds": seconds, "installed": names}), flush=True)
"""


@dataclass(slots=True)
class Place:
    """An environment, its caches, and a process in it that stands for a kernel."""

    folder: Path
    index: str
    kernel: subprocess.Popen[str]
    variables: dict[str, str]

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "venv" / "bin" / "python")

    def heal(self, verb: str, name: str) -> float:
        """Return the seconds that the kernel took; it must have done its work."""
        assert self.kernel.stdin is not None
        assert self.kernel.stdout is not None
        self.kernel.stdin.write(f"{verb} {name}\n")
        self.kernel.stdin.flush()
        answer = json.loads(self.kernel.stdout.readline())
        if bool(answer["installed"]) == verb.startswith("there"):
            raise RuntimeError(f"{verb} {name}: {answer}")
        return float(answer["seconds"])

    def run(self, *argv: str) -> float:
        """Return the seconds that a program took; it must pass."""
        start = time.perf_counter()
        done = subprocess.run(argv, env=self.variables, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(done.stderr)
        return seconds

    def uv(self, *words: str) -> float:
        """Run uv."""
        return self.run(UV, "pip", "install", "--quiet", "--python", self.python, *words)

    def pip(self, *words: str) -> float:
        """Run pip."""
        return self.run(self.python, "-m", "pip", "install", "--quiet", "--index-url", self.index, *words)

    def clear(self, *names: str) -> None:
        """Uninstall, unmeasured."""
        self.run(UV, "pip", "uninstall", "--quiet", "--python", self.python, *names)

    def forget(self) -> None:
        """Remove what the caches hold of projects."""
        for cache in ("uv-cache", "pip-cache", "cache"):
            for path in (self.folder / cache).glob("*"):
                if not path.name.startswith(("interpreter", ".", "CACHEDIR")):
                    shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def place(index: str) -> Iterator[Place]:
    """Yield a new environment whose only index is `index`."""
    with own_folder() as folder:
        venv.create(folder / "venv", symlinks=True, with_pip=True)
        site = next((folder / "venv").glob("lib/python*/site-packages"))
        paths = [str(Path(autoexec_magic.__file__).parents[1]), *_libraries(folder)]
        (site / "libraries.pth").write_text("".join(f"{path}\n" for path in paths), "utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
        # A folder of certificates costs each start of uv some milliseconds; few have one set.
        kept.pop("SSL_CERT_DIR", None)
        variables = kept | {
            "UV_CACHE_DIR": str(folder / "uv-cache"),
            "PIP_CACHE_DIR": str(folder / "pip-cache"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "UV_NO_CONFIG": "1",
            "UV_DEFAULT_INDEX": index,
            "AUTOEXEC_DATA_DIR": str(folder / "data"),
        }
        (folder / "kernel.py").write_text(KERNEL, "utf-8")
        (folder / "cache").mkdir(mode=0o700)
        kernel = subprocess.Popen(
            [str(folder / "venv/bin/python"), "-P", folder / "kernel.py", folder / "cache", index],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=variables,
            cwd=folder,
        )
        try:
            yield Place(folder, index, kernel, variables)
        finally:
            assert kernel.stdin is not None
            kernel.stdin.close()
            kernel.wait(measure.PATIENCE_SECONDS)
            assert kernel.stdout is not None
            kernel.stdout.close()


def _libraries(folder: Path) -> list[str]:
    """Return a folder with links to what the package needs, and to nothing of what is installed here."""
    links = folder / "libraries"
    links.mkdir()
    for name in (
        "jupyter_core",
        "packaging",
        "unearth",
        "uv",
        "httpx2",
        "httpcore2",
        "h11",
        "anyio",
        "idna",
        "certifi",
        "sniffio",
        "platformdirs",
        "traitlets",
        "typing_extensions.py",
        "tree_sitter",
        "tree_sitter_bash",
    ):
        for path in sys.path:
            if "-packages" in path and (Path(path) / name).exists():
                (links / name).symlink_to(Path(path) / name)
                break
    (links / "bin").mkdir()
    (links / "bin" / "uv").symlink_to(UV)
    return [str(links)]


def compare(title: str, here: Place, module: str, name: str, *names: str, rounds: int) -> None:
    """Measure one name, cached and uncached, by all three."""

    def noted(what: str, note: Note, once: object) -> None:
        here.clear(name, *names)
        note(what, once())  # type: ignore[operator]

    def forgotten(what: str, note: Note, once: object) -> None:
        here.forget()
        noted(what, note, once)

    offline = "autoexec, cached", "uv --offline, cached", "pip, cached"
    fresh = "autoexec, uncached", "uv, uncached", "pip, uncached"
    # All caches are filled once, before what is cached is measured.
    here.forget()
    for fill in (lambda: here.heal("heal", module), lambda: here.uv(name), lambda: here.pip(name)):
        here.clear(name, *names)
        fill()
    cached = measure.interleaved(
        [
            lambda note: noted(offline[0], note, lambda: here.heal("heal", module)),
            lambda note: noted(offline[1], note, lambda: here.uv("--offline", name)),
            lambda note: noted(offline[2], note, lambda: here.pip(name)),
        ],
        rounds,
    )
    uncached = measure.interleaved(
        [
            lambda note: forgotten(fresh[0], note, lambda: here.heal("heal", module)),
            lambda note: forgotten(fresh[1], note, lambda: here.uv(name)),
            lambda note: forgotten(fresh[2], note, lambda: here.pip(name)),
        ],
        rounds,
        warm_ups=1,
    )
    for what, samples, names_of, faster in (
        ("cached", cached, offline, 20),
        ("uncached", uncached, fresh, 3),
    ):
        mine, uv, pip = (statistics.median(samples[each]) for each in names_of)
        table(f"{title}, {what}", samples, floor=names_of[1])
        print(
            f"  {mine / uv:.2f} x uv (asked for: 1.3), {pip / mine:.1f} times faster than pip"
            f" (asked for: {faster})"
        )


def already_there(options: argparse.Namespace) -> None:
    """What is here is said in process, whether it is imported or named."""
    with place("http://127.0.0.1:9/simple") as here:
        rounds = 200
        samples = measure.interleaved(
            [
                lambda note: note("heal: the import", here.heal("there-import", "packaging")),
                lambda note: note("install: the name", here.heal("there-name", "pip")),
            ],
            rounds,
        )
        bars = dict.fromkeys(samples, THERE_BAR)
        table("There already", samples, unit="µs", bars=bars)


def with_local_index(options: argparse.Namespace) -> None:
    """Real wheels from this machine."""
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    with own_folder() as folder, served(folder) as index, place(index) as here:
        compare("Local index, one wheel", here, *ALONE, rounds=rounds)
        compare("Local index, with what it needs", here, *WITH_NEEDS, "MarkupSafe", rounds=rounds)


def with_real_index(options: argparse.Namespace) -> None:
    """The public index, if it answers."""
    with place(PUBLIC) as here:
        compare("Public index, one wheel", here, *ALONE, rounds=3 if options.quick else ONLINE_ROUNDS)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve real wheels, downloaded once, as a simple index of JSON."""
    wheels = folder / "wheels"
    words = ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--index-url", PUBLIC]
    subprocess.run(
        [sys.executable, "-m", "pip", *words, "--dest", wheels, *WHEELS],
        check=True,
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""},
    )
    files: dict[str, list[Path]] = {}
    for path in wheels.iterdir():
        files.setdefault(path.name.split("-")[0].lower().replace("_", "-"), []).append(path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _index_of(wheels, files))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/simple"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _index_of(wheels: Path, files: dict[str, list[Path]]) -> type[http.server.BaseHTTPRequestHandler]:
    class Index(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            time.sleep(DELAY_SECONDS)
            name = unquote(self.path).strip("/").rpartition("/")[2]
            if self.path.startswith("/files/"):
                self._send(
                    "application/octet-stream", (wheels / name).read_bytes(), self.headers.get("Range")
                )
            elif name in files:
                self._send(JSON, _page(name, files[name]), None)
            else:
                self.send_error(404)

        def do_HEAD(self) -> None:
            self.do_GET()

        def _send(self, kind: str, body: bytes, span: str | None) -> None:
            start, end = 0, len(body)
            if span and span.startswith("bytes="):
                first, _, last = span[6:].partition("-")
                start = int(first) if first else max(0, end - int(last))
                end = min(end, int(last) + 1) if first and last else end
            self.send_response(206 if span else 200)
            if span:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(body)}")
            self.send_header("Content-Type", kind)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(end - start))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[start:end])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Index


def _page(name: str, paths: list[Path]) -> bytes:
    rows = [
        {
            "filename": path.name,
            "url": f"/files/{path.name}",
            "hashes": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
            "size": path.stat().st_size,
            "upload-time": "2020-01-01T00:00:00Z",
        }
        for path in paths
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": rows}).encode()


if __name__ == "__main__":
    measure.main(__doc__.partition("\n")[0], [already_there, with_local_index, with_real_index], limit=300)
