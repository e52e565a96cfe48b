"""Sends what was built to a repository, and reads back that it is there.

The index is asked first: a file with the same digest is there already and is
not sent, one with another digest is refused, for who installed it has other
bytes under the same version. uv sends; the token reaches it through its
environment only, from uv's own variables, from twine's, or from the keyring.
After it the index is asked again, until it has the same digest.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import site
import sysconfig
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import BuildError, Cancelled, NeedsPerson
from ...values import Outcome, Question
from .. import installing, tools
from ..artifacts import Source
from ..bench import Bench, failure_of
from ..inputs import digest_of
from .fetching import Limit
from .repository import Login, Repository, digests, named

SEEN_SECONDS = 60.0  #: an index behind a cache needs so long until it shows what it got
MOST_SECONDS = 900.0
_TOKEN_USER = "__token__"
#: with these uv asks the forge that it runs in for a token of a few minutes
_TRUSTED = ("GITHUB_ACTIONS", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
_FROM_KEYRING = ("DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND")


def ready(source: Source, bench: Bench) -> Repository | None:
    """Return where to publish, None for nowhere; asked before a build, so that a login is there after it.

    Raises
    ------
    UsageError, NeedsPerson, BuildError
        There is no such repository or no login for it, or the project chose it and nobody agreed.
    """
    if not source.wish.publish:
        return None
    repository = named(source.wish.publish, source)
    if login_of(repository) is None and not _asks_elsewhere(source):
        why = "neither the environment nor the keyring has one"
        fix = f"set UV_PUBLISH_TOKEN, or TWINE_PASSWORD, or: keyring set {repository.upload} {_TOKEN_USER}"
        raise NeedsPerson(f"there is no token for {repository.name}", why=why, fix=fix)
    if repository.is_from_project:
        question = Question(
            text=f"send {source.folder.name} and your token to {repository.upload}?",
            evidence=("the project's own settings name this address",),
            fix=f"%autoexec build wheel --publish {repository.upload}",
        )
        if not bench.ask(question):
            raise NeedsPerson(
                f"nothing was sent to {repository.upload}", why="the answer was no", fix=question.fix
            )
    return repository


def publish(
    files: Sequence[Path], name: str, version: str, repository: Repository, bench: Bench
) -> dict[str, str]:
    """Send the files of one version; return for each file's name "sent" or "there already".

    Raises
    ------
    BuildError, MissingTool, RunTimeout, Cancelled
        One is there with other bytes, or it was not taken; what is there is said.
    """
    login = login_of(repository)
    own = {file.name: digest_of(file)[0] for file in files}
    with bench.step(f"ask {repository.name}"):
        before = digests(repository, name, login, _limit(bench), only=own)
    for each, digest in own.items():
        _refuse_other(each, digest, before, repository)
    told = {file.name: "there already" for file in files if file.name in before}
    for file in (each for each in files if each.name not in before):
        with bench.step(f"send {file.name}"):
            _send(file, repository, login, bench, (name, own))
            told[file.name] = "sent"
    with bench.step("read the digests back"):
        _read_back(own, name, version, repository, login, bench)
    return told


def login_of(repository: Repository, environ: Mapping[str, str] = os.environ) -> Login | None:
    """Return the login that the environment or the keyring has, or None."""
    if token := environ.get("UV_PUBLISH_TOKEN"):
        return Login(user=_TOKEN_USER, password=token)
    for user, password in (
        ("UV_PUBLISH_USERNAME", "UV_PUBLISH_PASSWORD"),
        ("TWINE_USERNAME", "TWINE_PASSWORD"),
    ):
        if environ.get(password):
            return Login(user=environ.get(user) or _TOKEN_USER, password=environ[password])
    return _of_keyring(
        repository, environ.get("TWINE_USERNAME") or environ.get("UV_PUBLISH_USERNAME") or _TOKEN_USER
    )


def _of_keyring(repository: Repository, user: str) -> Login | None:
    if not _is_installed("keyring"):
        return None
    keyring, errors = importlib.import_module("keyring"), importlib.import_module("keyring.errors")
    try:
        password = keyring.get_password(repository.upload, user)
    except errors.KeyringError:
        return None
    return Login(user=user, password=password) if password else None


def _is_installed(name: str) -> bool:
    """Whether a package is there and was installed: a folder of that name in the project is no keyring."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin:
        return False
    places = {*map(sysconfig.get_path, ("purelib", "platlib", "stdlib")), *site.getsitepackages()}
    places.add(site.getusersitepackages())
    return any(Path(spec.origin).resolve().is_relative_to(Path(each).resolve()) for each in places)


