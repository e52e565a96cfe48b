r"""Secrets masked and escapes made harmless, in text on its way to any sink.

One `Cleaner` stands where a stream's text enters: it masks the values of
environment variables that are named like secrets and tokens of well-known
shapes, and removes terminal control sequences that do more than colour, move
the cursor or erase. What could be the beginning of either is held back until
the next piece decides, so that a secret or an escape split over two reads is
still caught; a piece that ends with a newline is not delayed (unless a secret
has newlines of its own).
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

T = TypeVar("T")

MASK = "***"
MIN_SECRET_CHARS = 8
_HOLD_CHARS = 4096

_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|(?:^|_)KEY|KEY$|APIKEY", re.IGNORECASE)
# Prefixes that vendors document for their tokens, each with what follows it.
_TOKEN_SHAPES = (
    r"gh[pousr]_[A-Za-z0-9]{36,}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{22,}",
    r"glpat-[A-Za-z0-9_-]{20,}",  # GitLab
    r"A[KS]IA[A-Z0-9]{16}",  # AWS access key ids
    r"sk-[A-Za-z0-9_-]{20,}",  # OpenAI and others that follow it
    r"xox[abeprs]-[A-Za-z0-9-]{10,}",  # Slack
    r"pypi-[A-Za-z0-9_-]{16,}",
    r"npm_[A-Za-z0-9]{36}",
    r"AIza[A-Za-z0-9_-]{35}",  # Google API keys
    r"hf_[A-Za-z0-9]{30,}",  # Hugging Face
    r"dckr_pat_[A-Za-z0-9_-]{20,}",
)
_TOKENS = tuple(re.compile(rf"(?<![A-Za-z0-9]){shape}") for shape in _TOKEN_SHAPES)
_TOKEN_PREFIXES = (
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "AKIA", "ASIA", "sk-"),
    *("xoxa-", "xoxb-", "xoxe-", "xoxp-", "xoxr-", "xoxs-", "pypi-", "npm_", "AIza", "hf_", "dckr_pat_"),
)
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):([^/\s@]+)(?=@)")
_LAST_URL = re.compile(r"://[^\s/@]*\Z")
_LAST_WORD = re.compile(r"[A-Za-z0-9_-]+\Z")

# ECMA-48: OSC, DCS, SOS, PM and APC begin strings up to ST; BEL ends an OSC as well, and a
# newline or a cancel ends what was never closed. None of them is colour or cursor.
_STRING_BEGINS = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])"
_STRING_ENDS = r"[\x07\x18\x1a\x1b\x9c\n]"
_STRINGS = re.compile(
    rf"{_STRING_BEGINS}[^\x07\x18\x1a\x1b\x9c\n]*(?:[\x07\x18\x1a\x9c]|\x1b\\|(?=[\x1b\n]))"
)
_OPEN_STRING = re.compile(rf"{_STRING_BEGINS}[^\x07\x18\x1a\x1b\x9c\n]*(\x1b?)\Z")
_STRING_END = re.compile(_STRING_ENDS)
_CSI = re.compile(r"(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])")
_HARMLESS_CSI = frozenset("mKJABCDEFGHfd")
_OTHER_ESCAPES = re.compile(r"\x1b(?!\[[0-?]*[mKJABCDEFGHfd])[ -/]*[0-~]?")
_CONTROLS = re.compile(r"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f\x80-\x9f]")
_OPEN_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*)?[ -/]*\Z")
_SUSPECT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def secrets_in(environment: Mapping[str, str], names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the values in `environment` to mask, longest first.

    Parameters
    ----------
    environment : mapping of str to str
        Usually `os.environ`.
    names : iterable of str, optional
        Variables that are secret whatever they are called.

    Returns
    -------
    tuple of str
        Values of at least `MIN_SECRET_CHARS` characters, without duplicates,
        longest first; those of several lines also with carriage returns.
    """
    named = set(names)
    found = {
        value
        for name, value in environment.items()
        if len(value) >= MIN_SECRET_CHARS and (name in named or _SECRET_NAME.search(name))
    }
    found |= {value.replace("\n", "\r\n") for value in found}
    return tuple(sorted(found, key=lambda value: (-len(value), value)))


def mask(text: str, secrets: Sequence[str] = ()) -> str:
    """Return `text` with `secrets` and tokens of known shapes replaced by `***`.

    Examples
    --------
    >>> mask("user hunter2hunter2", ["hunter2hunter2"])
    'user ***'
    >>> mask("https://me:pass@host/simple")
    'https://me:***@host/simple'
    """
    for start, end in reversed(_spans(text, secrets)):
        text = text[:start] + MASK + text[end:]
    for prefix in _TOKEN_PREFIXES:
        if prefix in text:
            for shape in _TOKENS:
                text = shape.sub(MASK, text)
            break
    return _URL_PASSWORD.sub(rf"\1:{MASK}", text) if "://" in text else text


