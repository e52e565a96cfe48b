"""Real engines for tests: a Docker Engine and a registry of the tests' own, on this machine only.

The engine is Debian's `dockerd`, started as root with its data, its socket and
its bridge apart from any other engine of the machine: a base image that the
tests make is called as the real one, and must not stand where a person's is.
It changes no firewall rules, and is stopped by its process id. A base image is
made of the interpreter that runs the tests, as no registry can be reached.

What listens on a published port ends with the *thread* of the engine that
started it in versions before 24 (moby/moby#45152), now and then, and all who
ask there are refused; here it does not.

    from engines import engine, registry  # fixtures, in a conftest.py
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from skips import requires

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
PYTHON = f"python:{VERSION}-slim"
PATIENCE_SECONDS = 60.0
_PATH = "ENV PATH=/usr/local/bin:/usr/bin:/bin"
_LINKS = (("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64"))
_FOLDERS = ("usr", "usr/bin", "usr/lib", "usr/lib64", "usr/local", "usr/local/bin", "usr/local/lib", "etc")
_LEFT_OUT = re.compile(r"/(?:__pycache__|tests?|idlelib|tkinter|turtledemo|ensurepip|site-packages|config-)")


@dataclass(slots=True)
class Engine:
    """A Docker Engine of the tests' own; all of it is below `folder`."""

    folder: Path
    bridge: str
    process: subprocess.Popen[bytes] | None = None
    data: Path | None = None
    loaded: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """What DOCKER_HOST is for it."""
        return f"unix://{self.folder}/docker.sock"

    def start(self) -> None:
        """Start it and wait until it answers."""
        argv = [
            "dockerd",
            f"--data-root={self.data or self.folder / 'data'}",
            f"--exec-root={self.folder / 'exec'}",
            f"--pidfile={self.folder / 'pid'}",
            f"--host={self.url}",
            f"--bridge={self.bridge}",
            "--iptables=false",
            "--ip-masq=false",
            "--max-concurrent-uploads=1",
            *self._steady_proxy(),
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                said = (self.folder / "log").read_text("utf-8", "replace").splitlines()[-3:]
                raise RuntimeError(f"dockerd does not start: {said}")
            time.sleep(0.05)

    def _steady_proxy(self) -> list[str]:
        """Return the option that keeps what listens on a published port, where that can be."""
        own, setpriv = shutil.which("docker-proxy"), shutil.which("setpriv")
        if own is None or setpriv is None:
            return []
        steady = self.folder / "proxy"
        steady.write_text(f'#!/bin/sh\nexec {setpriv} --pdeathsig clear {own} "$@"\n')
        steady.chmod(0o755)
        return [f"--userland-proxy-path={steady}"]

    def answers(self) -> bool:
        """Whether it says that it is there."""
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(5)
            try:
                asked.connect(f"{self.folder}/docker.sock")
                asked.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b" 200 " in asked.recv(64)
            except OSError:
                return False

    def kill(self) -> None:
        """Let it die without a word, and what it started with it, as of a lack of memory."""
        assert self.process is not None
        started = _children(self.process.pid)
        self.process.kill()
        self.process.wait()
        for pid in {*started, *self._left()}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for path in (self.folder / "exec" / "containerd").glob("containerd*"):
            path.unlink()

    def stop(self) -> None:
        """End it, and all that it left: by their ids, and only what works below its folder."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        if self.process is not None:
            self.kill()
        places = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        below = tuple(str(each) for each in (self.folder, self.data) if each)
        for place in sorted((each for each in places if each.startswith(below)), reverse=True):
            subprocess.run(["umount", "-l", place], check=False, capture_output=True)

    def _left(self) -> list[int]:
        """Return containerd and its shims that name our folder, and what they contain."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes()
                if str(self.folder).encode() in words and b"containerd" in words and b"pytest" not in words:
                    children = (entry / "task" / entry.name / "children").read_text().split()
                    found += [int(entry.name)]
                    found += [int(child) for child in children] if b"shim" in words else []
        return found

    def client(self) -> Any:
        """Return docker-py's low client of it."""
        import docker

        return docker.APIClient(base_url=self.url, version="auto", timeout=60)

    def load(self, tag: str = PYTHON) -> str:
        """Make a base image known under `tag`, once, and return it."""
        if tag not in self.loaded:
            name, _, version = tag.rpartition(":")
            with contextlib.closing(self.client()) as client:
                makes = {"node": node_tar, "tiny": tiny_tar}
                tar = makes.get(name.partition("-")[0], python_tar)()
                client.import_image(src=str(tar), repository=name, tag=version, changes=[_PATH])
            self.loaded.append(tag)
        return tag

    def seen(self) -> tuple[set[str], set[str]]:
        """Return the ids of all its containers, and of its images that have a name or no child."""
        with contextlib.closing(self.client()) as client:
            containers = {each["Id"] for each in client.containers(all=True)}
            return containers, {each["Id"] for each in client.images()}


def _children(pid: int) -> list[int]:
    """Return what a process started and has not seen the end of, whichever of its threads did."""
    with contextlib.suppress(OSError):
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for each in threads for child in (each / "children").read_text().split()]
    return []


