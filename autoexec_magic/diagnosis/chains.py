"""Which exception of a chain is explained, and by which row: of objects and of texts alike.

The type is looked up first, and by identity or by its full name; then the last
part of its name; then its bases, which only an object knows.

The root of explicit causes is what is explained, but for what a library raised
from something of its own: it put that into words for whoever called it. What
was only being handled when something else was raised is taken for the cause
where the later exception repeats it or says nothing of its own, or where it kept
the name from being set that the later one misses (`unset`); then it is `likely`.
"""

from __future__ import annotations

import builtins
import sys

from . import exceptions
from .frames import is_library
from .rows import UNKNOWN, Entry, Raiser, Row, nobody
from .tables import ANY, ROWS, SHARED
from .tables.libraries import row_by_kind
from .tracebacks import ToldBy, Traceback, cause_of, handled_by, sole_member
from .unset import UNSET, name_of, sets

# What says little: a cause says more, whoever raised it.
_GENERIC = frozenset(("error", "wrong-value", "wrong-type", "os-error", "import-failed", "database-error"))
_ROWS: dict[str, Entry] = dict(ROWS)
_BY_CLASS: dict[int, Entry] = {
    id(getattr(builtins, name)): row for name, row in ROWS.items() if "." not in name
}
_BY_LAST_PART: dict[str, Entry] = {name.rpartition(".")[2]: row for name, row in ROWS.items()} | dict(SHARED)
# How code looks something up; inside a library it is no failure before the library says so.
_LOOKUPS = ("KeyError", "IndexError", "AttributeError", "StopIteration")
_GROUP = "exception-group"  # of one exception, that one is explained
_REPEATED = 4  # characters of a message that another one may hold by chance
_MOST = 20  # links of a chain of exceptions that were being handled


def chain_of(error: BaseException, depth: int = 0) -> tuple[list[BaseException], Row, bool]:
    """Return `error` and its causes, the root last, the root's row, and whether only the row may be sure.

    The last part is False where the row's type is not exactly the root's, or
    the root is not an explicit cause.
    """
    chain, row, is_sure = _explicit(exceptions.causes(error))
    while not is_sure or row.confidence != "certain" or row.code in UNSET:
        inner = exceptions.context_of(chain[-1])
        if inner is None or len(chain) > _MOST or any(inner is known for known in chain):
            break
        if not (_kept_unset(chain[-1], inner) if row.code in UNSET else _repeats(chain[-1], row, inner)):
            break
        chain += [cause for cause in exceptions.causes(inner) if not any(cause is known for known in chain)]
        row, is_sure = row_of(chain[-1])[0], False
    members = exceptions.members_of(chain[-1]) if row.code == _GROUP else ()
    if len(members) == 1 and depth < _MOST:
        only, row, is_sure = chain_of(members[0], depth + 1)
        chain += only
    return chain, row, is_sure


def row_of(error: BaseException) -> tuple[Row, bool]:
    """Return the row of one exception object, and whether its type is exactly the row's."""
    message = exceptions.message_of(error)
    own = type(error)

    raiser = _Raised(error)
    if entry := _BY_CLASS.get(id(own)):
        row = entry.pick(message, raiser)
        return (row, True) if row is not UNKNOWN else (ANY.pick(message, raiser), False)
    for cls in exceptions.classes_of(error):
        entry = _BY_CLASS.get(id(cls)) or _by_name(cls)
        is_exact = entry is not None and cls is own and _is_itself(cls)
        if not entry and cls is own:
            entry = _BY_LAST_PART.get(exceptions.name_of(cls))
        if entry and (row := entry.pick(message, raiser)) is not UNKNOWN:
            return row, is_exact
    row = ANY.pick(message, raiser)
    return (row if row is not UNKNOWN else row_by_kind(exceptions.full_name_of(own))), False


