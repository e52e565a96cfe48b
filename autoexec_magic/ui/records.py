"""Records as lines of JSON: what `--json` prints, for machines, for ever."""

from __future__ import annotations

import json

from ..values import as_record
from .speak import Spoken


def json_lines(spoken: Spoken) -> str:
    """Return the records of a verb, one JSON object a line, the result last."""
    records = [*spoken.records, as_record(spoken.result)]
    return "".join(json.dumps(record, default=str) + "\n" for record in records)
