"""Calls as values: their parameters, their bounds, and what they refuse before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shared.domain.errors import InputError
from shared.domain.money.prices import PriceKind
from shared.platforms.x import calls
from shared.platforms.x.fields import Dialect
from tests.amounts import amounts

NOON = datetime(2026, 11, 20, 12, 0, 0, 987_000, tzinfo=UTC)


def test_a_search_sends_what_it_was_given() -> None:
    """Ids as they are, the token untouched, newest first."""
    call = calls.search(query="(from:a) -is:retweet", since_id=5, until_id=9, next_token="b26v+/=&%25")
    sent = call.parameters(Dialect.OLD)

    assert call.path == "/2/tweets/search/recent"
    assert {
        "query": "(from:a) -is:retweet",
        "since_id": "5",
        "until_id": "9",
        "max_results": "100",
    }.items() <= sent.items()
    assert (sent["next_token"], sent["sort_order"]) == ("b26v+/=&%25", "recency")
    assert "start_time" not in sent


def test_a_search_of_the_archive_is_shaped_like_a_recent_one() -> None:
    """Path and page size are its own, the rest is sent as for the last seven days; a full page reserves all of it."""
    recent, archive = (
        calls.search(query="a", of_archive=of_archive, since_id=5, until_id=9, next_token="b2", expand_authors=False)
        for of_archive in (False, True)
    )

    assert archive.path == "/2/tweets/search/all"
    assert archive.parameters(Dialect.OLD) == recent.parameters(Dialect.OLD) | {"max_results": "500"}
    assert archive.most(Dialect.OLD) == amounts(500)
    assert archive.least is not None
    assert archive.least.most(Dialect.OLD) == amounts(10)


@pytest.mark.parametrize(("dialect", "posts", "users"), [(Dialect.OLD, 10, 0), (Dialect.NEW, 30, 10)])
def test_a_page_knows_its_smallest_size(dialect: Dialect, posts: int, users: int) -> None:
    """The same page in all but its size; the smallest page has no smaller one, and a look-up has none at all."""
    for call in (
        calls.search(query="a", since_id=5, next_token="b2", expand_authors=None),
        calls.quote_tweets(post_id=7, pagination_token="b2", expand_authors=None),
    ):
        least = call.least
        assert least is not None
        assert least.parameters(dialect) == call.parameters(dialect) | {"max_results": "10"}
        assert (least.endpoint, least.path, least.least) == (call.endpoint, call.path, None)
        assert least.most(dialect) == amounts(posts, users)
    assert calls.lookup_posts(post_ids=[1, 2]).least is None


def test_times_are_sent_in_utc_without_fractions() -> None:
    """X refuses fractions of a second in some of its endpoints."""
    east = NOON.astimezone(timezone(timedelta(hours=2)))
    sent = calls.search(query="a", start_time=east, end_time=NOON).parameters(Dialect.NEW)

    assert sent["start_time"] == sent["end_time"] == "2026-11-20T12:00:00Z"


@pytest.mark.parametrize(
    "build",
    [
        lambda: calls.search(query="a", since_id=1, start_time=NOON),
        lambda: calls.search(query="a", until_id=1, end_time=NOON),
        lambda: calls.search(query="a", start_time=NOON.replace(tzinfo=None)),
        lambda: calls.search(query="a", max_results=9),
        lambda: calls.search(query="a", of_archive=True),
        lambda: calls.search(query="a", of_archive=True, until_id=9),
        lambda: calls.search(query="a", of_archive=True, since_id=1, max_results=501),
        lambda: calls.quote_tweets(post_id=1, max_results=101),
        lambda: calls.lookup_posts(post_ids=[]),
        lambda: calls.lookup_posts(post_ids=range(101)),
        lambda: calls.users_by(usernames=["not a name"]),
        lambda: calls.users(user_ids=[]),
        lambda: calls.lookup_media(keys=[]),
        lambda: calls.usage(days=91),
    ],
)
def test_what_x_would_refuse_costs_no_call(build: Any) -> None:
    """A bad argument is an InputError before anything is sent."""
    with pytest.raises(InputError):
        build()


def test_a_lookup_asks_for_each_id_once() -> None:
    """A repeated id would be a wasted place among the hundred."""
    call = calls.lookup_posts(post_ids=[3, 1, 3, 2**63 + 1])

    assert call.parameters(Dialect.OLD)["ids"] == f"3,1,{2**63 + 1}"
    assert call.most(Dialect.OLD) == amounts(3)


def test_names_are_asked_for_once_whatever_their_case() -> None:
    """Alice and ALICE are one account."""
    sent = calls.users_by(usernames=["Alice", "@alice", "bob"]).parameters(Dialect.OLD)

    assert sent["usernames"] == "alice,bob"


def test_reservations_cover_everything_that_may_be_billed() -> None:
    """Included accounts count, and in the new dialect the posts that come with references."""
    cheap = calls.search(query="a", max_results=50, expand_authors=False)
    dear = calls.search(query="a", max_results=50, expand_authors=True)

    assert cheap.most(Dialect.OLD) == amounts(50)
    assert dear.most(Dialect.NEW) == amounts(150, 50)
    assert calls.usage().most(Dialect.OLD) == calls.lookup_media(keys=["3_1"]).most(Dialect.OLD) == amounts()


def test_authors_come_along_only_where_nothing_else_tells_them() -> None:
    """Left to the dialect, the old one names authors by a free field, and only the new one expands and bills them."""
    for call in (
        calls.search(query="a", expand_authors=None),
        calls.quote_tweets(post_id=1, expand_authors=None),
    ):
        assert [call.most(dialect)[PriceKind.USER] for dialect in (Dialect.OLD, Dialect.NEW)] == [0, 100]
        assert "author_id" not in call.parameters(Dialect.OLD)["expansions"]
        assert "author_id" in call.parameters(Dialect.OLD)["tweet.fields"]
        assert "author_id" in call.parameters(Dialect.NEW)["expansions"]


def test_the_path_names_its_object() -> None:
    """The id is in the path and not among the parameters."""
    call = calls.quote_tweets(post_id=5)

    assert call.path == "/2/tweets/5/quote_tweets"
    assert "id" not in call.parameters(Dialect.OLD)
