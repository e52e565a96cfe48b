"""Where the files lie that run inside of other tools: reporters for those on Node, a runner for cargo."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent

NODE = FOLDER / "node.mjs"
EXITS = FOLDER / "exits.cjs"
JEST = FOLDER / "jest.cjs"
MOCHA = FOLDER / "mocha.cjs"
VITEST = FOLDER / "vitest.mjs"
RUNNER = FOLDER / "runner.sh"

VARIABLE = "AUTOEXEC_RECORDS"  #: holds what each line of ours begins with, new in each run
EXITS_VARIABLE = "AUTOEXEC_EXITS"  #: the same for a file's own process, which is not to know the first
