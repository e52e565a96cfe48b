"""`python -m autoexec_magic.deployer.serving FOLDER` is the process of one service."""

from __future__ import annotations

import sys

from .daemon import main

if __name__ == "__main__":
    sys.exit(main())
