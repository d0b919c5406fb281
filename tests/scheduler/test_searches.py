"""What is searched, on real servers: what is new, what is read again, what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from scheduler.planner import BACKFILL, REREAD
from scheduler.reconciler import Reconciler
from shared.domain import snowflake
from shared.domain.coverage.gaps import GapReason, GapState, Unread
from shared.domain.coverage.intervals import Check, Interval
from shared.domain.coverage.streams import Stream, next_merge
from shared.domain.coverage.sweeps import ReadBy, Sweep, SweepKind, SweepStatus
from shared.domain.jobs import Job, Queue, SearchPage
from shared.domain.models import User
from shared.domain.sources import Source, SourceKind, Terms
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from tests.scheduler.slots import MINUTE, plan
from tests.workers.world import (
    Asked,
    ScriptedX,
    gaps_of,
    page,
    post,
    post_id,
    read_to_end,
    state_of,
    stored_ids,
    without_archive,
)
from workers.handlers.search import search_page

HOUR = timedelta(hours=1)


@pytest.fixture
def now(services: Services) -> datetime:
    """The time, to the millisecond, as ids and MongoDB have it."""
    present = services.clock.now()
    return present.replace(microsecond=present.microsecond // 1000 * 1000)


def follow(services: Services, *, since: datetime, run_id: str | None = None) -> Stream:
    """A stream of one account that begins then."""
    return services.following.follow(["alice"], since=since, now=services.clock.now(), run_id=run_id)[0]


def state_of_stream(services: Services, stream_id: str) -> Stream:
    """The stream as it is stored."""
    stream = services.stores.streams.get(stream_id)
    assert stream is not None
    return stream


def only(jobs: list[tuple[Job, str | None]]) -> tuple[SearchPage, str | None]:
    """The one job, which is of a search."""
    ((job, queue),) = jobs
    assert isinstance(job, SearchPage)
    return job, queue


def sweeps_of(services: Services, jobs: list[tuple[Job, str | None]]) -> list[Sweep]:
    """The sweeps that jobs read."""
    return [state_of(services, job.sweep_id) for job, _ in jobs if isinstance(job, SearchPage)]


def note(services: Services, stream: Stream, from_at: datetime, to_at: datetime) -> str:
    """A gap of the stream; answers its id."""
    coverage.note(services.stores, stream.id, stream.members, Unread(from_at, to_at, GapReason.PAGE_LOST), now=to_at)
    return next(gap.id for gap in services.stores.gaps.missing() if gap.from_at == from_at)


# --- what is new


def test_history_is_left_to_a_gap(services: Services, x: ScriptedX, now: datetime) -> None:
    """Of a stream that begins hours ago the first page is read, and the stream is up to date; what lies below waits as
    a gap, and is paid for by who asked.
    """
    x.script = lambda asked: page(post_id(60), post_id(600), token="t")
    stream = follow(services, since=now - 3 * HOUR, run_id="r")

    job, queue = only(plan(services, SEARCH, stream.id, now=now))
    ended = read_to_end(services, job.sweep_id)

    (gap,) = services.stores.gaps.missing()
    present = services.stores.streams.active()[0]
    assert (queue, ended.page) == (Queue.SEARCH, 1)
    assert (gap.from_at, gap.reason, gap.run_id) == (stream.began_at, GapReason.BEFORE_FOLLOWING, "r")
    assert gap.to_at == snowflake.created_at(post_id(600)) + timedelta(milliseconds=1)
    assert (present.cursor_id, present.covered_through) == (post_id(60), ended.through_at)


def test_a_stream_that_fell_behind_goes_on_from_now(services: Services, x: ScriptedX, now: datetime) -> None:
    """After days without a scheduler; it counts as behind for as long as X does not answer."""
    x.script = lambda asked: page(post_id(60), token="t")
    stream, behind = follow(services, since=now - timedelta(days=6)), now - timedelta(days=5)
    services.stores.streams.sweep_completed(stream.id, sweep_id="old", newest_id=None, through_at=behind)

    job, _ = only(plan(services, SEARCH, stream.id, now=now))
    waiting = services.stores.streams.active()[0]
    read_to_end(services, job.sweep_id)

    (gap,) = gaps_of(services)
    assert waiting.covered_through == behind
    assert (gap.from_at, gap.reason) == (behind, GapReason.FELL_BEHIND)
    assert now - services.stores.streams.active()[0].covered_through < MINUTE


def test_joined_streams_that_nobody_reads_fell_behind(services: Services, x: ScriptedX, now: datetime) -> None:
    """The scheduler went away right after it had joined them: what they miss is no history that somebody asked for."""
    x.script = lambda asked: page(post_id(60), token="t")
    behind = now - timedelta(days=5)
    for name in ("alice", "bob"):
        services.following.follow([name], since=behind - HOUR, now=now)
    for stream in services.stores.streams.active():
        services.stores.streams.sweep_completed(stream.id, sweep_id="old", newest_id=None, through_at=behind)
    merge = next_merge(services.stores.streams.active(), services.following.fitting())
    assert merge is not None
    joined = services.following.join(merge, now=now)
    assert joined is not None

    job, _ = only(plan(services, SEARCH, joined.id, now=now))
    read_to_end(services, job.sweep_id)

    (gap,) = services.stores.gaps.missing()
    assert (gap.from_at, gap.reason, gap.members) == (behind, GapReason.FELL_BEHIND, ("alice", "bob"))


def test_a_sweep_reads_the_margin_again(services: Services, x: ScriptedX, now: datetime) -> None:
    """The second sweep begins the margin behind what is covered; a post that turns up there is counted as late."""
    x.script = lambda asked: page(post_id(5))
    stream = follow(services, since=now - 10 * MINUTE)
    first, _ = only(plan(services, SEARCH, stream.id, now=now))
    read_to_end(services, first.sweep_id)
    covered = services.stores.streams.active()[0].covered_through
    late = snowflake.first_id_at(covered - timedelta(seconds=2)) + 7
    services.stores.state.set("margin", 8.0)

    second, _ = only(plan(services, SEARCH, stream.id, now=now + MINUTE))
    x.script = lambda asked: page(late)
    ended = read_to_end(services, second.sweep_id)

    assert ended.since_id <= snowflake.first_id_at(covered - timedelta(seconds=8))
    assert (ended.posts_new, ended.posts_late) == (1, 1)
    assert services.stores.state.get(coverage.LATENESS) == {"found": 2, "within": 1}


def test_the_first_sweep_of_joined_streams_begins_where_they_are_covered(
    services: Services, x: ScriptedX, now: datetime
) -> None:
    """X showed both streams posts that are younger than what they cover whole; joined, they are asked from there on."""
    of = []
    for name in ("alice", "bob"):
        (stream,) = services.following.follow([name], since=now - 10 * MINUTE, now=now)
        x.script = lambda asked: page(snowflake.first_id_at(services.clock.now()))
        job, _ = only(plan(services, SEARCH, stream.id, now=now))
        read_to_end(services, job.sweep_id)
        of.append(state_of_stream(services, stream.id))
    merge = next_merge(of, lambda members: True)
    assert merge is not None
    assert snowflake.created_at(merge.cursor_id) > merge.covered_through
    joined = services.following.join(merge, now=now)
    assert joined is not None

    job, _ = only(plan(services, SEARCH, joined.id, now=now + MINUTE))

    assert state_of(services, job.sweep_id).since_id < snowflake.first_id_at(merge.covered_through)


# --- what was read, once more


def read_then(services: Services, stream: Stream, from_at: datetime, to_at: datetime, name: str = "i") -> Interval:
    """A span that was read when it ended."""
    interval = Interval(id=name, stream=stream.id, from_at=from_at, to_at=to_at, route=ReadBy.RECENT, read_at=to_at)
    services.stores.intervals.add(interval)
    return interval


def reread_of(services: Services, x: ScriptedX, now: datetime) -> tuple[Stream, list[Interval]]:
    """Two spans of a stream that are old enough to be read again on their own day."""
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    stream = follow(services, since=noon - 2 * HOUR)
    begin = noon - 2 * HOUR
    return stream, [
        read_then(services, stream, begin + n * HOUR / 2, begin + (n + 1) * HOUR / 2, f"i{n}") for n in (0, 1)
    ]


def test_what_came_late_is_found_and_the_span_verified(services: Services, x: ScriptedX, now: datetime) -> None:
    """One bounded search of both spans; one verified interval takes their place, with what was late."""
    stream, spans = reread_of(services, x, now)
    late = snowflake.first_id_at(spans[0].from_at + MINUTE) + 1
    x.script = lambda asked: page(late)

    job, queue = only(plan(services, REREAD, now=spans[1].to_at + HOUR))
    ended = read_to_end(services, job.sweep_id)

    (whole,) = services.stores.intervals.of([stream.id])
    assert queue == Queue.BACKFILL
    assert (int(x.asked[-1].params["since_id"]), int(x.asked[-1].params["until_id"])) == (
        snowflake.first_id_at(spans[0].from_at) - 1,
        snowflake.first_id_at(spans[1].to_at),
    )
    assert (whole.from_at, whole.to_at, whole.late, whole.check) == (
        spans[0].from_at, spans[1].to_at, 1, Check.VERIFIED,
    )  # fmt: skip
    assert (ended.kind, stored_ids(services)) == (SweepKind.REREAD, {late})
    assert services.stores.state.get(coverage.LATENESS) == {"found": 1, "beyond": 1}
    assert services.stores.streams.active()[0].cursor_id == stream.cursor_id
    assert plan(services, REREAD, now=spans[1].to_at + HOUR) == []


def test_what_came_late_is_found_of_who_left_the_stream(services: Services, x: ScriptedX, now: datetime) -> None:
    """Another stream carries the account since: what waits to be read again is so by its query too."""
    began = now - 2 * HOUR
    (stream,) = services.following.follow(["alice", "bob"], since=began, now=now)
    end = began + HOUR
    read_then(services, stream, began, end, "w")
    services.stores.streams.sweep_completed(stream.id, sweep_id="w", newest_id=None, through_at=end)
    source = Source(id="often", name="o", kind=SourceKind.ACCOUNTS, accounts=("bob",), interval_seconds=30)
    assert services.stores.sources.add(source, now=now)
    services.following.keep_in_step(before=now + HOUR, now=now)
    (other,) = services.stores.streams.with_members(["bob"])

    sweeps = {sweep.subject: sweep for sweep in sweeps_of(services, plan(services, REREAD, now))}

    assert other.id != stream.id
    assert {sweep.query for sweep in sweeps.values()} == {
        "(@alice OR to:alice OR from:alice) -is:retweet",
        "(@bob OR to:bob OR from:bob) -is:retweet",
    }
    assert {(sweep.from_at, sweep.to_at) for sweep in sweeps.values()} == {(began, end)}


@pytest.mark.parametrize("is_bought", [True, False])
def test_what_is_no_longer_free_is_bought_or_left(
    services: Services, x: ScriptedX, now: datetime, is_bought: bool
) -> None:
    """After midnight the settings decide; what is left is shown as not verified."""
    stream, spans = reread_of(services, x, now)
    chosen = replace(services, settings=services.settings.model_copy(update={"reread_across_midnight": is_bought}))

    jobs = plan(chosen, REREAD, now=spans[1].to_at + timedelta(days=1))

    checks = {one.check for one in services.stores.intervals.of([stream.id])}
    assert (len(jobs), checks) == ((1, {Check.WAITING}) if is_bought else (0, {Check.NOT_VERIFIED}))


# --- what is missing


def test_a_gap_is_filled_in_the_lowest_class(services: Services, x: ScriptedX, now: datetime) -> None:
    """One bounded search, in pages; the gap is gone from the list and its time counts as read."""
    stream = follow(services, since=now)
    gap_id = note(services, stream, now - 3 * HOUR, now - 2 * HOUR)
    inside = [snowflake.first_id_at(now - 3 * HOUR + n * MINUTE) + 1 for n in (50, 20)]
    x.script = lambda asked: page(inside[1]) if "next_token" in asked.params else page(inside[0], token="t")

    job, queue = only(plan(services, BACKFILL, now=now))
    assert plan(services, BACKFILL, now=now + MINUTE) == []  # it is under way
    ended = read_to_end(services, job.sweep_id)

    gap = services.stores.gaps.get(gap_id)
    assert gap is not None
    (interval,) = services.stores.intervals.of([stream.id])
    assert (queue, ended.kind, ended.page) == (Queue.BACKFILL, SweepKind.BACKFILL, 2)
    assert (interval.from_at, interval.to_at, interval.posts) == (gap.from_at, gap.to_at, 2)
    assert interval.members == ("alice",)
    assert (gap.state, gaps_of(services), stored_ids(services)) == (GapState.FILLED, [], set(inside))
    assert services.stores.streams.active()[0] == stream


def test_what_was_young_when_it_was_read_is_read_again_however_long_the_rest_took(
    make_services: Callable[..., Services], x: ScriptedX
) -> None:
    """The newest page was asked for an hour before the last one: what X shows later of it has not been seen."""
    services = make_services(x.url, reread_after_seconds=1_800.0)
    now = services.clock.now().replace(microsecond=0)
    stream = follow(services, since=now)
    note(services, stream, now - 2 * HOUR, now)
    inside = [snowflake.first_id_at(now - minutes * MINUTE) + 1 for minutes in (10, 100)]
    x.script = lambda asked: page(inside[1]) if "next_token" in asked.params else page(inside[0], token="t")
    job, _ = only(plan(services, BACKFILL, now=now))
    search_page(services, job)
    sweep = state_of(services, job.sweep_id)
    assert sweep.through_at is not None
    an_hour_ago = {"through_at": sweep.through_at - HOUR}  # as if the next page had waited since
    services.stores.db["X_sweeps"].update_one({"_id": sweep.id}, {"$set": an_hour_ago})

    read_to_end(services, job.sweep_id)

    verified, waiting = services.stores.intervals.of([stream.id])
    assert (verified.check, waiting.check) == (Check.VERIFIED, Check.WAITING)
    assert verified.to_at == waiting.from_at == an_hour_ago["through_at"] - HOUR / 2
    assert (verified.from_at, waiting.to_at) == (now - 2 * HOUR, now)


def test_only_a_few_gaps_are_filled_at_a_time(services: Services, now: datetime) -> None:
    """The newest first; the next one when there is room."""
    stream = follow(services, since=now)
    ids = [note(services, stream, now - (n + 1) * HOUR, now - n * HOUR) for n in range(1, 6)]
    chosen = replace(services, settings=services.settings.model_copy(update={"backfill_sweeps": 2}))

    first = [
        state_of(services, one.sweep_id) for one, _ in plan(chosen, BACKFILL, now=now) if isinstance(one, SearchPage)
    ]
    services.stores.sweeps.abandon(first[0], now=now)
    services.stores.gaps.end(first[0].subject, GapState.FILLED, now=now)
    then = [
        state_of(services, one.sweep_id)
        for one, _ in plan(chosen, BACKFILL, now=now + MINUTE)
        if isinstance(one, SearchPage)
    ]

    assert {sweep.subject for sweep in first} == set(ids[:2])
    assert [sweep.subject for sweep in then] == ids[2:3]


def test_what_no_search_reaches_is_final(services: Services, now: datetime) -> None:
    """Of a gap across the border of seven days the younger part is filled; the plan has no archive."""
    without_archive(services)
    stream = follow(services, since=now)
    note(services, stream, now - timedelta(days=9), now - timedelta(days=5))

    job, _ = only(plan(services, BACKFILL, now=now))

    older, younger = services.stores.gaps.missing()
    assert younger.id == state_of(services, job.sweep_id).subject
    assert (older.state, older.from_at, older.to_at) == (GapState.FINAL, now - timedelta(days=9), younger.from_at)
    assert (younger.state, younger.to_at) == (GapState.OPEN, now - timedelta(days=5))
    assert plan(services, BACKFILL, now=now) == []
    assert timedelta(0) < younger.from_at - (now - timedelta(days=7)) < HOUR


def test_a_gap_is_given_back_by_an_archive_that_the_plan_lacks(services: Services, x: ScriptedX, now: datetime) -> None:
    """Nothing is known of the plan, so the archive is asked once; after its 403 what is too old is final."""
    stream = follow(services, since=now)
    gap_id = note(services, stream, now - timedelta(days=9), now - timedelta(days=8))
    x.script = lambda asked: (403, {"title": "Client Forbidden", "reason": "client-not-enrolled"})

    job, _ = only(plan(services, BACKFILL, now=now))
    asked = state_of(services, job.sweep_id)
    search_page(services, SearchPage(sweep_id=job.sweep_id, page=0))

    (before,) = services.stores.gaps.missing()
    assert (asked.route, state_of(services, job.sweep_id).status) == (ReadBy.ALL, SweepStatus.ABANDONED)
    assert (before.id, before.state) == (gap_id, GapState.OPEN)
    assert not services.has_archive
    assert plan(services, BACKFILL, now=now + timedelta(hours=2)) == []
    (after,) = services.stores.gaps.missing()
    assert after.state is GapState.FINAL
    assert [one.path for one in x.asked] == ["/2/tweets/search/all"]


def test_a_gap_is_filled_from_the_archive(services: Services, x: ScriptedX, now: datetime) -> None:
    """Across the border of seven days in one sweep; where the app itself may not ask there is no archive."""
    stream = follow(services, since=now)
    note(services, stream, now - timedelta(days=9), now - timedelta(days=5))
    x.script = lambda asked: page(post_id(8 * 86_400))

    job, _ = only(plan(services, BACKFILL, now=now))
    ended = read_to_end(services, job.sweep_id)

    assert (ended.route, ended.is_complete) == (ReadBy.ALL, True)
    assert services.stores.gaps.missing() == []
    assert stored_ids(services) == {post_id(8 * 86_400)}
    assert services.plan.capabilities().has("search/all", now) is True


def test_a_gap_of_nobody_is_dropped(services: Services, now: datetime) -> None:
    """Who is followed no longer is not asked for, and costs nothing."""
    stream = follow(services, since=now)
    gap_id = note(services, stream, now - 3 * HOUR, now - 2 * HOUR)
    services.following.unfollow(["alice"], now=now)

    assert plan(services, BACKFILL, now=now) == []

    gap = services.stores.gaps.get(gap_id)
    assert gap is not None
    assert gap.state is GapState.DROPPED


def lost(services: Services, sweep: Sweep, now: datetime) -> None:
    """The sweep's page is given up, as after too many nudges."""
    Reconciler(services)._abandon(state_of(services, sweep.id), now)  # what a dead letter leads to


