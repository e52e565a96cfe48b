"""A reader of YAML for plain values: no dates, no key twice, and merges that do not grow.

The library's own merges copy the pairs of a mapping at each level, so that a
few hundred bytes could become more than there is memory for. Here the values
are merged once they are there, and counted.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable
from typing import Any

from ...errors import MissingTool

MOST_VALUES = 20_000  #: in all documents together; an alias counts as often as it is used
_MERGE = "tag:yaml.org,2002:merge"


@functools.cache
def loader() -> tuple[Any, Any]:
    """Return the library and a class of it that loads plain values.

    Raises
    ------
    MissingTool
        There is no reader of YAML.
    """
    try:
        import yaml
    except ImportError as error:
        raise MissingTool(
            "there is no reader of YAML",
            why=str(error),
            fix="%autoexec install 'autoexec-magic[kubernetes]'",
        ) from error

    class Plain(yaml.SafeLoader):  # type: ignore[misc,unused-ignore]
        """Reads plain values."""

        left = MOST_VALUES  # that may still be merged

        def flatten_mapping(self, node: Any) -> None:
            """Leave a mapping as it was written: `_mapping` merges."""

    Plain.add_constructor("tag:yaml.org,2002:map", _mapping)
    dates = "tag:yaml.org,2002:timestamp"
    Plain.yaml_implicit_resolvers = {
        sign: [(tag, form) for tag, form in pairs if tag != dates]
        for sign, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml, Plain


def _mapping(reader: Any, node: Any) -> dict[Any, Any]:
    merges = [below for key, below in node.value if key.tag == _MERGE]
    if len(merges) > 1:
        raise _fault("the key << is there twice", node)
    own: dict[Any, Any] = {}
    for key_node, below in node.value:
        if key_node.tag == _MERGE:
            continue
        key = reader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise _fault("a key is no text", key_node)
        if key in own:
            raise _fault(f"the key {key} is there twice", key_node)
        own[key] = reader.construct_object(below, deep=True)
    return {**_merged(reader, merges[0]), **own} if merges else own


def _merged(reader: Any, node: Any) -> dict[Any, Any]:
    """Return what a merge key brings; of several mappings the first one that has a key says it."""
    found: dict[Any, Any] = {}
    for each in reversed(node.value) if node.id == "sequence" else [node]:
        body = reader.construct_object(each, deep=True)
        if not isinstance(body, dict):
            raise _fault("what is merged is no mapping", each)
        reader.left -= 1 + len(body)
        if reader.left < 0:
            raise _fault(f"it merges more than {MOST_VALUES} values", each)
        found |= body
    return found


def _fault(problem: str, node: Any) -> Exception:
    from yaml.constructor import ConstructorError

    found: Exception = ConstructorError(None, None, problem, node.start_mark)
    return found
