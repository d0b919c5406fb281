"""The ledger of coverage: what a search leads to when it ends, is cut short, or is lost.

    intervals + gaps = the whole time of a stream

What is missing is noted before what was read, and both before the stream, or the gap, moves on. Each is idempotent: a
crash between two of them leaves a moment that counts twice, and none that is forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.domain import snowflake
from shared.domain.coverage import gaps, intervals
from shared.domain.coverage.gaps import Gap, GapReason, GapState, Unread
from shared.domain.coverage.intervals import Check, Interval, Reread
from shared.domain.coverage.streams import Stream
from shared.domain.coverage.sweeps import Sweep, SweepKind, SweepStatus
from shared.domain.sources import DEFAULT_PRIORITY, source_of
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.stores.bundle import Stores

log = get_logger(__name__)

FOREVER = datetime.max.replace(tzinfo=UTC)
MARGIN = "margin"  # how far behind the coverage sweeps begin, in seconds
LATENESS = "lateness"  # counters since the margin was last chosen


def note(
    stores: Stores,
    stream_id: str,
    members: Collection[str],
    unread: Unread,
    *,
    now: datetime,
) -> None:
    """Note a span of a stream that somebody will read later. Raises StoreUnavailable."""
    _note(stores, [gaps.note(unread, stream=stream_id, members=members, now=now)])


def margin(stores: Stores, *, least: timedelta) -> timedelta:
    """How far behind the end of what is covered sweeps begin; `least` until it was chosen. Raises StoreUnavailable."""
    chosen = stores.state.get(MARGIN)
    return least if chosen is None else timedelta(seconds=float(chosen))


def spans_of(stores: Stores, members: Sequence[str], *, since: datetime) -> dict[str, list[tuple[datetime, datetime]]]:
    """Of each member the time since then that was read, or is going to be without anybody asking for it.

    What is noted as missing counts: it is filled where a route reaches it. Raises StoreUnavailable.
    """
    streams = stores.streams.that_carried(members)
    read = stores.intervals.of([stream.id for stream in streams], from_at=since)
    missing = stores.gaps.missing(members=members)
    carriers = {stream.id: stream.members for stream in streams}
    ahead = stores.streams.with_members(members)
    return {
        member: [
            *((one.from_at, one.to_at) for one in read if member in (one.members or carriers[one.stream])),
            *((gap.from_at, gap.to_at) for gap in missing if member in gap.members),
            *((stream.covered_through, FOREVER) for stream in ahead if member in stream.members),
        ]
        for member in members
    }


def priority_of(stores: Stores, members: Sequence[str]) -> int:
    """That of the most urgent source that asks for any of the members. Raises StoreUnavailable."""
    sources = stores.sources.asking(with_accounts=False)
    names = stores.handles.names([key for key in members if source_of(key) is None])
    ids = {asker for name in names.values() for asker in name.sources} | {source_of(key) for key in members}
    return max((sources[one].priority for one in ids if one in sources), default=DEFAULT_PRIORITY)


def not_accounted(stores: Stores, members: Sequence[str], *, since: datetime) -> list[str]:
    """Those of the members of whose time since then some was not read, and is not going to be."""
    spans = spans_of(stores, members, since=since)
    return [member for member in members if not intervals.reach(spans[member], since, FOREVER)]


def can_be_seen_again(stores: Stores, member: str, *, since: datetime, now: datetime) -> None:
    """Note that what an account posted since then may be shown only now: it was protected, suspended or gone."""
    for stream in stores.streams.with_members([member])[:1]:
        note(stores, stream.id, [member], Unread(since, now, GapReason.WAS_HIDDEN), now=now)


def could_not_read(stores: Stores, sweep: Sweep, unread: Unread, *, now: datetime) -> None:
    """Note what a sweep could not read: of a stream less what was covered before, of a gap what lies inside it.

    What a second reading could not read was read before. Raises StoreUnavailable.
    """
    if sweep.kind is SweepKind.SEARCH and (stream := stores.streams.get(sweep.subject)) is not None:
        rest = gaps.less_covered(unread, stream.covered_through)
        if rest is not None:
            priority = priority_of(stores, stream.members)
            _note(stores, [_of_stream(stream, rest, sweep, priority=priority, now=now)])
    elif sweep.kind is SweepKind.BACKFILL and (gap := stores.gaps.get(sweep.subject)) is not None:
        inside = replace(unread, from_at=max(unread.from_at, gap.from_at), to_at=min(unread.to_at, gap.to_at))
        if inside.from_at < inside.to_at:
            _note(stores, [gaps.left_of_fill(gap, inside, now=now)])


def close(stores: Stores, sweep: Sweep, *, now: datetime, settles: timedelta) -> None:
    """A search is complete: everything it was to read is stored, or noted as a gap. Raises StoreUnavailable.

    settles: the age from which on X shows all posts that it will show.
    """
    if unread := gaps.left_by_paging(sweep):
        could_not_read(stores, sweep, unread, now=now)
        sweep = gaps.above(sweep, unread)
    match sweep.kind:
        case SweepKind.SEARCH:
            _close_search(stores, sweep, now, settles)
        case SweepKind.BACKFILL:
            _close_backfill(stores, sweep, now, settles)
        case SweepKind.REREAD:
            _close_reread(stores, sweep, now)
    if sweep.posts_new and sweep.kind is not SweepKind.BACKFILL:
        is_first = sweep.kind is SweepKind.SEARCH
        stores.state.add(LATENESS, {"found": sweep.posts_new, "within" if is_first else "beyond": sweep.posts_late})
        metrics.POSTS_LATE.labels(MARGIN if is_first else SweepKind.REREAD.value).inc(sweep.posts_late)
    metrics.SWEEPS.labels(sweep.kind.value, SweepStatus.COMPLETE.value).inc()


def abandon(
    stores: Stores,
    sweep: Sweep,
    *,
    now: datetime,
    settles: timedelta,
    reason: GapReason = GapReason.PAGE_LOST,
) -> bool:
    """End a search that does not get on. What it read counts; what it did not is a gap, and tried again by itself.

    False where somebody else moved it on. Raises StoreUnavailable.
    """
    unread = gaps.left_by_abandoning(sweep, reason)
    if sweep.kind is SweepKind.SEARCH and unread is not None:
        could_not_read(stores, sweep, unread, now=now)
        _close_search(stores, gaps.above(sweep, unread), now, settles)
    elif sweep.kind is SweepKind.BACKFILL and (gap := stores.gaps.get(sweep.subject)) is not None:
        if unread is None or unread.to_at >= gap.to_at:  # nothing of it was read: a gap in its place would be itself
            stores.gaps.put(gap if reason is GapReason.OVER_SHARE else gaps.tried(gap, now=now))
        else:
            could_not_read(stores, sweep, unread, now=now)
            _close_backfill(stores, gaps.above(sweep, unread), now, settles)
    return stores.sweeps.abandon(sweep, now=now)


def _close_search(stores: Stores, sweep: Sweep, now: datetime, settles: timedelta) -> None:
    stream = stores.streams.get(sweep.subject)
    if stream is None:
        return
    from_at = max(snowflake.created_at(sweep.since_id), stream.covered_through)
    if from_at < sweep.ends_at:
        interval = _interval(sweep, stream.id, from_at, now)
        stores.intervals.add(*intervals.settled(interval, _looked_at(sweep) - settles))
    stores.streams.sweep_completed(
        stream.id,
        sweep_id=sweep.id,
        newest_id=sweep.newest_id,
        through_at=sweep.ends_at,
        started_at=sweep.started_at,
    )


def _close_backfill(stores: Stores, sweep: Sweep, now: datetime, settles: timedelta) -> None:
    gap = stores.gaps.get(sweep.subject)
    if gap is None:
        return
    from_at = max(snowflake.created_at(sweep.since_id), gap.from_at)
    if from_at < gap.to_at:
        interval = replace(_interval(sweep, gap.stream, from_at, now), to_at=gap.to_at, members=gap.members)
        stores.intervals.add(*intervals.settled(interval, _looked_at(sweep) - settles))
    if stores.gaps.end(gap.id, GapState.FILLED, now=now):
        log.info("gap filled", gap=gap.id, reason=gap.reason.value, posts=sweep.posts_new, route=sweep.route.value)


def _looked_at(sweep: Sweep) -> datetime:
    """When X was asked for the newest of it: what X shows later of that was not seen, however long the rest took."""
    return sweep.through_at or sweep.started_at


def _close_reread(stores: Stores, sweep: Sweep, now: datetime) -> None:
    """The span counts as verified, but where X did not give all of it: then it stays what it was."""
    if sweep.from_at is None or sweep.to_at is None:
        return
    found = stores.intervals.of([sweep.subject], from_at=sweep.from_at, to_at=sweep.to_at)
    inside = [
        one for one in found if one.check is Check.WAITING and one.from_at >= sweep.from_at and one.to_at <= sweep.to_at
    ]
    if not inside:
        return
    reread = Reread(stream=sweep.subject, of=tuple(inside), is_free=True)
    if sweep.stuck:
        stores.intervals.give_up(reread)
        return
    before = stores.intervals.verified_until(sweep.subject, reread.from_at)
    if before is not None and before.read_at.date() != now.date():
        before = None
    whole = intervals.verified(reread, id=sweep.id, late=sweep.posts_new, read_at=now, before=before)
    stores.intervals.put_in_place(whole, [one.id for one in (*inside, *([before] if before else []))])


def _of_stream(stream: Stream, unread: Unread, sweep: Sweep, *, priority: int, now: datetime) -> Gap:
    return gaps.note(unread, stream=stream.id, members=stream.members, now=now, priority=priority, run_id=sweep.run_id)


def _interval(sweep: Sweep, stream_id: str, from_at: datetime, now: datetime) -> Interval:
    return Interval(
        id=sweep.id,
        stream=stream_id,
        from_at=from_at,
        to_at=sweep.ends_at,
        route=sweep.route,
        read_at=now,
        posts=sweep.posts_new,
    )


def _note(stores: Stores, found: Collection[Gap]) -> None:
    for gap in stores.gaps.note(found):
        metrics.GAPS.labels(gap.reason.value).inc()
        span = {"from_at": str(gap.from_at), "to_at": str(gap.to_at)}
        log.warning("gap noted", gap=gap.id, stream=gap.stream, reason=gap.reason.value, **span)
