"""`deliver_feed` on real servers, to a real receiver: complete, in order, under one id however often it is tried."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from control import endpoint_rows, endpoints, health
from control.endpoints import Shown
from control.trail import at_terminal
from scheduler.feeding import Feeding
from scheduler.planner import FEED
from shared.credentials.vault import new_key
from shared.domain.deliveries import TRIES, WAITS, Endpoint, State, Why
from shared.domain.errors import NotNow, Paused
from shared.domain.feed import Event, EventType, event_id
from shared.domain.jobs import DeliverFeed
from shared.domain.preflight.finding import Check
from shared.http.messages import MessageSender
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.services.sending import Places
from shared.stores.endpoints import EndpointStore
from tests.scheduler.slots import plan
from tests.shared.http.receiver import HUSH, Receiver, Taken, receiving
from tests.workers.world import work_off
from workers.handlers.deliveries import deliver_feed

Make = Callable[..., Services]
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who takes webhooks."""
    with receiving() as running:
        yield running


@pytest.fixture
def sending(make_services: Make) -> Services:
    """Services that may send to this machine."""
    return make_services("http://127.0.0.1:9", webhook_private=True, credential_keys=new_key())


def make(services: Services, url: str, *, tenant: str = "default", **more: Any) -> Shown:
    """An endpoint of a tenant, from the beginning of its feed on."""
    return endpoints.create(services, at_terminal(tenant=tenant), url=url, after="0", **more)


def enter(services: Services, *numbers: int, tenant: str = "default", kind: EventType = EventType.POST_CREATED) -> None:
    """Enter events, and wake the endpoints of the tenant as the leader does."""
    events = [
        Event(id=event_id(kind, tenant, str(one)), tenant=tenant, type=kind, subject=str(one), at=NOW)
        for one in numbers
    ]
    now = services.clock.now()
    services.stores.feed.append(tenant, events, now=now)
    services.stores.endpoints.wake({tenant: services.stores.feed.bounds(tenant)[1]}, now=now)


def look(services: Services) -> None:
    """A look of the leader, and the work that it leads to, until nothing is due."""
    while jobs := [job for job, _ in plan(services, FEED)]:
        for job in jobs:
            assert isinstance(job, DeliverFeed)
            deliver_feed(services, job)


def state(services: Services, made: Shown) -> Endpoint:
    """The endpoint as it is stored."""
    found = services.stores.endpoints.get(made.row["id"])
    assert found is not None
    return found


def make_due(services: Services, made: Shown) -> None:
    """The time of the next try has come, or a lease has ended."""
    wanted = {"_id": made.row["id"], "due_at": {"$ne": None}}
    services.stores.db["endpoints"].update_one(wanted, {"$set": {"due_at": services.clock.now()}})


def told(*taken: Taken) -> list[str]:
    """The subjects of all events of messages."""
    return [one["data"]["id"] for message in taken for one in message.message["data"]["events"]]


def ids(*taken: Taken) -> list[str]:
    """The ids of messages."""
    return [one.headers["webhook-id"] for one in taken]


def key(made: Shown) -> bytes:
    """The bytes of a secret."""
    return base64.b64decode(made.secret.removeprefix("whsec_"))


