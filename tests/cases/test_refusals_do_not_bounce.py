"""A thousand jobs and few grants: what the limiter refused does not ask again until its turn has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from dramatiq.middleware import TimeLimit

from shared.broker import Outcomes, start_worker
from shared.domain.jobs import Queue, RefreshEngagement
from shared.domain.models import Post
from shared.domain.outcomes import decide
from shared.domain.snowflake import created_at
from shared.runtime import metrics
from shared.runtime.clock import SystemClock
from shared.services.bootstrap import Services
from tests.faults.limits_refusals import MOST_OVERTAKEN, MOST_REFUSALS_A_GRANT, Seen, Squeeze, crowd
from tests.workers.world import ScriptedX, eventually, page, post_id
from workers.actors import declare_all
from workers.middleware.telemetry import Telemetry, tell_outcome

JOBS = 1000
# Refused when nobody knew yet: as many as run at a time in the two workers.
AT_FIRST = 16
THREADS = 2
WATCHED_SECONDS = 8.0
SITUATIONS = {
    "an interval": Squeeze(interval_seconds=0.1),
    "past four fifths of a window": Squeeze(limit=450, used=360, window_seconds=60.0, left_seconds=14.4),
}
A_SPENT_WINDOW = Squeeze(limit=100, used=100, window_seconds=30.0, left_seconds=1.0)


@pytest.fixture(scope="module")
def crowds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Seen]]]:
    """All crowds at once, each with a Redis of its own: they spend their time waiting."""
    wanted = {name: (JOBS, squeeze) for name, squeeze in SITUATIONS.items()} | {"a spent window": (400, A_SPENT_WINDOW)}
    with ThreadPoolExecutor(len(wanted)) as pool:
        yield {
            name: pool.submit(
                crowd, tmp_path_factory.mktemp("crowd"), jobs=jobs, squeeze=squeeze, seconds=WATCHED_SECONDS
            )
            for name, (jobs, squeeze) in wanted.items()
        }


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_refusal_does_not_bounce(crowds: dict[str, Future[Seen]], name: str) -> None:
    """At most two questions in vain a grant, and no job starts before one that is older by a twentieth of the wait."""
    seen = crowds[name].result()

    assert len(seen.started) > 2 * AT_FIRST
    assert seen.refusals_a_grant <= MOST_REFUSALS_A_GRANT, seen.figure()
    assert seen.overtaken <= MOST_OVERTAKEN, seen.figure()


def test_the_end_of_a_window_lets_many_come(crowds: dict[str, Future[Seen]]) -> None:
    """What piled up behind a spent window uses up the next one within seconds."""
    seen = crowds["a spent window"].result()

    # 10 of the 100 calls are kept for people and 40 for searches and quotes until the last quarter of the window.
    assert len(seen.started) >= 50, seen.figure()
    assert seen.refusals <= len(seen.started), seen.figure()


@pytest.fixture
def working(make_services: Callable[..., Services], x: ScriptedX) -> Iterator[Services]:
    """A worker of everything, as `workers.main` puts it together, whose X has a window that is spent."""
    clock = SystemClock()
    middleware = [Telemetry(clock), TimeLimit(), Outcomes(decide, clock=clock, on_outcome=tell_outcome)]
    services = make_services(x.url, middleware=middleware)
    declare_all(services)
    queues = (Queue.INTERACTIVE, Queue.ENGAGEMENT)
    worker = start_worker(services.broker, queues=queues, threads=THREADS, urgent=(Queue.INTERACTIVE,))
    yield services
    worker.stop(timeout=5000)


def refusals() -> float:
    """How often this process was refused a look-up of posts, for whatever reason."""
    samples = [sample for family in metrics.X_REFUSALS.collect() for sample in family.samples]
    return sum(one.value for one in samples if one.name.endswith("_total") and one.labels["endpoint"] == "tweets")


def wanted(services: Services, ids: list[int]) -> None:
    """The planner has claimed each of the posts for a job of its own, and sent for it."""
    posts = [Post(id=id_, text="", created_at=created_at(id_)) for id_ in ids]
    services.stores.posts.upsert(posts, source="search", now=services.clock.now())
    services.stores.engagement.begin(posts, now=services.clock.now())
    for id_ in ids:
        services.stores.db["X_engagement"].update_one({"_id": str(id_)}, {"$set": {"claim_id": f"claim-{id_}"}})
        services.sender.send(RefreshEngagement(claim_id=f"claim-{id_}", post_ids=(str(id_),)))


def ask_for(services: Services, id_: int) -> None:
    """A person asks for a post."""
    run_id = f"run-{id_}"
    services.stores.runs.begin(run_id, kind="refresh", subjects=[str(id_)], now=services.clock.now())
    job = RefreshEngagement(claim_id=run_id, post_ids=(str(id_),), run_id=run_id)
    services.sender.send(job, queue=Queue.INTERACTIVE)


def test_behind_a_spent_window_one_looks_and_people_ask_at_once(working: Services, x: ScriptedX) -> None:
    """Of forty refreshes as many ask as there are threads, each request of a person asks, and at last all are done."""
    x.script = lambda asked: page(*map(int, asked.params["ids"].split(",")))
    x.remaining, before = 0, refusals()
    ask_for(working, post_id(50))
    eventually(lambda: x.asked)
    working.broker.join(Queue.INTERACTIVE, timeout=10_000)
    ids = [post_id(3000 - number) for number in range(40)]
    stats = working.broker.introspection.queue_stats

    wanted(working, ids)
    eventually(lambda: stats()[Queue.ENGAGEMENT].delayed == len(ids))
    by_background = refusals() - before
    for number in range(3):
        ask_for(working, post_id(40 - number))
    eventually(lambda: stats()[Queue.INTERACTIVE].delayed == 3)

    assert 1 <= by_background <= THREADS
    assert refusals() - before - by_background == 3
    assert len(x.asked) == 1
    client, keys = working.broker.client, working.broker.keys(Queue.ENGAGEMENT)
    x.remaining = x.limit - 1
    client.delete(*client.keys("covey:limit:*"))
    client.hset(keys.gates, RefreshEngagement.name, "0 0 0 0")  # the window's end has come
    working.broker.join(Queue.ENGAGEMENT, timeout=10_000)
    places = [ids.index(int(one.params["ids"])) for one in x.asked[1:]]
    assert sorted(places) == list(range(len(ids)))
    assert all(abs(place - index) <= THREADS for index, place in enumerate(places))
