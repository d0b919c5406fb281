"""Owns how the counts of a post grow: a final size, and a curve that reaches for it.

It must not know posts or clocks. Invariant: every count is a pure function of age, in O(1), and never
falls as age rises. The curve is `1 - (1 + age / tau) ** -alpha`: fast at first, a long tail after.
"""

import math
from dataclasses import dataclass
from random import Random

MINUTE_MS = 60_000
LATEST_ARRIVAL_MS = 6 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Counts:
    """What strangers did to a post by some age, except replies, quotes and reposts, which are real posts."""

    likes: int
    bookmarks: int
    impressions: int


@dataclass(frozen=True, slots=True)
class Engagement:
    """The fate of one post: final counts and the pace, `tau_ms` and `alpha`, at which they come."""

    likes: int
    bookmarks: int
    impressions: int
    tau_ms: float
    alpha: float

    def share(self, age_ms: int) -> float:
        """Return the part, 0..1, of the final size that is there at `age_ms`."""
        return 1.0 - float((1.0 + max(0, age_ms) / self.tau_ms) ** -self.alpha)

    def at(self, age_ms: int) -> Counts:
        """Return the counts at `age_ms`."""
        share = self.share(age_ms)
        return Counts(
            int(self.likes * share),
            int(self.bookmarks * share),
            int(self.impressions * share) + 1,
        )

    def arrival_age_ms(self, rng: Random) -> int:
        """Draw the age at which one reaction comes, so that reactions follow the same curve."""
        age = self.tau_ms * ((1.0 - rng.random()) ** (-1.0 / self.alpha) - 1.0)
        return min(int(age) + 1_000, LATEST_ARRIVAL_MS)


def draw_engagement(rng: Random, popularity: float, tempo: float = 1.0) -> tuple[Engagement, float]:
    """Draw the fate of a post of an author; also return its size (1 is a usual tracked post).

    `tempo` is how many times faster than real its curve is gone through.
    """
    size = min(400.0, popularity * rng.lognormvariate(-0.7, 1.2))
    likes = int(40 * size * rng.uniform(0.6, 1.4))
    fate = Engagement(
        likes=likes,
        bookmarks=int(likes * rng.uniform(0.01, 0.08)),
        impressions=int(likes * rng.uniform(20, 90)) + 15,
        tau_ms=10 * MINUTE_MS * rng.lognormvariate(0, 0.8) / tempo,
        alpha=rng.uniform(1.0, 1.6),
    )
    return fate, size


def poisson(rng: Random, mean: float) -> int:
    """Draw a Poisson number; `mean` up to a few dozen."""
    threshold, product, count = math.exp(-mean), rng.random(), 0
    while product > threshold:
        product *= rng.random()
        count += 1
    return count
