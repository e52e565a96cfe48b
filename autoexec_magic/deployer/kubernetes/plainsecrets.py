"""What is, or looks like, a secret in manifests: it would stand on the ledger, and be seen by many."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import UsageError
from ...redact import mask
from ...secretvalues import is_secret_name
from . import manifests
from .objects import Body
from .shapes import shown, table_of

_DATA = ("data", "binaryData", "stringData")
_REFERENCE = re.compile(r"\$\([A-Za-z_][A-Za-z0-9_.-]*\)")  # to a variable, as Kubernetes writes it


def refuse_secrets(text: str, bodies: Iterable[Body]) -> None:
    """Refuse manifests with what looks like a secret: by its name, by its shape, or behind an option.

    Parameters
    ----------
    text : str
        All of them, as they are kept.
    bodies : iterable of mapping
        The objects in it.

    Raises
    ------
    UsageError
        There is one; its value is not told.
    """
    for body in bodies:
        pairs = [pair for key in _DATA for pair in table_of(body, key).items()]
        for name, value in (*pairs, *_named_in(body)):
            if is_secret_name(name) and _is_said(value):
                raise _looks_secret(f"{name} of {shown(body)}", name)
        for words in _words_in(body):
            # a reference is no value, and what comes after it is none either
            line = " ".join("-" if _REFERENCE.fullmatch(each) else each for each in words)
            if mask(line) != line:
                raise _looks_secret(f"an argument of {shown(body)}", "NAME")
        if mask(body_text := manifests.spelled([body])) != body_text:
            raise _looks_secret(f"something in {shown(body)}", "NAME")
    if mask(text) != text:
        raise _looks_secret("something in the manifests", "NAME")


def _is_said(value: Any) -> bool:
    """Whether a value could be a secret: a text, or a number that nobody quoted."""
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _named_in(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield each name with the value beside it, as variables and headers have them, wherever they lie."""
    if isinstance(value, dict):
        if isinstance(value.get("name"), str) and "value" in value:
            yield value["name"], value["value"]
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from _named_in(each)


def _words_in(value: Any) -> Iterator[list[str]]:
    """Yield the lists of words, wherever they lie; a container's arguments come after its command."""
    if isinstance(value, dict):
        both = [value.get(key) for key in ("command", "args")]
        if all(isinstance(each, list) for each in both):
            yield [each for words in both for each in words or () if isinstance(each, str)]
        value = list(value.values())
    elif isinstance(value, list):
        yield [each for each in value if isinstance(each, str)]
    for each in value if isinstance(value, list) else ():
        yield from _words_in(each)


def _looks_secret(what: str, name: str) -> UsageError:
    return UsageError(
        f"{what} looks like a secret",
        why="manifests are written on the ledger, and on what is deployed",
        fix=f"take it out, and --secret {name}=env:{name}; or secretKeyRef to a Secret of your own",
    )
