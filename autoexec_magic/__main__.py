"""`python -m autoexec_magic`: the command line of this very interpreter."""

import sys

from .ui.cli import main

sys.exit(main())
