"""What lies where in an object of a person's own, and that lists are there where there have to be some."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import UsageError
from .objects import Body

_OF_A_POD = ("containers", "initContainers", "ephemeralContainers", "volumes", "imagePullSecrets")
_OF_A_CONTAINER = ("env", "envFrom", "ports", "volumeMounts")
_WORDS = ("command", "args")


def shown(body: Body) -> str:
    """Return an object in words.

    Examples
    --------
    >>> shown({"kind": "Deployment", "metadata": {"name": "web"}})
    'Deployment web'
    """
    return f"{body.get('kind', 'object')} {body['metadata'].get('name', '')}"


def table_of(body: Body, *keys: str) -> Body:
    """Return a table that lies in another one, an empty one where it does not."""
    for key in keys:
        found = body.get(key)
        body = found if isinstance(found, dict) else {}
    return body


def tables_in(found: object) -> list[Body]:
    """Return the tables of a list, none where it is no list."""
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def containers_of(body: Body) -> list[Body]:
    """Return the containers that an object's pods have, those that come first left out."""
    return tables_in(table_of(body, "spec", "template", "spec").get("containers"))


def check_shapes(body: Body) -> None:
    """Refuse lists of tables that are something else; one that is empty, or null, is none.

    Raises
    ------
    UsageError
        One is, with its place.
    """
    for place, found in _lists(body):
        if found is not None and not (isinstance(found, list) and len(tables_in(found)) == len(found)):
            raise _no_list(body, place, f"{place}: [{{name: …}}]")
        for each in tables_in(found):
            if not isinstance(each.get("name", ""), str):
                raise UsageError(f"a name in {place} of {shown(body)} is no text", fix="quote it")
    for place, each in _all_containers(body):
        for key in _WORDS:
            words = each.get(key)
            if words is not None and not isinstance(words, list):
                raise _no_list(body, f"{place}{key}", f"{key}: [word, …]")


def _no_list(body: Body, place: str, fix: str) -> UsageError:
    return UsageError(f"{place} of {shown(body)} is no list of what it has to be", fix=fix)


def _lists(body: Body) -> Iterator[tuple[str, object]]:
    """Yield what has to be a list of tables, each with its place."""
    if body.get("kind") == "Service":
        yield "ports", table_of(body, "spec").get("ports")
    pod = table_of(body, "spec", "template", "spec")
    for key in _OF_A_POD:
        yield key, pod.get(key)
    for place, each in _all_containers(body):
        for key in _OF_A_CONTAINER:
            yield f"{place}{key}", each.get(key)


def _all_containers(body: Body) -> Iterator[tuple[str, Body]]:
    pod = table_of(body, "spec", "template", "spec")
    for group in ("containers", "initContainers"):
        for number, each in enumerate(tables_in(pod.get(group))):
            yield f"{group}[{number}].", each
