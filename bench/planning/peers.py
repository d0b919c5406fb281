"""The peers: tiers in the order of due times or of tiers, count by age at midnight, and the bound.

All see what the planner sees, and buy for the same money. The present oracle sees more, every true count at each 00:00
and none of the future: what a planner can hope for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.planning.laws import Floats, Ints
from bench.planning.rules import View
from bench.planning.world import TICKS_PER_DAY, World
from shared.domain.planning.growth import AGES, LEFT

# hours between reads by (younger than so many hours, or at least so many acts an hour)
TIERS = ((1.0, 500.0, 1 / 6), (6.0, 50.0, 0.5), (48.0, 5.0, 2.0))
COLD_HOURS = 12.0


@dataclass
class Tiers:
    """Reads what is due. order: "due" (first in, first out) or "tier"; stretch: factor on all intervals."""

    order: str = "due"
    stretch: float = 1.0

    def decide(self, view: View) -> Ints:
        """All that is due, in the order of this peer."""
        age, velocity = view.t - view.born, view.velocity
        tier = np.full(age.size, len(TIERS))
        interval = np.full(age.size, COLD_HOURS)
        for number, (young, fast, hours) in reversed(list(enumerate(TIERS))):
            inside = (age < young) | (velocity >= fast)
            tier[inside], interval[inside] = number, hours
        due = view.last_t + interval * self.stretch
        ids = np.flatnonzero(view.known & ~view.gone & (due <= view.t + 1e-9))
        keys = (due[ids],) if self.order == "due" else (due[ids], tier[ids])
        return ids[np.lexsort(keys)]


class AtMidnight:
    """Buys by a score at 00:00 and reads all that is owned at every tick."""

    def score(self, view: View) -> Floats:
        """The higher, the rather bought. Untrained: count by age^1.2."""
        return view.last_n / np.maximum(view.t - view.born, 0.1) ** 1.2

    def decide(self, view: View) -> Ints:
        """What is owned, and at midnight the best of the rest."""
        usable = view.known & ~view.gone
        owned = np.flatnonzero(usable & view.bought)
        if view.k % TICKS_PER_DAY:
            return owned
        rest = np.flatnonzero(usable & ~view.bought)
        return np.concatenate([owned, rest[np.argsort(-self.score(view)[rest], kind="stable")][: view.left]])


class PresentOracle(AtMidnight):
    """Ranks by all true counts of this midnight and the last one: what is missing now, and what will come by the size
    of which count and growth of the day speak. `by_growth` is the part of the second.
    """

    def __init__(self, world: World, by_growth: float = 0.5) -> None:
        self.counts, self.by_growth = world.counts, by_growth

    def score(self, view: View) -> Floats:
        """The mean gap of the day, in acts, if the post is not bought."""
        now, before = self.counts[view.k], self.counts[max(0, view.k - TICKS_PER_DAY)]
        age = np.maximum(view.t - view.born, 1 / 6)
        usual = np.where(age > 24, _left(age - 24), 1.0) - _left(age)
        size = (1 - self.by_growth) * now / (1 - _left(age))
        size += self.by_growth * np.maximum(now - before, 0) / np.maximum(usual, 1e-9)
        return np.abs(now - view.last_n) + size * (_left(age) - _mean_left(age))


def _left(age: Floats) -> Floats:
    return np.interp(age, AGES, LEFT)


def _mean_left(age: Floats) -> Floats:
    """The mean over the next 24 hours, at eight points."""
    return np.mean([_left(age + 24 * (step + 0.5) / 8) for step in range(8)], axis=0)
