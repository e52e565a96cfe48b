"""Why an exception of the kernel was raised."""

from __future__ import annotations

from collections.abc import Callable

from autoexec_magic.values import Diagnosis

from . import python
from .around import NOTHING, Around


def diagnose_exception(
    error: BaseException, *, is_user_frame: Callable[[str], bool], around: Around = NOTHING
) -> Diagnosis:
    """Return why `error` was raised: its root cause, where it has one.

    Parameters
    ----------
    error : BaseException
        An exception of the kernel, with its traceback if it was raised.
    is_user_frame : callable
        Takes the file name of a frame, and returns whether the user wrote it.
        `where` is the last such frame.
    around : Around, optional
        What is known beside it.
    """
    return python.diagnose(error, is_user_frame, around)
