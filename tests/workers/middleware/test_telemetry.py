"""What a job leaves in logs and metrics, on a real worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dramatiq
import pytest
import redis
import structlog
from prometheus_client import REGISTRY

from shared.broker import CoveyBroker, Outcomes, build_broker, start_worker
from shared.domain.errors import BadJob, CoveyError, NotGranted
from shared.domain.outcomes import decide
from shared.runtime.clock import SystemClock
from tests.workers.world import eventually
from workers.middleware.telemetry import Telemetry, tell_outcome

QUEUE = "media"


@pytest.fixture
def broker(redis_url: str, redis_client: redis.Redis) -> Iterator[CoveyBroker]:
    """A broker with the middleware of a worker, apart from the time limit."""
    clock = SystemClock()
    middleware = [Telemetry(clock), Outcomes(decide, clock=clock, on_outcome=tell_outcome)]
    broker = build_broker(redis_url, middleware=middleware, queues=[QUEUE])
    yield broker
    broker.close()


def declare(broker: CoveyBroker, name: str, work: Callable[[], None]) -> None:
    """An actor of the queue."""
    dramatiq.actor(broker=broker, queue_name=QUEUE, actor_name=name, throws=(CoveyError,))(work)


def sample(name: str, **labels: str) -> float:
    """A metric's value, 0 when it has none yet."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def run(broker: CoveyBroker, name: str, correlation: str = "c-1") -> None:
    """Run one message of an actor, and wait until it has been settled."""
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=QUEUE, actor_name=name, args=(), kwargs={}, options={"correlation_id": correlation}
    )
    broker.enqueue(message)
    worker = start_worker(broker, queues=[QUEUE], threads=1)
    try:
        eventually(lambda: sum(sample("covey_jobs_total", actor=name, outcome=o) for o in ("done", "deferred", "dead")))
        eventually(lambda: broker.introspection.queue_stats()[QUEUE].in_flight == 0)
    finally:
        worker.stop(timeout=5000)


def test_a_job_is_counted_measured_and_named_in_its_log_lines(broker: CoveyBroker) -> None:
    """While it runs the log has job, queue, message, attempt and correlation; afterwards nothing of them stays."""
    seen: dict[str, object] = {}

    def work() -> None:
        seen.update(structlog.contextvars.get_contextvars())
        seen["running"] = sample("covey_jobs_running", actor="seen_job")

    declare(broker, "seen_job", work)
    waits = sample("covey_job_wait_seconds_count", queue=QUEUE)

    run(broker, "seen_job", "tied-together")

    assert (seen["job"], seen["queue"], seen["attempt"]) == ("seen_job", QUEUE, 1)
    assert (seen["correlation_id"], seen["running"]) == ("tied-together", 1)
    assert seen["message_id"]
    assert sample("covey_jobs_total", actor="seen_job", outcome="done") == 1
    assert sample("covey_job_seconds_count", actor="seen_job") == 1
    assert sample("covey_jobs_running", actor="seen_job") == 0
    assert sample("covey_job_wait_seconds_count", queue=QUEUE) == waits + 1
    assert "job" not in structlog.contextvars.get_contextvars()


def test_a_deferral_is_counted_as_one(broker: CoveyBroker) -> None:
    """A job without a grant is neither done nor dead."""

    def work() -> None:
        raise NotGranted("search/recent", wait_seconds=60, blocked_by="window")

    declare(broker, "deferred_job", work)

    run(broker, "deferred_job")

    assert sample("covey_jobs_total", actor="deferred_job", outcome="deferred") == 1
    assert sample("covey_jobs_running", actor="deferred_job") == 0


def test_a_job_that_is_given_up_is_counted_and_said(broker: CoveyBroker, capsys: pytest.CaptureFixture[str]) -> None:
    """The log names the reason and the error once."""

    def work() -> None:
        raise BadJob("field 'page' is missing")

    declare(broker, "dead_job", work)

    run(broker, "dead_job")

    said = capsys.readouterr().out
    assert sample("covey_jobs_total", actor="dead_job", outcome="dead") == 1
    assert said.count("job given up") == 1
    assert "field 'page' is missing" in said
