"""What is left of work that ends by itself: first sweeps, names to look up, posts that somebody waits for. Pure.

It is counted, not extrapolated. Only what nobody has read yet is reckoned with a rate: of the sweep itself as soon as
it has read enough to tell, of what was measured or assumed before. Invariant: nothing is left of what has ended, and a
sweep over evenly spread posts has the same total at every page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.money.estimate import DAY, Rates, newcomers
from shared.domain.money.prices import PriceKind, Prices

TELLING: Final = 50  # posts from which on a sweep's own rate counts: half a page


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSweep:
    """The first reading of a stream, from `until` back to `since`; it has got down to `reached` and seen so many posts.

    Not begun: `reached` is `until`.
    """

    accounts: int
    since: datetime
    until: datetime
    reached: datetime
    posts: int = 0

    def posts_left(self, posts_a_day: float) -> float:
        """How many it will still find. posts_a_day: of one account, where its own pages do not tell."""
        reached = min(self.reached, self.until)
        left, read = max(0.0, (reached - self.since) / DAY), (self.until - reached) / DAY
        if self.posts >= TELLING and read > 0:
            return self.posts * left / read
        return self.accounts * posts_a_day * left


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOff:
    """What is left. waited_for: posts of ad-hoc refreshes that were not bought today. names: to be looked up.

    authors: wanted by a run.
    """

    waited_for: int = 0
    names: int = 0
    authors: int = 0
    sweeps: Sequence[FirstSweep] = ()

    def of_people(self, prices: Prices) -> int:
        """Micro-dollars of what somebody waits for."""
        return self.waited_for * prices.micro[PriceKind.POST] + self.names * prices.micro[PriceKind.USER]

    def of_history(self, rates: Rates, prices: Prices) -> int:
        """Micro-dollars of first sweeps and of the accounts behind what they find."""
        post, user = prices.micro[PriceKind.POST], prices.micro[PriceKind.USER]
        posts = sum(sweep.posts_left(rates.posts_a_day.value) for sweep in self.sweeps)
        return round(posts * post + newcomers(posts, rates) * user) + self.authors * user
