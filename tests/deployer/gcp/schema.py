"""Google's own published schema of Cloud Run (its discovery document), held against each request.

It ships with google-api-python-client; nothing is asked of the network.
"""

from __future__ import annotations

import functools
import json
import re
from importlib import resources
from typing import Any

from google.protobuf import json_format

PREFIX = "GoogleCloudRunV2"


class Refused(Exception):
    """A request is not as the schema or the documentation has it."""


@functools.cache
def document() -> dict[str, Any]:
    """Return the published discovery document of run.v2."""
    folder = resources.files("googleapiclient.discovery_cache") / "documents"
    found: dict[str, Any] = json.loads((folder / "run.v2.json").read_text("utf-8"))
    return found


def as_json(message: Any) -> dict[str, Any]:
    """Return a message as the REST interface would have it."""
    found: dict[str, Any] = json_format.MessageToDict(message)
    return found


def check(kind: str, value: Any, where: str) -> None:
    """Refuse a value that is none of a kind: fields, types, enums, and what is required."""
    schema = document()["schemas"][f"{PREFIX}{kind}"]
    for name, inner in value.items():
        if name not in schema["properties"]:
            raise Refused(f"{where}.{name}: unknown field")
        about = schema["properties"][name]
        if not about.get("readOnly"):
            _check_value(about, inner, f"{where}.{name}")
    for name, about in schema["properties"].items():
        if about.get("description", "").startswith("Required.") and not value.get(name):
            raise Refused(f"{where}.{name}: required")


def check_name(method: str, parameter: str, value: str) -> None:
    """Refuse a resource's name that does not have the pattern of a method's parameter."""
    about = document()["resources"]["projects"]["resources"]["locations"]
    for part in method.split(".")[:-1]:
        about = about["resources"][part]
    pattern = about["methods"][method.rpartition(".")[2]]["parameters"][parameter]["pattern"]
    if not re.search(pattern, value):
        raise Refused(f"{parameter}: {value!r} does not have the form {pattern}")
    if not re.fullmatch(r"[a-z0-9-]+", value.split("/")[1]):
        raise Refused(f"{parameter}: only lowercase characters, digits, and hyphens in a project")


_TYPES = {"string": str, "boolean": bool, "object": dict, "array": list, "number": (int, float)}


def _check_value(about: dict[str, Any], value: Any, where: str) -> None:
    if "$ref" in about:
        check(about["$ref"].removeprefix(PREFIX), value, where)
        return
    kind = about["type"]
    if kind == "integer":
        if type(value) is not int:
            raise Refused(f"{where}: not an integer")
        return
    if not isinstance(value, _TYPES.get(kind, object)):
        raise Refused(f"{where}: not of type {kind}")
    if "enum" in about and value not in about["enum"]:
        raise Refused(f"{where}: {value!r} is not one of {about['enum']}")
    if kind == "array":
        for number, each in enumerate(value):
            _check_value(about["items"], each, f"{where}[{number}]")
    if kind == "object" and "additionalProperties" in about:
        for name, each in value.items():
            _check_value(about["additionalProperties"], each, f"{where}[{name!r}]")
