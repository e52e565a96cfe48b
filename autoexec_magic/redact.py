r"""Secrets masked and escapes made harmless, in text on its way to any sink.

One `Cleaner` stands where a stream's text enters. First it removes terminal
control sequences that do more than colour, move the cursor or erase; then it
masks the values of environment variables that are named like secrets, tokens
of well-known shapes, and what stands where a password stands (`--password X`,
`NAME_TOKEN=X`, `Authorization: Bearer X`, `https://me:X@host`). In this order,
because removing an escape can put a secret together. What could be the
beginning of either is held back until the next piece decides, so that a secret
or an escape split over two reads is still caught; no shape goes over a line's
end, so a piece that ends with a newline is not delayed (unless a secret has
newlines of its own).
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import operator
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, cast

from .secretparts import parts
from .secretshapes import SHAPES
from .secretvalues import MIN_SECRET_CHARS as MIN_SECRET_CHARS  # noqa: PLC0414 - offered here, too
from .secretvalues import is_secret_name
from .secretvalues import secrets_in as secrets_in  # noqa: PLC0414

T = TypeVar("T")

MASK = "***"
HOLD_CHARS = 4096
_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
_NAME_CHARS = 100
_CONTEXT_CHARS = _NAME_CHARS + 1  # what a shape looks back at: the name before a value, and what is before it

_SECRET_OPTION = re.compile(
    r"(?:^|-)(?:password|passphrase|passwd|pass|pwd|token|secret|api-?key|secret-key|access-key|oauth2-bearer)$"
)
_TOKEN_SHAPES = {shape.prefix: shape.rest for shape in SHAPES}
_WORD_CHARS = _NAME + "-"
_TOKENS = re.compile(
    "(?<![A-Za-z0-9])(?:" + "|".join(prefix + rest for prefix, rest in _TOKEN_SHAPES.items()) + ")"
)
# The search for one character is the fastest there is: each begins with what its tokens cannot lack.
_SIGNS = (
    re.compile(r"_(?:(?<=gh[pousr]_)|(?<=npm_)|(?<=hf_)|(?<=pat_)|(?<=live_))[A-Za-z0-9_-]{16}"),
    re.compile(r"-(?<=[abeiprskt]-)(?:(?<=sk-)|(?<=pat-)|(?<=xox[abeprs]-)|(?<=pypi-))[A-Za-z0-9_-]{10}"),
    re.compile(r"A(?:[KS]IA|Iza)[A-Za-z0-9_-]{16}"),
)

# For a line alone one search is faster than many; what it does not find, none of them does.
_SHORT_CHARS = 512
_HINT = re.compile(
    r"=|--|://|uthorization|earer|(?:gh[pousr]|npm|hf|pat|live)_|(?:sk|pat|xox[abeprs]|pypi)-|A(?:[KS]IA|Iza)"
)

_URL_PASSWORD = re.compile(r"://[^/\s:@]*+:([^/\s]+)@")
# What stands where a secret stands: a quoted text, or all up to a space, a quote, or a shell's end of word.
_VALUE = r"""(?:"[^"\n]*+"?|'[^'\n]*+'?|[^\s"';&|)]++)"""
_PLAIN = r"""(?!(?i:[0-9]{1,6}|true|false|yes|no|on|off|none|null)(?![^\s"';&|),]))"""  # `PASS=3 WARN=0`
_ASSIGNED = re.compile(rf"=(?<=[A-Z0-9_]=){_PLAIN}({_VALUE})")
_OPTION = re.compile(rf"--(?<![A-Za-z0-9_-]--)([a-z][a-z0-9-]*+)(?:=|[ \t]++(?!-))({_VALUE})")
_USER = re.compile(
    r"""--user(?<![A-Za-z0-9_-]--user)(?:=|[ \t]++)["']?(?![0-9]++:[0-9]++(?!\S))"""
    r"""[^\s:"';&|)]++:([^\s"';&|)]++)"""
)
_HEADER = re.compile(
    r"""uthorization(?<=[Aa]uthorization)(?<![A-Za-z0-9][Aa]uthorization)["']?[ \t]*+[:=][ \t]*+["']?"""
    r"""[A-Za-z]++[ \t]++([^\s"',;]++)"""
)
_BEARER = re.compile(r"earer(?<=[Bb]earer)(?<![A-Za-z0-9][Bb]earer)[ \t]++([A-Za-z0-9._~+/=-]{16,})")
_USER_SHORT = re.compile(r"""-u(?<![A-Za-z0-9_-]-u)[ \t]{0,8}["']?[^\s:"';&|)/]{1,64}+:([^\s"';&|)/]++)""")
_SHORT_PASSWORD = re.compile(rf"-p(?<=[ \t]-p)({_VALUE})")
# What stands before each of these is shorter than what is looked back at, so only the value has to wait. Each
# is looked for where one of its signs is: that is a quick search.
_PLACES = (
    (
        ('"', "'"),
        re.compile(
            r"""["'](?i:password|passwd|passphrase|secret|(?:access|auth|refresh|id)_?token|api_?key"""
            r"""|client_?secret|private_?key|secret_?(?:access_?)?key)["'][ ]?:[ \t]{0,8}"""
            r"""["']((?:[^"'\\\n]|\\.?)++)"""
        ),
    ),
    (
        ("?", "&"),
        re.compile(
            r"""[?&](?i:(?:access_|auth_|id_|refresh_)?token|(?:api_?|access_?)?key|sig|signature|password"""
            r"""|secret|client_secret|x-amz-signature|x-amz-security-token)=([^&\s"'#;|)]++)"""
        ),
    ),
    (
        ("X-", "x-"),
        re.compile(
            r"""[Xx]-(?<![A-Za-z0-9_-][Xx]-)(?i:(?:[a-z]{1,16}-){0,3}(?:key|token|secret))"""
            r"""["']?[ \t]{0,8}:[ \t]{0,8}["']?([^\s"',;]++)"""
        ),
    ),
    (
        ("_auth", "_password"),
        re.compile(
            rf"_(?<![A-Za-z0-9]_)(?:authToken|auth|password)[ \t]{{0,8}}=[ \t]{{0,8}}({_VALUE})",
        ),
    ),
    (
        ("secret_access_key", "session_token"),
        re.compile(
            r"(?<![A-Za-z0-9])(?:aws_)?(?:secret_access_key|session_token)"
            rf"[ \t]{{0,8}}=[ \t]{{0,8}}({_VALUE})"
        ),
    ),
    (("-u",), _USER_SHORT),
    (("sshpass",), re.compile(rf"sshpass(?<![A-Za-z0-9_-]sshpass)[ \t]{{1,8}}-p[ \t]{{0,8}}({_VALUE})")),
    (("mysql", "mariadb"), _SHORT_PASSWORD),
)
_PLACE_SIGNS = tuple(sign for signs, _ in _PLACES for sign in signs)
_TAKES_IT = re.compile(r"(?<![A-Za-z0-9_])(?:mysql|mariadb)[a-z-]{0,16}[ \t][^\n;&|]*\Z")
# The same at the end of a piece, where they may be but begun.
_BEGINNINGS = sorted({word[:size] for word in _TOKEN_SHAPES for size in range(1, len(word))})
_OPEN = (
    re.compile(r"://[^\s/@]*+\Z"),
    re.compile(
        r"""(?<![A-Za-z0-9])[Aa]uthorization["']?[ \t]*+(?:[:=][ \t]*+["']?[A-Za-z]*+"""
        r"""(?:[ \t]++[^\s"',;]*+)?)?\Z"""
    ),
    re.compile(r"(?<![A-Za-z0-9])[Bb]earer(?:[ \t]++[A-Za-z0-9._~+/=-]*+)?\Z"),
)
_OPEN_TOKEN = re.compile(
    rf"(?<![A-Za-z0-9])(?:(?:{'|'.join(_TOKEN_SHAPES)})[A-Za-z0-9_-]*+|{'|'.join(_BEGINNINGS)})\Z"
)
_OPEN_NAME = re.compile(rf"(?<![A-Za-z0-9_])([A-Z][A-Z0-9_]*+)=(?:{_VALUE})?+\Z")
_OPEN_OPTION = re.compile(rf"(?<![A-Za-z0-9_-])--([a-z][a-z0-9-]*+)(?:=|[ \t]++)(?:{_VALUE})?+\Z")

