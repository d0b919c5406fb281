"""The life of a dead letter: from the broker's outbox in Redis into MongoDB, and back into the queue.

    broker's outbox --collect--> dead_letters --replay--> queue
                                      | purge
                                      v
                                   (gone)

Collecting stores first and forgets second, so a crash in between stores the same letter again under the same id.
Replaying claims first, enqueues second under an id that belongs to the letter, and notes third: a crash in between
leaves a claim that ends, and the same message is enqueued again, which changes nothing while it is outstanding.
Invariant: a letter is noted as replayed only when its message, or one for the same work, is in the queue.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from dramatiq import Message

from shared.broker import CoveyBroker, DeadMessage
from shared.broker.reached import reached
from shared.broker.sender import DEDUP_TTL_MS
from shared.domain.errors import CoveyError, InputError, StoreUnavailable
from shared.runtime.clock import Clock
from shared.runtime.log import get_logger
from shared.services.letter_text import to_letter, to_text
from shared.stores.database import Document
from shared.stores.dead_letters import DeadFilter, DeadLetterStore

COLLECT_BATCH = 500
REPLAY_BATCH = 500
# What a message carries about its own past; a replay begins anew.
_PAST = ("attempts", "deferrals", "last_reason", "reason", "traceback", "failed_at", "left_at", "dedup_ttl_ms")

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did. replayed: jobs that are outstanding because of it. outstanding: the same work was already.
    unreadable: letters that hold no message. busy: letters that another replay has in hand at this moment.
    """

    replayed: int
    outstanding: int
    unreadable: int
    busy: int


@dataclass(frozen=True, slots=True)
class Collected:
    """Letters that were in the outbox. new: the ids of those that nobody had stored before."""

    letters: list[Document]
    new: frozenset[str]


class DeadLetters:
    """Moves dead letters between the broker and MongoDB."""

    def __init__(self, broker: CoveyBroker, store: DeadLetterStore) -> None:
        self._broker = broker
        self._store = store

    def collect(self) -> Collected:
        """Store what died since the last time. Raises BrokerUnavailable, StoreUnavailable.

        An error after something was stored is logged, and that answered: it would not be new another time.
        """
        letters: list[Document] = []
        new: set[str] = set()
        try:
            while dead := reached(lambda: self._broker.introspection.dead(COLLECT_BATCH)):
                letters += self._stored(dead, new)
                self._forget(dead)
                if len(dead) < COLLECT_BATCH:
                    break
        except CoveyError as error:
            if not letters:
                raise
            log.warning("collecting dead letters was cut short", reason=str(error), collected=len(letters))
        return Collected(letters, frozenset(new))

    def _stored(self, dead: Sequence[DeadMessage], new: set[str]) -> list[Document]:
        """The letters of messages, stored; one that MongoDB refuses is kept as text. Raises StoreUnavailable.

        new: grows by the ids of those that were not stored before.
        """
        letters = [to_letter(message) for message in dead]
        added = self._store.add(letters)
        new |= added.new
        if not added.refused:
            return letters
        texts = {letter["_id"]: letter for letter in map(to_text, dead) if letter["_id"] in added.refused}
        as_text = self._store.add(list(texts.values()))
        new |= as_text.new
        if as_text.refused:
            raise StoreUnavailable(f"MongoDB refuses dead letters, such as {min(as_text.refused)}")
        log.warning("dead letters are kept as text", count=len(texts))
        return [texts.get(letter["_id"], letter) for letter in letters]

    def _forget(self, dead: Sequence[DeadMessage]) -> None:
        reached(lambda: self._broker.introspection.forget_dead(dead))

    def one(self, dead_id: str) -> Document:
        """The letter whose id begins with `dead_id`. Raises InputError when there is none, or more than one."""
        letters = self._store.find(DeadFilter(ids=[dead_id]), limit=2)
        if len(letters) != 1:
            found = "no dead letter has" if not letters else "more than one dead letter has"
            raise InputError(f"{found} an id that begins with {dead_id!r}")
        return letters[0]

    def of_run(self, job: str, run_id: str) -> list[Document]:
        """The letters of a run's jobs of that name, also those not collected yet; each has the id it will keep.

        Raises BrokerUnavailable, StoreUnavailable.
        """
        return self.of_runs(job, [run_id])

    def of_runs(self, job: str, run_ids: Sequence[str]) -> list[Document]:
        """The same of several runs."""
        if not run_ids:
            return []
        waiting = [to_letter(message) for message in reached(lambda: self._broker.introspection.dead(COLLECT_BATCH))]
        letters = {letter["_id"]: letter for letter in waiting if _is_of_runs(letter, job, run_ids)}
        return [*(letters | {letter["_id"]: letter for letter in self._store.of_runs(job, run_ids)}).values()]

    def replay(self, which: DeadFilter, *, clock: Clock) -> Replayed:
        """Enqueue the jobs of all letters that fit. Raises BrokerUnavailable, StoreUnavailable; repeating it is safe.

        clock: MongoDB's, by which letters are claimed. A replayed job that dies again makes a new letter, so only those
        are taken that died no later than the newest one there is now; both times are of Redis.
        """
        newest = self._store.newest(which)
        if newest is None:
            return Replayed(0, 0, 0, 0)
        end = newest + timedelta(milliseconds=1)  # the grain of the store
        which = replace(which, died_before=min(which.died_before or end, end))
        claimed = replayed = 0
        while letters := self._store.claim_replay(
            which, claim_id=uuid.uuid4().hex, now=clock.now(), limit=REPLAY_BATCH
        ):
            replayed += self._enqueue(letters)
            self._store.replay_sent(letter["_id"] for letter in letters)
            claimed += len(letters)
        left = replace(which, replayed=False)
        return Replayed(
            replayed=replayed,
            outstanding=claimed - replayed,
            unreadable=self._store.count(replace(left, readable=False)),
            busy=self._store.count(replace(left, readable=True)),
        )

    def _enqueue(self, letters: Sequence[Document]) -> int:
        entries = [(*_message_of(letter), None) for letter in letters]
        return sum(reached(lambda: self._broker.enqueue_many_once(entries, dedup_ttl_ms=DEDUP_TTL_MS)))


def _is_of_runs(letter: Document, job: str, run_ids: Sequence[str]) -> bool:
    match letter:
        case {"job": str(name), "actor_args": [{"run_id": str(of)}, *_]}:
            return name == job and of in run_ids
        case _:
            return False


def _message_of(letter: Document) -> tuple[Message[Any], str]:
    """The message that replays a letter, always the same one, and the key that keeps the same work out."""
    options = {name: value for name, value in letter["options"].items() if name not in _PAST}
    dedup_key = str(options.pop("dedup_key", None) or f"replay:{letter['_id']}")
    at: datetime = letter["replay"]["at"]
    message: Message[Any] = Message(
        queue_name=letter["queue"],
        actor_name=letter["job"],
        args=tuple(letter["actor_args"]),
        kwargs=letter.get("actor_kwargs", {}),
        options=options,
        message_id=f"replay-{letter['_id']}",
        message_timestamp=int(at.timestamp() * 1000),
    )
    return message, dedup_key
