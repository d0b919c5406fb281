"""Twarc, which asks for every field of the old dialect, collects the truth."""

from typing import Any

import pytest
from twarc.client2 import Twarc2
from twarc.expansions import ensure_flattened

from tests.clients.conftest import TOKEN, Detour, Truth, X
from tests.simulator.conftest import Server


@pytest.fixture
def client(x: Server) -> Any:
    """Twarc's client, led to the simulator."""
    client = Twarc2(bearer_token=TOKEN, metadata=False)
    client.client.mount(X, Detour(x.url))
    return client


def _ids(pages: Any) -> list[str]:
    return [item["id"] for page in pages for item in page.get("data", ())]


def test_a_search_finds_all_posts_of_an_account(client: Any, posts_of_busiest: Truth) -> None:
    """Every post is found with all that twarc flattens into it; the counts add up to them."""
    pages = list(client.search_recent(posts_of_busiest.query, max_results=10))
    counts = list(client.counts_recent(posts_of_busiest.query, granularity="hour"))

    flat = [post for page in pages for post in ensure_flattened(page)]
    posts_of_busiest.check(_ids(pages))
    assert sum(page["meta"]["total_tweet_count"] for page in counts) == len(flat)
    assert all(post["author"]["id"] == post["author_id"] for post in flat)


def test_places_and_polls_are_flattened(client: Any, rare_ids: list[str]) -> None:
    """Twarc finds the objects that a place and a poll stand for."""
    there, asking = ensure_flattened(list(client.tweet_lookup(rare_ids)))

    assert there["geo"]["full_name"]
    assert len(asking["attachments"]["poll"]["options"]) >= 2


def test_a_lookup_tells_the_living_from_the_gone(client: Any, mixed_ids: tuple[list[str], list[str]]) -> None:
    """Each id is data or an error."""
    live, gone = mixed_ids

    pages = list(client.tweet_lookup([*live, *gone]))

    assert _ids(pages) == live
    wrong = {error["value"] for page in pages for error in page.get("errors", ()) if error["parameter"] == "ids"}
    assert wrong == set(gone)


def test_the_lists_of_a_post_fit_its_counts(client: Any, quoted: str) -> None:
    """Quotes and who reposted are as many as the post says."""
    (page,) = client.tweet_lookup([quoted])
    metrics = page["data"][0]["public_metrics"]

    quotes, people = _ids(client.quotes(quoted, max_results=10)), _ids(client.retweeted_by(quoted))

    assert len(quotes) == len(set(quotes)) == metrics["quote_count"] > 10
    assert len(people) == len(set(people)) == metrics["retweet_count"]


def test_users_are_found(client: Any, x: Server) -> None:
    """By names and by ids."""
    accounts = x.truth("accounts")["accounts"]

    by_name = _ids(client.user_lookup([account["username"] for account in accounts], usernames=True))
    by_id = _ids(client.user_lookup([account["id"] for account in accounts]))

    assert by_name == by_id == [account["id"] for account in accounts]
