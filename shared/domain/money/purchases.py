"""One call that was made, as X bills it, and the sums of many. Pure.

Invariant: sums only grow while their day lasts, so the greater of two copies of a sum is the newer one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum

from shared.domain.models import WorkClass

DEFAULT_TENANT = "default"
HOURS = 24


class Outcome(StrEnum):
    """How a call ended, as far as money is concerned."""

    ANSWERED = "answered"  # status 200, read whole: its objects are billed
    FAILED = "failed"  # X answered an error and bills nothing
    UNANSWERED = "unanswered"  # cut, timed out, not readable: X may have billed what nobody here has seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """One call. `post_ids`, `user_ids`: the distinct objects it returned, included ones too.

    at: X's own time of the answer (its Date), None where it sent none.
    """

    endpoint: str
    credential_id: str
    work_class: WorkClass
    outcome: Outcome
    post_ids: frozenset[int] = frozenset()
    user_ids: frozenset[int] = frozenset()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Billed:
    """How many objects of a call cost money."""

    posts: int
    users: int


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

    posts, users: bought; *_reread: returned again within the day, for free. micro_usd: what the bought ones cost;
    hours: the same by hour of the UTC day.
    """

    calls: int = 0
    failed: int = 0
    unanswered: int = 0
    posts: int = 0
    users: int = 0
    posts_reread: int = 0
    users_reread: int = 0
    micro_usd: int = 0
    hours: tuple[int, ...] = (0,) * HOURS

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        counts = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        return Sums(**counts, hours=tuple(a + b for a, b in zip(self.hours, other.hours, strict=True)))


def add_up(many: Iterable[Sums]) -> Sums:
    """All of them together."""
    total = Sums()
    for one in many:
        total = total.plus(one)
    return total


COUNTS = tuple(field.name for field in fields(Sums) if field.name != "hours")


@dataclass(frozen=True, slots=True)
class Row:
    """Sums under their key. `epoch` names the life of the Redis that added them up.

    When Redis loses its data a new epoch begins at 0: the sums of all epochs together are those of the day.
    """

    key: RowKey
    epoch: str
    sums: Sums
