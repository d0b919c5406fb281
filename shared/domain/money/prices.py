"""What a call costs: the closed table of what has a price, and the arithmetic on it. Pure.

A kind is a row here, and named where it is bought, in the amounts of a call; limiter, ledger, budgets and commands work
for every row. It must not know how often something is bought, nor who may. Money is in whole micro-dollars, so that a
million additions lose nothing. Invariant: what is reserved, given back and booked is reckoned with the same price of
one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Final, TypeAlias

from shared.domain.errors import InputError

MICRO: Final = 1_000_000


class PriceKind(StrEnum):
    """What has a price. The values are labels of metrics."""

    POST = "post"
    USER = "user"
    COUNTS_REQUEST = "counts_request"
    COUNTS_ALL_REQUEST = "counts_all_request"
    OWNED_POST = "owned_post"
    PROFILE_UPDATE = "profile_update"

    @property
    def plural(self) -> str:
        """Its name in the ledger and in what commands print."""
        return f"{self.value}s"


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for one, and where that is published.

    is_once_a_day: an object with an id, free when it is returned again on the same UTC day. The others are bought anew
    by every call that is answered.
    """

    usd: float
    source: str
    is_once_a_day: bool = False


LIST_PRICES: Final[Mapping[PriceKind, Price]] = MappingProxyType(
    {
        PriceKind.POST: Price(0.005, "docs.x.com, Pricing, pay-per-use of 2026", is_once_a_day=True),
        PriceKind.USER: Price(0.010, "docs.x.com, Pricing, pay-per-use of 2026", is_once_a_day=True),
        PriceKind.COUNTS_REQUEST: Price(0.005, "docs.x.com, Pricing, pay-per-use of 2026"),
        PriceKind.COUNTS_ALL_REQUEST: Price(0.010, "docs.x.com, Pricing, pay-per-use of 2026"),
        # A post of the account that owns the app, read by that account.
        PriceKind.OWNED_POST: Price(0.001, "docs.x.com, Pricing, owned reads of 2026", is_once_a_day=True),
        # An event of the activity stream; a deletion is in no price list.
        PriceKind.PROFILE_UPDATE: Price(0.005, "docs.x.com, Pricing, activity events of 2026"),
    }
)
OBJECTS: Final = tuple(kind for kind, price in LIST_PRICES.items() if price.is_once_a_day)

# How many of each kind; a kind that is not in it is none.
Amounts: TypeAlias = Counter[PriceKind]


def posts_of(amounts: Amounts) -> int:
    """How many posts these are, at whichever price: what X's monthly cap counts."""
    return amounts[PriceKind.POST] + amounts[PriceKind.OWNED_POST]


@dataclass(frozen=True)
class Prices:
    """US dollars for one of a kind, where they differ from the list. Set them to 0 on a plan with a flat fee.

    Raises InputError for a price below 0, or with a part of a micro-dollar.
    """

    usd: Mapping[PriceKind, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind, usd in self.usd.items():
            if usd < 0:
                raise InputError(f"price of a {kind}={usd}: expected no negative number")
            if abs(usd * MICRO - round(usd * MICRO)) > 1e-3:
                raise InputError(f"price of a {kind}={usd}: expected whole micro-dollars")

    @cached_property
    def micro(self) -> Mapping[PriceKind, int]:
        """Micro-dollars for one of each kind."""
        return {kind: round(self.usd.get(kind, price.usd) * MICRO) for kind, price in LIST_PRICES.items()}

    def cost_micro(self, amounts: Amounts) -> int:
        """Micro-dollars of all of them."""
        micro = self.micro
        return sum(count * micro[kind] for kind, count in amounts.items())
