"""What of a day's money is kept for posts that are found during the day and not paid for by their search. Pure.

As much as such posts took on the day of the last week that took most, up to `most_share` of the money. It is let go
evenly over the day: what is not needed buys the next in rank, for a post that is bought late is worth less.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from shared.domain.planning.posts import HOURS_A_DAY

WEEK = 7


def reserve(taken: Sequence[int], money: int, most_share: float) -> int:
    """For a whole day. taken: by day, the latest last."""
    return min(max(taken[-WEEK:], default=0), int(money * most_share))


def still_kept(kept: int, at: float) -> int:
    """What of it is kept at that time of the day."""
    return math.ceil(kept * (1 - (at % HOURS_A_DAY) / HOURS_A_DAY))