def test_a_lost_page_keeps_what_was_read_above_it(services: Services, x: ScriptedX, now: datetime) -> None:
    """The stream goes on from there, what lies below is a gap, and the gap is filled by itself."""
    newest, middle = post_id(60), post_id(300)
    x.script = lambda asked: page(newest, middle, token="t")
    stream = follow(services, since=now - 50 * MINUTE)
    job, _ = only(plan(services, SEARCH, stream.id, now=now))
    search_page(services, job)

    lost(services, state_of(services, job.sweep_id), now)

    present = services.stores.streams.active()[0]
    (gap,) = gaps_of(services)
    (interval,) = services.stores.intervals.of([stream.id])
    assert state_of(services, job.sweep_id).status is SweepStatus.ABANDONED
    assert present.cursor_id == newest
    assert (gap.from_at, gap.reason) == (stream.began_at, GapReason.PAGE_LOST)
    assert gap.to_at == snowflake.created_at(middle) + timedelta(milliseconds=1)
    assert (interval.from_at, interval.to_at) == (gap.to_at, present.covered_through)


def test_a_gap_that_paging_never_fills_stays(services: Services, x: ScriptedX, now: datetime) -> None:
    """Where each try ends as the one before, what is left is told anew each time, and never as filled."""
    x.script = lambda asked: page(token=f"t{len(x.asked)}")
    stream = follow(services, since=now)
    note(services, stream, now - 3 * HOUR, now - 2 * HOUR)

    for tries in range(1, 4):
        job, _ = only(plan(services, BACKFILL, now=now + tries * timedelta(days=1)))
        assert read_to_end(services, job.sweep_id).stuck

        (left,) = services.stores.gaps.missing()
        assert (left.from_at, left.to_at) == (now - 3 * HOUR, now - 2 * HOUR)
        assert (left.reason, left.state, left.attempts) == (GapReason.PAGING_STUCK, GapState.OPEN, tries)


