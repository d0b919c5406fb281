"""A client that was not written for the simulator works with it."""

import pytest

from tests.simulator.conftest import Server

tweepy = pytest.importorskip("tweepy")


class _Local(tweepy.Client):  # type: ignore[misc, name-defined]
    """Tweepy's client with another host; it has no setting for that."""

    def __init__(self, url: str) -> None:
        super().__init__("sim-tweepy")
        self._url = url

    def request(self, method: str, route: str, *args: object, **kwargs: object) -> object:
        """Ask the simulator where tweepy would ask api.twitter.com."""
        original = self.session.request

        def local(method: str, url: str, **options: object) -> object:
            return original(method, self._url + url.removeprefix("https://api.twitter.com"), **options)

        self.session.request = local
        try:
            return super().request(method, route, *args, **kwargs)
        finally:
            self.session.request = original


def test_tweepy_searches_pages_and_looks_up(busy_server: Server) -> None:
    """Tweepy's search, paginator, user lookup and error list work against the simulator."""
    client = _Local(busy_server.url)
    account = busy_server.truth("accounts")["accounts"][0]["username"]

    found = client.search_recent_tweets(
        "team has:media", max_results=10, tweet_fields=["public_metrics", "created_at"], expansions=["author_id"]
    )
    pages = list(tweepy.Paginator(client.search_recent_tweets, "plan", max_results=10, tweet_fields=["lang"], limit=3))
    user = client.get_user(username=account, user_fields=["public_metrics"])
    lost = client.get_tweets([1], tweet_fields=["lang"])

    assert len(found.data) == 10
    assert found.data[0].public_metrics["like_count"] >= 0
    assert found.includes["users"]
    ids = [post.id for page in pages for post in page.data]
    assert len(set(ids)) == 30
    assert user.data.username == account
    assert lost.errors[0]["title"] == "Not Found Error"
