"""X's own client, which speaks the new dialect, collects the truth and lets a user agree."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from xdk import Client

from tests.clients.conftest import TOKEN, Truth
from tests.simulator.conftest import Server


@pytest.fixture
def client(x: Server) -> Any:
    """X's client at the simulator."""
    return Client(base_url=x.url, bearer_token=TOKEN)


def _items(pages: Any) -> list[Any]:
    return [item for page in pages for item in page.data or ()]


def _ids(pages: Any) -> list[str]:
    return [str(_value(item, "id")) for item in _items(pages)]


def _value(item: Any, name: str) -> Any:
    return item[name] if isinstance(item, dict) else getattr(item, name)


def test_a_search_finds_all_posts_of_an_account(client: Any, posts_of_busiest: Truth) -> None:
    """Every post is found with its fields of the new dialect; the counts add up to them."""
    pages = list(
        client.posts.search_recent(
            posts_of_busiest.query,
            max_results=10,
            post_fields=["public_metrics", "created_at", "geo", "note_post", "edit_controls", "withheld"],
            expansions=["author_id", "geo.place_id", "attachments.poll_ids", "attachments.media_keys"],
            place_fields=["full_name", "country", "geo"],
            poll_fields=["options", "voting_status"],
        )
    )
    counts = client.posts.get_counts_recent(posts_of_busiest.query, granularity="day")

    posts_of_busiest.check(_ids(pages))
    assert sum(int(_value(step, "post_count")) for page in _listed(counts) for step in page.data) == len(_ids(pages))
    assert all(_value(_value(post, "public_metrics"), "repost_count") >= 0 for post in _items(pages))


def _listed(answer: Any) -> list[Any]:
    return [answer] if hasattr(answer, "data") else list(answer)


def test_a_lookup_tells_the_living_from_the_gone(client: Any, mixed_ids: tuple[list[str], list[str]]) -> None:
    """Each id is data or an error."""
    live, gone = mixed_ids

    answers = [client.posts.get_by_ids(live[:100]), client.posts.get_by_ids([*live[100:], *gone])]

    assert _ids(answers) == live
    assert {str(_value(error, "resource_id")) for error in answers[1].errors} == set(gone)


def test_the_lists_of_a_post_fit_its_counts(client: Any, quoted: str) -> None:
    """Quotes, reposts and who reposted are as many as the post says."""
    metrics = _value(client.posts.get_by_id(quoted, post_fields=["public_metrics"]).data, "public_metrics")

    quotes = _ids(client.posts.get_quoted(quoted, max_results=10))
    reposts, people = (
        _ids(call(quoted, max_results=2)) for call in (client.posts.get_reposts, client.posts.get_reposted_by)
    )

    assert len(quotes) == len(set(quotes)) == _value(metrics, "quote_count") > 10
    assert len(reposts) == len(set(reposts)) == len(people) == _value(metrics, "repost_count")


def test_users_are_found(client: Any, x: Server) -> None:
    """By names and by ids."""
    accounts = x.truth("accounts")["accounts"]

    by_name = client.users.get_by_usernames([account["username"] for account in accounts])
    by_id = client.users.get_by_ids([account["id"] for account in accounts])

    assert _ids([by_name]) == _ids([by_id]) == [account["id"] for account in accounts]


def test_a_user_agrees(x: Server, quoted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own flow gets tokens, renews them and reads as the user who agreed."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the simulator is plain HTTP on loopback
    back, scope = "http://127.0.0.1:9/back", ["tweet.read", "users.read", "tweet.write", "like.read", "offline.access"]
    client = Client(
        base_url=x.url,
        client_id="sim-xdk",
        client_secret="sim-xdk-secret",
        redirect_uri=back,
        scope=scope,
        authorization_base_url=f"{x.url}/i",
    )
    page = client.get_authorization_url(state="s")
    agreed = requests.get(f"{page}&auto=1", allow_redirects=False, timeout=5).headers["location"]

    first = dict(client.fetch_token(authorization_response=agreed))
    second = dict(client.refresh_token())
    likers = _ids(client.posts.get_liking_users(quoted))

    assert urlsplit(agreed).path == "/back"
    assert first["refresh_token"] != second["refresh_token"]
    assert len(likers) == len(set(likers)) > 0
