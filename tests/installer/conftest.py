"""What the installer's tests share: a local index, and environments to install into.

An environment is a virtual environment of its own that sees this package and
what it needs, and nothing else that happens to be installed beside the tests;
what installs runs as a child of its Python (`programs/drive.py`), because
installs go where the running interpreter belongs.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import io
import json
import os
import shutil
import ssl
import subprocess
import sys
import venv
import zipfile
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import autoexec_magic
from autoexec_magic.config import Config
from autoexec_magic.installer import Context, Needed, finder, resolve, scan, uv_path
from autoexec_magic.installer.decide import Ages, decide
from autoexec_magic.installer.known import lookup
from autoexec_magic.values import Question, Resolution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from index import File
    from index import Index as IndexType

CHILD_SECONDS = 60.0
DRIVER = Path(__file__).parent / "programs" / "drive.py"
# What `autoexec_magic.api` and its finder import; nothing else of the test environment shows in the child.
LIBRARIES = ("jupyter-core", "packaging", "unearth", "uv")


def load(name: str) -> ModuleType:
    """Import `name`.py of this folder by its path, for the tests beside it to import by `name`."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Index = load("index").Index


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with one certificate: to read all that a machine trusts takes a finder 50 ms."""
    file = tmp_path_factory.mktemp("certificate") / "one.pem"
    trusted = ssl.create_default_context().get_ca_certs(binary_form=True)
    file.write_text("".join(ssl.DER_cert_to_PEM_cert(each) for each in trusted[:1]), "ascii")
    return file


@pytest.fixture(autouse=True)
def offline(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    """Let nothing of the machine's network stand before the local index."""
    if request.node.get_closest_marker("online"):
        return
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    if certificate.stat().st_size:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.fixture
def index() -> Iterator[IndexType]:
    """Yield an empty index."""
    with Index() as running:
        yield running


class Person:
    """Answers questions with `answer`, and keeps them in `questions`."""

    def __init__(self, *, answer: bool = False) -> None:
        self.answer = answer
        self.questions: list[Question] = []

    def __call__(self, question: Question) -> bool:
        """Take a question."""
        self.questions.append(question)
        return self.answer


@dataclass(kw_only=True)
class Desk:
    """The installer in this process: for what finds and decides, and installs nothing."""

    cache: Path
    emit: Any
    indexes: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    person: Person = field(default_factory=Person)
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        """The surroundings; the first index is the setting `index-url`, unless there are more."""
        config = Config(**{"index_url": self.indexes[0] if len(self.indexes) == 1 else "", **self.settings})
        return Context(config=config, folders=self.folders, cache=self.cache, emit=self.emit, ask=self.person)

    def resolve(self, *modules: str) -> list[Resolution]:
        """Return what follows for modules, after asking the index."""
        return resolve([Needed(1, module) for module in modules], self.context, online=True)

    def resolve_source(self, source: str) -> list[Resolution]:
        """Return what follows for what `source` imports."""
        return resolve(scan(source), self.context, online=True)


@pytest.fixture
def desk(tmp_path: Path, emit: Any, index: IndexType) -> Desk:
    """Return the installer with the local index as its only one."""
    return Desk(cache=tmp_path / "cache", emit=emit, indexes=(index.url,))


@pytest.fixture
def find(
    tmp_path: Path, index: IndexType, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[finder.Found]]:
    """Return a function that asks the finder in this process: queries in, what it found out."""

    def ask(*queries: finder.Query, **fields: Any) -> list[finder.Found]:
        request = {
            "queries": [asdict(query) for query in queries],
            "indexes": [index.url],
            "find_links": [],
            "cache": str(tmp_path / "cache"),
            "release_age_days": 3.0,
            **fields,
        }
        written = io.StringIO()
        monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(request)))
        with contextlib.redirect_stdout(written):
            assert finder.main() == 0
        answers = [json.loads(line) for line in written.getvalue().splitlines()]
        return [
            finder.Found(
                **{name: tuple(item) if isinstance(item, list) else item for name, item in row.items()}
            )
            for row in answers
        ]

    return ask


@pytest.fixture
def judge(find: Callable[..., list[finder.Found]]) -> Callable[..., Resolution]:
    """Return a function that finds a module and decides, in this process and with nobody to ask."""

    def judged(module: str, **fields: Any) -> Resolution:
        row = lookup(module)
        query = finder.Query(
            distribution=row.distribution if row else module,
            modules=(row.module if row else module,),
            newest_known=row.proved if row else "",
        )
        [found] = find(query, **fields)
        config = Config()
        ages = Ages(project=config.project_age_days, release=config.release_age_days)
        return decide(query.modules[0], row, found, ages, datetime.now(UTC))

    return judged


@dataclass(kw_only=True)
class Answer:
    """What the driver said of its job."""

    resolutions: list[dict[str, Any]]
    installed: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    events: list[dict[str, Any]]
    argvs: list[list[str]]
    left: list[str]
    printed: str
    error: dict[str, str] | None
    raw: str

    @property
    def decisions(self) -> dict[str, str]:
        """Each module's decision."""
        return {item["module"]: item["decision"] for item in self.resolutions}


