"""A person's own manifests, read: one file or the files of a folder, safely and under limits.

What is read becomes one line of JSON, which the release keeps: a rollback has
the manifests that it had, whatever the files say by then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ... import plainfile
from ...errors import UsageError
from . import plainyaml
from .objects import Body
from .plainyaml import MOST_VALUES

MOST_BYTES = 128 * 1024  #: of all files together, and of what is kept
MOST_FILES = 50
_DEEPEST = 40
_ENDINGS = (".yaml", ".yml", ".json")
_BUILT = ("kustomization.yaml", "kustomization.yml", "Kustomization", "Chart.yaml")
_QUOTED = re.compile(r" ['\"](?!<|.['\"])")  # neither one character, nor what the parser calls its tokens
_LARGEST = 2**63
_BY_THE_SERVER = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink")
_KEPT_BY_KUBECTL = "kubectl.kubernetes.io/last-applied-configuration"


def read(path: Path) -> str:
    """Return the objects of a file, or of the files of a folder in the order of their names, as JSON.

    Parameters
    ----------
    path : Path
        A YAML or JSON file, or a folder with some; folders in it are left out.

    Raises
    ------
    UsageError
        It is not there, cannot be read, or is more than `MOST_BYTES`.
    MissingTool
        There is no reader of YAML.
    """
    texts: list[tuple[str, str]] = []
    for file in _files(path):
        try:
            texts.append((file.name, plainfile.text(file)))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read {file}", why=str(error), fix="give a file of UTF-8") from error
    size = sum(len(text.encode()) for _, text in texts)
    if size > MOST_BYTES:
        raise _too_large(str(path), size)
    bodies = [body for name, text in texts for body in _objects_in(text, name)]
    if not bodies:
        raise UsageError(f"there is no manifest in {path}", fix="give a file with a Deployment")
    return spelled(bodies)


def spelled(bodies: list[Body]) -> str:
    """Return objects as one line of JSON, the same for the same objects."""
    try:
        text = json.dumps(bodies, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise UsageError(
            "a manifest has a number that JSON has not", why=str(error), fix="quote it"
        ) from error
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise _too_large("what the manifests come to", len(text))
    return text


def bodies_of(text: str) -> list[Body]:
    """Return the objects of a text that `read` made, or of YAML that stands in the settings."""
    if text.startswith("["):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError("the manifests of this release cannot be read", why=str(error)) from error
        return list(_bodies_in(found, "manifest-text"))
    return list(_objects_in(text, "manifest-text"))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.iterdir() if each.suffix in _ENDINGS or each.name in _BUILT)
    if built := [each.name for each in found if each.name in _BUILT]:
        fix = "helm template" if built[0] == "Chart.yaml" else "kubectl kustomize"
        raise UsageError(
            f"{path} is built by another program first",
            why=f"it has a {built[0]}",
            fix=f"{fix} {path} > manifests.yaml, then --manifest manifests.yaml",
        )
    if len(found) > MOST_FILES:
        raise UsageError(f"{path} has {len(found)} manifests, of at most {MOST_FILES}", fix="give one file")
    if not found:
        raise UsageError(f"there is no manifest in {path}", why=f"no file ends with {', '.join(_ENDINGS)}")
    return found


def _objects_in(text: str, name: str) -> Iterator[Body]:
    """Yield the objects of a text, those of lists one by one."""
    yaml, loader = plainyaml.loader()
    why = ""
    try:
        documents = list(yaml.load_all(text, Loader=loader))
    except yaml.YAMLError as error:
        why = _told(error)
    except (ValueError, LookupError, AttributeError, TypeError):  # what a tag says of a value is not so
        why = "a value is not what its tag says, or a number is too long"
    except RecursionError:
        why = "it lies too deep"
    if why:  # not from the error: its own words show the line, and there may be a secret in it
        raise UsageError(f"{name} is no YAML", why=why, fix="kubectl apply --dry-run=client -f it")
    yield from _bodies_in([each for each in documents if each is not None], name)


def _bodies_in(documents: Iterable[Any], name: str) -> Iterator[Body]:
    left = [MOST_VALUES]
    for document in documents:
        _count(document, name, left, _DEEPEST)
        is_list = isinstance(document, dict) and document.get("kind") == "List"
        found = document.get("items") if is_list else None
        for body in found if isinstance(found, list) else [document]:
            yield _cleared(body, name)


def _told(error: Any) -> str:
    """Return what is wrong with YAML and where; a name that it quotes may be part of a secret."""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    mark = getattr(error, "problem_mark", None)
    where = f", in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return _QUOTED.split(str(problem))[0] + where


def _count(value: Any, name: str, left: list[int], depth: int) -> None:
    """Refuse what is too much or too deep, where aliases are used again and again, too."""
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        why = f"it has more than {MOST_VALUES} values, or lies deeper than {_DEEPEST}"
        raise UsageError(f"{name} is too large", why=why, fix="use fewer aliases, or give less")
    if isinstance(value, dict):
        for key, below in value.items():
            if not isinstance(key, str) or not _is_plain(key):
                what = f"the key {key!r}" if _is_plain(key) else "a key"
                raise UsageError(f"{name} has {what}, which is no text", fix="quote it")
            _count(below, name, left, depth - 1)
    elif isinstance(value, list):
        for below in value:
            _count(below, name, left, depth - 1)
    elif value is not None and not isinstance(value, str | int | float | bool):
        raise UsageError(f"{name} has a {type(value).__name__}", fix="quote it")
    elif not _is_plain(value):
        raise UsageError(f"{name} has a value that JSON has not", fix="write UTF-8, and quote long numbers")


def _is_plain(value: Any) -> bool:
    """Whether a text has no half of a character, and a whole number not more than 64 bits."""
    if isinstance(value, str):
        return value.isascii() or value.encode("utf-8", "replace").decode("utf-8") == value
    return not isinstance(value, int) or abs(value) < _LARGEST


def _cleared(body: Any, name: str) -> Body:
    """Return an object without what a server has filled in, as `kubectl get -o yaml` shows it."""
    if not isinstance(body, dict) or not isinstance(body.get("metadata"), dict):
        raise UsageError(f"{name} has a document that is no object of Kubernetes", fix="kind, metadata, spec")
    metadata = {key: value for key, value in body["metadata"].items() if key not in _BY_THE_SERVER}
    if isinstance(metadata.get("annotations"), dict):
        kept = {key: text for key, text in metadata["annotations"].items() if key != _KEPT_BY_KUBECTL}
        metadata["annotations"] = kept
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": metadata}


def _too_large(what: str, size: int) -> UsageError:
    return UsageError(
        f"{what} is too large",
        why=f"{size:,} bytes, of at most {MOST_BYTES:,}: each release keeps its manifests at the cluster",
        fix="put large files into a ConfigMap of your own by kubectl, and name that",
    )
