"""`search_page` on real servers: everything down to the cursor, once, whatever fails in between."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from shared.broker import build_broker
from shared.broker.sender import Sender
from shared.domain import snowflake
from shared.domain.coverage.streams import Stream
from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.errors import (
    BrokerUnavailable,
    InvalidRequest,
    NoAnswer,
    PassingFault,
    StaleSinceId,
    StoreUnavailable,
)
from shared.domain.jobs import Queue, SearchPage
from shared.domain.models import User
from shared.domain.sources import TRACKED
from shared.services.bootstrap import Services
from tests.scheduler.slots import fill_gaps
from tests.workers.world import (
    NOW,
    Asked,
    ScriptedX,
    Simulator,
    by_token,
    eventually,
    gaps_of,
    jobs_in,
    next_sweep,
    open_sweep,
    page,
    post,
    post_id,
    read_to_end,
    refusing,
    state_of,
    stored_ids,
    take_jobs,
    without_archive,
)
from workers.handlers.search import search_page

A, B, C, D = (post_id(seconds) for seconds in (60, 120, 180, 240))
OLD = post_id(3600)  # older than every cursor here

INVALID = {"errors": [{"parameters": {}, "message": "no"}], "title": "Invalid Request"}


def stale(oldest: int) -> tuple[int, Any]:
    """X refuses a since_id and proposes another."""
    words = f"'since_id' must be a tweet id created after T. Please use a 'since_id' that is larger than {oldest}"
    return 400, {"errors": [{"parameters": {"since_id": ["1"]}, "message": words}], "title": "Invalid Request"}


def just_above(post: int) -> datetime:
    """Where what is above a post begins: others may have been made in its millisecond."""
    return snowflake.created_at(post) + timedelta(milliseconds=1)


def stream_of(services: Services) -> Stream:
    """The one stream there is."""
    return services.stores.streams.active()[0]


def test_a_sweep_reads_every_page_down_to_the_cursor(simulated: Services, simulator: Simulator) -> None:
    """A sweep of many pages stores exactly what could be found, and moves cursor and coverage to where it began."""
    since = simulated.clock.now() - timedelta(minutes=40)
    sweep = open_sweep(simulated, names=simulator.names(), since=since)

    ended = read_to_end(simulated, sweep.id)

    stream = stream_of(simulated)
    assert ended.through_at is not None
    findable = simulator.findable(stream.query, since=since, until=ended.through_at)
    assert ended.page >= 2
    assert len(findable) > 100
    assert findable <= stored_ids(simulated)
    assert ended.posts_new == ended.posts_seen >= len(findable)
    assert (stream.cursor_id, stream.covered_through) == (ended.newest_id, ended.through_at)
    assert gaps_of(simulated) == []


@pytest.mark.parametrize("dated", [True, False])
def test_a_sweep_reaches_to_its_question(services: Services, x: ScriptedX, dated: bool) -> None:
    """What is posted while X answers may be missing in the answer, so coverage ends before the question was asked."""
    asked_at = []

    def answer(_asked: Asked) -> tuple[int, Any]:
        asked_at.append(services.clock.now())
        eventually(lambda: services.clock.now().second != asked_at[0].second)  # another Date than when it was asked
        return page(A)

    x.dated, x.script = dated, answer

    ended = read_to_end(services, open_sweep(services).id)

    assert ended.through_at is not None
    assert ended.through_at + timedelta(seconds=services.settings.x_search_lag_seconds) <= asked_at[0]


def test_the_next_sweep_begins_where_the_last_one_ended(simulated: Services, simulator: Simulator) -> None:
    """Two sweeps in a row leave nothing out between them and read nothing twice."""
    since = simulated.clock.now() - timedelta(minutes=10)
    first = read_to_end(simulated, open_sweep(simulated, names=simulator.names()[:1], since=since).id)

    second = read_to_end(simulated, next_sweep(simulated, first.subject, "sweep-2").id)

    stream = stream_of(simulated)
    assert first.newest_id is not None
    assert second.posts_seen == second.posts_new
    assert second.oldest_id is None or second.oldest_id > first.newest_id
    assert simulator.findable(stream.query, since=since, until=stream.covered_through) <= stored_ids(simulated)


def test_nothing_moves_before_the_last_page(services: Services, x: ScriptedX) -> None:
    """While pages are missing the stream's cursor and coverage stand where they stood."""
    x.script = by_token({None: page(A, B, token="t1"), "t1": page(C)})
    sweep = open_sweep(services)
    before = stream_of(services)

    search_page(services, SearchPage(sweep_id=sweep.id, page=0))

    assert stream_of(services) == before
    search_page(services, SearchPage(sweep_id=sweep.id, page=1))
    assert stream_of(services).cursor_id == A
    assert stream_of(services).sweeps_completed == 1


