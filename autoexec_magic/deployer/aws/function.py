"""The service `lambda` of the target `aws`: immutable versions, and an alias that people call.

To stage is to publish a version, which nobody uses; to switch is to let the alias
mean it; an undo lets it mean the one before. The alias is all that is switched:
code, configuration, variables and the versions of secrets belong to the version.

Needs the actions of `actions.ACTIONS["lambda"]`, `actions.PASS_ACTIONS` for the function's
role, and for images that are not in ECR yet `actions.PUSH_ACTIONS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from autoexec_magic.deployer.aws import (
    aliases,
    asked,
    images,
    kept,
    logs,
    previewing,
    settings,
    zipped,
)
from autoexec_magic.deployer.aws.calls import Calls, check_account
from autoexec_magic.deployer.aws.marks import RELEASE, Stamp, stamp_of, told, unpacked
from autoexec_magic.deployer.aws.options import Options, options_of
from autoexec_magic.deployer.aws.present import check_role
from autoexec_magic.deployer.aws.versions import PATIENCE_SECONDS, Code, Function
from autoexec_magic.deployer.difference import digest_of
from autoexec_magic.deployer.secretrefs import matching
from autoexec_magic.deployer.target import Change, Live, Unwell
from autoexec_magic.errors import DeployError
from autoexec_magic.events import Emit, Progress
from autoexec_magic.history import short_id
from autoexec_magic.releasefacts import Release, TargetKind

_CONFIG_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Lambda:
    """One service as a Lambda function.

    Parameters
    ----------
    service : str
        Its name.
    options : Options
        Its settings now; a release has those that it was made with.
    calls : Calls
        Asks AWS.
    folder : Path
        What a release's reference is relative to.
    values : mapping of str to str
        The secrets' values, by name, of the release that is deployed.
    pack : callable, optional
        Puts a release together with the packages that it needs; without it a zip
        is its folder as it is.
    patience_seconds : float
        How long it is waited until AWS has made a version ready.
    """

    kind: ClassVar[TargetKind] = "aws"
    service: str
    options: Options
    calls: Calls
    folder: Path
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    versions: Mapping[str, str] | None = None
    pack: zipped.Pack | None = None
    patience_seconds: float = PATIENCE_SECONDS

    @property
    def function(self) -> Function:
        """The function."""
        return Function(
            calls=self.calls,
            service=self.service,
            name=self.options.name,
            patience_seconds=self.patience_seconds,
        )

    def live(self) -> Live | None:
        """Return what the alias means, read from AWS: the version, its code and all its settings."""
        function = self.function
        alias = aliases.read(function, self.options.alias)
        if alias is None:
            return None
        found = self.calls.ask("lambda", "get_function", FunctionName=function.name, Qualifier=alias.version)
        configuration = found["Configuration"]
        stamp = stamp_of(str(configuration.get("Description", "")))
        release = self._release(configuration, stamp)
        seen = settings.seen_fields(configuration)
        expected = settings.expected_fields(release, self._options(release)) if release else {}
        fields, changed = told(release, expected, seen)
        return Live(
            release_id=stamp.release_id if stamp else "",
            digest=self._digest(found, stamp),
            fields=fields,
            release=release,
            shares=tuple((self._named(number), part) for number, part in alias.shares.items()),
            changed="; ".join(each for each in (alias.changed, changed) if each),
        )

    def stage(self, release: Release, emit: Emit) -> Release:
        """Publish a version for a release, once; the alias stays as it is."""
        options = self._options(release)
        settings.check(release, options)
        check_account(self.calls, options.account)
        config = digest_of(release.spec).removeprefix("sha256:")[:_CONFIG_DIGITS]
        function = self.function
        references = kept.kept(
            self.calls, self.service, release.spec.secrets, self._values(release), place=self.options.place
        )
        found = function.found(release.release_id, config)
        if found is None:
            configuration = settings.configuration_of(release, options, references)
            code = self._code(release, options)
            stamp = Stamp(release_id=release.release_id, digest=release.digest, code=code.sha, config=config)
            found = function.published(code, configuration, stamp)
        return replace(release, place=str(found["FunctionArn"]))

    def switch(self, release: Release | None, emit: Emit, *, fence: int) -> None:
        """Let the alias mean a release's version and no other; with None take the alias away."""
        if release is None:
            aliases.remove(self.function, self.options.alias, fence=fence)
            return
        version = self._version(release)
        aliases.point(self.function, self.options.alias, version["Version"], fence=fence)

    def split(self, release: Release, percent: float, emit: Emit, *, fence: int) -> None:
        """Let the alias give a part of its calls to a release's version."""
        number = self._version(release)["Version"]
        alias = aliases.read(self.function, self.options.alias)
        if alias is None:
            raise DeployError(
                f"nothing of {self.service} is live yet to share traffic with", fix="leave --canary out"
            )
        if alias.version == number:
            return
        weights = {number: round(percent / 100, 6)}
        aliases.point(self.function, self.options.alias, alias.version, fence=fence, weights=weights)

    def unwell(self, release: Release) -> Unwell | None:
        """Return why a version that the alias gives calls to is not well."""
        alias = aliases.read(self.function, self.options.alias)
        version = self._found(release)
        if version is not None and (alias is None or version["Version"] not in alias.shares):
            now = f"version {alias.version}" if alias else "nothing"
            return Unwell(
                why=f"the alias {self.options.alias} means {now}, and not version {version['Version']}"
            )
        return self._asked(release, version)

    def unwell_aside(self, release: Release) -> Unwell | None:
        """Return why a version that nobody calls yet is not well."""
        return self._asked(release, self._found(release))

    def tidy(self, live: Release | None, keep: Sequence[Release], emit: Emit) -> None:
        """Delete the versions of ours that nobody needs, and let their secrets' go; the function stays.

        Another alias than ours may be what people call. A version that one leads
        to is not deleted by AWS, and stays, too.
        """
        function = self.function
        kept_ids = {each.release_id for each in (*keep, *([live] if live else []))}
        alias = aliases.read(function, self.options.alias)
        called = alias.shares if alias else {}
        names: set[str] = set()
        needed = kept.needed_by(self.service, (*keep, *([live] if live else [])))
        for each in function.versions():
            stamp, secrets = stamp_of(str(each.get("Description", ""))), settings.secrets_in(each)
            names |= {kept.name_in(self.service, arn) for arn in secrets} - {""}
            is_gone = bool(stamp and stamp.release_id not in kept_ids and each["Version"] not in called)
            if not (is_gone and self._delete(each["Version"], emit)):
                needed |= set(secrets.values())
        kept.let_go(self.calls, self.service, names, needed, place=self.options.place)

    def preview(self, release: Release) -> Sequence[Change]:
        """Return what a deploy would change; changes nothing. What AWS can say beforehand: `previewing`."""
        options = self._options(release)
        settings.check(release, options)
        check_account(self.calls, options.account)
        check_role(self.calls, self.service, "role", options.role)
        function, is_image = self.function, release.spec.artifact == "image"
        there = self.calls.find("lambda", "get_function", FunctionName=function.name)
        if there is not None:
            function.check_ours(there, is_image=is_image)
        kept.known(self.calls, self.service, release.spec.secrets, self._values(release))
        code = self._expected_code(release, options)
        if there is not None and code is not None:
            function.tried(code)
        return previewing.changes(release, self.live(), settings.expected_fields(release, options))

    def address(self) -> str:
        """Return the alias's function URL, "" where it has none; `$LATEST` may have another one."""
        words = {"FunctionName": self.options.name, "Qualifier": self.options.alias}
        found = self.calls.find("lambda", "get_function_url_config", **words)
        return str(found["FunctionUrl"]) if found else ""

    def _delete(self, version: str, emit: Emit) -> bool:
        """Delete a version, and return whether it is gone; to one that stays an alias leads."""
        words = {"FunctionName": self.function.name, "Qualifier": version}
        try:
            self.calls.find("lambda", "delete_function", **words)
        except DeployError as error:
            emit(Progress(phase="deploy", text=f"! version {version} stays: {error.why or error.what}"))
            return False
        return True

    def logs(self, release: Release, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines that a release's version wrote, and then those that come."""
        number = self._version(release)["Version"]
        group = f"/aws/lambda/{self.options.name}"
        return logs.lines_of(
            self.calls, group, lines=lines, follow=follow, is_wanted=lambda name: f"[{number}]" in name
        )

    def _options(self, release: Release) -> Options:
        """Return the settings that a release was made with; what it is called is as it is now."""
        own = options_of(
            self.service, {**dict(release.spec.options), "service": "lambda"}, handler=self.options.handler
        )
        return replace(own, name=self.options.name, alias=self.options.alias)

    def _values(self, release: Release) -> Mapping[str, str]:
        return matching(release.spec.secrets, self.values, self.versions)

    def _expected_code(self, release: Release, options: Options) -> Code | None:
        """Return the code that would be sent, None where it is not built or not pushed yet."""
        if release.spec.artifact == "image":
            uri = images.expected(self.calls, options.repository, release)
            sha = uri.rpartition("@sha256:")[2]
            return Code(given={"ImageUri": uri}, sha=sha, architecture=options.architecture) if uri else None
        return self._code(release, options) if images.is_built(release) else None

    def _code(self, release: Release, options: Options) -> Code:
        if release.spec.artifact == "image":
            uri = images.pushed(self.calls, options.repository, release)
            sha = uri.rpartition("@sha256:")[2]
            return Code(given={"ImageUri": uri}, sha=sha, architecture=options.architecture)
        made = self._zip(release, options)
        return Code(given={"ZipFile": made.content}, sha=made.code, architecture=options.architecture)

    def _zip(self, release: Release, options: Options) -> zipped.Zip:
        if self.pack is None:
            return zipped.zip_of(self.folder / release.spec.reference, self.service)
        machine = zipped.machine_of(options.runtime, options.architecture)
        with self.pack(release, platform=machine["platform"], python=machine["python"]) as place:
            return zipped.zip_of(place, self.service)

    def _digest(self, found: Mapping[str, Any], stamp: Stamp | None) -> str:
        """Return the artifact's digest if the code that serves is that artifact's, else the code's own."""
        configuration = found["Configuration"]
        wanted = stamp.digest if stamp else ""
        if configuration.get("PackageType") != "Image":
            code = str(configuration["CodeSha256"])
            return wanted if stamp and code == stamp.code else f"lambda:{code}"
        digest = str(found["Code"].get("ResolvedImageUri", "")).rpartition("@")[2]
        return images.artifact_digest(self.calls, self.options.repository, digest, wanted)

    def _release(self, configuration: Mapping[str, Any], stamp: Stamp | None) -> Release | None:
        text = configuration.get("Environment", {}).get("Variables", {}).get(RELEASE, "")
        found = unpacked(text)
        is_its = found is not None and stamp is not None and found.release_id == stamp.release_id
        return found if is_its else None

    def _found(self, release: Release) -> dict[str, Any] | None:
        number = release.place.rpartition(":")[2]
        if number.isdecimal() and (seen := self.function.version(number)) is not None:
            stamp = stamp_of(str(seen.get("Description", "")))
            if stamp and stamp.release_id == release.release_id:
                return seen
        return self.function.found(release.release_id)

    def _version(self, release: Release) -> dict[str, Any]:
        if (found := self._found(release)) is None:
            raise DeployError(
                f"release {short_id(release.release_id)} of {self.service} has no version at Lambda any more",
                fix=f"deploy it anew: %autoexec deploy {self.service}",
            )
        return found

    def _named(self, number: str) -> str:
        seen = self.function.version(number)
        stamp = stamp_of(str(seen.get("Description", ""))) if seen else None
        return stamp.release_id if stamp else f"version {number}"

    def _asked(self, release: Release, version: Mapping[str, Any] | None) -> Unwell | None:
        if version is None:
            return Unwell(why="its version is not there", is_final=True)
        state, why = version.get("State", "Active"), version.get("StateReason") or ""
        if state == "Failed":
            return Unwell(why=f"Lambda could not make it ready: {why}", is_final=True)
        if state == "Pending":
            return Unwell(why=f"Lambda makes it ready{f': {why}' if why else ''}")
        gate = release.spec.gate
        return asked.asked(
            self.calls,
            self.options.name,
            version["Version"],
            path=gate.path,
            event=self._options(release).health_event,
            seconds=gate.answer_seconds,
        )
