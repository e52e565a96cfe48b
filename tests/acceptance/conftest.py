"""What is here is run by hand: it downloads."""

from __future__ import annotations

collect_ignore = ["real_suites.py"]