def test_authors_tell_whose_posts_these_are_until_their_ids_are_known(services: Services, x: ScriptedX) -> None:
    """The page comes with its authors as long as X has not said who is behind a name, and without them from then on."""
    users = {"includes": {"users": [{"id": "7", "username": "Alice", "name": "a"}]}}
    x.script = lambda asked: page(A, **(users if "expansions" in asked.params and "author_id" in told(asked) else {}))
    first = open_sweep(services)
    services.stores.sources.add_accounts(TRACKED, ["alice"], now=NOW)
    services.stores.handles.asked_by(TRACKED, ["alice"])
    read_to_end(services, first.id)
    services.stores.handles.learn([User(id=7, username="alice")], now=NOW)

    read_to_end(services, next_sweep(services, stream_of(services).id, "sweep-2").id)

    asked = [one for one in x.asked if one.path.endswith("search/recent")]
    assert ["author_id" in told(one) for one in asked] == [True, False]
    (stored,) = services.stores.db["X_tweets"].find()
    assert [(one["member"], one["why"]) for one in stored["concerns"]] == [("alice", "author")]


def told(asked: Asked) -> list[str]:
    """The expansions that were asked for."""
    return asked.params.get("expansions", "").split(",")


def test_a_page_that_comes_twice_is_bought_once(services: Services, x: ScriptedX) -> None:
    """The second delivery of a page asks X nothing and only sends for the next page, which is outstanding once."""
    x.script = by_token({None: page(A, token="t1"), "t1": page(B)})
    sweep = open_sweep(services)
    job = SearchPage(sweep_id=sweep.id, page=0)

    search_page(services, job)
    search_page(services, job)

    assert len(x.asked) == 1
    assert jobs_in(services, Queue.SEARCH) == [SearchPage(sweep_id=sweep.id, page=1)]
    take_jobs(services, Queue.SEARCH)
    search_page(services, job)
    assert len(x.asked) == 1
    assert jobs_in(services, Queue.SEARCH) == [SearchPage(sweep_id=sweep.id, page=1)]


def test_a_page_of_an_ended_or_unknown_sweep_does_nothing(services: Services, x: ScriptedX) -> None:
    """A late delivery neither asks X nor sends anything."""
    x.script = by_token({None: page(A)})
    sweep = open_sweep(services)
    read_to_end(services, sweep.id)

    search_page(services, SearchPage(sweep_id=sweep.id, page=0))
    search_page(services, SearchPage(sweep_id="nobody knows", page=0))

    assert len(x.asked) == 1
    assert jobs_in(services, Queue.SEARCH) == []


STEPS = ("X_tweets", "X_users", "X_engagement", "X_media", "X_sweeps", "queue")


@pytest.mark.parametrize(
    ("step", "last_page"), [*((step, False) for step in STEPS), *((step, True) for step in (*STEPS, "X_streams"))]
)
def test_a_crash_at_any_step_loses_nothing(services: Services, x: ScriptedX, step: str, last_page: bool) -> None:
    """Whichever write fails, the same delivery again leads to the same documents, and one page is bought again at most.

    The queue fails by a sender whose Redis is away.
    """
    users = [{"id": "7", "username": "alice", "name": "Alice"}]
    media = [{"media_key": "3_1", "type": "photo", "url": f"{x.url}/p.jpg"}]
    body: dict[str, Any] = {
        "data": [post(A, attachments={"media_keys": ["3_1"]}), post(B)],
        "includes": {"users": users, "media": media},
    }
    token = {} if last_page else {"next_token": "t1"}
    x.script = by_token({None: (200, body | {"meta": {"result_count": 2, **token}}), "t1": page(C)})
    sweep = open_sweep(services)
    job = SearchPage(sweep_id=sweep.id, page=0)
    cursor = stream_of(services).cursor_id

    if step == "queue":
        away = build_broker("redis://127.0.0.1:1/0", middleware=[], queues=(Queue.SEARCH, Queue.MEDIA))
        with pytest.raises(BrokerUnavailable):
            search_page(replace(services, sender=Sender(away)), job)
    else:
        with refusing(services, step), pytest.raises(StoreUnavailable):
            search_page(services, job)
    moved = stream_of(services).cursor_id
    search_page(services, job)
    ended = read_to_end(services, sweep.id)

    assert moved == cursor or (moved, last_page) == (A, True)
    assert ended.status is SweepStatus.COMPLETE
    assert len(x.asked) <= (2 if last_page else 3)
    assert stored_ids(services) == ({A, B} if last_page else {A, B, C})
    assert (stream_of(services).cursor_id, stream_of(services).sweeps_completed) == (A, 1)
    assert [job.subject for job in jobs_in(services, Queue.MEDIA)] == ["3_1"]
    assert services.stores.db["X_users"].count_documents({}) == 1
    assert services.stores.db["X_engagement"].count_documents({}) == len(stored_ids(services))


