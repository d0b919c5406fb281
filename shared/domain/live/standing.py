"""What stands at X for a stream, subscriptions or rules, and how it comes to be what is wanted. Pure.

Only what Covey made is taken away: its things carry a tag of it, and what others made in the same app counts against
the limit and stays. Invariant: after the change no more stand than X allows; everything that is wanted stands, or is
told as not fitting; and the same question asked again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

# What Covey's subscriptions and rules are tagged with.
TAG: Final = "covey"


class EventType(StrEnum):
    """The events that are subscribed to, with X's names."""

    POST_CREATE = "post.create"
    POST_DELETE = "post.delete"
    HANDLE = "profile.update.handle"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Events of one type by one account."""

    event_type: str
    user_id: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Posts that match a query."""

    value: str


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Standing(Generic[T]):
    """One thing that stands at X."""

    id: int
    what: T
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """What is to be done, in this order: ids to remove, then things to add. unfit: what the limit has no room for."""

    remove: tuple[int, ...] = ()
    add: tuple[T, ...] = ()
    unfit: tuple[T, ...] = ()


def reconcile(wanted: Sequence[T], standing: Sequence[Standing[T]], *, limit: int) -> Change[T]:
    """What makes that stand which is wanted. wanted: what matters most first; what does not fit is the end of it."""
    asked = list(dict.fromkeys(wanted))
    foreign = [one for one in standing if not one.is_ours]
    served = {one.what for one in foreign}
    ours = [one for one in asked if one not in served]
    room = max(0, limit - len(foreign))
    chosen = dict.fromkeys(ours[:room])
    kept: dict[T, int] = {}
    for one in standing:
        if one.is_ours and one.what in chosen and one.what not in kept:
            kept[one.what] = one.id
    return Change(
        remove=tuple(one.id for one in standing if one.is_ours and kept.get(one.what) != one.id),
        add=tuple(one for one in chosen if one not in kept),
        unfit=tuple(ours[room:]),
    )


def subscriptions(followed: Sequence[int], live: Sequence[int], *, with_paid: bool) -> list[Subscription]:
    """What is subscribed to, what matters most first: posts of the accounts of live sources, then deletions and new
    names of all that are followed. with_paid: also what X bills."""
    created = [Subscription(EventType.POST_CREATE, one) for one in live if with_paid]
    deleted = [Subscription(EventType.POST_DELETE, one) for one in followed]
    renamed = [Subscription(EventType.HANDLE, one) for one in followed if with_paid]
    return [*created, *deleted, *renamed]


def in_words(unfit: Sequence[Subscription] | Sequence[Rule], *, limit: int) -> str:
    """What does not fit, for people: how many of which."""
    counts = Counter(one.event_type if isinstance(one, Subscription) else "rule" for one in unfit)
    return f"{', '.join(f'{name} {count}' for name, count in counts.items())} beyond the {limit} that X allows"
