"""What the plan of a day costs, by how many posts are followed: time, and memory of those who make it.

`python -m bench.plan [POSTS...]` (100000 1000000 where none are given; 10000000 takes an hour) starts servers of its
own, fills `X_engagement` with so many posts that were read yesterday, and has the plan made by two processes, each of
which takes the next part until there is none, as workers do. A twentieth of the posts is bought. Beside it:

    in memory       the peer: one process reads all posts, sorts them by what they are worth, and dates the first
    cursor alone    the limit: one process reads the same fields of the same documents, and does nothing with them

It prints a table, writes var/bench/plan.json, and exits 1 when a claim fails.
"""

from __future__ import annotations

import heapq
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pymongo
from rich.console import Console

from bench.report import Claim, Report
from scheduler.day_plan import DayPlan
from shared.domain import snowflake
from shared.domain.jobs import PlacePosts, RankPosts
from shared.domain.planning.posts import EPOCH, moment
from shared.runtime.clock import SystemClock
from shared.runtime.embedded import Servers, running
from shared.runtime.log import configure
from shared.runtime.settings import Settings
from shared.services import bootstrap
from shared.services.bootstrap import Services
from shared.stores.database import Document
from shared.stores.plan_posts import walk
from workers.handlers.planning import place_posts, rank_posts

POSTS, RUNS, PROCESSES = (10**5, 10**6), 3, 2
BASE, DAYS, BOUGHT = 10_000, 28, 0.05
MOST_TIMES: Final = 1.2
MOST_MINUTES_FOR_TEN_MILLION: Final = 30.0
PLAN, PEER, LIMIT = "plan by two processes", "in memory", "cursor alone"
MEMORY = "memory of a process, MiB"


def services_of(servers: Servers, posts: int, folder: str) -> Services:
    """By the planner, with money for a twentieth of the posts."""
    settings = Settings.alone(
        redis_url=servers.redis_url,
        mongo_uri=servers.mongo_uri,
        mongo_database="plan",
        data_dir=Path(folder),
        refresh_by="planner",
        budget_day_usd=posts * BOUGHT * 0.005 * 2,
        budget_month_posts=None,
        x_bearer_token="bench",
    )
    return bootstrap.build(settings, middleware=[])


