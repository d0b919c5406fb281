"""What people see of a queue, and how they take a job out of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import redis

from shared.broker import CoveyBroker
from shared.broker.queued import QueuedState
from shared.broker.shutdown import give_back_all
from shared.domain.outcomes import Reach
from tests.shared.broker.conftest import QUEUE, eventually, make_message

MakeBroker = Callable[..., CoveyBroker]


def test_a_look_shows_what_runs_and_what_waits(broker: CoveyBroker) -> None:
    """Each with its message, its state and its times, by the clock of Redis; nothing is changed by it."""
    running, ready, later = (make_message("note", n) for n in range(3))
    broker.enqueue(running)
    next(broker.consume(QUEUE))
    broker.enqueue(ready)
    broker.enqueue(later, delay=60_000)

    look = broker.introspection.look(QUEUE)
    again = broker.introspection.look(QUEUE)

    assert [(one.id, one.state) for one in look.held] == [(running.message_id, QueuedState.RUNNING)]
    assert look.held[0].worker == broker.broker_id
    assert [(one.id, one.state) for one in look.waiting] == [
        (ready.message_id, QueuedState.READY),
        (later.message_id, QueuedState.DELAYED),
    ]
    assert look.waiting[1].message == later
    assert timedelta(seconds=50) < look.waiting[1].due_at - look.at < timedelta(seconds=61)
    assert (again.held, again.waiting) == (look.held, look.waiting)


def test_a_look_goes_page_by_page(broker: CoveyBroker) -> None:
    """In the order of due times; what is held only where it is asked for."""
    messages = [make_message() for _ in range(5)]
    for number, message in enumerate(messages):
        broker.enqueue(message, delay=number * 1000)

    pages = [broker.introspection.look(QUEUE, skip=skip, limit=2, with_held=False) for skip in (0, 2, 4, 6)]

    assert [[one.id for one in page.waiting] for page in pages] == [
        [message.message_id for message in messages[start : start + 2]] for start in (0, 2, 4, 6)
    ]


def test_what_is_no_message_is_shown_as_such(broker: CoveyBroker, redis_client: redis.Redis) -> None:
    """With its id, and without a message."""
    keys = broker.keys(QUEUE)
    redis_client.zadd(keys.waiting, {"odd": 1})
    redis_client.hset(keys.payloads, "odd", "{")

    (one,) = broker.introspection.look(QUEUE).waiting

    assert (one.id, one.message, one.state) == ("odd", None, QueuedState.READY)


def test_what_waits_behind_a_gate_says_until_when(make_broker: MakeBroker) -> None:
    """The time at which the gate opens, not the one at which it would be due without it."""
    broker = make_broker(gated={QUEUE: ("note",)})
    message = make_message()
    broker.enqueue(message)
    delivery = next(broker.consume(QUEUE))
    scripts, keys = broker.operations, broker.keys(QUEUE)
    gate = broker.context.gates(QUEUE).of("note", Reach.KIND)
    receipt = broker.context.hands.of(QUEUE).receipt(message.message_id)
    assert gate is not None
    assert receipt is not None
    assert delivery is not None

    scripts.park(keys, message.message_id, receipt, message.encode(), gate=gate, made_ms=1, closed_ms=30_000)

    look = broker.introspection.look(QUEUE)
    (one,) = look.waiting
    assert one.state is QueuedState.GATED
    assert timedelta(seconds=25) < one.due_at - look.at <= timedelta(seconds=30)


def test_a_cancelled_message_is_a_dead_letter(broker: CoveyBroker) -> None:
    """With the reason; its key is free, so the same work can be enqueued again at once."""
    message, same = make_message(), make_message()
    broker.enqueue_many_once([(message, "key", 60_000)], dedup_ttl_ms=60_000)
    (queued,) = broker.introspection.look(QUEUE).waiting

    assert broker.introspection.cancel(queued, "cancelled")

    (letter,) = broker.introspection.dead(10)
    assert (letter.redis_id, letter.reason) == (message.message_id, "cancelled")
    assert broker.introspection.look(QUEUE).waiting == []
    assert broker.enqueue_many_once([(same, "key", None)], dedup_ttl_ms=60_000) == [True]
    assert not broker.introspection.cancel(queued, "cancelled")


def test_what_a_worker_has_is_not_cancelled(broker: CoveyBroker) -> None:
    """It runs on, and nothing is changed."""
    broker.enqueue(make_message())
    (queued,) = broker.introspection.look(QUEUE).waiting
    next(broker.consume(QUEUE))

    assert not broker.introspection.cancel(queued, "cancelled")
    assert broker.introspection.queue_stats()[QUEUE].in_flight == 1
    assert broker.introspection.dead(10) == []


def test_a_paused_queue_hands_out_nothing(broker: CoveyBroker) -> None:
    """Until it is no longer among those that are."""
    broker.enqueue(make_message())
    consumer = broker.consume(QUEUE)
    broker.pause({QUEUE, "another"})

    assert [next(consumer) for _ in range(3)] == [None] * 3
    broker.pause({"another"})
    assert next(consumer) is not None


def test_an_abandoned_message_counts_as_a_crash(make_broker: MakeBroker) -> None:
    """A worker that ends in order gives back all others, but not the one whose run does not end."""
    ending, heir = make_broker(heartbeat_timeout_ms=500), make_broker(heartbeat_timeout_ms=500)
    stuck, good = make_message(), make_message()
    ending.enqueue(stuck)
    ending.enqueue(good)
    consumer = ending.consume(QUEUE, prefetch=2)
    assert [next(consumer), next(consumer)] == [stuck, good]
    ending.abandon(stuck.message_id)
    give_back_all(ending.context)

    assert [one.id for one in heir.introspection.look(QUEUE).waiting] == [good.message_id]
    recovering = heir.consume(f"{QUEUE}.DQ")

    def is_back() -> bool:
        next(recovering)
        return len(heir.introspection.look(QUEUE).waiting) == 2

    eventually(is_back)
    crashes = heir.client.hgetall(heir.keys(QUEUE).crashes)
    assert crashes == {stuck.message_id.encode(): b"1"}


def test_gates_open_when_a_person_has_mended_it(make_broker: MakeBroker) -> None:
    """What waited long for the limiter is let out at once, one to look; so is people's work, which has no gates."""
    broker = make_broker(gated={QUEUE: ("note",)})
    broker.declare_queue("people")
    waits = make_message()
    broker.enqueue(waits)
    consumer = broker.consume(QUEUE)
    next(consumer)
    keys, receipt = broker.keys(QUEUE), broker.context.hands.of(QUEUE).receipt(waits.message_id) or ""
    gate = broker.context.gates(QUEUE).of("note", Reach.KIND) or ""
    broker.operations.park(keys, waits.message_id, receipt, waits.encode(), gate=gate, made_ms=1, closed_ms=600_000)
    broker.context.hands.drop(QUEUE, waits.message_id)
    asked = make_message(queue="people")
    broker.enqueue(asked, delay=600_000)
    assert next(consumer) is None

    broker.introspection.open_gates()

    eventually(lambda: next(consumer) == waits)
    assert next(broker.consume("people")) == asked
