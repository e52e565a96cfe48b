"""Tab completion in the notebook, from the one tree of verbs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import verbs


def words_for(line: str) -> tuple[str, list[str]] | None:
    """Return the word at the end of `line` and what it may become.

    Parameters
    ----------
    line : str
        The line up to the cursor.

    Returns
    -------
    (str, list of str) or None
        None where the line is not ours. The list is never empty.
    """
    mark = next((mark for mark in ("%%autoexec ", "%autoexec ") if line.lstrip().startswith(mark)), None)
    if mark is None:
        return None
    words = line.split()
    current = "" if line.endswith(" ") else words[-1]
    done = words[1:] if not current else words[1:-1]
    if not done:
        names = [name for name in verbs.VERBS if name != "help"]
        names += ["--timeout", "--no-install", "--yes"] if mark.startswith("%%") else []
    elif done[0] in verbs.VERBS:
        names = verbs.words_after(done[0])
    else:
        names = ["--timeout", "--no-install", "--yes"]
    return current, [name for name in names if name.startswith(current)] or ["--help"]


def register(shell: Any) -> Callable[[Any], Any] | None:
    """Add the matcher to the shell's completer; None where the shell has none."""
    completer = getattr(shell, "Completer", None)
    if completer is None:
        return None
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier="autoexec", priority=100)
    def match(context: Any) -> Any:
        found = words_for(context.line_with_cursor[: context.cursor_position])
        if found is None:
            return {"completions": [], "suppress": False}
        current, names = found
        completions = [SimpleCompletion(name, type="param") for name in names]
        # Suppressed, or the Python completer adds two hundred names of its own.
        return {"completions": completions, "suppress": True, "matched_fragment": current}

    completer.custom_matchers.append(match)
    return match  # type: ignore[no-any-return]


def unregister(shell: Any, match: Callable[[Any], Any] | None) -> None:
    """Take the matcher out again."""
    if match is not None and match in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(match)
