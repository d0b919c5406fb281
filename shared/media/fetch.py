"""Fetches one media file over HTTP into storage.

Only from hosts that are allowed, over https (http where the allowed entry says so, for a simulator), without
redirects, cookies or credentials, up to a size, within a time. A host that is allowed by its name alone must have a
public address: whoever rules its DNS must not lead us into our own network. One that is written with https:// or http://
may be anywhere, such as a mirror of one's own.
"""

from __future__ import annotations

from collections.abc import Collection
from http.client import HTTPException
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3

from shared.domain.errors import MediaRejected, MediaUnavailable, NoRoom
from shared.http.adapter import BoundedAdapter
from shared.http.body import UnusableLength, announced_bytes, pieces
from shared.http.exchange import exchange
from shared.media.storage import IncomingFile, StoredFile, incoming, remove, room, why_no_room

CONNECT_TIMEOUT_SECONDS = 5.0
# A trickle must not hold a thread for ever: the whole file has this many read timeouts.
TOTAL_TIMEOUTS = 20
GONE = frozenset({401, 403, 404, 410})


class MediaFetcher:
    """Downloads files. One connection pool, shared by threads; holds no state of a download."""

    def __init__(
        self,
        root: Path,
        *,
        hosts: Collection[str],
        max_bytes: int,
        read_timeout_seconds: float,
        min_free_bytes: int = 0,
    ) -> None:
        self._root = root
        self._min_free_bytes = min_free_bytes
        named = [host for host in hosts if "://" not in host]
        self._public = frozenset(f"https://{host}" for host in named)
        self._anywhere = frozenset(host for host in hosts if "://" in host)
        self._max_bytes = max_bytes
        self._read_timeout_seconds = read_timeout_seconds
        self._adapter, self._public_adapter = BoundedAdapter(), BoundedAdapter(public_only=True)

    def fetch(self, url: str) -> StoredFile:
        """Store the file behind `url`.

        Raises MediaRejected for a host, a type or a size that is not allowed and for a file that is gone,
        MediaUnavailable for whatever may heal, and NoRoom where the disk takes no more.
        """
        parts = self._allowed(url)
        if no_room := self.why_no_room():
            raise NoRoom("media", no_room)
        try:
            with (
                exchange(self._read_timeout_seconds * TOTAL_TIMEOUTS),
                self._asked(url, parts) as response,
                incoming(self._root) as file,
            ):
                self._check_status(response)
                self._copy(response, file)
                return file.keep()
        except (UnusableLength, requests.exceptions.InvalidHeader) as error:
            raise MediaRejected(f"{parts.hostname}: the Content-Length is no length") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, TimeoutError) as error:
            raise MediaUnavailable(f"{parts.hostname}: {type(error).__name__}") from error

    def remove(self, path: str) -> None:
        """Delete the file at this path, if it is there. Raises NoRoom where the folder does not let it."""
        remove(self._root, path)

    def why_no_room(self) -> str | None:
        """Why no file can be stored now, in a sentence; None: it can."""
        return why_no_room(self._root, min_free_bytes=self._min_free_bytes)

    def room(self) -> tuple[int, int] | None:
        """Bytes that are free where files are stored, and the size of that disk; None where it cannot be read."""
        return room(self._root)

    def _asked(self, url: str, parts: SplitResult) -> requests.Response:
        """The head of the answer; its body is still to come."""
        adapter = self._adapter if _origin(parts) in self._anywhere else self._public_adapter
        # Not by a session: that reads the environment, keeps cookies, and reads the whole body of a redirect.
        request = requests.Request("GET", url, headers={"Accept-Encoding": "identity"}).prepare()
        return adapter.send(request, stream=True, timeout=(CONNECT_TIMEOUT_SECONDS, self._read_timeout_seconds))

    def _allowed(self, url: str) -> SplitResult:
        try:
            parts = urlsplit(url)
        except ValueError:
            raise MediaRejected("the address of the file is none") from None
        if _origin(parts) not in self._public | self._anywhere:
            raise MediaRejected(f"media host not allowed: {parts.scheme}://{parts.hostname}")
        return parts

    def _check_status(self, response: requests.Response) -> None:
        if response.status_code in GONE or 300 <= response.status_code < 400:
            raise MediaRejected(f"the media host answered {response.status_code}")
        if response.status_code != requests.codes.ok:
            raise MediaUnavailable(f"the media host answered {response.status_code}")

    def _copy(self, response: requests.Response, file: IncomingFile) -> None:
        """Copy the body, held to the size and the length that was announced."""
        is_packed = "Content-Encoding" in response.headers
        announced = announced_bytes(response.headers)
        if announced is not None and announced > self._max_bytes:
            raise MediaRejected(f"{announced} bytes are more than the {self._max_bytes} allowed")
        for piece in pieces(response):
            file.write(piece)
            if file.byte_size > self._max_bytes:
                raise MediaRejected(f"more than the {self._max_bytes} bytes allowed")
        if announced is not None and not is_packed and file.byte_size != announced:
            raise MediaUnavailable(f"the file was cut: {file.byte_size} of {announced} bytes")


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}"
