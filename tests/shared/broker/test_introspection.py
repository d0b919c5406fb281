"""What the scheduler asks of the queue."""

from __future__ import annotations

from pathlib import Path

import dramatiq
import redis

from shared.broker import CoveyBroker, build_broker
from shared.runtime.embedded import start_redis
from tests.shared.broker.conftest import QUEUE, bury, eventually, make_message


def test_dead_letters_are_listed_until_they_are_forgotten(broker: CoveyBroker) -> None:
    """The outbox shows id, queue, payload, reason and time of death, the oldest first, and forgets what it is told."""
    messages = [bury(broker, reason=f"reason {n}") for n in range(3)]

    letters = broker.introspection.dead(2)

    assert [letter.redis_id for letter in letters] == [m.message_id for m in messages[:2]]
    assert [letter.reason for letter in letters] == ["reason 0", "reason 1"]
    assert letters[0].queue == QUEUE
    assert dramatiq.Message.decode(letters[0].payload) == messages[0]
    assert letters[0].died_at.tzinfo is not None
    assert broker.introspection.forget_dead(letters) == 2
    assert broker.introspection.forget_dead(letters) == 0
    assert [letter.redis_id for letter in broker.introspection.dead(10)] == [messages[2].message_id]


def test_stats_count_every_state(broker: CoveyBroker) -> None:
    """Ready, delayed, in flight and dead are counted apart, and the age is that of the longest due message."""
    bury(broker)
    broker.enqueue(make_message())
    next(broker.consume(QUEUE))
    broker.enqueue(make_message(), delay=60_000)
    broker.enqueue(make_message())
    broker.enqueue(make_message())
    eventually(lambda: broker.introspection.queue_stats()[QUEUE].oldest_ready_age_seconds > 0.01)

    stats = broker.introspection.queue_stats()[QUEUE]

    assert (stats.ready, stats.delayed, stats.in_flight, stats.dead) == (2, 1, 1, 1)
    assert stats.oldest_ready_age_seconds < 5


def test_stats_take_one_round_trip(broker: CoveyBroker, redis_client: redis.Redis) -> None:
    """Any number of queues is counted by one command."""
    for number in range(6):
        broker.declare_queue(f"q{number}")
    broker.introspection.queue_stats()
    before = redis_client.info("commandstats")["cmdstat_evalsha"]["calls"]

    stats = broker.introspection.queue_stats()

    assert len(stats) == 7
    assert redis_client.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1


def test_the_epoch_tells_that_redis_lost_its_data(broker: CoveyBroker, redis_client: redis.Redis) -> None:
    """The mark is there until the data is gone."""
    assert broker.introspection.epoch() is None
    broker.introspection.set_epoch("2024-05-01")
    assert broker.introspection.epoch() == "2024-05-01"

    redis_client.flushdb()

    assert broker.introspection.epoch() is None


def test_a_server_that_was_started_anew_is_another_one(tmp_path: Path) -> None:
    """The data and its mark are there, but the process that holds them has another name."""
    server = start_redis(tmp_path)
    broker = build_broker(server.url, middleware=[])
    before = broker.introspection.server_id()
    broker.introspection.set_epoch(before)
    assert broker.introspection.server_id() == before

    server.stop()
    server = start_redis(tmp_path, port=int(server.url.rpartition(":")[2].partition("/")[0]))
    try:
        assert broker.introspection.epoch() == before
        assert broker.introspection.server_id() != before
    finally:
        broker.close()
        server.stop()
