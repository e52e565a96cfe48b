"""Whether the notebook explains a failure: order, an earlier failure, an edit, hidden state.

Asked first, before the exception's own row. Answers only where the cells give
a reason; of everything else it says nothing. In: the exceptions and what is
known around them. Out: a diagnosis whose `action`, where it has one, are the
cells to run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autoexec_magic.values import Diagnosis

from . import absent, stale, unbound
from .around import Around, Notebook
from .failure import Failure, failure_of
from .known import Known


def explain_error(
    chain: Sequence[BaseException], *, is_user_frame: Callable[[str], bool], around: Around
) -> Diagnosis | None:
    """Return what of the notebook explains a failure, or None.

    Parameters
    ----------
    chain : sequence of BaseException
        From the exception that was seen to its root, at least one.
    is_user_frame : callable
        Whether a file name is one of the user's.
    around : Around
        Where its `notebook` is None, nothing is explained.
    """
    if around.notebook is None:
        return None
    return explain(failure_of(chain, is_user_frame, around.notebook), around)


def is_doubtful(
    chain: Sequence[BaseException], *, is_user_frame: Callable[[str], bool], around: Around
) -> bool:
    """Return whether the cells leave it open that a failure is just what its own words say."""
    if around.notebook is None:
        return False
    failure = failure_of(chain, is_user_frame, around.notebook)
    return stale.is_doubtful(failure, _known(failure, around.notebook))


def explain(failure: Failure, around: Around) -> Diagnosis | None:
    """Return what of the notebook explains a failure as `failure_of` describes it, or None."""
    notebook = around.notebook
    if notebook is None:
        return None
    known = _known(failure, notebook)
    return (
        unbound.explain(failure, known)
        or absent.explain(failure, known, around)
        or stale.explain(failure, known)
    )


def _known(failure: Failure, notebook: Notebook) -> Known:
    own = (spot.line for spot in failure.spots if spot.number == notebook.current and not spot.function)
    return Known(notebook, line=next(own, 0))
