"""What NumPy and pandas say: shapes, types of data, labels, missing values."""

from __future__ import annotations

import re

from ..naming import key
from ..rows import Entry, by_message, likely, says, when
from ..telling import operands
from .language import _CONVERT as CONVERT
from .language import _DATE_RANGE as DATE_RANGE
from .language import _WRONG_INDEX as WRONG_INDEX
from .language import MEMORY

# Two times that cannot be compared differ in nothing but the time zone.
_TIMES = re.compile(
    r"dtype=datetime64\[[^\]]*\] and (?:Timestamp|datetime|DatetimeArray|DatetimeIndex|DatetimeTZDtype)\b"
)
_TIMEZONE = likely(
    "timezone-mismatch", "give both a time zone: .dt.tz_localize('UTC'), pandas.Timestamp(..., tz='UTC')"
)
SHAPE = says("shape-mismatch", "print the .shape of each on that line, and make them fit", tell=operands)
RESHAPE = says("shape-mismatch", "give a shape of as many items; -1 stands for what is left", tell=operands)
LENGTH = says("length-mismatch", "make both of one length: look at len() of each", tell=operands)
DTYPE = says("dtype-mismatch", "convert one side first: .astype(...)", tell=operands)
TRUTH = says(
    "ambiguous-truth", "use .any() or .all(); between conditions & and |, each in brackets", tell=operands
)
SCALAR = says("array-not-scalar", "take one item of it, or use the function of NumPy", tell=operands)
AXIS = says("axis-out-of-range", "use an axis that it has: from 0 to .ndim - 1", tell=operands)
MISSING = says("missing-values", "drop or fill what is missing first: .dropna(), .fillna(...)")
OUT_OF_BOUNDS = says(
    "index-out-of-range", "check the index against .shape and len() before that line", tell=operands
)
RAGGED = says("ragged-array", "make every row of one length, or give dtype=object")
NOT_THERE = says("key-not-found", "look at the names that are there: .columns, .dtype.names", tell=key)
_LABELS = likely("duplicate-labels", "make its labels unique first: .drop_duplicates(), .reset_index()")
_UNKNOWN_DTYPE = says("unknown-dtype", "use a type of data that exists, such as 'float64' or 'int64'")
_MERGE = likely("merge-mismatch", "give both tables a key of one name and type: on=, .astype(...)")
_ACCESSOR = says("wrong-accessor", "convert the column first: .astype(str), pandas.to_datetime()")
_PANDAS_COLUMN = likely("column-not-found", "correct the column's name: look at .columns", tell=key)
_NO_JSON = likely("invalid-json", "look at the text: it is no JSON, or JSON lines (lines=True)")
_SHAPED = likely("shape-mismatch", "print the .shape of each on that line, and make them fit", tell=operands)


def is_of_time(message: str) -> bool:
    """Return whether both sides of a comparison are times."""
    return _TIMES.search(message) is not None