@contextlib.contextmanager
def own_engine(data: Path | None = None) -> Iterator[Engine]:
    """Yield an engine that was started for this; skip the test where it cannot be."""
    requires(shutil.which("dockerd"), "dockerd is not installed", "apt-get install docker.io")
    requires(os.geteuid() == 0, "dockerd needs root", "sudo make test")
    requires(shutil.which("ip"), "ip is not installed", "apt-get install iproute2")
    requires(importlib.util.find_spec("docker"), "docker-py is not installed", "pip install docker")
    folder = Path(tempfile.mkdtemp(prefix="axd-"))  # a socket's path has 107 bytes, and tmp_path is long
    here = Engine(folder=folder, bridge=_bridge(), data=data)
    try:
        try:
            here.start()
        except RuntimeError as error:
            requires(False, str(error), "run the tests where containers may be started")
        yield here
    finally:
        here.stop()
        subprocess.run(["ip", "link", "del", here.bridge], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _bridge() -> str:
    """Make a bridge with a network that nobody has, and return its name."""
    taken = subprocess.run(["ip", "-br", "addr"], capture_output=True, text=True, check=True).stdout
    for number in range(40, 250):
        name, network = f"axd{number}", f"172.30.{number}."
        if network in taken:
            continue
        made = subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=False, capture_output=True)
        if made.returncode:  # somebody else was faster, or we may not
            continue
        subprocess.run(["ip", "addr", "add", f"{network}1/24", "dev", name], check=True)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        return name
    requires(False, "no bridge can be made", "run the tests as root where networks may be made")
    raise AssertionError


@pytest.fixture(scope="session")
def session_engine() -> Iterator[Engine]:
    """Return the engine that most tests share."""
    with own_engine() as here:
        yield here


@pytest.fixture(scope="session")
def session_swarm() -> Iterator[Engine]:
    """Return an engine that is the one manager of a Swarm of its own."""
    with own_engine() as here, swarmed(here):
        yield here


@contextlib.contextmanager
def swarmed(here: Engine) -> Iterator[None]:
    """Let an engine be a Swarm's manager; the bridge of its tasks is its own, as the engine's is."""
    import docker

    bridge = here.bridge.replace("axd", "axg")
    pool = docker.types.IPAMPool(subnet=f"172.29.{here.bridge[3:]}.0/24")
    words = {"name": bridge, "enable_icc": "false", "enable_ip_masquerade": "false"}
    options = {f"com.docker.network.bridge.{name}": value for name, value in words.items()}
    try:
        with contextlib.closing(here.client()) as client:
            ipam = docker.types.IPAMConfig(pool_configs=[pool])
            client.create_network("docker_gwbridge", driver="bridge", options=options, ipam=ipam)
            client.init_swarm(advertise_addr="127.0.0.1", listen_addr="127.0.0.1:0")
    except docker.errors.APIError as error:
        requires(False, f"no Swarm can be made: {error}", "run the tests where networks may be made")
    try:
        yield
    finally:
        with contextlib.closing(here.client()) as client:
            client.leave_swarm(force=True)
        subprocess.run(["ip", "link", "del", bridge], check=False, capture_output=True)


