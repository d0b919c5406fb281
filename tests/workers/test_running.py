"""What a worker says it works on, from a real worker."""

from __future__ import annotations

import threading

import dramatiq

from shared.broker import CoveyBroker, Outcomes, start_worker
from shared.domain.jobs import ALL_QUEUES, Canary
from shared.domain.outcomes import decide
from shared.redis.connection import connect
from shared.runtime.clock import SystemClock
from shared.services.bootstrap import Services
from tests.workers.world import eventually
from workers.running import RunningJobs


def test_jobs_are_seen_while_they_run_and_counted_when_they_end(services: Services) -> None:
    """Each with its thread, queue and words; an error counts as an end too."""
    clock = SystemClock()
    jobs = RunningJobs(clock)
    broker = CoveyBroker(connect(services.settings.redis_url or ""), middleware=[jobs, Outcomes(decide, clock=clock)])
    for queue in ALL_QUEUES:
        broker.declare_queue(queue)
    gate, fails = threading.Event(), threading.Event()

    def work(payload: object) -> None:
        gate.wait(10)
        if fails.is_set():
            raise ValueError("no")

    dramatiq.actor(work, broker=broker, actor_name="canary", queue_name="media")

    def send() -> None:
        services.sender.send(Canary(queue="media", sent_at_ms=0), queue="media")

    worker = start_worker(broker, queues=["media"], threads=2)
    try:
        send()
        eventually(jobs.now)
        (one,) = jobs.now()
        assert (one.job, one.queue, one.subject) == ("canary", "media", "sign of life of media")
        assert one.thread_id != threading.get_ident()
        assert jobs.ended_a_minute() == {}
        gate.set()
        eventually(lambda: jobs.ended_a_minute() == {"media": 1})
        assert jobs.now() == []
        fails.set()
        send()
        eventually(lambda: jobs.ended_a_minute() == {"media": 2})
    finally:
        worker.stop(timeout=2000)
        broker.close()
