"""The life of a dead letter: from the broker's outbox in Redis into MongoDB, and back into the queue.

    broker's outbox --collect--> dead_letters --replay--> queue
                                      | purge
                                      v
                                   (gone)

Collecting stores first and forgets second, so a crash in between stores the same letter again under the same id.
Replaying claims first, enqueues second under an id that belongs to the letter, and notes third: however often it is
repeated, the job is outstanding once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from dramatiq import Message
from dramatiq.errors import BrokerConnectionError

from shared.broker import CoveyBroker, DeadMessage
from shared.clock import from_epoch_seconds
from shared.errors import BrokerUnavailable, InputError
from shared.sender import DEDUP_TTL_MS
from shared.stores.database import Document
from shared.stores.dead_letters import DeadLetterStore

COLLECT_BATCH = 500
# What a message carries about its own past; a replay begins anew.
_PAST = ("attempts", "deferrals", "last_reason", "reason", "traceback", "failed_at", "dedup_ttl_ms")
_KEPT_TEXT = 100_000

T = TypeVar("T")


class DeadLetters:
    """Moves dead letters between the broker and MongoDB."""

    def __init__(self, broker: CoveyBroker, store: DeadLetterStore) -> None:
        self._broker = broker
        self._store = store

    def collect(self) -> list[Document]:
        """Store what died since the last time; answers the letters. Raises BrokerUnavailable, StoreUnavailable."""
        collected: list[Document] = []
        while dead := _reaching(lambda: self._broker.dead(COLLECT_BATCH)):
            letters = [to_letter(message) for message in dead]
            self._store.add(letters)
            self._forget(dead)
            collected += letters
            if len(dead) < COLLECT_BATCH:
                break
        return collected

    def _forget(self, dead: Sequence[DeadMessage]) -> None:
        _reaching(lambda: self._broker.forget_dead(dead))

    def replay(self, letters: Sequence[Document], *, now: datetime) -> int:
        """Enqueue the jobs of letters anew; answers how many are outstanding because of this.

        Letters that were replayed before and those whose message cannot be read are left alone.
        """
        ids = [letter["_id"] for letter in letters if letter.get("actor_args") is not None]
        sent: list[str] = []
        count = 0
        for letter in self._store.claim_replay(ids, now=now):
            count += self._enqueue(letter)
            sent.append(letter["_id"])
        self._store.replay_sent(sent)
        return count

    def _enqueue(self, letter: Document) -> bool:
        options = {name: value for name, value in letter["options"].items() if name not in _PAST}
        dedup_key = options.pop("dedup_key", None) or f"replay:{letter['_id']}"
        message: Message[Any] = Message(
            queue_name=letter["queue"],
            actor_name=letter["job"],
            args=tuple(letter["actor_args"]),
            kwargs={},
            options=options,
            message_id=f"replay-{letter['_id']}",
            message_timestamp=int(letter["replay"]["at"].timestamp() * 1000),
        )
        return _reaching(lambda: self._broker.enqueue_once(message, dedup_key=dedup_key, dedup_ttl_ms=DEDUP_TTL_MS))


def to_letter(dead: DeadMessage) -> Document:
    """The document of a dead message. What cannot be decoded is kept as text, with `actor_args` None."""
    letter: Document = {
        "_id": f"{dead.redis_id}-{dead.died_us}",
        "queue": dead.queue,
        "reason": dead.reason,
        "died_at": dead.died_at,
        "job": None,
        "actor_args": None,
        "options": {},
        "payload": dead.payload.decode("utf-8", "replace")[:_KEPT_TEXT],
    }
    try:
        message = json.loads(dead.payload)
        options = dict(message["options"])
        letter |= {
            "job": str(message["actor_name"]),
            "actor_args": list(message["args"]),
            "message_id": str(message["message_id"]),
            "enqueued_at": from_epoch_seconds(message["message_timestamp"] / 1000),
            "traceback": options.pop("traceback", None),
            "failed_at": options.pop("failed_at", None),
            "attempts": int(options.get("attempts", 0)) + 1,
            "deferrals": int(options.get("deferrals", 0)),
            "correlation_id": options.get("correlation_id"),
            "options": options,
        }
        del letter["payload"]
    except (ValueError, KeyError, TypeError, OverflowError):
        pass  # the text of the payload says what it was
    return letter


def _reaching(call: Callable[[], T]) -> T:
    try:
        return call()
    except BrokerConnectionError as error:
        raise BrokerUnavailable(f"the queue cannot be reached: {error}") from error


def one_of(letters: Sequence[Document], dead_id: str) -> Document:
    """The letter whose id begins with `dead_id`. Raises InputError when there is none, or more than one."""
    if len(letters) != 1:
        found = "no dead letter has" if not letters else "more than one dead letter has"
        raise InputError(f"{found} an id that begins with {dead_id!r}")
    return letters[0]
