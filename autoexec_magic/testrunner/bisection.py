"""Which of the tests that ran before matter: a search that halves them.

The tests before are cut to the shortest beginning with which it still holds:
its last one is needed. Behind it the search goes on with those before that one,
until what was kept is enough by itself. One that matters by itself is found
with about log2(n) + 1 questions, two that matter together with twice that, and
whatever is answered, what is returned was seen to be enough. (Zeller and
Hildebrandt's ddmin asks more where few matter of many; the search for prefixes
is QuickXplain's, Junker 2004.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Holds = Callable[[Sequence[str]], bool]

MOST = 3  #: tests that matter together; beyond that a name says nothing any more


def needed(candidates: Sequence[str], holds: Holds, *, most: int = MOST) -> tuple[str, ...]:
    """Return the few of `candidates` with which it holds; () where it takes more than `most` of them.

    Parameters
    ----------
    candidates : sequence of str
        In the order in which they run. That it holds with all of them, and not
        with none, is the caller's to know: neither is asked again.
    holds : callable
        Whether it holds if just these run before, in that order. What it
        raises ends the search.
    most : int, default 3
        At least 1.

    Returns
    -------
    tuple of str
        In order. `holds` was true of exactly these.

    Examples
    --------
    >>> needed("abcdefgh", lambda some: "c" in some and "f" in some)
    ('c', 'f')
    """
    kept: list[str] = []
    pool = list(candidates)
    while pool and len(kept) < most:
        without, enough = (
            0,
            len(pool),
        )  # it does not hold with that many of the pool, and holds with that many
        while enough - without > 1:
            middle = (without + enough) // 2
            if holds([*pool[:middle], *kept]):
                enough = middle
            else:
                without = middle
        kept.insert(0, pool[enough - 1])
        pool = pool[: enough - 1]
        if not pool or holds(kept):  # all of what was asked last are kept: it was seen to hold
            return tuple(kept)
    return ()
