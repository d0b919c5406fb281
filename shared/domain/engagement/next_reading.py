"""When is a post read next: the only place that says so. Pure.

found            without counts: at once; with counts, which are its first reading, as counted
counted          by tiers: after the interval of its tier; never for a cold post past RETIRE_AGE
                 by the planner: again today while it moves, as `planning.cadence` says; then when a plan buys it
silent           X gave no counts and no reason: after UNKNOWN_RETRY
reported gone    after the confirmation time, counted from X's first word
gone             never
not followed     never: no source asks for it (`selection`)
claimed          when the lease of the claim ends, should its job be lost
released         at once: its claim was lost with the queue
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.engagement.tiers import Tier, TierRule
from shared.domain.planning import cadence
from shared.domain.planning.posts import Tracked, hours, moment

# A cold post is not read again once it is this old.
RETIRE_AGE = timedelta(days=30)
# An id about which X said nothing is asked for again after this.
UNKNOWN_RETRY = timedelta(minutes=10)


class Chooser(StrEnum):
    """Who decides which posts are read again."""

    TIERS = "tiers"
    PLANNER = "planner"


@dataclass(frozen=True, slots=True)
class RefreshPolicy:
    """The settings of refreshing. time_scale shrinks all ages and intervals of tiers (0.01: a hundred times faster);
    the planner's are of X's days, and stay.
    """

    time_scale: float = 1.0
    gone_confirm: timedelta = timedelta(hours=1)
    by: Chooser = Chooser.TIERS


@dataclass(frozen=True, slots=True)
class Found:
    """The post was seen for the first time, and X gave no counts with it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Its counts were read; it falls under `rule` at this `age`. post: as the planner remembers it from now on."""

    rule: TierRule
    age: timedelta
    post: Tracked


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
class NotFollowed:
    """No source asks for its engagement."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job is to read it within `lease`."""

    lease: timedelta


@dataclass(frozen=True, slots=True)
class Released:
    """The job that was to read it is lost."""


Occasion = Found | Counted | Silent | ReportedGone | Gone | NotFollowed | Claimed | Released

DEFAULT_POLICY = RefreshPolicy()


def next_reading_at(occasion: Occasion, *, now: datetime, policy: RefreshPolicy = DEFAULT_POLICY) -> datetime | None:
    """When the post is due to be read again; None: never by itself."""
    match occasion:
        case Found() | Released():
            return now
        case Claimed(lease):
            return now + lease
        case Counted(post=post) if policy.by is Chooser.PLANNER:
            at = cadence.next_reading_at(post, hours(now))
            return None if at is None else moment(at)
        case Counted(rule, age):
            is_retired = rule.tier is Tier.COLD and age > RETIRE_AGE * policy.time_scale
            return None if is_retired else now + rule.interval * policy.time_scale
        case ReportedGone(first_at):
            confirmed_at = first_at + policy.gone_confirm
            # Due by a clock that is ahead of X's, the second look may come too soon once more; not at once again.
            return confirmed_at if first_at == now else max(confirmed_at, now + UNKNOWN_RETRY * policy.time_scale)
        case Silent():
            return now + UNKNOWN_RETRY * policy.time_scale
        case Gone() | NotFollowed():
            return None