def harmless(text: str) -> str:
    r"""Return `text` without control sequences that do more than draw.

    Colours, cursor movement and erasing stay, as do tab, newline, carriage
    return and backspace. Removed are OSC (titles, clipboard, links), DCS and
    the like, device queries, and all other control characters.

    Examples
    --------
    >>> harmless("\x1b]52;c;YQ==\x07\x1b[31mred\x1b[0m\x1b[6n")
    '\x1b[31mred\x1b[0m'
    """
    if not _SUSPECT.search(text):
        return text
    text = _STRINGS.sub("", text)
    text = _CSI.sub(_keep_drawing, text)
    text = _OTHER_ESCAPES.sub("", text)
    return _CONTROLS.sub("", text)


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
    if isinstance(value, enum.Enum):
        return value
    if isinstance(value, str):
        found = mask(harmless(value), secrets)
    elif isinstance(value, tuple):
        found = tuple(cleaned(item, secrets) for item in value)
    elif isinstance(value, dict):
        found = {cleaned(key, secrets): cleaned(item, secrets) for key, item in value.items()}
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
        found = dataclasses.replace(value, **{name: cleaned(item, secrets) for name, item in fields.items()})
    return cast("T", found)


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
        self._held = ""
        self._in_string = False

    def feed(self, text: str) -> str:
        """Return what of the text so far is decided; hold back the rest."""
        text = self._held + self._after_string(text)
        if not _SUSPECT.search(text):
            cut = self._decided(text)
            self._held = text[cut:]
            return mask(text[:cut], self._secrets)
        opened = _OPEN_STRING.search(text)
        if opened:
            # An escape at its end closes it, whatever follows the escape.
            escape = opened.group(1)
            self._in_string = not escape
            text = text[: opened.start()] + escape
        cut = self._decided(text)
        self._held = text[cut:]
        return mask(harmless(text[:cut]), self._secrets)

    def flush(self) -> str:
        """Return what was held back; the stream is at its end."""
        text, self._held = self._held, ""
        return mask(harmless(text), self._secrets)

    def discard(self) -> int:
        """Forget what was held back; return how many bytes of UTF-8 it was."""
        text, self._held = self._held, ""
        return len(text.encode("utf-8", "replace"))

    def _after_string(self, text: str) -> str:
        """Return what follows a control string that an earlier piece began."""
        if not self._in_string:
            return text
        end = _STRING_END.search(text)
        if end is None:
            return ""
        self._in_string = False
        return text[end.start() :] if end.group() in "\x1b\n" else text[end.end() :]

    def _decided(self, text: str) -> int:
        """Return the length of the part of `text` that later text cannot change."""
        cut = len(text)
        if self._within_line and text.endswith("\n"):
            return cut
        window = text[-_HOLD_CHARS:]
        escape = _OPEN_ESCAPE.search(window) if "\x1b" in window else None
        if escape:
            cut = min(cut, len(text) - len(window) + escape.start())
        for secret in self._secrets:
            cut = min(cut, len(text) - _overlap(text, secret))
        for open_end in (_open_token(window), _open_url(window)):
            cut = min(cut, len(text) - open_end)
        # A secret that is complete but may also be the beginning of another one waits whole.
        for start, end in _spans(text, self._secrets):
            if start < cut < end:
                return start
        return cut


def _spans(text: str, secrets: Sequence[str]) -> list[tuple[int, int]]:
    """Return where `text` holds secrets, overlapping ones as one, in order."""
    found = []
    for secret in secrets:
        start = text.find(secret)
        while start >= 0:
            found.append((start, start + len(secret)))
            start = text.find(secret, start + 1)
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _overlap(text: str, secret: str) -> int:
    """Return the length of the longest end of `text` that begins `secret`."""
    for size in range(min(len(text), len(secret) - 1), 0, -1):
        if secret.startswith(text[-size:]):
            return size
    return 0


def _open_token(window: str) -> int:
    """Return the length of a last word that is, or may become, a token."""
    match = _LAST_WORD.search(window)
    word = match.group() if match else ""
    may_be = any(word.startswith(prefix) or prefix.startswith(word) for prefix in _TOKEN_PREFIXES)
    return len(word) if may_be else 0


def _open_url(window: str) -> int:
    """Return the length of a last URL whose host, or user and password, is not complete."""
    match = _LAST_URL.search(window) if "://" in window else None
    return len(match.group()) if match else 0


def _keep_drawing(match: re.Match[str]) -> str:
    parameters, final = match.groups()
    private = parameters.startswith(("?", ">", "<", "="))
    return match.group() if final in _HARMLESS_CSI and not private else ""
