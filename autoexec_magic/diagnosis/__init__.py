"""Why something failed, and the next thing to type.

Pure: an outcome, a text or an exception in, a `values.Diagnosis` out. Nothing
is started, looked up or executed; no text, however odd, makes it raise; the
time is linear in the text's size. There is one table per language or program,
with one row per entry, and every code is public (docs/diagnoses.md).

A language says which reader comes first. The other one is asked as well: a
shell script runs Python, and Python runs commands.
"""

from __future__ import annotations

from .around import NOTHING, Around, Cell, Notebook
from .limits import limit_words
from .logs import deciding_in_log, diagnose_log
from .outcomes import diagnose_outcome
from .raised import diagnose_exception
from .texts import diagnose_text

__all__ = [
    "NOTHING",
    "Around",
    "Cell",
    "Notebook",
    "deciding_in_log",
    "diagnose_exception",
    "diagnose_log",
    "diagnose_outcome",
    "diagnose_text",
    "limit_words",
]
