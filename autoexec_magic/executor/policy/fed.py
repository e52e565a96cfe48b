"""What comes in at a command's input: the names that `xargs` and its kin make words of.

Where it can be said which words come in, the inner command is judged with them,
as that of `find -exec` is. Where it cannot, only what merely tells about names
may run unasked (`arguments` says so). The options that are known here are few:
each other one could change what is written, or how it is taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import arguments
from .xargs import Terms, terms_of

_NUMBER = r"\d{1,9}"
# What chooses or orders lines, and changes none; the options before an operand that is no file.
_FILTERS = {
    "grep": re.compile(r"(?:-[viEF]+ )*[^- ][^ ]* "),
    "egrep": re.compile(r"(?:-[vi]+ )*[^- ][^ ]* "),
    "fgrep": re.compile(r"(?:-[vi]+ )*[^- ][^ ]* "),
    "sort": re.compile(r"(?:-[rnu]+ )*"),
    "head": re.compile(rf"(?:-n ?{_NUMBER} |-{_NUMBER} )?"),
    "tail": re.compile(rf"(?:-n ?\+?{_NUMBER} |-{_NUMBER} )?"),
    "uniq": re.compile(""),
    "shuf": re.compile(""),
    "tac": re.compile(""),
}
# What writes names of files, one a line, and nothing but those: its options, of which some must be there.
_OPERAND = r"|[^- ][^ ]*"
_NAMES = {
    "ls": re.compile(r"(?:(?:-[1AtrSd]+" + _OPERAND + r") )*"),
    "fd": re.compile(r"(?:(?:-[HI0g]+|--hidden|--print0|-e|-t|--extension|--type" + _OPERAND + r") )*"),
    "git ls-files": re.compile(
        r"(?:(?:-[zmocd]+|--others|--cached|--modified|--deleted|--exclude-standard|--" + _OPERAND + r") )*"
    ),
    "git diff": re.compile(
        r"(?=.*--name-only )(?:(?:--name-only|--cached|--staged|--diff-filter=\w+|-z|--" + _OPERAND + r") )*"
    ),
    "git grep": re.compile(r"(?=(?:.* )?-\w*l)(?:(?:-[lLniIwEFzP]+|--" + _OPERAND + r") )*"),
    "grep": re.compile(
        r"(?=(?:.* )?(?:-\w*[lL]|--files-with))(?:(?:-[rRlLniIEFGPwsZ]+|--files-with(?:out-match|-matches)"
        r"|--null|--(?:include|exclude|exclude-dir)=[^ ]+" + _OPERAND + r") )*"
    ),
    "rg": re.compile(
        r"(?=(?:.* )?(?:-\w*l|--files))(?:(?:-[linwFsS0]+|--files(?:-with-matches)?|--hidden|--null"
        r"|-[gt](?:[^ ]+| [^- ][^ ]*)" + _OPERAND + r") )*"
    ),
}
_SHOWS_MORE = ("-printf", "-fprint", "-ls", "-fls")
_READERS = frozenset(
    """cat head tail wc grep egrep fgrep zgrep nl md5sum sha1sum sha256sum sha512sum cksum stat ls du file
    echo basename dirname diff strings""".split()  # noqa: SIM905 - a list to read
)
_PLAIN_WORD = re.compile(r"[\w@%+:,./=-]+", re.ASCII)
_MOST_VALUES = 300
UNSEEN = "{}"


def lines_of(before: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    """Return the lines that come in, `{}` in those that are found later; None if nobody can say.

    Parameters
    ----------
    before : sequence of sequences of str
        The commands before in the pipeline, in its order. Without any, the
        input is whatever the line was started with.

    Returns
    -------
    tuple of str or None
        Each without its end, unless that is a NUL character.
    """
    if not before:
        return None
    source, *filters = before
    found = _lines(source)
    if filters and found is not None and not all(UNSEEN in line for line in found):
        return None  # other words would stand at other places
    for argv in filters:
        known = _FILTERS.get(argv[0])
        if known is None or not known.fullmatch(_joined(argv[1:])) or arguments.judge(argv).reads:
            return None
    return found


def inner(lines: Sequence[str], argv: Sequence[str]) -> list[tuple[str, ...]] | None:
    """Return the commands as they run with those lines, None where nobody can say, or names could mislead.

    Parameters
    ----------
    lines : sequence of str
        What comes in.
    argv : sequence of str
        The words of xargs.
    """
    terms = terms_of(argv)
    if terms is None or any(line.endswith("\0") != terms.is_null for line in lines if UNSEEN not in line):
        return None
    lines = [line.removesuffix("\0") for line in lines]
    command = terms.command or ("echo",)
    is_found = any(UNSEEN in line for line in lines)
    has_place = bool(terms.place) and any(terms.place in word for word in command)
    if (has_place and terms.place in command[0]) or any(UNSEEN in word for word in command if not has_place):
        return None
    if has_place:
        found = [tuple(word.replace(terms.place, line) for word in command) for line in lines]
    else:
        is_whole = terms.place or terms.is_lines or terms.is_null
        words = [word for line in lines for word in ([line] if is_whole or UNSEEN in line else line.split())]
        if is_found:  # they are many, and any of them may be the last
            found = [(*command, *words, last) for last in words]
        else:
            most = terms.most or len(words) or 1
            found = [(*command, *words[at : at + most]) for at in range(0, len(words) or 1, most)]
    if is_found and not all(_is_safe(each, lines, terms) for each in found):
        return None
    return found


def _is_safe(command: Sequence[str], lines: Sequence[str], terms: Terms) -> bool:
    """Whether a name with a space, or with a dash, does no more than be read."""
    if command[0] in _READERS:
        return True
    starts_with_folder = all(not line.startswith(UNSEEN) for line in lines)
    return starts_with_folder and bool(terms.is_null or terms.place or terms.is_lines)


def _joined(words: Sequence[str]) -> str:
    """Return words with a space behind each; one with a space in it is as good as any other operand."""
    return "".join(word.replace(" ", "_") + " " for word in words)


def _lines(argv: Sequence[str]) -> tuple[str, ...] | None:
    name, *rest = argv
    if name == "seq":
        return _values(rest)
    if name == "echo":
        return _said(rest)
    if name == "printf" and rest[:1] in (["%s\\n"], ["%s\\0"]):
        end = "\0" if rest[0].endswith("0") else ""
        return tuple(word + end for word in rest[1:]) if all(map(_PLAIN_WORD.fullmatch, rest[1:])) else None
    ruling = arguments.judge(argv)
    if ruling.answer != "allow" or ruling.commands:
        return None
    if name == "find" and not any(word.startswith(_SHOWS_MORE) for word in rest):
        return tuple(f"{root.rstrip('/')}/{UNSEEN}" for root in ruling.reads if root[:1] != "-")
    here = all(word[:1] not in ("/", "~") and ".." not in word for word in (*ruling.reads, *rest))
    return (UNSEEN,) if here and _lists_names(argv) else None


def _lists_names(argv: Sequence[str]) -> bool:
    """Whether a command writes names of files, and nothing but those."""
    name, *rest = argv
    if name == "git" and rest:
        name = f"git {rest.pop(0)}"
    known = _NAMES.get("grep" if name in ("egrep", "fgrep") else name)
    return known is not None and known.fullmatch(_joined(rest)) is not None


def _said(words: Sequence[str]) -> tuple[str, ...] | None:
    """Return the line that echo writes; its options stand before all else."""
    at = 0
    while at < len(words) and re.fullmatch(r"-[neE]+", words[at]):
        at += 1
    said = words[at:]
    is_plain = all(map(_PLAIN_WORD.fullmatch, said)) and not {"--help", "--version"} & set(said)
    return (" ".join(said),) if is_plain else None


def _values(words: Sequence[str]) -> tuple[str, ...] | None:
    """Return the numbers that seq writes, where they are plain and few."""
    if not 1 <= len(words) <= 3 or not all(re.fullmatch(r"0|[1-9]\d{0,8}", word) for word in words):
        return None
    first, step, last = {1: ("1", "1", *words), 2: (words[0], "1", words[-1])}.get(len(words), tuple(words))
    if step == "0" or (int(last) - int(first)) // int(step) > _MOST_VALUES:
        return None
    return tuple(map(str, range(int(first), int(last) + 1, int(step))))
