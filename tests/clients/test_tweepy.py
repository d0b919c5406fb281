"""Tweepy, which speaks the old dialect, collects the truth."""

from typing import Any

import pytest
import tweepy

from tests.clients.conftest import TOKEN, Detour, Truth, X
from tests.simulator.conftest import Server


@pytest.fixture
def client(x: Server) -> Any:
    """Tweepy's client, led to the simulator."""
    client = tweepy.Client(TOKEN)
    client.session.mount(X, Detour(x.url))
    return client


def _ids(pages: Any) -> list[str]:
    return [str(post.id) for page in pages for post in page.data or ()]


def test_a_search_finds_all_posts_of_an_account(client: Any, posts_of_busiest: Truth) -> None:
    """The paginator finds every post; the counts add up to them; objects have what was asked for."""
    fields = ["public_metrics", "created_at", "geo", "edit_controls", "note_tweet"]
    pages = list(
        tweepy.Paginator(
            client.search_recent_tweets,
            posts_of_busiest.query,
            max_results=10,
            tweet_fields=fields,
            expansions=["author_id", "geo.place_id", "attachments.poll_ids"],
        )
    )
    counts = client.get_recent_tweets_count(posts_of_busiest.query, granularity="day")

    posts_of_busiest.check(_ids(pages))
    assert counts.meta["total_tweet_count"] == len(_ids(pages))
    assert all(post.public_metrics["like_count"] >= 0 for page in pages for post in page.data)
    assert pages[0].includes["users"]


def test_a_lookup_tells_the_living_from_the_gone(client: Any, mixed_ids: tuple[list[str], list[str]]) -> None:
    """Each id is data or an error."""
    live, gone = mixed_ids

    answers = [client.get_tweets(live[:100]), client.get_tweets([*live[100:], *gone])]

    assert _ids(answers) == live
    assert {error["resource_id"] for answer in answers for error in answer.errors} == set(gone)


def test_the_lists_of_a_post_fit_its_counts(client: Any, quoted: str) -> None:
    """Quotes, reposts and who reposted are as many as the post says, and so are its likers, with a user's keys."""
    metrics = client.get_tweet(quoted, tweet_fields=["public_metrics"]).data.public_metrics

    quotes = _ids(tweepy.Paginator(client.get_quote_tweets, quoted, max_results=10))
    people = _ids(tweepy.Paginator(client.get_retweeters, quoted, max_results=2))

    assert len(quotes) == len(set(quotes)) == metrics["quote_count"] > 10
    assert len(people) == len(set(people)) == metrics["retweet_count"]


def test_users_are_found(client: Any, x: Server) -> None:
    """By names and by ids, with the error of a name that nobody has."""
    accounts = x.truth("accounts")["accounts"]

    by_name = client.get_users(usernames=[*(account["username"] for account in accounts), "nobody_at_all"])
    by_id = client.get_users(ids=[account["id"] for account in accounts], user_fields=["public_metrics"])

    assert [str(user.id) for user in by_name.data] == [str(user.id) for user in by_id.data]
    assert [user.username for user in by_id.data] == [account["username"] for account in accounts]
    assert by_name.errors[0]["value"] == "nobody_at_all"
