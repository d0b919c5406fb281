"""The ledger beside the bill of the simulator: the same money, whatever the system does and whoever dies."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import redis

from control import budget, commands
from scheduler.planner import AUTHORS, QUOTES, REFRESH, Planner
from shared.domain.errors import InvalidRequest, NotFound, NotGranted
from shared.domain.jobs import ALL_QUEUES, Queue
from shared.domain.models import WorkClass
from shared.domain.money.prices import Amounts, PriceKind
from shared.domain.money.purchases import Sums, add_up
from shared.platforms.x.call import Call
from shared.platforms.x.endpoints import COUNTS_RECENT
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.stores.schedules import Schedule, Slot
from tests.amounts import amounts
from tests.control.conftest import Invoke
from tests.workers.world import HANDLERS, NOW, Simulator, start_simulator, take_jobs

THREADS = 6
Make = Callable[..., Services]


@pytest.fixture
def x_that_bills() -> Iterator[Simulator]:
    """A simulator with an empty bill and wide limits."""
    wide = ("search/recent", "quote_tweets", "tweets", "users", "users/by")
    simulator, process = start_simulator(
        *("--seed", "5", "--accounts", "8", "--activity", "20", "--tempo", "10", "--history-hours", "60"),
        *("--search-lag-seconds", "1", *(f"--limit={name}=100000" for name in wide)),
    )
    yield simulator
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


def recorded(services: Services) -> Sums:
    """What the ledger in MongoDB has of today and yesterday."""
    services.ledger.copy()
    today = services.ledger.now().date()
    return add_up(services.stores.ledger.between(today - timedelta(days=1), today).values())


def billed(simulator: Simulator) -> dict[str, Any]:
    """What X wrote on the bill."""
    return simulator.truth("bill")


def living(simulator: Simulator, count: int) -> list[int]:
    """Posts that can be read for as long as the test takes."""
    found = simulator.truth("posts", until=(NOW - timedelta(hours=1)).isoformat())["posts"]
    return [int(one["id"]) for one in found if one["unsearchable_at"] is None][:count]


def at_once(work: Callable[[int], None]) -> None:
    """Run `work` on several threads to their end."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def assert_same(sums: Sums, bill: dict[str, Any]) -> None:
    """Posts, accounts, what was free and the money are the same on both sides."""
    assert sums.bought == amounts(bill["posts_bought"], bill["users_bought"])
    assert sums.reread == amounts(bill["posts_reread"], bill["users_reread"])
    assert (sums.calls - sums.failed - sums.unanswered, sums.micro_usd) == (bill["calls"], bill["micro_usd"])


def test_a_price_by_request_is_on_both_bills(make_services: Make, x_that_bills: Simulator, invoke: Invoke) -> None:
    """Each answered request costs, a refused one does not; budget, ledger and command have it as X's bill does."""
    services = make_services(x_that_bills.url, budget_day_usd=0.011)
    before = billed(x_that_bills)["micro_usd"]

    for _ in range(2):
        with pytest.raises(InvalidRequest):
            services.x.read(WorkClass.INTERACTIVE, counts_of(""))
        assert services.x.read(WorkClass.INTERACTIVE, counts_of("a"))
    with pytest.raises(NotGranted, match="day_money"):
        services.x.read(WorkClass.INTERACTIVE, counts_of("a"))

    sums = recorded(services)
    assert (sums.bought, sums.calls, sums.failed) == (counts_of("a").fee + counts_of("a").fee, 4, 2)
    assert sums.micro_usd == billed(x_that_bills)["micro_usd"] - before == 10_000
    redis.Redis.from_url(services.settings.redis_url or "").flushall()
    with pytest.raises(NotGranted, match="day_money"):
        services.x.read(WorkClass.INTERACTIVE, counts_of("a"))
    assert "2 counts requests" in " ".join(invoke("budget").stdout.split())


def counts_of(query: str) -> Call[dict[str, Any]]:
    """How many posts match."""
    return Call(
        endpoint=COUNTS_RECENT,
        path=COUNTS_RECENT.path,
        parameters=lambda dialect: {"query": query, "granularity": "day"},
        parse=lambda body, rate: dict(body["meta"]),
        fee=Amounts({PriceKind.COUNTS_REQUEST: 1}),
    )


def test_the_ledger_is_the_bill_of_everything_the_system_does(make_services: Make, x_that_bills: Simulator) -> None:
    """Hours of posts swept, quotes read, authors looked up, engagement read again and again: to the micro-dollar."""
    services = make_services(
        x_that_bills.url, refresh_time_scale=0.001, quotes_recheck_seconds=0.001, user_fresh_seconds=2.0
    )
    commands.track(services, x_that_bills.names(), since=timedelta(minutes=30))
    planner = Planner(services)

    def plan(kind: str, subject: str = "") -> None:
        now = services.clock.now()
        slot = Slot(Schedule(f"{kind}:{subject}", kind, subject, timedelta(seconds=1), now, 0), now)
        for job, queue in planner.plan(slot, now):
            services.sender.send(job, queue=queue)

    def work() -> None:
        while jobs := [job for queue in ALL_QUEUES if queue != Queue.MEDIA for job in take_jobs(services, queue)]:
            for job in jobs:
                HANDLERS[type(job)](services, job)

    def go_round() -> None:
        for stream in services.stores.streams.active():
            plan(SEARCH, stream.id)
        work()
        for kind in (QUOTES, REFRESH, AUTHORS):
            plan(kind)
        work()

    go_round()
    # How many posts are due again after one round depends on how long it took: 6 to 33 were seen.
    deadline = time.monotonic() + 12
    while billed(x_that_bills)["posts_reread"] <= 10 and time.monotonic() < deadline:
        go_round()

    sums, bill = recorded(services), billed(x_that_bills)
    assert_same(sums, bill)
    assert sums.bought[PriceKind.POST] > 100
    assert sums.reread[PriceKind.POST] > 10
    # Quotes are read by a search or by their own endpoint, as they are cheaper.
    assert set(bill["by_endpoint"]) - {"quote_tweets"} == {"search/recent", "tweets", "users", "users/by"}


