"""What the parts of one process's broker share: the scripts, its name, what it holds, and its timings.

Made by the broker and passed down, so that consumer, pulse, settler and shutdown know nothing of the broker itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dramatiq.broker import MessageProxy
from dramatiq.message import Message

from shared.broker.gates import Gates
from shared.broker.hand import Hands, LastChance
from shared.broker.keys import QueueKeys, dedup_key
from shared.broker.placement import Dedup
from shared.broker.scripts import Scripts


@dataclass(frozen=True, slots=True)
class Timings:
    """heartbeat_timeout_ms: a worker silent this long is dead. poison_after: deliveries that may end in a dead worker.
    last_chance_delay_ms: pause before the last of them. idle_poll_ms: longest pause on an empty queue.
    unknown_job_ms: how long a message that no actor here knows is left for a worker that does.
    """

    heartbeat_timeout_ms: int
    poison_after: int
    last_chance_delay_ms: int
    idle_poll_ms: int
    unknown_job_ms: int

    @property
    def alone_from(self) -> int:
        """From this many crashes on a message runs without another such in its process."""
        return max(1, self.poison_after - 1)


@dataclass(frozen=True, slots=True)
class BrokerContext:
    """One process. worker_id names it in Redis. is_known: whether this process has an actor of that name.

    gated: for each queue that has gates, the actors that have one. paused: queues of which nothing is fetched.
    abandoned: ids of messages whose run will not end; the end of this process is to count as their crash.
    """

    scripts: Scripts
    namespace: str
    worker_id: str
    timings: Timings
    is_known: Callable[[str], bool]
    gated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hands: Hands = field(default_factory=Hands)
    last_chance: LastChance = field(default_factory=LastChance)
    paused: set[str] = field(default_factory=set)
    abandoned: set[str] = field(default_factory=set)
    _keys: dict[str, QueueKeys] = field(default_factory=dict)

    def keys(self, queue: str) -> QueueKeys:
        """The keys of a queue."""
        return self._keys.get(queue) or self._keys.setdefault(queue, QueueKeys(self.namespace, queue))

    def gates(self, queue: str) -> Gates:
        """The gates of a queue."""
        return Gates(self.gated.get(queue, ()))

    def dedup_of(self, message: Message[object] | MessageProxy) -> Dedup | None:
        """The de-duplication that a message was enqueued with, which was checked (`dedup_fault`)."""
        name, ttl_ms = message.options.get("dedup_key"), message.options.get("dedup_ttl_ms")
        return Dedup(dedup_key(self.namespace, name), ttl_ms) if name and ttl_ms else None
