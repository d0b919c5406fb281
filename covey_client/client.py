"""The two clients: they send calls and wait between tries; what there is to call is in `api`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any, Final

import httpx

from covey_client import api, models
from covey_client.calls import Call, may_repeat, meaning, wait_seconds
from covey_client.errors import CannotReach

TIMEOUT_SECONDS: Final = 40.0
WAIT_SECONDS: Final = 25.0  # of a long poll


def _options(url: str, token: str, timeout_seconds: float) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "User-Agent": "covey-client"}
    return {"base_url": url.rstrip("/"), "headers": headers, "timeout": timeout_seconds, "follow_redirects": False}


class Covey(api.Api):
    """Calls one after another. url: of `covey control`. One connection pool, which threads may share."""

    def __init__(self, url: str, *, token: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._client = httpx.Client(**_options(url, token, timeout_seconds))
        super().__init__(self._send)

    def _send(self, one: Call) -> Any:
        """Raises ApiError and CannotReach, after all tries."""
        request, number = one.request(self._client), 1
        while True:
            answer, fault = None, None
            try:
                answer = self._client.send(request)
            except httpx.TransportError as error:
                fault = error
                if not isinstance(error, httpx.ConnectError) and not may_repeat(one):
                    raise CannotReach(f"{one.method} {one.path}: {type(error).__name__}") from error
            seconds = wait_seconds(number, answer)
            if seconds is None:
                break
            threading.Event().wait(seconds)
            number += 1
        if answer is None:
            raise CannotReach(f"{one.method} {one.path}: {type(fault).__name__} after {number} tries") from fault
        return meaning(answer)

    def follow(self, *, after: str | None = None, types: str | None = None) -> Iterator[models.FeedEvent]:
        """The feed from a cursor on (None: all that is kept; `now`), for ever. Keep the cursor of what you are done
        with, and begin there the next time.
        """
        cursor = after
        while True:
            page = self.feed.read(after=cursor, types=types, wait=WAIT_SECONDS)
            yield from page["data"]
            cursor = page["next_cursor"]

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def __enter__(self) -> Covey:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncCovey(api.AsyncApi):
    """The same for asyncio."""

    def __init__(self, url: str, *, token: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._client = httpx.AsyncClient(**_options(url, token, timeout_seconds))
        super().__init__(self._send)

    async def _send(self, one: Call) -> Any:
        request, number = one.request(self._client), 1
        while True:
            answer, fault = None, None
            try:
                answer = await self._client.send(request)
            except httpx.TransportError as error:
                fault = error
                if not isinstance(error, httpx.ConnectError) and not may_repeat(one):
                    raise CannotReach(f"{one.method} {one.path}: {type(error).__name__}") from error
            seconds = wait_seconds(number, answer)
            if seconds is None:
                break
            await asyncio.sleep(seconds)
            number += 1
        if answer is None:
            raise CannotReach(f"{one.method} {one.path}: {type(fault).__name__} after {number} tries") from fault
        return meaning(answer)

    async def follow(self, *, after: str | None = None, types: str | None = None) -> AsyncIterator[models.FeedEvent]:
        """As of `Covey`."""
        cursor = after
        while True:
            page = await self.feed.read(after=cursor, types=types, wait=WAIT_SECONDS)
            for event in page["data"]:
                yield event
            cursor = page["next_cursor"]

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def __aenter__(self) -> AsyncCovey:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()
