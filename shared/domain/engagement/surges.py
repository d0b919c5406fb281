"""Which posts run away: a velocity above a threshold, or many times what is usual for the account. Pure.

    fast     acts per hour above the lowest threshold of the sources that the post concerns, or that of all
    unusual  acts per hour above so many times the account's usual at that age, by at least `LEAST_ACTS`

What is usual is one number for each account and band of age: an exponentially weighted mean of the velocities with
which its posts came into that band, each post once. It is written when a post comes into a band, six times in its life
at most; to read the last posts instead would be a range of the history for each of them, at each reading.
Invariant: once what is usual is known, a post that ran away moves it no more than one at the threshold would.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from shared.domain.counts import PostMetrics
from shared.domain.engagement.refresh import Engagement, Reading

# The age at which a post comes into bands 1, 2, ..; engagement falls about as fast as age grows, so each is some times
# the one before. Younger than the first nothing is usual: a post is read once or twice until then.
BANDS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 240, 1440, 10_080))
# Of 20 acts where 7 were usual, chance explains one of 40,000 (Poisson); of 6 where 2 were, one of 60.
LEAST_ACTS = 20
# Of fewer posts nobody can say what is usual.
LEAST_POSTS = 5
# The newest post counts a tenth: about twenty posts are what is usual.
_MEMORY = 10
# Where nothing happened until now, this much per hour is what a post may be compared with.
_LEAST_USUAL = 1.0


class Why(StrEnum):
    """Why a post is told of. Values appear in MongoDB, metrics and webhooks."""

    FAST = "fast"
    UNUSUAL = "unusual"


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual of an account in one band: acts per hour, of how many posts."""

    velocity: float
    posts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A velocity that a reading measured. band: by the post's age then; has_come: with this reading into the band."""

    post_id: int
    author_id: int | None
    at: datetime
    velocity: float
    acts: int
    metrics: PostMetrics
    band: int
    has_come: bool


@dataclass(frozen=True, slots=True)
class Thresholds:
    """velocity: acts per hour, of all; 0: none. by_source: of sources that have their own. times_usual: 0: none."""

    velocity: float
    times_usual: float
    by_source: Mapping[str, float] = field(default_factory=dict)

    @property
    def lowest(self) -> float:
        """Up to this velocity no post is fast."""
        return min(map(_or_none, (self.velocity, *self.by_source.values())))

    def of(self, sources: Collection[str]) -> float:
        """The lowest of the sources that a post concerns, one without its own as all; infinity: none."""
        return min(
            (_or_none(self.by_source.get(one, self.velocity)) for one in sources), default=_or_none(self.velocity)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """A post that runs away. usual: of its account at that age; None: not known. sources: those it concerns."""

    measured: Measured
    why: tuple[Why, ...]
    usual: float | None
    sources: tuple[str, ...]

    @property
    def id(self) -> str:
        """One for each post and UTC day."""
        return f"{self.measured.post_id}:{self.measured.at:%Y-%m-%d}"


def measured(before: Engagement, reading: Reading, *, author_id: int | None, time_scale: float) -> Measured | None:
    """What a reading measured: two readings of counts that are told apart by `MIN_SPAN` at least; else None."""
    after = reading.engagement
    if before.base is None or before.base_at is None or after.base is None or after.base_at != reading.at:
        return None
    acts = after.base.minus(before.base).engagement
    if acts is None or after.base_at <= before.base_at or after.metrics is None:
        return None
    band = band_of(reading.at - after.created_at, time_scale)
    return Measured(
        post_id=after.post_id,
        author_id=author_id,
        at=reading.at,
        velocity=after.velocity * time_scale,
        acts=acts,
        metrics=after.metrics,
        band=band,
        has_come=band > band_of(before.base_at - after.created_at, time_scale),
    )


def band_of(age: timedelta, time_scale: float) -> int:
    """The band of an age, 0 before the first. `time_scale` shrinks the ages, as it does those of the tiers."""
    return bisect_right(_bands(time_scale), age)


@lru_cache(maxsize=8)
def _bands(time_scale: float) -> tuple[timedelta, ...]:
    """A page asks two hundred times, and of one scale."""
    return tuple(one * time_scale for one in BANDS)


def surge_of(one: Measured, usual: Usual | None, *, sources: Collection[str], thresholds: Thresholds) -> Surge | None:
    """The surge that a velocity is, if it is one. usual: of its account in its band."""
    known = usual.velocity if usual is not None and usual.posts >= LEAST_POSTS else None
    found = {
        Why.FAST: one.velocity > thresholds.of(sources),
        Why.UNUSUAL: is_unusual(one, usual, times_usual=thresholds.times_usual),
    }
    why = tuple(reason for reason, is_so in found.items() if is_so)
    return Surge(measured=one, why=why, usual=known, sources=tuple(sorted(sources))) if why else None


def is_unusual(one: Measured, usual: Usual | None, *, times_usual: float) -> bool:
    """Whether it is so many times what is usual; no times: never."""
    if not times_usual or usual is None or usual.posts < LEAST_POSTS or one.acts < LEAST_ACTS:
        return False
    return one.velocity > times_usual * usual.velocity


def learned(usual: Usual | None, velocity: float, *, times_usual: float) -> Usual:
    """What is usual after one more post. times_usual: a velocity above so many times the usual counts as that."""
    if usual is None:
        return Usual(velocity, 1)
    if usual.posts >= LEAST_POSTS and times_usual:
        velocity = min(velocity, times_usual * max(usual.velocity, _LEAST_USUAL))
    weight = 1 / min(usual.posts + 1, _MEMORY)
    return Usual(usual.velocity + weight * (velocity - usual.velocity), usual.posts + 1)


def _or_none(velocity: float) -> float:
    return velocity or math.inf
