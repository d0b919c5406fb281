"""A short way to say how many of each kind."""

from __future__ import annotations

from shared.domain.money.prices import Amounts, PriceKind


def amounts(posts: int = 0, users: int = 0) -> Amounts:
    """So many posts and accounts."""
    return Amounts({PriceKind.POST: posts, PriceKind.USER: users})
