"""What a claim of 10,000 due posts costs, by how many posts are followed: with money, without, and by eight at once.

`python -m bench.due [POSTS...]` (100000 1000000 10000000 where none are given) starts a MongoDB of its own and fills
`X_engagement` with so many posts, half of them due: one in a hundred `ultra_hot`, four `hot`, fifteen `warm`, the rest
`cold`; three in ten were paid for today, and have waited for less than all others. Then these take turns, five times
each, and what they took is put back:

    covey                   claims of 100 posts by urgency, as the scheduler makes them
    covey, without money    the same, of what was paid for today
    covey, 8 at once        eight claimants in threads, each with an eighth of the claims
    first come              the peer: one query by `next_refresh_at` and one update, no tiers, one claim
    first come, no money    the same with a filter on what was paid for
    update alone            the limit: 10,000 posts whose ids are known are moved on, by a hundred updates

It prints a table, writes var/bench/due.json, and exits 1 when a claim fails.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

import pymongo
from pymongo import ASCENDING, UpdateMany
from rich.console import Console

from bench.report import Claim, Report
from shared.domain.engagement.tiers import Tier
from shared.runtime.embedded import running
from shared.stores.bundle import Stores
from shared.stores.database import Db, Document, connect

POSTS, RUNS, CLAIMS, SIZE, AT_ONCE = (10**5, 10**6, 10**7), 5, 100, 100, 8
MOST_TIMES: Final = 1.5
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
TODAY, LEASE = NOW.replace(hour=0), timedelta(minutes=10)
BASE = 10_000
COVEY, NO_MONEY, EIGHT = "covey", "covey, without money", "covey, 8 at once"
PEER, PEER_NO_MONEY, LIMIT = "first come", "first come, no money", "update alone"
_numbers = count()


def fill(db: Db, posts: int) -> None:
    """So many states, with the indexes of the product and that of the peer."""
    states = db["X_engagement"]
    states.drop()
    db["base"].drop()
    db["base"].insert_many(_state(number) for number in range(BASE))
    made: list[Document] = [
        {"$addFields": {"copy": {"$range": [0, posts // BASE]}}},
        {"$unwind": "$copy"},
        {
            "$addFields": {
                "_id": {"$concat": [{"$toString": {"$add": ["$copy", 10**6]}}, "$_id"]},
                # Between two of the base, in turn.
                "next_refresh_at": {"$add": ["$next_refresh_at", "$copy"]},
                "due_at": {"$add": ["$next_refresh_at", "$copy"]},
            }
        },
        {"$project": {"copy": 0}},
        {"$out": "X_engagement"},
    ]
    db["base"].aggregate(made, allowDiskUse=True)
    states.create_index({"next_refresh_at": ASCENDING})
    indexes = Stores.on(db).indexes
    for index in indexes.missing("X_engagement"):
        indexes.build(index)


def _state(number: int) -> Document:
    """One of a hundred: its place decides what it is, the number when it is due (half of them within two days)."""
    place, half = number % 100, number // 100 % 2
    tier = Tier.ULTRA_HOT if place < 1 else Tier.HOT if place < 5 else Tier.WARM if place < 20 else Tier.COLD
    paid = number // 200 % 10 < 3
    late = timedelta(hours=0 if paid else 1, seconds=17 * (number // 200) + 60 + place / 100)
    due_at = NOW - late if half else NOW + late
    counts = dict.fromkeys(("retweet_count", "reply_count", "like_count", "quote_count"), number)
    return {
        "_id": f"{number:012}",
        "tier": tier.value,
        "state": "alive",
        "created_at": NOW - timedelta(days=2),
        "first_seen_at": NOW - timedelta(days=2),
        "velocity": 1.0,
        "metrics": counts,
        "base": counts,
        "base_at": NOW - timedelta(days=1),
        "read_at": TODAY if paid else NOW - timedelta(days=1),
        "bought_on": TODAY if paid else TODAY - timedelta(days=1),
        "next_refresh_at": due_at,
        "gone_reports": 0,
    }


def covey(db: Db, *, claims: int = CLAIMS, bought_on: datetime | None = None) -> int:
    """One round of the scheduler; answers how many posts it has."""
    ids = [f"c{next(_numbers)}" for _ in range(claims)]
    found = Stores.on(db).engagement.claim_due(ids, size=SIZE, now=NOW, lease=LEASE, bought_on=bought_on)
    return sum(map(len, found.values()))


def eight(db: Db) -> int:
    """Eight rounds at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        shares = [CLAIMS // AT_ONCE + (number < CLAIMS % AT_ONCE) for number in range(AT_ONCE)]
        return sum(pool.map(lambda claims: covey(db, claims=claims), shares))


def first_come(db: Db, paid: Document | None = None) -> int:
    """The longest due of all, under one claim."""
    states, due = db["X_engagement"], {"next_refresh_at": {"$ne": None, "$lte": NOW}} | (paid or {})
    ids = [one["_id"] for one in states.find(due, {"_id": 1}).sort("next_refresh_at", ASCENDING).limit(CLAIMS * SIZE)]
    change = {"$set": {"next_refresh_at": NOW + LEASE, "claim_id": f"c{next(_numbers)}"}}
    return states.update_many({"_id": {"$in": ids}, **due}, change).modified_count


def update_alone(db: Db, ids: Sequence[str]) -> int:
    """A hundred updates in one bulk."""
    writes = [
        UpdateMany(
            {"_id": {"$in": ids[start : start + SIZE]}},
            {"$set": {"next_refresh_at": NOW + LEASE, "claim_id": f"c{next(_numbers)}"}},
        )
        for start in range(0, len(ids), SIZE)
    ]
    return db["X_engagement"].bulk_write(writes, ordered=False).modified_count


def put_back(db: Db) -> None:
    """As if nobody had claimed anything."""
    back: list[Document] = [{"$set": {"next_refresh_at": "$due_at"}}, {"$unset": "claim_id"}]
    db["X_engagement"].update_many({"claim_id": {"$exists": True}}, back)


def measure(db: Db, posts: int, runs: dict[str, list[float]], short: list[str]) -> None:
    """All in turn, in milliseconds. short: those that took fewer than there are, by name."""
    known = [one["_id"] for one in db["X_engagement"].find({"next_refresh_at": {"$lte": NOW}}).limit(CLAIMS * SIZE)]
    paid = {"$or": [{"read_at": {"$gte": TODAY}}, {"first_seen_at": {"$gte": TODAY}}]}
    turns: dict[str, Callable[[], int]] = {
        COVEY: lambda: covey(db),
        NO_MONEY: lambda: covey(db, bought_on=TODAY),
        EIGHT: lambda: eight(db),
        PEER: lambda: first_come(db),
        PEER_NO_MONEY: lambda: first_come(db, paid),
        LIMIT: lambda: update_alone(db, known),
    }
    for run in range(RUNS + 1):  # the first warms caches and is thrown away
        for name, turn in turns.items():
            began = time.perf_counter()
            took = turn()
            milliseconds = (time.perf_counter() - began) * 1000
            put_back(db)
            if took < CLAIMS * SIZE:
                short.append(f"{name} at {posts:,}: {took:,}")
            if run:
                runs.setdefault(f"{name}: {posts:,}", []).append(milliseconds)


def main(sizes: Sequence[int] = POSTS) -> int:
    """Measure, print, write the report; 1 when a claim fails."""
    console = Console(stderr=True)
    runs: dict[str, list[float]] = {}
    short: list[str] = []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as servers:
        db = connect(servers.mongo_uri, "due")
        patient: pymongo.MongoClient[Document] = pymongo.MongoClient(servers.mongo_uri)  # has no limit of time
        for posts in sizes:
            console.print(f"{posts:,} posts")
            fill(patient["due"], posts)
            measure(db, posts, runs, short)
        db.client.close()
        patient.close()
    medians = {name: statistics.median(values) for name, values in runs.items()}
    few, many = sizes[0], sizes[-1]

    def times(name: str) -> float:
        return medians[f"{name}: {many:,}"] / medians[f"{name}: {few:,}"]

    report = Report(
        name="due",
        claims=[
            *(
                Claim(f"{name}: times the cost at {many:,} of that at {few:,} posts", times(name), MOST_TIMES, True)
                for name in (COVEY, NO_MONEY, EIGHT)
            ),
            Claim("rounds that had fewer posts than were due", len(short), 0, is_ceiling=True),
        ],
        medians=medians,
        runs=runs,
    )
    report.write(Path("var/bench"))
    report.show("milliseconds of 10,000 claimed posts")
    for name in (PEER, PEER_NO_MONEY, LIMIT):
        console.print(f"{name}: times the cost at {many:,} of that at {few:,} posts: {times(name):.2f}")
    for one in short:
        console.print(f"[red]short[/]  {one}")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]] or POSTS))
