"""What is a gap: a span of a stream's time that was asked for, or should be, and has not been read. Pure.

    noted --a sweep of its own, newest first--> filled (kept as history)
      |  ^--page lost, budget gone, paging stuck: what is left is open, and tried again later--'
      |--no route reaches it--> final --the plan has one now--> open
      '--nobody follows it any more--> dropped

Decides for which reasons there are gaps, where each begins and ends, and when it is tried again. It records nothing.
Invariant: what the stream had covered before is no gap, and a gap has a length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain import snowflake
from shared.domain.coverage.sweeps import ReadBy, Sweep, SweepStatus
from shared.domain.sources import DEFAULT_PRIORITY

# X searches the last seven days from when it is asked. What begins further back, less a moment for asking, is out of
# the recent search's reach; what leaves it while a page waits for its grant is healed with a gap of its own.
RECENT_REACH = timedelta(days=7) - timedelta(seconds=10)
# Of a sweep that reaches further back than this only the first page is read; the rest is filled beside what is new.
BEHIND = timedelta(hours=1)
# A sweep of a stream that has more pages than this leaves the rest to a gap: 2,000 posts, so that no other handle in
# its query waits longer than one window of a user's 300 calls allows.
LIVE_PAGES = 20
# Between two tries at a gap, doubled each time.
FIRST_RETRY, LAST_RETRY = timedelta(minutes=10), timedelta(days=1)
_MILLISECOND = timedelta(milliseconds=1)


class GapReason(StrEnum):
    """Why a span was not read: the closed list. Values appear in MongoDB and in metrics.

    Each can be filled by the recent search within seven days, and by the archive where the plan has it.
    """

    BEFORE_FOLLOWING = "before_following"  # history that somebody asked for: `--since`, `covey backfill`
    FELL_BEHIND = "fell_behind"  # nobody read for long; what is new came first
    TOO_LONG = "too_long"  # more pages than a sweep of what is new may have
    PAGE_LOST = "page_lost"  # a page could not be read after all tries
    PAGING_STUCK = "paging_stuck"  # X's pages led nowhere
    POSTS_WITHHELD = "posts_withheld"  # X announced posts and never gave them
    WAS_HIDDEN = "was_hidden"  # the account was protected or suspended, and its posts can be seen again
    OVER_SHARE = "over_share"  # the source's share of a day's money was spent
    BEYOND_SEARCH_WINDOW = "beyond_search_window"  # older than the recent search reaches: only the archive fills it


class GapState(StrEnum):
    """Where a gap stands."""

    OPEN = "open"
    FINAL = "final"  # no route of the plan reaches it
    FILLED = "filled"
    DROPPED = "dropped"  # nobody follows what it concerns any more


@dataclass(frozen=True, slots=True)
class Unread:
    """A span that a sweep did not read."""

    from_at: datetime
    to_at: datetime
    reason: GapReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A span of a stream that is not stored, for those of its members that it concerns.

    priority: the higher, the sooner. run_id: who pays for filling it. try_at: not before then. is_divided: smaller
    ones took its place.
    """

    id: str
    stream: str
    members: tuple[str, ...]
    from_at: datetime
    to_at: datetime
    reason: GapReason
    noted_at: datetime
    state: GapState = GapState.OPEN
    priority: int = DEFAULT_PRIORITY
    run_id: str | None = None
    attempts: int = 0
    try_at: datetime
    is_divided: bool = False

    @property
    def length(self) -> timedelta:
        """How much time is missing."""
        return self.to_at - self.from_at

    def route(self, *, now: datetime, has_archive: bool) -> ReadBy | None:
        """By which search it can be filled now, as a whole; None: by none."""
        return route_of(self.from_at, now=now, has_archive=has_archive)


def route_of(from_at: datetime, *, now: datetime, has_archive: bool) -> ReadBy | None:
    """By which search a span that begins then can be read now, as a whole; None: by none."""
    if from_at >= now - RECENT_REACH:
        return ReadBy.RECENT
    return ReadBy.ALL if has_archive else None


def note(
    unread: Unread,
    *,
    stream: str,
    members: Collection[str],
    now: datetime,
    priority: int = DEFAULT_PRIORITY,
    run_id: str | None = None,
    left_of: str = "",
) -> Gap:
    """The gap of a span. Its id follows from what it is, so noting it twice is noting it once.

    left_of: the gap that was read but for this one. It may be the same span for the same reason, and ends all the same.
    """
    carried = tuple(sorted(members))
    what = (stream, unread.reason, unread.from_at.isoformat(), unread.to_at.isoformat(), *carried)
    what = (*what, left_of) if left_of else what
    digest = hashlib.sha256("\n".join(what).encode()).hexdigest()
    return Gap(
        id=f"g-{digest[:12]}",
        stream=stream,
        members=carried,
        from_at=unread.from_at,
        to_at=unread.to_at,
        reason=unread.reason,
        noted_at=now,
        priority=priority,
        run_id=run_id,
        try_at=now,
    )


def divide(gap: Gap, at: datetime) -> tuple[Gap, Gap]:
    """The parts of a gap before and after a moment inside it, each as a gap of its own; attempts are kept."""
    parts = (Unread(gap.from_at, at, gap.reason), Unread(at, gap.to_at, gap.reason))
    older, newer = (note(one, stream=gap.stream, members=gap.members, now=gap.noted_at).id for one in parts)
    return replace(gap, id=older, to_at=at), replace(gap, id=newer, from_at=at)


