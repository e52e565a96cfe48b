"""What an exception object of the kernel says beside its message.

Reads only what the object already holds: no source is looked up and nothing
of the user's is called but `is_user_frame`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def causes(error: BaseException) -> list[BaseException]:
    """Return `error` and its explicit causes (`raise ... from`), the root last.

    A cancellation is no cause: it is how a time limit is carried out. A
    chain that bites its own tail ends there.
    """
    chain = [error]
    while (cause := chain[-1].__cause__) is not None:
        if type(cause).__name__ == "CancelledError" or any(cause is known for known in chain):
            break
        chain.append(cause)
    return chain


def user_place(chain: Sequence[BaseException], is_user_frame: Callable[[str], bool]) -> str:
    """Return `file:line` of the user's last frame, or "".

    Parameters
    ----------
    chain : sequence of BaseException
        From the exception that was seen to its root. The root's own frames
        come first; where none is the user's, those of the exception it caused.
    is_user_frame : callable
        Whether a file name is the user's.
    """
    for error in reversed(chain):
        if (
            isinstance(error, SyntaxError)
            and isinstance(error.filename, str)
            and is_user_frame(error.filename)
        ):
            return f"{error.filename}:{error.lineno or 1}"
        last, at = None, error.__traceback__
        while at is not None:
            if is_user_frame(at.tb_frame.f_code.co_filename):
                last = at
            at = at.tb_next
        if last is not None:
            return f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}"
    return ""
