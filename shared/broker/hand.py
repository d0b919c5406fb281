"""What this process holds: the receipts of the messages it has been handed and not yet settled.

Shared by all threads and outlives consumers, which Dramatiq replaces after every connection error.
Invariant: a message is run by at most one thread of this process. When Redis hands over a message that is still being
run here (others thought this process dead), the run goes on under the new receipt.
"""

from __future__ import annotations

import threading


class Hand:
    """The messages of one queue in this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._receipts: dict[str, str] = {}
        self.freed = threading.Event()  # set when this process may have room again
        self.seen_us = 0  # the newest Redis time told by a reply
        self.dropped = 0  # how many messages were let go one by one, since ever

    def __len__(self) -> int:
        return len(self._receipts)

    def ids(self) -> list[str]:
        """The ids held."""
        with self._lock:
            return list(self._receipts)

    def take(self, id: str, receipt: str) -> bool:
        """Hold a message. False when it is held already: then only its receipt is renewed."""
        with self._lock:
            new = id not in self._receipts
            self._receipts[id] = receipt
            return new

    def receipt(self, id: str) -> str | None:
        """The present receipt of a message, None when it is not held."""
        return self._receipts.get(id)

    def empty(self) -> list[tuple[str, str]]:
        """Hold nothing any longer: what was held, (id, receipt)."""
        with self._lock:
            held, self._receipts = list(self._receipts.items()), {}
            return held

    def drop(self, id: str) -> None:
        """Hold a message no longer."""
        with self._lock:
            self._receipts.pop(id, None)
            self.dropped += 1


class Hands:
    """The hands of all queues in this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hands: dict[str, Hand] = {}

    def __len__(self) -> int:
        return sum(len(hand) for hand in tuple(self._hands.values()))

    def of(self, queue: str) -> Hand:
        """The hand of one queue."""
        with self._lock:
            return self._hands.setdefault(queue, Hand())

    def empty(self) -> dict[str, list[tuple[str, str]]]:
        """Hold nothing any longer: what was held, (id, receipt) by queue."""
        with self._lock:
            return {queue: hand.empty() for queue, hand in self._hands.items()}

    def drop(self, queue: str, id: str) -> None:
        """Hold a message no longer, and wake the consumers that wait for room."""
        self.of(queue).drop(id)
        for hand in tuple(self._hands.values()):
            hand.freed.set()


class LastChance:
    """The one message of this process, over all queues, that has crashed too often to run beside another such."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._id: str | None = None

    def reserve(self) -> bool:
        """Claim the place before a fetch. False when it is taken."""
        return self._lock.acquire(blocking=False)

    def occupy(self, id: str) -> None:
        """Give the reserved place to a message."""
        self._id = id

    def release(self, id: str | None = None) -> None:
        """Free the place: of the message `id`, or (None) a reservation that found none."""
        if id is None or self._id == id:
            self._id = None
            self._lock.release()
