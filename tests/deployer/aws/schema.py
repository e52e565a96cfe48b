"""What AWS publishes of its own interfaces, as botocore has it: requests are checked by it, and read by it.

botocore checks types and what is required before it sends anything; patterns,
lengths and values are AWS's to refuse, so the model of AWS refuses them here.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote

import botocore.session


@functools.cache
def model(api: str) -> Any:
    return botocore.session.get_session().get_service_model(api)


def faults(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """Yield what the published schema does not allow of a value."""
    if shape.type_name == "structure":
        yield from (f"{path}.{name} is required" for name in shape.required_members if name not in value)
        yield from (f"{path}.{name} is unknown" for name in value if name not in shape.members)
        for name in set(value) & set(shape.members):
            yield from faults(shape.members[name], value[name], f"{path}.{name}")
    elif shape.type_name == "list":
        yield from _bounds(shape, len(value), path)
        for number, each in enumerate(value):
            yield from faults(shape.member, each, f"{path}[{number}]")
    elif shape.type_name == "map":
        for key, each in value.items():
            yield from faults(shape.key, key, f"{path}.{key}")
            yield from faults(shape.value, each, f"{path}.{key}")
    elif shape.type_name == "string":
        yield from _text(shape, value, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _bounds(shape, value, path)


def _text(shape: Any, value: str, path: str) -> Iterator[str]:
    yield from _bounds(shape, len(value), path)
    if shape.enum and value not in shape.enum:
        yield f"{path} is none of {shape.enum}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(_pythons(pattern), value):
        yield f"{path} does not match {pattern}"


def _pythons(pattern: str) -> str:
    """Return a Java pattern as Python has it: letters, digits and spaces are those that `re` knows."""
    known = {r"\p{L}": r"\w", r"\p{M}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s", r"\p{S}": "$+<=>^`|~"}
    for java, python in known.items():
        pattern = pattern.replace(java, python)
    return pattern


def _bounds(shape: Any, value: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield f"{path} is below {least}"
    if most is not None and value > most:
        yield f"{path} is above {most}"


@functools.cache
def _routes(api: str) -> list[tuple[str, re.Pattern[str], Any]]:
    found = []
    for name in model(api).operation_names:
        one = model(api).operation_model(name)
        uri = re.escape(one.http["requestUri"].partition("?")[0])
        uri = re.sub(r"\\{(\w+)\\\+\\}", r"(?P<\1>.+)", uri)  # a + is a whole path
        uri = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", uri)
        found.append((one.http["method"], re.compile(uri + "/?"), one))
    return found


def rest(
    api: str, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> tuple[str, dict[str, Any]]:
    """Return the operation that a REST request asks for, and what it gives."""
    routes = ((one, pattern.fullmatch(path)) for wanted, pattern, one in _routes(api) if wanted == method)
    one, match = next(found for found in routes if found[1])
    asked = parse_qs(query)
    given: dict[str, Any] = {}
    payload = one.input_shape.serialization.get("payload")
    for name, member in one.input_shape.members.items():
        where, called = member.serialization.get("location"), member.serialization.get("name", name)
        if where == "uri":
            given[name] = unquote(match[called])
        elif where == "querystring" and called in asked:
            given[name] = int(asked[called][0]) if member.type_name == "integer" else asked[called][0]
        elif where == "header" and called.lower() in headers:
            given[name] = headers[called.lower()]
    if payload:
        given[payload] = body
    elif body:
        given |= json.loads(body)
    return one.name, given
