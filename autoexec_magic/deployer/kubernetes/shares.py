"""Which part of the traffic a number of pods gets: a cluster splits it evenly among them."""

from __future__ import annotations


def pods_for(percent: float, live: int, most: int) -> int:
    """Return how many pods come closest to a part of the traffic.

    Parameters
    ----------
    percent : float
        What is asked for, above 0 and below 100.
    live : int
        Pods that have the rest, at least 1.
    most : int
        Pods that there may be.

    Returns
    -------
    int
        At least 1: a part of nothing is no canary.

    Examples
    --------
    >>> pods_for(10, 9, 3), pods_for(50, 2, 3), pods_for(10, 1, 3)
    (1, 2, 1)
    """
    return min(range(1, max(1, most) + 1), key=lambda count: abs(share_of(count, live) - percent))


def share_of(pods: int, others: int) -> float:
    """Return the percent of the traffic that so many pods get, beside others."""
    return 100.0 * pods / (pods + others) if pods + others else 0.0
