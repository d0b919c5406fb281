"""The consumer of one queue in one worker process: fetches messages and gives them back.

Runs in a thread of Dramatiq; acks and nacks come from worker threads. Must not keep a message that is not in the hand.
Invariant: what Redis says this process holds and what the hand says differ only while a reply is under way or lost, and
`adopt` gives back the lost ones.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Iterable

from dramatiq.broker import Consumer, MessageProxy

from shared.broker.context import BrokerContext
from shared.broker.delivery import POISON, UNDECODABLE, Delivery, Unreadable, open_delivery
from shared.broker.fetched import Fetched
from shared.broker.settler import Settler
from shared.domain.outcomes import MAX_AGE_SECONDS
from shared.runtime.log import get_logger

# Between two looks for lost replies. A look costs Redis one pass over what the queue has in flight.
ADOPT_INTERVAL_SECONDS = 5.0
# The first pause after an empty fetch; each further one doubles it, up to the broker's idle_poll_ms.
FIRST_PAUSE_SECONDS = 0.005
# Messages that wait in a process wait so long for a thread, and no longer: where jobs are short one fetch then serves
# many of them. Of no-op jobs a worker does a sixth more with it; one that ends 40 jobs a second fetches nothing ahead.
AHEAD_SECONDS = 0.02
# The most that is fetched ahead, in messages a thread.
MOST_AHEAD = 2
# Above this a fetch could overflow the stack of Lua's unpack (8,000 values, two a message).
MAX_ROOM = 500

_log = get_logger(__name__)


class QueueConsumer(Consumer):
    """Yields messages of one queue, or None when there is none to be had for the moment."""

    def __init__(self, context: BrokerContext, queue: str, prefetch: int) -> None:
        self._context = context
        self._queue = queue
        self._prefetch = prefetch
        self._keys = context.keys(queue)
        self._hand = context.hands.of(queue)
        self._scripts = context.scripts
        self._settler = Settler(context, queue)
        self._gates = context.gates(queue)
        self._standing: frozenset[str] = frozenset()  # the gates that stood at the last fetch
        self._next_seconds: float | None = None  # from then until one of them lets more out
        self._fetched: deque[Fetched] = deque()
        self._pause = threading.Event()  # never set: waiting on it is a pause
        self._misses = 0
        self._looks = 0
        self._adopt_at = 0.0
        self._ahead = 0
        self._counted = 0
        self._counted_at = 0.0

    def __next__(self) -> Delivery | None:
        """The next message, None after a short pause. Raises ConnectionClosed."""
        while True:
            while self._fetched:
                delivery = self._open(self._fetched.popleft())
                if delivery is not None:
                    return delivery
            self._adopt_lost()
            if self._queue in self._context.paused:
                self._idle()
                return None
            room = self._room()
            if room <= 0:
                self._hand.freed.wait(self._context.timings.idle_poll_ms / 1000)
                self._hand.freed.clear()
                return None
            if not self._fetch(room):
                self._idle()
                return None
            self._misses = 0

    def ack(self, message: MessageProxy) -> None:
        """Settle a delivery as its middleware decided. Raises ConnectionClosed."""
        assert isinstance(message, Delivery)
        self._settler.ack(message)

    def nack(self, message: MessageProxy) -> None:
        """Bury a message under its option `reason`. Raises ConnectionClosed."""
        self._settler.nack(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Give back messages that were not started, each to its old place. Raises ConnectionClosed."""
        self._give_back([message.message_id for message in messages])

    def close(self) -> None:
        """Give back what was fetched and not yet yielded. Raises ConnectionClosed; `adopt` then does it later."""
        ids = [fetched.id for fetched in self._fetched]
        self._fetched.clear()
        self._give_back(ids)

    def _room(self) -> int:
        """How many more messages to fetch: as many as there are idle threads, which all queues of this process share.

        A busy process holds one message of each queue in advance, so that no queue waits for the others to pause, and
        what its threads end within AHEAD_SECONDS.
        """
        idle = self._prefetch - len(self._context.hands)
        return min(MAX_ROOM, idle + self._fetch_ahead() if idle > 0 else 1 - len(self._hand))

    def _fetch_ahead(self) -> int:
        """How many messages of this queue the threads end within AHEAD_SECONDS, by their speed of late."""
        now, ended = time.monotonic(), self._hand.dropped
        seconds = now - self._counted_at
        if seconds >= AHEAD_SECONDS:
            per_look = int((ended - self._counted) * AHEAD_SECONDS / seconds)
            self._ahead = min(MOST_AHEAD * self._prefetch, per_look)
            self._counted, self._counted_at = ended, now
        return self._ahead

    def _fetch(self, room: int) -> bool:
        """Fetch up to `room` messages; False when there was none."""
        last_chance, timings = self._context.last_chance, self._context.timings
        alone = last_chance.reserve()
        try:
            handed = self._scripts.fetch(
                self._keys,
                self._context.worker_id,
                room,
                alone=alone,
                alone_from=timings.alone_from,
                dead_from=timings.poison_after,
                gates=self._gates.names,
            )
            for message in handed.messages:
                if alone and timings.alone_from <= message.crashes < timings.poison_after:
                    last_chance.occupy(message.id)
                    alone = False
        finally:
            if alone:
                last_chance.release()
        self._hand.seen_us, self._standing = handed.now_us, handed.standing
        self._next_seconds = None if handed.next_us is None else handed.next_us / 1e6
        if handed.vanished:
            _log.error("messages_without_payload_dropped", queue=self._queue, count=handed.vanished)
        self._fetched.extend(one for one in handed.messages if self._hand.take(one.id, one.receipt))
        return bool(handed.messages)

    def _open(self, fetched: Fetched) -> Delivery | None:
        """The delivery to run, or None when the message had to be buried."""
        try:
            delivery = open_delivery(fetched, self._queue)
        except Unreadable as error:
            _log.error("message_unreadable", queue=self._queue, message_id=fetched.id, error=str(error))
            self._settler.bury_unrun(fetched, f"{UNDECODABLE}: {error}", None)
            return None
        if fetched.crashes >= self._context.timings.poison_after:
            _log.error("message_is_poison", queue=self._queue, message_id=fetched.id, crashes=fetched.crashes)
            self._settler.bury_unrun(fetched, POISON, delivery)
            return None
        if not self._context.is_known(delivery.actor_name):
            self._settler.leave(fetched, delivery, self._hand.seen_us / 1e6)
            return None
        if gate := self._gate_before(delivery):
            self._settler.hold_back(fetched, delivery, gate)
            return None
        return delivery

    def _gate_before(self, delivery: Delivery) -> str | None:
        """The gate at which a message has to wait in line, None when it may run.

        One that is too old to wait is run, so that the outcome policy can end it.
        """
        gate = self._gates.of(delivery.actor_name)
        age_seconds = self._hand.seen_us / 1e6 - delivery.message_timestamp / 1000
        is_led = delivery.gate is not None
        return None if is_led or gate not in self._standing or age_seconds > MAX_AGE_SECONDS else gate

    def _give_back(self, ids: list[str]) -> None:
        pairs = [(id, receipt) for id in ids if (receipt := self._hand.receipt(id)) is not None]
        for id, _ in pairs:
            self._settler.let_go(id)
        self._scripts.requeue(self._keys, pairs)

    def _adopt_lost(self) -> None:
        """Give back what lost replies left behind: twice at start (the first look learns the time), then at times."""
        if time.monotonic() < self._adopt_at:
            return
        self._hand.seen_us, given = self._scripts.adopt(
            self._keys, self._context.worker_id, self._hand.seen_us, self._hand.ids()
        )
        self._looks += 1
        self._adopt_at = time.monotonic() + (ADOPT_INTERVAL_SECONDS if self._looks > 1 else 0.0)
        if given:
            _log.warning("lost_replies_given_back", queue=self._queue, count=given)

    def _idle(self) -> None:
        """Pause a little longer after each miss, at most until a gate lets more out.

        With jitter, so that the consumers of a fleet spread out.
        """
        longest = self._context.timings.idle_poll_ms / 1000
        pause = min(longest, FIRST_PAUSE_SECONDS * 2.0 ** min(self._misses, 10)) * random.uniform(0.75, 1.0)
        self._misses += 1
        self._pause.wait(pause if self._next_seconds is None else min(pause, self._next_seconds))