ROWS: dict[str, Entry] = {
    "numpy._core._exceptions._ArrayMemoryError": MEMORY,
    "numpy.core._exceptions._ArrayMemoryError": MEMORY,
    "numpy._core._exceptions._UFuncNoLoopError": DTYPE,
    "numpy._core._exceptions._UFuncOutputCastingError": DTYPE,
    "numpy._core._exceptions._UFuncInputCastingError": DTYPE,
    "numpy._core._exceptions._UFuncBinaryResolutionError": DTYPE,
    "numpy.exceptions.AxisError": AXIS,
    "numpy.linalg.LinAlgError": by_message(
        ("Singular", says("singular-matrix", "use numpy.linalg.lstsq() or pinv(): it has no inverse")),
        ("must be square", SHAPE),
        ("dimensional", SHAPE),
        ("not positive definite", likely("singular-matrix", "add a little to its diagonal")),
        otherwise=likely("singular-matrix", "look for 0, infinity and NaN in that matrix"),
    ),
    "pandas.errors.MergeError": _MERGE,
    "pandas.errors.OutOfBoundsDatetime": DATE_RANGE,
    "pandas.errors.IntCastingNaNError": MISSING,
    "pandas.errors.UndefinedVariableError": _PANDAS_COLUMN,
    "pandas.errors.InvalidIndexError": likely(
        "duplicate-labels", "use .loc or .iloc, and labels that are unique"
    ),
    "pandas.errors.UnsortedIndexError": likely("duplicate-labels", "sort it first: .sort_index()"),
    "pandas.errors.SpecificationError": NOT_THERE,
    "pandas.errors.DataError": DTYPE,
}
SAYINGS: dict[str, tuple[tuple[str, Entry], ...]] = {
    "ValueError": (
        ("could not be broadcast", SHAPE),
        ("could not broadcast", SHAPE),
        (" not aligned", SHAPE),
        ("mismatch in its core dimension", SHAPE),
        ("cannot reshape array", RESHAPE),
        ("must match exactly", SHAPE),
        ("all input arrays must have the same shape", SHAPE),
        ("must have the same shape", _SHAPED),
        ("must have same first dimension", LENGTH),
        ("must be the same size", likely("length-mismatch", LENGTH.fix, tell=operands)),
        ("same number of dimensions", SHAPE),
        ("shape mismatch", SHAPE),
        ("Shape of passed values", SHAPE),
        ("columns passed", SHAPE),
        ("inhomogeneous shape", RAGGED),
        ("array element with a sequence", RAGGED),
        ("truth value of a", TRUTH),
        ("Length of values", LENGTH),
        ("Length mismatch", LENGTH),
        ("arrays must be of the same length", LENGTH),
        ("same length", likely("length-mismatch", LENGTH.fix, tell=operands)),
        ("equal len keys", LENGTH),
        ("No objects to concatenate", says("empty-sequence", "check that there is something to concatenate")),
        ("Missing column provided", _PANDAS_COLUMN),
        (" doesn't match format ", likely("date-format", "give the text's format=, or format='mixed'")),
        ("Expected object or value", _NO_JSON),
        ("found when decoding", _NO_JSON),
        ("when decoding 'string'", _NO_JSON),
        (
            "Invalid frequency",
            likely("wrong-value", "take a frequency that pandas knows, such as 'D' or 'h'"),
        ),
        ("Bin edges must be unique", likely("duplicate-labels", "pass duplicates='drop', or fewer bins")),
        ("Wrong number of items passed", LENGTH),
        ("If using all scalar values", says("index-needed", "put each value in a list, or give an index=")),
        ("duplicate labels", _LABELS),
        ("duplicate axis", _LABELS),
        ("duplicate entries", _LABELS),
        (
            "identically-labeled",
            says("labels-differ", "compare .reset_index(drop=True) of both, or use .equals()"),
        ),
        ("trying to merge on", _MERGE),
        ("columns overlap", says("column-twice", "give lsuffix= and rsuffix=, or use merge()")),
        ("Usecols do not match", _PANDAS_COLUMN),
        ("no field of name", NOT_THERE),
        ("No axis named", AXIS),
        ("zero-size array", says("empty-sequence", "check .size first, or give initial=")),
        ("an empty sequence", says("empty-sequence", "check .size first")),
        (" is read-only", says("read-only-array", "change a copy of it: .copy()")),
        ("cannot convert NA to integer", MISSING),
        ("Cannot convert non-finite", MISSING),
        ("containing NA / NaN", MISSING),
        ("Unable to parse string", CONVERT),
        (
            "Unknown datetime string",
            likely("date-format", "give the format: format='%Y-%m-%d', or errors='coerce'"),
        ),
        ("buffer is smaller than", _SHAPED),
    ),
    "TypeError": (
        ("not supported for the input types", DTYPE),
        ("did not contain a loop", DTYPE),
        ("according to the casting rule", DTYPE),
        ("Cannot cast", DTYPE),
        ("'out' kwarg is necessary", DTYPE),
        ("Invalid comparison between dtype", when(is_of_time, _TIMEZONE, otherwise=DTYPE)),
        ("does not support operation", DTYPE),
        ("agg function failed", DTYPE),
        ("Could not convert", CONVERT),
        ("to have same length", LENGTH),
        ("Cannot perform '", likely("unsupported-operand", "put each comparison in brackets: & binds first")),
        ("Cannot interpret", _UNKNOWN_DTYPE),
        ("not understood", _UNKNOWN_DTYPE),
        ("converted to Python scalars", SCALAR),
        ("real number, not 'Series'", SCALAR),
        ("cannot convert the series to", SCALAR),
        ("Cannot index by location", WRONG_INDEX),
        ("new category", says("unseen-label", "add it first: .cat.add_categories(...)")),
        ("Cannot setitem on a Categorical", says("unseen-label", "add it first: .cat.add_categories(...)")),
    ),
    "IndexError": (
        (
            "too many indices",
            says("too-many-indices", "index it by as many axes as it has: .ndim", tell=operands),
        ),
        ("boolean index did not match", SHAPE),
        ("shape mismatch", SHAPE),
        ("valid indices", WRONG_INDEX),
        ("invalid index to scalar", says("too-many-indices", "take one pair of brackets away")),
        ("out of bounds", OUT_OF_BOUNDS),
        ("out-of-bounds", OUT_OF_BOUNDS),
    ),
    "AttributeError": (("Can only use .", _ACCESSOR),),
    "OverflowError": (),
}
