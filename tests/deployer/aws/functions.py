"""Our model of Lambda: versions that do not change, aliases with weights, functions that really run.

After AWS's documentation: what is changed is under way for a while, and meanwhile
refuses more; a revision that is not the present one is refused; what did not
change is not published again; a version that an alias means is not deleted.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import io
import json
import random
import re
import threading
import uuid
import zipfile
from dataclasses import dataclass, field
from typing import Any

from deployer.aws.front import ACCOUNT, REGION, Answer, Fault
from moto.iam.models import iam_backends

_MOST_ZIPPED, _MOST_UNZIPPED, _MOST_VARIABLES = 50 * 2**20, 250 * 2**20, 4096
_RESERVED = re.compile(r"_HANDLER|_X_AMZN_TRACE_ID|AWS_\w+|LAMBDA_\w+")
_UPDATES = 2  # looks for which an update is under way
_CONFIGURATION = (
    "Role",
    "Timeout",
    "MemorySize",
    "Environment",
    "VpcConfig",
    "Handler",
    "Runtime",
    "ImageConfig",
)


@dataclass
class Function:
    latest: dict[str, Any]
    code: dict[str, Any]
    tags: dict[str, str]
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    aliases: dict[str, dict[str, Any]] = field(default_factory=dict)
    urls: dict[str, dict[str, Any]] = field(default_factory=dict)
    looks: int = 0
    published: int = 0


@dataclass
class Functions:
    """All functions of an account; `runner` runs them, `image_digest` says what an image in ECR is."""

    runner: Any
    image_digest: Any
    every: dict[str, Function] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def answer(self, operation: str, given: dict[str, Any]) -> Answer:
        if operation == "Invoke":
            return self.invoke(**given)
        with self.lock:
            found = getattr(self, f"_{operation}")(**given)
        return Answer(200, json.dumps(found).encode())

    def _of(self, name: str) -> Function:
        name = name.rpartition(":function:")[2].partition(":")[0]
        if name not in self.every:
            raise Fault("ResourceNotFoundException", f"Function not found: {_arn(name)}", 404)
        return self.every[name]

    def _version(self, name: str, qualifier: str) -> tuple[dict[str, Any], dict[str, Any]]:
        function = self._of(name)
        if qualifier in function.aliases:
            qualifier = function.aliases[qualifier]["FunctionVersion"]
        if qualifier in ("", "$LATEST"):
            return function.latest, function.code
        if qualifier not in function.versions:
            raise Fault("ResourceNotFoundException", f"Function not found: {_arn(name)}:{qualifier}", 404)
        return function.versions[qualifier], function.codes[qualifier]

    def _CreateFunction(
        self, FunctionName: str, Code: dict, Tags: dict, PackageType: str, **given: Any
    ) -> dict:
        if FunctionName in self.every:
            raise Fault("ResourceConflictException", f"Function already exist: {FunctionName}", 409)
        latest = {
            "FunctionName": FunctionName,
            "FunctionArn": _arn(FunctionName),
            "Version": "$LATEST",
            "Description": "",
            "PackageType": PackageType,
            "Architectures": given.pop("Architectures", ["x86_64"]),
            "Timeout": 3,
            "MemorySize": 128,
        }
        function = Function(latest=latest, code={}, tags=dict(Tags))
        self._configured(function, given)
        self._coded(function, Code)
        self.every[FunctionName] = function
        self._touched(function, state="Pending")
        return _shown(latest)

    def _GetFunction(self, FunctionName: str, Qualifier: str = "") -> dict:
        configuration, code = self._version(FunctionName, Qualifier)
        if configuration is self._of(FunctionName).latest:
            self._looked(self._of(FunctionName))
        where = {"RepositoryType": "S3", "Location": "https://example.invalid/code"}
        if "ImageUri" in code:
            digest = f"{code['ImageUri'].partition('@')[0]}@sha256:{configuration['CodeSha256']}"
            where = {"RepositoryType": "ECR", "ImageUri": code["ImageUri"], "ResolvedImageUri": digest}
        return {"Configuration": _shown(configuration), "Code": where, "Tags": self._of(FunctionName).tags}

    def _GetFunctionConfiguration(self, FunctionName: str, Qualifier: str = "") -> dict:
        function = self._of(FunctionName)
        configuration, _ = self._version(FunctionName, Qualifier)
        if configuration is function.latest:
            self._looked(function)
        elif configuration.get("State") == "Pending":
            shown = _shown(configuration)
            configuration["State"] = "Active"
            return shown
        return _shown(configuration)

    def _UpdateFunctionConfiguration(self, FunctionName: str, RevisionId: str = "", **given: Any) -> dict:
        function = self._of(FunctionName)
        self._free(function, RevisionId)
        self._configured(function, given)
        self._touched(function)
        return _shown(function.latest)

    def _CreateFunctionUrlConfig(self, FunctionName: str, AuthType: str, Qualifier: str = "") -> dict:
        function = self._of(FunctionName)
        if Qualifier and Qualifier not in function.aliases:
            raise Fault("ResourceNotFoundException", f"Cannot find alias {Qualifier}", 404)
        name = uuid.uuid4().hex
        url = f"https://{name}.lambda-url.{REGION}.on.aws/"
        function.urls[Qualifier] = {
            "FunctionUrl": url,
            "FunctionArn": _arn(FunctionName),
            "AuthType": AuthType,
            "CreationTime": "now",
            "LastModifiedTime": "now",
        }
        return function.urls[Qualifier]

    def _GetFunctionUrlConfig(self, FunctionName: str, Qualifier: str = "") -> dict:
        found = self._of(FunctionName).urls.get(Qualifier)
        if found is None:
            raise Fault("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return found

    def _UpdateFunctionCode(
        self, FunctionName: str, RevisionId: str = "", DryRun: bool = False, **given: Any
    ) -> dict:
        function = self._of(FunctionName)
        if DryRun:  # all is looked at, and nothing is changed
            tried = copy.deepcopy(function)
            self._coded(tried, {key: value for key, value in given.items() if key != "Architectures"})
            return _shown(tried.latest)
        self._free(function, RevisionId)
        function.latest["Architectures"] = given.pop("Architectures", function.latest["Architectures"])
        self._coded(function, given)
        self._touched(function)
        return _shown(function.latest)

    def _PublishVersion(
        self, FunctionName: str, CodeSha256: str = "", RevisionId: str = "", Description: str = ""
    ) -> dict:
        function = self._of(FunctionName)
        self._free(function, RevisionId)
        if CodeSha256 and CodeSha256 != function.latest["CodeSha256"]:
            raise Fault("InvalidParameterValueException", "CodeSha256 is different from current CodeSHA256")
        if function.versions:
            last = list(function.versions.values())[-1]
            if _substance(last) == _substance(function.latest):
                return _shown(last)  # what did not change is not published again
        function.published += 1
        number = str(function.published)
        made = copy.deepcopy(function.latest)
        made |= {
            "Version": number,
            "FunctionArn": f"{_arn(FunctionName)}:{number}",
            "Description": Description,
            "RevisionId": str(uuid.uuid4()),
            "State": "Pending",
        }
        function.versions[number], function.codes[number] = made, dict(function.code)
        return _shown(made)

    def _ListVersionsByFunction(self, FunctionName: str, Marker: str = "", MaxItems: int = 50) -> dict:
        function = self._of(FunctionName)
        every = [_shown(function.latest), *map(_shown, function.versions.values())]
        start, size = int(Marker or 0), min(MaxItems, 50)
        found: dict[str, Any] = {"Versions": every[start : start + size]}
        if start + size < len(every):
            found["NextMarker"] = str(start + size)
        return found

    def _DeleteFunction(self, FunctionName: str, Qualifier: str = "") -> dict:
        function = self._of(FunctionName)
        if not Qualifier:
            del self.every[FunctionName]
            return {}
        self._version(FunctionName, Qualifier)
        for alias in function.aliases.values():
            if Qualifier == alias["FunctionVersion"] or Qualifier in _weights(alias):
                raise Fault(
                    "ResourceConflictException", f"{alias['Name']} points to version {Qualifier}", 409
                )
        del function.versions[Qualifier], function.codes[Qualifier]
        return {}

    def _CreateAlias(self, FunctionName: str, Name: str, FunctionVersion: str, **given: Any) -> dict:
        function = self._of(FunctionName)
        if Name in function.aliases:
            raise Fault("ResourceConflictException", f"Alias already exists: {Name}", 409)
        self._check_alias(FunctionName, FunctionVersion, given)
        arn = f"{_arn(FunctionName)}:{Name}"
        made = {"AliasArn": arn, "Name": Name, "FunctionVersion": FunctionVersion, "Description": "", **given}
        function.aliases[Name] = made | {"RevisionId": str(uuid.uuid4())}
        return function.aliases[Name]

    def _GetAlias(self, FunctionName: str, Name: str) -> dict:
        found = self._of(FunctionName).aliases.get(Name)
        if found is None:
            raise Fault(
                "ResourceNotFoundException", f"Cannot find alias arn: {_arn(FunctionName)}:{Name}", 404
            )
        return found

    def _UpdateAlias(self, FunctionName: str, Name: str, RevisionId: str = "", **given: Any) -> dict:
        alias = self._GetAlias(FunctionName, Name)
        if RevisionId and RevisionId != alias["RevisionId"]:
            raise Fault("PreconditionFailedException", "The Revision Id provided does not match", 412)
        self._check_alias(FunctionName, given.get("FunctionVersion", alias["FunctionVersion"]), given)
        alias |= given | {"RevisionId": str(uuid.uuid4())}
        if not _weights(alias):
            alias.pop("RoutingConfig", None)
        return alias

    def _DeleteAlias(self, FunctionName: str, Name: str) -> dict:
        self._of(FunctionName).aliases.pop(Name, None)
        return {}

    def _TagResource(self, Resource: str, Tags: dict) -> dict:
        self._of(Resource).tags.update(Tags)
        return {}

    def invoke(
        self, FunctionName: str, Payload: bytes = b"", Qualifier: str = "", LogType: str = "", **_: Any
    ) -> Answer:
        with self.lock:
            function = self._of(FunctionName)
            number = Qualifier
            if Qualifier in function.aliases:
                alias, drawn = function.aliases[Qualifier], self.chance.random()
                number = alias["FunctionVersion"]
                for each, share in _weights(alias).items():
                    if drawn < share:
                        number = each
                        break
                    drawn -= share
            configuration, code = self._version(FunctionName, number)
            if configuration.get("State") != "Active":
                raise Fault("ResourceConflictException", f"The function is {configuration['State']}", 409)
            configuration, code = copy.deepcopy(configuration), dict(code)
        body, error, log = self.runner.run(configuration, code, Payload or b"{}")
        headers = {"X-Amz-Executed-Version": configuration["Version"]}
        if error:
            headers["X-Amz-Function-Error"] = error
        if LogType == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(log[-4096:]).decode()
        return Answer(200, body, headers)

    def _check_alias(self, name: str, version: str, given: dict[str, Any]) -> None:
        self._version(name, version)
        for each, share in _weights(given).items():
            self._version(name, each)
            if not 0 <= share <= 1 or version == "$LATEST" or each in (version, "$LATEST"):
                raise Fault("InvalidParameterValueException", f"version {each} cannot have {share}")

    def _free(self, function: Function, revision: str) -> None:
        if function.looks:
            raise Fault(
                "ResourceConflictException",
                "The operation cannot be performed at this time. An update is in progress for resource",
                409,
            )
        if revision and revision != function.latest["RevisionId"]:
            raise Fault("PreconditionFailedException", "The Revision Id provided does not match", 412)

    def _touched(self, function: Function, state: str = "Active") -> None:
        function.looks = _UPDATES
        function.latest |= {
            "RevisionId": str(uuid.uuid4()),
            "State": state,
            "LastUpdateStatus": "InProgress",
        }

    def _looked(self, function: Function) -> None:
        """An update ends some looks later, with another revision."""
        if function.looks:
            function.looks -= 1
            if not function.looks:
                function.latest |= {
                    "RevisionId": str(uuid.uuid4()),
                    "State": "Active",
                    "LastUpdateStatus": "Successful",
                }

    def _configured(self, function: Function, given: dict[str, Any]) -> None:
        unknown = set(given) - set(_CONFIGURATION)
        assert not unknown, f"the model of Lambda knows no {unknown}"
        variables = given.get("Environment", {}).get("Variables", {})
        taken = [name for name in variables if _RESERVED.fullmatch(name)]
        if taken:
            raise Fault("InvalidParameterValueException", f"reserved keys that are not supported: {taken}")
        if sum(len(name) + len(value.encode()) for name, value in variables.items()) > _MOST_VARIABLES:
            raise Fault("InvalidParameterValueException", "environment variables exceeded the 4KB limit")
        if not 1 <= given.get("Timeout", 1) <= 900:
            raise Fault("ValidationException", "timeout must be between 1 and 900")
        if "Role" in given:
            try:
                iam_backends[ACCOUNT]["aws"].get_role_by_arn(given["Role"])
            except Exception as error:
                why = "The role defined for the function cannot be assumed by Lambda."
                raise Fault("InvalidParameterValueException", why) from error
        function.latest |= given
        if "ImageConfig" in given:
            function.latest["ImageConfigResponse"] = {"ImageConfig": given["ImageConfig"]}

    def _coded(self, function: Function, given: dict[str, Any]) -> None:
        is_image = function.latest["PackageType"] == "Image"
        if is_image != ("ImageUri" in given):
            raise Fault("InvalidParameterValueException", "the package type cannot be changed")
        if is_image:
            digest = self.image_digest(given["ImageUri"])
            if not digest:
                why = f"Source image {given['ImageUri']} does not exist. Provide a valid source image."
                raise Fault("InvalidParameterValueException", why)
            sha, size = digest.removeprefix("sha256:"), 0
        else:
            content = given["ZipFile"]
            content = base64.b64decode(content) if isinstance(content, str) else content
            if len(content) > _MOST_ZIPPED:
                raise Fault("RequestEntityTooLargeException", "the zip is too large", 413)
            try:
                with zipfile.ZipFile(io.BytesIO(content)) as opened:
                    unzipped = sum(each.file_size for each in opened.infolist())
            except zipfile.BadZipFile as error:
                raise Fault("InvalidParameterValueException", "Could not unzip uploaded file") from error
            if unzipped > _MOST_UNZIPPED:
                raise Fault("InvalidParameterValueException", "Unzipped size must be smaller than 262144000")
            sha, size = base64.b64encode(hashlib.sha256(content).digest()).decode(), len(content)
            given = {"ZipFile": content}
        function.latest |= {"CodeSha256": sha, "CodeSize": size}
        function.code = dict(given)


def _arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def _weights(alias: dict[str, Any]) -> dict[str, float]:
    return dict((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})


def _substance(configuration: dict[str, Any]) -> str:
    own = ("Version", "FunctionArn", "Description", "RevisionId", "State", "LastUpdateStatus")
    return json.dumps({key: value for key, value in configuration.items() if key not in own}, sort_keys=True)


def _shown(configuration: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in copy.deepcopy(configuration).items() if key != "ImageConfig"}
