"""One search with `requests`, over a connection that is kept, as tweepy and Covey make it."""

from __future__ import annotations

from collections.abc import Callable

import requests

from bench.quota_clients import PAGE, QUERY, Load


def search(load: Load) -> Callable[[], int]:
    """A function that searches once and answers the status."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {load.token}"
    url = f"{load.x_url}/2/tweets/search/recent"

    def send() -> int:
        return session.get(url, params={"query": QUERY, "max_results": str(PAGE)}, timeout=10).status_code

    return send
