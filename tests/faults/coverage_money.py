"""The money of a run by route: Covey's ledger beside the simulator's bill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests

from shared.domain.money.prices import MICRO, PriceKind
from shared.domain.money.purchases import Sums
from shared.services.bootstrap import Services

# Every day that a run can have touched, by whichever clock.
DAYS = timedelta(days=60)
POSTS_OF_A_LINE = 3


@dataclass(frozen=True, slots=True)
class Money:
    """by_route: what the ledger has, by endpoint. billed: micro-dollars of X's bill, by endpoint; unanswered: those of
    them, at most, that no process lived to see."""

    by_route: dict[str, Sums]
    billed: dict[str, int]
    unanswered: int

    @property
    def ours(self) -> int:
        """The ledger's sum, in micro-dollars."""
        return sum(one.micro_usd for one in self.by_route.values())

    @property
    def theirs(self) -> int:
        """The bill's."""
        return sum(self.billed.values())

    @property
    def profile_updates(self) -> int:
        """How many are in the ledger."""
        return sum(one.bought[PriceKind.PROFILE_UPDATE] for one in self.by_route.values())

    @property
    def agrees(self) -> bool:
        """Whether both say the same, but for answers that were billed and that nobody saw."""
        return 0 <= self.theirs - self.ours <= self.unanswered

    def rows(self) -> dict[str, dict[str, Any]]:
        """By route: calls, what was bought and what was read again for nothing, dollars by both."""
        return {
            name: {
                "calls": sums.calls,
                "failed": sums.failed,
                "posts": sums.bought[PriceKind.POST],
                "posts_reread_free": sums.reread[PriceKind.POST],
                "users": sums.bought[PriceKind.USER],
                "counts": sums.bought[PriceKind.COUNTS_REQUEST] + sums.bought[PriceKind.COUNTS_ALL_REQUEST],
                "usd": sums.micro_usd / MICRO,
                "usd_billed": self.billed.get(name, 0) / MICRO,
            }
            for name, sums in sorted(self.by_route.items())
        }

    def said(self) -> str:
        """For people: dollars by route."""
        parts = [
            f"{name} ${row['usd']:.2f} ({row['posts']} posts, {row['posts_reread_free']} again for nothing, "
            f"{row['calls']} calls)"
            for name, row in self.rows().items()
            if row["calls"]
        ]
        return f"${self.ours / MICRO:.2f}, billed ${self.theirs / MICRO:.2f}: {', '.join(parts)}"


def money(services: Services, x_url: str, *, unheard: int = 0) -> Money:
    """What was spent so far, by both. unheard: lines of streams that X sent and nobody noted; each bought a post, the
    one that it answers and the one that it quotes, at most."""
    services.ledger.copy()
    today = services.ledger.now().date()
    by_route: dict[str, Sums] = {}
    for key, sums in services.stores.ledger.between(today - DAYS, today + DAYS).items():
        by_route[key.endpoint] = by_route.get(key.endpoint, Sums()).plus(sums)
    bill = _get(x_url, "bill")
    calls = _get(x_url, "bill/calls?outcome=unanswered")
    billed = {name: int(line["micro_usd"]) for name, line in bill["by_endpoint"].items()}
    lost = unheard * POSTS_OF_A_LINE * services.ledger.prices.micro[PriceKind.POST]
    return Money(by_route, billed, int(calls["totals"]["unanswered"]["micro_usd"]) + lost)


def _get(x_url: str, path: str) -> dict[str, Any]:
    answer = requests.get(f"{x_url}/_sim/{path}", timeout=30)
    answer.raise_for_status()
    document: dict[str, Any] = answer.json()
    return document
