"""All failures that a text shows, found by the literals that only failures have.

A pattern for all of them would be two orders of magnitude slower than a search
for each literal (FACTS, section 4): so each literal is looked for once, and
only lines that hold one are read, each by the readers it may be meant for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from . import compilers, node, npm, pips, programs, pytests, quotes, rust, shell, typescript, uvs
from .around import NOTHING, Around
from .plain import Reading
from .spots import LONGEST_LINE, Family, Reader, Seen, Spot, spot_at

#: Who knows most of a line comes first.
_FAMILIES: tuple[Family, ...] = (
    *npm.FAMILIES,
    *compilers.FAMILIES,
    *typescript.FAMILIES,
    *rust.FAMILIES,
    *pips.FAMILIES,
    *uvs.FAMILIES,
    *programs.FAMILIES,
    *pytests.FAMILIES,
    *node.FAMILIES,
)
#: What a program adds to what it said already: an echo of it.
_ADDED = (
    "fatal: Exiting because of an unresolved conflict",
    "Automatic merge failed",
    "error: could not apply",
    "E: Unable to acquire the dpkg frontend lock",
    "error: Please commit or stash them",
    "fatal: no email was given",
    "fatal: unable to auto-detect email",
    "unzip:  cannot find zipfile directory",
    "The certificate's owner does not match",
    "fatal runtime error: stack overflow",
    "SUMMARY: ",
    "tar: Error is not recoverable",
    "tar: Exiting with failure status",
)
_LONGEST_QUOTE = 8000  # characters of a line that quotes
_FAR = 40  # lines after a failure that make it doubtful whether it is why a process ended


_SHELL_MARKS = (
    *(f": {words}" for words in shell.SAYINGS),
    "syntax error",
    "Syntax error",
    "unexpected EOF while looking",
    *("Segmentation fault", " Killed  ", " Aborted  ", "Bus error", "Illegal instruction", " Terminated  "),
    *("value too great for base", " - No such process"),
)
#: Parts that several literals share: looked for instead of them, and the literals only in the lines found.
_ANCHORS = (
    *("rror", "ERR", "ailed", "annot ", "not ", "denied", "xception", "zip: ", "nable to", "undefined "),
    *(
        "awk: ",
        "tar: ",
        "BackOff",
        "ErrIm",
        "emory",
        "ncompatible",
        "lloc(): ",
        " to commit",
        "rejected]",
    ),
    *("o such ", "efused", "nvalid ", "nmatched ", "issing ", "nknown ", "nrecognized ", "onnection "),
    *("oo many ", "! => {", "roject", "oo long", "option"),
)


def _spoken(spot: Spot) -> Seen | None:
    """Explain a line of the shell's, or of a program that speaks like the system."""
    reading = shell.read(spot.line)
    if reading is None:
        return None
    said = reading.diagnosis
    return Seen(code=said.code, why=said.why, fix=said.fix, confidence=said.confidence, where=said.where,
                start=spot.start + reading.start, end=spot.start + reading.end)  # fmt: skip


def _quoting(spot: Spot) -> Seen | None:
    """Explain what a tool quotes of another one's failure, by what that one wrote."""
    below = next(iter(spot.below(1)), None)
    is_ignored = below is not None and below.line.startswith("...ignoring")
    for words in quotes.quoted_failures(spot.text[spot.start : spot.end][:_LONGEST_QUOTE]):
        if found := choose(list(find(words, also_shell=True))):
            end = spot.start + len(spot.line)
            return replace(found, start=spot.start, end=end, exits=(), is_echo=is_ignored)
    return None


_READERS: tuple[Reader, ...] = (*(reader for _, reader in _FAMILIES), _quoting, _spoken)
_SHELL = len(_FAMILIES) + 1  # the rank of the shell's reader, which comes last


