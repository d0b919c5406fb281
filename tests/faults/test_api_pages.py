"""Pages that lie: empty, repeated, out of order, without headers, or with ids of another time. Nothing is missed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.domain import snowflake
from shared.domain.coverage.sweeps import Sweep, SweepStatus
from shared.domain.outcomes import DeferFor, RetryIn
from shared.services.bootstrap import Services
from tests.faults.bad_answers import PAGING
from tests.faults.faulty_x import (
    LAG_SECONDS,
    QUOTES,
    SEARCH,
    FaultyX,
    assert_nothing_missed,
    begin_search,
    living_quotes,
    read_quotes,
    search,
    stream_of,
)
from tests.workers.world import eventually, next_sweep, open_quotes, state_of, stored_ids

pytestmark = pytest.mark.system


@pytest.mark.parametrize("name", PAGING)
def test_a_search_takes_pages_as_they_come(services: Services, x: FaultyX, name: str) -> None:
    """On all pages (empty ones come one at a time), the fault neither ends the sweep early nor makes it go round."""
    sweep = begin_search(services, x)
    x.misbehave(PAGING[name], endpoint=SEARCH, **({"nth": [1, 3]} if "token" in PAGING[name]["kind"] else {}))

    shift = search(services, sweep)

    assert x.fired() >= 2
    assert set(shift.reasons(DeferFor)) <= {"NotGranted"}
    assert shift.dead == []
    assert_nothing_missed(services, x, sweep)


def test_a_token_that_repeats_for_ever_is_left_behind(services: Services, x: FaultyX) -> None:
    """When every page leads to itself the search goes on below what it has, and misses nothing."""
    sweep = begin_search(services, x)
    x.misbehave({"kind": "repeat_next_token"}, endpoint=SEARCH)

    shift = search(services, sweep)

    ended, stream = state_of(services, sweep.id), stream_of(services)
    assert (shift.decisions, shift.dead) == ([], [])
    assert ended.status is SweepStatus.COMPLETE
    assert ended.through_at is not None
    since = snowflake.created_at(sweep.since_id)
    missed = x.findable(stream.query, since=since, until=ended.through_at) - stored_ids(services)
    assert not [
        id_
        for id_ in missed
        if not any(gap.from_at <= snowflake.created_at(id_) for gap in services.stores.gaps.missing())
    ]
    assert missed == set()


def test_quotes_that_lead_to_themselves_are_read_again_later(services: Services, x: FaultyX, quoted: int) -> None:
    """Quotes have no second way: the reading stops, the cursor stays, and the next reading has all."""
    x.misbehave({"kind": "repeat_next_token"}, endpoint=QUOTES)
    sweep = open_quotes(services, quoted)

    shift = read_quotes(services, sweep)

    assert (shift.decisions, shift.dead) == ([], [])
    assert state_of(services, sweep.id).stuck
    x.behave()
    second = open_quotes(services, quoted, id_="quotes-2")
    assert second.since_id == sweep.since_id
    read_quotes(services, second)
    assert state_of(services, second.id).is_complete
    assert living_quotes(x, quoted) <= stored_ids(services)


KEPT_BACK: dict[str, dict[str, Any]] = {
    "no word": {"error": "none"},
    "an internal error": {"error": "internal-error", "repeat": 3},
    "not available": {"error": "resource-unavailable"},
}


@pytest.mark.parametrize("count", [1, 97, 100])
@pytest.mark.parametrize("name", KEPT_BACK)
def test_a_search_does_not_pass_posts_that_x_keeps_back(services: Services, x: FaultyX, name: str, count: int) -> None:
    """X announces a hundred posts and shows the rest later: the sweep waits for them, and records no gap."""
    sweep = begin_search(services, x)
    x.misbehave({"kind": "lose_posts", "count": count, **KEPT_BACK[name]}, endpoint=SEARCH, nth=[1, 3])

    shift = search(services, sweep)

    assert x.fired() == 2
    assert (shift.reasons(DeferFor), shift.dead) == (["PostsWithheld", "PostsWithheld"], [])
    assert_nothing_missed(services, x, sweep)


def test_posts_that_x_never_shows_end_in_a_gap(services: Services, x: FaultyX) -> None:
    """The sweep ends after a few readings of each page; whatever is missing lies in a recorded gap."""
    sweep = begin_search(services, x)
    x.misbehave({"kind": "lose_posts", "count": 3}, endpoint=SEARCH)

    shift = search(services, sweep)

    ended, stream = state_of(services, sweep.id), stream_of(services)
    assert (ended.status, shift.dead) == (SweepStatus.COMPLETE, [])
    assert x.fired() <= 5 * ended.page + len(shift.reasons(RetryIn))  # on a busy machine an answer can come too late
    assert ended.through_at is not None
    findable = x.findable(stream.query, since=snowflake.created_at(sweep.since_id), until=ended.through_at)
    missed = findable - stored_ids(services)
    assert {gap.reason for gap in services.stores.gaps.missing()} == {"posts_withheld"}
    assert not [
        id_
        for id_ in missed
        if not any(g.from_at <= snowflake.created_at(id_) <= g.to_at for g in services.stores.gaps.missing())
    ]


@pytest.mark.parametrize("name", KEPT_BACK)
def test_quotes_are_not_read_to_their_end_without_those_that_x_keeps_back(
    services: Services, x: FaultyX, quoted: int, name: str
) -> None:
    """The cursor of the quotes moves when the page came whole."""
    x.misbehave({"kind": "lose_posts", "count": 1, **KEPT_BACK[name]}, endpoint=QUOTES, nth=1)
    sweep = open_quotes(services, quoted)

    shift = read_quotes(services, sweep)

    assert x.fired() == 1
    assert (shift.reasons(DeferFor), shift.dead) == (["PostsWithheld"], [])
    assert state_of(services, sweep.id).is_complete
    assert living_quotes(x, quoted) <= stored_ids(services)


def test_ids_past_63_bits_are_ids(services: Services, x: FaultyX) -> None:
    """A post whose author, conversation or answered account has such an id is stored like any other."""
    sweep = begin_search(services, x)
    x.misbehave(
        {"kind": "huge_ids", "fields": ["author_id", "conversation_id", "in_reply_to_user_id"]}, endpoint=SEARCH
    )

    shift = search(services, sweep)

    assert x.fired() >= 2
    assert shift.decisions == []
    assert_nothing_missed(services, x, sweep)


def test_an_id_past_63_bits_does_not_blind_the_stream(services: Services, x: FaultyX) -> None:
    """The post is stored, and what is posted after it is still found."""
    sweep = begin_search(services, x)
    x.misbehave({"kind": "huge_ids"}, endpoint=SEARCH, nth=1)
    assert search(services, sweep).decisions == []
    assert max(stored_ids(services)) >= 2**63
    assert_nothing_missed(services, x, sweep)
    later = next_sweep(services, stream_of(services).id, "sweep-2")
    eventually(lambda: newer_than(services, x, later))

    shift = search(services, later)

    ended = state_of(services, later.id)
    assert (shift.decisions, ended.status) == ([], SweepStatus.COMPLETE)
    assert ended.through_at is not None
    since = snowflake.created_at(sweep.since_id)
    assert x.findable(stream_of(services).query, since=since, until=ended.through_at) <= stored_ids(services)


def newer_than(services: Services, x: FaultyX, sweep: Sweep) -> set[int]:
    """Posts that can be found and were not when the last sweep ended."""
    now = services.clock.now() - timedelta(seconds=LAG_SECONDS)
    return x.findable(sweep.query or "", since=now - timedelta(seconds=30), until=now) - stored_ids(services)
