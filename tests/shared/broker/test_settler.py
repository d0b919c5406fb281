"""How deliveries end."""

from __future__ import annotations

import dramatiq
import pytest
import redis
from dramatiq.errors import ConnectionClosed

from shared.broker import CoveyBroker, build_broker
from shared.broker.delivery import Again
from tests.faults.tcp_proxy import TcpProxy
from tests.shared.broker.conftest import QUEUE, consume, make_message, take


def test_a_message_whose_options_cannot_be_encoded_is_buried(broker: CoveyBroker) -> None:
    """It is kept as it was stored, whether it was to be buried or placed again."""
    stored = [broker.enqueue(make_message()) for _ in range(2)]
    consumer = consume(broker)
    first, second = take(consumer, 2)
    first.options["reason"] = second.options["x"] = object()

    consumer.nack(first)
    second.again = Again(second.copy(), delay_ms=1)
    consumer.ack(second)

    letters = broker.introspection.dead(2)
    assert [dramatiq.Message.decode(letter.payload) for letter in letters] == stored
    assert letters[1].reason == "unencodable"
    assert len(broker.context.hands) == 0


def test_a_nacked_message_is_stored_as_it_was_left(broker: CoveyBroker) -> None:
    """The options that middleware added are in the dead letter, and its reason is the option `reason`."""
    broker.enqueue(make_message())
    consumer = consume(broker)
    delivery = take(consumer)[0]
    delivery.options.update(reason="no such post", traceback="...")

    consumer.nack(delivery)

    letter = broker.introspection.dead(1)[0]
    assert letter.reason == "no such post"
    assert dramatiq.Message.decode(letter.payload).options["traceback"] == "..."


def test_a_message_placed_again_waits_with_its_new_options(broker: CoveyBroker) -> None:
    """Settling places the same id later, and keeps its dedup key."""
    broker.enqueue_many_once([(make_message(), "k", None)], dedup_ttl_ms=60_000)[0]
    consumer = consume(broker)
    delivery = take(consumer)[0]
    delivery.again = Again(delivery.copy(options={"attempts": 1}), delay_ms=30)

    consumer.ack(delivery)

    assert broker.introspection.queue_stats()[QUEUE].in_flight == 0
    assert not broker.enqueue_many_once([(make_message(), "k", None)], dedup_ttl_ms=60_000)[0]
    again = take(consumer)[0]
    assert again.message_id == delivery.message_id
    assert again.options["attempts"] == 1
    assert again.wait_seconds() < 1


def test_a_failure_nobody_decided_about_is_buried(broker: CoveyBroker) -> None:
    """Without outcome middleware an exception does not count as done."""
    broker.enqueue(make_message())
    consumer = consume(broker)
    delivery = take(consumer)[0]
    delivery.stuff_exception(KeyError("x"))

    consumer.ack(delivery)

    assert [letter.reason for letter in broker.introspection.dead(1)] == ["unhandled:KeyError"]


def test_a_settlement_after_giving_back_changes_nothing(broker: CoveyBroker) -> None:
    """An ack of a message that was given back is harmless."""
    broker.enqueue(make_message())
    consumer = consume(broker)
    delivery = take(consumer)[0]
    consumer.requeue([delivery])

    consumer.ack(delivery)
    consumer.nack(delivery)

    assert broker.introspection.queue_stats()[QUEUE].ready == 1


def test_a_lost_ack_reply_is_repeated_without_harm(redis_client: redis.Redis) -> None:
    """The first ack was done and not heard of; the second one finds nothing to do."""
    with TcpProxy(redis_client.get_connection_kwargs()["port"]) as proxy:
        broker = build_broker(
            f"redis://127.0.0.1:{proxy.port}/0?socket_timeout=0.3", middleware=[], queues=[QUEUE], is_known=bool
        )
        broker.enqueue(make_message())
        consumer = consume(broker)
        delivery = take(consumer)[0]
        proxy.mute()
        with pytest.raises(ConnectionClosed):
            consumer.ack(delivery)
        proxy.restore()

        consumer.ack(delivery)

        assert broker.introspection.queue_stats()[QUEUE].in_flight == 0
        assert len(broker.context.hands) == 0
