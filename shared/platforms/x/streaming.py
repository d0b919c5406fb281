"""A connection to a stream of X, read for as long as it lives.

    open --head--> read, read, ... (the whole lines of each piece) --it breaks, or ends--> NoAnswer

Every wait has an end: CONNECT_SECONDS to the head, then `silence_seconds` without a byte, keep-alives included; another
thread can end any of them. Invariant: the token goes to the base URL and nowhere else; a line longer than
MAX_LINE_BYTES is cut, and odd; no error leads to a frame that holds the signed request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Final

import requests

from shared.domain.errors import NoAnswer, NotSent
from shared.http.body import pieces
from shared.http.exchange import Exchange, exchange
from shared.platforms.route import Route
from shared.platforms.transport import FAILURES, causes, without_frames
from shared.platforms.x.auth import Credential

CONNECT_SECONDS: Final = 20.0
MAX_LINE_BYTES: Final = 1024 * 1024
MAX_ERROR_BYTES: Final = 64 * 1024
# Not packed: a line shall not wait in the packer of a server for the next one.
_HEADERS = {"User-Agent": "covey", "Accept": "application/json", "Accept-Encoding": "identity"}


class Connection:
    """One connection, opened and read by one thread. credential: who is billed for what it brings."""

    def __init__(self, endpoint: str, credential: Credential, silence_seconds: float) -> None:
        self.endpoint, self.credential = endpoint, credential
        self._silence_seconds = silence_seconds
        self._kept = ExitStack()
        self._exchange: Exchange | None = None
        self._response: requests.Response | None = None
        self._rest = b""

    def open(self, route: Route, url: str, parameters: Mapping[str, str]) -> tuple[int, Mapping[str, str]]:
        """Send the request, and wait for the head; answers status and headers.

        Raises NoAnswer, as NotSent where nothing was written.
        """
        self._exchange = one = self._kept.enter_context(exchange(CONNECT_SECONDS))
        adapter = route.adapter(pool_size=1)
        self._kept.callback(adapter.close)
        auth = self.credential.auth
        try:
            asked = requests.Request("GET", url, headers=_HEADERS, params=parameters, auth=auth).prepare()
            response = adapter.send(asked, stream=True, timeout=(CONNECT_SECONDS, None), proxies=route.proxies)
        except FAILURES as error:
            failure = NoAnswer if one.is_sent else NotSent
            why = type(error).__name__ if one.is_sent else route.why_unreached(causes(error))
            raise failure(self.endpoint, why) from without_frames(error)
        self._response = response
        self._kept.callback(response.close)
        return response.status_code, response.headers

    def refusal(self) -> bytes:
        """The body of a refusal; of one that is long its beginning, and nothing where even that breaks."""
        assert self._response is not None
        found = b""
        try:
            for piece in pieces(self._response):
                found += piece
                if len(found) > MAX_ERROR_BYTES:
                    break
        except FAILURES:
            return b""
        return found

    def lines(self) -> Iterator[list[bytes]]:
        """The lines of each piece as it comes, none in a keep-alive. Raises NoAnswer when it breaks or ends."""
        assert self._exchange is not None
        assert self._response is not None
        self._exchange.again(self._silence_seconds)
        try:
            for piece in pieces(self._response):
                yield self._whole(piece)
                self._exchange.again(self._silence_seconds)
        except FAILURES as error:
            silent = f"it sent nothing for {self._silence_seconds:g} s"
            raise NoAnswer(
                self.endpoint, silent if self._exchange.is_over else type(error).__name__
            ) from without_frames(error)
        raise NoAnswer(self.endpoint, "X ended it")

    def interrupt(self) -> None:
        """Let it break now; by another thread."""
        if self._exchange is not None:
            self._exchange.interrupt()

    def close(self) -> None:
        """Let go of the socket."""
        self._kept.close()

    def _whole(self, piece: bytes) -> list[bytes]:
        *whole, rest = (self._rest + piece).split(b"\n")
        self._rest = rest[:MAX_LINE_BYTES]
        return [line for one in whole if (line := one.strip())]
