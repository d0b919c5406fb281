"""The loop of the scheduler when a server goes away, on real servers."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pymongo
import redis
from pymongo.database import Database

from scheduler.leader import LEASE_KEY, Leader
from scheduler.loop import Loop, Result
from scheduler.planner import standing_schedules
from shared.domain.jobs import ALL_QUEUES, Queue, SearchPage
from shared.redis.connection import connect
from shared.runtime.clock import Clock, ManualClock
from shared.runtime.embedded import free_port
from shared.runtime.settings import Settings
from shared.services import bootstrap
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.stores.bundle import Stores
from shared.stores.database import ServerClock
from shared.stores.sweeps import ONE_OPEN
from tests.workers.world import eventually, jobs_in, refusing


def loop(lease: redis.Redis, queue_url: str, mongo_uri: str) -> Loop:
    """A scheduler whose lease and queue are on different servers."""
    settings = Settings.load(redis_url=queue_url, mongo_uri=mongo_uri, mongo_database="covey_test")
    services = bootstrap.build(settings, middleware=[])
    for queue in ALL_QUEUES:
        services.broker.declare_queue(queue)
    leader = Leader(lease, name="test", lease_seconds=15.0)
    return Loop(services, leader, ServerClock(services.stores.db))


def test_a_queue_that_cannot_be_reached_ends_the_round_only(
    redis_client: redis.Redis, mongo_uri: str, mongo_db: Database[dict[str, object]]
) -> None:
    """A leader whose queue is away answers an empty round and goes on leading."""
    without_queue = loop(redis_client, f"redis://127.0.0.1:{free_port()}/0", mongo_uri)

    assert without_queue.run_once() == Result(led=True)
    assert without_queue.run_once() == Result(led=True)


NOWHERE = "http://127.0.0.1:1"
NARROW = 64  # characters in a query: one account a stream
HOUR = 3600.0


def loop_of(services: Services, lease: redis.Redis, clock: Clock | None = None) -> Loop:
    """A scheduler with the services of one process."""
    leader = Leader(lease, name="test", lease_seconds=15.0)
    return Loop(services, leader, clock or ServerClock(services.stores.db))


def follow(services: Services, count: int) -> None:
    """Follow accounts in as many streams."""
    now = services.clock.now()
    services.following.follow([f"account_{number}" for number in range(count)], since=now, now=now)
    assert len(services.stores.streams.active()) == count


def lease_of_its_own(redis_url: str, number: int) -> redis.Redis:
    """A lease that nobody else holds: its scheduler believes that it leads, whatever the others do."""
    return connect(f"{redis_url.rsplit('/', 1)[0]}/{number}")


def test_two_that_both_believe_to_lead_claim_each_slot_once(
    make_services: Callable[..., Services], redis_url: str
) -> None:
    """Over many rounds at random times two schedulers together claim what was due, and each slot leads to one job."""
    rng = random.Random(11)
    processes = [make_services(NOWHERE, x_query_max_length=NARROW) for _ in range(2)]
    first = processes[0]
    follow(first, 25)
    clock = ManualClock(first.clock.now())
    loops = [loop_of(services, lease_of_its_own(redis_url, n), clock) for n, services in enumerate(processes, 1)]
    loops[0].run_once()
    searches = first.stores.db["X_sweeps"].count_documents({})

    with ThreadPoolExecutor(2) as pool:
        for _ in range(25):
            first.stores.db["X_sweeps"].update_many({}, {"$set": {"status": "complete"}})
            clock.advance(rng.uniform(1, 50))
            due = first.stores.schedules.due(now=clock.now(), limit=1000)
            searches += sum(schedule.kind == SEARCH for schedule in due)
            results = list(pool.map(Loop.run_once, loops))
            assert sum(result.claimed for result in results) == len(due)
            assert all(result.led for result in results)

    jobs = [job for job in jobs_in(first, Queue.SEARCH) if isinstance(job, SearchPage)]
    assert len(jobs) == len({job.sweep_id for job in jobs}) == searches
    assert first.stores.db["X_sweeps"].count_documents({}) == searches


def test_after_an_hour_away_each_stream_runs_once_on_its_old_grid(
    make_services: Callable[..., Services], redis_client: redis.Redis
) -> None:
    """However many turns were missed there is one, and the next ones are when they would have been anyway."""
    services = make_services(NOWHERE, x_query_max_length=NARROW, search_interval_seconds=HOUR / 2)
    follow(services, 30)
    clock = ManualClock(services.clock.now())
    loop = loop_of(services, redis_client, clock)
    clock.advance(HOUR / 2)
    loop.run_once()
    before = {s.id: s for s in services.stores.schedules.all() if s.kind == SEARCH}
    clock.advance(3 * HOUR)

    for _ in range(25):
        clock.advance(1)
        loop.run_once()

    after = {s.id: s for s in services.stores.schedules.all() if s.kind == SEARCH}
    for id_, schedule in after.items():
        turns = (schedule.next_due_at - before[id_].next_due_at) / schedule.interval
        assert schedule.version == before[id_].version + 1
        assert turns == round(turns)
        assert clock.now() < schedule.next_due_at <= clock.now() + schedule.interval, (
            schedule,
            before[id_],
            clock.now(),
        )


def test_a_standby_does_nothing(make_services: Callable[..., Services], redis_client: redis.Redis) -> None:
    """While another leads no slot is claimed and no schedule is made."""
    services = make_services(NOWHERE)
    follow(services, 1)
    Leader(redis_client, name="other", lease_seconds=15.0).hold()

    assert loop_of(services, redis_client).run_once() == Result(led=False)
    assert [schedule.kind for schedule in services.stores.schedules.all()] == [SEARCH]


def test_a_new_database_gets_its_schedules_beside_an_old_redis(
    make_services: Callable[..., Services], redis_client: redis.Redis
) -> None:
    """Where Redis was used before and MongoDB is empty, the first round makes the schedules and runs them."""
    services = make_services(NOWHERE, series_full_days=0)
    services.broker.introspection.set_epoch(services.broker.introspection.server_id())

    result = loop_of(services, redis_client).run_once()

    now = services.clock.now()
    standing = standing_schedules(services, now=now)
    assert {schedule.id for schedule in services.stores.schedules.all()} == {schedule.id for schedule in standing}
    assert result.claimed == len([schedule for schedule in standing if schedule.next_due_at <= now])
    assert result.sent == len(ALL_QUEUES) + 1  # the canaries, and a count of what is followed


def test_a_slot_that_fails_is_given_back_and_keeps_no_other_away(
    make_services: Callable[..., Services], redis_client: redis.Redis
) -> None:
    """When sweeps cannot be written the canaries still go, and the stream is due at once when they can be again."""
    services = make_services(NOWHERE, audit_daily_usd=0.0, series_full_days=0)
    follow(services, 1)
    loop = loop_of(services, redis_client)

    with refusing(services, "X_sweeps"):
        during = loop.run_once()
    after = loop.run_once()

    assert (during.led, during.sent) == (True, len(ALL_QUEUES) + 1)  # and a count of what is followed
    assert (after.claimed, after.sent) == (1, 1)
    assert len(jobs_in(services, Queue.SEARCH)) == 2  # a canary and the page


def test_no_sweep_is_opened_without_the_index_that_keeps_them_apart(
    make_services: Callable[..., Services], redis_client: redis.Redis
) -> None:
    """While it is missing all other work goes on; once it is there the search that waited is sent."""
    services = make_services(NOWHERE, audit_daily_usd=0.0, series_full_days=0)
    follow(services, 1)
    db = services.stores.db
    db["X_sweeps"].drop_index(ONE_OPEN.name)
    scheduler = loop_of(services, redis_client)

    during = scheduler.run_once()
    opened_during = db["X_sweeps"].count_documents({})
    services.stores.ensure_indexes()
    after = scheduler.run_once()

    assert during.sent == len(ALL_QUEUES) + 1  # the canaries, and a count of what is followed
    assert opened_during == 0
    assert after.claimed >= 1
    assert db["X_sweeps"].count_documents({"status": "open"}) == 1


def test_a_round_without_mongodb_ends_and_the_next_one_works(
    make_services: Callable[..., Services], redis_client: redis.Redis
) -> None:
    """A scheduler whose MongoDB is away leads on, does nothing, and goes on when it is back."""
    services = make_services(NOWHERE)
    nowhere: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        f"mongodb://127.0.0.1:{free_port()}", serverSelectionTimeoutMS=50
    )
    away = loop_of(replace(services, stores=Stores.on(nowhere["covey"])), redis_client)

    assert away.run_once() == Result(led=True)
    away.export()
    nowhere.close()
    redis_client.delete(LEASE_KEY)
    assert loop_of(services, redis_client).run_once().claimed > 0


def test_running_for_ever_ends_when_told_and_frees_the_lease(
    make_services: Callable[..., Services], redis_client: redis.Redis
) -> None:
    """A loop that is stopped in its pause ends at once and leaves the lease to the next one."""
    services = make_services(NOWHERE, scheduler_tick_seconds=60.0)
    stop = threading.Event()
    thread = threading.Thread(target=loop_of(services, redis_client).run_forever, args=(stop,))
    thread.start()
    eventually(services.stores.schedules.all)
    assert redis_client.exists(LEASE_KEY)

    stop.set()
    thread.join(5)

    assert not thread.is_alive()
    assert not redis_client.exists(LEASE_KEY)


def test_nothing_is_planned_for_a_paused_queue(simulated: Services) -> None:
    """Its schedules stay due, so that the work begins where it stopped when the queue is resumed."""
    simulated.following.follow(["NASA"], since=simulated.clock.now(), now=simulated.clock.now())
    leader = Leader(connect(simulated.settings.redis_url or ""), name="test", lease_seconds=15.0)
    loop = Loop(simulated, leader, ServerClock(simulated.stores.db))
    loop.pause({Queue.SEARCH})

    loop.run_once()
    assert jobs_in(simulated, Queue.SEARCH) == []
    loop.pause(set())
    loop.run_once()
    assert [type(job) for job in jobs_in(simulated, Queue.SEARCH)] == [SearchPage]


def test_a_loop_that_goes_round_is_not_stuck(simulated: Services) -> None:
    """Only silence for longer than every timeout is."""
    leader = Leader(connect(simulated.settings.redis_url or ""), name="test", lease_seconds=15.0)

    assert Loop(simulated, leader, ServerClock(simulated.stores.db)).stuck() == []
