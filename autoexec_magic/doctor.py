"""What works on this machine: each thing tried, not guessed from its name."""

from __future__ import annotations

import errno
import importlib.util
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import api, config, executor, installer
from .errors import AutoexecError
from .installer.sources import sources, without_credentials
from .values import Level

_SECONDS = 5.0
_INDEX_SECONDS = 3.0
# A process of its own: a name that nobody resolves outlasts every limit of urllib's.
_ASK = """
import base64, sys, urllib.error, urllib.parse, urllib.request
for line in sys.stdin.read().split():
    parts = urllib.parse.urlsplit(line)
    login, _, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(urllib.parse.urlunsplit(parts._replace(netloc=host)))
    if login:
        words = urllib.parse.unquote(login).encode()
        request.add_header("Authorization", "Basic " + base64.b64encode(words).decode())
    try:
        urllib.request.urlopen(request, timeout=LIMIT).close()
        print("answers")
    except urllib.error.HTTPError as error:
        print("answers" if error.code == 404 else f"answers HTTP {error.code}")
    except Exception as error:
        print(" ".join(str(getattr(error, "reason", error)).split()) or type(error).__name__)
"""
_EXTRAS = {
    "docker": "docker",
    "kubernetes": "kubernetes",
    "boto3": "aws",
    "google.cloud.run_v2": "gcp",
    "jupyterlab": "lab",
    "pigar": "index",
    "tree_sitter_javascript": "languages",
}  # those that something uses by now


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing: whether it works, what was seen, and what to type if it is wanted."""

    name: str
    works: bool
    what: str
    fix: str = ""
    needed: bool = False


def examine() -> list[Check]:
    """Try each part and return what was seen; nothing is installed or changed."""
    loaded = config.load()
    checks = [_python(), _platform(), _data(loaded.data), _ledger(), _command()]
    checks += [*_installers(), _index(loaded.config)]
    checks += [_cage(level) for level in executor.cage.LEVELS]
    checks.append(_engine())
    return [*checks, _panel(), *(_extra(module, extra) for module, extra in _EXTRAS.items())]


def _python() -> Check:
    kind = "a virtual environment" if sys.prefix != sys.base_prefix else "not a virtual environment"
    version = ".".join(map(str, sys.version_info[:3]))
    return Check(name="python", works=True, what=f"{version} at {sys.executable} ({kind})", needed=True)


def _platform() -> Check:
    full = sys.platform == "linux"
    what = (
        "Linux: everything"
        if full
        else f"{sys.platform}: without cages, and without ending what left its group"
    )
    return Check(name="platform", works=full, what=what)


def _data(folder: Path) -> Check:
    """Write where the data is, or see whether its folder could be made."""
    there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    try:
        if there == folder:
            with tempfile.NamedTemporaryFile(dir=folder):
                pass
        elif not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
        elif not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there))
    except OSError as error:
        fix = "set AUTOEXEC_DATA_DIR to a folder you may write to"
        return Check(name="data folder", works=False, what=str(error), fix=fix, needed=True)
    what = f"{folder}" if there == folder else f"{folder} (not made yet)"
    return Check(name="data folder", works=True, what=what, needed=True)


def _ledger() -> Check:
    """Look at the newest rows, and at what the newest runs saw of them."""
    try:
        found = api.ledger_verify(quick=True)
    except AutoexecError as error:
        return Check(name="ledger", works=False, what=error.why or error.what, fix=error.fix, needed=True)
    if found.misfits:
        what, fix = found.misfits[0].what, "%autoexec ledger verify"
        return Check(name="ledger", works=False, what=what, fix=fix)
    what = (
        f"the newest {found.rows} rows fit, and the newest runs saw them"
        if found.rows
        else "nothing on it yet"
    )
    return Check(name="ledger", works=True, what=what, needed=True)


def _command() -> Check:
    """Start a process and read what it says."""
    try:
        outcome = executor.run(
            [sys.executable, "-c", "print('hello')"],
            emit=lambda event: None,
            policy=executor.policy.exactly(sys.executable),
            timeout=_SECONDS,
        )
    except AutoexecError as error:
        return Check(name="processes", works=False, what=str(error), needed=True)
    works = outcome.passed and outcome.stdout == "hello\n"
    return Check(
        name="processes", works=works, what=f"started and ended one in {outcome.seconds:.2f} s", needed=True
    )


def _installers() -> list[Check]:
    uv = installer.uv_path()
    pip = _version([sys.executable, "-m", "pip", "--version"])
    version = _version([str(uv), "--version"]) if uv else "not found"
    return [
        Check(
            name="uv",
            works=bool(uv) and bool(version),
            what=version,
            fix="pip install uv",
            needed=not pip,
        ),
        Check(name="pip", works=bool(pip), what=pip or "not in this environment; uv does its work"),
    ]


def _version(argv: list[str]) -> str:
    try:
        policy = executor.policy.exactly(argv[0])
        outcome = executor.run(argv, emit=lambda event: None, policy=policy, timeout=_SECONDS)
    except AutoexecError:
        return ""
    return outcome.stdout.strip() if outcome.passed else ""


def _index(settings: config.Config) -> Check:
    """Ask each index for a project that every full one has; that it has not is an answer, too."""
    try:
        found = sources(settings.index_url, os.environ)
    except AutoexecError as error:
        return Check(name="package index", works=False, what=error.why or error.what, fix=error.fix)
    names = [without_credentials(index) for index in found.indexes]
    asked = [index for index in found.indexes if index.startswith("http")]  # the others are folders
    said = zip(asked, _answers(asked, found.cert), strict=True)
    faults = [f"{without_credentials(index)}: {words}" for index, words in said if words != "answers"]
    count = len(found.find_links)
    links = f", and {count} folder{'' if count == 1 else 's'} of files" if count else ""
    what = f"{'; '.join(faults) or ', '.join(names) or 'no index'}{links} (from {found.origin})"
    fix = "look at the network, a proxy, or `%autoexec config` for index-url" if faults else ""
    return Check(name="package index", works=not faults, what=what, fix=fix)


def _answers(indexes: list[str], cert: str) -> list[str]:
    """Return what each index said: "answers", or what went wrong."""
    if not indexes:
        return []
    asked = "".join(f"{index.rstrip('/')}/pip/\n" for index in indexes)
    try:
        outcome = executor.run(
            [sys.executable, "-I", "-c", _ASK.replace("LIMIT", str(_INDEX_SECONDS))],
            emit=lambda event: None,
            policy=executor.policy.exactly(sys.executable),
            stdin=asked.encode(),  # not on the command line, where everybody sees its password
            env={"SSL_CERT_FILE": cert} if cert else {},
            timeout=_INDEX_SECONDS,
            grace=0.1,
        )
    except AutoexecError as error:
        return [error.what] * len(indexes)
    said = outcome.stdout.splitlines()
    late = f"no answer in {_INDEX_SECONDS:g} s" if outcome.ended == "timed-out" else "could not be asked"
    return [*said, *[late] * (len(indexes) - len(said))][: len(indexes)]


def _cage(level: Level) -> Check:
    """Say what provides a cage, and what was seen when its doors were tried."""
    if level == "open":
        return Check(name="cage open", works=True, what="by limits")
    try:
        seen = executor.cage.witness(level)
    except AutoexecError as error:
        return Check(name=f"cage {level}", works=False, what=error.why or error.what, fix=error.fix)
    what = f"by {seen.mechanism}: {len(seen.held)} of {seen.tried} doors tried and shut"
    if seen.not_testable:
        what += f", {len(seen.not_testable)} not testable here"
    if seen.open:
        what += f"; open: {', '.join(name.replace(': ', ' ', 1) for name in seen.open)}"
    return Check(name=f"cage {level}", works=True, what=what)


def _engine() -> Check:
    """Ask the engine that builds images who it is."""
    from . import dockerengine as engine

    try:
        with engine.connected(_SECONDS) as client:
            said = client.version()
    except AutoexecError as error:
        return Check(name="docker engine", works=False, what=error.why or error.what, fix=error.fix)
    except engine.failures() as error:
        what = engine.explained(error, "it does not answer").what
        return Check(name="docker engine", works=False, what=what, fix="docker version")
    name = str((said.get("Platform") or {}).get("Name") or "Docker Engine").strip()
    return Check(name="docker engine", works=True, what=f"{name} {said.get('Version', '')} builds images")


def _panel() -> Check:
    """Look for both halves where a server started from this environment looks for them."""
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    panel = [Path(folder) / "autoexec-magic" / "package.json" for folder in jupyter_path("labextensions")]
    parts = ("jupyter_server_config.d", "autoexec_magic.json")
    server = [Path(folder).joinpath(*parts) for folder in jupyter_config_path()]
    missing = [
        name
        for name, places in (("the panel", panel), ("its server extension", server))
        if not any(place.is_file() for place in places)
    ]
    what = (
        f"{' and '.join(missing)} not installed here" if missing else "installed, with its server extension"
    )
    fix = "pip install autoexec-magic where Jupyter is started from; in a clone: make lab" if missing else ""
    return Check(name="panel", works=not missing, what=what, fix=fix)


def _extra(module: str, extra: str) -> Check:
    try:
        works = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # a package above it is missing
        works = False
    return Check(
        name=f"extra {extra}",
        works=works,
        what=f"{module} {'can' if works else 'cannot'} be found",
        fix=f"pip install 'autoexec-magic[{extra}]'",
    )
