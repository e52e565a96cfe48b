"""What comes in at a command's input: the names that `xargs` and its kin make words of.

Where it can be said which words come in, the inner command is judged with them,
as that of `find -exec` is. Where it cannot, only what merely tells about names
may run unasked (`arguments` says so).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import arguments

_FILTERS = frozenset(("grep", "egrep", "fgrep", "sort", "head", "tail", "uniq", "shuf", "tac"))
_READERS = frozenset(
    """cat head tail wc grep egrep fgrep zgrep nl md5sum sha1sum sha256sum sha512sum cksum stat ls du file
    echo basename dirname diff strings""".split()  # noqa: SIM905 - a list to read
)
_PLAIN_WORDS = re.compile(r"[\w@%+:,./=-]+")
_EXACT = frozenset(("-0", "--null", "-I", "-d"))
UNSEEN = "{}"


def words_of(before: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    """Return the words that come in, `{}` in those that are found later; None if nobody can say.

    Parameters
    ----------
    before : sequence of sequences of str
        The commands before in the pipeline, in its order.
    """
    if not before:
        return ()
    source, *filters = before
    for argv in filters:
        if argv[0] not in _FILTERS or arguments.judge(argv).reads:
            return None
    return _words(source)


def inner(
    commands: Sequence[Sequence[str]], words: Sequence[str], argv: Sequence[str]
) -> list[tuple[str, ...]] | None:
    """Return the commands as they run with those words, None where the words could be taken for others.

    Parameters
    ----------
    commands : sequence of sequences of str
        As the arguments of xargs say them.
    words : sequence of str
        What comes in.
    argv : sequence of str
        The words of xargs itself.
    """
    is_found = any(UNSEEN in word for word in words)
    found = []
    for command in commands:
        has_place = any(UNSEEN in word for word in command)
        for each in [[word] for word in words] if has_place else [list(words)]:
            full = [word.replace(UNSEEN, each[0]) for word in command] if has_place else [*command, *each]
            if is_found and not _is_safe(full, argv, words):
                return None
            found.append(tuple(full))
    return found


def _is_safe(command: Sequence[str], argv: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a name with a space, or with a dash, does no more than be read."""
    if command[0] in _READERS:
        return True
    starts_with_folder = all(not word.startswith(UNSEEN) for word in words)
    return starts_with_folder and any(word[:2] in _EXACT or word == "--null" for word in argv)


def _words(argv: Sequence[str]) -> tuple[str, ...] | None:
    name, *rest = argv
    if name == "seq":
        return ("1",)
    if name == "echo" or (name == "printf" and rest[:1] in (["%s\\n"], ["%s\\0"])):
        words = rest[1:] if name == "printf" else [word for word in rest if word not in ("-n", "-e")]
        return tuple(words) if all(_PLAIN_WORDS.fullmatch(word) for word in words) else None
    ruling = arguments.judge(argv)
    if ruling.answer != "allow" or ruling.commands:
        return None
    if name == "find" and not any(word.startswith(("-printf", "-fprint")) for word in rest):
        return tuple(f"{root.rstrip('/')}/{UNSEEN}" for root in ruling.reads if root[:1] != "-")
    here = all(word[:1] not in "/~" and ".." not in word for word in ruling.reads)
    return (UNSEEN,) if here and _lists_names(name, rest) else None


def _lists_names(name: str, rest: Sequence[str]) -> bool:
    """Whether a command writes names of files, and nothing but those."""
    if name == "git":
        only_names = "--name-only" in rest or (rest[:1] == ["grep"] and "-l" in rest)
        return rest[:1] == ["ls-files"] or (rest[:1] in (["diff"], ["grep"]) and only_names)
    if name in ("grep", "egrep", "fgrep", "rg"):
        return any(re.fullmatch(r"-\w*l\w*|--files(?:-with.*)?", word) for word in rest)
    return name in ("ls", "fd")