def read_at_random(services: Services, query: str, posts: Sequence[int], seed: int) -> None:
    """Searches, quotes and look-ups in a random order, most of them overlapping."""
    rng = random.Random(seed)
    work_classes = list(WorkClass)
    for _ in range(25):
        work_class, kind, expand = rng.choice(work_classes), rng.randrange(4), rng.random() < 0.5
        try:
            if kind == 0:
                services.x.lookup_posts(work_class, post_ids=rng.sample(posts, 30), expand_authors=expand)
            elif kind == 1:
                services.x.search(work_class, query="a OR the", max_results=20, expand_authors=rng.random() < 0.5)
            elif kind == 2:
                services.x.quote_tweets(work_class, post_id=rng.choice(posts), expand_authors=None)
            else:
                services.x.users(work_class, user_ids=rng.sample(range(1, 60), 20))
        except (NotFound, NotGranted):
            pass  # gone, or the first call of a window is still finding out


def test_threads_that_read_the_same_things_share_one_bill(make_services: Make, x_that_bills: Simulator) -> None:
    """Six threads with two sets of services read overlapping posts and accounts in every dialect of expansion."""
    posts = living(x_that_bills, 120)
    query = " OR ".join(f"from:{name}" for name in x_that_bills.names()[:6])
    pair = [make_services(x_that_bills.url) for _ in range(2)]

    at_once(lambda number: read_at_random(pair[number % 2], query, posts, number))

    sums, bill = recorded(pair[0]), billed(x_that_bills)
    assert_same(sums, bill)
    assert sums.reread[PriceKind.POST] > sums.bought[PriceKind.POST] > 50


def _read_until_killed(make: Callable[[], Services], batches: Sequence[Sequence[int]], dies_after: int) -> None:
    services = make()
    done = threading.Semaphore(0)

    def read(number: int) -> None:
        for batch in batches[number::THREADS]:
            services.x.lookup_posts(WorkClass.INTERACTIVE, post_ids=batch)
            done.release()

    threading.Thread(target=lambda: at_once(read), daemon=True).start()
    for _ in range(dies_after):
        done.acquire()
    os.kill(os.getpid(), signal.SIGKILL)  # the other threads are anywhere between the request and the record


def test_after_crashes_the_work_that_is_done_again_is_billed_once(make_services: Make, x_that_bills: Simulator) -> None:
    """Three processes are killed while threads wait for X; the same look-ups done again leave ledger and bill equal."""
    posts = living(x_that_bills, 320)
    batches = [posts[start : start + 10] for start in range(0, len(posts), 10)]
    services = make_services(x_that_bills.url)
    services.x.lookup_posts(WorkClass.INTERACTIVE, post_ids=posts[:1])  # opens the window
    run = multiprocessing.get_context("fork")
    for dies_after in (3, 8, 14):
        child = run.Process(
            target=_read_until_killed,
            args=(lambda: make_services(x_that_bills.url), batches, dies_after),
            daemon=True,
        )
        child.start()
        child.join(30)
        assert child.exitcode == -signal.SIGKILL

    for batch in batches:
        services.x.lookup_posts(WorkClass.INTERACTIVE, post_ids=batch)

    sums, bill = recorded(services), billed(x_that_bills)
    assert (sums.bought[PriceKind.POST], sums.micro_usd) == (bill["posts_bought"], bill["micro_usd"])
    assert sums.reread[PriceKind.POST] <= bill["posts_reread"]


def test_a_budget_of_one_dollar_is_never_passed(make_services: Make, x_that_bills: Simulator) -> None:
    """Six threads that want three dollars' worth get one; what was bought stays free, and a raised budget goes on."""
    posts = living(x_that_bills, 320)
    batches = [posts[start : start + 4] for start in range(0, len(posts), 4)]
    workers = [make_services(x_that_bills.url, budget_day_usd=1.0) for _ in range(2)]
    workers[0].x.lookup_posts(WorkClass.INTERACTIVE, post_ids=posts[:1])
    refused: list[str] = []

    def buy(number: int) -> None:
        for batch in batches[number::THREADS]:
            try:
                workers[number % 2].x.lookup_posts(WorkClass.INTERACTIVE, post_ids=batch)
            except NotGranted as error:
                refused.append(error.blocked_by)

    at_once(buy)
    bill = billed(x_that_bills)
    again = workers[1].x.lookup_posts(WorkClass.BACKFILL, post_ids=posts[:4])
    budget.choose(workers[0], {"day_usd": 1.5}, {})
    at_once(buy)

    assert len(posts) * 5_000 > 1_490_000
    assert 1_000_000 - 2 * 4 * 5_000 <= bill["micro_usd"] <= 1_000_000
    assert set(refused) == {"day_money"}
    assert len(again.posts) == 4
    after = billed(x_that_bills)
    assert 1_500_000 - 2 * 4 * 5_000 <= after["micro_usd"] <= 1_500_000
    assert recorded(workers[0]).micro_usd == after["micro_usd"]
