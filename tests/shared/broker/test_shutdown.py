"""The last act of a worker."""

from __future__ import annotations

import threading
from collections.abc import Callable

import dramatiq

from shared.broker import CoveyBroker, start_worker
from tests.shared.broker.conftest import QUEUE, make_message


def test_a_job_longer_than_the_grace_period_is_given_back(make_broker: Callable[..., CoveyBroker]) -> None:
    """Another worker can start it at once, and no crash is counted: deployments do not make poison."""
    broker = make_broker()
    started, release = threading.Event(), threading.Event()

    def long() -> None:
        started.set()
        release.wait(10)

    dramatiq.actor(long, broker=broker, queue_name=QUEUE, actor_name="long")
    message = broker.enqueue(make_message("long"))
    worker = start_worker(broker, queues=[QUEUE], threads=1)
    assert started.wait(10)

    worker.stop(timeout=50)

    other = make_broker().consume(QUEUE)
    delivery = next(other)
    assert delivery is not None
    assert delivery.message_id == message.message_id
    assert not broker.client.exists(broker.keys(QUEUE).crashes)
    release.set()
    other.ack(delivery)
    assert broker.dead(1) == []
