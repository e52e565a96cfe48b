"""Why an exception of the kernel was raised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from autoexec_magic.values import Diagnosis

from . import notebook, python
from .around import NOTHING, Around
from .exceptions import causes, user_place
from .plain import one_line


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
    if around.notebook is not None:
        chain = causes(error)
        if found := notebook.explain_error(chain, is_user_frame=is_user_frame, around=around):
            return replace(found, where=one_line(user_place(chain, is_user_frame)))
    found = python.diagnose(error, is_user_frame, around)
    if around.notebook is None or found.confidence != "certain":
        return found
    is_open = notebook.is_doubtful(chain, is_user_frame=is_user_frame, around=around)
    return replace(found, confidence="likely") if is_open else found