def _by_anchor() -> dict[bytes, tuple[tuple[str, tuple[int, ...]], ...]]:
    """Return anchor, without digits -> literals that hold it, each with the ranks of its readers."""
    ranks: dict[str, list[int]] = {}
    for rank, marks in enumerate((*(marks for marks, _ in _FAMILIES), quotes.MARKS, _SHELL_MARKS)):
        for mark in marks:
            ranks.setdefault(mark, []).append(rank)
    found: dict[bytes, list[tuple[str, tuple[int, ...]]]] = {}
    for mark, readers in ranks.items():
        anchor = next((each for each in _ANCHORS if each in mark), mark.strip("\n"))
        found.setdefault(_without_digits(anchor), []).append((mark, tuple(readers)))
    return {anchor: tuple(marks) for anchor, marks in found.items()}


def _without_digits(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass").translate(None, b"0123456789")


_BY_ANCHOR = _by_anchor()


def find(
    plain: str, candidates: Mapping[int, set[int]] | None = None, *, also_shell: bool = False
) -> Iterator[Seen]:
    """Yield what is seen in `plain`, a text without escape sequences, in order of place.

    What lies within a failure that was seen is not read again. `candidates`
    are what `candidates` found, where it was asked already; `also_shell` reads
    the words of the shell as well.
    """
    found_at = candidates_of(plain) if candidates is None else candidates
    ended = 0
    for start in sorted(found_at):
        if start < ended:
            continue
        spot = spot_at(plain, start)
        for rank in sorted(found_at[start]):
            if rank == _SHELL and not also_shell:
                continue
            if found := _READERS[rank](spot):
                yield replace(found, is_echo=True) if plain.startswith(_ADDED, found.start) else found
                ended = max(found.end, spot.end)
                break


def candidates_of(plain: str) -> dict[int, set[int]]:
    """Return the beginnings of the lines that may begin a failure, each with the readers to ask, by rank.

    Most lines of a log are the same but for their numbers: each is looked at
    once, without its digits, and only what is found there is looked at again.
    """
    bare = _without_digits(plain).split(b"\n")
    anchored = _anchored(b"\n".join(dict.fromkeys(bare)))
    found: dict[int, set[int]] = {}
    if not anchored:
        return found
    start = 0
    for line, key in zip(plain.split("\n"), bare, strict=True):
        for anchor in anchored.get(key, ()):
            text = line[:LONGEST_LINE] + "\n"
            for mark, ranks in _BY_ANCHOR[anchor]:
                if mark in text:
                    found.setdefault(start, set()).update(ranks)
        start += len(line) + 1
    return found


def _anchored(bare: bytes) -> dict[bytes, list[bytes]]:
    """Return the lines that hold an anchor, each with its anchors.

    After a hit the search goes on behind that line, so that each byte is
    passed once for each anchor.
    """
    found: dict[bytes, list[bytes]] = {}
    for anchor in _BY_ANCHOR:
        at = bare.find(anchor)
        while at >= 0:
            end = bare.find(b"\n", at)
            end = len(bare) if end < 0 else end
            found.setdefault(bare[bare.rfind(b"\n", 0, at) + 1 : end], []).append(anchor)
            at = bare.find(anchor, end)
    return found


def read(plain: str, returncode: int | None = None, around: Around = NOTHING) -> Reading | None:
    """Return the failure that explains the end of `plain`, or None.

    Parameters
    ----------
    plain : str
        Text without escape sequences.
    returncode : int, optional
        How the process ended; with one that the program does not give, its
        words are likely only.
    """
    chosen = choose(list(find(plain)))
    if chosen is None:
        return None
    doubted = returncode is not None and bool(chosen.exits) and returncode not in chosen.exits
    doubted = doubted or plain.count("\n", chosen.end) > _FAR
    return chosen.reading(at_most_likely=doubted)


def choose(found: list[Seen]) -> Seen | None:
    """Return the root among failures in order: the last that is no echo, and of a cascade the first."""
    roots = [each for each in found if not each.is_echo] or found
    if not roots:
        return None
    at = len(roots) - 1
    while at > 0 and roots[at].cascades and roots[at - 1].cascades:
        at -= 1
    return roots[at]
