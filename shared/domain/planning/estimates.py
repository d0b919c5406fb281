"""The count that a post probably has by now, beside the one that was read. Pure.

estimate = raw + typical growth since the last reading. Typical is the middle of what came of like expectations
(the exponential of the mean logarithm), which is less than the mean, for a few posts grow by far the most. The
interval is meant to hold eight of ten posts. The raw count is never changed.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.domain.planning.fitting import (
    FORETOLD,
    SPREAD_PRIOR,
    TYPICAL_SHARE,
    UNTRAINED_SPREAD,
    Learned,
)
from shared.domain.planning.posts import Tracked
from shared.domain.planning.sizes import Model, grown_share

# Standard deviations of a normal law between which eight of ten lie.
WIDTH: Final = 1.2816
# What stands for a row of `FORETOLD`, in acts.
MIDDLES: Final = (0.1, 0.6, 1.8, 5.5, 17.0, 55.0, 170.0, 600.0)
LEAST_WIDTH: Final = 0.1
LEAST_GROWTH: Final = 0.5
FAR: Final = 10.0
Line = tuple[tuple[float, ...], tuple[float, ...]]  # marks, rising, and the heights there


@dataclass(frozen=True, slots=True)
class Estimate:
    """raw: as read. value: probably now. low, high: between them eight of ten such posts are. source: of the model."""

    raw: float
    value: float
    low: float
    high: float
    source: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """Mean and deviation of the logarithm of 1 + growth, over the logarithm of 1 + what was foretold."""

    means: Line
    deviations: Line

    def typical(self, foretold: float) -> float:
        """The growth in acts that is typical where so much was foretold; none where most posts do not grow."""
        growth = math.expm1(max(0.0, _between(self.means, foretold)))
        return growth if growth >= LEAST_GROWTH else 0.0

    def bounds(self, foretold: float) -> tuple[float, float]:
        """The growth that eight of ten posts keep within."""
        mean, wide = _between(self.means, foretold), WIDTH * _between(self.deviations, foretold)
        return math.expm1(max(0.0, mean - wide)), math.expm1(max(0.0, mean + wide))


def calibration(learned: Learned) -> Calibration:
    """From what was learned, drawn towards the untrained typical growth."""
    means, deviations = [], []
    for row, middle in enumerate(MIDDLES):
        seen, prior = learned.spreads[row], math.log1p(TYPICAL_SHARE * middle)
        weight = seen.count + SPREAD_PRIOR
        mean = (seen.total + SPREAD_PRIOR * prior) / weight
        squares = seen.squares + SPREAD_PRIOR * (prior * prior + UNTRAINED_SPREAD**2)
        means.append(mean)
        deviations.append(max(LEAST_WIDTH, math.sqrt(max(0.0, squares / weight - mean * mean))))
    return Calibration(_line(means, 1.0), _line(deviations, 0.0))


def _line(heights: Sequence[float], slope: float) -> Line:
    """Through the rows' middles, from nothing where nothing is foretold, and on with that slope behind the last."""
    marks = (0.0, *(math.log1p(middle) for middle in MIDDLES))
    return (*marks, marks[-1] + FAR), (0.0, *heights, heights[-1] + slope * FAR)


def estimate(post: Tracked, at: float, model: Model, fit: Calibration) -> Estimate:
    """Of a post at a time not before its last reading. A post that is gone keeps the count that it had."""
    foretold = 0.0 if post.is_gone or post.read_at is None else model.size(post) * grown_share(post, at)
    if foretold == 0.0:
        return Estimate(post.acts, post.acts, post.acts, post.acts, model.source)
    low, high = fit.bounds(foretold)
    value = fit.typical(foretold)
    low, high = min(low, value), max(high, value)
    return Estimate(post.acts, post.acts + value, post.acts + low, post.acts + high, model.source)


def _between(line: Line, foretold: float) -> float:
    """The height of the line at an expected growth."""
    marks, heights = line
    x = math.log1p(foretold)
    place = min(max(1, bisect_right(marks, x)), len(marks) - 1)
    part = (x - marks[place - 1]) / (marks[place] - marks[place - 1])
    return heights[place - 1] + part * (heights[place] - heights[place - 1])


assert len(MIDDLES) == len(FORETOLD)
