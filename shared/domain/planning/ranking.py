"""What it is worth to buy a post for the day that begins. Pure.

Bought, a post is right all day. Not bought, it is short of what it has grown by since its last reading: on the mean of
the day `mean_gap_share` of its size. Counted twice, in acts and as a part of the post's count: `fairness` says how much
the second weighs. With 0 the largest posts get all the money; with 1 a post of typical count weighs both the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.planning.posts import Tracked
from shared.domain.planning.sizes import Model, mean_gap_share


@dataclass(frozen=True, slots=True)
class Worth:
    """How posts are ranked. typical_count: of the posts that are tracked (their geometric mean, in acts)."""

    model: Model
    fairness: float
    typical_count: float

    def __call__(self, post: Tracked, at: float) -> float:
        """In acts, for the 24 hours from `at` on."""
        return self.of_gap(post, self.gap(post, at))

    def gap(self, post: Tracked, at: float) -> float:
        """By how many acts it will be short on the mean of the 24 hours from `at` on, if it is not bought."""
        return self.model.size(post) * mean_gap_share(post, at)

    def of_gap(self, post: Tracked, gap: float) -> float:
        """What that is worth."""
        return gap * (1 + self.fairness * self.typical_count / max(1.0, post.acts))
