"""The two files of a compliance job, on the hosts that X named for them: ids go up, lines come down, as they are read.

Only to the addresses that X handed out with the job, over https (http where X itself is asked over http at that host,
which is the simulator's), without a credential, a redirect or a cookie. Nothing of a file is held but the line that is
read; a line longer than `MAX_LINE_BYTES` is odd, and skipped. Invariant: no error, log or repr shows an address: it
holds a signature; the end of a result is told apart from a connection that was cut.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import requests
import urllib3

from shared.domain.compliance import ComplianceJob, ComplianceLine, OddLine
from shared.domain.errors import NoAnswer, NotFound, ServerFault
from shared.http.body import UnusableLength, announced_bytes, pieces
from shared.http.exchange import exchange
from shared.platforms.route import Route
from shared.platforms.x.compliance import parse_line

UPLOAD, DOWNLOAD = "compliance/upload", "compliance/download"
MAX_LINE_BYTES = 16 * 1024
MAX_RESULT_BYTES = 1024**3  # five million lines
_IDS_A_PIECE = 1_000
_BOUNDS_SECONDS = (5.0, 60.0)  # to connect, and between two bytes
_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)


class JobFiles:
    """Sends and fetches the files of compliance jobs; safe for threads.

    base_url: of X. total_seconds: what one file may take. max_bytes: of one result.
    """

    def __init__(
        self, base_url: str, route: Route, *, total_seconds: float = 300.0, max_bytes: int = MAX_RESULT_BYTES
    ) -> None:
        parts = urlsplit(base_url)
        self._plain_host = parts.hostname if parts.scheme == "http" else None
        self._route, self._adapter = route, route.adapter(pool_size=4)
        self._total_seconds, self._max_bytes = total_seconds, max_bytes

    def upload(self, job: ComplianceJob, ids: Iterable[int]) -> None:
        """Send the ids, one a line. Raises NoAnswer, ServerFault, and NotFound where the address is not good (now)."""
        with exchange(self._total_seconds), self._asked("PUT", UPLOAD, job.upload_url, _lines(ids)) as response:
            _check(UPLOAD, response.status_code)

    def download(self, job: ComplianceJob) -> Iterator[ComplianceLine | OddLine]:
        """The lines of the result, each by itself. Raises as `upload` does; lines before the error were good."""
        with exchange(self._total_seconds), self._asked("GET", DOWNLOAD, job.download_url, None) as response:
            _check(DOWNLOAD, response.status_code)
            try:
                yield from self._read(response)
            except _FAILURES as error:
                raise NoAnswer(DOWNLOAD, type(error).__name__) from None

    def close(self) -> None:
        """Close every connection."""
        self._adapter.close()

    def _asked(self, method: str, endpoint: str, url: str, body: Iterator[bytes] | None) -> requests.Response:
        """The head of the answer; its body is still to come."""
        self._check_address(endpoint, url)
        headers = {"User-Agent": "covey"} | ({"Content-Type": "text/plain"} if body is not None else {})
        try:
            request = requests.Request(method, url, headers=headers, data=body).prepare()
            return self._adapter.send(request, stream=True, timeout=_BOUNDS_SECONDS, proxies=self._route.proxies)
        except _FAILURES as error:
            raise NoAnswer(endpoint, type(error).__name__) from None

    def _check_address(self, endpoint: str, url: str) -> None:
        try:
            parts = urlsplit(url)
            is_good = bool(parts.hostname) and parts.username is None and url.isprintable()
        except ValueError:
            is_good = False
        if not is_good or not (parts.scheme == "https" or (parts.scheme, parts.hostname) == ("http", self._plain_host)):
            raise NoAnswer(endpoint, "X named an address that is not https")

    def _read(self, response: requests.Response) -> Iterator[ComplianceLine | OddLine]:
        number = 0
        for number, line in enumerate(self._split(response), 1):
            if line.strip():
                too_long = len(line) > MAX_LINE_BYTES
                yield (
                    OddLine(number, line[:80].decode("utf-8", "backslashreplace"))
                    if too_long
                    else parse_line(number, line)
                )

    def _split(self, response: requests.Response) -> Iterator[bytes]:
        """Lines as they come; of one that is too long no more than its beginning."""
        announced = None if "Content-Encoding" in response.headers else announced_bytes(response.headers)
        size, rest = 0, b""
        for piece in pieces(response):
            size += len(piece)
            if size > self._max_bytes:
                raise UnusableLength
            *whole, last = piece.split(b"\n")
            for line in whole:
                yield rest + line
                rest = b""
            rest = (rest + last)[: MAX_LINE_BYTES + 1]
        if announced is not None and size != announced:
            raise http.client.IncompleteRead(b"")
        yield rest


def _lines(ids: Iterable[int]) -> Iterator[bytes]:
    piece: list[int] = []
    for one in ids:
        piece.append(one)
        if len(piece) == _IDS_A_PIECE:
            yield b"".join(b"%d\n" % each for each in piece)
            piece = []
    if piece:
        yield b"".join(b"%d\n" % each for each in piece)


def _check(endpoint: str, status: int) -> None:
    if status in {200, 201}:
        return
    if status >= 500 or status in {408, 425, 429}:
        raise ServerFault(endpoint, status)
    if status >= 400:
        raise NotFound(endpoint, f"the address answered {status}")
    raise NoAnswer(endpoint, f"status {status}")
