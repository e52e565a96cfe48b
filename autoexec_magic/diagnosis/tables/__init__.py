"""Python's tables: one row for each case, by the type of the exception.

Each module is a family. `ROWS` are its own types; `SAYINGS` is what it knows
of types that many share, such as ValueError. The sayings of all families are
looked for, in the order below, before what a type means by itself.
"""

from __future__ import annotations

from types import MappingProxyType

from ..rows import UNKNOWN, Entry, by_message
from . import (
    arrays,
    concurrent,
    databases,
    files,
    formats,
    imports,
    language,
    learning,
    libraries,
    network,
    syntax,
)

_FAMILIES = (imports, formats, learning, arrays, concurrent, network, libraries)


def _more(name: str) -> tuple[tuple[str, Entry], ...]:
    """Return what all families know of the type `name`."""
    return tuple(saying for family in _FAMILIES for saying in getattr(family, "SAYINGS", {}).get(name, ()))


_OS_ERROR = files.os_error(*_more("OSError"))
#: The name of a type, as a traceback prints it -> what picks its row.
ROWS: MappingProxyType[str, Entry] = MappingProxyType(
    {
        **syntax.ROWS,
        **language.ROWS,
        **imports.ROWS,
        **files.ROWS,
        **network.ROWS,
        **databases.ROWS,
        **formats.ROWS,
        **arrays.ROWS,
        **learning.ROWS,
        **concurrent.ROWS,
        **libraries.ROWS,
        "AttributeError": language.attribute_error(*_more("AttributeError")),
        "TypeError": by_message(
            *_more("TypeError"), *language.TYPE_ERROR, otherwise=language.LEAF["TypeError"]
        ),
        "ValueError": by_message(
            *_more("ValueError"), *language.VALUE_ERROR, otherwise=language.LEAF["ValueError"]
        ),
        "IndexError": by_message(
            *_more("IndexError"), *language.INDEX_ERROR, otherwise=language.LEAF["IndexError"]
        ),
        "RuntimeError": by_message(*_more("RuntimeError"), *language.RUNTIME_ERROR, otherwise=UNKNOWN),
        "OSError": _OS_ERROR,
    }
)
#: The last part of a name that several types have -> what picks a row where no module is printed.
SHARED: MappingProxyType[str, Entry] = MappingProxyType(
    {
        "ArgumentError": by_message(
            ("Could not parse", databases.ROWS["sqlalchemy.exc.ArgumentError"]),
            otherwise=files.ROWS["argparse.ArgumentError"],
        ),
        "DataError": databases.ROWS["sqlite3.DataError"],
        "ParserError": by_message(
            ("while parsing", formats.ROWS["yaml.parser.ParserError"]),
            ("tokenizing", formats.ROWS["pandas.errors.ParserError"]),
            otherwise=formats.ROWS["dateutil.parser._parser.ParserError"],
        ),
        "ReadError": by_message(
            ("file could not be opened", formats.ROWS["tarfile.ReadError"]),
            ("header", formats.ROWS["tarfile.ReadError"]),
            ("not a ", formats.ROWS["tarfile.ReadError"]),
            otherwise=network.ROWS["httpx.ReadError"],
        ),
        "SyntaxError": syntax.SYNTAX_ERROR,
        "TimeoutError": network.ROWS["TimeoutError"],
    }
)
#: What is looked for in the message of a type that no table knows.
ANY = by_message(
    *network.NETWORK_SAYINGS,
    *((saying, entry) for saying, entry in learning.TORCH if "CUDA" in saying or "memory" in saying),
    otherwise=UNKNOWN,
)
