"""Imports what a wheel brought, in the environment that it was installed into.

Read as a text and run by that environment's Python, from its standard input: it
imports nothing but the standard library, and nothing of this package. What is
asked for is JSON: modules, entry points (`module:object`) and those that may
fail. What failed is written as JSON, each with its error's last line.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from pathlib import Path


def main(asked: str, out: str) -> None:
    """Import each and note what failed."""
    failed: list[list[str]] = []
    for name in json.loads(asked):
        module, _, attributes = name.partition(":")
        try:
            found = importlib.import_module(module)
            for attribute in filter(None, attributes.split(".")):
                found = getattr(found, attribute)
        except BaseException as error:  # noqa: BLE001 - whatever a package raises, also SystemExit, is its failure
            failed.append([name, traceback.format_exception_only(error)[-1].strip()])
    Path(out).write_text(json.dumps(failed), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