def test_a_lost_page_of_a_gap_leaves_the_rest_for_later(services: Services, x: ScriptedX, now: datetime) -> None:
    """What was read counts; what is left is tried again after a while, longer each time."""
    stream = follow(services, since=now)
    note(services, stream, now - 3 * HOUR, now - 2 * HOUR)
    middle = snowflake.first_id_at(now - 3 * HOUR + 30 * MINUTE)
    x.script = lambda asked: page(middle, token="t")
    job, _ = only(plan(services, BACKFILL, now=now))
    search_page(services, job)

    lost(services, state_of(services, job.sweep_id), now)

    (left,) = services.stores.gaps.missing()
    assert (left.from_at, left.to_at) == (now - 3 * HOUR, snowflake.created_at(middle) + timedelta(milliseconds=1))
    assert (left.attempts, left.state) == (1, GapState.OPEN)
    assert plan(services, BACKFILL, now=now) == []
    again, _ = only(plan(services, BACKFILL, now=left.try_at))
    lost(services, state_of(services, again.sweep_id), left.try_at)
    (after,) = services.stores.gaps.missing()
    assert after.try_at - left.try_at > left.try_at - now


def test_a_sweep_that_is_too_long_hands_over_the_rest(services: Services, x: ScriptedX, now: datetime) -> None:
    """After twenty pages what is new comes first again; nothing is missing but what is noted."""
    stream = follow(services, since=now - 50 * MINUTE)
    ids = [snowflake.first_id_at(now - n * MINUTE) + 1 for n in range(1, 45)]

    def answer(asked: Asked) -> tuple[int, object]:
        number = int(asked.params.get("next_token", "0"))
        return page(ids[number], token=str(number + 1))

    x.script = answer
    job, _ = only(plan(services, SEARCH, stream.id, now=now))
    ended = read_to_end(services, job.sweep_id)

    (gap,) = gaps_of(services)
    assert (ended.page, ended.status, len(stored_ids(services))) == (20, SweepStatus.COMPLETE, 20)
    assert (gap.reason, gap.from_at) == (GapReason.TOO_LONG, stream.began_at)
    assert gap.to_at == snowflake.created_at(ids[19]) + timedelta(milliseconds=1)
    assert services.stores.streams.active()[0].cursor_id == ids[0]


