"""What a call costs, and how much may be spent. Pure.

Money is counted in whole micro-dollars inside the limiter, so that a million additions lose nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shared.domain.errors import InputError
from shared.domain.models import WorkClass

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
    """The most that may be spent in a UTC day or calendar month. None: counted, not capped.

    shares: the part of each budget, above 0 and up to 1, that one class of work may spend; a class without one may
    spend all. Raises InputError for what is below 0, and a share that is none.
    """

    day_usd: float | None = None
    month_usd: float | None = None
    month_requests: int | None = None
    month_posts: float | None = None
    shares: Mapping[WorkClass, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("day_usd", "month_usd", "month_requests", "month_posts"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise InputError(f"budget {name}={value}: expected no negative number")
        for work_class, share in self.shares.items():
            if not 0 < share <= 1:
                raise InputError(f"share of {work_class}={share}: expected more than 0, and 1 at most")


@dataclass(frozen=True, slots=True)
class ChosenBudgets:
    """What a person set, over the budgets that the processes were started with.

    limits: by the names in `CHOOSABLE`; None: no limit. What is not in them, and a class without a share, is as it was
    started.
    """

    limits: Mapping[str, float | None] = field(default_factory=dict)
    shares: Mapping[WorkClass, float] = field(default_factory=dict)

    def over(self, started: Budgets) -> Budgets:
        """The budgets that hold. Raises InputError for a name or value that is none."""
        unknown = set(self.limits) - set(CHOOSABLE)
        if unknown:
            raise InputError(f"no budget is called {', '.join(sorted(unknown))}; there are {', '.join(CHOOSABLE)}")
        limits: dict[str, Any] = {name: None if limit is None else float(limit) for name, limit in self.limits.items()}
        return replace(started, **limits, shares={**started.shares, **self.shares})


CHOOSABLE = ("day_usd", "month_usd", "month_posts")


@dataclass(frozen=True, slots=True)
class Amounts:
    """What one class of work spent in the present UTC day and month. Money in whole micro-dollars."""

    day_micro_usd: int = 0
    month_micro_usd: int = 0
    month_requests: int = 0
    month_posts: int = 0

    def plus(self, other: Amounts) -> Amounts:
        """Both together."""
        return Amounts(
            self.day_micro_usd + other.day_micro_usd,
            self.month_micro_usd + other.month_micro_usd,
            self.month_requests + other.month_requests,
            self.month_posts + other.month_posts,
        )


AmountsByClass = Mapping[WorkClass, Amounts]


@dataclass(frozen=True, slots=True)
class Spent:
    """What was already spent, and the budgets a person set: fills an empty Redis.

    project: by class of work, so that floors and shares stand where they stood. credentials: the same of each
    credential that spent anything.
    """

    project: AmountsByClass = field(default_factory=dict)
    credentials: Mapping[str, AmountsByClass] = field(default_factory=dict)
    chosen: ChosenBudgets = field(default_factory=ChosenBudgets)
