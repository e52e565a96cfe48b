"""What runs on a script's side, in its own process: each file is read from here, none is copied.

These files are the only ones of this package that a run reads. They need
nothing but the language itself, and where they are alone in a process they say
what they could not do and leave the script as it is.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["BASH", "FIGURES", "NODE", "VALUES"]

_HERE = Path(__file__).parent
FIGURES = _HERE / "figures"  #: on `PYTHONPATH`: a backend for matplotlib
VALUES = _HERE / "values"  #: on `PYTHONPATH`, where values are handed over: `sitecustomize`
NODE = _HERE / "handover.cjs"  #: for `node --require`
BASH = _HERE / "handover.bash"  #: for `BASH_ENV`
