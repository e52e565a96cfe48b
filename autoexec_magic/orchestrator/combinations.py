"""The combinations of a sweep: which values, in which order, under which name.

Pure: an engine that runs them somewhere else takes the same list. The order is
that of the axes as they were given, the last one turning fastest, and then of
the repeats; a name is the same each time, whatever ran before it.
"""

from __future__ import annotations

import itertools
import json
import keyword
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from ..errors import UsageError

Value: TypeAlias = str | int | float | bool | None  #: what JSON has that is one thing

MOST = 10_000  #: combinations of one sweep
NO_MATRIX: Mapping[str, Sequence[Value]] = MappingProxyType({})
VARIABLE = "AUTOEXEC_MATRIX_"  #: begins the name of an environment variable
REPEAT = "AUTOEXEC_REPEAT"  #: says which repeat it is, from 1
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ITEM = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,]*?)\s*(?:,|\Z)')
_PLAIN = re.compile(r"[^\s\"'`=\\]+")
_REPEAT = "repeat"
_MOST_DIGITS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One run of a sweep.

    Parameters
    ----------
    label : str
        Its name, one of its kind: `a=1 b=x`, `#3`, `a=1 b=x #3`.
    values : tuple of (str, Value)
        The value of each axis, in the order of the axes.
    repeat : int
        Which repeat it is, from 1; 0 where nothing is repeated.
    """

    label: str
    values: tuple[tuple[str, Value], ...] = ()
    repeat: int = 0

    def variables(self) -> dict[str, str]:
        """Return what it finds in its environment."""
        found = {f"{VARIABLE}{name.upper()}": text_of(value) for name, value in self.values}
        return found | ({REPEAT: str(self.repeat)} if self.repeat else {})

    def filled(self, arguments: Sequence[str]) -> tuple[str, ...]:
        """Return arguments with its values in the place of `{name}`; other braces stay as they are.

        Examples
        --------
        >>> Combination(label="a=1", values=(("a", 1),)).filled(["--rate={a}", "{}", "{b}"])
        ('--rate=1', '{}', '{b}')
        """
        known = {name: text_of(value) for name, value in self.values}
        known |= {_REPEAT: str(self.repeat)} if self.repeat else {}
        if not known:
            return tuple(arguments)
        names = re.compile("{(" + "|".join(map(re.escape, known)) + ")}")
        return tuple(names.sub(lambda found: known[found[1]], word) for word in arguments)


def combinations(matrix: Mapping[str, Sequence[Value]], repeat: int = 1) -> tuple[Combination, ...]:
    """Return all combinations of the values of some axes, each so many times.

    Parameters
    ----------
    matrix : mapping of str to sequence
        The values of each axis, at least one, each once.
    repeat : int, default 1
        At least 1.

    Returns
    -------
    tuple of Combination
        At most `MOST`; without any axis, as many as there are repeats.

    Raises
    ------
    UsageError
        A name or value cannot be, or there are more than `MOST`.

    Examples
    --------
    >>> [one.label for one in combinations({"a": [1, 2], "b": ["x y"]}, 2)]
    ['a=1 b="x y" #1', 'a=1 b="x y" #2', 'a=2 b="x y" #1', 'a=2 b="x y" #2']
    """
    _check_names(matrix, repeat)
    for name, values in matrix.items():
        _check_values(name, values)
    count = repeat * math.prod(map(len, matrix.values()))
    if count > MOST:
        raise UsageError(
            f"a sweep of {count:,} combinations cannot be",
            why=f"at most {MOST:,} are run as one",
            fix="take fewer values, or several sweeps one after the other",
        )
    found = []
    for values in itertools.product(*matrix.values()):
        pairs = tuple(zip(matrix, values, strict=True))
        words = [f"{name}={_shown(value)}" for name, value in pairs]
        for number in range(1, repeat + 1):
            label = " ".join([*words, *([f"#{number}"] if repeat > 1 else [])])
            found.append(Combination(label=label or "#1", values=pairs, repeat=number if repeat > 1 else 0))
    return tuple(found)


def axes(words: Sequence[str]) -> dict[str, tuple[Value, ...]]:
    """Return the matrix that options such as `a=1,2,3` and `b=x,"y,z"` mean.

    What is a number in JSON is one, and so are `true`, `false`, `null` and what
    stands in double quotes as there; everything else is a text.

    Raises
    ------
    UsageError
        One of them is no name with values, or a name is given twice.

    Examples
    --------
    >>> axes(["a=1,2.5,01", 'b=x,"1,2",true'])
    {'a': (1, 2.5, '01'), 'b': ('x', '1,2', True)}
    """
    found: dict[str, tuple[Value, ...]] = {}
    for word in words:
        name, mark, text = word.partition("=")
        if not mark or not text.strip():
            raise UsageError(
                f"--matrix {word} cannot be",
                why="it takes a name and its values",
                fix="--matrix NAME=VALUE,…",
            )
        if name in found:
            raise UsageError(
                f"--matrix {name} is given twice", fix=f"all values in one: --matrix {name}=VALUE,…"
            )
        found[name] = tuple(map(_value, _items(text)))
    return found


def text_of(value: Value) -> str:
    """Return a value as a text: a text as it is, everything else as JSON has it."""
    return value if isinstance(value, str) else json.dumps(value)


def _items(text: str) -> list[str]:
    """Split at commas that do not stand in double quotes."""
    found, at = [], 0
    while True:
        match = _ITEM.match(text, at)
        if match is None:  # something follows a closing quote
            end = text.find(",", at)
            found.append(text[at:end].strip() if end >= 0 else text[at:].strip())
            at = end + 1
            if end < 0:
                return found
            continue
        found.append(match[1])
        at = match.end()
        if at >= len(text):
            return [*found, ""] if text.endswith(",") else found


def _value(text: str) -> Value:
    if len(text) > _MOST_DIGITS and not text.startswith('"'):
        return text
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return text
    if isinstance(value, float) and not math.isfinite(value):
        return text
    return value if isinstance(value, str | int | float | bool) or value is None else text


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are no numbers of JSON


def _shown(value: Value) -> str:
    """Return a value as a label has it: a text in quotes where it would not be seen as one otherwise."""
    text = text_of(value)
    is_plain = _PLAIN.fullmatch(text) and text.isprintable()
    if isinstance(value, str) and (not is_plain or _value(text) != value):
        return json.dumps(value, ensure_ascii=not text.isprintable())
    return text


def _check_names(matrix: Mapping[str, Sequence[Value]], repeat: int) -> None:
    if repeat < 1:
        raise UsageError(f"--repeat {repeat} cannot be", fix="1 or more")
    seen: dict[str, str] = {}
    for name in matrix:
        if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name.startswith("__"):
            raise UsageError(
                f"--matrix {name}=… cannot be",
                why=f"{name!r} is not a name that a variable may have",
                fix="letters, digits and _, not a digit first",
            )
        if name.lower() == _REPEAT and repeat > 1:
            raise UsageError(f"--matrix {name}=… cannot be", why="--repeat has that name", fix="another name")
        if name.upper() in seen:
            raise UsageError(
                f"--matrix {seen[name.upper()]} and {name} cannot both be",
                why=f"they would be the same in the environment: {VARIABLE}{name.upper()}",
                fix="another name for one of them",
            )
        seen[name.upper()] = name


def _check_values(name: str, values: Sequence[Value]) -> None:
    if isinstance(values, str) or not values:
        raise UsageError(f"{name} has no values", fix=f"--matrix {name}=VALUE,…")
    seen: set[str] = set()
    for value in values:
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(
                f"{name}={value} cannot be", why="JSON has no such number", fix="give it as a text"
            )
        if not isinstance(value, str | int | float | bool) and value is not None:
            raise UsageError(
                f"a value of {name} is a {type(value).__name__}", fix="numbers, texts, True, False or None"
            )
        if isinstance(value, str) and "\0" in value:
            raise UsageError(f"a value of {name} has a NUL character")
        if _shown(value) in seen:
            raise UsageError(
                f"{name} has {_shown(value)} twice", fix="each once; --repeat N runs the same more than once"
            )
        seen.add(_shown(value))
