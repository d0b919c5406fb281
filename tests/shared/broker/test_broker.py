"""What producers and the scheduler ask of the broker."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import redis
from dramatiq.errors import ConnectionClosed, QueueJoinTimeout

from shared.broker import CoveyBroker, build_broker
from shared.domain.errors import InputError
from tests.faults.tcp_proxy import TcpProxy
from tests.shared.broker.conftest import QUEUE, bury, eventually, make_message

DAY_MS = 86_400_000


def test_an_enqueued_message_is_found_again(broker: CoveyBroker) -> None:
    """A message travels whole: name, arguments, options, id and timestamp."""
    message = make_message("note", 1, "two", colour="red")

    broker.enqueue(message)

    assert next(broker.consume(QUEUE)) == message


def test_enqueueing_the_same_message_again_is_harmless(broker: CoveyBroker) -> None:
    """A producer may repeat itself; the message is outstanding once."""
    message = make_message()

    broker.enqueue(message)
    broker.enqueue(message)

    assert broker.introspection.queue_stats()[QUEUE].ready == 1


def test_two_messages_under_one_id_are_refused(broker: CoveyBroker) -> None:
    """A copy with other arguments and the old id would be lost silently, so it is an error that names the id."""
    message = make_message("note", 1)
    broker.enqueue(message)

    with pytest.raises(InputError, match=message.message_id):
        broker.enqueue(message.copy(args=(2,)))


def test_a_negative_delay_is_refused(broker: CoveyBroker) -> None:
    """The error names the value."""
    with pytest.raises(InputError, match="-5"):
        broker.enqueue(make_message(), delay=-5)


def test_a_producer_needs_no_actors(make_broker: Callable[..., CoveyBroker]) -> None:
    """A process that declares no actor enqueues by name for one that does."""
    producer, worker = make_broker(), make_broker()

    producer.enqueue(make_message("note", 7))

    delivery = next(worker.consume(QUEUE))
    assert delivery is not None
    assert delivery.args == (7,)


def test_only_one_message_of_a_dedup_key_is_outstanding(broker: CoveyBroker) -> None:
    """The second is refused until the first is settled, and a repetition of the first is not a second."""
    first = make_message("note", 1)

    assert broker.enqueue_many_once([(first, "k", None)], dedup_ttl_ms=DAY_MS)[0]
    assert broker.enqueue_many_once([(first, "k", None)], dedup_ttl_ms=DAY_MS)[0]
    assert not broker.enqueue_many_once([(make_message("note", 2), "k", None)], dedup_ttl_ms=DAY_MS)[0]
    assert broker.enqueue_many_once([(make_message("note", 3), "other", None)], dedup_ttl_ms=DAY_MS)[0]

    assert broker.introspection.queue_stats()[QUEUE].ready == 2


@pytest.mark.parametrize(("key", "ttl_ms"), [("", 5), ("\ud800", 5), ("k", 0), ("k", -5), ("k", 10**30)])
def test_a_dedup_that_no_settlement_could_work_with_is_refused(broker: CoveyBroker, key: str, ttl_ms: int) -> None:
    """The error names the values, and nothing is enqueued."""
    with pytest.raises(InputError, match=re.escape(f"got {key!r} for {ttl_ms} ms")):
        broker.enqueue_many_once([(make_message(), key, None)], dedup_ttl_ms=ttl_ms)

    assert broker.introspection.queue_stats()[QUEUE].ready == 0


def test_many_are_enqueued_in_few_round_trips(broker: CoveyBroker, redis_client: redis.Redis) -> None:
    """A thousand messages, some of them refused, each with its own delay, in the order given."""
    entries = [(make_message("note", n), f"k{n % 900}", 60_000 if n % 2 else None) for n in range(1000)]

    answers = broker.enqueue_many_once(entries, dedup_ttl_ms=DAY_MS)

    assert answers == [True] * 900 + [False] * 100
    stats = broker.introspection.queue_stats()[QUEUE]
    assert (stats.ready, stats.delayed) == (450, 450)
    first = next(broker.consume(QUEUE))
    assert first is not None
    assert first.args == (0,)
    assert broker.enqueue_many_once([], dedup_ttl_ms=DAY_MS) == []


def test_enqueueing_many_survives_a_redis_that_forgot_the_scripts(
    broker: CoveyBroker, redis_client: redis.Redis
) -> None:
    """After a restart or failover the scripts are loaded again."""
    redis_client.script_flush()

    assert broker.enqueue_many_once([(make_message(), f"k{n}", None) for n in range(3)], dedup_ttl_ms=DAY_MS)

    assert broker.introspection.queue_stats()[QUEUE].ready == 3


@pytest.mark.parametrize("settle", ["ack", "nack"])
def test_a_settled_message_frees_its_dedup_key(broker: CoveyBroker, settle: str) -> None:
    """After ack or nack the next message with the key is taken."""
    broker.enqueue_many_once([(make_message(), "k", None)], dedup_ttl_ms=DAY_MS)[0]
    consumer = broker.consume(QUEUE)
    delivery = next(consumer)
    assert delivery is not None

    getattr(consumer, settle)(delivery)

    assert broker.enqueue_many_once([(make_message(), "k", None)], dedup_ttl_ms=DAY_MS)[0]


def test_an_old_owner_never_frees_the_key_of_a_newer_one(broker: CoveyBroker) -> None:
    """The key expired and has a new owner: the ack of the old message leaves it alone."""
    broker.enqueue_many_once([(make_message(), "k", None)], dedup_ttl_ms=20)[0]
    consumer = broker.consume(QUEUE)
    old = next(consumer)
    assert old is not None
    eventually(lambda: broker.enqueue_many_once([(make_message(), "k", None)], dedup_ttl_ms=DAY_MS)[0])

    consumer.ack(old)

    assert not broker.enqueue_many_once([(make_message(), "k", None)], dedup_ttl_ms=DAY_MS)[0]


def test_the_dedup_key_outlives_the_delay(broker: CoveyBroker, redis_client: redis.Redis) -> None:
    """A delayed message keeps others out for its delay and its lifetime."""
    broker.enqueue_many_once([(make_message(), "k", 60_000)], dedup_ttl_ms=1000)

    assert 60_000 < redis_client.pttl("covey:once:k") <= 61_000


def test_a_dead_message_can_be_replayed(broker: CoveyBroker) -> None:
    """A dead message enqueued again, even twice, is outstanding once, under its id."""
    message = bury(broker)

    broker.enqueue(message)
    broker.enqueue(message)

    assert broker.introspection.queue_stats()[QUEUE].ready == 1


def test_flush_empties_a_queue(broker: CoveyBroker, redis_client: redis.Redis) -> None:
    """Nothing of the queue is left, and join returns at once."""
    bury(broker)
    broker.enqueue(make_message(), delay=1000)

    broker.flush_all()

    assert redis_client.keys() == []
    broker.join(QUEUE, timeout=100)


def test_join_waits_for_delayed_messages_too(broker: CoveyBroker) -> None:
    """A queue with a message due in a minute is not done."""
    broker.enqueue(make_message(), delay=60_000)

    with pytest.raises(QueueJoinTimeout):
        broker.join(QUEUE, interval=5, timeout=20)


def test_a_cut_connection_is_connection_closed(redis_url: str, redis_client: redis.Redis) -> None:
    """Every operation raises the one error Dramatiq waits out, and works again afterwards."""
    port = redis_client.get_connection_kwargs()["port"]
    with TcpProxy(port) as proxy:
        broker = build_broker(f"redis://127.0.0.1:{proxy.port}/0", middleware=[], queues=[QUEUE], is_known=bool)
        broker.enqueue(make_message())
        consumer = broker.consume(QUEUE, prefetch=1)
        delivery = next(consumer)
        assert delivery is not None
        proxy.cut()

        for operation in (
            lambda: broker.enqueue(make_message()),
            lambda: consumer.ack(delivery),
            lambda: consumer.requeue([delivery]),
            lambda: next(broker.consume(QUEUE, prefetch=5)),
            lambda: next(broker.consume(QUEUE + ".DQ")),
            broker.introspection.queue_stats,
            lambda: broker.introspection.dead(1),
            broker.introspection.epoch,
        ):
            with pytest.raises(ConnectionClosed):
                operation()

        proxy.restore()
        assert broker.introspection.queue_stats()[QUEUE].in_flight == 1


def test_a_timeout_is_connection_closed_and_is_not_repeated(redis_url: str, redis_client: redis.Redis) -> None:
    """An enqueue without a reply raises ConnectionClosed after one try, and repeating it places nothing twice."""
    with TcpProxy(redis_client.get_connection_kwargs()["port"]) as proxy:
        broker = build_broker(
            f"redis://127.0.0.1:{proxy.port}/0?socket_timeout=0.2", middleware=[], queues=[QUEUE], is_known=bool
        )
        broker.introspection.queue_stats()
        message = make_message()
        broker.enqueue(make_message())
        proxy.mute()

        with pytest.raises(ConnectionClosed, match="Timeout"):
            broker.enqueue(message)
        proxy.restore()
        broker.enqueue(message)

        assert broker.introspection.queue_stats()[QUEUE].ready == 2


def test_the_stock_scripts_cannot_be_reached(broker: CoveyBroker) -> None:
    """No inherited method may touch keys that this broker does not have."""
    with pytest.raises(NotImplementedError):
        broker.do_purge(QUEUE)
