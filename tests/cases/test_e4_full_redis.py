"""Redis is full and may throw nothing away: what removes or settles work passes, so that the queue can drain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import redis
from dramatiq.middleware import TimeLimit
from redis.exceptions import OutOfMemoryError

from scheduler.leader import Leader
from shared.broker import Outcomes, start_worker
from shared.domain.errors import BrokerUnavailable
from shared.domain.jobs import Queue, RefreshEngagement
from shared.domain.models import Post, RateHeaders, WorkClass
from shared.domain.money.prices import Amounts, PriceKind
from shared.domain.money.purchases import CallResult, Purchase
from shared.domain.outcomes import decide
from shared.domain.snowflake import created_at
from shared.ratelimit.model import CallRequest, Grant, Settlement
from shared.runtime.clock import SystemClock
from shared.services.bootstrap import Services
from tests.workers.world import Asked, ScriptedX, eventually, know_all, post, post_id
from workers.actors import declare_all
from workers.middleware.telemetry import Telemetry, tell_outcome

JOBS, IDS = 40, 5


@pytest.fixture
def full(redis_client: redis.Redis) -> Iterator[Callable[[], None]]:
    """Makes Redis full, as far as it goes by its limit; it is as it was afterwards."""

    def fill() -> None:
        redis_client.config_set("maxmemory-policy", "noeviction")
        redis_client.config_set("maxmemory", 1)
        with pytest.raises(OutOfMemoryError):
            redis_client.set("one more", "x")

    yield fill
    redis_client.config_set("maxmemory", 0)


@pytest.fixture
def working(make_services: Callable[..., Services], x: ScriptedX) -> Services:
    """Services with the middleware of a worker, a scripted X that knows every post, and 40 refreshes that wait."""

    def answer(asked: Asked) -> tuple[int, object]:
        return 200, {"data": [post(int(id_)) for id_ in asked.params["ids"].split(",")]}

    x.script = answer
    clock = SystemClock()
    middleware = [Telemetry(clock), TimeLimit(), Outcomes(decide, clock=clock, on_outcome=tell_outcome)]
    services = make_services(x.url, middleware=middleware)
    declare_all(services)
    now = services.clock.now()
    for number in range(JOBS):
        ids = [post_id(3600 + number, one) for one in range(IDS)]
        services.stores.engagement.begin([Post(id=id_, text="", created_at=created_at(id_)) for id_ in ids], now=now)
        services.stores.engagement.claim_due([f"c-{number}"], size=len(ids), now=now, lease=timedelta(hours=1))
        services.sender.send(RefreshEngagement(claim_id=f"c-{number}", post_ids=tuple(map(str, ids))))
    return services


def waiting(services: Services, queue: str = Queue.ENGAGEMENT) -> int:
    """Jobs that have not ended."""
    stats = services.broker.introspection.queue_stats()[queue]
    return stats.ready + stats.delayed + stats.in_flight


def test_jobs_that_call_x_end_and_the_queue_drains(
    working: Services, x: ScriptedX, full: Callable[[], None], redis_client: redis.Redis
) -> None:
    """Each is granted, asked, booked, settled and acknowledged; the books have every post."""
    full()
    worker = start_worker(working.broker, queues=[Queue.ENGAGEMENT], threads=2)
    try:
        eventually(lambda: waiting(working) == 0)
    finally:
        worker.stop(timeout=5000)

    assert len(x.asked) == JOBS
    assert working.stores.db["X_engagement"].count_documents({"metrics": {"$ne": None}}) == JOBS * IDS
    assert working.broker.introspection.queue_stats()[Queue.ENGAGEMENT].dead == 0
    redis_client.config_set("maxmemory", 0)
    working.ledger.copy()
    assert working.treasury.books().today().bought[PriceKind.POST] == JOBS * IDS
    assert all(window.in_flight == 0 for window in working.limiter.state().windows)


def test_what_fails_waits_for_its_next_try(working: Services, x: ScriptedX, full: Callable[[], None]) -> None:
    """After a fault of X each job waits again, none is lost and none is buried."""
    x.script = lambda asked: (503, b"busy")
    full()
    worker = start_worker(working.broker, queues=[Queue.ENGAGEMENT], threads=2)
    try:
        eventually(lambda: working.broker.introspection.queue_stats()[Queue.ENGAGEMENT].delayed == JOBS)
    finally:
        worker.stop(timeout=5000)

    assert waiting(working) == JOBS


def test_a_new_job_is_refused_and_says_why(working: Services, full: Callable[[], None]) -> None:
    """Nothing more fits: whoever sends hears it, and nothing of the job is there."""
    full()

    with pytest.raises(BrokerUnavailable, match="OOM"):
        working.sender.send(RefreshEngagement(claim_id="more", post_ids=("1",)))

    assert waiting(working) == JOBS


def request(services: Services) -> CallRequest:
    """One call of a search."""
    credential = services.credentials.usable()[0].id
    most = Amounts({PriceKind.POST: 10})
    return CallRequest(
        endpoint="search/recent",
        credential_ids=(credential,),
        work_class=WorkClass.SEARCH,
        most=most,
    )


def test_a_lease_that_had_ended_is_settled_too(working: Services, full: Callable[[], None]) -> None:
    """Twice, late, or of a window that is not known: a settlement removes nothing then, and passes all the same."""
    grant = working.limiter.acquire(request(working))
    assert isinstance(grant, Grant)
    full()

    for _ in range(2):
        working.limiter.settle(grant, Settlement(answered=True, status=200, rate=RateHeaders(limit=450, remaining=9)))
    assert working.limiter.state().windows[0].in_flight == 0


@pytest.mark.parametrize("result", list(CallResult))
def test_every_call_is_booked(working: Services, full: Callable[[], None], result: CallResult) -> None:
    """The first of a day, and one with objects: what was bought is known afterwards."""
    full()
    ids = frozenset(range(1, 101)) if result is CallResult.ANSWERED else frozenset()
    working.ledger.record(
        Purchase(
            endpoint="search/recent",
            credential_id="c",
            work_class=WorkClass.SEARCH,
            result=result,
            object_ids={PriceKind.POST: ids, PriceKind.USER: frozenset()},
        )
    )

    assert working.ledger.bought(PriceKind.POST, sorted(ids)) == ids


def test_a_scheduler_takes_the_lead(working: Services, full: Callable[[], None]) -> None:
    """Without one nobody collects the dead letters, which make room; another one stands by."""
    full()
    first, second = (Leader(working.broker.client, name=name, lease_seconds=9.0) for name in ("first", "second"))

    assert [first.hold(), second.hold(), first.hold()] == [True, False, True]
    first.resign()
    assert second.hold()


def test_workers_stay_alive_and_budgets_can_be_raised(working: Services, full: Callable[[], None]) -> None:
    """A heartbeat passes, or all jobs would be given to others; so does what a person chooses."""
    full()
    consumer = working.broker.consume(Queue.ENGAGEMENT, prefetch=3)
    know_all(working)
    taken = [next(consumer) for _ in range(3)]
    assert all(taken)

    working.budget_choices.choose({"day_usd": 5.0}, {})
    assert working.limiter.choose_budgets(working.budget_choices.load())
    consumer.ack(taken[0])
    consumer.nack(taken[1])
    consumer.requeue([taken[2]])
    stats = working.broker.introspection.queue_stats()[Queue.ENGAGEMENT]
    assert (stats.in_flight, stats.dead, stats.ready) == (0, 1, JOBS - 2)
