"""The secrets of an instance: a file that only this user can read, and that is read at each start."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from ... import plainfile
from ...errors import UsageError
from .instance import Instance, check_variables


def secrets_of(instance: Instance) -> dict[str, str]:
    """Return the variables in an instance's file of secrets, {} where it has none.

    Raises
    ------
    UsageError
        It cannot be read, others can read it, or it holds something else. No
        value is told.
    """
    if not instance.secrets_file:
        return {}
    path = Path(instance.secrets_file)
    what, fix = f"the secrets of {instance.release_id} cannot be read", f"see {path}"
    try:
        found = path.stat()
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise UsageError(what, why="others than this user can read the file", fix=f"chmod 600 {path}")
        values = json.loads(plainfile.text(path))
    except OSError as error:
        raise UsageError(what, why=str(error), fix=fix) from error
    except ValueError:  # its message has a part of the text
        raise UsageError(what, why="the file is not JSON", fix=fix) from None
    if not isinstance(values, dict):
        raise UsageError(what, why="the file holds no object of names and values", fix=fix)
    check_variables(values, instance.release_id)
    return values
