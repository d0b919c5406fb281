"""Signs of life, and the recovery of those without."""

from __future__ import annotations

import time
from collections.abc import Callable

import redis

from shared.broker import CoveyBroker
from shared.broker.pulse import PulseConsumer
from tests.shared.broker.conftest import QUEUE, eventually, make_message


def pulse(broker: CoveyBroker) -> PulseConsumer:
    """The pulse of a broker's process."""
    consumer = broker.consume(QUEUE + ".DQ")
    assert isinstance(consumer, PulseConsumer)
    return consumer


def test_a_beat_is_written_with_the_clock_of_redis(broker: CoveyBroker, redis_client: redis.Redis) -> None:
    """The heartbeat's score is Redis TIME in microseconds."""
    assert next(pulse(broker)) is None

    seconds, _ = redis_client.time()
    beat = redis_client.zscore(broker.keys(QUEUE).workers, broker.broker_id)
    assert abs(beat / 1e6 - seconds) < 5


def test_work_of_a_silent_worker_is_given_to_others(make_broker: Callable[..., CoveyBroker]) -> None:
    """Within the timeout and a tick of the first silent moment, and it counts as a crash."""
    silent, watcher = make_broker(heartbeat_timeout_ms=400), make_broker(heartbeat_timeout_ms=400)
    consumer = pulse(watcher)
    next(consumer)
    message = silent.enqueue(make_message())
    assert next(silent.consume(QUEUE)) is not None
    started = time.monotonic()

    eventually(lambda: (next(consumer), watcher.introspection.queue_stats()[QUEUE].ready)[1], 5)

    assert 0.3 < time.monotonic() - started < 1.5
    assert watcher.client.hget(watcher.keys(QUEUE).crashes, message.message_id) == b"1"


def test_a_worker_with_a_full_hand_stays_alive(make_broker: Callable[..., CoveyBroker]) -> None:
    """It fetches nothing and settles nothing for many timeouts; its pulse keeps its message."""
    busy, watcher = make_broker(heartbeat_timeout_ms=200), make_broker(heartbeat_timeout_ms=200)
    busy.enqueue(make_message())
    assert next(busy.consume(QUEUE)) is not None
    mine, others = pulse(busy), pulse(watcher)
    deadline = time.monotonic() + 1.5

    while time.monotonic() < deadline:
        next(mine)
        next(others)

    assert watcher.introspection.queue_stats()[QUEUE].in_flight == 1