def fill(servers: Servers, posts: int) -> None:
    """So many posts of the last four weeks, read yesterday, few of them large."""
    with pymongo.MongoClient[Document](servers.mongo_uri, tz_aware=True) as client:
        db, now = client["plan"], SystemClock().now()
        first, step = snowflake.first_id_at(now - timedelta(days=DAYS)), DAYS * 86_400_000 // posts or 1
        for name in db.list_collection_names():
            db.drop_collection(name)
        db["base"].insert_many(_state(number) for number in range(BASE))
        number: Document = {"$add": [{"$multiply": ["$_id", posts // BASE]}, "$copy"]}
        made: list[Document] = [
            {"$addFields": {"copy": {"$range": [0, posts // BASE]}}},
            {"$unwind": "$copy"},
            {
                "$addFields": {
                    "_id": {"$toString": {"$add": [first, {"$multiply": [number, step << snowflake.TIME_SHIFT]}]}},
                    "created_at": {"$add": [now - timedelta(days=DAYS), {"$multiply": [number, step]}]},
                    "read_at": now - timedelta(days=1),
                    "bought_on": now - timedelta(days=1),
                }
            },
            {"$project": {"copy": 0}},
            {"$out": "X_engagement"},
        ]
        db["base"].aggregate(made, allowDiskUse=True)


def _state(number: int) -> Document:
    likes = int(3 * 1.0016 ** (number * 7919 % BASE))
    counts = {"retweet_count": likes // 9, "reply_count": likes // 17, "like_count": likes, "quote_count": 0}
    return {
        "_id": number,
        "state": "alive",
        "tier": "cold",
        "velocity": 1.0,
        "metrics": counts,
        "base": counts,
        "next_refresh_at": None,
        "gone_reports": 0,
        "rate": likes / 100,
        "usual": 0.01,
    }


def plan(servers: Servers, posts: int, folder: str) -> tuple[float, float]:
    """Every part of the plan by two processes; answers the seconds, and the memory of the larger one, in MiB."""
    scheduler, clock = services_of(servers, posts, folder), SystemClock()
    for name in ("X_plans", "X_plan_parts"):
        scheduler.stores.db[name].delete_many({})
    context, memory = multiprocessing.get_context("spawn"), 0.0
    with context.Pool(PROCESSES, _begin, (servers.redis_url, servers.mongo_uri, folder)) as pool:
        pool.map(_there, range(PROCESSES), chunksize=1)
        began = time.perf_counter()
        while jobs := [job for job, _ in DayPlan(scheduler).due(clock.now())]:
            memory = max(memory, *pool.imap_unordered(_work, jobs))
        seconds = time.perf_counter() - began
    made = scheduler.stores.plans.last()
    assert made is not None
    assert made.tally.total == posts, made.tally.total
    scheduler.broker.close()
    return seconds, memory


def _begin(redis_url: str, mongo_uri: str, folder: str) -> None:
    global _services  # noqa: PLW0603  # what a process of a pool has, it has so
    configure(level="error", form="console", process="bench")
    settings = Settings.alone(
        redis_url=redis_url, mongo_uri=mongo_uri, mongo_database="plan", data_dir=Path(folder), refresh_by="planner"
    )
    _services = bootstrap.build(settings, middleware=[])


_services: Services


def _there(number: int) -> int:
    return number


def _work(job: RankPosts | PlacePosts) -> float:
    rank_posts(_services, job) if isinstance(job, RankPosts) else place_posts(_services, job)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_memory(servers: Servers, posts: int, folder: str) -> tuple[float, float]:
    """One process with all posts; seconds and MiB."""
    return _alone(_in_memory, servers, posts, folder)


def _in_memory(services: Services, posts: int) -> None:
    made = services.stores.plans.last()
    assert made is not None
    basis = made.basis
    found = [post for batch in walk(services.stores.plan_posts, "0", None, since=EPOCH) for post in batch]
    best = heapq.nlargest(int(posts * BOUGHT), ((basis.worth(post, basis.at), post.post_id) for post in found))
    chosen = {post_id: moment(basis.at + place / 3_600_000) for place, (_, post_id) in enumerate(best)}
    services.stores.plan_posts.date(chosen, [], today=moment(basis.day * 24))


def cursor_alone(servers: Servers, posts: int, folder: str) -> tuple[float, float]:
    """One process reads; seconds and MiB."""
    return _alone(_cursor_alone, servers, posts, folder)


def _cursor_alone(services: Services, posts: int) -> None:
    fields = dict.fromkeys(("created_at", "metrics", "read_at", "bought_on", "rate", "usual"), 1)
    assert sum(1 for _ in services.stores.db["X_engagement"].find({}, fields, batch_size=2_000)) == posts


def _alone(what: Callable[[Services, int], None], servers: Servers, posts: int, folder: str) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, _begin, (servers.redis_url, servers.mongo_uri, folder)) as pool:
        return pool.apply(_measured, (what, posts))


def _measured(what: Callable[[Services, int], None], posts: int) -> tuple[float, float]:
    began = time.perf_counter()
    what(_services, posts)
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(sizes: Sequence[int] = POSTS) -> int:
    """Measure, print, write the report; 1 when a claim fails."""
    configure(level="error", form="console", process="bench")
    console = Console(stderr=True)
    runs: dict[str, list[float]] = {}
    turns: dict[str, Callable[[Servers, int, str], tuple[float, float]]] = {
        PLAN: plan,
        PEER: in_memory,
        LIMIT: cursor_alone,
    }
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as servers:
        for posts in sizes:
            fill(servers, posts)
            for run in range(RUNS if posts <= 10**6 else 1):
                for name, turn in turns.items():
                    console.print(f"{posts:,} posts, run {run + 1}: {name}")
                    seconds, memory = turn(servers, posts, folder)
                    runs.setdefault(f"{name}: {posts:,}", []).append(seconds)
                    runs.setdefault(f"{name}: {posts:,}, {MEMORY}", []).append(memory)
    return _report(sizes, runs, console)


def _report(sizes: Sequence[int], runs: dict[str, list[float]], console: Console) -> int:
    medians: dict[str, Any] = {name: statistics.median(values) for name, values in runs.items()}
    few, many = sizes[0], sizes[-1]
    minutes = medians[f"{PLAN}: {many:,}"] / 60 * 10**7 / many
    memory = {size: medians[f"{PLAN}: {size:,}, {MEMORY}"] for size in (few, many)}
    report = Report(
        name="plan",
        claims=[
            Claim(
                f"memory of a process at {many:,} posts by that at {few:,}",
                memory[many] / memory[few],
                MOST_TIMES,
                is_ceiling=True,
            ),
            Claim(
                "minutes for 10,000,000 posts" + ("" if many == 10**7 else f", by the time a post at {many:,}"),
                minutes,
                MOST_MINUTES_FOR_TEN_MILLION,
                is_ceiling=True,
            ),
        ],
        medians=medians,
        runs=runs,
    )
    report.write(Path("var/bench"))
    report.show("seconds, and MiB")
    for size in sizes:
        ratios = {name: medians[f"{PLAN}: {size:,}"] / medians[f"{name}: {size:,}"] for name in (PEER, LIMIT)}
        console.print(f"{size:,}: {', '.join(f'{ratio:.2f} times {name}' for name, ratio in ratios.items())}")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]] or POSTS))
