"""Fetching, settling and giving back, one consumer at a time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import redis
from dramatiq.broker import MessageProxy
from dramatiq.errors import ConnectionClosed

from shared.broker import CoveyBroker, build_broker
from shared.broker.consumer import MOST_AHEAD, QueueConsumer
from tests.faults.tcp_proxy import TcpProxy
from tests.shared.broker.conftest import QUEUE, consume, eventually, make_message, take


def test_messages_come_in_order_and_no_more_than_the_prefetch(broker: CoveyBroker) -> None:
    """First in, first out; a full hand gets nothing until one is settled."""
    messages = [broker.enqueue(make_message()) for _ in range(5)]
    consumer = consume(broker, prefetch=3)

    first = take(consumer, 3)
    assert next(consumer) is None
    consumer.ack(first[0])

    assert [d.message_id for d in first + take(consumer)] == [m.message_id for m in messages[:4]]


def test_a_busy_process_still_gets_one_message_of_every_queue(broker: CoveyBroker) -> None:
    """The threads are shared by all queues, and a queue does not wait until another is empty."""
    broker.declare_queue("other")
    for _ in range(4):
        broker.enqueue(make_message())
        broker.enqueue(make_message(queue="other"))
    take(consume(broker, prefetch=2), 2)
    other = broker.consume("other", prefetch=2)
    assert isinstance(other, QueueConsumer)

    assert len(take(other)) == 1
    assert next(other) is None


def test_an_acked_message_is_gone(broker: CoveyBroker, redis_client: redis.Redis) -> None:
    """Nothing of it is left in Redis."""
    broker.enqueue(make_message())
    consumer = consume(broker)

    consumer.ack(take(consumer)[0])

    assert {key.decode() for key in redis_client.scan_iter()} <= {f"covey:{QUEUE}.workers"}


@pytest.mark.parametrize("payload", [b"\xff", b"[]", b'{"args":[]}'])
def test_an_undecodable_message_dies_and_the_consumer_lives(
    broker: CoveyBroker, redis_client: redis.Redis, payload: bytes
) -> None:
    """The raw bytes are in the dead letters with the reason; the next message is delivered."""
    keys = broker.keys(QUEUE)
    redis_client.hset(keys.payloads, "bad", payload)
    redis_client.zadd(keys.waiting, {"bad": 1})
    broker.enqueue(make_message())
    consumer = consume(broker)

    assert take(consumer)[0].message_id != "bad"

    letter = broker.introspection.dead(1)[0]
    assert (letter.redis_id, letter.payload) == ("bad", payload)
    assert letter.reason.startswith("undecodable: ")


def test_a_dedup_that_cannot_be_settled_takes_no_room(broker: CoveyBroker) -> None:
    """The message is buried when it is fetched, is not held any longer, and the next one is delivered."""
    bad = broker.enqueue(make_message(dedup_key="k", dedup_ttl_ms="x"))
    good = broker.enqueue(make_message())
    consumer = consume(broker, prefetch=1)

    assert take(consumer)[0].message_id == good.message_id

    assert [letter.redis_id for letter in broker.introspection.dead(2)] == [bad.message_id]
    assert broker.introspection.queue_stats()[QUEUE].in_flight == len(broker.context.hands) == 1


def test_closing_gives_back_what_was_not_yielded(broker: CoveyBroker) -> None:
    """Messages fetched and not handed out return to their old places."""
    messages = [broker.enqueue(make_message()) for _ in range(5)]
    consumer = consume(broker, prefetch=4)
    first = take(consumer)[0]

    consumer.close()
    consumer.requeue([MessageProxy(first)])

    assert broker.introspection.queue_stats()[QUEUE].ready == 5
    assert [d.message_id for d in take(consume(broker), 5)] == [m.message_id for m in messages]


def test_a_message_lost_and_handed_over_again_runs_on(broker: CoveyBroker, redis_client: redis.Redis) -> None:
    """A process that was thought dead and fetches its own message does not start it twice; its ack then counts."""
    broker.enqueue(make_message())
    consumer = consume(broker)
    delivery = take(consumer)[0]
    keys = broker.keys(QUEUE)
    redis_client.hdel(keys.held, delivery.message_id)
    redis_client.zadd(keys.waiting, {delivery.message_id: 1})

    eventually(lambda: next(consumer) is None and broker.introspection.queue_stats()[QUEUE].in_flight == 1)
    consumer.ack(delivery)

    stats = broker.introspection.queue_stats()[QUEUE]
    assert (stats.ready, stats.in_flight) == (0, 0)


def test_a_lost_fetch_reply_is_given_back(redis_client: redis.Redis) -> None:
    """The server handed a message to a reply that never arrived: a new consumer of this process gets it."""
    with TcpProxy(redis_client.get_connection_kwargs()["port"]) as proxy:
        broker = build_broker(
            f"redis://127.0.0.1:{proxy.port}/0?socket_timeout=0.3", middleware=[], queues=[QUEUE], is_known=bool
        )
        consumer = consume(broker)
        for _ in range(2):  # both looks for lost replies that a consumer starts with
            next(consumer)
        message = broker.enqueue(make_message())
        proxy.mute()
        with pytest.raises(ConnectionClosed):
            next(consumer)
        assert redis_client.hlen(broker.keys(QUEUE).held) == 1
        proxy.restore()

        assert take(consume(broker))[0].message_id == message.message_id


def test_a_message_that_crashed_thrice_is_poison(broker: CoveyBroker, redis_client: redis.Redis) -> None:
    """It is buried unrun, its dedup key is free, and its neighbours are delivered."""
    poison = make_message()
    broker.enqueue_many_once([(poison, "k", None)], dedup_ttl_ms=60_000)[0]
    broker.enqueue(make_message())
    redis_client.hset(broker.keys(QUEUE).crashes, poison.message_id, 3)
    consumer = consume(broker)

    assert take(consumer)[0].message_id != poison.message_id

    assert [letter.reason for letter in broker.introspection.dead(1)] == ["poison"]
    assert broker.enqueue_many_once([(make_message(), "k", None)], dedup_ttl_ms=60_000)[0]


def test_last_chances_come_one_after_another(broker: CoveyBroker, redis_client: redis.Redis) -> None:
    """Of two messages that crashed twice the second is delivered when the first is settled."""
    messages = [broker.enqueue(make_message()) for _ in range(2)]
    for message in messages:
        redis_client.hset(broker.keys(QUEUE).crashes, message.message_id, 2)
    consumer = consume(broker)

    first = take(consumer)[0]
    assert next(consumer) is None
    consumer.ack(first)

    assert take(consumer)[0].message_id == messages[1].message_id


def test_an_idle_queue_is_looked_at_often_and_not_too_often(broker: CoveyBroker, redis_client: redis.Redis) -> None:
    """The pause after an empty fetch grows to idle_poll_ms and no further."""
    consumer = consume(broker)
    for _ in range(7):
        next(consumer)

    started = time.monotonic()
    next(consumer)

    assert 0.14 <= time.monotonic() - started < 0.5


def test_two_processes_share_a_queue(make_broker: Callable[..., CoveyBroker]) -> None:
    """Each message goes to one of them."""
    one, two = make_broker(), make_broker()
    messages = {one.enqueue(make_message()).message_id for _ in range(6)}

    first, second = take(consume(one, prefetch=3), 3), take(consume(two, prefetch=3), 3)

    assert {d.message_id for d in first} | {d.message_id for d in second} == messages


def test_short_jobs_are_fetched_ahead_and_long_ones_are_not(broker: CoveyBroker) -> None:
    """What the threads end within a moment may wait here beside what they run; without such a past nothing does."""
    consumer = consume(broker, prefetch=2)
    broker.enqueue_many_once([(make_message(), str(number), None) for number in range(2_000)], dedup_ttl_ms=60_000)

    first = take(consumer, 2)
    held = len(broker.context.hands)
    for delivery in first:
        consumer.ack(delivery)
    most = 0
    for _ in range(1_500):
        if (delivery := next(consumer)) is not None:
            most = max(most, len(broker.context.hands))
            consumer.ack(delivery)

    assert held == 2
    assert 2 < most <= 2 + MOST_AHEAD * 2