def _asks_elsewhere(source: Source) -> bool:
    """Whether uv itself can find a login: the program `keyring`, or a forge that gives out tokens."""
    return tools.found("keyring", source.folder) is not None or all(os.environ.get(name) for name in _TRUSTED)


def _refuse_other(file: str, digest: str, there: Mapping[str, str], repository: Repository) -> None:
    if there.get(file, digest) == digest:
        return
    error = BuildError(
        f"{repository.name} has {file} already, with other bytes",
        why=f"there sha256:{there[file]}, here sha256:{digest}",
        fix="raise the version: who installed the one that is there must not get another",
    )
    raise error


def _send(
    file: Path, repository: Repository, login: Login | None, bench: Bench, own: tuple[str, Mapping[str, str]]
) -> None:
    is_trusted = login is None and all(os.environ.get(name) for name in _TRUSTED)
    argv = (
        *(str(installing.uv_of(bench)), "publish", "--no-progress", "--color", "never"),
        *("--trusted-publishing", "always" if is_trusted else "never", file.name),
    )
    env = {"UV_NO_CONFIG": "1", "UV_PUBLISH_URL": repository.upload}
    pass_on: tuple[str, ...] = ()
    if login is not None:
        env |= {"UV_PUBLISH_USERNAME": login.user, "UV_PUBLISH_PASSWORD": login.password}
    elif is_trusted:
        pass_on = _TRUSTED
    else:
        env |= {"UV_KEYRING_PROVIDER": "subprocess", "UV_PUBLISH_USERNAME": _TOKEN_USER}
        pass_on = _FROM_KEYRING
    with bench.scratch() as place:  # uv takes a path for a pattern, and sends what lies beside the file, too
        shutil.copyfile(file, place / file.name)
        if digest_of(place / file.name)[0] != own[1][file.name]:
            raise BuildError(f"{file.name} was changed while it was sent", fix="build again")
        ended = bench.start(
            argv,
            cwd=place,
            env=env,
            pass_on=pass_on,
            is_foreign=False,
            net=True,
            timeout=bench.timeout or MOST_SECONDS,
        )
    if ended.ended != "exited" or ended.returncode:
        raise _failed(ended, file, repository, login, own, bench)


def _failed(
    ended: Outcome,
    file: Path,
    repository: Repository,
    login: Login | None,
    own: tuple[str, Mapping[str, str]],
    bench: Bench,
) -> BaseException:
    """Return the error, with what of it is there all the same."""
    lines = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("Publishing ", "Uploading ", "hint:"))]
    error = BuildError(f"{repository.name} did not take {file.name}")
    error.why = next((line for line in reversed(lines)), f"uv ended with exit code {ended.returncode}")
    name, digests_here = own
    try:
        there = digests(repository, name, login, _limit(bench), only=digests_here)
    except BuildError as silent:
        there = {}
        error.evidence = (f"what it has now is not known: {silent.why}",)
    else:
        got = [each for each, digest in digests_here.items() if there.get(each) == digest]
        error.evidence = (f"it has of this version: {', '.join(got) or 'nothing'}",)
    error.fix = "the same command again: what is there is not sent twice"
    if any(code in error.why for code in ("401", "403")):
        error.fix = "see whether the token is right, and may write there"
    return failure_of(ended, error)


def _read_back(
    own: Mapping[str, str], name: str, version: str, repository: Repository, login: Login | None, bench: Bench
) -> None:
    until, pause = time.monotonic() + SEEN_SECONDS, 0.2
    while True:
        there = digests(repository, name, login, _limit(bench), only=own)
        for file, digest in own.items():
            _refuse_other(file, digest, there, repository)
        missing = [file for file in own if file not in there]
        if not missing:
            return
        if time.monotonic() + pause > until:
            why = f"{', '.join(missing)} is not on it after {SEEN_SECONDS:.0f} s"
            raise BuildError(
                f"{repository.name} does not show {name} {version}", why=why, fix="the same command again"
            )
        if _is_stopped(bench):
            raise Cancelled("the wait for the index was stopped", why=f"{name} {version} was sent")
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def _limit(bench: Bench) -> Limit:
    return Limit.of(is_stopped=lambda: _is_stopped(bench))


def _is_stopped(bench: Bench) -> bool:
    return bench.is_cancelled() or (bench.cancel is not None and bench.cancel.is_set())
