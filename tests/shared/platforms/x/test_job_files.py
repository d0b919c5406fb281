"""The files of compliance jobs against real servers: where they may go, how they come, and what a fault leaves."""

from __future__ import annotations

import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from shared.domain.compliance import Action, ComplianceJob, ComplianceLine, JobStatus, Kind, OddLine
from shared.domain.errors import NoAnswer, NotFound, ServerFault
from shared.platforms.route import Route
from shared.platforms.x.auth import Credential
from shared.platforms.x.client import XClient
from shared.platforms.x.compliance import create_job, look_at_job
from shared.platforms.x.job_files import MAX_LINE_BYTES, JobFiles
from tests.shared.platforms.x.local_server import LocalServer, serving

LINE = b'{"id":"%d","action":"delete","reason":"deleted"}\n'


def _job(url: str) -> ComplianceJob:
    return ComplianceJob(
        id=1, kind=Kind.POSTS, status=JobStatus.COMPLETE, name=None, upload_url=f"{url}/u", download_url=f"{url}/d"
    )


def _answer(status: int, *pieces: bytes, length: int | None = None) -> Callable[[socket.socket, str], None]:
    def reply(connection: socket.socket, head: str) -> None:
        size = sum(map(len, pieces)) if length is None else length
        connection.sendall(
            b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nLocation: http://127.0.0.1/\r\n\r\n" % (status, size)
        )
        for piece in pieces:
            connection.sendall(piece)
        if length is not None:
            connection.shutdown(socket.SHUT_RDWR)

    return reply


def _files(url: str, **bounds: Any) -> JobFiles:
    return JobFiles(url, Route(), **bounds)


def _when_complete(files: JobFiles, job: ComplianceJob) -> list[ComplianceLine | OddLine]:
    """The result: asked for, outside of any limit, until it is there."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with suppress(NotFound):
            return list(files.download(job))
    raise AssertionError("no result within 15 s")


def test_ids_go_up_and_what_is_gone_comes_down(simulator_url: str, credential: Credential) -> None:
    """Of ids that never were the simulator says that they are deleted, once it has worked on them."""
    client = XClient(simulator_url)
    job = client.perform(create_job(kind=Kind.POSTS, name="one"), credential).unwrap()

    client.files.upload(job, iter(range(10, 2_510)))
    lines = _when_complete(client.files, job)
    looked = client.perform(look_at_job(job_id=job.id), credential).unwrap()

    assert [line.id for line in lines if isinstance(line, ComplianceLine)] == list(range(10, 2_510))
    assert looked.status is JobStatus.COMPLETE
    with pytest.raises(NotFound, match="404"):
        client.files.upload(job, [1])


@pytest.mark.parametrize(
    "url", ["http://example.com", "ftp://127.0.0.1", "https://user@example.com", "https://", "//x", ""]
)
def test_only_https_addresses_are_asked(url: str) -> None:
    """Plain http to another host than X's, a login, or no host at all: nothing is sent, and no address is shown."""
    with pytest.raises(NoAnswer, match="not https") as raised:
        list(_files("http://127.0.0.1:1").download(_job(url)))
    assert "example" not in str(raised.value)


def test_plain_http_is_for_an_x_of_plain_http() -> None:
    """Where X is asked over https, an http address of its own host is refused too."""
    with pytest.raises(NoAnswer, match="not https"):
        _files("https://127.0.0.1").upload(_job("http://127.0.0.1:1"), [1])


def test_no_credential_goes_along() -> None:
    """A file's host is not X: it sees no Authorization header and no cookie."""
    with serving(_answer(200)) as server:
        _files(server.url).upload(_job(server.url), [])
        list(_files(server.url).download(_job(server.url)))

    assert [head.split()[0] for head in server.requests if "HTTP" in head] == ["PUT", "GET"]
    assert not [head for head in server.requests if "authorization" in head.lower() or "cookie" in head.lower()]


def test_one_odd_line_stops_no_other() -> None:
    """Lines that cannot be read or are too long are odd; all others are read, the last without an end too."""
    odd, long = b"<html>\n", b'{"id":"' + b"1" * (3 * MAX_LINE_BYTES) + b'"}\n'
    with serving(_answer(200, LINE % 1, odd, b"\n", long[:40_000], long[40_000:], (LINE % 2).rstrip())) as server:
        found = list(_files(server.url).download(_job(server.url)))

    assert [one.id for one in found if isinstance(one, ComplianceLine)] == [1, 2]
    assert [(one.number, one.begins[:6]) for one in found if isinstance(one, OddLine)] == [(2, "<html>"), (4, '{"id":')]


@pytest.mark.parametrize(
    ("status", "error"), [(403, NotFound), (404, NotFound), (410, NotFound), (503, ServerFault), (302, NoAnswer)]
)
def test_what_a_host_refuses_is_told(status: int, error: type[Exception]) -> None:
    """An address that is not good (any more) is NotFound; a fault may pass; a redirect is not followed."""
    with serving(_answer(status)) as server, pytest.raises(error):
        list(_files(server.url).download(_job(server.url)))
    assert len(server.requests) == 1


def test_a_cut_result_is_no_whole_one() -> None:
    """The lines before the cut are given, and then it is an error: what follows is not known."""
    with serving(_answer(200, LINE % 1, length=1_000)) as server:
        lines = _files(server.url).download(_job(server.url))
        first = next(lines)
        with pytest.raises(NoAnswer):
            next(lines)
    assert first == ComplianceLine(1, Action.DELETE, "deleted")


def test_a_result_has_a_largest_size() -> None:
    """More bytes than allowed are an error."""
    with serving(_answer(200, LINE % 1, LINE % 2)) as server, pytest.raises(NoAnswer):
        list(_files(server.url, max_bytes=60).download(_job(server.url)))


@pytest.fixture
def large() -> Iterator[LocalServer]:
    """A server whose result has 200,000 lines (9.6 MB)."""
    piece = b"".join(LINE % n for n in range(100_000, 101_000))
    with serving(_answer(200, *[piece] * 200)) as server:
        yield server


def test_memory_does_not_grow_with_the_result(large: LocalServer) -> None:
    """200,000 lines are read within one megabyte."""
    tracemalloc.start()
    count = sum(1 for _ in _files(large.url).download(_job(large.url)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (count, peak < 1_000_000) == (200_000, True)
