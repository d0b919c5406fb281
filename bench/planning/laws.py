"""The laws by which posts grow: cascades that excite themselves, the same without revivals, and smooth decay.

Values, with their sources, as far as they were published:
- delay of a reaction: c = 6.27e-4 /s up to 300 s, then c (s/300)^-1.2315 (Zhao et al. 2015, SEISMIC);
- rhythm and ageing of a post: TiDeH (Kobayashi & Lambiotte 2016); ageing time log-normal around 48 h, sd 0.64;
- size: log-normal, sd 1.2 between authors and 1.2 within them (Martin et al. 2016: the author explains under half);
- revivals: 5 % of posts, at a median of 40 h (Cheng et al. 2016 saw them; the rate is an assumption);
- smooth decay: a stretched exponential with a half-life of 69 min (Wu & Huberman 2007).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KERNEL_PER_SECOND, KERNEL_FLAT_SECONDS, KERNEL_POWER = 6.27e-4, 300.0, 0.2315
FLAT_MASS = KERNEL_PER_SECOND * KERNEL_FLAT_SECONDS
MARK_POWER, MARK_CAP = 1.4, 300.0
BRANCHING, BRANCHING_SD = 0.45, 0.2
AGEING_HOURS, AGEING_SD = 48.0, 0.64
AMPLITUDE, AMPLITUDE_SD = 0.45, 0.1
REVIVED_SHARE, REVIVAL_HOURS, REVIVAL_SD = 0.05, 40.0, 1.0
MEDIAN_KICK = 20.0
LARGEST_KICK = 20_000.0
SMOOTH_HALF_LIFE_HOURS, SMOOTH_POWER, SMOOTH_MEDIAN = 69 / 60, 0.4, 35.0
MOST_GENERATIONS = 60


class Law(StrEnum):
    """How counts grow."""

    CASCADES = "cascades"
    NO_REVIVALS = "no revivals"
    SMOOTH = "smooth decay"


@dataclass(frozen=True, slots=True)
class Births:
    """Posts as they are born. hours: since the week began, may be negative. level: log size beside the median.

    peak: hour of the day (UTC) at which the post's readers are most awake.
    """

    hours: Floats
    level: Floats
    peak: Floats


def acts(law: Law, births: Births, end: float, rng: np.random.Generator) -> Iterator[tuple[Ints, Floats]]:
    """(post, hour) of all acts until `end`, in batches, in no order."""
    if law is Law.SMOOTH:
        yield _smooth(births, rng)
    else:
        yield from _cascades(births, end, rng, with_revivals=law is Law.CASCADES)


def _smooth(births: Births, rng: np.random.Generator) -> tuple[Ints, Floats]:
    sizes = rng.poisson(SMOOTH_MEDIAN * np.exp(births.level))
    posts = np.repeat(np.arange(sizes.size), sizes)
    scale = SMOOTH_HALF_LIFE_HOURS / np.log(2) ** (1 / SMOOTH_POWER)
    return posts, births.hours[posts] + scale * rng.weibull(SMOOTH_POWER, posts.size)


def _cascades(
    births: Births, end: float, rng: np.random.Generator, *, with_revivals: bool
) -> Iterator[tuple[Ints, Floats]]:
    """Kicks by the author's readers, each act with a mark and children of its own, aged and in the rhythm of a day."""
    count = births.hours.size
    ageing = AGEING_HOURS * np.exp(rng.normal(0, AGEING_SD, count))
    amplitude = np.clip(rng.normal(AMPLITUDE, AMPLITUDE_SD, count), 0, 0.9)
    branching = np.clip(rng.normal(BRANCHING, BRANCHING_SD, count), 0, 0.85)
    kick = np.minimum(MEDIAN_KICK * np.exp(births.level), LARGEST_KICK)
    starts, posts, parents_at = births.hours, np.arange(count), births.hours
    expected = kick
    if with_revivals:
        revived = np.flatnonzero(rng.random(count) < REVIVED_SHARE)
        later = births.hours[revived] + REVIVAL_HOURS * np.exp(rng.normal(0, REVIVAL_SD, revived.size))
        size = np.minimum(kick[revived] * np.exp(rng.normal(0, 1, revived.size)), LARGEST_KICK)
        starts, posts = np.concatenate([starts, later]), np.concatenate([posts, revived])
        parents_at, expected = starts, np.concatenate([expected, size])
    for _ in range(MOST_GENERATIONS):
        children = rng.poisson(expected * (1 + amplitude[posts]))
        posts, began = np.repeat(posts, children), np.repeat(starts, children)
        at = np.repeat(parents_at, children) + _delays(posts.size, rng)
        rhythm = 1 + amplitude[posts] * np.cos(2 * np.pi * (at - births.peak[posts]) / 24)
        chance = np.exp(-(at - began) / ageing[posts]) * rhythm / (1 + amplitude[posts])
        stays = (rng.random(posts.size) < chance) & (at < end)
        posts, starts, parents_at = posts[stays], began[stays], at[stays]
        if not posts.size:
            return
        yield posts, parents_at
        marks = np.minimum((1 - 1 / MARK_POWER) * rng.random(posts.size) ** (-1 / MARK_POWER), MARK_CAP)
        expected = branching[posts] * marks


def _delays(count: int, rng: np.random.Generator) -> Floats:
    """Hours between an act and those that it leads to."""
    chance = rng.random(count)
    late = KERNEL_FLAT_SECONDS * ((1 - FLAT_MASS) / np.maximum(1 - chance, 1e-12)) ** (1 / KERNEL_POWER)
    return np.where(chance < FLAT_MASS, chance / KERNEL_PER_SECOND, late) / 3600
