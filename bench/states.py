"""What it costs to know each day which of 10,000 stored posts are gone: by reading them again, and by compliance jobs.

`python -m bench.states` starts a Redis, a MongoDB and a simulated X of its own, stores 10,000 posts of its history as
they were when they were made, and lets each of the two ways find out what became of them: the handlers that workers
run, under the limiter, with the ledger. Reading again takes a second word for what is gone, which X does not bill.
Prices are those of the ledger; the truth is the simulator's. It prints a table, writes var/bench/states.json, and exits
1 when a claim fails.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.report import Claim, Report
from shared.domain.compliance import Kind
from shared.domain.jobs import ComplianceRound, RefreshEngagement
from shared.domain.models import Post
from shared.domain.money.prices import MICRO
from shared.domain.money.purchases import add_up
from shared.domain.snowflake import created_at
from shared.runtime.embedded import running
from shared.runtime.settings import Settings
from shared.services.bootstrap import Services, build
from workers.handlers.compliance import compliance_round
from workers.handlers.engagement import refresh_engagement

POSTS, BATCH = 10_000, 100
WORLD = (
    "--seed",
    "3",
    "--accounts",
    "60",
    "--history-hours",
    "192",
    "--reactions",
    "3",
    "--deleted-share",
    "0.05",
    "--activity",
    "0",
)
LOOK_SECONDS = 1.0  # between two looks at a compliance job; the scheduler takes 30
AT_ONCE = 1e-9  # the second word of a look-up is not waited for here
Record = dict[str, Any]


@contextmanager
def simulator() -> Iterator[str]:
    """A simulated X whose world does not change any more."""
    command = [sys.executable, "-m", "simulator", "--port", "0", *WORLD, "--compliance-seconds", "5"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait(10)


def records(url: str, posts: int) -> list[Record]:
    """The oldest posts that the simulator ever had."""
    with urllib.request.urlopen(f"{url}/_sim/posts") as answer:
        found: list[Record] = json.load(answer)["posts"]
    if len(found) < posts:
        raise SystemExit(f"the world has {len(found)} posts, not {posts}")
    return found[-posts:]


def store(services: Services, known: list[Record]) -> None:
    """Store the posts as they were when they were made."""
    posts = [
        Post(id=int(one["id"]), text="a", created_at=created_at(int(one["id"])), author_id=int(one["author_id"]))
        for one in known
    ]
    for start in range(0, len(posts), 1_000):
        some = posts[start : start + 1_000]
        services.stores.posts.upsert(some, source="search", now=some[0].created_at, at=some[-1].created_at)
        services.stores.engagement.begin(some, now=services.clock.now())


def read_again(services: Services) -> None:
    """Look all posts up, and those that X calls gone once more."""
    db = services.stores.db
    for query in ({}, {"gone_reports": {"$gt": 0}, "state": "alive"}):
        ids = [one["_id"] for one in db["X_engagement"].find(query, {"_id": 1})]
        for start in range(0, len(ids), BATCH):
            claim, some = f"bench-{len(query)}-{start}", tuple(ids[start : start + BATCH])
            db["X_engagement"].update_many({"_id": {"$in": some}}, {"$set": {"claim_id": claim}})
            refresh_engagement(services, RefreshEngagement(claim_id=claim, post_ids=some))


def by_compliance(services: Services) -> None:
    """Go through one round."""
    services.stores.compliance.begin(Kind.POSTS, now=services.clock.now())
    pause = threading.Event()
    while rounds := services.stores.compliance.open():
        for one in rounds:
            compliance_round(services, ComplianceRound(round_id=one))
        pause.wait(LOOK_SECONDS)


WAYS = {
    "reading again": (read_again, ("tweets",)),
    "compliance": (by_compliance, ("compliance/jobs", "compliance/job")),
}


def measure(way: str, settings: Settings, known: list[Record]) -> dict[str, float]:
    """Dollars and calls of the ledger, seconds, and how many posts are known wrongly afterwards."""
    services = build(settings.model_copy(update={"mongo_database": way.replace(" ", "_")}), middleware=[])
    services.stores.ensure_indexes()
    store(services, known)
    work, endpoints = WAYS[way]
    began = time.perf_counter()
    work(services)
    seconds = time.perf_counter() - began
    services.ledger.copy()
    today = services.ledger.now().date()
    rows = services.stores.ledger.between(today, today)
    sums = add_up(row for key, row in rows.items() if key.endpoint in endpoints)
    truth = {one["id"]: one["state"] for one in known if one["state"] not in {"live", "superseded"}}
    gone = services.stores.db["X_tweets"].find({"gone": {"$exists": True}})
    found = {one["_id"]: one["gone"]["reason"] for one in gone}
    wrong = sum(truth.get(one) != found.get(one) for one in truth.keys() | found.keys())
    return {"usd": sums.micro_usd / MICRO, "calls": sums.calls, "seconds": seconds, "gone": len(found), "wrong": wrong}


def main() -> int:
    """Measure, print, write the report; 1 when a claim fails."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=POSTS)
    posts = parser.parse_args().posts
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as servers, simulator() as url:
        known = records(url, posts)
        own = {"redis_url": servers.redis_url, "mongo_uri": servers.mongo_uri, "data_dir": Path(folder)}
        settings = Settings.load(x_base_url=url, x_bearer_token="sim-bench", gone_confirm_seconds=AT_ONCE, **own)
        told = {way: measure(way, settings, known) for way in WAYS}
    again, compliance = told.values()
    claims = [
        Claim("posts known wrongly by compliance", compliance["wrong"], 0, is_ceiling=True),
        Claim("posts known wrongly by reading again", again["wrong"], 0, is_ceiling=True),
        Claim("dollars by compliance", compliance["usd"], 0, is_ceiling=True),
        Claim("dollars by reading again", again["usd"], 0.01),
    ]
    runs = {f"{way}: {name}": [value] for way, figures in told.items() for name, value in figures.items()}
    report = Report(name="states", claims=claims, medians={name: one[0] for name, one in runs.items()}, runs=runs)
    report.write(Path("var/bench"))
    report.show(f"state of {posts:,} posts, a day")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
