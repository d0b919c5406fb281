"""What a call costs, and how much may be spent. Pure.

Money is counted in whole micro-dollars inside the limiter, so that a million additions lose nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from shared.errors import InputError

MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for one post, one user, and one request of the endpoints that are billed by request.

    Defaults: X's pay-per-use prices of 2026 (docs.x.com, "Pricing"). Set all to 0 on a plan with a flat fee.
    Raises InputError for a price below 0.
    """

    post_usd: float = 0.005
    user_usd: float = 0.010
    request_usd: Mapping[str, float] = field(default_factory=lambda: {"counts/recent": 0.005})

    def __post_init__(self) -> None:
        prices = {"post_usd": self.post_usd, "user_usd": self.user_usd, **self.request_usd}
        for name, price in prices.items():
            if price < 0:
                raise InputError(f"price {name}={price}: expected no negative number")

    def cost_micro(self, endpoint: str, *, posts: int, users: int, is_failure: bool = False) -> int:
        """Micro-dollars of one call. is_failure: X answered an error, and bills no request."""
        request = self.request_usd.get(endpoint, 0.0) if not is_failure else 0.0
        return round(posts * self.post_usd * MICRO) + round(users * self.user_usd * MICRO) + round(request * MICRO)


@dataclass(frozen=True, slots=True)
class Budgets:
    """The most that may be spent in a UTC day or calendar month. None: counted, not capped. Raises InputError below 0.

    month_posts defaults to the 3,000,000 post reads a month of X's pay-per-use plan when used as `PAY_PER_USE`.
    """

    day_usd: float | None = None
    month_usd: float | None = None
    month_requests: int | None = None
    month_posts: int | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value is not None and value < 0:
                raise InputError(f"budget {item.name}={value}: expected no negative number")


PAY_PER_USE = Budgets(month_posts=3_000_000)


@dataclass(frozen=True, slots=True)
class Spent:
    """What was already spent in the present UTC day and month, from the ledger: fills the budgets of an empty Redis."""

    day_usd: float = 0.0
    month_usd: float = 0.0
    month_requests: int = 0
    month_posts: int = 0
