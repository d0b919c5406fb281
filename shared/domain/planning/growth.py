"""How posts grow with age: the share of a post's growth that is still to come at an age. Pure.

left(a) = (1 + a / 0.2 h)^-0.4 * exp(-a / 60 h). The power is the relaxation that Crane & Sornette (PNAS 2008) found
after an impulse, theta = 0.4; the exponential is the ageing of TiDeH (Kobayashi & Lambiotte, ICWSM 2016). The two times
are chosen so that 0.5, 0.77, 0.9 and 0.97 of the growth come within 1, 6, 24 and 72 hours; the half-life that follows
is about an hour, as Pfeffer et al. (ICWSM 2023) measured it (80 minutes).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import Final

START_HOURS: Final = 0.2
POWER: Final = 0.4
AGEING_HOURS: Final = 60.0
SHORT_HOURS: Final = 0.1
# Between these ages, in hours, `left` is taken as a straight line: exact to 0.001.
AGES: Final = (0.0, *(0.02 * 1.06**step for step in range(181)))


def _exact(age: float) -> float:
    return float((1 + age / START_HOURS) ** -POWER * math.exp(-age / AGEING_HOURS))


LEFT: Final = tuple(_exact(age) for age in AGES)
_AREA: Final = (
    0.0,
    *accumulate((b - a) * (u + v) / 2 for (a, b), (u, v) in zip(pairwise(AGES), pairwise(LEFT), strict=True)),
)


def left(age: float) -> float:
    """Which share of its growth a post of `age` hours has before it."""
    return _line(LEFT, age)


def mean_left(young: float, old: float) -> float:
    """The mean of `left` between two ages, in hours."""
    if old - young < SHORT_HOURS:
        return left((young + old) / 2)
    return (_line(_AREA, old) - _line(_AREA, young)) / (old - young)


def _line(values: tuple[float, ...], age: float) -> float:
    if age <= 0:
        return values[0]
    place = bisect_right(AGES, age)
    if place == len(AGES):
        return values[-1]
    low = AGES[place - 1]
    part = (age - low) / (AGES[place] - low)
    return values[place - 1] + part * (values[place] - values[place - 1])
