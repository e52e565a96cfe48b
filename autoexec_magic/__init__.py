"""Run, test, install, build, deploy and watch code without leaving the notebook.

Importing this package loads nothing but the standard library: neither IPython
nor any SDK. `%load_ext autoexec_magic` in a notebook, `jupyter autoexec` in a
terminal and `from autoexec_magic import api` in Python are the three doors to
the same verbs.
"""

from __future__ import annotations

__version__ = "0.1.0"
