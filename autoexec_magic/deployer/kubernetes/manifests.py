"""A person's own manifests, read: one file or the files of a folder, safely and under limits.

What is read becomes one line of JSON, which the release keeps: a rollback has
the manifests that it had, whatever the files say by then.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ... import plainfile
from ...errors import MissingTool, UsageError
from .objects import Body

MOST_BYTES = 128 * 1024  #: of all files together, and of what is kept
MOST_FILES = 50
_MOST_VALUES, _DEEPEST = 20_000, 40  # an alias counts as often as it is used
_ENDINGS = (".yaml", ".yml", ".json")
_BUILT = ("kustomization.yaml", "kustomization.yml", "Kustomization", "Chart.yaml")
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
        if isinstance(found, list) and all(isinstance(each, dict) for each in found):
            return found
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
    yaml, loader = _loader()
    try:
        documents = list(yaml.load_all(text, Loader=loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        what = " ".join(str(error).split())[:300]
        raise UsageError(
            f"{name} is no YAML", why=what, fix="kubectl apply --dry-run=client -f it"
        ) from error
    left = [_MOST_VALUES]
    for document in documents:
        if document is None:
            continue
        _count(document, name, left, _DEEPEST)
        found = (
            document.get("items") if isinstance(document, dict) and document.get("kind") == "List" else None
        )
        for body in found if isinstance(found, list) else [document]:
            yield _cleared(body, name)


def _count(value: Any, name: str, left: list[int], depth: int) -> None:
    """Refuse what is too much or too deep, where aliases are used again and again, too."""
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        why = f"it has more than {_MOST_VALUES} values, or lies deeper than {_DEEPEST}"
        raise UsageError(f"{name} is too large", why=why, fix="use fewer aliases, or give less")
    if isinstance(value, dict):
        for key, below in value.items():
            if not isinstance(key, str):
                raise UsageError(f"{name} has the key {key!r}, which is no text", fix="quote it")
            _count(below, name, left, depth - 1)
    elif isinstance(value, list):
        for below in value:
            _count(below, name, left, depth - 1)
    elif value is not None and not isinstance(value, str | int | float | bool):
        raise UsageError(f"{name} has a {type(value).__name__}", fix="quote it")


def _cleared(body: Any, name: str) -> Body:
    """Return an object without what a server has filled in, as `kubectl get -o yaml` shows it."""
    if not isinstance(body, dict) or not isinstance(body.get("metadata"), dict):
        raise UsageError(f"{name} has a document that is no object of Kubernetes", fix="kind, metadata, spec")
    metadata = {key: value for key, value in body["metadata"].items() if key not in _BY_THE_SERVER}
    if isinstance(metadata.get("annotations"), dict):
        kept = {key: text for key, text in metadata["annotations"].items() if key != _KEPT_BY_KUBECTL}
        metadata["annotations"] = kept
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": metadata}


@functools.cache
def _loader() -> tuple[Any, Any]:
    """Return YAML and a loader of plain values: no dates, and no key twice."""
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

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        keys = [each.value for each, _ in node.value if each.tag != "tag:yaml.org,2002:merge"]
        twice = {str(each) for each in keys if keys.count(each) > 1} if len(keys) < 1000 else set()
        if twice:
            raise yaml.YAMLError(f"the key {min(twice)} is there twice, at {node.start_mark}")
        loader.flatten_mapping(node)
        found: dict[Any, Any] = yaml.constructor.SafeConstructor.construct_mapping(loader, node, deep=True)
        return found

    Plain.add_constructor("tag:yaml.org,2002:map", mapping)
    dates = "tag:yaml.org,2002:timestamp"
    Plain.yaml_implicit_resolvers = {
        sign: [(tag, form) for tag, form in pairs if tag != dates]
        for sign, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml, Plain


def _too_large(what: str, size: int) -> UsageError:
    return UsageError(
        f"{what} is too large",
        why=f"{size:,} bytes, of at most {MOST_BYTES:,}: each release keeps its manifests at the cluster",
        fix="put large files into a ConfigMap of your own by kubectl, and name that",
    )
