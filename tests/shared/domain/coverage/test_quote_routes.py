"""Quotes of many posts by few calls: nothing is bought that the cheapest way of each post would not buy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import snowflake
from shared.domain.coverage.quote_routes import Reading, again, readings, route_of, routes_of, since_of, sweep_of
from shared.domain.coverage.quotes import QuoteCandidate, QuoteRule, posts_of
from shared.domain.coverage.route_facts import Route
from shared.domain.coverage.routes import Lack
from shared.domain.coverage.sweeps import ReadBy
from shared.domain.money.prices import Prices

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULE = QuoteRule(margin=timedelta(minutes=35))
POST_MICRO_USD = 5_000


def post(
    hours: float, *, quotes: int, read_hours: float | None = None, counted: int = 0, number: int = 0
) -> QuoteCandidate:
    """A post made so many hours ago, whose quotes were read so many hours ago."""
    read_at = None if read_hours is None else NOW - read_hours * HOUR
    return QuoteCandidate(
        post_id=snowflake.first_id_at(NOW - hours * HOUR) + number,
        quote_count=quotes,
        like_count=0,
        quotes_read_at=read_at,
        counted=counted,
        cursor_id=0 if read_at is None else snowflake.first_id_at(read_at),
    )


@st.composite
def posts(draw: st.DrawFn) -> list[QuoteCandidate]:
    """Posts of up to 30 days, some of them read before, several of them together."""
    found = []
    for number in range(draw(st.integers(1, 40))):
        hours = draw(st.floats(0.01, 720))
        read = draw(st.none() | st.sampled_from([4.0, 4.25, 30.0, 200.0]).filter(lambda ago, h=hours: ago < h))  # type: ignore[misc]
        quotes = draw(st.integers(0, 1200))
        counted = 0 if read is None else draw(st.integers(0, quotes))
        found.append(post(hours, quotes=quotes, read_hours=read, counted=counted, number=number))
    return found


def planned(
    candidates: Sequence[QuoteCandidate], *, most: int = 11, has_archive: bool = False, now: datetime = NOW
) -> list[Reading]:
    """The readings, where a query holds so many posts."""
    return readings(
        candidates,
        now=now,
        rule=RULE,
        prices=Prices(),
        has_archive=has_archive,
        fits=lambda by, ids: len(ids) <= (most if by is ReadBy.RECENT else 2 * most),
    )


def by_endpoint(one: QuoteCandidate) -> int:
    """Quotes that the endpoint shows for one post: whole pages, until one is older than the last reading."""
    pages = max(1, ceil(one.missing / 100))
    return max(one.missing, min(one.quote_count, 100 * pages))


def bought(reading: Reading) -> int:
    """Quotes that a reading buys, but for those of the margin, which every way shows again."""
    if reading.by is None:
        return sum(by_endpoint(one) for one in reading.posts)
    return sum(one.missing + again(one, reading.since_id) - again(one, since_of(one, RULE)) for one in reading.posts)


@settings(deadline=None, max_examples=60)
@given(posts(), st.booleans(), st.integers(1, 20))
def test_what_is_chosen_is_never_dearer_than_the_other_way(
    candidates: list[QuoteCandidate], has_archive: bool, most: int
) -> None:
    """Each post is read once; no more is bought than by the endpoint, nor than by a search for each by itself."""
    found = planned(candidates, most=most, has_archive=has_archive)

    assert sorted(one.post_id for reading in found for one in reading.posts) == sorted(c.post_id for c in candidates)
    for reading in found:
        assert bought(reading) <= sum(by_endpoint(one) for one in reading.posts)
        assert len(reading.posts) <= (most if reading.by is ReadBy.RECENT else 2 * most)
        if reading.by is not None:
            assert bought(reading) <= sum(one.missing for one in reading.posts)
            assert all(reading.since_id <= since_of(one, RULE) for one in reading.posts)
        if reading.by is ReadBy.RECENT:
            assert NOW - snowflake.created_at(reading.since_id) <= 7 * DAY
        if reading.by is None:
            assert not has_archive
            assert all(NOW - snowflake.created_at(since_of(one, RULE)) > 7 * DAY - 2 * HOUR for one in reading.posts)


@settings(deadline=None, max_examples=30)
@given(posts())
def test_the_price_of_each_way_is_that_of_the_quotes_it_shows(candidates: list[QuoteCandidate]) -> None:
    """The table of routes prices a search by what is missing, the endpoint by whole pages, and takes the cheapest."""
    for one in candidates:
        ways = routes_of(one, now=NOW, rule=RULE, prices=Prices(), has_archive=True)
        micro = {way.route: way.micro_usd for way in ways}
        assert micro[Route.QUOTES] == by_endpoint(one) * POST_MICRO_USD
        assert micro[Route.RECENT] == micro[Route.ALL] == one.missing * POST_MICRO_USD
        taken = route_of(one, now=NOW, rule=RULE, prices=Prices(), has_archive=True)
        assert taken.micro_usd == min(way.micro_usd for way in ways if way.keeps)


def test_posts_of_a_week_share_a_search() -> None:
    """Thirty posts that were never read are three searches, each from its oldest post on."""
    young = [post(24 + number, quotes=9) for number in range(30)]

    found = planned(young)

    assert [(reading.by, len(reading.posts)) for reading in found] == [*[(ReadBy.RECENT, 11)] * 2, (ReadBy.RECENT, 8)]
    assert [reading.since_id for reading in found] == [min(one.post_id for one in r.posts) for r in found]


def test_what_was_read_together_is_read_together_again() -> None:
    """Posts read at the same time share a begin; what was read at another time would be shown again."""
    early = [post(100, quotes=60, read_hours=30, counted=50, number=n) for n in range(3)]
    late = [post(100, quotes=60, read_hours=4, counted=50, number=n) for n in range(3, 6)]

    found = planned([*late, *early])

    assert [list(reading.posts) for reading in found] == [early, late]
    assert found[0].since_id == snowflake.first_id_at(NOW - 30 * HOUR - RULE.margin) - 1


@pytest.mark.parametrize(("has_archive", "by"), [(False, None), (True, ReadBy.ALL)])
def test_an_older_post_is_read_by_the_endpoint_or_the_archive(has_archive: bool, by: ReadBy | None) -> None:
    """Where the search of seven days does not reach: by the archive if the plan has it, for fewer calls."""
    old = [post(240, quotes=500), post(300, quotes=500)]

    found = planned(old, has_archive=has_archive)

    assert {reading.by for reading in found} == {by}
    assert [len(reading.posts) for reading in found] == ([2] if has_archive else [1, 1])
    ways = routes_of(old[0], now=NOW, rule=RULE, prices=Prices(), has_archive=has_archive)
    assert {way.route: way.lacks for way in ways} == {
        Route.RECENT: (Lack.TOO_OLD,),
        Route.ALL: () if has_archive else (Lack.NOT_IN_PLAN,),
        Route.QUOTES: (),
    }
    assert {way.route: way.calls for way in ways} == {Route.RECENT: 5, Route.ALL: 1, Route.QUOTES: 5}


def test_an_older_post_that_was_read_this_week_is_searched() -> None:
    """What is missing came since then; the endpoint would show 100 quotes for one."""
    old = post(2000, quotes=501, read_hours=30, counted=500)

    (found,) = planned([old])

    assert (found.by, found.posts_about - again(old, found.since_id)) == (ReadBy.RECENT, 1)
    ways = routes_of(old, now=NOW, rule=RULE, prices=Prices(), has_archive=False)
    prices = {way.route: way.micro_usd for way in ways if way.keeps}
    assert prices == {Route.RECENT: POST_MICRO_USD, Route.QUOTES: 100 * POST_MICRO_USD}


def test_a_post_that_leaves_the_reach_of_the_search_while_it_waits_is_not_searched() -> None:
    """A reading may wait an hour for its turn."""
    (soon,) = planned([post(7 * 24 - 0.5, quotes=3)])
    (still,) = planned([post(7 * 24 - 2, quotes=3)])

    assert (soon.by, still.by) == (None, ReadBy.RECENT)


def test_a_reading_as_a_sweep() -> None:
    """One post by the endpoint has no query; several by one search are all named, the first as its subject."""
    (alone,) = planned([post(300, quotes=5)])
    (together,) = planned([post(30 + number, quotes=5) for number in range(3)])
    ids = [one.post_id for one in together.posts]

    endpoint = sweep_of(alone, slot="quotes@1", query=None, now=NOW)
    search = sweep_of(together, slot="quotes@1", query="q", now=NOW)

    assert (endpoint.query, endpoint.since_id, posts_of(endpoint)) == (None, 0, (alone.posts[0].post_id,))
    assert (search.query, search.subject, search.since_id) == ("q", str(ids[0]), ids[0])
    assert posts_of(search) == tuple(ids)
    assert search.id == f"quotes@1:{ids[0]}+2"