# ECMA-48: OSC, DCS, SOS, PM and APC begin strings up to ST; BEL ends an OSC as well, and a newline or a
# cancel ends what was never closed. An escape ends a string, whatever follows: ST is one like any other.
_STRING = r"[^\x07\x18\x1a\x1b\x9c\n]*+[\x07\x18\x1a\x9c]?+"
_PARAMETERS = r"[0-?]*+[ -/]*+[@-~]?+"
_CONTROL = r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]"  # all but backspace, tab, newline, carriage return
_DRAWING = r"\[(?:[0-9:;]{0,64}+[ABCDEFGHKdfm]|[0-2]?J)"  # not 3J: it takes what was scrolled away
# It begins with a class, so that the search for it is a scan; it takes what is harmful and nothing else, and
# what it leaves holds no escape but those of whole drawing sequences: to remove it puts nothing together.
_HARMFUL = re.compile(
    rf"{_CONTROL}(?:"
    rf"(?<=\x1b)(?!{_DRAWING})(?:\[{_PARAMETERS}|[\]PX^_]{_STRING}|[ -/]*+[0-~]?+)"
    rf"|(?<=\x9b){_PARAMETERS}"
    rf"|(?<=[\x90\x98\x9d-\x9f]){_STRING}"
    rf"|(?<![\x1b\x9b\x90\x98\x9d-\x9f]))"
)
_SUSPECT = re.compile(_CONTROL)
_PASSES = bytes([0x08, 0x09, 0x0A, 0x0D, 0x1B, *range(0x20, 0x7F)])
_NO_DRAWING = re.compile(rf"\x1b(?!{_DRAWING})")
_STRING_REST = re.compile(_STRING)
_PARAMETERS_REST = re.compile(_PARAMETERS)
_OPEN_STRING = re.compile(r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x18\x1a\x1b\x9c\n]*+\Z")
_OPEN_ESCAPE = re.compile(r"(?:\x1b(?:\[[0-?]*+)?|\x9b[0-?]*+)[ -/]*+\Z")
_STRING_ENDS = tuple("\x07\x18\x1a\x9c")
_FINALS = tuple(map(chr, range(0x40, 0x7F)))
_ESCAPE_CHARS = 128
# What takes no room or turns the direction of writing (Unicode: Cf and friends), and halves of characters.
_UNSEEN = (
    "\\s\\x00-\\x20\\x7f-\\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\\ud800-\\udfff"
)
_BETWEEN_WORDS = re.compile(rf"(?:\x1b\[{_PARAMETERS}|[{_UNSEEN}])+")