def of_members(gap: Gap, members: Collection[str], *, now: datetime) -> Gap:
    """The same span for some of the members."""
    span = Unread(gap.from_at, gap.to_at, gap.reason)
    part = note(span, stream=gap.stream, members=members, now=now, priority=gap.priority, run_id=gap.run_id)
    return replace(part, attempts=gap.attempts)


def tried(gap: Gap, *, now: datetime) -> Gap:
    """The gap after a try that did not fill it."""
    wait = min(LAST_RETRY, FIRST_RETRY * 2 ** min(gap.attempts, 10))
    return replace(gap, attempts=gap.attempts + 1, try_at=now + wait)


def left_of_fill(gap: Gap, unread: Unread, *, now: datetime) -> Gap:
    """The gap that remains inside `gap` after it was read but for `unread`."""
    left = note(unread, stream=gap.stream, members=gap.members, now=now, priority=gap.priority, left_of=gap.id)
    left = replace(left, run_id=gap.run_id, attempts=gap.attempts)
    return left if unread.reason is GapReason.OVER_SHARE else tried(left, now=now)


def start_later(sweep: Sweep, oldest_since_id: int, *, ahead: timedelta) -> tuple[Sweep, Unread] | None:
    """The sweep from as far back as X can still search, `ahead` of the id that X proposes; what lies before is a gap.

    Past the first page X's token belongs to the old request: what is left is asked for below the oldest post seen, and
    where that lies before the new begin nothing is left. None when X proposes nothing younger than was asked for.
    """
    oldest_at = snowflake.created_at(oldest_since_id) + ahead
    since_id = max(oldest_since_id, snowflake.first_id_at(oldest_at))
    if since_id <= sweep.since_id:
        return None
    later = replace(sweep, since_id=since_id, next_token=None)
    if sweep.oldest_id is not None:
        is_read = sweep.oldest_id <= since_id + 1
        later = replace(later, until_id=sweep.oldest_id, status=SweepStatus.COMPLETE if is_read else sweep.status)
    return later, Unread(sweep.begins_at, oldest_at, GapReason.BEYOND_SEARCH_WINDOW)


def pass_over(before: Sweep, after: Sweep) -> tuple[Sweep, Unread]:
    """Go on without what X withholds of a page: from the last page's end down to the oldest post of this one is a gap.

    What is asked for next lies right below that post, wherever X's token would lead; after the last page, or one with
    nothing older, the gap reaches down to the sweep's begin.
    """
    to_at = after.ends_at if before.oldest_id is None else snowflake.created_at(before.oldest_id)
    if after.status is SweepStatus.OPEN and after.oldest_id is not None and after.oldest_id != before.oldest_id:
        from_at = snowflake.created_at(after.oldest_id)
        below = replace(after, next_token=None, until_id=after.oldest_id)
        return below, Unread(from_at, to_at, GapReason.POSTS_WITHHELD)
    return after, Unread(before.begins_at, to_at, GapReason.POSTS_WITHHELD)


def hand_over(sweep: Sweep) -> tuple[Sweep, Unread] | None:
    """End a sweep of what is new when it comes to what is old, or has become too long; the rest is a gap.

    None: it goes on. X has answered by then, so a stream counts as up to date only while X is there.
    """
    if sweep.status is not SweepStatus.OPEN or sweep.oldest_id is None:
        return None
    if sweep.ends_at - sweep.begins_at > BEHIND:
        behind = GapReason.OVER_SHARE if sweep.has_rested else GapReason.FELL_BEHIND
        reason = behind if sweep.known_id else GapReason.BEFORE_FOLLOWING
    elif sweep.page >= LIVE_PAGES:
        reason = GapReason.TOO_LONG
    else:
        return None
    unread = _below(sweep, reason)
    return above(replace(sweep, status=SweepStatus.COMPLETE, next_token=None), unread), unread


def above(sweep: Sweep, unread: Unread) -> Sweep:
    """The sweep as one that began where what it left unread ends."""
    return replace(sweep, since_id=max(sweep.since_id, snowflake.first_id_at(unread.to_at)))


def left_by_abandoning(sweep: Sweep, reason: GapReason) -> Unread | None:
    """What a sweep had not read when it was ended; None when it had read nothing."""
    return None if sweep.oldest_id is None or sweep.page == 0 else _below(sweep, reason)


def left_by_paging(sweep: Sweep) -> Unread | None:
    """What a complete sweep left unread because paging led nowhere; None when it was read whole."""
    if not sweep.stuck:
        return None
    if sweep.oldest_id is None:
        return Unread(sweep.begins_at, sweep.ends_at, GapReason.PAGING_STUCK)
    return _below(sweep, GapReason.PAGING_STUCK)


def less_covered(unread: Unread, covered_through: datetime) -> Unread | None:
    """The part that the stream had not covered before; None when nothing is left."""
    rest = replace(unread, from_at=max(unread.from_at, covered_through))
    return rest if rest.from_at < rest.to_at else None


def _below(sweep: Sweep, reason: GapReason) -> Unread:
    """From a sweep's begin up to and with the millisecond of its oldest post: others made in it may be unread."""
    assert sweep.oldest_id is not None
    return Unread(sweep.begins_at, min(sweep.ends_at, snowflake.created_at(sweep.oldest_id) + _MILLISECOND), reason)
