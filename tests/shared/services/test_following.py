"""What is followed: handles, streams and schedules in step, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.coverage.gaps import GapReason, Unread
from shared.domain.coverage.streams import Stream, next_merge
from shared.domain.errors import InputError
from shared.domain.snowflake import first_id_at
from shared.domain.sources import TRACKED, Source, SourceKind, Terms
from shared.services import coverage
from shared.services.following import SEARCH, Following
from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.shared.stores.dying import Crash, dying

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=30)
MINUTE = timedelta(minutes=1)
NAMES = [f"account_{number:02}" for number in range(25)]


@pytest.fixture
def stores(mongo_db: Db) -> Stores:
    """All stores on an empty database."""
    return Stores.on(mongo_db)


def following_on(stores: Stores, *, dies_after: int | None = None, query_max_length: int = 512) -> Following:
    """A process that changes what is followed; with `dies_after` it ends after so many writes."""
    if dies_after is not None:
        stores = dying(stores, dies_after)
    return Following(stores, query_max_length=query_max_length, search_interval_seconds=60.0)


def survives(action: Callable[[Following], object], following: Following) -> bool:
    """Whether the process outlives the action."""
    try:
        action(following)
    except Crash:
        return False
    return True


def carried(stores: Stores) -> set[str]:
    """Handles that an active stream carries."""
    return {handle for stream in stores.streams.active() for handle in stream.members}


def tracked(stores: Stores) -> set[str]:
    """Handles that count as followed."""
    return {document["_id"] for document in stores.handles.all(active_only=True)}


def scheduled(stores: Stores) -> set[str]:
    """Streams that have a schedule."""
    return {schedule.subject for schedule in stores.schedules.all() if schedule.kind == SEARCH}


def assert_in_step(stores: Stores, followed: set[str]) -> None:
    """The handles, the streams and the schedules say the same."""
    assert tracked(stores) == carried(stores) == followed
    assert scheduled(stores) == {stream.id for stream in stores.streams.active()}


def reconcile(stores: Stores, *, later: timedelta = MINUTE) -> None:
    """What the scheduler does every minute about schedules, and about streams that are out of step."""
    following = following_on(stores)
    following.keep_in_step(before=NOW + later, now=NOW + later)
    following.schedule(stores.streams.active(), now=NOW)
    following.drop_schedules()


def swept(stores: Stores) -> None:
    """Every stream has completed a sweep."""
    for number, stream in enumerate(stores.streams.active()):
        newest_id = first_id_at(NOW) + number
        stores.streams.sweep_completed(stream.id, sweep_id=f"w-{stream.id}", newest_id=newest_id, through_at=NOW)


def test_following_packs_handles_into_few_streams(stores: Stores) -> None:
    """Every handle is in one stream whose query names it; the cursor lies just below the first id that can matter."""
    streams = following_on(stores).follow([name.upper() for name in NAMES], since=SINCE, now=NOW)

    assert len(streams) < len(NAMES) / 4
    assert sorted(handle for stream in streams for handle in stream.members) == NAMES
    assert all(len(stream.query) <= 512 for stream in streams)
    assert all(f"from:{handle}" in stream.query for stream in streams for handle in stream.members)
    for stream in stores.streams.active():
        assert (stream.began_at, stream.covered_through, stream.cursor_id) == (SINCE, SINCE, first_id_at(SINCE) - 1)
    assert_in_step(stores, set(NAMES))


def test_first_runs_are_spread_over_one_interval(stores: Stores) -> None:
    """The first at once, the last before the interval is over: no burst."""
    streams = following_on(stores).follow(NAMES, since=SINCE, now=NOW)

    due = sorted(schedule.next_due_at for schedule in stores.schedules.all())

    assert due[0] == NOW
    assert due[-1] < NOW + MINUTE
    assert len(set(due)) == len(streams)


def test_a_handle_that_a_stream_carries_gets_no_second_one(stores: Stores) -> None:
    """Following again, in any case, adds only what is new."""
    following_on(stores).follow(["nasa", "esa"], since=SINCE, now=NOW)

    streams = following_on(stores).follow(["NASA", "jaxa"], since=NOW, now=NOW)

    assert [stream.members for stream in streams] == [("jaxa",)]
    assert_in_step(stores, {"nasa", "esa", "jaxa"})


def test_a_handle_that_fits_no_query_changes_nothing(stores: Stores) -> None:
    """The error comes before anything is written."""
    with pytest.raises(InputError, match="does not fit"):
        following_on(stores, query_max_length=64).follow(["a", "fifteen_letters"], since=SINCE, now=NOW)

    assert_in_step(stores, set())


def test_unfollowing_narrows_or_retires(stores: Stores) -> None:
    """Who shared a stream with the handle stays, from the same cursor; an empty stream is retired, its data stays."""
    (shared_stream,) = following_on(stores).follow(["nasa", "esa", "jaxa"], since=SINCE, now=NOW)
    (alone,) = following_on(stores).follow(["isro"], since=SINCE, now=NOW)

    following_on(stores).unfollow(["ISRO", "Esa"], now=NOW)

    rest = stores.streams.get(shared_stream.id)
    assert rest is not None
    assert (rest.members, rest.cursor_id) == (("jaxa", "nasa"), shared_stream.cursor_id)
    assert "esa" not in rest.query
    assert stores.streams.get(alone.id) is not None
    assert_in_step(stores, {"nasa", "jaxa"})


def test_followed_again_a_handle_begins_anew(stores: Stores) -> None:
    """The retired stream does not carry it; a new one does, from the new begin."""
    following_on(stores).follow(["nasa"], since=SINCE, now=NOW)
    following_on(stores).unfollow(["nasa"], now=NOW)

    (stream,) = following_on(stores).follow(["nasa"], since=NOW, now=NOW)

    assert stream.began_at == NOW
    assert_in_step(stores, {"nasa"})


def merge_of(stores: Stores) -> Any:
    """The next pair of streams to join."""
    merge = next_merge(stores.streams.active(), following_on(stores).fitting())
    assert merge is not None
    return merge


def test_joined_streams_are_one_from_the_older_cursor(stores: Stores) -> None:
    """Handles of both, the smaller cursor; what is missing of one stays noted, one schedule; the parts are retired."""
    (first,) = following_on(stores).follow(["nasa"], since=SINCE, now=NOW)
    following_on(stores).follow(["esa"], since=SINCE, now=NOW)
    unread = Unread(SINCE, NOW, GapReason.PAGING_STUCK)
    coverage.note(stores, first.id, first.members, unread, now=NOW)
    swept(stores)
    cursors = [stream.cursor_id for stream in stores.streams.active()]

    joined = following_on(stores).join(merge_of(stores), now=NOW)

    (stream,) = stores.streams.active()
    assert stream == joined
    assert sorted(stream.members) == ["esa", "nasa"]
    assert (stream.cursor_id, stream.covered_through, stream.began_at) == (min(cursors), NOW, NOW)
    assert [(gap.stream, gap.members) for gap in stores.gaps.missing()] == [(first.id, ("nasa",))]
    assert_in_step(stores, {"nasa", "esa"})


def test_only_what_fits_one_query_fits(stores: Stores) -> None:
    """Up to the length of the plan."""
    assert following_on(stores).fitting()(NAMES[:5])
    assert not following_on(stores).fitting()(NAMES)
    assert following_on(stores, query_max_length=4096).fitting()(NAMES)


@pytest.mark.parametrize("writes", range(8))
def test_a_crash_while_following_loses_no_handle(stores: Stores, writes: int) -> None:
    """Whoever counts as followed is read from where it was asked for, once the scheduler has looked; none twice."""
    following_on(stores).follow(["nasa"], since=SINCE, now=NOW)
    names = NAMES[:12]

    survived = survives(lambda f: f.follow(names, since=SINCE, now=NOW), following_on(stores, dies_after=writes))
    reconcile(stores)
    assert tracked(stores) == carried(stores)
    assert all(stream.began_at == SINCE for stream in stores.streams.active())
    assert scheduled(stores) == {stream.id for stream in stores.streams.active()}

    again = [name for name in names if name not in stores.handles.active_among(names)]
    following_on(stores).follow(again, since=SINCE, now=NOW)
    assert_in_step(stores, {"nasa", *names})
    handles = [handle for stream in stores.streams.active() for handle in stream.members]
    assert len(handles) == len(set(handles))
    assert survived == (writes >= 4)


@pytest.mark.parametrize("writes", range(6))
def test_a_crash_while_unfollowing_touches_nobody_else(stores: Stores, writes: int) -> None:
    """Who stays is read on from the same cursor; asking again finishes it."""
    (before,) = following_on(stores).follow(["nasa", "esa"], since=SINCE, now=NOW)
    following_on(stores).follow(["jaxa"], since=SINCE, now=NOW)

    survived = survives(lambda f: f.unfollow(["esa", "jaxa"], now=NOW), following_on(stores, dies_after=writes))
    assert "nasa" in carried(stores)
    assert "nasa" in tracked(stores)
    reconcile(stores)

    following_on(stores).unfollow(["esa", "jaxa"], now=NOW)
    assert_in_step(stores, {"nasa"})
    assert stores.streams.active()[0].cursor_id == before.cursor_id
    assert survived == (writes >= 4)


@pytest.mark.parametrize("writes", range(5))
def test_a_crash_while_joining_reads_twice_and_misses_nothing(stores: Stores, writes: int) -> None:
    """At every step each handle is read from its cursor or an older one; later rounds leave one stream of it again."""
    for name in ("nasa", "esa"):
        following_on(stores).follow([name], since=SINCE, now=NOW)
    swept(stores)
    oldest = {handle: stream.cursor_id for stream in stores.streams.active() for handle in stream.members}
    merge = merge_of(stores)

    survived = survives(lambda f: f.join(merge, now=NOW), following_on(stores, dies_after=writes))

    def readers(handle: str) -> list[Stream]:
        return stores.streams.with_members([handle])

    for handle, cursor_id in oldest.items():
        assert min(stream.cursor_id for stream in readers(handle)) <= cursor_id
    for _ in range(4):
        reconcile(stores)
        swept(stores)
        if (later := next_merge(stores.streams.active(), following_on(stores).fitting())) is not None:
            following_on(stores).join(later, now=NOW)
    assert len(stores.streams.active()) == 1
    assert sorted(stores.streams.active()[0].members) == ["esa", "nasa"]
    assert_in_step(stores, {"nasa", "esa"})
    assert survived == (writes >= 4)


# --- reading further back


def complete(stores: Stores, stream: Stream) -> None:
    """A sweep of the stream is complete, up to NOW."""
    stores.streams.sweep_completed(stream.id, sweep_id=f"w-{stream.id}", newest_id=None, through_at=NOW)


def test_reading_back_opens_a_stream_beside_the_one_there_is(stores: Stores) -> None:
    """It begins at the moment asked for, with a schedule; the other one, its cursor and its coverage are untouched."""
    following = following_on(stores)
    (before,) = following.follow(["alice", "bob"], since=NOW, now=NOW)

    assert following.read_back(["Alice"], since=SINCE, now=NOW) == ["alice"]

    (beside,) = [stream for stream in stores.streams.active() if stream.id != before.id]
    assert (beside.members, beside.began_at, beside.covered_through) == (("alice",), SINCE, SINCE)
    assert beside.cursor_id == first_id_at(SINCE) - 1
    assert stores.streams.get(before.id) == before
    assert {schedule.subject for schedule in stores.schedules.all()} == {before.id, beside.id}


def test_what_was_read_or_is_being_read_is_not_read_again(stores: Stores) -> None:
    """Neither what is read from then on, nor a gap, which is filled in any case; an earlier time is read."""
    following = following_on(stores)
    (stream,) = following.follow(["alice"], since=SINCE, now=NOW)

    assert following.read_back(["alice"], since=SINCE + MINUTE, now=NOW) == []
    unread = Unread(SINCE + MINUTE, SINCE + 2 * MINUTE, GapReason.PAGING_STUCK)
    coverage.note(stores, stream.id, ["alice"], unread, now=NOW)
    assert following.not_read_since(["alice"], since=SINCE - MINUTE) == ["alice"]
    assert following.read_back(["alice"], since=SINCE, now=NOW) == []
    assert following.read_back(["alice"], since=SINCE - MINUTE, now=NOW) == ["alice"]
    assert following.read_back(["alice"], since=SINCE - MINUTE, now=NOW) == []


def test_a_stream_that_has_read_back_is_joined_with_its_own(stores: Stores) -> None:
    """Beside full streams and small ones, each handle is in one stream again when all have come as far."""
    following = following_on(stores)
    following.follow(NAMES, since=NOW, now=NOW)
    following.follow(["zoe"], since=NOW, now=NOW)
    following.read_back([NAMES[0], NAMES[-1]], since=SINCE, now=NOW)
    for stream in stores.streams.active():
        complete(stores, stream)

    while (merge := next_merge(stores.streams.active(), following.fitting())) is not None:
        following.join(merge, now=NOW)

    carried = [name for stream in stores.streams.active() for name in stream.members]
    assert sorted(carried) == sorted([*NAMES, "zoe"])


def source_of_accounts(stores: Stores, name: str, *accounts: str, interval_seconds: int | None = None) -> None:
    """A source that asks for accounts, as a person added it a while ago."""
    source = Source(id=name, name=name, kind=SourceKind.ACCOUNTS, accounts=accounts, interval_seconds=interval_seconds)
    assert stores.sources.add(source, now=NOW)


def intervals(stores: Stores) -> dict[tuple[str, ...], float]:
    """What each active stream carries, with the interval of its schedule in seconds."""
    seconds = {one.subject: one.interval.total_seconds() for one in stores.schedules.all() if one.kind == SEARCH}
    return {tuple(sorted(stream.members)): seconds[stream.id] for stream in stores.streams.active()}


def test_members_that_are_asked_for_as_often_share_a_stream(stores: Stores) -> None:
    """Each stream is read at the interval of its group; who is asked for twice is carried once, at the shorter one."""
    source_of_accounts(stores, "daily", "nasa", "esa", interval_seconds=86_400)
    source_of_accounts(stores, "hourly", "esa", "jaxa", interval_seconds=3_600)
    source_of_accounts(stores, "as-the-settings-say", "isro")

    reconcile(stores)
    assert intervals(stores) == {}  # somebody may be about to begin them
    reconcile(stores, later=2 * MINUTE)

    assert intervals(stores) == {("nasa",): 86_400.0, ("esa", "jaxa"): 3_600.0, ("isro",): 60.0}
    source_of_accounts(stores, "hourly-too", "cnes", interval_seconds=3_600)
    following_on(stores).follow(["cnes"], since=SINCE, now=NOW, source="hourly-too")
    swept(stores)
    merge = next_merge(stores.streams.active(), following_on(stores).fitting())
    assert merge is not None
    following_on(stores).join(merge, now=NOW)
    assert intervals(stores) == {("nasa",): 86_400.0, ("cnes", "esa", "jaxa"): 3_600.0, ("isro",): 60.0}
    assert next_merge(stores.streams.active(), following_on(stores).fitting()) is None


def test_who_is_asked_for_more_often_leaves_with_the_cursor(stores: Stores) -> None:
    """The stream that it leaves goes on; the other one begins where that is covered."""
    source_of_accounts(stores, "daily", "nasa", "esa", interval_seconds=86_400)
    following_on(stores).follow(["nasa", "esa"], since=SINCE, now=NOW, source="daily")
    swept(stores)
    (before,) = stores.streams.active()
    source_of_accounts(stores, "hourly", "esa", interval_seconds=3_600)

    reconcile(stores)

    assert intervals(stores) == {("nasa",): 86_400.0, ("esa",): 3_600.0}
    (after,) = stores.streams.with_members(["esa"])
    assert (after.cursor_id, after.began_at) == (before.cursor_id, before.covered_through)
    (left,) = [stream.left for stream in stores.streams.with_members(["nasa"])]
    assert [one.member for one in left] == ["esa"]


def test_a_source_that_wants_all_of_it_less_often_keeps_the_stream(stores: Stores) -> None:
    """Its schedule changes, nothing else."""
    source_of_accounts(stores, "hourly", "nasa", "esa", interval_seconds=3_600)
    (stream,) = following_on(stores).follow(["nasa", "esa"], since=SINCE, now=NOW, source="hourly")
    read = stores.sources.get("hourly")
    assert read is not None
    assert stores.sources.put(read, replace(read, interval_seconds=7_200), now=NOW)

    reconcile(stores)

    assert intervals(stores) == {("esa", "nasa"): 7_200.0}
    assert [one.id for one in stores.streams.active()] == [stream.id]


def test_terms_and_accounts_share_a_stream_and_a_paused_source_leaves_it(stores: Stores) -> None:
    """Terms are one clause of the query; the accounts beside it are read on."""
    following_on(stores).follow(["nasa"], since=SINCE, now=NOW)
    terms = Terms(keywords=("flood",), exclude=("spam",))
    assert stores.sources.add(Source(id="floods", name="f", kind=SourceKind.TERMS, terms=terms), now=NOW)
    reconcile(stores)
    swept(stores)
    merge = next_merge(stores.streams.active(), following_on(stores).fitting())
    assert merge is not None
    joined = following_on(stores).join(merge, now=NOW)
    assert joined is not None
    assert joined.query == "((flood -spam) OR @nasa OR to:nasa OR from:nasa) -is:retweet"
    read = stores.sources.get("floods")
    assert read is not None
    assert stores.sources.put(read, replace(read, paused=True), now=NOW)

    reconcile(stores)

    (stream,) = stores.streams.active()
    assert (stream.id, stream.members, [one.member for one in stream.left]) == (joined.id, ("nasa",), ["+floods"])


def test_accounts_of_before_there_were_sources_are_those_of_track(stores: Stores) -> None:
    """What is followed stays followed, by the source that `covey track` adds to."""
    following_on(stores).follow(["nasa", "esa"], since=SINCE, now=NOW)

    reconcile(stores)

    tracked_source = stores.sources.get(TRACKED)
    assert tracked_source is not None
    assert sorted(tracked_source.accounts) == ["esa", "nasa"]
    assert_in_step(stores, {"nasa", "esa"})


def test_what_no_source_asks_for_any_more_is_let_go(stores: Stores) -> None:
    """As where a process ended after it had changed the source; who is asked for by another one stays."""
    source_of_accounts(stores, "one", "nasa", "esa")
    source_of_accounts(stores, "other", "esa")
    reconcile(stores)
    reconcile(stores, later=2 * MINUTE)
    assert_in_step(stores, {"nasa", "esa"})
    stores.sources.take_accounts("one", ["nasa", "esa"], now=NOW)

    reconcile(stores)

    assert_in_step(stores, {"esa"})
