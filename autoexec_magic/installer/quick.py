"""Which modules a Python file imports, without parsing all of it: the same answer as `scan`, or none.

Every import says the word `import`, and most say it at the beginning of a
line. What has to be known besides is small: that the line is not inside a
string, and which blocks it stands in. Strings over several lines are found by
their triple quotes, blocks by the keywords at the beginnings of lines; each
rule holds for every source that Python takes, or says that it does not know
(None): then `scan` parses the whole. It must not guess.

A source that does not parse is not noticed here, unless its imports are what is wrong.
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from dataclasses import dataclass, field

from .scan import Needed, catches, is_type_checking, makes_importable, statements, suppresses

# (prefix, quote) of a string that is closed on its line, or a character that is not part of one.
_CODE = re.compile(r"""(?:[^"'#\\]|\\.|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*""")
_SINGLE = re.compile(r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""")
_DOUBLE, _SINGLE_TRIPLE = '"' * 3, "'" * 3
_FORMATTED = ("f", "F", "t", "T")
_INLINE = re.compile(r"[;:][ \t]*(?:from\b[^;:#]*)?$")
_FROM = re.compile(r"from(?=[ \t.\\])")

_NAME = r"[A-Za-z_]\w*(?:[ \t]+as[ \t]+[A-Za-z_]\w*)?"
_DOTTED = r"[A-Za-z_][\w.]*(?:[ \t]+as[ \t]+[A-Za-z_]\w*)?"
_END = r"[ \t]*(?=\n|#|$)"
# group 1, 2: a `from`; 3: an `import`; none of them: a relative one.
_PLAIN = re.compile(
    r"from[ \t]+([A-Za-z_][\w.]*)[ \t]+import[ \t]*"
    rf"(?:(?<=[ \t])({_NAME}(?:[ \t]*,[ \t]*{_NAME})*|\*)|\(([\w\s,]*)\)){_END}"
    rf"|import[ \t]+({_DOTTED}(?:[ \t]*,[ \t]*{_DOTTED})*){_END}"
    rf"|from[ \t]*\.[\w. \t]*import[ \t]*(?:[\w \t,]+|\*|\([\w\s,]*\)){_END}",
    re.ASCII,
)
_MAKER = re.compile(  # without \b in front, which would be tried at every character
    r"(?:sys|os|site|importlib|runpy|subprocess|shutil|zipfile|tarfile|open|exec|eval|__import__"
    r"|get_ipython|write_text|write_bytes|mkdir)\b"
)
_HEADER = re.compile(  # possessive: 6 times as fast as with going back over the spaces
    r"\n([ \t]*+)(?=[acdefimtw])"
    r"(def|class|if|elif|else|try|except|finally|for|while|with|match|case|async)\b"
)
_ASYNC = re.compile(r"async[ \t]+(def|for|with)\b")
_EXCEPT = re.compile(r"except\b\*?[ \t]*(\(?)([\w., \t]*?)\)?(?:[ \t]+as[ \t]+\w+)?[ \t]*:")
_OPENED = re.compile(r":[ \t]*(?:#[^\"'\n]*)?$")

_Header = re.Match[str]  # of `_HEADER`
_SKIP, _MAYBE, _ALWAYS = 0, 1, 2  # what a block makes of the imports in it
_LEADS = {  # what makes a header a whole statement, where it is none with a body
    "elif": "if x: pass\n{}\n  pass",
    "else": "if x: pass\n{}\n  pass",
    "match": "{}\n  case _: pass",
    "case": "match x:\n {}\n  pass",
}
_CLAUSES = ("except", "else", "finally")
MOST_HEADER_LINES = 40  # of the beginning of one block
MOST_LINES = 400  # of one import statement; a longer one is parsed with the rest of its file


class _Unsure(Exception):
    """No rule of this module holds: the whole has to be parsed."""


def quick(source: str) -> list[Needed] | None:
    r"""Return what `scan` returns for `source`, or None where only a parser can say.

    Parameters
    ----------
    source : str
        A file or a cell; any newlines.

    Examples
    --------
    >>> [need.module for need in quick("import numpy as np\nfrom PIL import Image")]
    ['numpy', 'PIL']
    >>> quick("if fast: import numba") is None
    True
    """
    if "import" not in source:
        return []
    text = "\n" + source.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\f" in text:
        text = text.replace("\n\f", "\n")  # it begins a line anew; elsewhere it is for the parser
    if "\f" in text or "\0" in text:
        return None
    try:
        return sorted(_Reading(text, has_tabs="\t" in text).needs())
    except (_Unsure, SyntaxError, ValueError, RecursionError):
        return None


@dataclass(slots=True)
class _Reading:
    """One source while it is read; it begins with a newline."""

    text: str
    opens: list[int] = field(default_factory=list)
    closes: list[int] = field(default_factory=list)
    has_tabs: bool = False
    headers: list[_Header] | None = None
    ways: dict[int, tuple[int, int]] = field(default_factory=dict)
    checked: int = 0
    is_open: bool = False

    def needs(self) -> list[Needed]:
        """Return the imports, in their order."""
        text, words = self.text, self._words()
        needs: list[Needed] = []
        if not words:
            return needs
        self._find_strings(words[-1])
        done, line, counted = 0, 0, 0
        for word in words:
            if word < done:
                continue
            start = text.rfind("\n", 0, word) + 1
            before = text[start:word]
            code = before.lstrip(" \t")
            if code and not _FROM.match(code):
                self._check_inline(before, start, word)
                continue
            if self._is_in_string(word):
                continue
            if text[start - 2 : start - 1] == "\\":
                raise _Unsure
            begin = start + len(before) - len(code)
            line += text.count("\n", counted, start)
            counted = start
            way, top = self._way(start - 1, _column(text[start:begin])) if begin > start else (_ALWAYS, start)
            found, done = self._statement(begin, way, top, line)
            needs += found
        return needs

    def _words(self) -> list[int]:
        """Return where the word stands, in order."""
        text, words, at = self.text, [], 0
        while (at := text.find("import", at)) >= 0:
            if not _is_name(text[at + 6 : at + 7]):
                words.append(at)
            at += 6
        return words

    def _statement(self, begin: int, way: int, top: int, line: int) -> tuple[list[Needed], int]:
        """Return what the statement at `begin` imports, and where it ends."""
        text = self.text
        if way == _ALWAYS and not self.is_open:
            self._look(top)
        required = way == _ALWAYS and not self.is_open
        match = _PLAIN.match(text, begin)
        if match is not None:
            end = text.find("\n", match.end())
            end = len(text) if end < 0 else end
            found = _plain(match, line, required=required)
        else:
            end, tree = _logical(text, begin)
            if way == _ALWAYS and any(map(makes_importable, tree.body)):
                raise _Unsure
            found = [
                Needed(need.line + line - 1, need.module, need.names, need.required)
                for need in statements(tree.body, required=required)
            ]
        if way == _ALWAYS and top == begin:
            self.checked = end
        return (found if way != _SKIP else []), end

    def _look(self, top: int) -> None:
        """Find out whether anything above the statement at `top` may make something importable."""
        start, self.checked = self.checked, top
        gap = self.text[start:top]
        if not gap or gap.isspace():
            return
        is_unsure = False
        for match in _MAKER.finditer(self.text, start, top):
            says = self._is_used(match.start(), match.end())
            if says:
                self.is_open = True
                return
            is_unsure = is_unsure or says is None
        if is_unsure:
            self.is_open = any(map(makes_importable, _parse(gap).body))

    def _is_used(self, start: int, end: int) -> bool | None:
        """Return whether a word is a name that the code uses; None if only a parser can say."""
        text = self.text
        if _is_name(text[start - 1]):
            return False
        number = bisect_right(self.opens, start)
        if number and start < self.closes[number - 1]:
            return None if _is_formatted(text, self.opens[number - 1]) else False
        line = text.rfind("\n", 0, start) + 1
        begin = max(line, self.closes[number - 1] if number else 0)
        before = text[begin:start]
        code = _CODE.match(before)
        if code is None or text[line - 2 : line - 1] == "\\":
            return None
        if code.end() < len(before):
            is_formatted = before[code.end()] != "#" and _is_formatted(text, begin + code.end())
            return None if is_formatted else False
        is_definition = before.lstrip().startswith(("import", "from", "def", "class", "async"))
        return True if text[end : end + 1] in ("(", ".") and not is_definition else None

    def _find_strings(self, last: int) -> None:
        """Find the strings in triple quotes that begin before `last`."""
        text, at = self.text, 0
        double, single = text.find(_DOUBLE, 0, last), text.find(_SINGLE_TRIPLE, 0, last)
        while True:
            if 0 <= double < at:
                double = text.find(_DOUBLE, at, last)
            if 0 <= single < at:
                single = text.find(_SINGLE_TRIPLE, at, last)
            there, quote = (
                (single, _SINGLE_TRIPLE) if double < 0 or 0 <= single < double else (double, _DOUBLE)
            )
            if there < 0:
                return
            start = max(text.rfind("\n", 0, there) + 1, at)
            before = text[start:there]
            if text[start - 2] == "\\" or not (before.isspace() or not before):
                skipped = self._skipped(there, start, before)
                if skipped:
                    at = skipped
                    continue
            at = _closing(text, quote, there + 3)
            self.opens.append(there)
            self.closes.append(at)

    def _skipped(self, there: int, start: int, before: str) -> int:
        """Return 0 if a string begins at `there`, else where what it stands in ends."""
        text = self.text
        if text[start - 2] == "\\" and text[start - 1] == "\n":
            self._check_continued(start)
        if _is_formatted(text, there):
            self._check_formatted(there)
        if not ("#" in before or '"' in before or "'" in before):
            return 0
        code = _CODE.match(before)
        end = code.end() if code else 0
        if end == len(before):
            return 0
        if before[end] == "#":
            line_end = text.find("\n", there)
            return line_end if line_end >= 0 else len(text)
        single = _SINGLE.match(text, start + end)
        if single is None or _is_formatted(text, start + end):
            raise _Unsure
        return single.end()

    def _check_formatted(self, there: int) -> None:
        """Be unsure of a formatted string in which strings may stand that are quoted as it is (PEP 701)."""
        quote = self.text[there : there + 3]
        inside = self.text[there + 3 : _closing(self.text, quote, there + 3) - 3]
        if inside.count("{") != inside.count("}"):
            raise _Unsure

    def _check_continued(self, start: int) -> None:
        """Be unsure unless the line above, which a backslash continues, is whole strings and code."""
        above = self.text.rfind("\n", 0, start - 1) + 1
        code = _CODE.fullmatch(self.text[above : start - 2])
        if code is None or self.text[above - 2 : above - 1] == "\\":
            raise _Unsure

    def _is_in_string(self, place: int) -> bool:
        number = bisect_right(self.opens, place)
        return number > 0 and place < self.closes[number - 1]

    def _check_inline(self, before: str, start: int, word: int) -> None:
        """Be unsure if an import follows `;` or `:` on its line."""
        if not _INLINE.search(before) or self._is_in_string(word):
            return
        number = bisect_right(self.closes, word)
        begin = max(start, self.closes[number - 1]) if number else start
        code = self.text[begin:word]
        whole = _CODE.match(code)
        if whole is None or whole.end() == len(code) or code[whole.end()] != "#":
            if (
                whole is not None
                and whole.end() < len(code)
                and _SINGLE.match(self.text, begin + whole.end())
            ):
                return  # inside a string that ends on this line
            raise _Unsure

    def _way(self, place: int, column: int) -> tuple[int, int]:
        """Return what the blocks around `place` make of an import, and where the outermost begins."""
        headers = self._headers()
        number = bisect_right(headers, place, key=_start) - 1
        while number >= 0 and (
            self._column(headers[number]) >= column or self._is_in_string(headers[number].end())
        ):
            number -= 1
        if number < 0:
            raise _Unsure
        if number not in self.ways:
            own, first = self._own(number)
            header = headers[number]
            column = self._column(header)
            outer, top = self._way(header.start() - 1, column) if column else (_ALWAYS, first.start() + 1)
            self.ways[number] = (min(own, outer), top)
        return self.ways[number]

    def _headers(self) -> list[_Header]:
        if self.headers is None:
            self.headers = list(_HEADER.finditer(self.text))
        return self.headers

    def _column(self, header: _Header) -> int:
        """Return how far a header is indented."""
        return len(header[1].expandtabs(8)) if self.has_tabs else header.end(1) - header.start() - 1

    def _line(self, header: _Header) -> str:
        """Return the line of a header, without its indentation."""
        end = self.text.find("\n", header.end())
        return self.text[header.end(1) : end if end >= 0 else len(self.text)].rstrip()

    def _own(self, number: int) -> tuple[int, _Header]:
        """Return what one block makes of an import in it, and the header that its statement begins with."""
        header = self._headers()[number]
        if self.text[header.start() - 1 : header.start()] == "\\":
            raise _Unsure
        word = header[2]
        if word == "async":
            match = _ASYNC.match(self._line(header))
            word = match.group(1) if match else ""
        if word in ("def", "while"):
            return _MAYBE, header
        if word == "class":
            return _ALWAYS, header
        if word in ("try", "except", "finally"):
            return self._try(number)
        if not word:
            raise _Unsure
        return self._checked(header, word), header

    def _checked(self, header: _Header, word: str) -> int:
        """Return what a block makes of its imports that is no block if it stands in brackets."""
        line = self._whole(header)
        if word == "with":
            return _MAYBE if "suppress" in line and suppresses(_parse(f"{line}\n  pass").body[0]) else _ALWAYS
        if word in ("if", "elif") and "TYPE_CHECKING" in line:
            return _SKIP if is_type_checking(_test(line)) else _MAYBE
        return _MAYBE

    def _whole(self, header: _Header) -> str:
        """Return all of a header; be unsure of what may be a piece of an expression in brackets."""
        line = self._line(header)
        word = header[2]
        if _OPENED.search(line) and "lambda" not in line and " else" not in line and _is_balanced(line):
            return line
        end = header.end()
        for _ in range(MOST_HEADER_LINES):
            end = self.text.find("\n", end) + 1
            if end == 0:
                break
            piece = self.text[header.end(1) : end - 1].rstrip()
            if _OPENED.search(piece):
                try:
                    _parse(_LEADS.get(word, "{}\n  pass").replace("{}", piece, 1))
                except SyntaxError:
                    continue
                return piece
        raise _Unsure

    def _try(self, number: int) -> tuple[int, _Header]:
        headers, column = self._headers(), self._column(self._headers()[number])
        first = number
        while headers[first][2] != "try" or self._column(headers[first]) != column:
            first = self._neighbour(first, -1, column)
        handlers: list[_Header] = []
        has_end = False
        last = self._neighbour(first, 1, column)
        while last >= 0 and not has_end and self._column(headers[last]) == column:
            header = headers[last]
            if header[2] not in _CLAUSES:
                self._whole(header)
                break
            handlers += [header] if header[2] == "except" else []
            has_end = header[2] == "finally"
            last = self._neighbour(last, 1, column)
        if not handlers and not has_end:
            raise _Unsure
        if headers[number][2] == "finally" or not handlers:
            return _ALWAYS, headers[first]
        is_guarded = any(_is_guard(self._line(handler)) for handler in handlers)
        return (_SKIP if is_guarded else _MAYBE), headers[first]

    def _neighbour(self, number: int, step: int, column: int) -> int:
        """Return the next header of no greater column that is not in a string; -1 after the last."""
        headers = self._headers()
        number += step
        while 0 <= number < len(headers):
            header = headers[number]
            if self._column(header) <= column and not self._is_in_string(header.end()):
                if step < 0 and self._column(header) < column:
                    raise _Unsure
                return number
            number += step
        if step < 0:
            raise _Unsure
        return -1


def _is_formatted(text: str, quote: int) -> bool:
    """Whether the string that begins at `quote` may have code in it."""
    return text[quote - 1] in _FORMATTED or text[quote - 2] in _FORMATTED


def _is_name(character: str) -> bool:
    return character.isalnum() or character == "_"


def _start(header: _Header) -> int:
    return header.start()


def _column(indent: str) -> int:
    return len(indent.expandtabs(8)) if "\t" in indent else len(indent)


def _closing(text: str, quote: str, at: int) -> int:
    """Return where the string ends whose inside begins at `at`."""
    while True:
        end = text.find(quote, at)
        if end < 0:
            raise _Unsure
        slashes = end
        while text[slashes - 1] == "\\":
            slashes -= 1
        if (end - slashes) % 2 == 0:
            return end + 3
        at = end + 1


def _test(line: str) -> ast.expr:
    """Return what an `if` or `elif` asks."""
    branch = _parse(f"{line.removeprefix('el')}\n  pass").body[0]
    if not isinstance(branch, ast.If):
        raise _Unsure
    return branch.test


def _is_balanced(line: str) -> bool:
    return line.count("(") == line.count(")") and line.count("[") == line.count("]")


def _is_guard(line: str) -> bool:
    match = _EXCEPT.match(line)
    if match is None:
        raise _Unsure
    names = [name.strip() for name in match.group(2).split(",")]
    return catches(name.rpartition(".")[2] for name in names if name) or not any(names)


def _plain(match: re.Match[str], line: int, *, required: bool) -> list[Needed]:
    """Return the imports of a statement that has the plain form."""
    module, names, bracketed, modules = match.groups()
    if modules:
        return [Needed(line, _first(name), (), required) for name in modules.split(",")]
    if not module:
        return []
    taken = (names or bracketed).split(",")
    return [Needed(line, module, tuple(name.split()[0] for name in taken if name.strip()), required)]


def _first(text: str) -> str:
    return text.split(None, 1)[0]


def _logical(text: str, begin: int) -> tuple[int, ast.Module]:
    """Return where the logical line at `begin` ends, and its tree."""
    end = begin
    for _ in range(MOST_LINES):
        end = text.find("\n", end)
        end = len(text) if end < 0 else end
        line = text[text.rfind("\n", begin, end) + 1 : end] if end > begin else ""
        piece = text[begin:end]
        if not piece.endswith("\\") and ("(" not in piece or ")" in line):
            try:
                return end, _parse(piece)
            except SyntaxError:
                if "(" not in piece:
                    raise
        if end == len(text):
            break
        end += 1
    raise _Unsure


def _parse(piece: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(piece)
