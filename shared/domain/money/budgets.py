"""How much may be spent in a day and in a month, by whom it was set, and what of it is spent. Pure.

What a call costs is `prices`, what is kept for whom `classes`; whether a call fits is the limiter's to say. Invariant:
no budget and no share of one is below 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shared.domain.errors import InputError
from shared.domain.models import WorkClass


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
class Totals:
    """What one class of work spent in the present UTC day and month. Money in whole micro-dollars."""

    day_micro_usd: int = 0
    month_micro_usd: int = 0
    month_requests: int = 0
    month_posts: int = 0

    def plus(self, other: Totals) -> Totals:
        """Both together."""
        return Totals(
            self.day_micro_usd + other.day_micro_usd,
            self.month_micro_usd + other.month_micro_usd,
            self.month_requests + other.month_requests,
            self.month_posts + other.month_posts,
        )


TotalsByClass = Mapping[WorkClass, Totals]


@dataclass(frozen=True, slots=True)
class Spent:
    """What was already spent, and the budgets a person set: fills an empty Redis.

    project: by class of work, so that floors and shares stand where they stood. credentials: the same of each
    credential that spent anything.
    """

    project: TotalsByClass = field(default_factory=dict)
    credentials: Mapping[str, TotalsByClass] = field(default_factory=dict)
    chosen: ChosenBudgets = field(default_factory=ChosenBudgets)
