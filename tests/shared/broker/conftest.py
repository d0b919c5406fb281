"""A broker on a real Redis, and a worker of this process, for the broker's tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import dramatiq
import pytest
import redis

from shared.broker import CoveyBroker, Delivery, Outcomes, start_worker
from shared.broker.consumer import QueueConsumer
from shared.domain.outcomes import decide
from shared.redis.connection import connect
from shared.runtime.clock import SystemClock

QUEUE = "work"


def eventually(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until `condition` holds; fail when it does not within `seconds`."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {condition}"
        pause.wait(0.01)


@pytest.fixture
def make_broker(redis_url: str, redis_client: redis.Redis) -> Iterator[Callable[..., CoveyBroker]]:
    """Builds brokers on one empty Redis; each is a process of its own in the eyes of the others."""
    made: list[CoveyBroker] = []

    def make(**options: object) -> CoveyBroker:
        options.setdefault("middleware", [Outcomes(decide, clock=SystemClock())])
        options.setdefault("is_known", lambda name: True)  # what tests fetch by hand has no actor
        broker = CoveyBroker(connect(redis_url), **options)  # type: ignore[arg-type]
        broker.declare_queue(QUEUE)
        made.append(broker)
        return broker

    yield make
    for broker in made:
        broker.client.close()


@pytest.fixture
def broker(make_broker: Callable[..., CoveyBroker]) -> CoveyBroker:
    """A broker with the outcome policy and one queue, `work`."""
    return make_broker()


@pytest.fixture
def run_worker() -> Iterator[Callable[..., dramatiq.Worker]]:
    """Starts workers, and stops them after the test."""
    running: list[dramatiq.Worker] = []

    def run(broker: CoveyBroker, threads: int = 4) -> dramatiq.Worker:
        worker = start_worker(broker, queues=[QUEUE], threads=threads)
        running.append(worker)
        return worker

    yield run
    for worker in running:
        worker.stop(timeout=2000)


def make_message(actor: str = "note", *args: object, queue: str = QUEUE, **options: object) -> dramatiq.Message:
    """A message for an actor by name."""
    return dramatiq.Message(queue_name=queue, actor_name=actor, args=args, kwargs={}, options=dict(options))


def take(consumer: QueueConsumer, count: int = 1, seconds: float = 5.0) -> list[Delivery]:
    """The next `count` messages."""
    taken: list[Delivery] = []

    def enough() -> bool:
        delivery = next(consumer)
        if delivery is not None:
            taken.append(delivery)
        return len(taken) == count

    eventually(enough, seconds)
    return taken


def consume(broker: CoveyBroker, prefetch: int = 8) -> QueueConsumer:
    """A consumer of the queue."""
    consumer = broker.consume(QUEUE, prefetch=prefetch)
    assert isinstance(consumer, QueueConsumer)
    return consumer


def bury(broker: CoveyBroker, reason: str = "why", **options: object) -> dramatiq.Message:
    """Enqueue a message, fetch it and let it die."""
    message = make_message(reason=reason, **options)
    broker.enqueue(message)
    consumer = broker.consume(QUEUE)
    delivery = next(consumer)
    assert delivery is not None
    consumer.nack(delivery)
    return message
