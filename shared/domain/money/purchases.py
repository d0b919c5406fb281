"""What one call bought, and the sums of many. Pure.

A call is told by what it brought; what of that is new on its day, and so costs money, is the ledger's to find out.
Invariant: sums only grow while their day lasts, so the greater of two copies of a sum is the newer one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from shared.domain.models import WorkClass
from shared.domain.money.prices import OBJECTS, Amounts, PriceKind

DEFAULT_TENANT = "default"
HOURS = 24


class CallResult(StrEnum):
    """How a call ended, as far as money is concerned."""

    ANSWERED = "answered"  # status 200, read whole: what it brought is billed
    FAILED = "failed"  # X answered an error and bills nothing
    UNANSWERED = "unanswered"  # cut, timed out, not readable: X may have billed what nobody here has seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """One call.

    object_ids: the distinct objects it returned, included ones too. fee: what is billed for the answer itself. at: X's
    own time of the answer (its Date), None where it sent none. share_of: the source whose share of the money pays.
    """

    endpoint: str
    credential_id: str
    work_class: WorkClass
    result: CallResult
    object_ids: Mapping[PriceKind, frozenset[int]] = field(default_factory=dict)
    fee: Amounts = field(default_factory=Amounts)
    at: datetime | None = None
    share_of: str | None = None

    @property
    def brought(self) -> Amounts:
        """All of it, as if nothing had been bought before."""
        return self.fee + Amounts({kind: len(ids) for kind, ids in self.object_ids.items()})


@dataclass(frozen=True, slots=True)
class PaidCall:
    """What of one call cost money, for which class of work, and when by X's clock."""

    work_class: WorkClass
    at: datetime
    billed: Amounts
    micro_usd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowKey:
    """What is added up: the calls of one UTC day to one endpoint, with one credential, for one class of work."""

    day: date
    endpoint: str
    credential_id: str
    tenant: str
    work_class: WorkClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What was added up. `calls` are all that were made, failed and unanswered ones too.

    bought: what cost money; reread: objects returned again within the day, for free. micro_usd: what the bought ones
    cost; hours: the same by hour of the UTC day.
    """

    calls: int = 0
    failed: int = 0
    unanswered: int = 0
    bought: Amounts = field(default_factory=Amounts)
    reread: Amounts = field(default_factory=Amounts)
    micro_usd: int = 0
    hours: tuple[int, ...] = (0,) * HOURS

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        return Sums(
            calls=self.calls + other.calls,
            failed=self.failed + other.failed,
            unanswered=self.unanswered + other.unanswered,
            bought=self.bought + other.bought,
            reread=self.reread + other.reread,
            micro_usd=self.micro_usd + other.micro_usd,
            hours=tuple(a + b for a, b in zip(self.hours, other.hours, strict=True)),
        )

    @classmethod
    def named(cls, numbers: Mapping[str, int]) -> Sums:
        """The sums with these numbers; a missing name is 0. Names of newer versions, not known here, are left out."""
        counts = {name: int(numbers.get(name, 0)) for name in _PLAIN}
        return cls(
            **counts,
            bought=Amounts({kind: int(numbers.get(kind.plural, 0)) for kind in PriceKind}),
            reread=Amounts({kind: int(numbers.get(reread_name(kind), 0)) for kind in OBJECTS}),
            hours=tuple(int(numbers.get(hour_name(hour), 0)) for hour in range(HOURS)),
        )

    def by_name(self) -> dict[str, int]:
        """The numbers by the names they are kept under; hours without money are left out."""
        counts: dict[str, int] = {name: getattr(self, name) for name in _PLAIN}
        bought = {kind.plural: self.bought[kind] for kind in PriceKind}
        reread = {reread_name(kind): self.reread[kind] for kind in OBJECTS}
        hours = {hour_name(hour): micro for hour, micro in enumerate(self.hours) if micro}
        return counts | bought | reread | hours


_PLAIN = ("calls", "failed", "unanswered", "micro_usd")


def reread_name(kind: PriceKind) -> str:
    """Under which the objects are counted that were returned again."""
    return f"{kind.plural}_reread"


def hour_name(hour: int) -> str:
    """Under which the money of an hour of the UTC day is kept: a path into a document."""
    return f"hours.{hour:02}"


def add_up(many: Iterable[Sums]) -> Sums:
    """All of them together."""
    total = Sums()
    for one in many:
        total = total.plus(one)
    return total


@dataclass(frozen=True, slots=True)
class Row:
    """Sums under their key. `epoch` names the life of the Redis that added them up.

    When Redis loses its data a new epoch begins at 0: the sums of all epochs together are those of the day.
    """

    key: RowKey
    epoch: str
    sums: Sums
