"""Tiers: how often a post's counts are read, by its age and its velocity. Pure; the table is in one place.

Velocity is acts of people (reposts, replies, likes, quotes, bookmarks) per hour since the last reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Tier(StrEnum):
    """From the most often read to the least."""

    ULTRA_HOT = "ultra_hot"
    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


@dataclass(frozen=True, slots=True)
class TierRule:
    """A post is in the tier while it is younger than `max_age` or faster than `min_velocity` per hour."""

    tier: Tier
    max_age: timedelta
    min_velocity: float
    interval: timedelta


# Most of a post's engagement comes within its first hours: the half-life of a post on X is about 80 minutes
# (G. Pfeffer et al., "The Half-Life of a Tweet", ICWSM 2023), so the first tier spans most of one half-life.
TABLE = (
    TierRule(Tier.ULTRA_HOT, timedelta(hours=1), 500.0, timedelta(minutes=5)),
    TierRule(Tier.HOT, timedelta(hours=6), 50.0, timedelta(minutes=20)),
    TierRule(Tier.WARM, timedelta(hours=48), 5.0, timedelta(hours=2)),
    TierRule(Tier.COLD, timedelta.max, 0.0, timedelta(hours=24)),
)


def tier_of(*, age: timedelta, velocity: float, time_scale: float = 1.0) -> TierRule:
    """The rule a post falls under. `time_scale` shrinks the ages of the table (0.01: a hundred times faster)."""
    for rule in TABLE[:-1]:
        if age < rule.max_age * time_scale or velocity >= rule.min_velocity / time_scale:
            return rule
    return TABLE[-1]
