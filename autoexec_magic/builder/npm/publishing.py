"""Send a tarball to a registry, once, and look that it has it.

The token is in a variable, and a file of ours says which: `${NODE_AUTH_TOKEN}`
in an `.npmrc` that only this user can read, in a folder without any settings of
the project's. So it stands in no command line and in no log, and goes to the
one registry that was named.

A version is published once. What a registry has under it is compared by npm's
own digest of the tarball before and after: the same is no second upload, and
another is refused. A connection that breaks half way is answered by asking
again what is there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import BuildError, Cancelled
from ...trust import digest
from ...values import Outcome, Question
from ..bench import Bench
from ..inputs import digest_of
from . import programs
from .contents import Contents, read
from .manifest import Manifest, bare, shown, table
from .npmrc import place_of
from .programs import Programs
from .registry import Door, scope_of

_READ_BACK_SECONDS = (0.0, 1.0, 2.0, 4.0, 8.0)  # a large registry shows what it has taken a little later
#: npm's codes, and what they mean here
_MEANS: Mapping[str, tuple[str, str]] = {
    "ENEEDAUTH": ("it wants a login", "set NPM_TOKEN"),
    "E401": ("it does not know the token", "set NPM_TOKEN to a token of that registry"),
    "E403": ("it does not allow it", "use a token that may publish this package"),
    "E404": (
        "it does not have such a place, or the token may not publish there",
        "use a token that may publish it",
    ),
    "E413": ("the tarball is too large for it", "leave files out by `files` in package.json"),
    "EOTP": ("it wants a one-time password", "use an automation token"),
    "ECONNREFUSED": ("nothing listens there", "start the registry, or name another by --publish URL"),
    "ENOTFOUND": ("there is no such host", "name another by --publish URL"),
    "EAI_AGAIN": ("the host's name cannot be looked up", "check the network"),
    "ECONNRESET": ("the connection broke", "%autoexec build npm --publish URL, again"),
    "EPIPE": ("the connection broke", "%autoexec build npm --publish URL, again"),
    "ETIMEDOUT": ("it does not answer", "check the network, or name another by --publish URL"),
}
#: what `publishConfig` may say: each key is a setting of npm's, such as a proxy that the token goes through
_SAID = frozenset({"registry", "access", "tag", "directory", "provenance"})
_CODE = re.compile(r"npm (?:error|ERR!) code (E[A-Z0-9_]+)")
_BROKEN = re.compile(r"socket hang up|ECONNRESET|EPIPE|network|aborted", re.IGNORECASE)


def question(wanted: Manifest, registry: str) -> Question:
    """Return what a person is asked where the project itself says where it is published to."""
    return Question(
        text=f"publish {wanted.name} to {registry} ?",
        evidence=("the project's own settings name that registry", "the token for npm is sent there"),
        fix=f"%autoexec build npm --publish {registry}",
        content=digest("npm-registry", wanted.name, registry),
    )


def check(wanted: Manifest, door: Door) -> None:
    """Refuse what cannot be published, before it is built.

    Raises
    ------
    BuildError
        It is private, has settings for publishing that it may not have, or there is no login.
    """
    if wanted.is_private:
        raise BuildError(
            f"{wanted.name} cannot be published",
            why="package.json says private",
            fix="npm pkg delete private",
        )
    _check_settings(table(wanted.data, "publishConfig"), wanted)
    if not door.has_login:
        host = place_of(door.registry)[0]
        raise BuildError(
            f"{wanted.name} cannot be published to {door.registry}",
            why=f"there is no token: no NPM_TOKEN, no NODE_AUTH_TOKEN, and no login for {host} in .npmrc",
            fix=f"set NPM_TOKEN, or: npm login --registry {door.registry}",
        )


def check_packed(found: Contents, wanted: Manifest) -> None:
    """Refuse a tarball whose settings for publishing are others than those of the plan: npm heeds its own.

    Raises
    ------
    BuildError
        They are.
    """
    planned, packed = table(wanted.data, "publishConfig"), table(found.manifest, "publishConfig")
    _check_settings(packed, wanted)
    other = next((key for key, value in packed.items() if value != planned.get(key)), "")
    if other or found.manifest.get("private"):
        changed = f"publishConfig.{other}" if other else "private"
        raise BuildError(
            f"{wanted.name} cannot be published",
            why=f"a script has changed {changed} in its package.json",
            fix="let no script change it",
        )


def _check_settings(said: Mapping[str, object], wanted: Manifest) -> None:
    scope = scope_of(wanted.name)
    allowed = _SAID | ({f"{scope}:registry"} if scope else set())
    other = next((key for key in said if key not in allowed), "")
    if other:
        raise BuildError(
            f"{wanted.name} cannot be published",
            why=f"publishConfig has {shown(other)}, and each key there is a setting of npm's",
            fix=f"npm pkg delete publishConfig.{other}; what you need of it belongs into your own .npmrc",
        )


def publish(
    file: Path, found: Contents, wanted: Manifest, door: Door, tools: Programs, bench: Bench, folder: Path
) -> dict[str, str]:
    """Publish a tarball and read it back; return what an artifact says of that.

    Raises
    ------
    BuildError, RunTimeout, Cancelled
        It is not there, or another is there under its version.
    """
    check_packed(found, wanted)
    folder.mkdir(parents=True)
    talk = _Talk(door=door, tools=tools, bench=bench, folder=folder, wanted=wanted)
    talk.write()
    with bench.step(f"ask {door.registry}"):
        before = talk.there()
    if before is not None:
        _same(before, found, wanted, door)
        bench.say(f"{wanted.name} {bare(wanted.version)} is on {door.registry} already, with the same digest")
        return {"registry": door.registry, "published": "already"}
    local = folder / wanted.file
    shutil.copyfile(file, local)
    if f"sha256:{digest_of(local)[0]}" != found.digest:
        raise BuildError(
            f"{file.name} was changed after it was looked into", fix="%autoexec build npm, again"
        )
    with bench.step(f"publish to {door.registry}"):
        outcome = talk.send(local)
    with bench.step("read it back"):
        _read_back(outcome, found, talk)
    return {"registry": door.registry, "published": "yes"}


def _same(there: Mapping[str, object], found: Contents, wanted: Manifest, door: Door) -> None:
    """Refuse a version that has another content.

    Raises
    ------
    BuildError
        It has.
    """
    integrity = there.get("integrity")
    if integrity == found.integrity or (not integrity and there.get("shasum") == found.shasum):
        return
    raise BuildError(
        f"{wanted.name} {bare(wanted.version)} is on {door.registry} already, with another content",
        why=f"there it is {str(integrity or there.get('shasum'))[:100]}, and here {found.integrity}",
        fix="npm version patch --no-git-tag-version, and build again: a published version stays as it is",
    )


def _read_back(outcome: Outcome, found: Contents, talk: _Talk) -> None:
    """Look that the registry has what was sent, whatever npm said of it.

    Raises
    ------
    BuildError, RunTimeout, Cancelled
        It has not.
    """
    if outcome.ended == "cancelled":
        raise programs.failed(outcome, "the publishing was stopped", "")
    waits = _READ_BACK_SECONDS if outcome.passed else _READ_BACK_SECONDS[:2]
    there, unasked = None, None
    for seconds in waits:
        time.sleep(seconds)
        if talk.bench.is_cancelled():
            raise Cancelled("the build was stopped", why=f"while {talk.door.registry} was asked what it has")
        try:
            there = talk.there()
        except BuildError as error:
            unasked = error
        if there is not None:
            break
    if there is None:
        if outcome.passed:
            why = unasked.why if unasked else "npm says that it was published"
            fix = f"npm view {talk.wanted.name}@{bare(talk.wanted.version)} --registry {talk.door.registry}"
            raise BuildError(f"{talk.door.registry} does not show {talk.wanted.name}", why=why, fix=fix)
        raise talk.failed(outcome, f"{talk.wanted.name} was not published to {talk.door.registry}")
    _same(there, found, talk.wanted, talk.door)
    sent = talk.fetched()
    if sent.digest != found.digest:
        raise BuildError(
            f"{talk.door.registry} gives another tarball of {talk.wanted.name} than it was sent",
            why=f"it gives {sent.digest}, and what was built is {found.digest}",
            fix="npm cache verify; then ask whoever runs that registry",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Talk:
    """npm, started in a folder of ours, with one registry and its login."""

    door: Door
    tools: Programs
    bench: Bench
    folder: Path
    wanted: Manifest

    @property
    def spec(self) -> str:
        return f"{self.wanted.name}@{bare(self.wanted.version)}"

    def write(self) -> None:
        """Write the file that says where the login stands, for this user alone."""
        text = "".join(f"{line}\n" for line in self.door.lines).encode()
        made = os.open(self.folder / "userconfig", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "wb") as stream:
            stream.write(text)

    def there(self) -> dict[str, object] | None:
        """Return the `dist` of this version, None where the registry has no such version.

        Raises
        ------
        BuildError, RunTimeout, Cancelled
            It does not say.
        """
        ended = self._npm(("view", self.spec, "--json", "--prefer-online"), programs.ASK_SECONDS)
        if ended.ended == "exited" and (ended.returncode == 0 or _code(ended) == "E404"):
            try:
                data: object = json.loads(ended.stdout or "{}")
            except ValueError as error:
                raise BuildError(f"{self.door.registry} does not say what it has", why=str(error)) from error
            dist = table(data, "dist") if isinstance(data, dict) and ended.returncode == 0 else {}
            return dist or None
        raise self.failed(ended, f"{self.door.registry} cannot be asked for {self.wanted.name}")

    def send(self, file: Path) -> Outcome:
        """Publish a tarball; how that ended is for whoever reads back to judge."""
        words = ["publish", f"./{file.name}", "--ignore-scripts", *self.door.options]
        if self.wanted.is_prerelease and not self.wanted.setting("tag"):
            words += ["--tag", tag_of(self.wanted.version)]
        return self._npm(words, programs.PUBLISH_SECONDS)

    def fetched(self) -> Contents:
        """Return the tarball as the registry gives it."""
        words = ("pack", self.spec, "--ignore-scripts", "--prefer-online", "--pack-destination", "back")
        (self.folder / "back").mkdir(exist_ok=True)
        ended = self._npm(words, programs.ASK_SECONDS)
        if not ended.passed:
            raise self.failed(ended, f"{self.door.registry} does not give back {self.wanted.name}")
        return read(next((self.folder / "back").glob("*.tgz")))

    def failed(self, ended: Outcome, what: str) -> BaseException:
        """Return what npm's code means."""
        code = _code(ended)
        error = programs.failed(ended, what, f"npm ping --registry {self.door.registry}")
        if isinstance(error, BuildError):
            if code not in _MEANS and _BROKEN.search(error.why):
                code = "ECONNRESET"
            means, fix = _MEANS.get(code, ("", ""))
            said = next((line for line in programs.reason(ended) if not line.startswith("code ")), "")
            error.why = ": ".join(part for part in (means, said) if part) or error.why
            error.evidence = ()
            error.fix = fix or error.fix
        return error

    def _npm(self, words: Sequence[str], seconds: float) -> Outcome:
        bench, config = self.bench, str(self.folder / "userconfig")
        return bench.start(
            (self.tools.npm, *words),
            cwd=self.folder,
            env={**programs.alone(config, self.folder / "cache"), **self.door.variables},
            is_foreign=False,
            pass_on=self.door.passed,
            timeout=min(bench.timeout or seconds, seconds),
            is_quiet=True,
        )


def tag_of(version: str) -> str:
    """Return the tag of a version that comes before a release: npm gives `latest` to none of those.

    Examples
    --------
    >>> tag_of("1.0.0-beta.2"), tag_of("1.0.0-1")
    ('beta', 'next')
    """
    word = version.partition("-")[2].partition(".")[0]
    return word if re.fullmatch(r"[A-Za-z][A-Za-z-]*", word) and word != "latest" else "next"


def _code(ended: Outcome) -> str:
    found = _CODE.search(ended.stderr)
    return found[1] if found else ""
