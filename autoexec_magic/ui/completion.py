"""Tab completion in the notebook, from the one tree of verbs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from . import verbs

_OURS = re.compile(r"\s*(?:[\w., ]+=\s*)?(%{1,2}autoexec) ")
_PATHS = frozenset({"sh", "script", "test", "fix", "scan"})  # verbs whose words are files and commands
_TAKE_PATHS = frozenset({"--file", "--from", "--read", "--to", "--write"})


def words_for(line: str) -> tuple[str, list[str]] | None:
    """Return the word at the end of `line` and what it may become.

    Parameters
    ----------
    line : str
        The line up to the cursor.

    Returns
    -------
    (str, list of str) or None
        None where the line is not ours, or where what follows is not: a path, a
        command, a name; the completer's own names and files then. The list is
        never empty.
    """
    match = _OURS.match(line)
    if match is None:
        return None
    mark = match[1]
    words = line[match.start(1) :].split()
    current = "" if line.endswith(" ") else words[-1]
    done = words[1:] if not current else words[1:-1]
    if not done:
        names = [name for name in verbs.VERBS if name != "help"]
        names += ["--timeout", "--no-install", "--yes"] if mark.startswith("%%") else []
    elif done[0] in verbs.VERBS:
        values = verbs.VERBS[done[0]].choices.get(done[-1]) if done[-1].startswith("--") else None
        if values:
            found = [name for name in values if name.startswith(current)]
            return (current, found) if found else None
        names = verbs.words_after(done[0])
    else:
        names = ["--timeout", "--no-install", "--yes"]
    found = [name for name in names if name.startswith(current)]
    takes_paths = bool(done) and (done[0] in _PATHS or done[-1] in _TAKE_PATHS)
    return None if (takes_paths and not current.startswith("-")) or not found else (current, found)


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