def test_x_going_away_between_two_pages_keeps_the_place(services: Services, x: ScriptedX) -> None:
    """A page that X did not answer is a passing fault; the sweep goes on at that very page."""
    x.script = by_token({None: page(A, token="t1"), "t1": (0, None)})
    sweep = open_sweep(services)
    search_page(services, SearchPage(sweep_id=sweep.id, page=0))

    with pytest.raises(NoAnswer):
        search_page(services, SearchPage(sweep_id=sweep.id, page=1))

    assert (state_of(services, sweep.id).page, state_of(services, sweep.id).next_token) == (1, "t1")
    x.script = by_token({"t1": page(B)})
    assert read_to_end(services, sweep.id).is_complete
    assert stored_ids(services) == {A, B}


def test_a_refused_request_leaves_cursor_and_place(services: Services, x: ScriptedX) -> None:
    """A 400 that nothing can heal is raised, and neither the sweep nor the stream moves."""
    x.script = lambda asked: (400, INVALID)
    sweep = open_sweep(services)
    before = stream_of(services)

    with pytest.raises(InvalidRequest):
        search_page(services, SearchPage(sweep_id=sweep.id, page=0))

    assert stream_of(services) == before
    assert state_of(services, sweep.id) == sweep


# --- a since_id that X no longer takes


def test_a_cursor_beyond_the_search_window_heals_with_a_gap(simulated: Services, simulator: Simulator) -> None:
    """What X no longer searches is recorded as a gap, and everything after it is read."""
    without_archive(simulated)
    since = simulated.clock.now() - timedelta(days=9)
    sweep = open_sweep(simulated, names=simulator.names()[:1], since=since)

    ended = read_to_end(simulated, sweep.id)

    stream = stream_of(simulated)
    fill_gaps(simulated)
    (gap,) = gaps_of(simulated)
    assert (gap.from_at, gap.reason) == (since, "beyond_search_window")
    assert timedelta(0) <= gap.to_at - (sweep.started_at - timedelta(days=7)) < timedelta(minutes=2)
    assert ended.is_complete
    assert simulator.findable(stream.query, since=gap.to_at, until=stream.covered_through) <= stored_ids(simulated)


def test_a_stale_since_id_cannot_go_round_for_ever(services: Services, x: ScriptedX) -> None:
    """Where X proposes what it then refuses, the error is raised after a few calls."""
    proposed = iter(range(post_id(500), post_id(0)))
    x.script = lambda asked: stale(next(proposed))
    sweep = open_sweep(services)

    with pytest.raises(StaleSinceId):
        search_page(services, SearchPage(sweep_id=sweep.id, page=0))

    assert len(x.asked) <= 5


def test_a_proposed_id_that_is_too_old_on_arrival_is_asked_for_again(services: Services, x: ScriptedX) -> None:
    """X's border moves on between two calls; the sweep asks from a little later until it is taken."""
    border = iter(range(post_id(500), post_id(0), 1 << snowflake.TIME_SHIFT))

    def answer(asked: Asked) -> tuple[int, Any]:
        oldest = next(border)
        return page(A) if int(asked.params["since_id"]) > oldest else stale(oldest)

    x.script = answer

    ended = read_to_end(services, open_sweep(services).id)

    assert ended.is_complete
    assert stored_ids(services) == {A}
    gaps = gaps_of(services)
    assert max(gap.to_at for gap in gaps) == snowflake.created_at(ended.since_id)


def test_a_quiet_stream_gets_no_gap_for_time_it_had_read(services: Services, x: ScriptedX) -> None:
    """The cursor of a stream without posts ages, but what was covered since then is no gap."""
    sweep = open_sweep(services, since=NOW - timedelta(days=8))
    covered = NOW - timedelta(minutes=5)
    services.stores.streams.sweep_completed(sweep.subject, sweep_id="earlier", newest_id=None, through_at=covered)
    oldest = post_id(7 * 86_400 - 60)
    x.script = lambda asked: stale(oldest) if int(asked.params["since_id"]) < oldest else page(A)

    read_to_end(services, sweep.id)

    assert gaps_of(services) == []
    assert stored_ids(services) == {A}


