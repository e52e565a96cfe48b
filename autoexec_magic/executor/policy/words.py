"""A word's text, taken apart as a POSIX shell quotes it (IEEE 1003.1, section 2.2).

The second of two readers: tree-sitter says where a word begins and ends, this
one what it holds, and it must come to the same end. What they disagree on is
refused, because then a third reader, the shell, may read something else again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .braces import TooMany, Unclear, expanded
from .tree import Text, Variable, Word

_PLAIN = re.compile(r"[\w@%+:,./=^-]+", re.ASCII)  # without `~`, which may be a home
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_META = frozenset("|&;<>() \t\n")
_BRACES = re.compile(r"\{.*(?:,|\.\.).*\}", re.DOTALL)
_RUNS = re.compile(r"([\w@%+:,./=^*?\[\]-]+)|[^\w@%+:,./=^*?\[\]-]+")
_OWN = frozenset("0123456789?$!#@*-")


class NeedsShell(Exception):
    """The word holds what only a shell can expand; it names that."""


class Disagreement(Exception):
    """The word does not end where it was said to."""


def word(text: str) -> Word:
    r"""Return the word that `text` spells.

    Raises
    ------
    NeedsShell
        It has a substitution, or an expansion beyond `$NAME`, `~` and globs.
    Disagreement
        It has a quote that does not close, or more than one word.

    Examples
    --------
    >>> [part.text for part in word("it\\'s'*'").parts]
    ['it', "'", 's', '*']
    """
    if _PLAIN.fullmatch(text):
        return Word((Text(text),))
    parts = _read(text)
    if _BRACES.search(_plain(parts)):
        raise NeedsShell("a brace expansion")
    return _word(parts)


def words(text: str) -> tuple[Word, ...]:
    """Return the words that `text` spells: several where it has braces with alternatives.

    Raises
    ------
    NeedsShell, Disagreement
        As in `word`; or it stands for more than can be judged.
    """
    if _PLAIN.fullmatch(text):
        return (Word((Text(text),)),)
    parts = _read(text)
    if not _BRACES.search(_plain(parts)):
        return (_word(parts),)
    try:
        found = expanded(parts)
    except TooMany:
        raise NeedsShell("a brace expansion of very many words") from None
    except Unclear:
        raise NeedsShell("braces that can be read in two ways") from None
    # Bash drops a word that is empty without quotes: of `{a,}` one is left.
    return tuple(_word(each) for each in found if each and any(_is_there(part) for part in each))


def _is_there(part: Text | Variable) -> bool:
    return isinstance(part, Variable) or part.is_quoted or bool(part.text)


def _read(text: str) -> list[Text | Variable]:
    reader = _Reader(text)
    reader.read()
    return reader.parts


def _plain(parts: Sequence[Text | Variable]) -> str:
    """Return what is not quoted, and a NUL for all else."""
    return "".join(part.text if isinstance(part, Text) and not part.is_quoted else "\0" for part in parts)


def _word(parts: list[Text | Variable]) -> Word:
    plain = _plain(parts)
    if re.match(r"~[^/]", plain):
        raise NeedsShell("somebody's home folder")
    if re.search(r"[=:]~", plain):
        raise NeedsShell("a home folder in the middle of a word")
    return Word(_normal(parts))


class _Reader:
    """Reads one word from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.parts: list[Text | Variable] = []

    def read(self) -> None:
        """Read all of it."""
        while self._at < len(self._text):
            one = self._next()
            if one == "\\":
                self._escape()
            elif one == "'":
                self._keep(self._until("'"), is_quoted=True)
            elif one == '"':
                self._double()
            elif one == "$":
                self._dollar(is_quoted=False)
            elif one == "`":
                raise NeedsShell("a command substitution")
            elif one in _META:
                raise Disagreement(f"`{one}` in the middle of a word")
            else:
                self._keep(one)

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise Disagreement("a quote that does not close")
        self._at += 1
        return self._text[self._at - 1]

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _keep(self, text: str, *, is_quoted: bool = False) -> None:
        self.parts.append(Text(text, is_quoted))

    def _until(self, end: str) -> str:
        found = self._text.find(end, self._at)
        if found < 0:
            raise Disagreement("a quote that does not close")
        start, self._at = self._at, found + 1
        return self._text[start:found]

    def _escape(self) -> None:
        one = self._next()
        if one != "\n":  # a line that goes on
            self._keep(one, is_quoted=True)

    def _double(self) -> None:
        self._keep("", is_quoted=True)  # also `""` is a word
        while (one := self._next()) != '"':
            if one == "\\" and self._peek() in tuple('$`"\\\n'):
                self._escape()
            elif one == "$":
                self._dollar(is_quoted=True)
            elif one == "`":
                raise NeedsShell("a command substitution")
            else:
                self._keep(one, is_quoted=True)

    def _dollar(self, *, is_quoted: bool) -> None:
        following = self._peek()
        if following == "(":
            raise NeedsShell("a command substitution")
        if following == "[" or (following and following in _OWN):
            raise NeedsShell("a value that only a shell has")
        if following in ("'", '"') and not is_quoted:
            raise NeedsShell("a string with escapes")
        if following == "{":
            self._at += 1
            self._variable(self._until("}"), is_quoted=is_quoted)
            return
        match = _NAME.match(self._text, self._at)
        if match is None:
            if any(isinstance(part, Variable) and not part.is_quoted for part in self.parts):
                raise NeedsShell("a `$` after a variable, which keeps bash from splitting it")
            self._keep("$", is_quoted=True)
            return
        self._at = match.end()
        self._variable(match[0], is_quoted=is_quoted)

    def _variable(self, name: str, *, is_quoted: bool) -> None:
        if not _NAME.fullmatch(name):
            raise NeedsShell("an expansion that computes")
        self.parts.append(Variable(name, is_quoted))


def _normal(parts: list[Text | Variable]) -> tuple[Text | Variable, ...]:
    """Return the parts so that one word is one value: what quoting does not change counts as quoted."""
    found: list[Text | Variable] = []
    for number, part in enumerate(parts):
        if not isinstance(part, Text) or part.is_quoted:
            _add(found, part)
            continue
        at_home = number == 0 and part.text.startswith("~")
        _add(found, Text("~" if at_home else ""))
        for run in _RUNS.finditer(part.text, 1 if at_home else 0):
            _add(found, Text(run[0], is_quoted=run[1] is None))
    # `""$x` is a word even where x is empty.
    if len(found) < len(parts) and all(isinstance(part, Variable) and not part.is_quoted for part in found):
        found.append(Text("", is_quoted=True))
    return tuple(found)


def _add(found: list[Text | Variable], part: Text | Variable) -> None:
    """Add a part, to the one before where they are of a kind."""
    last = found[-1] if found else None
    if isinstance(part, Text) and isinstance(last, Text) and part.is_quoted == last.is_quoted:
        found[-1] = Text(last.text + part.text, part.is_quoted)
    elif not isinstance(part, Text) or part.text:
        found.append(part)
