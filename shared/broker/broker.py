"""The Dramatiq broker on Redis.

Owns what producers, workers and the scheduler ask of the queue. Replaces everything of Dramatiq's `RedisBroker` that
talks to Redis; keeps its names and its place in Dramatiq. The package docstring has the state machine.
Invariant: the id in Redis is the message's own id, so enqueueing it again while it is outstanding changes nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NoReturn

import redis
from dramatiq.broker import Consumer
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import q_name
from dramatiq.errors import QueueJoinTimeout
from dramatiq.message import Message
from dramatiq.middleware import Middleware

from shared.broker.consumer import QueueConsumer
from shared.broker.context import BrokerContext, Timings
from shared.broker.delivery import dedup_fault
from shared.broker.introspection import Introspection
from shared.broker.keys import QueueKeys
from shared.broker.placement import Dedup, Placed, Placement
from shared.broker.pulse import PulseConsumer
from shared.broker.scripts import Scripts, reaching_redis
from shared.broker.shutdown import GiveBackAtShutdown
from shared.domain.errors import InputError
from shared.domain.outcomes import UNKNOWN_JOB_SECONDS
from shared.redis.connection import connect

# A worker this long without a heartbeat is dead. Beats come every second; an 8 s stall of Redis plus Dramatiq's 3 s
# until a consumer restarts must fit in.
HEARTBEAT_TIMEOUT_MS = 15_000
# Deliveries that end without a word from the worker before a message counts as the reason.
POISON_AFTER = 3
# How long a message waits before its last delivery. What kills workers from outside (a node under pressure, a deploy
# gone wrong) comes in waves: of 500 jobs under a kill every 3 s for a minute, 5 were hit three times and buried as
# poison without this pause, none with it.
LAST_CHANCE_DELAY_MS = 60_000
# The longest pause between two looks at an empty queue: half of it is the usual wait of a message on an idle queue.
# At 200 ms a process with six idle queues costs 0.5 % of a core of Redis.
IDLE_POLL_MS = 200
# How long a message that no actor here knows is left for a worker that does.
UNKNOWN_JOB_MS = round(UNKNOWN_JOB_SECONDS * 1000)


class CoveyBroker(RedisBroker):
    """Dramatiq's Redis broker, with delays in Redis, exact ownership, bounded recovery and de-duplication.

    client: one without retries (`shared.redis.connection.connect`). heartbeat_timeout_ms: a worker silent this long is
    dead. poison_after: deliveries that may end in a dead worker. last_chance_delay_ms: pause before the last of them.
    idle_poll_ms: longest pause on an empty queue. unknown_job_ms: how long a message that nobody here knows is left for
    a newer worker. is_known: whether this process knows an actor by that name; None: those that were declared on it.
    gated: for each queue, the actors whose messages wait together when one is refused; the same in all processes.
    """

    def __init__(
        self,
        client: redis.Redis,
        *,
        middleware: Sequence[Middleware],
        namespace: str = "covey",
        heartbeat_timeout_ms: int = HEARTBEAT_TIMEOUT_MS,
        poison_after: int = POISON_AFTER,
        last_chance_delay_ms: int = LAST_CHANCE_DELAY_MS,
        idle_poll_ms: int = IDLE_POLL_MS,
        unknown_job_ms: int = UNKNOWN_JOB_MS,
        is_known: Callable[[str], bool] | None = None,
        gated: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            client=client,
            middleware=list(middleware),
            namespace=namespace,
            maintenance_chance=0,
            heartbeat_timeout=heartbeat_timeout_ms,
        )
        timings = Timings(heartbeat_timeout_ms, poison_after, last_chance_delay_ms, idle_poll_ms, unknown_job_ms)
        self.operations = Scripts(client)
        self.context = BrokerContext(
            self.operations, namespace, self.broker_id, timings, is_known or self.actors.__contains__, gated or {}
        )
        self.introspection = Introspection(client, self.context, self.get_declared_queues)
        self.add_middleware(GiveBackAtShutdown(self.context))

    # --- producers

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Place a message, `delay` ms from now. May be called again with the same message after ConnectionClosed.

        Raises ConnectionClosed, and InputError when another message is outstanding under this message's id.
        """
        self._place([(message, delay, None)])
        return message

    def enqueue_many_once(
        self, entries: Iterable[tuple[Message[Any], str, int | None]], *, dedup_ttl_ms: int
    ) -> list[bool]:
        """Place each (message, dedup_key, delay in ms) unless a message with the same key is outstanding, in few round
        trips; for each whether it is outstanding now.

        A key is free again when its message is acked or dead, or `dedup_ttl_ms` (plus its delay) after it was placed.
        Raises as `enqueue`, and InputError for a key or a lifetime that no settlement could work with. After an error a
        part of them may be outstanding; doing all of it again is harmless.
        """
        copies = [
            (message.copy(options={"dedup_key": key, "dedup_ttl_ms": dedup_ttl_ms}), delay_ms)
            for message, key, delay_ms in entries
        ]
        for copy, _ in copies:
            if fault := dedup_fault(copy.options):
                raise InputError(f"{fault}, got {copy.options['dedup_key']!r} for {dedup_ttl_ms!r} ms")
        placed = self._place([(copy, delay_ms, self.context.dedup_of(copy)) for copy, delay_ms in copies])
        return [outcome != "refused" for outcome in placed]

    def _place(self, entries: Sequence[tuple[Message[Any], int | None, Dedup | None]]) -> list[Placed]:
        placements = []
        for message, delay_ms, dedup in entries:
            if delay_ms is not None and delay_ms < 0:
                raise InputError(f"delay must be 0 ms or more, got {delay_ms}")
            self.emit_before("enqueue", message, delay_ms)
            keys = self.keys(q_name(message.queue_name))
            placements.append(Placement(keys, message.message_id, message.encode(), delay_ms or 0, dedup))
        placed = self.operations.enqueue(placements)
        for (message, delay_ms, _), outcome in zip(entries, placed, strict=True):
            if outcome == "conflict":
                raise InputError(f"another message is outstanding as {message.message_id!r}: give each its own id")
            if outcome == "placed":
                self.emit_after("enqueue", message, delay_ms)
        return placed

    # --- workers

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """The consumer of a queue. `timeout` is Dramatiq's idle pause, replaced by idle_poll_ms."""
        if queue_name != q_name(queue_name):
            return PulseConsumer(self.context, q_name(queue_name))
        return QueueConsumer(self.context, queue_name, prefetch)

    def pause(self, queues: Collection[str]) -> None:
        """Fetch from all queues but these from now on. What was fetched is run."""
        self.context.paused.difference_update(self.context.paused.difference(queues))
        self.context.paused.update(queues)

    def abandon(self, message_id: str) -> None:
        """Never give this message back: its run does not end, and the end of this process is to count as its crash."""
        self.context.abandoned.add(message_id)

    def keys(self, queue_name: str) -> QueueKeys:
        """The keys of a queue."""
        return self.context.keys(queue_name)

    # --- what Dramatiq's broker offers beside

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        self.operations.close()
        self.client.close()

    def flush(self, queue_name: str) -> None:
        """Drop all messages of a queue, dead letters included. Keys of de-duplication expire by themselves."""
        keys, gates = self.keys(q_name(queue_name)), self.context.gates(q_name(queue_name)).names
        names = (*keys.all(), *(keys.line(gate) for gate in gates))
        reaching_redis(self.client, lambda: self.client.delete(*names))

    def join(self, queue_name: str, *, interval: int = 100, timeout: int | None = None) -> None:
        """Wait until a queue has nothing ready, delayed or in flight. Raises QueueJoinTimeout after `timeout` ms."""
        deadline = None if timeout is None else time.monotonic() + timeout / 1000
        pause = threading.Event()
        while sum(self.operations.stats([self.keys(queue_name)])[0][:3]):
            if deadline is not None and time.monotonic() >= deadline:
                raise QueueJoinTimeout(queue_name)  # type: ignore[no-untyped-call]
            pause.wait(interval / 1000)

    def _dispatch(self, command: str) -> Callable[..., NoReturn]:
        raise NotImplementedError(f"the stock script command {command!r} does not know this broker's keys")


def build_broker(
    url: str, *, middleware: Sequence[Middleware], queues: Iterable[str] = (), **options: Any
) -> CoveyBroker:
    """Connect, build the broker and declare `queues`. `options` are those of CoveyBroker."""
    broker = CoveyBroker(connect(url), middleware=middleware, **options)
    for queue in queues:
        broker.declare_queue(queue)
    return broker