def test_what_comes_into_the_feed_is_told_in_order_and_signed(sending: Services, receiver: Receiver) -> None:
    """From the mark to the receiver: batches of at most 25, each event as the feed has it; then nothing is due."""
    made = make(sending, receiver.url)
    sending.stores.db["mentions"].insert_many(
        [
            {
                "_id": f"default:x:{n}",
                "tenant_id": "default",
                "external_id": str(n),
                "platform": "x",
                "content": f"text {n}",
                "unfed": NOW + timedelta(milliseconds=n),
            }
            for n in range(1, 61)
        ]
    )
    (job, queue) = plan(sending, FEED)[0]
    assert (job, queue) == (DeliverFeed(endpoint_id=made.row["id"]), None)
    sending.sender.send(job)
    assert work_off(sending) == [job]
    assert told(*receiver.taken) == [str(n) for n in range(1, 61)]
    assert [len(one.message["data"]["events"]) for one in receiver.taken] == [25, 25, 10]
    first = receiver.taken[0]
    assert first.path == f"/{HUSH}"
    assert first.is_signed(key(made))
    assert first.message["type"] == "events"
    (event, *_) = first.message["data"]["events"]
    assert (event["id"], event["cursor"], event["type"]) == ("post.created:default:1", "1", "post.created")
    assert event["data"]["mention"]["content"] == "text 1"
    assert len(set(ids(*receiver.taken))) == 3
    assert plan(sending, FEED) == []
    now = state(sending, made)
    assert (now.cursor, now.due_at, now.pending, now.waiting_since) == (60, None, None, None)
    assert now.counts == {"sent": 3, "events": 60}


def test_each_tenant_is_told_its_own(sending: Services, receiver: Receiver) -> None:
    """Two tenants, two receivers, two feeds."""
    with receiving() as other:
        make(sending, receiver.url)
        make(sending, other.url, tenant="acme")
        enter(sending, 1, 2)
        enter(sending, 7, tenant="acme")
        look(sending)
        assert told(*receiver.taken) == ["1", "2"]
        assert told(*other.taken) == ["7"]


def test_types_are_chosen_by_the_endpoint(sending: Services, receiver: Receiver) -> None:
    """What is of another type is passed over, also where there is nothing else."""
    made = make(sending, receiver.url, types=["post.gone"], max_events=2)
    enter(sending, *range(1, 400))
    enter(sending, *range(1, 6), kind=EventType.POST_GONE)
    enter(sending, 401)
    look(sending)
    assert told(*receiver.taken) == ["1", "2", "3", "4", "5"]
    assert max(len(one.message["data"]["events"]) for one in receiver.taken) == 2
    assert state(sending, made).cursor == 405


class Dying(Exception):
    """The process ends here."""