@pytest.fixture
def swarm(session_swarm: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return a Swarm's manager with a Python base image, named by DOCKER_HOST."""
    return _named(session_swarm, monkeypatch)


@pytest.fixture
def engine(session_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return a running engine with a Python base image, named by DOCKER_HOST."""
    return _named(session_engine, monkeypatch)


def _named(here: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    here.load()
    monkeypatch.setenv("DOCKER_HOST", here.url)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(here.folder / "config"))
    return here


@pytest.fixture(scope="session")
def registry() -> Iterator[str]:
    """Return HOST:PORT of a registry on this machine."""
    there = shutil.which("docker-registry")
    requires(there, "docker-registry is not installed", "apt-get install docker-registry")
    with tempfile.TemporaryDirectory(prefix="axr-") as name, started_registry(Path(name)) as address:
        yield address


@contextlib.contextmanager
def started_registry(folder: Path, htpasswd: Path | None = None) -> Iterator[str]:
    """Yield the address of a registry whose data is in `folder`."""
    address = f"127.0.0.1:{free_port()}"
    auth = f"auth: {{htpasswd: {{realm: tests, path: {htpasswd}}}}}\n" if htpasswd else ""
    (folder / "config.yml").write_text(
        "version: 0.1\nlog: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
        f"http: {{addr: '{address}'}}\n{auth}"
    )
    with (folder / "log").open("wb") as log:
        argv = ["docker-registry", "serve", str(folder / "config.yml")]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while not _is_registry(address):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((folder / "log").read_text())
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _is_registry(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/v2/", timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code == 401
    except OSError:
        return False


def free_port() -> int:
    """Return a port that nobody listened on just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@functools.cache
def _tars() -> Path:
    import atexit

    folder = Path(tempfile.mkdtemp(prefix="axt-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def python_tar() -> Path:
    """Return a root file system with this interpreter, its standard library, pip and a shell."""
    paths = sysconfig.get_paths(vars={"base": sys.base_prefix, "platbase": sys.base_prefix})
    library, program = Path(paths["stdlib"]), Path(os.path.realpath(sys.executable))
    loaded = [path for path in (library / "lib-dynload").glob("*.so") if "_tkinter" not in path.name]
    with _root("python") as (tar, add):
        for each in (program, *loaded):
            _add_libraries(each, add)
        for name in ("python3", "python", f"python{VERSION}"):
            add(program, f"usr/local/bin/{name}")
        inside = f"usr/local/lib/{library.name}"
        tar.add(library, inside, filter=lambda item: None if _LEFT_OUT.search(item.name) else item)
        for wheel in (library / "ensurepip" / "_bundled").glob("pip-*.whl"):
            with zipfile.ZipFile(wheel) as opened:
                for name in opened.namelist():
                    _add_bytes(tar, f"{inside}/site-packages/{name}", opened.read(name))
    return _tars() / "python.tar"


@functools.cache
def node_tar() -> Path:
    """Return a root file system with this machine's Node, and a shell."""
    program = shutil.which("node")
    requires(program, "node is not installed", "apt-get install nodejs")
    with _root("node") as (_, add):
        _add_libraries(Path(str(program)), add)
        add(Path(os.path.realpath(str(program))), "usr/local/bin/node")
        for name in ("acorn", "cjs-module-lexer", "undici"):  # Debian's Node has them outside
            for path in sorted(Path("/usr/share/nodejs", name).rglob("*")):
                if path.is_file():
                    add(path, str(path).lstrip("/"))
    return _tars() / "node.tar"


@functools.cache
def tiny_tar() -> Path:
    """Return a root file system with a shell and five programs."""
    with _root("tiny"):
        pass
    return _tars() / "tiny.tar"


@contextlib.contextmanager
def _root(name: str) -> Iterator[tuple[tarfile.TarFile, Any]]:
    done: set[str] = set()
    with tarfile.open(_tars() / f"{name}.tar", "w") as tar:
        for folder in (*_FOLDERS, "proc", "sys", "dev", "var", "opt", "tmp"):
            item = tarfile.TarInfo(folder)
            item.type, item.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(item)
        for link, target in _LINKS:
            item = tarfile.TarInfo(link)
            item.type, item.linkname = tarfile.SYMTYPE, target
            tar.addfile(item)

        def add(path: Path, to: str = "") -> None:
            real = Path(os.path.realpath(path))
            place = re.sub(r"\A(bin|lib|lib64)/", r"usr/\1/", (to or str(path)).lstrip("/"))
            if place not in done:
                done.add(place)
                item = tar.gettarinfo(real, place)
                item.uid = item.gid = 0
                with real.open("rb") as stream:
                    tar.addfile(item, stream)

        for program in ("sh", "sleep", "cat", "ls", "dd", "mkdir", "head", "id"):
            path = Path(str(shutil.which(program)))
            _add_libraries(path, add)
            add(path, f"usr/bin/{program}")
        _add_bytes(tar, "etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
        _add_bytes(tar, "etc/nsswitch.conf", b"hosts: files dns\n")
        yield tar, add


def _add_libraries(program: Path, add: Any) -> None:
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    for path in re.findall(r"(/\S+)", said):
        add(Path(path))


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    item = tarfile.TarInfo(name)
    item.size, item.mode = len(content), 0o644
    tar.addfile(item, io.BytesIO(content))