@dataclass(kw_only=True)
class Environment:
    """A virtual environment, and the surroundings of the children that run in it."""

    folder: Path
    home: Path
    variables: dict[str, str]

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def site(self) -> Path:
        """Where its distributions are."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / "lib" / version / "site-packages"

    @property
    def distributions(self) -> dict[str, str]:
        """What is installed in it: names and versions."""
        found = importlib.metadata.distributions(path=[str(self.site)])
        return {item.name: item.version for item in found}

    @property
    def files(self) -> dict[str, bytes]:
        """All files of it that an install could change, with their bytes; uv's empty lock is none."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.is_symlink() and path.suffix != ".pyc" and path.name != ".lock"
        }

    def unpack(self, file: File) -> None:
        """Install a wheel the plain way: its files, where they belong."""
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            archive.extractall(self.site)

    def start(self, job: dict[str, Any]) -> subprocess.Popen[str]:
        """Start the driver with `job`."""
        child = subprocess.Popen(
            [self.python, "-P", DRIVER],
            cwd=self.home,
            env=self.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stdin is not None
        child.stdin.write(json.dumps(job) + "\n")
        child.stdin.flush()
        return child

    def finish(self, child: subprocess.Popen[str]) -> Answer:
        """Wait for the driver and return its answer."""
        with child:
            try:
                written, errors = child.communicate(timeout=CHILD_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                raise
        line = written.rpartition("\nANSWER ")[2]
        assert line.startswith("{"), errors or written
        return Answer(**json.loads(line), raw=written + errors)

    def drive(self, verb: str, *, answer: bool | None = None, **job: Any) -> Answer:
        """Do one thing in the environment; `answer` is what the person says, None that nobody is there."""
        return self.finish(self.start({"verb": verb, "answer": answer, **job}))

    def heal(self, source: str, **job: Any) -> Answer:
        """Install what `source` imports and may be installed."""
        return self.drive("heal", source=source, **job)

    def run(self, code: str) -> str:
        """Run Python in the environment and return what it printed."""
        done = subprocess.run(
            [self.python, "-P", "-c", code],
            cwd=self.home,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=CHILD_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with links to this package and to what it needs."""
    folder = tmp_path_factory.mktemp("libraries")
    (folder / "autoexec_magic").symlink_to(Path(autoexec_magic.__file__).parent)
    for distribution in _closure(LIBRARIES):
        _link(distribution, folder)
    program = uv_path()
    assert program is not None
    (folder / "bin").mkdir()
    (folder / "bin" / "uv").symlink_to(program)  # where `uv.find_uv_bin` looks beside its own folder
    return folder


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, libraries: Path) -> Path:
    """Return a virtual environment without pip, to copy."""
    return _created(tmp_path_factory.mktemp("template") / "venv", libraries)


@pytest.fixture
def environment(template: Path, tmp_path: Path, index: IndexType) -> Environment:
    """Return an empty environment whose only index is the local one."""
    return _environment(template, tmp_path, index.url)


@pytest.fixture(scope="session")
def pip_template(tmp_path_factory: pytest.TempPathFactory, libraries: Path) -> Path:
    """Return a virtual environment that sees this one's pip, to copy."""
    from skips import requires

    requires(importlib.util.find_spec("pip"), "this Python has no pip", f"{sys.executable} -m ensurepip")
    folder = tmp_path_factory.mktemp("pip")
    _link(importlib.metadata.distribution("pip"), folder)
    return _created(tmp_path_factory.mktemp("template") / "venv", libraries, folder)


@pytest.fixture
def pip_environment(pip_template: Path, tmp_path: Path, index: IndexType) -> Environment:
    """Return an environment that has pip, whose only index is the local one."""
    return _environment(pip_template, tmp_path, index.url)


def _created(folder: Path, *libraries: Path) -> Path:
    venv.create(folder, symlinks=True, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text("".join(f"{path}\n" for path in libraries), "utf-8")
    return folder


def _link(distribution: importlib.metadata.Distribution, folder: Path) -> None:
    """Make the files of `distribution` importable from `folder`."""
    for name in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
        (folder / name).symlink_to(distribution.locate_file(name))


def _environment(template: Path, tmp_path: Path, url: str) -> Environment:
    folder, home = tmp_path / "venv", tmp_path / "home"
    shutil.copytree(template, folder, symlinks=True)
    home.mkdir()
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH")
        if name in os.environ
    }
    variables = {
        **kept,
        "HOME": str(home),
        "AUTOEXEC_DATA_DIR": str(tmp_path / "data"),
        "AUTOEXEC_INDEX_URL": url,
        "UV_CACHE_DIR": str(tmp_path / "uv-cache"),
        "PIP_CACHE_DIR": str(tmp_path / "pip-cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "UV_NO_CONFIG": "1",
        "NO_PROXY": "*",
        "no_proxy": "*",
        "JUPYTER_PLATFORM_DIRS": "1",
    }
    return Environment(folder=folder, home=home, variables=variables)


def _closure(names: tuple[str, ...]) -> list[importlib.metadata.Distribution]:
    """Return the distributions `names` and all that they need here."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        found[name] = importlib.metadata.distribution(name)
        for text in found[name].requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return list(found.values())
