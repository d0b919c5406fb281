"""What is searched: what is new in a stream, what was read once more, and what is missing.

    a stream's slot --> a sweep of what is new
    reread          --> a sweep of what was read a while ago, for what came late, while that is free
    backfill        --> a sweep of a gap, by the route that reaches it; no route: the gap is final

What is new comes first: the other two are asked for in the lowest class, and a few at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from scheduler.resting import rests
from shared.domain import snowflake
from shared.domain.coverage import gaps, intervals
from shared.domain.coverage.gaps import Gap, GapState
from shared.domain.coverage.intervals import Reread
from shared.domain.coverage.lateness import Margins, Seen, next_margin
from shared.domain.coverage.route_facts import Need
from shared.domain.coverage.sweeps import ReadBy, Sweep, SweepKind
from shared.domain.jobs import Job, Queue, SearchPage
from shared.domain.money.source_shares import ShareStanding
from shared.platforms.x.query import PackedQuery
from shared.runtime.log import get_logger
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.services.routing import may_ask_archive, search_by
from shared.stores.schedules import Slot

log = get_logger(__name__)

# So many intervals are looked at in one round: 200 streams at a sweep a minute fill it in 50 minutes.
WAITING_BATCH = 10_000
# Readings once more that are under way at a time.
REREADS = 8

Outgoing = list[tuple[Job, str | None]]


class Searches:
    """Opens the sweeps; each is in MongoDB before its job is answered.

    shares: those of sources, as they stand. What a share pays for is not read while that is spent, and noted.
    """

    def __init__(self, services: Services, shares: Callable[[], Collection[ShareStanding]] = tuple) -> None:
        self._services = services
        self._shares = shares
        self._stores = services.stores
        self._had_archive = False
        settings = services.settings
        self._after = timedelta(seconds=settings.reread_after_seconds)
        self._every = timedelta(seconds=settings.reread_every_seconds)
        self._margins = Margins(
            timedelta(seconds=settings.margin_min_seconds), timedelta(seconds=settings.margin_max_seconds)
        )

    def new(self, slot: Slot, now: datetime) -> Outgoing:
        """Open the stream's next sweep, unless the last one is still being read, or the stream rests."""
        stream = self._stores.streams.get(slot.schedule.subject)
        if stream is None:
            return []
        if stream.group.share_of in self._spent() or rests(self._services, stream, now):
            self._stores.streams.rest(stream, now=now)
            return []
        is_first = stream.sweeps_completed == 0 and not stream.parts  # what was joined was read before
        # Never from above what is covered: X may have shown a post that is younger than its lag.
        behind = snowflake.first_id_at(stream.covered_through - (timedelta(0) if is_first else self._margin())) - 1
        sweep = Sweep(
            id=slot.id,
            kind=SweepKind.SEARCH,
            subject=stream.id,
            queue=Queue.SEARCH,
            query=stream.query,
            since_id=max(0, min(stream.since_id, behind)),
            known_id=0 if is_first else snowflake.first_id_at(stream.covered_through),
            started_at=now,
            run_id=stream.run_id if is_first else None,
            credential=stream.group.credential,
            share_of=stream.group.share_of,
            has_rested=stream.has_rested,
        )
        span, asked = (stream.covered_through, now), PackedQuery(stream.query, stream.members, stream.group)
        return self._open(replace(sweep, route=self._by(Need.FOLLOW, stream.id, asked, span)))

    def again(self, slot: Slot, now: datetime) -> Outgoing:
        """Open readings of what is due to be read once more; the settings say whether also of what is to be bought."""
        self._choose_margin()
        waiting = self._stores.intervals.waiting(before=now - self._after, limit=WAITING_BATCH)
        under_way = self._stores.sweeps.open_subjects(SweepKind.REREAD)
        resting = self._paid_by(self._spent())
        jobs: Outgoing = []
        for reread in intervals.due_again(waiting, now=now, after=self._after, every=self._every):
            if reread.stream in under_way:
                continue
            if reread.stream in resting:
                self._pass_over(reread)
                continue
            if len(under_way) >= REREADS:
                break
            if sent := self._again(reread, slot, now):
                under_way.add(reread.stream)
                jobs += sent
        return jobs

    def missing(self, slot: Slot, now: datetime) -> Outgoing:
        """Open sweeps of gaps, those of high priority and the newest first, a few at a time."""
        under_way = self._stores.sweeps.open_subjects(SweepKind.BACKFILL)
        room = self._services.settings.backfill_sweeps - len(under_way)
        if room <= 0:
            return []
        self._look_at_the_plan(now)
        resting = self._paid_by(self._leave_gaps())
        due = self._stores.gaps.due(now=now, limit=room, apart_from=under_way, resting=resting)
        return [job for gap in due for job in self._fill(gap, slot, now)]

    def _look_at_the_plan(self, now: datetime) -> None:
        """What no route reached is tried again when the archive may be asked again: once a day where X refuses it."""
        has_archive = self._services.has_archive
        if has_archive and not self._had_archive:
            self._stores.gaps.reopen(now=now)
        self._had_archive = has_archive

    def _spent(self) -> set[str]:
        """The sources of whose share nothing is left today."""
        return {one.source for one in self._shares() if one.is_spent}

    def _leave_gaps(self) -> set[str]:
        """The sources of whose share nothing is left for gaps now."""
        return {one.source for one in self._shares() if one.leaves_gaps}

    def _paid_by(self, sources: Collection[str]) -> set[str]:
        """The streams that the shares of these sources pay for."""
        return self._stores.streams.of_shares(sources) if sources else set()

    def _pass_over(self, reread: Reread) -> None:
        """A second reading that is free today only, and may find what is not, is given up."""
        if not self._services.settings.reread_across_midnight:
            self._stores.intervals.give_up(reread)

    def _margin(self) -> timedelta:
        return coverage.margin(self._stores, least=self._margins.least)

    def _choose_margin(self) -> None:
        seen = Seen(**(self._stores.state.get(coverage.LATENESS) or {}))
        margin = next_margin(self._margin(), seen, self._margins)
        if margin is not None:
            self._stores.state.set(coverage.MARGIN, margin.total_seconds())
            self._stores.state.drop(coverage.LATENESS, ["found", "within", "beyond"])

    def _again(self, reread: Reread, slot: Slot, now: datetime) -> Outgoing:
        asked = self._query_of(reread.stream)
        has_archive = asked is not None and may_ask_archive(self._services, asked.group.credential)
        route = gaps.route_of(reread.from_at, now=now, has_archive=has_archive)
        is_wanted = reread.is_free or self._services.settings.reread_across_midnight
        if asked is None or route is None or not is_wanted:
            self._stores.intervals.give_up(reread)
            return []
        if route is ReadBy.RECENT:
            span = (reread.from_at, reread.to_at)
            route = self._by(Need.REREAD, reread.stream, asked, span, is_free=reread.is_free)
        sweep = self._span(SweepKind.REREAD, reread.stream, reread.from_at, reread.to_at, asked.text, slot, now)
        return self._open(replace(sweep, route=route, credential=asked.group.credential, share_of=asked.group.share_of))

    def _query_of(self, stream_id: str) -> PackedQuery | None:
        """What the stream asks; one that is retired, for what is still followed of it. None: nothing, or too much."""
        stream = self._stores.streams.get_active(stream_id)
        if stream is not None:
            return PackedQuery(stream.query, stream.members, stream.group)
        retired = self._stores.streams.get(stream_id)
        searches = self._services.following.searches(retired.members) if retired else []
        return searches[0] if len(searches) == 1 else None

    def _fill(self, gap: Gap, slot: Slot, now: datetime) -> Outgoing:
        searches = self._services.following.searches(gap.members)
        if not searches:  # nobody follows any of it any more
            self._stores.gaps.end(gap.id, GapState.DROPPED, now=now)
            return []
        if len(searches) > 1:
            parts = [gaps.of_members(gap, [name.lower() for name in one.members], now=now) for one in searches]
            self._stores.gaps.replace(gap, parts, now=now)
            return []
        if searches[0].group.share_of in self._leave_gaps():  # its stream is another one by now
            self._stores.gaps.put(replace(gap, try_at=now + gaps.FIRST_RETRY))
            return []
        edge = now - gaps.RECENT_REACH
        has_archive = may_ask_archive(self._services, searches[0].group.credential)
        if not has_archive and gap.from_at < edge < gap.to_at:
            older, younger = gaps.divide(gap, edge)
            self._stores.gaps.replace(gap, [older, younger], now=now)
            self._stores.gaps.end(older.id, GapState.FINAL, now=now)
            gap = younger
        route = gap.route(now=now, has_archive=has_archive)
        if route is None:
            self._stores.gaps.end(gap.id, GapState.FINAL, now=now)
            return []
        if route is ReadBy.RECENT:
            route = self._by(Need.FILL, gap.stream, searches[0], (gap.from_at, gap.to_at))
        sweep = self._span(SweepKind.BACKFILL, gap.id, gap.from_at, gap.to_at, searches[0].text, slot, now)
        group = searches[0].group
        by = replace(sweep, route=route, run_id=gap.run_id, credential=group.credential, share_of=group.share_of)
        return self._open(by)

    def _by(
        self,
        need: Need,
        stream: str,
        asked: PackedQuery,
        span: tuple[datetime, datetime],
        *,
        is_free: bool = False,
    ) -> ReadBy:
        """By which search, of a span that the recent one reaches."""
        return search_by(
            self._services,
            need,
            stream=stream,
            members=len(asked.members),
            query=asked.text,
            credential=asked.group.credential,
            span=span,
            now=self._services.clock.now(),
            is_free=is_free,
        )

    def _span(
        self, kind: SweepKind, subject: str, from_at: datetime, to_at: datetime, query: str, slot: Slot, now: datetime
    ) -> Sweep:
        """The sweep of a span, in the lowest class."""
        until_id = snowflake.first_id_at(to_at)
        return Sweep(
            id=f"{kind}:{subject}:{slot.id.rpartition('@')[2]}",
            kind=kind,
            subject=subject,
            queue=Queue.BACKFILL,
            query=query,
            since_id=max(0, snowflake.first_id_at(from_at) - 1),
            until_id=until_id,
            from_at=from_at,
            to_at=to_at,
            known_id=until_id if kind is SweepKind.REREAD else 0,
            started_at=now,
        )

    def _open(self, sweep: Sweep) -> Outgoing:
        return [(SearchPage(sweep_id=sweep.id, page=0), sweep.queue)] if self._stores.sweeps.open(sweep) else []
