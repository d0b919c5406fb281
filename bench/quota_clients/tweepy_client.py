"""tweepy's Client with wait_on_rate_limit=True, its own way to keep to the limits; one for each thread.

It learns of a limit by a 429 and sleeps until the reset that X names. It has no setting for the host, so the session's
`request` is given another one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import tweepy  # type: ignore[import-untyped]

from bench.quota_clients import PAGE, QUERY, Load

HOST = "https://api.twitter.com"


class LocalClient(tweepy.Client):  # type: ignore[misc]
    """tweepy's client, but it asks at `url`."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(token, wait_on_rate_limit=True)
        self.session.trust_env = False
        send = self.session.request

        def request(method: str, address: str, **options: Any) -> Any:
            return send(method, url + address.removeprefix(HOST), **options)

        self.session.request = request


def caller(load: Load) -> Callable[[], float]:
    """Calls; tweepy itself sleeps."""
    logging.getLogger("tweepy").setLevel(logging.ERROR)
    client = LocalClient(load.x_url, load.token)

    def call() -> float:
        client.search_recent_tweets(QUERY, max_results=PAGE)
        return 0.0

    return call
