"""The languages whose names can be resolved; what each needs is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..values import Resolution

if TYPE_CHECKING:
    from . import Context

LANGUAGES = ("python", "node", "rust")


def resolve_in(lang: str, names: Sequence[str], context: Context, *, online: bool) -> list[Resolution]:
    """Return what names of a language other than Python are and what follows.

    Parameters
    ----------
    lang : str
        `node` or `rust`.
    names : sequence of str
        Specifiers (`lodash/fp`) or crates (`serde_json`).
    context : Context
        The surroundings; its first folder is the project.
    online : bool
        Whether to prove: ask the registry, compare a crate with its digests.

    Raises
    ------
    UsageError
        The language is none of them, or its tool's settings cannot be read.
    InstallError, RunTimeout, Cancelled
        There is no answer.
    """
    if lang == "node":
        from .node import resolve as resolve_node

        return resolve_node(names, context, online)
    if lang == "rust":
        from .rust import resolve as resolve_rust

        return resolve_rust(names, context, online)
    raise UsageError(f"there is no language {lang!r}", fix=f"one of {', '.join(LANGUAGES)}")
