"""What else can be said of a failure: types and shapes of the values at hand, limits, places in a text."""

from __future__ import annotations

import builtins
import re

from autoexec_magic.values import Action

from . import objects
from .around import Around
from .exceptions import is_a
from .rows import Said, Seen

_FIRST_OR_LAST = re.compile(r"\[(?:0|-1)\]")
_CALLED = re.compile(r"(?<![.\w])([a-z]\w*)\(")
_SHOWN = 4  # values that are described
_GIGABYTE = 2**30


def operands(said: Said, seen: Seen, around: Around) -> Said:
    """Name the values of the failed expression with type, shape and dtype; never what they hold."""
    if seen.at is None:
        return said
    shown: list[str] = []
    for name, value in objects.named_in(seen.at):
        if len(shown) == _SHOWN:
            break
        if not callable_or_module(value):
            shown.append(f"{name} is {objects.describe(value)}")
    return said._replace(evidence=(*said.evidence, *shown))


def size(said: Said, seen: Seen, around: Around) -> Said:
    """Say how many items there were; of the first or the last one, that there may have been none."""
    found = objects.subscripted(seen.at) if seen.at else None
    count = objects.size_of(found[0]) if found else None
    if found is not None and count is not None:
        return said._replace(evidence=(f"{found[1]} has {count} items",))
    return said._replace(confidence="likely") if _FIRST_OR_LAST.search(seen.source) else said


def hidden_call(said: Said, seen: Seen, around: Around) -> Said:
    """Leave it open whether a builtin that is called was hidden by a name of one's own."""
    called = {name for name in _CALLED.findall(seen.source) if hasattr(builtins, name)}
    return said._replace(confidence="likely") if called else said


def out_of_memory(said: Said, seen: Seen, around: Around) -> Said:
    """Offer a higher limit, where one was in force."""
    if not around.memory_bytes:
        return said
    more = -(-2 * around.memory_bytes // _GIGABYTE)
    return said._replace(
        fix=f"{said.fix}, or raise the limit: --memory {more}G",
        evidence=(*said.evidence, f"the limit was {around.memory_bytes / _GIGABYTE:.2g} GiB"),
        action=Action(kind="limit", values=("--memory", f"{more}G")),
    )


def own_method(said: Said, seen: Seen, around: Around) -> Said:
    """Believe that a method waits for its code only where that is all it says: a library means its words."""
    is_own = bool(seen.source) and seen.source.startswith("raise")
    if is_own or not seen.message:
        return said
    return said._replace(fix="do without what it says, or look for another way", confidence="likely")


def places(said: Said, seen: Seen, around: Around) -> Said:
    """Say with what the code ended itself."""
    words = f" with {said.why}" if said.why else ""
    return said._replace(why=f"the code ended itself{words}")


def syntax_line(said: Said, seen: Seen, around: Around) -> Said:
    """Look at the line itself for what Python has no words for."""
    line = seen.source
    if line.startswith(("%", "!")):
        return said._replace(fix="run it in a notebook, or take that line out: it is IPython's, not Python's")
    if line.startswith("```"):
        return said._replace(fix="take the ``` lines out: they are not part of the code")
    if line.startswith((">>>", "...", "In [", "$ ")):
        return said._replace(fix="take the prompt off the start of each line")
    return said


def bad_bytes(said: Said, seen: Seen, around: Around) -> Said:
    """Say what the first bytes look like, by their kind."""
    error = seen.error
    if error is None or not is_a(error, UnicodeDecodeError):
        return said
    data = UnicodeDecodeError.object.__get__(error)  # type: ignore[attr-defined]
    if type(data) is not bytes:
        return said
    for start, what in _KINDS:
        if data.startswith(start):
            return said._replace(evidence=(f"its first bytes are those of {what}",))
    return said


def json_place(said: Said, seen: Seen, around: Around) -> Said:
    """Say what was there instead of JSON."""
    document = _document(seen)
    if document is None:
        return said
    begins = document.lstrip()[:1]
    if not begins:
        return said._replace(
            fix="look at where the text comes from: it is empty", evidence=("the text is empty",)
        )
    if begins == "<":
        return said._replace(
            fix="look at the answer first: it is a page, it is no JSON",
            evidence=("the text begins as a page does, with <",),
        )
    return said


def callable_or_module(value: object) -> bool:
    """Return whether `value` is a function, a class or a module, which say nothing about a shape."""
    return objects.kind_of(value) in ("function", "class", "module")


def _document(seen: Seen) -> str | None:
    """Return the text that was to be JSON, if the exception holds it as Python's own does."""
    if seen.error is None or not is_a(seen.error, ValueError):
        return None
    document = objects.own_value(seen.error, "doc")
    return document if type(document) is str else None


_KINDS = (
    (b"\x1f\x8b", "a gzip file: gzip.open()"),
    (b"PK\x03\x04", "a zip file, such as .xlsx or .docx"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"%PDF", "a PDF"),
    (b"\xff\xfe", "UTF-16: encoding='utf-16'"),
    (b"\xfe\xff", "UTF-16: encoding='utf-16'"),
    (b"SQLite format 3", "a database of SQLite"),
    (b"\x80\x04", "a pickle"),
    (b"PAR1", "a Parquet file: pandas.read_parquet()"),
)
