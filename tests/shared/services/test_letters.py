"""From the outbox in Redis into MongoDB and back into the queue, on real servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis

from shared.broker import CoveyBroker, Deferred, Delivery, Outcomes, build_broker
from shared.domain.errors import BrokerUnavailable, InputError, StoreUnavailable
from shared.domain.outcomes import decide
from shared.redis.connection import connect
from shared.runtime.clock import ManualClock, SystemClock
from shared.runtime.embedded import free_port
from shared.services.letters import Collected, DeadLetters
from shared.stores.database import Db
from shared.stores.dead_letters import REPLAY_LEASE, DeadFilter, DeadLetterStore
from tests.shared.broker.conftest import QUEUE, make_message

NOW = SystemClock().now()  # a job older than a day would die at once
ALL = DeadFilter()


@pytest.fixture
def broker(redis_url: str, redis_client: redis.Redis) -> Iterator[CoveyBroker]:
    """A broker with one queue."""
    with connect(redis_url) as client:
        broker = CoveyBroker(client, middleware=[Outcomes(decide, clock=SystemClock())])
        broker.declare_queue(QUEUE)
        broker.actors["note"] = None  # type: ignore[assignment]  # known, so that a reason is kept
        yield broker


@pytest.fixture
def store(mongo_db: Db) -> DeadLetterStore:
    """The letters in MongoDB."""
    mongo_db.create_collection("dead_letters")
    return DeadLetterStore(mongo_db)


@pytest.fixture
def dead_letters(broker: CoveyBroker, store: DeadLetterStore) -> DeadLetters:
    """What is tested."""
    return DeadLetters(broker, store)


@pytest.fixture
def clock() -> ManualClock:
    """The clock by which letters are claimed."""
    return ManualClock(NOW)


@contextmanager
def refused(db: Db, rule: dict[str, Any]) -> Iterator[None]:
    """MongoDB refuses letters that break the rule, as if the process had died before that write."""
    db.command("collMod", "dead_letters", validator=rule)
    try:
        yield
    finally:
        db.command("collMod", "dead_letters", validator={})


def kill(broker: CoveyBroker, count: int = 1, **options: Any) -> list[str]:
    """Let messages die, oldest first; their ids."""
    messages = [make_message("note", number, **{"reason": "why", **options}) for number in range(count)]
    for message in messages:
        broker.enqueue(message)
    for delivery in taken(broker):
        broker.consume(QUEUE).nack(delivery)
    return [message.message_id for message in messages]


def taken(broker: CoveyBroker) -> list[Delivery]:
    """Every message that is due, in hand."""
    consumer = broker.consume(QUEUE, prefetch=5000)
    found: list[Delivery] = []
    while (delivery := next(consumer)) is not None:
        assert isinstance(delivery, Delivery)
        found.append(delivery)
    return found


def told(collected: Collected) -> tuple[list[dict[str, Any]], set[str]]:
    """The letters, and the ids of the new ones."""
    return collected.letters, set(collected.new)


def raw_death(broker: CoveyBroker, id: str, payload: bytes) -> None:
    """A message of any bytes, fetched and buried."""
    keys = broker.keys(QUEUE)
    broker.client.hset(keys.payloads, id, payload)
    broker.client.zadd(keys.waiting, {id: 1})
    held = broker.operations.fetch(keys, "w", 500, alone=True, alone_from=2, dead_from=3)[2]
    for message in held:
        broker.operations.nack(keys, message.id, message.receipt, b"", "undecodable: why")


# --- collecting


def test_what_died_is_stored_and_leaves_the_outbox(
    broker: CoveyBroker, store: DeadLetterStore, dead_letters: DeadLetters
) -> None:
    """More than a batch of them, each once and in order of death; a second time there is nothing."""
    ids = kill(broker, 620, correlation_id="c")

    letters, new = told(dead_letters.collect())

    assert [letter["message_id"] for letter in letters] == ids
    assert new == {letter["_id"] for letter in letters}
    assert {letter["message_id"] for letter in store.find(ALL, limit=1000)} == set(ids)
    assert letters[0]["correlation_id"] == "c"
    assert broker.introspection.dead(10) == []
    assert told(dead_letters.collect()) == ([], set())


def test_a_crash_before_the_outbox_was_emptied_stores_nothing_twice(
    broker: CoveyBroker, store: DeadLetterStore, dead_letters: DeadLetters
) -> None:
    """The letters are collected again under the same ids, and are not new."""
    kill(broker, 3)
    outbox = broker.introspection.dead(10)
    first, new = told(dead_letters.collect())
    for letter in outbox:  # the outbox as it was before it was emptied
        keys = broker.keys(QUEUE)
        broker.client.zadd(keys.dead, {letter.redis_id: letter.died_us})
        broker.client.hset(keys.dead_payloads, letter.redis_id, letter.payload)
        broker.client.hset(keys.dead_reasons, letter.redis_id, letter.reason)

    again = told(dead_letters.collect())

    assert len(new) == 3
    assert again == (first, set())
    assert store.count(ALL) == 3


def test_a_message_that_died_twice_has_two_letters(
    broker: CoveyBroker, store: DeadLetterStore, dead_letters: DeadLetters
) -> None:
    """Each death is of its own."""
    message = make_message("note", reason="why")
    for _ in range(2):
        broker.enqueue(message)
        broker.consume(QUEUE).nack(taken(broker)[0])
        dead_letters.collect()

    assert [letter["message_id"] for letter in store.find(ALL, limit=9)] == [message.message_id] * 2


@pytest.mark.parametrize(
    "args", [f"[{2**70}]", '["\\ud800"]', '[{"$where": 1}]', "[" * 200 + "]" * 200], ids=["int", "text", "name", "deep"]
)
def test_a_message_that_no_document_can_hold_keeps_no_other_in_the_outbox(
    broker: CoveyBroker, store: DeadLetterStore, dead_letters: DeadLetters, args: str
) -> None:
    """It is stored as text beside the others."""
    fields = json.dumps(make_message("note", reason="why").asdict() | {"message_id": "odd", "args": "ARGS"})
    raw_death(broker, "odd", fields.replace('"ARGS"', args).encode())
    kill(broker)

    dead_letters.collect()

    assert broker.introspection.dead(10) == []
    assert store.count(DeadFilter(readable=True)) == 1
    (odd,) = store.find(DeadFilter(readable=False), limit=9)
    assert odd["_id"].startswith("odd-")


def test_a_letter_that_mongodb_refuses_is_kept_as_text(
    broker: CoveyBroker, store: DeadLetterStore, dead_letters: DeadLetters, mongo_db: Db
) -> None:
    """The others of its batch are stored as they are, and none stays in the outbox."""
    kill(broker, 3, attempts=2)
    kill(broker, 1, attempts=8)

    with refused(mongo_db, {"attempts": {"$ne": 9}}):
        collected, new = told(dead_letters.collect())

    assert len(new) == 4
    assert [letter["actor_args"] for letter in collected] == [[0], [1], [2], None]
    assert (store.count(DeadFilter(readable=True)), store.count(DeadFilter(readable=False))) == (3, 1)
    assert '"attempts":8' in collected[-1]["payload"]
    assert broker.introspection.dead(10) == []


@pytest.mark.parametrize(
    "odd",
    [{"message_timestamp": 1e20}, {"options": {"attempts": "9" * 30}}, {"options": {"deferrals": 2**63}}],
    ids=["time", "attempts", "deferrals"],
)
def test_a_message_with_impossible_numbers_keeps_no_other_in_the_outbox(
    broker: CoveyBroker, store: DeadLetterStore, dead_letters: DeadLetters, odd: dict[str, Any]
) -> None:
    """It is stored as text; collecting raises nothing that would end a scheduler."""
    fields = make_message("note").asdict() | {"message_id": "odd"} | odd
    raw_death(broker, "odd", json.dumps(fields).encode())
    kill(broker)

    dead_letters.collect()

    assert broker.introspection.dead(10) == []
    assert (store.count(DeadFilter(readable=True)), store.count(DeadFilter(readable=False))) == (1, 1)


def test_without_a_server_nothing_is_lost(
    broker: CoveyBroker, store: DeadLetterStore, dead_letters: DeadLetters, mongo_db: Db
) -> None:
    """MongoDB or Redis away is an error of the tree, and the letters are where they were."""
    kill(broker, 2)
    away = build_broker(f"redis://127.0.0.1:{free_port()}/0", middleware=[], queues=[QUEUE])

    with pytest.raises(BrokerUnavailable):
        DeadLetters(away, store).collect()
    with refused(mongo_db, {"refused": True}), pytest.raises(StoreUnavailable):
        dead_letters.collect()

    assert len(broker.introspection.dead(10)) == 2
    assert len(dead_letters.collect().new) == 2


def test_what_was_collected_before_an_error_is_answered(
    broker: CoveyBroker, dead_letters: DeadLetters, mongo_db: Db
) -> None:
    """The first batch is stored and forgotten in Redis, so nobody else would be told of it."""
    kill(broker, 501, reason="first")
    kill(broker, 1, reason="second")

    with refused(mongo_db, {"reason": "first"}):
        before = dead_letters.collect()
    after = dead_letters.collect()

    assert len(before.letters) == 500
    assert [letter["reason"] for letter in after.letters] == ["first", "second"]


def test_letters_that_could_not_be_forgotten_are_new_once(
    broker: CoveyBroker, dead_letters: DeadLetters, redis_client: redis.Redis
) -> None:
    """A Redis that can only be read gives them again and again; they are told as new by the one who stored them."""
    kill(broker, 2)
    redis_client.replicaof("127.0.0.1", free_port())
    try:
        first, again = dead_letters.collect(), dead_letters.collect()
    finally:
        redis_client.replicaof("NO", "ONE")

    assert (len(first.new), len(again.new)) == (2, 0)
    assert first.letters == again.letters == dead_letters.collect().letters
    assert broker.introspection.dead(10) == []


# --- one


def test_one_letter_is_found_by_the_beginning_of_its_id(broker: CoveyBroker, dead_letters: DeadLetters) -> None:
    """None, several, or no beginning at all is an error that names what was asked."""
    first, _ = kill(broker, 2)
    dead_letters.collect()

    assert dead_letters.one(first)["message_id"] == first
    with pytest.raises(InputError, match="'nobody'"):
        dead_letters.one("nobody")
    with pytest.raises(InputError, match="empty"):
        dead_letters.one("")


# --- replaying


def test_a_replayed_job_begins_anew(broker: CoveyBroker, dead_letters: DeadLetters, clock: ManualClock) -> None:
    """Same job, arguments, queue, key and correlation id; the attempts, the age and the reason of its past are gone."""
    (id,) = kill(broker, correlation_id="c1", dedup_key="k", dedup_ttl_ms=5, attempts=4, deferrals=9, last_reason="x")
    (letter,) = dead_letters.collect().letters

    replayed = dead_letters.replay(ALL, clock=clock)

    (delivery,) = taken(broker)
    assert (replayed.replayed, replayed.outstanding, replayed.unreadable, replayed.busy) == (1, 0, 0, 0)
    assert (delivery.actor_name, delivery.args, delivery.kwargs, delivery.queue_name) == ("note", (0,), {}, QUEUE)
    assert delivery.message_id == f"replay-{letter['_id']}" != id
    assert delivery.message_timestamp == NOW.timestamp() * 1000
    assert delivery.options == {"correlation_id": "c1", "dedup_key": "k", "dedup_ttl_ms": 24 * 3600 * 1000}


def test_repeating_a_replay_enqueues_nothing_twice(
    broker: CoveyBroker, dead_letters: DeadLetters, clock: ManualClock
) -> None:
    """While the job waits, and after it was done: a letter is replayed once."""
    kill(broker, 3)
    dead_letters.collect()

    assert [dead_letters.replay(ALL, clock=clock).replayed for _ in range(2)] == [3, 0]
    for delivery in taken(broker):
        broker.consume(QUEUE).ack(delivery)
    clock.advance(1000)

    assert dead_letters.replay(ALL, clock=clock).replayed == 0
    assert taken(broker) == []


def test_work_that_is_outstanding_already_is_not_doubled(
    broker: CoveyBroker, dead_letters: DeadLetters, clock: ManualClock
) -> None:
    """A job with the same key waits: the letter needs no replay, and is not offered again."""
    kill(broker, dedup_key="k", dedup_ttl_ms=60_000)
    dead_letters.collect()
    broker.enqueue_many_once([(make_message("note", 7), "k", None)], dedup_ttl_ms=60_000)[0]

    first, second = (dead_letters.replay(ALL, clock=clock) for _ in range(2))

    assert (first.replayed, first.outstanding) == (0, 1)
    assert (second.replayed, second.outstanding) == (0, 0)
    assert [delivery.args for delivery in taken(broker)] == [(7,)]


def test_a_crash_between_enqueueing_and_noting_runs_no_job_twice(
    broker: CoveyBroker, dead_letters: DeadLetters, clock: ManualClock, mongo_db: Db
) -> None:
    """Nobody touches the letters while the claim lasts; then they are replayed, which finds the jobs in the queue, also
    one that was deferred meanwhile and so is no longer what was enqueued.
    """
    kill(broker, 4)
    dead_letters.collect()
    with refused(mongo_db, {"replay.sent": {"$exists": False}}), pytest.raises(StoreUnavailable):
        dead_letters.replay(ALL, clock=clock)
    assert broker.introspection.queue_stats()[QUEUE].ready == 4
    deferred = taken(broker)[0]
    deferred.stuff_exception(Deferred("not yet", delay_ms=60_000))
    broker.emit_after("process_message", deferred, exception=Deferred("not yet", delay_ms=60_000))
    broker.consume(QUEUE).ack(deferred)
    assert broker.introspection.queue_stats()[QUEUE].delayed == 1

    at_once = dead_letters.replay(ALL, clock=clock)
    clock.advance(REPLAY_LEASE.total_seconds())
    later = dead_letters.replay(ALL, clock=clock)

    assert (at_once.replayed, at_once.busy) == (0, 4)
    assert (later.replayed, later.busy) == (4, 0)
    stats = broker.introspection.queue_stats()[QUEUE]
    assert (stats.ready, stats.in_flight, stats.delayed) == (0, 3, 1)


def test_replays_at_the_same_time_run_each_job_once(
    broker: CoveyBroker, dead_letters: DeadLetters, clock: ManualClock
) -> None:
    """Four of them share the letters, while what they enqueue is worked off at once."""
    kill(broker, 1200)
    dead_letters.collect()

    ran: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        replays = [pool.submit(dead_letters.replay, ALL, clock=clock) for _ in range(4)]
        while not all(replay.done() for replay in replays):
            for delivery in taken(broker):
                broker.consume(QUEUE).ack(delivery)
                ran.append(delivery.message_id)
    ran += [delivery.message_id for delivery in taken(broker)]

    assert sum(replay.result().replayed for replay in replays) == 1200
    assert len(ran) == len(set(ran)) == 1200


class Dying:
    """A clock under which every job that was replayed is dead again when the time is read the next time."""

    def __init__(self, broker: CoveyBroker, dead_letters: DeadLetters) -> None:
        self._broker = broker
        self._dead_letters = dead_letters
        self.rounds = 0

    def now(self) -> datetime:
        """The present time."""
        self.rounds += 1
        assert self.rounds < 20, "the replay does not end"
        for delivery in taken(self._broker):
            delivery.options["reason"] = "again"
            self._broker.consume(QUEUE).nack(delivery)
        self._dead_letters.collect()
        return SystemClock().now()


@pytest.mark.parametrize("before", [None, NOW + timedelta(days=1)], ids=["all", "older than"])
def test_a_replay_ends_though_its_jobs_die_again(
    broker: CoveyBroker, dead_letters: DeadLetters, store: DeadLetterStore, before: datetime | None
) -> None:
    """It takes the letters there were when it began; what dies meanwhile waits for the next one."""
    kill(broker, 600)
    dead_letters.collect()

    replayed = dead_letters.replay(DeadFilter(died_before=before), clock=Dying(broker, dead_letters))
    taken_by_the_next = dead_letters.replay(ALL, clock=SystemClock())

    assert (replayed.replayed, replayed.outstanding, replayed.busy) == (600, 0, 0)
    assert store.count(DeadFilter(reason="why", replayed=True)) == 600
    assert taken_by_the_next.replayed == store.count(DeadFilter(reason="again")) >= 500


def test_what_cannot_be_read_stays_and_keeps_nothing_back(
    broker: CoveyBroker, dead_letters: DeadLetters, store: DeadLetterStore, clock: ManualClock
) -> None:
    """Of a batch of unreadable letters and one behind them that one is replayed; then they are purged."""
    for number in range(2):
        raw_death(broker, f"raw-{number}", b"\xff")
    dead_letters.collect()
    (template, _) = store.find(ALL, limit=2)
    store.add([template | {"_id": f"raw-{number}"} for number in range(600)])
    kill(broker)
    dead_letters.collect()

    replayed = dead_letters.replay(ALL, clock=clock)

    assert (replayed.replayed, replayed.unreadable) == (1, 602)
    assert store.purge(DeadFilter(readable=False)) == 602
    assert store.count(ALL) == 1


def test_a_thousand_are_replayed_in_few_round_trips(
    broker: CoveyBroker, dead_letters: DeadLetters, clock: ManualClock, redis_client: redis.Redis
) -> None:
    """Two pipelines of 500 and no round trip a letter: that would be a thousand reads of Redis at least.

    A pipeline of 500 letters is read in as many pieces as the network makes of it: 155 were seen on a busy machine.
    """
    kill(broker, 1000)
    dead_letters.collect()
    dead_letters.replay(DeadFilter(ids=["nobody"]), clock=clock)
    before = redis_client.info("stats")["total_reads_processed"]

    assert dead_letters.replay(ALL, clock=clock).replayed == 1000

    assert redis_client.info("stats")["total_reads_processed"] - before < 500


def test_a_replay_without_the_queue_says_so_and_can_be_made_again(
    broker: CoveyBroker, dead_letters: DeadLetters, store: DeadLetterStore, clock: ManualClock
) -> None:
    """With Redis away the letters stay claimed for the lease, then they are replayed."""
    kill(broker)
    dead_letters.collect()
    away = build_broker(f"redis://127.0.0.1:{free_port()}/0", middleware=[], queues=[QUEUE])

    with pytest.raises(BrokerUnavailable):
        DeadLetters(away, store).replay(ALL, clock=clock)
    clock.advance(REPLAY_LEASE.total_seconds())

    assert dead_letters.replay(ALL, clock=clock).replayed == 1


def test_the_letters_of_a_run_are_found_before_and_after_they_are_collected(
    broker: CoveyBroker, store: DeadLetterStore, dead_letters: DeadLetters
) -> None:
    """In the outbox and in MongoDB under the same id; those of other runs and jobs, and replayed ones, are left out."""
    broker.actors["refresh_engagement"] = None  # type: ignore[assignment]
    for run_id in ("r", "s"):
        broker.enqueue(make_message("refresh_engagement", {"claim_id": "c", "post_ids": ["1"], "run_id": run_id}))
    kill(broker)

    (before,) = dead_letters.of_run("refresh_engagement", "r")
    dead_letters.collect()
    (after,) = dead_letters.of_run("refresh_engagement", "r")
    store.replay_sent([after["_id"]])

    assert before["_id"] == after["_id"]
    assert before["actor_args"][0]["post_ids"] == ["1"]
    assert dead_letters.of_run("refresh_engagement", "r") == []
    assert dead_letters.of_run("note", "s") == []
