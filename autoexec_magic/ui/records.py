"""Records as lines of JSON: what `--json` prints, for machines, for ever."""

from __future__ import annotations

import json
import os

from ..redact import mask, secrets_in
from ..values import as_record
from .spoken import Spoken


def json_lines(spoken: Spoken) -> str:
    """Return the records of a verb, one JSON object a line, the result last."""
    records = [*spoken.records, as_record(spoken.result)]
    secrets = secrets_in(os.environ)
    return "".join(mask(json.dumps(record, default=str), secrets) + "\n" for record in records)
