"""What the libraries say that read a program's arguments: click, clap, cobra, commander, yargs, Go's flag.

Each says it in fixed words, right behind or before the usage of the program.
The words alone are anybody's: so there has to be a usage, or a hint at help,
near by.
"""

from __future__ import annotations

from ..spots import Family, Saying, Seen, Spot, known

_OPTION = "correct the option; --help lists them"
_COMMAND = "correct the command; --help lists them"
_MISSING = "give what is missing; --help shows the order"
_VALUE = "correct that value; --help says what it may be"
_PATH = "check the path: it is looked up from the working directory"
_ROWS: tuple[Saying, ...] = (
    ("No such option", "unknown-option", _OPTION),
    ("no such option", "unknown-option", _OPTION),
    ("unknown option", "unknown-option", _OPTION),
    ("nknown flag: ", "unknown-option", _OPTION),
    ("nknown shorthand flag", "unknown-option", _OPTION),
    ("flag provided but not defined", "unknown-option", _OPTION),
    ("unexpected argument '-", "unknown-option", _OPTION),
    ("Unknown argument: ", "unknown-option", _OPTION),
    ("Unknown arguments: ", "unknown-option", _OPTION),
    ("No such command", "unknown-command", _COMMAND),
    ("unknown command", "unknown-command", _COMMAND),
    ("unrecognized subcommand", "unknown-command", _COMMAND),
    ("Missing argument", "missing-argument", _MISSING),
    ("Missing option", "missing-argument", _MISSING),
    ("Missing parameter", "missing-argument", _MISSING),
    ("Missing command", "missing-argument", _MISSING),
    ("missing required argument", "missing-argument", _MISSING),
    ("Missing required argument", "missing-argument", _MISSING),
    ("required arguments were not provided", "missing-argument", _MISSING),
    ("required option", "missing-argument", _MISSING),
    ("required flag", "missing-argument", _MISSING),
    ("requires an argument", "missing-argument", _MISSING),
    ("argument missing", "missing-argument", _MISSING),
    ("flag needs an argument", "missing-argument", _MISSING),
    ("a value is required for", "missing-argument", _MISSING),
    ("Not enough non-option arguments", "missing-argument", _MISSING),
    ("requires at least ", "missing-argument", _MISSING),
    ("too many arguments", "too-many-arguments", "take one away, or quote what belongs together"),
    ("Got unexpected extra argument", "too-many-arguments", "take one away, or quote what belongs together"),
    ("unexpected argument '", "too-many-arguments", "take one away, or quote what belongs together"),
    ("does not exist.", "file-not-found", _PATH),
    ("No such file or directory", "file-not-found", _PATH),
    ("Invalid value for", "invalid-argument", _VALUE),
    ("invalid value '", "invalid-argument", _VALUE),
    ("invalid argument ", "invalid-argument", _VALUE),
    ("Invalid values:", "invalid-argument", _VALUE),
    ("is invalid. Allowed choices", "invalid-argument", _VALUE),
)  # fmt: skip
_STARTS = (
    "Error: ",
    "error: ",
    "ERROR: ",
    "Unknown argument",
    "Missing required",
    "Not enough non-option",
    "flag provided",
    "flag needs",
)
_USAGE = ("Usage: ", "usage: ", "Usage:", "USAGE:", "Usage of ", "Options:", "Try '", "For more information, try '", "  --help")  # fmt: skip
_NEAR = 8
_EXITS = (1, 2, 64)


def read(spot: Spot) -> Seen | None:
    """Explain a line of such a library's."""
    line = spot.line.strip()
    if not line.startswith(_STARTS) or "CMake" in line:
        return None
    near = (*spot.above(_NEAR), *spot.below(_NEAR))
    if not any(each.line.startswith(_USAGE) for each in near):
        return None
    return known(spot, _ROWS, line, exits=_EXITS)


FAMILIES: tuple[Family, ...] = ((_STARTS, read),)