def mask(text: str, secrets: Sequence[str] = ()) -> str:
    """Return `text` with secrets and tokens of known shapes replaced by `***`.

    Examples
    --------
    >>> mask("user hunter2hunter2", ["hunter2hunter2"])
    'user ***'
    >>> mask("https://me:pass@host/simple")
    'https://me:***@host/simple'
    >>> mask("PGPASSWORD=abc psql --token xyz")
    'PGPASSWORD=*** psql --token ***'
    """
    return _masked(text, spans(text, secrets))


def spans(text: str, secrets: Sequence[str]) -> list[tuple[int, int]]:
    """Return the half-open ranges of `text` to mask, in order; overlapping ones are one."""
    found: list[tuple[int, int]] = []
    for secret in secrets:
        start = text.find(secret)
        while start >= 0:
            found.append((start, start + len(secret)))
            start = text.find(secret, start + 1)
    if len(text) >= _SHORT_CHARS or _HINT.search(text) or any(sign in text for sign in _PLACE_SIGNS):
        found += _shaped(text)
    return _joined(found)


def _joined(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges in order, those that overlap as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def harmless(text: str) -> str:
    r"""Return `text` without control sequences that do more than draw.

    Colours, cursor movement and erasing stay, as do tab, newline, carriage
    return and backspace. Removed are OSC (titles, clipboard, links), DCS and
    the like, device queries, modes, and all other control characters.

    Examples
    --------
    >>> harmless("\x1b]52;c;YQ==\x07\x1b[31mred\x1b[0m\x1b[6n")
    '\x1b[31mred\x1b[0m'
    """
    return _HARMFUL.sub("", text)


def one_line(text: str) -> str:
    r"""Return `text` as one line: without escapes, and with a space for each run of what is not seen.

    White space, control characters, terminal sequences, characters of no width
    and those that turn the direction of writing.

    Examples
    --------
    >>> one_line("\x1b[31mfirst\x1b[0m\nsecond\u202eline\t")
    'first second line'
    """
    return _BETWEEN_WORDS.sub(" ", harmless(text)).strip()


def cleaned(value: T, secrets: Sequence[str]) -> T:
    """Return a frozen value with every text in it masked and made harmless.

    Parameters
    ----------
    value : dataclass, tuple, dict, str or anything else
        What is none of the first four is returned as it is.
    secrets : sequence of str
        Values to mask (`secrets_in`).
    """
    found: Any = value
    if value is None or isinstance(value, int | float | enum.Enum):
        return value
    if isinstance(value, str):
        text = harmless(value)
        text = _masked(text, _joined(spans(text, secrets) + parts(text, secrets)))
        found = value if text == value else text
    elif isinstance(value, tuple):
        items = [cleaned(item, secrets) for item in value]
        found = value if all(map(operator.is_, items, value)) else tuple(items)
    elif isinstance(value, dict):
        table = {cleaned(key, secrets): cleaned(item, secrets) for key, item in value.items()}
        found = value if all(table.get(key) is item for key, item in value.items()) else table
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for name in _names_of(type(value)):
            before = getattr(value, name)
            after = cleaned(before, secrets)
            if after is not before:  # not `!=`: a field may take no part in comparing its value
                changed[name] = after
        found = dataclasses.replace(value, **changed) if changed else value
    return cast("T", found)


@functools.cache
def _names_of(kind: type[Any]) -> tuple[str, ...]:
    return tuple(item.name for item in dataclasses.fields(kind))


class Cleaner:
    """Mask and make harmless one stream, piece by piece.

    Parameters
    ----------
    secrets : sequence of str, optional
        Values to mask (`secrets_in`).
    """

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._secrets = tuple(secrets)
        self._within_line = not any("\n" in secret for secret in self._secrets)
        self._escapes = _Escapes()
        self._before = ""  # what came last before `_held`, already let out
        self._held = ""

    def feed(self, text: str) -> str:
        """Return what of the text so far is decided; hold back the rest."""
        text = self._escapes.feed(text)
        if self._within_line and not self._held and not self._before and text.endswith("\n"):
            # Whole lines, from a line's beginning: nothing before or after changes them. A short way.
            found = spans(text, self._secrets)
            return _masked(text, found) if found else text
        return self._let_out(text, is_last=False)

    def flush(self) -> str:
        """Return what was held back; the stream is at its end."""
        self._escapes.discard()
        return self._let_out("", is_last=True)

    def discard(self) -> int:
        """Forget what was held back; return how many bytes of UTF-8 it was."""
        text, self._held = self._held + self._escapes.discard(), ""
        return len(text.encode("utf-8", "replace"))

    def _let_out(self, text: str, *, is_last: bool) -> str:
        before = len(self._before)
        text = self._before + self._held + text
        found = [(max(start, before), end) for start, end in spans(text, self._secrets) if end > before]
        cut = len(text) if is_last else self._decided(text, found, before)
        self._held = text[cut:]
        is_line_start = self._within_line and text.endswith("\n", 0, cut)
        self._before = "" if is_line_start else text[max(0, cut - _CONTEXT_CHARS) : cut]
        return _masked(text[:cut], [span for span in found if span[1] <= cut])[before:]

    def _decided(self, text: str, found: Sequence[tuple[int, int]], before: int) -> int:
        """Return the end of the part of `text` that later text cannot change."""
        if self._within_line and text.endswith("\n"):
            return len(text)
        cut = len(text) - max((_overlap(text, secret) for secret in self._secrets), default=0)
        line = text[max(text.rfind("\n") + 1, len(text) - HOLD_CHARS) :]
        cut = max(before, min(cut, len(text) - _open_end(line)))
        # What is complete but may also be the beginning of something longer waits whole, as long as that is.
        for start, end in found:
            if start < cut < end:
                return start if len(text) - start <= HOLD_CHARS else end
        return cut


class _Escapes:
    """Make one stream harmless: of what is not whole at a piece's end, wait for the rest."""

    def __init__(self) -> None:
        self._held = ""
        self._skipping: re.Pattern[str] | None = None  # what is left of a sequence that was begun

    def feed(self, text: str) -> str:
        text, self._held = self._held + text, ""
        if self._skipping is not None:
            text = self._after_skipped(text, self._skipping)
        if _is_harmless(text):
            return text
        kept, at, last = [], 0, ""
        for match in _HARMFUL.finditer(text):
            kept.append(text[at : match.start()])
            at, last = match.end(), match.group()
        if at == len(text):
            self._await_rest_of(last)
        return "".join([*kept, text[at:]])

    def discard(self) -> str:
        text, self._held, self._skipping = self._held, "", None
        return text

    def _await_rest_of(self, sequence: str) -> None:
        if _OPEN_STRING.match(sequence):
            self._skipping = _STRING_REST
        elif _OPEN_ESCAPE.match(sequence):
            if len(sequence) <= _ESCAPE_CHARS:
                self._held = sequence
            else:
                self._skipping = _PARAMETERS_REST

    def _after_skipped(self, text: str, skipping: re.Pattern[str]) -> str:
        match = skipping.match(text)
        skipped = match.group() if match else ""
        ends = _STRING_ENDS if skipping is _STRING_REST else _FINALS
        if len(skipped) < len(text) or skipped.endswith(ends):
            self._skipping = None
        return text[len(skipped) :]


def _is_harmless(text: str) -> bool:
    """Whether there is certainly nothing to remove; what is nearly always so is seen at a glance."""
    if text[:-1].isprintable() and (text[-1:].isprintable() or text.endswith("\n")):  # a line alone
        return True
    if not text.isascii():
        return not _SUSPECT.search(text)
    if text.encode("ascii").translate(None, _PASSES):
        return False
    return "\x1b" not in text or not _NO_DRAWING.search(text)


def _masked(text: str, found: Sequence[tuple[int, int]]) -> str:
    for start, end in reversed(found):
        text = text[:start] + MASK + text[end:]
    return text


def _shaped(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of tokens, and of what stands where a secret stands."""
    if any(sign.search(text) for sign in _SIGNS):
        yield from (match.span() for match in _TOKENS.finditer(text))
    if "://" in text:
        yield from (match.span(1) for match in _URL_PASSWORD.finditer(text))
    for match in _ASSIGNED.finditer(text) if "=" in text else ():
        before = text[max(0, match.start() - _NAME_CHARS) : match.start()]
        name = before[len(before.rstrip(_NAME)) :]
        if name[0].isalpha() and name.isupper() and is_secret_name(name):
            yield match.span(1)
    if "--" in text:
        yield from (match.span(2) for match in _OPTION.finditer(text) if _SECRET_OPTION.search(match[1]))
        yield from (match.span(1) for match in _USER.finditer(text))
    for pattern in (_HEADER, _BEARER):
        yield from (match.span(1) for match in pattern.finditer(text))
    for pattern, match in _places(text):
        if pattern is not _USER_SHORT or not _are_numbers(match):
            yield match.span(1)


def _places(text: str) -> Iterator[tuple[re.Pattern[str], re.Match[str]]]:
    """Yield what stands where a secret stands, behind what is always short."""
    for signs, pattern in _PLACES:
        for match in pattern.finditer(text) if any(sign in text for sign in signs) else ():
            start = match.start()
            if pattern is not _SHORT_PASSWORD or _TAKES_IT.search(text, max(0, start - _NAME_CHARS), start):
                yield pattern, match


def _are_numbers(match: re.Match[str]) -> bool:
    """Whether it is the number of a user and of a group."""
    user = match[0].removesuffix(f":{match[1]}").removeprefix("-u").strip(" \t\"'")
    return user.isdecimal() and match[1].isdecimal()


def _overlap(text: str, secret: str) -> int:
    """Return the length of the longest end of `text` that begins `secret`."""
    start = text.find(secret[0], max(0, len(text) - len(secret) + 1))
    while start >= 0:
        if secret.startswith(text[start:]):
            return len(text) - start
        start = text.find(secret[0], start + 1)
    return 0


def _open_end(line: str) -> int:
    """Return the length of the end of an unfinished line that is, or may become, part of a secret."""
    found = [pattern.search(line) for pattern in _OPEN]
    found.append(_OPEN_TOKEN.search(line, len(line.rstrip(_WORD_CHARS))))
    name = _OPEN_NAME.search(line)
    if name and is_secret_name(name[1]):
        found.append(name)
    option = _OPEN_OPTION.search(line)
    if option and (option[1] == "user" or _SECRET_OPTION.search(option[1])):
        found.append(option)
    starts = [match.start() for match in found if match]
    starts += [match.start(1) for _, match in _places(line) if match.end() == len(line)]
    return len(line) - min(starts, default=len(line))
