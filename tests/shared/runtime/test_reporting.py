"""What reaches Sentry: a real client against a local server that takes events as Sentry does."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import dramatiq
import pytest
import redis
import sentry_sdk

from shared.broker import Outcomes, build_broker, start_worker
from shared.domain.errors import BadJob, NotGranted
from shared.domain.outcomes import decide
from shared.runtime import reporting
from shared.runtime.clock import SystemClock
from shared.runtime.settings import Settings
from tests.shared.broker.conftest import eventually, make_message
from workers.middleware.telemetry import Telemetry, tell_outcome

TOKEN = "AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0"


class FakeSentry(ThreadingHTTPServer):
    """Takes envelopes and keeps the events in them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Envelopes)
        self.bodies: list[bytes] = []

    @property
    def dsn(self) -> str:
        """What SENTRY_DSN would be."""
        return f"http://key@127.0.0.1:{self.server_port}/1"

    def events(self) -> list[dict[str, Any]]:
        """The events sent so far."""
        sentry_sdk.flush(5)
        items = [json.loads(line) for body in self.bodies for line in body.splitlines() if line.startswith(b"{")]
        return [item for item in items if "event_id" in item and "platform" in item]


class _Envelopes(BaseHTTPRequestHandler):
    server: FakeSentry

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        unpack: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}
        self.server.bodies.append(unpack.get(self.headers.get("Content-Encoding", ""), bytes)(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def sentry() -> Iterator[FakeSentry]:
    """A server, and a process that reports to it; nothing reports afterwards."""
    server = FakeSentry()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    reporting.configure(Settings.load(sentry_dsn=server.dsn, instance="here"), process="worker")
    yield server
    sentry_sdk.get_client().close(0)
    sentry_sdk.get_global_scope().set_client(None)
    server.shutdown()
    server.server_close()


def test_without_a_dsn_nothing_is_set_up() -> None:
    """No SENTRY_DSN, no client; reporting does nothing and does not fail."""
    reporting.configure(Settings.load(sentry_dsn=None), process="worker")

    assert not sentry_sdk.get_client().is_active()
    reporting.job_given_up(job="j", queue="q", reason="r", message_id="m", error=ValueError("x"))


def test_a_job_given_up_is_one_event(sentry: FakeSentry) -> None:
    """With its error, job, queue, reason, message id, process and machine, also from the thread of a worker."""

    def give_up() -> None:
        try:
            raise BadJob("search_page: page: not a number")
        except BadJob as error:
            reporting.job_given_up(job="search_page", queue="search", reason="BadJob", message_id="m1", error=error)

    thread = threading.Thread(target=give_up)
    thread.start()
    thread.join()

    (event,) = sentry.events()
    assert event["exception"]["values"][0]["type"] == "BadJob"
    assert event["tags"] == {"process": "worker", "job": "search_page", "queue": "search", "reason": "BadJob"}
    assert event["extra"]["message_id"] == "m1"
    assert event["server_name"] == "here"


def test_a_job_given_up_without_an_error_is_an_event_too(sentry: FakeSentry) -> None:
    """A poison message has no error: its event says what happened."""
    reporting.job_given_up(job="search_page", queue="search", reason="poison", message_id="m1", error=None)

    (event,) = sentry.events()
    assert event["message"] == "search_page given up: poison"
    assert event["level"] == "error"


def test_no_value_of_a_variable_leaves(sentry: FakeSentry) -> None:
    """The stack is there, the local variables of its frames are not."""

    def handler(token: str) -> None:
        held = token + "-held"
        raise ValueError(f"{len(held)} characters")

    try:
        handler(TOKEN)
    except ValueError as error:
        reporting.job_given_up(job="j", queue="q", reason="r", message_id="m", error=error)

    (event,) = sentry.events()
    frames = event["exception"]["values"][0]["stacktrace"]["frames"]
    assert "handler" in [frame["function"] for frame in frames]
    assert not [frame for frame in frames if "vars" in frame]
    assert TOKEN.encode() not in b"".join(sentry.bodies)


def test_credentials_in_the_words_of_errors_and_logs_do_not_leave(sentry: FakeSentry) -> None:
    """An error's message, its cause's, and what was logged before are cut as in the logs."""
    logging.getLogger("some.library").warning("sent Authorization: Bearer %s", TOKEN)
    try:
        try:
            raise ConnectionError(f"redis://:{TOKEN}@redis:6379")
        except ConnectionError as cause:
            raise ValueError(f"Bearer {TOKEN}") from cause
    except ValueError as error:
        reporting.job_given_up(job="j", queue="q", reason="r", message_id="m", error=error)

    (event,) = sentry.events()
    assert len(event["exception"]["values"]) == 2
    assert TOKEN.encode() not in b"".join(sentry.bodies)


def test_errors_that_are_logged_are_not_events(sentry: FakeSentry) -> None:
    """The log has them; an event is for what a person must look at."""
    logging.getLogger("shared.here").error("attempt failed", exc_info=ValueError("x"))

    assert sentry.events() == []


def test_what_ends_a_process_is_reported(sentry: FakeSentry) -> None:
    """The event has left before the process ends."""
    reporting.crashed(MemoryError("no more"))

    (event,) = sentry.events()
    assert event["exception"]["values"][0]["type"] == "MemoryError"


def test_a_worker_reports_the_jobs_it_gives_up_and_no_other(
    sentry: FakeSentry, redis_url: str, redis_client: redis.Redis
) -> None:
    """Of a deferred job that then succeeds and a job that is given up, one event leaves: the latter's."""
    clock = SystemClock()
    runs: list[str] = []
    middleware = [Telemetry(clock), Outcomes(decide, clock=clock, on_outcome=tell_outcome)]
    broker = build_broker(redis_url, middleware=middleware, queues=["work"])

    def work(name: str) -> None:
        runs.append(name)
        if name == "bad":
            raise BadJob("bad: it does not fit")
        if runs.count(name) == 1:
            raise NotGranted("search", wait_seconds=0.05, blocked_by="window")

    dramatiq.actor(actor_name="note", queue_name="work", broker=broker)(work)
    for name in ("bad", "deferred"):
        broker.enqueue(make_message("note", name))
    worker = start_worker(broker, queues=["work"], threads=2)
    try:
        eventually(lambda: len(runs) == 3 and not sum(broker.operations.stats([broker.keys("work")])[0][:3]))
    finally:
        worker.stop(timeout=2000)
        broker.close()

    (event,) = sentry.events()
    assert event["exception"]["values"][0]["type"] == "BadJob"
    assert (event["tags"]["job"], event["tags"]["reason"]) == ("note", "BadJob")