def test_a_since_id_that_goes_stale_between_two_pages_loses_no_page(services: Services, x: ScriptedX) -> None:
    """The rest is asked for below the oldest post seen, because the token belongs to the old request."""
    oldest = post_id(300)

    def answer(asked: Asked) -> tuple[int, Any]:
        if "next_token" in asked.params:
            return stale(oldest)
        return page(C, D) if asked.params.get("until_id") == str(B) else page(A, B, token="t1")

    x.script = answer
    sweep = open_sweep(services)

    ended = read_to_end(services, sweep.id)

    assert ended.is_complete
    assert stored_ids(services) == {A, B, C, D}
    assert [(gap.to_at, gap.reason) for gap in gaps_of(services)] == [
        (snowflake.created_at(oldest), "beyond_search_window")
    ]


def test_a_sweep_that_had_read_all_that_is_left_is_complete(services: Services, x: ScriptedX) -> None:
    """When the id that X proposes lies above the oldest post seen, there is nothing left to ask for."""
    x.script = by_token({None: page(A, B, token="t1"), "t1": stale(B + 1)})
    sweep = open_sweep(services)

    ended = read_to_end(services, sweep.id)

    assert ended.is_complete
    assert stream_of(services).cursor_id == A
    assert len(x.asked) == 2


# --- pages that are not as they should be


def test_a_post_on_two_pages_is_one_post(services: Services, x: ScriptedX) -> None:
    """It is stored once and counted as new once."""
    x.script = by_token({None: page(A, B, token="t1"), "t1": page(B, C)})

    ended = read_to_end(services, open_sweep(services).id)

    assert (ended.posts_seen, ended.posts_new) == (4, 3)
    assert stored_ids(services) == {A, B, C}


def test_an_empty_page_with_a_token_is_not_the_end(services: Services, x: ScriptedX) -> None:
    """What comes after the empty page is read."""
    x.script = by_token({None: page(A, token="t1"), "t1": page(token="t2"), "t2": page(B)})

    ended = read_to_end(services, open_sweep(services).id)

    assert ended.is_complete
    assert stored_ids(services) == {A, B}


def test_a_token_that_repeats_for_ever_is_left_behind(services: Services, x: ScriptedX) -> None:
    """The sweep goes on below the oldest post it has, until X has no more, and nothing is missed."""
    ids = sorted((post_id(10 * number) for number in range(1, 41)), reverse=True)

    def answer(asked: Asked) -> tuple[int, Any]:
        below = int(asked.params.get("until_id", 2**63))
        found = [id_ for id_ in ids if id_ < below][:10]
        return page(*found, token="same") if found else page()

    x.script = answer

    ended = read_to_end(services, open_sweep(services).id)

    assert ended.is_complete
    assert stored_ids(services) == set(ids)
    assert gaps_of(services) == []
    assert stream_of(services).cursor_id == ids[0]


def test_paging_that_leads_nowhere_ends_with_a_gap(services: Services, x: ScriptedX) -> None:
    """Where X keeps giving tokens and no older post, the rest is recorded as a gap down to the cursor."""
    x.script = lambda asked: page(A, token="same")
    sweep = open_sweep(services)

    ended = read_to_end(services, sweep.id)

    (gap,) = gaps_of(services)
    assert ended.stuck
    assert (gap.from_at, gap.to_at) == (
        stream_of(services).began_at,
        snowflake.created_at(A) + timedelta(milliseconds=1),
    )
    assert gap.reason == "paging_stuck"


def test_pages_that_stay_empty_end_with_a_gap(services: Services, x: ScriptedX) -> None:
    """Where X promises pages and never shows a post, what the sweep was to cover is a gap, and the cursor stands."""
    x.script = lambda asked: page(token=f"t{len(x.asked)}")
    sweep = open_sweep(services)
    cursor = stream_of(services).cursor_id

    ended = read_to_end(services, sweep.id)

    (gap,) = gaps_of(services)
    assert ended.stuck
    assert (gap.from_at, gap.to_at) == (stream_of(services).began_at, ended.through_at)
    assert stream_of(services).cursor_id == cursor


def test_an_older_post_among_newer_ones_does_not_end_the_sweep(services: Services, x: ScriptedX) -> None:
    """One post beyond the cursor, out of place, keeps none of the following pages away."""
    x.script = by_token({None: page(A, OLD, B, token="t1"), "t1": page(C)})

    ended = read_to_end(services, open_sweep(services).id)

    assert ended.is_complete
    assert {A, B, C} <= stored_ids(services)


