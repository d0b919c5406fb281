"""A client of the simulator's streams: reads lines, blank ones too, each within a deadline."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests

from tests.simulator.conftest import Server

ACTIVITY, FILTERED = "/2/activity/stream", "/2/tweets/search/stream"
SUBSCRIPTIONS, RULES = "/2/activity/subscriptions", "/2/tweets/search/stream/rules"


class Listening:
    """One open connection."""

    def __init__(self, answer: requests.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines(chunk_size=1)

    def line(self) -> bytes:
        """The next line, which may be blank; fails when none comes within the read timeout, or ever."""
        return next(self._lines)

    def event(self) -> dict[str, Any]:
        """The next line that is not blank."""
        while not (line := self.line()):
            pass
        found: dict[str, Any] = json.loads(line)
        return found

    def rest(self) -> list[bytes]:
        """All lines that are not blank until the server ends the connection, cleanly or not."""
        found: list[bytes] = []
        with suppress(requests.exceptions.ChunkedEncodingError):
            for line in self._lines:
                found += [line] if line else []
        return found


@contextmanager
def connected(server: Server, path: str, token: str = "sim-live", **params: str) -> Iterator[Listening]:
    """A connection to a stream, which has to be taken."""
    query = {name.replace("__", "."): value for name, value in params.items()}
    headers = {"Authorization": f"Bearer {token}"}
    with requests.get(server.url + path, params=query, headers=headers, stream=True, timeout=10) as answer:
        assert answer.status_code == 200, answer.text
        yield Listening(answer)


def post(server: Server, path: str, body: object, token: str = "sim-live") -> requests.Response:
    """Post a JSON body to the API or, without a token needed, to `/_sim/`."""
    return requests.post(server.url + path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10)


def delete(server: Server, path: str, body: object = None, token: str = "sim-live") -> requests.Response:
    """Send a DELETE."""
    return requests.delete(server.url + path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10)


def subscribe(server: Server, event_type: str, user_id: str, token: str = "sim-live") -> str:
    """Subscribe to events of a user; the id of the subscription."""
    answer = post(server, SUBSCRIPTIONS, {"event_type": event_type, "filter": {"user_id": user_id}}, token)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["subscription"]["subscription_id"])
