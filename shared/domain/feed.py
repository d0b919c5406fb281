"""The feed: what happened to a tenant's data, in order. Pure.

    something is written, marked `unfed` --leader, each second--> an event with a number --reader--> cursor

An event has an id that follows from what it tells: entered twice, it is the same one. Numbers of a tenant begin at 1
and have no holes, and number n is there before n + 1: who has read up to a number has missed nothing below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from shared.domain.errors import InputError

KEEP: Final = timedelta(days=14)


class EventType(StrEnum):
    """What an event tells. Values are what consumers filter by."""

    POST_CREATED = "post.created"
    POST_GONE = "post.gone"
    POST_EDITED = "post.edited"
    GAP = "coverage.gap"


# Of which there are so many that only those who ask for them are sent any.
HIGH_VOLUME: Final[frozenset[EventType]] = frozenset()
USUAL: Final = frozenset(EventType) - HIGH_VOLUME


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. subject: the id of what it is about. at: when it was known. data: what of it does not
    stand elsewhere; all else is read where it stands, so that what is purged there is not told from here.
    """

    id: str
    tenant: str
    type: EventType
    subject: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event with its place in the feed of its tenant. fed_at: when it got it."""

    number: int
    event: Event
    fed_at: datetime


def event_id(kind: EventType, tenant: str, subject: str, *more: str) -> str:
    """The id of an event: the same each time that the same thing is told."""
    return ":".join((kind.value, tenant, subject, *more))


def types_of(words: Iterable[str]) -> frozenset[EventType]:
    """The types that words name, all where there is none. Raises InputError."""
    given = [word for word in words if word]
    if wrong := [word for word in given if word not in tuple(EventType)]:
        raise InputError(f"{', '.join(map(repr, wrong))}: no type of event; there are {', '.join(EventType)}")
    return frozenset(EventType(word) for word in given) or frozenset(EventType)
