"""Gates: what was refused waits together and comes out oldest first, as many as there are grants."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import dramatiq
import fakeredis
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.broker import CoveyBroker
from shared.broker.fetched import Handed
from shared.broker.gates import (
    FREE_AFTER,
    GATE_TTL_SECONDS,
    LOOK_SECONDS,
    MOST_CREDITS,
    ONE_BY_ONE,
    UNLED_SECONDS,
    Gates,
)
from shared.broker.keys import QueueKeys
from shared.broker.placement import Placement
from shared.broker.scripts import Scripts
from shared.domain.errors import NotGranted
from shared.domain.outcomes import MAX_AGE_SECONDS, MAX_DEFERRAL_SECONDS, Reach
from tests.shared.broker.conftest import QUEUE, consume, eventually, make_message, take

KEYS = QueueKeys("test", "work")
GATE = "search"
SECOND = 1_000_000
START_US = 1_700_000_000 * SECOND
LOOK_US = round(LOOK_SECONDS * SECOND)
GATED = {QUEUE: ("note", "other")}


@pytest.fixture(params=["redis-server", "fakeredis"])
def scripts(request: pytest.FixtureRequest, redis_client: redis.Redis) -> Scripts:
    """The scripts on an empty Redis: the real one, and the fake that must agree with it."""
    return Scripts(redis_client if request.param == "redis-server" else fakeredis.FakeRedis())


class Line:
    """A gate in simulated time; messages are numbered by age, the oldest 0."""

    def __init__(self, scripts: Scripts, count: int) -> None:
        self.scripts = scripts
        self.now_us = START_US
        self.out: dict[int, str] = {}
        scripts.enqueue([Placement(KEYS, f"{n}", b"p") for n in range(count)], self.now_us)
        self.tick()
        self.out = {int(one.id): one.receipt for one in self.handed(count).messages}

    def tick(self, us: int = 1) -> None:
        """Time passes."""
        self.now_us += us

    def handed(self, room: int = 10) -> Handed:
        """One fetch."""
        self.tick()
        return self.scripts.fetch(
            KEYS, "ann", room, alone=True, alone_from=2, dead_from=3, gates=[GATE], now_us=self.now_us
        )

    def fetch(self, room: int = 10) -> list[int]:
        """Which messages came out of the gate."""
        messages = self.handed(room).messages
        assert all(one.gate == GATE for one in messages)
        self.out.update({int(one.id): one.receipt for one in messages})
        return [int(one.id) for one in messages]

    def refuse(self, number: int, wait_us: int) -> None:
        """A message that is out was refused."""
        self.tick()
        self.park(number, wait_us // 1000)

    def park(self, number: int, closed_ms: int | None) -> None:
        """Settle a message by placing it in line."""
        receipt = self.out.pop(number)
        assert self.scripts.park(
            KEYS, f"{number}", receipt, b"p", gate=GATE, made_ms=number, closed_ms=closed_ms, now_us=self.now_us
        )

    def grant(self, number: int) -> bool:
        """A message that is out got its grant and is done; whether the gate took note."""
        self.tick()
        receipt = self.out.pop(number)
        noted = self.scripts.pass_gate(KEYS, GATE, int(receipt.split(" ")[1]), self.now_us)
        assert self.scripts.ack(KEYS, f"{number}", receipt)
        return noted


def refuse(broker: CoveyBroker, delivery, *, seconds: float, stops_all: bool = True) -> None:  # type: ignore[no-untyped-def]
    """End a delivery as the worker does when the limiter refuses its call."""
    error = NotGranted("search", wait_seconds=seconds, blocked_by="window", stops_all=stops_all)
    broker.emit_after("process_message", delivery, exception=error)
    broker.consume(QUEUE).ack(delivery)


def test_after_the_wait_the_oldest_looks_alone(scripts: Scripts) -> None:
    """A refusal closes the gate for its wait; then one is let out, whoever was refused last."""
    line = Line(scripts, 4)
    for number in (3, 1, 0, 2):
        line.refuse(number, SECOND)

    assert line.fetch() == []
    line.tick(SECOND)
    assert line.fetch() == [0]
    assert line.fetch() == []


def test_a_grant_lets_one_more_out_and_several_in_a_row_two(scripts: Scripts) -> None:
    """One by one at first, then ever more, in order of age."""
    line = Line(scripts, 30)
    for number in range(30):
        line.refuse(number, 0)

    let_out = []
    for _ in range(7):
        let_out.append(line.fetch(100))
        for number in let_out[-1]:
            assert line.grant(number)

    assert [len(numbers) for numbers in let_out] == [1, 1, 1, 2, 4, 8, 13]
    assert [number for numbers in let_out for number in numbers] == list(range(30))


def test_a_refusal_ends_a_row(scripts: Scripts) -> None:
    """Credits are gone, and what was let out before the refusal has no say any more."""
    line = Line(scripts, 12)
    for number in range(12):
        line.refuse(number, 0)
    for number in (0, 1, 2):
        assert line.fetch() == [number]
        line.grant(number)
    assert line.fetch() == [3, 4]

    line.refuse(4, SECOND)

    assert not line.grant(3)
    assert line.fetch() == []
    line.tick(SECOND)
    assert line.fetch() == [4]


def test_silence_lets_the_next_one_out(scripts: Scripts) -> None:
    """A worker that died with what it was let out, or whose call is slow, holds the others up for a moment only."""
    line = Line(scripts, 3)
    for number in range(3):
        line.refuse(number, 0)
    assert line.fetch() == [0]

    handed = line.handed()
    line.tick(LOOK_US)

    assert (handed.messages, handed.standing) == ([], {GATE})
    assert handed.next_us is not None
    assert handed.next_us < LOOK_US
    assert line.fetch() == [1]


def test_what_is_in_line_comes_due_without_its_gate(scripts: Scripts) -> None:
    """Where Redis forgets a gate its line is stranded for minutes, not for ever."""
    line = Line(scripts, 2)
    for number in range(2):
        line.refuse(number, SECOND)
    line.tick(SECOND + round(UNLED_SECONDS * SECOND))

    handed = scripts.fetch(KEYS, "ann", 10, alone=True, alone_from=2, dead_from=3, now_us=line.now_us)

    assert sorted(one.id for one in handed.messages) == ["0", "1"]
    assert {one.gate for one in handed.messages} == {None}


def test_keys_of_a_gate_expire_after_everybody_in_line_is_due(redis_client: redis.Redis) -> None:
    """Nothing of a gate stays in Redis, and no line ends before its messages are due."""
    line = Line(Scripts(redis_client), 1)
    line.refuse(0, SECOND)

    ttls = [redis_client.ttl(key) for key in (KEYS.gates, KEYS.line(GATE))]

    assert all(MAX_DEFERRAL_SECONDS + UNLED_SECONDS < ttl <= GATE_TTL_SECONDS for ttl in ttls)


def test_a_message_held_back_at_a_gate_that_is_gone_is_due_at_once(scripts: Scripts) -> None:
    """It does not wait for a gate that somebody else saw open meanwhile."""
    line = Line(scripts, 1)

    line.park(0, None)

    assert [one.id for one in line.handed().messages] == ["0"]


@pytest.mark.parametrize(("due_us", "order"), [(START_US, ["0", "due"]), (-5, ["due", "0"])])
def test_among_all_that_may_come_the_oldest_goes_first(scripts: Scripts, due_us: int, order: list[str]) -> None:
    """A long line does not keep back what needs no gate and is older, nor the other way round."""
    line = Line(scripts, 1)
    line.refuse(0, 0)
    scripts.enqueue([Placement(KEYS, "due", b"p")], now_us=due_us)

    assert [line.handed(1).messages[0].id for _ in order] == order


def test_only_those_of_its_kind_pass_by_a_name() -> None:
    """A kind of job has a gate of its own for each reach; what waits by itself and what has no gate has none."""
    gates = Gates(["a", "b"])

    assert gates.names == ("a", "b", "a.refused", "b.refused")
    assert gates.of("a") == gates.of("a", Reach.KIND) == "a"
    assert gates.of("b", Reach.REFUSED) == "b.refused"
    assert gates.of("a", Reach.JOB) is gates.of("c") is Gates().of("a") is None


@dataclass
class Rule:
    """The rule of one gate, told once more: who is let out, and when."""

    opens_us: int = 0
    credits: int = 0
    in_a_row: int = 0
    closed_us: int = 0
    stands: bool = True
    line: list[int] = field(default_factory=list)

    def refused(self, number: int, now_us: int, wait_us: int) -> None:
        """Closed for the wait; the number is in line by its age."""
        self.opens_us, self.credits, self.in_a_row, self.closed_us, self.stands = now_us + wait_us, 0, 0, now_us, True
        self.line = sorted([*self.line, number])

    def let_out(self, now_us: int, room: int) -> list[int]:
        """The oldest, as many as there are credits; one to look where there are none."""
        if not self.stands or now_us < self.opens_us or not self.line:
            return []
        credits = max(1, self.credits)
        out, self.line = self.line[: min(credits, room)], self.line[min(credits, room) :]
        self.credits = credits - len(out)
        self.opens_us = now_us if self.credits else now_us + LOOK_US
        return out

    def granted(self, fetched_us: int, now_us: int) -> None:
        """One more, or two, if the word is not older than the last refusal."""
        if not self.stands or fetched_us < self.closed_us:
            return
        self.in_a_row += 1
        self.credits = min(MOST_CREDITS, self.credits + (1 if self.in_a_row < ONE_BY_ONE else 2))
        self.opens_us = now_us
        self.stands = self.in_a_row < FREE_AFTER or bool(self.line)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fetch"), st.integers(1, 9)),
        st.tuples(st.just("grant"), st.integers(0, 9)),
        st.tuples(st.just("refuse"), st.sampled_from([0, 50_000, 2 * SECOND])),
        st.tuples(st.just("time"), st.sampled_from([1000, LOOK_US, 2 * SECOND])),
    ),
    max_size=60,
)


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_the_scripts_follow_the_rule(redis_client: redis.Redis, steps: list[tuple[str, int]]) -> None:
    """Whatever happens in whatever order, the gate lets out whom the rule says, the oldest first."""
    redis_client.flushdb()
    count = 40
    line, rule = Line(Scripts(redis_client), count), Rule()
    for number in range(count):
        line.refuse(number, 0)
        rule.refused(number, line.now_us, 0)
    for what, value in steps:
        if what == "fetch":
            let_out = line.fetch(value)
            assert let_out == rule.let_out(line.now_us, value)
        elif what == "time":
            line.tick(value)
        elif line.out:
            number = sorted(line.out)[value % len(line.out)] if what == "grant" else min(line.out)
            fetched_us = int(line.out[number].split(" ")[1])
            if what == "grant":
                line.grant(number)
                rule.granted(fetched_us, line.now_us)
            else:
                line.refuse(number, value)
                rule.refused(number, line.now_us, value)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(grants=st.lists(st.integers(0, 60), min_size=1, max_size=20), threads=st.integers(1, 64))
def test_the_rule_asks_in_vain_at_most_once_more_than_it_is_granted(grants: list[int], threads: int) -> None:
    """However many grants there are each time a gate opens, refusals are no more than these, and one look."""
    rule, now = Rule(line=list(range(5000))), 0
    for available in grants:
        now += SECOND
        got = refused = 0
        while let_out := rule.let_out(now, threads):
            now += 10
            for position, number in enumerate(let_out):
                if position < available - got:
                    rule.granted(now, now)
                else:
                    rule.refused(number, now, SECOND)
                    refused += 1
            got = min(available, got + len(let_out))
        assert refused <= got + 1


def test_a_refused_kind_is_not_run_until_its_gate_opens(make_broker: Callable[..., CoveyBroker]) -> None:
    """Others of the kind, asked for after the refusal, stand in line without being run; other kinds go on."""
    broker = make_broker(gated=GATED)
    consumer = consume(broker)
    broker.enqueue(make_message("note", message_id="first"))
    refuse(broker, take(consumer)[0], seconds=60)
    for _ in range(3):
        broker.enqueue(make_message("note"))
    broker.enqueue(make_message("other"))

    other = take(consumer)[0]

    assert other.actor_name == "other"
    eventually(lambda: next(consumer) is None)
    assert broker.introspection.queue_stats()[QUEUE].delayed == 4
    assert "deferrals" not in other.options


def test_those_refused_for_their_size_wait_apart(make_broker: Callable[..., CoveyBroker]) -> None:
    """One looks for all that were refused so; what was not asked yet is run, for it may be smaller."""
    broker = make_broker(gated=GATED)
    consumer = consume(broker)
    for _ in range(3):
        broker.enqueue(make_message("note"))
    for delivery in take(consumer, 3):
        refuse(broker, delivery, seconds=0.2, stops_all=False)
    broker.enqueue(make_message("note"))

    assert take(consumer)[0].gate is None
    looked = take(consumer)[0]
    refuse(broker, looked, seconds=60, stops_all=False)

    assert looked.gate == "note.refused"
    assert broker.introspection.queue_stats()[QUEUE].delayed == 3


def test_a_message_too_old_to_wait_is_run(make_broker: Callable[..., CoveyBroker]) -> None:
    """The outcome policy can end it only when it runs."""
    broker = make_broker(gated=GATED)
    consumer = consume(broker)
    young = make_message("note")
    broker.enqueue(young)
    refuse(broker, take(consumer)[0], seconds=60)
    made_ms = young.message_timestamp - round(MAX_AGE_SECONDS * 1000) - 10_000

    old = dramatiq.Message(QUEUE, "note", (), {}, {}, message_timestamp=made_ms)
    broker.enqueue(old)

    assert take(consumer)[0].message_id == old.message_id


def test_a_success_opens_and_a_failure_after_a_grant_too(make_broker: Callable[..., CoveyBroker]) -> None:
    """What is not refused by the limiter got its grant, whatever became of it then."""
    broker = make_broker(gated=GATED)
    consumer = consume(broker)
    for _ in range(4):
        broker.enqueue(make_message("note"))
    for delivery in take(consumer, 4):
        refuse(broker, delivery, seconds=0.05)

    done = take(consumer)[0]
    consumer.ack(done)
    failed = take(consumer)[0]
    broker.emit_after("process_message", failed, exception=ZeroDivisionError())
    consumer.ack(failed)

    states = broker.client.hgetall(broker.keys(QUEUE).gates)
    assert states[b"note"].split()[2] == b"2"


def test_an_idle_worker_wakes_when_a_gate_opens(make_broker: Callable[..., CoveyBroker]) -> None:
    """However long its queue has been empty, it takes what the gate lets out at that time."""
    idle, busy = (make_broker(gated=GATED, idle_poll_ms=2000) for _ in range(2))
    consumer, began = consume(idle), time.monotonic()
    while time.monotonic() - began < 2.5:  # by then its pauses have grown to their longest
        assert next(consumer) is None
    busy.enqueue(make_message("note"))
    refuse(busy, take(consume(busy))[0], seconds=0.3)
    refused_at = time.monotonic()

    taken = take(consumer)[0]

    assert taken.gate == "note"
    assert time.monotonic() - refused_at < 1.4


def test_nobody_waits_at_a_gate_of_a_queue_without_one(make_broker: Callable[..., CoveyBroker]) -> None:
    """In people's queue a refused job waits by itself, and the next one asks at once."""
    broker = make_broker(gated={"elsewhere": ("note",)})
    consumer = consume(broker)
    broker.enqueue(make_message("note"))
    refuse(broker, take(consumer)[0], seconds=60)

    broker.enqueue(make_message("note"))

    assert take(consumer)[0].gate is None
    assert not broker.client.exists(broker.keys(QUEUE).gates)


def test_a_flushed_queue_has_no_gates(make_broker: Callable[..., CoveyBroker]) -> None:
    """Gates and lines go with the messages."""
    broker = make_broker(gated=GATED)
    consumer = consume(broker)
    broker.enqueue(make_message("note"))
    refuse(broker, take(consumer)[0], seconds=60)

    broker.flush(QUEUE)

    assert not broker.client.exists(broker.keys(QUEUE).gates, broker.keys(QUEUE).line("note"))