class _Raised:
    """Who raised an exception object."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self) -> tuple[str, str]:
        return exceptions.raiser_of(self.error)

    def line(self) -> str:
        return exceptions.raising_line(self.error)


def root_of_text(found: Traceback) -> tuple[Traceback, Row, bool]:
    """Return what explains `found`, as `chain_of` does it for objects."""
    row, is_sure = row_of_text(found)
    count = 0
    while cause := cause_of(found):
        is_same = (cause.type_name, cause.message) == (found.type_name, found.message)
        files = (cause.handler()[0], cause.raiser()[0], found.raiser()[0])
        if cause.type_name in _LOOKUPS and _is_inner(*files):
            break
        if not is_same and is_sure and row.code not in _GENERIC and is_library(found.raiser()[0]):
            break
        found = cause
        row, is_sure = row_of_text(found)
    while (not is_sure or row.confidence != "certain" or row.code in UNSET) and count < _MOST:
        inner = handled_by(found)
        if inner is None:
            break
        first = inner.caused_first(found)
        if row.code in UNSET:
            is_wrapped = found.raiser() == first.handler() and sets(
                first.handling_line(), name_of(found.message)
            )
        else:
            is_wrapped = _is_repeated(found.message, first.message) or (
                row is UNKNOWN and found.is_raise_at(first.handler())
            )
        if not is_wrapped:
            break
        found, count = inner, count + 1
        row, is_sure = row_of_text(found)[0], False
    if row.code == _GROUP and (only := sole_member(found)):
        return root_of_text(only)
    return found, row, is_sure


def row_by_name(type_name: str, message: str, raiser: Raiser) -> tuple[Row, bool]:
    """Return the row of a type by its printed name, and whether the name is exactly the row's."""
    entry = _ROWS.get(type_name)
    is_exact = entry is not None
    if entry is None:
        kin = _ROWS["Warning"] if type_name.endswith("Warning") else UNKNOWN  # one of somebody's own
        entry = _BY_LAST_PART.get(type_name.rpartition(".")[2], kin)
    row = entry.pick(message, raiser)
    if row is not UNKNOWN:
        return row, is_exact
    row = ANY.pick(message, raiser)
    return (row if row is not UNKNOWN else row_by_kind(type_name)), False


def row_of_text(found: Traceback) -> tuple[Row, bool]:
    """Return the row of one traceback, without its causes."""
    return row_by_name(found.type_name, exceptions.first_line(found.message), ToldBy(found))


def is_by_words(type_name: str, row: Row) -> bool:
    """Return whether the row was picked by the words of the message, and not by the type alone."""
    entry = _ROWS.get(type_name)
    return entry is None or entry.pick("", nobody) is not row


def _explicit(chain: list[BaseException]) -> tuple[list[BaseException], Row, bool]:
    """Return a chain of causes up to the first one that a library put into words, and its row."""
    for count, error in enumerate(chain, 1):
        row, is_sure = row_of(error)
        if (
            count < len(chain)
            and is_sure
            and row.code not in _GENERIC
            and is_library(exceptions.raiser_of(error)[0])
        ):
            break
        if count < len(chain) and _looked_up(error, chain[count]):
            break
    return chain[:count], row, is_sure


def _looked_up(error: BaseException, cause: BaseException) -> bool:
    """Return whether `cause` is only how a library looked something up, and `error` what it says of it."""
    if not any(type(cause) is getattr(builtins, name) for name in _LOOKUPS):
        return False
    caught = next((at.tb_frame.f_code.co_filename for at in exceptions.entries(cause)), "")
    return _is_inner(caught, exceptions.raiser_of(cause)[0], exceptions.raiser_of(error)[0])


def _is_inner(*files: str) -> bool:
    """Return whether one library caught, raised and raised again: its working, and nobody's failure."""
    return all(is_library(file) for file in files)


def _repeats(outer: BaseException, row: Row, inner: BaseException) -> bool:
    """Return whether `outer` only passes on what `inner` said, or was raised in its place."""
    if _is_repeated(exceptions.message_of(outer), exceptions.message_of(inner)):
        return True
    return row is UNKNOWN and exceptions.is_raised_for(outer, inner)


def _kept_unset(outer: BaseException, inner: BaseException) -> bool:
    """Return whether `inner` kept the name from being set that `outer` misses, in the same function."""
    line = exceptions.caught_line(outer, inner)
    return sets(line, name_of(exceptions.message_of(outer)))


def _is_repeated(message: str, inner: str) -> bool:
    return len(inner) >= _REPEATED and inner in message


def _by_name(cls: type) -> Entry | None:
    name = exceptions.full_name_of(cls)
    return ROWS.get(name) if "." in name else None  # a built-in type is known by itself


def _is_itself(cls: type) -> bool:
    """Return whether a class is what its name says: anybody can give a class any name."""
    module, _, name = exceptions.full_name_of(cls).rpartition(".")
    return exceptions.held_by_module(sys.modules.get(module), name) is cls