def test_who_dies_between_sending_and_moving_the_cursor_leaves_the_same_message(
    sending: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent and not noted: when the lease has ended the next one sends that very range under the same id."""
    made = make(sending, receiver.url, max_events=3)
    enter(sending, *range(1, 8))

    def die(*_: object, **__: object) -> bool:
        raise Dying

    with monkeypatch.context() as dying:
        dying.setattr(EndpointStore, "delivered", die)
        with pytest.raises(Dying):
            look(sending)
    enter(sending, 8)  # more came meanwhile: the range stays as it was
    assert plan(sending, FEED) == []  # the lease
    make_due(sending, made)
    look(sending)
    assert ids(*receiver.taken)[0] == ids(*receiver.taken)[1]
    assert receiver.taken[0].message["data"] == receiver.taken[1].message["data"]
    assert told(*receiver.taken[1:]) == [str(n) for n in range(1, 9)]
    assert len(set(ids(*receiver.taken))) == len(receiver.taken) - 1


def test_a_leader_that_dies_before_it_wakes_leaves_the_marks(
    sending: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entered, and nobody woken: the next look wakes, and enters nothing twice."""
    make(sending, receiver.url)
    look(sending)
    row = {"_id": "default:x:1", "tenant_id": "default", "external_id": "1", "platform": "x", "unfed": NOW}
    sending.stores.db["mentions"].insert_one(row)

    def die(*_: object, **__: object) -> None:
        raise Dying

    with monkeypatch.context() as dying:
        dying.setattr(EndpointStore, "wake", die)
        with pytest.raises(Dying):
            Feeding(sending).run_once(NOW)
    look(sending)
    assert told(*receiver.taken) == ["1"]


def test_what_is_not_taken_comes_again_later_and_nothing_before_it(sending: Services, receiver: Receiver) -> None:
    """500, a redirect, no answer: the same message under the same id by the waits of the convention, then the next."""
    made = make(sending, receiver.url, max_events=2)
    enter(sending, 1, 2, 3)
    answers = iter([500, 302, 0, 429])
    receiver.answer = lambda taken: next(answers, 204)
    for tries in range(1, 5):
        look(sending)
        now = state(sending, made)
        assert now.pending is not None
        assert (now.pending.first, now.pending.through, now.pending.tries) == (1, 2, tries)
        assert now.due_at is not None
        assert WAITS[tries - 1] * 0.99 <= now.due_at - sending.clock.now() <= WAITS[tries - 1] * 1.1
        make_due(sending, made)
    look(sending)
    assert told(*receiver.taken[4:]) == ["1", "2", "3"]
    assert len(set(ids(*receiver.taken[:5]))) == 1
    assert state(sending, made).counts == {"sent": 2, "events": 3, "retried": 4}
    rows = endpoint_rows.deliveries(sending, "default", made.row["id"], start=None, limit=10)
    assert [one["outcome"] for one in rows] == ["delivered", "delivered", "retry", "retry", "retry", "retry"]
    assert [one["error"] for one in rows[2:]] == [
        "answered 429",
        "ConnectionError",
        "answered 302",
        "answered 500",
    ]


def test_retry_after_is_heeded(sending: Services, receiver: Receiver) -> None:
    """Where it asks for more time than the next wait has."""
    made = make(sending, receiver.url)
    enter(sending, 1)
    receiver.answer, receiver.retry_after = lambda taken: 503, "3600"
    look(sending)
    due_at = state(sending, made).due_at
    assert due_at is not None
    assert due_at - sending.clock.now() > timedelta(minutes=59)


def test_gone_disables_at_once_and_tells(sending: Services, receiver: Receiver) -> None:
    """410: nothing more is sent; enabled by a person it goes on where it was, with the same message."""
    before = REGISTRY.get_sample_value("covey_deliveries_total", {"outcome": "gone"}) or 0
    made = make(sending, receiver.url)
    enter(sending, 1)
    receiver.answer = lambda taken: 410
    look(sending)
    assert (state(sending, made).state, state(sending, made).why) == (State.DISABLED, Why.GONE)
    found = health.findings(sending, now=sending.clock.now(), queues={}, limits=sending.limiter.state())
    assert any(one.check is Check.WEBHOOKS and "127.0.0.1 (answered 410)" in one.message for one in found)
    enter(sending, 2)
    assert plan(sending, FEED) == []
    assert REGISTRY.get_sample_value("covey_deliveries_total", {"outcome": "gone"}) == before + 1
    receiver.answer = lambda taken: 204
    endpoints.enable(sending, at_terminal(), made.row["id"])
    look(sending)
    assert told(*receiver.taken[1:]) == ["1", "2"]
    assert ids(*receiver.taken)[0] == ids(*receiver.taken)[1]


def test_after_the_last_try_it_is_disabled(sending: Services, receiver: Receiver) -> None:
    """Ten tries; then a person has to say that it is worth more."""
    made = make(sending, receiver.url)
    enter(sending, 1)
    receiver.answer = lambda taken: 500
    for _ in range(TRIES):
        assert state(sending, made).state is State.ACTIVE
        make_due(sending, made)
        look(sending)
    assert (state(sending, made).state, state(sending, made).why) == (State.DISABLED, Why.GIVEN_UP)
    assert len(receiver.taken) == TRIES
    assert len(set(ids(*receiver.taken))) == 1
    row = endpoint_rows.shown(sending, "default", made.row["id"])
    assert row["last_error"]["error"] == "answered 500"
    assert (row["given_up"], row["last_24h"]) == (1, {"tries": 10, "delivered": 0})


def test_for_a_day_after_a_rotation_both_secrets_sign(sending: Services, receiver: Receiver) -> None:
    """Then the new one alone."""
    made = make(sending, receiver.url)
    new = endpoints.rotate(sending, at_terminal(), made.row["id"])
    enter(sending, 1)
    look(sending)
    assert receiver.taken[0].signatures() == [receiver.taken[0].signature_by(key(one)) for one in (new, made)]
    past = sending.clock.now() - timedelta(seconds=1)
    sending.stores.db["endpoints"].update_one({}, {"$set": {"previous_until": past}})
    enter(sending, 2)
    look(sending)
    assert receiver.taken[1].is_signed(key(new))


def test_two_at_once_send_each_message_once(sending: Services, receiver: Receiver) -> None:
    """Who comes second finds the lease taken and does nothing."""
    made = make(sending, receiver.url, max_events=5)
    enter(sending, *range(1, 51))
    job = DeliverFeed(endpoint_id=made.row["id"])
    threads = [threading.Thread(target=deliver_feed, args=(sending, job)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    look(sending)
    assert told(*receiver.taken) == [str(n) for n in range(1, 51)]
    assert len(set(ids(*receiver.taken))) == 10


def test_who_lost_the_lease_writes_nothing(sending: Services, receiver: Receiver) -> None:
    """A message that takes longer than its lease: another one sends it again under the same id, and its word counts."""
    made = make(sending, receiver.url)
    enter(sending, 1)
    job = DeliverFeed(endpoint_id=made.row["id"])

    def meanwhile(taken: Taken) -> int:
        if len(receiver.taken) == 1:
            make_due(sending, made)
            deliver_feed(sending, job)
            return 500  # this answer comes too late to count
        return 204

    receiver.answer = meanwhile
    deliver_feed(sending, job)
    assert ids(*receiver.taken)[0] == ids(*receiver.taken)[1]
    assert (state(sending, made).cursor, state(sending, made).counts) == (1, {"sent": 1, "events": 1})


def test_a_replay_tells_again_and_then_goes_on_where_it_was(sending: Services, receiver: Receiver) -> None:
    """A part, by cursor or time: the same events under the ids they had, in messages of their own, once; what came
    meanwhile follows."""
    made = make(sending, receiver.url, max_events=3)
    enter(sending, *range(1, 8))
    look(sending)
    first = list(receiver.taken)
    endpoints.replay(sending, at_terminal(), made.row["id"], after="1", through="5")
    enter(sending, 8)
    look(sending)
    again = receiver.taken[len(first) :]
    assert told(*again) == ["2", "3", "4", "5", "8"]
    assert not set(ids(*again)) & set(ids(*first))
    events = [one for message in first for one in message.message["data"]["events"]]
    assert again[0].message["data"]["events"] == events[1:4]
    assert (state(sending, made).cursor, state(sending, made).replay) == (8, None)
    since = sending.clock.now() - timedelta(hours=1)
    endpoints.replay(sending, at_terminal(), made.row["id"], since=since)
    look(sending)
    assert told(*receiver.taken[len(first) + len(again) :]) == [str(n) for n in range(1, 9)]


def test_a_name_that_leads_to_this_machine_is_not_sent_to(
    make_services: Make, sending: Services, receiver: Receiver
) -> None:
    """Looked at when it is connected to, whatever it was when the endpoint was made; it counts as a failure."""
    made = make(sending, receiver.url.replace("127.0.0.1", "localhost"))
    enter(sending, 1)
    object.__setattr__(sending.sending, "messages", MessageSender(public_only=True))
    look(sending)
    assert receiver.taken == []
    error = state(sending, made).last_error
    assert error is not None
    assert error["error"] == "no public address"


def test_who_is_dead_does_not_hold_others_up(sending: Services, receiver: Receiver) -> None:
    """One never answers: it has its place, and another one that is due is told meanwhile."""
    with receiving() as dead:
        dead.answer = lambda taken: int(dead.end.wait(15)) and 0
        slow, quick = make(sending, dead.url), make(sending, receiver.url)
        enter(sending, 1)
        hanging = threading.Thread(target=deliver_feed, args=(sending, DeliverFeed(endpoint_id=slow.row["id"])))
        hanging.start()
        deliver_feed(sending, DeliverFeed(endpoint_id=quick.row["id"]))
        assert told(*receiver.taken) == ["1"]
        dead.end.set()
        hanging.join(20)
        assert not hanging.is_alive()


def test_places_are_few_and_fewer_for_the_slow() -> None:
    """Of eight threads four may send, two of them to who is slow; nobody waits for one."""
    places = Places(8)
    with places.taken(slow=True) as one, places.taken(slow=True) as two, places.taken(slow=True) as three:
        assert (one, two, three) == (True, True, False)
        with places.taken(slow=False) as four, places.taken(slow=False) as five:
            assert (four, five) == (True, True)
            with places.taken(slow=False) as six:
                assert not six
        with places.taken(slow=False) as again:
            assert again


def test_a_job_that_finds_no_place_comes_again(sending: Services, receiver: Receiver) -> None:
    """It is deferred, and holds no thread."""
    made = make(sending, receiver.url)
    object.__setattr__(sending.sending, "places", Places(1))
    with sending.sending.places.taken(slow=False), pytest.raises(NotNow):
        deliver_feed(sending, DeliverFeed(endpoint_id=made.row["id"]))


def test_without_the_key_a_person_must_act(make_services: Make, sending: Services, receiver: Receiver) -> None:
    """Sealed with a key that this worker has not: the job waits, and spends no try of the message."""
    made = make(sending, receiver.url)
    enter(sending, 1)
    other = make_services("http://127.0.0.1:9", webhook_private=True, credential_keys=new_key())
    with pytest.raises(Paused, match="no key of COVEY_CREDENTIAL_KEYS opens it"):
        deliver_feed(other, DeliverFeed(endpoint_id=made.row["id"]))
    make_due(sending, made)
    look(sending)
    assert told(*receiver.taken) == ["1"]


def test_what_is_kept_no_longer_is_counted_as_missed(sending: Services, receiver: Receiver) -> None:
    """Two weeks disabled: it goes on with the oldest that is there, and says how many are not."""
    made = make(sending, receiver.url)
    enter(sending, *range(1, 11))
    sending.stores.db["feed"].delete_many({"number": {"$lte": 4}})
    look(sending)
    assert told(*receiver.taken) == ["5", "6", "7", "8", "9", "10"]
    assert state(sending, made).missed == 4
    enter(sending, 11, 12)
    sending.stores.db["feed"].delete_many({})
    look(sending)
    assert (state(sending, made).missed, state(sending, made).cursor) == (6, 12)


def test_a_ping_is_sent_once_and_noted(sending: Services, receiver: Receiver) -> None:
    """Signed as all others, also to who is disabled; the log says what came of it."""
    made = make(sending, receiver.url)
    endpoints.disable(sending, at_terminal(), made.row["id"])
    receiver.answer = lambda taken: 500
    sent = endpoints.ping(sending, at_terminal(), made.row["id"])
    work_off(sending)
    (taken,) = receiver.taken
    assert taken.is_signed(key(made))
    assert (taken.message["type"], ids(taken)) == ("ping", [sent["message"]])
    (row,) = endpoint_rows.deliveries(sending, "default", made.row["id"], start=None, limit=9)
    assert (row["message"], row["outcome"], row["error"]) == (sent["message"], "failed", "answered 500")


def test_nothing_that_opens_it_is_shown(
    sending: Services, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither path nor secret is in a document, a log line, the log of deliveries or the audit trail."""
    made = make(sending, receiver.url)
    enter(sending, 1)
    receiver.answer = lambda taken: 410
    look(sending)
    get_logger(__name__).info("done")
    written = json.dumps(
        {name: list(sending.stores.db[name].find()) for name in ("endpoints", "deliveries", "audit")}, default=str
    )
    shown = written + str(endpoint_rows.shown(sending, "default", made.row["id"])) + "".join(capsys.readouterr())
    assert HUSH not in shown
    assert made.secret.removeprefix("whsec_") not in shown
