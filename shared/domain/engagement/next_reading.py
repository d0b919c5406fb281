"""When is a post read next: the only place that says so. Pure.

found            without counts: at once; with counts, which are its first reading, as counted
counted          after the interval of its tier; never for a cold post past RETIRE_AGE
silent           X gave no counts and no reason: after UNKNOWN_RETRY
reported gone    after the confirmation time, counted from X's first word
gone             never
claimed          when the lease of the claim ends, should its job be lost
released         at once: its claim was lost with the queue
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.engagement.tiers import Tier, TierRule

# A cold post is not read again once it is this old.
RETIRE_AGE = timedelta(days=30)
# An id about which X said nothing is asked for again after this.
UNKNOWN_RETRY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class RefreshPolicy:
    """The settings of refreshing. time_scale shrinks all ages and intervals (0.01: a hundred times faster)."""

    time_scale: float = 1.0
    gone_confirm: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Found:
    """The post was seen for the first time, and X gave no counts with it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Its counts were read; it falls under `rule` at this `age`."""

    rule: TierRule
    age: timedelta


@dataclass(frozen=True, slots=True)
class Silent:
    """X gave no counts, and no reason that settles anything."""


@dataclass(frozen=True, slots=True)
class ReportedGone:
    """X says that it is gone, which is not confirmed yet; its first word came at `first_at`."""

    first_at: datetime


@dataclass(frozen=True, slots=True)
class Gone:
    """X has confirmed that it is gone."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job is to read it within `lease`."""

    lease: timedelta


@dataclass(frozen=True, slots=True)
class Released:
    """The job that was to read it is lost."""


Occasion = Found | Counted | Silent | ReportedGone | Gone | Claimed | Released

DEFAULT_POLICY = RefreshPolicy()


def next_reading_at(occasion: Occasion, *, now: datetime, policy: RefreshPolicy = DEFAULT_POLICY) -> datetime | None:
    """When the post is due to be read again; None: never by itself."""
    match occasion:
        case Found() | Released():
            return now
        case Claimed(lease):
            return now + lease
        case Counted(rule, age):
            is_retired = rule.tier is Tier.COLD and age > RETIRE_AGE * policy.time_scale
            return None if is_retired else now + rule.interval * policy.time_scale
        case ReportedGone(first_at):
            confirmed_at = first_at + policy.gone_confirm
            # Due by a clock that is ahead of X's, the second look may come too soon once more; not at once again.
            return confirmed_at if first_at == now else max(confirmed_at, now + UNKNOWN_RETRY * policy.time_scale)
        case Silent():
            return now + UNKNOWN_RETRY * policy.time_scale
        case Gone():
            return None
