"""Sharing out a sample among strata, so that a larger sample holds each smaller one."""

import heapq
from collections.abc import Sequence

# Two of each stratum, so that its variance can be estimated (Cochran, 1977, section 5.5).
MIN_DRAWN = 2


def share_out(sizes: Sequence[int], weights: Sequence[float], n_drawn: int) -> list[int]:
    """Say of which stratum each draw of a sample is.

    Parameters
    ----------
    sizes : sequence of int
        How many there are in each stratum.
    weights : sequence of float
        What each stratum should get, in proportion.
    n_drawn : int
        How many to draw; all of them when there are fewer, and never less than the minimum.

    Returns
    -------
    list of int
        The position of a stratum for each draw, in the order in which they are given out: the
        minimum of each stratum first.

    Notes
    -----
    After the minimum, the draws are given out one by one by Webster's method of highest
    averages (Balinski and Young, 1982). A larger sample never gives a stratum less, which lets
    a sample be extended; a stratum that is drawn whole leaves its part to the others.
    """
    draws = [
        stratum for turn in range(MIN_DRAWN) for stratum, size in enumerate(sizes) if turn < size
    ]
    drawn = [min(size, MIN_DRAWN) for size in sizes]
    averages = [
        (-weight / (2 * n + 1), stratum)
        for stratum, (weight, n) in enumerate(zip(weights, drawn, strict=True))
        if n < sizes[stratum]
    ]
    heapq.heapify(averages)
    for _ in range(min(n_drawn, sum(sizes)) - len(draws)):
        stratum = averages[0][1]
        draws.append(stratum)
        drawn[stratum] += 1
        if drawn[stratum] < sizes[stratum]:
            average = -weights[stratum] / (2 * drawn[stratum] + 1)
            heapq.heapreplace(averages, (average, stratum))
        else:
            heapq.heappop(averages)
    return draws


def count_least(sizes: Sequence[int]) -> int:
    """Count the draws of the smallest sample, with the minimum of each stratum."""
    return sum(min(size, MIN_DRAWN) for size in sizes)
