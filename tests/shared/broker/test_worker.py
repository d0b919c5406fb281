"""A whole worker in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import dramatiq
from dramatiq.middleware import TimeLimit

from shared.broker import CoveyBroker, Outcomes, start_worker
from shared.domain.outcomes import decide
from shared.runtime.clock import SystemClock
from tests.shared.broker.conftest import QUEUE, eventually, make_message


def test_a_time_limit_works_without_dramatiqs_command_line(
    make_broker: Callable[..., CoveyBroker], run_worker: Callable[..., dramatiq.Worker]
) -> None:
    """The timer is started with the worker, so a job beyond its limit is interrupted."""
    broker = make_broker(middleware=[TimeLimit(time_limit=50, interval=20), Outcomes(decide, clock=SystemClock())])
    ended = threading.Event()

    def endless() -> None:
        try:
            while True:
                pass
        finally:
            ended.set()

    dramatiq.actor(endless, broker=broker, queue_name=QUEUE, actor_name="endless")
    broker.enqueue(make_message("endless"))

    run_worker(broker, threads=1)

    assert ended.wait(10)


def test_stopping_gives_back_what_was_not_started(
    make_broker: Callable[..., CoveyBroker],
) -> None:
    """What runs is finished, the rest returns in its order, and nothing is counted as a crash."""
    broker = make_broker()
    started, release = threading.Semaphore(0), threading.Event()
    done: list[int] = []

    def work(number: int) -> None:
        started.release()
        release.wait(10)
        done.append(number)

    dramatiq.actor(work, broker=broker, queue_name=QUEUE, actor_name="work")
    for number in range(10):
        broker.enqueue(make_message("work", number))
    worker = start_worker(broker, queues=[QUEUE], threads=2)
    started.acquire()
    started.acquire()
    stopping = threading.Thread(target=worker.stop, kwargs={"timeout": 10_000})
    stopping.start()
    release.set()
    stopping.join()

    consumer = make_broker().consume(QUEUE, prefetch=20)
    rest = [delivery.args[0] for delivery in iter(consumer.__next__, None)]
    assert sorted(done) + rest == list(range(10))
    assert broker.client.exists(broker.keys(QUEUE).crashes) == 0


def test_urgent_messages_go_first(make_broker: Callable[..., CoveyBroker]) -> None:
    """An urgent message enqueued last overtakes the backlog of the same process, with the same actor."""
    broker = make_broker()
    broker.declare_queue("urgent")
    order: list[str] = []
    gate = threading.Event()

    def work(name: str) -> None:
        gate.wait(10)
        order.append(name)

    dramatiq.actor(work, broker=broker, queue_name=QUEUE, actor_name="work")
    for number in range(20):
        broker.enqueue(make_message("work", f"plain {number}"))
    worker = start_worker(broker, queues=[QUEUE, "urgent"], threads=1, urgent=["urgent"])
    try:
        eventually(lambda: broker.introspection.queue_stats()[QUEUE].in_flight)
        broker.enqueue(make_message("work", "urgent", queue="urgent"))
        eventually(lambda: broker.introspection.queue_stats()["urgent"].in_flight)
        gate.set()
        eventually(lambda: "urgent" in order)
    finally:
        worker.stop(timeout=5000)

    assert order.index("urgent") <= 2


def test_an_idle_worker_starts_a_message_soon(broker: CoveyBroker, run_worker: Callable[..., dramatiq.Worker]) -> None:
    """Of 40 messages on an idle queue 95 of 100 start within 0.5 s (polls are at most 0.2 s apart)."""
    waits: list[float] = []
    dramatiq.actor(
        lambda sent: waits.append(time.monotonic() - sent), broker=broker, queue_name=QUEUE, actor_name="note"
    )
    run_worker(broker)

    for number in range(40):
        broker.enqueue(make_message("note", time.monotonic()))
        eventually(lambda expected=number + 1: len(waits) == expected)

    assert sorted(waits)[37] < 0.5