def test_what_an_urgent_source_asks_for_is_filled_first(services: Services, x: ScriptedX, now: datetime) -> None:
    """A gap is as urgent as the most urgent of the sources that its members are for."""
    services.stores.sources.add(
        Source(id="crisis", name="Crisis", kind=SourceKind.ACCOUNTS, accounts=("alice",), priority=95), now=now
    )
    stream = services.following.follow(["alice"], since=now - 3 * HOUR, now=now, source="crisis")[0]
    x.script = lambda asked: page(post_id(60), token="t")
    job, _ = only(plan(services, SEARCH, stream.id, now=now))

    read_to_end(services, job.sweep_id)

    (gap,) = services.stores.gaps.missing()
    assert gap.priority == 95


def test_a_final_gap_is_tried_again_when_the_archive_may_be_asked(services: Services, now: datetime) -> None:
    """A plan without it leaves the gap final; with it, it is asked for from there."""
    stream = follow(services, since=now)
    gap_id = note(services, stream, now - timedelta(days=20), now - timedelta(days=19))
    without_archive(services)
    assert plan(services, BACKFILL, now=now) == []
    final = services.stores.gaps.get(gap_id)
    services.stores.state.drop("capabilities", ["search/all"])
    services.plan.capabilities()

    job, _ = only(plan(services, BACKFILL, now=now + MINUTE))

    sweep = state_of(services, job.sweep_id)
    assert final is not None
    assert (final.state, sweep.subject, sweep.route) == (GapState.FINAL, gap_id, ReadBy.ALL)


def test_what_was_hidden_concerns_whoever_asks_for_it(services: Services, x: ScriptedX, now: datetime) -> None:
    """Its account was hidden from the searches of others too, which are past it: the gap is read for all of them."""
    follow(services, since=now)
    services.stores.handles.learn([User(id=7, username="alice")], now=now)
    floods = Source(id="floods", name="f", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)))
    services.stores.sources.add(floods, now=now)
    coverage.can_be_seen_again(services.stores, "alice", since=now - 2 * HOUR, now=now - HOUR)
    hidden = post_id(90 * 60)
    x.script = lambda asked: (200, {"data": [post(hidden, text="a flood")], "meta": {"result_count": 1}})

    job, _ = only(plan(services, BACKFILL, now=now))
    read_to_end(services, job.sweep_id)

    stored = services.stores.posts.get(hidden)
    assert stored is not None
    assert ("+floods", "term") in {(one["member"], one["why"]) for one in stored["concerns"]}
