"""A length that is none spoils the one answer it came with, and nothing else."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.domain.errors import MediaRejected, NoAnswer
from shared.media.fetch import MediaFetcher
from shared.platforms.transport import BrokenAnswer, HttpTransport, Timeouts
from shared.platforms.x.auth import BearerAuth
from tests.shared.media.conftest import JPEG
from tests.shared.platforms.x.local_server import Reply, serving

AUTH = BearerAuth(SecretStr("the-secret-token"))
NONSENSE = {
    "5,000 digits": "Content-Length: " + "9" * 5_000,
    "thirty digits": "Content-Length: " + "9" * 30,
    "negative": "Content-Length: -5",
    "signed": "Content-Length: +2",
    "no number": "Content-Length: many",
    "hexadecimal": "Content-Length: 0x2",
    "a fraction": "Content-Length: 2.0",
    "empty": "Content-Length: ",
}
TWO = {
    "two that differ": "Content-Length: 2\r\nContent-Length: 3",
    "two that differ in one": "Content-Length: 2, 3",
}
GOOD = {
    "twice the same": "Content-Length: {length}\r\nContent-Length: {length}",
    "the same in one": "Content-Length: {length}, {length}",
    "zeros before it": "Content-Length: 000{length}",
}


def _answering(header: str, body: bytes) -> Reply:
    head = f"HTTP/1.1 200 OK\r\nx-rate-limit-remaining: 7\r\n{header}\r\nConnection: close\r\n\r\n"

    def reply(connection: socket.socket, _: str) -> None:
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_WR)

    return reply


@pytest.mark.parametrize("kind", NONSENSE)
def test_an_answer_of_x_with_such_a_length_is_none(kind: str) -> None:
    """No usable answer, said as that; what its head tells of the limits is kept."""
    transport = HttpTransport(Timeouts(read_seconds=1, total_seconds=2))
    with serving(_answering(NONSENSE[kind], b"{}")) as server, pytest.raises(BrokenAnswer, match="Content-Length") as e:
        transport.get("tweets", server.url, {}, AUTH)

    assert e.value.headers["x-rate-limit-remaining"] == "7"


@pytest.mark.parametrize("kind", TWO)
def test_an_answer_of_x_with_two_lengths_is_none(kind: str) -> None:
    """No usable answer either; it was asked for, so it may be billed."""
    transport = HttpTransport(Timeouts(read_seconds=1, total_seconds=2))
    with serving(_answering(TWO[kind], b"{}")) as server, pytest.raises(NoAnswer) as caught:
        transport.get("tweets", server.url, {}, AUTH)

    assert type(caught.value) is NoAnswer


@pytest.mark.parametrize("kind", NONSENSE | TWO)
def test_a_file_with_such_a_length_is_rejected(kind: str, tmp_path: Path) -> None:
    """For good, in one line that names the host, and nothing is left in the folder."""
    with serving(_answering((NONSENSE | TWO)[kind], JPEG)) as host:
        fetcher = MediaFetcher(tmp_path, hosts=[host.url], max_bytes=10**6, read_timeout_seconds=1.0)
        with pytest.raises(MediaRejected, match=r"^127\.0\.0\.1: the Content-Length is no length$"):
            fetcher.fetch(f"{host.url}/file")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", GOOD)
def test_a_length_that_is_one_number_is_taken(kind: str, tmp_path: Path) -> None:
    """However it is written."""
    transport = HttpTransport(Timeouts(read_seconds=1, total_seconds=2))
    with serving(_answering(GOOD[kind].format(length=2), b"{}")) as server:
        assert transport.get("tweets", server.url, {}, AUTH).body == b"{}"
    with serving(_answering(GOOD[kind].format(length=len(JPEG)), JPEG)) as host:
        fetcher = MediaFetcher(tmp_path, hosts=[host.url], max_bytes=10**6, read_timeout_seconds=1.0)
        assert fetcher.fetch(f"{host.url}/file").byte_size == len(JPEG)
