"""Versions of a Lambda function: made of a release, without traffic, and found again by what they say.

A version cannot be changed, and so is what an alias goes back to. `$LATEST` is
only where one is made: each step names the revision that it builds on, and
what is published has to be our code with our configuration.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.deployer.aws.faults import Refused
from autoexec_magic.deployer.aws.marks import RELEASE, SERVICE_TAG, Stamp, stamp_of, written
from autoexec_magic.errors import DeployError
from autoexec_magic.executor.stops import NEVER

PATIENCE_SECONDS = 300.0  #: a function in a network, of an image, takes a minute or two
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What a function is made of: `given` is what the call takes, `sha` what AWS calls its digest."""

    given: Mapping[str, Any]
    sha: str
    architecture: str = "x86_64"

    @property
    def is_image(self) -> bool:
        """Whether it is an image, and no zip."""
        return "ImageUri" in self.given


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function by its name, for a service."""

    calls: Calls
    service: str
    name: str
    patience_seconds: float = PATIENCE_SECONDS

    def version(self, number: str) -> dict[str, Any] | None:
        """Return a version's configuration, None where it is not there."""
        return self.calls.find(
            "lambda", "get_function_configuration", FunctionName=self.name, Qualifier=number
        )

    def found(self, release_id: str, config: str = "") -> dict[str, Any] | None:
        """Return the version of a release, the newest one, None where there is none."""
        newest: list[dict[str, Any]] = self.versions()[::-1]
        for each in newest:
            stamp = stamp_of(str(each.get("Description", "")))
            if stamp and stamp.release_id == release_id and config in ("", stamp.config):
                return each
        return None

    def versions(self) -> list[dict[str, Any]]:
        """Return all published versions, the oldest first."""
        every = self.calls.every("lambda", "list_versions_by_function", "Versions", FunctionName=self.name)
        return sorted(
            (each for each in every if each["Version"] != "$LATEST"), key=lambda each: int(each["Version"])
        )

    def tags(self) -> dict[str, str] | None:
        """Return the function's tags, None where there is no function."""
        found = self.calls.find("lambda", "get_function", FunctionName=self.name)
        return dict(found.get("Tags") or {}) if found else None

    def tried(self, code: Code) -> None:
        """Let AWS say whether it would take a code (`DryRun`); nothing is changed, and the function is there.

        Raises
        ------
        DeployError
            It would not, in its words.
        """
        self.calls.ask(
            "lambda",
            "update_function_code",
            FunctionName=self.name,
            Architectures=[code.architecture],
            DryRun=True,
            **code.given,
        )

    def published(self, code: Code, configuration: Mapping[str, Any], stamp: Stamp) -> dict[str, Any]:
        """Make a version, and return its configuration; no alias is touched.

        Raises
        ------
        DeployError
            The function is somebody else's, or was changed meanwhile, or does not take it.
        """
        found = self.calls.find("lambda", "get_function", FunctionName=self.name)
        if found is None:
            self._made(code, configuration)
        else:
            self.check_ours(found, is_image=code.is_image)
            self._changed(code, configuration)
        latest = self._settled()
        seen = (latest["CodeSha256"], latest.get("Environment", {}).get("Variables", {}).get(RELEASE))
        if seen != (code.sha, configuration["Environment"]["Variables"][RELEASE]):
            raise self._meanwhile("it is not what was sent just now")
        return self._published(code, stamp, latest)

    def check_ours(self, found: Mapping[str, Any], *, is_image: bool) -> None:
        """Refuse a function that is somebody else's, or that is made of the other kind of code.

        Parameters
        ----------
        found : mapping
            As `get_function` tells of it.
        is_image : bool
            Whether it is to be made of an image, and not of a zip.

        Raises
        ------
        DeployError
            With what to call it otherwise.
        """
        owner = (found.get("Tags") or {}).get(SERVICE_TAG)
        if owner != self.service:
            raise DeployError(
                f"the function {self.name} is somebody else's",
                why=f"its tag {SERVICE_TAG} is {owner or 'not there'}",
                fix=f"name = 'another-name' in [tool.autoexec.deploy.{self.service}.aws]",
            )
        kind = found["Configuration"].get("PackageType", "Zip")
        if (kind == "Image") != is_image:
            raise DeployError(
                f"the function {self.name} is made of {'an image' if kind == 'Image' else 'a zip'}",
                why="Lambda does not change that of a function",
                fix=f"name = 'another-name' in [tool.autoexec.deploy.{self.service}.aws]",
            )

    def _made(self, code: Code, configuration: Mapping[str, Any]) -> None:
        self.calls.ask(
            "lambda",
            "create_function",
            FunctionName=self.name,
            PackageType="Image" if code.is_image else "Zip",
            Code=dict(code.given),
            Architectures=[code.architecture],
            Tags={SERVICE_TAG: self.service},
            **configuration,
        )

    def _changed(self, code: Code, configuration: Mapping[str, Any]) -> None:
        latest = self._settled()
        try:
            if latest["CodeSha256"] != code.sha or latest["Architectures"] != [code.architecture]:
                self.calls.ask(
                    "lambda",
                    "update_function_code",
                    FunctionName=self.name,
                    Architectures=[code.architecture],
                    RevisionId=latest["RevisionId"],
                    **code.given,
                )
                latest = self._settled()
            self.calls.ask(
                "lambda",
                "update_function_configuration",
                FunctionName=self.name,
                RevisionId=latest["RevisionId"],
                **configuration,
            )
        except Refused as error:
            raise self._read(error) from error

    def _published(self, code: Code, stamp: Stamp, latest: Mapping[str, Any]) -> dict[str, Any]:
        try:
            made = self.calls.ask(
                "lambda",
                "publish_version",
                FunctionName=self.name,
                CodeSha256=code.sha,
                Description=written(stamp),
                RevisionId=latest["RevisionId"],
            )
        except Refused as error:
            if (there := self.found(stamp.release_id, stamp.config)) is not None:
                return there  # an earlier answer was lost
            raise self._read(error) from error
        if stamp_of(str(made.get("Description", ""))) != stamp:
            raise self._meanwhile(f"version {made['Version']} is not ours")
        return made

    def _settled(self) -> dict[str, Any]:
        """Return what `$LATEST` is once nothing of it is under way."""
        until = time.monotonic() + self.patience_seconds
        while True:
            seen = self.calls.ask("lambda", "get_function_configuration", FunctionName=self.name)
            if "Failed" in (seen.get("State"), seen.get("LastUpdateStatus")):
                why = seen.get("LastUpdateStatusReason") or seen.get("StateReason") or ""
                raise DeployError(
                    f"Lambda could not make {self.name} ready", why=str(why), fix="look at its image and role"
                )
            if (
                seen.get("State", "Active") in ("Active", "Inactive")
                and seen.get("LastUpdateStatus", "Successful") == "Successful"
            ):
                return seen
            if time.monotonic() > until:
                raise DeployError(
                    f"Lambda does not make {self.name} ready",
                    why=f"it is {seen.get('State')}, its update {seen.get('LastUpdateStatus')}, "
                    f"after {self.patience_seconds:g} s",
                    fix=f"aws lambda get-function-configuration --function-name {self.name}",
                )
            NEVER.pause(_LOOK_SECONDS)

    def _read(self, error: Refused) -> DeployError:
        if error.error != "PreconditionFailedException":
            return error
        return self._meanwhile(error.why)

    def _meanwhile(self, why: str) -> DeployError:
        return DeployError(
            f"somebody else changed the function {self.name} meanwhile",
            why=why,
            fix=f"%autoexec deploy {self.service}, once they are done",
        )