def test_a_search_without_end_beyond_the_cursor_is_left(services: Services, x: ScriptedX) -> None:
    """Where X forgets the since_id and pages on into the past, the reading stops after a few pages."""
    x.script = lambda asked: page(A if len(x.asked) == 1 else OLD - len(x.asked), token=f"t{len(x.asked)}")

    ended = read_to_end(services, open_sweep(services).id, pages=10)

    assert ended.is_complete
    assert stream_of(services).cursor_id == A


def test_ids_beyond_63_bits_are_stored_and_hide_nothing(services: Services, x: ScriptedX) -> None:
    """An id that no signed 64-bit integer holds is stored as any other, and the cursor stays before what may follow."""
    huge = 2**63 + 5
    x.script = lambda asked: (200, {"data": [post(A) | {"id": str(huge)}, post(A)], "meta": {"result_count": 2}})

    ended = read_to_end(services, open_sweep(services).id)

    assert stored_ids(services) == {huge, A}
    assert stream_of(services).cursor_id == ended.newest_id == A


def test_a_media_key_of_a_new_kind_does_not_stop_the_stream(services: Services, x: ScriptedX) -> None:
    """A file that cannot be sent for is left, and everything else of the page is stored."""
    media = [{"media_key": "abc", "type": "photo", "url": "u"}, {"media_key": "3_9", "type": "photo", "url": "u"}]
    x.script = lambda asked: page(A, includes={"media": media})

    ended = read_to_end(services, open_sweep(services).id)

    assert ended.is_complete
    assert [job.subject for job in jobs_in(services, Queue.MEDIA)] == ["3_9"]


class UnrulyX:
    """Pages of posts, newest first, with every fault that paging was seen to have, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.ids = sorted(self._rng.sample(range(post_id(590), post_id(5)), self._rng.randint(5, 60)), reverse=True)
        self._pages: dict[str, tuple[int, int]] = {}

    def __call__(self, asked: Asked) -> tuple[int, Any]:
        rng = self._rng
        above, below = int(asked.params["since_id"]), int(asked.params.get("until_id", 2**63))
        ids = [id_ for id_ in self.ids if above < id_ < below]
        token = asked.params.get("next_token", "0.0")
        start = int(token.partition(".")[0])
        if rng.random() < 0.1:
            return rng.choice([(0, None), (503, b"<html>"), (200, b'{"data": [{"id"'), (200, [])])
        if rng.random() < 0.1:
            return page(token=f"{start}.{rng.random()}")  # empty, and the page follows
        shown = ids[max(0, start - rng.randint(0, 2)) : start + 10]  # the same posts on two pages
        rng.shuffle(shown)
        if start + 10 >= len(ids):
            return page(*shown)
        return page(*shown, token=token if rng.random() < 0.15 else f"{start + 10}.{rng.random()}")


@pytest.mark.parametrize("seed", range(12))
def test_whatever_paging_does_nothing_is_missed(services: Services, x: ScriptedX, seed: int) -> None:
    """Through faults, repeated pages and repeated tokens every post is stored or lies in a recorded gap."""
    unruly = UnrulyX(seed)
    x.script = unruly
    sweep = open_sweep(services)

    for _ in range(300):
        state = state_of(services, sweep.id)
        if state.status is not SweepStatus.OPEN:
            break
        try:
            search_page(services, SearchPage(sweep_id=sweep.id, page=state.page))
        except PassingFault:
            continue

    stream = stream_of(services)
    gaps = gaps_of(services)
    unread = {snowflake.created_at(id_) for id_ in set(unruly.ids) - stored_ids(services)}
    assert state_of(services, sweep.id).is_complete
    assert {at for at in unread if not any(gap.from_at <= at <= gap.to_at for gap in gaps)} == set()
    assert stream.cursor_id == max(unruly.ids)


def test_a_search_of_a_simulated_page_costs_one_call_a_page(
    make_services: Callable[..., Services], simulator: Simulator
) -> None:
    """By the simulator's own count, a sweep of n pages is n calls."""
    services = make_services(simulator.url)
    before = simulator.calls("search/recent")

    sweep = open_sweep(services, names=simulator.names()[:1], since=services.clock.now() - timedelta(minutes=30))
    ended = read_to_end(services, sweep.id)

    assert simulator.calls("search/recent") - before == ended.page
    assert requests.get(f"{simulator.url}/_sim/health", timeout=5).json()["status"] == "ok"
