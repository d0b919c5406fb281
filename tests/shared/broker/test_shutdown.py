"""How a worker ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dramatiq
import pytest

from shared.broker import CoveyBroker, start_worker
from shared.broker.consumer import QueueConsumer
from shared.broker.shutdown import give_back_all
from tests.shared.broker.conftest import QUEUE, consume, eventually, make_message, take

OTHER = "other"


@dataclass
class Busy:
    """A worker with one thread, which a job occupies until `release` is set."""

    broker: CoveyBroker
    worker: dramatiq.Worker
    done: list[str]
    release: threading.Event

    def ask_to_end(self) -> threading.Thread:
        """Stop the worker, with more time than its job needs."""
        ending = threading.Thread(target=self.worker.stop, kwargs={"timeout": 20_000})
        ending.start()
        return ending


@pytest.fixture
def busy(make_broker: Callable[..., CoveyBroker]) -> Iterator[Busy]:
    """A worker of two queues whose job runs."""
    broker = make_broker()
    broker.declare_queue(OTHER)
    started, release = threading.Event(), threading.Event()
    done: list[str] = []

    def long(name: str) -> None:
        started.set()
        release.wait(20)
        done.append(name)

    dramatiq.actor(long, broker=broker, queue_name=QUEUE, actor_name="long")
    broker.enqueue(make_message("long", "first"))
    worker = start_worker(broker, queues=[QUEUE, OTHER], threads=1)
    assert started.wait(10)
    yield Busy(broker, worker, done, release)
    release.set()
    worker.stop(timeout=5_000)


def test_what_waits_for_a_thread_is_given_back_at_once(busy: Busy, make_broker: Callable[..., CoveyBroker]) -> None:
    """While the long job of an ending worker runs on, another worker has the message that was fetched in advance."""
    message = busy.broker.enqueue(make_message("long", "second", queue=OTHER))
    eventually(lambda: busy.broker.introspection.queue_stats()[OTHER].in_flight == 1)
    idle = make_broker().consume(OTHER)
    assert isinstance(idle, QueueConsumer)

    ending = busy.ask_to_end()

    assert take(idle)[0].message_id == message.message_id
    assert ending.is_alive()
    busy.release.set()
    ending.join(10)
    assert busy.done == ["first"]
    assert not busy.broker.client.exists(busy.broker.keys(OTHER).crashes)


def test_an_ending_worker_fetches_nothing_and_lives(busy: Busy, make_broker: Callable[..., CoveyBroker]) -> None:
    """Its stopped threads are not room for messages; its pulse goes on for the job that runs."""
    ending = busy.ask_to_end()
    eventually(lambda: not busy.worker.consumers[QUEUE].is_alive())
    message = busy.broker.enqueue(make_message("long", "second"))
    idle = consume(make_broker())

    assert busy.worker.consumers[QUEUE + ".DQ"].is_alive()
    assert take(idle)[0].message_id == message.message_id
    assert ending.is_alive()


def test_a_lost_reply_is_given_back_at_the_end(broker: CoveyBroker) -> None:
    """What Redis handed to a reply that never arrived is not held by a process that is gone."""
    consume(broker)
    broker.enqueue(make_message())
    broker.operations.fetch(broker.keys(QUEUE), broker.broker_id, 1, alone=True, alone_from=2, dead_from=3)

    assert give_back_all(broker.context) == 1

    assert broker.introspection.queue_stats()[QUEUE].ready == 1


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
    assert broker.introspection.dead(1) == []
