"""A job of a newer version reaches an older worker, as a rolling deploy brings it: left for a worker that knows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import TimeLimit

from shared.broker import Outcomes, start_worker
from shared.broker.sender import to_message
from shared.domain.jobs import ALL_QUEUES, Canary, Queue, SearchPage
from shared.domain.outcomes import decide
from shared.runtime.clock import SystemClock
from shared.services.bootstrap import Services
from tests.workers.world import ScriptedX, eventually
from workers.actors import declare_all
from workers.middleware.telemetry import Telemetry, tell_outcome

MakeWorker = Callable[[float], Services]
PAGE = {"version": 1, "sweep_id": "s", "page": 0}
NEWER: dict[str, tuple[str, Any]] = {
    "a new type": ("archive_page", {"version": 1}),
    "a new field": (SearchPage.name, {**PAGE, "tenant": "t"}),
    "two new fields": (SearchPage.name, {**PAGE, "tenant": "t", "route": {"name": "archive"}}),
    "a higher version": (SearchPage.name, {**PAGE, "version": 2}),
    "a higher version of another shape": (SearchPage.name, {"version": 2, "pages": [1]}),
}
WRONG: dict[str, Any] = {
    "no version that there was": {**PAGE, "version": 0},
    "a version that is none": {**PAGE, "version": "2"},
    "a new field, and a known one that does not fit": {**PAGE, "page": "x", "tenant": "t"},
    "a field too few": {"version": 1, "sweep_id": "s"},
}


@pytest.fixture
def make_worker(make_services: Callable[..., Services], x: ScriptedX) -> Iterator[MakeWorker]:
    """Starts a worker of this version that leaves unknown jobs for so many seconds."""
    workers: list[dramatiq.Worker] = []

    def make(unknown_job_seconds: float) -> Services:
        clock = SystemClock()
        policy = partial(decide, unknown_job_seconds=unknown_job_seconds)
        middleware = [Telemetry(clock), TimeLimit(), Outcomes(policy, clock=clock, on_outcome=tell_outcome)]
        services = make_services(x.url, middleware=middleware, unknown_job_seconds=unknown_job_seconds)
        declare_all(services)
        workers.append(start_worker(services.broker, queues=ALL_QUEUES, threads=2))
        return services

    yield make
    for worker in workers:
        worker.stop(timeout=5000)


def send(services: Services, name: str, payload: Any) -> dramatiq.Message[Any]:
    """Enqueue what a newer producer would."""
    message: dramatiq.Message[Any] = dramatiq.Message(Queue.SEARCH, name, (payload,), {}, {})
    services.broker.enqueue(message)
    return message


def left(services: Services) -> dict[str, Any]:
    """The options of the one message that was left."""
    keys = services.broker.keys(Queue.SEARCH)
    eventually(lambda: services.broker.introspection.queue_stats()[Queue.SEARCH].delayed == 1)
    payloads: Any = services.broker.client.hvals(keys.payloads)
    options: dict[str, Any] = json.loads(payloads[0])["options"]
    return options


def is_alive(services: Services) -> None:
    """The worker goes on with what it knows."""
    services.broker.enqueue(to_message(Canary(queue=Queue.QUOTES, sent_at_ms=0), queue=Queue.QUOTES))
    services.broker.join(Queue.QUOTES, timeout=10_000)


@pytest.mark.parametrize("name", NEWER)
def test_a_newer_job_is_left(make_worker: MakeWorker, name: str) -> None:
    """It waits for a worker that knows it, spends no attempt, and others are worked on."""
    services = make_worker(3600)

    send(services, *NEWER[name])

    options = left(services)
    assert options["left_at"] > 0
    assert "attempts" not in options
    assert services.broker.introspection.dead(10) == []
    is_alive(services)


@pytest.mark.parametrize("name", ["a new type", "a new field"])
def test_a_job_that_no_worker_knew_in_time_becomes_a_letter(make_worker: MakeWorker, name: str) -> None:
    """After the time that was set it is buried with its reason."""
    services = make_worker(0.2)

    send(services, *NEWER[name])

    (letter,) = eventually(lambda: services.broker.introspection.dead(10))
    assert letter.reason == {"a new type": "unknown_actor", "a new field": "NewerJob"}[name]
    is_alive(services)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_job_is_still_buried_at_once(make_worker: MakeWorker, name: str) -> None:
    """No later version would write it."""
    services = make_worker(3600)

    send(services, SearchPage.name, WRONG[name])

    (letter,) = eventually(lambda: services.broker.introspection.dead(10))
    assert letter.reason == "BadJob"
    is_alive(services)


def test_a_newer_worker_takes_what_an_older_one_left(make_worker: MakeWorker) -> None:
    """The older worker leaves it again and again; the newer one, started later, does it once."""
    older = make_worker(3600)
    message = send(older, *NEWER["a new type"])
    first = left(older)["left_at"]
    newer = make_worker(3600)
    done: list[Any] = []
    dramatiq.actor(done.append, broker=newer.broker, actor_name="archive_page", queue_name=Queue.SEARCH)

    def is_done() -> bool:
        """Each look lets the delay be over, which is ten seconds otherwise."""
        older.broker.client.zadd(older.broker.keys(Queue.SEARCH).waiting, {message.message_id: 1}, xx=True)
        return bool(done)

    eventually(is_done)

    assert done == [{"version": 1}]
    assert first > 0
    older.broker.join(Queue.SEARCH, timeout=10_000)
    assert older.broker.introspection.dead(10) == []
