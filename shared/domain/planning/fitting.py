"""What the planner learns from its own readings: weights for its witnesses, and how far off it was. Pure.

A sample is a reading after a gap of some hours: what the two witnesses foretold for the gap, and by what the post grew.
Posts are bought by what was foretold and not by what came of it, so the choice does not bend the fit.

The weights of a class of age are a least-squares fit whose errors weigh as (foretold + 1)^-1.5, as the variance of a
Tweedie law with that power does, drawn towards the untrained weights by `PRIOR_SAMPLES` samples. The sums are kept and
nothing else, so memory is bounded; `faded` lets old weeks count half.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from shared.domain.planning.posts import Tracked
from shared.domain.planning.sizes import CLASS_HOURS, UNTRAINED, Model, Weights, age_class, grown_share, witnesses

LEAST_GAP_HOURS: Final = 4.0
VARIANCE_POWER: Final = 1.5
# With 400 to 800 samples and a prior of 50 the fit made the error of the bench 1.00 to 1.06 times what it was without.
PRIOR_SAMPLES: Final = 200.0
LEAST_SAMPLES: Final = 2000
FADING: Final = 0.5
# Upper ends of what was foretold, in acts: one row of `Spread` each.
FORETOLD: Final = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, math.inf)
# An untrained planner takes it that half of the posts grow by less than this share of the mean, and this is the
# spread of the logarithm of 1 + growth: chosen on worlds of the bench that are not judged.
TYPICAL_SHARE: Final = 0.4
UNTRAINED_SPREAD: Final = 0.9
SPREAD_PRIOR: Final = 20.0
Sums = tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Spread:
    """Of the logarithm of 1 + growth, in one row of what was foretold: how often, sum, sum of squares."""

    count: float = 0.0
    total: float = 0.0
    squares: float = 0.0


@dataclass(frozen=True, slots=True)
class Learned:
    """The sums of all samples. fits, by class of age: w x1 x1, w x1 x2, w x2 x2, w x1 y, w x2 y."""

    samples: float = 0.0
    fits: tuple[Sums, ...] = ((0.0,) * 5,) * (len(CLASS_HOURS) + 1)
    spreads: tuple[Spread, ...] = field(default=(Spread(),) * len(FORETOLD))

    def model(self) -> Model:
        """What the samples speak for; untrained while they are few."""
        if self.samples < LEAST_SAMPLES:
            return Model()
        return Model(tuple(_weights(sums) for sums in self.fits), f"fitted to {self.samples:.0f} own readings")

    def faded(self) -> Learned:
        """The same, counting half as much beside what comes."""
        fits = tuple(_scaled(sums, FADING) for sums in self.fits)
        spreads = tuple(Spread(s.count * FADING, s.total * FADING, s.squares * FADING) for s in self.spreads)
        return Learned(self.samples * FADING, fits, spreads)


def learn(learned: Learned, model: Model, before: Tracked, count: float, at: float) -> Learned:
    """With the sample that a reading of `count` gives, if it came after a gap."""
    if before.read_at is None or at - before.read_at < LEAST_GAP_HOURS:
        return learned
    share, (by_count, by_growth), number = grown_share(before, at), witnesses(before), age_class(before)
    foretold, grown = share * model.size(before), max(0.0, count - before.acts)
    fits = (
        *learned.fits[:number],
        _added(learned.fits[number], share * by_count, share * by_growth, grown),
        *learned.fits[number + 1 :],
    )
    row, log = row_of(foretold), math.log1p(grown)
    old = learned.spreads[row]
    spread = Spread(old.count + 1, old.total + log, old.squares + log * log)
    spreads = (*learned.spreads[:row], spread, *learned.spreads[row + 1 :])
    return replace(learned, samples=learned.samples + 1, fits=fits, spreads=spreads)


def learned_from(readings: Iterable[tuple[Tracked, float, float]], model: Model) -> Learned:
    """What some readings speak for by themselves: of each the post before, the count and the time."""
    learned = Learned()
    for before, count, at in readings:
        learned = learn(learned, model, before, count, at)
    return learned


def row_of(foretold: float) -> int:
    """The row of `FORETOLD` that an expected growth falls into."""
    return next(row for row, end in enumerate(FORETOLD) if foretold <= end)


def _added(sums: Sums, x1: float, x2: float, y: float) -> Sums:
    w = (x1 / 2 + x2 / 2 + 1) ** -VARIANCE_POWER
    a, b, c, d, e = sums
    return a + w * x1 * x1, b + w * x1 * x2, c + w * x2 * x2, d + w * x1 * y, e + w * x2 * y


def _scaled(sums: Sums, factor: float) -> Sums:
    a, b, c, d, e = sums
    return a * factor, b * factor, c * factor, d * factor, e * factor


def _weights(sums: Sums) -> Weights:
    """The two weights that fit, neither below zero."""
    a, b, c, d, e = sums
    ridge = PRIOR_SAMPLES
    a, c = a + ridge, c + ridge
    d, e = d + ridge * UNTRAINED[0], e + ridge * UNTRAINED[1]
    first, second = _solved(a, b, c, d, e)
    if first < 0:
        return 0.0, max(0.0, e / c)
    return (first, second) if second >= 0 else (max(0.0, d / a), 0.0)


def _solved(a: float, b: float, c: float, d: float, e: float) -> Sequence[float]:
    ground = a * c - b * b
    return (d * c - b * e) / ground, (a * e - b * d) / ground
