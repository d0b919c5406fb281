"""The Lua scripts, alone and in any order: no id in two places, none nowhere. On redis-server, and on its fake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import fakeredis
import pytest
import redis
from dramatiq.errors import ConnectionClosed
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.broker.gates import UNLED_SECONDS
from shared.broker.keys import QueueKeys
from shared.broker.placement import Dedup, Placed, Placement
from shared.broker.scripts import Scripts

KEYS = QueueKeys("test", "work")
SECOND = 1_000_000
START_US = 1_700_000_000 * SECOND
TIMEOUT_MS = 10_000
WORKERS = ("ann", "bob")
GATES = ("search", "look")
# How a delivery ends at a gate: in line as it stands, or closing it.
PARKS = {"hold back": ("search", None), "close at once": ("search", 0), "close": ("look", 20_000)}


@pytest.fixture(params=["redis-server", "fakeredis"])
def client(request: pytest.FixtureRequest, redis_client: redis.Redis) -> redis.Redis:
    """A client of an empty Redis: the real one, and the fake that must agree with it."""
    return redis_client if request.param == "redis-server" else fakeredis.FakeRedis()


@pytest.fixture
def scripts(client: redis.Redis) -> Scripts:
    """The scripts on an empty Redis."""
    return Scripts(client)


def enqueue(
    scripts: Scripts, id: str, payload: bytes = b"p", *, delay_ms: int = 0, dedup: Dedup | None = None, now_us: int = 0
) -> Placed:
    """Place one message."""
    return scripts.enqueue([Placement(KEYS, id, payload, delay_ms, dedup)], now_us)[0]


def fetch(  # type: ignore[no-untyped-def]
    scripts: Scripts,
    worker: str = "ann",
    room: int = 10,
    *,
    now_us: int = 0,
    alone: bool = True,
    gates: Sequence[str] = (),
):
    """The messages of one fetch."""
    handed = scripts.fetch(KEYS, worker, room, alone=alone, alone_from=2, dead_from=3, gates=gates, now_us=now_us)
    return handed.messages


def test_enqueueing_twice_places_once(scripts: Scripts) -> None:
    """A producer that repeats itself after a lost reply places one message."""
    first = enqueue(scripts, "a", b"x")
    second = enqueue(scripts, "a", b"x")

    assert (first, second) == ("placed", "outstanding")
    assert [message.id for message in fetch(scripts)] == ["a"]


def test_another_payload_under_an_outstanding_id_is_a_conflict(scripts: Scripts) -> None:
    """Two different messages cannot share an id: the second is refused, the first is kept."""
    enqueue(scripts, "a", b"x")

    assert enqueue(scripts, "a", b"y") == "conflict"
    assert fetch(scripts)[0].payload == b"x"


def test_the_owner_of_a_dedup_key_is_the_same_work_whatever_became_of_it(scripts: Scripts) -> None:
    """A message that was placed again after a run has another payload; enqueueing the first one again is harmless."""
    dedup = Dedup("test:once:k", 60_000)
    enqueue(scripts, "a", b"x", dedup=dedup)
    held = fetch(scripts)[0]
    scripts.reschedule(KEYS, "a", held.receipt, b"x, once more", delay_ms=0, dedup=dedup)

    assert enqueue(scripts, "a", b"x", dedup=dedup) == "outstanding"
    assert enqueue(scripts, "a", b"x") == "conflict"
    assert fetch(scripts)[0].payload == b"x, once more"


def test_messages_are_fetched_by_due_time(scripts: Scripts) -> None:
    """A short delay overtakes a long one, and nothing is handed out before it is due."""
    enqueue(scripts, "far", b"", delay_ms=60_000, now_us=START_US)
    enqueue(scripts, "near", b"", delay_ms=2_000, now_us=START_US)
    enqueue(scripts, "now", b"", now_us=START_US + 1)

    assert [m.id for m in fetch(scripts, now_us=START_US + SECOND)] == ["now"]
    assert [m.id for m in fetch(scripts, now_us=START_US + 3 * SECOND)] == ["near"]
    assert [m.id for m in fetch(scripts, now_us=START_US + 60 * SECOND)] == ["far"]


def test_requeued_messages_keep_their_order(scripts: Scripts) -> None:
    """What is given back comes before what was enqueued later, in its old order."""
    for number in range(6):
        enqueue(scripts, f"m{number}", b"", now_us=START_US + number)
    taken = fetch(scripts, room=3, now_us=START_US + SECOND)

    scripts.requeue(KEYS, [(m.id, m.receipt) for m in reversed(taken)])

    assert [m.id for m in fetch(scripts, now_us=START_US + SECOND)] == [f"m{n}" for n in range(6)]


@pytest.mark.parametrize("settle", ["ack", "nack", "reschedule", "requeue"])
def test_a_delivery_that_lost_its_message_changes_nothing(scripts: Scripts, settle: str) -> None:
    """After recovery and a second delivery, no command of the first delivery moves the message."""
    enqueue(scripts, "a", b"x", now_us=START_US)
    scripts.recover(KEYS, timeout_ms=TIMEOUT_MS, gap_ms=60_000, now_us=START_US)
    old = fetch(scripts, "ann", now_us=START_US)[0]
    later = START_US + 20 * SECOND
    assert scripts.recover(KEYS, timeout_ms=TIMEOUT_MS, gap_ms=60_000, now_us=later) == 1
    new = fetch(scripts, "ann", now_us=later)[0]

    settled = {
        "ack": lambda: scripts.ack(KEYS, "a", old.receipt),
        "nack": lambda: scripts.nack(KEYS, "a", old.receipt, b"", "why"),
        "reschedule": lambda: scripts.reschedule(KEYS, "a", old.receipt, b"y", delay_ms=5),
        "requeue": lambda: scripts.requeue(KEYS, [("a", old.receipt)]),
    }[settle]()

    assert not settled
    assert new.receipt != old.receipt
    assert scripts.ack(KEYS, "a", new.receipt)


@pytest.mark.parametrize(("settle", "crashes"), [("ack", {}), ("nack", {}), ("reschedule", {b"a": b"1"})])
def test_settling_for_good_forgets_the_crashes_and_no_foreign_dedup_key(
    scripts: Scripts, client: redis.Redis, settle: str, crashes: dict[bytes, bytes]
) -> None:
    """Crashes are forgotten with the message, not when it is placed again; a key with a new owner is left alone."""
    enqueue(scripts, "a", b"x")
    held = fetch(scripts)[0]
    client.hset(KEYS.crashes, "a", 1)
    client.set("once", "newer")
    dedup = Dedup("once", 1000)

    settled = {
        "ack": lambda: scripts.ack(KEYS, "a", held.receipt, dedup),
        "nack": lambda: scripts.nack(KEYS, "a", held.receipt, b"", "why", dedup),
        "reschedule": lambda: scripts.reschedule(KEYS, "a", held.receipt, b"y", delay_ms=5, dedup=dedup),
    }[settle]()

    assert settled
    assert client.hgetall(KEYS.crashes) == crashes
    assert client.get("once") == b"newer"


def test_a_fetch_is_a_sign_of_life(scripts: Scripts) -> None:
    """A worker that fetched before its first heartbeat is not taken for dead."""
    scripts.recover(KEYS, timeout_ms=TIMEOUT_MS, gap_ms=60_000, now_us=START_US)
    enqueue(scripts, "a", b"x", now_us=START_US)
    later = START_US + 20 * SECOND
    fetch(scripts, now_us=later)

    assert scripts.recover(KEYS, timeout_ms=TIMEOUT_MS, gap_ms=60_000, now_us=later + SECOND) == 0


def test_an_outage_declares_nobody_dead(scripts: Scripts, client: redis.Redis) -> None:
    """When nobody has watched for a while, silent workers get a full timeout before their work is given to others."""
    enqueue(scripts, "a", b"x", now_us=START_US)
    fetch(scripts, now_us=START_US)
    back = START_US + 600 * SECOND

    assert scripts.recover(KEYS, timeout_ms=TIMEOUT_MS, gap_ms=60_000, now_us=back) == 0
    scripts.heartbeat(KEYS, "ann", now_us=back + SECOND)
    assert scripts.recover(KEYS, timeout_ms=TIMEOUT_MS, gap_ms=60_000, now_us=back + 11 * SECOND) == 0
    assert scripts.recover(KEYS, timeout_ms=TIMEOUT_MS, gap_ms=60_000, now_us=back + 12 * SECOND) == 1


def test_messages_of_a_worker_never_heard_of_are_recovered(scripts: Scripts, client: redis.Redis) -> None:
    """A holder without any heartbeat is dead, not immortal."""
    enqueue(scripts, "a", b"x", now_us=START_US)
    fetch(scripts, now_us=START_US)
    client.delete(KEYS.workers)

    scripts.recover(KEYS, timeout_ms=TIMEOUT_MS, gap_ms=60_000, now_us=START_US)
    assert scripts.recover(KEYS, timeout_ms=TIMEOUT_MS, gap_ms=60_000, now_us=START_US + 11 * SECOND) == 1


def test_a_last_chance_is_given_to_one_message_at_a_time(scripts: Scripts, client: redis.Redis) -> None:
    """Of several messages that crashed twice a worker gets one, and the healthy ones behind them all the same."""
    for number, crashes in enumerate((2, 2, 0, 3)):
        enqueue(scripts, f"m{number}", b"", now_us=START_US + number)
        if crashes:
            client.hset(KEYS.crashes, f"m{number}", crashes)

    assert [m.id for m in fetch(scripts, room=2, now_us=START_US + SECOND)] == ["m0", "m2"]
    assert [m.id for m in fetch(scripts, alone=False, now_us=START_US + SECOND)] == ["m3"]
    assert [m.id for m in fetch(scripts, now_us=START_US + SECOND)] == ["m1"]


@pytest.mark.parametrize(("crashes", "waits_seconds"), [(1, 0), (2, 60), (3, 0)])
def test_a_last_chance_comes_after_a_pause(
    scripts: Scripts, client: redis.Redis, crashes: int, waits_seconds: int
) -> None:
    """A first crash and the last one delay nothing; in between the message waits for what crashes workers to end."""
    enqueue(scripts, "a", b"x", now_us=START_US)
    fetch(scripts, now_us=START_US)
    client.hset(KEYS.crashes, "a", crashes - 1)
    given_back_us = START_US + 11 * SECOND
    scripts.recover(KEYS, timeout_ms=TIMEOUT_MS, gap_ms=60_000, now_us=START_US)

    given = scripts.recover(
        KEYS,
        timeout_ms=TIMEOUT_MS,
        gap_ms=60_000,
        last_chance_at=2,
        last_chance_delay_ms=60_000,
        now_us=given_back_us,
    )

    due_us = client.zscore(KEYS.waiting, "a")
    assert given == 1
    assert due_us == (given_back_us + waits_seconds * SECOND if waits_seconds else START_US)


def test_a_message_whose_payload_vanished_is_dropped(scripts: Scripts, client: redis.Redis) -> None:
    """An id without a payload is counted and dropped; its neighbours are handed out."""
    enqueue(scripts, "a", b"x")
    enqueue(scripts, "b", b"y")
    client.hdel(KEYS.payloads, "a")

    handed = scripts.fetch(KEYS, "ann", 10, alone=True, alone_from=2, dead_from=3)

    assert handed.vanished == 1
    assert [m.id for m in handed.messages] == ["b"]
    assert client.zcard(KEYS.waiting) == 0


def test_lost_replies_are_adopted_and_later_deliveries_are_not(scripts: Scripts) -> None:
    """A look for lost replies gives back what the worker never received, and nothing handed over since it began."""
    enqueue(scripts, "lost", b"", now_us=START_US)
    fetch(scripts, now_us=START_US)
    enqueue(scripts, "later", b"", now_us=START_US)
    fetch(scripts, now_us=START_US + 2)

    assert scripts.adopt(KEYS, "bob", START_US + 1, [], now_us=START_US + 3)[1] == 0
    assert scripts.adopt(KEYS, "ann", START_US + 1, [], now_us=START_US + 3)[1] == 1
    assert [m.id for m in fetch(scripts, "bob", now_us=START_US + 4)] == ["lost"]


def test_a_full_redis_can_be_drained(redis_client: redis.Redis) -> None:
    """With its memory full Redis refuses new messages, and still deals with those that are there.

    The fake knows no memory.
    """
    scripts = Scripts(redis_client)
    enqueue(scripts, "of the dead", b"x", now_us=START_US)
    fetch(scripts, "bob", now_us=START_US)
    scripts.recover(KEYS, timeout_ms=TIMEOUT_MS, gap_ms=60_000, now_us=START_US)
    for id in ("a", "b", "c", "d"):
        enqueue(scripts, id, b"x")
    redis_client.config_set("maxmemory", 1)
    try:
        with pytest.raises(ConnectionClosed):
            enqueue(scripts, "e", b"x")
        assert scripts.recover(KEYS, timeout_ms=TIMEOUT_MS, gap_ms=60_000, now_us=START_US + 11 * SECOND) == 1
        assert scripts.requeue(KEYS, [(m.id, m.receipt) for m in fetch(scripts, now_us=START_US + 11 * SECOND)]) == 1
        scripts.heartbeat(KEYS, "ann")
        dead, a, b, c, d = fetch(scripts)
        assert scripts.ack(KEYS, dead.id, dead.receipt)
        assert scripts.ack(KEYS, "a", a.receipt)
        assert scripts.nack(KEYS, "b", b.receipt, b"", "why")
        assert scripts.reschedule(KEYS, "c", c.receipt, b"y", delay_ms=1)
        assert scripts.requeue(KEYS, [("d", d.receipt)]) == 1
        again = next(m for m in fetch(scripts) if m.id == "d")  # c may be due as well
        assert scripts.park(KEYS, "d", again.receipt, b"y", gate="g", made_ms=1, closed_ms=0)
        led = next(m for m in fetch(scripts, gates=["g"]) if m.gate == "g")
        assert scripts.pass_gate(KEYS, "g", int(led.receipt.split(" ")[1]))
    finally:
        redis_client.config_set("maxmemory", 0)


def test_a_dead_letter_that_died_again_is_not_forgotten(scripts: Scripts) -> None:
    """Forgetting names one death: a message replayed and dead again meanwhile stays listed."""
    for moment in (1, 2):
        enqueue(scripts, "a", b"x", now_us=START_US)
        held = fetch(scripts, now_us=START_US + moment)[0]
        scripts.nack(KEYS, "a", held.receipt, b"z", f"death {moment}", now_us=START_US + moment)

    assert scripts.forget_dead(KEYS, [("a", START_US + 1)]) == 0
    assert scripts.dead(KEYS, 10) == [("a", START_US + 2, b"z", "death 2")]
    assert scripts.forget_dead(KEYS, [("a", START_US + 2)]) == 1
    assert scripts.dead(KEYS, 10) == []


class Queue(RuleBasedStateMachine):
    """Two workers, a producer, lost replies, crashes and late commands, against a model of where each id is."""

    redis: redis.Redis
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.redis.flushdb()
        self.scripts = Scripts(self.redis)
        self.now_us = START_US
        self.made = 0
        self.outstanding: set[str] = set()
        self.dead: dict[str, int] = {}
        self.memory: dict[str, dict[str, str]] = {worker: {} for worker in WORKERS}
        self.old_receipts: list[tuple[str, str]] = []
        self.owners: dict[str, str] = {}
        self.crashes: Counter[str] = Counter()
        self.recover()

    def dedup(self, id: str) -> Dedup:
        """Ids of the same parity compete for one key."""
        return Dedup(f"test:once:{int(id) % 2}", 3_600_000)

    def tick(self) -> int:
        """Time passes between any two commands, so receipts differ."""
        self.now_us += 1
        return self.now_us

    @rule(delay_ms=st.sampled_from([0, 0, 500, 30_000]), once=st.booleans())
    def enqueue(self, delay_ms: int, once: bool) -> None:
        """A new message, with or without de-duplication."""
        id = str(self.made)
        self.made += 1
        dedup = self.dedup(id) if once else None
        placed = enqueue(self.scripts, id, b"p", delay_ms=delay_ms, dedup=dedup, now_us=self.tick())
        owner = self.owners.get(dedup.key) if dedup else None
        assert placed == ("refused" if owner else "placed")
        if placed == "placed":
            self.outstanding.add(id)
            if dedup:
                self.owners[dedup.key] = id

    @precondition(lambda self: self.outstanding)
    @rule(data=st.data())
    def enqueue_again(self, data: st.DataObject) -> None:
        """A producer repeats an outstanding message."""
        id = data.draw(st.sampled_from(sorted(self.outstanding)))
        assert enqueue(self.scripts, id, b"p", now_us=self.tick()) in ("outstanding", "conflict")

    @rule(worker=st.sampled_from(WORKERS), room=st.integers(1, 4), alone=st.booleans(), lost=st.booleans())
    def fetch(self, worker: str, room: int, alone: bool, lost: bool) -> None:
        """A worker fetches; the reply may be lost."""
        in_line = {gate: self.line(gate) for gate in GATES}
        for message in fetch(self.scripts, worker, room, now_us=self.tick(), alone=alone, gates=GATES):
            assert message.id in self.outstanding
            assert message.gate is None or message.id in in_line[message.gate]
            if not lost:
                self.memory[worker][message.id] = message.receipt

    @rule(
        how=st.sampled_from(["ack", "nack", "reschedule", "requeue", *PARKS]),
        worker=st.sampled_from(WORKERS),
        data=st.data(),
    )
    def settle(self, how: str, worker: str, data: st.DataObject) -> None:
        """A worker settles a message it believes to hold."""
        if not self.memory[worker]:
            return
        id = data.draw(st.sampled_from(sorted(self.memory[worker])))
        receipt = self.memory[worker].pop(id)
        self.old_receipts.append((id, receipt))
        self.command(how, id, receipt)

    @precondition(lambda self: self.old_receipts)
    @rule(how=st.sampled_from(["ack", "nack", "reschedule", "requeue", *PARKS]), data=st.data())
    def late_command(self, how: str, data: st.DataObject) -> None:
        """A command of a settled or crashed delivery is executed late: nothing may change once it lost the message."""
        id, receipt = data.draw(st.sampled_from(self.old_receipts))
        still_holds = self.held().get(id) == receipt
        before = self.dump()
        self.command(how, id, receipt)
        assert still_holds or self.dump() == before

    def command(self, how: str, id: str, receipt: str) -> None:
        """One settling command, and what it means when the delivery still held the message."""
        dedup, now = self.dedup(id), self.tick()
        if how == "requeue":
            self.scripts.requeue(KEYS, [(id, receipt)])
        elif how in PARKS:
            gate, closed_ms = PARKS[how]
            parked = self.scripts.park(
                *(KEYS, id, receipt, b"p2"),
                **{"gate": gate, "made_ms": int(id), "closed_ms": closed_ms, "dedup": dedup, "now_us": now},
            )
            if parked:
                self.owners.setdefault(dedup.key, id)
        elif how == "reschedule":
            if self.scripts.reschedule(KEYS, id, receipt, b"p2", delay_ms=700, dedup=dedup, now_us=now):
                self.owners.setdefault(dedup.key, id)
        else:
            if how == "ack":
                settled = self.scripts.ack(KEYS, id, receipt, dedup)
            else:
                settled = self.scripts.nack(KEYS, id, receipt, b"", "why", dedup, now_us=now)
            if settled:
                self.outstanding.remove(id)
                del self.crashes[id]
                if self.owners.get(dedup.key) == id:
                    del self.owners[dedup.key]
                if how == "nack":
                    self.dead[id] = now

    @rule(gate=st.sampled_from(GATES), seconds_ago=st.sampled_from([0, 5]))
    def pass_gate(self, gate: str, seconds_ago: int) -> None:
        """What a gate let out got its grant, or says so late."""
        self.scripts.pass_gate(KEYS, gate, self.now_us - seconds_ago * SECOND, now_us=self.tick())

    @rule(gate=st.sampled_from(GATES))
    def a_gate_is_forgotten(self, gate: str) -> None:
        """Its keys expire, or Redis loses them."""
        self.redis.delete(KEYS.line(gate))
        self.redis.hdel(KEYS.gates, gate)

    @rule(worker=st.sampled_from(WORKERS))
    def crash(self, worker: str) -> None:
        """A worker loses its memory; commands of its may still be under way."""
        self.old_receipts += self.memory[worker].items()
        self.memory[worker].clear()

    @rule(seconds=st.sampled_from([0, 1, 11, 40]), beats=st.sets(st.sampled_from(WORKERS)))
    def time_passes(self, seconds: int, beats: set[str]) -> None:
        """Some workers beat, others are silent."""
        self.now_us += seconds * SECOND
        for worker in beats:
            self.scripts.heartbeat(KEYS, worker, now_us=self.now_us)

    @precondition(lambda self: self.owners)
    @rule(data=st.data())
    def a_dedup_key_expires(self, data: st.DataObject) -> None:
        """Its owner is still outstanding; another message may take the key."""
        key = data.draw(st.sampled_from(sorted(self.owners)))
        self.redis.delete(key)
        del self.owners[key]

    @rule()
    def recover(self) -> None:
        """Somebody looks for dead workers; a worker that lives on does not know that it lost its messages."""
        self.give_back(self.tick())

    def give_back(self, now_us: int) -> None:
        """What the pulse of every worker does."""
        before = self.held().keys()
        self.scripts.recover(
            KEYS,
            timeout_ms=TIMEOUT_MS,
            gap_ms=3_600_000,
            last_chance_at=2,
            last_chance_delay_ms=TIMEOUT_MS,
            now_us=now_us,
        )
        self.crashes.update(before - self.held().keys())

    @rule(worker=st.sampled_from(WORKERS))
    def adopt(self, worker: str) -> None:
        """A worker looks for lost replies: afterwards it holds just what it has in memory, or less."""
        others = {id for id, receipt in self.held().items() if not receipt.startswith(worker)}
        self.scripts.adopt(KEYS, worker, self.now_us, list(self.memory[worker]), now_us=self.tick())
        held = self.held()
        assert others <= held.keys() <= others | self.memory[worker].keys()

    @precondition(lambda self: self.dead)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        """A dead letter is stored elsewhere and forgotten."""
        id = data.draw(st.sampled_from(sorted(self.dead)))
        assert self.scripts.forget_dead(KEYS, [(id, self.dead.pop(id))]) == 1

    def line(self, gate: str) -> set[str]:
        """Who stands in line at a gate."""
        return {id.decode() for id in self.redis.zrange(KEYS.line(gate), 0, -1)}

    def held(self) -> dict[str, str]:
        """Who holds what, according to Redis."""
        return {id.decode(): receipt.decode() for id, receipt in self.redis.hgetall(KEYS.held).items()}

    def dump(self) -> list[object]:
        """The places of all ids."""
        dead = self.redis.zrange(KEYS.dead, 0, -1, withscores=True)
        return [
            self.redis.zrange(KEYS.waiting, 0, -1, withscores=True),
            self.held(),
            dead,
            self.redis.hgetall(KEYS.payloads),
            self.redis.hgetall(KEYS.gates),
            [self.line(gate) for gate in GATES],
        ]

    @invariant()
    def every_id_is_in_one_place(self) -> None:
        """Outstanding: waiting or held, with a payload. Dead: dead only. Otherwise: nowhere."""
        waiting = [id.decode() for id in self.redis.zrange(KEYS.waiting, 0, -1)]
        held = list(self.held())
        assert sorted(waiting + held) == sorted(self.outstanding)
        assert {id.decode() for id in self.redis.hkeys(KEYS.payloads)} == self.outstanding
        assert {id.decode() for id in self.redis.zrange(KEYS.dead, 0, -1)} == set(self.dead)
        assert {id.decode() for id in self.redis.hkeys(KEYS.dead_payloads)} == set(self.dead)

    @invariant()
    def who_stands_in_line_waits_too(self) -> None:
        """A line is an index: what it lets out is in the queue, and would come without it."""
        waiting = {id.decode() for id in self.redis.zrange(KEYS.waiting, 0, -1)}
        standing = [gate for gate in GATES if self.redis.hexists(KEYS.gates, gate)]
        assert all(self.line(gate) <= waiting for gate in standing)

    @invariant()
    def crashes_are_counted_until_a_message_is_settled_for_good(self) -> None:
        """Each crash of an outstanding message counts, whatever it did in between; nothing else does."""
        counted = {id.decode(): int(count) for id, count in self.redis.hgetall(KEYS.crashes).items()}
        assert counted == self.crashes
        assert counted.keys() <= self.outstanding

    @invariant()
    def a_dedup_key_belongs_to_an_outstanding_message(self) -> None:
        """The keys are owned as the model says, and never by a settled message."""
        owners = {key.decode(): self.redis.get(key).decode() for key in self.redis.keys("test:once:*")}  # type: ignore[union-attr]
        assert owners == self.owners
        assert set(owners.values()) <= self.outstanding

    def teardown(self) -> None:
        """At rest nothing is stuck: after recovery, every outstanding message can be fetched and acked."""
        self.now_us += 100 * SECOND
        self.give_back(self.now_us)
        self.now_us += TIMEOUT_MS * 1000 + round(UNLED_SECONDS * SECOND)
        while messages := fetch(self.scripts, "eve", now_us=self.now_us):
            for message in messages:
                assert self.scripts.ack(KEYS, message.id, message.receipt, self.dedup(message.id))
                self.outstanding.remove(message.id)
        assert not self.outstanding


def test_no_id_is_in_two_places_and_none_nowhere(client: redis.Redis) -> None:
    """In any order of commands, crashes, lost replies and late commands each id is in one place, and none is stuck."""
    machine = type("QueueOnRedis", (Queue,), {"redis": client})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
