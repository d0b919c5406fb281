"""A world: all true counts of a week, tick by tick, and when each post is found and goes.

Time is hours since the week began at 00:00 UTC; a tick is ten minutes. Posts are born over two days before and all
through the week. Search finds a post at the first tick after its birth; where searches rest, what is born in the last
two hours of a day is found at midnight. What was born before the week is known and was read at its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.planning.laws import Births, Floats, Ints, Law, acts

TICKS_PER_HOUR, DAYS, DAYS_BEFORE = 6, 7, 2
TICKS_PER_DAY = 24 * TICKS_PER_HOUR
TICKS = DAYS * TICKS_PER_DAY
JUDGED_HOURS = 7 * 24.0  # a post counts while it is at most so old
POSTS_PER_AUTHOR = 25
LEVEL_SD = 1.2
ZONE_PEAKS, ZONE_SHARES = (21.0, 15.0, 7.0), (0.5, 0.3, 0.2)
DELETED_SHARE, DELETED_HOURS = 0.035, 20.0
CORRECTED_A_DAY, LEAST_FALL, MOST_FALL, PURGE_FALL = 0.01, 0.01, 0.05, 0.15
REST_HOURS = 2.0
REPOST_SHARES = (0.05, 0.19)

Counts = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class World:
    """counts: ticks x posts. found, gone: the tick at which search finds a post, and from which on it is gone.

    repost_share: which part of a post's acts are reposts.
    """

    law: Law
    seed: int
    author: Ints
    born: Floats
    found: Ints
    gone: Ints
    counts: Counts
    repost_share: Floats

    @property
    def size(self) -> int:
        """How many posts there are."""
        return self.born.size

    def reposts(self, tick: int, posts: Ints) -> Ints:
        """How often they had been reposted by then."""
        return (self.counts[tick, posts] * self.repost_share[posts]).astype(np.int64)

    def found_with_rest(self) -> Ints:
        """The ticks at which posts are found when searches rest before midnight."""
        in_day = self.found % TICKS_PER_DAY
        rests = (in_day >= TICKS_PER_DAY - REST_HOURS * TICKS_PER_HOUR) & (self.found > 0)
        return np.where(rests, self.found + TICKS_PER_DAY - in_day, self.found)


def make_world(law: Law, seed: int, size: int) -> World:
    """The world of that law and seed; the same for the same arguments."""
    rng = np.random.default_rng([seed, list(Law).index(law)])
    authors = max(1, size // POSTS_PER_AUTHOR)
    weight = rng.pareto(2.0, authors) + 0.2
    author = rng.choice(authors, size, p=weight / weight.sum())
    peak = rng.choice(ZONE_PEAKS, authors, p=ZONE_SHARES)[author]
    level = rng.normal(0, LEVEL_SD, authors)[author] + rng.normal(0, LEVEL_SD, size)
    born = _births(peak, rng)
    counts = _count(law, Births(born, level, peak), rng)
    _correct(counts, rng)
    found = np.maximum(np.ceil(born * TICKS_PER_HOUR), 0).astype(np.int64)
    gone = np.where(rng.random(size) < DELETED_SHARE, born + rng.exponential(DELETED_HOURS, size), np.inf)
    gone_tick = np.minimum(np.maximum(np.ceil(gone * TICKS_PER_HOUR), found + 1), TICKS + 1).astype(np.int64)
    share = rng.uniform(*REPOST_SHARES, size)
    return World(law, seed, author, born, found, gone_tick, counts, share)


def _births(peak: Floats, rng: np.random.Generator) -> Floats:
    """Hours of birth: any day, in the rhythm of the author's zone."""
    day = rng.integers(-DAYS_BEFORE, DAYS, peak.size)
    hour = rng.random(peak.size) * 24
    for _ in range(8):
        asleep = rng.random(peak.size) > (1 + 0.45 * np.cos(2 * np.pi * (hour - peak) / 24)) / 1.45
        hour = np.where(asleep, rng.random(peak.size) * 24, hour)
    return day * 24 + hour


def _count(law: Law, births: Births, rng: np.random.Generator) -> Counts:
    size = births.hours.size
    flat = np.zeros((TICKS + 1) * size, dtype=np.int32)
    for posts, hours in acts(law, births, DAYS * 24.0, rng):
        tick = np.maximum(np.ceil(hours * TICKS_PER_HOUR), 0).astype(np.int64)
        inside = tick <= TICKS
        cells, how_many = np.unique(tick[inside] * size + posts[inside], return_counts=True)
        flat[cells] += how_many.astype(np.int32)
    counts = flat.reshape(TICKS + 1, size)
    np.cumsum(counts, axis=0, out=counts)
    return counts


def _correct(counts: Counts, rng: np.random.Generator) -> None:
    """X takes acts back: of 1 % of posts a day some per cent, and once 15 % of a hundredth of all."""
    size = counts.shape[1]
    for day in range(DAYS):
        for post in np.flatnonzero(rng.random(size) < CORRECTED_A_DAY):
            _fall(counts, post, day * TICKS_PER_DAY + rng.integers(TICKS_PER_DAY), rng.uniform(LEAST_FALL, MOST_FALL))
    purged_at = rng.integers(TICKS)
    for post in np.flatnonzero(rng.random(size) < CORRECTED_A_DAY):
        _fall(counts, post, purged_at, PURGE_FALL)


def _fall(counts: Counts, post: int, tick: int, share: float) -> None:
    counts[tick:, post] -= np.int32(round(share * counts[tick, post]))
